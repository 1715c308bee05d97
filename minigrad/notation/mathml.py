"""Boxes as presentation MathML, which browsers show without any script."""

from __future__ import annotations

import re
from collections.abc import Iterable

from minigrad.markup import xml
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

# Invisible times, with the thin space that a matrix product has in print.
_INVISIBLE = '<mo lspace="0.1em" rspace="0.1em">&#x2062;</mo>'
_SIGNS = {
    "product": _INVISIBLE,
    "scale": _INVISIBLE,
    "gap": '<mspace width="2em"/>',
    "negative": '<mo form="prefix">−</mo>',
    "comma": "<mo>,</mo>",
    "//": '<mo lspace="0.2em" rspace="0.2em">//</mo>',
    "mod": '<mo lspace="0.3em" rspace="0.3em">mod</mo>',
} | {
    name: f"<mo>{sign}</mo>"
    for name, sign in {
        "hadamard": "⊙",
        "divided": "⊘",
        "times": "·",
        "plus": "+",
        "minus": "−",
        "partial": "∂",
        "equals": "=",
        "aligned": "=",
    }.items()
}
_TAGS = {"letter": "mi", "word": "mi", "number": "mn", "text": "mtext"}
_TALL = re.compile("<m(?:frac|sqrt|under|table)")
_HIGH = re.compile(r"[T⊙-]|′+|[^T⊙′-]+")
_RAISED = {"T": '<mo lspace="0" rspace="0">⊤</mo>', "⊙": "<mo>⊙</mo>", "-": '<mo form="prefix">−</mo>'}
_RAISED |= {primes: f"<mo>{primes}</mo>" for primes in ("′", "′′", "′′′")}


def mathml(box: Box) -> str:
    """The formula in its outermost element, displayed."""
    return f'<math xmlns="http://www.w3.org/1998/Math/MathML" display="block">{inner(box)}</math>'


def inner(box: Box) -> str:
    """The formula as one element."""
    match box:
        case Row(parts):
            return _row(map(inner, parts))
        case Sign(name):
            return _SIGNS.get(name) or f"<mo>{xml(name)}</mo>"
        case Glyph():
            marks, bare = _apart(box)
            return _named(_row([*marks, bare]), box)
        case Scripts(body, high=high):
            below = low(box)
            scripts = [] if below is None else [inner(below)]
            scripts += [_row(_RAISED.get(s) or f"<mn>{s}</mn>" for s in _HIGH.findall(high))] if high else []
            tag = "msubsup" if len(scripts) == 2 else "msup" if high else "msub"
            marks, bare = _apart(body)
            return _named(_row([*marks, f"<{tag}>{bare}{''.join(scripts)}</{tag}>"]), body)
        case Over(upper, lower):
            return _named(f"<mfrac>{inner(upper)}{inner(lower)}</mfrac>", box)
        case Bracketed(body, kind):
            return _fenced(inner(body), kind[0], kind[1])
        case Root(body):
            return f"<msqrt>{inner(body)}</msqrt>"
        case Summed(letters, body):
            below = indices(letters)
            return f"<mrow><munder><mo>∑</mo>{inner(below)}</munder>{inner(body)}</mrow>"
        case Stacked(parts, below):
            cells = [f"<mtd>{inner(part)}</mtd>" for part in parts]
            rows = cells if below else ["".join(cells)]
            return _fenced(f"<mtable>{''.join(f'<mtr>{row}</mtr>' for row in rows)}</mtable>", "[", "]")
        case Applied(function, lower, args):
            return _applied(function, lower, "<mo>,</mo>".join(map(inner, args)))
    raise TypeError(f"no MathML for {box!r}")


def _row(parts: Iterable[str]) -> str:
    listed = list(parts)
    return listed[0] if len(listed) == 1 else f"<mrow>{''.join(listed)}</mrow>"


def _named(element: str, box: Box) -> str:
    """The element with the name of the symbol that it is, where that is asked for."""
    name = box.symbol if isinstance(box, Glyph | Over) else ""
    if not name:
        return element
    tag = re.match(r"<\w+", element)
    assert tag is not None
    return f'{tag[0]} data-symbol="{xml(name)}"{element[tag.end() :]}'


def _fenced(body: str, left: str, right: str) -> str:
    # brackets that need not grow are set as the letters beside them are
    grows = "true" if _TALL.search(body) else "false"
    opening, closing = (
        f'<mo form="{form}" fence="true" stretchy="{grows}">{sign}</mo>'
        for form, sign in (("prefix", left), ("postfix", right))
    )
    return f"<mrow>{opening}{body}{closing}</mrow>"


def _apart(box: Box) -> tuple[list[str], str]:
    """What stands before a symbol, its path and a d, which its scripts do not stand on; and the symbol."""
    if not isinstance(box, Glyph):
        return [], inner(box)
    marks = [f"<mtext>{xml(box.path)}</mtext>"] if box.path else []
    marks += ['<mi mathvariant="normal">d</mi>'] if box.gradient else []
    if box.text == "𝟏":  # a number, which no browser slants
        return marks, "<mn>𝟏</mn>"
    tag = _TAGS[box.kind]
    upright = ' mathvariant="normal"' if box.kind == "word" else ""
    # a space at an end of an element is not shown
    text = box.text.replace(" ", "\N{NO-BREAK SPACE}") if box.kind == "text" else box.text
    shown = f"<{tag}{upright}>{xml(text)}</{tag}>"
    if box.dots:
        shown = f'<mover accent="true">{shown}<mo>{"˙¨⃛"[box.dots - 1]}</mo></mover>'
    return marks, shown


def _applied(function: str, lower: str, args: str) -> str:
    name = written(function).text
    if "·" in name:
        return _fenced(args, *name.split("·"))
    box = head(function, lower)
    before = "" if box is None else f"{inner(box)}<mo>&#x2061;</mo>"
    return f"<mrow>{before}{_fenced(args, '(', ')')}</mrow>"
