"""A program in functions without a definition is judged with one in their place, a random smooth one.

It stands everywhere at once: in the steps of the graph, in what they mean and in the formulas. What is
claimed holds for every function, so it holds for this one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from minigrad.checking.stand_in import StandIn
from minigrad.checking.subject import Subject
from minigrad.graph import Node
from minigrad.graph.undefined import UndefinedRow
from minigrad.index.expr import Expr
from minigrad.symbolic.definitions import with_definitions
from minigrad.symbolic.lower import Output, graph_order, lower, with_tangent


def defined(subject: Subject, seed: int) -> Subject:
    """The subject with random functions for those without a definition; itself where it has none."""
    order = graph_order([subject.output])
    names = {node.op.meaning for node in order if isinstance(node.op, UndefinedRow)}
    if not names:
        return subject
    functions = {str(name): StandIn(str(name), seed) for name in names}
    heads = {name: function.head for name, function in functions.items()}
    nodes = _rebuilt(order, functions)
    lowered, done = subject.lowered, dict[Expr, Expr]()
    if lowered is not None:
        cotangents = {c: Output(nodes[o.node], o.name) for c, o in lowered.cotangents.items()}
        tangents, free = lowered.tangents, {nodes[n] for n in lowered.free}
        lowered = lower([nodes[subject.output]], free, cotangents)
        for tangent, variable in tangents.items():
            with_tangent(lowered, nodes[variable], tangent)
    return replace(
        subject,
        output=nodes[subject.output],
        variables=[nodes[n] for n in subject.variables],
        inner=None if subject.inner is None else [tuple(nodes[n] for n in each) for each in subject.inner],
        formulas=[f and with_definitions(f, heads, done) for f in subject.formulas],
        lowered=lowered,
        written={},  # nothing can be written in a function that has no definition
        tangents={t: nodes[n] for t, n in subject.tangents.items()},
        functions=functions,
    )


def _rebuilt(order: list[Node], functions: Mapping[str, StandIn]) -> dict[Node, Node]:
    """The steps again, as far as they depend on functions without a definition."""
    nodes: dict[Node, Node] = {}
    for node in order:
        inputs = tuple(nodes[x] if isinstance(x, Node) else x for x in node.inputs)
        if isinstance(node.op, UndefinedRow):
            row = functions[str(node.op.meaning)].row(node.op.orders)
            nodes[node] = node.again(inputs, row, {})
        elif inputs != node.inputs:
            nodes[node] = node.again(inputs, node.op, node.params)
        else:
            nodes[node] = node
    return nodes
