"""The tangent sweep: how a program moves where its variables move, with a tangent for every named tensor.

There is one set of rules, those of the adjoints. An adjoint is linear in the cotangent g that arrives; paired
with the tangents of what it goes to, it is the number ⟨g, J dx⟩, whose gradient by g is J dx.

With A of 2 × 3, A x moves by dA x + A dx:

>>> from minigrad.notation.matrix import index_text
>>> A, x, dA, dx = Leaf("A", (2, 3)), Leaf("x", (3,)), Leaf("dA", (2, 3)), Leaf("dx", (3,))
>>> product = contract("i", [(A, "ij"), (x, "j")])
>>> index_text(tangent(product, {A: dA, x: dx}))
'Σ_j x_j dA_ij + Σ_j A_ij dx_j'

A named tensor in between has a tangent of its own, by which the others are written:

>>> z = Ref("z", product)
>>> number = contract("", [(z, "i", 2)])
>>> moved = tangents([number], {x: dx}, lambda ref, moved: Ref(f"d{ref.name}", moved))
>>> index_text(tangent(number, moved)), index_text(moved[z].node)
('2 (Σ_i z_i dz_i)', 'Σ_j A_ij dx_j')
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from minigrad.index.algebra import add
from minigrad.index.contract import contract
from minigrad.index.expr import Expr, Leaf, Ref, is_constant, referred
from minigrad.symbolic.derive import adjoints
from minigrad.symbolic.simplify import finished

_ARRIVES = "·g"


def tangents(
    roots: Sequence[Expr],
    moved: Mapping[Expr, Expr],
    named: Callable[[Ref, Expr], Expr],
    through: Callable[[Ref], bool] = lambda ref: False,
    gradients: bool = False,
) -> dict[Expr, Expr]:
    """The tangents of all names that the roots need, what they stand on first.

    Parameters
    ----------
    roots : what is to be differentiated, `tangent` of which takes the result.
    moved : the tangents of variables.
    named : a name's tangent behind a name of its own, or as it is.
    through : names that are looked through, and have no tangent of their own.
    gradients : whether gradients by named tensors have tangents of their own, too.
    """
    known = dict(moved)
    for ref in referred(*roots):
        if (ref.of is not None and not gradients) or ref in known or through(ref):
            continue
        own = tangent(ref.node, known)
        known[ref] = own if is_constant(own, 0) else named(ref, own)
    return known


def tangent(root: Expr, moved: Mapping[Expr, Expr]) -> Expr:
    """How ``root`` moves where variables and names in it move by their tangents; what is not moved stays."""
    if root in moved:
        return moved[root]
    arrives = Leaf(_ARRIVES, root.sizes)
    pulled = adjoints(root, [*moved], arrives, through=False)
    pairs = [
        (1, contract((), [(pulled[node], range(node.ndim)), (by, range(node.ndim))]))
        for node, by in moved.items()
    ]
    return finished([adjoints(add(pairs), [arrives])[arrives]])[0]
