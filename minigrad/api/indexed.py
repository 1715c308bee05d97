"""A formula with its indices written: as one line, and by the cases of two of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from minigrad.index.affine import Delta, is_a
from minigrad.index.expr import Expr, Product, Sum
from minigrad.notation.choose import shortest_by_index
from minigrad.notation.lines import Line
from minigrad.notation.matrix import index_form, index_forms
from minigrad.notation.structural import Places
from minigrad.notation.tree import Tree
from minigrad.symbolic.cases import equal_case, unequal_case
from minigrad.symbolic.freenames import FreeNames


def index_line(
    name: str,
    expr: Expr,
    axes: Sequence[int] = (),
    of: str | None = None,
    names: FreeNames | None = None,
) -> Line:
    """The line with every index written; ``axes``: how many are the output's, and each variable's.

    What has one of the ``names`` of the derivation is no index.
    """
    places, tree = index_form(shortest_by_index(expr), names)
    return replace(_line(name, places, axes, tree), of=of, loss=names.loss if names else "L")


def _line(name: str, places: Places, axes: Sequence[int], tree: Tree, remark: str = "") -> Line:
    """The indices on the left: dS_ij, ∂s_i/∂x_j, ∂²L/∂X_ij∂y_k; an axis of one element has none."""
    if not name.startswith("∂"):
        return Line(name, tuple(place for place in places if place), tree, remark=remark)
    return Line(name, places, tree, remark=remark, axes=tuple(axes), apart=True)


def case_lines(
    name: str, expr: Expr, axes: Sequence[int], names: FreeNames | None = None
) -> list[Line]:
    """The elements in which two indices agree, and those in which they differ; none without such."""
    pair = _delta_pair(expr)
    if pair is None:
        return []
    axes_left = [k for k in range(expr.ndim) if k != pair[1]]
    cases = [(equal_case(expr, *pair), axes_left), (unequal_case(expr, *pair), range(expr.ndim))]
    (places, _), (_, equal), (_, unequal) = index_forms(expr, cases, names)
    i, j = (places[k] for k in pair)
    return [
        _line(name, places, axes, equal, remark=f"{i} = {j}"),
        _line(name, places, axes, unequal, remark=f"{i} ≠ {j}"),
    ]


def _delta_pair(expr: Expr) -> tuple[int, int] | None:
    """Two output axes joined by a delta somewhere in the expression."""
    stack: list[tuple[Expr, tuple[int, ...]]] = [(expr, tuple(range(expr.ndim)))]
    while stack:
        node, axes = stack.pop()
        if is_a(node, Delta) and axes[0] >= 0 and axes[1] >= 0:
            return (min(axes), max(axes))
        if isinstance(node, Sum):
            stack.extend((term, axes) for _, term in node.terms)
        elif isinstance(node, Product):
            outer = [*axes, *([-1] * len(node.summed))]
            stack.extend((f.node, tuple(outer[lab] for lab in f.labels)) for f in node.factors)
    return None
