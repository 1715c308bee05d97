"""What is judged: a tensor with its derivation, or without where its graph has no formula."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

from minigrad.api.derivation import Derivation, derive
from minigrad.api.subject import subject_of
from minigrad.checking import Subject
from minigrad.checking.formula_slips import Right
from minigrad.errors import ArgumentError, DerivationError, MinigradError, ShapeError
from minigrad.graph import Node, Tensor
from minigrad.names import differential_name
from minigrad.symbolic.lower import graph_order
from minigrad.symbolic.names import names_in_graph


def judged(
    output: Tensor, wrt: Any, given: Mapping[str, Any], order: int, cotangent: str | None = None
) -> tuple[Subject, Derivation | None]:
    """With formulas where the whole graph has a meaning, else for the numeric witnesses alone.

    With a name for the ``cotangent`` it is the pullback that is judged.
    """
    _require_variables(wrt)
    try:
        derivation = derive(output, wrt, order, cotangent=cotangent)
    except (DerivationError, ShapeError) as error:
        if cotangent is not None:
            raise
        return _without_formula(output, wrt, given, str(error), order), None
    return subject_of(derivation.reading, derivation, order, given), derivation


def right_derivative(
    output: Tensor, name: str, seed: str = "", cotangent: str | None = None
) -> Right:
    """The right gradient by a name, of a tensor its pullback; nothing where there is none.

    The pullback is of a ``cotangent`` that is a variable of the subject, or of ``seed``, which stands for
    the sample's own.
    """
    called = differential_name(name)
    if output.shape != () and cotangent is None:
        seed = seed or differential_name(output.name or "Y")
    try:
        right = derive(output, name, cotangent=cotangent or seed or None)
    except MinigradError:
        return Right(called)
    (formula,) = right.values()
    return Right(called, _without_own(right), formula.expr, right.reading.lowered, seed)


def right_second(derivation: Derivation | None, names: Sequence[str]) -> dict[str, Right]:
    """The right second derivatives by the names of their variables."""
    if derivation is None:
        return {name: Right(f"the second derivative by {name}") for name in names}
    return {
        name: Right(f.line.name, str(f), f.expr)
        for name, f in zip(names, derivation.values(), strict=True)
    }


def _without_own(right: Derivation) -> str:
    """A derivation's lines without the formulas that the caller wrote himself."""
    known = list(right.reading.names_by_user)
    if not known:
        return str(right)
    forward, backward, results = right.lines
    # the output's own formula is no part of its gradient
    known.append(right.reading.output_name or "L")
    used = [*(line for line in forward if line.name not in known), *backward]
    where = ["where", *(line.text() for line in used)] if used else []
    return "\n".join([*(line.text() for line in results), *where])


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
    if order > 1:
        paths = list(product(range(len(variables)), repeat=order))
        inner = [tuple(variables[a] for a in path[:-1]) for path in paths]
        called = [
            ", ".join(called[a] for a in path) if len(variables) > 1 else called[path[0]]
            for path in paths
        ]
        variables = [variables[path[-1]] for path in paths]
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
