"""Reading and writing by index: products with 0/1 tensors that say which place is which."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, NamedTuple

from minigrad.errors import DerivationError
from minigrad.index import view as v
from minigrad.index.algebra import add, constant
from minigrad.index.expr import Pick, Structural
from minigrad.index.size import AnySize
from minigrad.index.view import View


class Places(NamedTuple):
    """An index as factors: labels of the whole tensor, labels of the part, and what joins them."""

    whole: list[Hashable]
    part: list[Hashable]
    factors: list[tuple[View, Sequence[Hashable]]]
    sizes: dict[Hashable, AnySize]


def getitem(x: View, *arrays: View, index: Sequence[Any]) -> View:
    """Integers, slices, None, ... and integer arrays, as NumPy places them."""
    at = places(x.sizes, index, arrays, 1)
    return v.contraction(at.part, [(x, at.whole), *at.factors], what="getitem")


def scatter(x: View, *arrays: View, index: Sequence[Any], shape: Sequence[Any]) -> View:
    """Zeros of a shape with x added at an index."""
    sizes = tuple(shape)
    return _put(x, places(sizes, index, arrays, 1), sizes)


def index_add(x: View, value: View, *arrays: View, index: Sequence[Any]) -> View:
    at = places(x.sizes, index, arrays, 2)
    added = _put(value, at, x.sizes)
    return View(add([(1, v.broadcast_to(x, x.sizes).expr), (1, added.expr)]), added.axes)


def setitem(x: View, value: View, *arrays: View, index: Sequence[Any]) -> View:
    """X where the index does not reach, the value where it does."""
    if arrays:
        raise DerivationError(
            "setitem: a formula for writing through an index array is not known, because a place "
            "may be written twice; use index_add, or slices"
        )
    at = places(x.sizes, index, arrays, 2)
    written = _put(value, at, x.sizes)
    reached = _put(v.number_view(1), at, x.sizes)
    labels = range(reached.expr.ndim)
    kept = add([(1, constant(1, reached.expr.sizes)), (-1, reached.expr)])
    rest = v.contraction(labels, [(v.whole(x.expr), labels), (v.whole(kept), labels)])
    return View(add([(1, rest.expr), (1, written.expr)]), x.axes)


def _put(value: View, at: Places, sizes: Sequence[AnySize]) -> View:
    part = v.broadcast_to(value, [at.sizes.get(label, 1) for label in at.part])
    known = {label: s for label, s in zip(at.whole, sizes, strict=True) if s != 1}
    return v.contraction(at.whole, [(part, at.part), *at.factors], 1, known, "setitem")


def places(
    sizes: Sequence[AnySize],
    index: Sequence[Any],
    arrays: Sequence[View],
    first: int,
) -> Places:
    """The factors of an index; ``first`` is the input number of the first index array."""
    entries = _complete(index, len(sizes))
    at = Places([], [], [], {})
    advanced: list[tuple[int, int, Any]] = []  # (place in the part, axis, entry)
    axis = 0
    for number, entry in enumerate(entries):
        if entry is None:
            at.part.append(("new", number))
            continue
        label: Hashable = ("x", axis)
        at.whole.append(label)
        size = sizes[axis]
        if isinstance(entry, slice):
            at.part.append(_sliced(entry, size, axis, at))
        else:
            advanced.append((len(at.part), axis, entry))
        axis += 1
    _place_advanced(advanced, sizes, arrays, first, at)
    return at


def _complete(index: Sequence[Any], ndim: int) -> list[Any]:
    entries = list(index)
    named = sum(entry is not None and entry is not Ellipsis for entry in entries)
    rest = [slice(None)] * (ndim - named)
    for k, entry in enumerate(entries):
        if entry is Ellipsis:
            return [*entries[:k], *rest, *entries[k + 1 :]]
    return entries + rest


def _sliced(entry: slice, size: AnySize, axis: int, at: Places) -> Hashable:
    label: Hashable = ("x", axis)
    start, step, length = slice_bounds(entry, size)
    if size == 1 or (start == 0 and step == 1 and length == size):
        at.sizes[label] = size
        return label
    if length == 0:
        raise DerivationError("getitem: an empty slice has no formula")
    if length == 1:
        at.factors.append((v.whole(Structural("onehot", (size,), (start,))), (label,)))
        return ("one", axis)
    part: Hashable = ("part", axis)
    at.factors.append((v.whole(Structural("slice", (length, size), (start, step))), (part, label)))
    at.sizes[part] = length
    return part


def _place_advanced(
    advanced: list[tuple[int, int, Any]],
    sizes: Sequence[AnySize],
    arrays: Sequence[View],
    first: int,
    at: Places,
) -> None:
    """Integers and index arrays; arrays broadcast together, in place where they stand together."""
    chosen = [
        arrays[entry.position - first] for _, _, entry in advanced if hasattr(entry, "position")
    ]
    ndim = max((array.ndim for array in chosen), default=0)
    joint: list[Hashable] = [("joint", k) for k in range(ndim)]
    if chosen:
        for label, size in zip(joint, v.broadcast_sizes(chosen, "getitem"), strict=True):
            if size != 1:
                at.sizes[label] = size
        together = len({place for place, _, _ in advanced}) == 1
        place = advanced[0][0] if together else 0
        at.part[place:place] = joint
    for _, axis, entry in advanced:
        size = sizes[axis]
        if size == 1:
            continue
        own: Hashable = ("x", axis)
        if not hasattr(entry, "position"):
            position = _position(entry, size)
            at.factors.append((v.whole(Structural("onehot", (size,), (position,))), (own,)))
            continue
        array = arrays[entry.position - first]
        if "bool" in getattr(array.expr, "assume", ()):
            raise DerivationError(
                "getitem: how many elements a boolean index keeps is not known; use where"
            )
        pick = Pick(array.expr, size)
        labels = [*joint[ndim - array.ndim :], own]
        at.factors.append((View(pick, (*array.axes, pick.ndim - 1)), labels))


def _position(entry: int, size: AnySize) -> AnySize:
    return entry if entry >= 0 else v.known_size(size) + entry


def slice_bounds(entry: slice, size: AnySize) -> tuple[Any, int, AnySize]:
    """Start, step and length of a slice, where the size may be a name."""
    step = 1 if entry.step is None else int(entry.step)
    known = v.known_size(size)
    if isinstance(known, int):
        if entry == slice(None):
            return 0, 1, size
        reached = range(*entry.indices(known))
        return reached.start, step, len(reached)
    start, stop = entry.start, entry.stop
    if step == -1 and start is None and stop is None:
        return size - 1, -1, size
    if step != 1:
        raise DerivationError(f"getitem: a step needs a numeric size, and {size} is a name")
    first: AnySize = 0 if start is None else (start if start >= 0 else size + start)
    last: AnySize = size if stop is None else (stop if stop >= 0 else size + stop)
    return first, 1, last - first
