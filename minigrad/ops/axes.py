"""Axes as NumPy understands them, normalised once so that rows see non-negative numbers."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minigrad.errors import AxisError, ShapeError, UnsupportedError
from minigrad.graph.operands import operands
from minigrad.graph.tensor import Tensor, describe, wrap
from minigrad.index.size import AnySize, Size, least, quotient
from minigrad.limits import check_bytes, check_elements
from minigrad.ops.options import flag, whole

Axes = tuple[int, ...]

# Called as ``reduce(x, axis, None, None, keepdims)``: positions cost less than keywords.
product_reduce: Any = np.multiply.reduce
max_reduce: Any = np.maximum.reduce
min_reduce: Any = np.minimum.reduce


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


def shape_together(name: str, tensors: Sequence[Tensor]) -> tuple[Any, ...]:
    """The shape to which operands broadcast.

    Raises
    ------
    ShapeError
        When there is none.
    """
    if any(map(is_symbolic, tensors)):
        return tuple(functools.reduce(operator.mul, tensors).shape)
    try:
        return np.broadcast_shapes(*(tuple(t.shape) for t in tensors))
    except ValueError:
        told = "the shapes do not broadcast, sizes must be equal or 1"
        raise ShapeError(f"{name}: {told}; got {operands(tuple(tensors))}") from None


def one_axis(name: str, axis: Any, ndim: int) -> int:
    """A single axis as a non-negative number.

    Raises
    ------
    AxisError
        When the axis lies outside ``-ndim .. ndim - 1``.
    KindError
        When the axis is not an integer.
    """
    number = whole(name, "axis", axis)
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
        plain = keepdims.__class__ is bool and _hashes_as_itself(axis)
        if not plain or type(a) is not Tensor or a._array is None:
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
        keepdims = flag(name, "keepdims", keepdims)
        return {"axis": reduction_axes(name, axis, ndim_of(a)), "keepdims": keepdims}
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
