"""Numbers that people know by a name: the distance from 1 to the next float is eps.

>>> from minigrad.index.expr import Leaf
>>> from minigrad.notation.matrix import index_text
>>> x = Leaf("x", (3,))
>>> (named,) = with_named_numbers([add([(1, x), (2.0**-52, constant(1, (3,)))])], FreeNames())
>>> index_text(named)
'x_i + eps'
"""

from __future__ import annotations

from collections.abc import Sequence

from minigrad.index.algebra import add, constant
from minigrad.index.contract import contract
from minigrad.index.expr import Expr, Number, Product, Ref, Sum, is_constant
from minigrad.index.numbers import number
from minigrad.index.rebuild import transformed
from minigrad.symbolic.freenames import FreeNames

# The machine epsilons of float64 and float32, the latter also as NumPy prints it.
_KNOWN = {number(2.0**-52): "eps", number(2.0**-23): "eps", number(1.1920929e-07): "eps"}


def with_named_numbers(exprs: Sequence[Expr], names: FreeNames) -> list[Expr]:
    """The expressions with such numbers, where they stand alone, by their names."""
    refs: dict[Number, Ref] = {}

    def by_name(value: Number, like: Expr) -> Expr:
        if value not in refs:
            refs[value] = names.ref(constant(value), _KNOWN[value])
        return contract(range(like.ndim), [(refs[value], ())], 1, dict(enumerate(like.sizes)))

    def rule(node: Expr) -> Expr:
        if isinstance(node, Product) and is_constant(node) and node.coef in _KNOWN:
            return by_name(node.coef, node)
        if not isinstance(node, Sum) or not any(c in _KNOWN for c, _ in node.terms):
            return node
        return add(
            [
                (1, by_name(c, term)) if c in _KNOWN and is_constant(term) else (c, term)
                for c, term in node.terms
            ]
        )

    done: dict[Expr, Expr] = {}
    return [transformed(expr, rule, done) for expr in exprs]
