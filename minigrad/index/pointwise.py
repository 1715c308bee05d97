"""Scalar SymPy expressions over indices become sums, products and maps of nodes of one shape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from minigrad.errors import DerivationError
from minigrad.index import facts, heads
from minigrad.index.algebra import add, constant, subtract
from minigrad.index.contract import contract
from minigrad.index.expr import Expr, Head, Leaf, Map
from minigrad.index.numbers import number
from minigrad.index.size import AnySize


def apply_head(head: Head, args: Sequence[Expr]) -> Expr:
    """``head(a[i], b[i], ...)``; sums, products and fixed powers are written as such."""
    if heads.is_algebra(head):
        return pointwise(
            heads.expression(head), dict(zip(heads.symbols(), args, strict=False)), args[0].sizes
        )
    if len(args) == 1 and heads.on_positive(head) is not None and facts.positive(args[0]):
        value = heads.on_positive(head)  # |x| is x, sign(x) is 1
        return args[0] if value.is_Symbol else constant(_exact(value), args[0].sizes)
    return Map(head, tuple(args))


def pointwise(expr: Any, values: Mapping[Any, Expr], sizes: Sequence[AnySize]) -> Expr:
    """The node that is ``expr`` in every element, with nodes for its symbols."""
    s = heads.sympy()
    labels = range(len(sizes))

    def build(e: Any) -> Expr:
        if e in values:
            return values[e]
        if e.is_Number:
            return constant(_exact(e), sizes)
        if e.is_NumberSymbol:
            return contract(
                labels,
                [(Leaf(str(e), kind="constant"), ())],
                1,
                dict(zip(labels, sizes, strict=True)),
            )
        if e.is_Add:
            return add([(1, build(term)) for term in _ordered(e)])
        if e.is_Mul:
            return contract(labels, [(build(part), labels) for part in _ordered(e)])
        if e.is_Pow and e.exp.is_Rational:
            exponent = Fraction(int(e.exp.p), int(e.exp.q))
            return contract(labels, [(build(e.base), labels, exponent)])
        if isinstance(e, s.Piecewise):
            return piecewise(list(e.args))
        if isinstance(e, s.Heaviside):
            return Map(heads.STEP, (build(e.args[0]),))
        if e.is_Pow:
            return Map(Head("power", "x**y"), (build(e.base), build(e.exp)))
        if e.is_Function and e.args:
            return apply_head(_head_of(e), [build(arg) for arg in e.args])
        raise DerivationError(f"{e}: this has no form in index notation")

    def piecewise(pieces: list[Any]) -> Expr:
        (value, condition), rest = pieces[0], pieces[1:]
        if condition == True or not rest:  # noqa: E712 (SymPy's true is not Python's)
            return build(value)
        truth, other = condition_node(condition), piecewise(rest)
        if value == 1 and other == constant(0, sizes):
            return truth
        return Map(heads.WHERE, (truth, build(value), other))

    def condition_node(condition: Any) -> Expr:
        if condition.is_Symbol:
            return values[condition]
        if isinstance(condition, s.Ne) and condition.rhs == 0 and condition.lhs in values:
            return values[condition.lhs]
        if isinstance(condition, s.Eq):
            return Map(heads.EQUAL, (build(condition.lhs), build(condition.rhs)))
        if isinstance(condition, s.Ne):
            return subtract(
                constant(1, sizes), Map(heads.EQUAL, (build(condition.lhs), build(condition.rhs)))
            )
        if isinstance(condition, s.And):
            return contract(labels, [(condition_node(c), labels) for c in condition.args])
        if isinstance(condition, (s.Gt, s.Ge, s.Lt, s.Le)):
            strict = isinstance(condition, (s.Gt, s.Lt))
            head = heads.GREATER if strict else heads.GREATER_EQUAL
            return Map(head, (build(condition.gts), build(condition.lts)))
        raise DerivationError(f"{condition}: this condition has no form in index notation")

    return build(expr)


def _head_of(call: Any) -> Head:
    """The head of a SymPy function call: a row's own where one has that meaning."""
    name = type(call).__name__
    if name.startswith("head:"):
        return heads.KNOWN[name.removeprefix("head:")]
    text = f"{name}({', '.join(heads.ARGUMENTS[: len(call.args)])})"
    known = next((head for head in heads.KNOWN.values() if head.text == text), None)
    return known or Head(name.lower(), text)


def _ordered(e: Any) -> list[Any]:
    return list(e.as_ordered_terms() if e.is_Add else e.as_ordered_factors())


def _exact(e: Any) -> Any:
    if e.is_Rational:
        return number(Fraction(int(e.p), int(e.q)))
    return number(float(e))
