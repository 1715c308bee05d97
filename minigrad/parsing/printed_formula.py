"""One formula of a text, piece by piece, on tensors."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from math import e, inf, nan, pi
from typing import Any

from minigrad import ops
from minigrad.errors import ArgumentError, ShapeError
from minigrad.graph import Tensor
from minigrad.index.size import Size
from minigrad.notation.printed_text.grammar import Statement, SyntaxNode
from minigrad.notation.printed_text.ranges import bounds
from minigrad.parsing.create import number, ones, zeros
from minigrad.parsing.printed_calls import called
from minigrad.parsing.printed_letters import Letters
from minigrad.parsing.printed_values import (
    IDENTITY,
    Value,
    all_ones,
    closed,
    elementwise,
    held,
    mapped,
    of_identities,
    of_unit,
    product,
    summed,
    total,
    transposed,
)

CONSTANTS = {"π": pi, "pi": pi, "e": e, "nan": nan, "inf": inf}
_RELATIONS: dict[str, Callable[..., Any]] = {
    "≥": ops.greater_equal,
    "≤": ops.less_equal,
    "≠": ops.not_equal,
    "=": ops.equal,
    ">": ops.greater,
    "<": ops.less,
}


class FormulaReader(Letters):
    """One formula."""

    def statement(self, statement: Statement) -> Value:
        """The value as a tensor, with the subscripts of the left side as its axes."""
        letters = [p for p in statement.places if p is not None]
        self.running = set(letters)
        self.target = self.target_of(statement.name)
        self.lengths = {
            **dict(bounds(statement.piece)),
            **{p: n for p, n in zip(statement.places, self.target or (), strict=False) if p},
            **dict(self.ranges(statement.piece)),
        }
        value = closed(self.as_large_as_told(self.value(statement.piece), letters))
        if letters:
            value = self.with_letters_first(value, letters)
        elif value.letters:
            raise ArgumentError(f"nothing says what {', '.join(value.letters)} runs over; write it on the left side")
        if not letters:
            tensor = value.tensor if isinstance(value.tensor, Tensor) else _on_graph(value.tensor)
            return Value(tensor, value.rank, of=value.of)
        own = iter(range(len(letters), value.tensor.ndim))
        places = [*statement.places, *[None] * (value.tensor.ndim - len(statement.places))]
        named = iter(range(len(letters)))
        order = tuple(next(own) if p is None else next(named) for p in places)
        tensor = value.tensor if order == tuple(sorted(order)) else ops.transpose(value.tensor, order)
        return held(tensor)

    def as_large_as_told(self, value: Value, letters: list[str]) -> Value:
        """A derivative's name says how large 𝟏 and I are."""
        if letters or self.target is None or not (value.free or value.is_identity):
            return value
        if value.is_identity and len(self.target) != 2:
            return value
        return elementwise(ops.add, [value, held(zeros(self.target))])

    def value(self, piece: SyntaxNode) -> Value:
        rule = getattr(self, f"_{_RULES.get(piece.kind, piece.kind)}", None)
        if rule is None:
            raise ArgumentError(f"{piece.value or piece.kind!r} is not read here; write it in NumPy's notation")
        return rule(piece)

    def values_of(self, piece: SyntaxNode) -> list[Value]:
        return [self.value(part) for part in piece.parts]

    # -- one kind of piece each ------------------------------------------------------------------------

    def _number(self, piece: SyntaxNode) -> Value:
        given: Any = piece.value
        if abs(given) > 1e308:
            raise ArgumentError("this number is too large for a float; write ∞ for infinity")
        if given and not float(given):
            raise ArgumentError("this number is nearer to 0 than floats can be; write 0")
        return Value(int(given) if given.denominator == 1 else float(given))

    def _infinity(self, piece: SyntaxNode) -> Value:
        return Value(inf)

    def _ones(self, piece: SyntaxNode) -> Value:
        return all_ones()

    def _identity(self, piece: SyntaxNode) -> Value:
        return IDENTITY

    def _name(self, piece: SyntaxNode) -> Value:
        name = str(piece.value)
        if name in self.running:
            return self.index(name)
        if name in self.values:
            return self.values[name]
        if name in CONSTANTS:
            return Value(CONSTANTS[name])
        raise ArgumentError(f"{name!r} was not introduced")

    def _size(self, piece: SyntaxNode) -> Value:
        return Value(self.size(str(piece.value)))

    def _tuple(self, piece: SyntaxNode) -> Value:
        tree = ast.parse(str(piece.value), mode="eval").body
        return Value(self.sizes(tree))

    def _sum(self, piece: SyntaxNode) -> Value:
        total_of, *rest = piece.parts
        value = self.value(total_of)
        # terms with the most axes say how far vectors among them are repeated
        values = [value, *(self.value(p.parts[0] if p.kind == "minus" else p) for p in rest)]
        signs = [False, *(p.kind == "minus" for p in rest)]

        def added(*terms: Any) -> Any:
            found = terms[0]
            for term, negative in zip(terms[1:], signs[1:], strict=True):
                found = (ops.subtract if negative else ops.add)(found, term)
            return found

        if any(v.is_identity for v in values) and all(v.is_identity or not v.rank for v in values):
            return of_identities(added, *values)
        return elementwise(added, values)

    def _minus(self, piece: SyntaxNode) -> Value:
        (value,) = self.values_of(piece)
        if not isinstance(value.tensor, Tensor):
            return replace(value, tensor=-value.tensor)
        if value.is_identity:
            return of_identities(ops.negative, value)
        return mapped(ops.negative, value)

    def _product(self, piece: SyntaxNode) -> Value:
        values = [None if _is_open_triangle(part) else self.value(part) for part in piece.parts]
        for k, part in enumerate(piece.parts):
            if values[k] is None:
                values[k] = self.triangle(part, values[k - 1] if k else None, *values[k + 1 : k + 2])
        value, *rest = self.with_units(values)  # type: ignore[arg-type]
        for other in rest:
            value = product(value, other)
        return value

    def triangle(self, piece: SyntaxNode, before: Value | None, after: Value | None = None) -> Value:
        """A triangle of ones is as large as the matrix or vector beside it."""
        if before is not None and before.rank:
            size = closed(before).sizes[-1]
        elif after is not None and after.rank:
            size = closed(after).sizes[0]
        else:
            raise ShapeError("the text does not say how large the triangle of ones is; write tril(ones((n, n)))")
        offset = [self.value(part) for part in piece.parts[1:]]
        return called(str(piece.value), [held(ones((size, size))), *offset], {})

    def with_units(self, values: list[Value]) -> list[Value]:
        """A product that begins or ends with a unit vector is as large as the derivative that it is."""
        if self.target is not None and len(self.target) == 2:
            for k, turned, size in ((0, False, self.target[0]), (-1, True, self.target[1])):
                if values[k].is_unit and values[k].turned == turned:
                    values[k] = of_unit(values[k], size)
        return values

    def _hadamard(self, piece: SyntaxNode) -> Value:
        values = self.values_of(piece)
        signs: Any = piece.value
        operations = {"⊙": ops.multiply, "⊘": ops.divide}

        def multiplied(*factors: Any) -> Any:
            found = factors[0]
            for factor, sign in zip(factors[1:], signs, strict=True):
                found = operations[sign](found, factor)
            return found

        return elementwise(multiplied, values)

    def _quotient(self, piece: SyntaxNode) -> Value:
        value, by = self.values_of(piece)
        if by.rank or by.is_identity:
            raise ShapeError(f"/ divides by a number, and this is {by.kind}; element by element write ⊘")
        if value.is_identity:
            return of_identities(ops.divide, value, by)
        return elementwise(ops.divide, [value, by])

    def _transpose(self, piece: SyntaxNode) -> Value:
        return transposed(self.value(piece.parts[0]))

    def _inverse(self, piece: SyntaxNode) -> Value:
        return self.inverted(self.value(piece.parts[0]))

    def inverted(self, value: Value) -> Value:
        if value.is_identity:
            return of_identities(ops.reciprocal, value)
        if value.rank != 2:
            raise ShapeError(f"⁻¹ is the inverse of a matrix, and this is {value.kind}")
        return Value(ops.linalg.inv(closed(value).tensor), 2, value.letters)

    def _power(self, piece: SyntaxNode) -> Value:
        (body,) = piece.parts
        exponent: Any = piece.value
        if exponent == 2 and body.kind == "norm":
            return total(ops.sum, self.powers(self.value(body.parts[0]), Fraction(2)))
        value = self.value(body)
        if exponent == Fraction(1, 2):
            return mapped(ops.sqrt, value)
        if exponent == -1 and value.rank == 2:
            return self.inverted(value)
        if value.rank or value.is_identity:
            raise ShapeError(
                f"a power of {value.kind} can be read in two ways; write ^⊙{exponent} for each element's, ‖x‖² for "
                "the sum of squares"
            )
        return self.powers(value, exponent)

    def _powers(self, piece: SyntaxNode) -> Value:
        exponent: Any = piece.value
        return self.powers(self.value(piece.parts[0]), exponent)

    def powers(self, value: Value, exponent: Fraction) -> Value:
        number_of = int(exponent) if exponent.denominator == 1 else float(exponent)
        return mapped(lambda x: ops.power(x, number_of), value)

    def _norm(self, piece: SyntaxNode) -> Value:
        return mapped(ops.sqrt, total(ops.sum, self.powers(self.value(piece.parts[0]), Fraction(2))))

    def _abs(self, piece: SyntaxNode) -> Value:
        return mapped(ops.abs, self.value(piece.parts[0]))

    def _relation(self, piece: SyntaxNode) -> Value:
        operation = _RELATIONS[str(piece.value)]
        return elementwise(lambda a, b: ops.where(operation(a, b), 1.0, 0.0), self.values_of(piece))

    def _delta(self, piece: SyntaxNode) -> Value:
        raise ArgumentError("δ has indices, δ_ij")

    def _at(self, piece: SyntaxNode) -> Value:
        (body,) = piece.parts
        places: Any = piece.value
        if body.kind == "delta":
            a, b, *more = (self.index(p) for p in places)
            if more:
                raise ArgumentError("δ of two indices is read")
            return elementwise(lambda x, y: ops.where(ops.equal(x, y), 1.0, 0.0), [a, b])
        value = closed(self.value(body))
        if len(places) > value.rank:
            raise ShapeError(f"{len(places)} subscripts on {value.kind}")
        if value.letters:
            raise ArgumentError("places of what has indices itself are not read; name it on a line above")
        letters = [p for p in places if p is not None and p in self.running]
        if len(set(letters)) < len(letters):
            return self.diagonal(value, places)
        index = tuple(
            slice(None) if p is None or p in letters else self.place(p) for p in places
        )
        tensor = value.tensor if all(i == slice(None) for i in index) else value.tensor[index]
        kept = [p for p, i in zip(places, index, strict=True) if isinstance(i, slice)]
        kept += [None] * (tensor.ndim - len(kept))
        order = sorted(range(len(kept)), key=lambda k: kept[k] not in letters)
        if order != list(range(len(kept))):
            tensor = ops.transpose(tensor, tuple(order))
        return Value(tensor, tensor.ndim - len(letters), tuple(p for p in kept if p in letters))

    def _big_sum(self, piece: SyntaxNode) -> Value:
        letters: Any = piece.value
        running = self.running
        self.running = running | set(letters)
        try:
            return summed(self.value(piece.parts[0]), letters)
        finally:
            self.running = running

    def _unit(self, piece: SyntaxNode) -> Value:
        text = piece.value
        place = self.place(str(text)) if text is not None else self.value(piece.parts[0]).tensor
        return Value(place, 1, is_unit=True)

    def _call(self, piece: SyntaxNode) -> Value:
        if piece.value == "onehot":
            return self.onehot(piece)
        return called(str(piece.value), self.values_of(piece), self.functions)


    def onehot(self, piece: SyntaxNode) -> Value:
        if len(piece.parts) != 1:
            raise ArgumentError(
                f"onehot takes one place, not {len(piece.parts)} arguments: onehot(argmax(x)) is as long as x"
            )
        (inner,) = piece.parts
        if inner.kind == "call" and inner.value in ("argmax", "rowargmax"):
            value = closed(self.value(inner.parts[0]))
            axis = None if inner.value == "argmax" else -1
            best = ops.where(ops.equal(value.tensor, ops.max(value.tensor, axis=axis, keepdims=True)), 1.0, 0.0)
            return Value(ops.divide(best, ops.sum(best, axis=axis, keepdims=True)), value.rank, value.letters)
        value = closed(self.value(inner))
        return Value(value.tensor, value.rank + 1, is_unit=True)


def _is_open_triangle(piece: SyntaxNode) -> bool:
    return piece.kind == "call" and piece.value in ("tril", "triu") and piece.parts[0].kind == "ones"


_RULES = {"/": "quotient", "Σ": "big_sum"}


def _on_graph(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value
    return ops.positive(value) if isinstance(value, Size) else number(value)
