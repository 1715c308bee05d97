"""Simplification: of one node, quotients folded and pointwise algebra cancelled; of whole formulas."""

from __future__ import annotations

from collections.abc import Sequence

from minigrad.index import facts, heads
from minigrad.index.algebra import add, constant, distributed, sides, subtract
from minigrad.index.blocks import sliced
from minigrad.index.contract import contract, with_factors
from minigrad.index.expr import Expr, Map, Product, Sum, is_definition, is_name, is_zero
from minigrad.index.pointwise import mapped
from minigrad.index.rebuild import rewritten, transformed, with_children
from minigrad.symbolic.budget import ask_for_time
from minigrad.symbolic.expand import multiplied_out, with_deltas_first, with_deltas_summed
from minigrad.symbolic.exponentials import behind
from minigrad.symbolic.factors import with_factors_outside
from minigrad.symbolic.fold import folded
from minigrad.symbolic.fractions import without_inner_fractions
from minigrad.symbolic.meeting import with_arguments_met
from minigrad.symbolic.mixtures import by_one_sigmoid, by_sigmoids, without_lone_differences
from minigrad.symbolic.rational import rationally_simplified

# A product that opens into more terms than this is not looked at.
_MOST_TERMS = 8
# No more factors than these are looked at where they meet over an index.
_MOST_MEETING = 3


def simplified(node: Expr) -> Expr:
    """The node with slices of blocks taken, quotients folded and its pointwise algebra cancelled; names stay closed."""
    ask_for_time()
    node = _compared_simply(folded(sliced(node)))
    node = rationally_simplified(with_arguments_met(node) if isinstance(node, Product) else node)
    if not isinstance(node, Product):
        return node
    if _sums_to_zero(node):
        return constant(0, node.sizes)
    node = without_inner_fractions(node)
    return _constant_parts(with_deltas_summed(_by_known_sums(node)))


def _compared_simply(node: Expr) -> Expr:
    """A step of what two sides come to: that of t r − (t − 1) r is that of r."""
    if not isinstance(node, Map) or node.head != heads.STEP:
        return node
    return mapped(heads.STEP, sides(rationally_simplified(subtract(*node.args))))


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
    result = by_one_sigmoid(without_lone_differences(result))
    return [with_deltas_first(expr) for expr in result]


def _factored(node: Expr) -> Expr:
    """A sum with its common factors outside, and what is left of it read again: 1 − 2 σ(−2x) is tanh(x)."""
    node = with_factors_outside(node)
    if not isinstance(node, Product):
        return by_sigmoids(node)
    read = [_read_again(f.node) for f in node.factors]
    if all(a is f.node for a, f in zip(read, node.factors, strict=True)):
        return node
    return with_children(node, read)


def _read_again(node: Expr) -> Expr:
    return rationally_simplified(by_sigmoids(node)) if isinstance(node, Sum) else node


def _constant_parts(node: Expr) -> Expr:
    """A mean of c + x is c + the mean of x: Σ p ⊙ (1 + log p) is 1 + pᵀ log p for a p that sums to one."""
    if not isinstance(node, Product) or len(node.factors) != 2 or node.ndim > 1:
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


def _by_known_sums(node: Expr) -> Expr:
    """The sum over a sum as that of its terms where this is less: Σ ((1 − a) y + a / n) is 1."""
    if not isinstance(node, Product) or not node.summed:
        return node
    for k, f in enumerate(node.factors):
        others = [g for j, g in enumerate(node.factors) if j != k]
        beside = {label for g in others for label in g.labels}
        kept = [label for label in f.labels if label < node.ndim or label in beside]
        if len(kept) == len(f.labels) or not isinstance(f.node, Sum) or f.exponent != 1:
            continue
        total = contract(kept, [f])
        if isinstance(total, Product) and isinstance(total.factors[0].node, Sum):
            apart = add([(1, distributed(total, 0))])
            if apart.weight < f.node.weight:
                return with_factors(node, [*others, (apart, kept)])
    return node


def _sums_to_zero(node: Product) -> bool:
    """Whether a gradient through weights, P ⊙ (G − rowsum(P ⊙ G)), is summed over what P sums to one over."""
    sizes = dict(enumerate(node.label_sizes))
    for label in node.summed:
        carrying = [f for f in node.factors if label in f.labels]
        if len(carrying) == 1:
            (f,) = carrying
            alone = f.exponent == 1 and f.labels.count(label) == 1
            if alone and _is_balanced(behind(f.node), f.labels.index(label)):
                return True
        elif len(carrying) <= _MOST_MEETING:
            labels = sorted({k for f in carrying for k in f.labels} - {label})
            own = {k: sizes[k] for k in (*labels, label)}
            met = contract([*labels, label], carrying, 1, own)
            if _is_balanced(met, len(labels)):
                return True
    return False


def _is_balanced(node: Expr, axis: int) -> bool:
    if not isinstance(node, Product) or not any(isinstance(f.node, Sum) for f in node.factors):
        return False
    weights = [f.node for f in node.factors if f.labels[-1:] == (axis,)]
    weights = [each for each in weights if facts.sums_to_one(behind(each)) == 1]
    if not weights:
        return False
    # no further than these names: what stands behind the others is the rest of the program
    opened = rewritten(
        node, lambda each: behind(each) if each in weights else each if is_name(each) else None
    )
    kept = [k for k in range(node.ndim) if k != axis]
    total = contract(kept, [(opened, range(node.ndim))])
    return is_zero(multiplied_out(total, _MOST_TERMS))


def _is_constant_along(node: Expr, axis: int) -> bool:
    return isinstance(node, Product) and all(axis not in f.labels for f in node.factors)
