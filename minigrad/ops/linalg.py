"""Matrix functions, under NumPy's names: inverse, determinant, solutions, factors."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from minigrad.errors import ArgumentError, ShapeError
from minigrad.graph.define import builtin_composite as composite
from minigrad.graph.define import builtin_primitive as primitive
from minigrad.graph.define import dual
from minigrad.graph.tensor import Tensor, as_tensor, describe, wrap
from minigrad.index import meaning
from minigrad.ops import misfits
from minigrad.ops.axes import add_reduce, one_axis
from minigrad.ops.contraction import matmul
from minigrad.ops.decompositions import eigh, eigvalsh, hermitian, qr, svd, svdvals
from minigrad.ops.norms import norm
from minigrad.ops.scipy_loader import scipy_linalg
from minigrad.ops.shaping import moveaxis

__all__ = [
    "cholesky",
    "det",
    "eigh",
    "eigvalsh",
    "inv",
    "matrix_power",
    "multi_dot",
    "norm",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "solve_triangular",
    "svd",
    "svdvals",
]


def _t(x: Any) -> Any:
    return x.swapaxes(-1, -2)


inv = primitive(
    "linalg.inv",
    np.linalg.inv,
    vjps=(lambda g, y, x: -(_t(y) @ g @ _t(y)),),
    misfit=misfits.squares,
    domain="invertible",
    meaning=meaning.inv,
    doc="Inverse matrix, Y = X⁻¹.",
)


def _column(g: Any) -> Any:
    return np.reshape(g, (*g.shape, 1, 1))


def _cofactors(x: Any) -> Any:
    """The matrix of cofactors by singular values, exact also where x is singular."""
    u, s, vt = np.linalg.svd(x)
    n = x.shape[-1]
    others = np.stack([np.prod(np.delete(s, i, -1), -1) for i in range(n)], -1)
    sign = np.linalg.det(u) * np.linalg.det(vt)
    return _column(sign) * ((u * others[..., None, :]) @ vt)


def _det_vjp(g: Any, y: Any, x: Any) -> Any:
    if isinstance(x, Tensor):
        return _column(g * y) * _t(np.linalg.inv(x))
    return _column(g) * _cofactors(x) if x.size else x * 0


det = primitive(
    "linalg.det",
    np.linalg.det,
    vjps=(_det_vjp,),
    misfit=misfits.squares,
    domain="invertible",
    notation=None,
    kinks="exact at singular matrices: the gradient is the matrix of cofactors",
    meaning=meaning.det,
    doc="Determinant, y = det X.",
)

_logabsdet = primitive(
    "linalg.slogdet",
    lambda x: np.linalg.slogdet(x)[1],
    vjps=(lambda g, y, x: _column(g) * _t(np.linalg.inv(x)),),
    misfit=misfits.squares,
    domain="invertible",
    meaning=meaning.logabsdet,
    doc="Logarithm of the absolute determinant, y = log |det X|.",
)


class SlogdetResult(NamedTuple):
    """Sign and logarithm of a determinant."""

    sign: Tensor
    logabsdet: Tensor


def slogdet(a: Any) -> SlogdetResult:
    """Sign and logarithm of the determinant; the sign is constant almost everywhere."""
    x = as_tensor(a, "linalg.slogdet")
    value = _logabsdet(x)
    return SlogdetResult(wrap(np.linalg.slogdet(x._value("linalg.slogdet"))[0]), value)


slogdet.primitive = _logabsdet.primitive  # type: ignore[attr-defined]


def _symmetric(x: Any) -> Any:
    return (x + _t(x)) / 2


def _halved(x: Any) -> Any:
    """The lower triangle with half of the diagonal."""
    n = x.shape[-1]
    return x * (np.tril(np.ones((n, n), x.dtype)) - 0.5 * np.eye(n, dtype=x.dtype))


def _cholesky_vjp(g: Any, y: Any, x: Any) -> Any:
    below = np.linalg.inv(y)
    return _symmetric(_t(below) @ _halved(_t(y) @ g) @ below)


_cholesky = primitive(
    "linalg.cholesky",
    lambda x: np.linalg.cholesky(hermitian(x)),
    vjps=(_cholesky_vjp,),
    misfit=misfits.squares,
    domain="spd",
    doc="Lower triangular factor of a symmetric positive definite matrix, X = Y Yᵀ.",
)


def cholesky(a: Any, /, *, upper: bool = False) -> Tensor:
    """Lower (or upper) triangular factor of a symmetric positive definite matrix, X = Y Yᵀ."""
    lower: Tensor = _cholesky(a)
    return lower.swapaxes(-1, -2) if upper else lower


cholesky.primitive = _cholesky.primitive  # type: ignore[attr-defined]


def _pinv_vjp(g: Any, y: Any, x: Any, *, rcond: Any, hermitian: bool) -> Any:
    left = np.eye(x.shape[-2], dtype=x.dtype) - x @ y
    right = np.eye(x.shape[-1], dtype=x.dtype) - y @ x
    return -(_t(y) @ g @ _t(y)) + left @ _t(g) @ (y @ _t(y)) + (_t(y) @ y) @ _t(g) @ right


pinv = primitive(
    "linalg.pinv",
    lambda x, *, rcond=None, hermitian=False: np.linalg.pinv(x, rcond, hermitian),
    vjps=(_pinv_vjp,),
    domain="invertible",
    kinks="the rank is taken as locally constant",
    signature=lambda a, rcond=None, hermitian=False, *, rtol=None: (
        (a,),
        {"rcond": rcond if rtol is None else rtol, "hermitian": bool(hermitian)},
    ),
    doc="Moore–Penrose inverse, Y = X⁺.",
)


def _as_column(b: Any, a: Any) -> Any:
    return np.expand_dims(b, -1) if b.ndim == 1 else b


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
    misfit=misfits.systems,
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
    lead = np.broadcast_shapes(a.shape[:-2], columns.shape[:-2])
    many_a = np.broadcast_to(a, lead + a.shape[-2:])
    many_b = np.broadcast_to(columns, lead + columns.shape[-2:])
    out = np.empty(many_b.shape, np.result_type(a, b))
    for place in np.ndindex(*lead):
        out[place] = run(many_a[place], many_b[place], **options)
    return out if b.ndim > 1 else out[..., 0]


def _triangular_b(g: Any, z: Any, a: Any, b: Any, **options: Any) -> Any:
    return solve_triangular_dual(a, g, **{**options, "trans": 1 - options["trans"]})


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
    misfit=misfits.systems,
    domain=("invertible", "real"),
    broadcasts=True,
    signature=_triangular_signature,
    meaning=meaning.solve_triangular,
    doc="The solution Z of X Z = Y for a triangular X; the other triangle is not read.",
)
solve_triangular_dual = dual(solve_triangular)


@composite("linalg.matrix_power", domain="invertible")
def matrix_power(a: Any, n: int) -> Any:
    """The product of n copies of a square matrix; of its inverse where n is negative."""
    x = as_tensor(a, "linalg.matrix_power")
    if n < 0:
        x, n = inv(x), -n
    if n == 0:
        return x * 0 + np.eye(int(x.shape[-1]), dtype=x.dtype)
    result = None
    while n:
        n, odd = divmod(n, 2)
        if odd:
            result = x if result is None else result @ x
        if n:
            x = x @ x
    return result


@composite("linalg.multi_dot")
def multi_dot(arrays: Any) -> Any:
    """The product of several matrices, in the cheapest order."""
    parts = [as_tensor(a, "linalg.multi_dot") for a in arrays]
    if len(parts) < 2:
        raise ShapeError("linalg.multi_dot: needs at least two arrays")
    for part in parts[1:-1]:
        if part.ndim != 2:
            raise ShapeError(f"linalg.multi_dot: inner factors are matrices, not {describe(part)}")
    sizes = [1 if parts[0].ndim == 1 else int(parts[0].shape[0])]
    sizes += [int(part.shape[0]) for part in parts[1:]]
    sizes.append(1 if parts[-1].ndim == 1 else int(parts[-1].shape[-1]))
    return _product(parts, _best_splits(sizes), 0, len(parts) - 1)


def _best_splits(sizes: list[int]) -> dict[tuple[int, int], int]:
    """Where to split each run of factors so that multiplications are fewest."""
    count = len(sizes) - 1
    cost = {(i, i): 0 for i in range(count)}
    split: dict[tuple[int, int], int] = {}
    for length in range(2, count + 1):
        for i in range(count - length + 1):
            j = i + length - 1
            options = [
                (cost[i, k] + cost[k + 1, j] + sizes[i] * sizes[k + 1] * sizes[j + 1], k)
                for k in range(i, j)
            ]
            cost[i, j], split[i, j] = min(options)
    return split


def _product(parts: list[Tensor], split: dict[tuple[int, int], int], i: int, j: int) -> Any:
    if i == j:
        return parts[i]
    k = split[i, j]
    return matmul(_product(parts, split, i, k), _product(parts, split, k + 1, j))


_cross = primitive(
    "cross",
    lambda a, b: np.cross(a, b),
    vjps=(lambda g, z, a, b: np.cross(b, g), lambda g, z, a, b: np.cross(g, a)),
    broadcasts=True,
    meaning=meaning.cross,
    doc="Vector product of vectors of three components along an axis.",
)


def cross(
    a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None
) -> Any:
    """Vector product of vectors of three components along an axis."""
    x, y = as_tensor(a, "cross"), as_tensor(b, "cross")
    if axis is not None:
        axisa = axisb = axisc = axis
    first, second = one_axis("cross", axisa, x.ndim), one_axis("cross", axisb, y.ndim)
    if x.shape[first] != 3 or y.shape[second] != 3:
        raise ShapeError(
            f"cross: both vectors need three components, got {describe(x)} along axis {axisa} and "
            f"{describe(y)} along axis {axisb}"
        )
    x = x if first == x.ndim - 1 else moveaxis(x, first, -1)
    y = y if second == y.ndim - 1 else moveaxis(y, second, -1)
    z = _cross(x, y)
    return z if axisc in (-1, z.ndim - 1) else moveaxis(z, -1, axisc)


cross.primitive = _cross.primitive  # type: ignore[attr-defined]


def _kron_shapes(a: Any, b: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    width = max(a.ndim, b.ndim)
    return (1,) * (width - a.ndim) + a.shape, (1,) * (width - b.ndim) + b.shape


def _kron_left(g: Any, z: Any, a: Any, b: Any) -> Any:
    long_a, long_b = _kron_shapes(a, b)
    split = tuple(n for pair in zip(long_a, long_b, strict=True) for n in pair)
    product = np.reshape(g, split) * np.reshape(b, tuple(n for m in long_b for n in (1, m)))
    return np.reshape(add_reduce(product, tuple(range(1, len(split), 2))), a.shape)


def _kron_right(g: Any, z: Any, a: Any, b: Any) -> Any:
    long_a, long_b = _kron_shapes(a, b)
    split = tuple(n for pair in zip(long_a, long_b, strict=True) for n in pair)
    product = np.reshape(g, split) * np.reshape(a, tuple(n for m in long_a for n in (m, 1)))
    return np.reshape(add_reduce(product, tuple(range(0, len(split), 2))), b.shape)


kron = primitive(
    "kron",
    np.kron,
    vjps=(_kron_left, _kron_right),
    meaning=meaning.kron,
    doc="Kronecker product: every element of x times the whole of y.",
)
