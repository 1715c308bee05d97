"""Structural factors that say where the other factors are read: slices, picks, reshapes.

In yⱼ = Σᵢ [i = 1 + j] xᵢ, with i to 4 and j to 2, the array x carries the label i that is summed: it becomes
x[1:3], labelled j, so y₀ = x₁ and y₁ = x₂. A pick reads at integers: yⱼ = Σᵢ [i = pⱼ] xᵢ is take(x, p), and
for p = (3, 0) it is (x₃, x₀). A one-hot [i = 2] leaves x₂, and a reshape [(i, j) = k] of a 2 × 3 array
Aᵢⱼ its six elements yₖ, where k = 3 i + j.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence

from minigrad.index.affine import Delta, OneHot, Reshape, Roll, Slice
from minigrad.index.expr import Pick
from minigrad.program.index_maps import Affine, Fixed, Indirect, labels_of
from minigrad.program.pairwise import Labelled, aligned
from minigrad.program.partial_contraction import (
    PartialContraction,
    StructuralFactor,
    movable,
    relabel,
    substitute,
)
from minigrad.program.value import Value
from minigrad.program.value_builder import ValueBuilder

Label = Hashable


def _delta(partial: PartialContraction, structural: StructuralFactor) -> bool:
    """Both labels are axes of the result: they stand on one diagonal."""
    i, j = structural.labels
    if i == j:
        return True
    if partial.carried_elsewhere((j,), structural):
        i, j = j, i
    if partial.carried_elsewhere((j,), structural):
        return False
    substitute(partial, j, Affine(i))
    relabel(partial, j, i)
    partial.gone.add(j)
    return True


def _slice(partial: PartialContraction, structural: StructuralFactor) -> bool:
    (j, i), form = structural.labels, structural.form
    assert isinstance(form, Slice)
    start, step = form
    if i == j or partial.carried_elsewhere((i,), structural) or not movable(partial, i):
        return False
    substitute(partial, i, Affine(j, start, step))
    partial.gone.add(i)
    for x in partial.taken((i,)):
        axis = x.labels.index(i)
        part = partial.builder.index(x.value, axis, (start, step, partial.extents[j]))
        partial.add(part, [j if label == i else label for label in x.labels])
    return True


def _onehot(partial: PartialContraction, structural: StructuralFactor) -> bool:
    (i,), form = structural.labels, structural.form
    assert isinstance(form, OneHot)
    if partial.carried_elsewhere((i,), structural) or not movable(partial, i):
        return False
    substitute(partial, i, Fixed(form.place))
    partial.gone.add(i)
    for x in partial.taken((i,)):
        value = partial.builder.index(x.value, x.labels.index(i), form.place)
        partial.add(value, [label for label in x.labels if label != i])
    return True


def _roll(partial: PartialContraction, structural: StructuralFactor) -> bool:
    (i, j), form = structural.labels, structural.form
    assert isinstance(form, Roll)
    for label, other, by in ((i, j, -form.shift), (j, i, form.shift)):
        if label != other and partial.ends_in((label,), structural):
            partial.gone.add(label)
            for x in partial.taken((label,)):
                axis = x.labels.index(label)
                moved = partial.builder.make(
                    "roll", (x.value,), (by, axis), x.value.sizes, x.value.kind
                )
                partial.add(moved, [other if lab == label else lab for lab in x.labels])
            return True
    return False


def _pick(partial: PartialContraction, structural: StructuralFactor) -> bool:
    *rows, v = structural.labels
    assert structural.indices is not None
    whole = all(p == Affine(v) for p in partial.index_maps.values() if v in labels_of(p))
    if v in rows or not whole or partial.carried_elsewhere((v,), structural):
        return False
    partial.gone.add(v)
    for axis, index_map in partial.index_maps.items():
        if v in labels_of(index_map):
            partial.index_maps[axis] = Indirect(structural.indices, tuple(rows))
    for x in partial.taken((v,)):
        partial.add(*gathered(partial.builder, x, v, structural.indices, rows))
    return True


def gathered(
    builder: ValueBuilder, x: Labelled, v: Label, index: Value, rows: Sequence[Label]
) -> tuple[Value, tuple[Label, ...]]:
    """``x`` at the indices; labels that both carry go along with each other."""
    shared = [label for label in rows if label in x.labels]
    rest = [label for label in x.labels if label != v and label not in shared]
    if not shared:
        axis = x.labels.index(v)
        labels = (*x.labels[:axis], *rows, *x.labels[axis + 1 :])
        sizes = (*x.value.sizes[:axis], *index.sizes, *x.value.sizes[axis + 1 :])
        return builder.make("take", (x.value, index), (axis,), sizes, x.value.kind), labels
    own = [label for label in rows if label not in shared]
    value = aligned(builder, x, [*shared, v, *rest])
    at = aligned(builder, Labelled(index, tuple(rows)), [*shared, *own])
    labels = (*shared, *own, *rest)
    sizes = (*at.sizes, *value.sizes[len(shared) + 1 :])
    return builder.make("points", (value, at), (len(shared),), sizes, x.value.kind), labels


def _reshape(partial: PartialContraction, structural: StructuralFactor) -> bool:
    for gone, kept in sides(structural):
        if set(gone) & set(kept) or not partial.ends_in(gone, structural):
            continue
        carriers = [x for x in partial.arrays if set(x.labels) & set(gone)]
        if any(not set(gone) <= set(x.labels) or set(kept) & set(x.labels) for x in carriers):
            continue
        partial.gone.update(gone)
        for x in partial.taken(gone):
            reshaped(partial, x, gone, kept)
        return True
    return False


def reshaped(
    partial: PartialContraction, x: Labelled, gone: Sequence[Label], kept: Sequence[Label]
) -> None:
    rest = [label for label in x.labels if label not in gone]
    first = min(k for k, label in enumerate(x.labels) if label in gone)
    before = [label for label in x.labels[:first] if label in rest]
    after = [label for label in rest if label not in before]
    value = aligned(partial.builder, x, [*before, *gone, *after])
    labels = [*before, *kept, *after]
    partial.add(
        partial.builder.reshape(value, [partial.extents[label] for label in labels]), labels
    )


def sides(structural: StructuralFactor) -> list[tuple[tuple[Label, ...], tuple[Label, ...]]]:
    assert isinstance(structural.form, Reshape)
    count = structural.form.before
    before, after = structural.labels[:count], structural.labels[count:]
    return [(before, after), (after, before)]


GATHERS: dict[type, Callable[[PartialContraction, StructuralFactor], bool]] = {
    Delta: _delta,
    Slice: _slice,
    OneHot: _onehot,
    Roll: _roll,
    Pick: _pick,
    Reshape: _reshape,
}
