"""Softmax and its kin, composites of an exponential and its sum; normalised layers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import partial

from minigrad.index import view as v
from minigrad.index.algebra import add, constant, subtract
from minigrad.index.contract import contract, size_as_number
from minigrad.index.expr import Composite, Definition, Expr, Head, Leaf
from minigrad.index.meaning.reduction import power
from minigrad.index.numbers import number
from minigrad.index.pointwise import mapped
from minigrad.index.view import View

EXP = Head("exp", "exp(x)")
LOG = Head("log", "log(x)")


def _exponentials(x: Expr) -> Expr:
    return mapped(EXP, (x,))


def _sum_last(x: Expr, count: int) -> Expr:
    return contract(range(x.ndim - count), [(x, range(x.ndim))])


def _softmax_of(count: int, x: Expr) -> Expr:
    e, labels = _exponentials(x), range(x.ndim)
    return contract(labels, [(e, labels), (_sum_last(e, count), labels[: x.ndim - count], -1)])


def softmax_definition(count: int) -> Definition:
    """Exp x over its own sum, over the last ``count`` axes."""
    facts = {"positive", "shift invariant"} | ({"simplex"} if count == 1 else set())
    build, params = partial(_softmax_of, count), (("count", count),)
    return Definition("nn.softmax", build, params, frozenset(facts), operation="softmax")


def _logsumexp_of(count: int, x: Expr) -> Expr:
    return mapped(LOG, (_sum_last(_exponentials(x), count),))


def logsumexp_definition(count: int) -> Definition:
    build, params = partial(_logsumexp_of, count), (("count", count),)
    facts = frozenset({"shift equivariant"})
    return Definition("special.logsumexp", build, params, facts, operation="logsumexp")


def softmax(x: View, *, axis: Sequence[int]) -> View:
    return _over(x, axis, softmax_definition, _filled(1))


def _log_softmax_of(count: int, x: Expr) -> Expr:
    total = Composite(logsumexp_definition(count), (x,), x.sizes[: x.ndim - count])
    labels = range(x.ndim)
    spread = contract(labels, [(total, labels[: x.ndim - count])], 1, dict(enumerate(x.sizes)))
    return subtract(x, spread)


def _log_softmax_definition(count: int) -> Definition:
    facts = frozenset({"shift invariant"})
    return Definition("nn.log_softmax", partial(_log_softmax_of, count), (("count", count),), facts)


def log_softmax(x: View, *, axis: Sequence[int]) -> View:
    """X less the logarithm of the sum of its exponentials."""
    return _over(x, axis, _log_softmax_definition, _filled(0))


def _over(
    x: View,
    axis: Sequence[int],
    definition: Callable[[int], Definition],
    alone: Callable[[View], View],
    *numbers: float,
) -> View:
    """A composite over some axes, which keep their places; ``alone`` is what it is for one element."""
    chosen = v.normal_axes(x, axis)
    kept = [k for k in range(x.ndim) if k not in chosen]
    order = [*kept, *chosen]
    count = sum(x.axes[k] is not None for k in chosen)
    if count == 0:
        return alone(x)
    views = [v.permuted(x, order), *(v.number_view(_number_kept(value)) for value in numbers)]
    out = v.composite(definition(count), views)
    return v.permuted(out, [order.index(k) for k in range(x.ndim)])


def _filled(value: int) -> Callable[[View], View]:
    return lambda x: View(constant(value, x.expr.sizes), x.axes)


def logsumexp(x: View, *, axis: Sequence[int] | None, keepdims: bool) -> View:
    def build(node: Expr, count: int) -> Expr:
        definition = logsumexp_definition(count)
        return Composite(definition, (node,), node.sizes[: node.ndim - count])

    return v.reduce(x, axis, keepdims, build)


def layer_norm(x: View, *, axis: Sequence[int], eps: float) -> View:
    """X less its mean, over the root of its mean square plus eps."""
    return _over(x, axis, _layer_norm_definition, _filled(0), eps)


def rms_norm(x: View, *, axis: Sequence[int], eps: float) -> View:
    """X over the root of its mean square plus eps."""

    def alone(x: View) -> View:
        return View(_rms_norm_of(0, x.expr, _number_kept(eps)), x.axes)

    return _over(x, axis, _rms_norm_definition, alone, eps)


def _layer_norm_definition(count: int) -> Definition:
    facts = frozenset({"centred"} if count == 1 else ())
    return Definition("nn.layer_norm", partial(_layer_norm_of, count), (("count", count),), facts)


def _rms_norm_definition(count: int) -> Definition:
    return Definition("nn.rms_norm", partial(_rms_norm_of, count), (("count", count),))


def _layer_norm_of(count: int, x: Expr, eps: Expr) -> Expr:
    labels = range(x.ndim)
    kept = labels[: x.ndim - count]
    mean = contract(labels, [(_mean_last(x, count), kept)], 1, dict(enumerate(x.sizes)))
    return Composite(_rms_norm_definition(count), (subtract(x, mean), eps), x.sizes)


def _rms_norm_of(count: int, x: Expr, eps: Expr) -> Expr:
    labels = range(x.ndim)
    kept = labels[: x.ndim - count]
    square = _mean_last(power(x, 2), count)
    spread = contract(kept, [(eps, ())], 1, dict(zip(kept, square.sizes, strict=True)))
    shifted = add([(1, square), (1, spread)])
    return contract(labels, [(x, labels), (shifted, kept, Fraction(-1, 2))])


def _mean_last(x: Expr, count: int) -> Expr:
    labels = range(x.ndim)
    sizes = [(size_as_number(size), (), -1) for size in x.sizes[x.ndim - count :]]
    return contract(labels[: x.ndim - count], [(x, labels), *sizes])


def _number_kept(value: float) -> Expr:
    """A number that algebra carries along: nobody wants to see 1e-5 multiplied out."""
    exact = number(value)
    if exact == 0 or isinstance(exact, float):
        return constant(exact)
    return Leaf(repr(value), kind="constant")
