"""What a formula is laid out in: pieces beside each other, over each other, raised, lowered, in brackets.

`layout` makes boxes of a tree, a renderer writes them in one language; it decides nothing but how.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Places = tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Box:
    """A piece of a laid out formula."""


@dataclass(frozen=True, slots=True)
class Symbol(Box):
    """A name as it stands in one line of text, and in ASCII where that differs.

    ``of`` is the tensor whose gradient it is, of the ``loss``.
    """

    name: str
    of: str | None = None
    loss: str = "L"
    ascii: str = ""


@dataclass(frozen=True, slots=True)
class Glyph(Box):
    """Characters of one kind; a symbol may stand behind a ``path``, be a gradient's, dS, or have ``dots``, Ṡ.

    ``symbol`` is the name that it stands for, where a page is to find it.
    """

    text: str
    kind: Literal["letter", "word", "number", "text"] = "letter"
    path: str = ""
    gradient: bool = False
    dots: int = 0
    symbol: str = ""


@dataclass(frozen=True, slots=True)
class Sign(Box):
    """What stands between pieces or before one, by its name in the tables of the renderers."""

    name: str


@dataclass(frozen=True, slots=True)
class Row(Box):
    """Pieces beside each other."""

    parts: tuple[Box, ...]


@dataclass(frozen=True, slots=True)
class Over(Box):
    """A fraction; ∂L/∂S is itself a ``symbol``."""

    upper: Box
    lower: Box
    symbol: str = ""


@dataclass(frozen=True, slots=True)
class Scripts(Box):
    """A piece with scripts: a subscript of its ``own``, indices, and a superscript.

    ``high`` is an exponent, "2/3", with "⊙" before it where it is taken elementwise; T stands for the
    transpose, "-T" for that of the inverse.
    """

    body: Box
    own: Box | None = None
    places: Places = ()
    high: str = ""


@dataclass(frozen=True, slots=True)
class Bracketed(Box):
    """A piece in brackets as tall as it is: "()", "[]", or "‖‖" of a norm."""

    body: Box
    kind: Literal["()", "[]", "‖‖"] = "()"


@dataclass(frozen=True, slots=True)
class Root(Box):
    body: Box


@dataclass(frozen=True, slots=True)
class Summed(Box):
    """A sum sign with the letters that it runs over below it, and what is summed."""

    letters: tuple[str, ...]
    body: Box


@dataclass(frozen=True, slots=True)
class Stacked(Box):
    """Blocks in brackets, beside each other or ``below``."""

    parts: tuple[Box, ...]
    below: bool


@dataclass(frozen=True, slots=True)
class Applied(Box):
    """A function by its name in the table of `functions`, what stands low behind that, and its arguments."""

    function: str
    lower: str
    args: tuple[Box, ...]
