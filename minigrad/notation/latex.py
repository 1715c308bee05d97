"""Boxes as LaTeX."""

from __future__ import annotations

import re

from minigrad import markup
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
from minigrad.notation.symbols import indices, low, lowered

_SIGNS = {
    "product": r" \, ",
    "scale": r" \, ",
    "hadamard": r" \odot ",
    "divided": r" \oslash ",
    "times": r" \cdot ",
    "plus": " + ",
    "minus": " - ",
    "negative": "-",
    "partial": r"\partial ",
    "comma": ",",
    "equals": " = ",
    "aligned": " &= ",
    "gap": r" \qquad ",
    "≥": r" \ge ",
    "≤": r" \le ",
    "≠": r" \ne ",
    "mod": r" \bmod ",
    "//": r" \mathbin{//} ",
    "⊗": r" \otimes ",
}
_TIGHT = set("()[]:")
_COMMAND = re.compile(r"\\[A-Za-z]+$")
_LETTERS = {
    "𝟏": r"\mathbf{1}",
    "α": r"\alpha",
    "β": r"\beta",
    "γ": r"\gamma",
    "δ": r"\delta",
    "ε": r"\epsilon",
    "ζ": r"\zeta",
    "η": r"\eta",
    "θ": r"\theta",
    "κ": r"\kappa",
    "λ": r"\lambda",
    "μ": r"\mu",
    "ν": r"\nu",
    "ξ": r"\xi",
    "π": r"\pi",
    "ρ": r"\rho",
    "σ": r"\sigma",
    "τ": r"\tau",
    "φ": r"\phi",
    "χ": r"\chi",
    "ψ": r"\psi",
    "ω": r"\omega",
}
_FENCES = {
    "()": (r"\left(", r"\right)"),
    "[]": (r"\left[", r"\right]"),
    "‖‖": (r"\left\lVert ", r" \right\rVert"),
}


def latex(box: Box) -> str:
    """The formula as LaTeX for math mode."""
    match box:
        case Row(parts):
            return _beside([latex(part) for part in parts])
        case Sign(name):
            return _SIGNS.get(name) or (name if name in _TIGHT else f" {name} ")
        case Glyph():
            return _glyph(box)
        case Scripts(Sign("partial"), high=high) if high:
            return rf"\partial^{{{high}}} "
        case Scripts(body, high=high):
            below = low(box)
            raised = high.replace("T", r"\top").replace("⊙", r"\odot ")
            lower = "" if below is None else f"_{{{latex(below)}}}"
            return latex(body) + lower + (f"^{{{raised}}}" if raised else "")
        case Over(upper, lower):
            return rf"\frac{{{latex(upper)}}}{{{latex(lower)}}}"
        case Bracketed(body, kind):
            left, right = _FENCES[kind]
            return left + latex(body) + right
        case Root(body):
            return rf"\sqrt{{{latex(body)}}}"
        case Summed(letters, body):
            return rf"\sum_{{{latex(indices(letters))}}} {latex(body)}"
        case Stacked(parts, below):
            cells = (r" \\ " if below else " & ").join(map(latex, parts))
            return rf"\begin{{bmatrix}} {cells} \end{{bmatrix}}"
        case Applied(function, lower, args):
            inner = ", ".join(map(latex, args))
            how = written(function).latex
            if r"\cdot" in how:
                return how.replace(r"\cdot", f" {inner} ")
            subscript = f"_{{{latex(lowered(lower))}}}" if lower else ""
            return rf"{how}{subscript}\left({inner}\right)"
    raise TypeError(f"no LaTeX for {box!r}")


def _glyph(glyph: Glyph) -> str:
    text = markup.latex(glyph.text).replace("∞", r"\infty")
    if glyph.kind == "letter":
        text = _LETTERS.get(glyph.text, text)
    elif glyph.kind in ("word", "text"):
        text = rf"\mathrm{{{text}}}"
    if glyph.dots:
        text = rf"\{'d' * glyph.dots}ot{{{text}}}"
    before = rf"\mathrm{{{markup.latex(glyph.path)}}}" if glyph.path else ""
    return before + (r"\mathrm{d}" if glyph.gradient else "") + text


def _beside(parts: list[str]) -> str:
    joined = ""
    for part in parts:
        # \mu and j are not \muj
        joined += " " + part if part[:1].isalpha() and _COMMAND.search(joined) else part
    return joined
