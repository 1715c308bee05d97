"""The masks of attention, put together: who may attend to what."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from minigrad.errors import DtypeError, ShapeError
from minigrad.graph import Tensor
from minigrad.graph.create import as_tensor
from minigrad.graph.node import leaf
from minigrad.graph.tensor import describe, wrap
from minigrad.index.size import Size
from minigrad.ops import expand_dims, logical_and, reshape
from minigrad.ops.attention import causal_tensor, split_mask


class Masks:
    """A mask of the user's, one of keys that are padding, and the causal one.

    Parameters
    ----------
    S
        The scores, shape (b, h, n, m) or (h, n, m).
    mask
        Booleans or numbers that broadcast to the scores, or None.
    key_mask
        Booleans of shape (b, m) or (m,), or None.
    causal
        Whether later keys are masked.
    head_axes
        How many axes of the scores count heads: 2 where heads come in groups.
    """

    def __init__(self, S: Tensor, mask: Any, key_mask: Any, causal: bool, head_axes: int) -> None:
        own, self._shift = (None, None) if mask is None else _own(mask, S, head_axes)
        padding = None if key_mask is None else _padding(key_mask, S, head_axes)
        triangle = _triangle(S, own is None and padding is None) if causal else None
        self._parts = [part for part in (own, padding, triangle) if part is not None]

    def shift(self, S: Tensor) -> Tensor:
        """The scores with a mask of numbers added to them."""
        shift = self._shift
        if shift is None:
            return S
        return S + (shift if shift._node is not None else shift.named("M"))

    def keep(self) -> Tensor | None:
        """True where a query may attend to a key, named M, or None where it may everywhere."""
        parts = self._parts
        if not parts:
            return None
        if len(parts) > 1 and all(part._array is not None for part in parts):
            whole = functools.reduce(np.logical_and, [part.numpy() for part in parts])
            return wrap(whole, leaf(whole, name="M"))
        if len(parts) == 1 and parts[0].name is None and parts[0]._node is not None:
            return parts[0]  # formulas call it by what the user named
        joint = functools.reduce(logical_and, parts)
        return joint if joint.name else joint.named("M")


def _own(mask: Any, S: Tensor, head_axes: int) -> tuple[Tensor | None, Tensor | None]:
    m = as_tensor(mask, "attention mask")
    if head_axes == 2 and m.ndim > 2:
        groups, each = S.shape[-4:-2]
        both = (1, 1) if m.shape[-3] == 1 else (groups, each)
        m = reshape(m, (*m.shape[:-3], *both, *m.shape[-2:]))
    return split_mask("attention mask", m, S)


def _padding(key_mask: Any, S: Tensor, head_axes: int) -> Tensor:
    """The mask of keys with the scores' axes."""
    mask = as_tensor(key_mask, "key_mask")
    if mask.dtype.kind != "b" and not (mask._node is not None and "bool" in mask._node.assume):
        raise DtypeError(
            f"key_mask: dtype {mask.dtype} is not bool; it is True where a token is there and "
            "False where it is padding: write tokens != padding"
        )
    batch = S.ndim - head_axes - 2
    expected = (*S.shape[:batch], S.shape[-1])
    if not same_sizes(mask.shape, expected):
        raise ShapeError(
            f"key_mask: {describe(mask)} must have shape {tuple(expected)}, one value for each key"
        )
    return expand_dims(mask, tuple(range(batch, batch + head_axes + 1)))


def _triangle(S: Tensor, alone: bool) -> Tensor:
    triangle = causal_tensor(*S.shape[-2:])
    return triangle.named("M" if alone else "C") if triangle._array is None else triangle


def same_sizes(shape: tuple[Any, ...], expected: tuple[Any, ...]) -> bool:
    """Whether two shapes agree wherever both are numbers."""
    return len(shape) == len(expected) and all(
        isinstance(a, Size) or isinstance(b, Size) or a == b
        for a, b in zip(shape, expected, strict=True)
    )
