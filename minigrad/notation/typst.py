"""Boxes as Typst, for between two dollar signs."""

from __future__ import annotations

from minigrad.notation.boxes import (
    Applied,
    Box,
    Bracketed,
    Glyph,
    Over,
    Root,
    Row,
    Scripts,
    Sign,
    Stacked,
    Summed,
)
from minigrad.notation.functions import written
from minigrad.notation.symbols import head, indices, low

_SIGNS = {
    "product": " thin ",
    "scale": " thin ",
    "hadamard": " ⊙ ",
    "divided": " ⊘ ",
    "times": " dot ",
    "plus": " + ",
    "minus": " - ",
    "negative": "-",
    "partial": "∂",
    "comma": ", ",
    "equals": " = ",
    "aligned": " &= ",
    "gap": " quad quad ",
    "mod": " mod ",
    "//": " slash.double ",
}
_LETTERS = {"𝟏": "bold(1)"}
# Functions that Typst knows by name.
_KNOWN = frozenset(["exp", "log", "sin", "cos", "tan", "sinh", "cosh", "tanh", "arcsin", "arccos", "arctan", "max", "min", "det", "tr"])


def typst(box: Box) -> str:
    """The formula in Typst's math mode, whose parentheses stretch by themselves."""
    match box:
        case Row(parts):
            return _beside([typst(part) for part in parts])
        case Sign(name):
            return _SIGNS.get(name) or (name if name in "()[]:" else f" {name} ")
        case Glyph():
            return _glyph(box)
        case Scripts(body, high=high):
            below = low(box)
            lower = "" if below is None else f"_({typst(below)})"
            raised = high.replace("T", "top").replace("⊙", "⊙ ")
            return typst(body) + lower + (f"^({raised})" if raised else "")
        case Over(upper, lower):
            return f"frac({typst(upper)}, {typst(lower)})"
        case Bracketed(body, "‖‖"):
            return f"norm({typst(body)})"
        case Bracketed(body, kind):
            return f"{kind[0]}{typst(body)}{kind[1]}"
        case Root(body):
            return f"sqrt({typst(body)})"
        case Summed(letters, body):
            return f"sum_({typst(indices(letters))}) {typst(body)}"
        case Stacked(parts, below):
            cells = ("; " if below else ", ").join(map(typst, parts))
            return f'mat(delim: "[", {cells})'
        case Applied(function, lower, args):
            return _applied(function, lower, ", ".join(map(typst, args)))
    raise TypeError(f"no Typst for {box!r}")


def _glyph(glyph: Glyph) -> str:
    plain = glyph.kind == "number" or (glyph.kind == "letter" and glyph.text.isalpha())
    text = _LETTERS.get(glyph.text) or (glyph.text if plain else _quoted(glyph.text))
    if glyph.dots:
        text = f"dot{'.double' * (glyph.dots == 2)}{'.triple' * (glyph.dots == 3)}({text})"
    before = f"{_quoted(glyph.path)} " if glyph.path else ""
    return before + ("dif " if glyph.gradient else "") + text


def _quoted(text: str) -> str:
    """Upright, each character as itself."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _applied(function: str, lower: str, args: str) -> str:
    name = written(function).text
    if "·" in name:
        left, right = name.split("·")
        return f"abs({args})" if left == "|" else left + args + right
    box = head(function, lower)
    if box is None:
        return f"({args})"
    return (name if name in _KNOWN and not lower else typst(box)) + f"({args})"


def _beside(parts: list[str]) -> str:
    """Letters that touch would be one word."""
    joined = ""
    for part in parts:
        touch = joined[-1:].isalnum() and part[:1].isalnum()
        joined += f" {part}" if touch else part
    return joined
