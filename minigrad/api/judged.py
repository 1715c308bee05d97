"""What is judged: a tensor with its derivation, or without where its graph has no formula."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

from minigrad.api.derivation import Derivation, derive
from minigrad.api.subject import subject_of
from minigrad.checking import Subject
from minigrad.errors import ArgumentError, DerivationError, ShapeError
from minigrad.graph import Node, Tensor
from minigrad.symbolic.lower import graph_order
from minigrad.symbolic.names import names_in_graph


def judged(
    output: Tensor, wrt: Any, given: Mapping[str, Any], order: int
) -> tuple[Subject, Derivation | None]:
    """With formulas where the whole graph has a meaning, else for the numeric witnesses alone."""
    _require_variables(wrt)
    if order not in (1, 2):
        raise ArgumentError(f"check: order is 1 for gradients or 2 for Hessians, not {order}")
    try:
        derivation = derive(output, wrt, order)
    except (DerivationError, ShapeError) as error:
        return _without_formula(output, wrt, given, str(error), order), None
    return subject_of(derivation.reading, derivation, order, given), derivation


def _require_variables(wrt: Any) -> None:
    if wrt is None or isinstance(wrt, str | Tensor):
        return
    items = list(wrt) if isinstance(wrt, Sequence) else [wrt]
    if not items or not all(isinstance(item, str | Tensor) for item in items):
        raise ArgumentError(
            f"check: wrt={wrt!r} names no variables; pass a name or a tensor, or several of them"
        )


def _without_formula(
    output: Tensor, wrt: Any, given: Mapping[str, Any], why: str, order: int
) -> Subject:
    node = output._node
    if node is None:
        raise ArgumentError(
            "check: the output was computed from nothing that is tracked; let its inputs require a "
            "gradient: mg.tensor(data, requires_grad=True)"
        )
    graph = graph_order([node])
    names = names_in_graph(graph)
    variables = _chosen(graph, names, wrt)
    called = [names.get(n) or f"x{k}" for k, n in enumerate(variables, start=1)]
    inner = None
    if order == 2:
        pairs = list(product(range(len(variables)), repeat=2))
        inner = [variables[a] for a, _ in pairs]
        called = [
            f"{called[a]}, {called[b]}" if len(variables) > 1 else called[a] for a, b in pairs
        ]
        variables = [variables[b] for _, b in pairs]
    formulas = [None] * len(variables)
    return Subject(node, variables, called, formulas, None, given, why=why, inner=inner)


def _chosen(order: Sequence[Node], names: Mapping[Node, str], wrt: Any) -> list[Node]:
    leaves = [n for n in order if n.op is None]
    if wrt is None:
        return [n for n in leaves if n.requires_grad] or [n for n in leaves if n.name is not None]
    wanted = [wrt] if isinstance(wrt, str | Tensor) else list(wrt)
    by_name = {name: node for node, name in names.items()}
    found = []
    for item in wanted:
        node = item._node if isinstance(item, Tensor) else by_name.get(item)
        if node is None or node not in order:
            called = item.name if isinstance(item, Tensor) else repr(item)
            raise ArgumentError(
                f"check: the output does not depend on {called}; known are {', '.join(by_name)}"
            )
        found.append(node)
    return found
