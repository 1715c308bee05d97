"""Vectors that are read as matrices, by a name: W for reshape(w, (m, p)), so that w (A ⊗ B) w goes by W B Wᵀ.

In Σ w_a w_b B_jl [ij = a] [kl = b] the vector is read as a matrix twice:

>>> from minigrad.index.affine import reshape
>>> from minigrad.notation.choose import printed_length
>>> from minigrad.notation.matrix import matrix_form
>>> from minigrad.notation.text import text
>>> w, B = Leaf("w", (6,)), Leaf("B", (3, 3))
>>> rows = reshape((2, 3), (6,))
>>> node = contract("ik", [(w, "a"), (w, "b"), (B, "jl"), (rows, "ija"), (rows, "klb")])
>>> (named,) = matrices_named([node], lambda node: Ref("W", node), printed_length)
>>> text(matrix_form(named)[1])
'W B Wᵀ'
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from minigrad.index.affine import AffineRelation, Reshape
from minigrad.index.contract import contract
from minigrad.index.expr import Expr, Leaf, Product, Ref, is_definition, postorder
from minigrad.symbolic.byname import written_by
from minigrad.symbolic.repetitions import Length, read_times, saved_by_name


def matrices_named(
    exprs: Sequence[Expr], name: Callable[[Expr], Ref], length: Length
) -> list[Expr]:
    """The expressions with names for matrices that vectors are read as, where that shortens."""
    times = read_times(exprs)
    uses: Counter[Expr] = Counter()
    for node in postorder(*exprs, closed=is_definition):
        for body in _matrices(node):
            uses[body] += times[node]
    worth = [body for body, n in uses.items() if n > 1 and saved_by_name(body, n, length) > 0]
    return written_by(exprs, [name(body) for body in worth])


def _matrices(node: Expr) -> Iterator[Expr]:
    """The vectors in a product that meet one side of a reshape, as the matrices of the other side."""
    if not isinstance(node, Product):
        return
    for f in node.factors:
        if not isinstance(f.node, AffineRelation) or not isinstance(f.node.form, Reshape):
            continue
        before = f.node.form.before
        for whole, split in ((f.labels[before:], f.labels[:before]), (f.labels[:before], f.labels[before:])):
            for g in node.factors:
                is_vector = isinstance(g.node, Leaf | Ref) and g.exponent == 1 and g.labels == whole
                if is_vector and len(whole) == 1 and len({*split}) == 2 and whole[0] >= node.ndim:
                    yield contract(split, [(g.node, whole), (f.node, f.labels)])
