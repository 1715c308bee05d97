"""Scaled dot-product attention, and what its masks mean."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigrad.errors import ArgumentError, DtypeError, ShapeError
from minigrad.graph.create import as_tensor
from minigrad.graph.define import builtin_composite as composite
from minigrad.graph.tensor import Tensor, describe
from minigrad.ops.arithmetic import sqrt
from minigrad.ops.contraction import matmul
from minigrad.ops.piecewise import where
from minigrad.ops.smooth import softmax

Array = NDArray[Any]


def attention_weights(scores: Tensor, mask: Any = None) -> Tensor:
    """Softmax over the last axis, in which masked scores count as −∞.

    Parameters
    ----------
    scores
        Shape (..., n, m).
    mask
        What broadcasts to that shape: a boolean mask keeps what is True, numbers are added. A row
        that keeps nothing gets weights of 0, and so do its gradients.

    Raises
    ------
    ShapeError
        When the mask does not broadcast to the scores.
    DtypeError
        When it is made of whole numbers, which might mean either.
    """
    if mask is None:
        return softmax(scores, -1)
    m = as_mask("attention_weights", mask, scores)
    empty = _empty_rows(m)
    if empty is None:
        return softmax(_masked(scores, m), -1)
    # Softmax of nothing is undefined: those rows are computed without a mask, then set to 0.
    kept = m._array | empty if m.dtype.kind == "b" else where(empty, 0.0, m)
    return where(empty, 0.0, softmax(_masked(scores, as_tensor(kept)), -1))


def _masked(scores: Tensor, mask: Tensor) -> Tensor:
    return where(mask, scores, -math.inf) if mask.dtype.kind == "b" else scores + mask


def _empty_rows(mask: Tensor) -> Array | None:
    """Which rows keep nothing, shape (..., n, 1), or None where all keep something.

    A symbolic mask is taken to leave every row something.
    """
    values = mask._array
    if values is None:
        return None
    open_ = values if values.dtype.kind == "b" else values > -math.inf
    if not open_.ndim or not open_.shape[-1]:
        return None
    some = open_.any(-1, keepdims=True)
    return None if some.all() else ~some


def as_mask(what: str, mask: Any, scores: Tensor) -> Tensor:
    """A mask as a tensor that fits the scores."""
    m = as_tensor(mask, what)
    if m.dtype.kind not in "bf":
        raise DtypeError(
            f"{what}: a mask of dtype {m.dtype} is neither True where one may attend, nor a number "
            "to be added to the scores; write mask != 0, or convert it to float"
        )
    if m._array is not None and scores._array is not None:
        shape = tuple(map(int, scores.shape))
        try:
            fits = np.broadcast_shapes(m.shape, shape) == shape
        except ValueError:
            fits = False
        if not fits:
            raise ShapeError(
                f"{what}: mask {describe(m)} does not broadcast to the scores of shape {shape}, "
                "one for each pair of a query (rows) and a key (columns)"
            )
    return m


@functools.lru_cache(maxsize=32)
def causal_mask(queries: int, keys: int) -> Array:
    """True where key j is not later than query i, j ≤ i: a lower triangle."""
    mask = np.tri(queries, keys, dtype=bool)
    mask.setflags(write=False)
    return mask


@composite("nn.scaled_dot_product_attention")
def scaled_dot_product_attention(
    query: Any,
    key: Any,
    value: Any,
    attn_mask: Any = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
) -> Any:
    """softmax(Q Kᵀ / √d + mask) V over the last two axes; leading axes are batches.

    A boolean mask keeps what is True; a mask of numbers is added to the scores. A query that may
    attend to nothing gets 0.
    """
    name = "nn.scaled_dot_product_attention"
    if dropout_p:
        raise ArgumentError(f"{name}: dropout is not part of the function; apply it to the result")
    if is_causal and attn_mask is not None:
        raise ArgumentError(f"{name}: give attn_mask or is_causal, not both")
    q, k = as_tensor(query), as_tensor(key)
    scores = matmul(q, k.swapaxes(-1, -2))
    scores = scores / sqrt(q.shape[-1]) if scale is None else scores * float(scale)
    if is_causal:
        attn_mask = causal_mask(int(q.shape[-2]), int(k.shape[-2]))
    return matmul(attention_weights(scores, attn_mask), as_tensor(value))
