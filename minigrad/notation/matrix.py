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

from collections.abc import Sequence
from itertools import combinations

from minigrad.index.affine import has_maps, has_windows
from minigrad.index.expr import (
    Expr,
    Leaf,
    Product,
    Ref,
)
from minigrad.notation.convolution import convolution
from minigrad.notation.letters import kept_apart
from minigrad.notation.reader import Reader
from minigrad.notation.reshaped import all_elementwise
from minigrad.notation.structural import OrderError, Places
from minigrad.notation.text import cost, text
from minigrad.notation.tree import (
    BigSum,
    Call,
    Indexed,
    Name,
    Tree,
    parts_of,
)
from minigrad.symbolic.freenames import FreeNames


def matrix_form(node: Expr, names: FreeNames | None = None) -> tuple[Places, Tree]:
    """The node's formula, and which of its axes are fixed as subscripts (None: whole).

    The fewest sums under a sum sign come first, then the fewest subscripts, then leading axes. What has one
    of the ``names`` of the derivation is no subscript.
    """
    if node.ndim > 2 and has_windows(node):
        whole = _convolution_form(node, names)
        if whole is not None:
            return (None,) * node.ndim, whole
        return index_form(node, names, by_dims=True)
    return kept_apart(node, lambda avoided: [_matrix_form(node, avoided)], names)[0]


def _matrix_form(node: Expr, taken: frozenset[str]) -> tuple[Places, Tree]:
    if node.ndim > 2:
        whole = _elementwise_form(node, taken)
        if whole is not None:
            return (None,) * node.ndim, whole
    best: tuple[tuple[int, int, tuple[int, ...], tuple[int, int]], tuple[Places, Tree]] | None = (
        None
    )
    # what an index map tells of both axes may be a block of a matrix: C[i*p:i*p + p,j*q:j*q + q]
    most = max(node.ndim, 1) + (node.ndim == 2 and isinstance(node, Product) and has_maps(node))
    for count in range(max(0, node.ndim - 2), most):
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
    return _index_forms(node, (), taken)[0] if best is None else best[1]


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


def index_form(
    node: Expr, names: FreeNames | None = None, by_dims: bool = False
) -> tuple[Places, Tree]:
    """The node's formula with every label written, by no letter that is one of the ``names``.

    With ``by_dims`` dims of one letter lend their names to indices.
    """
    return index_forms(node, (), names, by_dims)[0]


def index_forms(
    node: Expr,
    cases: Sequence[tuple[Expr, Sequence[int]]],
    names: FreeNames | None = None,
    by_dims: bool = False,
) -> Sequence[tuple[Places, Tree]]:
    """The index formulas of a node and of what it is in cases, each with the axes that it keeps."""
    return kept_apart(node, lambda avoided: _index_forms(node, cases, avoided, by_dims), names)


def _index_forms(
    node: Expr,
    cases: Sequence[tuple[Expr, Sequence[int]]],
    taken: frozenset[str],
    by_dims: bool = False,
) -> Sequence[tuple[Places, Tree]]:
    reader = Reader(full=True, taken=taken, by_dims=by_dims)
    places = reader.name_axes(node, range(node.ndim))
    forms = [(places, reader.read(node, places))]
    for case, axes in cases:
        own = tuple(places[axis] for axis in axes)
        apart = taken.union(filter(None, places))
        forms.append((own, Reader(full=True, taken=apart, by_dims=by_dims).read(case, own)))
    return forms


def index_text(node: Expr) -> str:
    """The node's formula with every label written, as text."""
    return text(index_form(node)[1])


def _convolution_form(node: Expr, names: FreeNames | None) -> Tree | None:
    """A convolution of what has a name, by its function."""
    found = convolution(node)
    if found is None or not all(isinstance(x, Leaf | Ref) for x in (found.image, found.kernel)):
        return None
    reader = Reader(taken=names.words if names else ())
    args = (reader.whole(found.image), reader.whole(found.kernel), *(Name(param, arithmetic=True) for param in found.params))
    return Call(found.function, args)


def _elementwise_form(node: Expr, taken: frozenset[str]) -> Tree | None:
    """A formula without subscripts for a tensor of any order, where all of it is elementwise."""
    if not all_elementwise(node, node.ndim):
        return None
    try:
        return Reader(taken=taken).read(node, (None,) * node.ndim)
    except OrderError:
        return None
