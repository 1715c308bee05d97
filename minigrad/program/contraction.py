"""The contraction of labelled arrays: a product as pairwise array operations, along a good path.

Take yⱼ = Σᵢₖ Aᵢⱼ Aᵢₖ xₖ with A: 2 × 3. The factors are A labelled (i, j), A labelled (i, k) and x labelled
(k); the result keeps j. The path chosen is (A, (A, x)):

    t = A @ x      tᵢ = Σₖ Aᵢₖ xₖ, as only these two carry k: 2 · 3 multiplications, i is left
    y = A.T @ t    yⱼ = Σᵢ Aᵢⱼ tᵢ: 3 · 2 multiplications, j is left

The other way, (A, A) first, would take 3 · 2 · 3 for Σᵢ Aᵢⱼ Aᵢₖ and 3 · 3 for the rest. Were Σₖ Aᵢₖ xₖ
computed before, for another product, it would cost nothing here: partial products are known by their
factors, whatever their labels are called.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence

from minigrad.index.affine import Triangle
from minigrad.index.size import AnySize
from minigrad.program.contraction_path import Tree, best_tree, kept_labels
from minigrad.program.pairwise import (
    Groups,
    Labelled,
    aligned,
    contracted,
    grouped,
    wanted_orders,
)
from minigrad.program.partial_contraction import PartialContraction, StructuralFactor, dense
from minigrad.program.triangle import masked, masked_over, running_sum
from minigrad.program.value_builder import ValueBuilder

Label = Hashable
Labels = frozenset[Label]
Extent = Callable[[AnySize], float]


class Contractor:
    """Multiplies what a partial contraction holds; partial products that were made before cost nothing."""

    def __init__(self, builder: ValueBuilder, extent: Extent) -> None:
        self.builder, self.extent = builder, extent
        self.made: dict[object, Labelled] = {}
        self.popular: set[object] = set()

    # -- all of it ----------------------------------------------------------------------------------------

    def product(self, partial: PartialContraction, order: Sequence[Label]) -> Labelled | None:
        """Everything that is held, multiplied and summed down to ``order`` (labels that are carried)."""
        factors: list[Labelled | StructuralFactor] = [*partial.arrays, *partial.structurals]
        if not factors:
            return None
        factors = in_reading_order(factors, order)
        return _Contraction(self, partial.extents, factors, frozenset(order), tuple(order)).result()

    def combine(self, partial: PartialContraction, labels: Sequence[Label]) -> Labelled | None:
        """The arrays that carry one of the labels as one; what only they carry is summed."""
        chosen = partial.taken(labels)
        if not chosen:
            return None
        outside = partial.needed().union(
            labels,
            *(x.labels for x in partial.arrays),
            *(structural.labels for structural in partial.structurals),
        )
        carried = list(dict.fromkeys(label for x in chosen for label in x.labels))
        keep = frozenset(carried) & outside
        order = tuple(label for label in carried if label in keep)
        partial.gone.update(label for label in carried if label not in keep)
        return _Contraction(
            self, partial.extents, in_reading_order(chosen, order), keep, order
        ).result()


def in_reading_order(
    factors: Sequence[Labelled | StructuralFactor], order: Sequence[Label]
) -> list[Labelled | StructuralFactor]:
    """Factors as a chain reads: from the first axis of the result along shared labels to its last."""
    left, found = list(factors), []
    near: list[Label] = list(order[:1])
    while left:
        best = min(
            left,
            key=lambda f: min(
                (near.index(lab) for lab in f.labels if lab in near), default=len(near)
            ),
        )
        left.remove(best)
        found.append(best)
        # what was met last is followed first; the result's other axes wait
        fresh = [lab for lab in best.labels if lab not in near]
        near = [lab for lab in fresh if lab not in order] + near
        near += [lab for lab in fresh if lab in order]
    return found


class _Contraction:
    """One contraction: its path is planned on labels, then done on values."""

    def __init__(
        self,
        contractor: Contractor,
        extents: Mapping[Label, AnySize],
        factors: Sequence[Labelled | StructuralFactor],
        keep: Labels,
        order: tuple[Label, ...],
    ) -> None:
        self.contractor, self.builder, self.extents = contractor, contractor.builder, extents
        self.keep, self.order = keep, order
        self.factors = [self._summed_alone(k, factors) for k in range(len(factors))]
        self.labels = [frozenset(f.labels) for f in self.factors]
        self.whole = frozenset(range(len(factors)))

    def _summed_alone(
        self, k: int, factors: Sequence[Labelled | StructuralFactor]
    ) -> Labelled | StructuralFactor:
        """A factor without the summed labels that no other factor carries."""
        factor = factors[k]
        elsewhere = self.keep.union(*(f.labels for j, f in enumerate(factors) if j != k))
        if isinstance(factor, StructuralFactor):
            return self._counted(factor, elsewhere)
        axes = [a for a, label in enumerate(factor.labels) if label not in elsewhere]
        value = self.builder.reduce("sum", factor.value, axes)
        return Labelled(value, tuple(lab for lab in factor.labels if lab in elsewhere))

    def _counted(
        self, structural: StructuralFactor, elsewhere: Labels
    ) -> Labelled | StructuralFactor:
        """A triangle of which one axis is used, or none, is how many elements it has there."""
        used = [label for label in structural.labels if label in elsewhere]
        i, j = structural.labels
        if len(used) == 2 or i == j:
            return structural
        n = self.extents[i]
        if used and structural.form == Triangle(0) and n == self.extents[j]:
            start, step = (1, 1) if used == [i] else (n, -1)
            count = self.builder.make("arange", (), (start, (step,)), (n,), "index")
            return Labelled(self.builder.as_number(count), tuple(used))
        whole = dense(self.builder, structural)
        axes = [axis for axis, label in enumerate(structural.labels) if label not in used]
        return Labelled(self.builder.reduce("sum", whole, axes), tuple(used))

    def result(self) -> Labelled:
        if len(self.factors) == 1 and isinstance(self.factors[0], StructuralFactor):
            structural = self.factors[0]
            whole = Labelled(dense(self.builder, structural), structural.labels)
            self.factors[0] = self._diagonal_or_sum(whole)
        tree = best_tree(self.labels, self.keep, self.cost)
        return self.realised(tree, self.whole, self.order)

    def _diagonal_or_sum(self, x: Labelled) -> Labelled:
        if len(set(x.labels)) < len(x.labels):
            x = Labelled(self.builder.diagonal(x.value, x.labels), tuple(dict.fromkeys(x.labels)))
        axes = [a for a, label in enumerate(x.labels) if label not in self.keep]
        value = self.builder.reduce("sum", x.value, axes)
        return Labelled(value, tuple(label for label in x.labels if label in self.keep))

    # -- what a step costs ---------------------------------------------------------------------------------

    def cost(
        self, left: frozenset[int], right: frozenset[int], a: Labels, b: Labels, result: Labels
    ) -> float:
        if self._name(left | right) in self.contractor.made:
            return 0.0
        for one, other in ((left, b), (right, a)):
            structural = self._lone_structural(one)
            if structural is not None and self._runs_along(structural, other, result) is not None:
                return self._volume(other)
        price = self._volume(a | b)
        return price / 2 if self._name(left | right) in self.contractor.popular else price

    def _volume(self, labels: Labels) -> float:
        volume = 1.0
        for label in labels:
            volume *= self.contractor.extent(self.extents[label])
        return volume

    def _lone_structural(self, part: frozenset[int]) -> StructuralFactor | None:
        factor = self.factors[next(iter(part))] if len(part) == 1 else None
        return factor if isinstance(factor, StructuralFactor) else None

    @staticmethod
    def _runs_along(structural: StructuralFactor, other: Labels, result: Labels) -> Label | None:
        """The label of the triangle that is summed here with ``other`` carrying it alone."""
        i, j = structural.labels
        for label, opposite in ((j, i), (i, j)):
            if label in other and opposite not in other and label not in result:
                return label
        return None

    def _name(self, part: frozenset[int]) -> object:
        """What a partial product is, whatever its labels are called."""
        chosen = sorted(part, key=self._rank)
        kept = kept_labels(part, self.whole, self.labels, self.keep)
        number: dict[Label, int] = {}
        entries = []
        for k in chosen:
            factor = self.factors[k]
            for label in factor.labels:
                number.setdefault(label, len(number))
            key = factor.value.serial if isinstance(factor, Labelled) else repr(factor.node.digest)
            entries.append((key, tuple(number[label] for label in factor.labels)))
        return tuple(entries), frozenset(number[label] for label in kept)

    def _rank(self, k: int) -> tuple[int, int]:
        factor = self.factors[k]
        return (0, factor.value.serial) if isinstance(factor, Labelled) else (1, k)

    def _number(self, part: frozenset[int]) -> dict[Label, int]:
        number: dict[Label, int] = {}
        for k in sorted(part, key=self._rank):
            for label in self.factors[k].labels:
                number.setdefault(label, len(number))
        return number

    # -- doing it --------------------------------------------------------------------------------------------

    def realised(self, tree: Tree, part: frozenset[int], order: Sequence[Label]) -> Labelled:
        """The partial product with its axes in ``order`` where that costs nothing."""
        if isinstance(tree, int):
            factor = self.factors[tree]
            if isinstance(factor, StructuralFactor):
                return Labelled(dense(self.builder, factor), factor.labels)
            return factor
        number = self._number(part)
        name = self._name(part)
        if name in self.contractor.made:
            value, numbers = self.contractor.made[name]
            back = {n: label for label, n in number.items()}
            return Labelled(value, tuple(back[n] for n in numbers))  # type: ignore[index]
        result = self._step(tree, part, order)
        self.contractor.made[name] = Labelled(
            result.value, tuple(number[label] for label in result.labels)
        )
        return result

    def _step(
        self, tree: tuple[Tree, Tree], part: frozenset[int], order: Sequence[Label]
    ) -> Labelled:
        left, right = _members(tree[0]), _members(tree[1])
        kept = [kept_labels(p, self.whole, self.labels, self.keep) for p in (left, right, part)]
        for lone, other, labels in ((left, tree[1], kept[1]), (right, tree[0], kept[0])):
            structural = self._lone_structural(lone)
            found = (
                self._with_triangle(structural, other, labels, kept[2])
                if structural is not None
                else None
            )
            if found is not None:
                return found
        if kept[0] | kept[1] == kept[2]:
            return self._elementwise(tree, part, order)
        groups = grouped(kept[0], kept[1], kept[2], order)
        if self._is_swapped(groups, order):
            tree, left, right = (tree[1], tree[0]), right, left
            groups = Groups(groups.both, groups.right, groups.left, groups.summed)
        orders = wanted_orders(groups)
        a = self.realised(tree[0], left, orders[0])
        b = self.realised(tree[1], right, orders[1])
        return contracted(self.builder, a, b, groups)

    def _with_triangle(
        self, structural: StructuralFactor, tree: Tree, labels: Labels, result: Labels
    ) -> Labelled | None:
        label = self._runs_along(structural, labels, result)
        x = self.realised(tree, _members(tree), tuple(labels)) if label is not None or set(
            structural.labels
        ) <= labels else None  # fmt: skip
        if x is None:
            return None
        if label is not None:
            x = running_sum(self.builder, x, structural, label, self.extents)
        else:
            x = masked(self.builder, x, structural)
        axes = [a for a, lab in enumerate(x.labels) if lab not in result]
        value = self.builder.reduce("sum", x.value, axes)
        return Labelled(value, tuple(lab for lab in x.labels if lab in result))

    @staticmethod
    def _is_swapped(groups: Groups, order: Sequence[Label]) -> bool:
        """Whether the result's first free axis comes from the right operand."""
        free = [label for label in order if label in groups.left + groups.right]
        return bool(free) and free[0] in groups.right and bool(groups.left)

    def _elementwise(self, tree: Tree, part: frozenset[int], order: Sequence[Label]) -> Labelled:
        """Nothing is summed between these parts: one product of them all."""
        leaves = self._flat(tree, part)
        structurals = [
            structural for _, p in leaves if (structural := self._lone_structural(p)) is not None
        ]
        arrays = [leaf for leaf in leaves if self._lone_structural(leaf[1]) is None]
        if not arrays:
            arrays, structurals = leaves, []
        parts = self._merged([self.realised(t, p, order) for t, p in arrays])
        carried = {label for x in parts for label in x.labels}
        axes = [label for label in order if label in carried]
        axes += [x for x in dict.fromkeys(lab for y in parts for lab in y.labels) if x not in axes]
        value = self.builder.multiply(1, [(aligned(self.builder, x, axes), 1) for x in parts])
        result = Labelled(value, tuple(axes))
        for structural in structurals:
            result = masked_over(self.builder, result, structural, self.extents)
        return result

    def _merged(self, parts: Sequence[Labelled]) -> list[Labelled]:
        """Vectors on one axis are multiplied before they are repeated along others."""
        groups: dict[Labels, list[Labelled]] = {}
        for x in parts:
            groups.setdefault(frozenset(x.labels), []).append(x)
        if len(groups) == 1:
            return list(parts)
        merged = []
        for group in groups.values():
            order = group[0].labels
            factors = [(aligned(self.builder, x, order), 1) for x in group]
            merged.append(Labelled(self.builder.multiply(1, factors), order))
        return merged

    def _flat(self, tree: Tree, part: frozenset[int]) -> list[tuple[Tree, frozenset[int]]]:
        if isinstance(tree, int):
            return [(tree, part)]
        left, right = _members(tree[0]), _members(tree[1])
        kept = [kept_labels(p, self.whole, self.labels, self.keep) for p in (left, right, part)]
        triangle = any(
            (structural := self._lone_structural(p)) is not None and set(structural.labels) <= other
            for p, other in ((left, kept[1]), (right, kept[0]))
        )
        if kept[0] | kept[1] != kept[2] or triangle:
            return [(tree, part)]
        if self._name(part) in self.contractor.made:
            return [(tree, part)]
        found = self._flat(tree[0], left) + self._flat(tree[1], right)
        return sorted(found, key=lambda leaf: min(leaf[1]))


def _members(tree: Tree) -> frozenset[int]:
    if isinstance(tree, int):
        return frozenset((tree,))
    return _members(tree[0]) | _members(tree[1])
