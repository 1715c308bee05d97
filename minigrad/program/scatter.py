"""Structural factors that say where the other factors are put, and slices that meet on one axis.

The gradient of x[1:3] is yᵢ = Σⱼ [i = 1 + j] dⱼ: the array d carries j, which is summed, and i is an axis of the
result. It is put into zeros, y = (0, d₀, d₁, 0). The gradient of x[p] is yᵢ = Σⱼ [i = pⱼ] dⱼ, where several
j may have one i: for p = (3, 3) it is y = (0, 0, 0, d₀ + d₁), which only adding at indices gives.

Two slices of one axis, [i = 1 + j] for j to 2 and [i = 2 + k] for k to 2, both reach i = 2 alone: they are one
element of each, j = 1 and k = 0.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable

from minigrad.index.affine import OneHot, Reshape, Slice, onehot, slice_of
from minigrad.index.expr import Pick
from minigrad.index.size import AnySize
from minigrad.program.gather import reshaped, sides
from minigrad.program.pairwise import Labelled, aligned
from minigrad.program.partial_contraction import Combine, PartialContraction, StructuralFactor

Label = Hashable


def _slice_scatter(
    partial: PartialContraction, structural: StructuralFactor, combine: Combine
) -> bool:
    (j, i), form = structural.labels, structural.form
    assert isinstance(form, Slice)
    start, step = form
    if i == j or j in partial.needed() or partial.carried_elsewhere((j,), structural):
        return False
    x = combine(partial, (j,))
    if x is None or i in x.labels:
        if x is not None:
            partial.arrays.append(x)
        return False
    sizes = [partial.extents[i if label == j else label] for label in x.labels]
    index_maps = tuple(
        ("axis", k, start if label == j else 0, step if label == j else 1, partial.extents[label])
        for k, label in enumerate(x.labels)
    )
    partial.gone.add(j)
    value = partial.builder.as_number(x.value)
    made = partial.builder.make("embed", (value,), (tuple(sizes), index_maps), sizes)
    partial.add(made, [i if label == j else label for label in x.labels])
    return True


def _pick_scatter(
    partial: PartialContraction, structural: StructuralFactor, combine: Combine
) -> bool:
    *rows, v = structural.labels
    assert structural.indices is not None
    if v in rows or set(rows) & partial.needed() or partial.carried_elsewhere(rows, structural):
        return False
    x = combine(partial, rows)
    if x is None or v in x.labels:
        if x is not None:
            partial.arrays.append(x)
        return False
    partial.gone.update(rows)
    builder = partial.builder
    rest = [label for label in x.labels if label not in rows]
    value = builder.as_number(aligned(builder, x, [*rows, *rest]))
    inner = tuple(partial.extents[label] for label in (*rows, *rest))
    params = ((partial.extents[v],), len(rows), inner)
    sizes = [partial.extents[label] for label in (v, *rest)]
    partial.add(builder.make("scatter", (value, structural.indices), params, sizes), [v, *rest])
    return True


def _reshape_scatter(
    partial: PartialContraction, structural: StructuralFactor, combine: Combine
) -> bool:
    """Arrays that carry only some of the axes are multiplied and spread first."""
    for gone, kept in sides(structural):
        if (
            set(gone) & partial.needed()
            or partial.carried_elsewhere(gone, structural)
            or set(gone) & set(kept)
        ):
            continue
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
    partial.structurals = [
        structural
        for structural in partial.structurals
        if structural is not first and structural is not second
    ]
    if partial.zero:
        partial.structurals = []
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
