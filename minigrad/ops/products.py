"""Powers and chains of matrices, vector and Kronecker products."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from minigrad.errors import ShapeError
from minigrad.graph.call import face, worded
from minigrad.graph.create import as_tensor
from minigrad.graph.define import builtin_composite as composite
from minigrad.graph.define import builtin_primitive as primitive
from minigrad.graph.tensor import Tensor, describe
from minigrad.index.size import Size
from minigrad.ops import meanings as meaning
from minigrad.ops import shape_messages
from minigrad.ops.axes import check_room, extent, one_axis
from minigrad.ops.constants import symbolic_eye
from minigrad.ops.contraction import matmul
from minigrad.ops.matrices import inv
from minigrad.ops.options import whole
from minigrad.ops.precision import add_reduce
from minigrad.ops.shaping import moveaxis


@composite("linalg.matrix_power", domain="invertible")
def matrix_power(a: Any, n: int) -> Any:
    """The product of n copies of a square matrix; of its inverse where n is negative."""
    x = as_tensor(a, "linalg.matrix_power")
    n = whole("linalg.matrix_power", "the exponent", n)
    told = shape_messages.squares([x.shape])
    if told is not None:
        raise ShapeError(f"linalg.matrix_power: {told}; got {describe(x)}")
    if n < 0:
        x, n = inv(x), -n
    if n == 0:
        return _identity_like(x)
    result = None
    while n:
        n, odd = divmod(n, 2)
        if odd:
            result = x if result is None else result @ x
        if n:
            x = x @ x
    return result


def _identity_like(x: Tensor) -> Tensor:
    if isinstance(x.shape[-1], Size):
        return symbolic_eye(x.shape[-1])
    return x * 0 + np.eye(int(x.shape[-1]), dtype=x.dtype)


@composite("linalg.multi_dot")
def multi_dot(arrays: Any) -> Any:
    """The product of several matrices, in the cheapest order; from the left where sizes are names."""
    parts = [as_tensor(a, "linalg.multi_dot") for a in arrays]
    if len(parts) < 2:
        raise ShapeError("linalg.multi_dot: needs at least two arrays")
    if not (parts[0].ndim and parts[-1].ndim):
        raise ShapeError("linalg.multi_dot: a number is no factor; multiply by it with *")
    for part in parts[1:-1]:
        if part.ndim != 2:
            raise ShapeError(f"linalg.multi_dot: inner factors are matrices, not {describe(part)}")
    sizes = [1 if parts[0].ndim == 1 else extent(parts[0].shape[0])]
    sizes += [extent(part.shape[0]) for part in parts[1:]]
    sizes.append(1 if parts[-1].ndim == 1 else extent(parts[-1].shape[-1]))
    if any(isinstance(size, Size) for size in sizes):
        return functools.reduce(matmul, parts)
    return _product(parts, _best_splits(sizes), 0, len(parts) - 1)


def _best_splits(sizes: list[Any]) -> dict[tuple[int, int], int]:
    """Where to split each run of factors so that multiplications are fewest."""
    count = len(sizes) - 1
    cost = {(i, i): 0 for i in range(count)}
    split: dict[tuple[int, int], int] = {}
    for length in range(2, count + 1):
        for i in range(count - length + 1):
            j = i + length - 1
            options = [
                (cost[i, k] + cost[k + 1, j] + sizes[i] * sizes[k + 1] * sizes[j + 1], k)
                for k in range(i, j)
            ]
            cost[i, j], split[i, j] = min(options)
    return split


def _product(parts: list[Tensor], split: dict[tuple[int, int], int], i: int, j: int) -> Any:
    if i == j:
        return parts[i]
    k = split[i, j]
    return matmul(_product(parts, split, i, k), _product(parts, split, k + 1, j))


_cross = primitive(
    "cross",
    lambda a, b: np.cross(a, b),
    vjps=(lambda g, z, a, b: np.cross(b, g), lambda g, z, a, b: np.cross(g, a)),
    broadcasts=True,
    meaning=meaning.cross,
    doc="Vector product of vectors of three components along an axis.",
)


@face(_cross)
@worded("cross")
def cross(
    a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None
) -> Any:
    """Vector product of vectors of three components along an axis."""
    x, y = as_tensor(a, "cross"), as_tensor(b, "cross")
    if axis is not None:
        axisa = axisb = axisc = axis
    first, second = one_axis("cross", axisa, x.ndim), one_axis("cross", axisb, y.ndim)
    if x.shape[first] != 3 or y.shape[second] != 3:
        raise ShapeError(
            f"cross: both vectors need three components, got {describe(x)} along axis {axisa} and "
            f"{describe(y)} along axis {axisb}"
        )
    x = x if first == x.ndim - 1 else moveaxis(x, first, -1)
    y = y if second == y.ndim - 1 else moveaxis(y, second, -1)
    z = _cross(x, y)
    return z if axisc in (-1, z.ndim - 1) else moveaxis(z, -1, axisc)


def _kron_shapes(a: Any, b: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    first, second = np.shape(a), np.shape(b)
    width = max(len(first), len(second))
    return (1,) * (width - len(first)) + first, (1,) * (width - len(second)) + second


def _kron_left(g: Any, z: Any, a: Any, b: Any) -> Any:
    long_a, long_b = _kron_shapes(a, b)
    split = tuple(n for pair in zip(long_a, long_b, strict=True) for n in pair)
    product = np.reshape(g, split) * np.reshape(b, tuple(n for m in long_b for n in (1, m)))
    return np.reshape(add_reduce(product, tuple(range(1, len(split), 2))), a.shape)


def _kron_right(g: Any, z: Any, a: Any, b: Any) -> Any:
    long_a, long_b = _kron_shapes(a, b)
    split = tuple(n for pair in zip(long_a, long_b, strict=True) for n in pair)
    product = np.reshape(g, split) * np.reshape(a, tuple(n for m in long_a for n in (m, 1)))
    return np.reshape(add_reduce(product, tuple(range(0, len(split), 2))), b.shape)


def _kron(a: Any, b: Any) -> Any:
    long_a, long_b = _kron_shapes(a, b)
    check_room("kron", [m * n for m, n in zip(long_a, long_b, strict=True)])
    return np.kron(a, b)


kron = primitive(
    "kron",
    _kron,
    vjps=(_kron_left, _kron_right),
    meaning=meaning.kron,
    doc="Kronecker product: every element of x times the whole of y.",
)
