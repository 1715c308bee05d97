"""A small picture in SVG, and the strokes it is made of."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from minigrad.drawing import style as look
from minigrad.drawing.metrics import advance
from minigrad.drawing.model import Style
from minigrad.drawing.svg import dark_style
from minigrad.files import write_whole
from minigrad.markup import xml

PAD = 4.0


@dataclass(frozen=True)
class Figure:
    """A picture that a notebook shows by itself.

    Parameters
    ----------
    svg
        The picture: one ``<svg>`` element that refers to nothing outside itself.
    caption
        A sentence that stands below it.
    """

    svg: str
    caption: str = ""

    @property
    def html(self) -> str:
        """The picture and its caption as a ``<figure>`` that scrolls where the page is narrow."""
        below = f"<figcaption>{xml(self.caption)}</figcaption>" if self.caption else ""
        return (
            '<figure class="minigrad-figure" style="margin:0 0 1em">'
            f'<div style="overflow-x:auto">{self.svg}</div>{below}</figure>'
        )

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the picture to an SVG file, which appears whole or not at all."""
        target = Path(path)
        write_whole(target, self.svg.encode("utf-8"))
        return target

    def _repr_html_(self) -> str:
        return self.html

    def __repr__(self) -> str:
        return f"<Figure{f' {self.caption!r}' if self.caption else ''}>"


@dataclass(frozen=True)
class Row:
    """Pictures side by side, which wrap where the page is narrow."""

    figures: tuple[Figure | Row, ...]

    @property
    def html(self) -> str:
        """The pictures in a box that wraps."""
        inside = "".join(figure.html for figure in self.figures)
        style = "display:flex;flex-wrap:wrap;gap:0 1em;align-items:flex-start"
        return f'<div class="minigrad-row" style="{style}">{inside}</div>'

    def _repr_html_(self) -> str:
        return self.html


def beside(*figures: Figure | Row) -> Row:
    """Pictures side by side; what is a row already stays together."""
    return Row(figures)


# -- strokes ---------------------------------------------------------------------------------------


def document(width: float, height: float, title: str, body: Iterable[str]) -> str:
    """An ``<svg>`` element on paper, light or dark as the screen is."""
    paper = f'<rect width="100%" height="100%" fill="{look.PAPER}"/>'
    inside = "\n".join([paper, *body])
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{number(width)}" '
        f'height="{number(height)}" viewBox="0 0 {number(width)} {number(height)}" class="minigrad" role="img" '
        f'aria-label="{xml(title or "figure")}" font-family="{xml(look.FONTS)}">',
        dark_style({light: dark for light, dark in look.DARK_FIGURE.items() if light in inside}),
        inside,
        "</svg>",
    ])  # fmt: skip


def text(
    x: float,
    y: float,
    string: str,
    size: float,
    *,
    anchor: str = "start",
    fill: str = look.TEXT,
    bold: bool = False,
    turned: float = 0.0,
) -> str:
    """A run of text; ``turned`` is an angle in degrees, counted clockwise."""
    weight = ' font-weight="bold"' if bold else ""
    turn = f' transform="rotate({number(turned)} {number(x)} {number(y)})"' if turned else ""
    place = f' text-anchor="{anchor}"' if anchor != "start" else ""
    return (
        f'<text x="{number(x)}" y="{number(y)}" font-size="{number(size)}"{place}{weight}'
        f' fill="{fill}"{turn}>{xml(string)}</text>'
    )


def measured(string: str, size: float, bold: bool = False) -> float:
    """The width of a run of text in pixels."""
    style = Style.BOLD if bold else Style.PLAIN
    return size * sum(advance(character, style) for character in string)


def number(value: float) -> str:
    """A coordinate, to a hundredth of a pixel."""
    return f"{round(float(value), 2):g}"
