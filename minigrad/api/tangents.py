"""Tangents of variables: along what a second derivative is taken, so that it has the shape of a gradient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from minigrad.api.targets import Variable, variables_of
from minigrad.errors import ArgumentError, NameClashError
from minigrad.graph import Node, leaf
from minigrad.names import tangent_name
from minigrad.parsing.variables import variable_name
from minigrad.symbolic.lower import Lowered, graph_order, with_tangent

Along = Variable | Sequence[Variable] | Mapping[Variable, str]


def tangents_of(
    along: Along | None, lowered: Lowered, output: Node, order: int
) -> dict[Node, Node]:
    """The tangents as variables of the graph, each with the variable that moves along it.

    Raises
    ------
    ArgumentError
        When a variable is not part of the graph, the output is no number, or nothing is derived again.
    NameClashError
        When a tangent is named like something else.
    """
    if along is None:
        return {}
    if order == 1 or output.shape:
        raise ArgumentError(
            "derive: along= says along what the gradients of a number are derived again; pass order=2, or 3, and "
            "derive a number"
        )
    named = along if isinstance(along, Mapping) else {}
    nodes = variables_of(along if not named else [*named], lowered, "along")
    if not nodes:
        raise ArgumentError('derive: along= names no variable that moves; write along="x", or leave it out')
    twice = next((node for node in nodes if nodes.count(node) > 1), None)
    if twice is not None:
        raise ArgumentError(f"derive: along= names {lowered.names[twice]} twice; leave one")
    wanted = [*named.values()] or [tangent_name(lowered.names[node]) for node in nodes]
    taken = {*lowered.names.values(), *lowered.automatic.dims}
    found: dict[Node, Node] = {}
    for node, name in zip(nodes, wanted, strict=True):
        if name in taken:
            raise NameClashError(
                f"derive: along= calls a tangent {name!r}, and something in this graph is called so; choose "
                f'another name: along={{"{lowered.names[node]}": "v"}}'
            )
        taken.add(name)
        tangent = leaf(None, name=variable_name(name), shape=node.shape, dtype=node.dtype)
        with_tangent(lowered, node, tangent)
        found[tangent] = node
    return found


def require_apart(nodes: Sequence[Node], lowered: Lowered) -> None:
    """Refuse variables of which one is computed from another: along one the other moves, too.

    Raises
    ------
    ArgumentError
        When there are such.
    """
    for node in nodes:
        below = {*graph_order([node])} - {node} if node.op is not None else set()
        for other in below.intersection(nodes):
            raise ArgumentError(
                f"derive: {lowered.names[node]} is computed from {lowered.names[other]}, which moves it; with along= "
                "derive by one of them"
            )
