"""Simplification: of one node, quotients folded and pointwise algebra cancelled; of whole formulas."""

from __future__ import annotations

from collections.abc import Sequence

from minigrad.index import facts
from minigrad.index.algebra import distributed
from minigrad.index.expr import Expr, Product, Sum, is_definition
from minigrad.index.rebuild import transformed, with_children
from minigrad.symbolic.expand import with_deltas_first
from minigrad.symbolic.factors import with_factors_outside
from minigrad.symbolic.fold import folded
from minigrad.symbolic.mixtures import by_sigmoids, without_lone_differences
from minigrad.symbolic.rational import rationally_simplified


def simplified(node: Expr) -> Expr:
    """The node with quotients folded and its pointwise algebra cancelled; names stay closed."""
    node = rationally_simplified(folded(node))
    return _constant_parts(node) if isinstance(node, Product) else node


def finished(
    exprs: Sequence[Expr], known: tuple[dict[Expr, Expr], dict[Expr, Expr]] | None = None
) -> list[Expr]:
    """Expressions simplified throughout, their common factors outside, their deltas in front.

    What a named tensor stands for is the user's, and stays as it is. ``known`` carries what parts came to be
    from one call to the next.
    """
    simple, factors = ({}, {}) if known is None else known
    result = []
    for expr in exprs:
        expr = transformed(expr, simplified, simple, is_definition)
        expr = transformed(expr, _factored, factors, is_definition)
        result.append(expr)
    return [with_deltas_first(expr) for expr in without_lone_differences(result)]


def _factored(node: Expr) -> Expr:
    """A sum with its common factors outside, and what is left of it read again: 1 − 2 σ(−2x) is tanh(x)."""
    node = with_factors_outside(node)
    if not isinstance(node, Product):
        return by_sigmoids(node)
    read = [by_sigmoids(f.node) for f in node.factors]
    if all(a is f.node for a, f in zip(read, node.factors, strict=True)):
        return node
    return with_children(node, read)


def _constant_parts(node: Product) -> Expr:
    """A mean of c + x is c + the mean of x: Σ p ⊙ (1 + log p) is 1 + pᵀ log p for a p that sums to one."""
    if len(node.factors) != 2 or node.ndim > 1:
        return node
    for k in (1, 0):
        weights, total = node.factors[1 - k], node.factors[k]
        if not isinstance(total.node, Sum) or {weights.exponent, total.exponent} != {1}:
            continue
        if facts.sums_to_one(weights.node) != 1 or weights.labels[-1] < node.ndim:
            continue
        if weights.labels[-1] not in total.labels or weights.labels[-1] in weights.labels[:-1]:
            continue
        axis = total.labels.index(weights.labels[-1])
        if any(_is_constant_along(term, axis) for _, term in total.node.terms):
            return distributed(node, k)
    return node


def _is_constant_along(node: Expr, axis: int) -> bool:
    return isinstance(node, Product) and all(axis not in f.labels for f in node.factors)
