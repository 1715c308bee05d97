"""The masks of attention, put together: who may attend to what."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigrad.errors import DtypeError, ShapeError
from minigrad.graph import Tensor
from minigrad.graph.create import as_tensor
from minigrad.graph.node import leaf
from minigrad.graph.tensor import describe, wrap
from minigrad.index.size import Size
from minigrad.ops import expand_dims, logical_and, reshape
from minigrad.ops.attention import as_mask, causal_mask
from minigrad.parsing.create import tri

Array = NDArray[Any]


class Masks:
    """A mask of the user's, one of keys that are padding, and the causal one.

    Parameters
    ----------
    mask
        Booleans or numbers that broadcast to (b, h, n, m), or None.
    key_mask
        Booleans of shape (b, m) or (m,), or None.
    causal
        Whether later keys are masked.
    head_axes
        How many axes of the scores count heads: 2 where heads come in groups.
    """

    def __init__(self, mask: Any, key_mask: Any, causal: bool, head_axes: int) -> None:
        self.mask = None if mask is None else as_tensor(mask, "attention mask")
        self.key_mask = key_mask
        self.causal = causal
        self.head_axes = head_axes

    def shift(self, S: Tensor) -> Tensor:
        """The scores with a mask of numbers added to them."""
        mask = self.mask
        if mask is None or mask.dtype.kind == "b":
            return S
        mask = self._fitting(mask, S)
        values = mask._array
        if values is None or mask.requires_grad or not np.isneginf(values).any():
            return S + _named(mask)
        # What is shut by −∞ is shut by ``keep``, which knows rows that are shut entirely.
        return S + _named(as_tensor(np.where(np.isneginf(values), 0, values)))

    def keep(self, S: Tensor) -> Tensor | None:
        """True where a query may attend to a key, named M, or None where it may everywhere."""
        parts = [*self._own(S), *self._padding(S), *self._triangle(S)]
        if not parts:
            return None
        if all(isinstance(part, np.ndarray) for part in parts):
            whole = parts[0]
            for part in parts[1:]:
                whole = whole & part
            return wrap(whole, leaf(whole, name="M"))
        tensors = [_named(as_tensor(part)) for part in parts]
        joint = tensors[0]
        for part in tensors[1:]:
            joint = logical_and(joint, part)
        return joint

    def _own(self, S: Tensor) -> list[Any]:
        if self.mask is None:
            return []
        mask = self._fitting(self.mask, S)
        values = mask._array
        if mask.dtype.kind == "b":
            return [mask if values is None or mask.name else np.asarray(values)]
        if values is None or mask.requires_grad or not np.isneginf(values).any():
            return []
        return [~np.isneginf(values)]

    def _fitting(self, mask: Tensor, S: Tensor) -> Tensor:
        """The mask with the scores' axes: heads in groups have two."""
        if self.head_axes == 2 and mask.ndim > 2:
            groups, each = S.shape[-4:-2]
            lead, rows = mask.shape[:-3], mask.shape[-2:]
            both = (1, 1) if mask.shape[-3] == 1 else (groups, each)
            mask = reshape(mask, (*lead, *both, *rows))
        return as_mask("attention mask", mask, S)

    def _padding(self, S: Tensor) -> list[Any]:
        if self.key_mask is None:
            return []
        mask = as_tensor(self.key_mask, "key_mask")
        if mask.dtype.kind != "b":
            raise DtypeError(
                f"key_mask: dtype {mask.dtype} is not bool; it is True where a token is there and "
                "False where it is padding: write tokens != padding"
            )
        batch = S.ndim - self.head_axes - 2
        expected = (*S.shape[:batch], S.shape[-1])
        if mask.ndim != len(expected) or not _same(mask.shape, expected):
            raise ShapeError(
                f"key_mask: {describe(mask)} must have shape {tuple(expected)}, one value for each "
                "key"
            )
        axes = tuple(range(batch, batch + self.head_axes + 1))
        spread = expand_dims(mask, axes)
        return [spread if spread._array is None or mask.name else np.asarray(spread._array)]

    def _triangle(self, S: Tensor) -> list[Any]:
        if not self.causal:
            return []
        n, m = S.shape[-2:]
        if isinstance(n, Size) or isinstance(m, Size):
            return [tri(n, m)]
        return [causal_mask(int(n), int(m))]


def _same(shape: tuple[Any, ...], expected: tuple[Any, ...]) -> bool:
    return all(
        isinstance(a, Size) or isinstance(b, Size) or a == b
        for a, b in zip(shape, expected, strict=True)
    )


def _named(mask: Tensor) -> Tensor:
    return mask if mask.name else mask.named("M")
