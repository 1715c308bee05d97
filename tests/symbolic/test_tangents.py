"""Second derivatives along tangents: the action of a Hessian, in the shape of a gradient."""

from __future__ import annotations

import pickle
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from expressions import CASES, Case, as_program

import minigrad as mg
from minigrad.errors import ArgumentError, NameClashError
from minigrad.index.algebra import scale
from minigrad.names import dotted, tangent_name, without_dots

NETWORK = "tanh(W2@tanh(W1@x))@v", {"W2": "m m", "W1": "m n", "x": "n", "v": "m"}
PRINTED = {
    "a network's input": (
        *NETWORK,
        ["x"],
        """\
h = tanh(W1 x)
h1 = tanh(W2 h)
L = h1ᵀ v

r  = 1 − h1^⊙2
dh = W2ᵀ (r ⊙ v)
r1 = 1 − h^⊙2
ḣ  = r1 ⊙ (W1 ẋ)
ḣ1 = r ⊙ (W2 ḣ)
dḣ = −2 W2ᵀ (h1 ⊙ v ⊙ ḣ1)
dẋ = W1ᵀ (r1 ⊙ dḣ − 2 (h ⊙ dh ⊙ ḣ))""",
    ),
    "a network with names": (
        "H = tanh(X @ W1); P = H @ W2; L = sum((P - Y)**2); L",
        {"X": "n d", "W1": "d h", "W2": "h c", "Y": "n c"},
        ["W1", "W2"],
        """\
H = tanh(X W1)
P = H W2
L = ‖P − Y‖²

dP  = 2 (P − Y)
dH  = dP W2ᵀ
R   = 1 − H^⊙2
Ḣ   = R ⊙ (X Ẇ1)
Ṗ   = H Ẇ2 + Ḣ W2
dṖ  = 2 Ṗ
dḢ  = dP Ẇ2ᵀ + dṖ W2ᵀ
dẆ1 = Xᵀ (R ⊙ dḢ − 2 (H ⊙ dH ⊙ Ḣ))
dẆ2 = Ḣᵀ dP + Hᵀ dṖ""",
    ),
    "a product of matrices": (
        "sum((U @ V.T - T)**2)",
        {"U": "m k", "V": "n k", "T": "m n"},
        ["U"],
        "L = ‖U Vᵀ − T‖²\n\ndU̇ = 2 U̇ Vᵀ V",
    ),
}


@pytest.mark.parametrize("name", PRINTED)
def test_it_prints_as_one_writes_it(name: str) -> None:
    text, variables, along, printed = PRINTED[name]
    derived = mg.derive(mg.parse(text, **variables), order=2, along=along)
    assert str(derived) == printed


@pytest.mark.parametrize(
    ("text", "variables", "along", "order"),
    [
        (*NETWORK, ["W1", "x", "v"], 2),
        (*NETWORK, ["x"], 3),
        ("logsumexp(A@x)", {"A": "m n", "x": "n"}, ["x"], 3),
        ("sum(softmax(Q@K.T)@V)", {"Q": "m k", "K": "n k", "V": "n"}, ["Q", "K"], 2),
        ("trace(inv(A))", {"A": "n n | invertible"}, ["A"], 2),
    ],
)
def test_it_is_the_hessian_times_the_tangents(
    text: str, variables: dict[str, str], along: list[str], order: int
) -> None:
    """Judged by hand VJPs of ⟨gradient, tangent⟩, taken as often as the order says."""
    case = Case("", text, variables, along[0])
    values = case.arrays(2)
    rng = np.random.default_rng(4)
    tangents = {name: rng.normal(size=values[name].shape) for name in along}
    derived = mg.derive(mg.parse(text, **variables), order=order, along=along)
    found = derived({**values, **{tangent_name(n): t for n, t in tangents.items()}})

    def slope(times: int, *given: Any) -> Any:
        if not times:
            return as_program(text, {**values, **dict(zip(along, given, strict=True))}, case.dims)
        every = tuple(range(len(along)))
        gradients = mg.grad(lambda *xs: slope(times - 1, *xs), argnums=every)(*given)
        return sum(mg.sum(g * tangents[n]) for g, n in zip(gradients, along, strict=True))

    start = [mg.tensor(values[name], requires_grad=True) for name in along]
    every = tuple(range(len(along)))
    right = mg.grad(lambda *xs: slope(order - 1, *xs), argnums=every)(*start)
    for name, g in zip(along, right, strict=True):
        np.testing.assert_allclose(found[name], g.numpy(), rtol=1e-9, atol=1e-11)
    again = pickle.loads(pickle.dumps(derived))
    assert str(again) == str(derived)


@pytest.mark.parametrize("name", PRINTED)
def test_it_is_checked(name: str) -> None:
    text, variables, along, _ = PRINTED[name]
    report = mg.derive(mg.parse(text, **variables), order=2, along=along).check()
    assert report.verdict == "pass", str(report)
    for witness in ("printed formula", "printed in ASCII", "NumPy source", "50 digits"):
        assert witness in str(report)


def test_tangents_have_names_in_every_alphabet() -> None:
    derived = mg.derive(mg.parse(NETWORK[0], **NETWORK[1]), order=2, along="x")
    assert derived.ascii.isascii()
    assert "h1_dot = r * (W2 @ h_dot)" in derived.ascii
    assert r"\dot{h}_{1} &= r \odot \left(W_{2} \, \dot{h}\right)" in derived.latex
    assert r"\mathrm{d}\dot{x} &=" in derived.latex
    assert '<msub><mover accent="true"><mi>h</mi><mo>˙</mo></mover><mn>1</mn></msub>' in derived.mathml
    source = derived.source()
    assert "def gradients(W2, W1, x, v, x_dot):" in source
    assert "moves along ẋ" in source
    assert derived.steps[-1].heading == "Along ẋ"


def test_a_tangent_may_have_a_name_of_ones_own() -> None:
    derived = mg.derive(mg.parse("sum(x**3)", x="n"), order=2, along={"x": "v"})
    assert str(derived["x"]) == "dẋ = 6 (x ⊙ v)"
    assert derived(x=[1.0, 2.0], v=[1.0, 1.0])["x"].tolist() == [6.0, 12.0]


@pytest.mark.parametrize(
    ("name", "tangent", "plain"),
    [
        ("S", "Ṡ", "S_dot"),
        ("dS", "dṠ", "dS_dot"),
        ("W1", "Ẇ1", "W1_dot"),
        ("block[0].Q", "block[0].Q̇", "block[0].Q_dot"),
        ("Ṡ", "S̈", "S_ddot"),
        ("dṠ", "dS̈", "dS_ddot"),
    ],
)
def test_names_of_tangents(name: str, tangent: str, plain: str) -> None:
    assert tangent_name(name) == tangent
    assert without_dots(tangent) == plain


def test_a_letter_that_has_dots_is_no_tangent() -> None:
    assert dotted("ä") == ("", "ä", 0)
    assert without_dots("größe") == "größe"


def test_what_is_refused_along() -> None:
    loss = mg.parse("sum(x**2 * y)", x="n", y="n")
    with pytest.raises(ArgumentError, match="derived again; pass order=2"):
        mg.derive(loss, along="x")
    with pytest.raises(ArgumentError, match="no tensor of this graph is named 'z'"):
        mg.derive(loss, order=2, along="z")
    with pytest.raises(NameClashError, match="calls a tangent 'y'"):
        mg.derive(loss, order=2, along={"x": "y"})
    steps = mg.parse("h = tanh(x); sum(h**2)", x="n")
    with pytest.raises(ArgumentError, match="h is computed from x, which moves it"):
        mg.derive(steps, ["x", "h"], order=2, along="x")
    with pytest.raises(ArgumentError, match="derive a number"):
        mg.derive(mg.parse("x**2", x="n"), order=2, along="x")


def test_one_that_is_off_by_a_millionth_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    derived = mg.derive(mg.parse(NETWORK[0], **NETWORK[1]), order=2, along="x")
    formula = derived["x"]
    monkeypatch.setattr(formula, "_expr", scale(1 + Fraction(1, 10**6), formula.expr))
    assert derived.check().verdict == "fail"


@pytest.mark.parametrize("name", ["attention by keys", "attention with heads"])
def test_what_is_printed_of_attention_is_read_back(name: str) -> None:
    """Row sums that are repeated along rows stay where they are; Q_bn_dot is no name, Q_dot_bn is."""
    case = next(case for case in CASES if case.name == name)
    loss = mg.parse(case.text, **case.variables)
    report = mg.derive(loss, case.wrt, order=2, along=case.wrt).check(seeds=1)
    assert report.verdict == "pass", str(report)
    assert "printed in ASCII" in str(report)
