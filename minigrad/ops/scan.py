"""Products, running sums and differences along an axis."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minigrad.errors import ArgumentError, LimitError, ShapeError
from minigrad.graph.call import Call
from minigrad.graph.create import as_tensor
from minigrad.graph.define import builtin_composite as composite
from minigrad.graph.define import builtin_primitive as primitive
from minigrad.graph.tensor import describe, said
from minigrad.index.size import Size
from minigrad.ops import meanings as meaning
from minigrad.ops.axes import (
    Axes,
    extent,
    kept_shape,
    ndim_of,
    one_axis,
    product_reduce,
    refuse_out,
    shape_of,
    spread,
)
from minigrad.ops.constants import repeated
from minigrad.ops.joining import concatenate
from minigrad.ops.options import whole
from minigrad.ops.precision import in_single
from minigrad.ops.shape import astype

MOST_TIMES = 10_000  # that one call puts into the graph of a tensor whose sizes have no numbers


def _others(x: Any, axis: int) -> Any:
    """For each element the product of all the others along the axis, exact also among zeros."""
    ones = np.ones(kept_shape(x.shape, (axis,)), x.dtype)
    head = [slice(None)] * x.ndim
    tail = [slice(None)] * x.ndim
    head[axis], tail[axis] = slice(None, -1), slice(1, None)
    before = np.cumprod(np.concatenate([ones, x[tuple(head)]], axis), axis)
    after = np.flip(
        np.cumprod(np.concatenate([ones, np.flip(x[tuple(tail)], axis)], axis), axis), axis
    )
    return before * after


def _prod_vjp(g: Any, y: Any, x: Any, *, axis: Axes | None, keepdims: bool) -> Any:
    if not x.shape:
        return g
    axes = tuple(range(x.ndim)) if axis is None else axis
    if not axes or not math.prod(x.shape):
        return spread(g, x.shape, axis, keepdims) * (x * 0 + 1)
    kept = tuple(i for i in range(x.ndim) if i not in axes)
    order = (*kept, *axes)
    moved = np.transpose(x, order)
    rows = np.reshape(moved, (*(x.shape[i] for i in kept), math.prod(x.shape[i] for i in axes)))
    others = np.reshape(_others(rows, len(kept)), moved.shape)
    return spread(g, x.shape, axis, keepdims) * np.transpose(
        others, tuple(np.argsort(order).tolist())
    )


prod_row: Any = primitive(
    "prod",
    lambda x, *, axis=None, keepdims=False: product_reduce(x, axis, None, None, keepdims),
    vjps=(_prod_vjp,),
    kinks="exact where elements are 0: the derivative is the product of the other elements",
    meaning=meaning.prod,
    doc="Product over axes, y = Πᵢ xᵢ.",
)


def _scan_signature(name: str) -> Any:
    def signature(a: Any, axis: int | None = None, dtype: Any = None, out: Any = None) -> Call:
        refuse_out(name, out)
        x = as_tensor(a, name) if dtype is None else astype(a, dtype)
        if axis is None or (axis in (0, -1) and not ndim_of(x)):
            return (as_tensor(x).reshape(-1),), {"axis": 0}
        return (x,), {"axis": one_axis(name, axis, ndim_of(x))}

    return signature


cumsum = primitive(
    "cumsum",
    in_single(lambda x, *, axis: np.cumsum(x, axis)),
    vjps=(in_single(lambda g, y, x, *, axis: np.flip(np.cumsum(np.flip(g, axis), axis), axis)),),
    params={"axis": 0},
    signature=_scan_signature("cumsum"),
    meaning=meaning.cumsum,
    doc="Running sums along an axis, yᵢ = Σⱼ≤ᵢ xⱼ.",
)


def _products_between(x: Any, axis: int) -> Any:
    """The matrix whose entry (i, j) is the product of xⱼ₊₁ … xᵢ for j ≤ i, else 0."""
    n = x.shape[axis]
    rows = np.moveaxis(x, axis, -1)
    row = np.reshape(rows, (*rows.shape[:-1], 1, n))
    i, j = np.arange(n)[:, None], np.arange(n)[None, :]
    # Entry (j, m) of the factors is x_m for m > j and 1 before, so that a running product along m
    # gives every product between two places without a division.
    factors = np.where(j > i, row, np.ones((), x.dtype))
    return np.where(j >= i, np.cumprod(factors, -1), np.zeros((), x.dtype))


def _cumprod_vjp(g: Any, y: Any, x: Any, *, axis: int) -> Any:
    n = x.shape[axis]
    if n == 0:
        return g
    between = _products_between(x, axis)
    rows = np.moveaxis(x, axis, -1)
    ones = np.ones((*rows.shape[:-1], 1), x.dtype)
    before = np.cumprod(np.concatenate([ones, rows[..., :-1]], -1), -1)
    sums = np.matmul(between, np.expand_dims(np.moveaxis(g, axis, -1), -1))
    return np.moveaxis(before * np.squeeze(sums, -1), -1, axis)


cumprod = primitive(
    "cumprod",
    lambda x, *, axis=0: np.cumprod(x, axis),
    vjps=(_cumprod_vjp,),
    kinks="exact where elements are 0",
    meaning=meaning.cumprod,
    signature=_scan_signature("cumprod"),
    doc="Running products along an axis, yᵢ = Πⱼ≤ᵢ xⱼ.",
)


@composite("diff")
def diff(a: Any, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Any:
    """Differences of neighbours along an axis, yᵢ = xᵢ₊₁ − xᵢ, taken n times."""
    x = as_tensor(a, "diff")
    n = whole("diff", "the order n", n)
    if n < 0:
        raise ArgumentError(f"diff: the order n must not be negative, got {n}")
    axis = one_axis("diff", axis, ndim_of(x))
    if n == 0:
        return x
    parts = [_edge(prepend, x, axis), x, _edge(append, x, axis)]
    if prepend is not None or append is not None:
        x = concatenate([part for part in parts if part is not None], axis)
    ahead = (slice(None),) * axis + (slice(1, None),)
    behind = (slice(None),) * axis + (slice(None, -1),)
    size = extent(x.shape[axis])
    if isinstance(size, Size) and n > MOST_TIMES:
        raise LimitError(
            f"diff: takes differences of {describe(x)} at most {MOST_TIMES:,} times, not {said(n)}"
        )
    for _ in range(n if isinstance(size, Size) else min(n, size)):  # then nothing is left
        x = x[ahead] - x[behind]
    return x


def _edge(values: Any, x: Any, axis: int) -> Any:
    """What stands before or behind; a single number stands for a whole slice."""
    if values is None:
        return None
    edge = as_tensor(values, "diff")
    if edge.ndim:
        return edge
    return repeated(edge, [1 if i == axis else extent(s) for i, s in enumerate(x.shape)])


@composite("trapezoid")
@in_single
def trapezoid(y: Any, x: Any = None, dx: float = 1.0, axis: int = -1) -> Any:
    """Integral by the trapezoidal rule along an axis, Σᵢ (xᵢ₊₁ − xᵢ)(yᵢ + yᵢ₊₁) / 2."""
    y = as_tensor(y, "trapezoid")
    axis = one_axis("trapezoid", axis, ndim_of(y))
    width: Any = dx
    if x is not None:
        x = as_tensor(x, "trapezoid")
        if ndim_of(x) == 1:
            if shape_of(x)[0] != shape_of(y)[axis]:
                raise ShapeError(
                    f"trapezoid: x has {shape_of(x)[0]} points but y has {shape_of(y)[axis]} "
                    f"along axis {axis}"
                )
            shape = [1] * ndim_of(y)
            shape[axis] = -1
            width = diff(x).reshape(tuple(shape))
        else:
            width = diff(x, axis=axis)
    ahead = (slice(None),) * axis + (slice(1, None),)
    behind = (slice(None),) * axis + (slice(None, -1),)
    return (width * (y[ahead] + y[behind]) / 2.0).sum(axis=axis)
