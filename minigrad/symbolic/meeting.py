"""Functions that meet their own argument in a product: sign(x) x is |x|, [x > 0] relu(x) is relu(x).

The derivative of |y|² / 2, for y = A x of 2 elements, is sign(y) |y|, and that of relu(y)² / 2 is a step and a
relu. Both are read by one function, also where the argument is multiplied out in a longer product:

>>> from minigrad.index.contract import contract
>>> from minigrad.index.expr import Leaf
>>> from minigrad.notation.matrix import index_text
>>> A, x, c = Leaf("A", (2, 3)), Leaf("x", (3,)), Leaf("c", (2,))
>>> y = contract("i", [(A, "ij"), (x, "j")])
>>> slope = contract("i", [(mapped(_SIGN, (y,)), "i"), (c, "i"), (y, "i")])
>>> index_text(slope), index_text(with_arguments_met(slope))
('sign(Σ_k A_ik x_k) c_i (Σ_j A_ij x_j)', 'c_i |Σ_j A_ij x_j|')
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from minigrad.index import heads
from minigrad.index.algebra import add, constant, subtract
from minigrad.index.contract import contract, symmetric, with_factors
from minigrad.index.expr import Expr, Factor, Head, Map, Number, Product, Sum, is_constant
from minigrad.index.facts import ABSOLUTE
from minigrad.index.matching import Placed, occurrences
from minigrad.index.numbers import exact_power, times
from minigrad.index.pointwise import mapped
from minigrad.symbolic.exponentials import behind

_SIGN = Head("sign", "sign(x)")
POWER = "x**y"
_RELU = "Piecewise((x, x > 0), (0, True))"


def with_arguments_met(node: Product) -> Expr:
    """The product with |x| for sign(x) x, x^(y − 1) for x^y / x, and without a step beside what is 0 where the step is not 1."""
    for k, f in enumerate(node.factors):
        if not isinstance(f.node, Map) or f.exponent != 1:
            continue
        others = [g for j, g in enumerate(node.factors) if j != k]
        if f.node.head.text == _SIGN.text:
            found = next(_magnitude(node, f, others), None)
            if found is not None:
                return found
        elif f.node.head.text == POWER:
            found = _one_power(node, f, others)
            if found is not None:
                return found
        elif f.node.head in (heads.STEP, heads.GREATER) and any(
            g.labels == f.labels and g.exponent > 0 and _is_above(g.node, f.node) for g in others
        ):
            return with_factors(node, others)
    return node


def _one_power(node: Product, power: Factor, others: Sequence[Factor]) -> Expr | None:
    """The product with x^(y − 1) for x^y / x, and x^y for x^(y − 1) x."""
    assert isinstance(power.node, Map)
    base, exponent = power.node.args
    for j, g in enumerate(others):
        if (g.node, g.labels) != (base, power.labels) or Fraction(g.exponent).denominator != 1:
            continue
        least = min(0, whole_part(exponent))
        taken = int(g.exponent if g.exponent < 0 else min(g.exponent, -least))
        if not taken:
            continue
        rest = [g._replace(exponent=g.exponent - taken)] if g.exponent != taken else []
        raised = power._replace(node=moved_power(power.node, taken))
        return with_factors(node, [*others[:j], *rest, *others[j + 1 :], raised])
    return None


def whole_part(exponent: Expr) -> int:
    """The whole number in an exponent: −1 of y − 1, also where one exponent is that of all elements."""
    if isinstance(exponent, Product) and len(exponent.factors) == 1 and exponent.coef == 1:
        return whole_part(exponent.factors[0].node) if exponent.factors[0].exponent == 1 else 0
    for c, term in exponent.terms if isinstance(exponent, Sum) else ():
        if isinstance(term, Product) and not term.factors and isinstance(c * term.coef, int):
            return int(c * term.coef)
    return 0


def moved_power(power: Map, by: int) -> Expr:
    """The power with a number added to its exponent."""
    base, exponent = power.args
    return mapped(power.head, (base, _plus(exponent, by)))


def _plus(node: Expr, number: int) -> Expr:
    if isinstance(node, Product) and len(node.factors) == 1 and node.coef == 1 and not node.summed:
        (f,) = node.factors
        if f.exponent == 1:
            own = range(node.ndim)
            return contract(own, [f._replace(node=_plus(f.node, number))], 1, dict(zip(own, node.sizes, strict=True)))
    return add([(1, node), (number, constant(1, node.sizes))])


def _magnitude(node: Product, sign: Factor, others: Sequence[Factor]) -> Iterator[Expr]:
    (x,) = sign.node.children()
    whole = (mapped(ABSOLUTE, (x,)), sign.labels, 1)
    for rest, coef in _without(x, sign.labels, node, others):
        yield with_factors(node, [*rest, whole], coef)
    for j, f in enumerate(others):  # a named quotient of x
        inner = behind(f.node)
        if inner is f.node or f.exponent != 1 or f.labels != sign.labels:
            continue
        if isinstance(inner, Product) and not inner.summed:
            for rest, coef in _without(x, tuple(range(inner.ndim)), inner, inner.factors):
                quotient = (with_factors(inner, rest, coef), f.labels, 1)
                yield with_factors(node, [*others[:j], *others[j + 1 :], quotient, whole])


def _without(
    x: Expr, labels: Sequence[int], node: Product, factors: Sequence[Factor]
) -> Iterator[tuple[list[Placed], Number]]:
    """The factors and the coefficient that are left without x at these labels."""
    whole = (Factor(x, tuple(range(x.ndim))),)
    body = x if isinstance(x, Product) else Product(whole, 1, x.sizes, x.ndim, b"")
    upper = exact_power(body.coef, -1)
    if upper is None or not body.factors:
        return
    kept = frozenset(range(node.ndim))
    for found in occurrences(factors, body, symmetric, dict(enumerate(labels)), kept=kept):
        yield found.rest, times(node.coef, upper)


def _is_above(node: Expr, step: Map) -> bool:
    """Whether the node is 0 where the step of x − y is not 1: max(x − y, 0)."""
    if not isinstance(node, Map):
        return False
    difference = subtract(*step.args)
    if node.head.text == _RELU:
        return node.args[0] == difference
    if node.head.text != "Max(x, y)":
        return False
    return any(
        is_constant(low, 0) and high == difference
        for high, low in (node.args, node.args[::-1])
    )
