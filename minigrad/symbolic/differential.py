"""The total differential of an output: how it changes with small changes of the variables, to first order.

Of a number it is ⟨G, dX⟩, summed over the variables X with the gradients G; of a tensor it is the tangent, in
which every tensor that the user named has its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from minigrad.graph.node import Node
from minigrad.index.algebra import add
from minigrad.index.contract import contract
from minigrad.index.expr import Expr, Leaf, Ref, referred
from minigrad.index.rebuild import transformed
from minigrad.names import differential_name
from minigrad.symbolic.autoname import named, settled
from minigrad.symbolic.derive import adjoints
from minigrad.symbolic.fold import recognised
from minigrad.symbolic.freenames import FreeNames
from minigrad.symbolic.lower import Lowered, freed
from minigrad.symbolic.pipeline import target_in, tied
from minigrad.symbolic.repetitions import Length
from minigrad.symbolic.simplify import finished
from minigrad.symbolic.tangent import tangent, tangents


def change(name: str, node: Expr) -> Ref:
    """The small change of a tensor, a variable of its own: dA of A."""
    own = differential_name(name)
    return Ref(own, Leaf(own, node.sizes), of=name)


def of_number(gradients: Mapping[str, Expr], names: FreeNames, length: Length) -> Expr:
    """⟨G, dX⟩ over the variables, gradients of named tensors written out."""

    def opened(node: Expr) -> Expr:
        return node.node if isinstance(node, Ref) and node.of is not None else node

    pairs = []
    for name, gradient in gradients.items():
        own = range(gradient.ndim)
        moved = change(name, gradient)
        pairs.append((1, contract((), [(transformed(gradient, opened), own), (moved, own)])))
    return settled(finished([add(pairs)]), names, length)[0]


def of_tensor(
    lowered: Lowered, output: Node, wrt: Sequence[Node], length: Length
) -> tuple[Expr, Expr, FreeNames]:
    """The output and its tangent, and the names that nobody gave."""
    free = freed(lowered, output, wrt)
    names = free.automatic
    names.derive(free.names.get(output), has_axes=True)
    expr = named(recognised(free.expr(output)), names)
    refs = {ref.name: ref for ref in referred(expr)}
    moved: dict[Expr, Expr] = {}
    for variable in wrt:
        node = target_in(free.expr(variable), refs)
        moved[node] = change(free.names[variable], node)

    def called(ref: Ref, own: Expr) -> Expr:
        return Ref(differential_name(ref.name), own, of=ref.name)

    known = tangents([expr], moved, called, lambda ref: ref.name in names.given)
    found = known[expr] if expr in known and expr not in moved else tangent(expr, known)
    if isinstance(found, Ref) and isinstance(expr, Ref) and expr not in moved:
        found = found.node  # the output's own name stands on the left side
    if free is not lowered:
        expr, found = tied([expr, found], free, lowered)
        found = finished([found])[0]
    return expr, settled([found], names, length)[0], names


def by_changes(differential: Expr, changes: Sequence[Ref]) -> list[Expr]:
    """The derivatives that a differential says, which is linear in the changes."""
    leaves = [ref.node for ref in changes]
    found = adjoints(differential, leaves)
    return finished([found[leaf] for leaf in leaves])
