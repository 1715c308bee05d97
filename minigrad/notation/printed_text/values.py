"""What a formula's pieces are worth: numbers, columns, rows, matrices, and how they meet.

𝟏 has no size of its own. Its axis is *free*: it is held as one element, takes the size of whatever it
meets, and against another free axis nothing is known.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from minigrad.errors import ShapeError

ROW, COLUMN = "row", "column"


@dataclass(frozen=True)
class Block:
    """A matrix, or a column or row, which is a vector as it stands or transposed.

    ``of`` says that a vector is a statistic of rows or of columns, or a matrix one of the rows of a tensor,
    ``free`` which axes take any size.
    """

    array: Any
    kind: Literal["matrix", "column", "row"] = "matrix"
    of: str = ""
    free: tuple[bool, bool] = (False, False)

    @property
    def length(self) -> int:
        """The number of a vector's elements."""
        return int(self.array.size)

    @property
    def is_vector(self) -> bool:
        return self.kind != "matrix"

    @property
    def is_free(self) -> bool:
        """Whether a vector's size is not known."""
        return self.free[0 if self.kind == "column" else 1]


Value = Any  # a number, a Block, or an array with more than two axes

ONES = Block(np.ones((1, 1)), "column", free=(True, False))


def held(array: Any) -> Value:
    """An array as the value that a reader takes it for: a vector is a column."""
    if array.ndim == 1:
        return Block(array[:, None], "column")
    return Block(array) if array.ndim == 2 else array


def plain(value: Value) -> Any:
    """The value as an array; vectors have one axis."""
    if not isinstance(value, Block):
        return np.asarray(value)
    return value.array.reshape(-1) if value.is_vector else value.array


def is_scalar(value: Value) -> bool:
    return not isinstance(value, Block) and np.ndim(value) == 0


def whole_number(value: Value) -> int:
    """A size or a place."""
    if not is_scalar(value) or not np.isfinite(value) or abs(value - round(float(value))) > 1e-9:
        raise ShapeError("a whole number is needed here")
    return round(float(value))


def matrix(value: Value) -> Any:
    """The array of a matrix whose sizes are known; a number is one of 1 × 1."""
    if is_scalar(value):
        return np.reshape(value, (1, 1))
    if not isinstance(value, Block) or value.is_vector or any(value.free):
        raise ShapeError("a matrix is needed here")
    return value.array


def vector(array: Any, of: str = "", free: bool = False) -> Block:
    """A column of the elements."""
    return Block(np.reshape(array, (-1, 1)), "column", of, (free, False))


def shaped(value: Value, shape: tuple[int, ...]) -> Any:
    """The array in a known shape; what is repeated along the rest is filled in."""
    if isinstance(value, Block):
        if len(shape) == 3 and not value.is_vector and value.of == ROW:
            array = value.array[..., None]
        elif len(shape) == 2:
            array = _beside(value, [shape[0]], [shape[1]]) if value.is_vector else value.array
        else:
            array = plain(value)
    else:
        array = np.asarray(value)
    if not isinstance(value, Block) and array.ndim == len(shape) + 1 and array.shape[-1] == 1:
        array = array[..., 0]  # a statistic of the rows of a tensor
    if array.ndim > len(shape):
        raise ShapeError(f"{array.shape} is no {shape}")
    free = value.free if isinstance(value, Block) else ()
    for k, size in enumerate(array.shape[::-1], start=1):
        may_repeat = (
            is_scalar(value)
            or (isinstance(value, Block) and value.is_vector)
            or (free and free[-k])
        )
        if size != shape[-k] and not (size == 1 and may_repeat):
            raise ShapeError(f"{array.shape} is no {shape}")
    return np.broadcast_to(array, shape)


def same(a: Value, b: Value) -> bool:
    """Whether two values agree, as far as rounding allows."""
    x, y = plain(a), plain(b)
    return x.shape == y.shape and bool(np.allclose(x, y, rtol=1e-9, atol=1e-12, equal_nan=True))


# -- elementwise ---------------------------------------------------------------------------------------


def elementwise(function: Callable[..., Any], args: Sequence[Value]) -> Value:
    """The function of elements, with numbers and vectors repeated where they meet matrices."""
    blocks = [a for a in args if isinstance(a, Block)]
    tensors = [a for a in args if not isinstance(a, Block) and np.ndim(a) > 2]
    if tensors:
        return function(*(_beside_tensor(a, tensors[0]) for a in args))
    if not blocks:
        return function(*map(_number, args))
    if len({b.kind for b in blocks}) == 1 and blocks[0].is_vector:
        return _of_vectors(function, args, blocks)
    told = [b for b in blocks if not b.is_vector] or blocks
    rows = [b.array.shape[0] for b in told if b.kind != "row" and not b.free[0]]
    columns = [b.array.shape[1] for b in told if b.kind != "column" and not b.free[1]]
    if len(set(rows)) > 1 or len(set(columns)) > 1:
        raise ShapeError(f"matrices of {[b.array.shape for b in blocks]} do not match")
    arrays = [_beside(a, rows, columns) if isinstance(a, Block) else a for a in args]
    result = np.asarray(function(*arrays))
    free = (not rows and result.shape[0] == 1, not columns and result.shape[1] == 1)
    tags = {b.of for b in blocks if not b.is_vector} - {""}
    return Block(result, of=tags.pop() if tags else "", free=free)


def _number(value: Any) -> Any:
    """A number as NumPy has it; what stands for one in arrays of objects stays what it is."""
    return value if np.asarray(value).dtype == object else np.float64(value)


def _of_vectors(
    function: Callable[..., Any], args: Sequence[Value], blocks: Sequence[Block]
) -> Block:
    lengths = {b.length for b in blocks if not b.is_free}
    tags = {b.of for b in blocks} - {""}
    if len(lengths) > 1:
        raise ShapeError(f"vectors of {[b.length for b in blocks]} do not match")
    result = function(*(a.array if isinstance(a, Block) else a for a in args))
    fixed = next((b for b in blocks if not b.is_free), blocks[0])
    return replace(fixed, array=result, of=tags.pop() if len(tags) == 1 else "")


def _beside(value: Block, rows: Sequence[int], columns: Sequence[int]) -> Any:
    """The array as it is repeated beside a matrix whose sizes are given as far as they are known."""
    if not value.is_vector:
        return value.array
    size = value.length
    fits_rows = not rows or size in (rows[0], 1)
    fits_columns = not columns or size in (columns[0], 1)
    as_column = value.kind == "column" and (
        value.of == ROW or (value.of != COLUMN and not (fits_columns and columns))
    )
    if as_column and not fits_rows:
        raise ShapeError(f"a vector of {size} does not fit {rows[0]} rows")
    if not as_column and not fits_columns:
        raise ShapeError(f"a vector of {size} does not fit {columns[0]} columns")
    return value.array.reshape((-1, 1) if as_column else (1, -1))


def _beside_tensor(value: Value, tensor: Any) -> Any:
    """The array beside a tensor, along whose rows a statistic of rows is repeated."""
    array = plain(value)
    of_rows = isinstance(value, Block) and not value.is_vector and value.of == ROW
    return array[..., None] if of_rows and np.ndim(tensor) == 3 else array


# -- products ------------------------------------------------------------------------------------------


def transpose(value: Value) -> Value:
    """A column becomes a row, and a matrix its transpose."""
    if not isinstance(value, Block):
        if np.ndim(value) > 2:
            raise ShapeError("only matrices and vectors have a transpose")
        return value
    kind: Any = {"column": "row", "row": "column", "matrix": "matrix"}[value.kind]
    return replace(value, array=value.array.T, kind=kind, free=value.free[::-1])


def times(a: Value, b: Value) -> Value:
    """The matrix product; a number scales."""
    if is_scalar(a) or is_scalar(b):
        return elementwise(np.multiply, [a, b])
    if not isinstance(a, Block) or not isinstance(b, Block):
        raise ShapeError("a product is of matrices and vectors")
    left, right = a.array, b.array
    if a.free[1] and b.free[0]:
        raise ShapeError("the size of 𝟏 is not known here")
    if a.free[1]:
        right = right.sum(axis=0, keepdims=True)
    elif b.free[0]:
        left = left.sum(axis=1, keepdims=True)
    if left.shape[1] != right.shape[0]:
        raise ShapeError(f"no product of {left.shape} and {right.shape}")
    if a.kind == "column" and b.kind != "row":
        raise ShapeError("a column times what is no row")
    if b.kind == "row" and a.kind != "column":
        raise ShapeError("a row after what is no column")
    both = left @ right
    if a.kind == "row" and b.kind == "column":
        return both[0, 0]
    kind: Any = "row" if a.kind == "row" else "column" if b.kind == "column" else "matrix"
    return Block(both, kind, free=(a.free[0], b.free[1]))


RELATIONS: dict[str, Callable[..., Any]] = {
    ">": lambda a, b: (a > b) * 1.0,
    "<": lambda a, b: (a < b) * 1.0,
    "≥": lambda a, b: (a >= b) * 1.0,
    "≤": lambda a, b: (a <= b) * 1.0,
    "=": lambda a, b: (a == b) * 1.0,
    "≠": lambda a, b: (a != b) * 1.0,
}
