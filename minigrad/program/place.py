"""Where the elements of a small array stand in a large one that is zero elsewhere.

What deltas, slices, one-hots and gathers say of axes of a result is kept apart from the numbers, as one
place per axis, and done last: no dense 0/1 tensor is ever multiplied.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import NamedTuple

from minigrad.index.size import AnySize
from minigrad.program.pairs import Labelled, aligned
from minigrad.program.tape import Tape
from minigrad.program.value import Value

Label = Hashable


class Window(NamedTuple):
    """Position ``start + step * label``."""

    label: Label
    start: AnySize = 0
    step: int = 1


class At(NamedTuple):
    """One position."""

    position: AnySize


class Scattered(NamedTuple):
    """The positions in an integer array with these labels."""

    positions: Value
    labels: tuple[Label, ...]


Place = Window | At | Scattered
Extents = dict[Label, AnySize]


class Piece(NamedTuple):
    """A core and where it stands: per axis of the result a place; an axis without one repeats."""

    core: Labelled
    places: dict[int, Place]


def labels_of(place: Place) -> tuple[Label, ...]:
    match place:
        case Window(label):
            return (label,)
        case Scattered(_, labels):
            return labels
    return ()


def is_plain(piece: Piece, sizes: Sequence[AnySize], extents: Mapping[Label, AnySize]) -> bool:
    """Whether every place is a whole axis, all different: the core is the result."""
    labels = [place.label for place in piece.places.values() if isinstance(place, Window)]
    return len(set(labels)) == len(piece.places) and all(
        is_whole(place, sizes[axis], extents) for axis, place in piece.places.items()
    )


def is_diagonal(piece: Piece) -> bool:
    """Whether a matrix's places are one whole axis twice."""
    first, second = (piece.places.get(axis) for axis in (0, 1))
    return first is not None and first == second and isinstance(first, Window) and (
        first.start == 0 and first.step == 1
    )  # fmt: skip


def is_whole(place: Place, size: AnySize, extents: Mapping[Label, AnySize]) -> bool:
    return (
        isinstance(place, Window)
        and place.start == 0
        and place.step == 1
        and (extents[place.label] == size)
    )


def standardised(piece: Piece, extents: Mapping[Label, AnySize]) -> tuple[Piece, Extents]:
    """The piece with its labels named by where they first stand, so that equal places are equal."""
    names = _standing(piece)
    labels = tuple(names[label] for label in piece.core.labels)
    places = {axis: _renamed(place, names) for axis, place in piece.places.items()}
    own: Extents = {new: extents[old] for old, new in names.items()}
    return Piece(Labelled(piece.core.value, labels), places), own


def span(
    piece: Piece, axis: int, sizes: Sequence[AnySize], extents: Mapping[Label, AnySize]
) -> tuple[AnySize, AnySize] | None:
    """Start and length on one axis, when the piece fills all other axes that it has."""
    place = piece.places.get(axis)
    others = [p for k, p in piece.places.items() if k != axis]
    labels = [p.label for p in (*others, place) if isinstance(p, Window)]
    if any(
        k != axis and not is_whole(p, sizes[k], extents) for k, p in piece.places.items()
    ) or len(set(labels)) < len(labels):
        return None
    match place:
        case At(position):
            return position, 1
        case Window(label, start, 1):
            return start, extents[label]
    return None


def _standing(piece: Piece) -> dict[Label, Label]:
    names: dict[Label, Label] = {}
    for axis in sorted(piece.places):
        for k, label in enumerate(labels_of(piece.places[axis])):
            names.setdefault(label, (axis, k))
    return names


def _renamed(place: Place, names: Mapping[Label, Label]) -> Place:
    match place:
        case Window(label, start, step):
            return Window(names[label], start, step)
        case Scattered(positions, labels):
            return Scattered(positions, tuple(names[label] for label in labels))
    return place


# -- putting in place ---------------------------------------------------------------------------------


def embedded(
    tape: Tape, piece: Piece, sizes: Sequence[AnySize], extents: Mapping[Label, AnySize]
) -> Labelled:
    """The piece as an array, labelled by the result's axes that it has."""
    if is_plain(piece, sizes, extents):
        axis_of = {place.label: axis for axis, place in piece.places.items()}  # type: ignore[union-attr]
        labels = tuple(axis_of[label] for label in piece.core.labels)
        kept = tuple(sorted(labels))
        return Labelled(aligned(tape, Labelled(piece.core.value, labels), kept), kept)
    joint = _scattered_labels(piece)
    if joint is not None:
        return _scattered(tape, piece, sizes, extents, joint)
    axes = sorted(piece.places)
    order = tuple(_standing(piece))
    places = tuple(_entry(piece.places[axis], order, extents) for axis in axes)
    value = tape.as_number(aligned(tape, piece.core, order))
    target = tuple(sizes[axis] for axis in axes)
    return Labelled(tape.make("embed", (value,), (target, places), target), tuple(axes))


def added_in_place(
    tape: Tape,
    base: Value,
    piece: Piece,
    sizes: Sequence[AnySize],
    extents: Mapping[Label, AnySize],
) -> Value:
    """``base`` (of full shape) plus the piece."""
    if _scattered_labels(piece) is not None or len(piece.places) < len(sizes):
        other = embedded(tape, piece, sizes, extents)
        return tape.add([(1, base), (1, aligned(tape, other, range(len(sizes))))])
    order = tuple(_standing(piece))
    places = tuple(_entry(piece.places[axis], order, extents) for axis in range(len(sizes)))
    value = tape.as_number(aligned(tape, piece.core, order))
    return tape.make("embed_add", (base, value), (places,), sizes)


def _entry(
    place: Place, order: tuple[Label, ...], extents: Mapping[Label, AnySize]
) -> tuple[object, ...]:
    if isinstance(place, At):
        return ("at", place.position)
    assert isinstance(place, Window)
    return ("axis", order.index(place.label), place.start, place.step, extents[place.label])


def _scattered_labels(piece: Piece) -> tuple[Label, ...] | None:
    """The labels of the integer arrays that say positions, or None where there are none."""
    found = [piece.places[axis] for axis in sorted(piece.places)]
    arrays = [place for place in found if isinstance(place, Scattered)]
    if not arrays:
        return None
    return tuple(dict.fromkeys(label for place in arrays for label in place.labels))


def _scattered(
    tape: Tape, piece: Piece, sizes: Sequence[AnySize],
    extents: Mapping[Label, AnySize], joint: tuple[Label, ...],
) -> Labelled:  # fmt: skip
    """All axes whose positions are read from arrays, together."""
    indices: dict[int, Value] = {}
    rest: dict[int, Place] = {}
    for axis, place in sorted(piece.places.items()):
        if isinstance(place, Scattered):
            indices[axis] = aligned(tape, Labelled(place.positions, place.labels), joint)
        elif isinstance(place, Window) and place.label in joint:
            indices[axis] = _positions(tape, place, extents[place.label], joint)
        else:
            rest[axis] = place
    # the other axes first, the joint labels carried along in front
    lead = len(joint)
    shifted: dict[int, Place] = {k: Window(label) for k, label in enumerate(joint)}
    shifted |= {lead + k: place for k, place in enumerate(rest.values())}
    inner_sizes = [*(extents[label] for label in joint), *(sizes[axis] for axis in rest)]
    inner = embedded(tape, Piece(piece.core, shifted), inner_sizes, extents) if rest else Labelled(
        piece.core.value, tuple(joint.index(label) for label in piece.core.labels)
    )  # fmt: skip
    value = aligned(tape, inner, range(lead + len(rest)))
    targets = tuple(sizes[axis] for axis in indices)
    out_sizes = [*targets, *(sizes[axis] for axis in rest)]
    params = (targets, lead, tuple(inner_sizes))
    made = tape.make("scatter", (tape.as_number(value), *indices.values()), params, out_sizes)
    labels = (*indices, *rest)
    return Labelled(aligned(tape, Labelled(made, labels), sorted(labels)), tuple(sorted(labels)))


def _positions(tape: Tape, place: Window, extent: AnySize, joint: Sequence[Label]) -> Value:
    value = tape.make("positions", (), (place.start, place.step, extent), (extent,), "index")
    return aligned(tape, Labelled(value, (place.label,)), joint)
