"""The checker finds planted lies, names the liar, and keeps pass, fail and inconclusive apart."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.checking import Report
from minigrad.errors import DerivationError, GradientError
from minigrad.index import heads

TRUTH: dict[str, Any] = {
    "forward": lambda x: np.tanh(x) + x,
    "vjp": lambda g, y, x: g * (2 - np.tanh(x) ** 2),
    "meaning": "tanh(x) + x",
}
# exp is its own derivative: a VJP that uses the output hides a lie of the forward
BY_OUTPUT: dict[str, Any] = {"forward": np.exp, "vjp": lambda g, y, x: g * y, "meaning": "exp(x)"}
SCALE = 1 + 1e-5

Lie = Callable[[dict[str, Any]], Any]
LIES: dict[str, Lie] = {
    "forward": lambda truth: lambda x: truth["forward"](x) * SCALE,
    "vjp": lambda truth: lambda g, y, x: truth["vjp"](g, y, x) * SCALE,
    "meaning": lambda truth: f"({truth['meaning']})*{SCALE}",
}
_serial = iter(range(1_000_000))


def operation(facts: dict[str, Any], lie: str = "") -> Any:
    facts = {**facts, **({lie: LIES[lie](facts)} if lie else {})}
    name = f"planted{next(_serial)}"
    return mg.elementwise(name, facts["forward"], (facts["vjp"],), meaning=facts["meaning"])


def a_loss(planted: Any, seed: int = 0) -> Any:
    rng = np.random.default_rng(seed)
    X = mg.tensor(rng.normal(size=(3, 4)), name="X", requires_grad=True)
    W = mg.tensor(rng.normal(size=(4, 2)), name="W", requires_grad=True)
    return mg.sum(planted(X @ W) ** 2).named("L")


def suspects(report: Report) -> list[tuple[str, ...]]:
    return [suspect.parts for suspect in report.suspects]


def test_the_honest_operation_passes() -> None:
    report = mg.check(a_loss(operation(TRUTH)))
    assert report.verdict == "pass"
    assert not report.suspects


@pytest.mark.parametrize(
    ("lie", "part"), [("forward", "forward"), ("vjp", "VJP"), ("meaning", "meaning")]
)
def test_one_lie_in_a_hundred_thousand_is_found_and_named(lie: str, part: str) -> None:
    planted = operation(TRUTH, lie)
    report = mg.check(a_loss(planted))
    assert report.verdict == "fail"
    assert [s.primitive for s in report.suspects] == [planted.primitive.name]
    assert suspects(report) == [(part,)]


def test_where_the_evidence_cannot_separate_two_both_are_named() -> None:
    for lie in ("forward", "meaning"):
        report = mg.check(a_loss(operation(BY_OUTPUT, lie)))
        assert report.verdict == "fail"
        assert suspects(report) == [("forward", "meaning")]


def test_without_a_meaning_a_lie_is_in_the_forward_or_in_the_vjp() -> None:
    for lie in ("forward", "vjp"):
        facts = {**TRUTH, lie: LIES[lie](TRUTH), "meaning": None}
        report = mg.check(a_loss(operation(facts)))
        assert report.verdict == "fail"
        assert suspects(report) == [("forward", "VJP")]
        assert any("no meaning" in note for note in report.notes)


def test_without_a_meaning_the_honest_operation_still_passes() -> None:
    assert mg.check(a_loss(operation({**TRUTH, "meaning": None}))).verdict == "pass"


def test_a_vjp_that_raises_is_a_failure_and_names_its_row() -> None:
    def broken(g: Any, y: Any, x: Any) -> Any:
        return g.no_such_method()

    planted = operation({**TRUTH, "vjp": broken})
    report = mg.check(a_loss(planted))
    assert report.verdict == "fail"
    assert [s.primitive for s in report.suspects] == [planted.primitive.name]
    assert "no_such_method" in str(report)


def test_a_failure_shows_the_element_with_both_values() -> None:
    report = mg.check(a_loss(operation(TRUTH, "vjp")))
    worst = next(c.worst for c in report.comparisons if c.verdict == "fail" and c.quantity == "W")
    assert worst is not None
    assert len(worst.index) == 2
    assert abs(worst.first / worst.second - 1) == pytest.approx(1e-5, rel=1e-2)


# -- the report ------------------------------------------------------------------------------------


def test_a_report_is_a_table_and_plain_data() -> None:
    report = mg.check(a_loss(operation(TRUTH, "vjp")))
    header = str(report).splitlines()[0].split()
    assert header == ["witnesses", "quantity", "largest", "error", "tolerance", "verdict"]
    assert str(report).endswith("verdict: fail")
    plain = json.loads(json.dumps(report.json()))
    assert plain["verdict"] == "fail"
    assert plain["suspects"][0]["parts"] == ["VJP"]


def test_what_a_pair_of_witnesses_passes_is_one_row() -> None:
    report = mg.check(a_loss(operation(TRUTH)))
    (row,) = [row for row in report.rows if row.pair == "hand VJPs ~ derived formula"]
    assert row.quantity == "X, W"


def test_raise_on_failure_raises_with_the_table_and_returns_what_passes() -> None:
    passed = mg.check(a_loss(operation(TRUTH)))
    assert passed.raise_on_failure() is passed
    with pytest.raises(GradientError, match=r"hand VJPs ~ derived formula(.|\n)*its VJP"):
        mg.check(a_loss(operation(TRUTH, "vjp"))).raise_on_failure()


def test_a_report_is_neither_true_nor_false() -> None:
    with pytest.raises(TypeError, match="three outcomes"):
        bool(mg.check(a_loss(operation(TRUTH))))


# -- kinks -------------------------------------------------------------------------------------------


def test_at_a_kink_the_verdict_is_inconclusive() -> None:
    x = mg.tensor([1.0, 0.0, -2.0], name="x", requires_grad=True)
    report = mg.check(mg.sum(mg.abs(x)))
    assert report.verdict == "inconclusive"
    assert any("not differentiable here" in c.note for c in report.comparisons)


@pytest.mark.parametrize(
    "text", ["gammaln(1e9 * x)", "digamma(1e9 * x)", "sin(1e9 * x)", "floor(1e9 * x) * x"]
)
def test_what_varies_within_the_steps_of_differences_is_no_failure(text: str) -> None:
    """Differences of values that turn a million times within their steps are chance, not facts."""
    for seed in range(3):
        at = -np.random.default_rng(seed).uniform(0.1, 2, size=3)
        x = mg.tensor(at, name="x", requires_grad=True)
        report = mg.derive(mg.sum(mg.parse(text, x=x)), wrt="x").check(seed=seed)
        assert report.verdict == "inconclusive", str(report)


def test_a_lie_about_what_turns_fast_is_found_where_steps_see_it() -> None:
    wave = lambda scale: mg.elementwise(  # noqa: E731
        f"wave{next(_serial)}",
        lambda x: np.sin(200 * x),
        (lambda g, y, x: scale * g * 200 * np.cos(200 * x),),
    )
    x = mg.tensor(np.array([0.1357, 1.3321, 0.7404]), name="x", requires_grad=True)
    assert mg.check(mg.sum(wave(1)(x))).verdict == "pass"
    assert mg.check(mg.sum(wave(1.01)(x))).verdict == "fail"


def test_beside_a_kink_the_verdict_is_a_pass() -> None:
    x = mg.tensor([1.0, 1e-3, -2.0], name="x", requires_grad=True)
    assert mg.check(mg.sum(mg.abs(x))).verdict == "pass"


def test_a_lie_shows_also_where_another_element_is_at_a_kink() -> None:
    planted = mg.elementwise(
        f"planted{next(_serial)}",
        np.abs,
        (lambda g, y, x: g * np.sign(x) * SCALE,),
        meaning="Abs(x)",
    )
    x = mg.tensor([1.0, 0.0, -2.0], name="x", requires_grad=True)
    assert mg.check(mg.sum(planted(x))).verdict == "fail"


def test_a_gradient_that_is_zero_but_for_rounding_passes() -> None:
    X = mg.tensor(np.random.default_rng(0).normal(size=(3, 5)), name="X", requires_grad=True)
    assert mg.check(mg.sum(mg.nn.functional.softmax(X))).verdict == "pass"


def test_a_gradient_of_nothing_passes() -> None:
    X = mg.tensor(np.zeros((0, 3)), name="X", requires_grad=True)
    assert mg.check(mg.sum(X * X)).verdict == "pass"


def test_attention_is_judged_by_every_witness_that_applies() -> None:
    """One sequence of 8 tokens in 16 dimensions: dims have names, so exact proofs choose small sizes."""
    rng = np.random.default_rng(0)
    X = mg.tensor(rng.normal(size=(8, 16)), name="X", dims="n d")
    Wq, Wk, Wv = (
        mg.tensor(rng.normal(size=(16, 16)) / 4, name=name, dims=dims, requires_grad=True)
        for name, dims in (("Wq", "d k"), ("Wk", "d k"), ("Wv", "d e"))
    )
    w = mg.tensor(rng.normal(size=16), name="w", dims="e", requires_grad=True)
    y = mg.tensor(rng.integers(0, 2, 8).astype(float), name="y", dims="n")
    K = (X @ Wk).named("K")
    A = mg.nn.functional.softmax((X @ Wq) @ K.T / mg.sqrt(K.shape[-1])).named("A")
    p = mg.nn.functional.sigmoid(A @ (X @ Wv) @ w).named("p")
    report = mg.check(mg.nn.functional.binary_cross_entropy(p, y).named("L"))
    assert report.verdict == "pass"
    for name in ("Wq", "Wk", "Wv", "w"):
        about = [c for c in report.comparisons if c.quantity == name]
        assert {"hand VJPs", "derived formula", "NumPy source"} <= {c.first for c in about}
        assert {"finite differences", "meaning at 50 digits", "SymPy diff"} <= {
            c.second for c in about
        }


@pytest.mark.parametrize("text", ["sum(sign(w))", "sum(sign(w) * w)", "sum(floor(w) + w**2)"])
def test_what_jumps_has_no_slope_at_50_digits(text: str) -> None:
    w = mg.tensor([0.0, 1.5, 0.0], name="w", requires_grad=True)
    report = mg.check(mg.parse(text, w=w))
    assert report.verdict != "fail", str(report)


def test_a_wrong_formula_still_fails_at_50_digits(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = heads.derivative
    monkeypatch.setattr(heads, "derivative", lambda head, k: 2 * honest(head, k))
    report = mg.check(mg.parse("sum(tanh(w))", w=mg.tensor([0.3, 0.0], name="w", requires_grad=True)))
    (line,) = (c for c in report.rows if c.second == "meaning at 50 digits")
    assert line.verdict == "fail"


def test_the_sign_of_a_zero_is_plus_where_a_sign_is_copied() -> None:
    u = mg.tensor([2.0, -3.0], name="u", requires_grad=True)
    loss = mg.parse("sum(copysign(u, w))", u=u, w=mg.tensor([0.0, 0.0], name="w"))
    report = mg.check(loss, wrt="u")
    assert report.verdict == "pass", str(report)


@pytest.mark.parametrize("shape", [(0, 5), (5, 0), (2, 3)])
def test_a_print_by_places_has_its_axes_in_order_also_where_there_are_no_elements(
    shape: tuple[int, int],
) -> None:
    b = mg.tensor(np.ones(shape), name="b", dims="n m", requires_grad=True)
    assert "[i,:,j]" in str(mg.derive(b))
    report = mg.check(b)
    assert report.verdict == "pass", str(report)


@pytest.mark.parametrize(
    "text", ["(A @ A) * X", "(A + A) * X", "einsum('ij,jk->ik', A, A) * X", "((X > 0) @ (X > 0)) * X"]
)
def test_a_product_of_truth_values_that_counts_is_refused_in_words(text: str) -> None:
    with pytest.raises(DerivationError, match="truth values"):
        mg.derive(mg.parse(f"sum({text})", A="n n | bool", X="n n"), wrt="X")


@pytest.mark.parametrize("text", ["trace(A) * X", "sum(A, axis=1) @ X", "(A & A) * X", "((A * 1.0) @ A) * X"])
def test_what_counts_in_arrays_too_is_none(text: str) -> None:
    report = mg.check(mg.parse(f"sum({text})", A="n n | bool", X="n n"), wrt="X")
    assert report.verdict == "pass", str(report)
