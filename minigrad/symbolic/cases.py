"""A formula by cases: two of its indices equal, or different."""

from __future__ import annotations

from minigrad.index.affine import AffineRelation, Delta, is_a
from minigrad.index.algebra import add
from minigrad.index.contract import contract
from minigrad.index.expr import Expr, Product, Sum
from minigrad.symbolic.expand import expanded
from minigrad.symbolic.factors import common_factor


def equal_case(node: Expr, i: int, j: int) -> Expr:
    """The elements in which index j equals index i; axis j is gone."""
    labels = [i if k == j else k for k in range(node.ndim)]
    out = [k for k in range(node.ndim) if k != j]
    opened = expanded(node)
    terms = opened.terms if isinstance(opened, Sum) else ((1, opened),)
    total = add([(c, contract(out, [(term, labels)])) for c, term in terms])
    return (common_factor(total, spread=True) or total) if isinstance(total, Sum) else total


def unequal_case(node: Expr, i: int, j: int) -> Expr:
    """The elements in which indices i and j differ: their delta is 0."""
    opened = expanded(node)
    terms = opened.terms if isinstance(opened, Sum) else ((1, opened),)
    kept = [(c, term) for c, term in terms if not _has_pair(term, i, j)]
    total = add(kept) if kept else contract(range(node.ndim), (), 0, dict(enumerate(node.sizes)))
    return (common_factor(total, spread=True) or total) if isinstance(total, Sum) else total


def _has_pair(node: Expr, i: int, j: int) -> bool:
    if isinstance(node, AffineRelation):
        return is_a(node, Delta) and {i, j} == {0, 1}
    return isinstance(node, Product) and any(
        is_a(f.node, Delta) and set(f.labels) == {i, j}
        for f in node.factors
    )
