"""Printed formulas evaluated on arrays: what a reader would compute from the text alone.

Vectors are columns, a transposed one is a row; a space is a matrix product. Row statistics (``rowsum``
and the like) are repeated along the rows of a matrix that they meet, column statistics down its columns,
and any other vector where its length fits, as a row where both do, which is NumPy's rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np

from minigrad.errors import ArgumentError, MinigradError, ShapeError
from minigrad.notation.printed_text.ascii_grammar import ascii_piece
from minigrad.notation.printed_text.grammar import Statement, SyntaxNode, statements
from minigrad.notation.printed_text.ranges import letter_lengths
from minigrad.notation.printed_text.statement import Evaluation
from minigrad.notation.printed_text.unicode_grammar import unicode_piece
from minigrad.notation.printed_text.values import Value, held, plain, same
from minigrad.symbolic.budget import ask_for_time

_MOST_READINGS = 64


class PrintedText:
    """Formulas as `str` of a derivation prints them, several lines or several on one, to be evaluated.

    ``known`` are the names that the text may use before it gives any, ``ascii`` says that it is in the
    ASCII notation, which has Python's grammar.

    Raises
    ------
    ArgumentError
        Where the text cannot be read, can be read in two ways, or is nested deeper than anything printed.
    """

    def __init__(self, text: str, known: Iterable[str], ascii: bool = False) -> None:
        with _plain_errors():
            self.statements = statements(text, known, ascii_piece if ascii else unicode_piece)

    @property
    def names(self) -> set[str]:
        """The names that its formulas use."""
        return set().union(*(_names(s.piece) for s in self.statements))

    def values(
        self,
        values: Mapping[str, Any],
        sizes: Mapping[str, int],
        shapes: Mapping[str, tuple[int, ...]],
        disturb: Callable[[Any], Any] | None = None,
        functions: Mapping[str, Callable[..., Any]] | None = None,
    ) -> dict[str, Any | MinigradError]:
        """What each formula gives, by the name on its left side; the error of one that has no value.

        ``disturb`` alters whatever is computed, as rounding does; ``functions`` are those that have no
        definition.
        """
        arrays = {name: np.asarray(array) for name, array in values.items()}
        # a mask is 0 or 1 in a formula
        known = {k: held(a.astype(float) if a.dtype == bool else a) for k, a in arrays.items()}
        # a letter keeps its range where a line does not tell it
        def shape_of(body: SyntaxNode) -> Sequence[int] | None:
            return plain(known[name]).shape if (name := str(body.value)) in known else None

        lengths = {k: v for s in self.statements for k, v in letter_lengths(s.piece, shape_of)}
        readings = [known]
        failed: dict[str, MinigradError] = {}
        for statement in self.statements:
            ask_for_time()
            try:
                with _plain_errors():
                    read = partial(
                        Evaluation,
                        sizes=sizes,
                        statement=statement,
                        lengths=lengths,
                        disturb=disturb,
                        functions=functions,
                    )
                    readings = _read(statement, readings, read, shapes)
            except MinigradError as error:
                missing = (name for name in failed if name in _names(statement.piece))
                failed[statement.name] = failed.get(next(missing, ""), error)
        result: dict[str, Any | MinigradError] = {}
        for statement in self.statements:
            name = statement.name
            if name in failed:
                result[name] = failed[name]
            elif any(not same(readings[0][name], other[name]) for other in readings[1:]):
                result[name] = ArgumentError(
                    "read_back: the text does not say how large 𝟏 or I is; give the results' shapes"
                )
            else:
                result[name] = plain(readings[0][name])
        return result


def read_back(
    text: str,
    values: Mapping[str, Any],
    sizes: Mapping[str, int] | None = None,
    shapes: Mapping[str, tuple[int, ...]] | None = None,
    ascii: bool = False,
    functions: Mapping[str, Callable[..., Any]] | None = None,
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
    functions
        What functions without a definition are, by name: ``f(orders, *arrays)``, derived so many times by
        each argument.

    Raises
    ------
    ArgumentError
        Where the text cannot be read, can be read in two ways, or is nested deeper than anything printed.
    ShapeError
        Where the sizes of what it combines do not fit.
    """
    found = PrintedText(text, [*values, *(sizes or {})], ascii)
    result = found.values(values, sizes or {}, shapes or {}, functions=functions)
    for value in result.values():
        if isinstance(value, MinigradError):
            raise value
    return result


@contextmanager
def _plain_errors() -> Iterator[None]:
    """Errors of others in the library's words."""
    try:
        yield
    except (RecursionError, MemoryError):  # Python's own grammar gives up with the latter
        raise ArgumentError(
            "read_back: the text is nested too deeply; printed formulas give names to their parts"
        ) from None
    except ValueError as error:
        if isinstance(error, MinigradError):
            raise
        raise ArgumentError(f"read_back: {error}") from None


def _read(
    statement: Statement,
    readings: list[dict[str, Value]],
    evaluation: Callable[..., Evaluation],
    shapes: Mapping[str, tuple[int, ...]],
) -> list[dict[str, Value]]:
    """One more formula. Where a size is not told, all that fit are kept until a later formula decides."""
    result: list[dict[str, Value]] = []
    error: ShapeError | None = None
    for known in readings:
        shape = shapes.get(statement.name) or _shape_of_gradient(statement.name, known)
        try:
            with np.errstate(all="ignore"):
                values = evaluation(known, shape=shape).results()
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


def _names(piece: SyntaxNode) -> set[str]:
    """The names that a formula uses."""
    own = {str(piece.value)} if piece.kind == "name" else set()
    return own.union(*map(_names, piece.parts))


def _shape_of_gradient(name: str, known: Mapping[str, Value]) -> tuple[int, ...] | None:
    before, _, last = name.rpartition(".")
    if not last.startswith("d"):
        return None
    of = known.get(f"{before}.{last[1:]}" if before else last[1:])
    return None if of is None else plain(of).shape
