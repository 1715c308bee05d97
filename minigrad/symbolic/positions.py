"""Index arrays that are part of the program: masks as positions, and whether any is met twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

from minigrad.errors import AxisError, ShapeError
from minigrad.graph.node import Node, Slot, leaf
from minigrad.index.meaning.indexing import Place
from minigrad.index.size import AnySize

AsView = Callable[[Node], Any]


def with_positions(
    inputs: Sequence[Any], params: Mapping[str, Any], views: Sequence[Any], as_view: AsView
) -> tuple[list[Any], dict[str, Any]]:
    """The views and parameters of a step on these inputs, its constant boolean index arrays as integer ones.

    A mask that has a name may be given other values later, and how many places it keeps is then not
    known, so it stays a mask. ``as_view`` enters a new constant.
    """
    found, params = list(views), dict(params)
    entries = params.get("index")
    if not isinstance(entries, tuple) or not any(type(e) is Slot for e in entries):
        return found, params
    once = _met_once(inputs, entries)
    index: list[Any] = []
    for entry in entries:
        if type(entry) is not Slot:
            index.append(entry)
            continue
        mask = _constant(inputs[entry.position])
        if mask is None or mask.dtype.kind != "b" or not mask.ndim:
            index.append(Place(entry.position, once, *_progression(mask)))
            continue
        for positions in mask.nonzero():
            index.append(Place(len(found), once, *_progression(positions)))
            found.append(as_view(leaf(positions)))
    params["index"] = tuple(index)
    return found, params


def _progression(array: Any) -> tuple[int, tuple[int, ...] | None]:
    """The first of the places and the step of each axis, where they progress evenly from the front."""
    if array is None or array.dtype.kind not in "iu" or not array.size:
        return 0, None
    first = int(array.flat[0])
    steps = [int(array[(0,) * k + (1,)].flat[0]) - first if n > 1 else 0 for k, n in enumerate(array.shape)]
    told = first + sum(c * i for c, i in zip(steps, np.indices(array.shape, sparse=True), strict=True))
    even = bool(np.all(array == told)) and bool(np.all(array >= 0))
    return (first, tuple(steps)) if even else (0, None)


def _constant(value: Any) -> Any:
    """The array of an index that is written into the program, else None."""
    if not isinstance(value, Node):
        return np.asarray(value)
    return value.value if value.op is None and value.name is None else None


def _met_once(inputs: Sequence[Any], entries: Sequence[Any]) -> Callable[[], bool]:
    """Whether every place is met once; sure only where all index arrays are constants."""

    @cache
    def once() -> bool:
        chosen = [_constant(inputs[e.position]) if type(e) is Slot else e for e in entries]
        known = [c for c, e in zip(chosen, entries, strict=True) if type(e) is Slot]
        if any(array is None for array in known):
            return False
        masks = [array for array in known if array.dtype.kind == "b"]
        if masks:
            return len(masks) == len(known) == 1
        axes = _axes_of(inputs, entries)
        together = np.broadcast_arrays(*known)
        rows = [
            np.ravel(_from_the_front(array, inputs[0].shape[k]))
            for array, k in zip(together, axes, strict=True)
        ]
        return bool(np.unique(np.stack(rows, -1), axis=0).shape[0] == rows[0].size)

    return once


def _from_the_front(array: Any, size: AnySize) -> Any:
    """Positions counted from the front; where none is negative, the size is not asked for."""
    return np.where(array < 0, array + int(size), array) if np.any(array < 0) else array


def check_positions(inputs: Sequence[Any], sizes: Sequence[AnySize], index: Sequence[Any]) -> None:
    """Refuse constant index arrays that reach outside the axes of a tensor of these sizes.

    Raises
    ------
    AxisError
        When a position lies outside.
    ShapeError
        When a mask is not as long as the axes that it chooses from.
    """
    chosen = [entry for entry in index if type(entry) is Slot]
    for entry, axis in zip(chosen, _axes_of(inputs, index), strict=True):
        array = _constant(inputs[entry.position])
        if array is not None:
            width = _width(inputs, entry) or 0
            _check_array(np.asarray(array), sizes[axis : axis + width], axis)


def _axes_of(inputs: Sequence[Any], index: Sequence[Any]) -> list[int]:
    """The axis of each index array."""
    found, axis = [], 0
    for k, entry in enumerate(index):
        if entry is Ellipsis:
            axis = len(inputs[0].shape) - sum(_width(inputs, e) or 0 for e in index[k + 1 :])
            continue
        if type(entry) is Slot:
            found.append(axis)
        axis += _width(inputs, entry) or 0
    return found


def _width(inputs: Sequence[Any], entry: Any) -> int | None:
    """How many axes an entry of an index takes; None for an ellipsis."""
    if entry is None:
        return 0
    if entry is Ellipsis:
        return None
    if type(entry) is Slot and inputs[entry.position].dtype.kind == "b":
        return len(inputs[entry.position].shape)
    return 1


def _check_array(array: Any, sizes: Sequence[AnySize], axis: int) -> None:
    if array.dtype.kind == "b":
        if array.shape != tuple(sizes):
            raise ShapeError(
                f"getitem: a mask of shape {array.shape} does not fit axis {axis} of size "
                f"{', '.join(map(str, sizes))}; where(condition, a, b) chooses element by element"
            )
        return
    size = sizes[0] if sizes else 0
    wrong = array[(array < -size) | (array >= size)] if isinstance(size, int) else array[:0]
    if wrong.size:
        raise AxisError(
            f"getitem: index {wrong.flat[0]} is out of bounds for axis {axis} with size {size}"
        )
