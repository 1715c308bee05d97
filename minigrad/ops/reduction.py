"""The rows of reductions over axes; ``ops.reducing`` gives them NumPy's arguments."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minigrad.graph.call import array_or_tensor
from minigrad.graph.define import builtin_primitive as primitive
from minigrad.ops import meanings as meaning
from minigrad.ops.axes import SMALL, Axes, count_of, max_reduce, min_reduce, plain, spread, weights
from minigrad.ops.meanings import view
from minigrad.ops.precision import (
    HALF,
    SINGLE,
    add_reduce,
    average,
    exact_squares,
    faithful,
    in_single,
    less_mean,
    magnitude,
    plain_reduce,
)
from minigrad.ops.shape import broadcast
from minigrad.primitive import Names


def _sum_vjp(g: Any, y: Any, x: Any, *, axis: Axes | None, keepdims: bool) -> Any:
    return broadcast(spread(g, x.shape, axis, keepdims), x.shape)


def _sum(x: Any, *, axis: Axes | None, keepdims: bool) -> Any:
    if x.dtype is HALF:
        return add_reduce(x, axis, None, None, keepdims)
    return plain_reduce(x, axis, None, None, keepdims)


def _mean(x: Any, *, axis: Axes | None, keepdims: bool) -> Any:
    if axis == (0,) and x.ndim == 2 and not keepdims and 0 < x.size <= SMALL:
        if x.dtype.kind == "f" and x.dtype is not HALF:
            return weights(x.shape[0], 1 / x.shape[0], x.dtype).dot(x)
    return average(x, axis, keepdims)


def _mean_vjp(g: Any, y: Any, x: Any, *, axis: Axes | None, keepdims: bool) -> Any:
    g = g * (1.0 / (count_of(x.shape, axis) or 1))
    return broadcast(spread(g, x.shape, axis, keepdims), x.shape)


def _extremum_vjp(g: Any, y: Any, x: Any, *, axis: Axes | None, keepdims: bool) -> Any:
    y = spread(y, x.shape, axis, keepdims)
    best = np.equal(x, y)
    if np.isnan(plain(y)).any():  # What is not a number has won, and equals nothing.
        best = best | (np.isnan(plain(x)) & np.isnan(plain(y)))
    share = _shared(spread(g, x.shape, axis, keepdims), add_reduce(best, axis, None, None, True))
    return np.where(best, share, np.zeros((), g.dtype))


def _shared(g: Any, count: Any) -> Any:
    """G / count; float16 does not hold large counts."""
    if g.dtype == HALF:
        return (g.astype(SINGLE) / count.astype(SINGLE)).astype(HALF)
    return g / count.astype(g.dtype)


def _per_degree(x: Any, axis: Axes | None, ddof: float) -> float:
    """1 / (n − ddof), infinite where nothing is left, as NumPy divides by max(n − ddof, 0)."""
    degrees = max(count_of(x.shape, axis) - ddof, 0)
    return 1.0 / degrees if degrees else math.inf


def _var_vjp(g: Any, y: Any, x: Any, *, axis: Axes | None, ddof: float, keepdims: bool) -> Any:
    with np.errstate(invalid="ignore"):
        slope = 2 * _per_degree(x, axis, ddof) * less_mean(x, axis)
    return spread(g, x.shape, axis, keepdims) * slope


def _std_vjp(g: Any, y: Any, x: Any, *, axis: Axes | None, ddof: float, keepdims: bool) -> Any:
    # The standard deviation of equal numbers is a norm at 0: its derivative is taken as 0. The
    # quotient of two lengths comes first, which is of the order of 1 wherever they lie.
    centred = less_mean(x, axis)
    if not faithful(y):
        centred = centred / magnitude(centred, axis)
        y = _std_in_rules(centred, axis=axis, ddof=ddof, keepdims=keepdims)
    g, y = spread(g, x.shape, axis, keepdims), spread(y, x.shape, axis, keepdims)
    flat = np.equal(y, 0)
    turned = centred / np.where(flat, np.ones((), y.dtype), y)
    with np.errstate(invalid="ignore"):
        slope = turned * _per_degree(x, axis, ddof)
    return g * np.where(flat, np.zeros((), slope.dtype), slope)


def _std(x: Any, *, axis: Axes | None, ddof: float, keepdims: bool) -> Any:
    if x.dtype.kind != "f" or not x.size or count_of(x.shape, axis) <= ddof:
        return np.std(x, axis=axis, ddof=ddof, keepdims=keepdims)
    with np.errstate(over="ignore"):
        y = np.std(x, axis=axis, ddof=ddof, keepdims=keepdims)
    if exact_squares(y):
        return y
    centred = less_mean(x, axis)
    size = magnitude(centred, axis)
    y = np.std(centred / size, axis=axis, ddof=ddof, keepdims=keepdims)
    return y * (size if keepdims else size.reshape(np.shape(y)))


def _is_number(x: Any) -> Any:
    return ~np.isnan(plain(x))


def _nansum_vjp(g: Any, y: Any, x: Any, *, axis: Axes | None, keepdims: bool) -> Any:
    g = broadcast(spread(g, x.shape, axis, keepdims), x.shape)
    return np.where(_is_number(x), g, np.zeros((), g.dtype))


def _nanmean_vjp(g: Any, y: Any, x: Any, *, axis: Axes | None, keepdims: bool) -> Any:
    numbers = _is_number(x)
    count = add_reduce(numbers, axis, None, None, True)
    shares = _shared(spread(g, x.shape, axis, keepdims), np.where(count == 0, 1, count))
    return np.where(numbers, shares, np.zeros((), x.dtype))


_TIES = "elements that tie share the gradient equally"

sum_row: Any = primitive(
    "sum",
    _sum,
    vjps=(_sum_vjp,),
    params={"axis": None, "keepdims": False},
    meaning=lambda x, *, axis, keepdims: view.sum_(x, axis, keepdims),
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
    names=Names(numpy=("amax",)),
)

min_row: Any = primitive(
    "min",
    lambda x, *, axis=None, keepdims=False: min_reduce(x, axis, None, None, keepdims),
    vjps=(_extremum_vjp,),
    kinks=_TIES,
    masks=True,
    meaning=meaning.min_,
    doc="Smallest element over axes, y = minᵢ xᵢ.",
    names=Names(numpy=("amin",)),
)


var_row: Any = primitive(
    "var",
    in_single(np.var),
    vjps=(in_single(_var_vjp),),
    params={"axis": None, "ddof": 0, "keepdims": False},
    meaning=meaning.var,
    doc="Variance over axes, y = Σᵢ (xᵢ − mean x)² / (n − ddof).",
)

std_row: Any = primitive(
    "std",
    in_single(_std),
    vjps=(in_single(_std_vjp),),
    params={"axis": None, "ddof": 0, "keepdims": False},
    kinks="the derivative is 0 where all elements are equal",
    meaning=meaning.std,
    doc="Standard deviation over axes, the square root of the variance.",
)
_std_in_rules = array_or_tensor(std_row)

nansum_row: Any = primitive(
    "nansum",
    in_single(np.nansum),
    vjps=(_nansum_vjp,),
    params={"axis": None, "keepdims": False},
    masks=True,
    meaning=meaning.nansum,
    kinks="elements that are not a number have derivative 0",
    doc="Sum over axes of the elements that are numbers.",
)

nanmean_row: Any = primitive(
    "nanmean",
    in_single(np.nanmean),
    vjps=(_nanmean_vjp,),
    params={"axis": None, "keepdims": False},
    masks=True,
    meaning=meaning.nanmean,
    kinks="elements that are not a number have derivative 0",
    doc="Mean over axes of the elements that are numbers.",
)
