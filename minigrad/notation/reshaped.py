"""Reshapes read as reshapes: the parts of a product that stand behind a change of axes.

A reshape is a 0/1 tensor [k = ij] between the axes before and the axes after. Where all axes on one side
of it are summed, everything that carries them is one tensor, written reshape(T, sizes).

Σ_jkl X_jl W_lk [jk = i], with X of 2 × 4 and W of 4 × 3, carries j and k on one side of the relation only:

>>> from minigrad.index.contract import contract
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

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from minigrad.index.affine import AffineRelation, Reshape
from minigrad.index.algebra import distributed
from minigrad.index.blocks import chains
from minigrad.index.contract import with_factors
from minigrad.index.expr import Composite, Expr, Factor, Leaf, Map, Number, Product, Ref, Sum
from minigrad.index.size import AnySize
from minigrad.notation.kronecker import kronecker


class Reshaped(NamedTuple):
    """A tensor, the sizes it is brought to, the labels of those axes, and what else is in the product.

    Where ``summed``, a last axis that has no label is summed.
    """

    inner: Expr
    sizes: tuple[AnySize, ...]
    labels: tuple[int, ...]
    rest: list[Factor]
    summed: bool = False


def sides(factor: Factor) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
    """The labels before and after a reshape, both ways round."""
    if isinstance(factor.node, AffineRelation) and isinstance(factor.node.form, Reshape):
        before = factor.node.form.before
        yield factor.labels[:before], factor.labels[before:]
        yield factor.labels[before:], factor.labels[:before]


def whole_reshape(node: Product) -> Reshaped | None:
    """The product as one reshape of everything else in it, its first axes changed or its last."""
    if kronecker(node.factors, node, ()) is not None:
        return None
    for f in node.factors:
        rest = [g for g in node.factors if g is not f]
        for few, many in sides(f):
            out = tuple(range(node.ndim))
            others = tuple(k for k in out if k not in few)
            if any(k < node.ndim for k in many) or any({*few} & {*g.labels} for g in rest):
                continue
            for together, apart in (((*few, *others), (*many, *others)), ((*others, *few), (*others, *many))):
                if together == out:
                    inner = with_factors(node, rest, out=apart)
                    return Reshaped(inner, node.sizes, out, [])
    return None


def inner_reshape(
    factors: Sequence[Factor], node: Product, fixed: Collection[int], read: Collection[int] = ()
) -> Reshaped | None:
    """One group of factors behind a reshape, as a factor of order two at most.

    Labels that were ``read`` are carried by what is none of the factors.
    """
    for f in factors:
        for few, many in sides(f):
            if any(k < node.ndim or k in fixed or k in read for k in many):
                continue
            group = [g for g in factors if g is not f and set(g.labels) & set(many)]
            carried = dict.fromkeys(k for g in group for k in g.labels)
            others = tuple(k for k in carried if k not in many and k not in fixed)
            # Σ_r [kr = l] X_bl is rowsum(reshape(X, (b, k, r)))
            used = {k for g in factors if g is not f for k in g.labels}.union(fixed, read, range(node.ndim))
            lone = len(few) + len(others) == 3 and len(few) > 1 and few[-1] not in used
            if not group or len(few) + len(others) - lone > 2 or any(k in fixed for k in few):
                continue
            if any(k in fixed for k in carried) or set(few) & set(others):
                continue
            rest = [g for g in factors if g is not f and g not in group]
            orders = ((*few, *others), (*many, *others)), ((*others, *few), (*others, *many))
            for labels, apart in orders[1:] if lone else orders:
                inner = with_factors(node, group, 1, apart)
                if all_elementwise(inner, inner.ndim) if lone else is_readable(inner):
                    shape = tuple(node.label_sizes[k] for k in labels)
                    return Reshaped(inner, shape, labels[:-1] if lone else labels, rest, lone)
    return None


def opened_reshape(node: Product) -> Expr | None:
    """A reshape of a sum that no matrix formula has, as the sum of reshapes: reshape(X, (m*n, d)) W + b."""
    for f in node.factors:
        for _, many in sides(f):
            for k, g in enumerate(node.factors):
                is_sum = isinstance(g.node, Sum) and g.exponent == 1
                if is_sum and {*many} <= {*g.labels} and not is_readable(g.node):
                    return distributed(node, k)
    return None


class Block(NamedTuple):
    """Term ``at`` of a sum, as it stands in a block beside others."""

    at: int
    coef: Number
    inner: Expr


def blocks(node: Sum, axis: int) -> Iterator[list[Block]]:
    """Terms that fill an axis one after the other: [x; y], which is pad(x, (0, m)) + pad(y, (n, 0))."""
    for chain in chains(node, axis):
        found = []
        for at, factor, *_ in chain:
            coef, term = node.terms[at]
            assert isinstance(term, Product)
            rest = [g for g in term.factors if g is not factor]
            out = [factor.labels[0] if k == axis else k for k in range(term.ndim)]
            inner = with_factors(term, rest, out=out)
            found.append(Block(at, coef, inner))
        yield found


def summed_last(node: Product) -> Expr | None:
    """The elementwise product whose sum over its last axis the node repeats along that axis."""
    last = node.ndim - 1
    lead = tuple(range(last))
    if len(node.summed) != 1 or last < 2:
        return None
    (summed,) = node.summed
    if any(f.labels not in ((), (*lead, summed)) for f in node.factors):
        return None
    return with_factors(node, node.factors, out=(*lead, summed))


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
