"""The grammar of printed formulas: text as one reads it, without the trees that wrote it.

It is a witness against the printers, so it knows only what a reader knows: where a space means a
product, how tightly ⊙ binds, which names were introduced. What a reader could take in two ways, such as
``A B ⊙ C``, is an error here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from typing import NamedTuple

from minigrad.errors import ArgumentError

_DIGITS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻ᐟ", "0123456789-/")
_SUPERSCRIPT = re.compile(r"[⁰¹²³⁴⁵⁶⁷⁸⁹⁻ᐟ]+")
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?(?:e[-+]?[0-9]+)?")
_WORD = re.compile(r"(?:(?![ᵀ⁰¹²³⁴⁵⁶⁷⁸⁹⁻ᐟ𝟏])[^\W])+")
_ELEMENTWISE_POWER = re.compile(r"\^⊙(?:(-?[0-9]+)|\((-?[0-9]+/[0-9]+)\))")
_SUBSCRIPT = re.compile(r"_([0-9a-z]+)(?![0-9A-Za-z_])")
_PLACE = re.compile(r"\(([^()]*)\)")
_PLACES = re.compile(r"\[([^\[\]]*)\]")
_TUPLE = re.compile(
    r"\((?:[^(),]+, )+[^(),]+\)(?=[,)])|\((?:[^(),]+, [^(),]+|\([^(),]+, [^(),]+\), \([^(),]+, [^(),]+\))\)(?=[,)])"
)
_SUM_SIGN = re.compile(r"Σ_([a-z][0-9]*(?:,[a-z][0-9]*)+|[a-z]+) ")
_RELATIONS = ("≥", "≤", "≠", "=", ">", "<")
_GAP = re.compile(r" {6,}")
_WHERE = "   where "


class SyntaxNode(NamedTuple):
    """A piece of a formula: its kind, its parts, and what else it says."""

    kind: str
    parts: tuple[SyntaxNode, ...] = ()
    value: object = None


class Statement(NamedTuple):
    """``name[places] = piece``."""

    name: str
    places: tuple[str | None, ...]
    piece: SyntaxNode


def statements(
    text: str, known: Iterable[str], piece: Callable[[str, Introduced], SyntaxNode] | None = None
) -> list[Statement]:
    """Every formula of a text, in order; each name that a left side gives is known from then on.

    Raises
    ------
    ArgumentError
        Where the text cannot be read, or can be read in two ways.
    """
    names = Introduced(known)
    found: list[Statement] = []
    for formula in _formulas(text):
        left, equals, right = formula.partition(" = ")
        if not equals:
            raise ArgumentError(
                f"read_back: {formula!r} has no left side; a formula is 'name = ...'"
            )
        name, places = _left_side(left.strip())
        found.append(Statement(name, places, (piece or unicode_piece)(right.strip(), names)))
        names.add(name)
    return found


class Introduced:
    """The names that a reader knows by now."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names: set[str] = set()
        self.lengths: list[int] = []  # the longest first
        for name in names:
            self.add(name)

    def add(self, name: str) -> None:
        self.names.add(name)
        if len(name) not in self.lengths:
            self.lengths = sorted([*self.lengths, len(name)], reverse=True)

    def __contains__(self, name: str) -> bool:
        return name in self.names

    def at(self, text: str, start: int) -> Iterator[str]:
        """The names that the text goes on with, the longest first."""
        parts = (text[start : start + length] for length in self.lengths)
        return (part for part in parts if part in self.names)


def unicode_piece(text: str, known: Introduced) -> SyntaxNode:
    """The parts of a formula as `str` prints it."""
    return _Reader(text, known).whole()


def _formulas(text: str) -> Iterator[str]:
    """Formulas one by one; what a where-list defines comes before the formulas that use it."""
    text, _, definitions = text.partition("\nwhere ")
    yield from _definitions(definitions)
    for line in text.splitlines():
        for part in _GAP.split(line.strip()):
            # a remark such as (*) stands at the end of a line
            if not part or re.fullmatch(r"\(.{1,3}\)", part):
                continue
            formula, _, definitions = part.partition(_WHERE)
            yield from _definitions(definitions)
            yield formula


def _definitions(text: str) -> Iterator[str]:
    """Split at the commas outside of brackets."""
    start = depth = 0
    for at, mark in enumerate(text):
        depth += (mark in "([") - (mark in ")]")
        if mark == "," and not depth:
            yield text[start:at].strip()
            start = at + 1
    if text:
        yield text[start:].strip()


def _left_side(left: str) -> tuple[str, tuple[str | None, ...]]:
    """``dWq[:,h,:]`` and ``J_ijkl``: a name and its subscripts; trailing whole axes are not told."""
    bracket = re.fullmatch(r"(.+?)\[([^\[\]]*[a-z:][^\[\]]*)\]", left)
    if bracket:
        return bracket[1], tuple(None if p == ":" else p for p in bracket[2].split(","))
    under = re.fullmatch(r"(.+)_([a-z]+)", left)
    return (under[1], tuple(under[2])) if under else (left, ())


class _Reader:
    """One formula, read from left to right."""

    def __init__(self, text: str, names: Introduced) -> None:
        self.text, self.at, self.names = text, 0, names

    def fail(self, message: str) -> ArgumentError:
        return ArgumentError(f"read_back: {message}\n  {self.text}\n  {' ' * self.at}^")

    def whole(self) -> SyntaxNode:
        piece = self.sum()
        if self.at != len(self.text):
            raise self.fail("the formula goes on where it should end")
        return piece

    def take(self, mark: str) -> bool:
        if self.text.startswith(mark, self.at):
            self.at += len(mark)
            return True
        return False

    def match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.match(self.text, self.at)
        if found:
            self.at = found.end()
        return found

    def expect(self, mark: str) -> None:
        if not self.take(mark):
            raise self.fail(f"{mark!r} is missing")

    # -- from the loosest binding to the tightest --------------------------------------------------

    def sum(self) -> SyntaxNode:
        terms = [self.signed(self.take("−"))]
        while True:
            if self.take(" + "):
                terms.append(self.signed(False))
            elif self.take(" − ") or self.take(" - "):  # sizes have a plain minus
                terms.append(self.signed(True))
            else:
                return terms[0] if len(terms) == 1 else SyntaxNode("sum", tuple(terms))

    def signed(self, negative: bool) -> SyntaxNode:
        term = self.term()
        return SyntaxNode("minus", (term,)) if negative else term

    def term(self) -> SyntaxNode:
        big = self.match(_SUM_SIGN)
        if big:
            letters = tuple(big[1].split(",") if "," in big[1] else big[1])
            return SyntaxNode("Σ", (self.chain(),), letters)
        piece = self.chain()
        if self.take(" / "):
            piece = SyntaxNode("/", (piece, self.postfix()))
        return piece

    def chain(self) -> SyntaxNode:
        """Either a product, by spaces, or an elementwise one, by ⊙ and ⊘; a mixture needs parentheses."""
        first = self.postfix()
        parts, signs = [first], []
        while True:
            if self.take(" ⊙ "):
                signs.append("⊙")
            elif self.take(" ⊘ "):
                signs.append("⊘")
            elif self.begins_factor():
                self.at += 1
                signs.append(" ")
            else:
                break
            parts.append(self.postfix())
        if not signs:
            return first
        if " " in signs and set(signs) != {" "}:
            raise self.fail("a product beside ⊙ can be read in two ways; it needs parentheses")
        if signs[0] == " ":
            return SyntaxNode("product", tuple(parts))
        return SyntaxNode("hadamard", tuple(parts), tuple(signs))

    def begins_factor(self) -> bool:
        rest = self.text[self.at : self.at + 3]
        return (
            len(rest) > 1
            and rest[0] == " "
            and rest[1] not in "+−-⊙⊘/)],"
            and not (rest[1] in _RELATIONS and rest[2:] == " ")
        )

    def postfix(self) -> SyntaxNode:
        if self.take("√"):
            return SyntaxNode("power", (self.postfix(),), Fraction(1, 2))
        piece = self.atom()
        while True:
            if self.take("⁻ᵀ"):
                piece = SyntaxNode("transpose", (SyntaxNode("inverse", (piece,)),))
            elif self.take("ᵀ"):
                piece = SyntaxNode("transpose", (piece,))
            elif found := self.match(_SUPERSCRIPT):
                piece = SyntaxNode("power", (piece,), Fraction(found[0].translate(_DIGITS)))
            elif found := self.match(_ELEMENTWISE_POWER):
                piece = SyntaxNode("powers", (piece,), Fraction(found[1] or found[2]))
            elif found := self.match(_SUBSCRIPT):
                piece = SyntaxNode("at", (piece,), tuple(found[1]))
            elif self.text[self.at : self.at + 1] == "[" and (found := self.match(_PLACES)):
                piece = SyntaxNode(
                    "at", (piece,), tuple(None if p == ":" else p for p in found[1].split(","))
                )
            else:
                return piece

    def atom(self) -> SyntaxNode:
        if self.take("("):
            piece = self.sum()
            self.expect(")")
            return piece
        for mark, kind in (("‖", "norm"), ("|", "abs")):
            if self.take(mark):
                piece = self.sum()
                self.expect(mark)
                return SyntaxNode(kind, (piece,))
        if self.take("["):
            return self.relation()
        if found := self.match(_NUMBER):
            return SyntaxNode("number", (), Fraction(found[0]))
        for mark, kind in (("∞", "infinity"), ("𝟏", "ones"), ("δ", "delta")):
            if self.take(mark):
                return SyntaxNode(kind)
        return self.symbol()

    def relation(self) -> SyntaxNode:
        left = self.sum()
        if self.take(", "):
            right = self.sum()
            self.expect("]")
            return SyntaxNode("call", (left, right), "joined")
        for sign in _RELATIONS:
            if self.take(f" {sign} "):
                right = self.sum()
                self.expect("]")
                return SyntaxNode("relation", (left, right), sign)
        raise self.fail("a bracket holds a relation, [a > b], or two blocks, [A, B]")

    def symbol(self) -> SyntaxNode:
        """A name that was introduced, else a function applied, a unit vector, the identity, a size."""
        for name in self.names.at(self.text, self.at):
            after = self.at + len(name)
            follows = _WORD.match(self.text, after)
            if not follows or follows[0].startswith("_"):
                self.at = after
                if self.text[after : after + 1] == "(":
                    break
                return SyntaxNode("name", (), name)
        else:
            return self.word()
        self.at -= len(name)
        return self.word()

    def word(self) -> SyntaxNode:
        if self.take("e_"):
            if place := self.match(_PLACE):
                return SyntaxNode("unit", (), place[1])
            place_of = self.atom()
            if found := self.match(_SUBSCRIPT):
                place_of = SyntaxNode("at", (place_of,), tuple(found[1]))
            return SyntaxNode("unit", (place_of,))  # a mark that follows is the vector's
        found = _WORD.match(self.text, self.at)
        if found is None:
            raise self.fail("nothing can be read here")
        word = found[0]
        if self.text[found.end() : found.end() + 1] == "(":
            self.at = found.end() + 1
            return SyntaxNode("call", tuple(self.arguments()), word)
        self.at = found.end()
        if "_" in word:
            stem, _, letters = word.rpartition("_")
            self.at = found.start() + len(stem)
            word = stem
            del letters
        return SyntaxNode("identity") if word == "I" else SyntaxNode("name", (), word)

    def arguments(self) -> Iterator[SyntaxNode]:
        while True:
            if found := self.match(_TUPLE):
                yield SyntaxNode("tuple", (), found[0])
            else:
                yield self.sum()
            if self.take(")"):
                return
            self.expect(", ")
