"""Exponentials that stand by themselves can overflow; without some names they often fold away.

A hand-written softmax whose parts have names, E / s with s = sum(E), is only seen to be one where its
derivative is written without those names.
"""

from __future__ import annotations

from collections.abc import Sequence

from minigrad.index.algebra import add
from minigrad.index.expr import Expr, Map, Product, Ref, Sum, postorder
from minigrad.index.rebuild import transformed
from minigrad.symbolic.autoname import Opened
from minigrad.symbolic.factors import factored
from minigrad.symbolic.fold import folded
from minigrad.symbolic.program import Program, in_order, program
from minigrad.symbolic.program.functions import named_function
from minigrad.symbolic.program.stable import distributed
from minigrad.symbolic.simplify import simplified

_GROWING = {"exp", "expm1", "exp2", "sinh", "cosh"}


def steady_program(roots: Sequence[Expr], sizes: dict[str, int] | None) -> Program:
    """The expressions' program; without names that stand on exponentials, where that removes these."""
    best = program(roots, sizes)
    risk = _exponentials(best)
    names = _on_exponentials(roots) if risk else set()
    if names:
        opened = list(map(Opened(names), roots))
        for rule in (simplified, _distributed):
            for finish in (factored, _as_it_is):
                other = program([finish(transformed(root, rule)) for root in opened], sizes)
                if _exponentials(other) < risk:
                    return other
    return best


def _distributed(node: Expr) -> Expr:
    """Products with an exponential opened over sums, so that it meets what divides it."""
    if isinstance(node, Product) and any(_is_exponential(f.node) for f in node.factors):
        for k, f in enumerate(node.factors):
            if isinstance(f.node, Sum) and f.exponent == 1:
                return _distributed(distributed(node, k))
    if isinstance(node, Sum):
        return add([(c, _distributed(term)) for c, term in node.terms])
    return folded(node)


def _as_it_is(node: Expr) -> Expr:
    return node


def _is_exponential(node: Expr) -> bool:
    return isinstance(node, Map) and named_function(node.head) in _GROWING


def _exponentials(made: Program) -> int:
    """How many values can overflow where the result does not."""
    return sum(
        value.op == "apply" and value.params[0] in _GROWING for value in in_order(made.results)
    )


def _on_exponentials(roots: Sequence[Expr]) -> set[str]:
    """Names of exponentials and of what is computed from them, gradients included, up to other functions."""
    touched: set[Expr] = set()
    names: set[str] = set()
    for node in postorder(*roots):
        if isinstance(node, Map):
            reached = named_function(node.head) in _GROWING
        else:
            reached = any(child in touched for child in node.children())
        if reached:
            touched.add(node)
            if isinstance(node, Ref):
                names.add(node.name)
    return names
