"""Expansion, where it makes a formula shorter: diag(s)(I - 1 s') is diag(s) - s s'."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from minigrad.index.affine import AffineRelation, Delta, is_a
from minigrad.index.algebra import add, distributed
from minigrad.index.expr import Expr, Factor, Product, Sum
from minigrad.symbolic.factors import common_factor

# A product of sums that would open into more terms than this stays closed.
_MOST_TERMS = 8


def has_delta(node: Expr) -> bool:
    """Whether a delta stands among the factors or terms, not hidden inside a function."""
    match node:
        case AffineRelation():
            return is_a(node, Delta)
        case Sum():
            return any(has_delta(term) for _, term in node.terms)
        case Product():
            return any(has_delta(f.node) for f in node.factors)
    return False


def expanded(
    node: Expr, chosen: Callable[[Sum], bool] = has_delta, most: int | None = None
) -> Expr:
    """Products distributed over the sums that are ``chosen``, by default those in which a delta stands.

    What is under a power, a function or a name stays, and so does a product of more than ``most`` terms.
    """
    if isinstance(node, Sum):
        return add([(c, expanded(term, chosen, most)) for c, term in node.terms])
    if not isinstance(node, Product):
        return node
    for k, f in enumerate(node.factors):
        if isinstance(f.node, Sum) and f.exponent == 1 and chosen(f.node):
            opened = distributed(node, k)
            if most is not None and isinstance(opened, Sum) and len(opened.terms) > most:
                return node
            return expanded(opened, chosen, most)
    return node


def multiplied_out(node: Expr, most: int | None = None) -> Expr:
    """Every product of sums as a sum of products."""
    return expanded(node, lambda total: True, most)


def with_deltas_first(node: Expr) -> Expr:
    """A mixture with deltas opened, so that deltas choose the labels, and its common factor taken out.

    A delta between summed labels chooses none: A'(diag(p) − pp')A stays closed.
    """
    if not isinstance(node, Product) or not any(_chooses(node, f) for f in node.factors):
        return node
    opened = expanded(node)
    if not isinstance(opened, Sum) or len(opened.terms) > _MOST_TERMS:
        return node
    return common_factor(opened) or opened


def with_deltas_summed(node: Expr) -> Expr:
    """Σ_j (p_i δ_ij − p_i p_j) c_j as p_i c_i − p_i Σ_j p_j c_j: a product opened where that is less to read."""
    if not isinstance(node, Product) or not node.summed:
        return node
    for k, f in enumerate(node.factors):
        if not isinstance(f.node, Sum) or f.exponent != 1:
            continue
        summed = {axis for axis, label in enumerate(f.labels) if label >= node.ndim}
        if any(axis in summed for pair in _delta_axes(f.node) for axis in pair):
            opened = distributed(node, k)
            if opened.weight < node.weight:
                return with_deltas_summed(opened)
    return node


def _chooses(node: Product, factor: Factor) -> bool:
    """Whether a delta in the factor has a label of the product's result."""
    if isinstance(factor.node, AffineRelation):
        return False  # it stands in front already
    free = {axis for axis, label in enumerate(factor.labels) if label < node.ndim}
    return any(axis in free for pair in _delta_axes(factor.node) for axis in pair)


def _delta_axes(node: Expr) -> Iterator[tuple[int, ...]]:
    """The axes that each delta in the node carries, of those that are the node's own."""
    match node:
        case AffineRelation(form=Delta()):
            yield (0, 1)
        case Sum():
            for _, term in node.terms:
                yield from _delta_axes(term)
        case Product():
            for f in node.factors:
                for pair in _delta_axes(f.node):
                    yield tuple(f.labels[axis] for axis in pair if f.labels[axis] < node.ndim)
