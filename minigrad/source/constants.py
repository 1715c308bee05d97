"""Arrays that the user gave no name, written out: by the function that makes them, else as they are."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from minigrad.source.dialect import Context

# An array of more elements than this that no function makes is an argument.
MOST_WRITTEN_OUT = 32


def is_written_out(array: Any) -> bool:
    """Whether the array is better written than asked for."""
    return array.size <= MOST_WRITTEN_OUT or _made(array) is not None


def constant_text(array: Any, typed: bool, at: Context) -> str:
    """The array as an expression; ``typed`` when its elements are of the inputs' type, not their own."""
    made = _made(array)
    if made is None:
        return at.dialect.created("array", [_elements(array, at)], "float" if typed else "", at).text
    function, arguments = made
    if function == "full":
        arguments = [*arguments, _elements(array.flat[0], at)]
    kind = "bool" if array.dtype.kind == "b" else "" if function == "arange" else "int"
    return at.dialect.created(function, arguments, "float" if typed else kind, at).text


def _elements(array: Any, at: Context) -> str:
    """The elements as Python has them."""
    return re.sub(r"\b(inf|nan)\b", rf"{at.dialect.module}.\1", repr(array.tolist()))


def _made(array: Any) -> tuple[str, list[str]] | None:
    """The function that makes the array, and its arguments; the value of a full one is not among them."""
    if not array.size and array.ndim > 1:
        return "zeros", [repr(tuple(map(int, array.shape)))]  # a list has no room for its shape
    if array.size < 2:
        return None
    if np.all(array == array.flat[0]):
        shape = repr(tuple(map(int, array.shape)))
        return "full", [shape]
    if array.ndim == 1 and array.dtype.kind in "iu":
        start, step = int(array[0]), int(array[1]) - int(array[0])
        if np.array_equal(array, start + step * np.arange(array.size)) and step == 1:
            return "arange", ([str(start)] if start else []) + [str(start + array.size)]
    return _triangle(array) if array.ndim == 2 else None


def _triangle(array: Any) -> tuple[str, list[str]] | None:
    n, m = array.shape
    k = int(np.count_nonzero(array[0])) - 1
    if not np.array_equal(array, np.tri(n, m, k, dtype=array.dtype)):
        return ("eye", [str(n)]) if n == m and np.array_equal(array, np.eye(n)) else None
    sizes = [str(n)] if n == m else [str(n), str(m)]
    return "tri", [*sizes, *([f"k={k}"] if k else [])]
