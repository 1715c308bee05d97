"""Eigenvalues and eigenvectors of symmetric matrices, X = V diag(λ) Vᵀ.

Source: M. B. Giles, Collected matrix derivative results for forward and reverse mode algorithmic
differentiation, 2008.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.errors import ArgumentError
from minigrad.graph.call import array_or_tensor, face
from minigrad.graph.create import as_tensor
from minigrad.graph.public import public
from minigrad.graph.tensor import Tensor
from minigrad.index.matrix_row import per_column
from minigrad.ops.axes import plain
from minigrad.ops.matrix_function import builtin_matrix_function as matrix_function
from minigrad.ops.matrix_function import transposed as _t
from minigrad.primitive import INTERNAL

if TYPE_CHECKING:
    from minigrad.ops.results import EighResult


def symmetric_matrix(x: Any, uplo: str = "L") -> Any:
    """The symmetric matrix that a caller means: the average with its transpose, or of one triangle.

    What differs from its transpose by rounding or by the step of a finite difference is averaged, so
    that the function is smooth in every element; of a matrix that is not symmetric one triangle is
    read, as NumPy does.
    """
    if x.ndim < 2 or x.shape[-1] != x.shape[-2]:
        raise ValueError("the matrix must be square")
    a = plain(x)
    n = a.shape[-1]
    near = np.abs(a - _t(a)).max((-2, -1), initial=0) <= 1e-3 * np.abs(a).max((-2, -1), initial=0)
    below = np.tri(n) - np.eye(n) / 2
    read = below if uplo == "L" else below.T
    shares = np.where(np.expand_dims(near, (-2, -1)), 0.5, read).astype(x.dtype)
    part = np.where(shares != 0, x, np.zeros((), x.dtype)) * shares
    return part + _t(part)


def symmetric_part(x: Any) -> Any:
    """(X + Xᵀ) / 2, as which a function of symmetric matrices passes a cotangent on."""
    return (x + _t(x)) / 2


@contextmanager
def singular_in_words(name: str, why: str) -> Iterator[None]:
    """Say in a rule's own words that it needs an inverse which does not exist."""
    try:
        yield
    except np.linalg.LinAlgError:
        raise ArgumentError(
            f"{name}: {why}, so there is no derivative; add a multiple of the identity"
        ) from None


ROOTS = "its elements are roots of equations, which are not rational"


def upright(vectors: Any, *others: Any) -> Any:
    """Columns of mpmath matrices with the first largest element of each positive: one choice of signs."""
    for j in range(vectors.cols):
        sizes = [abs(vectors[i, j]) for i in range(vectors.rows)]
        if vectors[sizes.index(max(sizes)), j] < 0:
            for matrix in (vectors, *others):
                for i in range(matrix.rows):
                    matrix[i, j] = -matrix[i, j]
    return vectors


def scaled(x: Any, s: Any) -> Any:
    """X diag(s)."""
    return x * np.expand_dims(s, -2)


def gaps(w: Any) -> Any:
    """The matrix 1 / (wⱼ − wᵢ), zero on the diagonal."""
    n = w.shape[-1]
    diagonal = np.eye(n, dtype=bool)
    gap = np.expand_dims(w, -2) - np.expand_dims(w, -1)
    return np.where(diagonal, np.zeros((), w.dtype), 1 / np.where(diagonal, 1, gap))


def _vectors_vjp(g: Any, y: Any, x: Any, *, uplo: str) -> Any:
    w = eigvalsh_in_rules(x, uplo=uplo)
    return symmetric_part(y @ (gaps(w) * (_t(y) @ g)) @ _t(y))


def _of_vectors(r: Any) -> Any:
    """V sym(F ⊙ (Vᵀ G)) Vᵀ with Fᵢⱼ = 1 / (λⱼ - λᵢ)."""
    r.name("λ", "eigvalsh")
    r.nodes["F"] = r.gaps(r.nodes["λ"])
    r.part("inner", r.sym(r.product("ij", [("F", "ij"), ("Y", "ki"), ("G", "kj")])))
    return r.product("ij", [("Y", "ik"), ("inner", "kl"), ("Y", "jl")])


eigenvectors = matrix_function(
    "linalg.eigenvectors",
    lambda x, *, uplo="L": np.linalg.eigh(symmetric_matrix(x, uplo))[1],
    vjp=_vectors_vjp,
    adjoint=_of_vectors,
    sentence="the eigenvectors, dV = V (F ⊙ (Vᵀ dX V)), Fᵢⱼ = 1 / (λⱼ − λᵢ) for i ≠ j",
    of="symmetric",
    digits=lambda mp, x: upright(mp.eigsy(x)[1]),
    inexact=ROOTS,
    letter="v",
    text="np.linalg.eigh({})[1]",
    domain="symmetric",
    kinks="the derivative is not finite where eigenvalues coincide",
    doc="Orthonormal eigenvectors of a symmetric matrix, as columns.",
    names=INTERNAL,
)
_eigenvectors = array_or_tensor(eigenvectors)


def _values_vjp(g: Any, y: Any, x: Any, *, uplo: str) -> Any:
    v = _eigenvectors(x, uplo=uplo)
    return scaled(v, g) @ _t(v)


def _of_values(r: Any) -> Any:
    """V diag(G) Vᵀ."""
    r.name("V", "eigenvectors")
    return r.product("ij", [("V", "ik"), ("G", "k"), ("V", "jk")])


_eigvalsh = matrix_function(
    "linalg.eigvalsh",
    lambda x, *, uplo="L": np.linalg.eigvalsh(symmetric_matrix(x, uplo)),
    vjp=_values_vjp,
    adjoint=_of_values,
    sentence="the eigenvalues, dλ = diag(Vᵀ dX V)",
    of="symmetric",
    sizes=per_column,
    digits=lambda mp, x: list(mp.eigsy(x, eigvals_only=True)),
    inexact=ROOTS,
    single="x",
    letter="w",
    text="np.linalg.eigvalsh({})",
    domain="symmetric",
    doc="Eigenvalues of a symmetric matrix, ascending.",
)
eigvalsh_in_rules = array_or_tensor(_eigvalsh)


def _triangle(uplo: str) -> str:
    if not isinstance(uplo, str) or uplo.upper() not in ("L", "U"):
        raise ArgumentError(f"linalg.eigh: UPLO is 'L' or 'U', not {uplo!r}")
    return uplo.upper()


@face(_eigvalsh)
def eigvalsh(a: Any, UPLO: str = "L") -> Tensor:
    """Eigenvalues, ascending, of a symmetric matrix; the gradient is that of symmetric changes.

    Of a matrix that is not symmetric (by more than a thousandth of its largest element) only one
    triangle, lower ("L") or upper ("U"), is read; the gradient still has half of each element on
    either side.
    """
    return _eigvalsh(a, uplo=_triangle(UPLO))


@public("linalg.eigh")
def eigh(a: Any, UPLO: str = "L") -> EighResult:
    """Eigenvalues, ascending, and orthonormal eigenvectors; read and differentiated as eigvalsh."""
    from minigrad.ops.results import EighResult

    x = as_tensor(a, "linalg.eigh")
    uplo = _triangle(UPLO)
    return EighResult(_eigvalsh(x, uplo=uplo), eigenvectors(x, uplo=uplo))
