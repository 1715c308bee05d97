"""Eigenvalues, singular values and orthogonal factors, with their vectors.

The differential of one part of a decomposition speaks of the others, X = V diag(w) Vᵀ, X = U diag(s) Vᵀ,
X = Q R. Sources: M. B. Giles, Collected matrix derivative results for forward and reverse mode algorithmic
differentiation, 2008; J. Townsend, Differentiating the singular value decomposition, 2016.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.index.algebra import add
from minigrad.index.contract import contract
from minigrad.index.expr import Expr, Structural
from minigrad.index.matrices.inverses import INV
from minigrad.index.matrices.parts import gaps, sym
from minigrad.index.matrices.rules import Rules
from minigrad.index.matrix_row import by_columns, matrix_function, per_column, same

_ROOTS = "its elements are roots of equations, which are not rational"


def _upright(vectors: Any, *others: Any) -> Any:
    """Columns of mpmath matrices with the first largest element of each positive: one choice of signs."""
    for j in range(vectors.cols):
        sizes = [abs(vectors[i, j]) for i in range(vectors.rows)]
        if vectors[sizes.index(max(sizes)), j] < 0:
            for matrix in (vectors, *others):
                for i in range(matrix.rows):
                    matrix[i, j] = -matrix[i, j]
    return vectors


# -- eigenvalues of symmetric matrices ----------------------------------------------------------------


def _of_eigenvalues(r: Rules) -> Expr:
    """V diag(G) Vᵀ."""
    r.name("V", EIGENVECTORS)
    return r.product("ij", [("V", "ik"), ("G", "k"), ("V", "jk")])


EIGENVALUES = matrix_function(
    "eigvalsh",
    sizes=per_column,
    of="symmetric",
    floats=np.linalg.eigvalsh,
    digits=lambda mp, x: list(mp.eigsy(x, eigvals_only=True)),
    inexact=_ROOTS,
    single=lambda x: x,
    adjoint=_of_eigenvalues,
    sentence="eigenvalues, dλ = diag(Vᵀ dX V)",
    letter="w",
    text="np.linalg.eigvalsh({})",
)


def _of_eigenvectors(r: Rules) -> Expr:
    """V sym(F ⊙ (Vᵀ G)) Vᵀ with Fᵢⱼ = 1 / (λⱼ - λᵢ)."""
    r.name("λ", EIGENVALUES)
    r.nodes["F"] = gaps(r.nodes["λ"])
    r.part("inner", sym(r.product("ij", [("F", "ij"), ("Y", "ki"), ("G", "kj")])))
    return r.product("ij", [("Y", "ik"), ("inner", "kl"), ("Y", "jl")])


EIGENVECTORS = matrix_function(
    "eigenvectors",
    sizes=same,
    of="symmetric",
    floats=lambda x: np.linalg.eigh(x)[1],
    digits=lambda mp, x: _upright(mp.eigsy(x)[1]),
    inexact=_ROOTS,
    adjoint=_of_eigenvectors,
    sentence="eigenvectors, dV = V (F ⊙ (Vᵀ dX V)), Fᵢⱼ = 1 / (λⱼ − λᵢ) for i ≠ j",
    letter="v",
    text="np.linalg.eigh({})[1]",
)


# -- singular values of matrices with no fewer rows than columns --------------------------------------


def _svd_at_50(mp: Any, x: Any) -> tuple[Any, Any, Any]:
    u, s, vt = mp.svd_r(x)
    v = vt.T
    return _upright(u, v), s, v


def _name_parts(r: Rules) -> None:
    r.name("U", LEFT)
    r.name("s", SINGULAR)
    r.name("V", RIGHT)
    s = r.nodes["s"]
    axes = range(s.ndim)
    r.nodes["F"] = gaps(contract(axes, [(s, axes, 2)]))
    r.nodes["1/s"] = contract(axes, [(s, axes, -1)])


def _of_singular_values(r: Rules) -> Expr:
    """U diag(G) Vᵀ."""
    _name_parts(r)
    return r.product("ij", [("U", "ik"), ("G", "k"), ("V", "jk")])


def _of_left(r: Rules) -> Expr:
    """2 U sym(F ⊙ (Uᵀ G)) diag(s) Vᵀ + (I - U Uᵀ) G diag(1/s) Vᵀ."""
    _name_parts(r)
    r.part("inner", sym(r.product("ij", [("F", "ij"), ("U", "ki"), ("G", "kj")])))
    inside = r.product("ij", [("U", "ik"), ("inner", "kl"), ("s", "l"), ("V", "jl")], 2)
    rows, columns = r.node.arg.sizes[-2:]
    if rows == columns:
        return inside
    r.nodes["outside"] = r.without(rows, [("U", "ik"), ("U", "jk")])
    beyond = r.product("ij", [("outside", "ia"), ("G", "ak"), ("1/s", "k"), ("V", "jk")])
    return add([(1, inside), (1, beyond)])


def _of_right(r: Rules) -> Expr:
    """2 U diag(s) sym(F ⊙ (Vᵀ G)) Vᵀ."""
    _name_parts(r)
    r.part("inner", sym(r.product("ij", [("F", "ij"), ("V", "ki"), ("G", "kj")])))
    return r.product("ij", [("U", "ik"), ("s", "k"), ("inner", "kl"), ("V", "jl")], 2)


SINGULAR = matrix_function(
    "svdvals",
    sizes=per_column,
    of="tall",
    floats=lambda x: np.linalg.svd(x, compute_uv=False),
    digits=lambda mp, x: list(mp.svd_r(x, compute_uv=False)),
    inexact=_ROOTS,
    adjoint=_of_singular_values,
    sentence="singular values, ds = diag(Uᵀ dX V)",
    letter="s",
    text="np.linalg.svd({}, compute_uv=False)",
)
LEFT = matrix_function(
    "svdU",
    sizes=same,
    of="tall",
    floats=lambda x: np.linalg.svd(x, full_matrices=False)[0],
    digits=lambda mp, x: _svd_at_50(mp, x)[0],
    inexact=_ROOTS,
    adjoint=_of_left,
    sentence="left singular vectors, X = U diag(s) Vᵀ: dU = U (F ⊙ 2 sym(Uᵀ dX V diag(s))) "
    "+ (I − U Uᵀ) dX V diag(1/s), Fᵢⱼ = 1 / (sⱼ² − sᵢ²)",
    letter="u",
    text="np.linalg.svd({}, full_matrices=False)[0]",
)
RIGHT = matrix_function(
    "svdV",
    sizes=by_columns,
    of="tall",
    floats=lambda x: np.swapaxes(np.linalg.svd(x, full_matrices=False)[2], -1, -2),
    digits=lambda mp, x: _svd_at_50(mp, x)[2],
    inexact=_ROOTS,
    adjoint=_of_right,
    sentence="right singular vectors, X = U diag(s) Vᵀ: "
    "dV = V (F ⊙ 2 sym(diag(s) Uᵀ dX V)), Fᵢⱼ = 1 / (sⱼ² − sᵢ²)",
    letter="v",
    text="np.linalg.svd({}, full_matrices=False)[2].mT",
)


# -- orthogonal and triangular factor ------------------------------------------------------------------


def _solved(r: Rules, inner: Expr) -> Expr:
    """An adjoint times R⁻ᵀ."""
    r.part("inner", inner)
    r.name("back", INV, of="R")
    return r.product("ij", [("inner", "ik"), ("back", "jk")])


def _copied_lower(r: Rules, m: Expr) -> Expr:
    """The symmetric matrix that has the lower triangle of M: L ⊙ M + (L ⊙ M)ᵀ, L half on the diagonal."""
    r.part("M", m)
    n = r.node.arg.sizes[-1]
    lower, strict = (Structural("tri", (n, n), (k,)) for k in (0, -1))
    r.nodes["δlower"] = add([(1, lower), (1, strict)])
    return sym(r.product("ij", [("δlower", "ij"), ("M", "ij")]))


def _of_triangular(r: Rules) -> Expr:
    """Q sym(T ⊙ (R Gᵀ)) R⁻ᵀ with T the lower triangle of twos and ones on the diagonal."""
    r.nodes["R"] = r.nodes["Y"]
    r.name("Q", ORTHOGONAL)
    inner = _copied_lower(r, r.product("ij", [("Y", "ik"), ("G", "jk")]))
    r.part("copied", inner)
    return _solved(r, r.product("ij", [("Q", "ik"), ("copied", "kj")]))


def _of_orthogonal(r: Rules) -> Expr:
    """(G - Q sym(T ⊙ (Gᵀ Q))) R⁻ᵀ."""
    r.name("R", TRIANGULAR)
    inner = _copied_lower(r, r.product("ij", [("G", "ki"), ("Y", "kj")]))
    r.part("copied", inner)
    taken = r.product("ij", [("Y", "ik"), ("copied", "kj")])
    return _solved(r, add([(1, r.nodes["G"]), (-1, taken)]))


ORTHOGONAL = matrix_function(
    "qrQ",
    sizes=same,
    of="tall",
    floats=lambda x: np.linalg.qr(x)[0],
    digits=lambda mp, x: mp.qr(x, mode="skinny")[0],
    inexact="lengths of columns are square roots, which are not rational",
    adjoint=_of_orthogonal,
    sentence="orthogonal factor, X = Q R: dQ = (dX − Q dR) R⁻¹",
    letter="q",
    text="np.linalg.qr({})[0]",
)
TRIANGULAR = matrix_function(
    "qrR",
    sizes=by_columns,
    of="tall",
    floats=lambda x: np.linalg.qr(x)[1],
    digits=lambda mp, x: mp.qr(x, mode="skinny")[1],
    inexact="lengths of columns are square roots, which are not rational",
    adjoint=_of_triangular,
    sentence="triangular factor, X = Q R: dR = Φ R with Φ the upper triangle of M + tril(M, −1)ᵀ, "
    "M = Qᵀ dX R⁻¹",
    letter="r",
    text="np.linalg.qr({})[1]",
)
