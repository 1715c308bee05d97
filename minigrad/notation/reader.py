"""Nodes read as trees: sums, products, maps, with some of their labels fixed as subscripts.

Σ_j A_ij x_j, with A of 2 × 3, is A x where its axis i is whole. With i fixed, it is row i of A times x; and
with every label fixed a sum sign says what is summed:

>>> from minigrad.index.contract import contract
>>> A, x = Leaf("A", (2, 3)), Leaf("x", (3,))
>>> node = contract("i", [(A, "ij"), (x, "j")])
>>> text(Reader().read(node, (None,)))
'A x'
>>> for reader in (Reader(), Reader(full=True)):
...     print(text(reader.read(node, reader.name_axes(node, [0]))))
A_iᵀ x
Σ_j A_ij x_j
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from math import inf

from minigrad.errors import DerivationError
from minigrad.index import facts
from minigrad.index.affine import AffineRelation
from minigrad.index.algebra import subtract
from minigrad.index.contract import symmetric, without_axes
from minigrad.index.expr import (
    Composite,
    Expr,
    Factor,
    Leaf,
    Map,
    MatrixFunction,
    Pick,
    Product,
    Reduction,
    Ref,
    Sum,
    is_name,
    postorder,
)
from minigrad.index.heads import FINITE, STEP
from minigrad.index.kept import kept_by_names
from minigrad.index.numbers import magnitude
from minigrad.notation.applied import Applied
from minigrad.notation.building import kron, product, scaled, transposed
from minigrad.notation.edges import Item, size_tree
from minigrad.notation.functions import shown_parameters
from minigrad.notation.kronecker import Kronecker, kronecker
from minigrad.notation.parts import ONES_MATRIX, elements, has_bracket, indexed, outside, times_ones
from minigrad.notation.reduction import SeriesParallel
from minigrad.notation.reshaped import (
    Reshaped,
    blocks,
    inner_reshape,
    is_readable,
    opened_reshape,
    summed_last,
    whole_reshape,
)
from minigrad.notation.sides import side
from minigrad.notation.structural import OrderError, Places, index_name, structural_tree
from minigrad.notation.text import cost, text
from minigrad.notation.told import Telling, Written, reach, telling, untold
from minigrad.notation.tree import (
    CONSTANTS,
    ONE,
    BigSum,
    Blocks,
    Call,
    Name,
    Norm,
    Num,
    OwnSymbol,
    Plus,
    Relation,
    Transposed,
    Tree,
    unit_vector,
)
from minigrad.symbolic.expand import has_delta

_RELATIONS = {"greater": ">", "greater_equal": "≥", "equal": "="}
_MIRRORED = {">": "<", "≥": "≤", "=": "="}


class Reader(Applied):
    """Reads nodes as trees, each kind in its way; ``full`` fixes every label."""

    # -- nodes -----------------------------------------------------------------------------------

    def read_anew(self, node: Expr, places: Places) -> Tree:
        match node:
            case Leaf() | Ref():
                return self.symbol(node, places)
            case Sum():
                return self.sum(node, places)
            case Product():
                return self.product(node, places)
            case Map():
                return self.map(node, places)
            case AffineRelation() | Pick():
                return self.structural(node, places)
            case Composite():
                return self.composite(node, places)
            case MatrixFunction():
                return self.matrix_function(node, places)
            case Reduction():
                return self.reduction(node, places)
        raise DerivationError(f"{type(node).__name__}: this node has no notation")

    def symbol(self, node: Leaf | Ref, places: Places) -> Tree:
        if isinstance(node, Leaf):
            if node.kind == "constant":
                return CONSTANTS.get(node.name) or OwnSymbol(node.name)
            return indexed(Name(node.name, symmetric=symmetric(node)), places)
        return indexed(Name(node.name, node.of, symmetric(node)), places)

    def sum(self, node: Sum, places: Places) -> Tree:
        terms: list[tuple[int, Tree]] = []
        beside = any(_is_full(term, places) for _, term in node.terms)
        # I − 1/n could be read as I − I/n
        spelled = places == (None, None) and any(has_delta(term) for _, term in node.terms)
        outer = set(self.used)
        beside_others, side_by_side = self.blocks(node, places)
        for k, (coef, term) in enumerate(node.terms):
            self.used = set(outer)  # what one term sums over is not seen in the next
            if k in beside_others:
                terms += [side_by_side[k]] if k in side_by_side else []
                continue
            tree = scaled(magnitude(coef), [], self.term(term, places, beside, spelled), [])
            sign = 1 if coef > 0 else -1
            parts = tree.terms if isinstance(tree, Plus) else ((1, tree),)
            terms.extend((sign * own, part) for own, part in parts)
        self.used = outer
        if terms[0][0] < 0:
            first = next((k for k, (sign, _) in enumerate(terms) if sign > 0), 0)
            terms.insert(0, terms.pop(first))
        return terms[0][1] if len(terms) == 1 and terms[0][0] > 0 else Plus(tuple(terms))

    def blocks(self, node: Sum, places: Places) -> tuple[set[int], dict[int, tuple[int, Tree]]]:
        """Which terms stand in blocks, and the blocks, [X; Y] or [X, Y], by their first terms."""
        free = [axis for axis, place in enumerate(places) if place is None]
        members: set[int] = set()
        found: dict[int, tuple[int, Tree]] = {}
        for axis in free if len(free) <= 2 else ():
            for chain in blocks(node, axis):
                if members.intersection(b.at for b in chain):
                    continue
                if not all(_is_full(b.inner, places) for b in chain):
                    continue
                coefs = {b.coef for b in chain}
                common = coefs.pop() if len(coefs) == 1 else 1
                parts = tuple(
                    scaled(1 if b.coef == common else b.coef, [], self.read(b.inner, places), [])
                    for b in chain
                )
                tree = Blocks(parts, below=axis == free[0])
                members.update(b.at for b in chain)
                sign = 1 if common > 0 else -1
                found[min(b.at for b in chain)] = sign, scaled(magnitude(common), [], tree, [])
        return members, found

    def term(self, node: Expr, places: Places, beside: bool, spelled: bool = False) -> Tree:
        """A node where broadcasting is understood: numbers stand alone, ``beside`` a matrix vectors do.

        ``spelled`` writes a number as a multiple of 𝟏 𝟏ᵀ.
        """
        if not isinstance(node, Product):
            return self.read(node, places)
        carried = {label for f in node.factors for label in f.labels}
        free = [k for k in range(node.ndim) if places[k] is None]
        missing = [k for k in free if k not in carried]
        if not missing:
            return self.read(node, places)
        whole = summed_last(node)
        if len(free) == node.ndim and whole is not None:
            return Call("rowsum", (self.read(whole, places),))
        if len(free) > 2 and any(k in carried for k in free):
            raise OrderError("a vector in a tensor of order above two needs a subscript")
        kept = [k for k in range(node.ndim) if k not in missing]
        inner = without_axes(node, missing)
        if not inner.ndim and isinstance(inner, Product) and not inner.factors:
            return scaled(inner.coef, [], ONES_MATRIX, []) if spelled else Num(inner.coef)
        tree = self.read(inner, tuple(places[k] for k in kept))
        if missing == free:
            return times_ones(tree) if spelled else tree
        on_rows = missing == [free[-1]]
        bare = Item(tree, side=_side(inner)).bare("row" if on_rows else "col")
        if bare is not None and beside:
            return bare.tree
        if isinstance(tree, Name) and beside and not on_rows and not _side(inner):
            return replace(tree, repeated=True)  # as in NumPy
        if node.sizes[missing[0]] == 1:
            return tree if on_rows else transposed(tree)  # a vector is a column
        return product([tree, Transposed(ONE)] if on_rows else [ONE, transposed(tree)])

    def map(self, node: Map, places: Places) -> Tree:
        compared = [subtract(*node.args)] if node.head == STEP else node.args
        beside = any(_is_full(arg, places) for arg in compared)
        args = tuple(self.term(arg, places, beside) for arg in compared)
        if node.head == FINITE:
            return Relation("<", Call("abs", args), Num(inf))
        if node.head.name in _RELATIONS:
            sign, (left, right) = _RELATIONS[node.head.name], args
            if isinstance(left, Num) and not isinstance(right, Num):
                return Relation(_MIRRORED[sign], right, left)  # X < 6 rather than 6 > X
            return Relation(sign, left, right)
        return Call(node.head.name, (*args, *map(Num, shown_parameters(node.head))))

    def structural(self, node: AffineRelation | Pick, places: Places) -> Tree:
        return self.pick(node, places) if isinstance(node, Pick) else structural_tree(node, places)

    def pick(self, node: Pick, places: Places) -> Tree:
        index = self.read(node.index, places[:-1])
        if node.index.ndim == 0 and places == (None,):
            return unit_vector(text(index), index)
        if places[-1] is not None:
            return Relation("=", index, index_name(places[-1]))
        if places.count(None) > 2:
            raise OrderError("one-hot rows of a matrix of places have three axes")
        return Call("onehot", (index,))

    # -- products ----------------------------------------------------------------------------------

    def product(self, node: Product, places: Places) -> Tree:
        """The best tree over the ways to fix as few summed labels as possible."""
        if node.coef == 0:
            return Num(0)
        behind = whole_reshape(node) if not any(places) and not self.full else None
        if behind is not None and is_readable(behind.inner):
            return self.reshape(behind)
        opened = None if self.full else opened_reshape(node)
        if opened is not None:
            return self.read(opened, places)
        fixed = {k: place for k, place in enumerate(places) if place is not None}
        node, at = elements(node, fixed)
        fixed |= at
        told = telling(node, fixed, self.full)
        best = None
        if told is None or not (told.nameless or self.full):
            best = self.least(node, fixed)
        if told is not None and (best is None or has_bracket(best)):
            best = self.least(told.node, fixed, told) or best
        if best is None and told is not None:
            best = self.least(node, fixed)
        if best is None:
            raise OrderError("no label set makes this product a matrix formula")
        return best

    def least(
        self, node: Product, fixed: dict[int, str], told: Telling | None = None
    ) -> Tree | None:
        """The best tree with as few letters as it takes."""
        labels = {} if told is None else told.labels
        summed = [k for k in node.summed if k not in fixed and k not in labels]
        # what only tells others runs with a slice, if it can
        lone = set() if told is None else told.lone
        apart = [k for k in summed if k not in lone]
        fewest = _fewest(node, fixed, summed) if told is None else 0
        counts = sorted({len(apart), len(summed)}) if self.full else range(fewest, len(summed) + 1)
        for count in counts:
            sets = [tuple(apart)] if self.full and count < len(summed) else combinations(summed, count)
            found = list(self.readings(node, fixed, sets, told))
            if found:
                return min(found, key=cost)
        return None

    def readings(
        self,
        node: Product,
        fixed: dict[int, str],
        sets: Iterable[tuple[int, ...]],
        told: Telling | None,
    ) -> Iterator[Tree]:
        before = set(self.used)
        taken = set(before)
        for chosen in sets:
            self.used = set(before)
            letters = {label: self.letter(node.label_sizes[label]) for label in chosen}
            at = {**fixed, **letters}
            others = Written({}, {}) if told is None else told.written(at, self.full)
            try:
                lone = () if told is None else told.lone.intersection(letters)
                tree = None if others is None else self.reduced(node, at | others.places, others.running, lone)
            except OrderError:
                tree = None
            if tree is not None:
                taken |= set(letters.values())
                if letters:
                    before_sum, under = outside(tree, list(letters.values()))
                    total = BigSum(tuple(letters.values()), under)
                    tree = scaled(
                        before_sum.coef, list(before_sum.up), total, list(before_sum.down)
                    )
                yield tree
        self.used = taken

    def reduced(
        self, node: Product, fixed: dict[int, str], running: Mapping[int, int], lone: Iterable[int]
    ) -> Tree | None:
        """The tree with the labels in ``fixed`` written as subscripts, or None if it does not reduce.

        Where a subscript is a slice, its axis is that of the label it is ``running`` with. How far those
        that are ``lone`` run, no array tells.
        """
        state = SeriesParallel(node, set(fixed))
        factors: Sequence[Factor] = node.factors
        read = set[int]()
        while not self.full and (found := self.mapped(factors, node, fixed, read)) is not None:
            tree, labels, factors = found
            state.add(tree, labels, 1)
            read.update(labels)
            left = read.union(*(f.labels for f in factors))
            state.summed = [k for k in state.summed if k in left]
        for f in (*factors, *untold(node, fixed), *(reach(node, label) for label in sorted(lone))):
            places = tuple(fixed.get(label) for label in f.labels)
            axes = [running.get(label, label) for label in f.labels]
            free = [k for k, label in zip(axes, f.labels, strict=True) if k != label or k not in fixed]
            if len(free) > 2 and (len(free) != node.ndim or not _pointwise(node)):
                raise OrderError("a factor has more than two axes")
            if not free:
                scalar, exponent = self.scalar(f.node, places, f.exponent)
                state.add_scalar(scalar, exponent)
            else:
                state.add(
                    self.read(f.node, places),
                    free,
                    f.exponent,
                    symmetric(f.node) and not any(places),
                    facts.statistic(f.node),
                    _side(f.node),
                )
        return state.finish()

    def mapped(
        self, factors: Sequence[Factor], node: Product, fixed: dict[int, str], read: Collection[int]
    ) -> tuple[Tree, tuple[int, ...], list[Factor]] | None:
        """Factors that are read as one by an index map between them: its tree, its labels, and the rest.

        What was ``read`` so before carries labels, too, and no map has these inside.
        """
        both = kronecker(factors, node, fixed, read)
        if both is not None:
            left, right = (None if x is None else self.whole(x) for x in both[:2])
            if left is not None and right is not None:
                return kron(left, right), both.labels, both.rest
            return self.repeated(left, right, both), both.labels, both.rest
        behind = inner_reshape(factors, node, fixed, read)
        return None if behind is None else (self.reshape(behind), behind.labels, behind.rest)

    def repeated(self, left: Tree | None, right: Tree | None, both: Kronecker) -> Tree:
        """repeat(x, 3), each element so often, or tile(x, 3), all of them."""
        count = size_tree(both.times)
        is_vector = len(both.labels) == 1
        if left is not None:
            return Call("repeat", (left, count, *([] if is_vector else [Num(0)])))
        assert right is not None
        return Call("tile", (right, count if is_vector else Call("", (count, Num(1)))))

    def whole(self, node: Expr) -> Tree:
        return self.read(node, (None,) * node.ndim)

    def reshape(self, behind: Reshaped) -> Tree:
        """The tensor and the sizes it is brought to."""
        body = self.whole(behind.inner)
        sizes = tuple(map(size_tree, behind.sizes))
        tree = Call("reshape", (body, Call("", sizes) if len(sizes) > 1 else sizes[0]))
        return Call("rowsum", (tree,)) if behind.summed else tree

    def scalar(self, node: Expr, places: Places, exponent: object) -> tuple[Tree, object]:
        """A scalar factor; the root of a sum of squares is a norm."""
        if (
            isinstance(node, Product)
            and len(node.factors) == 1
            and node.coef == 1
            and not node.ndim
        ):
            (f,) = node.factors
            if f.exponent == 2 and len(set(f.labels)) == len(f.labels) and f.labels:
                try:
                    inner = self.read(f.node, (None,) * f.node.ndim)
                except OrderError:  # what has more than two axes is squared and summed by its indices
                    return self.read(node, places), exponent
                return Norm(inner), 2 * exponent  # type: ignore[operator]
        return self.read(node, places), exponent


def _is_full(node: Expr, places: Places) -> bool:
    """Whether every axis that is left whole is carried, so that a reader sees a matrix."""
    if not isinstance(node, Product):
        return True
    carried = {label for f in node.factors for label in f.labels}
    return all(k in carried for k, place in enumerate(places) if place is None)


def _side(node: Expr) -> str:
    """On which side the formula that a name stands for is a statistic, or ""."""
    return _side_behind(node) if isinstance(node, Ref) else ""


@kept_by_names
def _side_behind(node: Expr) -> str:
    if node.ndim != 1:
        return ""
    below = postorder(node, closed=is_name)
    scalars = {n.name for n in below if isinstance(n, (Leaf, Ref)) and not n.ndim}
    try:
        return side(Reader().read(node, (None,)), frozenset(scalars))
    except OrderError:
        return ""


def _fewest(node: Product, fixed: Mapping[int, str], summed: Sequence[int]) -> int:
    """So many of the summed labels are letters at least: what is no index map has two axes left, and no more."""
    if any(isinstance(f.node, AffineRelation) for f in node.factors):
        return 0
    most = max((len({*f.labels} - {*fixed}) for f in node.factors), default=0)
    return min(max(most - 2, 0), len(summed))


def _pointwise(node: Product) -> bool:
    return not node.summed and all(f.labels in ((), tuple(range(node.ndim))) for f in node.factors)
