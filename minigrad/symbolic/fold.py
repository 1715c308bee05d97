"""Quotients read as what they are: exp(x) / sum exp(x) is softmax(x), 1 / (1 + exp(-x)) is σ(x)."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from fractions import Fraction

from minigrad.index import heads
from minigrad.index.algebra import add, constant, scale
from minigrad.index.contract import contract
from minigrad.index.expr import (
    Composite,
    Expr,
    Factor,
    Map,
    Product,
    Ref,
    Sum,
    is_constant,
)
from minigrad.index.meaning import RATIOS

_LOGISTIC = "1/(1 + exp(-x))"


def folded(node: Expr) -> Expr:
    """Every product in which ``e / sum(e)`` stands, written by the composite that means it."""
    if isinstance(node, Sum):
        return add([(c, folded(term)) for c, term in node.terms])
    while isinstance(node, Product):
        found = _fold_once(node) or _logistic(node)
        if found is None:
            return node
        node = found
    return node


def _logistic(node: Product) -> Expr | None:
    """With e = exp(u): 1 / (1 + e) written 1 − σ(u), or σ(−u) where u has a minus; e times that is σ(u)."""
    head = heads.with_text(_LOGISTIC)
    if head is None:
        return None
    for k, f in enumerate(node.factors):
        argument = _one_plus_exponential(f.node) if f.exponent in _WHOLE_BELOW else None
        if argument is not None:
            lower: Expr = Map(head, (scale(-1, argument),))
            if not _negated(argument):
                sigmoid = Map(head, (argument,))
                lower = add([(1, constant(1, sigmoid.sizes)), (-1, sigmoid)])
            return _with_factors(node, {k: f.exponent + 1}, Factor(lower, f.labels))
        exponential = _behind(f.node)
        if not isinstance(exponential, Map) or exponential.head.text != "exp(x)" or f.exponent < 1:
            continue
        (argument,) = exponential.args
        upper = Map(head, (argument,))
        lowers = (
            Map(head, (scale(-1, argument),)),
            add([(1, constant(1, upper.sizes)), (-1, upper)]),
        )
        for j, g in enumerate(node.factors):
            if g.labels == f.labels and g.exponent >= 1 and _behind(g.node) in lowers:
                left = {k: f.exponent - 1, j: g.exponent - 1}
                return _with_factors(node, left, Factor(upper, f.labels))
    return None


_WHOLE_BELOW = range(-9, 0)


def _with_factors(node: Product, powers: Mapping[int, int | Fraction], more: Factor) -> Expr:
    """The product with other powers of some factors, and one factor more."""
    factors = [
        f._replace(exponent=powers.get(k, f.exponent))
        for k, f in enumerate(node.factors)
        if powers.get(k, f.exponent)
    ]
    sizes = dict(enumerate(node.label_sizes))
    return contract(range(node.ndim), [*factors, more], node.coef, sizes)


def _negated(node: Expr) -> bool:
    return isinstance(node, Product) and node.coef < 0


def _one_plus_exponential(node: Expr) -> Expr | None:
    """The argument u of 1 + exp(u), also where the exponential has a name."""
    if not isinstance(node, Sum) or len(node.terms) != 2 or any(c != 1 for c, _ in node.terms):
        return None
    one, other = sorted((t for _, t in node.terms), key=lambda t: not is_constant(t, 1))
    inner = _behind(other)
    if not is_constant(one, 1) or not isinstance(inner, Map) or inner.head.text != "exp(x)":
        return None
    return inner.args[0]


def _behind(node: Expr) -> Expr:
    return node.node if isinstance(node, Ref) else node


def _fold_once(node: Product) -> Expr | None:
    for k, total in enumerate(node.factors):
        if total.exponent >= 0 or not isinstance(total.node, Product):
            continue
        parts = [f for f in total.node.factors if isinstance(f.node, Map)]
        if len(total.node.factors) != 1 or not parts or parts[0].exponent != 1:
            continue
        (part,) = parts
        for j, other in enumerate(node.factors):
            if other.node != part.node or other.exponent < 1:
                continue
            composite = _ratio(total.node, part, total.labels, other.labels)
            if composite is not None:
                return _replaced(node, j, k, composite, other.labels)
    return None


def _ratio(
    total: Product, part: Factor, at_total: Sequence[int], at_part: Sequence[int]
) -> Expr | None:
    """The composite that is ``part / total``, when some definition says just that."""
    if any(
        at_part[axis] != at_total[lab] for axis, lab in enumerate(part.labels) if lab < total.ndim
    ):
        return None
    reduced = [axis for axis, lab in enumerate(part.labels) if lab >= total.ndim]
    kept = [axis for axis in range(part.node.ndim) if axis not in reduced]
    if not isinstance(part.node, Map) or len(part.node.args) != 1 or not reduced:
        return None
    order = [*kept, *reduced]
    argument = contract(order, [(part.node.args[0], range(part.node.ndim))])
    moved = contract(order, [(part.node, range(part.node.ndim))])
    wanted = contract(
        range(len(order)),
        [(moved, range(len(order))), (_sum_last(moved, len(reduced)), range(len(kept)), -1)],
    )
    for definition in (ratio(len(reduced)) for ratio in RATIOS):
        if definition.build(argument) == wanted:
            composite = Composite(definition, (argument,), argument.sizes)
            return contract(range(len(order)), [(composite, order)])
    return None


def _sum_last(node: Expr, count: int) -> Expr:
    return contract(range(node.ndim - count), [(node, range(node.ndim))])


def _replaced(node: Product, part: int, total: int, composite: Expr, labels: Sequence[int]) -> Expr:
    operands: list[tuple[Expr, Sequence[Hashable], object]] = []
    for k, f in enumerate(node.factors):
        exponent = f.exponent - (k == part) + (k == total)
        if k == part:
            operands.append((composite, labels, 1))
        if exponent:
            operands.append((f.node, f.labels, exponent))
    sizes = dict(enumerate(node.label_sizes))
    return contract(range(node.ndim), operands, node.coef, sizes)  # type: ignore[arg-type]
