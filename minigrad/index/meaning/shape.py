"""Rearranging axes and elements."""

from __future__ import annotations

import operator
from collections.abc import Hashable, Sequence
from typing import Any

from minigrad.errors import ArgumentError, DimsError, ShapeError
from minigrad.index import affine
from minigrad.index import view as v
from minigrad.index.algebra import add, constant, scale
from minigrad.index.expr import Number
from minigrad.index.heads import WHERE
from minigrad.index.numbers import number
from minigrad.index.pointwise import apply_head
from minigrad.index.size import AnySize, Size, is_at_least
from minigrad.index.view import View


def swapaxes(x: View, *, axis1: int, axis2: int) -> View:
    axes = list(range(x.ndim))
    axes[axis1], axes[axis2] = axes[axis2], axes[axis1]
    return v.permuted(x, axes)


def reshape(x: View, *, shape: Sequence[Any]) -> View:
    return v.reshape(x, [_size(s) for s in shape])


def broadcast_to(x: View, *, shape: Sequence[Any]) -> View:
    return v.broadcast_to(x, [_size(s) for s in shape])


def stack(*parts: View, axis: int) -> View:
    if any(part.ndim != parts[0].ndim for part in parts):
        raise ShapeError("stack: the operands have different numbers of axes")
    spread = [v.with_axes(part, [*range(axis), None, *range(axis, part.ndim)]) for part in parts]
    return v.concatenate(spread, axis, "stack")


def _size(size: Any) -> AnySize:
    name = getattr(size, "name", None)
    if isinstance(size, Size):
        return size
    if name is not None and int(size) != 1:
        return Size({(name,): 1})
    try:
        return operator.index(size)
    except TypeError:
        raise ArgumentError(
            f"{size!r} is no size; a size is a dim's name or a whole number"
        ) from None


def expand_dims(x: View, *, axis: Sequence[int]) -> View:
    ndim = x.ndim + len(axis)
    old = iter(range(x.ndim))
    return v.with_axes(x, [None if k in axis else next(old) for k in range(ndim)])


def squeeze(x: View, *, axis: Sequence[int] | None) -> View:
    dropped = [k for k in range(x.ndim) if x.axes[k] is None] if axis is None else list(axis)
    return v.with_axes(x, [k for k in range(x.ndim) if k not in dropped])


def flip(x: View, *, axis: Sequence[int]) -> View:
    for k in axis:
        size = x.sizes[k]
        if size != 1:
            x = v.slice_(x, k, size - 1, -1, size)
    return x


def roll(x: View, *, shift: Sequence[int], axis: Sequence[int] | None) -> View:
    if axis is None:
        flat = v.reshape(x, [v.count_of(x, None)])
        return v.reshape(roll(flat, shift=shift, axis=(0,)), x.sizes)
    for by, k in zip(shift, axis, strict=True):
        size = x.sizes[k]
        if size != 1 and by != 0:
            x = v.along(x, k, affine.roll(size, by), size)
    return x


def pad(x: View, *, pad_width: Sequence[tuple[int, int]], constant_values: Any) -> View:
    """The elements in their place, and constants in the border; later axes have the corners."""
    values = [tuple(map(number, pair)) for pair in constant_values]
    if len(set(sum(values, ()))) > 1:
        for k, (widths, pair) in enumerate(zip(pad_width, values, strict=True)):
            x = _bordered(x, k, widths, pair)
        return x
    inside = _padded(x, pad_width)
    value = values[0][0] if values else 0
    if value == 0:
        return inside
    ones = View(constant(1, x.expr.sizes), x.axes)
    covered = _padded(ones, pad_width)
    if isinstance(value, float):  # ∞ in the border is not to be multiplied by 0 inside
        border = constant(value, covered.expr.sizes)
        return View(apply_head(WHERE, [covered.expr, inside.expr, border]), inside.axes)
    border = add([(1, constant(1, covered.expr.sizes)), (-1, covered.expr)])
    return View(add([(1, inside.expr), (1, scale(value, border))]), inside.axes)


def _bordered(x: View, axis: int, widths: Sequence[int], values: Sequence[Number]) -> View:
    """One axis with a constant before its elements, and one behind."""
    parts = []
    for width, value in zip(widths, values, strict=True):
        sizes = [width if k == axis else size for k, size in enumerate(x.sizes)]
        parts.append(v.broadcast_to(v.number_view(value), sizes))
    before, behind = parts
    kept = [part for part, width in zip((before, x, behind), (widths[0], 1, widths[1]), strict=True) if width]
    return v.concatenate(kept, axis, "pad")


def _padded(x: View, pad_width: Sequence[tuple[AnySize, AnySize]]) -> View:
    for k, (before, after) in enumerate(pad_width):
        if before != 0 or after != 0:
            length = x.sizes[k]
            total = length + before + after
            place, pair = v.placement(before, length, total)
            labels: list[Hashable] = list(range(x.ndim))
            out: list[Hashable] = ["whole" if j == k else j for j in labels]
            known: dict[Hashable, AnySize] = {"whole": total}
            placed = (v.whole(place), pair(k, "whole"))
            x = v.contraction(out, [(x, labels), placed], 1, known, "pad")
    return x


def tril(x: View, *, k: int) -> View:
    return _triangle(x, k, lower=True)


def triu(x: View, *, k: int) -> View:
    return _triangle(x, k, lower=False)


def _triangle(x: View, k: int, lower: bool) -> View:
    """Times [j <= i + k], or [i <= j - k]."""
    rows, columns = x.sizes[-2:]
    if rows == 1:
        return _within(x, x.ndim - 1, *((0, k + 1) if lower else (k, v.known_size(columns))))
    if columns == 1:
        return _within(x, x.ndim - 2, *((-k, v.known_size(rows)) if lower else (0, 1 - k)))
    labels = range(x.ndim)
    i, j = labels[-2:]
    if lower:
        triangle = (v.whole(affine.triangle(rows, columns, k)), (i, j))
    else:
        triangle = (v.whole(affine.triangle(columns, rows, -k)), (j, i))
    return v.contraction(labels, [(x, labels), triangle], what="tril/triu")


def _within(x: View, axis: int, start: int, stop: AnySize) -> View:
    """0 at the places of an axis that are not between two bounds."""
    size = v.known_size(x.sizes[axis])
    start = max(start, 0)
    if isinstance(size, int) and isinstance(stop, int):
        stop = min(stop, size)
    kept = stop - start
    if is_at_least(kept, 1) is False:
        return View(constant(0, x.expr.sizes), x.axes)
    if kept == size:
        return x
    widths = [(start, size - stop) if k == axis else (0, 0) for k in range(x.ndim)]
    return _padded(v.slice_(x, axis, start, 1, kept), widths)


def diag(x: View, *, k: int) -> View:
    """The vector on the k-th diagonal of a matrix."""
    length = x.sizes[0]
    total = length + abs(k)
    if k == 0 and length == 1:
        return v.with_axes(x, (None, 0))
    if length == 1:
        corner = [v.whole(affine.onehot(total, max(by, 0))) for by in (-k, k)]
        return v.contraction("ij", [(x, "l"), (corner[0], "i"), (corner[1], "j")], what="diag")
    if k == 0:
        delta = v.whole(affine.delta(length))
        return v.contraction("ij", [(x, "i"), (delta, "ij")], what="diag")
    places = _diagonal_places(length, total, total, k)
    return v.contraction("ij", [(x, "l"), *places], what="diag")


def diagonal(x: View, *, offset: int, axis1: int, axis2: int) -> View:
    """The elements whose places on two axes differ by the offset, along a new last axis."""
    rows, columns = x.sizes[axis1], x.sizes[axis2]
    labels: list[Hashable] = list(range(x.ndim))
    kept = [k for k in labels if k not in (axis1, axis2)]
    if offset == 0 and v.known_size(rows) == v.known_size(columns):
        labels[axis1] = labels[axis2] = "l"
        return v.contraction([*kept, "l"], [(x, labels)], what="diagonal")
    length = _diagonal_length(rows, columns, offset)
    if length == 0:
        sizes = {**dict(zip(labels, x.sizes, strict=True)), "l": length}
        return v.contraction([*kept, "l"], [(v.number_view(0), ())], 1, sizes)
    labels[axis1], labels[axis2] = "i", "j"
    places = _diagonal_places(length, rows, columns, offset)
    return v.contraction([*kept, "l"], [(x, labels), *places], what="diagonal")


def trace(x: View, *, axis1: int, axis2: int) -> View:
    """The sum of a diagonal."""
    return v.sum_(diagonal(x, offset=0, axis1=axis1, axis2=axis2), -1)


def _diagonal_length(rows: AnySize, columns: AnySize, offset: int) -> AnySize:
    high, wide = v.known_size(rows), v.known_size(columns)
    if high == wide and not isinstance(high, int):
        return high - abs(offset)
    if not isinstance(high, int) or not isinstance(wide, int):
        raise DimsError(
            f"diagonal: how long it is depends on which of {rows}, {columns} is less; give both axes one "
            "name, or a number each",
            rows,
            columns,
        )
    return max(min(high + min(offset, 0), wide - max(offset, 0)), 0)


def _diagonal_places(length: AnySize, rows: AnySize, columns: AnySize, offset: int) -> list[Any]:
    """[i = l + max(-k, 0)] and [j = l + max(k, 0)]."""
    down = affine.slice_of(length, rows, max(-offset, 0))
    right = affine.slice_of(length, columns, max(offset, 0))
    return [(v.whole(down), ("l", "i")), (v.whole(right), ("l", "j"))]
