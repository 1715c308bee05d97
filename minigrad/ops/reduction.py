"""The rows of reductions over axes; ``ops.reducing`` gives them NumPy's arguments."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.graph.define import builtin_primitive as primitive
from minigrad.ops import meanings as meaning
from minigrad.ops.axes import (
    SMALL,
    Axes,
    add_reduce,
    count_of,
    max_reduce,
    min_reduce,
    plain,
    spread,
    weights,
)
from minigrad.ops.shape import broadcast


def _sum_vjp(g: Any, y: Any, x: Any, *, axis: Axes | None, keepdims: bool) -> Any:
    return broadcast(spread(g, x.shape, axis, keepdims), x.shape)


def _mean(x: Any, *, axis: Axes | None, keepdims: bool) -> Any:
    if axis == (0,) and x.ndim == 2 and not keepdims and x.size <= SMALL and x.dtype.kind == "f":
        return weights(x.shape[0], 1 / x.shape[0], x.dtype).dot(x)
    return add_reduce(x, axis, None, None, keepdims) / count_of(x.shape, axis)


def _mean_vjp(g: Any, y: Any, x: Any, *, axis: Axes | None, keepdims: bool) -> Any:
    g = g * (1.0 / (count_of(x.shape, axis) or 1))
    return broadcast(spread(g, x.shape, axis, keepdims), x.shape)


def _extremum_vjp(g: Any, y: Any, x: Any, *, axis: Axes | None, keepdims: bool) -> Any:
    y = spread(y, x.shape, axis, keepdims)
    best = np.equal(x, y)
    if np.isnan(plain(y)).any():  # What is not a number has won, and equals nothing.
        best = best | (np.isnan(plain(x)) & np.isnan(plain(y)))
    ties = add_reduce(best, axis, None, None, True).astype(x.dtype)
    return np.where(best, spread(g, x.shape, axis, keepdims) / ties, np.zeros((), x.dtype))


def _var(x: Any, *, axis: Axes | None, ddof: float, keepdims: bool) -> Any:
    return np.var(x, axis=axis, ddof=ddof, keepdims=keepdims)


def _centred(x: Any, axis: Axes | None) -> Any:
    return x - add_reduce(x, axis, None, None, True) / count_of(x.shape, axis)


def _var_vjp(g: Any, y: Any, x: Any, *, axis: Axes | None, ddof: float, keepdims: bool) -> Any:
    scale = np.divide(2.0, count_of(x.shape, axis) - ddof).item()
    return spread(g, x.shape, axis, keepdims) * (scale * _centred(x, axis))


def _std_vjp(g: Any, y: Any, x: Any, *, axis: Axes | None, ddof: float, keepdims: bool) -> Any:
    # The standard deviation of equal numbers is a norm at 0: its derivative is taken as 0.
    flat = np.equal(y, 0)
    g = np.where(flat, 0, g / np.where(flat, 1, y))
    scale = 1.0 / (count_of(x.shape, axis) - ddof)
    return spread(g, x.shape, axis, keepdims) * (_centred(x, axis) * scale)


def _std(x: Any, *, axis: Axes | None, ddof: float, keepdims: bool) -> Any:
    return np.std(x, axis=axis, ddof=ddof, keepdims=keepdims)


def _nansum(x: Any, *, axis: Axes | None, keepdims: bool) -> Any:
    return np.nansum(x, axis=axis, keepdims=keepdims)


def _is_number(x: Any) -> Any:
    return ~np.isnan(plain(x))


def _nansum_vjp(g: Any, y: Any, x: Any, *, axis: Axes | None, keepdims: bool) -> Any:
    g = broadcast(spread(g, x.shape, axis, keepdims), x.shape)
    return np.where(_is_number(x), g, np.zeros((), g.dtype))


def _nanmean(x: Any, *, axis: Axes | None, keepdims: bool) -> Any:
    return np.nanmean(x, axis=axis, keepdims=keepdims)


def _nanmean_vjp(g: Any, y: Any, x: Any, *, axis: Axes | None, keepdims: bool) -> Any:
    numbers = _is_number(x)
    count = add_reduce(numbers, axis, None, None, True).astype(x.dtype)
    shares = spread(g, x.shape, axis, keepdims) / np.where(count == 0, 1, count).astype(x.dtype)
    return np.where(numbers, shares, np.zeros((), x.dtype))


_TIES = "elements that tie share the gradient equally"

sum_row: Any = primitive(
    "sum",
    lambda x, *, axis=None, keepdims=False: add_reduce(x, axis, None, None, keepdims),
    vjps=(_sum_vjp,),
    meaning=meaning.sum_,
    reads=("",),
    doc="Sum over axes, y = Σᵢ xᵢ.",
)

mean_row: Any = primitive(
    "mean",
    _mean,
    vjps=(_mean_vjp,),
    params={"axis": None, "keepdims": False},
    meaning=meaning.mean,
    reads=("",),
    doc="Mean over axes, y = (1/n) Σᵢ xᵢ.",
)

max_row: Any = primitive(
    "max",
    lambda x, *, axis=None, keepdims=False: max_reduce(x, axis, None, None, keepdims),
    vjps=(_extremum_vjp,),
    kinks=_TIES,
    masks=True,
    meaning=meaning.max_,
    doc="Largest element over axes, y = maxᵢ xᵢ.",
)

min_row: Any = primitive(
    "min",
    lambda x, *, axis=None, keepdims=False: min_reduce(x, axis, None, None, keepdims),
    vjps=(_extremum_vjp,),
    kinks=_TIES,
    masks=True,
    meaning=meaning.min_,
    doc="Smallest element over axes, y = minᵢ xᵢ.",
)


var_row: Any = primitive(
    "var",
    _var,
    vjps=(_var_vjp,),
    params={"axis": None, "ddof": 0, "keepdims": False},
    meaning=meaning.var,
    doc="Variance over axes, y = Σᵢ (xᵢ − mean x)² / (n − ddof).",
)

std_row: Any = primitive(
    "std",
    _std,
    vjps=(_std_vjp,),
    params={"axis": None, "ddof": 0, "keepdims": False},
    kinks="the derivative is 0 where all elements are equal",
    meaning=meaning.std,
    doc="Standard deviation over axes, the square root of the variance.",
)

nansum_row: Any = primitive(
    "nansum",
    _nansum,
    vjps=(_nansum_vjp,),
    params={"axis": None, "keepdims": False},
    masks=True,
    meaning=meaning.nansum,
    kinks="elements that are not a number have derivative 0",
    doc="Sum over axes of the elements that are numbers.",
)

nanmean_row: Any = primitive(
    "nanmean",
    _nanmean,
    vjps=(_nanmean_vjp,),
    params={"axis": None, "keepdims": False},
    masks=True,
    meaning=meaning.nanmean,
    kinks="elements that are not a number have derivative 0",
    doc="Mean over axes of the elements that are numbers.",
)
