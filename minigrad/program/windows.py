"""Relations without a name of their own, such as windows: read, or put, at places that are worked out.

For [i = 2 t + k − 1] the place of element k of window t is an array of integers. What carries i is read
there, with zeros around it for places outside; what carries t and k is added up there, and cut back.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import NamedTuple

from minigrad.index.expr import Pick
from minigrad.index.relations import Placed, equation
from minigrad.index.size import AnySize, is_at_least
from minigrad.program.gather import gathered
from minigrad.program.pairwise import Labelled, aligned
from minigrad.program.partial_contraction import (
    Combine,
    PartialContraction,
    StructuralFactor,
)
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
        sizes = list(x.value.sizes)
        sizes[axis] = sizes[axis] + self.before + self.after
        maps = tuple(
            ("axis", k, self.before if k == axis else 0, 1, size)
            for k, size in enumerate(x.value.sizes)
        )
        return builder.make("embed", (builder.as_number(x.value),), (tuple(sizes), maps), sizes)


def read(partial: PartialContraction, structural: StructuralFactor) -> bool:
    """What carries an index that is summed is read where the others say."""
    for places in _solutions(partial, structural):
        i = places.label
        carriers = [x for x in partial.arrays if i in x.labels]
        if not carriers or i in partial.needed() or partial.carried_elsewhere((i,), structural):
            continue
        partial.gone.add(i)
        for x in partial.taken((i,)):
            wide = Labelled(places.widened(partial.builder, x), x.labels)
            partial.add(*gathered(partial.builder, wide, i, places.indices, places.others))
        return True
    return False


def put(partial: PartialContraction, structural: StructuralFactor, combine: Combine) -> bool:
    """What carries the other indices, which are summed, is added up at the places that they say."""
    builder = partial.builder
    for places in _solutions(partial, structural):
        i, others = places.label, places.others
        if set(others) & partial.needed() or partial.carried_elsewhere(others, structural):
            continue
        x = combine(partial, others)
        if x is None or i in x.labels:
            if x is not None:
                partial.arrays.append(x)
            continue
        partial.gone.update(others)
        rest = [label for label in x.labels if label not in others]
        value = builder.as_number(aligned(builder, x, [*others, *rest]))
        inner = tuple(partial.extents[label] for label in (*others, *rest))
        size = partial.extents[i]
        wide = size + places.before + places.after
        sizes = [wide, *inner[len(others) :]]
        made = builder.make("scatter", (value, places.indices), ((wide,), len(others), inner), sizes)
        if wide != size:
            made = builder.index(made, 0, (places.before, 1, size))
        partial.add(made, [i, *rest])
        return True
    return False


def _solutions(partial: PartialContraction, structural: StructuralFactor) -> Iterator[_Places]:
    """Every index that the relation gives as a function of the others."""
    node, labels = structural.node, structural.labels
    if isinstance(node, Pick) or node.relation != "=":
        return
    told = equation(Placed(node, labels))
    for i in reversed(told.coefs):
        others = tuple(label for label in told.coefs if label != i)
        reach = told.reach(but=(i,))
        sign = -told.coefs[i]
        if sign not in (1, -1) or reach is None or not others:
            continue
        low, high = reach if sign == 1 else (-reach[1], -reach[0])
        before, after = _at_least_0(-low), _at_least_0(high - told.sizes[i] + 1)
        if before is None or after is None:
            continue
        params = (
            sign * told.constant + before,
            tuple(sign * told.coefs[label] for label in others),
        )
        sizes = [told.sizes[label] for label in others]
        indices = partial.builder.make("arange", (), params, sizes, "index")
        yield _Places(i, others, indices, before, after)


def _at_least_0(size: AnySize) -> AnySize | None:
    """The size, or 0 where it is negative; None where that depends on dims."""
    inside = is_at_least(size, 0)
    if inside is None:
        return 0 if is_at_least(-size, 0) else None
    return size if inside else 0
