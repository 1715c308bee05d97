"""Every matrix function: what its row says of steps, arithmetics, stacks and corners."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy
from engine_cases.matrix_functions import called, matrix_rows

import minigrad as mg
from minigrad.errors import DerivationError, MinigradError
from minigrad.graph import Tensor
from minigrad.index.matrices.parts import read as part
from minigrad.index.matrix_row import MATRIX_ROWS
from minigrad.program.arithmetic import DIGITS_50, EXACT

A, C, S, c, X = mg.symbols("A: n n", "C: n n", "S: n n | spd", "c: n", "X: m n")
ROWS = matrix_rows()


def _loss(name: str) -> tuple[Tensor, str]:
    """A weighted sum of its elements, or its square, of the smallest assumption that it needs."""
    row, matrix = ROWS[name]
    definite = matrix.of == "symmetric" or row.domain == ("spd",)
    variable = X if matrix.of == "tall" else S if definite else A
    value = called(row)(variable)
    if not value.ndim:
        return value**2, variable.name
    return mg.sum(mg.symbols(f"W: {' '.join(map(str, value.shape))}") * value), variable.name


LOSSES = {name: _loss(name) for name in ROWS}


@pytest.mark.parametrize("name", LOSSES)
def test_a_step_says_the_sentence_of_the_row(name: str) -> None:
    loss, wrt = LOSSES[name]
    steps = mg.derive(loss, wrt=wrt).steps
    assert any(MATRIX_ROWS[name].sentence[1:] in step.rule for step in steps)


@pytest.mark.parametrize("name", LOSSES)
def test_the_value_is_one_in_every_arithmetic(name: str) -> None:
    """Or the row says why it has none; the signs of vectors are the choice of an algorithm."""
    row = MATRIX_ROWS[name]
    rng = np.random.default_rng(3)
    matrix = rng.integers(-4, 5, (4, 3)) if row.of in ("tall", "any") else rng.integers(-4, 5, (3, 3))
    if row.of == "symmetric" or name == "sqrtm":
        matrix = matrix @ matrix.T + 3 * np.eye(3, dtype=int)
    right = np.abs(row.floats(matrix.astype(float)))
    numbers = {DIGITS_50: DIGITS_50.number, EXACT: EXACT.number}
    for arithmetic, number in numbers.items():
        if arithmetic is EXACT and row.objects is None:
            assert row.inexact
            with pytest.raises(DerivationError, match=row.inexact):
                arithmetic.matrix_function(row, matrix.astype(object))
            continue
        array = np.frompyfunc(lambda x, number=number: number(int(x)), 1, 1)(matrix)
        value = np.asarray(arithmetic.matrix_function(row, array)).astype(float)
        np.testing.assert_allclose(np.abs(value), right, rtol=1e-12, atol=1e-12)


# Over a batch, and with several outputs of one decomposition together.
def _spectrum(x: Tensor) -> Tensor:
    values, vectors = mg.linalg.eigh(x @ x.mT)
    return mg.sum(values**2) + mg.sum(vectors[..., 0] ** 4)


def _svd(x: Tensor) -> Tensor:
    u, s, vh = mg.linalg.svd(x, full_matrices=False)
    return mg.sum((u * s[..., None, :] ** 2) @ vh)


def _qr(x: Tensor) -> Tensor:
    q, r = mg.linalg.qr(x)
    return mg.sum((q * 2) @ (r**2))


def _expm(x: Tensor) -> Tensor:
    return mg.sum(mg.linalg.expm(x.mT @ x / 4) ** 2)


def _sqrtm(x: Tensor) -> Tensor:
    return mg.sum(mg.linalg.sqrtm(x.mT @ x + np.eye(2)) ** 3)


@pytest.mark.parametrize("function", [_spectrum, _svd, _qr, _expm, _sqrtm])
@pytest.mark.parametrize("shape", [(3, 2), (2, 3), (2, 3, 2)], ids=str)
def test_stacks_and_wide_matrices(function: Callable[[Tensor], Tensor], shape: tuple[int, ...]) -> None:
    if function is _sqrtm and shape == (2, 3):
        shape = (4, 2)
    rng = np.random.default_rng(5)
    dims = "b m n"[-2 * len(shape) + 1 :]
    x = mg.tensor(rng.normal(size=shape), name="X", dims=dims, requires_grad=True)
    loss = function(x)
    formula = mg.derive(loss, wrt="X")["X"]
    loss.backward()
    np.testing.assert_allclose(formula(), x.grad, rtol=1e-9, atol=1e-9)


def test_what_is_named_is_spoken_of_by_its_name() -> None:
    values, vectors = mg.linalg.eigh(mg.symbols("S: n n | symmetric"))
    loss = mg.sum(c * values.named("λ")) + mg.sum(C * vectors.named("V"))
    text = str(mg.derive(loss, wrt="S"))
    assert "dS = V (diag(dλ) + sym(gaps(λ) ⊙ (Vᵀ dV))) Vᵀ" in text
    assert str(mg.derive(LOSSES["expm"][0], wrt="A")) == "dA = expm_frechet(Aᵀ, W)"


@pytest.mark.parametrize("function", [mg.linalg.expm, mg.linalg.sqrtm])
def test_roots_and_exponentials_at_known_values(function: Callable[..., Tensor]) -> None:
    """Against the scalar functions of the eigenvalues, and what they cannot take in words."""
    rng = np.random.default_rng(1)
    q = np.linalg.qr(rng.normal(size=(4, 4)))[0]
    w = np.array([0.2, 0.9, 1.5, 3.0])
    scalar = {mg.linalg.expm: np.exp, mg.linalg.sqrtm: np.sqrt}[function]
    np.testing.assert_allclose(function((q * w) @ q.T).numpy(), (q * scalar(w)) @ q.T, atol=1e-12)
    assert function(np.zeros((0, 0))).shape == (0, 0)
    assert function(np.eye(2, dtype=int)).dtype == np.float64
    assert function(np.eye(2, dtype=np.float32)).dtype == np.float32
    with pytest.raises(MinigradError, match="square"):
        function(np.ones((2, 3)))


def test_a_square_root_that_is_not_real_is_refused() -> None:
    with pytest.raises(MinigradError, match="no real square root"):
        mg.linalg.sqrtm(-np.eye(2))
    with pytest.raises(MinigradError, match="no real square root"):
        mg.linalg.sqrtm([[0.0, 1], [0, 0]])
    formula = mg.derive(mg.sum(mg.linalg.sqrtm(A)), wrt="A")["A"]
    with pytest.raises(MinigradError, match="no real square root"):
        formula(A=-np.eye(2))


def test_a_singular_square_root_has_no_derivative() -> None:
    x = mg.tensor(np.ones((2, 2)), requires_grad=True)
    with pytest.raises(MinigradError, match="singular"):
        mg.sum(mg.linalg.sqrtm(x)).backward()


@pytest.mark.parametrize("size", [1e-200, 1.0, 1e26])
def test_a_derivative_along_any_length_does_not_drown_the_matrix(size: float) -> None:
    along = np.array([[1.0, 2.0], [0.0, -1.0]])
    formula = mg.derive(mg.sum(mg.linalg.expm(A) * C), "A")["A"]
    values = {"A": np.array([[0.3, 1.2], [-0.7, 2.0]]), "C": along * size}
    expected = size * scipy.linalg.expm_frechet(values["A"].T, along, compute_expm=False)
    namespace: dict[str, Any] = {}
    exec(formula.source(), namespace)
    read = part("expm_frechet")(values["A"].T, values["C"])
    for value in (formula(values), namespace["gradient_A"](**values), read):
        np.testing.assert_allclose(value, expected, rtol=1e-12)


def test_the_largest_of_one_number_is_that_number() -> None:
    loss = mg.parse("sum(max(v - v + 3, axis=0)[1, :] / x)", v="m n k", x="k")
    assert str(mg.derive(loss)) == "dv = 0      dx = −3 ⊘ x^⊙2"
