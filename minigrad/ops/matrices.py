"""Inverse, determinant, triangular factor, and solutions of linear systems."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from minigrad.errors import ArgumentError
from minigrad.graph.call import array_or_tensor, face, worded
from minigrad.graph.create import as_tensor
from minigrad.graph.define import builtin_primitive as primitive
from minigrad.graph.tensor import Tensor, wrap
from minigrad.ops import meanings as meaning
from minigrad.ops import shape_messages
from minigrad.ops.decompositions import singular_in_words, symmetric_matrix, symmetric_part
from minigrad.ops.piecewise import sign
from minigrad.ops.scipy_loader import scipy_linalg
from minigrad.primitive import INTERNAL


def _t(x: Any) -> Any:
    return x.swapaxes(-1, -2)


inv = primitive(
    "linalg.inv",
    np.linalg.inv,
    vjps=(lambda g, y, x: -(_t(y) @ g @ _t(y)),),
    shape_message=shape_messages.squares,
    domain="invertible",
    meaning=meaning.inv,
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
    others = np.stack([np.prod(np.delete(s, i, -1), -1) for i in range(n)], -1)
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


cofactors = primitive(
    "linalg.cofactors",
    _cofactors,
    vjps=(_cofactors_vjp,),
    shape_message=shape_messages.squares,
    domain="invertible",
    kinks="exact at singular matrices, to first order",
    doc="Matrix of cofactors, Y = det(X) X⁻ᵀ where X has an inverse: the gradient of det.",
    names=INTERNAL,
)
_cofactors_in_rules = array_or_tensor(cofactors)


def _det_vjp(g: Any, y: Any, x: Any) -> Any:
    return _column(g) * _cofactors_in_rules(x) if x.size else x * 0


det = primitive(
    "linalg.det",
    np.linalg.det,
    vjps=(_det_vjp,),
    shape_message=shape_messages.squares,
    domain="invertible",
    notation=None,
    kinks="exact at singular matrices to second order: the gradient is the matrix of cofactors",
    meaning=meaning.det,
    doc="Determinant, y = det X.",
)

def _logabsdet_vjp(g: Any, y: Any, x: Any) -> Any:
    with singular_in_words("linalg.slogdet", "the matrix is singular and log |det X| is −∞"):
        return _column(g) * _t(np.linalg.inv(x))


_logabsdet = primitive(
    "linalg.slogdet",
    lambda x: np.linalg.slogdet(x)[1],
    vjps=(_logabsdet_vjp,),
    shape_message=shape_messages.squares,
    domain="invertible",
    meaning=meaning.logdet,
    doc="Logarithm of the absolute determinant, y = log |det X|.",
)


class SlogdetResult(NamedTuple):
    """Sign and logarithm of a determinant."""

    sign: Tensor
    logabsdet: Tensor


@face(_logabsdet)
def slogdet(a: Any) -> SlogdetResult:
    """Sign and logarithm of the determinant; the sign is constant almost everywhere."""
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


_cholesky = primitive(
    "linalg.cholesky",
    lambda x: np.linalg.cholesky(symmetric_matrix(x)),
    vjps=(_cholesky_vjp,),
    shape_message=shape_messages.squares,
    domain="spd",
    meaning=meaning.cholesky,
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


pinv = primitive(
    "linalg.pinv",
    lambda x, *, rcond=None, hermitian=False: np.linalg.pinv(
        symmetric_matrix(x) if hermitian else x, rcond, hermitian
    ),
    vjps=(_pinv_vjp,),
    domain="invertible",
    kinks="the rank is taken as locally constant",
    meaning=meaning.pinv,
    signature=lambda a, rcond=None, hermitian=False, *, rtol=None: (
        (a,),
        {"rcond": rcond if rtol is None else rtol, "hermitian": bool(hermitian)},
    ),
    doc="Moore–Penrose inverse, Y = X⁺.",
)


def _solve_a(g: Any, z: Any, a: Any, b: Any) -> Any:
    back = _solve_b(g, z, a, b)
    if b.ndim == 1:
        return -(np.expand_dims(back, -1) @ np.expand_dims(z, -2))
    return -(back @ _t(z))


def _solve_b(g: Any, z: Any, a: Any, b: Any) -> Any:
    if b.ndim == 1 and a.ndim > 2:
        return np.squeeze(np.linalg.solve(_t(a), np.expand_dims(g, -1)), -1)
    return np.linalg.solve(_t(a), g)


solve = primitive(
    "linalg.solve",
    np.linalg.solve,
    vjps=(_solve_a, _solve_b),
    shape_message=shape_messages.systems,
    domain=("invertible", "real"),
    broadcasts=True,
    meaning=meaning.solve,
    doc="The solution Z of X Z = Y.",
)


def _triangular(a: Any, b: Any, *, trans: int, lower: bool, unit_diagonal: bool) -> Any:
    run = scipy_linalg().solve_triangular
    options = {"trans": trans, "lower": lower, "unit_diagonal": unit_diagonal}
    if a.ndim == 2 and b.ndim <= 2:
        return run(a, b, **options)
    columns = b if b.ndim > 1 else b[:, None]
    if a.shape[-1] != a.shape[-2] or a.shape[-1] != columns.shape[-2]:
        raise ValueError("the sizes do not fit")  # Also where there is no system to fail.
    lead = np.broadcast_shapes(a.shape[:-2], columns.shape[:-2])
    many_a = np.broadcast_to(a, lead + a.shape[-2:])
    many_b = np.broadcast_to(columns, lead + columns.shape[-2:])
    out = np.empty(many_b.shape, np.result_type(a, b))
    for place in np.ndindex(*lead):
        out[place] = run(many_a[place], many_b[place], **options)
    return out if b.ndim > 1 else out[..., 0]


def _triangular_b(g: Any, z: Any, a: Any, b: Any, **options: Any) -> Any:
    return solve_triangular_in_rules(a, g, **{**options, "trans": 1 - options["trans"]})


def _triangular_a(g: Any, z: Any, a: Any, b: Any, **options: Any) -> Any:
    back = _triangular_b(g, z, a, b, **options)
    if b.ndim == 1:
        back, z = np.expand_dims(back, -1), np.expand_dims(z, -1)
    full = z @ _t(back) if options["trans"] else back @ _t(z)
    skip = 1 if options["unit_diagonal"] else 0
    return -np.tril(full, -skip) if options["lower"] else -np.triu(full, skip)


def _triangular_signature(
    a: Any, b: Any, trans: Any = 0, lower: bool = False, unit_diagonal: bool = False
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    numbers = {0: 0, 1: 1, 2: 1, "N": 0, "T": 1, "C": 1}
    if trans not in numbers:
        raise ArgumentError(f"linalg.solve_triangular: trans is 0, 1, 'N' or 'T', not {trans!r}")
    params = {"trans": numbers[trans], "lower": bool(lower), "unit_diagonal": bool(unit_diagonal)}
    return (as_tensor(a), as_tensor(b)), params


solve_triangular = primitive(
    "linalg.solve_triangular",
    _triangular,
    vjps=(_triangular_a, _triangular_b),
    params={"trans": 0, "lower": False, "unit_diagonal": False},
    shape_message=shape_messages.systems,
    domain=("invertible", "real"),
    broadcasts=True,
    signature=_triangular_signature,
    meaning=meaning.solve_triangular,
    doc="The solution Z of X Z = Y for a triangular X; the other triangle is not read.",
)
solve_triangular_in_rules = array_or_tensor(solve_triangular)
