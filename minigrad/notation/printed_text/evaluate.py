"""Printed formulas evaluated on arrays: what a reader would compute from the text alone.

Vectors are columns, a transposed one is a row; a space is a matrix product. Row statistics (``rowsum``
and the like) are repeated along the rows of a matrix that they meet, column statistics down its columns,
and any other vector where its length fits, as a row where both do, which is NumPy's rule.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from minigrad.errors import ArgumentError, MinigradError, ShapeError
from minigrad.notation.printed_text.ascii_grammar import ascii_piece
from minigrad.notation.printed_text.grammar import Statement, statements
from minigrad.notation.printed_text.statement import Evaluation, letter_lengths
from minigrad.notation.printed_text.values import Value, held, plain, same

_MOST_READINGS = 64


def read_back(
    text: str,
    values: Mapping[str, Any],
    sizes: Mapping[str, int] | None = None,
    shapes: Mapping[str, tuple[int, ...]] | None = None,
    ascii: bool = False,
) -> dict[str, Any]:
    """The arrays that a printed text gives, by the names on its left sides.

    Parameters
    ----------
    text
        Formulas as `str` of a derivation prints them: several lines, or several on one.
    values
        Arrays of the variables, by name.
    sizes
        What dims measure.
    shapes
        Shapes of results, where they are known: needed for a lone 𝟏 or I, and for subscripts on the
        left. A gradient ``dX`` has X's shape without being told.
    ascii
        Whether the text is in the ASCII notation, which has Python's grammar.

    Raises
    ------
    ArgumentError
        Where the text cannot be read, can be read in two ways, or is nested deeper than anything printed.
    ShapeError
        Where the sizes of what it combines do not fit.
    """
    arrays = {name: np.asarray(array) for name, array in values.items()}
    # a mask is 0 or 1 in a formula
    known = {k: held(a.astype(float) if a.dtype == bool else a) for k, a in arrays.items()}
    try:
        return _values(text, known, dict(sizes or {}), dict(shapes or {}), ascii)
    except (RecursionError, MemoryError):  # Python's own grammar gives up with the latter
        raise ArgumentError(
            "read_back: the text is nested too deeply; printed formulas give names to their parts"
        ) from None
    except ValueError as error:
        if isinstance(error, MinigradError):
            raise
        raise ArgumentError(f"read_back: {error}") from None


def _values(
    text: str,
    known: dict[str, Value],
    dims: Mapping[str, int],
    shapes: Mapping[str, tuple[int, ...]],
    ascii: bool,
) -> dict[str, Any]:
    found = statements(text, [*known, *dims], ascii_piece if ascii else None)
    # a letter keeps its range where a line does not tell it
    lengths = {k: v for statement in found for k, v in letter_lengths(statement.piece, known)}
    readings = [known]
    for statement in found:
        readings = _read(statement, readings, dims, shapes, lengths)
    names = [statement.name for statement in found]
    for other in readings[1:]:
        if any(not same(readings[0][name], other[name]) for name in names):
            raise ArgumentError(
                "read_back: the text does not say how large 𝟏 or I is; give the results' shapes"
            )
    return {name: plain(readings[0][name]) for name in names}


def _read(
    statement: Statement,
    readings: list[dict[str, Value]],
    dims: Mapping[str, int],
    shapes: Mapping[str, tuple[int, ...]],
    lengths: Mapping[str, int],
) -> list[dict[str, Value]]:
    """One more formula. Where a size is not told, all that fit are kept until a later formula decides."""
    result: list[dict[str, Value]] = []
    error: ShapeError | None = None
    for known in readings:
        shape = shapes.get(statement.name) or _shape_of_gradient(statement.name, known)
        try:
            with np.errstate(all="ignore"):
                values = Evaluation(known, dims, statement, shape, lengths).results()
        except ShapeError as problem:
            error = problem
        else:
            # the last value goes where the others came from: a long text is not copied line by line
            result += [{**known, statement.name: value} for value in values[:-1]]
            known[statement.name] = values[-1]
            result.append(known)
    if not result and error is not None:
        raise error
    if len(result) > _MOST_READINGS:
        raise ArgumentError("read_back: the text leaves too many sizes open")
    return result


def _shape_of_gradient(name: str, known: Mapping[str, Value]) -> tuple[int, ...] | None:
    before, _, last = name.rpartition(".")
    if not last.startswith("d"):
        return None
    of = known.get(f"{before}.{last[1:]}" if before else last[1:])
    return None if of is None else plain(of).shape
