"""Losses, with the reductions "mean", "sum" and "none"."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minigrad.errors import ArgumentError
from minigrad.graph.call import Call
from minigrad.graph.define import builtin_primitive as primitive
from minigrad.ops import meanings as meaning
from minigrad.ops import shape_messages
from minigrad.ops.axes import number, weights
from minigrad.ops.precision import HALF, add_reduce, average, in_single
from minigrad.ops.smooth import FEW, expit_in_rules, ramp
from minigrad.primitive import Notation

_REDUCTIONS = ("mean", "sum", "none")
_PARAMS = {reduction: {"reduction": reduction} for reduction in _REDUCTIONS}


def reduction_of(name: str, reduction: str) -> dict[str, Any]:
    """The normalised parameter of a loss."""
    if not isinstance(reduction, str) or reduction not in _PARAMS:
        raise ArgumentError(f"{name}: reduction must be one of {_REDUCTIONS}, not {reduction!r}")
    return _PARAMS[reduction]


def reduced(each: Any, reduction: str) -> Any:
    """Mean, sum or all of the single losses."""
    if reduction == "none":
        return each
    return average(each, None) if reduction == "mean" else add_reduce(each, None)


def reduced_for(name: str, each: Any, reduction: str) -> Any:
    """The same of tensors, for the loss whose ``name`` errors say."""
    reduction_of(name, reduction)
    if reduction == "none":
        return each
    return each.sum() if reduction == "sum" else each.mean()


def single(g: Any, count: int, reduction: str) -> Any:
    """The cotangent of every single loss, from that of the reduced one."""
    return g / (count or 1) if reduction == "mean" else g


def _weighted(x: Any, *weights: Any) -> tuple[Any, ...]:
    """The inputs without the weights that were not given at the end."""
    inputs = [x, *weights]
    while inputs[-1] is None:
        inputs.pop()
    return tuple(inputs)


def _paired(x: Any, y: Any, *weights: Any) -> None:
    """Refuse what would broadcast to more losses than there are predictions."""
    told = shape_messages.losses([np.shape(a) for a in (x, y, *weights)])
    if told is not None:
        raise ValueError(told)


def _size(x: Any, y: Any) -> int:
    """The number of losses: of elements, where one of the two may be a single number."""
    return math.prod(x.shape or y.shape)


def _bce_each(p: Any, y: Any) -> Any:
    y = y.astype(p.dtype) if y.dtype.kind == "b" else y  # 1 − y would be whole numbers.
    log_p, log_q = _clamped(p)
    return -(y * log_p + (1 - y) * log_q)


def _clamped(p: Any) -> tuple[Any, Any]:
    """Log p and log(1 − p), of at least −100: that bounds y log p at p = 0 and keeps 0 · log 0 at 0."""
    with np.errstate(divide="ignore"):
        return np.maximum(np.log(p), -100), np.maximum(np.log1p(-p), -100)


def _bce(p: Any, y: Any, weight: Any = None, *, reduction: str) -> Any:
    if p.shape != y.shape or weight is not None:
        _paired(p, y, weight)
    if p.size and (p.min() < 0 or p.max() > 1):
        raise ArgumentError(
            f"nn.binary_cross_entropy: probabilities lie between 0 and 1, not between {p.min():.4g} "
            f"and {p.max():.4g}; apply a sigmoid, or pass the logits to bce_with_logits"
        )
    each = _bce_each(p, y)
    return reduced(each if weight is None else each * weight, reduction)


def _bce_p(g: Any, z: Any, p: Any, y: Any, weight: Any = None, *, reduction: str) -> Any:
    g = single(g, _size(p, y), reduction)
    spread = p * (1 - p)
    slope = (p - y) / np.where(spread == 0, 1e-12, np.maximum(spread, _least(p.dtype)))
    return g * (slope if weight is None else slope * weight)


def _least(dtype: Any) -> float:
    """As little as p is where its logarithm is clamped, e⁻¹⁰⁰, or as the type can divide by."""
    return max(math.exp(-100), 4 / float(np.finfo(dtype).max))


def _bce_y(g: Any, z: Any, p: Any, y: Any, weight: Any = None, *, reduction: str) -> Any:
    g = single(g, _size(p, y), reduction)
    log_p, log_q = _clamped(p)
    slope = log_q - log_p
    return g * (slope if weight is None else slope * weight)


def _bce_weight(g: Any, z: Any, p: Any, y: Any, weight: Any, *, reduction: str) -> Any:
    return single(g, _size(p, y), reduction) * _bce_each(p, y)


def _bce_signature(input: Any, target: Any, weight: Any = None, reduction: str = "mean") -> Call:
    return _weighted(input, target, weight), reduction_of("nn.binary_cross_entropy", reduction)


binary_cross_entropy = primitive(
    "nn.binary_cross_entropy",
    in_single(_bce),
    vjps=tuple(map(in_single, (_bce_p, _bce_y, _bce_weight))),
    params={"reduction": "mean"},
    domain=("unit", "unit", "positive"),
    shape_message=shape_messages.losses,
    kinks="logarithms are clamped at −100, so that p = 0 and p = 1 have finite losses, also in the "
    "gradients by y and by weights; the gradient by p divides by 10⁻¹² there, and is 0 at p = y",
    broadcasts=True,
    signature=_bce_signature,
    meaning=meaning.binary_cross_entropy,
    notation=Notation("BCE", r"\operatorname{BCE}", word="BCE"),
    doc="Binary cross-entropy of probabilities, −mean(y log p + (1 − y) log(1 − p)).",
)


def _mean_logits(x: Any, y: Any) -> Any:
    """mean(softplus(x) − x y) of two small vectors in few calls."""
    n = x.size
    losses = np.logaddexp(x, number(0.0, x.dtype))
    return (losses.dot(weights(n, 1.0, x.dtype)) - x.dot(y)) / n


def _logits(x: Any, y: Any, weight: Any = None, pos_weight: Any = None, *, reduction: str) -> Any:
    if x.shape != y.shape or weight is not None or pos_weight is not None:
        _paired(x, y, weight, pos_weight)
    elif reduction == "mean" and x.ndim == 1 and 0 < x.size <= FEW and x.dtype is not HALF:
        return _mean_logits(x, y)
    each = _logits_each(x, y, pos_weight)
    return reduced(each if weight is None else each * weight, reduction)


def _logits_each(x: Any, y: Any, pos_weight: Any) -> Any:
    if pos_weight is None:
        return ramp(x) - x * y
    return (1 - y) * x + (1 + (pos_weight - 1) * y) * ramp(-x)


def _logits_x(
    g: Any, z: Any, x: Any, y: Any, weight: Any = None, pos_weight: Any = None, *, reduction: str
) -> Any:
    if x.dtype is HALF:
        return in_single(_logits_x)(g, z, x, y, weight, pos_weight, reduction=reduction)
    if pos_weight is None:
        slope = expit_in_rules(x) - y
    else:
        slope = (1 - y) - (1 + (pos_weight - 1) * y) * (1 - expit_in_rules(x))
    if weight is not None:
        slope = slope * weight
    g = single(g, x.size if x.shape == y.shape else _size(x, y), reduction)
    # A ufunc takes a 0-d array at half the cost of a scalar.
    return slope * (np.asarray(g) if type(g) is np.float64 else g)


def _logits_y(
    g: Any, z: Any, x: Any, y: Any, weight: Any = None, pos_weight: Any = None, *, reduction: str
) -> Any:
    g = single(g, _size(x, y), reduction)
    slope = -x
    if pos_weight is not None:
        slope = slope + (pos_weight - 1) * ramp(-x)  # −log σ(x), what a positive costs
    return g * (slope if weight is None else slope * weight)


def _logits_weight(
    g: Any, z: Any, x: Any, y: Any, weight: Any, pos_weight: Any = None, *, reduction: str
) -> Any:
    return single(g, _size(x, y), reduction) * _logits_each(x, y, pos_weight)


def _logits_positive(
    g: Any, z: Any, x: Any, y: Any, weight: Any, pos_weight: Any, *, reduction: str
) -> Any:
    slope = y * ramp(-x)
    return single(g, _size(x, y), reduction) * (slope if weight is None else slope * weight)


def _logits_signature(
    input: Any,
    target: Any,
    weight: Any = None,
    reduction: str = "mean",
    pos_weight: Any = None,
) -> Call:
    if weight is None and pos_weight is None:
        return (input, target), reduction_of("nn.bce_with_logits", reduction)
    inputs = _weighted(input, target, weight, pos_weight)
    return inputs, reduction_of("nn.bce_with_logits", reduction)


bce_with_logits = primitive(
    "nn.bce_with_logits",
    _logits,
    vjps=(_logits_x, *map(in_single, (_logits_y, _logits_weight, _logits_positive))),
    params={"reduction": "mean"},
    domain=("real", "unit", "positive", "positive"),
    shape_message=shape_messages.losses,
    broadcasts=True,
    signature=_logits_signature,
    meaning=meaning.bce_with_logits,
    doc="Binary cross-entropy of logits, mean(softplus(x) − x y), stable for every x.",
)
