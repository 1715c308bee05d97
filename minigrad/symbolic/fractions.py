"""Fractions within fractions: 1 / ((1 + x² / a) a) is 1 / (a + x²).

With a scalar a and x of 3 elements, Σ_i x_i / (1 + x_i² / a) / a has a below both fraction bars:

>>> from minigrad.index.expr import Leaf
>>> from minigrad.notation.matrix import index_text
>>> from minigrad.index.algebra import constant
>>> a, x = Leaf("a", ()), Leaf("x", (3,))
>>> below = add([(1, constant(1, (3,))), (1, contract("i", [(x, "i", 2), (a, "", -1)]))])
>>> node = contract("", [(x, "i"), (below, "i", -1), (a, "", -1)])
>>> index_text(node), index_text(without_inner_fractions(node))
('(Σ_i (x_i / (1 + x_i² / a))) / a', 'Σ_i (x_i / (a + x_i²))')
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from minigrad.index.algebra import add
from minigrad.index.contract import contract, with_factors
from minigrad.index.expr import Expr, Factor, Leaf, Product, Sum


def without_inner_fractions(node: Product) -> Expr:
    """The product with what stands below two fraction bars, one in the other, below the outer one alone."""
    for k, f in enumerate(node.factors):
        if not isinstance(f.node, Sum) or f.exponent >= 0 or Fraction(f.exponent).denominator != 1:
            continue
        factors = [*node.factors]
        cleared: Expr = f.node
        for below in _denominators(f.node):
            labels = tuple(f.labels[axis] for axis in below.labels)
            power = below.exponent * f.exponent  # both are negative
            at = next((j for j, g in enumerate(factors) if (g.node, g.labels) == (below.node, labels)), None)
            if at is None or factors[at].exponent > -power:
                continue
            factors[at] = factors[at]._replace(exponent=factors[at].exponent + power)
            cleared = _times(cleared, below._replace(exponent=-below.exponent))
        factors[k] = f._replace(node=cleared)
        if cleared is not f.node:
            found = with_factors(node, [g for g in factors if g.exponent])
            if found.weight <= node.weight:
                return found
    return node


def _denominators(total: Sum) -> Iterator[Factor]:
    """What the terms are divided by, each at its highest power; a mean is one thing, and its size no part of it."""
    found: dict[tuple[Expr, tuple[int, ...]], Factor] = {}
    for _, term in total.terms:
        for f in term.factors if isinstance(term, Product) else ():
            mean = isinstance(f.node, Leaf) and f.node.kind == "size"
            if f.exponent < 0 and not mean and all(label < total.ndim for label in f.labels):
                known = found.setdefault((f.node, f.labels), f)
                found[f.node, f.labels] = min(known, f, key=lambda each: each.exponent)
    yield from found.values()


def _times(total: Expr, factor: Factor) -> Expr:
    """Each term times a factor."""
    if not isinstance(total, Sum):
        return total
    own = range(total.ndim)
    return add([(c, contract(own, [(term, own), factor])) for c, term in total.terms])
