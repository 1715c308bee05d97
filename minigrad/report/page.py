"""The report: one HTML file about one loss, with nothing outside itself.

Formulas are MathML and pictures are SVG, so that a browser shows all of it without a script; the
script only walks the backward pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files

from minigrad.api import Derivation, Formula
from minigrad.checking import Report
from minigrad.checking.report import SIGNS
from minigrad.drawing import Drawing
from minigrad.errors import RenderError
from minigrad.markup import xml
from minigrad.report.figure import Figure, Row


@dataclass(frozen=True)
class Section:
    """A part of the page: a heading and what stands below it."""

    heading: str
    parts: tuple[Part, ...]

    @property
    def html(self) -> str:
        """The section as HTML."""
        inside = "\n".join(_shown(part) for part in self.parts)
        return f"<section><h2>{xml(self.heading)}</h2>\n{inside}\n</section>"


# Text is a paragraph; a dictionary holds formulas as text by name.
Part = str | Figure | Row | Formula | Derivation | Report


def page(
    title: str,
    subtitle: str = "",
    *,
    derivation: Derivation,
    drawing: Drawing | None = None,
    sections: Sequence[Section] = (),
) -> str:
    """The page as the text of one HTML file.

    Parameters
    ----------
    title, subtitle
        What stands at the top.
    derivation
        Its forward pass and its backward pass are listed line by line, each with its rule.
    drawing
        The graph of the same loss; a step of the backward pass lights its card. Where it cannot be
        laid out, the page holds its DOT source instead.
    sections
        What follows: figures, formulas, reports of checks, paragraphs.

    Returns
    -------
    HTML that is also well-formed XML, loads nothing, and reads without a script.
    """
    folder = files("minigrad.report")
    style = (folder / "page.css").read_text(encoding="utf-8")
    script = (folder / "page.js").read_text(encoding="utf-8")
    parts = [
        "<!DOCTYPE html>",
        '<html lang="en" xmlns="http://www.w3.org/1999/xhtml">',
        "<head>",
        '<meta charset="utf-8"/>',
        '<meta name="viewport" content="width=device-width, initial-scale=1"/>',
        # The browser itself holds the page to its word.
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:\"/>",
        f"<title>{xml(title)}</title>",
        f"<style>\n{style}</style>",
        "</head>",
        "<body>",
        f"<header><h1>{xml(title)}</h1>{_paragraph(subtitle) if subtitle else ''}</header>",
        "<main>",
        f'<div class="graph">{_graph(drawing)}</div>',
        '<div class="side">',
        _backward(derivation, drawing),
        _forward(derivation),
        *(section.html for section in sections),
        "</div>",
        "</main>",
        f"<script>\n{script}</script>",
        "</body>",
        "</html>",
    ]
    return "\n".join(parts) + "\n"


# -- graph and passes ------------------------------------------------------------------------------


def _graph(drawing: Drawing | None) -> str:
    if drawing is None:
        return ""
    try:
        return f'<div class="picture">{drawing.svg}</div>'
    except RenderError as error:
        return f"{_paragraph(str(error))}<pre>{xml(drawing.source)}</pre>"


def _forward(derivation: Derivation) -> str:
    forward, _, _ = derivation.lines
    items = "\n".join(f"<li>{line.mathml()}</li>" for line in forward)
    if not items:
        return ""
    return f'<section><h2>Forward pass</h2>\n<ul class="formulas">{items}</ul></section>'


def _backward(derivation: Derivation, drawing: Drawing | None) -> str:
    cards = {} if drawing is None else drawing.ids
    items = []
    for step in derivation.steps:
        of = step.line.of or ""
        card = f' data-card="{xml(cards[of])}"' if of in cards else ""
        items.append(
            f'<li{card}><span class="scroll">{step.line.mathml()}</span>'
            f'<span class="rule">{xml(step.rule)}</span></li>'
        )
    lines = "\n".join(items)
    return f"""<section><h2>Backward pass, step by step</h2>
<div class="controls" hidden="hidden"><button type="button">◀ Back</button>
<button type="button">Step ▶</button><button type="button">Show all</button>
<output aria-live="polite"></output></div>
<ol class="steps">
{lines}
</ol></section>"""


# -- parts of sections -----------------------------------------------------------------------------


def _shown(part: Part) -> str:
    match part:
        case str():
            return _paragraph(part)
        case Figure() | Row():
            return part.html
        case Formula():
            return _formula(part)
        case Derivation():
            return "\n".join(_formula(formula) for formula in part.values())
        case Report():
            return _proof(part)


def _paragraph(text: str) -> str:
    return f"<p>{xml(text)}</p>"


def _formula(formula: Formula) -> str:
    """A formula in matrix notation, with its indices, and by cases where there are any."""
    lines = [formula.index_line, *formula.case_lines]
    written = dict.fromkeys([formula.mathml, *(line.mathml() for line in lines)])
    rows = "".join(f"<li>{mathml}</li>" for mathml in written)
    return f'<ul class="formulas">{rows}</ul>'


def _proof(report: Report) -> str:
    rows = "\n".join(
        f"<tr><td>{xml(row.pair)}</td><td>{xml(row.quantity)}</td>"
        f"<td>{row.error:.0e}</td>"
        f'<td class="{row.verdict}">{SIGNS[row.verdict]} {row.verdict}</td></tr>'
        for row in report.rows
    )
    blamed = "".join(_list(f"suspect: {suspect}" for suspect in report.suspects))
    return f"""<div class="scroll"><table>
<tr><th>witnesses</th><th>of</th><th>largest error</th><th>verdict</th></tr>
{rows}
</table></div>{blamed}"""


def _list(lines: Iterable[str]) -> str:
    items = "".join(f"<li>{xml(line)}</li>" for line in lines)
    return f"<ul>{items}</ul>" if items else ""
