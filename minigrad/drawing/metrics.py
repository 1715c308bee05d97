"""How wide text is, read from the fonts that come with minigrad.

Graphviz measures text too, but with whatever fonts a machine has. Cards are sized here instead,
so that a picture has one arrangement on every machine, with its gradients or without them.
"""

from __future__ import annotations

import struct
import unicodedata
from functools import cache
from math import ceil
from pathlib import Path

from minigrad.drawing import style as look
from minigrad.drawing.model import Run, Style, Text

FONT_FOLDER = Path(__file__).parent / "fonts"

_FACES = {
    Style.PLAIN: "DejaVuSans.ttf",
    Style.BOLD: "DejaVuSans-Bold.ttf",
    Style.ITALIC: "DejaVuSans-Oblique.ttf",
    Style.BOLD | Style.ITALIC: "DejaVuSans-BoldOblique.ttf",
}
# Graphviz rounds glyphs to pixels of 0.75 points, which makes words up to 2 % wider.
_PIXEL = 0.75
_HINTING = 1.02
_FOREIGN = 1.1
_FOREIGN_NARROW = 0.8


def size_of(run: Run, size: float) -> float:
    """The size in points at which a run is drawn in a line of the given size."""
    if run.style & (Style.SUB | Style.SUP):
        return look.SCRIPT_SIZES[int(size)] * look.SCRIPT
    return look.DETAIL_SIZE if Style.SMALL in run.style else size


def width(text: Text, size: float) -> float:
    """An upper bound of the width in points of one line as Graphviz measures it."""
    return sum(
        _PIXEL * ceil(_HINTING * run_width(run, size) / _PIXEL) for run in text.runs if run.string
    )


def run_width(run: Run, size: float) -> float:
    """The width in points of one run in a line of the given size."""
    return size_of(run, size) * sum(advance(character, run.style) for character in run.string)


def advance(character: str, style: Style) -> float:
    """The width of a character as a part of the font size."""
    advances = _advances(_FACES[style & (Style.BOLD | Style.ITALIC)])
    known = advances.get(ord(character))
    if known is not None:
        return known
    if unicodedata.combining(character):
        return 0.0
    wide = unicodedata.east_asian_width(character) in "WF" or ord(character) > 0xFFFF
    return _FOREIGN if wide else _FOREIGN_NARROW


def covers(string: str) -> bool:
    """Whether the fonts have a glyph for every character."""
    advances = _advances(_FACES[Style.PLAIN])
    return all(ord(character) in advances for character in string if not character.isspace())


@cache
def _advances(file: str) -> dict[int, float]:
    """The advance width of every character of a font, in units of the font size.

    Reads the tables ``head``, ``hhea``, ``hmtx`` and ``cmap`` (format 12) of the OpenType
    specification.
    """
    font = (FONT_FOLDER / file).read_bytes()
    table = _tables(font)
    (units,) = struct.unpack_from(">H", font, table["head"] + 18)
    (count,) = struct.unpack_from(">H", font, table["hhea"] + 34)
    widths = struct.unpack_from(">" + "Hh" * count, font, table["hmtx"])[::2]
    return {
        code: widths[min(glyph, count - 1)] / units for code, glyph in _glyphs(font, table["cmap"])
    }


def _tables(font: bytes) -> dict[str, int]:
    (count,) = struct.unpack_from(">H", font, 4)
    records = (struct.unpack_from(">4sLLL", font, 12 + 16 * i) for i in range(count))
    return {tag.decode("ascii"): offset for tag, _, offset, _ in records}


def _glyphs(font: bytes, cmap: int) -> list[tuple[int, int]]:
    (count,) = struct.unpack_from(">H", font, cmap + 2)
    for record in range(count):
        start = cmap + struct.unpack_from(">HHL", font, cmap + 4 + 8 * record)[2]
        if struct.unpack_from(">H", font, start) == (12,):
            (groups,) = struct.unpack_from(">L", font, start + 12)
            spans = (struct.unpack_from(">LLL", font, start + 16 + 12 * i) for i in range(groups))
            return [
                (code, glyph + code - first)
                for first, last, glyph in spans
                for code in range(first, last + 1)
            ]
    return []
