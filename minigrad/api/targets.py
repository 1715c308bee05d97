"""What is derived, and by what: the graph of an output, and the variables in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from minigrad.api.printed import taken_for_tensor
from minigrad.errors import ArgumentError, DerivationError
from minigrad.graph import Node, Tensor
from minigrad.primitive import REGISTRY
from minigrad.symbolic.lower import Lowered, Output, lower, register_heads

Variable = str | Tensor
# Variables with values of these kinds have no gradient that one would want without asking.
DISCRETE = {"0/1", "bool", "index", "pm1", "onehot"}


def output_node(output: Any) -> Node:
    """The output's place in the graph."""
    if not isinstance(output, Tensor):
        hint = taken_for_tensor(output) or f"the output must be a tensor, not {type(output).__name__}"
        raise ArgumentError(f"derive: {hint}")
    if output._node is None:
        raise DerivationError(
            "derive: this tensor was computed from nothing that is tracked; name its inputs "
            '(mg.tensor(data, name="X")) or let them require a gradient'
        )
    return output._node


def lowered_graph(
    node: Node,
    cotangents: Mapping[Node, Output] | None = None,
    called: Mapping[Node, str] | None = None,
) -> Lowered:
    """The graph of one output in index notation, with every row's function known to it."""
    register_heads(REGISTRY.values())
    return lower([node], cotangents=cotangents, called=called)


def variables_of(wrt: Any, lowered: Lowered, what: str = "wrt") -> list[Node]:
    """The nodes that ``wrt``, or an argument called so, means; by default what requires a gradient, or else what is named."""
    given = lowered.cotangents
    by_name = {name: node for node, name in lowered.names.items() if node not in given}
    if wrt is None:
        leaves = [node for node, _ in lowered.leaves.values() if node not in given]
        smooth = [n for n in leaves if n.name is not None and not n.assume & DISCRETE]
        return [n for n in leaves if n.requires_grad] or smooth
    if not isinstance(wrt, Iterable):
        raise ArgumentError(f'derive: {what}={wrt!r} is neither a name nor a tensor; write {what}="X"')
    chosen = [wrt] if isinstance(wrt, (str, Tensor)) else list(wrt)
    nodes: list[Node] = []
    for item in chosen:
        if isinstance(item, Node):
            nodes.append(item)
        elif isinstance(item, Tensor):
            if item._node not in lowered.views:
                raise ArgumentError(
                    f"derive: the output does not depend on {item.name or 'an unnamed tensor'}"
                )
            if item._node not in lowered.names:
                raise ArgumentError(
                    f"derive: {what}= holds a computed tensor without a name, and its gradient is printed by a "
                    'name; name it before it is used: h = (...).named("h")'
                )
            nodes.append(item._node)
        elif item in by_name:
            nodes.append(by_name[item])
        else:
            near = get_close_matches(str(item), by_name, n=1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise ArgumentError(
                f"derive: no tensor of this graph is named {item!r}; {hint}known are {', '.join(by_name)}"
            )
    return nodes
