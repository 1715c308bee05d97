"""The visual language: colours, sizes and fonts, each said once."""

from __future__ import annotations

from typing import NamedTuple

from minigrad.drawing.model import Kind


class Ink(NamedTuple):
    """The fill and the border of a card."""

    fill: str
    border: str


INKS: dict[Kind, Ink] = {
    "input": Ink("#F1F5F9", "#64748B"),
    "parameter": Ink("#FFF8DC", "#B8901A"),
    "computed": Ink("#FFFFFF", "#3B6EA8"),
    "prediction": Ink("#E9F7EF", "#2F8F5B"),
    "loss": Ink("#F4EDFC", "#7B4FB5"),
    "folded": Ink("#F5F8FC", "#3B6EA8"),
}
TEXT = "#16324F"
DETAIL = "#64748B"
FORWARD = "#3B6EA8"
BACKWARD = "#D1571B"
BAND = "#FFF3EA"
GRADIENT = "#A63C06"
PAPER = "white"
TINT = "0D"
FRAME = "55"

# Verdana has the same proportions and comes with Windows and macOS.
FONTS = "DejaVu Sans,Verdana,Helvetica,Arial,sans-serif"
TITLE_SIZE = 18
LEGEND_SIZE = 11
REGION_SIZE = 11
SYMBOL_SIZE = 15
FORMULA_SIZE = 12
DETAIL_SIZE = 9
# Pango draws a subscript at five sixths of the size it is given.
SCRIPT = 5 / 6
SCRIPT_SIZES = {SYMBOL_SIZE: 11, FORMULA_SIZE: 10, LEGEND_SIZE: 9, DETAIL_SIZE: 8}

# In points, like all lengths.
PADDING = 4
MARGIN = 10
HEADER_HEIGHT = 28
LINE_HEIGHT = 16
SLACK = 2
PICTURE_WIDTH = 900  # of its title
LINE_WIDTH = 330
SYMBOL_WIDTH = 190
DETAIL_WIDTH = 150
TITLED_WIDTH = 240
MAX_LINES = 3
