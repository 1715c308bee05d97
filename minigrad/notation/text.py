"""Formulas as text: Unicode as one writes it, or ASCII for source files and old terminals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from minigrad import scripts
from minigrad.names import without_dots
from minigrad.notation.boxes import (
    Applied,
    Box,
    Bracketed,
    Glyph,
    Places,
    Root,
    Row,
    Scripts,
    Sign,
    Stacked,
    Summed,
    Symbol,
)
from minigrad.notation.functions import written
from minigrad.notation.layout import LINE, PROGRAM, Layout, Style
from minigrad.notation.tree import Tree, transposes


@dataclass(frozen=True)
class Marks:
    """A style of text with the signs that are its own."""

    name: str
    style: Style
    signs: Mapping[str, str]

    @property
    def unicode(self) -> bool:
        return not self.style.called


UNICODE = Marks(
    "Unicode",
    LINE,
    {
        "product": " ",
        "scale": " ",
        "hadamard": " ⊙ ",
        "divided": " ⊘ ",
        "over": " / ",
        "plus": " + ",
        "minus": " − ",
        "negative": "−",
        "argument": ", ",
    },
)
ASCII = Marks(
    "ASCII",
    PROGRAM,
    {
        "product": " @ ",
        "scale": " * ",
        "hadamard": " * ",
        "divided": " / ",
        "over": " / ",
        "plus": " + ",
        "minus": " - ",
        "negative": "-",
        "argument": ", ",
        "≥": " >= ",
        "≤": " <= ",
        "≠": " != ",
        "=": " == ",
    },
)


def text(tree: Tree, marks: Marks = UNICODE, partial: bool = False) -> str:
    """The formula in one line; ``partial`` writes dS as ∂L/∂S."""
    return TextRenderer(marks, partial).show(Layout(marks.style).inside(tree))


def cost(tree: Tree) -> tuple[int, int]:
    """What a formula costs its reader: transposes first, then length."""
    return transposes(tree), len(text(tree))


def shown_places(places: Places) -> str:
    """An index as NumPy reads it: whole axes as colons, left out at the end."""
    last = max((k for k, place in enumerate(places) if place is not None), default=-1)
    return ",".join(":" if place is None else place for place in places[: last + 1])


def subscript(places: Places) -> str:
    """What stands behind a name: "_ij" where all that is fixed is in front, "[:,i]" elsewhere."""
    leading = [place for place in places if place is not None]
    in_front = all(place is None for place in places[len(leading) :])
    if in_front and all(len(place) == 1 for place in leading):
        return f"_{''.join(leading)}" if leading else ""
    return f"[{shown_places(places)}]"


class TextRenderer:
    """Writes boxes in one line."""

    def __init__(self, marks: Marks = UNICODE, partial: bool = False) -> None:
        self.marks, self.partial = marks, partial

    def show(self, box: Box) -> str:
        match box:
            case Row(parts):
                return "".join(map(self.show, parts))
            case Sign(name):
                return self.marks.signs.get(name) or f" {name} "
            case Symbol(_, str(of), loss) if self.partial:
                return f"∂{loss}/∂{of}"  # as names stand in formulas, both
            case Symbol(name, ascii=other):
                return name if self.marks.unicode else other or without_dots(name)
            case Glyph(text):
                return text if self.marks.unicode else text.replace("∞", "inf")
            case Scripts(body, _, places, high):
                return self.raised(self.lowered(self.show(body), places), high)
            case Bracketed(body, "‖‖"):
                return f"‖{self.show(body)}‖"
            case Bracketed(body, kind):
                return f"{kind[0]}{self.show(body)}{kind[1]}"
            case Root(body):
                return f"√{self.show(body)}"
            case Summed(letters, body):
                return self.summed(letters, self.show(body))
            case Applied(function, lower, args):
                before, after = around(function, lower, self.marks)
                return before + ", ".join(map(self.show, args)) + after
            case Stacked(parts, below):
                return self.stacked([self.show(part) for part in parts], below)
        raise TypeError(f"no text for {box!r}")

    def lowered(self, body: str, places: Places) -> str:
        shown = subscript(places)
        # f(X)_ij is no Python, f(X)[i,j] is
        if self.marks.unicode or body.isidentifier() or not shown.startswith("_"):
            return body + shown
        return f"{body}[{shown_places(places)}]"

    def raised(self, body: str, high: str) -> str:
        if not high:
            return body
        if self.marks.unicode:
            return body + raised(high)
        exponent = high.removeprefix("⊙")
        whole = f"{body}**{exponent}" if exponent.isdecimal() else f"{body}**({exponent})"
        return f"{body}.T" if high == "T" else whole

    def summed(self, letters: tuple[str, ...], body: str) -> str:
        """A sum sign with the letters it runs over."""
        short = all(len(letter) == 1 for letter in letters)
        if not (short or self.marks.unicode):  # sum_i0,j is no Python
            return f"sum[{', '.join(letters)}]{body}"
        joined = ("" if short else ",").join(letters)
        return f"Σ_{joined} {body}" if self.marks.unicode else f"sum_{joined}{body}"

    def stacked(self, parts: list[str], below: bool) -> str:
        if self.marks.unicode:
            return f"[{('; ' if below else ', ').join(parts)}]"
        return f"{'concatenate' if below else 'hstack'}([{', '.join(parts)}])"


def raised(high: str) -> str:
    """A superscript in Unicode."""
    if high[:1] != "⊙":
        return scripts.raised(high)
    # x^⊙2/3 would read as the square over 3
    return f"^⊙({high[1:]})" if "/" in high else f"^{high}"


def around(function: str, lower: str = "", marks: Marks = UNICODE) -> tuple[str, str]:
    """What stands before and after the arguments of a function."""
    how = written(function)
    name = how.text if marks.unicode else how.ascii
    if "·" in name:
        before, after = name.split("·")
        return before, after
    return f"{name}{lower}(", ")"
