"""Places of axes as they are written: a letter, a number, a slice, or what letters tell, as NumPy writes it.

>>> from minigrad.index.size import Size
>>> p = Size({("p",): 1})
>>> Place.of([(1, "i"), (-1, "k"), (p, "j"), (-2, "")])
'i + j*p - k - 2'
>>> Place.of([(1, "i"), (1, "")], divisor=p - 1, modulus=3).letters
('i',)

What stands for a letter may be such a place itself, and both parts of an index are the index:

>>> block, within = Place.of([(1, "i")], divisor=p), Place.of([(1, "i")], modulus=p)
>>> Place.of([(2 * p, block)]), Place.of([(p, block), (1, within)])
('(i // p)*(2*p)', 'i')
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from minigrad.index.size import is_at_least

_WORD = re.compile(r"[^\W\d]\w*")


class Place(str):
    """A place that is told by letters: ``i - k``, ``2*t + 1``, ``(i + 1) % n``."""

    __slots__ = ("letters", "told", "words")
    letters: tuple[str, ...]
    words: frozenset[str]  # the dims that are numbers in it
    told: tuple[tuple[tuple[Any, str], ...], Any, Any]  # the sum, its divisor and modulus

    @classmethod
    def of(
        cls, terms: Sequence[tuple[Any, str]], divisor: Any = 1, modulus: Any = 0
    ) -> Place:
        """The sum of coefficients times letters ("" for a number), divided, and what is left by a modulus."""
        terms = _put_together([term for term in terms if term[0] != 0])
        signed = [(is_at_least(c, 0) is not False, c, letter) for c, letter in terms]
        ordered = sorted(signed, key=lambda term: not term[0])
        text = ""
        for positive, c, letter in ordered:
            sign = (" + " if positive else " - ") if text else ("" if positive else "-")
            text += sign + _multiple(c if positive else -c, letter, positive)
        text = text or "0"
        if divisor != 1:
            text = f"{_atom(text)} // {_atom(str(divisor))}"
        if modulus != 0:
            text = f"{_atom(text)} % {_atom(str(modulus))}"
        place = cls(text)
        place.letters = tuple(k for _, _, letter in ordered if letter for k in letters_of(letter))
        place.told = (tuple(terms), divisor, modulus)
        numbers = " ".join(str(n) for n in (*(c for _, c, _ in ordered), divisor, modulus))
        inner = (words_of(letter) for _, _, letter in ordered)
        place.words = frozenset(_WORD.findall(numbers)).union(*inner)
        return place


def _put_together(terms: list[tuple[Any, str]]) -> list[tuple[Any, str]]:
    """The terms with c p (i // p) + c (i % p) as c i."""
    for above in terms:
        sum_, divisor, modulus = getattr(above[1], "told", ((), 1, 0))
        if divisor == 1 or modulus != 0:
            continue
        for below in terms:
            if getattr(below[1], "told", None) == (sum_, 1, divisor) and above[0] == below[0] * divisor:
                rest = [term for term in terms if term is not above and term is not below]
                return _put_together([*rest, *((below[0] * c, letter) for c, letter in sum_ if c != 0)])
    return terms


def words_of(place: str) -> frozenset[str]:
    """The dims that are numbers in a place."""
    if isinstance(place, Place):
        return place.words
    return frozenset(_WORD.findall(place)) if ":" in place else frozenset()


def letters_of(place: str) -> tuple[str, ...]:
    """The letters of which a place is made."""
    if isinstance(place, Place):
        return place.letters
    return () if ":" in place or place.isdigit() else (place,)


def _multiple(coef: Any, letter: str, positive: bool) -> str:
    if not letter:
        return str(coef)
    if coef == 1:
        return letter if positive else _atom(letter)
    letter = _atom(letter)
    return f"{coef}*{letter}" if isinstance(coef, int) else f"{letter}*{_atom(str(coef))}"


def _atom(text: str) -> str:
    return f"({text})" if " " in text or "*" in text else text
