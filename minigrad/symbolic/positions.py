"""Index arrays that are part of the program: masks as positions, and whether any is met twice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np

from minigrad.graph.node import Node, Slot, leaf
from minigrad.index.meaning.indexing import Place

AsView = Callable[[Node], Any]


def with_positions(
    node: Node, views: Sequence[Any], as_view: AsView
) -> tuple[list[Any], dict[str, Any]]:
    """The views and parameters of a step, its constant boolean index arrays as integer ones.

    A mask that has a name may be given other values later, and how many places it keeps is then not
    known, so it stays a mask. ``as_view`` enters a new constant.
    """
    found, params = list(views), dict(node.params)
    entries = params.get("index")
    if not isinstance(entries, tuple) or not any(type(e) is Slot for e in entries):
        return found, params
    once = _met_once(node, entries)
    index: list[Any] = []
    for entry in entries:
        if type(entry) is not Slot:
            index.append(entry)
            continue
        mask = _constant(node.inputs[entry.position])
        if mask is None or mask.dtype.kind != "b" or not mask.ndim:
            index.append(Place(entry.position, once))
            continue
        for positions in mask.nonzero():
            index.append(Place(len(found), once))
            found.append(as_view(leaf(positions)))
    params["index"] = tuple(index)
    return found, params


def _constant(value: Any) -> Any:
    """The array of an index that is written into the program, else None."""
    if not isinstance(value, Node):
        return np.asarray(value)
    return value.value if value.op is None and value.name is None else None


def _met_once(node: Node, entries: Sequence[Any]) -> Callable[[], bool]:
    """Whether every place is met once; sure only where all index arrays are constants."""

    @cache
    def once() -> bool:
        chosen = [_constant(node.inputs[e.position]) if type(e) is Slot else e for e in entries]
        known = [c for c, e in zip(chosen, entries, strict=True) if type(e) is Slot]
        if any(array is None for array in known):
            return False
        shape = tuple(map(int, node.inputs[0].shape))
        places = np.arange(int(np.prod(shape))).reshape(shape)[tuple(chosen)]
        return bool(np.unique(places).size == places.size)

    return once
