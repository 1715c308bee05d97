"""Structural factors that say where the other factors are put, and slices that meet on one axis.

The gradient of x[1:3] is yᵢ = Σⱼ [i = 1 + j] dⱼ: the array d carries j, which is summed, and i is an axis of the
result. It is put into zeros, y = (0, d₀, d₁, 0). The gradient of x[p] is yᵢ = Σⱼ [i = pⱼ] dⱼ, where several
j may have one i: for p = (3, 3) it is y = (0, 0, 0, d₀ + d₁), which only adding at indices gives.

Two slices of one axis, [i = 1 + j] for j to 2 and [i = 2 + k] for k to 2, both reach i = 2 alone: they are one
element of each, j = 1 and k = 0.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence

from minigrad.index.affine import OneHot, Reshape, Slice, onehot, slice_of
from minigrad.index.expr import Pick
from minigrad.index.size import AnySize
from minigrad.program.gather import reshaped, sides
from minigrad.program.index_maps import Affine
from minigrad.program.pairwise import Labelled, aligned
from minigrad.program.partial_contraction import (
    Combine,
    PartialContraction,
    StructuralFactor,
    StructuralFactors,
    combined,
    movable,
)
from minigrad.program.value import Value

Label = Hashable


def _slice_scatter(
    partial: PartialContraction, structural: StructuralFactor, combine: Combine
) -> bool:
    (j, i), form = structural.labels, structural.form
    assert isinstance(form, Slice)
    start, step = form
    if i == j or not partial.ends_in((j,), structural):
        return False
    x = combined(partial, combine, (j,), i)
    if x is None:
        return False
    partial.gone.add(j)
    made = partial.builder.embed(x.value, x.labels.index(j), start, step, partial.extents[i])
    partial.add(made, [i if label == j else label for label in x.labels])
    return True


def _pick_scatter(
    partial: PartialContraction, structural: StructuralFactor, combine: Combine
) -> bool:
    *rows, v = structural.labels
    assert structural.indices is not None
    if v in rows or not partial.ends_in(rows, structural):
        return False
    x = combined(partial, combine, rows, v)
    if x is None:
        return False
    made, rest = scattered(partial, x, rows, structural.indices, partial.extents[v])
    partial.add(made, [v, *rest])
    return True


def scattered(
    partial: PartialContraction, x: Labelled, rows: Sequence[Label], indices: Value, size: AnySize
) -> tuple[Value, list[Label]]:
    """The array summed over ``rows`` into a first axis of that size, at the indices that these give."""
    partial.gone.update(rows)
    builder = partial.builder
    rest = [label for label in x.labels if label not in rows]
    value = builder.as_number(aligned(builder, x, [*rows, *rest]))
    inner = tuple(partial.extents[label] for label in (*rows, *rest))
    sizes = (size, *inner[len(rows) :])
    return builder.make("scatter", (value, indices), (len(rows), inner), sizes), rest


def _reshape_scatter(
    partial: PartialContraction, structural: StructuralFactor, combine: Combine
) -> bool:
    """Arrays that carry only some of the axes are multiplied and spread first."""
    for gone, kept in sides(structural):
        if set(gone) & set(kept) or not partial.ends_in(gone, structural):
            continue
        if len(gone) > 1 and _joins(partial, structural, kept):
            partial.joined[kept[0]] = gone
            partial.gone.update(kept)
            return True
        x = combine(partial, gone)
        if x is None:
            partial.gone.update(gone)
            return True  # every position is met once
        if set(kept) & set(x.labels):
            partial.arrays.append(x)
            continue
        partial.gone.update(gone)
        order = [*(label for label in x.labels if label not in gone), *gone]
        value = aligned(partial.builder, x, order)
        value = partial.builder.broadcast_to(value, [partial.extents[label] for label in order])
        reshaped(partial, Labelled(value, tuple(order)), gone, kept)
        return True
    return False


def _joins(
    partial: PartialContraction, structural: StructuralFactor, kept: Sequence[Label]
) -> bool:
    """Whether what is kept is one whole axis of the result, which nothing else speaks of."""
    return (
        len(kept) == 1
        and Affine(kept[0]) in partial.index_maps.values()
        and movable(partial, kept[0])
        and not partial.carried_elsewhere(kept, structural)
        and not any(kept[0] in x.labels for x in partial.arrays)
    )


def joined(partial: PartialContraction, x: Labelled) -> Labelled:
    """The product with the axes in a row that are one axis of the result, which is cheaper when all is done."""
    for whole, parts in partial.joined.items():
        found = [label for label in x.labels if label in parts]
        if found:
            order = [*(label for label in x.labels if label not in parts), *parts]
            sizes = [partial.extents[label] for label in order]
            value = aligned(partial.builder, x, order)
            partial.arrays = []
            full = Labelled(partial.builder.broadcast_to(value, sizes), tuple(order))
            reshaped(partial, full, parts, (whole,))
            (x,) = partial.arrays
    return x


SCATTERS: dict[type, Callable[[PartialContraction, StructuralFactor, Combine], bool]] = {
    Slice: _slice_scatter,
    Pick: _pick_scatter,
    Reshape: _reshape_scatter,
}


# -- slices that meet -----------------------------------------------------------------------------------


def met(partial: PartialContraction) -> bool:
    """Two slices of one axis are slices of what both reach, which may be nothing."""
    spans = [
        structural for structural in partial.structurals if isinstance(structural.form, Slice | OneHot)
    ]
    for k, first in enumerate(spans):
        for second in spans[k + 1 :]:
            if first.labels[-1] == second.labels[-1] and _intersected(partial, first, second):
                return True
    return False


def _intersected(
    partial: PartialContraction, first: StructuralFactor, second: StructuralFactor
) -> bool:
    if any(len(set(structural.labels)) < len(structural.labels) for structural in (first, second)):
        return False
    reach = [_reach(partial, structural) for structural in (first, second)]
    spans = [span for span in reach if span is not None]
    if len(spans) < 2:
        return False
    low = _largest(spans[0][0], spans[1][0], bound=1)
    high = _largest(spans[0][1], spans[1][1], bound=-1)
    if low is None or high is None:
        # what starts where the other ends has nothing in common with it
        if spans[0][1] != spans[1][0] and spans[1][1] != spans[0][0]:
            return False
        low, high = 0, 0
    length = high - low
    if isinstance(length, int) and length <= 0:
        partial.zero = True
        length = 0
    whole = first.labels[-1]
    partial.structurals = StructuralFactors(
        structural
        for structural in partial.structurals
        if structural is not first and structural is not second
    )
    if partial.zero:
        partial.structurals = StructuralFactors()
        return False
    part: Label = ("part", whole, len(partial.extents))
    partial.extents[part] = length
    _confine(partial, whole, low, length, part)
    for structural, (start, _) in zip((first, second), spans, strict=True):
        if isinstance(structural.form, Slice):
            _confine(partial, structural.labels[0], low - start, length, part)
    return True


def _reach(
    partial: PartialContraction, structural: StructuralFactor
) -> tuple[AnySize, AnySize] | None:
    """Where on the whole axis the factor starts, and where it ends."""
    match structural.form:
        case OneHot(place):
            return place, place + 1
        case Slice(start, 1):
            return start, start + partial.extents[structural.labels[0]]
    return None


def _largest(a: AnySize, b: AnySize, bound: int) -> AnySize | None:
    """The larger (smaller for bound -1) of two positions, when that is known."""
    difference = a - b
    if not isinstance(difference, int):
        return None
    return a if difference * bound >= 0 else b


def _confine(
    partial: PartialContraction, label: Label, start: AnySize, length: AnySize, part: Label
) -> None:
    """The label runs over ``length`` positions from ``start``, together with ``part``."""
    if length == 1:
        node = onehot(partial.extents[label], start)
        partial.structurals.append(StructuralFactor(node, (label,)))
        return
    node = slice_of(length, partial.extents[label], start)
    partial.structurals.append(StructuralFactor(node, (part, label)))
