"""Axes as NumPy understands them, normalised once so that rows see non-negative numbers."""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minigrad.errors import AxisError, ShapeError, UnsupportedError
from minigrad.graph.explain import operands
from minigrad.graph.tensor import Tensor, describe, wrap
from minigrad.index.size import AnySize, Size, least, quotient
from minigrad.limits import check_bytes, check_elements

Axes = tuple[int, ...]

# Called as ``reduce(x, axis, None, None, keepdims)``: positions cost less than keywords.
plain_reduce: Any = np.add.reduce
product_reduce: Any = np.multiply.reduce
max_reduce: Any = np.maximum.reduce
min_reduce: Any = np.minimum.reduce

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
    if x.dtype is HALF:
        return (plain_reduce(x, axis, SINGLE, None, keepdims) / count).astype(HALF)
    return plain_reduce(x, axis, None, None, keepdims) / count


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


def ndim_of(x: Any) -> int:
    """The number of axes of a tensor, array, number or nested list."""
    if type(x) is Tensor and x._array is not None:
        return int(x._array.ndim)
    if isinstance(x, Tensor | np.ndarray):
        return x.ndim
    if isinstance(x, list | tuple) and x:
        return 1 + ndim_of(x[0])
    return np.ndim(x)


def shape_of(x: Any) -> tuple[int, ...]:
    """The shape of a tensor, array, number or nested list."""
    if isinstance(x, Tensor | np.ndarray):
        return tuple(x.shape)
    if isinstance(x, list | tuple) and x:
        return (len(x), *shape_of(x[0]))
    return np.shape(x)


def plain(x: Any) -> Any:
    """The array of a tensor, for facts that no gradient flows through."""
    return x._array if isinstance(x, Tensor) else x


def is_symbolic(x: Any) -> bool:
    """Whether this is a tensor without values."""
    return isinstance(x, Tensor) and x._array is None


def check_room(name: str, shape: Sequence[Any], *operands: Any) -> None:
    """Refuse a result that would be too large, before anything of its size is made.

    Raises
    ------
    LimitError
        When the array, or the tensor without values, is beyond what `minigrad.limits` allows.
    """
    if any(map(is_symbolic, operands)):
        check_elements(name, [least(size) for size in shape])
    else:
        check_bytes(name, [int(size) for size in shape])


def extent(size: AnySize) -> AnySize:
    """A size without its name where it has a number; a name as it is."""
    return size if isinstance(size, Size) else int(size)


def parted(name: str, size: AnySize, count: int) -> AnySize:
    """The length of each of ``count`` equal parts of an axis.

    Raises
    ------
    ShapeError
        When the axis does not divide, or nothing says that it does.
    """
    part = quotient(size, count)
    if part is None:
        hint = f", or its size a multiple, as in '{count}*m'" if isinstance(size, Size) else ""
        raise ShapeError(
            f"{name}: an axis of size {size} does not divide into {count} equal parts; give it "
            f"another size{hint}"
        )
    return part


def zeros_of(g: Any) -> Any:
    """Zeros in place of a cotangent; not g · 0, which is not a number where g is infinite."""
    zeros = np.zeros(g.shape, g.dtype)
    return wrap(zeros) if isinstance(g, Tensor) else zeros


def refuse_out(name: str, out: Any) -> None:
    """Refuse to write a result into an array that a graph may have captured."""
    if out is not None:
        raise UnsupportedError(
            f"{name}: out= is refused, because writing into an array would change values that the "
            "graph has captured; use the returned tensor"
        )


def same_width(name: str, x: Tensor, y: Tensor) -> None:
    """Refuse operands whose last sizes differ, where they are known."""
    if x._array is None or y._array is None or not (x.ndim and y.ndim):
        return
    if x.shape[-1] != y.shape[-1]:
        raise ShapeError(
            f"{name}: the last sizes differ, {x.shape[-1]} and {y.shape[-1]}; "
            f"got {describe(x)} and {describe(y)}"
        )


def one_axis(name: str, axis: Any, ndim: int) -> int:
    """A single axis as a non-negative number.

    Raises
    ------
    AxisError
        When the axis lies outside ``-ndim .. ndim - 1``.
    TypeError
        When the axis is not an integer.
    """
    try:
        number = operator.index(axis)
    except TypeError:
        raise TypeError(f"{name}: axis must be an integer, not {axis!r}") from None
    if -ndim <= number < ndim:
        return number + ndim if number < 0 else number
    where = f"-{ndim} to {ndim - 1}" if ndim else "none, the operand is 0-d"
    raise AxisError(f"{name}: axis {number} does not exist for {ndim} dimensions (legal: {where})")


def many_axes(name: str, axis: Any, ndim: int) -> Axes:
    """One axis or several as a tuple of different non-negative numbers."""
    if not isinstance(axis, tuple | list):
        return (one_axis(name, axis, ndim),)
    axes = tuple(one_axis(name, a, ndim) for a in axis)
    if len(set(axes)) != len(axes):
        raise AxisError(f"{name}: axis {axis!r} names one axis twice")
    return axes


def reduction_axes(name: str, axis: Any, ndim: int) -> Axes | None:
    """The axes of a reduction; None stays None and means all of them."""
    if axis is None:
        return None
    if type(axis) is int and 0 <= axis < ndim:
        return (axis,)
    if ndim == 0 and axis in (0, -1):
        return ()  # NumPy takes a 0-d array here as one of a single element.
    return many_axes(name, axis, ndim)


Normalise = Callable[[Any, Any, bool], dict[str, Any]]


def reduction_params(name: str) -> Normalise:
    """The function ``(a, axis, keepdims) -> params`` of a reduction, which remembers its results."""
    known: dict[Any, dict[str, Any]] = {}

    def params(a: Any, axis: Any, keepdims: bool) -> dict[str, Any]:
        if type(a) is not Tensor or a._array is None or not _hashes_as_itself(axis):
            return _normalised(name, a, axis, keepdims)
        key = (a._array.ndim, axis, keepdims)
        found = known.get(key)
        if found is None:
            found = known[key] = _normalised(name, a, axis, keepdims)
        return found

    return params


def _hashes_as_itself(axis: Any) -> bool:
    """Whether an equal key means the same axis; 1.0 and True equal 1 and are none."""
    kind = type(axis)
    return axis is None or kind is int or (kind is tuple and all(type(i) is int for i in axis))


def _normalised(name: str, a: Any, axis: Any, keepdims: bool) -> dict[str, Any]:
    try:
        return {"axis": reduction_axes(name, axis, ndim_of(a)), "keepdims": bool(keepdims)}
    except AxisError as error:
        raise AxisError(f"{error}; got {operands((a,))}") from None


def row_params(name: str) -> Callable[[Any, Any], dict[str, Any]]:
    """The function ``(input, axis) -> params`` of a function of rows such as softmax."""
    known: dict[Any, dict[str, Any]] = {}

    def normalised(x: Any, axis: Any) -> dict[str, Any]:
        ndim = ndim_of(x)
        axes = tuple(range(ndim)) if axis is None else axis
        try:
            return {"axis": reduction_axes(name, axes, ndim)}
        except AxisError as error:
            raise AxisError(f"{error}; got {operands((x,))}") from None

    def params(x: Any, axis: Any) -> dict[str, Any]:
        if type(x) is not Tensor or x._array is None or not _hashes_as_itself(axis):
            return normalised(x, axis)
        key = (x._array.ndim, axis)
        found = known.get(key)
        if found is None:
            found = known[key] = normalised(x, axis)
        return found

    return params


def kept_shape(shape: Sequence[int], axes: Axes | None) -> tuple[int, ...]:
    """The shape with reduced axes kept as size one."""
    if axes is None:
        return (1,) * len(shape)
    return tuple(1 if i in axes else s for i, s in enumerate(shape))


def dropped_shape(shape: Sequence[int], axes: Axes) -> tuple[int, ...]:
    """The shape without reduced axes."""
    return tuple(s for i, s in enumerate(shape) if i not in axes)


# Below this many elements, a product with a vector of weights costs a third of a reduction.
SMALL = 4096


@functools.lru_cache(maxsize=512)
def weights(count: int, value: float, dtype: Any) -> Any:
    """The constant vector value, …, value."""
    vector = np.full(count, value, dtype)
    vector.flags.writeable = False
    return vector


@functools.lru_cache(maxsize=512)
def number(value: float, dtype: Any) -> Any:
    """A number as a 0-d array, which ufuncs take at half the cost of a Python number."""
    array = np.array(value, dtype)
    array.flags.writeable = False
    return array


@functools.lru_cache(maxsize=64)
def _ones(count: int, dtype: Any) -> Any:
    matrix = np.ones((count, count), dtype)
    matrix.flags.writeable = False
    return matrix


def row_sums(x: Any) -> Any:
    """Sums of a small array over its last axis, in a shape that broadcasts against the array.

    For short rows one product with a matrix of ones both sums and repeats, which saves the slow
    broadcasting of a column.
    """
    shape = x.shape
    width = shape[-1]
    if len(shape) == 2:
        if width <= 16:
            return x.dot(_ones(width, x.dtype))
        return x.dot(weights(width, 1.0, x.dtype)).reshape(shape[0], 1)
    rows = x.reshape(x.size // width if width else 0, width)
    if width <= 16:
        return rows.dot(_ones(width, x.dtype)).reshape(shape)
    return rows.dot(weights(width, 1.0, x.dtype)).reshape((*shape[:-1], 1))


def count_of(shape: Sequence[int], axes: Axes | None) -> int:
    """How many elements a reduction over these axes combines."""
    count = 1
    for i in range(len(shape)) if axes is None else axes:
        count *= shape[i]
    return count


def spread(g: Any, shape: tuple[int, ...], axes: Axes | None, keepdims: bool) -> Any:
    """Give a reduced array its reduced axes back as size one, ready to broadcast."""
    if keepdims or not shape:
        return g
    return g.reshape(kept_shape(shape, axes))
