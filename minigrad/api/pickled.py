"""What pickle writes of formulas: flat, so that a deep formula needs no deep stack.

Pickle follows references, and what it has written it refers to. So everything that formulas stand on is
written first, each part after its own parts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from minigrad.graph import Node
from minigrad.index.expr import Expr
from minigrad.symbolic.lower import Lowered, graph_order


def parts_first(lowered: Lowered, exprs: Sequence[Expr]) -> list[object]:
    """Scopes, steps of the graph and nodes of formulas, in an order in which none refers ahead."""
    nodes = graph_order({**lowered.views, **lowered.names})
    forward = [view.expr for view in lowered.views.values()]
    return [*_scopes(nodes), *nodes, *_objects([*forward, *exprs])]


def _objects(roots: Sequence[Expr]) -> Iterator[Expr]:
    """Every object once, children first: pickle tells apart equal ones."""
    seen: set[int] = set()
    stack = [(root, False) for root in reversed(roots)]
    while stack:
        node, ready = stack.pop()
        if ready:
            yield node
        elif id(node) not in seen:
            seen.add(id(node))
            stack.append((node, True))
            stack.extend((child, False) for child in node.children())


def _scopes(nodes: Sequence[Node]) -> Iterator[object]:
    seen: set[object] = {None}
    for node in nodes:
        chain = []
        scope: Any = node.context
        while scope not in seen:
            seen.add(scope)
            chain.append(scope)
            scope = scope.parent
        yield from reversed(chain)


def rebuilt(parts: object, kind: Any, *arguments: Any) -> Any:
    """What is unpickled after the parts that it stands on."""
    return kind(*arguments)
