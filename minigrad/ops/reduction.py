"""Reductions over axes."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.graph.define import builtin_primitive as primitive
from minigrad.index import meaning
from minigrad.ops.axes import (
    SMALL,
    Axes,
    add_reduce,
    axes_signature,
    count_of,
    max_reduce,
    min_reduce,
    ndim_of,
    plain,
    reduction_axes,
    spread,
    weights,
)
from minigrad.ops.shape import broadcast

_Call = tuple[tuple[Any, ...], dict[str, Any]]


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
    best = np.equal(x, spread(y, x.shape, axis, keepdims))
    ties = add_reduce(best, axis, None, None, True).astype(x.dtype)
    return best * (spread(g, x.shape, axis, keepdims) / ties)


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

sum = primitive(
    "sum",
    lambda x, *, axis=None, keepdims=False: add_reduce(x, axis, None, None, keepdims),
    vjps=(_sum_vjp,),
    signature=axes_signature("sum"),
    meaning=meaning.sum_,
    reads=("",),
    doc="Sum over axes, y = Σᵢ xᵢ.",
)

mean = primitive(
    "mean",
    _mean,
    vjps=(_mean_vjp,),
    params={"axis": None, "keepdims": False},
    signature=axes_signature("mean"),
    meaning=meaning.mean,
    reads=("",),
    doc="Mean over axes, y = (1/n) Σᵢ xᵢ.",
)

max = primitive(
    "max",
    lambda x, *, axis=None, keepdims=False: max_reduce(x, axis, None, None, keepdims),
    vjps=(_extremum_vjp,),
    kinks=_TIES,
    masks=True,
    signature=axes_signature("max"),
    meaning=meaning.max_,
    doc="Largest element over axes, y = maxᵢ xᵢ.",
)

min = primitive(
    "min",
    lambda x, *, axis=None, keepdims=False: min_reduce(x, axis, None, None, keepdims),
    vjps=(_extremum_vjp,),
    kinks=_TIES,
    masks=True,
    signature=axes_signature("min"),
    meaning=meaning.min_,
    doc="Smallest element over axes, y = minᵢ xᵢ.",
)


def _spread_signature(name: str) -> Any:
    def signature(x: Any, axis: Any = None, ddof: float = 0, keepdims: bool = False) -> _Call:
        axes = reduction_axes(name, axis, ndim_of(x))
        return (x,), {"axis": axes, "ddof": ddof, "keepdims": bool(keepdims)}

    return signature


var = primitive(
    "var",
    _var,
    vjps=(_var_vjp,),
    params={"axis": None, "ddof": 0, "keepdims": False},
    signature=_spread_signature("var"),
    meaning=meaning.var,
    doc="Variance over axes, y = Σᵢ (xᵢ − mean x)² / (n − ddof).",
)

std = primitive(
    "std",
    _std,
    vjps=(_std_vjp,),
    params={"axis": None, "ddof": 0, "keepdims": False},
    kinks="the derivative is 0 where all elements are equal",
    signature=_spread_signature("std"),
    meaning=meaning.std,
    doc="Standard deviation over axes, the square root of the variance.",
)

nansum = primitive(
    "nansum",
    _nansum,
    vjps=(_nansum_vjp,),
    params={"axis": None, "keepdims": False},
    masks=True,
    kinks="elements that are not a number have derivative 0",
    signature=axes_signature("nansum"),
    doc="Sum over axes of the elements that are numbers.",
)

nanmean = primitive(
    "nanmean",
    _nanmean,
    vjps=(_nanmean_vjp,),
    params={"axis": None, "keepdims": False},
    masks=True,
    kinks="elements that are not a number have derivative 0",
    signature=axes_signature("nanmean"),
    doc="Mean over axes of the elements that are numbers.",
)
