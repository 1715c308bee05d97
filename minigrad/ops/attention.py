"""Scaled dot-product attention, and what its masks mean."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.errors import ArgumentError, DtypeError, ShapeError
from minigrad.graph.create import as_tensor
from minigrad.graph.define import builtin_composite as composite
from minigrad.graph.node import leaf
from minigrad.graph.tensor import Tensor, describe, wrap
from minigrad.index.size import AnySize, Size
from minigrad.ops.arithmetic import sqrt
from minigrad.ops.axes import same_width
from minigrad.ops.constants import symbolic_ones
from minigrad.ops.contraction import matmul
from minigrad.ops.piecewise import where
from minigrad.ops.rearrange import tril
from minigrad.ops.smooth import softmax

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


def attention_weights(scores: Tensor, keep: Any = None) -> Tensor:
    """Softmax over the last axis of what a mask keeps; masked scores count as −∞.

    Parameters
    ----------
    scores
        Shape (..., n, m).
    keep
        True, or 1, where a score counts; broadcasts to that shape. A row that keeps nothing gets
        weights of 0, and so do its gradients. A symbolic mask is taken to keep something in every
        row.
    """
    if keep is None:
        return softmax(scores, -1)
    mask = as_tensor(keep)
    empty = _empty_rows(mask)
    if empty is None:
        return softmax(where(mask, scores, -math.inf), -1)
    # Softmax of nothing is undefined: those rows are computed without a mask, then set to 0.
    filled = leaf(mask.numpy() | empty, name=mask.name)
    some = leaf(~empty, name=f"{mask.name}_any" if mask.name else None)
    weights = softmax(where(wrap(filled.value, filled), scores, -math.inf), -1)
    return where(wrap(some.value, some), weights, 0.0)


def _empty_rows(mask: Tensor) -> Array | None:
    """Which rows keep nothing, shape (..., n, 1), or None where all keep something."""
    values = mask._array
    if values is None or not np.ndim(values) or not values.shape[-1]:
        return None
    some = values.any(-1, keepdims=True)
    return None if some.all() else ~some


def split_mask(what: str, mask: Any, scores: Tensor) -> tuple[Tensor | None, Tensor | None]:
    """A mask as what it keeps and what it adds; −∞ in numbers means that a score is not kept.

    Raises
    ------
    ShapeError
        When the mask does not broadcast to the scores.
    DtypeError
        When it is made of whole numbers, which might mean either.
    """
    m = as_tensor(mask, what)
    boolean = m.dtype.kind == "b" or (m._node is not None and "bool" in m._node.assume)
    if not boolean and m.dtype.kind != "f":
        raise DtypeError(
            f"{what}: a mask of dtype {m.dtype} is neither True where one may attend, nor a number "
            "to be added to the scores; write mask != 0, or convert it to float"
        )
    _check_shape(what, m, scores)
    if boolean:
        return m, None
    shut = None if m._array is None or m.requires_grad else np.isneginf(m.numpy())
    if shut is None or not shut.any():
        return None, m
    return as_tensor(~shut), as_tensor(np.where(shut, np.zeros((), m.dtype), m.numpy()))


def _check_shape(what: str, mask: Tensor, scores: Tensor) -> None:
    if mask._array is None or scores._array is None:
        return
    shape = tuple(map(int, scores.shape))
    try:
        fits = np.broadcast_shapes(mask.shape, shape) == shape
    except ValueError:
        fits = False
    if not fits:
        raise ShapeError(
            f"{what}: {describe(mask)} does not broadcast to the scores of shape {shape}, "
            "one for each pair of a query (rows) and a key (columns)"
        )


@functools.lru_cache(maxsize=32)
def causal_mask(queries: int, keys: int) -> Array:
    """True where key j is not later than query i, j ≤ i: a lower triangle."""
    mask = np.tri(queries, keys, dtype=bool)
    mask.setflags(write=False)
    return mask


def causal_tensor(queries: AnySize, keys: AnySize) -> Tensor:
    """The causal mask as a tensor, also for sizes that only have names."""
    if isinstance(queries, Size) or isinstance(keys, Size):
        mask: Tensor = tril(symbolic_ones((queries, keys)))
        return mask
    return as_tensor(causal_mask(int(queries), int(keys)))


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
    same_width(name, q, k)
    scores = matmul(q, k.swapaxes(-1, -2))
    scores = scores / sqrt(q.shape[-1]) if scale is None else scores * scale
    keep = shift = None
    if is_causal:
        keep = causal_tensor(q.shape[-2], k.shape[-2])
    elif attn_mask is not None:
        keep, shift = split_mask(f"{name}: attn_mask", attn_mask, scores)
    if shift is not None:
        scores = scores + shift
    return matmul(attention_weights(scores, keep), as_tensor(value))
