"""NumPy functions that are compositions of rows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad.errors import ArgumentError, AxisError, ShapeError
from minigrad.graph.create import as_tensor
from minigrad.graph.define import builtin_composite as composite
from minigrad.graph.operation import option
from minigrad.graph.tensor import describe, said
from minigrad.ops.axes import check_room, many_axes, one_axis, plain
from minigrad.ops.comparison import not_equal
from minigrad.ops.elementary import logaddexp
from minigrad.ops.indexing import sort
from minigrad.ops.options import whole
from minigrad.ops.piecewise import maximum, minimum, rint, where
from minigrad.ops.precision import in_single
from minigrad.ops.rearrange import diag
from minigrad.ops.reducing import max, mean, min, sum
from minigrad.ops.shape import broadcast_to, reshape
from minigrad.ops.shaping import moveaxis, ravel
from minigrad.primitive import Names


def _operand(name: str, x: Any) -> Any:
    """A tensor, or a plain number, which widens no other operand."""
    return x if isinstance(x, int | float) else as_tensor(x, name)


def _first_number(x: Any, y: Any, chosen: Any) -> Any:
    return where(_missing(x), y, where(_missing(y), x, chosen))


def _missing(x: Any) -> Any:
    """Where an element is not a number, and so differs from itself."""
    return not_equal(x, x)


@composite("fmax", kinks="where both are equal each receives half of the gradient")
def fmax(x1: Any, x2: Any, /) -> Any:
    """The larger element; what is not a number counts as missing."""
    x, y = _operand("fmax", x1), _operand("fmax", x2)
    return _first_number(x, y, maximum(x, y))


@composite("fmin", kinks="where both are equal each receives half of the gradient")
def fmin(x1: Any, x2: Any, /) -> Any:
    """The smaller element; what is not a number counts as missing."""
    x, y = _operand("fmin", x1), _operand("fmin", x2)
    return _first_number(x, y, minimum(x, y))


@composite("logaddexp2")
@in_single
def logaddexp2(x1: Any, x2: Any, /) -> Any:
    """zᵢ = log₂(2^xᵢ + 2^yᵢ), without overflow."""
    unit = math.log(2)
    return logaddexp(_operand("logaddexp2", x1) * unit, _operand("logaddexp2", x2) * unit) / unit


@composite("round", kinks="the derivative is 0, also at the jumps", names=Names(methods=("round",)))
def round(a: Any, decimals: int = 0) -> Any:
    """The nearest number with so many decimals; halves go to the even neighbour."""
    decimals = whole("round", "decimals", option("round", "decimals", decimals))
    x = as_tensor(a, "round")
    if x.dtype.kind in "iu" and decimals >= 0:
        return x
    if not decimals:
        return rint(x)
    if decimals < 0:
        return rint(x / 10.0**-decimals) * 10.0**-decimals
    return rint(x * 10.0**decimals) / 10.0**decimals


@composite("ptp", kinks="elements that tie share the gradient equally")
def ptp(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    """The range of values over axes, max x − min x."""
    return max(a, axis, keepdims=keepdims) - min(a, axis, keepdims=keepdims)


@composite("average")
@in_single
def average(a: Any, axis: Any = None, weights: Any = None, *, keepdims: bool = False) -> Any:
    """Weighted mean over axes, y = Σᵢ wᵢ xᵢ / Σᵢ wᵢ."""
    if weights is None:
        return mean(a, axis, keepdims=keepdims)
    x, w = as_tensor(a, "average"), as_tensor(weights, "average")
    if tuple(w.shape) != tuple(x.shape):
        axes = many_axes("average", tuple(range(x.ndim)) if axis is None else axis, x.ndim)
        if tuple(w.shape) != tuple(x.shape[i] for i in axes):
            raise ShapeError(
                f"average: weights of shape {tuple(w.shape)} fit neither {describe(x)} nor its "
                f"axes {axis}"
            )
        w = moveaxis(reshape(w, (*w.shape, *(1,) * (x.ndim - w.ndim))), tuple(range(w.ndim)), axes)
        w = broadcast_to(w, tuple(x.shape))
    return sum(x * w, axis, keepdims=keepdims) / sum(w, axis, keepdims=keepdims)


@composite("select", domain="real")
def select(condlist: Sequence[Any], choicelist: Sequence[Any], default: Any = 0) -> Any:
    """Of several choices the one whose condition is the first to hold, else the default."""
    if len(condlist) != len(choicelist):
        raise ArgumentError(
            f"select: {len(condlist)} conditions but {len(choicelist)} choices; give one each"
        )
    result = default
    for condition, choice in reversed(list(zip(condlist, choicelist, strict=True))):
        result = where(condition, choice, result)
    return result


@composite("linspace")
def linspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, axis: int = 0) -> Any:
    """Numbers at equal distances from start to stop, along a new axis."""
    dtype = np.result_type(plain(start), plain(stop), 1.0)
    a, b = (as_tensor(x, "linspace").astype(dtype) for x in (start, stop))
    if type(num) is bool or not isinstance(num, int | np.integer) or num < 0:
        raise ArgumentError(f"linspace: num is a whole number from 0 on, not {said(num)}")
    check_room("linspace", (num, *(a + b).shape), a, b)
    steps = num - 1 if endpoint else num
    t = np.arange(num) / steps if steps > 0 else np.zeros(num)
    t = t.astype(dtype).reshape((num, *(1,) * (a + b).ndim))
    return moveaxis(a * (1 - t) + b * t, 0, axis)


@composite("partition", kinks="elements that tie keep their order, and so do their gradients")
def partition(a: Any, kth: Any, axis: int | None = -1) -> Any:
    """Elements arranged so that the k-th stands where sorting would put it: all of them sorted."""
    x = as_tensor(a, "partition")
    if axis is None:
        x, axis = ravel(x), 0
    axis = one_axis("partition", axis, x.ndim)
    size = x.shape[axis]
    for k in np.ravel(option("partition", "kth", kth)):
        place = whole("partition", "kth", k)
        if isinstance(size, int) and not -size <= place < size:
            raise AxisError(
                f"partition: kth={place} is out of bounds for axis {axis} of {describe(x)}"
            )
    return sort(x, axis)


@composite("rollaxis")
def rollaxis(a: Any, axis: int, start: int = 0) -> Any:
    """An axis moved to stand before another."""
    x = as_tensor(a, "rollaxis")
    axis = one_axis("rollaxis", axis, x.ndim)
    start = start + x.ndim if start < 0 else start
    return moveaxis(x, axis, start - 1 if axis < start else start)


@composite("diagflat")
def diagflat(v: Any, k: int = 0) -> Any:
    """A matrix with the flattened elements on its k-th diagonal."""
    return diag(ravel(v), k)
