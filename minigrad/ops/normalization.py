"""Layers of a network that normalise and project."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad.errors import DtypeError, ShapeError
from minigrad.graph.call import face, worded
from minigrad.graph.create import as_tensor
from minigrad.graph.define import builtin_composite as composite
from minigrad.graph.define import builtin_primitive as primitive
from minigrad.graph.tensor import Tensor, describe
from minigrad.index.size import AnySize, Size
from minigrad.ops import meanings as meaning
from minigrad.ops.axes import Axes, extent, is_symbolic, one_axis, plain, same_width, shape_together
from minigrad.ops.contraction import matmul
from minigrad.ops.norms import norm
from minigrad.ops.options import real
from minigrad.ops.piecewise import maximum
from minigrad.ops.precision import average, in_single, less_mean, root_mean_square
from minigrad.ops.shape import broadcast_to


def _layer_norm(x: Any, *, axis: Axes, eps: float) -> Any:
    centred = less_mean(x, axis)
    return centred / root_mean_square(centred, axis, eps)


def _layer_norm_vjp(g: Any, y: Any, x: Any, *, axis: Axes, eps: float) -> Any:
    deviation = root_mean_square(less_mean(x, axis), axis, eps)
    return (less_mean(g, axis) - y * average(g * y, axis, True)) / deviation


standardised = primitive(
    "nn.layer_norm",
    in_single(_layer_norm),
    vjps=(in_single(_layer_norm_vjp),),
    params={"axis": (-1,), "eps": 1e-5},
    meaning=meaning.layer_norm,
    doc="Elements minus their mean, over their deviation √(var + ε), over the last axes.",
)


def _trailing(name: str, x: Tensor, normalized_shape: Any) -> Axes:
    several = isinstance(normalized_shape, Sequence) and not isinstance(normalized_shape, str)
    shape = tuple(normalized_shape) if several else (normalized_shape,)
    count = len(shape)
    last = tuple(x.shape[x.ndim - count :])
    if not count or len(last) != count or not all(map(_is_size, last, shape)):
        raise ShapeError(
            f"{name}: normalized_shape={shape} must equal the last sizes of {describe(x)}"
        )
    return tuple(range(x.ndim - count, x.ndim))


def _is_size(size: AnySize, said: Any) -> bool:
    """Whether this number, size or name of a dim is the size."""
    return str(size) == said if isinstance(said, str) else bool(size == said)


@face(standardised)
@worded("nn.layer_norm")
def layer_norm(
    input: Any, normalized_shape: Any, weight: Any = None, bias: Any = None, eps: float = 1e-5
) -> Any:
    """Elements minus their mean, over √(var + ε), over the last axes; then scaled and shifted."""
    x = as_tensor(input, "nn.layer_norm")
    axis = _trailing("nn.layer_norm", x, normalized_shape)
    y = standardised(x, axis=axis, eps=real("nn.layer_norm", "eps", eps))
    y = y if weight is None else y * weight
    return y if bias is None else y + bias


def _rms_norm(x: Any, *, axis: Axes, eps: float) -> Any:
    return x / root_mean_square(x, axis, eps)


def _rms_norm_vjp(g: Any, y: Any, x: Any, *, axis: Axes, eps: float) -> Any:
    return (g - y * average(g * y, axis, True)) / root_mean_square(x, axis, eps)


_rooted = primitive(
    "nn.rms_norm",
    in_single(_rms_norm),
    vjps=(in_single(_rms_norm_vjp),),
    params={"axis": (-1,), "eps": 1e-5},
    meaning=meaning.rms_norm,
    doc="Elements over their root mean square √(mean x² + ε), over the last axes.",
)


@face(_rooted)
@worded("nn.rms_norm")
def rms_norm(
    input: Any, normalized_shape: Any, weight: Any = None, eps: float | None = None
) -> Any:
    """Elements over their root mean square √(mean x² + ε), over the last axes; then scaled."""
    x = as_tensor(input, "nn.rms_norm")
    tiny = np.finfo(x.dtype).eps if eps is None else real("nn.rms_norm", "eps", eps)
    y = _rooted(x, axis=_trailing("nn.rms_norm", x, normalized_shape), eps=float(tiny))
    return y if weight is None else y * weight


@composite("nn.linear")
def linear(input: Any, weight: Any, bias: Any = None) -> Any:
    """Affine map of the last axis, x Wᵀ + b."""
    x, w = as_tensor(input, "nn.linear"), as_tensor(weight, "nn.linear")
    if w.ndim > 2:
        raise ShapeError(f"nn.linear: weights are a matrix (outputs, inputs), not {describe(w)}")
    same_width("nn.linear", x, w)
    y = matmul(x, w.T)
    return y if bias is None else y + bias


@composite("nn.embedding")
@worded("nn.embedding")
def embedding(input: Any, weight: Any) -> Any:
    """Rows of a table, chosen by integers."""
    table = as_tensor(weight, "nn.embedding")
    if is_symbolic(input):
        return table[input]
    chosen = input if isinstance(input, Tensor) else None
    rows = np.asarray(plain(input))
    if rows.dtype.kind not in "iu":
        raise DtypeError(f"nn.embedding: rows are chosen by integers, not by {rows.dtype}")
    count = extent(table.shape[0])
    fits = rows.min(initial=0) >= 0 and (isinstance(count, Size) or rows.max(initial=-1) < count)
    if not fits:
        raise ShapeError(
            f"nn.embedding: indices between {rows.min()} and {rows.max()} do not fit the {count} "
            f"rows of {describe(table)}; they count from 0"
        )
    return table[rows if chosen is None else chosen]


@composite("nn.cosine_similarity")
@in_single
def cosine_similarity(x1: Any, x2: Any, axis: int = 1, eps: float = 1e-8) -> Any:
    """Cosine of the angle between vectors along an axis, with lengths of at least ε."""
    a, b = as_tensor(x1), as_tensor(x2)
    if a.shape != b.shape:
        shape = shape_together("nn.cosine_similarity", (a, b))
        a, b = broadcast_to(a, shape), broadcast_to(b, shape)
    axis = one_axis("nn.cosine_similarity", axis, a.ndim)
    a, b = (x / maximum(norm(x, axis=axis, keepdims=True), eps) for x in (a, b))
    return (a * b).sum(axis)
