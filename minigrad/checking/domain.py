"""Whether a program is defined on the numbers drawn for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from minigrad.checking.replay import Replay
from minigrad.graph import Node

# A matrix whose condition is worse leaves a dozen digits of its inverse to rounding.
_WORST_CONDITION = 1e6
_SINGULAR, _INFINITE = "singular", "not finite"


class Trouble(Exception):
    """A step that is not defined on its numbers; ``rank`` says that other sizes may help."""

    def __init__(self, row: str, what: str, rank: bool) -> None:
        super().__init__(f"{row}: {what}")
        self.row, self.what, self.rank = row, what, rank


def values_of(replay: Replay, leaves: Mapping[Node, Any], strict: bool) -> dict[Node, Any]:
    """The array of every node.

    Raises
    ------
    Trouble
        When a forward function raises, or, where ``strict``, gives what is not finite or reads a matrix
        that is all but singular.
    """
    values = dict(leaves)
    for node in replay.order:
        if node.op is None:
            continue
        try:
            with np.errstate(all="ignore"):
                values[node] = replay.step(node, values)
        except (np.linalg.LinAlgError, IndexError, TypeError, ValueError) as error:
            raise Trouble(node.op.name, f"the forward raised {error}", True) from error
        if strict:
            _require_domain(node, values)
    return values


def _require_domain(node: Node, values: Mapping[Node, Any]) -> None:
    assert node.op is not None
    for k, x in enumerate(node.inputs):
        word = node.op.domain[min(k, len(node.op.domain) - 1)] if node.op.domain else ""
        if isinstance(x, Node) and word in ("invertible", "spd") and not _well_posed(values[x]):
            raise Trouble(node.op.name, f"its argument is {_SINGULAR}", True)
    if not is_finite(values[node]) and all(
        is_finite(values[x]) for x in node.inputs if isinstance(x, Node)
    ):
        raise Trouble(node.op.name, f"its result is {_INFINITE}", False)


def _well_posed(matrix: Any) -> bool:
    a = np.asarray(matrix)
    if a.ndim < 2 or not a.size or not is_finite(a):
        return True
    return bool(np.all(np.linalg.cond(a) < _WORST_CONDITION))


def is_finite(value: Any) -> bool:
    """Whether every element is a number."""
    array = np.asarray(value)
    return array.dtype.kind not in "fc" or bool(np.isfinite(array).all())
