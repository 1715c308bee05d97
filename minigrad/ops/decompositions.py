"""Singular values and orthogonal factors, with their vectors.

The differential of one part of a decomposition speaks of the others, X = U diag(s) Vᵀ and X = Q R.
Source: J. Townsend, Differentiating the singular value decomposition, 2016.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from minigrad.errors import ArgumentError, ShapeError
from minigrad.graph.call import array_or_tensor, worded
from minigrad.graph.create import as_tensor
from minigrad.graph.public import public
from minigrad.graph.tensor import Tensor, describe
from minigrad.index.matrix_row import by_columns, per_column
from minigrad.index.size import is_at_least
from minigrad.ops.axes import extent
from minigrad.ops.contraction import matmul
from minigrad.ops.eigen import ROOTS, gaps, scaled, singular_in_words, upright
from minigrad.ops.joining import concatenate
from minigrad.ops.matrix_function import builtin_matrix_function as matrix_function
from minigrad.ops.matrix_function import transposed as _t
from minigrad.ops.options import flag
from minigrad.primitive import INTERNAL


def _matrices(name: str, a: Any) -> Tensor:
    """One matrix or a stack of them."""
    x = as_tensor(a, name)
    if x.ndim < 2:
        raise ShapeError(f"{name}: a matrix is needed, not {describe(x)}; insert an axis")
    return x


def _singular_vectors(x: Any) -> tuple[Any, Any]:
    """Of a wide matrix by its transpose, as formulas have it: the signs of vectors are one choice."""
    if x.shape[-2] < x.shape[-1]:
        return _singular_vectors(_t(x))[::-1]
    u, _, vt = np.linalg.svd(x, full_matrices=False)
    return u, _t(vt)


def _svd_vjp(part: str, g: Any, x: Any) -> Any:
    if not x.size:
        return x * 0
    u, s, v = _LEFT(x), _SINGULAR(x), _RIGHT(x)
    if part == "S":
        return scaled(u, g) @ _t(v)
    own, other, rows = (u, v, x.shape[-2]) if part == "U" else (v, u, x.shape[-1])
    skew = _t(own) @ g
    turned = gaps(s * s) * (skew - _t(skew))
    outside = np.eye(rows, dtype=x.dtype) - own @ _t(own)
    result = scaled(own @ turned, s) @ _t(other) + scaled(outside @ g, 1 / s) @ _t(other)
    return result if part == "U" else _t(result)


def _svd_at_50(mp: Any, x: Any) -> tuple[Any, Any, Any]:
    u, s, vt = mp.svd_r(x)
    v = vt.T
    return upright(u, v), s, v


def _name_parts(r: Any) -> None:
    for name, function in (("U", "svdU"), ("s", "svdvals"), ("V", "svdV")):
        r.name(name, function)
    r.nodes["F"] = r.gaps(r.power("s", 2))
    r.nodes["1/s"] = r.power("s", -1)


def _of_singular_values(r: Any) -> Any:
    """U diag(G) Vᵀ."""
    _name_parts(r)
    return r.product("ij", [("U", "ik"), ("G", "k"), ("V", "jk")])


def _of_left(r: Any) -> Any:
    """2 U sym(F ⊙ (Uᵀ G)) diag(s) Vᵀ + (I - U Uᵀ) G diag(1/s) Vᵀ."""
    _name_parts(r)
    r.part("inner", r.sym(r.product("ij", [("F", "ij"), ("U", "ki"), ("G", "kj")])))
    inside = r.product("ij", [("U", "ik"), ("inner", "kl"), ("s", "l"), ("V", "jl")], 2)
    if r.rows == r.columns:
        return inside
    r.nodes["outside"] = r.without(r.rows, [("U", "ik"), ("U", "jk")])
    return r.sum(inside, r.product("ij", [("outside", "ia"), ("G", "ak"), ("1/s", "k"), ("V", "jk")]))


def _of_right(r: Any) -> Any:
    """2 U diag(s) sym(F ⊙ (Vᵀ G)) Vᵀ."""
    _name_parts(r)
    r.part("inner", r.sym(r.product("ij", [("F", "ij"), ("V", "ki"), ("G", "kj")])))
    return r.product("ij", [("U", "ik"), ("s", "k"), ("inner", "kl"), ("V", "jl")], 2)


svdvals = matrix_function(
    "linalg.svdvals",
    lambda x: np.linalg.svd(x, compute_uv=False),
    vjp=lambda g, y, x: _svd_vjp("S", g, x),
    adjoint=_of_singular_values,
    sentence="the singular values, ds = diag(Uᵀ dX V)",
    of="tall",
    turned="svdvals",
    sizes=per_column,
    digits=lambda mp, x: list(mp.svd_r(x, compute_uv=False)),
    inexact=ROOTS,
    letter="s",
    text="np.linalg.svd({}, compute_uv=False)",
    dialects={"torch": "torch.linalg.svdvals({})"},
    domain="invertible",
    kinks="at a singular value of 0 one of the possible directions is taken",
    doc="Singular values, descending.",
)
_svd = functools.partial(
    matrix_function,
    of="tall",
    inexact=ROOTS,
    domain="invertible",
    kinks="the derivatives of the vectors are not finite where singular values coincide",
    names=INTERNAL,
)
_svd_left = _svd(
    "linalg.svdU",
    lambda x: _singular_vectors(x)[0],
    vjp=lambda g, y, x: _svd_vjp("U", g, x),
    adjoint=_of_left,
    sentence="the left singular vectors of X = U diag(s) Vᵀ, dU = U (F ⊙ 2 sym(Uᵀ dX V diag(s))) "
    "+ (I − U Uᵀ) dX V diag(1/s), Fᵢⱼ = 1 / (sⱼ² − sᵢ²)",
    turned="svdV",
    digits=lambda mp, x: _svd_at_50(mp, x)[0],
    letter="u",
    text="np.linalg.svd({}, full_matrices=False)[0]",
    doc="Left singular vectors, the columns of U in X = U diag(S) Vᵀ, as linalg.svd gives them.",
)
_svd_right = _svd(
    "linalg.svdV",
    lambda x: _singular_vectors(x)[1],
    vjp=lambda g, y, x: _svd_vjp("V", g, x),
    adjoint=_of_right,
    sentence="the right singular vectors of X = U diag(s) Vᵀ, "
    "dV = V (F ⊙ 2 sym(diag(s) Uᵀ dX V)), Fᵢⱼ = 1 / (sⱼ² − sᵢ²)",
    sizes=by_columns,
    turned="svdU",
    digits=lambda mp, x: _svd_at_50(mp, x)[2],
    letter="v",
    text="np.linalg.svd({}, full_matrices=False)[2].mT",
    doc="Right singular vectors, the columns of V in X = U diag(S) Vᵀ, as linalg.svd gives them.",
)
_LEFT, _SINGULAR, _RIGHT = map(array_or_tensor, (_svd_left, svdvals, _svd_right))


@public("linalg.svd")
@worded("linalg.svd")
def svd(
    a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False
) -> Any:
    """The thin singular value decomposition X = U diag(S) Vᵀ; ``full_matrices`` must be False."""
    from minigrad.ops.results import SVDResult

    x = _matrices("linalg.svd", a)
    flag("linalg.svd", "hermitian", hermitian)
    if not flag("linalg.svd", "compute_uv", compute_uv):
        return svdvals(x)
    if flag("linalg.svd", "full_matrices", full_matrices) and x.shape[-1] != x.shape[-2]:
        raise ArgumentError(
            "linalg.svd: the extra columns of full matrices are not determined by x and have no "
            "derivative; pass full_matrices=False"
        )
    return SVDResult(_svd_left(x), svdvals(x), _svd_right(x).swapaxes(-1, -2))


def _copied_lower(m: Any) -> Any:
    """The symmetric matrix that shares the lower triangle of m."""
    return np.tril(m) + _t(np.tril(m, -1))


def _qr_vjp(r: Any, inner: Any) -> Any:
    """Times R⁻ᵀ."""
    with singular_in_words("linalg.qr", "the first columns depend on one another"):
        return _t(np.linalg.solve(r, _t(inner)))


def _triangular_vjp(g: Any, y: Any, x: Any) -> Any:
    # Numerically Q from its own factorisation; through R it would lose digits.
    return _qr_vjp(y, _ORTHOGONAL(x) @ _copied_lower(y @ _t(g)))


def _orthogonal_vjp(g: Any, y: Any, x: Any) -> Any:
    return _qr_vjp(_TRIANGULAR(x), g + y @ _copied_lower(-_t(g) @ y))


def _solved(r: Any, inner: Any) -> Any:
    """An adjoint times R⁻ᵀ."""
    r.part("inner", inner)
    r.name("back", "inv", of="R")
    return r.product("ij", [("inner", "ik"), ("back", "jk")])


def _copied(r: Any, m: Any) -> Any:
    """The symmetric matrix that has the lower triangle of M: sym(T ⊙ M), T of twos, and ones on the diagonal."""
    r.part("M", m)
    r.nodes["δlower"] = r.triangle(2, 1)
    return r.sym(r.product("ij", [("δlower", "ij"), ("M", "ij")]))


def _of_triangular(r: Any) -> Any:
    """Q sym(T ⊙ (R Gᵀ)) R⁻ᵀ with T the lower triangle of twos and ones on the diagonal."""
    r.nodes["R"] = r.nodes["Y"]
    r.name("Q", "qrQ")
    r.part("copied", _copied(r, r.product("ij", [("Y", "ik"), ("G", "jk")])))
    return _solved(r, r.product("ij", [("Q", "ik"), ("copied", "kj")]))


def _of_orthogonal(r: Any) -> Any:
    """(G - Q sym(T ⊙ (Gᵀ Q))) R⁻ᵀ."""
    r.name("R", "qrR")
    r.part("copied", _copied(r, r.product("ij", [("G", "ki"), ("Y", "kj")])))
    taken = r.product("ij", [("Y", "ik"), ("copied", "kj")], -1)
    return _solved(r, r.sum(r.nodes["G"], taken))


_qr = functools.partial(
    matrix_function,
    of="tall",
    inexact="lengths of columns are square roots, which are not rational",
    domain="invertible",
    names=INTERNAL,
)
_qr_orthogonal = _qr(
    "linalg.qrQ",
    lambda x: np.linalg.qr(x)[0],
    vjp=_orthogonal_vjp,
    adjoint=_of_orthogonal,
    sentence="the orthogonal factor of X = Q R, dQ = (dX − Q dR) R⁻¹",
    digits=lambda mp, x: mp.qr(x, mode="skinny")[0],
    letter="q",
    text="np.linalg.qr({})[0]",
    doc="The factor with orthonormal columns, Q in X = Q R, as linalg.qr gives it.",
)
_qr_triangular = _qr(
    "linalg.qrR",
    lambda x: np.linalg.qr(x)[1],
    vjp=_triangular_vjp,
    adjoint=_of_triangular,
    sentence="the triangular factor of X = Q R, dR = Φ R with Φ the upper triangle of M + tril(M, −1)ᵀ, "
    "M = Qᵀ dX R⁻¹",
    sizes=by_columns,
    digits=lambda mp, x: mp.qr(x, mode="skinny")[1],
    letter="r",
    text="np.linalg.qr({})[1]",
    doc="The upper triangular factor, R in X = Q R, as linalg.qr gives it.",
)
_ORTHOGONAL, _TRIANGULAR = map(array_or_tensor, (_qr_orthogonal, _qr_triangular))


def _is_wide(x: Tensor) -> bool:
    """Whether there are surely more columns than rows; what depends on names is taken for a tall matrix."""
    rows, columns = map(extent, x.shape[-2:])
    return rows != columns and bool(is_at_least(columns - rows, 0))


@public("linalg.qr")
@worded("linalg.qr")
def qr(a: Any, mode: str = "reduced") -> Any:
    """The factors of X = Q R, Q with orthonormal columns and R upper triangular.

    Modes "reduced" and "r", as NumPy has them; the columns that must be independent are the first
    ones, as many as there are rows.
    """
    from minigrad.ops.results import QRResult

    if mode not in ("reduced", "r"):
        raise ArgumentError(f"linalg.qr: mode is 'reduced' or 'r', not {mode!r}")
    x = _matrices("linalg.qr", a)
    rows, wide = x.shape[-2], _is_wide(x)
    square = x[..., :rows] if wide else x
    r = _qr_triangular(square)
    if mode == "r" and not wide:
        return r
    q = _qr_orthogonal(square)
    if wide:
        rest = matmul(q.swapaxes(-1, -2), x[..., rows:])
        r = concatenate([r, rest], -1)
    return r if mode == "r" else QRResult(q, r)
