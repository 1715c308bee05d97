"""Places of axes as a reader works them out: ``i - k``, ``2*t + 1``, ``(i + 1) % n``, ``i*p:i*p + p``."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from minigrad.errors import ArgumentError

_OPERATIONS: dict[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.FloorDiv: lambda a, b: a // b,
    ast.Mod: lambda a, b: a % b,
}


def whole(text: str, value_of: Callable[[str], int]) -> int:
    """The whole number that a text in dims and letters comes to, by what each of these is worth.

    Raises
    ------
    ArgumentError
        Where the text is no such number.
    """
    if text.isdigit():
        return int(text)
    tree = _parsed(text.strip())
    return value_of(text) if tree is None else _value(tree, text, value_of)


@lru_cache(4096)
def names_in(text: str) -> tuple[str, ...]:
    """The dims and letters of a place or a slice."""
    found: list[str] = []
    for part in text.split(":"):
        tree = _parsed(part.strip()) if part.strip() else None
        nodes = ast.walk(tree) if tree is not None else ()
        found += [node.id for node in nodes if isinstance(node, ast.Name)]
    return tuple(found)


@lru_cache(4096)
def _parsed(text: str) -> ast.expr | None:
    try:
        return ast.parse(text, mode="eval").body
    except SyntaxError:
        return None  # a name that is no Python


def _value(tree: ast.expr, text: str, value_of: Callable[[str], int]) -> int:
    match tree:
        case ast.Constant(int() as number):
            return number
        case ast.UnaryOp(ast.USub(), body):
            return -_value(body, text, value_of)
        case ast.BinOp(left, operation, right) if type(operation) in _OPERATIONS:
            a, b = _value(left, text, value_of), _value(right, text, value_of)
            if isinstance(operation, ast.FloorDiv | ast.Mod) and np.any(b == 0):
                raise ArgumentError(f"read_back: {text!r} divides by 0")
            return _OPERATIONS[type(operation)](a, b)
        case ast.Name(name):
            return value_of(name)
    return value_of(text)


def elements(array: Any, places: Sequence[int | slice], told: Sequence[bool]) -> Any:
    """Elements of an array; outside of it, at a place that others tell, it is 0.

    Raises
    ------
    IndexError
        Where another place lies outside.
    """
    for place, size, is_told in zip(places, array.shape, told, strict=False):
        if is_told and isinstance(place, int) and not 0 <= place < size:
            inside = tuple(p if isinstance(p, slice) else 0 for p in places)
            return np.zeros_like(array[inside]) if array.size else 0.0
    return np.asarray(array[tuple(places)])
