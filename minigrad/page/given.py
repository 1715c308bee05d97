"""Arrays as plain JSON gives them: what each is worth, and how long it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from minigrad.errors import ArgumentError, DtypeError, ShapeError
from minigrad.graph import Node
from minigrad.index.size import Size
from minigrad.page.question import LARGEST_SIZE, Question

# What JSON has no number for.
_WORDS = {"NaN": np.nan, "Infinity": np.inf, "-Infinity": -np.inf}
# Whole numbers beyond these are not all told apart in double precision.
_MOST_PLACES = 2.0**53


def known_sizes(leaves: Iterable[Node], question: Question) -> dict[str, int]:
    """What dims measure: as a question gives them, else as the first of its arrays that has them."""
    sizes = dict(question.sizes)
    nodes = {node.name: node for node in leaves}
    for name, value in question.values.items():
        if name in nodes:
            for size, length in zip(nodes[name].shape, _lengths(value), strict=False):
                if isinstance(size, Size) and size.name is not None and 1 <= length <= LARGEST_SIZE:
                    sizes.setdefault(size.name, length)
    return sizes


def _lengths(value: Any) -> Iterator[int]:
    """How long an array is that came as lists; whether its rows are alike is for who reads the numbers."""
    while isinstance(value, list) and value:
        yield len(value)
        value = value[0]


def given(node: Node, value: Any) -> Any:
    """The array that a question gives for a variable.

    Raises
    ------
    ArgumentError
        When something in it is no number, its rows are of different lengths, or an axis is too long.
    ShapeError
        When it has more or fewer axes than its variable.
    DtypeError
        When a number is none that the variable can have.
    """
    try:
        array = np.asarray(_read(value), dtype=float)
    except (ValueError, TypeError, OverflowError, RecursionError):
        raise ArgumentError(f"values: {node.name} is not an array of numbers, in rows of one length") from None
    if array.ndim != len(node.shape):
        dims = " ".join(map(str, node.shape)) or "a scalar"
        raise ShapeError(f"values: {node.name} has {array.ndim} axes, and is declared as {dims}")
    for size, length in zip(node.shape, array.shape, strict=True):
        most = LARGEST_SIZE if isinstance(size, Size) and size.name is not None else max(length, 1)
        if not 1 <= length <= most:
            raise ArgumentError(
                f"values: {node.name} has {length} numbers along {size}; a dim measures from 1 to {LARGEST_SIZE}"
            )
    return _in_kind(node, array)


def _read(value: Any) -> Any:
    """Numbers, in lists as they came."""
    if isinstance(value, list):
        return [_read(part) for part in value]
    if isinstance(value, str):
        if value not in _WORDS:
            raise ValueError
        return _WORDS[value]
    if not isinstance(value, int | float):
        raise TypeError
    return float(value)


def _in_kind(node: Node, array: Any) -> Any:
    """As truth values or places, where the variable holds those."""
    kind = node.dtype.kind
    if kind == "b" or "bool" in node.assume:
        if not ((array == 0) | (array == 1)).all():
            raise DtypeError(f"values: {node.name} holds truth values, which are 0 and 1")
        return array != 0
    if kind in "iu":
        if not (np.abs(array) <= _MOST_PLACES).all() or not np.array_equal(array, np.floor(array)):
            raise DtypeError(f"values: {node.name} holds places, which are whole numbers")
        return array.astype(int)
    return array
