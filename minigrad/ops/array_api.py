"""Names that NumPy shares with the array API standard, said in terms of older ones."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.errors import ArgumentError, ShapeError
from minigrad.graph.create import as_tensor
from minigrad.graph.define import builtin_composite as composite
from minigrad.graph.operation import option
from minigrad.graph.tensor import describe
from minigrad.ops.axes import many_axes, one_axis, shape_together
from minigrad.ops.contraction import matmul
from minigrad.ops.joining import concatenate
from minigrad.ops.norms import floats, norm, norm_along
from minigrad.ops.precision import in_single
from minigrad.ops.products import cross as cross_of
from minigrad.ops.rearrange import diagonal as diagonal_of
from minigrad.ops.rearrange import trace as trace_of
from minigrad.ops.reducing import sum
from minigrad.ops.scan import cumprod, cumsum
from minigrad.ops.shape import broadcast_to, reshape
from minigrad.ops.shaping import expand_dims, moveaxis, ravel, squeeze
from minigrad.primitive import Names


@composite("vecdot", names=Names(also=("linalg.vecdot",)))
@in_single
def vecdot(x1: Any, x2: Any, axis: int = -1) -> Any:
    """Products of vectors along an axis, z = Σᵢ xᵢ yᵢ; other axes broadcast."""
    x, y = as_tensor(x1, "vecdot"), as_tensor(x2, "vecdot")
    first, second = one_axis("vecdot", axis, x.ndim), one_axis("vecdot", axis, y.ndim)
    if x.shape[first] != y.shape[second]:
        raise ShapeError(
            f"vecdot: vectors of {x.shape[first]} and {y.shape[second]} elements have no product; "
            f"got {describe(x)} and {describe(y)} along axis {axis}"
        )
    return sum(moveaxis(x, first, -1) * moveaxis(y, second, -1), -1)


@composite("matvec")
def matvec(x1: Any, x2: Any) -> Any:
    """Products of matrices and vectors, zᵢ = Σⱼ xᵢⱼ yⱼ; leading axes broadcast."""
    return squeeze(matmul(x1, expand_dims(as_tensor(x2, "matvec"), -1)), -1)


@composite("vecmat")
def vecmat(x1: Any, x2: Any) -> Any:
    """Products of vectors and matrices, zⱼ = Σᵢ xᵢ yᵢⱼ; leading axes broadcast."""
    return squeeze(matmul(expand_dims(as_tensor(x1, "vecmat"), -2), x2), -2)


@composite("vdot")
def vdot(a: Any, b: Any) -> Any:
    """Product of the flattened operands, z = Σᵢ xᵢ yᵢ."""
    return matmul(ravel(a), ravel(b))


@composite("unstack")
def unstack(x: Any, *, axis: int = 0) -> tuple[Any, ...]:
    """The slices along an axis, one by one."""
    x = as_tensor(x, "unstack")
    before = (slice(None),) * one_axis("unstack", axis, x.ndim)
    return tuple(x[(*before, i)] for i in range(int(x.shape[len(before)])))


def _cumulative(
    name: str, scan: Any, start: Any, x: Any, axis: int | None, dtype: Any, include: bool
) -> Any:
    x = as_tensor(x, name)
    if axis is None and x.ndim > 1:
        raise ArgumentError(f"{name}: {describe(x)} has several axes; pass axis=")
    x = x if x.ndim else reshape(x, 1)
    axis = one_axis(name, 0 if axis is None else axis, x.ndim)
    y = scan(x, axis, dtype)
    if not include:
        return y
    shape = tuple(1 if i == axis else int(s) for i, s in enumerate(x.shape))
    return concatenate([np.full(shape, start, y.dtype), y], axis)


@composite("cumulative_sum")
def cumulative_sum(
    x: Any, /, *, axis: int | None = None, dtype: Any = None, include_initial: bool = False
) -> Any:
    """Running sums along an axis, with the 0 they start from where that is asked for."""
    return _cumulative("cumulative_sum", cumsum, 0, x, axis, dtype, include_initial)


@composite("cumulative_prod")
def cumulative_prod(
    x: Any, /, *, axis: int | None = None, dtype: Any = None, include_initial: bool = False
) -> Any:
    """Running products along an axis, with the 1 they start from where that is asked for."""
    return _cumulative("cumulative_prod", cumprod, 1, x, axis, dtype, include_initial)


@composite("linalg.trace")
def trace(x: Any, /, *, offset: int = 0, dtype: Any = None) -> Any:
    """Sum of the diagonal of the last two axes."""
    y = trace_of(x, offset, -2, -1)
    return y if dtype is None else y.astype(dtype)


@composite("linalg.diagonal")
def diagonal(x: Any, /, *, offset: int = 0) -> Any:
    """The diagonal of the last two axes."""
    return diagonal_of(x, offset, -2, -1)


@composite("linalg.cross")
def cross(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    """Vector product of vectors of three components along an axis."""
    return cross_of(x1, x2, axis=axis)


@composite("linalg.vector_norm")
def vector_norm(x: Any, /, *, axis: Any = None, keepdims: bool = False, ord: float = 2) -> Any:
    """The p-norm of all elements along some axes as of one vector, (Σᵢ |xᵢ|ᵖ)^(1/p)."""
    name = "linalg.vector_norm"
    x = floats(name, x)
    axes = tuple(range(x.ndim)) if axis is None else many_axes(name, axis, x.ndim)
    return norm_along(x, option(name, "ord", ord), axes, bool(keepdims))


@composite("linalg.matrix_norm")
def matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Any:
    """Norms of the matrices in the last two axes."""
    return norm(x, option("linalg.matrix_norm", "ord", ord), (-2, -1), keepdims)


@composite("broadcast_arrays")
def broadcast_arrays(*args: Any) -> tuple[Any, ...]:
    """The operands, each repeated to the shape they have together."""
    tensors = [as_tensor(x, "broadcast_arrays") for x in args]
    shape = shape_together("broadcast_arrays", tensors)
    return tuple(broadcast_to(t, shape) for t in tensors)
