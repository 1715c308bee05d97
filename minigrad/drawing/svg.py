"""SVG from a layout: what Graphviz placed, written for browsers.

Graphviz's own SVG leaves the width of text to whatever font a browser finds, shifts subscripts in
a way that not every browser knows, and puts names of nodes where people expect help. Here every
run of text has the width it was measured at, so it never leaves its card.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from minigrad.drawing import style as look
from minigrad.drawing.metrics import advance
from minigrad.drawing.model import Style
from minigrad.drawing.shortcuts import keep_inside
from minigrad.markup import xml

_PAD = 18.0
_BOLD, _ITALIC, _SUPERSCRIPT, _SUBSCRIPT = 1, 2, 8, 16
_SUB_SHIFT = 0.22
_SUP_SHIFT = 0.38
_WIDE_SPACE = "\N{NO-BREAK SPACE} "

_Point = tuple[float, float]


def dark_style(colours: Mapping[str, str]) -> str:
    """What replaces colours where the page is dark; they stand at each shape for who reads no style sheets.

    Dark is what the page around says that it is, ``color-scheme``; a picture by itself is as the system is.
    """
    rules = "".join(
        f'.minigrad [{what}="{light}"]{{{what}:light-dark({light},{dark})}}'
        for light, dark in colours.items()
        for what in ("fill", "stroke")
    )
    return f"<style>svg.minigrad:root{{color-scheme:light dark}}@media screen{{{rules}}}</style>"


_DARK = dark_style({light.lower(): dark.lower() for light, dark in look.DARK.items()})


def to_svg(layout: bytes, *, title: str = "") -> str:
    """Write a layout, as Graphviz's format "json" gives it, as an SVG document.

    Every card is a group with the id ``node_…``, every edge one with ``edge_…``, every region one
    with ``scope_…``; classes name the kind and the step of the backward pass.
    """
    graph = json.loads(layout)
    keep_inside(graph)
    left, bottom, right, top = (float(number) for number in graph["bb"].split(","))
    width, height = right - left + 2 * _PAD, top - bottom + 2 * _PAD
    box = f"{_number(left - _PAD)} {_number(-_PAD)} {_number(width)} {_number(height)}"
    pen = _Pen(top)
    objects = graph.get("objects", [])
    regions = [item for item in objects if "nodes" in item or "subgraphs" in item]
    cards = [item for item in objects if item not in regions]
    body = [
        *_group(graph, "", pen),
        *(line for item in regions for line in _group(item, "region", pen)),
        *(line for item in graph.get("edges", []) for line in _group(item, "edge", pen)),
        *(line for item in cards for line in _group(item, "card", pen)),
    ]
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_number(width)}pt" '
        f'height="{_number(height)}pt" viewBox="{box}" class="minigrad" role="img" '
        f'aria-label="{xml(title or "computation graph")}" '
        f'style="max-width:100%;height:auto" font-family="{xml(look.FONTS)}">',
        _DARK,
        *body,
        "</svg>",
        "",
    ])  # fmt: skip


def _group(item: dict[str, Any], role: str, pen: _Pen) -> Iterator[str]:
    keys = ("_draw_", "_hdraw_", "_tdraw_", "_ldraw_")
    shapes = [shape for key in keys for shape in pen.draw(item.get(key, ()))]
    if not shapes:
        return
    names = {"id": item.get("id", ""), "class": f"{role} {item.get('class', '')}".strip()}
    attributes = "".join(f' {key}="{xml(name)}"' for key, name in names.items() if name)
    yield f"<g{attributes}>"
    if tooltip := item.get("tooltip", ""):
        yield f"<title>{xml(_unescaped(tooltip))}</title>"
    yield from shapes
    yield "</g>"


def _unescaped(tooltip: str) -> str:
    """The text that an escString stands for."""
    pairs = {"\\\\": "\\", "\\n": "\n"}
    out, rest = [], tooltip
    while rest:
        head = rest[:2]
        out.append(pairs.get(head, rest[0]))
        rest = rest[2:] if head in pairs else rest[1:]
    return "".join(out)


@dataclass
class _Pen:
    """The state of Graphviz's drawing operations, and how each is written in SVG."""

    top: float
    stroke: str = "#000000"
    fill: str = "none"
    line: str = ""
    size: float = 0.0
    flags: int = 0

    def draw(self, operations: Iterable[dict[str, Any]]) -> Iterator[str]:
        self.line, self.flags = "", 0
        for operation in operations:
            match operation["op"]:
                case "c":
                    self.stroke = operation["color"]
                case "C":
                    self.fill = operation["color"]
                case "S":
                    self.line = _line_style(operation["style"])
                case "F":
                    self.size = operation["size"]
                case "t":
                    self.flags = operation["fontchar"]
                case "T":
                    yield from self._text(operation)
                case "p" | "P" | "L" | "b" | "B" as kind:
                    yield self._path(kind, operation["points"])

    def _path(self, kind: str, points: list[_Point]) -> str:
        # In Graphviz's JSON a capital letter means a filled shape, but for L, an open line.
        filled = kind in "PB"
        corners = [f"{_number(x)},{_number(self.top - y)}" for x, y in points]
        curve = "C" if kind in "bB" else "L"
        close = "Z" if kind in "pP" else ""
        data = f"M{corners[0]}{curve}{' '.join(corners[1:])}{close}"
        fill = _paint("fill", self.fill if filled else "none")
        return f'<path{fill}{_paint("stroke", self.stroke)}{self.line} d="{data}"/>'

    def _text(self, operation: dict[str, Any]) -> Iterator[str]:
        string, (x, y), width = operation["text"], operation["pt"], operation["width"]
        inner = string.strip(" ")
        if not inner:
            return
        # Pages differ in whether they keep the spaces around a run; without them none can err.
        space = self.size * advance(" ", Style.PLAIN)
        x += space * (len(string) - len(string.lstrip(" ")))
        width -= space * (len(string) - len(inner))
        size, down = self.size, self.top - y
        if self.flags & _SUBSCRIPT:
            size, down = size * look.SCRIPT, down + _SUB_SHIFT * size
        if self.flags & _SUPERSCRIPT:
            size, down = size * look.SCRIPT, down - _SUP_SHIFT * size
        shown = xml(inner.replace("  ", _WIDE_SPACE))
        bold = ' font-weight="bold"' if self.flags & _BOLD else ""
        italic = ' font-style="italic"' if self.flags & _ITALIC else ""
        yield (
            f'<text x="{_number(x)}" y="{_number(down)}" font-size="{_number(size)}"{bold}{italic}'
            f'{_paint("fill", self.stroke)} textLength="{_number(width)}" '
            f'lengthAdjust="spacingAndGlyphs">{shown}</text>'
        )


def _line_style(style: str) -> str:
    if style.startswith("setlinewidth("):
        return f' stroke-width="{style[len("setlinewidth(") : -1]}"'
    return ' stroke-dasharray="5,2"' if style == "dashed" else ""


def _paint(attribute: str, colour: str) -> str:
    if len(colour) == 9 and colour.startswith("#"):
        opacity = int(colour[7:], 16) / 255
        if not opacity:
            return f' {attribute}="none"'
        return f' {attribute}="{colour[:7]}" {attribute}-opacity="{_number(opacity)}"'
    return f' {attribute}="{colour}"'


def _number(value: float) -> str:
    return f"{round(value, 3):g}"


def positions(layout: bytes) -> dict[str, tuple[float, float]]:
    """Where each card's centre lies, in points from the top left; keys are the SVG ids."""
    graph = json.loads(layout)
    top = float(graph["bb"].split(",")[3])
    places = {}
    for item in graph.get("objects", []):
        if "pos" in item:
            x, y = (float(number) for number in item["pos"].split(","))
            places[item["id"]] = (x, top - y)
    return places
