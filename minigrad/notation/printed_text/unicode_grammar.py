"""Formulas printed in Unicode, as a reader takes them: where a space means a product, how tightly ⊙ binds.

What a reader could take in two ways, such as ``A B ⊙ C``, is an error here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction

from minigrad.errors import ArgumentError
from minigrad.index.undefined import DERIVED_NAME
from minigrad.notation.printed_text.grammar import Introduced, SyntaxNode, symbol_kind

_DIGITS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻ᐟ", "0123456789-/")
_SUPERSCRIPT = re.compile(r"[⁰¹²³⁴⁵⁶⁷⁸⁹⁻ᐟ]+")
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?(?:e[-+]?[0-9]+)?")
_LONGEST_NUMBER = 400  # a longer one, or one of a longer exponent, would take hours as a fraction
_WORD = re.compile(r"(?:(?![ᵀ⁰¹²³⁴⁵⁶⁷⁸⁹⁻ᐟ𝟏])[^\W])+")
_ELEMENTWISE_POWER = re.compile(r"\^⊙(?:(-?[0-9]+)|\((-?[0-9]+/[0-9]+)\))")
_DERIVED = re.compile(rf"(?:{DERIVED_NAME.pattern})\(")  # f′(x), ∂₁f(x, y)
_SUBSCRIPT = re.compile(r"_([0-9a-z]+)(?![0-9A-Za-z_])")
_PLACE = re.compile(r"\(([^()]*)\)")
_PLACES = re.compile(r"\[([^\[\]]*)\]")
_KEYWORD = re.compile(r"([a-z]+)=([0-9a-z*]+|\([^()]*\))(?=[,)])")
_SIZE = re.compile(r"(?=[^(),]*\*)[0-9a-zA-Z_]+(?:\*[0-9a-zA-Z_]+| [-+] [0-9a-zA-Z_]+)+(?=[,)])")
_DIMS = re.compile(r"\(([0-9a-zA-Z_]+(?:\*[0-9a-zA-Z_]+)+)\)")
_PUT = re.compile(r"put\[([^\[\]]*)\]\(")
_TUPLE = re.compile(
    r"\((?:[^(),]+, )+[^(),]+\)(?=[,)])|\((?:[^(),]+, [^(),]+|\([^(),]+, [^(),]+\), \([^(),]+, [^(),]+\))\)(?=[,)])"
)
_SUM_SIGN = re.compile(r"Σ_([a-z][0-9]*(?:,[a-z][0-9]*)+|[a-z]+) ")
_RELATIONS = ("≥", "≤", "≠", "=", ">", "<")


def unicode_piece(text: str, known: Introduced) -> SyntaxNode:
    """The parts of a formula as `str` prints it."""
    return _Reader(text, known).whole()


class _Reader:
    """One formula, read from left to right."""

    def __init__(self, text: str, names: Introduced) -> None:
        self.text, self.at, self.names = text, 0, names

    def fail(self, message: str) -> ArgumentError:
        shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in self.text)
        return ArgumentError(f"read_back: {message}\n  {shown}\n  {' ' * self.at}^")

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
        if self.take(" % "):  # of places: (j + 1) % n
            piece = SyntaxNode("%", (piece, self.postfix()))
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
            elif self.take(" ⊗ "):
                signs.append("⊗")
            elif self.begins_factor():
                self.at += 1
                signs.append(" ")
            else:
                break
            parts.append(self.postfix())
        if not signs:
            return first
        if signs == ["⊗"]:
            return SyntaxNode("call", tuple(parts), "kron")
        if "⊗" in signs or (" " in signs and set(signs) != {" "}):
            raise self.fail("a product beside ⊙ or ⊗ can be read in two ways; it needs parentheses")
        if signs[0] == " ":
            return SyntaxNode("product", tuple(parts))
        return SyntaxNode("hadamard", tuple(parts), tuple(signs))

    def begins_factor(self) -> bool:
        rest = self.text[self.at : self.at + 3]
        return (
            len(rest) > 1
            and rest[0] == " "
            and rest[1] not in "+−-⊙⊘⊗/%)],"
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
        if found := self.match(_DIMS):
            return SyntaxNode("size", (), found[1])
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
            exponent = found[0].partition("e")[2]
            if len(found[0]) > _LONGEST_NUMBER or len(exponent.strip("+-")) > 3:
                raise self.fail("this number is out of range for a float")
            return SyntaxNode("number", (), Fraction(found[0]))
        for mark, kind in (("∞", "infinity"), ("𝟏", "ones"), ("δ", "delta")):
            if mark not in self.names and self.take(mark):
                return SyntaxNode(kind)
        return self.symbol()

    def relation(self) -> SyntaxNode:
        left = self.sum()
        for mark, kind in ((", ", "joined"), ("; ", "stacked")):
            blocks = [left]
            while self.take(mark):
                blocks.append(self.sum())
            if len(blocks) > 1:
                self.expect("]")
                return SyntaxNode("call", tuple(blocks), kind)
        for sign in _RELATIONS:
            if self.take(f" {sign} "):
                right = self.sum()
                self.expect("]")
                return SyntaxNode("relation", (left, right), sign)
        raise self.fail("a bracket holds a relation, [a > b], or blocks, [A, B]")

    def symbol(self) -> SyntaxNode:
        """A name that was introduced, else a function applied, a unit vector, the identity, a size."""
        if found := self.match(_DERIVED):
            return SyntaxNode("call", tuple(self.arguments()), found[0].removesuffix("("))
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
        if word == "put" and (place := _PUT.match(self.text, self.at)):
            self.at = place.end()
            places = tuple(None if p == ":" else p for p in place[1].split(","))
            return SyntaxNode("put", tuple(self.arguments()), places)
        if self.text[found.end() : found.end() + 1] == "(":
            self.at = found.end() + 1
            return SyntaxNode("call", tuple(self.arguments()), word)
        self.at = found.end()
        if "_" in word:
            stem, _, letters = word.rpartition("_")
            self.at = found.start() + len(stem)
            word = stem
            del letters
        kind = symbol_kind(word)
        return SyntaxNode(kind) if kind else SyntaxNode("name", (), word)

    def arguments(self) -> Iterator[SyntaxNode]:
        while True:
            if found := self.match(_TUPLE):
                yield SyntaxNode("tuple", (), found[0])
            elif found := self.match(_KEYWORD):
                yield SyntaxNode("keyword", (), (found[1], found[2]))
            elif found := self.match(_SIZE):
                yield SyntaxNode("size", (), found[0])
            else:
                yield self.sum()
            if self.take(")"):
                return
            self.expect(", ")
