"""Printed formulas as a witness: the text is read as a reader would, with nothing of what wrote it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

from minigrad.checking.replay import Disturb
from minigrad.errors import MinigradError, ShapeError
from minigrad.index.expr import Expr, referred
from minigrad.index.size import value_of
from minigrad.notation.lines import left_in, name_in
from minigrad.notation.printed_text import PrintedText
from minigrad.notation.text import Marks


class PrintedFormulas:
    """The text of all formulas of one derivation and of what their names stand for; written when first read.

    ``formulas`` are what it prints, by the names on its left sides, for the sizes of their axes.
    """

    def __init__(
        self, write: Callable[[], str], formulas: Sequence[tuple[str, Expr]], marks: Marks
    ) -> None:
        self._write, self._formulas, self._marks = write, formulas, marks
        self._read: tuple[tuple[str, ...], PrintedText] | None = None

    @cached_property
    def _shaped(self) -> list[tuple[str, Expr]]:
        """Whatever has a line of its own, and its value's axes."""
        refs = referred(*(expr for _, expr in self._formulas))
        parts = [(name_in(self._marks, ref.name), ref) for ref in refs]
        return [*parts, *((left_in(self._marks, name), expr) for name, expr in self._formulas)]

    def arrays(
        self,
        values: Mapping[str, Any],
        sizes: Mapping[str, int],
        disturb: Disturb | None = None,
        functions: Mapping[str, Callable[..., Any]] | None = None,
    ) -> list[Any | MinigradError]:
        """The arrays in the order of the formulas, an error in the place of one that cannot be read.

        ``values`` are arrays by the names of variables, without the axes that formulas do not have;
        ``disturb`` alters whatever is computed from them; ``functions`` are those that have no definition.

        Raises
        ------
        ArgumentError
            When the text cannot be read.
        ShapeError
            When the sizes of what it combines do not fit.
        """
        shapes = {
            name: tuple(value_of(s, sizes) for s in expr.sizes) for name, expr in self._shaped
        }
        values = {name_in(self._marks, name): array for name, array in values.items()}
        sizes = {name_in(self._marks, name): size for name, size in sizes.items()}
        found = self._text((*values, *sizes)).values(values, sizes, shapes, disturb, functions)
        for value in found.values():
            if isinstance(value, ShapeError):
                raise value
        return [found[left_in(self._marks, name)] for name, _ in self._formulas]

    def _text(self, known: tuple[str, ...]) -> PrintedText:
        if self._read is None or self._read[0] != known:
            self._read = known, PrintedText(self._write(), known, not self._marks.unicode)
        return self._read[1]
