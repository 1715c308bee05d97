"""Formulas of elements, all elements at once: an array with an axis for every letter that runs.

What holds vectors or matrices for each value of a letter is no formula of elements, and is computed for one
value of the letter after another elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from fractions import Fraction
from math import prod
from typing import Any, NamedTuple, Protocol

import numpy as np

from minigrad.errors import ArgumentError
from minigrad.notation.printed_text.functions import elementwise_function
from minigrad.notation.printed_text.grammar import SyntaxNode
from minigrad.notation.printed_text.places import names_in, whole
from minigrad.notation.printed_text.ranges import letters_of
from minigrad.notation.printed_text.values import RELATIONS, Value, is_scalar, plain

_MOST_ELEMENTS = 4_000_000
_MOST_TERMS = 50_000_000


class NotElementsError(Exception):
    """The formula is of vectors or matrices."""


class Grid(NamedTuple):
    """Numbers for every value of some letters, an axis for each."""

    letters: tuple[str, ...]
    array: Any


class Whole(Protocol):
    """What evaluates formulas in which each letter has one value."""

    lengths: dict[str, int]
    letters: dict[str, int]
    disturb: Callable[[Any], Any] | None
    in_relation: bool

    def eval(self, piece: SyntaxNode) -> Value:
        """The value of a formula."""

    def relating(self, sign: str) -> AbstractContextManager[None]:
        """Within: the sides of a relation are read."""

    def running(self, piece: SyntaxNode) -> AbstractContextManager[None]:
        """Within: the letters of a sum run as far as its terms say."""

    def is_place(self, word: str) -> bool:
        """Whether the word is no name, but letters."""

    def mentioned(self, piece: SyntaxNode) -> frozenset[str]:
        """The letters of a formula."""

    def size(self, text: str) -> int:
        """A whole number, by how it is printed."""


class Elements:
    """Evaluates formulas of elements; ``whole`` evaluates what mentions no running letter."""

    def __init__(self, whole: Whole) -> None:
        self.whole, self.lengths = whole, whole.lengths

    def grid(self, piece: SyntaxNode, running: frozenset[str]) -> Grid:
        """The elements for all values of the running letters that the formula mentions.

        Raises
        ------
        NotElementsError
            When it is no number for each of them.
        """
        if piece.kind == "Σ":
            return self._sum(piece, running)
        if not self.whole.mentioned(piece) & running or (
            piece.kind == "name" and not self.whole.is_place(str(piece.value))
        ):
            value = self.whole.eval(piece)
            if not is_scalar(value):
                raise NotElementsError
            return Grid((), np.asarray(value, dtype=float))
        if piece.kind == "name":
            return self._position(str(piece.value), running)
        if piece.kind == "at":
            return self._at(piece, running)
        if piece.kind == "product" or (piece.kind == "hadamard" and "⊘" not in piece.value):  # type: ignore[operator]
            return self._rounded(self._product([self.grid(p, running) for p in piece.parts], ()))
        if piece.kind == "relation":
            with self.whole.relating(str(piece.value)):
                parts = [self.grid(p, running) for p in piece.parts]
            return self._each(RELATIONS[str(piece.value)], parts)
        function = self._function(piece)
        if function is None:
            raise NotElementsError
        return self._rounded(self._each(function, [self.grid(p, running) for p in piece.parts]))

    def spread(self, grid: Grid, letters: Sequence[str]) -> Any:
        """The array with an axis for each of these letters, in this order."""
        array = self._aligned(grid, tuple(letters))
        return np.broadcast_to(array, [self.lengths[p] for p in letters])

    def _rounded(self, grid: Grid) -> Grid:
        disturb = self.whole.disturb
        if disturb is None or self.whole.in_relation:
            return grid
        return Grid(grid.letters, disturb(np.asarray(grid.array)))

    def _function(self, piece: SyntaxNode) -> Callable[..., Any] | None:
        match piece.kind:
            case "sum":
                return lambda *terms: sum(terms[1:], terms[0])
            case "minus":
                return np.negative
            case "/":
                return np.divide
            case "%":
                return np.remainder
            case "abs":
                return np.abs
            case "power" | "powers":
                exponent = Fraction(str(piece.value))
                return np.sqrt if exponent == Fraction(1, 2) else lambda x: x ** float(exponent)
            case "hadamard":
                signs: Sequence[str] = piece.value  # type: ignore[assignment]
                return lambda *parts: _chained(parts, signs)
            case "call":
                return elementwise_function(str(piece.value), len(piece.parts))
        return None

    # -- how grids meet --------------------------------------------------------------------------------

    def _union(self, grids: Sequence[Grid]) -> tuple[str, ...]:
        letters = tuple(dict.fromkeys(p for g in grids for p in g.letters))
        count = prod(self.lengths[p] for p in letters)
        if count > _MOST_ELEMENTS:
            raise ArgumentError(f"read_back: {count:,} elements are too many; give names to parts")
        return letters

    def _aligned(self, grid: Grid, letters: tuple[str, ...]) -> Any:
        """The array with an axis for each of the letters, of size 1 for what it does not depend on."""
        order = sorted(range(len(grid.letters)), key=lambda k: letters.index(grid.letters[k]))
        shape = [self.lengths[p] if p in grid.letters else 1 for p in letters]
        return np.transpose(grid.array, order).reshape(shape)

    def _each(self, function: Callable[..., Any], grids: Sequence[Grid]) -> Grid:
        letters = self._union(grids)
        arrays = [self._aligned(g, letters) for g in grids]
        shape = np.broadcast_shapes(*(a.shape for a in arrays))
        return Grid(letters, np.broadcast_to(function(*arrays), shape))

    def _sum(self, piece: SyntaxNode, running: frozenset[str]) -> Grid:
        letters: tuple[str, ...] = piece.value  # type: ignore[assignment]
        (body,) = piece.parts
        inner = running | set(letters)
        with self.whole.running(piece):
            factors = body.parts if body.kind == "product" else (body,)
            return self._rounded(self._product([self.grid(p, inner) for p in factors], letters))

    def _product(self, grids: list[Grid], summed: tuple[str, ...]) -> Grid:
        """The product of all, added up over some letters."""
        if not summed and len(grids) == 2:
            return self._each(_times, grids)
        everything = tuple(dict.fromkeys(p for g in grids for p in g.letters))
        count = prod(self.lengths[p] for p in {*everything, *summed})
        if count > _MOST_TERMS:
            raise ArgumentError(f"read_back: these sums have {count:,} terms; give names to parts")
        kept = tuple(p for p in everything if p not in summed)
        left_out = prod(self.lengths[p] for p in summed if p not in everything)
        if not all(np.isfinite(g.array).all() for g in grids):
            # where a bracket is 0 its term is left out
            whole = grids[0]
            for other in grids[1:]:
                whole = self._each(_times, [whole, other])
            axes = tuple(k for k, p in enumerate(whole.letters) if p in summed)
            letters = tuple(p for p in whole.letters if p not in summed)
            return Grid(letters, whole.array.sum(axis=axes) * left_out)
        number = {p: k for k, p in enumerate(everything)}
        operands: list[Any] = []
        for g in grids:
            operands += [g.array, [number[p] for p in g.letters]]
        array = np.einsum(*operands, [number[p] for p in kept], optimize=len(grids) > 2)
        return Grid(kept, np.asarray(array) * left_out)

    # -- letters -----------------------------------------------------------------------------------------

    def _position(self, word: str, running: frozenset[str]) -> Grid:
        """The place that letters are, row-major where several stand together."""
        letters = letters_of(word)
        if not letters or any(p not in running and p not in self.whole.letters for p in letters):
            raise NotElementsError
        kept = tuple(dict.fromkeys(p for p in letters if p in running))
        total: Any = np.zeros([self.lengths[p] for p in kept])
        for letter in letters:
            total = total * self.lengths.get(letter, 1) + self._place(letter, kept)
        return Grid(kept, total)

    def _place(self, text: str, letters: tuple[str, ...]) -> Any:
        """One index beside these letters."""
        if text in letters:
            shape = [self.lengths[p] if p == text else 1 for p in letters]
            return np.arange(self.lengths[text]).reshape(shape)

        def worth(name: str) -> Any:
            return self._place(name, letters) if name in letters else self.whole.size(name)

        return self.whole.size(text) if text.isalnum() else whole(text, worth)

    def _at(self, piece: SyntaxNode, running: frozenset[str]) -> Grid:
        (body,) = piece.parts
        places: Sequence[Any] = piece.value  # type: ignore[assignment]
        if any(p is None or ":" in p for p in places) or self.whole.mentioned(body) & running:
            raise NotElementsError
        names = (name for place in places for name in names_in(place))
        letters = tuple(dict.fromkeys(p for p in names if p in running))
        index = [self._place(p, letters) for p in places]
        shape = [self.lengths[p] for p in letters]
        if body.kind == "delta":
            equal = [index[0] == other for other in index[1:]]
            array = np.broadcast_to(np.all(np.broadcast_arrays(*equal), axis=0), shape)
            return Grid(letters, array.astype(float))
        array = plain(self.whole.eval(body))
        if array.ndim != len(places):
            raise NotElementsError
        inside: Any = np.ones(shape, dtype=bool)
        for k, place in enumerate(places):
            if not place.isalnum():  # outside of an array, at a place that others tell, it is 0
                here = (index[k] >= 0) & (index[k] < array.shape[k])
                index[k], inside = np.where(here, index[k], 0), inside & here
        try:
            found = array[tuple(np.broadcast_to(i, shape) for i in index)]
        except IndexError:
            raise NotElementsError from None  # said where it is read place by place
        return Grid(letters, np.where(inside, np.asarray(found, dtype=float), 0.0))


def _chained(parts: Sequence[Any], signs: Sequence[str]) -> Any:
    result = parts[0]
    for sign, part in zip(signs, parts[1:], strict=True):
        result = result * part if sign == "⊙" else result / part
    return result


def _times(a: Any, b: Any) -> Any:
    """The product, 0 where a factor is: most terms of a sum over a bracket."""
    product = a * b
    if np.isfinite(product).all():
        return product
    return np.where((a == 0) | (b == 0), 0.0, product)
