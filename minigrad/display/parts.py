"""The parts of a display: facts, tables, what folds.

A notebook is light or dark and says so in ways of its own, so that nothing here has a ground or an
ink of its own: text has the notebook's colour, and tints are transparent. Styles stand on their
elements, since a notebook's page is not ours to style. All text comes in as text and is escaped here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from minigrad.display.hues import GREEN
from minigrad.markup import xml

# A page that knows its ground says its own inks; these are legible on white and on black.
_INKS = {
    "pass": f"var(--right,{GREEN})",
    "fail": "var(--wrong,#D64545)",
    "inconclusive": "var(--open,#A87F12)",
}
_LINE = "border-bottom:1px solid rgba(128,140,155,.3)"
_CELL = f"text-align:left;vertical-align:top;padding:.15em .9em .15em 0;{_LINE}"
_FAINT = "opacity:.7"
# Where mathematics has no font of its own, brackets do not grow; a page's style does not reach here.
_MATH = "font-family:'STIX Two Math','Latin Modern Math','Cambria Math','DejaVu Math TeX Gyre',math;font-size:1.12em"
# A notebook's script takes a name between two dollar signs for LaTeX, but where these classes are.
_CLASSES = "minigrad-display tex2jax_ignore mathjax_ignore"


def block(*parts: str) -> str:
    """Parts below each other; what is too wide scrolls."""
    # a fraction is taller than its line: where one direction scrolls, the other would get a bar for it
    style = "overflow-x:auto;overflow-y:hidden;max-width:100%;line-height:1.4"
    return f'<div class="{_CLASSES}" style="{style}">{"".join(parts)}</div>'


def formulas(rows: Iterable[tuple[str, str]]) -> str:
    """Lines of mathematics below each other, each in two parts of MathML, which meet at one edge."""
    cells = "".join(
        f'<div style="justify-self:end">{_math(left)}</div><div style="justify-self:start">{_math(right)}</div>'
        for left, right in rows
    )
    grid = "display:grid;grid-template-columns:max-content max-content;gap:.45em .25em;align-items:baseline"
    return f'<div style="{grid};justify-content:start;padding:.35em 0">{cells}</div>'


def _math(inside: str) -> str:
    opening = f'<math xmlns="http://www.w3.org/1998/Math/MathML" display="block" style="{_MATH}">'
    return f"{opening}{inside}</math>" if inside else ""


def facts(title: str, told: Iterable[str] = (), verdict: str = "") -> str:
    """A name in bold and what is to be said of it."""
    ink = f' style="color:{_INKS[verdict]}"' if verdict else ""
    said = " · ".join(xml(fact) for fact in told if fact)
    behind = f' <span style="{_FAINT}">{said}</span>' if said else ""
    head = f"<strong{ink}>{xml(title)}</strong>" if title else ""
    return f"<div>{head}{behind}</div>"


def paragraph(text: str) -> str:
    """Lines of text as they are."""
    return f'<div style="white-space:pre-wrap">{xml(text)}</div>'


def table(
    head: Sequence[str], rows: Iterable[Sequence[str]], verdicts: Mapping[int, str] | None = None
) -> str:
    """Rows of text below a head; the last cell of row k has the colour of its verdict."""
    body = []
    for k, row in enumerate(rows):
        ink = f";color:{_INKS[verdicts[k]]}" if verdicts and k in verdicts else ""
        *first, last = (xml(cell) for cell in row)
        cells = "".join(f'<td style="{_CELL}">{cell}</td>' for cell in first)
        body.append(f'<tr style="background:none">{cells}<td style="{_CELL}{ink}">{last}</td></tr>')
    named = "".join(
        f'<th scope="col" style="{_CELL};font-weight:normal"><span style="{_FAINT}">{xml(name)}</span></th>'
        for name in head
    )
    start = f"<thead><tr>{named}</tr></thead>" if head else ""
    return f'<table style="border-collapse:collapse;margin:.3em 0">{start}<tbody>{"".join(body)}</tbody></table>'


def folded(title: str, told: str, *inside: str, opened: bool = True) -> str:
    """Parts below a line that folds them away."""
    state = ' open="open"' if opened else ""
    head = f'<strong>{xml(title)}</strong> <span style="{_FAINT}">{xml(told)}</span>'
    if not any(inside):
        return f"<div>{head}</div>"
    body = f'<div style="padding-left:1.2em">{"".join(inside)}</div>'
    return f"<details{state}><summary>{head}</summary>{body}</details>"
