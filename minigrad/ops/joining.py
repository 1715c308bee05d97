"""Several tensors into one."""

from __future__ import annotations

import itertools
from typing import Any, Literal

import numpy as np

from minigrad.errors import DtypeError, KindError, LimitError, ShapeError
from minigrad.graph.call import Call
from minigrad.graph.create import _stack, as_tensor
from minigrad.graph.define import builtin_composite as composite
from minigrad.graph.define import builtin_primitive as primitive
from minigrad.graph.tensor import Tensor, describe
from minigrad.ops import meanings as meaning
from minigrad.ops import shape_messages
from minigrad.ops.axes import ndim_of, one_axis, refuse_out
from minigrad.ops.meanings import view
from minigrad.ops.shape import astype
from minigrad.ops.shaping import atleast_1d, atleast_2d, atleast_3d, ravel

Casting = Literal["no", "equiv", "safe", "same_kind", "unsafe"]
# A tensor without values is taken apart by a graph for each of its parts.
_MOST_PARTS = 1000


def members(name: str, arrays: Any) -> tuple[Any, ...]:
    """The arrays to join, one by one."""
    if isinstance(arrays, Tensor) and arrays._array is None and arrays.shape:
        count = len(arrays)
        if count > _MOST_PARTS:
            raise LimitError(
                f"{name}: {describe(arrays)} has {count:,} parts along its first axis, each of which would be "
                f"a tensor of its own; join up to {_MOST_PARTS:,} parts, or bring the array to its new shape "
                "with reshape or moveaxis"
            )
    if isinstance(arrays, Tensor | np.ndarray | list | tuple):
        parts = tuple(arrays)
        if parts:
            return parts
        raise ShapeError(f"{name}: needs at least one array, got an empty sequence")
    raise KindError(f"{name}: takes a sequence of arrays, not {type(arrays).__name__}")


def _converted(name: str, parts: tuple[Any, ...], dtype: Any, casting: Casting) -> tuple[Any, ...]:
    """The parts in the dtype asked for."""
    if dtype is None:
        return parts
    tensors = [as_tensor(part, name) for part in parts]
    for part in tensors:
        if not np.can_cast(part.dtype, dtype, casting):
            raise DtypeError(
                f"{name}: {part.dtype} does not become {np.dtype(dtype)} under casting={casting!r}; "
                "pass casting='unsafe' or convert with .astype"
            )
    return tuple(astype(part, dtype) for part in tensors)


def _concatenate_signature(
    arrays: Any,
    axis: int | None = 0,
    out: None = None,
    *,
    dtype: Any = None,
    casting: Casting = "same_kind",
) -> Call:
    refuse_out("concatenate", out)
    parts = _converted("concatenate", members("concatenate", arrays), dtype, casting)
    if axis is None:
        return tuple(ravel(part) for part in parts), {"axis": 0}
    return parts, {"axis": one_axis("concatenate", axis, ndim_of(parts[0]))}


def _concatenate_vjps(positions: Any, g: Any, y: Any, *parts: Any, axis: int) -> list[Any]:
    cuts = [0, *itertools.accumulate(part.shape[axis] for part in parts)]
    before = (slice(None),) * axis
    return [g[(*before, slice(cuts[i], cuts[i + 1]))] for i in positions]


def _stack_vjps(positions: Any, g: Any, y: Any, *parts: Any, axis: int) -> list[Any]:
    before = (slice(None),) * axis
    return [g[(*before, i)] for i in positions]


concatenate = primitive(
    "concatenate",
    lambda *parts, axis=0: np.concatenate(parts, axis),
    vjp_all=_concatenate_vjps,
    signature=_concatenate_signature,
    shape_message=shape_messages.joined,
    meaning=lambda *parts, axis: view.concatenate(parts, axis),
    doc="Arrays one after another along an existing axis.",
)


def _stack_signature(
    arrays: Any,
    axis: int = 0,
    out: None = None,
    *,
    dtype: Any = None,
    casting: Casting = "same_kind",
) -> Call:
    refuse_out("stack", out)
    parts = _converted("stack", members("stack", arrays), dtype, casting)
    return parts, {"axis": one_axis("stack", axis, ndim_of(parts[0]) + 1)}


stack = primitive(
    "stack",
    lambda *parts, axis=0: np.stack(parts, axis),
    vjp_all=_stack_vjps,
    signature=_stack_signature,
    shape_message=shape_messages.stacked,
    meaning=meaning.stack,
    doc="Arrays of one shape side by side along a new axis.",
)


_stack[:] = [stack]


@composite("append")
def append(arr: Any, values: Any, axis: int | None = None) -> Any:
    """Values after an array, along an axis or of both flattened."""
    return concatenate([arr, values], axis)


@composite("hstack")
def hstack(tup: Any, *, dtype: Any = None, casting: Casting = "same_kind") -> Any:
    """Arrays side by side, along the second axis (the first for vectors)."""
    parts = [atleast_1d(part) for part in members("hstack", tup)]
    axis = 0 if parts[0].ndim == 1 else 1
    return concatenate(parts, axis, dtype=dtype, casting=casting)


@composite("vstack")
def vstack(tup: Any, *, dtype: Any = None, casting: Casting = "same_kind") -> Any:
    """Arrays one under another, vectors as rows."""
    parts = [atleast_2d(part) for part in members("vstack", tup)]
    return concatenate(parts, 0, dtype=dtype, casting=casting)


@composite("dstack")
def dstack(tup: Any) -> Any:
    """Arrays one behind another, along a third axis."""
    return concatenate([atleast_3d(part) for part in members("dstack", tup)], 2)


@composite("column_stack")
def column_stack(tup: Any) -> Any:
    """Vectors as the columns of a matrix."""
    parts = members("column_stack", tup)
    columns = [part if ndim_of(part) >= 2 else atleast_2d(part).T for part in parts]
    return concatenate(columns, 1)
