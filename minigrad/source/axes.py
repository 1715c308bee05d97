"""Shapes and axes as text."""

from __future__ import annotations

from collections.abc import Sequence

from minigrad.index.size import AnySize
from minigrad.source.dialect import Context
from minigrad.source.names import quoted


def shape_text(sizes: Sequence[AnySize], at: Context) -> str:
    inner = ", ".join(at.size(size).text for size in sizes)
    return f"({inner},)" if len(sizes) == 1 else f"({inner})"


def axis_text(axes: Sequence[int], ndim: int) -> str:
    """An axis argument; the last axis is -1."""
    if len(axes) == 1:
        return str(-1 if axes[0] == ndim - 1 and ndim > 1 else axes[0])
    return f"({', '.join(map(str, axes))})"


def mesh_axes_text(over: str | tuple[str, ...]) -> str:
    """An axis of a mesh by its name, or several."""
    return quoted(over) if isinstance(over, str) else f"({', '.join(map(quoted, over))},)"


def upright(array: str, count: int) -> str:
    """A vector with so many axes of length 1 behind its own."""
    return f"{array}[{', '.join([':', *['None'] * count])}]" if count else array
