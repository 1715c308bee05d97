"""Shapes, axes and subscripts as text."""

from __future__ import annotations

from collections.abc import Sequence
from string import ascii_lowercase

from minigrad.index.size import AnySize
from minigrad.source.dialect import Context


def shape_text(sizes: Sequence[AnySize], at: Context) -> str:
    inner = ", ".join(at.size(size).text for size in sizes)
    return f"({inner},)" if len(sizes) == 1 else f"({inner})"


def axis_text(axes: Sequence[int], ndim: int) -> str:
    """An axis argument; the last axis is -1."""
    if len(axes) == 1:
        return str(-1 if axes[0] == ndim - 1 and ndim > 1 else axes[0])
    return f"({', '.join(map(str, axes))})"


def subscripts(labels: Sequence[int]) -> str:
    letters = ascii_lowercase[8:] + ascii_lowercase[:8]  # i, j, k, ... as people write them
    return "".join(letters[label] for label in labels)
