"""Drawings of computation graphs, forward and backward."""

from minigrad.drawing.cards import Formulas, picture_of
from minigrad.drawing.drawing import Drawing
from minigrad.drawing.fold import fold
from minigrad.drawing.formulas import GraphFormulas
from minigrad.drawing.model import Card, Edge, Picture, Region, Run, Style, Text
from minigrad.drawing.names import differential, symbol
from minigrad.drawing.naming import card_names
from minigrad.errors import RenderError

__all__ = [
    "Card",
    "Drawing",
    "Edge",
    "Formulas",
    "GraphFormulas",
    "Picture",
    "Region",
    "RenderError",
    "Run",
    "Style",
    "Text",
    "card_names",
    "differential",
    "fold",
    "picture_of",
    "symbol",
]
