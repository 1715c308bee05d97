"""Small pieces of trees: subscripts, what stands before a sum sign, multiples of 𝟏 𝟏ᵀ."""

from __future__ import annotations

from collections.abc import Sequence

from minigrad.index.contract import contract
from minigrad.index.expr import (
    Expr,
    Reduction,
)
from minigrad.notation.structural import Places
from minigrad.notation.tree import (
    ONE,
    Indexed,
    Name,
    Relation,
    Scaled,
    Transposed,
    Tree,
    parts_of,
    product,
    scaled,
)

ONES_MATRIX = product([ONE, Transposed(ONE)])


def times_ones(number: Tree) -> Tree:
    if isinstance(number, Scaled):
        up = [*number.up, *([] if number.body is None else [number.body])]
        return scaled(number.coef, up, ONES_MATRIX, list(number.down))
    return scaled(1, [number], ONES_MATRIX, [])


def outside(tree: Tree, letters: Sequence[str]) -> tuple[Scaled, Tree]:
    """What does not depend on the letters goes before the sum sign, the rest stays under it."""
    if not isinstance(tree, Scaled):
        return Scaled(1, (), None, ()), tree
    up = [t for t in tree.up if not mentions(t, letters)]
    down = [t for t in tree.down if not mentions(t, letters)]
    inside_up = [t for t in tree.up if t not in up]
    inside_down = [t for t in tree.down if t not in down]
    body = tree.body
    if body is None and not inside_up:
        return Scaled(1, (), None, ()), tree
    return Scaled(tree.coef, tuple(up), None, tuple(down)), scaled(1, inside_up, body, inside_down)


def mentions(tree: Tree, letters: Sequence[str]) -> bool:
    """Whether one of the letters stands as a subscript somewhere in the tree."""
    if isinstance(tree, Indexed) and any(place in letters for place in tree.places):
        return True
    if isinstance(tree, Relation) and tree.sign == "=":
        # [ij = kl] and [i = (j + 1) mod n] have letters inside one name
        sides = [side.text for side in (tree.left, tree.right) if isinstance(side, Name)]
        if any(letter in side for side in sides for letter in letters):
            return True
    if isinstance(tree, Name) and (tree.text in letters or tree.text.removeprefix("e_") in letters):
        return True
    return any(mentions(part, letters) for part in parts_of(tree))


def indexed(tree: Tree, places: Places) -> Tree:
    if all(place is None for place in places):
        return tree
    return Indexed(tree, places)


def over_element(node: Reduction) -> Expr:
    """The product of the others as people write it: prod(x) / x."""
    labels = range(node.ndim)
    whole = Reduction("prod", node.arg, node.count)
    return contract(labels, [(whole, labels[: whole.ndim]), (node.arg, labels, -1)])
