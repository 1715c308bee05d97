"""Reading and writing by index: products with 0/1 tensors that say which place is which."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from minigrad.errors import AxisError, DerivationError, ShapeError
from minigrad.index import affine, heads
from minigrad.index import view as v
from minigrad.index.algebra import add, constant
from minigrad.index.contract import contract
from minigrad.index.expr import Composite, Definition, Expr, Pick
from minigrad.index.pointwise import mapped
from minigrad.index.size import AnySize, Size, divided_up, is_at_least, prod
from minigrad.index.view import View


class Place(NamedTuple):
    """An index array among the entries of an index: which input it is, and whether it repeats itself.

    Places that progress evenly are told by the first of them and by the step along each axis.
    """

    position: int
    once: Callable[[], bool]
    first: int = 0
    steps: tuple[int, ...] | None = None


class Places(NamedTuple):
    """An index as factors: labels of the whole tensor, labels of the part, and what joins them."""

    whole: list[Hashable]
    part: list[Hashable]
    factors: list[tuple[View, Sequence[Hashable]]]
    sizes: dict[Hashable, AnySize]


def getitem(x: View, *arrays: View, index: Sequence[Any]) -> View:
    """Integers, slices, None, ... and integer arrays, as NumPy places them."""
    at = places(x.sizes, index, arrays, 1)
    if 0 in at.sizes.values():
        return _nothing(at.part, at.sizes)
    # an axis of size 1 that is read by an array carries no label: its size is the array's
    known = {label: s for label, s in at.sizes.items() if s != 1 and label in at.part}
    return v.contraction(at.part, [(x, at.whole), *at.factors], 1, known, "getitem")


def take_along_axis(x: View, picks: View, *, axis: int) -> View:
    """Sum over v of x[.., v, ..] [picks[.., k, ..] = v]."""
    own: list[Hashable] = list(range(x.ndim))
    chosen: list[Hashable] = ["picked" if k == axis else k for k in own]
    sizes = {label: s for label, s in zip(chosen, picks.sizes, strict=True) if s != 1}
    operands: list[tuple[View, Sequence[Hashable]]] = [(x, own)]
    if x.sizes[axis] != 1:
        pick = Pick(picks.expr, x.sizes[axis])
        operands.append((View(pick, (*picks.axes, pick.ndim - 1)), [*chosen, axis]))
    return v.contraction(chosen, operands, 1, sizes, "take_along_axis")


def scatter(x: View, *arrays: View, index: Sequence[Any], shape: Sequence[Any]) -> View:
    """Zeros of a shape with x added at an index."""
    sizes = tuple(shape)
    return _put(x, places(sizes, index, arrays, 1), sizes)


def index_add(x: View, value: View, *arrays: View, index: Sequence[Any]) -> View:
    at = places(x.sizes, index, arrays, 2)
    added = _put(value, at, x.sizes)
    return View(add([(1, v.broadcast_to(x, x.sizes).expr), (1, added.expr)]), added.axes)


def setitem(x: View, value: View, *arrays: View, index: Sequence[Any]) -> View:
    """X where the index does not reach, the value where it does; of several values the last one."""
    repeats = any(isinstance(entry, Place) and not entry.once() for entry in index)
    if repeats:  # which of them is the last one is told of arrays
        index = [entry._replace(steps=None) if isinstance(entry, Place) else entry for entry in index]
    at = places(x.sizes, index, arrays, 2)
    if repeats:
        at.factors.extend(_last_writes(at))
    written = _put(value, at, x.sizes)
    reached = _put(v.number_view(1), at, x.sizes)
    labels = range(reached.expr.ndim)
    kept = add([(1, constant(1, reached.expr.sizes)), (-1, reached.expr)])
    rest = v.contraction(labels, [(v.whole(x.expr), labels), (v.whole(kept), labels)])
    return View(add([(1, rest.expr), (1, written.expr)]), x.axes)


def _last_writes(at: Places) -> list[tuple[View, Sequence[Hashable]]]:
    """[no later element of the index arrays names the same place], a factor over their labels.

    With two arrays of the shape (2, 3) the elements are numbered 0 to 5, row by row, as NumPy writes them.
    """
    joint = [label for label in at.part if _is_joint(label) and label in at.sizes]
    if not joint:
        return []
    sizes = [at.sizes[label] for label in joint]
    flat: list[View] = []
    lengths: list[AnySize] = []
    for view, labels in at.factors:
        if isinstance(view.expr, Pick):
            index, own = View(view.expr.index, view.axes[:-1]), [k for k in labels if _is_joint(k)]
            spread = v.contraction(joint, [(index, own)], 1, dict(zip(joint, sizes, strict=True)))
            flat.append(v.reshape(spread, [prod(sizes)]))
            lengths.append(view.expr.sizes[-1])
    params = (("lengths", tuple(lengths)), ("count", 1))
    definition = Definition("last", partial(_last_of, tuple(lengths)), params)
    args = tuple(view.expr for view in flat)
    last = v.whole(Composite(definition, args, args[0].sizes))
    return [(v.reshape(last, sizes), joint)]


def _is_joint(label: Hashable) -> bool:
    return isinstance(label, tuple) and label[0] == "joint"


def _last_of(lengths: Sequence[AnySize], *indices: Expr) -> Expr:
    """Whether no later position is the same on every axis, of the lengths given; -1 is the last place."""
    (size,) = indices[0].sizes
    later = (affine.triangle(size, size, -1), ("later", "own"))
    picks = [Pick(index, length) for index, length in zip(indices, lengths, strict=True)]
    same = [(p, (side, k)) for k, p in enumerate(picks) for side in ("own", "later")]
    count = contract(["own"], [later, *same])
    return mapped(heads.EQUAL, (count, constant(0, (size,))))


def _put(value: View, at: Places, sizes: Sequence[AnySize]) -> View:
    part = v.broadcast_to(value, [at.sizes.get(label, 1) for label in at.part], "setitem")
    known = {label: s for label, s in zip(at.whole, sizes, strict=True) if s != 1}
    if 0 in at.sizes.values():
        return _nothing(at.whole, known)
    return v.contraction(at.whole, [(part, at.part), *at.factors], 1, known, "setitem")


def _nothing(labels: Sequence[Hashable], sizes: Mapping[Hashable, AnySize]) -> View:
    """Zeros: what nothing was read from, or written to."""
    return v.contraction(labels, [(v.number_view(0), ())], 1, sizes)


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
    if length == 0:
        at.sizes["none", axis] = 0
        return ("none", axis)
    if size == 1 or (start == 0 and step == 1 and length == size):
        at.sizes[label] = size
        return label
    if length == 1:
        at.factors.append((v.whole(affine.onehot(size, start)), (label,)))
        return ("one", axis)
    part: Hashable = ("part", axis)
    at.factors.append((v.whole(affine.slice_of(length, size, start, step)), (part, label)))
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
            if not hasattr(entry, "position"):
                _position(entry, size, axis)
            continue
        own: Hashable = ("x", axis)
        if not hasattr(entry, "position"):
            position = _position(entry, size, axis)
            at.factors.append((v.whole(affine.onehot(size, position)), (own,)))
            continue
        array = arrays[entry.position - first]
        if "bool" in getattr(array.expr, "assume", ()):
            raise DerivationError(
                "getitem: how many elements a mask that has a name keeps is not known, because it may be "
                "given other values; choose with where, or give the mask no name"
            )
        labels = joint[ndim - array.ndim :]
        relation, moving = _progressing(entry, array.sizes, labels, size)
        if relation is not None:
            at.factors.append((v.whole(relation), [*moving, own]))
            continue
        pick = Pick(array.expr, size)
        at.factors.append((View(pick, (*array.axes, pick.ndim - 1)), [*labels, own]))


def _progressing(
    entry: Place, lengths: Sequence[AnySize], labels: Sequence[Hashable], size: AnySize
) -> tuple[affine.AffineRelation | None, list[Hashable]]:
    """Places that progress evenly as the slice or reshape that they are, and the labels that tell them."""
    if entry.steps is None:
        return None, []
    moving = [each for each in zip(entry.steps, labels, lengths, strict=True) if each[0] and each[2] != 1]
    steps = (*(step for step, *_ in moving), -1)
    relation = affine.AffineRelation(steps, entry.first, (*(n for *_, n in moving), size))
    return relation, [label for _, label, _ in moving]


def _position(entry: AnySize, size: AnySize, axis: int) -> AnySize:
    """The place that an index means, counted from the front.

    Raises
    ------
    AxisError
        Where it lies outside for every size.
    """
    known, at = v.known_size(size), v.known_size(entry)
    place = known + at if is_at_least(at, 0) is False else at
    below, inside = is_at_least(place, 0), is_at_least(known - place, 1)
    if inside is False or below is False:
        raise AxisError(f"getitem: index {entry} is out of bounds for axis {axis} with size {size}")
    return place


def slice_bounds(entry: slice, size: AnySize) -> tuple[Any, int, AnySize]:
    """Start, step and length of a slice, where sizes and bounds may be names.

    A bound that is not past the end for some sizes is taken to lie inside; evaluation refuses other sizes.
    """
    step = 1 if entry.step is None else entry.step
    if not isinstance(step, int):
        raise DerivationError(f"getitem: a slice's step is a number, not {step}")
    if step == 0:
        raise ShapeError("getitem: a slice's step cannot be 0")
    if entry == slice(None):
        return 0, 1, size
    known = v.known_size(size)
    bounds = [None if b is None else v.known_size(b) for b in (entry.start, entry.stop)]
    if isinstance(known, int) and not any(isinstance(b, Size) for b in bounds):
        reached = range(*slice(bounds[0], bounds[1], step).indices(known))
        return reached.start, step, len(reached)
    start_bound, stop_bound = bounds
    # a start that is never above 0, and a stop below which a slice runs down, may mean the end of the axis
    if _may_be_either(start_bound, at_most=0) or _may_be_either(stop_bound, at_most=0 if step > 0 else None):
        raise DerivationError(
            f"getitem: whether [{_text(entry)}] counts from the front or from the end depends on the sizes; "
            "give them numbers, or count from one side"
        )
    first, last = (_bound(bound, known) for bound in bounds)
    if step > 0:
        start, stop = 0 if first is None else first, known if last is None else last
        length = divided_up(stop - start, step)
    else:
        start, stop = known - 1 if first is None else first, -1 if last is None else last
        length = divided_up(start - stop, -step)
    if length is None:
        raise DerivationError(
            f"getitem: how many elements [{_text(entry)}] keeps of {size} is no polynomial of dims; give the "
            "axis a number, or a size that the step divides, as in x='2*k'"
        )
    outside = is_at_least(known - (stop if step > 0 else start + 1), 0) is False
    begun = known - start if step > 0 else start + 1
    if is_at_least(length, 1) is False and is_at_least(begun, 0) is not False:
        return 0, 1, 0
    if outside or is_at_least(length, 1) is False:
        raise ShapeError(
            f"getitem: the slice [{_text(entry)}] reaches outside an axis of size {size}"
        )
    return start, step, length


def _may_be_either(bound: AnySize | None, at_most: int | None) -> bool:
    """Whether a bound is below 0 for some sizes and not for others, and never above ``at_most``."""
    if bound is None or is_at_least(bound, 0) is not None:
        return False
    return at_most is None or is_at_least(at_most - bound, 0) is True


def _bound(bound: AnySize | None, size: AnySize) -> AnySize | None:
    """A slice's bound counted from the front; only what is below 0 for every size counts from the end."""
    if bound is None or is_at_least(bound, 0) is not False:
        return bound
    return size + bound


def _text(entry: slice) -> str:
    parts = ["" if b is None else str(b) for b in (entry.start, entry.stop)]
    return ":".join(parts if entry.step is None else [*parts, str(entry.step)])
