"""A difference stands in one direction within a formula: R (R'G) with R = X − m, not R ((m − X)'G).

>>> from minigrad.index.algebra import subtract
>>> from minigrad.index.contract import contract
>>> from minigrad.index.expr import Leaf
>>> from minigrad.notation.matrix import index_text
>>> a, b, c = Leaf("a", (3,)), Leaf("b", (3,)), Leaf("c", (3,))
>>> there, back = subtract(a, b), subtract(b, a)
>>> inner = contract("", [(back, "i"), (c, "i")])
>>> node = contract("i", [(there, "i"), (inner, "")])
>>> index_text(node), index_text(in_one_direction(node))
('(a_i − b_i) (Σ_j (b_j − a_j) c_j)', '−(a_i − b_i) (Σ_j (a_j − b_j) c_j)')
"""

from __future__ import annotations

from collections import Counter

from minigrad.index.contract import with_factors
from minigrad.index.expr import Expr, Factor, Product, Sum, is_name, postorder
from minigrad.index.rebuild import transformed


def opposite(node: Expr) -> Expr | None:
    """The sum with all signs turned: a - x for x - a."""
    return Sum(tuple((-c, term) for c, term in node.terms)) if isinstance(node, Sum) else None


def in_one_direction(root: Expr) -> Expr:
    """The formula with each factor a − b as −(b − a) where b − a stands in it more often, or first."""
    met: Counter[Expr] = Counter()
    for node in postorder(root, closed=is_name):
        if isinstance(node, Product):
            met.update(f.node for f in node.factors if _turns(f))
    turned: dict[Expr, Expr] = {}
    for first in met:
        back = opposite(first)
        if back is not None and back in met and first not in turned and back not in turned:
            less, more = sorted((back, first), key=met.__getitem__)
            turned[less] = more
    if not turned:
        return root

    def rule(node: Expr) -> Expr:
        if not isinstance(node, Product) or not any(f.node in turned for f in node.factors):
            return node
        coef, operands = node.coef, []
        for f in node.factors:
            if _turns(f) and f.node in turned:
                coef, f = -coef, f._replace(node=turned[f.node])
            operands.append(f)
        return with_factors(node, operands, coef)

    return transformed(root, rule, {}, is_name)


def _turns(factor: Factor) -> bool:
    """Whether a factor is a difference to an odd power."""
    whole = factor.exponent.denominator == 1 and factor.exponent.numerator % 2 == 1
    return isinstance(factor.node, Sum) and len(factor.node.terms) == 2 and whole
