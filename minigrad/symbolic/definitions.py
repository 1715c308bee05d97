"""Functions without a definition that are given one: everywhere in an expression, with its derivatives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from minigrad.index import heads
from minigrad.index.expr import Expr, Head, Map, postorder
from minigrad.index.pointwise import apply_head
from minigrad.index.rebuild import rewritten
from minigrad.index.undefined import is_undefined, orders_of, shown_name

# The head of a function that is derived so many times by each argument.
Definition = Callable[[tuple[int, ...]], Head]


def undefined_in(*exprs: Expr) -> dict[str, int]:
    """The functions without a definition, and of how many arguments each is."""
    maps = [n for n in postorder(*exprs) if isinstance(n, Map) and is_undefined(n.head)]
    return {node.head.text: len(node.args) for node in maps}


def with_definitions(
    expr: Expr, definitions: Mapping[str, Definition], done: dict[Expr, Expr] | None = None
) -> Expr:
    """The expression with definitions in the place of functions that have none.

    ``done`` carries results from one expression to the next.
    """

    def rule(node: Expr) -> Expr | None:
        if not isinstance(node, Map) or not is_undefined(node.head):
            return None
        return apply_head(definitions[node.head.text](orders_of(node.head)), node.args)

    return rewritten(expr, rule, done, again=True)


def definition(name: str, meaning: Any) -> Definition:
    """What a SymPy expression in x, y, … defines; SymPy differentiates it."""

    def head(orders: tuple[int, ...]) -> Head:
        expr = meaning
        for symbol, order in zip(heads.symbols(), orders, strict=False):
            expr = expr.diff(symbol, order) if order else expr
        return Head(shown_name(name, orders), str(expr))

    return head
