"""Reshapes read as reshapes: the parts of a product that stand behind a change of axes.

A reshape is a 0/1 tensor [k = ij] between the axes before and the axes after. Where all axes on one side
of it are summed, everything that carries them is one tensor, written reshape(T, sizes).

Σ_jkl X_jl W_lk [jk = i], with X of 2 × 4 and W of 4 × 3, carries j and k on one side of the relation only:

>>> from minigrad.index.affine import reshape
>>> from minigrad.notation.matrix import index_text, matrix_form
>>> from minigrad.notation.text import text
>>> X, W = Leaf("X", (2, 4)), Leaf("W", (4, 3))
>>> node = contract("i", [(X, "jl"), (W, "lk"), (reshape((2, 3), (6,)), "jki")])
>>> found = whole_reshape(node)
>>> index_text(found.inner), found.sizes, found.labels
('Σ_k X_ik W_kj', (6,), (0,))
>>> text(matrix_form(node)[1])
'reshape(X W, 6)'
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple

from minigrad.index.affine import AffineRelation, Reshape, Slice
from minigrad.index.contract import contract
from minigrad.index.expr import Composite, Expr, Factor, Leaf, Map, Product, Ref, Sum
from minigrad.index.size import AnySize


class Reshaped(NamedTuple):
    """A tensor, the sizes it is brought to, the labels of those axes, and what else is in the product."""

    inner: Expr
    sizes: tuple[AnySize, ...]
    labels: tuple[int, ...]
    rest: list[Factor]


def sides(factor: Factor) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
    """The labels before and after a reshape, both ways round."""
    if isinstance(factor.node, AffineRelation) and isinstance(factor.node.form, Reshape):
        before = factor.node.form.before
        yield factor.labels[:before], factor.labels[before:]
        yield factor.labels[before:], factor.labels[:before]


def whole_reshape(node: Product) -> Reshaped | None:
    """The product as one reshape of everything else in it, leading axes changed."""
    for f in node.factors:
        rest = [g for g in node.factors if g is not f]
        for few, many in sides(f):
            out = range(node.ndim)
            if tuple(out[: len(few)]) != few or any(k < node.ndim for k in many):
                continue
            others = tuple(out[len(few) :])
            if any(set(few) & set(g.labels) for g in rest):
                continue
            sizes = dict(enumerate(node.label_sizes))
            inner = contract((*many, *others), rest, node.coef, sizes)
            return Reshaped(inner, node.sizes, tuple(out), [])
    return None


def inner_reshape(node: Product, fixed: Collection[int]) -> Reshaped | None:
    """One group of factors behind a reshape, as a factor of order two at most."""
    for f in node.factors:
        for few, many in sides(f):
            if any(k < node.ndim or k in fixed for k in many):
                continue
            group = [g for g in node.factors if g is not f and set(g.labels) & set(many)]
            others = tuple(
                dict.fromkeys(
                    k for g in group for k in g.labels if k not in many and k not in fixed
                )
            )
            if not group or len(few) + len(others) > 2 or any(k in fixed for k in few):
                continue
            if any(k in fixed for g in group for k in g.labels) or set(few) & set(others):
                continue
            sizes = dict(enumerate(node.label_sizes))
            inner = contract((*many, *others), group, 1, sizes)
            rest = [g for g in node.factors if g is not f and g not in group]
            labels = (*few, *others)
            return Reshaped(inner, tuple(sizes[k] for k in labels), labels, rest)
    return None


def side_by_side(node: Sum) -> bool:
    """Whether two terms fill neighbouring columns: [A, B], with A padded after and B before."""
    if len(node.terms) != 2 or node.ndim != 2 or any(c != 1 for c, _ in node.terms):
        return False
    spans = []
    for _, term in node.terms:
        slices = [
            f.node
            for f in getattr(term, "factors", ())
            if isinstance(f.node, AffineRelation)
            and isinstance(f.node.form, Slice)
            and f.labels[1] == 1
            and f.labels[0] >= node.ndim
        ]
        if len(slices) != 1 or slices[0].coefs[0] != 1:
            return False
        spans.append((slices[0].constant, slices[0].sizes[0], slices[0].sizes[1]))
    (start, length, total), (second, rest, _) = spans
    return bool(start == 0 and second == length and total - length == rest)


def summed_last(node: Product) -> Expr | None:
    """The elementwise product whose sum over its last axis the node repeats along that axis."""
    last = node.ndim - 1
    lead = tuple(range(last))
    if len(node.summed) != 1 or last < 2:
        return None
    (summed,) = node.summed
    if any(f.labels not in ((), (*lead, summed)) for f in node.factors):
        return None
    return contract((*lead, summed), node.factors, node.coef, dict(enumerate(node.label_sizes)))


def all_elementwise(node: Expr, ndim: int, sums: bool = False) -> bool:
    """Whether a tensor is read without subscripts; ``sums`` admits sums over its last axis, as rowsum."""
    match node:
        case Leaf() | Ref():
            return node.ndim in (0, ndim)
        case Sum():
            return all(all_elementwise(term, ndim, sums) for _, term in node.terms)
        case Map():
            return all(all_elementwise(arg, ndim, sums) for arg in node.args)
        case Composite():
            return node.ndim == ndim and all(all_elementwise(arg, ndim, sums) for arg in node.args)
        case Product():
            whole = summed_last(node)
            if whole is not None:
                return sums and all_elementwise(whole, ndim, sums)
            behind = whole_reshape(node)
            if behind is not None:
                return behind.inner.ndim <= 2 or all_elementwise(
                    behind.inner, behind.inner.ndim, sums
                )
            return not node.summed and all(
                f.labels in ((), tuple(range(ndim))) and all_elementwise(f.node, ndim, sums)
                for f in node.factors
            )
    return False


def is_readable(node: Expr) -> bool:
    return node.ndim <= 2 or all_elementwise(node, node.ndim, sums=True)
