"""Matrix notation from index notation, by series-parallel reduction.

The labels of a product are vertices, its factors of order two are edges, its vectors sit on vertices.
Parallel edges are an elementwise product, a summed vertex between two edges is a matrix product, one at
the end of an edge a row sum, a loop a trace. Where factors have more than two axes, as few labels as
needed are fixed as subscripts, and summed ones stand under a sum sign; index notation is the case where
every label is fixed.

Σ_k T_ijk v_k with T of 2 × 3 × 4 is no matrix formula as long as T has three axes; with i fixed it is one:

>>> from minigrad.index.contract import contract
>>> from minigrad.index.expr import Leaf
>>> T, v = Leaf("T", (2, 3, 4)), Leaf("v", (4,))
>>> node = contract("ij", [(T, "ijk"), (v, "k")])
>>> places, tree = matrix_form(node)
>>> places, text(tree)
(('i', None), 'T_i v')
>>> index_text(node)
'Σ_k T_ijk v_k'
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations

from minigrad.index.expr import (
    Expr,
)
from minigrad.notation.letters import kept_apart
from minigrad.notation.reader import Reader
from minigrad.notation.reshaped import all_elementwise
from minigrad.notation.structural import OrderError, Places
from minigrad.notation.text import cost, text
from minigrad.notation.tree import (
    BigSum,
    Indexed,
    Tree,
    parts_of,
)


def matrix_form(node: Expr, taken: Iterable[str] = ()) -> tuple[Places, Tree]:
    """The node's formula, and which of its axes are fixed as subscripts (None: whole).

    The fewest sums under a sum sign come first, then the fewest subscripts, then leading axes. What is
    ``taken`` is no subscript.
    """
    return kept_apart(node, lambda avoided: [_matrix_form(node, avoided)], taken)[0]


def _matrix_form(node: Expr, taken: frozenset[str]) -> tuple[Places, Tree]:
    if node.ndim > 2:
        whole = _elementwise_form(node, taken)
        if whole is not None:
            return (None,) * node.ndim, whole
    best: tuple[tuple[int, int, tuple[int, ...], tuple[int, int]], tuple[Places, Tree]] | None = (
        None
    )
    for count in range(max(0, node.ndim - 2), max(node.ndim, 1)):
        if best is not None and best[0][0] == 0:
            break
        for axes in combinations(range(node.ndim), count):
            reader = Reader(taken=taken)
            places = reader.name_axes(node, axes)
            try:
                tree = reader.read(node, places)
            except OrderError:
                continue
            price = (big_sums(tree) + inner_slices(tree), count, axes, cost(tree))
            if best is None or price < best[0]:
                best = price, (places, tree)
    return index_form(node, taken) if best is None else best[1]


def big_sums(tree: Tree) -> int:
    """Over how many letters a reader sums."""
    own = len(tree.letters) if isinstance(tree, BigSum) else 0
    return own + sum(map(big_sums, parts_of(tree)))


def inner_slices(tree: Tree) -> int:
    """How many tensors are cut along an axis that is not leading, as in X[:,n]."""
    own = 0
    if isinstance(tree, Indexed) and None in tree.places:
        cut = tree.places[tree.places.index(None) :]
        own = any(place is not None and ":" not in place for place in cut)
    return own + sum(map(inner_slices, parts_of(tree)))


def index_form(node: Expr, taken: Iterable[str] = ()) -> tuple[Places, Tree]:
    """The node's formula with every label written, by no letter that is ``taken``."""
    return index_forms(node, (), taken)[0]


def index_forms(
    node: Expr, cases: Sequence[tuple[Expr, Sequence[int]]], taken: Iterable[str] = ()
) -> Sequence[tuple[Places, Tree]]:
    """The index formulas of a node and of what it is in cases, each with the axes that it keeps."""

    def read(avoided: frozenset[str]) -> Sequence[tuple[Places, Tree]]:
        reader = Reader(full=True, taken=avoided)
        places = reader.name_axes(node, range(node.ndim))
        forms = [(places, reader.read(node, places))]
        for case, axes in cases:
            own = tuple(places[axis] for axis in axes)
            apart = avoided.union(filter(None, places))
            forms.append((own, Reader(full=True, taken=apart).read(case, own)))
        return forms

    return kept_apart(node, read, taken)


def index_text(node: Expr) -> str:
    """The node's formula with every label written, as text."""
    return text(index_form(node)[1])


def _elementwise_form(node: Expr, taken: frozenset[str]) -> Tree | None:
    """A formula without subscripts for a tensor of any order, where all of it is elementwise."""
    if not all_elementwise(node, node.ndim):
        return None
    try:
        return Reader(taken=taken).read(node, (None,) * node.ndim)
    except OrderError:
        return None
