"""A formula with its indices written: as one line, and by the cases of two of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import accumulate

from minigrad.index.affine import Delta, is_a
from minigrad.index.expr import Expr, Product, Sum
from minigrad.notation.choose import shortest_by_index
from minigrad.notation.lines import Line
from minigrad.notation.matrix import index_form, index_forms
from minigrad.notation.structural import Places
from minigrad.notation.tree import Tree
from minigrad.symbolic.cases import equal_case, unequal_case


def index_line(
    name: str,
    expr: Expr,
    axes: Sequence[int] = (),
    of: str | None = None,
    taken: Iterable[str] = (),
) -> Line:
    """The line with every index written; ``axes``: how many are the output's, and each variable's.

    What is ``taken`` is no index.
    """
    places, tree = index_form(shortest_by_index(expr), taken)
    return replace(_line(name, places, axes, tree), of=of)


def _line(name: str, places: Places, axes: Sequence[int], tree: Tree, remark: str = "") -> Line:
    """The indices on the left: dS_ij, ∂s_i/∂x_j, ∂²L/∂X_ij∂y_k; an axis of one element has none."""
    if not name.startswith("∂"):
        return Line(name, tuple(place for place in places if place), tree, remark=remark)
    upper, lower = name.split("/∂", 1)
    variables = [lower[:-1]] * 2 if lower.endswith("²") else lower.split("∂")
    ends = accumulate(axes)
    letters = ["".join(p for p in places[end - n : end] if p) for n, end in zip(axes, ends, strict=True)]
    of, *by = (
        f"{part}_{own}" if own else part
        for part, own in zip([upper, *variables], letters, strict=True)
    )
    return Line(f"{of}/∂{'∂'.join(by)}", (), tree, remark=remark)


def case_lines(
    name: str, expr: Expr, axes: Sequence[int], taken: Iterable[str] = ()
) -> list[Line]:
    """The elements in which two indices agree, and those in which they differ; none without such."""
    pair = _delta_pair(expr)
    if pair is None:
        return []
    axes_left = [k for k in range(expr.ndim) if k != pair[1]]
    cases = [(equal_case(expr, *pair), axes_left), (unequal_case(expr, *pair), range(expr.ndim))]
    (places, _), (_, equal), (_, unequal) = index_forms(expr, cases, taken)
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
