"""The visual language: colours, sizes and fonts, each said once."""

from __future__ import annotations

from typing import NamedTuple

from minigrad.display.hues import BLUE, GREEN, GREY, ORANGE
from minigrad.drawing.model import Kind


class Ink(NamedTuple):
    """The fill and the border of a card."""

    fill: str
    border: str


INKS: dict[Kind, Ink] = {
    "input": Ink("#F1F5F9", GREY),
    "parameter": Ink("#FFF8DC", "#B8901A"),
    "computed": Ink("#FFFFFF", BLUE),
    "prediction": Ink("#E9F7EF", GREEN),
    "loss": Ink("#F4EDFC", "#7B4FB5"),
    "folded": Ink("#F5F8FC", BLUE),
}
TEXT = "#16324F"
DETAIL = GREY
FORWARD = BLUE
BACKWARD = ORANGE
BAND = "#FFF3EA"
GRADIENT = "#A63C06"
PAPER = "#FEFEFE"
TINT = "0D"
FRAME = "55"

# Each colour where the reader's screen is dark; a drawing knows which by itself.
DARK = {
    PAPER: "#0D1117",
    TEXT: "#E2EAF4",
    DETAIL: "#93A4B8",
    FORWARD: "#6BA1DE",
    BACKWARD: "#F0824A",
    BAND: "#35200F",
    GRADIENT: "#FFA970",
    "#F1F5F9": "#1C2532",
    "#FFF8DC": "#2C2510",
    "#B8901A": "#D4AC3A",
    "#FFFFFF": "#161D28",
    "#E9F7EF": "#10281B",
    GREEN: "#4DB581",
    "#F4EDFC": "#241A35",
    "#7B4FB5": "#AB8BDD",
    "#F5F8FC": "#1A2432",
}

# Of figures: lines behind curves, the curves, an empty cell, and the hues of what is above zero, below, and ink.
GRID = "#E6EBF1"
RED = "#C0304F"
CURVES = (
    *(FORWARD, BACKWARD),
    *(INKS[kind].border for kind in ("prediction", "loss", "parameter", "input")),
    RED,
)
ABSENT = "#E8EBF0"
ABOVE, BELOW, INK = "#0B4A9E", "#BA4A0C", "#181A22"
DARK_FIGURE = {
    **DARK,
    GRID: "#26364A",
    RED: "#EE7C94",
    ABSENT: "#223044",
    ABOVE: "#4585D2",
    BELOW: "#C4642A",
    INK: "#DDE5EE",
}

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
DETAIL_WIDTH = 150
TITLED_WIDTH = 240
MAX_LINES = 24
