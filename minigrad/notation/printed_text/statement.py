"""The value of one printed formula, given those of the names in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from math import e, inf, nan, pi
from typing import Any

import numpy as np

from minigrad.errors import ArgumentError, ShapeError
from minigrad.notation.printed_text.calls import Calls
from minigrad.notation.printed_text.elements import Elements, Grid, NotElementsError
from minigrad.notation.printed_text.functions import (
    call,
)
from minigrad.notation.printed_text.grammar import Statement, SyntaxNode
from minigrad.notation.printed_text.letters import UnsizedError, asks_for_size
from minigrad.notation.printed_text.places import elements
from minigrad.notation.printed_text.ranges import letters_of
from minigrad.notation.printed_text.values import (
    RELATIONS,
    Block,
    Value,
    elementwise,
    held,
    is_scalar,
    matrix,
    plain,
    same,
    shaped,
    transpose,
    vector,
)
from minigrad.symbolic.budget import OutOfTimeError, ask_for_time

_MOST_GUESSES = 2000
_MOST_STEPS = 1_000_000


class Evaluation(Calls):
    """One statement. Sizes that the text does not tell (of 𝟏, I, unit vectors) are tried out."""

    def __init__(
        self,
        known: Mapping[str, Value],
        sizes: Mapping[str, int],
        statement: Statement,
        shape: tuple[int, ...] | None,
        lengths: Mapping[str, int],
        disturb: Callable[[Any], Any] | None = None,
        functions: Mapping[str, Callable[..., Any]] | None = None,
    ) -> None:
        super().__init__(known, sizes, lengths)
        self.statement, self.shape = statement, shape
        self.disturb, self.functions = disturb, functions or {}
        self.guesses, self.steps = [], 0
        self._not_elements: set[int] = set()
        self.lengths.update(self.ranges(statement.piece))

    def results(self) -> list[Value]:
        """Every different value that some choice of the untold sizes allows.

        A triangle is read as square wherever that fits.

        Raises
        ------
        ShapeError
            When none does.
        """
        found: list[Value] = []
        fewest, error, guessed = 0, None, False
        for _ in range(_MOST_GUESSES):
            self.used = self.oblong = 0
            try:
                value = self.filled()
            except (ArgumentError, OutOfTimeError):
                raise
            except (ValueError, np.linalg.LinAlgError, UnsizedError) as problem:  # as NumPy has it
                error = problem
                guessed = guessed or bool(self.used)
            else:
                if not found or self.oblong < fewest:
                    found, fewest = [value], self.oblong
                elif self.oblong == fewest and not any(same(value, other) for other in found):
                    found.append(value)
            if not self.next_guess():
                break
        else:
            if not found:
                raise ArgumentError(f"read_back: {self.statement.name} leaves too many sizes open")
        if not found and guessed:  # a size that nothing has whose size is known is no misprint
            raise ArgumentError(
                f"read_back: {self.statement.name}: no size of 𝟏, I or a unit vector fits; the text leaves "
                f"too many sizes open ({error})"
            )
        if not found:
            raise ShapeError(f"read_back: {self.statement.name}: the sizes do not fit ({error})")
        return found

    def filled(self) -> Value:
        """The value, with the subscripts of the left side running over their axes."""
        places = self.statement.places
        letters = [p for p in places if p is not None]
        if not letters:
            self.tie(self.statement.piece)
            return self.shaped(self.value(self.statement.piece, self.shape), self.shape)
        shape = self.shape
        if shape is not None and len(places) > len(shape):
            raise ShapeError(f"read_back: {self.statement.name} has {len(places)} subscripts, but is {shape}")
        if shape is not None:
            self.lengths.update((p, shape[k]) for k, p in enumerate(places) if p is not None)
        self.tie(self.statement.piece)
        self.lengths = {**self.elsewhere, **self.lengths}
        missing = [p for p in letters if p not in self.lengths]
        if missing:
            raise ArgumentError(
                f"read_back: {self.statement.name}: the range of {', '.join(missing)} is not known; give "
                "the result's shape"
            )
        rest = (
            None
            if shape is None
            else tuple(s for k, s in enumerate(shape) if k >= len(places) or places[k] is None)
        )
        if not rest:
            found = self.elements(self.statement.piece, frozenset(letters))
            if found is not None:
                return held(Elements(self).spread(found, letters))
        counts = [self.lengths[p] for p in letters]
        parts = []
        for place in np.ndindex(*counts):
            ask_for_time()
            self.letters = dict(zip(letters, place, strict=True))
            parts.append(plain(self.shaped(self.value(self.statement.piece, rest), rest)))
        of_each = parts[0].shape if parts else rest or ()  # there are none along an axis without elements
        stacked = np.array(parts).reshape((*counts, *of_each))
        fixed = [k for k, p in enumerate(places) if p is not None]
        return held(np.moveaxis(stacked, range(len(fixed)), fixed))

    def shaped(self, value: Value, shape: tuple[int, ...] | None) -> Value:
        if shape is None:
            return value
        result = held(shaped(value, shape))
        if isinstance(value, Block) and isinstance(result, Block):  # a named statistic stays one
            if result.is_vector:
                return vector(result.array, value.of)
            return replace(result, of="" if value.is_vector else value.of)
        return result

    # -- pieces ------------------------------------------------------------------------------------

    def value(self, piece: SyntaxNode, shape: tuple[int, ...] | None = None) -> Value:
        self.used = 0
        self.wanted = shape or ()
        return self.eval(piece)

    def eval(self, piece: SyntaxNode) -> Value:
        self.steps += 1
        if self.steps > _MOST_STEPS:
            raise ArgumentError("read_back: too much to be read place by place; give names to parts")
        wanted = self.wanted
        if piece.kind not in _SAME_SHAPE:
            self.wanted = ()
        try:
            value = self.exact(piece)
        finally:
            self.wanted = wanted
        if self.disturb is None or self.in_relation or piece.kind not in _ROUNDED:
            return value
        if isinstance(value, Block):
            return replace(value, array=self.disturb(value.array))
        return self.disturb(np.asarray(value))

    def exact(self, piece: SyntaxNode) -> Value:
        """The value but for rounding."""
        rule: Callable[[SyntaxNode], Value] | None = getattr(self, _RULES.get(piece.kind, ""), None)
        if rule is not None:
            return rule(piece)
        if piece.kind == "product":
            return self.product(piece.parts)
        args = self.terms(piece.parts) if piece.kind == "sum" else list(map(self.eval, piece.parts))
        match piece.kind:
            case "number":
                return float(piece.value)  # type: ignore[arg-type]
            case "size":
                return float(self.size(str(piece.value)))
            case "infinity":
                return inf
            case "sum":
                return elementwise(lambda *terms: sum(terms[1:], terms[0]), args)
            case "minus":
                return elementwise(np.negative, args)
            case "/":
                if not is_scalar(args[1]):
                    raise ShapeError("/ divides by a scalar")
                return elementwise(np.divide, args)
            case "%":
                if not all(map(is_scalar, args)):
                    raise ShapeError("% is of places")
                return elementwise(np.remainder, args)
            case "transpose":
                return transpose(args[0])
            case "inverse":
                return Block(_inverse(matrix(args[0])))
            case "power":
                return self.power(args[0], piece.value)
            case "powers":
                exponent = float(piece.value)  # type: ignore[arg-type]
                return elementwise(lambda x: x**exponent, args)
            case "norm":
                return float(np.sqrt(call("sum", [elementwise(np.square, args)])))
            case "abs":
                return elementwise(np.abs, args)
        raise ArgumentError(f"read_back: {piece.kind!r} has no value")

    def relation(self, piece: SyntaxNode) -> Value:
        with self.relating(str(piece.value)):
            args = [self.eval(part) for part in piece.parts]
        return elementwise(RELATIONS[str(piece.value)], args)

    def power(self, value: Value, exponent: Any) -> Value:
        if exponent == Fraction(1, 2):
            return elementwise(np.sqrt, [value])
        if is_scalar(value):
            return np.asarray(value) ** float(exponent)
        if exponent == -1:
            return Block(_inverse(matrix(value)))
        raise ShapeError("a power of a matrix or vector is written ^⊙")

    def name(self, piece: SyntaxNode) -> Value:
        name = str(piece.value)
        if name in self.known:
            return self.known[name]
        if name in self.sizes and not (self.of_indices and name in self.letters):
            return float(self.sizes[name])
        if (letters := letters_of(name)) and all(letter in self.letters for letter in letters):
            return float(self.position(letters))
        if name in _CONSTANTS:
            return _CONSTANTS[name]
        raise ArgumentError(f"read_back: {name!r} was not introduced")

    def at(self, piece: SyntaxNode) -> Value:
        """Elements and slices; the letters' present values are the indices."""
        (body,) = piece.parts
        places: Sequence[Any] = piece.value  # type: ignore[assignment]
        if body.kind == "delta":
            if any(p is None or ":" in p for p in places):
                raise ArgumentError("read_back: δ has indices, and no axis that is whole")
            return float(len({self.place(p) for p in places}) == 1)
        array = plain(self.eval(body))
        if len(places) > array.ndim:
            if body.kind == "call":
                raise ArgumentError(f"read_back: {body.value} of several matrices at once is not read")
            raise ShapeError(f"{len(places)} subscripts on {array.ndim} axes")
        try:
            at = [slice(None) if p is None else self.place(p) for p in places]
            told = [p is not None and not p.isalnum() for p in places]
            return held(elements(array, at, told))
        except IndexError:
            raise UnsizedError(f"{places} lies outside {array.shape}") from None

    def elements(self, piece: SyntaxNode, running: frozenset[str]) -> Grid | None:
        """All elements at once, None for what is no formula of elements."""
        if id(piece) in self._not_elements:
            return None
        used = self.used
        try:
            return Elements(self).grid(piece, running)
        except NotElementsError:
            self.used = used
            self._not_elements.add(id(piece))
            return None

    def big_sum(self, piece: SyntaxNode) -> Value:
        letters: Sequence[str] = piece.value  # type: ignore[assignment]
        before, used = dict(self.letters), self.used
        found = self.elements(piece, frozenset())
        if found is not None:
            return float(found.array)
        terms = []
        with self.running(piece):
            for place in np.ndindex(*(self.lengths[p] for p in letters)):
                self.letters, self.used = {**before, **dict(zip(letters, place, strict=True))}, used
                if not self.left_out(piece.parts[0]):
                    terms.append(self.eval(piece.parts[0]))
        self.letters = before
        if not terms:
            return 0.0
        return elementwise(lambda *parts: sum(parts[1:], parts[0]), terms)

    def left_out(self, term: SyntaxNode) -> bool:
        """Whether a bracket of a product is 0: most terms of a sum over one."""
        if term.kind != "product" or asks_for_size(term):
            return False
        relations = [part for part in term.parts if part.kind == "relation"]
        return any(is_scalar(x) and x == 0 for x in map(self.eval, relations))


_RULES = {
    "hadamard": "hadamard",
    "relation": "relation",
    "name": "name",
    "at": "at",
    "Σ": "big_sum",
    "ones": "ones",
    "identity": "identity",
    "unit": "unit",
    "call": "call",
    "put": "put",
}
# What has the shape of its parts.
_SAME_SHAPE = {"sum", "minus", "product", "hadamard", "Σ"}
# What is computed, and so rounded.
_ROUNDED = {"sum", "/", "product", "hadamard", "inverse", "power", "powers", "norm", "Σ", "call"}
_CONSTANTS = {"π": pi, "Pi": pi, "e": e, "nan": nan}


def _inverse(a: Any) -> Any:
    """The inverse; of a singular matrix not a number, for its sizes do fit."""
    try:
        return np.linalg.inv(a)
    except np.linalg.LinAlgError:
        if a.shape[-1:] != a.shape[-2:-1]:
            raise
        return np.full(a.shape, np.nan)
