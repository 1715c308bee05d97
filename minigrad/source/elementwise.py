"""Numbers, sums, products, functions and reductions as expressions of an array library."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from minigrad.index.expr import Number
from minigrad.index.numbers import times
from minigrad.program import Value
from minigrad.program.functions import COMPARISONS, POLYGAMMA
from minigrad.source.axes import axis_text
from minigrad.source.dialect import Context, Texts
from minigrad.source.pieces import (
    ADD,
    ATOM,
    COMPARE,
    POWER,
    UNARY,
    Part,
    Text,
    call,
    number_text,
    product_text,
    sum_text,
)


def _number(value: Value, at: Context) -> Text:
    return number_text(value.params[0], at.dialect.module)


def _constant(value: Value, at: Context) -> Text:
    return Text(f"{at.dialect.module}.{value.params[0].lower()}")


def _size(value: Value, at: Context) -> Text:
    return at.size(value.params[0])


def _add(value: Value, at: Context) -> Text:
    terms = [_term(c, arg, at) for c, arg in _terms(1, value, at)]
    return sum_text(terms)


def _terms(sign: Number, value: Value, at: Context) -> list[tuple[Number, Value]]:
    """The terms of a sum, sums written in place among them opened."""
    found: list[tuple[Number, Value]] = []
    for coef, arg in zip(value.params[0], value.args, strict=True):
        coef = coef * sign
        if arg.op == "add" and at.is_inline(arg) and abs(coef) == 1:
            found.extend(_terms(coef, arg, at))
        else:
            found.append((coef, arg))
    return found


def _term(coef: Number, value: Value, at: Context) -> Text:
    if value.op == "number":
        return number_text(coef * value.params[0], at.dialect.module)
    if value.op == "multiply" and at.is_inline(value):
        inner, parts = _factors(value, at)
        return _product(coef * inner, parts, at)
    return product_text(coef, [_part(value, 1, at)], at.dialect.module)


def _multiply(value: Value, at: Context) -> Text:
    coef, parts = _factors(value, at)
    return _product(coef, parts, at)


def _norm(value: Value, at: Context) -> Text | None:
    """The norm whose square the value is, written in place: the sum of all squares of something."""
    if value.op != "sum" or value.ndim or not at.is_inline(value):
        return None
    square = value.args[0]
    if square.op != "multiply" or square.params != (1, (2,)) or not at.is_inline(square):
        return None
    return call(at.dialect.function("linalg.norm"), at.text(square.args[0]).text)


def scaled_by(value: Value, factor: Text, at: Context) -> Text:
    """The value times something that has no value of its own, a product's divisors staying below."""
    opens = value.op == "multiply" and at.is_inline(value)
    coef, parts = _factors(value, at) if opens else (1, [(value, 1)])
    made = [_part(v, e, at) for v, e in parts]
    return product_text(coef, [*made, Part(factor)], at.dialect.module)


def _factors(value: Value, at: Context) -> tuple[Number, list[tuple[Value, Any]]]:
    """The factors of a product, products written in place among them opened."""
    coef, exponents = value.params
    found: list[tuple[Value, Any]] = []
    for arg, exponent in zip(value.args, exponents, strict=True):
        whole = arg.ndim in (0, value.ndim)  # vectors are multiplied before they are repeated
        inside = arg.op == "multiply" and at.is_inline(arg) and whole
        if inside and (exponent == 1 or (exponent == -1 and arg.params[0] == 1)):
            inner, parts = _factors(arg, at)
            coef = coef * inner
            found.extend((v, e * exponent) for v, e in parts)
        else:
            found.append((arg, exponent))
    return coef, found


def _product(
    coef: Number, parts: Sequence[tuple[Value, Any]], at: Context, kept: Sequence[int] | None = None
) -> Text:
    """A product; with ``kept``, these axes of what is reduced in it stay, with length 1."""
    coef, parts, means = _means(coef, parts, at, kept is not None)
    made = [Part(text, scalar=value.ndim == 0) for value, text in means]
    outer = _outer(parts, at) if kept is None else None
    if outer is not None:
        text, parts = outer
        made.append(Part(text))
    for value, exponent in parts:
        norm = _norm(value, at) if abs(exponent) == Fraction(1, 2) else None
        if norm is not None:
            made.append(Part(norm, 1 if exponent > 0 else -1, True))
            continue
        part = _part(value, exponent, at)
        whole = kept_axes(value, kept, at) if kept is not None else None
        made.append(part._replace(text=whole or part.text))
    return product_text(coef, made, at.dialect.module)


def _means(
    coef: Number, parts: Sequence[tuple[Value, Any]], at: Context, keepdims: bool
) -> tuple[Number, list[tuple[Value, Any]], list[tuple[Value, Text]]]:
    """Sums written in place that are divided by the sizes they run over."""
    left, found = list(parts), []
    for value, exponent in parts:
        if value.op != "sum" or exponent != 1 or not at.is_inline(value):
            continue
        sizes = [value.args[0].sizes[axis] for axis in value.params[0]]
        divisors = [
            next(
                (p for p in left if p[0].op == "size" and p[0].params[0] == s and p[1] == -1), None
            )
            for s in sizes
            if not isinstance(s, int)
        ]
        count = math.prod(s for s in sizes if isinstance(s, int))
        quotient = Fraction(coef) * count if not isinstance(coef, float) else None
        if None in divisors or len(set(divisors)) < len(divisors) or (
            count != 1 and (not count or quotient is None or Fraction(coef).denominator % count)
        ):  # fmt: skip
            continue
        left = [p for p in left if p not in divisors and p != (value, exponent)]
        coef = coef if count == 1 or quotient is None else times(1, quotient)
        found.append((value, _reduction(value, at, keepdims, "mean")))
    return coef, left, found


def _outer(
    parts: Sequence[tuple[Value, Any]], at: Context
) -> tuple[Text, list[tuple[Value, Any]]] | None:
    """A column times a row is an outer product."""
    columns = [
        v for v, e in parts if v.op == "expand" and v.ndim == 2 and v.args[0].ndim == 1 and e == 1
    ]
    rows = [v for v, e in parts if v.ndim == 1 and e == 1]
    others = [(v, e) for v, e in parts if v not in columns and v not in rows]
    if len(columns) != 1 or len(rows) != 1 or any(v.ndim for v, _ in others):
        return None
    if rows[0].kind == "bool" or columns[0].kind == "bool":
        return None
    outer = at.dialect.function("outer")
    return call(outer, at.text(columns[0].args[0]).text, at.text(rows[0]).text), others


def _part(value: Value, exponent: Any, at: Context) -> Part:
    return Part(
        at.text(value), exponent, value.ndim == 0, value.kind == "weak", value.kind == "bool"
    )


def _apply(value: Value, at: Context) -> Text:
    text = _called(value, at)
    # a choice between numbers, or a function of them, would be a float64 that widens its company
    if value.kind == "weak":
        return text if text.strength == POWER else call("float", text.text)
    if value.params == ("where",) and all(arg.kind == "weak" for arg in value.args[1:]):
        return at.dialect.cast(text, "float", at)
    return text


def is_python(value: Value) -> bool:
    """Whether the value is a number, or a truth value, of Python's own: it is made of sizes and numbers."""
    return value.kind == "weak" or (value.op == "apply" and all(v.kind == "weak" for v in value.args))


def _called(value: Value, at: Context) -> Text:
    (name,) = value.params
    args = [at.text(arg) for arg in value.args]
    if name in COMPARISONS:
        if value.args[0].op == "number":  # x <= 0 rather than 0 >= x
            name, args = COMPARISONS[name].mirrored, args[::-1]
        return Text(f"{args[0].within(ADD)} {COMPARISONS[name].sign} {args[1].within(ADD)}", COMPARE)
    if name == "logical_not" and value.args[0].op == "apply":
        return Text(f"~{args[0].within(ATOM)}", UNARY)
    if name == "power":
        if value.kind == "weak" and value.args[0].op == "number":
            # Python raises at 0**(-2) and is complex at (-2)**0.5
            power = at.spoken(value).function("power")
            return call(power, call("float", args[0].text).text, args[1].text)
        return Text(f"{args[0].within(ATOM)}**{args[1].within(POWER)}", POWER)
    if name.startswith(POLYGAMMA):
        name, order = "polygamma", name.removeprefix(POLYGAMMA)
        return at.spoken(value).apply(name, [Text(order), *args], [], at)
    return at.spoken(value).apply(name, args, value.args, at)


def _cast(value: Value, at: Context) -> Text:
    (arg,) = value.args
    if is_python(arg) and at.dialect is not at.spoken(arg):
        return at.dialect.created("array", [at.text(arg).text], "float", at)  # Python's own truth
    return at.dialect.cast(at.text(arg), "float", at, scalar=arg.ndim == 0)


def kept_axes(value: Value, axes: Sequence[int], at: Context) -> Text | None:
    """The value with axes of length 1 where a reduction written in place has just summed them."""
    if value.ndim == 0:
        return at.text(value)
    if not at.is_inline(value):
        return None
    if value.op in ("sum", "max", "prod"):
        arg = value.args[0]
        n = arg.ndim
        if value.params[0] != tuple(axes):
            return None
        return _reduction(value, at, keepdims=True) if n else None
    if value.op == "multiply":
        coef, parts = _factors(value, at)
        if any(kept_axes(v, axes, at) is None for v, _ in parts):
            return None
        return _product(coef, parts, at, axes)
    if value.op == "add":
        found = []
        for coef, arg in _terms(1, value, at):
            text = kept_axes(arg, axes, at)
            if text is None:
                return None
            found.append(
                number_text(coef * arg.params[0], at.dialect.module) if arg.op == "number"
                else _kept_term(coef, arg, axes, at)
            )  # fmt: skip
        return sum_text(found)
    return None


def _kept_term(coef: Number, value: Value, axes: Sequence[int], at: Context) -> Text:
    if value.op == "multiply" and at.is_inline(value):
        inner, parts = _factors(value, at)
        return _product(coef * inner, parts, at, axes)
    whole = kept_axes(value, axes, at) or at.text(value)
    return product_text(coef, [Part(whole)], at.dialect.module)


def _reduce(value: Value, at: Context) -> Text:
    return _reduction(value, at, keepdims=False)


def _reduction(value: Value, at: Context, keepdims: bool, function: str = "") -> Text:
    arg, (axes,) = value.args[0], value.params
    if (
        value.op == "sum"
        and not function
        and arg.op == "diagonal"
        and arg.params[0] == (0, 0)
        and at.is_inline(arg)
    ):
        return call(at.dialect.function("trace"), at.text(arg.args[0]).text)
    over = "" if len(axes) == arg.ndim else axis_text(axes, arg.ndim)
    return at.dialect.reduced(function or value.op, at.text(arg), over, keepdims)


TEXTS: Texts = {
    "number": _number,
    "constant": _constant,
    "size": _size,
    "add": _add,
    "multiply": _multiply,
    "apply": _apply,
    "cast": _cast,
    "sum": _reduce,
    "max": _reduce,
    "prod": _reduce,
}
