"""Tables of text cells: columns by their names, and the numbers in them."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from minigrad.errors import ArgumentError

_SHOWN = 5


@dataclass(frozen=True)
class Table:
    """Rows of text cells under named columns, as a CSV file holds them.

    Parameters
    ----------
    source
        Where the table comes from; errors name it.
    columns
        The columns' names; one that is empty is no column to ask for.
    rows
        The cells, as many in each row as there are columns.
    lines
        The line of the source on which each row begins.
    """

    source: str
    columns: tuple[str, ...]
    rows: list[list[str]]
    lines: list[int]

    def __len__(self) -> int:
        return len(self.rows)

    def named(self) -> tuple[str, ...]:
        """The columns that have a name."""
        return tuple(name for name in self.columns if name)

    def place(self, row: int, column: str) -> str:
        """A cell in words, row counted from 1: ``row 3 (line 4), column 'age'``."""
        return f"row {row + 1} (line {self.lines[row]}), column {column!r}"

    def text(self, column: str) -> list[str]:
        """The cells of a column.

        Raises
        ------
        ArgumentError
            When there is no such column; it lists those that there are, and the nearest name.
        """
        position = self._position(column)
        return [row[position] for row in self.rows]

    def filled(self, column: str) -> list[str]:
        """The cells of a column without the space around them, none of them empty.

        Raises
        ------
        ArgumentError
            When there is no such column, or cells are empty; it names them.
        """
        cells = [cell.strip() for cell in self.text(column)]
        self._refuse((row, column, "is empty") for row, cell in enumerate(cells) if not cell)
        return cells

    def numbers(self, columns: Sequence[str]) -> NDArray[np.float64]:
        """The cells of columns as finite numbers, shape (rows, columns).

        Raises
        ------
        ArgumentError
            When a column does not exist, or cells are empty, not numbers or not finite; it names
            the first of them by row and column.
        """
        cells = [self.text(column) for column in columns]
        values = np.empty((len(self), len(columns)))
        faults = []
        for j, column in enumerate(columns):
            for i, cell in enumerate(cells[j]):
                values[i, j], fault = _number(cell)
                if fault:
                    faults.append((i, column, fault))
        self._refuse(sorted(faults, key=lambda fault: fault[0]))
        return values

    def _position(self, column: str) -> int:
        position = self._positions.get(column)
        if position is not None:
            return position
        raise ArgumentError(
            f"{self.source}: no column {column!r:.60}{self._hint(column)}\n"
            f"  the columns are {named(self.named())}"
        )

    @cached_property
    def _positions(self) -> dict[str, int]:
        return {name: k for k, name in enumerate(self.columns) if name}

    def _hint(self, column: str) -> str:
        # A header that is one cell with another delimiter inside was cut at the wrong places.
        mark = next((m for m in ";\t|," if len(self.columns) == 1 and m in self.columns[0]), None)
        if mark is not None:
            return f"; the header is one cell with {mark!r} inside: is that the delimiter?"
        near = [name for name in self.named()[:1000] if len(name) < 100]
        nearest = difflib.get_close_matches(column[:100], near, n=1)
        return f"; did you mean {nearest[0]!r}?" if nearest else ""

    def _refuse(self, faults: Iterable[tuple[int, str, str]]) -> None:
        """Raise an error that names the first faulty cells, where there are any."""
        listed = [f"{self.place(row, column)}: {fault}" for row, column, fault in faults]
        if listed:
            raise ArgumentError(f"{self.source}: {at_most(listed, 'cells')}")


def named(columns: Sequence[str]) -> str:
    """The columns in words; of many the first."""
    more = [f"and {len(columns) - 20:,} more"] if len(columns) > 20 else []
    return ", ".join([*(f"{name!r:.60}" for name in columns[:20]), *more])


def at_most(faults: Sequence[str], what: str) -> str:
    """The first faults, a line each, and how many more there are."""
    if len(faults) == 1:
        return faults[0]
    more = [f"and {len(faults) - _SHOWN} more"] if len(faults) > _SHOWN else []
    lines = [*faults[:_SHOWN], *more]
    return f"{len(faults)} {what} are wrong\n  " + "\n  ".join(lines)


def _number(cell: str) -> tuple[float, str]:
    """The number in a cell and what is wrong with it, "" where nothing is."""
    text = cell.strip()
    if not text:
        return math.nan, "is empty; fill it in or leave the row out"
    try:
        # Python reads 1_000 as a number; no other program does.
        value = math.nan if "_" in text else float(text)
    except ValueError:
        return math.nan, f"{_shortened(text)!r} is not a number"
    if not math.isfinite(value):
        return value, f"{_shortened(text)!r} is not a finite number"
    return value, ""


def _shortened(text: str) -> str:
    return text if len(text) <= 30 else text[:29] + "…"
