"""Norms of vectors and matrices, with derivative 0 at the origin."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minigrad.errors import ArgumentError
from minigrad.graph.call import array_or_tensor, face, worded
from minigrad.graph.create import as_tensor
from minigrad.graph.define import builtin_primitive as primitive
from minigrad.graph.operation import option
from minigrad.ops import meanings as meaning
from minigrad.ops.axes import Axes, dropped_shape, many_axes, spread
from minigrad.ops.decompositions import svdvals
from minigrad.ops.piecewise import abs as absolute
from minigrad.ops.piecewise import sign
from minigrad.ops.precision import add_reduce, exact_squares, faithful, in_single, magnitude
from minigrad.ops.shaping import expand_dims, moveaxis


def _norm(x: Any, *, ord: float, axis: Axes, keepdims: bool) -> Any:
    with np.errstate(divide="ignore", over="ignore"):
        y = _power_mean(x, ord, axis, keepdims)
        if exact_squares(y) and abs(ord) <= 2:
            return y
        size = magnitude(x, axis)
        y = _power_mean(x / size, ord, axis, keepdims)
    return y * (size if keepdims else size.reshape(y.shape))


def _power_mean(x: Any, ord: float, axis: Axes, keepdims: bool) -> Any:
    if ord == 2:
        return np.sqrt(add_reduce(x * x, axis, None, None, keepdims))
    return add_reduce(np.abs(x) ** ord, axis, None, None, keepdims) ** (1.0 / ord)


def _norm_vjp(g: Any, y: Any, x: Any, *, ord: float, axis: Axes, keepdims: bool) -> Any:
    if not faithful(y):
        # A direction is that of any multiple: a length beyond the largest number is never needed.
        x = x / magnitude(x, axis)
        y = _norm_in_rules(x, ord=ord, axis=axis, keepdims=keepdims)
    g, y = spread(g, x.shape, axis, keepdims), spread(y, x.shape, axis, keepdims)
    origin = np.equal(y, 0)
    length = np.where(origin, np.ones((), y.dtype), y)
    if ord == 2:
        # The quotient of lengths comes first: it is of the order of 1 wherever they lie.
        return g * np.where(origin, np.zeros((), length.dtype), x / length)
    # |x|ᵖ⁻² x is 0 at x = 0 for p > 1, though the power alone need not be finite there.
    size = np.abs(x)
    flat = np.equal(size, 0)
    ratio = np.where(flat, np.ones((), size.dtype), size) / length
    slope = np.where(flat, np.zeros((), size.dtype), ratio ** (ord - 1)) * np.sign(x)
    return g * np.where(origin, np.zeros((), slope.dtype), slope)


vector_norm = primitive(
    "linalg.norm",
    in_single(_norm),
    vjps=(in_single(_norm_vjp),),
    params={"ord": 2, "axis": None, "keepdims": False},
    kinks="the derivative at the origin is 0, and so is that of |xᵢ|ᵖ at xᵢ = 0",
    meaning=meaning.norm,
    doc="The p-norm over axes, y = (Σᵢ |xᵢ|ᵖ)^(1/p).",
)
_norm_in_rules = array_or_tensor(vector_norm)


def floats(name: str, x: Any) -> Any:
    """A tensor of floats, as roots are."""
    x = as_tensor(x, name)
    return x if x.dtype.kind == "f" else x.astype(float)


@face(vector_norm)
@worded("linalg.norm")
def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """Norm of a vector or a matrix, with NumPy's orders.

    Raises
    ------
    ArgumentError
        When the order does not exist for the number of axes.
    """
    x, ord = floats("linalg.norm", x), option("linalg.norm", "ord", ord)
    if axis is None and (
        ord is None or (x.ndim == 1 and ord == 2) or (x.ndim == 2 and ord == "fro")
    ):
        return vector_norm(x, ord=2, axis=tuple(range(x.ndim)), keepdims=bool(keepdims))
    axes = tuple(range(x.ndim)) if axis is None else many_axes("linalg.norm", axis, x.ndim)
    if len(axes) == 1:
        return norm_along(x, ord, axes, bool(keepdims))
    if len(axes) == 2:
        return _matrix(x, ord, axes, bool(keepdims))
    raise ArgumentError(
        f"linalg.norm: an order applies to vectors and matrices, not to {len(axes)} axes; "
        "choose one or two with axis="
    )


def norm_along(x: Any, ord: Any, axes: Axes, keepdims: bool) -> Any:
    """The norm of all elements along the axes as of one vector."""
    if ord == math.inf:
        return absolute(x).max(axes, keepdims=keepdims)
    if ord == -math.inf:
        return absolute(x).min(axes, keepdims=keepdims)
    if ord == 0:
        return absolute(sign(x)).sum(axes, keepdims=keepdims)
    if ord == 1:
        return absolute(x).sum(axes, keepdims=keepdims)
    if ord is not None and not isinstance(ord, int | float):
        raise ArgumentError(f"linalg.norm: {ord!r} is no order of a vector norm")
    return vector_norm(x, ord=2 if ord is None else ord, axis=axes, keepdims=keepdims)


def _matrix(x: Any, ord: Any, axes: Axes, keepdims: bool) -> Any:
    if ord in (None, "fro"):
        return vector_norm(x, ord=2, axis=axes, keepdims=keepdims)
    row, column = axes
    if ord in (1, -1, math.inf, -math.inf):
        first, second = (row, column) if ord in (1, -1) else (column, row)
        sums = absolute(x).sum(first, keepdims=True)
        extreme = (
            sums.max(second, keepdims=True)
            if ord in (1, math.inf)
            else sums.min(second, keepdims=True)
        )
    elif ord in (2, -2, "nuc"):
        s = svdvals(moveaxis(x, axes, (-2, -1)))
        extreme = s.sum(-1) if ord == "nuc" else s.max(-1) if ord == 2 else s.min(-1)
        return expand_dims(extreme, tuple(sorted(axes))) if keepdims else extreme
    else:
        raise ArgumentError(f"linalg.norm: {ord!r} is no order of a matrix norm")
    return extreme if keepdims else extreme.reshape(dropped_shape(x.shape, axes))
