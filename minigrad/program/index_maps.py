"""Where the elements of a small array stand in a large one that is zero elsewhere.

What deltas, slices, one-hots and gathers say of axes of a result is kept apart from the numbers, as one
index map per axis, and done last: no dense 0/1 tensor is ever multiplied. For a core x labelled i, of
three elements:

    diag(x)       Yᵢᵢ = xᵢ             {0: Affine(i), 1: Affine(i)}
    pad(x, 1)     y₁₊ᵢ = xᵢ            {0: Affine(i, start=1)}
    column 2      Yᵢ₂ = xᵢ             {0: Affine(i), 1: Fixed(2)}
    rows at p     y[pᵢ] += xᵢ          {0: Indirect(p, (i,))}
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import NamedTuple

from minigrad.index.size import AnySize
from minigrad.program.pairwise import Labelled, aligned
from minigrad.program.value import Value
from minigrad.program.value_builder import ValueBuilder

Label = Hashable


class Affine(NamedTuple):
    """Index ``start + step * label``."""

    label: Label
    start: AnySize = 0
    step: int = 1


class Fixed(NamedTuple):
    """One index."""

    position: AnySize


class Indirect(NamedTuple):
    """The indices in an integer array with these labels."""

    indices: Value
    labels: tuple[Label, ...]


IndexMap = Affine | Fixed | Indirect
Extents = dict[Label, AnySize]


class PlacedArray(NamedTuple):
    """A core and where it stands: an index map per axis of the result; an axis without one repeats."""

    core: Labelled
    index_maps: dict[int, IndexMap]


def labels_of(index_map: IndexMap) -> tuple[Label, ...]:
    match index_map:
        case Affine(label):
            return (label,)
        case Indirect(_, labels):
            return labels
    return ()


def is_plain(
    placed: PlacedArray, sizes: Sequence[AnySize], extents: Mapping[Label, AnySize]
) -> bool:
    """Whether every index map is a whole axis, all different: the core is the result."""
    labels = [
        index_map.label for index_map in placed.index_maps.values() if isinstance(index_map, Affine)
    ]
    return len(set(labels)) == len(placed.index_maps) and all(
        is_whole(index_map, sizes[axis], extents) for axis, index_map in placed.index_maps.items()
    )


def is_diagonal(placed: PlacedArray) -> bool:
    """Whether a matrix's index maps are one whole axis twice."""
    first, second = (placed.index_maps.get(axis) for axis in (0, 1))
    return first is not None and first == second and isinstance(first, Affine) and (
        first.start == 0 and first.step == 1
    )  # fmt: skip


def is_whole(index_map: IndexMap, size: AnySize, extents: Mapping[Label, AnySize]) -> bool:
    return (
        isinstance(index_map, Affine)
        and index_map.start == 0
        and index_map.step == 1
        and (extents[index_map.label] == size)
    )


def standardised(
    placed: PlacedArray, extents: Mapping[Label, AnySize]
) -> tuple[PlacedArray, Extents]:
    """The array with its labels named by where they first stand, so that equal index maps are equal."""
    names = _standing(placed)
    labels = tuple(names[label] for label in placed.core.labels)
    index_maps = {axis: _renamed(index_map, names) for axis, index_map in placed.index_maps.items()}
    own: Extents = {new: extents[old] for old, new in names.items()}
    return PlacedArray(Labelled(placed.core.value, labels), index_maps), own


def span(
    placed: PlacedArray, axis: int, sizes: Sequence[AnySize], extents: Mapping[Label, AnySize]
) -> tuple[AnySize, AnySize] | None:
    """Start and length on one axis, when the array fills all other axes that it has."""
    index_map = placed.index_maps.get(axis)
    others = [p for k, p in placed.index_maps.items() if k != axis]
    labels = [p.label for p in (*others, index_map) if isinstance(p, Affine)]
    if any(
        k != axis and not is_whole(p, sizes[k], extents) for k, p in placed.index_maps.items()
    ) or len(set(labels)) < len(labels):
        return None
    match index_map:
        case Fixed(position):
            return position, 1
        case Affine(label, start, 1):
            return start, extents[label]
    return None


def _standing(placed: PlacedArray) -> dict[Label, Label]:
    names: dict[Label, Label] = {}
    for axis in sorted(placed.index_maps):
        for k, label in enumerate(labels_of(placed.index_maps[axis])):
            names.setdefault(label, (axis, k))
    return names


def _renamed(index_map: IndexMap, names: Mapping[Label, Label]) -> IndexMap:
    match index_map:
        case Affine(label, start, step):
            return Affine(names[label], start, step)
        case Indirect(indices, labels):
            return Indirect(indices, tuple(names[label] for label in labels))
    return index_map


# -- putting in place ---------------------------------------------------------------------------------


def embedded(
    builder: ValueBuilder,
    placed: PlacedArray,
    sizes: Sequence[AnySize],
    extents: Mapping[Label, AnySize],
) -> Labelled:
    """The placed array in full shape, labelled by the result's axes that it has."""
    if is_plain(placed, sizes, extents):
        axis_of = {index_map.label: axis for axis, index_map in placed.index_maps.items()}  # type: ignore[union-attr]
        labels = tuple(axis_of[label] for label in placed.core.labels)
        kept = tuple(sorted(labels))
        return Labelled(aligned(builder, Labelled(placed.core.value, labels), kept), kept)
    joint = _indirect_labels(placed)
    if joint is not None:
        return _scattered(builder, placed, sizes, extents, joint)
    axes = sorted(placed.index_maps)
    order = tuple(_standing(placed))
    index_maps = tuple(_entry(placed.index_maps[axis], order, extents) for axis in axes)
    value = builder.as_number(aligned(builder, placed.core, order))
    target = tuple(sizes[axis] for axis in axes)
    return Labelled(builder.make("embed", (value,), (index_maps,), target), tuple(axes))


def added_in_place(
    builder: ValueBuilder,
    base: Value,
    placed: PlacedArray,
    sizes: Sequence[AnySize],
    extents: Mapping[Label, AnySize],
) -> Value:
    """``base`` (of full shape) plus the placed array."""
    if _indirect_labels(placed) is not None or len(placed.index_maps) < len(sizes):
        other = embedded(builder, placed, sizes, extents)
        return builder.add([(1, base), (1, aligned(builder, other, range(len(sizes))))])
    order = tuple(_standing(placed))
    index_maps = tuple(
        _entry(placed.index_maps[axis], order, extents) for axis in range(len(sizes))
    )
    value = builder.as_number(aligned(builder, placed.core, order))
    return builder.make("embed_add", (base, value), (index_maps,), sizes)


def _entry(
    index_map: IndexMap, order: tuple[Label, ...], extents: Mapping[Label, AnySize]
) -> tuple[object, ...]:
    if isinstance(index_map, Fixed):
        return ("at", index_map.position)
    assert isinstance(index_map, Affine)
    return (
        "axis",
        order.index(index_map.label),
        index_map.start,
        index_map.step,
        extents[index_map.label],
    )


def _indirect_labels(placed: PlacedArray) -> tuple[Label, ...] | None:
    """The labels of the integer arrays that say indices, or None where there are none."""
    found = [placed.index_maps[axis] for axis in sorted(placed.index_maps)]
    arrays = [index_map for index_map in found if isinstance(index_map, Indirect)]
    if not arrays:
        return None
    return tuple(dict.fromkeys(label for index_map in arrays for label in index_map.labels))


def _scattered(
    builder: ValueBuilder, placed: PlacedArray, sizes: Sequence[AnySize],
    extents: Mapping[Label, AnySize], joint: tuple[Label, ...],
) -> Labelled:  # fmt: skip
    """All axes whose indices are read from arrays, together."""
    indices: dict[int, Value] = {}
    rest: dict[int, IndexMap] = {}
    for axis, index_map in sorted(placed.index_maps.items()):
        if isinstance(index_map, Indirect):
            indices[axis] = aligned(builder, Labelled(index_map.indices, index_map.labels), joint)
        elif isinstance(index_map, Affine) and index_map.label in joint:
            indices[axis] = _arange(builder, index_map, extents[index_map.label], joint)
        else:
            rest[axis] = index_map
    # the other axes first, the joint labels carried along in front
    lead = len(joint)
    shifted: dict[int, IndexMap] = {k: Affine(label) for k, label in enumerate(joint)}
    shifted |= {lead + k: index_map for k, index_map in enumerate(rest.values())}
    inner_sizes = [*(extents[label] for label in joint), *(sizes[axis] for axis in rest)]
    core = placed.core
    if rest:
        inner = embedded(builder, PlacedArray(core, shifted), inner_sizes, extents)
    else:
        inner = Labelled(core.value, tuple(joint.index(label) for label in core.labels))
    value = aligned(builder, inner, range(lead + len(rest)))
    labels = (*indices, *rest)
    args, params = (builder.as_number(value), *indices.values()), (lead, tuple(inner_sizes))
    made = builder.make("scatter", args, params, [sizes[axis] for axis in labels])
    return Labelled(aligned(builder, Labelled(made, labels), sorted(labels)), tuple(sorted(labels)))


def _arange(
    builder: ValueBuilder, index_map: Affine, extent: AnySize, joint: Sequence[Label]
) -> Value:
    value = builder.make(
        "arange", (), (index_map.start, (index_map.step,)), (extent,), "index"
    )
    return aligned(builder, Labelled(value, (index_map.label,)), joint)
