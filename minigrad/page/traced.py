"""A printed formula evaluated on cells: each number of its result knows what it is made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from minigrad.notation.printed_text.calls import FORMS
from minigrad.notation.printed_text.functions import (
    CONVOLUTIONS,
    OWN,
    call,
    elementwise_function,
    takes_matrices,
)
from minigrad.notation.printed_text.grammar import SyntaxNode
from minigrad.notation.printed_text.ranges import letters_of
from minigrad.notation.printed_text.statement import Evaluation
from minigrad.notation.printed_text.values import (
    RELATIONS,
    ROW,
    Block,
    Value,
    elementwise,
    held,
    is_scalar,
    plain,
    vector,
)
from minigrad.page.cells import Cell, applied, cell, made, opaque

# Functions that move and add elements, as they are.
_STRUCTURAL = {
    *("diag", "kron", "joined", "stacked", "roll", "repeat", "tril", "triu"),
    *("rowsum", "colsum", "rowmean", "colmean", "rowprod"),
}


class Traced(Evaluation):
    """One statement, in which arrays may hold cells."""

    def elements(self, piece: SyntaxNode, running: frozenset[str]) -> None:
        """None: what does all elements at once is for numbers alone."""

    def left_out(self, term: SyntaxNode) -> bool:
        """Whether a bracket that depends on no cell is 0."""
        if any(part.kind == "relation" and self._holds_cells(part) for part in term.parts):
            return False
        return super().left_out(term)

    def _holds_cells(self, piece: SyntaxNode) -> bool:
        if piece.kind == "name":
            return is_traced(self.known.get(str(piece.value)))
        return any(map(self._holds_cells, piece.parts))

    def exact(self, piece: SyntaxNode) -> Value:
        """The value; what has no form on cells is known by what changes what."""
        if piece.kind not in ("norm", "inverse", "power"):
            return super().exact(piece)
        (arg,) = (self.eval(part) for part in piece.parts)
        if not is_traced(arg):
            return self._again(piece, arg)
        if piece.kind == "norm":
            return np.sum(np.square(plain(arg))).sqrt()
        if piece.kind == "power" and (is_scalar(arg) or float(piece.value) == 0.5):  # type: ignore[arg-type]
            return self.power(arg, piece.value)
        return through(lambda x: self._again(piece, x), [arg])

    def _again(self, piece: SyntaxNode, arg: Value) -> Value:
        """The operation on what its part has been found to be."""
        known, self.known = self.known, {"": arg}
        try:
            return super().exact(piece._replace(parts=(SyntaxNode("name", (), ""),)))
        finally:
            self.known = known

    def relation(self, piece: SyntaxNode) -> Value:
        """1 where it holds, as a cell of both sides."""
        with self.relating(str(piece.value)):
            args = [self.eval(part) for part in piece.parts]
        if not any(map(is_traced, args)):
            return elementwise(RELATIONS[str(piece.value)], args)
        sign = str(piece.value)
        return _each(lambda *parts: made("relation", parts, sign), args)

    def over(self, function: str, letters: str, parts: Sequence[SyntaxNode]) -> Value:
        """A function over letters of its own."""
        before, used = dict(self.letters), self.used
        grids = [np.empty([self.lengths[p] for p in letters_of(letters)], dtype=object) for _ in parts]
        for place in np.ndindex(*grids[0].shape):
            self.letters, self.used = {**before, **dict(zip(letters_of(letters), place, strict=True))}, used
            for grid, part in zip(grids, parts, strict=True):
                grid[place] = cell(plain(self.eval(part)))
        self.letters = before
        return self.function(function, [held(grid) for grid in grids])

    def call(self, piece: SyntaxNode) -> Value:
        """A function applied, its arguments evaluated once."""
        function = str(piece.value)
        stem, _, letters = function.rpartition("_")
        if function in CONVOLUTIONS or function in FORMS:
            return super().call(piece)
        if self.over_letters(function):
            return self.over(stem, letters, piece.parts)
        args = [self.eval(part) for part in piece.parts]
        if takes_matrices(function):
            args = [self.whole(arg) for arg in args]
        return self.function(function, args)

    def function(self, function: str, args: list[Value]) -> Value:
        """A function of cells: written where it has a rule here, else known by what changes what."""
        if not any(map(is_traced, args)):
            return call(function, args)
        if function in _RULES:
            return _RULES[function](*args)
        if function in _STRUCTURAL:
            return OWN[function](*args)
        of_numbers = elementwise_function(function, len(args))
        if of_numbers is not None:
            name = function.rpartition(".")[2]
            return _each(lambda *parts: applied(name, of_numbers, parts), args)
        return through(lambda *values: call(function, values), args)


def is_traced(value: Value) -> bool:
    """Whether a value holds cells."""
    return plain(value).dtype == object


def numbers(value: Value) -> Value:
    """The value without what its cells are made of."""
    if not is_traced(value):
        return value
    array = plain(value) if not isinstance(value, Block) else value.array
    bare = np.array([cell(x).value for x in array.ravel()], dtype=float).reshape(array.shape)
    return replace(value, array=bare) if isinstance(value, Block) else bare[()]


def _each(function: Callable[..., Cell], args: Sequence[Value]) -> Value:
    """A function of cells, on arrays of them."""
    arity = len(args)
    on_arrays = np.frompyfunc(lambda *parts: function(*map(cell, parts)), arity, 1)
    return elementwise(on_arrays, args)


# -- what is not written ------------------------------------------------------------------------------------


def through(function: Callable[..., Value], args: Sequence[Value]) -> Value:
    """A function of whole arrays; each result depends on the elements that change it."""
    bare = [numbers(arg) for arg in args]
    arrays = [b.array if isinstance(b, Block) else np.asarray(b) for b in bare]

    def run(*changed: Any) -> Any:
        again = [
            replace(b, array=a) if isinstance(b, Block) else a[()]
            for b, a in zip(bare, changed, strict=True)
        ]
        return function(*again)

    result = run(*arrays)
    is_block = isinstance(result, Block)
    values = result.array if is_block else np.asarray(result)
    found = dependencies(lambda *xs: _array(run(*xs)), arrays, values)
    own = [(arg.array if isinstance(arg, Block) else np.asarray(arg)).ravel() for arg in args]
    cells = np.empty(values.shape, dtype=object)
    for k, value in enumerate(values.ravel()):
        parts = [cell(own[which][place]) for which, place in sorted(found[k])]
        cells.flat[k] = opaque(parts, value)
    return replace(result, array=cells) if is_block else cells[()]


def _array(value: Value) -> Any:
    return value.array if isinstance(value, Block) else np.asarray(value)


def dependencies(
    function: Callable[..., Any], arrays: Sequence[Any], values: Any
) -> list[set[tuple[int, int]]]:
    """For each result the elements, by array and number, of which some change changes it.

    An element is moved a little, a lot, and out of all numbers.
    """
    found: list[set[tuple[int, int]]] = [set() for _ in range(np.size(values))]
    for which, array in enumerate(arrays):
        for place in range(np.size(array)):
            for move in _MOVES:
                changed = [np.array(a, dtype=float) for a in arrays]
                changed[which].flat[place] = move(changed[which].flat[place])
                for k in _different(function, changed, values):
                    found[k].add((which, place))
    return found


_MOVES: tuple[Callable[[Any], Any], ...] = (
    lambda x: x + 1e-3 * (1 + abs(x)),
    lambda x: -3.7 * x - 11.3,
    lambda x: 5.9 * abs(x) + 17.1,
    lambda x: np.nan,
)


def _different(function: Callable[..., Any], arrays: Sequence[Any], values: Any) -> Any:
    """The results that are other ones; all, where there is none."""
    try:
        with np.errstate(all="ignore"):
            other = np.asarray(function(*arrays), dtype=float)
    except (ValueError, np.linalg.LinAlgError, ArithmeticError, IndexError):
        return range(np.size(values))
    if other.shape != np.shape(values):
        return range(np.size(values))
    same = (other == values) | (np.isnan(other) & np.isnan(values))
    return np.flatnonzero(~np.ravel(same))


# -- functions that are written out -------------------------------------------------------------------------


def _exp(x: Cell) -> Cell:
    return applied("exp", np.exp, [x])


def _largest(array: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    rows = np.ravel(array)[None] if axis is None else np.moveaxis(array, axis, -1)
    result = np.empty(rows.shape[:-1], dtype=object)
    for place in np.ndindex(*result.shape):
        result[place] = applied("max", _most, [*map(cell, rows[place])])
    if axis is None:
        return result[0]
    return np.expand_dims(result, axis) if keepdims else result


def _most(*values: Any) -> Any:
    return np.max(values)


def _along_rows(of_row: Callable[[list[Cell]], list[Cell] | Cell]) -> Callable[[Value], Value]:
    """A function of each row, of a vector as a whole."""

    def apply(value: Value) -> Value:
        array = plain(value)
        rows = array.reshape(-1, array.shape[-1])
        results = [of_row([*map(cell, row)]) for row in rows]
        if not isinstance(results[0], list):
            if array.ndim == 1:
                return results[0]
            made_of = np.array(results, dtype=object).reshape(array.shape[:-1])
            return vector(made_of, ROW) if array.ndim == 2 else held(made_of)
        whole = np.array(results, dtype=object).reshape(array.shape)
        is_vector = isinstance(value, Block) and value.is_vector
        return replace(value, array=whole.reshape(value.array.shape)) if is_vector else held(whole)

    return apply


def _softmax(row: list[Cell]) -> list[Cell]:
    powers = [_exp(x) for x in row]
    below = made("sum", powers) if len(powers) > 1 else powers[0]
    values = np.array([x.value for x in row])
    exact = np.exp(values - values.max())
    exact /= exact.sum()
    return [Cell("quotient", (power, below), v) for power, v in zip(powers, exact, strict=True)]


def _logsumexp(row: list[Cell]) -> Cell:
    powers = [_exp(x) for x in row]
    values = np.array([x.value for x in row])
    top = values.max()
    below = made("sum", powers) if len(powers) > 1 else powers[0]
    inner = applied("log", np.log, [below])
    return Cell("call", inner.parts, np.log(np.exp(values - top).sum()) + top, inner.mark)


def _log_softmax(row: list[Cell]) -> list[Cell]:
    below = _logsumexp(row)
    return [x - below for x in row]


def _cross_entropy(p: Value, y: Value) -> Cell:
    pairs = zip(np.ravel(plain(p)), np.ravel(plain(y)), strict=True)
    terms = [made("entropy", [cell(a), cell(b)]) for a, b in pairs]
    return (made("sum", terms) if len(terms) > 1 else terms[0]) / len(terms)


def _where(condition: Value, a: Value, b: Value) -> Value:
    return _each(lambda *parts: made("where", parts), [condition, a, b])


def _over_rows(value: Value) -> Value:
    if isinstance(value, Block):
        return vector(_largest(value.array, 1), ROW, value.free[0])
    return held(_largest(np.asarray(value), -1))


_RULES: dict[str, Callable[..., Value]] = {
    "sum": lambda value: np.sum(plain(value)),
    "mean": lambda value: np.sum(plain(value)) / np.size(plain(value)),
    "prod": lambda value: np.prod(plain(value)),
    "max": lambda value: _largest(plain(value)),
    "rowmax": _over_rows,
    "tr": lambda value: np.sum(np.diagonal(plain(value))),
    "softmax": _along_rows(_softmax),
    "log_softmax": _along_rows(_log_softmax),
    "logsumexp": _along_rows(_logsumexp),
    "BCE": _cross_entropy,
    "where": _where,
}
