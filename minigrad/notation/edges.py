"""Factors of a product as they stand in its graph: on a vertex, or on an edge between two."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from minigrad.index.size import AnySize
from minigrad.notation.building import hadamard, transposed
from minigrad.notation.sides import on_side
from minigrad.notation.tree import Call, Hadamard, Indexed, Name, Power, Scaled, Tree, transposes

Exponent = int | Fraction
STATISTICS = ("rowsum", "colsum", "rowmean", "colmean", "rowmax", "rowprod")


@dataclass(frozen=True)
class Item:
    """A factor as it stands on an edge or a vertex; a statistic broadcasts without a diag."""

    tree: Tree
    exponent: Exponent = 1
    statistic: bool = False
    symmetric: bool = False
    side: str = ""  # what a name stands for: "row" or "col" where it is a statistic of either

    def turned(self) -> Item:
        return self if self.symmetric else replace(self, tree=transposed(self.tree))

    def bare(self, wanted: str) -> Item | None:
        """The item as it may stand beside a matrix on a side without a diag, or None."""
        if self.side == wanted:
            return self
        tree = on_side(self.tree, wanted)
        return None if tree is None else replace(self, tree=tree)


@dataclass(frozen=True)
class Edge:
    """Factors between two labels, their rows on ``i`` and their columns on ``j``."""

    i: int
    j: int
    items: tuple[Item, ...]

    def turned(self) -> Edge:
        return Edge(self.j, self.i, tuple(item.turned() for item in self.items))

    def tree(self) -> Tree:
        """The matrix: (A ⊙ B)ᵀ rather than Aᵀ ⊙ Bᵀ."""
        other = self.turned().items
        if len(self.items) > 1 and transposes_of(self.items) > transposes_of(other) + 1:
            return transposed(together(other))
        return together(self.items)


def in_letter_order(items: Sequence[Item]) -> list[Item]:
    """Elements of one tensor in the order of their letters: s_i s_j, however they came."""
    result = list(items)
    places: dict[Tree, list[int]] = {}
    for k, item in enumerate(result):
        if isinstance(item.tree, Indexed):
            places.setdefault(item.tree.body, []).append(k)
    for same in places.values():
        ordered = sorted(
            (result[k] for k in same), key=lambda it: str(getattr(it.tree, "places", ""))
        )
        for k, item in zip(same, ordered, strict=True):
            result[k] = item
    return result


def is_statistic(tree: Tree) -> bool:
    """Whether a vector is a row or column statistic, or a power of one."""
    match tree:
        case Call(function, args):
            return function in STATISTICS or (len(args) == 1 and is_statistic(args[0]))
        case Power(body):
            return is_statistic(body)
        case Scaled(_, _, body, _):
            return body is not None and is_statistic(body)
        case Hadamard(up, down):
            return all(is_statistic(part) for part in up + down)
    return False


def transposes_of(items: Sequence[Item]) -> int:
    return sum(transposes(item.tree) for item in items)


def together(items: Sequence[Item]) -> Tree:
    """The elementwise product of what shares a place."""
    up = _powers([(it.tree, it.exponent) for it in items if it.exponent > 0])
    down = _powers([(it.tree, -it.exponent) for it in items if it.exponent < 0])
    if len(up) == 1 and not down:
        return up[0]
    return hadamard(up, down)


def _powers(factors: Sequence[tuple[Tree, Exponent]]) -> list[Tree]:
    """The factors, those that are the same as one power: (X w)^⊙2 for (X w) ⊙ (X w)."""
    total: dict[tuple[Tree, int], Exponent] = {}
    for k, (tree, exponent) in enumerate(factors):
        apart = k if isinstance(tree, Scaled) else 0  # its numbers go before the product
        total[tree, apart] = total.get((tree, apart), 0) + exponent
    return [power(tree, exponent, True) for (tree, _), exponent in total.items()]


def power(tree: Tree, exponent: Exponent, elementwise: bool) -> Tree:
    return tree if exponent == 1 else Power(tree, exponent, elementwise)


def size_tree(size: AnySize) -> Tree:
    return Name(str(size), arithmetic=True)
