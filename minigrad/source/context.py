"""What the text of one operation may ask of the function that it stands in."""

from __future__ import annotations

from collections.abc import Sequence
from string import ascii_lowercase
from typing import Protocol

from minigrad.index.size import AnySize
from minigrad.program import Value
from minigrad.source.pieces import Text


class Context(Protocol):
    """What the writer of a function offers to the text of one operation."""

    def text(self, value: Value) -> Text:
        """The text of an argument: a name, or an expression to put in place."""

    def is_inline(self, value: Value) -> bool:
        """Whether the argument is written in place, and only here."""

    def helper(self, name: str) -> str:
        """The name of a helper function, which will be defined."""

    def size(self, size: AnySize) -> Text:
        """A size as Python."""

    def dtype(self) -> str:
        """The name of the result's element type."""


def call(function: str, *args: str) -> Text:
    return Text(f"{function}({', '.join(args)})")


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
