"""Sums: terms that fill their shape are added, others stand in places of it, or end to end."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from minigrad.index.expr import Expr, Number, Product, Sum
from minigrad.index.numbers import times
from minigrad.index.size import AnySize
from minigrad.program.determinants import by_minors
from minigrad.program.index_maps import (
    Affine,
    Extents,
    PlacedArray,
    added_in_place,
    embedded,
    is_diagonal,
    is_plain,
    span,
    standardised,
)
from minigrad.program.pairwise import Labelled, aligned, spread
from minigrad.program.product_lowering import Lower, ProductLowering
from minigrad.program.stable_sums import stable_sum
from minigrad.program.value import Value


class SumLowering:
    """Lowers sums."""

    def __init__(self, lower: Lower, products: ProductLowering) -> None:
        self.lower, self.products, self.builder = lower, products, products.builder

    def value(self, node: Sum) -> Labelled:
        other = by_minors(node) or stable_sum(node) if self.builder.stable else None
        if other is not None and other != node:
            return self.lower(other)
        plain: list[tuple[Number, Labelled]] = []
        groups: dict[object, tuple[PlacedArray, Extents, list[tuple[Number, Labelled]]]] = {}
        for coef, term in self.opened_terms(node):
            placed, extents = self.products.placed(term)
            if is_plain(placed, node.sizes, extents):
                plain.append((coef, embedded(self.builder, placed, node.sizes, extents)))
                continue
            placed, extents = standardised(placed, extents)
            key = (
                tuple(sorted(placed.index_maps.items(), key=lambda p: p[0])),
                tuple(extents.items()),
            )
            groups.setdefault(key, (placed, extents, []))[2].append((coef, placed.core))
        placed_arrays = [
            (PlacedArray(self.added(cores, list(extents)), placed.index_maps), extents)
            for placed, extents, cores in groups.values()
        ]
        joined = None if plain else self.concatenated(placed_arrays, node.sizes)
        return self.assembled(plain, placed_arrays, node.sizes) if joined is None else joined

    def opened_terms(self, node: Sum) -> list[tuple[Number, Expr]]:
        """The terms, products over sums with deltas opened."""
        found: list[tuple[Number, Expr]] = []
        for coef, term in node.terms:
            opened = (
                self.products.opened(term)
                if self.builder.stable and isinstance(term, Product)
                else None
            )
            if isinstance(opened, Sum):
                found.extend((times(coef, c), inner) for c, inner in opened.terms)
            else:
                found.append((coef, term if opened is None else opened))
        return found

    def added(
        self, terms: Sequence[tuple[Number, Labelled]], order: Sequence[Hashable]
    ) -> Labelled:
        labels = [label for label in order if any(label in x.labels for _, x in terms)]
        values = [(c, aligned(self.builder, x, labels)) for c, x in terms]
        return Labelled(self.builder.add(values), tuple(labels))

    def assembled(
        self,
        plain: Sequence[tuple[Number, Labelled]],
        placed_arrays: Sequence[tuple[PlacedArray, Extents]],
        sizes: Sequence[AnySize],
    ) -> Labelled:
        """Terms that fill their shape, and those that stand in places of it."""
        axes = range(len(sizes))
        diagonals = [(p, own) for p, own in placed_arrays if len(sizes) == 2 and is_diagonal(p)]
        rest = [(p, own) for p, own in placed_arrays if len(sizes) > 2 or not is_diagonal(p)]
        zero = self.builder.number(0)
        plain = [(c, x) for c, x in plain if x.value is not zero]
        if not plain and not placed_arrays:
            return Labelled(zero, ())
        terms = [*plain, *((1, embedded(self.builder, p, sizes, own)) for p, own in diagonals)]
        if not terms:
            (first, own), *rest = rest
            terms = [(1, embedded(self.builder, first, sizes, own))]
        if not rest:
            return self.added(terms, axes)
        base = spread(self.builder, self.added(terms, axes), sizes)
        for placed, extents in rest:
            base = added_in_place(self.builder, base, placed, sizes, extents)
        return Labelled(base, tuple(axes))

    def concatenated(
        self, placed_arrays: Sequence[tuple[PlacedArray, Extents]], sizes: Sequence[AnySize]
    ) -> Labelled | None:
        """Placed arrays that cover one axis end to end."""
        for axis, total in enumerate(sizes):
            spans = [span(placed, axis, sizes, extents) for placed, extents in placed_arrays]
            left = [
                (found, placed)
                for found, (placed, _) in zip(spans, placed_arrays, strict=True)
                if found
            ]
            if len(left) < len(placed_arrays):
                continue
            position: AnySize = 0
            parts: list[Value] = []
            while left:
                k = next((k for k, (found, _) in enumerate(left) if found[0] == position), None)
                if k is None:
                    break
                (_, length), placed = left.pop(k)
                parts.append(self.part(placed, axis, length, sizes))
                position = position + length
            if not left and position == total:
                made = self.builder.concatenate(parts, axis, sizes)
                return Labelled(made, tuple(range(len(sizes))))
        return None

    def part(
        self, placed: PlacedArray, axis: int, length: AnySize, sizes: Sequence[AnySize]
    ) -> Value:
        """One part of a concatenation, in full shape."""
        labels: list[Hashable] = []
        for k in range(len(sizes)):
            index_map = placed.index_maps.get(k)
            labels.append(index_map.label if isinstance(index_map, Affine) else ("one", k))
        value = self.builder.as_number(aligned(self.builder, placed.core, labels))
        return self.builder.broadcast_to(
            value, [length if k == axis else size for k, size in enumerate(sizes)]
        )
