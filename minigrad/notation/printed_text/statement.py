"""The value of one printed formula, given those of the names in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cached_property, lru_cache, reduce
from math import e, inf, pi, prod
from typing import Any

import numpy as np

from minigrad.errors import ArgumentError, ShapeError
from minigrad.notation.printed_text.functions import ONEHOT_OF, call, fitting, is_function
from minigrad.notation.printed_text.grammar import Statement, SyntaxNode
from minigrad.notation.printed_text.values import (
    ONES,
    Block,
    Value,
    elementwise,
    held,
    is_scalar,
    matrix,
    plain,
    same,
    shaped,
    times,
    transpose,
    vector,
    whole_number,
)

_MOST_GUESSES = 2000
_MOST_TERMS = 20_000


class UnsizedError(Exception):
    """One of the guessed sizes does not fit here."""


class Evaluation:
    """One statement. Sizes that the text does not tell (of 𝟏, I, unit vectors) are tried out."""

    def __init__(
        self,
        known: Mapping[str, Value],
        sizes: Mapping[str, int],
        statement: Statement,
        shape: tuple[int, ...] | None,
        lengths: Mapping[str, int],
    ) -> None:
        self.known, self.sizes, self.statement, self.shape = known, sizes, statement, shape
        self.letters: dict[str, int] = {}
        self.of_indices = False  # inside [i = j + k]
        self.lengths = {**lengths, **dict(letter_lengths(statement.piece, known))}
        self.guesses: list[int] = []
        self.oblong = 0  # how many triangles were guessed to have unlike sides
        self.used = 0

    @cached_property
    def choices(self) -> list[int]:
        """The sizes that the text may mean."""
        told = {s for v in self.known.values() for s in plain(v).shape}
        shape = self.shape or ()
        return sorted(told | {*self.sizes.values(), *shape, prod(shape)}) or [1]

    def results(self) -> list[Value]:
        """Every different value that some choice of the untold sizes allows.

        A triangle is read as square wherever that fits.

        Raises
        ------
        ShapeError
            When none does.
        """
        found: list[Value] = []
        fewest, error = 0, None
        for _ in range(_MOST_GUESSES):
            self.used = self.oblong = 0
            try:
                value = self.filled()
            except ArgumentError:
                raise
            except (ValueError, np.linalg.LinAlgError, UnsizedError) as problem:  # as NumPy has it
                error = problem
            else:
                if not found or self.oblong < fewest:
                    found, fewest = [value], self.oblong
                elif self.oblong == fewest and not any(same(value, other) for other in found):
                    found.append(value)
            if not self.next_guess():
                break
        if not found:
            raise ShapeError(f"read_back: {self.statement.name}: the sizes do not fit ({error})")
        return found

    def next_guess(self) -> bool:
        """Change the last size that was asked for; what failed early is not tried with other sizes later."""
        del self.guesses[self.used :]
        while self.guesses:
            at = self.choices.index(self.guesses.pop()) + 1
            if at < len(self.choices):
                self.guesses.append(self.choices[at])
                return True
        return False

    def filled(self) -> Value:
        """The value, with the subscripts of the left side running over their axes."""
        places = self.statement.places
        letters = [p for p in places if p is not None]
        if not letters:
            self.lengths.update(joined_lengths(self.statement.piece, self.lengths))
            return self.shaped(self.value(self.statement.piece), self.shape)
        shape = self.shape
        if shape is not None and len(places) > len(shape):
            raise ShapeError(f"read_back: {self.statement.name} has {len(places)} subscripts, but is {shape}")
        if shape is not None:
            self.lengths.update((p, shape[k]) for k, p in enumerate(places) if p is not None)
        self.lengths.update(joined_lengths(self.statement.piece, self.lengths))
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
        counts = [self.lengths[p] for p in letters]
        parts = []
        for place in np.ndindex(*counts):
            self.letters = dict(zip(letters, place, strict=True))
            parts.append(plain(self.shaped(self.value(self.statement.piece), rest)))
        if not parts:  # an axis without elements
            return held(np.zeros((*counts, *(rest or ()))))
        stacked = np.array(parts).reshape((*counts, *parts[0].shape))
        fixed = [k for k, p in enumerate(places) if p is not None]
        return held(np.moveaxis(stacked, range(len(fixed)), fixed))

    def shaped(self, value: Value, shape: tuple[int, ...] | None) -> Value:
        if shape is None:
            return value
        result = held(shaped(value, shape))
        if isinstance(value, Block) and isinstance(result, Block) and result.is_vector:
            return vector(result.array, value.of)  # a named statistic stays one
        return result

    # -- pieces ------------------------------------------------------------------------------------

    def value(self, piece: SyntaxNode) -> Value:
        self.used = 0
        return self.eval(piece)

    def eval(self, piece: SyntaxNode) -> Value:
        rule: Callable[[SyntaxNode], Value] | None = getattr(self, _RULES.get(piece.kind, ""), None)
        if rule is not None:
            return rule(piece)
        if piece.kind == "product" and not _guesses(piece):
            relations = [part for part in piece.parts if part.kind == "relation"]
            if any(is_scalar(x) and x == 0 for x in map(self.eval, relations)):
                return 0.0  # most terms of a sum over a bracket
        args = [self.eval(part) for part in piece.parts]
        match piece.kind:
            case "number":
                return float(piece.value)  # type: ignore[arg-type]
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
            case "product":
                return reduce(times, args)
            case "transpose":
                return transpose(args[0])
            case "inverse":
                return Block(np.linalg.inv(matrix(args[0])))
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
        """In [i = j + k] a letter is an index where it is one, else the dim of that name."""
        before, self.of_indices = self.of_indices, piece.value == "="
        args = [self.eval(part) for part in piece.parts]
        self.of_indices = before
        return elementwise(_RELATION[str(piece.value)], args)

    def power(self, value: Value, exponent: Any) -> Value:
        if exponent == Fraction(1, 2):
            return elementwise(np.sqrt, [value])
        if is_scalar(value):
            return np.asarray(value) ** float(exponent)
        if exponent == -1:
            return Block(np.linalg.inv(matrix(value)))
        raise ShapeError("a power of a matrix or vector is written ^⊙")

    def hadamard(self, piece: SyntaxNode) -> Value:
        result = self.eval(piece.parts[0])
        for sign, part in zip(piece.value, piece.parts[1:], strict=True):  # type: ignore[call-overload]
            operation = np.multiply if sign == "⊙" else np.divide
            result = elementwise(operation, [result, self.eval(part)])
        return result

    def name(self, piece: SyntaxNode) -> Value:
        name = str(piece.value)
        if name in self.known:
            return self.known[name]
        if name in self.sizes and not (self.of_indices and name in self.letters):
            return float(self.sizes[name])
        if name and all(letter in self.letters for letter in name):
            return float(self.position(name))
        if name in _CONSTANTS:
            return _CONSTANTS[name]
        raise ArgumentError(f"read_back: {name!r} was not introduced")

    def position(self, letters: str) -> int:
        """Row-major, where several letters stand together."""
        total = 0
        for letter in letters:
            total = total * self.lengths.get(letter, 1) + self.letters[letter]
        return total

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
            raise ShapeError(f"{len(places)} subscripts on {array.ndim} axes")
        try:
            return held(
                np.asarray(
                    array[tuple(slice(None) if p is None else self.place(p) for p in places)]
                )
            )
        except IndexError:
            raise UnsizedError(f"{places} lies outside {array.shape}") from None

    def place(self, text: str) -> Any:
        if text.count(":") > 2:
            raise ArgumentError(f"read_back: {text!r} is no slice")
        if ":" in text:
            return slice(*(self.size(part) if part else None for part in text.split(":")))
        return self.letters[text] if text in self.letters else self.size(text)

    def size(self, text: str) -> int:
        """A whole number, or a sum of products of dims, as sizes are printed."""
        terms = text.replace("- ", "+ -").split("+")
        return sum(prod(self.factor(f.strip()) for f in term.split("*")) for term in terms)

    def factor(self, text: str) -> int:
        sign, name = (-1, text[1:]) if text.startswith("-") else (1, text)
        if name.isdigit():
            return sign * int(name)
        if name in self.sizes:
            return sign * self.sizes[name]
        if name in self.known:
            return sign * whole_number(self.known[name])
        raise ArgumentError(f"read_back: the index {text!r} was not introduced")

    def big_sum(self, piece: SyntaxNode) -> Value:
        letters: Sequence[str] = piece.value  # type: ignore[assignment]
        missing = [p for p in letters if p not in self.lengths]
        if missing:
            raise ArgumentError(f"read_back: the range of {', '.join(missing)} is not known")
        before, used = dict(self.letters), self.used
        lengths = [self.lengths[p] for p in {*letters, *before}]
        if prod(lengths) > _MOST_TERMS:
            raise ArgumentError(f"read_back: these sums have {prod(lengths):,} terms; give names to parts")
        terms = []
        for place in np.ndindex(*(self.lengths[p] for p in letters)):
            self.letters, self.used = {**before, **dict(zip(letters, place, strict=True))}, used
            terms.append(self.eval(piece.parts[0]))
        self.letters = before
        if not terms:
            return 0.0
        return elementwise(lambda *parts: sum(parts[1:], parts[0]), terms)

    # -- what has no size of its own -----------------------------------------------------------------

    def guess(self) -> int:
        self.used += 1
        if self.used > len(self.guesses):
            self.guesses.append(self.choices[0])
        return self.guesses[self.used - 1]

    def ones(self, piece: SyntaxNode) -> Value:
        return ONES

    def identity(self, piece: SyntaxNode) -> Value:
        return Block(np.eye(self.guess()))

    def unit(self, piece: SyntaxNode) -> Value:
        size = self.guess()
        if not piece.parts:
            position = self.size(str(piece.value))
        else:
            at = piece.parts[0]
            position = (
                self.letters[str(at.value)]
                if at.kind == "name" and at.value in self.letters
                else whole_number(self.eval(at))
            )
        if not -size <= position < size:
            raise UnsizedError(f"no element {position} of {size}")
        return vector((np.arange(size) == position % size).astype(float))

    # -- functions -------------------------------------------------------------------------------------

    def call(self, piece: SyntaxNode) -> Value:
        function = str(piece.value)
        stem, _, letters = function.rpartition("_")
        if stem and letters.isalpha() and not is_function(function) and is_function(stem):
            return self.over(stem, letters, piece.parts)
        fitting(function, piece.parts, _FORMS.get(function, lambda first, *rest: first))
        if function in ("tril", "triu") and piece.parts[0].kind == "ones":
            shape = self.guess(), self.guess()
            self.oblong += shape[0] != shape[1]
            offset = [whole_number(self.eval(part)) for part in piece.parts[1:2]]
            return Block((np.tril if function == "tril" else np.triu)(np.ones(shape), *offset))
        if function == "pad":
            return self.padded(*piece.parts)
        if function == "reshape":
            return self.reshaped(*piece.parts)
        if function == "onehot" and (inner := piece.parts[0]).kind == "call" and len(inner.parts) == 1:
            placed = ONEHOT_OF.get(str(inner.value))
            if placed is not None:
                return placed(self.eval(inner.parts[0]))
        args = [self.eval(part) for part in piece.parts]
        if function == "onehot":
            index, size = plain(args[0]).astype(int), self.guess()
            if index.size and index.max() >= size:
                raise UnsizedError(f"no element {index.max()} of {size}")
            return held((index[..., None] == np.arange(size)).astype(float))
        return call(function, args)

    def over(self, function: str, letters: str, parts: Sequence[SyntaxNode]) -> Value:
        """A function of what has more axes than a matrix, over letters of its own: prod_kl(X_ijkl)."""
        missing = [p for p in letters if p not in self.lengths]
        if missing:
            raise ArgumentError(f"read_back: the range of {', '.join(missing)} is not known")
        shape = [self.lengths[p] for p in letters]
        before, used = dict(self.letters), self.used
        grids = [np.zeros(shape) for _ in parts]
        for place in np.ndindex(*shape):
            self.letters, self.used = {**before, **dict(zip(letters, place, strict=True))}, used
            for grid, part in zip(grids, parts, strict=True):
                grid[place] = plain(self.eval(part))
        self.letters = before
        return call(function, [held(grid) for grid in grids])

    def reshaped(self, body: SyntaxNode, shape: SyntaxNode) -> Value:
        """Row-major, as `numpy.reshape` has it."""
        if shape.kind == "tuple":
            sizes = [self.size(text) for text in str(shape.value).strip("()").split(", ")]
        else:
            sizes = [whole_number(self.eval(shape))]
        return held(np.reshape(plain(self.eval(body)), sizes))

    def padded(self, body: SyntaxNode, margins: SyntaxNode) -> Value:
        """Zeros before and after, as `numpy.pad` has them."""
        pairs = [
            part.split(", ") for part in re.findall(r"[^()]+, [^()]+(?=\))", str(margins.value))
        ]
        widths = [tuple(self.size(text.strip("(")) for text in pair) for pair in pairs]
        return held(np.pad(plain(self.eval(body)), widths if len(widths) > 1 else widths[0]))


# How many arguments the forms have whose sizes are read here.
_FORMS: dict[str, Callable[..., Any]] = {
    "tril": lambda body, k=0: body,
    "triu": lambda body, k=0: body,
    "pad": lambda body, margins: body,
    "reshape": lambda body, shape: body,
    "onehot": lambda places: places,
}
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
}
_CONSTANTS = {"π": pi, "e": e}
_RELATION: dict[str, Callable[..., Any]] = {
    ">": lambda a, b: (a > b) * 1.0,
    "<": lambda a, b: (a < b) * 1.0,
    "≥": lambda a, b: (a >= b) * 1.0,
    "≤": lambda a, b: (a <= b) * 1.0,
    "=": lambda a, b: (a == b) * 1.0,
    "≠": lambda a, b: (a != b) * 1.0,
}


def letter_lengths(piece: SyntaxNode, known: Mapping[str, Value]) -> Iterator[tuple[str, int]]:
    """How far each subscript runs, by the arrays that carry it."""
    if piece.kind == "at" and piece.parts[0].kind == "name":
        array = known.get(str(piece.parts[0].value))
        places: Sequence[Any] = piece.value  # type: ignore[assignment]
        if array is not None:
            yield from (
                (p, s)
                for p, s in zip(places, plain(array).shape, strict=False)
                if p is not None and p.isalpha()
            )
    for part in piece.parts:
        yield from letter_lengths(part, known)


def joined_lengths(
    piece: SyntaxNode, lengths: Mapping[str, int]
) -> Iterator[tuple[str, int]]:
    """How far a letter runs that is equal to others read together: [ij = m] says m of i and j."""
    if piece.kind == "relation" and piece.value == "=" and {p.kind for p in piece.parts} == {"name"}:
        sides = [str(part.value) for part in piece.parts]
        unknown = [letter for side in sides for letter in side if letter not in lengths]
        if len(unknown) == 1 and any(len(side) > 1 for side in sides):
            here, there = sorted(sides, key=lambda side: unknown[0] not in side)
            whole = prod(lengths[letter] for letter in there)
            yield unknown[0], whole // max(1, prod(lengths.get(letter, 1) for letter in here))
    for part in piece.parts:
        yield from joined_lengths(part, lengths)


@lru_cache(4096)
def _guesses(piece: SyntaxNode) -> bool:
    """Whether something in it has no size of its own, so that every evaluation asks for one."""
    asks = piece.kind in ("ones", "identity", "unit") or piece.value == "onehot"
    return asks or any(map(_guesses, piece.parts))
