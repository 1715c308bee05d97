"""Truth values: arrays know true and true as true, where mathematics counts 2."""

from __future__ import annotations

from itertools import product

import numpy as np

from minigrad.errors import DerivationError
from minigrad.graph.node import Node
from minigrad.index import heads
from minigrad.index.expr import Head, Product
from minigrad.index.view import View


def require_no_count(node: Node, view: View, head: Head | None) -> None:
    """Refuse a step that gives truth values, where its meaning is a sum of them.

    Sums and traces count in arrays, too: theirs are integers.

    Raises
    ------
    DerivationError
        That says how either is written.
    """
    if node.op is None or node.op.kind not in ("contraction", "elementwise") or not _are_truths(node):
        return
    counts = isinstance(view.expr, Product) and bool(view.expr.summed)
    if head is not None and heads.is_algebra(head):
        used = heads.symbols()[: heads.arity(head)]
        meaning = heads.expression(head)
        values = (meaning.subs(dict(zip(used, at, strict=True))) for at in product((0, 1), repeat=len(used)))
        counts = counts or any(value not in (0, 1) for value in values)
    if counts:
        raise DerivationError(
            f"{node.op.name} of truth values is true where any is, and mathematics counts them; make them "
            "numbers to count, A * 1.0, or compare the count, (A * 1.0) @ B > 0"
        )


def _are_truths(node: Node) -> bool:
    """Whether the step makes truth values of truth values, by their numbers or by what is declared."""
    if not all(isinstance(x, Node) and (x.dtype.kind == "b" or "bool" in x.assume) for x in node.inputs):
        return False
    assert node.op is not None
    least = [np.ones((1,) * len(x.shape), dtype=bool) for x in node.inputs]
    return bool(np.asarray(node.op.forward(*least, **node.params)).dtype.kind == "b")
