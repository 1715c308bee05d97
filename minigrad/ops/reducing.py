"""Reductions as users call them: NumPy's arguments, in NumPy's order."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minigrad.errors import ArgumentError
from minigrad.graph.call import face
from minigrad.graph.create import as_tensor
from minigrad.graph.operation import option
from minigrad.graph.tensor import Tensor
from minigrad.ops import reduction, scan
from minigrad.ops.arithmetic import sqrt, square
from minigrad.ops.axes import is_symbolic, plain, reduction_params, refuse_out
from minigrad.ops.constants import symbolic_ones
from minigrad.ops.piecewise import maximum, minimum
from minigrad.ops.piecewise import where as choose
from minigrad.ops.precision import add_reduce, in_single
from minigrad.ops.shape import astype

_sum_run, _sum_params = reduction.sum_row.run, reduction_params("sum")
_mean_run, _mean_params = reduction.mean_row.run, reduction_params("mean")
_max_run, _max_params = reduction.max_row.run, reduction_params("max")
_min_run, _min_params = reduction.min_row.run, reduction_params("min")
_prod_run, _prod_params = scan.prod_row.run, reduction_params("prod")
_var_run, _var_params = reduction.var_row.run, reduction_params("var")
_std_run, _std_params = reduction.std_row.run, reduction_params("std")
_nansum_run, _nansum_params = reduction.nansum_row.run, reduction_params("nansum")
_nanmean_run, _nanmean_params = reduction.nanmean_row.run, reduction_params("nanmean")


def _prepared(name: str, a: Any, dtype: Any, out: Any, where: Any, neutral: Any) -> Any:
    """The argument in the dtype asked for, with a neutral number where it is not wanted."""
    refuse_out(name, out)
    if dtype is not None:
        a = astype(a, dtype)
    if where is True:
        return a
    x = as_tensor(a, name)
    return choose(where, x, astype(neutral, x.dtype))


@face(reduction.sum_row)
def sum(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: None = None,
    keepdims: bool = False,
    initial: Any = None,
    where: Any = True,
) -> Tensor:
    """Sum over axes, y = Σᵢ xᵢ (+ initial), of the elements chosen by ``where``."""
    if dtype is not None or out is not None or where is not True:
        a = _prepared("sum", a, dtype, out, where, 0)
    y = _sum_run(a, _sum_params(a, axis, keepdims))
    return y if initial is None else y + initial


@face(scan.prod_row)
def prod(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: None = None,
    keepdims: bool = False,
    initial: Any = None,
    where: Any = True,
) -> Tensor:
    """Product over axes, y = Πᵢ xᵢ (· initial), of the elements chosen by ``where``."""
    a = _prepared("prod", a, dtype, out, where, 1)
    y = _prod_run(a, _prod_params(a, axis, keepdims))
    return y if initial is None else y * initial


def _extremum(
    name: str,
    run: Any,
    params: Any,
    of_two: Any,
    a: Any,
    axis: Any,
    out: None,
    keepdims: bool,
    initial: Any,
    where: Any,
) -> Any:
    """The extremum of chosen elements and of a value to start with."""
    if where is not True and initial is None:
        raise ArgumentError(
            f"{name}: where= may leave nothing to choose from; pass initial=, the value to start "
            "with"
        )
    x = _prepared(name, as_tensor(a, name), None, out, where, initial)
    if 0 in x.shape:  # The sum of nothing has the shape that is wanted.
        return sum(x, axis, keepdims=keepdims) + initial
    return of_two(run(x, params(x, axis, keepdims)), initial)


@face(reduction.max_row)
def max(
    a: Any,
    axis: Any = None,
    out: None = None,
    keepdims: bool = False,
    initial: Any = None,
    where: Any = True,
) -> Tensor:
    """Largest element over axes, y = maxᵢ xᵢ, at least ``initial``; ties share the gradient."""
    if out is None and initial is None and where is True:
        return _max_run(a, _max_params(a, axis, keepdims))
    return _extremum("max", _max_run, _max_params, maximum, a, axis, out, keepdims, initial, where)


@face(reduction.min_row)
def min(
    a: Any,
    axis: Any = None,
    out: None = None,
    keepdims: bool = False,
    initial: Any = None,
    where: Any = True,
) -> Tensor:
    """Smallest element over axes, y = minᵢ xᵢ, at most ``initial``; ties share the gradient."""
    if out is None and initial is None and where is True:
        return _min_run(a, _min_params(a, axis, keepdims))
    return _extremum("min", _min_run, _min_params, minimum, a, axis, out, keepdims, initial, where)


def _count(x: Any, axis: Any, keepdims: bool, where: Any) -> Any:
    """How many elements ``where`` chooses."""
    if is_symbolic(x) or isinstance(where, Tensor):
        ones = symbolic_ones(x.shape) if is_symbolic(x) else np.ones(x.shape, x.dtype)
        return sum(choose(where, ones, 0), axis, keepdims=keepdims)
    chosen = np.broadcast_to(where, np.shape(plain(x)))
    return np.asarray(add_reduce(chosen, axis, x.dtype, None, keepdims))


@face(reduction.mean_row)
def mean(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: None = None,
    keepdims: bool = False,
    *,
    where: Any = True,
) -> Tensor:
    """Mean over axes, y = (1/n) Σᵢ xᵢ, of the elements chosen by ``where``."""
    if dtype is None and out is None and where is True:
        return _mean_run(a, _mean_params(a, axis, keepdims))
    x = as_tensor(_prepared("mean", a, dtype, out, where, 0), "mean")
    if where is True:
        return _mean_run(x, _mean_params(x, axis, keepdims))
    return _mean_chosen(x, axis, keepdims, where)


@in_single
def _around(x: Any, axis: Any, ddof: Any, keepdims: bool, where: Any, mean_: Any) -> Any:
    """The variance around a mean that is given, or of chosen elements."""
    middle = mean(x, axis, keepdims=True, where=where) if mean_ is None else mean_
    squares = square(x - middle)
    axes = _var_params(x, axis, keepdims)["axis"]
    total = sum(squares, axis, keepdims=keepdims, where=where)
    return total / np.maximum(_count(x, axes, keepdims, where) - np.asarray(ddof, x.dtype), 0)


@in_single
def _mean_chosen(x: Any, axis: Any, keepdims: bool, where: Any) -> Any:
    axes = _mean_params(x, axis, keepdims)["axis"]
    return sum(x, axis, keepdims=keepdims) / _count(x, axes, keepdims, where)


def _degrees(name: str, ddof: Any, correction: Any) -> Any:
    if correction is None:
        return option(name, "ddof", ddof)
    if option(name, "ddof", ddof):
        raise ArgumentError(f"{name}: ddof and correction are one thing; give either")
    return option(name, "correction", correction)


@face(reduction.var_row)
def var(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: None = None,
    ddof: float = 0,
    keepdims: bool = False,
    *,
    where: Any = True,
    mean: Any = None,
    correction: float | None = None,
) -> Tensor:
    """Variance over axes, y = Σᵢ (xᵢ − mean x)² / (n − ddof)."""
    ddof = _degrees("var", ddof, correction)
    a = _prepared("var", a, dtype, out, True, 0)
    if where is not True or mean is not None:
        return _around(as_tensor(a, "var"), axis, ddof, keepdims, where, mean)
    return _var_run(a, {**_var_params(a, axis, keepdims), "ddof": ddof})


@face(reduction.std_row)
def std(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: None = None,
    ddof: float = 0,
    keepdims: bool = False,
    *,
    where: Any = True,
    mean: Any = None,
    correction: float | None = None,
) -> Tensor:
    """Standard deviation over axes, the square root of the variance."""
    ddof = _degrees("std", ddof, correction)
    a = _prepared("std", a, dtype, out, True, 0)
    if where is not True or mean is not None:
        return sqrt(_around(as_tensor(a, "std"), axis, ddof, keepdims, where, mean))
    return _std_run(a, {**_std_params(a, axis, keepdims), "ddof": ddof})


@face(reduction.nansum_row)
def nansum(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: None = None,
    keepdims: bool = False,
    initial: Any = None,
    where: Any = True,
) -> Tensor:
    """Sum over axes (+ initial) of the elements that are numbers and chosen by ``where``."""
    a = _prepared("nansum", a, dtype, out, where, 0)
    y = _nansum_run(a, _nansum_params(a, axis, keepdims))
    return y if initial is None else y + initial


@face(reduction.nanmean_row)
def nanmean(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: None = None,
    keepdims: bool = False,
    *,
    where: Any = True,
) -> Tensor:
    """Mean over axes of the elements that are numbers and chosen by ``where``."""
    a = _prepared("nanmean", a, dtype, out, where, math.nan)
    return _nanmean_run(a, _nanmean_params(a, axis, keepdims))
