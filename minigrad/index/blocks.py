"""Sums whose terms fill an axis one after the other: x padded behind and y padded before are [x; y].

A slice of such a sum is a slice of some of its terms only. With x of 2 and y of 3 elements:

>>> from minigrad.index.affine import slice_of
>>> from minigrad.index.expr import Leaf
>>> x, y = Leaf("x", (2,)), Leaf("y", (3,))
>>> first, last = slice_of(2, 5), slice_of(3, 5, 2)
>>> padded = [contract("i", [(part, "ji"), (v, "j")]) for part, v in ((first, x), (last, y))]
>>> both = add([(1, term) for term in padded])
>>> [[(span.start, span.stop) for span in chain] for chain in chains(both, 0)]
[[(0, 2), (2, 5)]]
>>> sliced(contract("j", [(first, "ji"), (both, "i")])) == x
True
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from minigrad.index.affine import AffineRelation, OneHot, Slice, is_a
from minigrad.index.algebra import add
from minigrad.index.contract import contract, with_factors
from minigrad.index.expr import Expr, Factor, Map, Product, Sum
from minigrad.index.pointwise import apply_head
from minigrad.index.size import AnySize


class Span(NamedTuple):
    """Term ``at`` of a sum fills the places ``start`` to ``stop`` of an axis of ``size``, by this factor."""

    at: int
    factor: Factor
    start: AnySize
    stop: AnySize
    size: AnySize


def chains(node: Sum, axis: int) -> Iterator[list[Span]]:
    """The terms that fill all of an axis, in their order along it."""
    left = [s for k, (_, term) in enumerate(node.terms) if (s := _span(k, term, axis)) is not None]
    for first in list(left):
        chain = [first] if first in left and first.start == 0 else []
        while chain and chain[-1].stop != chain[-1].size:
            following = next((s for s in left if s.start == chain[-1].stop), None)
            chain = [] if following is None else [*chain, following]
        if len(chain) > 1:
            left = [s for s in left if s not in chain]
            yield chain


def _span(at: int, term: Expr, axis: int) -> Span | None:
    if not isinstance(term, Product):
        return None
    for f in term.factors:
        if not (is_a(f.node, Slice) and f.labels[1] == axis and f.labels[0] >= term.ndim):
            continue
        assert isinstance(f.node, AffineRelation)
        carried = {label for g in term.factors if g is not f for label in g.labels}
        if f.node.coefs[0] == 1 and axis not in carried and f.labels[0] in carried:
            (length, size), start = f.node.sizes, f.node.constant
            return Span(at, f, start, start + length, size)
    return None


def sliced(node: Expr) -> Expr:
    """A product in which slices of blocks are slices of some of them: [x; y][:2] is x."""
    if not isinstance(node, Product):
        return node
    carried = Counter(label for f in node.factors for label in f.labels)
    for f in node.factors:
        if is_a(f.node, OneHot) and f.labels[0] >= node.ndim and carried[f.labels[0]] > 1:
            found = _at_place(node, f)
            if found is not None:
                return sliced(found)
        if not is_a(f.node, Slice) or f.labels[1] < node.ndim or f.labels[0] == f.labels[1]:
            continue
        for k, g in enumerate(node.factors):
            if g is not f and g.labels.count(f.labels[1]) == 1 and f.labels[0] not in g.labels:
                part = _part(g.node, g.labels.index(f.labels[1]), f.node)
                if part is not None:
                    labels = [f.labels[0] if lab == f.labels[1] else lab for lab in g.labels]
                    return sliced(_with_factor(node, k, Factor(part, tuple(labels), g.exponent)))
    return node


def _at_place(node: Product, place: Factor) -> Expr | None:
    """The product with the element of a stack that stands at a place: of e_0 xᵀ + e_1 yᵀ the row 0 is x."""
    (label,) = place.labels
    left: list[Factor] = []
    holds = False
    for f in node.factors:
        if f is place or f.labels.count(label) != 1:
            if f is not place and label in f.labels:
                return None
            left += [f] if f is not place else []
            continue
        element = _element(f.node, f.labels.index(label), place.node)
        holds |= element.of_stack
        left.append(Factor(element.node, tuple(k for k in f.labels if k != label), f.exponent))
    return with_factors(node, left) if holds else None


class _Element(NamedTuple):
    """A part at one place along an axis, and whether it is that of a stack."""

    node: Expr
    of_stack: bool


def _element(node: Expr, axis: int, place: Expr) -> _Element:
    labels = list(range(node.ndim))
    kept = [*labels[:axis], *labels[axis + 1 :]]
    sizes = {label: node.sizes[label] for label in kept}
    whole = contract(kept, [(node, labels), (place, (axis,))], 1, sizes)
    if isinstance(node, Map):
        args = [_element(arg, axis, place) for arg in node.args]
        if any(arg.of_stack for arg in args):
            return _Element(apply_head(node.head, [arg.node for arg in args]), True)
    if isinstance(node, Sum):
        terms = [_element(term, axis, place) for _, term in node.terms]
        is_stack = all(_is_layer(term, axis) for _, term in node.terms)
        if is_stack or any(term.of_stack for term in terms):
            pairs = zip(node.terms, terms, strict=True)
            return _Element(add([(c, term.node) for (c, _), term in pairs]), True)
    if isinstance(node, Product) and not _is_layer(node, axis):
        return _Element(opened, True) if (opened := sliced(whole)) != whole else _Element(whole, False)
    return _Element(whole, False)


def _is_layer(node: Expr, axis: int) -> bool:
    """Whether a term fills one place of an axis alone."""
    carrying = [f for f in node.factors if axis in f.labels] if isinstance(node, Product) else []
    return len(carrying) == 1 and is_a(carrying[0].node, OneHot)


def _part(node: Expr, axis: int, of: Expr) -> Expr | None:
    """The slice of blocks along an axis, or of a function of them; None for what has none."""
    if isinstance(node, Map):
        found = [_part(arg, axis, of) for arg in node.args]
        if not any(found):
            return None
        pairs = zip(found, node.args, strict=True)
        return apply_head(node.head, [_cut(arg, axis, of) if x is None else x for x, arg in pairs])
    if not isinstance(node, Sum) or not any(chains(node, axis)):
        return None
    return add([(c, _cut(term, axis, of)) for c, term in node.terms])


def _cut(node: Expr, axis: int, of: Expr) -> Expr:
    labels = list(range(node.ndim))
    return contract(
        [*labels[:axis], "cut", *labels[axis + 1 :]],
        [(node, labels), (of, ("cut", axis))],
    )


def _with_factor(node: Product, k: int, factor: Factor) -> Expr:
    factors = [factor if j == k else f for j, f in enumerate(node.factors)]
    return with_factors(node, factors)
