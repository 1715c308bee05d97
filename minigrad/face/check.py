"""`check`: a gradient judged by every witness that applies."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from minigrad.checking import Options, Report, Subject, examine
from minigrad.errors import ArgumentError, DerivationError
from minigrad.face.derivation import Variable, derive
from minigrad.face.subject import subject_of
from minigrad.graph import Node, Tensor
from minigrad.symbolic.lower import graph_order


def check(
    output: Tensor,
    wrt: Variable | Sequence[Variable] | None = None,
    given: Mapping[str, Any] | None = None,
    seed: int = 0,
    *,
    order: int = 1,
    samples: int | None = None,
    seconds: float | None = None,
    witnesses: Sequence[str] | None = None,
    every: bool = False,
    progress: Callable[[str, int, int], None] | None = None,
) -> Report:
    options = Options(seed, samples, seconds, witnesses, every, progress)
    return examine(_subject(output, wrt, given or {}, order), options)


def _subject(output: Tensor, wrt: Any, given: Mapping[str, Any], order: int) -> Subject:
    """With formulas where the whole graph has a meaning, else for the numeric witnesses alone."""
    try:
        return subject_of(derive(output, wrt, order), given)
    except DerivationError as error:
        return _without_formula(output, wrt, given, str(error))


def _without_formula(output: Tensor, wrt: Any, given: Mapping[str, Any], why: str) -> Subject:
    node = output._node
    if node is None:
        raise ArgumentError(
            "check: the output was computed from nothing that is tracked; let its inputs require a "
            "gradient: mg.tensor(data, requires_grad=True)"
        )
    order = graph_order([node])
    variables = _chosen(order, wrt)
    names = [n.name or f"x{k}" for k, n in enumerate(variables, start=1)]
    return Subject(node, variables, names, [None] * len(variables), None, given, why=why)


def _chosen(order: Sequence[Node], wrt: Any) -> list[Node]:
    if wrt is None:
        return [n for n in order if n.op is None and n.requires_grad]
    wanted = [wrt] if isinstance(wrt, str | Tensor) else list(wrt)
    nodes = [item._node if isinstance(item, Tensor) else item for item in wanted]
    found = [n for n in order if n in nodes or (n.name is not None and n.name in nodes)]
    if len(found) < len(nodes):
        raise ArgumentError(
            f"check: the output depends on {len(found)} of the {len(nodes)} variables asked for; "
            "name them as the graph does"
        )
    return found
