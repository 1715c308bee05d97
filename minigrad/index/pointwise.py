"""Scalar SymPy expressions over indices become sums, products and maps of nodes of one shape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import isinf
from operator import eq, ge, gt
from typing import Any

from minigrad.errors import DerivationError
from minigrad.index import facts, heads
from minigrad.index.algebra import add, constant, sides, subtract
from minigrad.index.contract import contract, once
from minigrad.index.expr import Expr, Head, Leaf, Map, Product, is_constant
from minigrad.index.numbers import number
from minigrad.index.size import AnySize
from minigrad.index.undefined import of_sympy


def apply_head(head: Head, args: Sequence[Expr]) -> Expr:
    """``head(a[i], b[i], ...)``; sums, products, fixed powers and comparisons are written as such."""
    if heads.is_open(head):
        return pointwise(
            heads.expression(head), dict(zip(heads.symbols(), args, strict=False)), args[0].sizes
        )
    if len(args) == 1 and heads.on_positive(head) is not None and facts.positive(args[0]):
        value = heads.on_positive(head)  # |x| is x, sign(x) is 1
        return args[0] if value.is_Symbol else constant(_exact(value), args[0].sizes)
    return mapped(head, args)


def mapped(head: Head, args: Sequence[Expr]) -> Expr:
    """The map, of what its arguments do not only repeat."""
    return once(args, lambda own: Map(head, tuple(own)))


def pointwise(expr: Any, values: Mapping[Any, Expr], sizes: Sequence[AnySize]) -> Expr:
    """The node that is ``expr`` in every element, with nodes for its symbols."""
    s = heads.sympy()
    labels = range(len(sizes))

    def build(e: Any) -> Expr:
        if e in values:
            return values[e]
        if isinstance(e, s.logic.boolalg.Boolean):
            return truth(e)
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
            return mapped(heads.STEP, sides(build(e.args[0])))
        if e.is_Pow:
            return mapped(Head("power", "x**y"), (build(e.base), build(e.exp)))
        if e.is_Derivative or (
            isinstance(e, s.core.function.AppliedUndef) and e.func.__name__[:5] != "head:"
        ):
            head, arguments = of_sympy(e)
            return mapped(head, [build(arg) for arg in arguments])
        if isinstance(e, s.polygamma):
            return apply_head(_head_of_order(e), [build(e.args[1])])
        if e.is_Function and e.args:
            return apply_head(_head_of(e), [build(arg) for arg in e.args])
        raise DerivationError(f"{e}: this has no form in index notation")

    def piecewise(pieces: list[Any]) -> Expr:
        (value, condition), rest = pieces[0], pieces[1:]
        if condition == True or not rest:  # noqa: E712 (SymPy's true is not Python's)
            return build(value)
        holds, other = truth(condition), piecewise(rest)
        if is_constant(holds):
            return build(value) if is_constant(holds, 1) else other
        if value == 1 and is_constant(other, 0):
            return holds
        if value == 0 and facts.zero_one(other):
            return contract(labels, [(truth(_negated(condition)), labels), (other, labels)])
        return mapped(heads.WHERE, (holds, build(value), other))

    def truth(condition: Any) -> Expr:
        """1 where the condition holds and 0 elsewhere."""
        if condition in (s.true, s.false):
            return constant(int(bool(condition)), sizes)
        if condition.is_Symbol:
            return _nonzero(values[condition])
        if isinstance(condition, s.Ne):
            if condition.rhs == 0:
                return _nonzero(build(condition.lhs))
            return complement(_compared(heads.EQUAL, *map(build, condition.args)))
        if isinstance(condition, s.Eq):
            if condition.rhs == 0 and condition.lhs in values:
                return complement(_nonzero(values[condition.lhs]))
            return _compared(heads.EQUAL, *map(build, condition.args))
        if isinstance(condition, s.And):
            parts = sorted(condition.args, key=s.default_sort_key)
            return contract(labels, [(truth(c), labels) for c in parts])
        if isinstance(condition, (s.Or, s.Not)):
            return complement(truth(_negated(condition)))
        if isinstance(condition, (s.Gt, s.Ge, s.Lt, s.Le)):
            strict = isinstance(condition, (s.Gt, s.Lt))
            head = heads.GREATER if strict else heads.GREATER_EQUAL
            return _compared(head, build(condition.gts), build(condition.lts))
        raise DerivationError(f"{condition}: this condition has no form in index notation")

    return build(expr)


def _nonzero(node: Expr) -> Expr:
    """Whether each element is not 0, as 0 or 1."""
    if facts.zero_one(node):
        return node
    return complement(_compared(heads.EQUAL, node, constant(0, node.sizes)))


def _negated(condition: Any) -> Any:
    """The opposite condition, by De Morgan's laws."""
    s = heads.sympy()
    if isinstance(condition, s.Or):
        return s.And(*map(_negated, condition.args))
    if isinstance(condition, s.And):
        return s.Or(*map(_negated, condition.args))
    return s.Not(condition)


def complement(node: Expr) -> Expr:
    """1 - node, for 0, 1 and ½ at ties; the complement of a comparison is the opposite comparison."""
    if isinstance(node, Map) and node.head in _OPPOSITE:
        return mapped(_OPPOSITE[node.head], node.args[::-1])
    return subtract(constant(1, node.sizes), node)


_OPPOSITE = {
    heads.GREATER: heads.GREATER_EQUAL,
    heads.GREATER_EQUAL: heads.GREATER,
    heads.STEP: heads.STEP,
}


def is_condition(node: Expr) -> bool:
    """Whether the node is a comparison that has an opposite."""
    return isinstance(node, Map) and node.head in _OPPOSITE


_COMPARE = {heads.GREATER: gt, heads.GREATER_EQUAL: ge, heads.EQUAL: eq}


def _compared(head: Head, a: Expr, b: Expr) -> Expr:
    """A comparison; of two numbers, or of anything with an infinity, its outcome."""
    known = [node.coef for node in (a, b) if isinstance(node, Product) and not node.factors]
    if len(known) == 2 or any(map(isinf, known)):
        left, right = (node.coef if is_constant(node) else 0 for node in (a, b))  # type: ignore[attr-defined]
        return constant(int(_COMPARE[head](left, right)), a.sizes)
    return mapped(head, (a, b))


def _head_of(call: Any) -> Head:
    """The head of a SymPy function call: a row's own where one has that meaning."""
    name = type(call).__name__
    if name.startswith("head:"):
        return heads.part(name.removeprefix("head:"))
    text = f"{name}({', '.join(heads.ARGUMENTS[: len(call.args)])})"
    known = next((head for head in heads.KNOWN.values() if head.text == text), None)
    return known or Head(name.lower(), text)


def _head_of_order(call: Any) -> Head:
    """The head of polygamma(n, x), n being a number."""
    order = int(call.args[0])
    text = f"polygamma({order}, x)"
    known = next((head for head in heads.KNOWN.values() if head.text == text), None)
    return known or Head("special.polygamma", "polygamma(n, x)", (("n", order),))


def _ordered(e: Any) -> list[Any]:
    return list(e.as_ordered_terms() if e.is_Add else e.as_ordered_factors())


def _exact(e: Any) -> Any:
    if e.is_Rational:
        return number(Fraction(int(e.p), int(e.q)))
    return number(float(e))
