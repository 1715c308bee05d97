"""Lengths of axes at which every place that a program names is there: x[5] asks for six elements."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import count
from typing import Any, NamedTuple

import numpy as np

from minigrad.index.affine import AffineRelation, OneHot, Slice
from minigrad.index.expr import Expr, Leaf, MatrixFunction, Pick
from minigrad.index.matrix_row import MatrixRow
from minigrad.index.rebuild import parts_of
from minigrad.index.size import AnySize, Size, value_of

# Demands may pull at one another, as those of x[k:] and y[k]; what takes more rounds has no end.
_ROUNDS = 8


def by_name(message: str, sizes: Mapping[str, int]) -> str:
    """A message about shapes in the names of dims, where each length is that of one dim: (3, 2) is (n, k)."""
    if len(set(sizes.values())) < len(sizes):
        return message
    names = {str(size): name for name, size in sizes.items() if size > 1}

    def named(found: re.Match[str]) -> str:
        return re.sub(r"\d+", lambda n: names.get(n[0], n[0]), found[0])

    return re.sub(r"\(\d+(?:, \d+)*,?\)|\b\d+ (?:columns|rows|elements)\b", named, message)


class Demand(NamedTuple):
    """A size that must not be negative, and the length of the axis to make longer where it is."""

    spare: AnySize
    axis: Size


def demands(root: Expr, array: Callable[[str], Any]) -> list[Demand]:
    """What axes of length n − 9, slices, places, index arrays and tall matrices ask of lengths.

    ``array`` knows a leaf's numbers, or None.
    """
    found: list[tuple[AnySize, AnySize]] = []
    for part in parts_of(root):
        match part:
            case Leaf(sizes=sizes):
                found += [(size - 1, size) for size in sizes]
            case AffineRelation(form=OneHot(place), sizes=(size,)):
                found += _inside(place, size)
            case AffineRelation(form=Slice(start, step), sizes=(length, size)):
                found += [(length - 1, length), *_inside(start, size)]
                found += _inside(start + (length - 1) * step, size)
            case AffineRelation(form=None, sizes=(*others, size)):
                found += [(other - 1, size) for other in others]
            case MatrixFunction(row=MatrixRow(of="tall")):
                rows, columns = part.arg.sizes[-2:]
                found.append((rows - columns, rows))
            case Pick(index=Leaf(name=name), sizes=(*_, size)):
                places = array(name)
                if places is not None and np.size(places):
                    low, high = int(np.min(places)), int(np.max(places))
                    found += [(size + low if low < 0 else low, size), (size - high - 1, size)]
    return list(dict.fromkeys(Demand(s, axis) for s, axis in found if isinstance(axis, Size)))


def _inside(place: AnySize, size: AnySize) -> list[tuple[AnySize, AnySize]]:
    return [(place, size), (size - place - 1, size)]


def lengthened(
    sizes: Mapping[str, int], asked: Sequence[Demand], fixed: Collection[str] = ()
) -> dict[str, int]:
    """The sizes, with dims that are too short made longer, no two of them to one length."""
    result = dict(sizes)
    for _ in range(_ROUNDS):
        short = [d for d in asked if value_of(d.spare, result) < 0]
        for demand in short:
            _lengthen(result, demand, fixed)
        if not short:
            break
    return result


def _lengthen(sizes: dict[str, int], demand: Demand, fixed: Collection[str]) -> None:
    for name in sorted(demand.axis.names() - set(fixed)):
        here = value_of(demand.spare, sizes)
        gain = value_of(demand.spare, {**sizes, name: sizes[name] + 1}) - here
        if here < 0 < gain:
            enough = sizes[name] - here // gain
            others = {size for other, size in sizes.items() if other != name}
            sizes[name] = next(size for size in count(enough) if size not in others)
