"""How far the index letters of a formula run, by the arrays that carry them and the brackets they stand in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from math import prod
from typing import Any

from minigrad.notation.printed_text.grammar import SyntaxNode

_LETTER = re.compile(r"[a-z][0-9]*")
_DIGITS = re.compile(r"([0-9]+) ?\* ?[a-z][0-9]* \+ ([a-z][0-9]*)")


def letters_of(word: str) -> list[str]:
    """The letters that stand together: i, j4 of ``ij4``; none where the word is no row of letters."""
    return _LETTER.findall(word) if re.fullmatch(r"(?:[a-z][0-9]*)+", word) else []


def letter_lengths(
    piece: SyntaxNode, shape_of: Callable[[SyntaxNode], Sequence[int] | None]
) -> Iterator[tuple[str, int]]:
    """How far each subscript runs, by the arrays that carry it; ``shape_of`` says how large these are."""
    if piece.kind == "at" and piece.parts[0].kind != "delta":
        places: Sequence[Any] = piece.value  # type: ignore[assignment]
        if any(p is not None and _LETTER.fullmatch(p) for p in places):
            shape = shape_of(piece.parts[0]) or ()
            for place, size in zip(places, shape, strict=False):
                if place is not None and _LETTER.fullmatch(place):
                    yield place, size
    for part in piece.parts:
        yield from letter_lengths(part, shape_of)


def digit_lengths(piece: SyntaxNode) -> Iterator[tuple[str, str]]:
    """How far a letter runs that nothing else tells, as a digit: p of ``2*j + p`` is 0 or 1."""
    if piece.kind == "at":
        places: Sequence[Any] = piece.value  # type: ignore[assignment]
        found = (_DIGITS.fullmatch(p or "") for p in places)
        yield from ((digit[2], digit[1]) for digit in found if digit)
    for part in piece.parts:
        yield from digit_lengths(part)


def equal_lengths(
    piece: SyntaxNode,
    lengths: Mapping[str, int],
    number: Callable[[SyntaxNode], int | None],
) -> Iterator[tuple[str, int]]:
    """How far a letter runs that brackets tie to others: [ij = m] says m of i and j, [i = 1 + j] j of i.

    Beyond what is said here each such bracket is 0. ``number`` gives sizes and whole numbers.
    """
    if piece.kind == "relation" and piece.value == "=":
        for here, there in (piece.parts, piece.parts[::-1]):
            yield from _solved(here, there, lengths, number)
    for part in piece.parts:
        yield from equal_lengths(part, lengths, number)


def bounds(piece: SyntaxNode) -> Iterator[tuple[str, int]]:
    """How far letters run by their own brackets: j of [j ≤ 2] is one of 3."""
    if piece.kind == "relation" and piece.value == "≤":
        letter, most = piece.parts
        if letter.kind == "name" and most.kind == "number" and _LETTER.fullmatch(str(letter.value)):
            yield str(letter.value), int(most.value) + 1  # type: ignore[call-overload]
    for part in piece.parts:
        yield from bounds(part)


def _solved(
    here: SyntaxNode,
    there: SyntaxNode,
    lengths: Mapping[str, int],
    number: Callable[[SyntaxNode], int | None],
) -> Iterator[tuple[str, int]]:
    """The one letter of a side that has no range yet."""
    word = str(here.value) if here.kind == "name" else ""
    unknown = [p for p in letters_of(word) if p not in lengths]
    if len(unknown) == 1 and there.kind == "name" and number(here) is None:
        others = letters_of(str(there.value))
        if others and all(p in lengths for p in others):
            whole = prod(lengths[p] for p in others)
            rest = prod(lengths[p] for p in letters_of(word) if p in lengths)
            yield unknown[0], -(-whole // max(1, rest))
            return
    open_terms, least = [], 0
    for sign, term in _terms(here):
        span = _span(term, lengths, number)
        if span is None:
            open_terms.append((sign, term))
        else:
            least += min(sign * span[0], sign * span[1])
    most = _most(there, lengths, number)
    if len(open_terms) == 1 and most is not None:
        sign, term = open_terms[0]
        if sign > 0 and term.kind == "name" and _LETTER.fullmatch(str(term.value)):
            yield str(term.value), max(0, most - least + 1)


def _terms(piece: SyntaxNode, sign: int = 1) -> Iterator[tuple[int, SyntaxNode]]:
    if piece.kind == "minus":
        yield from _terms(piece.parts[0], -sign)
    elif piece.kind == "sum":
        for part in piece.parts:
            yield from _terms(part, sign)
    else:
        yield sign, piece


def _most(
    piece: SyntaxNode, lengths: Mapping[str, int], number: Callable[[SyntaxNode], int | None]
) -> int | None:
    """The largest place that a sum of places may be."""
    total = 0
    for sign, term in _terms(piece):
        span = _span(term, lengths, number)
        if span is None:
            return None
        total += max(sign * span[0], sign * span[1])
    return total


def _span(
    term: SyntaxNode, lengths: Mapping[str, int], number: Callable[[SyntaxNode], int | None]
) -> tuple[int, int] | None:
    """The least and the largest that a place may be, None where that is not known."""
    word = str(term.value) if term.kind == "name" else ""
    letters = letters_of(word)
    if letters and all(p in lengths for p in letters):
        return 0, prod(lengths[p] for p in letters) - 1
    if term.kind == "product" and len(term.parts) == 2:  # 2 i
        spans = [_span(part, lengths, number) for part in term.parts]
        if None not in spans:
            ends = [a * b for a in spans[0] for b in spans[1]]  # type: ignore[union-attr]
            return min(ends), max(ends)
        return None
    if term.kind == "%":
        whole = number(term.parts[1])
        return None if whole is None else (0, whole - 1)
    value = number(term)
    return None if value is None else (value, value)
