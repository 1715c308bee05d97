"""One product as a multigraph on its labels, reduced to a single tree.

In c_i Σ_j A_ij x_j, with A of 2 × 3, the labels i and j are 0 and 1. A is an edge between them, x sits on
the summed vertex 1, c on 0. Summing over 1 leaves A x on 0, beside c:

>>> from minigrad.index.contract import contract
>>> from minigrad.index.expr import Leaf
>>> A, x, c = Leaf("A", (2, 3)), Leaf("x", (3,)), Leaf("c", (2,))
>>> node = contract("i", [(A, "ij"), (x, "j"), (c, "i")])
>>> state = SeriesParallel(node, set())
>>> for f in node.factors:
...     state.add(Name(f.node.name), f.labels, f.exponent)
>>> state.eliminate(1)
True
>>> {label: [text(item.tree) for item in items] for label, items in state.vectors.items()}
{0: ['c', 'A x']}
>>> text(state.result())
'c ⊙ (A x)'
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from copy import copy
from itertools import chain, permutations
from itertools import product as cartesian

from minigrad.index.expr import Product
from minigrad.index.size import AnySize, Size
from minigrad.notation.building import product, scaled, transposed
from minigrad.notation.edges import (
    Edge,
    Exponent,
    Item,
    in_letter_order,
    is_statistic,
    power,
    size_tree,
    together,
    transposes_of,
)
from minigrad.notation.moves import moved
from minigrad.notation.text import text
from minigrad.notation.tree import IDENTITY, ONE, Call, Name, Norm, Transposed, Tree, transposes

# With more summed labels than this, they are eliminated in one good order instead of the best one.
_MOST_LABELS = 4


class SeriesParallel:
    """The state of a reduction; `finish` tries the orders of elimination and keeps the best tree."""

    def __init__(self, node: Product, fixed: set[int]) -> None:
        self.node = node
        self.out = [label for label in range(node.ndim) if label not in fixed]
        self.summed = [label for label in node.summed if label not in fixed]
        self.sizes: tuple[AnySize, ...] = node.label_sizes
        self.scalars: list[Item] = []
        self.edges: list[Edge] = []
        self.vectors: dict[int, list[Item]] = {}
        self.whole: list[Item] = []

    def add_scalar(self, tree: Tree, exponent: object) -> None:
        self.scalars.append(Item(tree, exponent))  # type: ignore[arg-type]

    def add(
        self,
        tree: Tree,
        labels: Sequence[int],
        exponent: Exponent,
        symmetric: bool = False,
        statistic: bool = False,
        side: str = "",
    ) -> None:
        item = Item(tree, exponent, statistic or is_statistic(tree), symmetric, side)
        if len(labels) > 2:
            self.whole.append(item)
        elif len(labels) == 1:
            self.vectors.setdefault(labels[0], []).append(item)
        elif labels[0] == labels[1]:
            self.loop(labels[0], together([item]))
        else:
            self.connect(Edge(labels[0], labels[1], (item,)))

    # -- finishing ---------------------------------------------------------------------------------

    def finish(self) -> Tree | None:
        if self.whole:
            return self.scaled(together(self.whole))
        if len(self.summed) > _MOST_LABELS:
            attempt = self.fork()
            return attempt.result() if attempt.eliminate_greedily() else None
        found: list[Tree] = []
        for order in self.orders():
            attempt = self.fork()
            if all(attempt.eliminate(label) for label in order):
                tree = attempt.result()
                if tree is not None and tree not in found:
                    found.append(tree)
        # a vector times a vector is read more easily than a diagonal matrix in a longer product; at equal
        # length a function of the whole, pad(X W, ...), comes before X pad(W, ...)
        diagonals = 0 if len(self.out) > 1 else 1
        return _least(
            found,
            lambda t: transposes(t) + diagonals * text(t).count("diag("),
            lambda t: len(text(t)),
            lambda t: diagonals * text(t).count("diag("),
            lambda t: not isinstance(t, Call),
        )

    def orders(self) -> Iterator[tuple[int, ...]]:
        """The orders of elimination that differ: what is not connected is summed in the order it stands.

        Edges connect, and so does a division by a size, which makes a mean of one sum only.
        """
        parts: list[set[int]] = []
        divided = [
            {label for label in self.summed if size_tree(self.sizes[label]) == item.tree}
            for item in self.scalars
        ]
        for near in [*({label} for label in self.summed), *({e.i, e.j} for e in self.edges), *divided]:
            touched = [part for part in parts if part & near]
            parts = [part for part in parts if not part & near] + [near.union(*touched)]
        own = [[label for label in self.summed if label in part] for part in parts]
        for orders in cartesian(*map(permutations, own)):
            place = dict(zip(chain(*own), chain(*orders), strict=True))
            yield tuple(place[label] for label in self.summed)

    def fork(self) -> SeriesParallel:
        twin = copy(self)
        twin.scalars, twin.edges = list(self.scalars), list(self.edges)
        twin.vectors = {label: list(items) for label, items in self.vectors.items()}
        return twin

    def eliminate_greedily(self) -> bool:
        left = list(self.summed)
        while left:
            label = min(left, key=self.priority)
            if not self.eliminate(label):
                return False
            left.remove(label)
        return True

    def priority(self, label: int) -> int:
        degree = len(self.at(label))
        carries = bool(self.vectors.get(label))
        return {(2, False): 0, (1, True): 1, (1, False): 2, (0, True): 3, (2, True): 4}.get(
            (degree, carries), 9
        )

    # -- rules ---------------------------------------------------------------------------------------

    def at(self, label: int) -> list[Edge]:
        return [edge for edge in self.edges if label in (edge.i, edge.j)]

    def connect(self, edge: Edge) -> None:
        """Add an edge; beside a parallel one it is an elementwise product."""
        for k, other in enumerate(self.edges):
            if {edge.i, edge.j} == {other.i, other.j}:
                if edge.i != other.i:
                    forward = transposes_of(other.items) + transposes_of(edge.turned().items)
                    backward = transposes_of(other.turned().items) + transposes_of(edge.items)
                    if forward <= backward:
                        edge = edge.turned()
                    else:
                        other = other.turned()
                self.edges[k] = Edge(other.i, other.j, other.items + edge.items)
                return
        self.edges.append(edge)

    def loop(self, label: int, matrix: Tree) -> None:
        """A loop is the diagonal, a vector; summed alone it becomes a trace."""
        self.vectors.setdefault(label, []).append(Item(Call("diagonal", (matrix,))))

    def eliminate(self, label: int) -> bool:
        """Sum over a label; False where more than two edges meet."""
        edges, items = self.at(label), self.vectors.pop(label, [])
        if len(edges) > 2:
            return False
        for edge in edges:
            self.edges.remove(edge)
        if not edges:
            self.total(label, items)
        elif len(edges) == 1:
            self.contract_end(label, edges[0], items)
        else:
            self.join(label, edges[0], edges[1], items)
        return True

    def join(self, label: int, a: Edge, b: Edge, items: list[Item]) -> None:
        """Two edges at a summed label: a matrix product, with a diagonal between if it has a vector."""
        left = a if a.j == label else a.turned()
        right = b if b.i == label else b.turned()
        middle = [Call("diag", (together(items),))] if items else []
        if middle:
            straight = product([left.tree(), *middle, right.tree()])
            other = product([right.turned().tree(), *middle, left.turned().tree()])
        else:
            straight = moved(left.tree(), right.tree(), vector=False)
            other = moved(right.turned().tree(), left.turned().tree(), vector=False)
        if transposes(other) < transposes(straight):
            edge = Edge(right.j, left.i, (Item(other),))
        else:
            edge = Edge(left.i, right.j, (Item(straight),))
        if edge.i == edge.j:
            self.loop(edge.i, edge.items[0].tree)
        else:
            self.connect(edge)

    def contract_end(self, label: int, edge: Edge, items: list[Item]) -> None:
        """One edge at a summed label: matrix times vector, or a row sum where there is no vector."""
        toward = edge if edge.j == label else edge.turned()
        if items:
            vector = moved(toward.tree(), together(items), vector=True)
            self.vectors.setdefault(toward.i, []).append(Item(vector))
            return
        if (
            self.squares(toward)
            and not self.at(toward.i)
            and not self.vectors.get(toward.i)
            and toward.i not in self.out
        ):
            self.vectors[toward.i] = [Item(Norm(toward.items[0].tree), 2, True)]
            return
        rows, columns = toward.tree(), toward.turned().tree()
        mean = self.take_size(label)
        if transposes(columns) < transposes(rows):
            tree: Tree = Call("colmean" if mean else "colsum", (columns,))
        else:
            tree = Call("rowmean" if mean else "rowsum", (rows,))
        self.vectors.setdefault(toward.i, []).append(Item(tree, 1, True))

    def total(self, label: int, items: list[Item]) -> None:
        """A summed label without edges: a dot product, a norm, a trace or a sum."""
        if not items:
            return
        mean = self.take_size(label)
        if mean and not (len(items) == 1 and items[0].exponent == 1):
            self.scalars.append(Item(size_tree(self.sizes[label]), -1))
            mean = False
        if len(items) == 1:
            (item,) = items
            match item:
                case Item(Norm() as norm, exponent):
                    self.scalars.append(Item(norm, exponent))
                case Item(tree, 2):
                    self.scalars.append(Item(Norm(tree), 2))
                case Item(Call("diagonal", (matrix,)), 1) if not mean:
                    self.scalars.append(Item(Call("tr", (matrix,))))
                case Item(Call("rowsum" | "colsum", inner), 1) if not mean:
                    self.scalars.append(Item(Call("sum", inner)))
                case Item(Call("rowmean" | "colmean", inner), 1) if mean:
                    self.scalars.append(Item(Call("mean", inner)))
                case _:
                    tree = together(items)
                    self.scalars.append(Item(Call("mean" if mean else "sum", (tree,))))
        elif len(items) == 2 and all(item.exponent == 1 for item in items):
            a, b = items
            ways = [product([transposed(x.tree), y.tree]) for x, y in ((a, b), (b, a))]
            self.scalars.append(Item(min(ways, key=lambda w: (transposes(w), len(text(w))))))
        else:
            self.scalars.append(Item(Call("sum", (together(items),))))

    def squares(self, edge: Edge) -> bool:
        return len(edge.items) == 1 and edge.items[0].exponent == 2

    def take_size(self, label: int) -> bool:
        """Use up a factor 1/size of this label, which makes a sum a mean."""
        size = self.sizes[label]
        name = size.name if isinstance(size, Size) else None
        for k, item in enumerate(self.scalars):
            if name is not None and item.tree == Name(name) and item.exponent == -1:
                del self.scalars[k]
                return True
        return False

    # -- the result ------------------------------------------------------------------------------------

    def result(self) -> Tree | None:
        if len(self.out) > 2:
            return None
        if not self.out:
            return self.scaled(None)
        if len(self.out) == 1:
            items = self.vectors.get(self.out[0], [])
            return self.scaled(together(items) if items else ONE)
        return self.scaled(self.matrix(*self.out))

    def matrix(self, i: int, j: int) -> Tree:
        rows, columns = self.vectors.get(i, []), self.vectors.get(j, [])
        if not self.edges:
            left = together(rows) if rows else ONE
            right = together(columns) if columns else ONE
            if rows and not columns and self.sizes[j] == 1:
                return left  # a vector is a column
            if columns and not rows and self.sizes[i] == 1:
                return transposed(right)
            return product([left, transposed(right) if right != ONE else Transposed(ONE)])
        (edge,) = self.edges
        edge = edge if edge.i == i else edge.turned()
        if [it.tree for it in edge.items] == [IDENTITY]:
            return Call("diag", (together([*rows, *columns]),)) if rows or columns else IDENTITY
        beside: list[Item] = []
        left_items: list[Item] = []
        right_items: list[Item] = []
        for wanted, items, others in (("row", rows, left_items), ("col", columns, right_items)):
            for item in items:
                bare = item.bare(wanted)
                # where the sizes differ, what divides can divide in one way only
                divides = wanted == "row" and item.exponent < 0 and self.sizes[i] != self.sizes[j]
                (others if bare is None and not divides else beside).append(bare or item)
        tree = together([*edge.items, *beside]) if beside else edge.tree()
        parts = ([Call("diag", (together(left_items),))] if left_items else []) + [tree]
        if right_items:
            parts.append(Call("diag", (together(right_items),)))
        return product(parts)

    def scaled(self, body: Tree | None) -> Tree:
        up = [
            power(it.tree, it.exponent, False)
            for it in in_letter_order(self.scalars)
            if it.exponent > 0
        ]
        down = [power(it.tree, -it.exponent, False) for it in self.scalars if it.exponent < 0]
        return scaled(self.node.coef, up, body, down)


def _least(trees: list[Tree], *prices: Callable[[Tree], int]) -> Tree | None:
    """The first tree of the least price; later prices are asked only where earlier ones are equal."""
    for price in prices:
        if len(trees) < 2:
            break
        each = [price(tree) for tree in trees]
        least = min(each)
        trees = [tree for tree, one in zip(trees, each, strict=True) if one == least]
    return trees[0] if trees else None
