"""What a matrix function is: one row that states facts, from which every reading of it follows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from minigrad.errors import UnsupportedError

Rule = Callable[..., Any]


@dataclass(frozen=True, slots=True, eq=False)
class MatrixRow:
    """One function of the last two axes of an array.

    ``sizes(rows, columns)`` gives the axes that take the place of these two. ``of`` says which matrices
    have the function: "square" ones, "symmetric" ones (of any other square matrix the symmetric part is
    taken), "tall" ones (no fewer rows than columns) or "any". ``keeps`` says whether its value is
    symmetric where its argument is, ``inverts`` whether value and argument cancel.

    The derivative is told once: ``adjoint(rules)`` is what the differential leaves at dX, in the terms of
    `minigrad.index.matrices.rules.Rules`, and ``sentence`` says it in a step.

    The value is told for each arithmetic: ``floats(array)`` by NumPy; ``objects(arithmetic, array)`` by
    inverses, determinants, powers and sums of whatever the arithmetic counts with, or ``digits(mpmath,
    matrix)`` at 50 digits alone; ``inexact`` says why it is not rational where X is. ``single(expr)`` is the
    function of a 1 by 1 matrix, which has no axes in index notation.

    ``latex`` is its name where that is not the default, ``letter`` what its value is called in
    source text, ``text`` how NumPy writes it and ``helper`` the function that this calls by the row's
    name; ``sympy(sympy, matrix)`` is SymPy's object for it, where it has one.
    """

    name: str
    sizes: Rule
    of: Literal["square", "symmetric", "tall", "any"]
    floats: Rule
    text: str
    adjoint: Rule | None = None
    sentence: str = ""
    objects: Rule | None = None
    digits: Rule | None = None
    inexact: str = ""
    single: Rule | None = None
    keeps: bool = False
    inverts: bool = False
    latex: str = ""
    letter: str = "y"
    helper: str = ""
    sympy: Rule | None = None

    @property
    def ndim(self) -> int:
        """How many axes the value has in place of a matrix's two."""
        return len(self.sizes(1, 1))

    def __repr__(self) -> str:
        return f"<matrix function {self.name}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return matrix_row, (self.name,)


MATRIX_ROWS: dict[str, MatrixRow] = {}


def matrix_function(name: str, **facts: Any) -> MatrixRow:
    """Enter a matrix function."""
    row = MATRIX_ROWS[name] = MatrixRow(name, **facts)
    return row


def matrix_row(name: str) -> MatrixRow:
    """The row of this name; what pickle keeps of a matrix function is its name."""
    if name not in MATRIX_ROWS:
        raise UnsupportedError(
            f"unpickling: no matrix function is named {name!r} here; import what enters it first"
        )
    return MATRIX_ROWS[name]


def same(rows: Any, columns: Any) -> tuple[Any, ...]:
    """The shape of the matrix itself."""
    return rows, columns


def flipped(rows: Any, columns: Any) -> tuple[Any, ...]:
    """The shape of the transposed matrix."""
    return columns, rows


def scalar(rows: Any, columns: Any) -> tuple[Any, ...]:
    """No axes: a number for each matrix."""
    return ()


def per_column(rows: Any, columns: Any) -> tuple[Any, ...]:
    """A vector with an element for each column."""
    return (columns,)


def by_columns(rows: Any, columns: Any) -> tuple[Any, ...]:
    """A square matrix with a row for each column."""
    return columns, columns
