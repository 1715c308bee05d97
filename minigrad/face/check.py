"""`check`: a gradient judged by every witness that applies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from minigrad.checking import Report, Subject, examine
from minigrad.errors import ArgumentError, DerivationError
from minigrad.face.derivation import Variable, derive
from minigrad.graph import Tensor
from minigrad.symbolic.lower import graph_order


def check(
    output: Tensor,
    wrt: Variable | Sequence[Variable] | None = None,
    given: Mapping[str, Any] | None = None,
    seed: int = 0,
) -> Report:
    """Judge the derivatives of ``output``: hand VJPs, derived formulas, differences of the raw forward.

    Parameters
    ----------
    output
        A scalar or a tensor, computed from data or from `symbols`.
    wrt
        Names or tensors; by default every variable that requires a gradient, or every named one.
    given
        Arrays by variable name, in place of the graph's own data or of samples.
    seed
        Of the samples, directions and cotangents.

    Returns
    -------
    Report
        Its ``verdict`` is "pass", "fail" or "inconclusive"; a failure names the primitive at fault. Where an
        operation has no meaning, the formula is no witness and a note says so.
    """
    try:
        return derive(output, wrt).check(given, seed=seed)
    except DerivationError as error:
        return _without_formula(output, wrt, given or {}, seed, str(error))


def _without_formula(
    output: Tensor, wrt: Any, given: Mapping[str, Any], seed: int, why: str
) -> Report:
    """Hand VJPs against differences alone."""
    node = output._node
    if node is None:
        raise ArgumentError("check: the output was computed from nothing that is tracked")
    leaves = [n for n in graph_order([node]) if n.op is None]
    chosen = [wrt] if isinstance(wrt, (str, Tensor)) else wrt
    if chosen is None:
        variables = [n for n in leaves if n.requires_grad]
    else:
        wanted = [item._node if isinstance(item, Tensor) else item for item in chosen]
        variables = [n for n in leaves if n in wanted or n.name in wanted]
    names = [n.name or f"x{k}" for k, n in enumerate(variables, start=1)]
    subject = Subject(node, variables, names, [None] * len(variables), None, given)
    report = examine(subject, seed)
    return Report(
        report.comparisons, report.suspects, (*report.notes, f"no derived formula: {why}")
    )
