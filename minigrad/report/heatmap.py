"""A matrix as a grid of shaded cells."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from minigrad.drawing import style as look
from minigrad.errors import ArgumentError
from minigrad.graph import Tensor
from minigrad.markup import xml
from minigrad.report.figure import PAD, Figure, Row, beside, document, measured, number, text

Palette = Literal["blue", "grey", "signed"]

# The hue of the greatest value and of the least; what lies between lets the paper shine through,
# whatever colour the paper is. "signed" has zero in its middle.
_PALETTES: dict[str, tuple[str, str]] = {
    "blue": (look.ABOVE, look.ABOVE),
    "grey": (look.INK, look.INK),
    "signed": (look.ABOVE, look.BELOW),
}
_FAINTEST = 0.03
_LABEL, _TITLE, _AXIS = 11.0, 12.0, 11.0
_NUMBERED, _PLAIN = 38.0, 16.0
_DARK = 0.6


def heatmap(
    values: ArrayLike | Tensor,
    rows: Sequence[object] | None = None,
    columns: Sequence[object] | None = None,
    *,
    title: str = "",
    axes: tuple[str, str] = ("", ""),
    digits: int | None = None,
    low: float | None = None,
    high: float | None = None,
    palette: Palette | None = None,
    cell: float | None = None,
    caption: str = "",
) -> Figure:
    """A matrix of shape (n, m) as n rows of m shaded cells.

    Parameters
    ----------
    values
        The matrix. NaN is drawn as an empty cell, −∞ (a masked score) as one that says so.
    rows, columns
        What stands at each row and each column, for example words.
    title, caption
        What stands above and below.
    axes
        What the rows and the columns are.
    digits
        Decimals of the number in each cell; None for none. Every cell has a tooltip with its value.
    low, high
        The values with the lightest and the darkest shade; by default the least (at most 0) and
        the greatest of the matrix. With the palette "signed" the middle is always zero.
    palette
        "blue", "grey" (for images), or "signed"; by default "signed" where a value is negative.
    cell
        The side of a cell in pixels.

    Raises
    ------
    ArgumentError
        When the array is no matrix, or labels and rows or columns differ in number.
    """
    matrix = _matrix(values)
    side = cell or (_NUMBERED if digits is not None else _PLAIN)
    grid = _Grid(
        matrix,
        _labels("rows", rows, matrix.shape[0]),
        _labels("columns", columns, matrix.shape[1]),
        side,
        _Shades.over(matrix, low, high, palette),
        digits,
        axes,
        title,
    )
    return Figure(grid.svg(), caption)


def heads(
    values: ArrayLike | Tensor,
    tokens: Sequence[object] | None = None,
    *,
    title: str = "",
    axes: tuple[str, str] = ("query", "key"),
    digits: int | None = None,
    cell: float | None = None,
) -> Row:
    """Attention weights of shape (h, n, n) or (n, n) as one heat-map for each head.

    Parameters
    ----------
    values
        The weights A[head, query, key].
    tokens
        What the n tokens are: words, or patches of an image by number. By default their places.
    title
        What stands above the first head; of several heads each has its number.
    axes, digits, cell
        As for :func:`heatmap`.

    Raises
    ------
    ArgumentError
        When the array has other axes, or tokens and rows differ in number.
    """
    array = values.detach().numpy() if isinstance(values, Tensor) else np.asarray(values, dtype=float)
    if array.ndim not in (2, 3):
        raise ArgumentError(
            f"heads: needs weights of shape (heads, n, n), not {array.shape}; take one example, values[0]"
        )
    each = array[None] if array.ndim == 2 else array
    numbered = [f"head {k + 1}" if len(each) > 1 else "" for k in range(len(each))]
    named = [range(n) if tokens is None else tokens for n in each.shape[1:]]
    high = float(each.max(initial=0.0))
    return beside(*(
        heatmap(A, *named, title=", ".join(filter(None, (title, number))), axes=axes, digits=digits,
                cell=cell, low=0.0, high=high)
        for A, number in zip(each, numbered, strict=True)
    ))  # fmt: skip


def _matrix(values: ArrayLike | Tensor) -> NDArray[np.float64]:
    if isinstance(values, Tensor):
        values = values.detach().numpy()
    matrix = np.asarray(values, dtype=float)
    if matrix.ndim != 2 or not matrix.size:
        raise ArgumentError(
            f"heatmap: needs a matrix, not shape {matrix.shape}; take one head or one example, "
            "values[0]"
        )
    return matrix


def _labels(which: str, labels: Sequence[object] | None, count: int) -> list[str]:
    shown = [""] * count if labels is None else [str(label) for label in labels]
    if len(shown) != count:
        raise ArgumentError(f"heatmap: {len(shown)} labels for {count} {which}")
    return shown


@dataclass(frozen=True)
class _Shades:
    """Which colour a value has."""

    low: float
    high: float
    hues: tuple[str, str]

    @classmethod
    def over(
        cls,
        matrix: NDArray[np.float64],
        low: float | None,
        high: float | None,
        palette: Palette | None,
    ) -> _Shades:
        finite = matrix[np.isfinite(matrix)]
        least = float(finite.min(initial=0.0)) if low is None else low
        most = (
            float(finite.max(initial=-math.inf if finite.size else 0.0)) if high is None else high
        )
        name = palette or ("signed" if least < 0 else "blue")
        if name not in _PALETTES:
            raise ArgumentError(f"heatmap: no palette {name!r}; there are {', '.join(_PALETTES)}")
        if name == "signed":
            most = max(abs(least), abs(most))
            least = -most
        return cls(least, most, _PALETTES[name])

    def shade(self, value: float) -> tuple[str, float]:
        """The hue of a finite value and how much of it there is."""
        most, least = self.hues
        span = self.high - self.low
        share = min(max((value - self.low) / span, 0.0), 1.0) if span > 0 else 0.0
        if most == least:
            return most, max(share, _FAINTEST)
        return (most if share >= 0.5 else least), max(abs(2 * share - 1), _FAINTEST)


@dataclass(frozen=True)
class _Grid:
    matrix: NDArray[np.float64]
    rows: list[str]
    columns: list[str]
    side: float
    shades: _Shades
    digits: int | None
    axes: tuple[str, str]
    title: str

    def svg(self) -> str:
        height, width = (size * self.side for size in self.matrix.shape)
        beside = max(measured(label, _LABEL) for label in self.rows)
        turned = any(measured(label, _LABEL) > self.side - 2 for label in self.columns)
        longest = max(measured(label, _LABEL) for label in self.columns)
        above = (longest * 0.71 + _LABEL if turned else _LABEL + 4) if longest else 0.0
        spill = longest * 0.71 if turned else 0.0
        left = PAD + (beside + 6 if beside else 0) + (_AXIS + 6 if self.axes[0] else 0)
        head = (_TITLE + 8 if self.title else 0) + (_AXIS + 6 if self.axes[1] else 0)
        top = PAD + head + above
        right = max(left + width + spill, measured(self.title, _TITLE, True)) + PAD
        body = [
            *self._head(left, width),
            *self._columns(left, top, turned),
            *self._rows(left, top),
            *self._cells(left, top),
        ]
        if self.axes[0]:
            middle = top + height / 2
            body.append(
                text(PAD + _AXIS, middle, self.axes[0], _AXIS, anchor="middle", fill=look.DETAIL,
                     turned=-90)
            )  # fmt: skip
        return document(right, top + height + PAD, self.title.strip() or "heat-map", body)

    def _head(self, left: float, width: float) -> Iterator[str]:
        y = PAD
        if self.title:
            y += _TITLE + 2
            yield text(PAD, y, self.title, _TITLE, bold=True)
            y += 6
        if self.axes[1]:
            yield text(left + width / 2, y + _AXIS, self.axes[1], _AXIS, anchor="middle",
                       fill=look.DETAIL)  # fmt: skip

    def _columns(self, left: float, top: float, turned: bool) -> Iterator[str]:
        for j, label in enumerate(self.columns):
            x = left + (j + 0.5) * self.side
            if not label:
                continue
            if turned:
                yield text(x + _LABEL / 3, top - 5, label, _LABEL, turned=-45)
            else:
                yield text(x, top - 5, label, _LABEL, anchor="middle")

    def _rows(self, left: float, top: float) -> Iterator[str]:
        for i, label in enumerate(self.rows):
            if label:
                y = top + (i + 0.5) * self.side + _LABEL * 0.36
                yield text(left - 6, y, label, _LABEL, anchor="end")

    def _cells(self, left: float, top: float) -> Iterator[str]:
        for (i, j), value in np.ndenumerate(self.matrix):
            x, y = left + j * self.side, top + i * self.side
            fill, share = self.shades.shade(value) if math.isfinite(value) else (look.ABSENT, 1.0)
            shown = self._shown(value)
            yield (
                f'<rect x="{number(x)}" y="{number(y)}" width="{number(self.side - 1)}" '
                f'height="{number(self.side - 1)}" fill="{fill}" fill-opacity="{number(share)}">'
                f"<title>{self._tooltip(i, j, value)}</title></rect>"
            )
            if shown:
                size = min(_LABEL, 1.5 * self.side / max(len(shown), 1))
                ink = "white" if fill != look.ABSENT and share > _DARK else look.TEXT
                yield text(x + (self.side - 1) / 2, y + self.side / 2 + size * 0.35, shown, size,
                           anchor="middle", fill=ink)  # fmt: skip

    def _shown(self, value: float) -> str:
        if self.digits is None or math.isnan(value):
            return ""
        if math.isinf(value):
            return "∞" if value > 0 else "−∞"
        return _written(value, self.digits)

    def _tooltip(self, i: int, j: int, value: float) -> str:
        place = " → ".join(
            label or str(position) for label, position in ((self.rows[i], i), (self.columns[j], j))
        )
        return xml(f"{place}: {value:.4g}")


def _written(value: float, digits: int) -> str:
    rounded = round(value, digits) + 0.0  # −0 is 0
    return f"{rounded:.{digits}f}".replace("-", "−")

