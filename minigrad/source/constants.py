"""Arrays that the user gave no name, written out: by the function that makes them, else as they are."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

# An array of more elements than this that no function makes is an argument.
MOST_WRITTEN_OUT = 32


def is_written_out(array: Any) -> bool:
    """Whether the array is better written than asked for."""
    return array.size <= MOST_WRITTEN_OUT or _made(array) is not None


def constant_text(array: Any, dtype: str | None) -> str:
    """The array as an expression; ``dtype`` is the name of its element type where that is not its own."""
    made = _made(array)
    kind = dtype or {"b": "bool"}.get(array.dtype.kind)
    if made is not None:
        function, arguments = made
        named = "dtype=" + (kind or "int") if function != "arange" or dtype else ""
        return f"np.{function}({', '.join(part for part in (*arguments, named) if part)})"
    return f"np.array({_elements(array)}{f', dtype={dtype}' if dtype else ''})"


def _elements(array: Any) -> str:
    """The elements as Python has them."""
    return re.sub(r"\b(inf|nan)\b", r"np.\1", repr(array.tolist()))


def _made(array: Any) -> tuple[str, list[str]] | None:
    """The function that makes the array, and its arguments."""
    if not array.size and array.ndim > 1:
        return "zeros", [repr(tuple(map(int, array.shape)))]  # a list has no room for its shape
    if array.size < 2:
        return None
    if np.all(array == array.flat[0]):
        shape = repr(tuple(map(int, array.shape)))
        return "full", [shape, _elements(array.flat[0])]
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
