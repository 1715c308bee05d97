"""Programs for arrays of known sizes: dims become numbers, and what numbers alone decide is decided."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any, cast

from minigrad.index.expr import Head, Number
from minigrad.index.matrix_row import MatrixRow
from minigrad.index.numbers import as_float, exact_power, times
from minigrad.index.size import Size, value_of
from minigrad.program.arithmetic import FLOATS
from minigrad.program.float_functions import float_function
from minigrad.program.value import Value, in_order
from minigrad.program.value_builder import ValueBuilder


def sized(
    builder: ValueBuilder, results: Sequence[Value], sizes: Mapping[str, int]
) -> tuple[Value, ...]:
    """The results with numbers for the sizes that are known, in values of the builder."""
    done: dict[Value, Value] = {}

    def number(part: Any) -> Any:
        return _with_numbers(part, sizes)

    for value in in_order(results):
        args = [done[arg] for arg in value.args]
        shape = number(value.sizes)
        if value.op == "size" and isinstance(made := number(value.params[0]), int):
            done[value] = builder.number(made)
            continue
        new = builder.make(value.op, args, number(value.params), shape, value.kind)
        constant = _constant(new)
        done[value] = new if constant is None else builder.number(constant)
    return tuple(done[result] for result in results)


def shape_of(value: Value) -> tuple[int, ...]:
    """The sizes of a value of a program that is for arrays of known sizes."""
    return cast("tuple[int, ...]", value.sizes)


def elements(value: Value) -> int:
    """How many elements the array has."""
    return math.prod(shape_of(value))


def _with_numbers(part: Any, sizes: Mapping[str, int]) -> Any:
    """Parameters of an operation with numbers for sizes, however deep they stand."""
    if isinstance(part, Size):
        return value_of(part, sizes) if part.names() <= sizes.keys() else part
    if isinstance(part, tuple) and not isinstance(part, (Head, MatrixRow)):
        inner = [_with_numbers(each, sizes) for each in part]
        return type(part)(*inner) if hasattr(part, "_fields") else tuple(inner)
    return part


def _constant(value: Value) -> Number | None:
    """The number that a value of numbers is."""
    if value.kind != "weak" or value.op == "number":
        return None
    if value.op == "constant":
        return FLOATS.constant(value.params[0])
    if not value.args or any(arg.op != "number" for arg in value.args):
        return None
    numbers = [arg.params[0] for arg in value.args]
    make = _BY_NUMBERS.get(value.op)
    return None if make is None else make(value, numbers)


def power(base: Number, exponent: int | Fraction) -> Number:
    """The number's power, exact where it can be."""
    exact = exact_power(base, exponent)
    if exact is not None:
        return exact
    try:
        found = as_float(base) ** float(exponent)
    except (ZeroDivisionError, OverflowError):
        return math.inf
    return found if isinstance(found, float) else math.nan


def _added(value: Value, numbers: Sequence[Number]) -> Number:
    return sum(times(c, x) for c, x in zip(value.params[0], numbers, strict=True))


def _multiplied(value: Value, numbers: Sequence[Number]) -> Number:
    coef, exponents = value.params
    for x, exponent in zip(numbers, exponents, strict=True):
        coef = times(coef, power(x, exponent))
    return coef


def _applied(value: Value, numbers: Sequence[Number]) -> Number | None:
    (function,) = value.params
    if isinstance(function, Head):
        return None
    return float(float_function(function)(*map(as_float, numbers)))


_BY_NUMBERS: dict[str, Callable[[Value, Sequence[Number]], Number | None]] = {
    "add": _added,
    "multiply": _multiplied,
    "apply": _applied,
}
