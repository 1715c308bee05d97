"""What options may be: whole numbers, real numbers, parts of one, one for each axis; all else is refused in words."""

from __future__ import annotations

import operator
from numbers import Real
from typing import Any

import numpy as np

from minigrad.errors import ArgumentError, KindError, SymbolicError
from minigrad.graph.operation import option
from minigrad.graph.tensor import Tensor, said


def whole(name: str, argument: str, value: Any) -> int:
    """An argument that counts something.

    Raises
    ------
    KindError
        When it is not an integer.
    """
    try:
        if value is True or value is False:
            raise TypeError
        return operator.index(value)
    except SymbolicError:
        raise
    except TypeError:
        raise KindError(f"{name}: {argument} must be an integer, not {said(value)}") from None


def flag(name: str, argument: str, value: Any) -> bool:
    """An argument that is true or false.

    Raises
    ------
    KindError
        When it is neither; 0 and 1 are taken for them.
    GradientError, SymbolicError
        As for :func:`minigrad.graph.operation.option`.
    """
    plain = option(name, argument, value)
    if isinstance(plain, np.ndarray | np.generic) and not plain.ndim:
        plain = plain.item()
    if isinstance(plain, int) and plain in (0, 1):
        return bool(plain)
    raise KindError(f"{name}: {argument} must be True or False, not {said(value)}")


def real(name: str, argument: str, value: Any) -> float:
    """The number that an operation is not differentiated by.

    Raises
    ------
    KindError
        When it is none.
    GradientError, SymbolicError
        As for :func:`minigrad.graph.operation.option`.
    """
    number = option(name, argument, value)
    if isinstance(number, Real):
        return float(number)
    if isinstance(number, np.ndarray) and not number.ndim and number.dtype.kind in "fiub":
        return float(number)
    raise KindError(f"{name}: {argument} must be a number, not {said(value)}")


def fraction(name: str, argument: str, value: Any) -> None:
    """Refuse a plain number that does not lie between 0 and 1; an array is a variable, and varies."""
    if isinstance(value, Tensor | np.ndarray):
        return
    part = real(name, argument, value)
    if not 0 <= part <= 1:
        raise ArgumentError(f"{name}: {argument}={said(value)} does not lie between 0 and 1")


def declare(x: Any, fact: str, otherwise: str) -> str:
    """The way out for a value that is not known to be what is wanted: a declaration, where it has no value."""
    if isinstance(x, Tensor) and x._array is None and x.name is not None:
        dims = "".join(f"{str(size).replace(' ', '')} " for size in x.shape)
        return f'declare it with "{x.name}: {dims}| {fact}"'
    return otherwise


def per_axis(name: str, value: Any, count: int = 2, least: int = 0) -> tuple[int, ...]:
    """An integer for each axis; strides would walk backwards below 0, as slices do, and say nothing."""
    values = tuple(value) if isinstance(value, tuple | list) else (value,) * count
    if len(values) != count or not all(isinstance(v, int | np.integer) for v in values):
        raise ArgumentError(f"{name}: expected an integer or {count} integers, got {value!r}")
    if min(values) < least:
        raise ArgumentError(
            f"{name}: kernels, strides and dilations are at least 1, and padding at least 0"
        )
    return tuple(int(v) for v in values)
