"""Losses built of other rows: squared, absolute, robust, and those over classes."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.errors import ArgumentError, DtypeError, ShapeError
from minigrad.graph.create import as_tensor
from minigrad.graph.define import builtin_composite as composite
from minigrad.graph.define import builtin_elementwise as elementwise
from minigrad.graph.tensor import Tensor, describe
from minigrad.ops.arithmetic import square
from minigrad.ops.axes import plain
from minigrad.ops.elementary import exp
from minigrad.ops.indexing import take_along_axis
from minigrad.ops.losses import reduction_of
from minigrad.ops.piecewise import abs as absolute
from minigrad.ops.piecewise import where
from minigrad.ops.shape import broadcast_to
from minigrad.ops.smooth import log_softmax
from minigrad.ops.special import xlogy


def _reduce(name: str, each: Any, reduction: str) -> Any:
    reduction_of(name, reduction)
    if reduction == "none":
        return each
    return each.sum() if reduction == "sum" else each.mean()


def _weigh(name: str, each: Any, weight: Any, reduction: str) -> Any:
    """A weighted mean is divided by the sum of the weights."""
    if weight is None:
        return _reduce(name, each, reduction)
    weighted = each * weight
    if reduction != "mean":
        return _reduce(name, weighted, reduction)
    return weighted.sum() / broadcast_to(as_tensor(weight), each.shape).sum()


@composite("nn.mse_loss")
def mse_loss(input: Any, target: Any, reduction: str = "mean", weight: Any = None) -> Any:
    """Squared error, mean((x − y)²); with weights Σ w (x − y)² / Σ w."""
    return _weigh("nn.mse_loss", square(as_tensor(input) - target), weight, reduction)


@composite("nn.l1_loss", kinks="the derivative is 0 where both are equal")
def l1_loss(input: Any, target: Any, reduction: str = "mean", weight: Any = None) -> Any:
    """Absolute error, mean |x − y|; with weights Σ w |x − y| / Σ w."""
    return _weigh("nn.l1_loss", absolute(as_tensor(input) - target), weight, reduction)


def _huber(x: Any, *, delta: float = 1.0) -> Any:
    size = np.abs(x)
    return np.where(size <= delta, 0.5 * x * x, delta * (size - 0.5 * delta))


huber = elementwise(
    "nn.huber",
    _huber,
    vjps=(lambda g, y, x, *, delta: g * np.clip(x, -delta, delta),),
    meaning="Piecewise((x**2/2, Abs(x) <= delta), (delta*(Abs(x) - delta/2), True))",
    doc="Quadratic up to δ, linear beyond: xᵢ²/2, or δ (|xᵢ| − δ/2).",
)


@composite("nn.huber_loss")
def huber_loss(
    input: Any,
    target: Any,
    reduction: str = "mean",
    delta: float = 1.0,
    weight: Any = None,
) -> Any:
    """Quadratic error up to δ, linear beyond; the mean of weighted errors is their plain mean."""
    if delta <= 0:
        raise ArgumentError(f"nn.huber_loss: delta must be positive, not {delta}")
    each = huber(as_tensor(input) - target, delta=delta)
    return _reduce("nn.huber_loss", each if weight is None else each * weight, reduction)


@composite("nn.smooth_l1_loss")
def smooth_l1_loss(input: Any, target: Any, reduction: str = "mean", beta: float = 1.0) -> Any:
    """Absolute error, rounded off by a parabola within β of 0."""
    if beta < 0:
        raise ArgumentError(f"nn.smooth_l1_loss: beta must not be negative, got {beta}")
    difference = as_tensor(input) - target
    if beta == 0:
        return _reduce("nn.smooth_l1_loss", absolute(difference), reduction)
    return _reduce("nn.smooth_l1_loss", huber(difference, delta=beta) / float(beta), reduction)


@composite("nn.kl_div", kinks="0 log 0 is 0")
def kl_div(input: Any, target: Any, reduction: str = "mean", log_target: bool = False) -> Any:
    """Kullback–Leibler divergence, mean of t (log t − x), where x holds log-probabilities."""
    x, t = as_tensor(input), as_tensor(target)
    each = exp(t) * (t - x) if log_target else xlogy(t, t) - t * x
    if reduction == "batchmean":
        return each.sum() / int(x.shape[0]) if x.ndim else each.sum()
    return _reduce("nn.kl_div", each, reduction)


def _labels(name: str, x: Tensor, target: Any) -> Any:
    labels = np.asarray(plain(target))
    if labels.dtype.kind not in "iu":
        raise DtypeError(f"{name}: class labels are integers, not {labels.dtype}")
    expected = x.shape[:1] + x.shape[2:] if x.ndim > 1 else ()
    if labels.shape != tuple(expected):
        raise ShapeError(
            f"{name}: labels of shape {labels.shape} do not fit scores {describe(x)}; "
            f"expected {tuple(int(s) for s in expected)}, with the classes on axis "
            f"{min(1, x.ndim - 1)} of the scores"
        )
    return labels


@composite("nn.nll_loss")
def nll_loss(
    input: Any,
    target: Any,
    weight: Any = None,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> Any:
    """Negative log-likelihood of class labels, −mean of x at the label.

    ``input`` has its classes on axis 1 (axis 0 for a single sample); the mean is weighted.
    """
    x = as_tensor(input, "nn.nll_loss")
    labels = _labels("nn.nll_loss", x, target)
    axis = min(1, x.ndim - 1)
    kept = labels != ignore_index
    classes = int(x.shape[axis])
    safe = np.where(kept, labels, 0)
    if safe.size and (safe.min() < 0 or safe.max() >= classes):
        raise ShapeError(
            f"nn.nll_loss: labels lie between {safe.min()} and {safe.max()}, but there are only "
            f"{classes} classes; use ignore_index for elements without a class"
        )
    picked = take_along_axis(x, np.expand_dims(safe, axis), axis)
    picked = picked.reshape(labels.shape)
    weights = (
        np.asarray(kept, x.dtype) if weight is None else np.asarray(plain(weight))[safe] * kept
    )
    each = where(kept, -picked, 0.0) * weights
    if reduction == "mean":
        return each.sum() / float(weights.sum())
    return _reduce("nn.nll_loss", each, reduction)


@composite("nn.cross_entropy")
def cross_entropy(
    input: Any,
    target: Any,
    weight: Any = None,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Any:
    """Cross-entropy of logits with class labels or with probabilities of the classes.

    Classes lie on axis 1 (axis 0 for a single sample). Labels are integers; a target of the
    logits' shape holds probabilities.
    """
    reduction_of("nn.cross_entropy", reduction)
    x = as_tensor(input, "nn.cross_entropy")
    axis = min(1, x.ndim - 1)
    scores = log_softmax(x, axis)
    if np.asarray(plain(target)).dtype.kind == "f":
        return _soft_targets(scores, target, weight, axis, reduction, label_smoothing)
    hard = nll_loss(scores, target, weight, ignore_index, reduction)
    if label_smoothing == 0:
        return hard
    even = _even_targets(scores, target, weight, ignore_index, axis, reduction)
    return (1 - label_smoothing) * hard + (label_smoothing / int(x.shape[axis])) * even


def _class_weights(weight: Any, scores: Tensor, axis: int) -> Any:
    if weight is None:
        return np.ones((), scores.dtype)
    shape = [1] * scores.ndim
    shape[axis] = -1
    return np.asarray(plain(weight)).reshape(shape)


def _soft_targets(
    scores: Tensor, target: Any, weight: Any, axis: int, reduction: str, smoothing: float
) -> Any:
    if tuple(np.shape(plain(target))) != tuple(scores.shape):
        raise ShapeError(
            f"nn.cross_entropy: probabilities {describe(as_tensor(target))} must have the shape "
            f"of the logits {describe(scores)}; class labels are integers"
        )
    t = as_tensor(target)
    if smoothing:
        t = t * (1 - smoothing) + smoothing / int(scores.shape[axis])
    each = -(t * scores * _class_weights(weight, scores, axis)).sum(axis)
    if reduction == "mean":
        return each.sum() / max(each.size, 1)
    return _reduce("nn.cross_entropy", each, reduction)


def _even_targets(
    scores: Tensor, target: Any, weight: Any, ignore_index: int, axis: int, reduction: str
) -> Any:
    labels = np.asarray(plain(target))
    kept = labels != ignore_index
    each = where(kept, -(scores * _class_weights(weight, scores, axis)).sum(axis), 0.0)
    if reduction != "mean":
        return _reduce("nn.cross_entropy", each, reduction)
    if weight is None:
        return each.sum() / float(kept.sum())
    weights = np.asarray(plain(weight))[np.where(kept, labels, 0)] * kept
    return each.sum() / float(weights.sum())
