"""Relations without a name of their own, such as windows: read, or put, at places that are worked out.

For [i = 2 t + k − 1] the place of element k of window t is an array of integers. What carries i is read
there, with zeros around it for places outside; what carries t and k is added up there, and cut back.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from typing import NamedTuple

from minigrad.index.expr import Pick
from minigrad.index.relations import Placed, equation
from minigrad.index.size import AnySize, at_most
from minigrad.program.gather import gathered
from minigrad.program.pairwise import Labelled
from minigrad.program.partial_contraction import (
    Combine,
    PartialContraction,
    StructuralFactor,
    combined,
)
from minigrad.program.scatter import scattered
from minigrad.program.value import Value
from minigrad.program.value_builder import ValueBuilder

Label = Hashable


class _Places(NamedTuple):
    """Index ``label`` as an array over ``others``, counted on an axis with margins at its ends."""

    label: Label
    others: tuple[Label, ...]
    indices: Value
    before: AnySize
    after: AnySize

    def widened(self, builder: ValueBuilder, x: Labelled) -> Value:
        """The array with zeros at both ends of the axis."""
        if self.before == self.after == 0:
            return x.value
        axis = x.labels.index(self.label)
        size = x.value.sizes[axis] + self.before + self.after
        return builder.embed(x.value, axis, self.before, 1, size)


def read(partial: PartialContraction, structural: StructuralFactor) -> bool:
    """What carries the last index, which is summed, is read where the others say."""
    return _read(partial, structural, structural.labels[-1:])


def read_back(partial: PartialContraction, structural: StructuralFactor) -> bool:
    """What carries another index is read where the last one and the others say: that is larger."""
    return _read(partial, structural, structural.labels[:-1])


def _read(
    partial: PartialContraction, structural: StructuralFactor, chosen: Sequence[Label]
) -> bool:
    for places in _solutions(partial, structural, chosen):
        i = places.label
        carriers = [x for x in partial.arrays if i in x.labels]
        if not carriers or not partial.ends_in((i,), structural):
            continue
        partial.gone.add(i)
        for x in partial.taken((i,)):
            wide = Labelled(places.widened(partial.builder, x), x.labels)
            partial.add(*gathered(partial.builder, wide, i, places.indices, places.others))
        return True
    return False


def put(partial: PartialContraction, structural: StructuralFactor, combine: Combine) -> bool:
    """What carries the other indices, which are summed, is added up at the places that they say."""
    for places in _solutions(partial, structural, structural.labels[-1:]):
        i, others = places.label, places.others
        if not partial.ends_in(others, structural):
            continue
        x = combined(partial, combine, others, i)
        if x is None:
            continue
        size = partial.extents[i]
        wide = size + places.before + places.after
        made, rest = scattered(partial, x, others, places.indices, wide)
        if wide != size:
            made = partial.builder.index(made, 0, (places.before, 1, size))
        partial.add(made, [i, *rest])
        return True
    return False


def _solutions(
    partial: PartialContraction, structural: StructuralFactor, chosen: Sequence[Label]
) -> Iterator[_Places]:
    """Those of the chosen indices that the relation gives as a function of the others."""
    node, labels = structural.node, structural.labels
    if isinstance(node, Pick) or node.relation != "=":
        return
    told = equation(Placed(node, labels))
    for i in (label for label in chosen if label in told.coefs):
        others = tuple(label for label in told.coefs if label != i)
        reach = told.reach(but=(i,))
        sign = -told.coefs[i]
        if sign not in (1, -1) or reach is None or not others:
            continue
        low, high = reach if sign == 1 else (-reach[1], -reach[0])
        before, after = at_most(-low), at_most(high - told.sizes[i] + 1)
        params = (
            sign * told.constant + before,
            tuple(sign * told.coefs[label] for label in others),
        )
        sizes = [told.sizes[label] for label in others]
        indices = partial.builder.make("arange", (), params, sizes, "index")
        yield _Places(i, others, indices, before, after)
