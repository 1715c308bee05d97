"""Reductions over axes, and running sums."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from fractions import Fraction
from functools import partial

from minigrad.errors import DerivationError
from minigrad.index import affine, facts, heads
from minigrad.index import view as v
from minigrad.index.algebra import add, constant, largest, subtract
from minigrad.index.contract import contract, size_as_number
from minigrad.index.expr import Expr, Reduction
from minigrad.index.numbers import number
from minigrad.index.pointwise import mapped
from minigrad.index.size import AnySize
from minigrad.index.view import View

Axes = Sequence[int] | None


def mean(x: View, *, axis: Axes, keepdims: bool) -> View:
    return divided(v.sum_(x, axis, keepdims), v.count_of(x, axis))


def var(x: View, *, axis: Axes, ddof: float, keepdims: bool) -> View:
    centred = v.elementwise(subtract, (x, mean(x, axis=axis, keepdims=True)), "var")
    squares = View(power(centred.expr, 2), centred.axes)
    total, count = v.sum_(squares, axis, keepdims), v.count_of(x, axis)
    if ddof == int(ddof):
        return divided(total, count - int(ddof))
    labels, left = range(total.expr.ndim), add([(1, size_as_number(count)), (-number(ddof), constant(1))])
    return View(contract(labels, [(total.expr, labels), (left, (), -1)]), total.axes)


def std(x: View, *, axis: Axes, ddof: float, keepdims: bool) -> View:
    variance = var(x, axis=axis, ddof=ddof, keepdims=keepdims)
    return View(power(variance.expr, Fraction(1, 2)), variance.axes)


def max_(x: View, *, axis: Axes, keepdims: bool) -> View:
    return v.reduce(x, axis, keepdims, largest)


def min_(x: View, *, axis: Axes, keepdims: bool) -> View:
    largest = max_(scaled(x, -1), axis=axis, keepdims=keepdims)
    return scaled(largest, -1)


def prod(x: View, *, axis: Axes, keepdims: bool) -> View:
    return v.reduce(x, axis, keepdims, partial(Reduction, "prod"))


def sort(x: View, *, axis: int) -> View:
    """Ascending along an axis, equal elements in their order."""
    if x.sizes[axis] == 1:
        return x
    moved = _axis_last(x, axis)
    return _axis_back(View(Reduction("sort", moved.expr, 1), moved.axes), axis)


def _axis_last(x: View, axis: int) -> View:
    return v.permuted(x, [*(k for k in range(x.ndim) if k != axis), axis])


def _axis_back(x: View, axis: int) -> View:
    place = list(range(x.ndim - 1))
    place.insert(axis, x.ndim - 1)
    return v.permuted(x, place)


def norm(x: View, *, ord: float, axis: Axes, keepdims: bool) -> View:
    """(sum |x|^p)^(1/p), with no absolute value where the power is even."""
    p = number(ord)
    if isinstance(p, float):
        raise DerivationError(f"linalg.norm: order {ord} has no formula")
    base = x.expr if Fraction(p) % 2 == 0 else facts.absolute(x.expr)
    total = v.sum_(View(power(base, p), x.axes), axis, keepdims)
    return View(power(total.expr, 1 / Fraction(p)), total.axes)


def nansum(x: View, *, axis: Axes, keepdims: bool) -> View:
    """The sum of what equals itself."""
    return v.sum_(_numbers(x), axis, keepdims)


def nanmean(x: View, *, axis: Axes, keepdims: bool) -> View:
    total = nansum(x, axis=axis, keepdims=keepdims)
    counted = v.sum_(View(_is_number(x.expr), x.axes), axis, keepdims)
    labels = range(total.expr.ndim)
    return View(contract(labels, [(total.expr, labels), (counted.expr, labels, -1)]), total.axes)


def _numbers(x: View) -> View:
    zero = constant(0, x.expr.sizes)
    return View(mapped(heads.WHERE, (_is_number(x.expr), x.expr, zero)), x.axes)


def _is_number(node: Expr) -> Expr:
    """Not a number is what differs from itself."""
    return mapped(heads.EQUAL, (node, node))


def cumsum(x: View, *, axis: int) -> View:
    size = x.sizes[axis]
    if size == 1:
        return x
    return v.along(x, axis, affine.triangle(size, size), size)


def cumprod(x: View, *, axis: int) -> View:
    """The product of x_l over l <= k: of all elements, those after k replaced by 1."""
    size = x.sizes[axis]
    if size == 1:
        return x
    axis %= x.ndim
    moved = _axis_last(x, axis)
    *lead, last = labels = range(moved.expr.ndim)
    sizes: dict[Hashable, AnySize] = {**dict(enumerate(moved.expr.sizes)), "upto": size}
    until = (affine.triangle(size, size), ("upto", last))
    out = (*lead, "upto", last)
    kept = contract(out, [(moved.expr, labels), until], 1, sizes)
    later = add([(1, contract(out, [], 1, sizes)), (-1, contract(out, [until], 1, sizes))])
    return _axis_back(View(Reduction("prod", add([(1, kept), (1, later)]), 1), moved.axes), axis)


def divided(x: View, count: AnySize) -> View:
    """A view over a size."""
    labels = range(x.expr.ndim)
    return View(contract(labels, [(x.expr, labels), (size_as_number(count), (), -1)]), x.axes)


def scaled(x: View, coef: int) -> View:
    """A view times a number."""
    labels = range(x.expr.ndim)
    return View(contract(labels, [(x.expr, labels)], coef), x.axes)


def power(node: Expr, exponent: int | Fraction) -> Expr:
    """Every element to a fixed power."""
    labels = range(node.ndim)
    return contract(labels, [(node, labels, exponent)])
