"""Structural factors of a product become views and moves of its other factors.

[i = start + step j] under a sum over i is a slice of what carries i; where i is an axis of the result,
it says where the result stands. Only a triangle stays a factor, for the contraction to use.

In Yᵢₗ = Σⱼₖ [i = 1 + j] [k = 2] Aⱼₖ Bₖₗ the one-hot is used first, as nothing else is needed for it: A and B are
read at k = 2, A[:, 2] labelled j and B[2] labelled l. Then i = 1 + j says where the rows stand. What
is left to multiply is an outer product, put below a row of zeros.
"""

from __future__ import annotations

from minigrad.index.affine import Reshape, Triangle, slice_of
from minigrad.program.gather import GATHERS
from minigrad.program.partial_contraction import (
    Combine,
    PartialContraction,
    StructuralFactor,
    as_array,
)
from minigrad.program.scatter import SCATTERS, met
from minigrad.program.triangle import mask, use_triangle
from minigrad.program.windows import put, read, read_back


def eliminate(partial: PartialContraction, combine: Combine) -> None:
    """Use up every structural factor but triangles.

    ``combine(partial, labels)`` multiplies the arrays that carry one of the labels into one.
    """
    for structural in [r for r in partial.structurals if isinstance(r.form, Triangle)]:
        if len(set(structural.labels)) == 1:
            as_array(partial, structural)
            partial.structurals.remove(structural)
        elif mask(partial, structural):
            partial.structurals.remove(structural)
    for structural in [r for r in partial.structurals if isinstance(r.form, Reshape)]:
        if len(set(structural.labels)) < len(structural.labels):
            partial.structurals.remove(structural)
            _along_diagonal(partial, structural)
    while met(partial):
        pass
    waiting = [structural for structural in partial.structurals if not isinstance(structural.form, Triangle)]
    while waiting:
        done = next((r for r in waiting if _read(partial, r)), None)
        if done is None:
            done = next((r for r in waiting if _put(partial, r, combine)), None)
        if done is None:
            done = next(
                (
                    r
                    for r in partial.structurals
                    if isinstance(r.form, Triangle) and use_triangle(partial, r, combine)
                ),
                None,
            )
        if done is None:
            done = next((r for r in waiting if r.form is None and read_back(partial, r)), None)
        if done is None:
            done = waiting[-1]
            as_array(partial, done)
        partial.structurals.remove(done)
        waiting = [structural for structural in waiting if structural is not done]


def _along_diagonal(partial: PartialContraction, structural: StructuralFactor) -> None:
    """A reshape of a square's diagonal: every (n + 1)-th position of the whole."""
    i, j, whole = structural.labels if len(structural.labels) == 3 else (None, 0, 0)
    n = partial.extents[i] if i is not None else 0
    if i == j != whole and structural.form == Reshape(2) and isinstance(n, int):
        places = slice_of(n, n * n, 0, n + 1)
        partial.structurals.append(StructuralFactor(places, (i, whole)))
    else:
        as_array(partial, structural)


def _read(partial: PartialContraction, structural: StructuralFactor) -> bool:
    return GATHERS.get(type(structural.form), read)(partial, structural)


def _put(partial: PartialContraction, structural: StructuralFactor, combine: Combine) -> bool:
    return SCATTERS.get(type(structural.form), put)(partial, structural, combine)
