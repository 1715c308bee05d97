"""Simplification of one node: quotients folded, pointwise algebra cancelled."""

from __future__ import annotations

from minigrad.index import facts
from minigrad.index.algebra import add
from minigrad.index.contract import contract
from minigrad.index.expr import (
    Expr,
    Product,
    Sum,
)
from minigrad.symbolic.fold import folded
from minigrad.symbolic.rational import rationally_simplified


def simplified(node: Expr) -> Expr:
    """The node with quotients folded and its pointwise algebra cancelled; names stay closed."""
    node = rationally_simplified(folded(node))
    return _constant_parts(node) if isinstance(node, Product) else node


def _constant_parts(node: Product) -> Expr:
    """A mean of c + x is c + the mean of x: Σ p ⊙ (1 + log p) is 1 + pᵀ log p for a p that sums to one."""
    if len(node.factors) != 2 or node.ndim > 1:
        return node
    for weights, total in (node.factors, node.factors[::-1]):
        if not isinstance(total.node, Sum) or {weights.exponent, total.exponent} != {1}:
            continue
        if facts.sums_to_one(weights.node) != 1 or weights.labels[-1] < node.ndim:
            continue
        if weights.labels[-1] not in total.labels or weights.labels[-1] in weights.labels[:-1]:
            continue
        axis = total.labels.index(weights.labels[-1])
        terms = total.node.terms
        fixed = [k for k, (_, term) in enumerate(terms) if _is_constant_along(term, axis)]
        if fixed:
            sizes = dict(enumerate(node.label_sizes))
            parts = [
                (c, contract(range(node.ndim), [weights, (t, total.labels)], node.coef, sizes))
                for c, t in terms
            ]
            return add(parts)
    return node


def _is_constant_along(node: Expr, axis: int) -> bool:
    return isinstance(node, Product) and all(axis not in f.labels for f in node.factors)
