"""A product on its way to arrays: what is still to be multiplied, and where the result stands.

Of yᵢₖ = Σⱼ [i = 1 + 2 j] Bⱼₖ with i to 6, j to 3 and k to 2 it holds at first the array B labelled (j, k), the
structural factor [i = 1 + 2 j] labelled (j, i), and the index maps {0: i, 1: k}. The factor is used up by
saying where the result stands, {0: 1 + 2 j, 1: k}: then B is all there is to compute, and is put into rows
1, 3 and 5 of zeros at the end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from minigrad.index.affine import AffineRelation, Form
from minigrad.index.expr import Pick
from minigrad.index.size import AnySize
from minigrad.program.index_maps import Affine, Fixed, IndexMap, Indirect, labels_of
from minigrad.program.pairwise import Labelled
from minigrad.program.value import Value
from minigrad.program.value_builder import ValueBuilder

Label = Hashable


class StructuralFactor(NamedTuple):
    """A relation between labels, and the integer array that it reads if it is a pick."""

    node: AffineRelation | Pick
    labels: tuple[Label, ...]
    indices: Value | None = None

    @property
    def form(self) -> Form | Pick | None:
        """What it is known as; None for a relation without a name."""
        return self.node if isinstance(self.node, Pick) else self.node.form


class StructuralFactors(list[StructuralFactor]):
    """Structural factors, and how many of them carry each label: a chain of thousands asks at each step."""

    def __init__(self, factors: Iterable[StructuralFactor] = ()) -> None:
        super().__init__(factors)
        self.carriers = Counter(label for factor in self for label in set(factor.labels))

    def append(self, factor: StructuralFactor) -> None:
        super().append(factor)
        self.carriers.update(set(factor.labels))

    def remove(self, factor: StructuralFactor) -> None:
        super().remove(factor)
        self.carriers.subtract(set(factor.labels))


@dataclass
class PartialContraction:
    """A product on its way: arrays, structural factors, and the index maps of the result's axes."""

    builder: ValueBuilder
    extents: dict[Label, AnySize]
    index_maps: dict[int, IndexMap]
    arrays: list[Labelled] = field(default_factory=list)
    structurals: StructuralFactors = field(default_factory=StructuralFactors)
    gone: set[Label] = field(default_factory=set)  # labels that are summed, or written by others
    # axes of the result that are several labels' axes in a row, joined when all is multiplied
    joined: dict[Label, tuple[Label, ...]] = field(default_factory=dict)
    zero: bool = False  # whether the structural factors rule each other out

    def carried(self) -> set[Label]:
        """The labels of arrays and structural factors."""
        arrays = {label for x in self.arrays for label in x.labels}
        return arrays.union(*(structural.labels for structural in self.structurals))

    def needed_in_order(self) -> list[Label]:
        """The labels that the result's index maps name, by axis."""
        found = [
            part
            for axis in sorted(self.index_maps)
            for label in labels_of(self.index_maps[axis])
            for part in self.joined.get(label, (label,))
        ]
        return list(dict.fromkeys(found))

    def needed(self) -> frozenset[Label]:
        """The labels that the result's index maps name."""
        return frozenset(self.needed_in_order())

    def carried_elsewhere(self, labels: Sequence[Label], but: StructuralFactor) -> bool:
        """Whether a structural factor carries one of the labels that is not ``but``, itself one of them."""
        carriers = self.structurals.carriers
        return any(carriers[label] > (label in but.labels) for label in labels)

    def ends_in(self, labels: Sequence[Label], structural: StructuralFactor) -> bool:
        """Whether all of the labels are summed, and this is the only structural factor that carries any."""
        return not self.carried_elsewhere(labels, structural) and not set(labels) & self.needed()

    def add(self, value: Value, labels: Sequence[Label]) -> None:
        """An array; where it carries a label twice, only its diagonal counts."""
        if len(set(labels)) < len(labels):
            value = self.builder.diagonal(value, labels)
        self.arrays.append(Labelled(value, tuple(dict.fromkeys(labels))))

    def taken(self, labels: Sequence[Label]) -> list[Labelled]:
        """The arrays that carry one of the labels, taken out."""
        chosen = [x for x in self.arrays if set(labels) & set(x.labels)]
        self.arrays = [x for x in self.arrays if x not in chosen]
        return chosen


# ``combine(partial, labels)`` multiplies the arrays that carry one of the labels into one, if there are any.
Combine = Callable[[PartialContraction, Sequence[Label]], Labelled | None]


def combined(
    partial: PartialContraction, combine: Combine, labels: Sequence[Label], lacking: Label
) -> Labelled | None:
    """The arrays that carry one of the labels as one; None where there are none, or it has another label."""
    x = combine(partial, labels)
    if x is not None and lacking in x.labels:
        partial.arrays.append(x)
        return None
    return x


def as_array(partial: PartialContraction, structural: StructuralFactor) -> None:
    """The factor as it is: only where nothing else serves."""
    partial.add(dense(partial.builder, structural), structural.labels)


def dense(builder: ValueBuilder, structural: StructuralFactor) -> Value:
    node = structural.node
    if isinstance(node, Pick):
        assert structural.indices is not None
        return builder.make("pick", (structural.indices,), (), node.sizes)
    params = (node.coefs, node.constant, node.relation, node.modulus, node.form)
    return builder.make("relation", (), params, node.sizes)


# -- labels ---------------------------------------------------------------------------------------------


def movable(partial: PartialContraction, label: Label) -> bool:
    """Whether the index maps that name the label can be written by another one."""
    return not any(label in parts for parts in partial.joined.values()) and all(
        isinstance(index_map, Affine)
        for index_map in partial.index_maps.values()
        if label in labels_of(index_map)
    )


def substitute(partial: PartialContraction, label: Label, by: Affine | Fixed) -> None:
    """In every index map, the label becomes an index, or an affine function of another label."""
    for axis, index_map in partial.index_maps.items():
        if isinstance(index_map, Affine) and index_map.label == label:
            partial.index_maps[axis] = _composed(index_map, by)
        elif isinstance(index_map, Indirect) and label in index_map.labels:
            assert isinstance(by, Affine)
            assert by.start == 0
            assert by.step == 1
            renamed = tuple(by.label if lab == label else lab for lab in index_map.labels)
            partial.index_maps[axis] = Indirect(index_map.indices, renamed)


def _composed(outer: Affine, inner: Affine | Fixed) -> IndexMap:
    if isinstance(inner, Fixed):
        return Fixed(inner.position * outer.step + outer.start)
    start = inner.start * outer.step + outer.start
    return Affine(inner.label, start, outer.step * inner.step)


def relabel(partial: PartialContraction, old: Label, new: Label) -> None:
    for x in partial.taken((old,)):
        partial.add(x.value, [new if label == old else label for label in x.labels])
