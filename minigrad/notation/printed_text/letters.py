"""What the letters of a printed formula are worth, and how far they run."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from minigrad.errors import ArgumentError, MinigradError
from minigrad.notation.printed_text.functions import is_function
from minigrad.notation.printed_text.grammar import SyntaxNode
from minigrad.notation.printed_text.places import names_in, whole
from minigrad.notation.printed_text.ranges import (
    bounds,
    digit_lengths,
    equal_lengths,
    letter_lengths,
    letters_of,
)
from minigrad.notation.printed_text.values import Value, plain, whole_number


class UnsizedError(Exception):
    """One of the guessed sizes does not fit here."""


class Letters(ABC):
    """The letters of one formula: ``letters`` says where each stands, ``lengths`` how far it runs.

    A letter keeps the range that it has ``elsewhere``, on other lines, where its own does not tell it.
    """

    def __init__(
        self, known: Mapping[str, Value], sizes: Mapping[str, int], elsewhere: Mapping[str, int]
    ) -> None:
        self.known, self.sizes, self.elsewhere = known, sizes, elsewhere
        self.letters: dict[str, int] = {}
        self.lengths: dict[str, int] = {}
        self._ranges: dict[int, dict[str, int]] = {}
        self._mentioned: dict[int, frozenset[str]] = {}
        self.of_indices = False  # inside [i = j + k]
        self.in_relation = False

    @abstractmethod
    def eval(self, piece: SyntaxNode) -> Value:
        """The value of a formula."""

    def ranges(self, piece: SyntaxNode) -> dict[str, int]:
        """How far subscripts run, by the arrays that carry them."""

        def shape_of(body: SyntaxNode) -> Sequence[int] | None:
            if body.kind == "name":
                array = self.known.get(str(body.value))
                return None if array is None else plain(array).shape
            if self.mentioned(body) or asks_for_size(body):
                return None
            try:
                return plain(self.eval(body)).shape
            except (MinigradError, ValueError, UnsizedError):
                return None

        return dict(letter_lengths(piece, shape_of))

    def tie(self, piece: SyntaxNode) -> None:
        """Ranges that brackets tell, once those of others are known."""
        if self.mentioned(piece) <= self.lengths.keys():
            return
        for p, size in bounds(piece):
            self.lengths.setdefault(p, size)
        while True:
            found: dict[str, int] = {}
            for p, size in equal_lengths(piece, self.lengths, self.number):
                found[p] = max(size, found.get(p, 0))
            new = {p: size for p, size in found.items() if p not in self.lengths}
            if not new:
                return
            self.lengths.update(new)

    @contextmanager
    def running(self, piece: SyntaxNode) -> Iterator[None]:
        """Within: the letters of a sum run as far as its own terms say."""
        letters: Sequence[str] = piece.value  # type: ignore[assignment]
        before = dict(self.lengths)
        if id(piece) not in self._ranges:
            for letter in letters:
                self.lengths.pop(letter, None)
            own = self.ranges(piece.parts[0])
            self.lengths.update((p, own[p]) for p in letters if p in own)
            self.tie(piece.parts[0])
            for p, size in digit_lengths(piece.parts[0]):
                if p in letters and p not in self.lengths:
                    self.lengths[p] = int(size)
            self.tie(piece.parts[0])
            for p in letters:
                if p not in self.lengths and p in (known := {**self.elsewhere, **before}):
                    self.lengths[p] = known[p]
            missing = [p for p in letters if p not in self.lengths]
            if missing:
                raise ArgumentError(
                    f"read_back: the range of {', '.join(missing)} is not known"
                )
            self._ranges[id(piece)] = {p: self.lengths[p] for p in letters}
        self.lengths.update(self._ranges[id(piece)])
        try:
            yield
        finally:
            self.lengths.clear()
            self.lengths.update(before)

    def number(self, piece: SyntaxNode) -> int | None:
        """A size or a whole number, None for what is none."""
        try:
            return whole_number(self.eval(piece))
        except (MinigradError, KeyError):
            return None

    def is_place(self, word: str) -> bool:
        """Whether the word is no name, but letters."""
        return word not in self.known and (self.of_indices or word not in self.sizes)

    def mentioned(self, piece: SyntaxNode) -> frozenset[str]:
        """Every letter of a formula, also those of its sums."""
        found = self._mentioned.get(id(piece))
        if found is None:
            own = self._own_letters(piece)
            found = frozenset(own).union(*map(self.mentioned, piece.parts))
            self._mentioned[id(piece)] = found
        return found

    def _own_letters(self, piece: SyntaxNode) -> Sequence[str]:
        word = str(piece.value)
        if piece.kind == "at":
            places: Sequence[str | None] = piece.value  # type: ignore[assignment]
            return [p for place in places if place is not None for p in names_in(place)]
        if piece.kind == "call":
            return letters_of(word.rpartition("_")[2]) if self.over_letters(word) else ()
        if piece.kind == "Σ":
            return piece.value  # type: ignore[return-value]
        if piece.kind == "name" and word not in self.known:
            return letters_of(word)
        return ()

    @contextmanager
    def relating(self, sign: str) -> Iterator[None]:
        """In [i = j + k] a letter is an index where it is one, else the dim of that name."""
        before = self.of_indices, self.in_relation
        self.of_indices, self.in_relation = sign == "=", True
        try:
            yield
        finally:
            self.of_indices, self.in_relation = before

    def over_letters(self, function: str) -> bool:
        """Whether the function is one over letters of its own: prod_kl(X_ijkl)."""
        stem, _, letters = function.rpartition("_")
        return bool(stem and letters_of(letters)) and not is_function(function) and is_function(stem)

    # -- worth ---------------------------------------------------------------------------------------

    def position(self, letters: Sequence[str]) -> int:
        """Row-major, where several letters stand together."""
        total = 0
        for letter in letters:
            total = total * self.lengths.get(letter, 1) + self.letters[letter]
        return total

    def place(self, text: str) -> Any:
        if text.count(":") > 2:
            raise ArgumentError(f"read_back: {text!r} is no slice")
        if ":" in text:
            return slice(*(self.size(part) if part else None for part in text.split(":")))
        return self.size(text)

    def size(self, text: str) -> int:
        """A whole number, told by dims and letters."""
        return whole(text, self.worth)

    def worth(self, name: str) -> int:
        if name in self.letters:
            return self.letters[name]
        if name in self.sizes:
            return self.sizes[name]
        if name in self.known:
            return whole_number(self.known[name])
        raise ArgumentError(f"read_back: the index {name!r} was not introduced")


@lru_cache(4096)
def asks_for_size(piece: SyntaxNode) -> bool:
    """Whether something in it has no size of its own, so that every evaluation asks for one."""
    asks = piece.kind in ("ones", "identity", "unit", "put") or piece.value == "onehot"
    return asks or any(map(asks_for_size, piece.parts))
