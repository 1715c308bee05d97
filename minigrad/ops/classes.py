"""Losses over classes, of labels or of probabilities: negative log-likelihood and cross-entropy."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.errors import DtypeError, ShapeError
from minigrad.graph.create import as_tensor
from minigrad.graph.define import builtin_composite as composite
from minigrad.graph.operands import operands
from minigrad.graph.tensor import Tensor, describe
from minigrad.index.size import Size, written
from minigrad.ops.axes import extent, is_symbolic, plain
from minigrad.ops.constants import symbolic_ones
from minigrad.ops.indexing import take_along_axis
from minigrad.ops.losses import reduced_for, reduction_of
from minigrad.ops.options import declare, fraction, whole
from minigrad.ops.piecewise import where
from minigrad.ops.precision import in_single
from minigrad.ops.shaping import expand_dims, squeeze
from minigrad.ops.smooth import log_softmax


def _class_axis(name: str, x: Tensor) -> int:
    """The axis of the classes: the second one, or the only one."""
    if not x.ndim:
        raise ShapeError(
            f"{name}: one number has no classes; give an axis of one score for each class"
        )
    return min(1, x.ndim - 1)


def _check_labels(name: str, x: Tensor, labels: Any) -> None:
    """Labels are integers, one for each row of scores."""
    if labels.dtype.kind not in "iu":
        way = declare(labels, "index", "convert with .astype(int)")
        raise DtypeError(f"{name}: class labels are integers, not {labels.dtype}; {way}")
    expected = x.shape[:1] + x.shape[2:] if x.ndim > 1 else ()
    if tuple(labels.shape) != tuple(expected):
        raise ShapeError(
            f"{name}: labels of shape {written(labels.shape)} do not fit scores {describe(x)}; "
            f"expected {written(list(map(extent, expected)))}, with the classes on axis "
            f"{_class_axis(name, x)} of the scores"
        )


def _classes(name: str, x: Tensor, target: Any, ignore_index: Any) -> tuple[Any, Any]:
    """The labels, 0 where they are ignored, and whether they are; None where all count.

    Labels without values are taken to be classes, unless one of the classes is ignored. Those that are a
    tensor stay one: its name may be given other labels later.
    """
    ignored = whole(name, "ignore_index", ignore_index)
    labels = target if isinstance(target, Tensor) else np.asarray(target)
    if is_symbolic(target):
        _check_labels(name, x, labels)
        if ignored < 0:
            return labels, None
    else:
        values = np.asarray(plain(target))
        _check_labels(name, x, values)
        counted, classes = values[values != ignored], extent(x.shape[_class_axis(name, x)])
        low, high = counted.min(initial=0), counted.max(initial=0)
        if counted.size and (low < 0 or (isinstance(classes, int) and high >= classes)):
            raise ShapeError(
                f"{name}: labels lie between {low} and {high}, but there are only {classes} classes; "
                "use ignore_index for elements without a class"
            )
        if counted.size == values.size:
            return labels, None
    skipped = labels == ignored
    return _without(skipped, labels), skipped


def _without(skipped: Any, each: Any) -> Any:
    """Each, 0 where it is skipped."""
    if skipped is None:
        return each
    if isinstance(skipped, Tensor) or isinstance(each, Tensor):
        return where(skipped, 0, each)
    return np.where(skipped, 0, each)


@composite("nn.nll_loss")
@in_single
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
    return _likelihood("nn.nll_loss", input, target, weight, ignore_index, reduction)


def _likelihood(
    name: str, input: Any, target: Any, weight: Any, ignore_index: int, reduction: str
) -> Any:
    """Negative log-likelihood of labels, for the loss whose ``name`` errors say."""
    x = as_tensor(input, name)
    axis = _class_axis(name, x)
    labels, skipped = _classes(name, x, target, ignore_index)
    each = _without(skipped, -_picked(x, labels, axis))
    if weight is None and skipped is None:
        return reduced_for(name, each, reduction)
    weights = _label_weights(name, weight, x.shape[axis], labels, skipped, x.dtype)
    each = each if weight is None else each * weights
    return each.sum() / weights.sum() if reduction == "mean" else reduced_for(name, each, reduction)


def _label_weights(
    name: str, weight: Any, classes: Any, labels: Any, skipped: Any, dtype: Any
) -> Tensor:
    """The weight of each label's class, 0 for labels that are ignored."""
    if weight is None:
        return as_tensor(_without(skipped, np.ones((), dtype)))
    weights: Tensor = _without(skipped, _per_class(name, weight, extent(classes))[labels])
    return weights


def _per_class(name: str, weight: Any, classes: Any) -> Tensor:
    """Weights of classes, one for each."""
    w = as_tensor(weight, name)
    if tuple(w.shape) != (classes,):
        raise ShapeError(
            f"{name}: weights are one for each of the {classes} classes; got {operands((w,))}"
        )
    return w


def _picked(x: Tensor, labels: Any, axis: int) -> Tensor:
    """The element of each label along the axis of the classes."""
    chosen = take_along_axis(x, expand_dims(labels, axis), axis)
    element: Tensor = squeeze(chosen, axis)
    return element


@composite("nn.cross_entropy")
@in_single
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
    fraction("nn.cross_entropy", "label_smoothing", label_smoothing)
    x = as_tensor(input, "nn.cross_entropy")
    axis = _class_axis("nn.cross_entropy", x)
    scores = log_softmax(x, axis)
    if as_tensor(target, "nn.cross_entropy").dtype.kind == "f":
        return _soft_targets(scores, target, weight, axis, reduction, label_smoothing)
    hard = _likelihood("nn.cross_entropy", scores, target, weight, ignore_index, reduction)
    if not isinstance(label_smoothing, Tensor) and label_smoothing == 0:
        return hard
    labels, skipped = _classes("nn.cross_entropy", scores, target, ignore_index)
    even = _even_targets(scores, labels, skipped, weight, axis, reduction)
    return (1 - label_smoothing) * hard + label_smoothing * even / x.shape[axis]


def _class_weights(weight: Any, scores: Tensor, axis: int) -> Any:
    if weight is None:
        return np.ones((), scores.dtype)
    shape = [1] * scores.ndim
    shape[axis] = -1
    weights = _per_class("nn.cross_entropy", weight, extent(scores.shape[axis]))
    return weights.reshape(tuple(shape))


def _soft_targets(
    scores: Tensor, target: Any, weight: Any, axis: int, reduction: str, smoothing: float
) -> Any:
    t = as_tensor(target, "nn.cross_entropy")
    if tuple(t.shape) != tuple(scores.shape):
        raise ShapeError(
            f"nn.cross_entropy: probabilities {describe(t)} must have the shape "
            f"of the logits {describe(scores)}; class labels are integers: "
            + declare(target, "index", "convert with .astype(int)")
        )
    if isinstance(smoothing, Tensor) or smoothing:
        t = t * (1 - smoothing) + _share(smoothing, scores.shape[axis])
    each = -(t * scores * _class_weights(weight, scores, axis)).sum(axis)
    return reduced_for("nn.cross_entropy", each, reduction)


def _share(total: float, count: Any) -> Any:
    """An equal part of a number for each of ``count``."""
    return symbolic_ones(()) * total / count if isinstance(count, Size) else total / count


def _even_targets(
    scores: Tensor, labels: Any, skipped: Any, weight: Any, axis: int, reduction: str
) -> Any:
    """The loss if all classes were as likely, for the labels that count."""
    each = -(scores * _class_weights(weight, scores, axis)).sum(axis)
    each = _without(skipped, each)
    if reduction != "mean" or (weight is None and skipped is None):
        return reduced_for("nn.cross_entropy", each, reduction)
    classes = scores.shape[axis]
    weights = _label_weights("nn.cross_entropy", weight, classes, labels, skipped, scores.dtype)
    return each.sum() / weights.sum()
