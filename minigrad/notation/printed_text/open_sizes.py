"""What has no size of its own, 𝟏, I and unit vectors: neighbours say it, or sizes are tried out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property, reduce
from math import prod
from typing import Any

import numpy as np

from minigrad.notation.printed_text.grammar import SyntaxNode
from minigrad.notation.printed_text.letters import Letters, UnsizedError
from minigrad.notation.printed_text.values import (
    ONES,
    Block,
    Value,
    elementwise,
    is_scalar,
    plain,
    times,
    vector,
    whole_number,
)

_SIGNS: dict[str, Callable[..., Any]] = {"⊙": np.multiply, "⊘": np.divide}


class OpenSizes(Letters):
    """Products and sums in which some factors and terms are as large as what is beside them."""

    shape: tuple[int, ...] | None  # of the result, where it is known
    guesses: list[int]
    used = 0  # how many sizes were asked for
    wanted: tuple[int, ...] = ()  # the shape of what is read next, where it is known
    told: int | None = None  # the size of what is read next, where its neighbours say it

    @cached_property
    def choices(self) -> list[int]:
        """The sizes that the text may mean, none where no size is known at all."""
        told = {s for v in self.known.values() for s in plain(v).shape} | {*self.sizes.values()}
        if not told and self.shape is None:
            return []
        shape = self.shape or ()
        return sorted(told | {*shape, prod(shape)})

    def next_guess(self) -> bool:
        """Change the last size that was asked for; what failed early is not tried with other sizes later."""
        del self.guesses[self.used :]
        while self.guesses:
            at = self.choices.index(self.guesses.pop()) + 1
            if at < len(self.choices):
                self.guesses.append(self.choices[at])
                return True
        return False

    def product(self, parts: Sequence[SyntaxNode]) -> Value:
        """The product; a unit vector or I is as large as the neighbour that it meets."""
        wanted, self.wanted = self.wanted, ()
        if not any(map(_is_open, parts)):  # sizes that do not fit show early
            return reduce(lambda left, part: times(left, self.eval(part)), parts[1:], self.eval(parts[0]))
        values: list[Value] = [None if _is_open(part) else self.eval(part) for part in parts]
        matrices = [k for k, v in enumerate(values) if v is None or not is_scalar(v)]
        for at, k in enumerate(matrices):
            if values[k] is None:
                before = values[matrices[at - 1]] if at else None
                after = values[matrices[at + 1]] if at + 1 < len(matrices) else None
                turned = parts[k].kind == "transpose"
                self.told = _inner(before, after, parts[k], turned)
                if self.told is None:
                    self.told = _outer(at, len(matrices), turned, wanted)
                values[k] = self.eval(parts[k])
                self.told = None
        return reduce(times, values)

    def terms(self, parts: Sequence[SyntaxNode]) -> list[Value]:
        """The terms of a sum; I is as large as the matrices beside it."""
        values = [None if p.kind == "identity" else self.eval(p) for p in parts]
        sizes = [v.array.shape[0] for v in values if isinstance(v, Block) and _is_whole(v)]
        for k, part in enumerate(parts):
            if values[k] is None:
                self.told = sizes[0] if sizes else None
                values[k] = self.eval(part)
                self.told = None
        return values

    def guess(self) -> int:
        if self.told is not None:
            told, self.told = self.told, None
            return told
        self.used += 1
        if not self.choices:
            raise UnsizedError("no size is known")
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

    def hadamard(self, piece: SyntaxNode) -> Value:
        wanted, self.wanted = self.wanted, ()
        signs: Sequence[str] = piece.value  # type: ignore[assignment]
        if not any(map(_is_open, piece.parts)):  # sizes that do not fit show early
            result = self.eval(piece.parts[0])
            for sign, part in zip(signs, piece.parts[1:], strict=True):
                result = elementwise(_SIGNS[sign], [result, self.eval(part)])
            return result
        values = [None if _is_open(part) else self.eval(part) for part in piece.parts]
        lengths = [v.length for v in values if isinstance(v, Block) and v.is_vector and not v.is_free]
        if len(wanted) == 1 and all(v is None or is_scalar(v) for v in values):
            lengths = [wanted[0]]
        for k, part in enumerate(piece.parts):
            if values[k] is None:  # beside a vector it is as long as that
                self.told = lengths[0] if lengths and part.kind == "unit" else None
                values[k] = self.eval(part)
                self.told = None
        result = values[0]
        for sign, value in zip(signs, values[1:], strict=True):
            result = elementwise(_SIGNS[sign], [result, value])
        return result


def _is_open(piece: SyntaxNode) -> bool:
    """A unit vector or the identity, also transposed: it has no size of its own."""
    piece = piece.parts[0] if piece.kind == "transpose" else piece
    return piece.kind in ("identity", "unit")


def _is_whole(value: Block) -> bool:
    """Whether it is a matrix whose sizes are known."""
    return not value.is_vector and not any(value.free)


def _outer(at: int, count: int, turned: bool, wanted: Sequence[int]) -> int | None:
    """The size of a column that a product begins with, or of a row that it ends with."""
    if count == 1 and len(wanted) == 1:
        return wanted[0]
    if count > 1 and len(wanted) == 2 and (at == count - 1 if turned else at == 0):
        return wanted[-1 if turned else 0]
    return None


def _inner(before: Value, after: Value, piece: SyntaxNode, turned: bool) -> int | None:
    """The size at which an open factor meets its neighbours, None where they do not say it."""
    square = "identity" in (piece.kind, *(p.kind for p in piece.parts))
    if (square or not turned) and isinstance(before, Block):
        if before.kind != "column" and not before.free[1]:
            return int(before.array.shape[1])
    if (square or turned) and isinstance(after, Block):
        if after.kind != "row" and not after.free[0]:
            return int(after.array.shape[0])
    return None
