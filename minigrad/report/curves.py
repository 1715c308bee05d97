"""Curves over one axis: a loss over epochs, a variance over depth."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from minigrad.drawing import style as look
from minigrad.errors import ArgumentError
from minigrad.markup import xml
from minigrad.report.figure import PAD, Figure, document, measured, number, text
from minigrad.scripts import raised

_SIZE, _TITLE = 11.0, 12.0
_TICKS = 5


def curves(
    series: Mapping[str, ArrayLike],
    *,
    title: str = "",
    x: str = "",
    y: str = "",
    start: float = 0,
    logarithmic: bool = False,
    width: float = 460,
    height: float = 240,
    caption: str = "",
) -> Figure:
    """One line for each named sequence, over its position.

    Parameters
    ----------
    series
        Sequences of numbers by name. What is not finite leaves a gap.
    title, x, y, caption
        What stands above, along the two axes, and below.
    start
        The position of the first element.
    logarithmic
        Whether the vertical axis is logarithmic; numbers that are not positive leave a gap.
    width, height
        In pixels.

    Raises
    ------
    ArgumentError
        When there is no number to show, or a sequence has more than one axis.
    """
    lines = {name: _vector(name, values) for name, values in series.items()}
    if logarithmic:
        with np.errstate(divide="ignore", invalid="ignore"):
            lines = {name: np.log10(values) for name, values in lines.items()}
    shown = np.concatenate([v[np.isfinite(v)] for v in lines.values()]) if lines else np.zeros(0)
    if not shown.size:
        raise ArgumentError("curves: there is no finite number to show")
    longest = max(len(values) for values in lines.values())
    vertical = _Axis.powers(shown) if logarithmic else _Axis.around(shown)
    horizontal = _Axis.of(start, start + max(longest - 1, 1), whole=True)
    plot = _Plot(lines, horizontal, vertical, start, width, height, title, x, y)
    return Figure(plot.svg(), caption)


def _vector(name: str, values: ArrayLike) -> NDArray[np.float64]:
    vector = np.asarray(values, dtype=float)
    if vector.ndim != 1:
        raise ArgumentError(f"curves: {name!r} has shape {vector.shape}; a curve has one axis")
    return vector


@dataclass(frozen=True)
class _Axis:
    """From where to where an axis goes, and its ticks with their words."""

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]

    @classmethod
    def of(cls, low: float, high: float, whole: bool = False) -> _Axis:
        step = _step((high - low) / _TICKS, whole)
        first = math.ceil(low / step - 1e-9)
        places = [k * step for k in range(first, math.floor(high / step + 1e-9) + 1)]
        digits = max(0, -math.floor(math.log10(step) + 1e-9))
        return cls(low, high, tuple((v, _written(v, digits)) for v in places))

    @classmethod
    def around(cls, shown: NDArray[np.float64]) -> _Axis:
        """Over all numbers, and over zero where it is near."""
        low, high = float(shown.min()), float(shown.max())
        if 0 < low < 0.6 * high:
            low = 0.0
        if high == low:
            low, high = low - 0.5, high + 0.5
        step = _step((high - low) / _TICKS, False)
        return cls.of(math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step)

    @classmethod
    def powers(cls, shown: NDArray[np.float64]) -> _Axis:
        """Whole powers of ten, some round number of them apart."""
        low, high = math.floor(shown.min() + 1e-9), math.ceil(shown.max() - 1e-9)
        every = int(_step(max(high - low, 1) / _TICKS, True))
        low, high = low // every * every, -(-high // every) * every
        high = max(high, low + every)
        return cls(low, high, tuple((k, f"10{raised(str(k))}") for k in range(low, high + 1, every)))

    def share(self, value: float) -> float:
        return (value - self.low) / (self.high - self.low)


def _step(about: float, whole: bool) -> float:
    """A round number near this one: 1, 2 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(about))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= about * 0.999)
    return max(step, 1.0) if whole else step


def _written(value: float, digits: int) -> str:
    return f"{value + 0.0:.{digits}f}".replace("-", "−")


@dataclass(frozen=True)
class _Plot:
    lines: Mapping[str, NDArray[np.float64]]
    horizontal: _Axis
    vertical: _Axis
    start: float
    width: float
    height: float
    title: str
    x: str
    y: str

    def svg(self) -> str:
        left = PAD + max(measured(word, _SIZE) for _, word in self.vertical.ticks) + 8
        left += _SIZE + 6 if self.y else 0
        head = PAD + (_TITLE + 8 if self.title else 0)
        legend, legend_height = self._legend(left, head)
        box = (left, head + legend_height + 4, self.width - PAD - 10,
               self.height - PAD - _SIZE - 6 - (_SIZE + 6 if self.x else 0))  # fmt: skip
        body = [*legend, *self._frame(box), *self._paths(box)]
        if self.title:
            body.insert(0, text(PAD, PAD + _TITLE + 2, self.title, _TITLE, bold=True))
        return document(self.width, self.height, self.title.strip() or "curves", body)

    def _legend(self, left: float, top: float) -> tuple[list[str], float]:
        if len(self.lines) < 2:
            return [], 0.0
        parts: list[str] = []
        x, y = left, top + _SIZE
        for name, colour in zip(self.lines, _colours(len(self.lines)), strict=True):
            wide = measured(name, _SIZE) + 38
            if x + wide > self.width and x > left:
                x, y = left, y + _SIZE + 5
            parts.append(f'<path d="M{number(x)},{number(y - 4)}h18" stroke="{colour}" '
                         'stroke-width="2.5"/>')  # fmt: skip
            parts.append(text(x + 23, y, name, _SIZE))
            x += wide
        return parts, y - top + 6

    def _frame(self, box: tuple[float, float, float, float]) -> Iterator[str]:
        left, top, right, bottom = box
        for value, word in self.vertical.ticks:
            y = bottom - self.vertical.share(value) * (bottom - top)
            yield f'<path d="M{number(left)},{number(y)}H{number(right)}" stroke="{look.GRID}"/>'
            yield text(left - 6, y + 4, word, _SIZE, anchor="end", fill=look.DETAIL)
        for value, word in self.horizontal.ticks:
            x = left + self.horizontal.share(value) * (right - left)
            yield text(x, bottom + _SIZE + 5, word, _SIZE, anchor="middle", fill=look.DETAIL)
        yield (f'<path d="M{number(left)},{number(top)}V{number(bottom)}H{number(right)}" '
               f'fill="none" stroke="{look.DETAIL}"/>')  # fmt: skip
        if self.x:
            yield text((left + right) / 2, self.height - PAD - 2, self.x, _SIZE, anchor="middle",
                       fill=look.DETAIL)  # fmt: skip
        if self.y:
            yield text(PAD + _SIZE, (top + bottom) / 2, self.y, _SIZE, anchor="middle",
                       fill=look.DETAIL, turned=-90)  # fmt: skip

    def _paths(self, box: tuple[float, float, float, float]) -> Iterator[str]:
        left, top, right, bottom = box
        for (name, values), colour in zip(
            self.lines.items(), _colours(len(self.lines)), strict=True
        ):
            data, drawing = "", False
            for k, value in enumerate(values):
                if not math.isfinite(value):
                    drawing = False
                    continue
                x = left + self.horizontal.share(self.start + k) * (right - left)
                y = bottom - self.vertical.share(value) * (bottom - top)
                data += f"{'L' if drawing else 'M'}{number(x)},{number(y)}"
                drawing = True
            yield (
                f'<path d="{data}" fill="none" stroke="{colour}" stroke-width="2" '
                f'stroke-linejoin="round"><title>{xml(name)}</title></path>'
            )


def _colours(count: int) -> Sequence[str]:
    return [look.CURVES[k % len(look.CURVES)] for k in range(count)]
