"""Several tensors into one."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.errors import ShapeError
from minigrad.graph.define import builtin_composite as composite
from minigrad.graph.define import builtin_primitive as primitive
from minigrad.graph.tensor import Tensor
from minigrad.index import meaning
from minigrad.ops import misfits
from minigrad.ops.axes import ndim_of, one_axis
from minigrad.ops.shaping import atleast_1d, atleast_2d, atleast_3d, ravel

_Call = tuple[tuple[Any, ...], dict[str, Any]]


def members(name: str, arrays: Any) -> tuple[Any, ...]:
    """The arrays to join, one by one."""
    if isinstance(arrays, Tensor | np.ndarray | list | tuple):
        parts = tuple(arrays)
        if parts:
            return parts
        raise ShapeError(f"{name}: needs at least one array, got an empty sequence")
    raise TypeError(f"{name}: takes a sequence of arrays, not {type(arrays).__name__}")


def _concatenate_signature(arrays: Any, axis: int | None = 0) -> _Call:
    parts = members("concatenate", arrays)
    if axis is None:
        return tuple(ravel(part) for part in parts), {"axis": 0}
    return parts, {"axis": one_axis("concatenate", axis, ndim_of(parts[0]))}


def _concatenate_vjp(i: int, g: Any, y: Any, *parts: Any, axis: int) -> Any:
    start = 0
    for part in parts[:i]:
        start += part.shape[axis]
    return g[(slice(None),) * axis + (slice(start, start + parts[i].shape[axis]),)]


concatenate = primitive(
    "concatenate",
    lambda *parts, axis=0: np.concatenate(parts, axis),
    vjp=_concatenate_vjp,
    signature=_concatenate_signature,
    misfit=misfits.joined,
    meaning=meaning.concatenate,
    doc="Arrays one after another along an existing axis.",
)


def _stack_signature(arrays: Any, axis: int = 0) -> _Call:
    parts = members("stack", arrays)
    return parts, {"axis": one_axis("stack", axis, ndim_of(parts[0]) + 1)}


stack = primitive(
    "stack",
    lambda *parts, axis=0: np.stack(parts, axis),
    vjp=lambda i, g, y, *parts, axis: g[(slice(None),) * axis + (i,)],
    signature=_stack_signature,
    misfit=misfits.stacked,
    meaning=meaning.stack,
    doc="Arrays of one shape side by side along a new axis.",
)


@composite("append")
def append(arr: Any, values: Any, axis: int | None = None) -> Any:
    """Values after an array, along an axis or of both flattened."""
    return concatenate([arr, values], axis)


@composite("hstack")
def hstack(tup: Any) -> Any:
    """Arrays side by side, along the second axis (the first for vectors)."""
    parts = [atleast_1d(part) for part in members("hstack", tup)]
    return concatenate(parts, 0 if parts[0].ndim == 1 else 1)


@composite("vstack")
def vstack(tup: Any) -> Any:
    """Arrays one under another, vectors as rows."""
    return concatenate([atleast_2d(part) for part in members("vstack", tup)], 0)


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
