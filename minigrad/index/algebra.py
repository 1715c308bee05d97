"""Sums, scalings and constants in normal form: what algebra needs beside `contract`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from minigrad.index.contract import contract, once, with_factors
from minigrad.index.expr import Expr, Number, Product, Reduction, Sum, is_constant
from minigrad.index.numbers import plus, times
from minigrad.index.size import AnySize


def constant(value: Number, sizes: Sequence[AnySize] = ()) -> Expr:
    """One number in every element."""
    return _constant(type(value).__name__, value, tuple(sizes))


@lru_cache(1024)
def _constant(_kind: str, value: Number, sizes: tuple[AnySize, ...]) -> Expr:
    """The same, made once; 1 and 1.0 are equal, but not one number."""
    labels = range(len(sizes))
    return contract(labels, (), value, dict(zip(labels, sizes, strict=True)))


def scale(coef: Number, node: Expr) -> Expr:
    labels = range(node.ndim)
    return contract(labels, [(node, labels)], coef)


def largest(node: Expr, count: int) -> Expr:
    """The largest element over the last ``count`` axes, which of one number everywhere is that number."""
    if is_constant(node) and isinstance(node, Product):
        return constant(node.coef, node.sizes[: node.ndim - count])
    return Reduction("max", node, count)


def permuted(node: Expr, axes: Sequence[int]) -> Expr:
    """Axis k of the result is axis ``axes[k]`` of the node."""
    return contract(axes, [(node, range(node.ndim))])


def split_coefficient(node: Expr) -> tuple[Number, Expr]:
    """``(c, rest)`` with node = c * rest and rest free of a numeric coefficient."""
    if not isinstance(node, Product) or node.coef == 1:
        return 1, node
    if node.coef == 0 or not node.factors:
        return node.coef, constant(1, node.sizes)
    labels = range(len(node.label_sizes))
    sizes = dict(zip(labels, node.label_sizes, strict=True))
    return node.coef, contract(labels[: node.ndim], node.factors, 1, sizes)


def add(terms: Iterable[tuple[Number, Expr]], opened: bool = False) -> Expr:
    """The sum of ``coef * node``: flat, like terms merged, zeros dropped.

    Axes that all terms only repeat are repeated of their sum, unless it is to stay ``opened``.
    """
    merged: dict[Expr, Number] = {}
    first: Expr | None = None
    queue = list(terms)[::-1]
    while queue:
        coef, node = queue.pop()
        first = node if first is None else first
        if isinstance(node, Sum) and abs(coef) == 1:
            queue.extend((times(coef, c), term) for c, term in reversed(node.terms))
            continue
        own, rest = split_coefficient(node)
        inner = _repeated_sum(rest)
        if inner is not None and abs(times(coef, own)) == 1:
            queue.extend((times(times(coef, own), c), term) for c, term in reversed(inner))
            continue
        if isinstance(rest, Sum) and abs(times(coef, own)) == 1 and own != 1:
            queue.append((times(coef, own), rest))
            continue
        merged[rest] = plus(merged.get(rest, 0), times(coef, own))
    if first is None:
        raise ValueError("add: a sum needs at least one term; use constant(0, sizes)")
    kept = [(coef, node) for node, coef in merged.items() if coef != 0]
    if not kept:
        return constant(0, first.sizes)
    if len(kept) == 1:
        return scale(*kept[0])
    if opened:
        return Sum(tuple(kept))
    coefs = [coef for coef, _ in kept]
    return once(
        [node for _, node in kept], lambda own: Sum(tuple(zip(coefs, own, strict=True)))
    )


def _repeated_sum(node: Expr) -> list[tuple[Number, Expr]] | None:
    """The terms of a sum that is only repeated, each repeated; None for what is no such sum."""
    if not isinstance(node, Product) or node.summed or len(node.factors) != 1:
        return None
    ((total, labels, exponent),) = node.factors
    if not isinstance(total, Sum) or exponent != 1 or len({*labels}) == node.ndim:
        return None
    axes, sizes = range(node.ndim), dict(enumerate(node.sizes))
    return [(c, contract(axes, [(term, labels)], 1, sizes)) for c, term in total.terms]


def subtract(a: Expr, b: Expr) -> Expr:
    return add([(1, a), (-1, b)])


def ones_like(node: Expr) -> Expr:
    return constant(1, node.sizes)


def distributed(node: Product, k: int) -> Expr:
    """The product as a sum over the terms of its factor k: a (b + c) is a b + a c."""
    chosen = node.factors[k].node
    assert isinstance(chosen, Sum)
    terms = []
    for coef, term in chosen.terms:
        operands = [
            (term if j == k else f.node, f.labels, f.exponent) for j, f in enumerate(node.factors)
        ]
        terms.append((coef, with_factors(node, operands)))
    return add(terms, opened=True)


def sides(node: Expr) -> tuple[Expr, Expr]:
    """``(a, b)`` with node = a - b, neither with a minus: what is compared where the node is compared with 0.

    A lone number stands alone: x + 1 > 0 is x > −1.
    """
    terms = node.terms if isinstance(node, Sum) else ((1, node),)
    parts = [(times(c, own), rest) for c, term in terms for own, rest in (split_coefficient(term),)]
    numbers = [(c, rest) for c, rest in parts if is_constant(rest)]
    above = [(c, rest) for c, rest in parts if c > 0 and not is_constant(rest)]
    below = [(times(-1, c), rest) for c, rest in parts if c < 0 and not is_constant(rest)]
    if above and not below:
        below = [(times(-1, c), rest) for c, rest in numbers]
    elif below and not above:
        above = numbers
    else:
        above += [(c, rest) for c, rest in numbers if c > 0]
        below += [(times(-1, c), rest) for c, rest in numbers if c < 0]
    zero = constant(0, node.sizes)
    return add(above) if above else zero, add(below) if below else zero
