"""Softmax and its kin: composites of an exponential and its sum."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from minigrad.index import view as v
from minigrad.index.algebra import ones_like
from minigrad.index.contract import contract
from minigrad.index.expr import Composite, Definition, Expr, Head, Map
from minigrad.index.view import View

EXP = Head("exp", "exp(x)")
LOG = Head("log", "log(x)")


def _exponentials(x: Expr) -> Expr:
    return Map(EXP, (x,))


def _sum_last(x: Expr, count: int) -> Expr:
    return contract(range(x.ndim - count), [(x, range(x.ndim))])


def _softmax_of(count: int, x: Expr) -> Expr:
    e, labels = _exponentials(x), range(x.ndim)
    return contract(labels, [(e, labels), (_sum_last(e, count), labels[: x.ndim - count], -1)])


def softmax_definition(count: int) -> Definition:
    """Exp x over its own sum, over the last ``count`` axes."""
    facts = {"positive", "simplex"} if count == 1 else {"positive"}
    return Definition(
        "nn.softmax", partial(_softmax_of, count), (("count", count),), frozenset(facts)
    )


def _logsumexp_of(count: int, x: Expr) -> Expr:
    return Map(LOG, (_sum_last(_exponentials(x), count),))


# Composites that are something over its own sum: where a derivation meets the quotient, it names it.
RATIOS: list[Callable[[int], Definition]] = [softmax_definition]


def softmax(x: View, *, axis: Sequence[int]) -> View:
    chosen = v.normal_axes(x, axis)
    kept = [k for k in range(x.ndim) if k not in chosen]
    order = [*kept, *chosen]
    moved = v.permuted(x, order)
    count = sum(x.axes[k] is not None for k in chosen)
    if count == 0:
        return View(ones_like(x.expr), x.axes)
    out = v.composite(softmax_definition(count), [moved])
    return v.permuted(out, [order.index(k) for k in range(x.ndim)])


def logsumexp(x: View, *, axis: Sequence[int] | None, keepdims: bool) -> View:
    def build(node: Expr, count: int) -> Expr:
        definition = Definition(
            "special.logsumexp", partial(_logsumexp_of, count), (("count", count),)
        )
        return Composite(definition, (node,), node.sizes[: node.ndim - count])

    return v.reduce(x, axis, keepdims, build)
