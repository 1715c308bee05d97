"""An array as a table of its numbers, each tinted by its size."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad.display.hues import BLUE, GREY, ORANGE, tint
from minigrad.display.parts import facts
from minigrad.markup import xml

# Of more rows and columns only the first and the last are shown, as many together.
ROWS, COLUMNS = 10, 12
_DEEPEST = 0.6
_CELL = "text-align:right;padding:.15em .45em;border:1px solid rgba(128,140,155,.2);white-space:nowrap"


def array_html(array: Any, *, gradient: bool = False, caption: str = "") -> str:
    """A number, or the rows and columns of an array: deeper is larger, grey is below zero.

    Of more than two axes the first matrix is shown, and which it is. A gradient is orange.
    """
    array = np.asarray(array)
    note = ""
    if array.size and array.ndim > 2:
        first = (0,) * (array.ndim - 2)
        of = " × ".join(str(n) for n in array.shape[:-2])
        note, array = f"[{', '.join('0' * len(first))}] of {of}", array[first]
    if not array.size:
        return facts("", [caption, "no elements"])
    matrix = array.reshape(1, -1) if array.ndim < 2 else array
    tints = _tints(matrix, ORANGE if gradient else BLUE)
    rows, columns = (_shown(n, most) for n, most in zip(matrix.shape, (ROWS, COLUMNS), strict=True))
    body = "".join(
        f'<tr style="background:none">{"".join(_cell(matrix, tints, i, j) for j in columns)}</tr>'
        for i in rows
    )
    told = " ".join(filter(None, (caption, note)))
    head = f'<caption style="text-align:left;opacity:.7;padding:0">{xml(told)}</caption>' if told else ""
    style = "border-collapse:collapse;margin:.3em .8em .3em 0;font-variant-numeric:tabular-nums"
    return f'<table style="{style};display:inline-table;vertical-align:top">{head}<tbody>{body}</tbody></table>'


def _shown(length: int, most: int) -> Sequence[int | None]:
    """The places shown of an axis; None stands for those between."""
    if length <= most:
        return range(length)
    before = (most + 1) // 2
    return [*range(before), None, *range(length - (most - before), length)]


def _tints(matrix: Any, hue: str) -> Any:
    """The ground of each cell; an empty text where a number has no size."""
    if matrix.dtype.kind not in "biuf":
        return np.full(matrix.shape, "", dtype=object)
    sizes = np.abs(np.where(np.isfinite(matrix), matrix, 0).astype(float))
    shares = _DEEPEST * sizes / (sizes.max() or 1.0)
    tinted = np.empty(matrix.shape, dtype=object)
    for place, share in np.ndenumerate(shares):
        below = matrix[place] < 0
        tinted[place] = f";background:{tint(GREY if below else hue, share)}" if share else ""
    return tinted


def _cell(matrix: Any, tints: Any, i: int | None, j: int | None) -> str:
    if i is None or j is None:
        return f'<td style="{_CELL};opacity:.6">…</td>'
    return f'<td style="{_CELL}{tints[i, j]}">{xml(_written(matrix[i, j]))}</td>'


def _written(value: Any) -> str:
    """A number in few digits, with its own minus sign."""
    if isinstance(value, np.bool_ | np.integer):
        text = str(value)
    elif isinstance(value, np.complexfloating):
        text = f"{complex(value):.3g}"
    elif isinstance(value, np.floating):
        number = float(value)
        if math.isinf(number):
            return "∞" if number > 0 else "−∞"
        text = f"{number + 0.0:.3g}"
    else:
        text = str(value)
    return text.replace("-", "−")
