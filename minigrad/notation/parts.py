"""Small pieces of trees: subscripts, what stands before a sum sign, multiples of 𝟏 𝟏ᵀ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from minigrad.index.affine import AffineRelation, OneHot
from minigrad.index.contract import contract
from minigrad.index.expr import Expr, Factor, Leaf, Pick, Product, Reduction, Ref
from minigrad.notation.building import product, scaled
from minigrad.notation.places import letters_of
from minigrad.notation.structural import Places
from minigrad.notation.tree import ONE, Indexed, Name, Relation, Scaled, Transposed, Tree, parts_of

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
    if isinstance(tree, Indexed):
        own = {letter for place in tree.places if place is not None for letter in letters_of(place)}
        if own.intersection(letters):
            return True
    if isinstance(tree, Relation) and tree.sign == "=":
        # [ij = kl] and [i = (j + 1) % n] have letters inside one name
        sides = [side.text for side in (tree.left, tree.right) if isinstance(side, Name)]
        if any(letter in side for side in sides for letter in letters):
            return True
    if isinstance(tree, Name) and (tree.text in letters or tree.text.removeprefix("e_") in letters):
        return True
    return any(mentions(part, letters) for part in parts_of(tree))


def has_bracket(tree: Tree) -> bool:
    """Whether indices are compared somewhere: [ij = k]."""
    if isinstance(tree, Relation) and tree.sign == "=" and isinstance(tree.left, Name):
        return bool(tree.left.letters)
    return any(map(has_bracket, parts_of(tree)))


def indexed(tree: Tree, places: Places) -> Tree:
    if all(place is None for place in places):
        return tree
    return Indexed(tree, places)


def elements(node: Product, fixed: Mapping[int, str]) -> tuple[Product, dict[int, str]]:
    """The product without the unit vectors of scalars in it, and the places that these fixed: xᵀ e_0 is x_0."""
    units: dict[int, Factor] = {}
    at: dict[int, str] = {}
    for f in node.factors:
        if isinstance(f.node, AffineRelation) and isinstance(f.node.form, OneHot) and f.exponent == 1:
            units[f.labels[0]], at[f.labels[0]] = f, str(f.node.form.place)
    places: dict[int, str] = {}
    for group in _joined(node, fixed):
        labels = {label for f in group for label in f.labels} - fixed.keys()
        relations = [f for f in group if isinstance(f.node, AffineRelation | Pick)]
        if min(labels, default=0) < node.ndim or len(relations) == len(group):
            continue
        if all(f is units.get(f.labels[0]) for f in relations):
            places |= {f.labels[0]: at[f.labels[0]] for f in relations}
    for label, unit in units.items():
        # of more than two axes one is written as the element that it is, T_0
        carriers = [f for f in node.factors if label in f.labels and f is not unit]
        if label >= node.ndim and label not in fixed and [len({*f.labels}) > 2 for f in carriers] == [True]:
            if isinstance(carriers[0].node, Leaf | Ref):
                places[label] = at[label]
    if not places:
        return node, places
    taken = [units[label] for label in places]
    left = tuple(f for f in node.factors if not any(f is unit for unit in taken))
    return Product(left, node.coef, node.label_sizes, node.ndim, b""), places


def _joined(node: Product, fixed: Mapping[int, str]) -> list[list[Factor]]:
    """The factors in groups that share labels."""
    groups: list[tuple[set[int], list[Factor]]] = []
    for f in node.factors:
        labels, members = {*f.labels} - fixed.keys(), [f]
        for group in [g for g in groups if g[0] & labels]:
            groups.remove(group)
            labels, members = labels | group[0], group[1] + members
        groups.append((labels, members))
    return [members for _, members in groups]


def over_element(node: Reduction) -> Expr:
    """The product of the others as people write it: prod(x) / x."""
    labels = range(node.ndim)
    whole = Reduction("prod", node.arg, node.count)
    return contract(labels, [(whole, labels[: whole.ndim]), (node.arg, labels, -1)])
