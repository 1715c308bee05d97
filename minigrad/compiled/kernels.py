"""Operations as kernels: each one call of NumPy's that can write into memory that is there already.

==========  =====================================  ====================================================
kernel      parameters                             call
==========  =====================================  ====================================================
ufunc       (name,)                                np.name(a, b, out)
reduce      (name, axes, keep axes, start)         np.name.reduce(a, axes, None, out, keep axes, start)
matmul ...  ()                                     np.matmul(a, b, out), and matvec, vecdot
einsum      (labels of a, of b, of the result)     np.einsum(..., a, b, out=out)
choose      ()                                     a, with c where b is true
exp_where   ()                                     exp(a) where b is true, 0 where c is
copy        (sizes,)                               the elements in a row
==========  =====================================  ====================================================

Views (permute, expand, reshape, index, broadcast, diagonal) stay as they are, and what has no kernel is an
expression.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from minigrad.compiled.memory import SMALL
from minigrad.compiled.sized import elements, shape_of
from minigrad.index.expr import Number
from minigrad.program.functions import MEANINGS, OF_SCIPY, TRUTHS
from minigrad.program.value import Kind, Value, broadcast, in_order
from minigrad.program.value_builder import ValueBuilder

# What a maximum starts from and a sum of exponentials: a row of −∞ has the softmax 0.
LOWEST, TINY = "lowest", "tiny"
# Functions that are one ufunc, by its name; NumPy's step takes its value at 0 as well.
_UFUNCS = {name: name for name in OF_SCIPY} | {
    name: ufunc.__name__
    for name in (*MEANINGS, *TRUTHS)
    if isinstance(ufunc := getattr(np, name, None), np.ufunc) and name != "heaviside"
}
_MOST_REPEATED = 4
# A sum of more elements is done by NumPy in pairs, which rounds less.
_LONGEST_SUM = 4096


def kernels(builder: ValueBuilder, results: Sequence[Value]) -> tuple[Value, ...]:
    """The results in kernels, as values of the builder."""
    made = _Kernels(builder)
    for value in in_order(results):
        made.done[value] = made.kernel(value)
    return tuple(made.done[result] for result in results)


class _Kernels:
    def __init__(self, builder: ValueBuilder) -> None:
        self.builder = builder
        self.done: dict[Value, Value] = {}

    def kernel(self, value: Value) -> Value:
        args = [self.done[arg] for arg in value.args]
        make = _LOWERED.get(value.op)
        found = make(self, value, args) if make is not None and value.kind != "weak" else None
        if found is None:
            found = self.builder.make(value.op, args, value.params, value.sizes, value.kind)
        if found.sizes != value.sizes:  # a factor repeated along axes that it has not
            found = self.builder.make("broadcast", (found,), (value.sizes,), value.sizes)
        return found

    # -- elementwise -----------------------------------------------------------------------------------

    def ufunc(self, name: str, *args: Value, kind: Kind = "float") -> Value:
        return self.builder.make("ufunc", args, (name,), broadcast(args), kind)

    def number(self, number: Number) -> Value:
        return self.builder.number(number)

    def add(self, value: Value, args: Sequence[Value]) -> Value | None:
        terms = list(zip(value.params[0], args, strict=True))
        terms.sort(key=lambda term: (elements(term[1]), term[0] != 1))
        first = next((k for k, (c, _) in enumerate(terms) if c == 1), None)
        if first is None:
            first = 0
        coef, total = terms.pop(first)
        if coef != 1:
            total = self.ufunc("negative", total) if coef == -1 else self.scaled(coef, total)
        for coef, term in terms:
            if coef in (1, -1):
                total = self.ufunc("add" if coef == 1 else "subtract", total, term)
            else:
                name = "add" if coef > 0 else "subtract"
                total = self.ufunc(name, total, self.scaled(abs(coef), term))
        return total

    def scaled(self, coef: Number, value: Value) -> Value:
        if value.op == "number":
            return self.number(coef * value.params[0])
        inverse = 1 / Fraction(coef) if isinstance(coef, Fraction) and coef.numerator == 1 else None
        if inverse is not None and inverse.denominator == 1 and not _is_power_of_two(inverse):
            return self.ufunc("divide", value, self.number(int(inverse)))
        return self.ufunc("multiply", value, self.number(coef))

    def multiply(self, value: Value, args: Sequence[Value]) -> Value | None:
        coef, exponents = value.params
        parts = list(zip(args, exponents, strict=True))
        parts.sort(key=lambda part: (elements(part[0]), part[0].kind == "bool"))
        above = [self.power(v, e) for v, e in parts if e > 0]
        below = [self.power(v, -e) for v, e in parts if e < 0]
        if not above:
            first, *below = below
            total = self.ufunc("divide", self.number(coef), first)
            coef = 1
        else:
            total, *rest = above
            if total.kind == "float" and coef not in (1, -1):
                total, coef = self.scaled(coef, total), 1
            for factor in rest:
                total = self.ufunc("multiply", total, factor)
        for factor in below:
            total = self.ufunc("divide", total, factor)
        if coef == -1:
            return self.ufunc("negative", total)
        return total if coef == 1 else self.scaled(coef, total)

    def power(self, value: Value, exponent: int | Fraction) -> Value:
        if exponent == 1:
            return value
        if exponent == 2:
            return self.ufunc("multiply", value, value)
        if exponent == Fraction(1, 2):
            return self.ufunc("sqrt", value)
        if isinstance(exponent, int) and exponent <= _MOST_REPEATED:
            return self.ufunc("multiply", self.power(value, exponent - 1), value)
        return self.ufunc("power", value, self.number(exponent))

    def apply(self, value: Value, args: Sequence[Value]) -> Value | None:
        (name,) = value.params
        if not isinstance(name, str):
            return None
        if name in _UFUNCS:
            return self.ufunc(_UFUNCS[name], *args, kind=value.kind)
        one = self.number(1)
        match name:
            case "relu":
                return self.ufunc("maximum", args[0], self.number(0))
            case "softplus":
                return self.ufunc("logaddexp", args[0], self.number(0))
            case "sigmoid":  # at x = -800 the exponential is infinite, and its inverse is the right 0
                e = self.ufunc("exp", self.ufunc("negative", args[0]))
                return self.ufunc("divide", one, self.ufunc("add", e, one))
            case "heaviside":
                return self.ufunc("heaviside", args[0], self.number(Fraction(1, 2)))
            case "where" if args[1].sizes == value.sizes and args[2].op == "number":
                mask = self.ufunc("logical_not", args[0], kind="bool")
                return self.builder.make("choose", (args[1], mask, args[2]), (), value.sizes)
        return None

    # -- along axes ------------------------------------------------------------------------------------

    def reduce(
        self, name: str, value: Value, axes: tuple[int, ...], keep: bool = False, start: str = ""
    ) -> Value:
        sizes = [1 if k in axes else s for k, s in enumerate(value.sizes) if keep or k not in axes]
        return self.builder.make("reduce", (value,), (name, axes, keep, start), sizes)

    def reduction(self, value: Value, args: Sequence[Value]) -> Value | None:
        name = {"sum": "add", "prod": "multiply", "max": "maximum"}[value.op]
        (array,), (axes,) = args, value.params
        if array.kind != "float":
            return None
        if name == "add" and self.has_long_rows(array, axes):
            return self.row_sums(array)
        return self.reduce(name, array, axes)

    def has_long_rows(self, value: Value, axes: tuple[int, ...]) -> bool:
        """Whether the sum is over the last axis of several rows, short enough for a plain sum to be exact."""
        return value.ndim > 1 and axes == (value.ndim - 1,) and 1 < shape_of(value)[-1] <= _LONGEST_SUM

    def row_sums(self, value: Value) -> Value:
        """The sum over the last axis, as a product with ones: one call for all rows."""
        *lead, n = shape_of(value)
        ones = self.builder.make("ones", (), (), (n,))
        rows = math.prod(lead)
        flat = self.builder.reshape(value, (rows, n))
        return self.builder.reshape(self.builder.make("matmul", (flat, ones), (), (rows,)), lead)

    def softmax(self, value: Value, args: Sequence[Value]) -> Value | None:
        (axes,) = value.params
        top = self.reduce("maximum", args[0], axes, True, LOWEST)
        e = self.exp(self.ufunc("subtract", args[0], top), self.dead(args[0]))
        if self.has_long_rows(e, axes) and (e.ndim == 2 or elements(e) > SMALL):
            total = self.builder.expand(self.row_sums(e), axes)
            if not _is_product(args[0]):  # a row may be masked as a whole
                total = self.ufunc("maximum", total, self.builder.make("tiny", (), (), (), "weak"))
        else:
            total = self.reduce("add", e, axes, True, TINY)
        return self.ufunc("divide", e, total)

    def dead(self, scores: Value) -> Value | None:
        """Where scores are −∞ by a smaller mask, of truth values or added; None where there is none."""
        if scores.op == "choose" and scores.args[2] == self.number(-math.inf):
            return scores.args[1]
        if scores.op == "ufunc" and scores.params == ("add",):
            for mask in scores.args:
                if mask.op == "variable" and mask.ndim > 1 and 4 * elements(mask) <= elements(scores):
                    return self.ufunc("equal", mask, self.number(-math.inf), kind="bool")
        return None

    def exp(self, value: Value, dead: Value | None) -> Value:
        """The exponential, 0 where it is dead: NumPy takes longer over −∞ than over numbers."""
        if dead is None:
            return self.ufunc("exp", value)
        live = self.ufunc("logical_not", dead, kind="bool")
        return self.builder.make("exp_where", (value, live, dead), (), value.sizes)


def _is_product(scores: Value) -> bool:
    """Whether scores are a product, or a number times one: no mask is in them."""
    while scores.op == "ufunc" and any(arg.op == "number" for arg in scores.args):
        scores = next(arg for arg in scores.args if arg.op != "number")
    return scores.op == "matmul"


def _is_power_of_two(value: Fraction) -> bool:
    n = value.numerator
    return n & (n - 1) == 0


_LOWERED: dict[str, Callable[[_Kernels, Value, Sequence[Value]], Any]] = {
    "add": _Kernels.add,
    "multiply": _Kernels.multiply,
    "apply": _Kernels.apply,
    "sum": _Kernels.reduction,
    "prod": _Kernels.reduction,
    "max": _Kernels.reduction,
    "softmax": _Kernels.softmax,
}
