"""Triangles in a product: masks over both of their axes, running sums over one.

[j ≤ i] Aᵢⱼ with both axes in the result is tril(A). Σⱼ [j ≤ i] xⱼ, where x lacks i, is the running sum
(x₀, x₀ + x₁, x₀ + x₁ + x₂): n additions, where a matrix of n² zeros and ones would take n² multiplications.
Σᵢ [j ≤ i] xᵢ runs from the other end, and [j ≤ i + k] moves the sum by k places.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping

from minigrad.index.affine import Triangle
from minigrad.index.size import AnySize, is_at_least
from minigrad.program.pairwise import Labelled, aligned, contracted, grouped
from minigrad.program.partial_contraction import (
    Combine,
    PartialContraction,
    StructuralFactor,
    dense,
)
from minigrad.program.value_builder import ValueBuilder

Label = Hashable


def offset(structural: StructuralFactor) -> AnySize:
    """The k of [j ≤ i + k]."""
    assert isinstance(structural.form, Triangle)
    return structural.form.k


def mask(partial: PartialContraction, structural: StructuralFactor) -> bool:
    """An array with both axes of the triangle is zeroed outside of it."""
    carriers = [x for x in partial.arrays if set(structural.labels) <= set(x.labels)]
    if not carriers or len(set(structural.labels)) < 2:
        return False
    chosen = min(carriers, key=lambda x: len(x.labels))
    partial.arrays.remove(chosen)
    partial.add(*masked(partial.builder, chosen, structural))
    return True


def masked(builder: ValueBuilder, x: Labelled, structural: StructuralFactor) -> Labelled:
    i, j = structural.labels
    k = offset(structural)
    rest = [label for label in x.labels if label not in (i, j)]
    upper = x.labels.index(j) < x.labels.index(i)
    order = (*rest, j, i) if upper else (*rest, i, j)
    value = builder.as_number(aligned(builder, x, order))
    params = (-k if upper else k, upper)
    return Labelled(builder.make("tril", (value,), params, value.sizes), order)


def masked_over(
    builder: ValueBuilder,
    x: Labelled,
    structural: StructuralFactor,
    extents: Mapping[Label, AnySize],
) -> Labelled:
    """The array repeated along the triangle's axes that it lacks, and zeroed outside of it."""
    missing = [label for label in structural.labels if label not in x.labels]
    order = (*missing, *x.labels)
    value = builder.broadcast_to(x.value, [extents[label] for label in order])
    return masked(builder, Labelled(value, order), structural)


def use_triangle(
    partial: PartialContraction, structural: StructuralFactor, combine: Combine
) -> bool:
    """Masks, or sums along, what the triangle meets, before anything else is done with it."""
    if mask(partial, structural):
        return True
    for label, other in (structural.labels[::-1], structural.labels):
        if label == other or not partial.ends_in((label,), structural):
            continue
        if any(other in x.labels for x in partial.arrays if label in x.labels):
            continue
        x = combine(partial, (label,))
        if x is None:
            return False
        partial.gone.add(label)
        partial.add(*running_sum(partial.builder, x, structural, label, partial.extents))
        return True
    return False


def running_sum(
    builder: ValueBuilder,
    x: Labelled,
    structural: StructuralFactor,
    label: Label,
    extents: Mapping[Label, AnySize],
) -> Labelled:
    """The sum over ``label`` of the triangle times ``x``, which does not carry its other label."""
    i, j = structural.labels
    k = offset(structural)
    other, reverse = (i, False) if label == j else (j, True)
    axis, n = x.labels.index(label), extents[other]
    labels = tuple(other if lab == label else lab for lab in x.labels)
    # where the move may be by more than there is, or depends on dims, the triangle is multiplied with
    if not isinstance(k, int) or n != extents[label] or not is_at_least(n - abs(k), 0):
        triangle = Labelled(dense(builder, structural), structural.labels)
        groups = grouped(
            frozenset(structural.labels), frozenset(x.labels), frozenset(labels), (other, *labels)
        )
        return contracted(builder, triangle, x, groups)
    total = builder.along("cumsum", x.value, (axis,), reverse)
    if k == 0:
        return Labelled(total, labels)
    if k < 0:
        part = builder.index(total, axis, (-k if reverse else 0, 1, n + k))
        return Labelled(builder.embed(part, axis, 0 if reverse else -k, 1, n), labels)
    part = builder.index(total, axis, (0 if reverse else k, 1, n - k))
    edge = builder.index(total, axis, (0 if reverse else n - 1, 1, 1))
    spread = builder.broadcast_to(edge, [k if a == axis else s for a, s in enumerate(total.sizes)])
    parts = (spread, part) if reverse else (part, spread)
    return Labelled(builder.make("concatenate", parts, (axis,), total.sizes), labels)
