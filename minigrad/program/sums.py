"""Sums: terms that fill their shape are added, others stand in places of it, or end to end."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING

from minigrad.index.expr import Expr, Number, Product, Sum
from minigrad.index.numbers import times
from minigrad.index.size import AnySize
from minigrad.program import stable
from minigrad.program.pairs import Labelled, aligned
from minigrad.program.place import (
    Extents,
    Piece,
    Window,
    added_in_place,
    embedded,
    is_diagonal,
    is_plain,
    span,
    standardised,
)
from minigrad.program.value import Value

if TYPE_CHECKING:
    from minigrad.program.build import Builder


class Sums:
    """Makes the values of sums for a builder."""

    def __init__(self, owner: Builder) -> None:
        self.owner, self.tape = owner, owner.tape

    def value(self, node: Sum) -> Labelled:
        other = stable.stable_sum(node) if self.owner.stable else None
        if other is not None and other != node:
            return self.owner.lower(other)
        plain: list[tuple[Number, Labelled]] = []
        groups: dict[object, tuple[Piece, Extents, list[tuple[Number, Labelled]]]] = {}
        for coef, term in self.opened_terms(node):
            piece, extents = self.owner.products.piece(term)
            if is_plain(piece, node.sizes, extents):
                plain.append((coef, embedded(self.tape, piece, node.sizes, extents)))
                continue
            piece, extents = standardised(piece, extents)
            key = (tuple(sorted(piece.places.items(), key=lambda p: p[0])), tuple(extents.items()))
            groups.setdefault(key, (piece, extents, []))[2].append((coef, piece.core))
        pieces = [
            (Piece(self.added(cores, list(extents)), piece.places), extents)
            for piece, extents, cores in groups.values()
        ]
        joined = None if plain else self.concatenated(pieces, node.sizes)
        return self.assembled(plain, pieces, node.sizes) if joined is None else joined

    def opened_terms(self, node: Sum) -> list[tuple[Number, Expr]]:
        """The terms, products over sums with deltas opened."""
        found: list[tuple[Number, Expr]] = []
        for coef, term in node.terms:
            opened = (
                self.owner.products.opened(term)
                if self.owner.stable and isinstance(term, Product)
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
        values = [(c, aligned(self.tape, x, labels)) for c, x in terms]
        return Labelled(self.tape.add(values), tuple(labels))

    def assembled(
        self,
        plain: Sequence[tuple[Number, Labelled]],
        pieces: Sequence[tuple[Piece, Extents]],
        sizes: Sequence[AnySize],
    ) -> Labelled:
        """Terms that fill their shape, and those that stand in places of it."""
        axes = range(len(sizes))
        diagonals = [(p, own) for p, own in pieces if len(sizes) == 2 and is_diagonal(p)]
        rest = [(p, own) for p, own in pieces if len(sizes) > 2 or not is_diagonal(p)]
        zero = self.tape.number(0)
        plain = [(c, x) for c, x in plain if x.value is not zero]
        if not plain and not pieces:
            return Labelled(zero, ())
        terms = [*plain, *((1, embedded(self.tape, p, sizes, own)) for p, own in diagonals)]
        if not terms:
            (first, own), *rest = rest
            terms = [(1, embedded(self.tape, first, sizes, own))]
        if not rest:
            return self.added(terms, axes)
        base = self.owner.spread(self.added(terms, axes), sizes)
        for piece, extents in rest:
            base = added_in_place(self.tape, base, piece, sizes, extents)
        return Labelled(base, tuple(axes))

    def concatenated(
        self, pieces: Sequence[tuple[Piece, Extents]], sizes: Sequence[AnySize]
    ) -> Labelled | None:
        """Pieces that cover one axis end to end."""
        for axis, total in enumerate(sizes):
            spans = [span(piece, axis, sizes, extents) for piece, extents in pieces]
            left = [
                (found, piece) for found, (piece, _) in zip(spans, pieces, strict=True) if found
            ]
            if len(left) < len(pieces):
                continue
            position: AnySize = 0
            parts: list[Value] = []
            while left:
                k = next((k for k, (found, _) in enumerate(left) if found[0] == position), None)
                if k is None:
                    break
                (_, length), piece = left.pop(k)
                parts.append(self.part(piece, axis, length, sizes))
                position = position + length
            if not left and position == total:
                made = self.tape.concatenate(parts, axis, sizes)
                return Labelled(made, tuple(range(len(sizes))))
        return None

    def part(self, piece: Piece, axis: int, length: AnySize, sizes: Sequence[AnySize]) -> Value:
        """One part of a concatenation, in full shape."""
        labels: list[Hashable] = []
        for k in range(len(sizes)):
            place = piece.places.get(k)
            labels.append(place.label if isinstance(place, Window) else ("one", k))
        value = self.tape.as_number(aligned(self.tape, piece.core, labels))
        return self.tape.broadcast_to(
            value, [length if k == axis else size for k, size in enumerate(sizes)]
        )
