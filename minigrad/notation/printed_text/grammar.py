"""The statements of a printed text: lines, where-lists and left sides, as one reads them without the trees that wrote them.

The grammars of right sides know only what a reader knows, for they are witnesses against the printers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from typing import NamedTuple

from minigrad.errors import ArgumentError
from minigrad.scripts import raised

_DOTS = ("dot", "ddot", "dddot")
# Letters may stand at each variable: ∂²L/∂x_i∂A_jk.
_DERIVATIVE = re.compile(r"(∂[⁰¹²³⁴-⁹]*)([^∂/\[\]]+)/((?:∂[^∂/\[\]]+)+)")
_GRADIENT = re.compile(r"(?:.+\.)?gradient|(?:.+\.)?grad")
# Left sides that stand below each other are padded.
_GAP = re.compile(r" {6,}(?! *= )")
_WHERE = "   where "


# What the notation's own symbols are called, also beside a tensor that has the name of one.
_SYMBOLS = {"identity": re.compile("I|eye|Id[0-9]*"), "ones": re.compile("ones|Ones[0-9]*")}


def symbol_kind(word: str) -> str:
    """What a word that names nothing else stands for: the identity, a vector of ones, or ""."""
    return next((kind for kind, words in _SYMBOLS.items() if words.fullmatch(word)), "")


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
    text: str, known: Iterable[str], piece: Callable[[str, Introduced], SyntaxNode]
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
        name, places = _left_side(left.strip(), right, names)
        found.append(Statement(name, places, piece(right.strip(), names)))
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

    def begins(self, text: str) -> bool:
        """Whether a text is a name and what stands low at it."""
        return any(rest[:1] == "_" for name in self.at(text, 0) for rest in [text[len(name) :]])

    def at(self, text: str, start: int) -> Iterator[str]:
        """The names that the text goes on with, the longest first."""
        parts = (text[start : start + length] for length in self.lengths)
        return (part for part in parts if part in self.names)


def _formulas(text: str) -> Iterator[str]:
    """Formulas one by one; what a where-list defines comes before the formulas that use it."""
    text, _, definitions = text.partition("\nwhere ")
    definitions, _, _legend = definitions.partition("\n")
    yield from _definitions(definitions)
    for line in text.splitlines():
        formulas, _, definitions = line.partition(_WHERE)
        yield from _definitions(definitions)
        for part in _GAP.split(formulas.strip()):
            # a remark such as (*) stands at the end of a line, and a legend below all
            if part and not re.fullmatch(r"\(.{1,3}\)|\S+ is .*", part):
                yield part


def _definitions(text: str) -> Iterator[str]:
    """What a where-list defines, one by one."""
    return map(str.strip, split_outside(text, ",")) if text else iter(())


def split_outside(text: str, sign: str) -> Iterator[str]:
    """The parts of a text between signs that stand outside of brackets."""
    start = depth = 0
    for at, mark in enumerate(text):
        depth += (mark in "([") - (mark in ")]")
        if mark == sign and not depth:
            yield text[start:at]
            start = at + 1
    yield text[start:]


def _left_side(left: str, right: str, known: Introduced) -> tuple[str, tuple[str | None, ...]]:
    """``dWq[:,h,:]`` and ``J_ijkl``: a name and its subscripts; trailing whole axes are not told.

    The gradient of W_q is dW_q, and no row of dW; h_t is a name where nothing is called h and no t is an index.
    """
    gradient = re.fullmatch(r"((?:.*\.)?)(?:grad_|d)(.+)", left)
    if left in known or (gradient and gradient[1] + gradient[2] in known):
        return left, ()
    bracket = re.fullmatch(r"(.+?)\[([^\[\]]*[a-z:][^\[\]]*)\]", left)
    if bracket:
        return bracket[1], tuple(None if p == ":" else p for p in bracket[2].split(","))
    if indexed := _DERIVATIVE.fullmatch(left):
        return _derivative(indexed[1], indexed[2], indexed[3], known)
    under = re.fullmatch(r"(.+)_([a-z]+)", left)
    if under and (under[2] in _DOTS or _GRADIENT.fullmatch(under[1])):
        return left, ()  # the tangent of a tensor, in plain letters, or a gradient whose usual name is taken
    if not under:
        return left, ()
    base = under[1]
    tells = gradient is not None and known.begins(gradient[1] + gradient[2])
    if re.fullmatch(r"[JH]|.*∂.*|d\d?.*/d.*", base) or base in known or tells:
        return base, tuple(under[2])
    return (base, tuple(under[2])) if _has_index(right, under[2], known) else (left, ())


def _derivative(
    order: str, above: str, below: str, known: Introduced
) -> tuple[str, tuple[str | None, ...]]:
    """``∂²L/∂x_i∂A_jk``, with letters at each variable, is the element ijk of ∂²L/∂x∂A."""
    names, letters = zip(*(_lettered(part, known) for part in (above, *below.split("∂")[1:])), strict=True)
    by = ((name, len([*same])) for name, same in groupby(names[1:]))
    powers = "".join(f"∂{name}{raised(str(n)) if n > 1 else ''}" for name, n in by)
    return f"{order}{names[0]}/{powers}", tuple("".join(letters))


def _lettered(part: str, known: Introduced) -> tuple[str, str]:
    """A name and the letters that stand low at it."""
    own = next((name for name in known.at(part, 0) if part[len(name) :][:1] in ("", "_")), None)
    name, _, letters = (own, "", part[len(own) + 1 :]) if own else part.partition("_")
    return name, letters


def _has_index(text: str, letters: str, known: Introduced) -> bool:
    """Whether one of the letters is an index in a formula."""
    for name in known.names:
        text = text.replace(name, "x") if "_" in name else text
    return re.search(rf"_[a-z]*[{letters}]|\[[^\]]*[{letters}]", text) is not None
