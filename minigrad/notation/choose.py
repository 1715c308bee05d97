"""Of equal expressions, the one that is read more easily.

(I + A) B − B, with A of 2 × 2 and B of 2 × 3, is shorter with its product opened, where B cancels:

>>> from minigrad.index.affine import delta
>>> from minigrad.index.algebra import add
>>> from minigrad.index.contract import contract
>>> from minigrad.index.expr import Leaf
>>> A, B = Leaf("A", (2, 2)), Leaf("B", (2, 3))
>>> product = contract("ik", [(add([(1, delta(2)), (1, A)]), "ij"), (B, "jk")])
>>> node = add([(1, product), (-1, B)])
>>> text(matrix_form(node)[1]), text(matrix_form(shortest(node))[1])
('(I + A) B − B', 'A B')
"""

from __future__ import annotations

from minigrad.index.affine import has_windows
from minigrad.index.expr import Expr, Product, Sum
from minigrad.notation.matrix import index_form, index_text, matrix_form
from minigrad.notation.structural import Places
from minigrad.notation.text import cost, shown_places, text
from minigrad.notation.tree import Tree
from minigrad.symbolic.expand import expanded, has_delta
from minigrad.symbolic.factors import common_factor
from minigrad.symbolic.freenames import FreeNames

# A product of sums that opens into more terms than this is not read more easily open.
_MOST_TERMS = 4


def shortest(node: Expr) -> Expr:
    """The node, or an equal form that is read more easily as a matrix formula."""
    if node.ndim > 2 or not isinstance(node, (Sum, Product)):
        return node
    forms: list[Expr] = [node]
    if has_delta(node):
        forms.append(expanded(node))
    if node.ndim == 2:
        opened = expanded(node, lambda total: total.ndim > 1 or has_delta(total))
        if isinstance(opened, Sum) and len(opened.terms) <= _MOST_TERMS:
            shared = common_factor(opened, split=True)
            forms.extend([shared] if shared is not None else [])
    if len(forms) == 1:
        return node
    return min(forms, key=lambda form: cost(matrix_form(form)[1]))


def shortest_by_index(node: Expr) -> Expr:
    """The node, or what it is with its common factors outside, where that is the shorter index formula."""
    opened = expanded(node)
    forms = [node, opened]
    if isinstance(opened, Sum):
        forms.append(common_factor(opened, spread=True) or opened)
    return min(forms, key=lambda form: len(index_text(form)))


def printed_length(node: Expr) -> int:
    """How long the node's formula is in characters."""
    return len(text(matrix_form(shortest(node))[1]))


def form(node: Expr, names: FreeNames | None = None) -> tuple[Places, Tree]:
    """How a node is written: in matrices, or by indices where deltas make that the shorter.

    What has one of the ``names`` of the derivation is no subscript.
    """
    places, tree = matrix_form(shortest(node), names)
    if node.ndim <= 2 or has_windows(node) or not (has_delta(node) or node.ndim > 3):
        return places, tree
    by_index = index_form(shortest_by_index(node), names)
    if len(text(by_index[1])) + node.ndim <= len(text(tree)) + len(shown_places(places)) + 1:
        return by_index
    return places, tree
