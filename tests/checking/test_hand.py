"""A derivation by hand is right, or wrong for a reason that is recognised."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sympy
from attention_cases import SYMBOLS, arguments, attention

import minigrad as mg
from minigrad.checking import Finding, Report
from minigrad.errors import ArgumentError, MinigradError

DS = "A * (dA - sum(A * dA, axis=1, keepdims=True))"


def the_loss(on: str = "data") -> Any:
    if on == "symbols":
        return attention(*mg.symbols(*SYMBOLS))
    return attention(*arguments(np.random.default_rng(0), n=5, d=4, k=3))


def finding(report: Report, quantity: str) -> Finding:
    (found,) = [f for f in report.findings if f.quantity == quantity]
    return found


RIGHT = {
    "Wq": ["X.T @ dS @ K / sqrt(k)", "X.T @ dQ", "X.T @ dS @ X @ Wk / k**0.5"],
    "Wk": ["X.T @ dS.T @ Q / sqrt(k)", "(Q.T @ dS @ X).T / sqrt(k)"],
    "Wv": ["X.T @ A.T @ outer(p - y, w) / n", "X.T @ dV"],
    "X": ["dQ @ Wq.T + dK @ Wk.T + dV @ Wv.T"],
    "S": [DS, "A * dA - A * sum(H * dH, axis=1, keepdims=True)"],
    "z": ["(p - y) / n"],
}


@pytest.mark.parametrize("on", ["data", "symbols"])
@pytest.mark.parametrize(
    ("wrt", "text"), [(wrt, text) for wrt, texts in RIGHT.items() for text in texts]
)
def test_a_right_derivation_passes(on: str, wrt: str, text: str) -> None:
    report = mg.check(the_loss(on), wrt=wrt, against=text)
    assert report.verdict == "pass"
    assert finding(report, f"d{wrt}").verdict == "pass"


# the variable, what was written, and the slip that is recognised
SLIPS = [
    ("Wq", "X.T @ dS @ K", "off by a factor √k: 1/√k is missing"),
    ("Wq", "X.T @ dS @ K / k", "off by a factor 1/√k"),
    ("Wq", "-X.T @ dS @ K / sqrt(k)", "the sign is wrong"),
    ("Wq", "(X.T @ dS @ K / sqrt(k)).T", "it is transposed"),
    ("Wq", "X.T @ dS.T @ K / sqrt(k)", "dS is transposed in dQ"),
    ("Wq", "X.T @ (A * dA) @ K / sqrt(k)", "the rowsum term rowsum(A ⊙ dA) is missing in dS"),
    ("Wk", "X.T @ dS @ Q / sqrt(k)", "dS is transposed in dK"),
    ("Wv", "X.T @ A @ outer(p - y, w) / n", "A is transposed in dV"),
    ("Wv", "X.T @ A.T @ outer(p - y, w)", "off by a factor n: 1/n is missing"),
    ("X", "dQ @ Wq.T + dK @ Wk.T", "the path of X through V is missing"),
    ("X", "dQ @ Wq.T + dK @ Wk.T - dV @ Wv.T", "the sign of the path of X through V is wrong"),
    ("S", "A * dA", "the rowsum term rowsum(A ⊙ dA) is missing"),
    ("S", "A * (dA + sum(A * dA, axis=1, keepdims=True))", "the sign of the rowsum term"),
    ("S", "A * (dA - sum(A * dA, axis=0, keepdims=True))", "sums over the wrong axis: colsum"),
    ("S", "A * dA - sum(A * dA, axis=1, keepdims=True)", "is not multiplied by A"),
    ("S", "dA", "the derivative of softmax is missing"),
    ("z", "p - y", "off by a factor n: 1/n is missing"),
    ("z", "(y - p) / n", "the sign is wrong"),
    ("z", "dp", "the derivative of σ is missing"),
    ("z", "(p - y) * p * (1 - p) / n", "the derivative of σ is there twice"),
    ("Wq", "zeros_like(Wq)", "it is zero"),
]


@pytest.mark.parametrize("on", ["data", "symbols"])
@pytest.mark.parametrize(("wrt", "text", "slip"), SLIPS)
@pytest.mark.long("part")
def test_a_usual_slip_is_recognised(on: str, wrt: str, text: str, slip: str) -> None:
    report = mg.check(the_loss(on), wrt=wrt, against=text)
    assert report.verdict == "fail"
    found = finding(report, f"d{wrt}")
    assert slip in found.slip
    assert found.right.startswith(f"d{wrt}")
    assert not report.suspects


def test_the_worst_element_has_both_values() -> None:
    loss = the_loss()
    found = finding(mg.check(loss, wrt="Wq", against="X.T @ dS @ K"), "dWq")
    right = mg.derive(loss, wrt="Wq")["Wq"]()
    assert found.worst is not None
    assert found.worst.second == pytest.approx(right[found.worst.index])
    assert found.worst.first == pytest.approx(found.worst.second * 3**0.5)
    assert found.ratio == pytest.approx(3**0.5)
    assert f"{found.worst.first:.6g} in yours" in str(found)


def test_an_answer_that_no_slip_explains_is_wrong_all_the_same() -> None:
    report = mg.check(the_loss(), wrt="Wq", against="X.T @ dS @ K / sqrt(k) + 0.001 * Wq")
    assert report.verdict == "fail"
    assert finding(report, "dWq").slip == ""


def test_an_error_of_one_in_a_million_is_seen() -> None:
    report = mg.check(the_loss(), wrt="Wq", against="1.000001 * X.T @ dS @ K / sqrt(k)")
    assert report.verdict == "fail"


# -- pieces ------------------------------------------------------------------------------------------


def test_pieces_are_judged_and_the_wrong_one_is_named() -> None:
    pieces = {"dS": "A * dA", "dA": "dH @ V.T"}
    report = mg.check(the_loss(), wrt="Wq", against="X.T @ dS @ K / sqrt(k)", given=pieces)
    assert report.verdict == "fail"
    assert finding(report, "dA").verdict == "pass"
    assert "rowsum" in finding(report, "dS").slip
    assert finding(report, "dWq").slip == "only because of dS: from the right one this line follows"


def test_right_pieces_pass_in_any_order_and_with_helpers() -> None:
    pieces = {"dS": "A * (dA - D)", "D": "sum(dH * H, axis=1, keepdims=True)", "dH": "outer(dz, w)"}
    report = mg.check(the_loss(), wrt="Wq", against="X.T @ dS @ K / sqrt(k)", given=pieces)
    assert report.verdict == "pass"
    assert [f.quantity for f in report.findings] == ["dS", "dH", "dWq"]


def test_pieces_in_a_circle_are_refused() -> None:
    with pytest.raises(ArgumentError, match="dS → dA → dS|dA → dS → dA"):
        mg.check(the_loss(), wrt="Wq", against="X.T @ dS", given={"dS": "A * dA", "dA": "dS"})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("X.T @ dR @ K", "no variable is named 'dR'"),
        ("X.T @@ dS", "invalid syntax"),
        ("X @ dS", r"against|dWq"),
        ("__import__('os')", "no operation is named"),
    ],
)
def test_what_cannot_be_read_is_an_error(text: str, message: str) -> None:
    with pytest.raises(MinigradError, match=message):
        mg.check(the_loss(), wrt="Wq", against=text)


# -- other forms -------------------------------------------------------------------------------------


def test_a_python_function_of_named_tensors() -> None:
    right = mg.check(the_loss(), wrt="Wq", against=lambda X, dS, K, k: X.T @ dS @ K / np.sqrt(k))
    wrong = mg.check(the_loss(), wrt="Wq", against=lambda X, dS, K: X.T @ dS @ K)
    assert (right.verdict, wrong.verdict) == ("pass", "fail")
    assert "√k" in finding(wrong, "dWq").slip


def test_an_array() -> None:
    loss = the_loss()
    right = mg.derive(loss, wrt="Wq")["Wq"]()
    assert mg.check(loss, wrt="Wq", against=right).verdict == "pass"
    assert "sign" in finding(mg.check(loss, wrt="Wq", against=-right), "dWq").slip


def test_a_sympy_expression() -> None:
    m, n = sympy.symbols("m n", integer=True, positive=True)
    A, x, b = (
        sympy.MatrixSymbol("A", m, n),
        sympy.MatrixSymbol("x", n, 1),
        sympy.MatrixSymbol("b", m, 1),
    )
    At, xt, bt = mg.symbols("A: m n", "x: n", "b: m")
    loss = mg.sum((At @ xt - bt) ** 2)
    assert mg.check(loss, wrt="x", against=2 * A.T * (A * x - b)).verdict == "pass"
    wrong = mg.check(loss, wrt="x", against=A.T * (A * x - b))
    assert "factor 1/2" in finding(wrong, "dx").slip


def test_several_variables_at_once() -> None:
    report = mg.check(the_loss(), wrt=["Wq", "Wv"], against={"Wq": "X.T @ dQ", "Wv": "-X.T @ dV"})
    assert finding(report, "dWq").verdict == "pass"
    assert finding(report, "dWv").verdict == "fail"
    with pytest.raises(ArgumentError, match="one derivation is given for 2 variables"):
        mg.check(the_loss(), wrt=["Wq", "Wv"], against="X.T @ dQ")


def test_a_jacobian_of_a_tensor_output() -> None:
    x = mg.symbols("x: n")
    s = mg.nn.functional.softmax(x).named("s")
    assert mg.check(s, wrt="x", against="diag(s) - outer(s, s)").verdict == "pass"
    assert mg.check(s, wrt="x", against="diag(s) + outer(s, s)").verdict == "fail"
    assert mg.check(s, wrt="x", against="s * (ds - sum(s * ds))").verdict == "pass"


def test_broadcasting_that_is_not_summed() -> None:
    rng = np.random.default_rng(0)
    X = mg.tensor(rng.normal(size=(4, 3)), name="X", dims="n k")
    b = mg.tensor(rng.normal(size=3), name="b", dims="k", requires_grad=True)
    loss = mg.sum(mg.tanh(X + b)).named("L")
    assert mg.check(loss, wrt="b", against="sum(1 - tanh(X + b)**2, axis=0)").verdict == "pass"
    wrong = mg.check(loss, wrt="b", against="1 - tanh(X + b)**2")
    assert "what was broadcast is not summed" in finding(wrong, "db").slip
