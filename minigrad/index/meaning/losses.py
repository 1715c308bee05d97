"""Losses: means of what each element loses."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from minigrad.errors import ShapeError
from minigrad.index import heads
from minigrad.index import view as v
from minigrad.index.algebra import add, constant, scale, subtract
from minigrad.index.contract import contract, size_as_number
from minigrad.index.expr import Definition, Expr, Head
from minigrad.index.meaning.reduction import divided
from minigrad.index.meaning.smooth import LOG
from minigrad.index.pointwise import mapped
from minigrad.index.size import AnySize, unpaired, unspread
from minigrad.index.view import View

SIGMOID, SOFTPLUS = heads.PARTS["sigmoid"], heads.PARTS["softplus"]
# A logarithm with the derivative of one, and values that end at −100.
CLAMPED = Head(LOG.name, LOG.text, ((heads.LEAST, -100),))


def _bce_each(p: Expr, y: Expr, log: Head) -> Expr:
    """-(y log p + (1 - y) log(1 - p))."""
    labels = range(p.ndim)
    one = constant(1, p.sizes)

    def times_log(a: Expr, b: Expr) -> Expr:
        return contract(labels, [(a, labels), (mapped(log, (b,)), labels)])

    return add([(-1, times_log(y, p)), (-1, times_log(subtract(one, y), subtract(one, p)))])


def _mean_all(node: Expr) -> Expr:
    labels = range(node.ndim)
    sizes = [(size_as_number(size), (), -1) for size in node.sizes]
    return contract((), [(node, labels), *sizes])


def _paired(name: str, predictions: View, targets: View, *weights: View) -> list[AnySize]:
    """The shape of the losses; predictions and targets that would broadcast are refused."""
    told = unpaired(*(tuple(map(v.known_size, x.sizes)) for x in (predictions, targets)))
    sizes = v.broadcast_sizes([predictions, targets], name) if told is None else []
    told = told or next((t for t in (_unspread(w, sizes) for w in weights) if t), None)
    if told is not None:
        raise ShapeError(f"{name}: {told}")
    return sizes


def _unspread(weights: View, sizes: list[AnySize]) -> str | None:
    return unspread(*(tuple(map(v.known_size, x)) for x in (weights.sizes, sizes)))


def _bce_mean(log: Head, p: Expr, y: Expr) -> Expr:
    return _mean_all(_bce_each(p, y, log))


def binary_cross_entropy(
    p: View, y: View, *weights: View, reduction: str, log: Head = CLAMPED
) -> View:
    name = "nn.binary_cross_entropy"
    sizes = _paired(name, p, y, *weights)
    p, y, *spread = (v.broadcast_to(x, sizes) for x in (p, y, *weights))
    if reduction == "mean" and not spread:
        return v.composite(Definition(name, partial(_bce_mean, log), log.params), [p, y], ())
    return _weighted_loss(View(_bce_each(p.expr, y.expr, log), p.axes), spread, reduction)


def bce_with_logits(z: View, y: View, *weights: View | None, reduction: str) -> View:
    """BCE of sigmoid(z): the same function, so the same formula."""
    weight, positive = (*weights, None, None)[:2]
    scales = [] if weight is None else [weight]
    if positive is not None:
        return _positive_weighted(z, y, scales, positive, reduction)
    _paired("nn.bce_with_logits", z, y, *scales)
    p = v.elementwise(lambda node: mapped(SIGMOID, (node,)), [z], "nn.bce_with_logits")
    return binary_cross_entropy(p, y, *scales, reduction=reduction, log=LOG)


def _positive_weighted(
    z: View, y: View, scales: Sequence[View], positive: View, reduction: str
) -> View:
    """w_pos y softplus(-z) + (1 - y) softplus(z): BCE with errors on y = 1 weighted."""

    def each(logits: Expr, target: Expr, weight: Expr) -> Expr:
        labels = range(logits.ndim)
        missed = (mapped(SOFTPLUS, (scale(-1, logits),)), labels)
        false = (mapped(SOFTPLUS, (logits,)), labels)
        rest = (subtract(constant(1, logits.sizes), target), labels)
        return add(
            [
                (1, contract(labels, [(weight, labels), (target, labels), missed])),
                (1, contract(labels, [rest, false])),
            ]
        )

    name = "nn.bce_with_logits"
    _paired(name, z, y, positive, *scales)
    losses = v.elementwise(each, [z, y, positive], name)
    sizes = v.broadcast_sizes([losses, *scales], name)
    losses, *spread = (v.broadcast_to(x, sizes) for x in (losses, *scales))
    return _weighted_loss(losses, spread, reduction)


def _weighted_loss(each: View, weights: Sequence[View], reduction: str) -> View:
    labels = range(each.expr.ndim)
    weighted = contract(labels, [(each.expr, labels), *((w.expr, labels) for w in weights)])
    if reduction == "none":
        return View(weighted, each.axes)
    total = v.sum_(View(weighted, each.axes))
    return total if reduction == "sum" else divided(total, v.count_of(each, None))
