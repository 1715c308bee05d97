"""Inverse, pseudo-inverse, determinant and triangular factor.

Sources of the differentials: Petersen and Pedersen, The Matrix Cookbook, (40) to (43); I. Murray,
Differentiation of the Cholesky decomposition, arXiv:1602.07527, equation (8); G. H. Golub and V. Pereyra,
The differentiation of pseudo-inverses and nonlinear least squares problems, SIAM J. Numer. Anal. 10
(1973), (4.12).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.graph.call import array_or_tensor, face, worded
from minigrad.graph.create import as_tensor
from minigrad.graph.tensor import Tensor, wrap
from minigrad.index.matrix_row import flipped, scalar
from minigrad.ops.eigen import singular_in_words, symmetric_matrix, symmetric_part
from minigrad.ops.matrix_function import builtin_matrix_function as matrix_function
from minigrad.ops.matrix_function import transposed as _t
from minigrad.ops.piecewise import sign
from minigrad.primitive import INTERNAL

if TYPE_CHECKING:
    from minigrad.ops.results import SlogdetResult


inv = matrix_function(
    "linalg.inv",
    np.linalg.inv,
    vjp=lambda g, y, x: -(_t(y) @ g @ _t(y)),
    adjoint=lambda r: r.product("ij", [("Y", "ri"), ("G", "rs"), ("Y", "js")], -1),
    sentence="the inverse, d(X⁻¹) = −X⁻¹ dX X⁻¹",
    objects=lambda at, x: at.inverse(x),
    single="1/x",
    keeps=True,
    inverts=True,
    text="np.linalg.inv({})",
    sympy=lambda s, x: s.Inverse(x),
    domain="invertible",
    doc="Inverse matrix, Y = X⁻¹.",
)


def _column(g: Any) -> Any:
    return np.reshape(g, (*g.shape, 1, 1))


def _svd(x: Any) -> Any:
    """Singular values with their vectors; not a number where an element is not finite."""
    lost = ~np.isfinite(x).all((-1, -2), keepdims=True)
    if not lost.any():
        return np.linalg.svd(x)
    u, s, vt = np.linalg.svd(np.where(lost, 0, x))
    return u, np.where(lost[..., 0], np.nan, s), vt


def _cofactors(x: Any) -> Any:
    """The matrix of cofactors by singular values, exact also where x is singular."""
    u, s, vt = _svd(x)
    n = x.shape[-1]
    others = np.zeros(s.shape, s.dtype)  # of no rows there are none to stack
    for i in range(n):
        others[..., i] = np.prod(np.delete(s, i, -1), -1)
    sign = np.linalg.det(u) * np.linalg.det(vt)
    return _column(sign) * ((u * others[..., None, :]) @ vt)


def _but_two(s: Any) -> Any:
    """The products of all but two factors, entry (k, l) without sₖ and sₗ; 0 for k = l."""
    n = s.shape[-1]
    pairs = np.zeros((*s.shape, n), s.dtype)
    for k in range(n):
        for m in range(k + 1, n):
            pairs[..., k, m] = pairs[..., m, k] = np.prod(np.delete(s, (k, m), -1), -1)
    return pairs


def _cofactors_vjp(g: Any, y: Any, x: Any) -> Any:
    if isinstance(x, Tensor) or isinstance(g, Tensor):
        inverse = _t(np.linalg.inv(x))
        total = (g * inverse).sum((-1, -2), keepdims=True)
        return _column(np.linalg.det(x)) * (total * inverse - inverse @ _t(g) @ inverse)
    # With X = U S Vᵀ and H = Uᵀ G V the division by singular values cancels in every term.
    u, s, vt = _svd(x)
    h = _t(u) @ g @ _t(vt)
    pairs = _but_two(s)
    weights = np.einsum("...ki,...ii->...k", pairs, h)
    inner = weights[..., None] * np.eye(x.shape[-1], dtype=x.dtype) - pairs * _t(h)
    sign = np.linalg.det(u) * np.linalg.det(vt)
    return _column(sign) * (u @ inner @ vt)


def _of_cofactors(r: Any) -> Any:
    """<G, Y> X⁻ᵀ - Y Gᵀ X⁻ᵀ."""
    r.name("inverse", "inv")
    whole = r.product("ij", [("G", "ab"), ("Y", "ab"), ("inverse", "ji")])
    return r.sum(whole, r.product("ij", [("Y", "ia"), ("G", "ba"), ("inverse", "jb")], -1))


_COFACTORS = """\
def cofactors(x):
    u, s, vt = np.linalg.svd(x)
    others = [np.prod(np.delete(s, k, -1), -1) for k in range(s.shape[-1])]
    others = np.stack(others, -1) if others else s
    sign = np.linalg.det(u) * np.linalg.det(vt)
    return sign[..., None, None] * ((u * others[..., None, :]) @ vt)
"""
_COFACTORS_IN_TORCH = """\
def cofactors(x):
    u, s, vt = torch.linalg.svd(x)
    kept = [[j for j in range(s.shape[-1]) if j != k] for k in range(s.shape[-1])]
    others = torch.stack([torch.prod(s[..., rest], dim=-1) for rest in kept], -1)
    sign = torch.linalg.det(u) * torch.linalg.det(vt)
    return sign[..., None, None] * ((u * others[..., None, :]) @ vt)
"""

# What a finished program has in place of det X times X⁻ᵀ.
cofactors = matrix_function(
    "linalg.cofactors",
    _cofactors,
    vjp=_cofactors_vjp,
    adjoint=_of_cofactors,
    sentence="the cofactors C = det(X) X⁻ᵀ, dC = tr(X⁻¹ dX) C − C dXᵀ X⁻ᵀ",
    objects=lambda at, x: _t(at.inverse(x) * _column(at.determinant(x))),
    keeps=True,
    letter="t",
    text="cofactors({})",
    helper=_COFACTORS,
    dialects={"jax": _COFACTORS.replace("np.", "jnp."), "torch": _COFACTORS_IN_TORCH},
    domain="invertible",
    kinks="exact at singular matrices, to first order",
    doc="Matrix of cofactors, Y = det(X) X⁻ᵀ where X has an inverse: the gradient of det.",
    names=INTERNAL,
)
_cofactors_in_rules = array_or_tensor(cofactors)


def _det_vjp(g: Any, y: Any, x: Any) -> Any:
    return _column(g) * _cofactors_in_rules(x) if x.size else x * 0


def _of_det(r: Any) -> Any:
    """G det X X⁻ᵀ."""
    r.name("inverse", "inv")
    return r.product("ij", [("G", ""), ("Y", ""), ("inverse", "ji")])


det = matrix_function(
    "linalg.det",
    np.linalg.det,
    vjp=_det_vjp,
    adjoint=_of_det,
    sentence="Jacobi's formula, d det X = det(X) tr(X⁻¹ dX)",
    sizes=scalar,
    objects=lambda at, x: at.determinant(x),
    single="x",
    latex=r"\det",
    letter="t",
    text="np.linalg.det({})",
    sympy=lambda s, x: s.Determinant(x),
    domain="invertible",
    kinks="exact at singular matrices to second order: the gradient is the matrix of cofactors",
    doc="Determinant, y = det X.",
)


def _logabsdet_vjp(g: Any, y: Any, x: Any) -> Any:
    with singular_in_words("linalg.slogdet", "the matrix is singular and log |det X| is −∞"):
        return _column(g) * _t(np.linalg.inv(x))


def _of_logdet(r: Any) -> Any:
    """G X⁻ᵀ."""
    r.name("inverse", "inv")
    return r.product("ij", [("G", ""), ("inverse", "ji")])


_logabsdet = matrix_function(
    "linalg.slogdet",
    lambda x: np.linalg.slogdet(x)[1],
    vjp=_logabsdet_vjp,
    adjoint=_of_logdet,
    sentence="the log-determinant, d log det X = tr(X⁻¹ dX)",
    called="logdet",
    sizes=scalar,
    objects=lambda at, x: at.function("log(Abs(x))")(at.determinant(x)),
    inexact="logarithms are not rational",
    single="log(Abs(x))",
    latex=r"\log\det",
    letter="t",
    text="np.linalg.slogdet({})[1]",
    sympy=lambda s, x: s.log(s.Abs(s.Determinant(x))),
    domain="invertible",
    doc="Logarithm of the absolute determinant, y = log |det X|.",
)


@face(_logabsdet)
def slogdet(a: Any) -> SlogdetResult:
    """Sign and logarithm of the determinant; the sign is constant almost everywhere."""
    from minigrad.ops.results import SlogdetResult

    x = as_tensor(a, "linalg.slogdet")
    value = _logabsdet(x)
    if x._array is None:
        return SlogdetResult(sign(det(x)), value)
    return SlogdetResult(wrap(np.linalg.slogdet(x._value("linalg.slogdet"))[0]), value)


def _halved(x: Any) -> Any:
    """The lower triangle with half of the diagonal."""
    n = x.shape[-1]
    return x * (np.tril(np.ones((n, n), x.dtype)) - 0.5 * np.eye(n, dtype=x.dtype))


def _cholesky_vjp(g: Any, y: Any, x: Any) -> Any:
    below = np.linalg.inv(y)
    return symmetric_part(_t(below) @ _halved(_t(y) @ g) @ below)


def _of_cholesky(r: Any) -> Any:
    """The symmetric part of L⁻ᵀ P(Lᵀ G) L⁻¹, P keeping the lower triangle and half the diagonal."""
    r.name("below", "inv", of="Y")
    r.nodes["δhalved"] = r.triangle(1, r.half)
    inner = [("δhalved", "rs"), ("Y", "kr"), ("G", "ks")]
    ways = ("ri", "sj"), ("rj", "si")
    return r.sum(*(r.product("ij", [("below", i), *inner, ("below", j)], r.half) for i, j in ways))


def _lower_factor(at: Any, x: Any) -> Any:
    """Row by row, by square roots of what is left of the diagonal."""
    factor = np.zeros_like(x) * at.number(0)
    for i in range(x.shape[-1]):
        for j in range(i + 1):
            known = (factor[..., i, :j] * factor[..., j, :j]).sum(-1)
            left = x[..., i, j] + known * at.number(-1)
            if i != j:
                factor[..., i, j] = left * at.power(factor[..., j, j], -1)
            else:
                factor[..., i, j] = at.sqrt(left)
    return factor


_cholesky = matrix_function(
    "linalg.cholesky",
    lambda x: np.linalg.cholesky(symmetric_matrix(x)),
    vjp=_cholesky_vjp,
    adjoint=_of_cholesky,
    sentence="the Cholesky factor, dL = L Φ(L⁻¹ dX L⁻ᵀ), Φ the lower half with half the diagonal",
    of="symmetric",
    objects=_lower_factor,
    inexact="its diagonal is square roots, which are not rational",
    single="sqrt(x)",
    letter="l",
    text="np.linalg.cholesky({})",
    domain="spd",
    doc="Lower triangular factor of a symmetric positive definite matrix, X = Y Yᵀ.",
)


@face(_cholesky)
@worded("linalg.cholesky")
def cholesky(a: Any, /, *, upper: bool = False) -> Tensor:
    """Lower (or upper) triangular factor of a symmetric positive definite matrix, X = Y Yᵀ."""
    lower: Tensor = _cholesky(a)
    return lower.swapaxes(-1, -2) if upper else lower


def _pinv_vjp(g: Any, y: Any, x: Any, *, rcond: Any, hermitian: bool) -> Any:
    x = symmetric_matrix(x) if hermitian else x
    left = np.eye(x.shape[-2], dtype=x.dtype) - x @ y
    right = np.eye(x.shape[-1], dtype=x.dtype) - y @ x
    c = -(_t(y) @ g @ _t(y)) + left @ _t(g) @ (y @ _t(y)) + (_t(y) @ y) @ _t(g) @ right
    return symmetric_part(c) if hermitian else c


def _of_pinv(r: Any) -> Any:
    """-Yᵀ G Yᵀ + (I - X Y) Gᵀ Y Yᵀ + Yᵀ Y Gᵀ (I - Y X)."""
    r.nodes["left"] = r.without(r.rows, [("X", "ik"), ("Y", "kj")])
    r.nodes["right"] = r.without(r.columns, [("Y", "ik"), ("X", "kj")])
    return r.sum(
        r.product("ij", [("Y", "ri"), ("G", "rs"), ("Y", "js")], -1),
        r.product("ij", [("left", "ia"), ("G", "ba"), ("Y", "bc"), ("Y", "jc")]),
        r.product("ij", [("Y", "ai"), ("Y", "ab"), ("G", "cb"), ("right", "cj")]),
    )


def _full_rank_pinv(at: Any, x: Any) -> Any:
    """Of a matrix of full rank."""
    if x.shape[-2] >= x.shape[-1]:
        return at.inverse(_t(x) @ x) @ _t(x)
    return _t(x) @ at.inverse(x @ _t(x))


pinv = matrix_function(
    "linalg.pinv",
    lambda x, *, rcond=None, hermitian=False: np.linalg.pinv(
        symmetric_matrix(x) if hermitian else x, rcond, hermitian
    ),
    vjp=_pinv_vjp,
    adjoint=_of_pinv,
    sentence="the pseudo-inverse of locally constant rank, "
    "dX⁺ = −X⁺ dX X⁺ + X⁺ X⁺ᵀ dXᵀ (I − X X⁺) + (I − X⁺ X) dXᵀ X⁺ᵀ X⁺",
    of="any",
    sizes=flipped,
    objects=_full_rank_pinv,
    keeps=True,
    text="np.linalg.pinv({})",
    domain="invertible",
    kinks="the rank is taken as locally constant",
    signature=lambda a, rcond=None, hermitian=False, *, rtol=None: (
        (a,),
        {"rcond": rcond if rtol is None else rtol, "hermitian": bool(hermitian)},
    ),
    doc="Moore–Penrose inverse, Y = X⁺.",
)
