"""Sums and lengths that lose nothing on the way: float16 in float32, squares at a fitting scale."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad.graph.tensor import Tensor
from minigrad.ops.axes import Axes, count_of, max_reduce

plain_reduce: Any = np.add.reduce

# Half precision counts to 2048 and ends at 65504, so that its sums are taken in single precision.
HALF = np.dtype(np.float16)
SINGLE = np.dtype(np.float32)


def add_reduce(
    x: Any, axis: Any, dtype: Any = None, out: None = None, keepdims: bool = False
) -> Any:
    """Sum over axes, of arrays and of tensors; float16 is summed in float32."""
    if x.dtype is HALF and dtype is None and type(x) is np.ndarray:
        return plain_reduce(x, axis, SINGLE, None, keepdims).astype(HALF)
    return plain_reduce(x, axis, dtype, None, keepdims)


def average(x: Any, axis: Any, keepdims: bool = False) -> Any:
    """Mean over axes, of arrays and of tensors; float16 is averaged in float32."""
    if type(x) is not np.ndarray and isinstance(x, Tensor):
        return x.mean(axis, keepdims=keepdims)
    count = count_of(x.shape, axis)
    if not count:  # With NumPy's warning.
        return np.mean(x, axis, keepdims=keepdims)
    if x.dtype is HALF:
        return (plain_reduce(x, axis, SINGLE, None, keepdims) / count).astype(HALF)
    return plain_reduce(x, axis, None, None, keepdims) / count


def less_mean(x: Any, axis: Any) -> Any:
    """What x has beside its mean over axes."""
    return x - average(x, axis, True)


# Between these lengths squares neither overflow nor lose digits below the smallest numbers.
_SQUARES: dict[Any, tuple[float, float]] = {
    np.dtype(t): (math.sqrt(np.finfo(t).tiny / np.finfo(t).eps), float(np.finfo(t).max))
    for t in (np.float16, np.float32, np.float64, np.longdouble)
}


def root_mean_square(x: Any, axis: Axes | None, eps: float) -> Any:
    """√(mean x² + ε) over axes, kept as size one, of arrays and tensors, at any scale of x."""
    array = x._array if isinstance(x, Tensor) else x
    with np.errstate(over="ignore"):
        root = np.sqrt(average(array * array, axis, True) + eps)
    if eps > _SQUARES[root.dtype][0] ** 2:
        exact = bool(np.isfinite(root).all())
    else:
        exact = exact_squares(root)
    if exact:
        return root if x is array else np.sqrt(average(x * x, axis, True) + eps)
    size = np.maximum(magnitude(array, axis), math.sqrt(eps))
    x = x / size
    return np.sqrt(average(x * x, axis, True) + eps / size / size) * size


def exact_squares(lengths: Any) -> bool:
    """Whether lengths are such that no square on the way to them overflowed or lost digits."""
    if not lengths.size:
        return True
    least, most = _SQUARES[lengths.dtype]
    if not lengths.ndim:
        return bool(least < lengths <= most)
    return bool(lengths.min() > least and lengths.max() <= most)


# What float16 holds with all its digits; a length that is none of these was rounded or overflowed.
_LEAST = float(np.finfo(np.float16).tiny)


def faithful(lengths: Any) -> bool:
    """Whether no length is 0, infinite, or one that a dtype holds with few digits."""
    array = lengths._array if isinstance(lengths, Tensor) else lengths
    return not bool(((array < _LEAST) | (array == math.inf)).any())


def magnitude(x: Any, axis: Axes | None) -> Any:
    """The largest |xᵢ| over axes, kept as size one, to divide by before squaring; 1 in place of 0."""
    array = np.abs(x._array if isinstance(x, Tensor) else x)
    top = max_reduce(array, axis, None, None, True, 0.0)
    return np.where((top > 0) & np.isfinite(top), top, np.ones((), top.dtype))


_ARRAYS: frozenset[type[Any]] = frozenset({np.ndarray, Tensor, np.float16})


def _single(x: Any) -> Any:
    return x.astype(SINGLE) if getattr(x, "dtype", None) == HALF else x


def in_single(rule: Callable[..., Any]) -> Callable[..., Any]:
    """A rule that computes in float32 where it is given float16; its result is float16 again."""

    @functools.wraps(rule)
    def run(*args: Any, **params: Any) -> Any:
        given: Any = (*args, *params.values()) if params else args
        for x in given:
            if x.__class__ in _ARRAYS and x.dtype is HALF:
                break
        else:
            return rule(*args, **params)
        types = [getattr(x, "dtype", None) for x in given]
        y = rule(*map(_single, args), **{name: _single(x) for name, x in params.items()})
        return y.astype(HALF) if y.dtype == SINGLE and SINGLE not in types else y

    return run
