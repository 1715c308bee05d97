"""Constant tensors of symbolic sizes, made of the rows that repeat and place numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minigrad import ops
from minigrad.errors import ArgumentError
from minigrad.graph import Tensor
from minigrad.index.size import AnySize, Size
from minigrad.ops.constants import symbolic_eye, symbolic_number

number = symbolic_number


def full(shape: Any, fill_value: Any) -> Tensor:
    """One value in every element."""
    sizes = tuple(shape) if isinstance(shape, Sequence) else (shape,)
    for size in sizes:
        if not isinstance(size, Size) and (type(size) is not int or size < 0):
            raise ArgumentError(f"{size!r} is no size; a size is a dim's name or a whole number")
    value = fill_value if isinstance(fill_value, Tensor) else number(fill_value)
    return ops.broadcast_to(value, sizes)


def ones(shape: Any) -> Tensor:
    """1 in every element."""
    return full(shape, 1)


def zeros(shape: Any) -> Tensor:
    """0 in every element."""
    return full(shape, 0)


def ones_like(a: Tensor) -> Tensor:
    """1 in every element of another tensor's shape."""
    return full(a.shape, 1)


def zeros_like(a: Tensor) -> Tensor:
    """0 in every element of another tensor's shape."""
    return full(a.shape, 0)


def full_like(a: Tensor, fill_value: Any) -> Tensor:
    """One value in every element of another tensor's shape."""
    return full(a.shape, fill_value)


def eye(N: AnySize) -> Tensor:
    """The identity matrix."""
    return ones((1, 1)) if N == 1 else symbolic_eye(N)


def tri(N: AnySize, M: AnySize | None = None, k: int = 0) -> Tensor:
    """Ones at and below the k-th diagonal."""
    return ops.tril(ones((N, N if M is None else M)), k)


def arange(stop: AnySize) -> Tensor:
    """0, 1, ..., stop − 1."""
    return ops.cumsum(ones(stop), axis=0) - 1
