"""How the parts of names are set: Wq is W with subscript q, mu is μ, a word stays a word."""

from __future__ import annotations

import re
from dataclasses import replace
from keyword import iskeyword

from minigrad.index.undefined import read_name
from minigrad.names import dotted, in_formula, in_program, parted
from minigrad.notation.boxes import Box, Glyph, Places, Row, Scripts, Sign
from minigrad.notation.functions import written
from minigrad.notation.greek import GREEK

# A letter with digits or one letter (x12, bq), Greek with digits (mu1), or anything with one "_".
_SUBSCRIPTED = re.compile(
    rf"([^\W\d_])(\d+|[^\W\d_])|({'|'.join(GREEK)})(\d+)|([^\W_]+)_([^\W_]+)"
)
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[^\W\d]\w*|\d+|//|\S')
_OPERATORS = {"*": "product", "+": "plus", "-": "minus", "−": "minus", ",": "comma", "=": "=", "%": "mod"}


def symbol(name: str, gradient: bool = False) -> Box:
    """A variable: its path upright, its last part as a letter, a letter with a subscript, or a word."""
    if (quoted := in_formula(name)) != name:
        return Glyph(quoted, "word", gradient=gradient)
    path, last = parted(name)
    prefix, last, dots = dotted(last)
    gradient = gradient or bool(prefix)
    own: Box | None = None
    if last in GREEK or len(last) == 1:
        base = last
    elif found := _SUBSCRIPTED.fullmatch(last):
        base, low = (part for part in found.groups() if part is not None)
        own = glyph(low)
    else:
        base = last
    body = replace(glyph(base, f"{path}." if path else "", gradient), dots=dots)
    return body if own is None else Scripts(body, own)


def glyph(text: str, path: str = "", gradient: bool = False) -> Glyph:
    """Digits, a letter, Greek by its name in programs, or a word."""
    if text.isdecimal() and text.isascii():
        return Glyph(text, "number", path, gradient)
    letter = GREEK.get(text, text)
    return Glyph(letter, "letter" if len(letter) == 1 else "word", path, gradient)


def spelled(text: str) -> Box:
    """Arithmetic of dims or of indices as it stands: 2 n − 1, (i + 2) % n."""
    parts: list[Box] = []
    for token in _TOKEN.findall(text):
        before = parts[-1] if parts else Sign("(")
        if token == "-" and before in (Sign("("), Sign("comma"), Sign(":")):
            parts.append(Sign("negative"))
        elif token in _OPERATORS:
            parts.append(Sign(_OPERATORS[token]))
        elif token[0] == '"':
            parts.append(Glyph(token, "word"))
        elif token[0].isalnum():
            parts.append(glyph(token) if token.isdecimal() else symbol(token))
        else:
            parts.append(Sign(token))
    return parts[0] if len(parts) == 1 else Row(tuple(parts))


def in_programs(text: str) -> str:
    """The same in ASCII: a dim that is called as Python's words are stands in quotes."""
    return _TOKEN.sub(lambda found: in_program(found[0]) if iskeyword(found[0]) else found[0], text)


def indices(places: Places) -> Box:
    """Letters side by side where all of them are in front, else as NumPy reads them: :, i."""
    told = [place for place in places if place is not None]
    digits = len(told) > 1 and any(map(str.isdigit, told))  # C_{1,0}, for C_{10} would be the tenth
    if not any(places[len(told) :]) and all(len(place) == 1 for place in told) and not digits:
        return Row(tuple(map(glyph, told)))
    last = max(k for k, place in enumerate(places) if place is not None)
    parts: list[Box] = []
    for place in places[: last + 1]:
        parts += [Sign("comma"), Sign(":") if place is None else spelled(place)]
    return Row(tuple(parts[1:]))


def head(function: str, lower: str) -> Box | None:
    """A function's name, f′ and ∂₂f and words, with what stands low; None for parentheses alone."""
    name, derived = written(function).text, read_name(function)
    if derived is None:
        box: Box = glyph(name)
    elif function.startswith("∂"):
        marks = (Scripts(Sign("partial"), glyph(str(k)), high=str(n) if n > 1 else "") for k, n in derived[1])
        box = Row((*marks, glyph(derived[0])))
    else:
        ((_, order),) = derived[1]
        box = Scripts(glyph(derived[0]), high="′" * order if order < 4 else f"({order})")
    if lower:
        box = Scripts(box, lowered(lower))
    return box if name else None


def lowered(text: str) -> Box:
    """What stands low behind a function: _kl its letters, [1:] its places."""
    return spelled(text[1:-1]) if text[0] == "[" else indices(tuple(text[1:]))


def low(scripts: Scripts) -> Box | None:
    """What stands below: a symbol's own subscript, then indices."""
    if not any(scripts.places):
        return scripts.own
    placed = indices(scripts.places)
    return placed if scripts.own is None else Row((scripts.own, Sign("comma"), placed))
