"""A formula with its indices written: as one line, and by the cases of two of them."""

from __future__ import annotations

from minigrad.index.affine import Delta, is_a
from minigrad.index.expr import Expr, Product, Sum
from minigrad.notation.choose import shortest_by_index
from minigrad.notation.lines import Line
from minigrad.notation.matrix import index_form
from minigrad.symbolic.cases import equal_case, unequal_case


def index_line(name: str, expr: Expr, cut: int) -> Line:
    """The line with every index written; ``cut`` of them are the output's."""
    places, tree = index_form(shortest_by_index(expr))
    letters = "".join(p for p in places if p)
    return Line(indexed_name(name, letters, cut), (), tree)


def indexed_name(name: str, letters: str, cut: int) -> str:
    """The left side with its indices: ∂s_i/∂x_j, or dS_ij."""
    if name.startswith("∂"):
        upper, lower = name.removeprefix("∂").split("/∂")
        return f"∂{upper}_{letters[:cut]}/∂{lower}_{letters[cut:]}"
    return f"{name}_{letters}" if letters else name


def case_lines(name: str, expr: Expr, cut: int) -> list[Line]:
    """The elements in which two indices agree, and those in which they differ; none without such."""
    pair = _delta_pair(expr)
    if pair is None:
        return []
    places, _ = index_form(expr)
    letters = [str(place) for place in places]
    i, j = (letters[k] for k in pair)
    left = indexed_name(name, "".join(letters), cut)
    equal = index_form(equal_case(expr, *pair))[1]
    unequal = index_form(unequal_case(expr, *pair))[1]
    return [
        Line(left, (), equal, remark=f"{i} = {j}"),
        Line(left, (), unequal, remark=f"{i} ≠ {j}"),
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
