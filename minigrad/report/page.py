"""The report: one HTML file about one loss, with nothing outside itself.

Formulas are MathML and pictures are SVG, so that a browser shows all of it without a script; the
script moves the graph and walks the passes. Styles and script are files beside this one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files

from minigrad.api import Derivation, Formula
from minigrad.checking import Report
from minigrad.drawing import Drawing
from minigrad.errors import RenderError
from minigrad.markup import xml
from minigrad.notation.steps import Step, start
from minigrad.report.bundle import bundle, digest, inline
from minigrad.report.figure import Figure, Row

STYLES = ("theme.css", "page.css", "graph.css", "steps.css")
SCRIPT = "page.js"


@dataclass(frozen=True)
class Section:
    """A part of the page: a heading and what stands below it; ``wide`` over both columns."""

    heading: str
    parts: tuple[Part, ...]
    wide: bool = False

    @property
    def html(self) -> str:
        """The section as HTML."""
        inside = "\n".join(_shown(part) for part in self.parts)
        wide = " wide" if self.wide else ""
        head = f'<div class="bar"><h2>{xml(self.heading)}</h2></div>'
        return f'<section class="panel{wide}">{head}\n<div class="inside">{inside}</div></section>\n'


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
        The graph of the same loss; a step lights its card. Where it cannot be laid out, the page
        holds its DOT source instead.
    sections
        What follows: figures, formulas, reports of checks, paragraphs.

    Returns
    -------
    HTML that is also well-formed XML, loads nothing, and reads without a script.
    """
    styles, script = "\n".join(map(_read, STYLES)), inline(bundle(SCRIPT, _read))
    parts = [
        "<!DOCTYPE html>",
        '<html lang="en" xmlns="http://www.w3.org/1999/xhtml">',
        "<head>",
        '<meta charset="utf-8"/>',
        '<meta name="viewport" content="width=device-width, initial-scale=1"/>',
        # The browser itself holds the page to its word: it loads nothing and runs one script.
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        f"style-src 'unsafe-inline'; script-src {digest(script)}; img-src data:\"/>",
        f"<title>{xml(title)}</title>",
        f"<style>{inline(styles)}</style>",
        "</head>",
        "<body>",
        f"<header><h1>{xml(title)}</h1>{_paragraph(subtitle) if subtitle else ''}</header>",
        "<main>",
        f'<div class="stage">{_graph(drawing)}\n{_walk(derivation, drawing)}</div>',
        f'<div class="sections">{"".join(section.html for section in sections)}</div>',
        "</main>",
        f'<script type="module">{script}</script>',
        "</body>",
        "</html>",
    ]
    return "\n".join(parts) + "\n"


def _read(name: str) -> str:
    return (files("minigrad.report") / name).read_text(encoding="utf-8")


# -- graph and passes ------------------------------------------------------------------------------


def _graph(drawing: Drawing | None) -> str:
    if drawing is None:
        return ""
    try:
        shown = f'<div class="view">{drawing.svg}</div>'
    except RenderError as error:
        shown = f"{_paragraph(str(error))}<pre>{xml(drawing.source)}</pre>"
    return f'<section class="panel graph"><div class="bar"><h2>Graph</h2></div>\n{shown}</section>'


def _walk(derivation: Derivation, drawing: Drawing | None) -> str:
    cards = {} if drawing is None else drawing.ids
    forward = [_step(s, s.line.name, cards) for s in derivation.steps if s.forward]
    backward = [_step(s, s.line.of or "", cards) for s in _from_the_loss(derivation)]
    return f"""<section class="panel walk"><div class="bar"><h2>Step by step</h2></div>
<div class="passes">{_pass("Forward pass", "forward", forward)}{_pass("Backward pass", "backward", backward)}
</div></section>"""


def _from_the_loss(derivation: Derivation) -> list[Step]:
    """The backward pass, which starts at a number with its gradient by itself."""
    steps = [step for step in derivation.steps if not step.forward]
    if derivation.order > 1 or derivation.reading.lowered.cotangents or not steps:
        return steps
    return [start(steps[0].line.loss), *steps]


def _pass(heading: str, name: str, items: Sequence[str]) -> str:
    if not items:
        return ""
    lines = "\n".join(items)
    return f'\n<h3>{heading}</h3>\n<ol class="steps {name}" data-pass="{name}">\n{lines}\n</ol>'


def _step(step: Step, tensor: str, cards: Mapping[str, str]) -> str:
    """A line above its rule; the script says ``data-text`` to who does not see it."""
    line = replace(step.line, remark="")  # the rule says it
    card = f' data-card="{xml(cards[tensor])}"' if tensor in cards else ""
    return (
        f'<li{card} data-text="{xml(line.text(partial=True))}">'
        f'<div class="formula">{line.mathml()}</div>'
        f'<div class="rule">{xml(step.rule)}</div></li>'
    )


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
            return part._repr_html_()


def _paragraph(text: str) -> str:
    return f"<p>{xml(text)}</p>"


def _formula(formula: Formula) -> str:
    """A formula in matrix notation, with its indices, and by cases where there are any."""
    lines = [formula.index_line, *formula.case_lines]
    written = dict.fromkeys([formula.mathml, *(line.mathml() for line in lines)])
    rows = "".join(f'<li class="formula">{mathml}</li>' for mathml in written)
    return f'<ul class="formulas">{rows}</ul>'

