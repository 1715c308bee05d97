"""SymPy's expressions read as graphs: their values and derivatives are SymPy's own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sympy

import minigrad as mg
from minigrad.checking.replay import Replay
from minigrad.errors import DerivationError

n, m = sympy.symbols("n m", integer=True, positive=True)
i, j = sympy.symbols("i j", integer=True)
a, z = sympy.symbols("a z", positive=True)
X = sympy.MatrixSymbol("X", m, n)
A = sympy.MatrixSymbol("A", n, n)
w = sympy.MatrixSymbol("w", n, 1)
y = sympy.MatrixSymbol("y", m, 1)
x = sympy.IndexedBase("x", shape=(n,))
R = sympy.Rational

# expression, by what, and the derivative that one writes
READ = [
    (X * w, "w", "J = X"),
    ((X * w - y).T * (X * w - y), "w", "dw = 2 Xᵀ (X w − y)"),
    (w.T * A * w, "w", "dw = (A + Aᵀ) w"),
    ((w.T * A * w)[0, 0], "w", "dw = (A + Aᵀ) w"),
    (sympy.Trace(A), "A", "dA = I"),
    (sympy.log(sympy.Determinant(A)), "A", "dA = A⁻ᵀ"),
    (sympy.Trace(sympy.HadamardProduct(A, A.T)), "A", "dA = 2 diag(diag(A))"),
    (sympy.Sum(x[i] ** 2, (i, 0, n - 1)), "x", "dx = 2 x"),
    (sympy.Sum(A[i, i], (i, 0, n - 1)), "A", "dA = I"),
    (sympy.Sum(X[i, j] * w[j, 0], (i, 0, m - 1), (j, 0, n - 1)), "w", "dw = colsum(X)"),
    ((X * w).applyfunc(sympy.tanh), "w", "J = diag(1 − tanh(X w)^⊙2) X"),
    (sympy.Trace(sympy.DiagMatrix(w) * A), "w", "dw = diag(A)"),
    (a * sympy.Trace(A) / n, "A", "dA = a I / n"),
    (sympy.sqrt(z) / 3, "z", "dz = 1 / (6 √z)"),
]


@pytest.mark.parametrize(("expression", "wrt", "text"), READ, ids=[text for *_, text in READ])
def test_a_sympy_expression_is_read(expression: Any, wrt: str, text: str) -> None:
    assert str(mg.derive(mg.from_sympy(expression), wrt=wrt)) == text


# Expressions whose value SymPy itself computes on explicit matrices.
VALUES = [
    X.T * X + 2 * sympy.Identity(n),
    A.I * w,
    A**3 - A**-2,
    sympy.HadamardPower(A, 2) + sympy.OneMatrix(n, n) - sympy.ZeroMatrix(n, n),
    sympy.KroneckerProduct(A, w.T),
    sympy.BlockMatrix([[A, A.T], [A, A]]),
    sympy.Matrix([[1, 2], [3, 4]]) * 2,
    sympy.FunctionMatrix(n, m, sympy.Lambda((i, j), X[j, i] + i)),
    sympy.Sum(
        sympy.exp(R(1, 3) * w[i, 0]) * sympy.KroneckerDelta(i, j), (i, 0, n - 1), (j, 0, n - 1)
    ),
    sympy.Sum(sympy.Piecewise((w[i, 0], w[i, 0] > 0), (0, True)) ** 2, (i, 0, n - 1)),
    sympy.Sum(i * w[i, 0] / 2, (i, 0, n - 1)),
    sympy.Max(w[0, 0], w[1, 0]) * sympy.pi,
]


@pytest.mark.parametrize("expression", VALUES, ids=[str(e)[:40] for e in VALUES])
def test_the_value_is_sympys_own(expression: Any) -> None:
    sizes = {"n": 2, "m": 3}
    arrays = {
        "X": np.array([[1, 2], [0, 1], [2, 1]]),
        "A": np.array([[2, 1], [1, 3]]),
        "w": np.array([1, -2]),
        "y": np.array([1, 0, 2]),
    }
    explicit = {
        s: sympy.Matrix(arrays[s.name].reshape(len(arrays[s.name]), -1).tolist())
        for s in (X, A, w, y)
        if expression.has(s)
    }
    plain = expression.subs({n: sizes["n"], m: sizes["m"]})
    plain = plain.subs({s.subs({n: 2, m: 3}): value for s, value in explicit.items()}).doit()
    matrix = plain.as_explicit() if hasattr(plain, "as_explicit") else plain
    wanted = np.array(
        sympy.Matrix([matrix]) if not hasattr(matrix, "shape") else matrix, dtype=object
    )
    output = mg.from_sympy(expression)
    run = Replay(output._node, sizes)
    got = run.run({leaf: arrays[leaf.name].astype(float) for leaf in run.leaves})
    np.testing.assert_allclose(got.ravel(), wanted.astype(float).ravel(), rtol=1e-12)


def test_a_formula_goes_to_sympy_and_back() -> None:
    loss = mg.parse("sum((X @ w - y) ** 2)", X="m n", w="n", y="m")
    form = mg.derive(loss, wrt="w")["w"].sympy
    again = mg.derive(mg.from_sympy(form), wrt="y")
    rng = np.random.default_rng(0)
    values = {"X": rng.normal(size=(3, 2)), "w": rng.normal(size=2), "y": rng.normal(size=3)}
    np.testing.assert_allclose(again["y"](values), -2 * values["X"].T, rtol=1e-12)


def test_array_expressions_are_read() -> None:
    from sympy.tensor.array.expressions import ArraySymbol, PermuteDims

    T = ArraySymbol("T", (2, 2, 3))
    B = sympy.MatrixSymbol("B", 2, 2)
    product = sympy.tensorcontraction(sympy.tensorproduct(B, T), (1, 2))
    read = mg.from_sympy(PermuteDims(product, [2, 0, 1]))
    rng = np.random.default_rng(0)
    values = {"T": rng.normal(size=(2, 2, 3)), "B": rng.normal(size=(2, 2))}
    run = Replay(read._node, {})
    got = run.run({leaf: values[leaf.name] for leaf in run.leaves})
    np.testing.assert_allclose(got, np.einsum("ij,jkl->lik", values["B"], values["T"]))


def test_a_positive_symbol_is_positive() -> None:
    assert str(mg.derive(mg.from_sympy(sympy.sqrt(z**2)), wrt="z")) == "dz = 1"


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        (sympy.Function("f")(z), "f has no counterpart"),
        (sympy.Sum(x[i], (i, 1, n)), "run from 0 to a size minus 1"),
        (sympy.Sum(x[i + 1], (i, 0, n - 2)), "an index is a number or the index of a sum"),
        (A**a, "only whole powers"),
        (sympy.Piecewise((z, z > 1)), "must hold otherwise"),
        ("X + 1", "is no SymPy expression"),
    ],
)
def test_what_has_no_counterpart_is_an_error(expression: Any, words: str) -> None:
    with pytest.raises(DerivationError, match=words):
        mg.from_sympy(expression)
