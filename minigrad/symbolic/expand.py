"""Expansion, where it makes a formula shorter: diag(s)(I - 1 s') is diag(s) - s s'."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from minigrad.index.algebra import add
from minigrad.index.contract import contract
from minigrad.index.expr import Expr, Number, Product, Structural, Sum
from minigrad.symbolic.simplify import common_factor

# A product of sums that would open into more terms than this stays closed.
_MOST_TERMS = 8


def expanded(node: Expr, every: bool = False) -> Expr:
    """Products distributed over sums in which a delta stands, or over ``every`` sum of matrices."""
    if isinstance(node, Sum):
        return add([(c, expanded(term, every)) for c, term in node.terms])
    if not isinstance(node, Product):
        return node
    places = [
        k
        for k, f in enumerate(node.factors)
        if isinstance(f.node, Sum)
        and f.exponent == 1
        and ((every and f.node.ndim > 1) or has_delta(f.node))
    ]
    if not places:
        return node
    k = places[0]
    chosen = node.factors[k]
    assert isinstance(chosen.node, Sum)
    sizes = dict(enumerate(node.label_sizes))
    terms: list[tuple[Number, Expr]] = []
    for coef, term in chosen.node.terms:
        operands: list[tuple[Expr, Sequence[Hashable], object]] = [
            (term if j == k else f.node, f.labels, f.exponent) for j, f in enumerate(node.factors)
        ]
        part = contract(range(node.ndim), operands, node.coef, sizes)  # type: ignore[arg-type]
        terms.append((coef, expanded(part, every)))
    return add(terms)


def has_delta(node: Expr) -> bool:
    """Whether a delta stands among the factors or terms, not hidden inside a function."""
    match node:
        case Structural():
            return node.kind == "delta"
        case Sum():
            return any(has_delta(term) for _, term in node.terms)
        case Product():
            return any(has_delta(f.node) for f in node.factors)
    return False


def with_deltas_first(node: Expr) -> Expr:
    """A mixture with deltas opened, so that deltas choose the labels, and its common factor taken out."""
    if not isinstance(node, Product) or not has_delta(node):
        return node
    opened = expanded(node)
    if not isinstance(opened, Sum) or len(opened.terms) > _MOST_TERMS:
        return node
    return common_factor(opened) or opened
