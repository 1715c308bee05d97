"""Gradients are unconstrained: what is assumed of the variable itself is used after deriving, not before."""

from __future__ import annotations

import numpy as np
import pytest
from expressions import Case

import minigrad as mg
from minigrad.index.assume import ASSUMPTIONS

CASES = {
    "simplex": ("sum(p) ** 2", {"p": "n | simplex"}, "dp = 2 𝟏"),
    "symmetric, transposed": ("sum(C * X.T)", {"X": "n n | symmetric", "C": "n n"}, "dX = Cᵀ"),
    "symmetric": ("x @ X @ x", {"x": "n", "X": "n n | symmetric"}, "dX = x xᵀ"),
    "symmetric, twice": (
        "sum(C * (X @ A @ X))",
        {"X": "n n | symmetric", "C": "n n", "A": "n n"},
        "dX = C X Aᵀ + Aᵀ X C",
    ),
    "skew part": ("sum(C * (X - X.T))", {"X": "n n | symmetric", "C": "n n"}, "dX = C − Cᵀ"),
    "spd": (
        "sum(C * inv(X).T)",
        {"X": "n n | spd", "C": "n n"},
        "dX = −X⁻¹ Cᵀ X⁻¹",
    ),
    "likelihood": ("logdet(X) + x @ inv(X) @ x", {"X": "n n | spd", "x": "n"}, None),
    "orthogonal": ("trace(X.T @ X)", {"X": "n n | orthogonal"}, "dX = 2 X"),
    "diagonal": ("sum(C * (X @ X))", {"X": "n n | diagonal", "C": "n n"}, "dX = C X + X C"),
    "signs": ("sum(x**2)", {"x": "n | pm1"}, "dx = 2 x"),
    "zeros and ones": ("sum(x**3)", {"x": "n | 0/1"}, "dx = 3 x"),
    "one-hot": ("sum(x**2) * sum(x)", {"x": "n | onehot"}, None),
    "positive": ("sum(abs(x) ** 3)", {"x": "n | positive"}, "dx = 3 x^⊙2"),
}


@pytest.mark.parametrize("name", [name for name, (*_, printed) in CASES.items() if printed])
def test_it_prints_the_unconstrained_gradient(name: str) -> None:
    text, variables, printed = CASES[name]
    wrt = str(printed).partition(" = ")[0].removeprefix("d")
    assert str(mg.derive(mg.parse(text, **variables), wrt=wrt)) == printed


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("name", CASES)
def test_its_value_is_that_of_the_hand_vjps(name: str, order: int) -> None:
    text, variables, _ = CASES[name]
    wrt = next(v for v, declared in variables.items() if "|" in declared)
    case = Case(name, text, variables, wrt, order)
    values = case.arrays(3)
    if "diagonal" in variables[wrt]:
        values[wrt] = np.diag(np.diag(values[wrt]))
    if "orthogonal" in variables[wrt]:
        values[wrt] = np.linalg.qr(values[wrt])[0]
    if "onehot" in variables[wrt]:
        values[wrt] = np.eye(len(values[wrt]))[1]
    derivation = mg.derive(mg.parse(text, **variables), wrt=wrt, order=order)
    formula = derivation[wrt] if order == 1 else derivation[wrt, wrt]
    np.testing.assert_allclose(formula(values), case.by_backward(values), rtol=1e-9, atol=1e-9)


_OF_MATRICES = ("symmetric", "spd", "diagonal", "orthogonal", "invertible")
_OF_ELEMENTS = ("simplex", "onehot", "0/1", "pm1", "positive", "unit", "nonzero")
# How a loss depends on what is assumed of: for each kind of assumption.
_LOSSES = {
    "linear": ("trace(A @ S) + sum(C * S.T)", "a @ s + sum(s)"),
    "quadratic": ("sum(C * (S @ A @ S.T)) + trace(S.T @ S)", "sum(C * outer(s, s)) + sum(s) ** 2"),
    "cubic": ("trace(matrix_power(S, 3) @ A)", "sum(a * s**3) + sum(s**2) * (a @ s)"),
    "inverse": ("sum(C * inv(S)) + trace(inv(S).T @ S)", "sum(a / (2 + s)) + exp(sum(s))"),
}


def test_every_assumption_of_a_variable_is_judged() -> None:
    # index and bool are no real numbers, and have no gradient
    assert {*_OF_MATRICES, *_OF_ELEMENTS} == ASSUMPTIONS.keys() - {"index", "bool"}


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("loss", _LOSSES)
@pytest.mark.parametrize("word", [*_OF_MATRICES, *_OF_ELEMENTS])
@pytest.mark.long("part")
def test_every_witness_agrees(word: str, loss: str, order: int) -> None:
    """The exact ones too, which leave the assumed set in every direction."""
    by_matrix, by_vector = _LOSSES[loss]
    if word in _OF_MATRICES:
        text, declared = by_matrix, {"S": f"n n | {word}", "A": "n n", "C": "n n"}
    else:
        text, declared = by_vector, {"s": f"n | {word}", "a": "n", "C": "n n"}
    used = {name: dims for name, dims in declared.items() if name in text}
    derived = mg.derive(mg.parse(text, **used), wrt=next(iter(used)), order=order)
    report = derived.check()
    assert report.verdict == "pass", str(report)
