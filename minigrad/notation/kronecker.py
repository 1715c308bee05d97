"""Kronecker products, tiles and repeats: parts of a product that meet in one row-major index.

Where [kr = i] and [ls = j], and nothing but these connects what carries k and l with what carries r and s, the
two are A ⊗ B:

>>> from minigrad.index.affine import reshape
>>> from minigrad.index.contract import contract
>>> A, B = Leaf("A", (2, 3)), Leaf("B", (4, 5))
>>> rows, columns = (reshape((2, 4), (8,)), "kri"), (reshape((3, 5), (15,)), "lsj")
>>> node = contract("ij", [(A, "kl"), (B, "rs"), rows, columns])
>>> found = kronecker(node.factors, node, ())
>>> found.left == A, found.right == B, found.labels
(True, True, (0, 1))
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import combinations
from typing import NamedTuple

from minigrad.index.affine import AffineRelation, Reshape
from minigrad.index.contract import with_factors
from minigrad.index.expr import Expr, Factor, Leaf, Product, Ref
from minigrad.index.size import AnySize


class Kronecker(NamedTuple):
    """``left ⊗ right`` on some labels; one that is missing is 𝟏, of ``times`` elements."""

    left: Expr | None
    right: Expr | None
    times: AnySize
    labels: tuple[int, ...]
    rest: list[Factor]


class _Pair(NamedTuple):
    """A relation [kr = i]."""

    factor: Factor
    k: int
    r: int
    i: int


def kronecker(
    factors: Sequence[Factor], node: Product, fixed: Collection[int], read: Collection[int] = ()
) -> Kronecker | None:
    """The first Kronecker product among factors, of matrices if there is one.

    Labels that were ``read`` are carried by what is none of the factors.
    """
    pairs = [p for p in _pairs(factors, node, fixed) if not {p.k, p.r} & {*read}]
    for a, b in combinations(pairs, 2):
        if a.i > b.i:
            a, b = b, a
        found = _of(factors, node, fixed, [a, b]) if a.i != b.i else None
        # what a product of products is applied to reads better as a matrix: A B X, reshaped
        if found is not None and (b.i < node.ndim or (_is_one(found.left) and _is_one(found.right))):
            return found
    return next((k for a in pairs if (k := _of(factors, node, fixed, [a])) is not None), None)


def _is_one(node: Expr | None) -> bool:
    """Whether a part is one matrix, as it stands or turned."""
    if isinstance(node, Product):
        return len(node.factors) == 1 and not node.summed and _is_one(node.factors[0].node)
    return isinstance(node, Leaf | Ref)


def _pairs(
    factors: Sequence[Factor], node: Product, fixed: Collection[int]
) -> Iterator[_Pair]:
    for f in factors:
        if not isinstance(f.node, AffineRelation) or not isinstance(f.node.form, Reshape):
            continue
        if len(f.labels) != 3:
            continue
        k, r, i = f.labels if f.node.form.before == 2 else (*f.labels[1:], f.labels[0])
        if k != r and min(k, r) >= node.ndim and not {k, r, i} & {*fixed}:
            yield _Pair(f, k, r, i)


def _of(
    factors: Sequence[Factor], node: Product, fixed: Collection[int], pairs: Sequence[_Pair]
) -> Kronecker | None:
    """What meets in the pairs, if that is two parts which nothing else connects."""
    others = [f for f in factors if all(f is not pair.factor for pair in pairs)]
    outer = {*range(node.ndim), *fixed, *(pair.i for pair in pairs)}
    parts: list[Expr | None] = []
    group: list[Factor] = []
    ends: set[int] = set()
    for labels in zip(*((p.k, p.r) for p in pairs), strict=True):
        mine = _connected(others, labels, outer)
        reached = {label for f in mine for label in f.labels} & outer
        if any(f is g for f in mine for g in group) or reached & {*fixed, *(p.i for p in pairs)}:
            return None
        ends |= reached
        group += mine
        carried = {label for f in mine for label in f.labels}
        if mine and not carried.issuperset(labels):
            return None
        parts.append(with_factors(node, mine, 1, [*labels, *sorted(reached)]) if mine else None)
    left, right = parts
    if left is None or right is None:
        # rows that are repeated are read as such where they are the result, else what meets them is reshaped
        is_result = not ends or (len(ends) == 1 and pairs[0].i < node.ndim)
        if left is right or len(pairs) > 1 or not is_result:
            return None
    elif ends:
        return None
    rest = [f for f in others if all(f is not g for g in group)]
    count = node.label_sizes[pairs[0].k if left is None else pairs[0].r]
    return Kronecker(left, right, count, (*(p.i for p in pairs), *sorted(ends)), rest)


def _connected(
    factors: Sequence[Factor], labels: Sequence[int], outer: Collection[int]
) -> list[Factor]:
    """The factors that carry the labels, or a summed label of another such factor."""
    reached, mine = {*labels}, list[Factor]()
    while True:
        new = [f for f in factors if reached & {*f.labels} and all(f is not g for g in mine)]
        if not new:
            return mine
        mine += new
        reached |= {label for f in new for label in f.labels if label not in outer}
