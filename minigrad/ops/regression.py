"""Losses of predictions and targets of one shape, built of other rows: squared, absolute, robust."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.errors import ArgumentError, ShapeError
from minigrad.graph.create import as_tensor
from minigrad.graph.define import builtin_composite as composite
from minigrad.graph.define import builtin_elementwise as elementwise
from minigrad.graph.operands import operands
from minigrad.graph.tensor import Tensor
from minigrad.index.size import unpaired, unspread
from minigrad.ops.arithmetic import square
from minigrad.ops.elementary import exp
from minigrad.ops.losses import reduced_for
from minigrad.ops.options import real
from minigrad.ops.piecewise import abs as absolute
from minigrad.ops.precision import in_single
from minigrad.ops.scipy_functions import xlogy
from minigrad.ops.shape import broadcast_to
from minigrad.primitive import INTERNAL


def _paired(name: str, predictions: Any, targets: Any) -> tuple[Tensor, Tensor]:
    """Predictions and targets as tensors of one shape, or one of them a number.

    Raises
    ------
    ShapeError
        When their shapes differ.
    """
    x, y = as_tensor(predictions, name), as_tensor(targets, name)
    told = unpaired(x.shape, y.shape)
    if told is not None:
        raise ShapeError(f"{name}: {told}; got {operands((x, y))}")
    return x, y


def _weighted(name: str, each: Any, weight: Any) -> Any:
    """Losses times weights that broadcast to them."""
    told = unspread(as_tensor(weight, name).shape, each.shape)
    if told is not None:
        raise ShapeError(f"{name}: {told}; got weights {operands((weight,))}")
    return each * weight


def _weigh(name: str, each: Any, weight: Any, reduction: str) -> Any:
    """A weighted mean is divided by the sum of the weights."""
    if weight is None:
        return reduced_for(name, each, reduction)
    weighted = _weighted(name, each, weight)
    if reduction != "mean":
        return reduced_for(name, weighted, reduction)
    return weighted.sum() / broadcast_to(as_tensor(weight), each.shape).sum()


@composite("nn.mse_loss")
@in_single
def mse_loss(input: Any, target: Any, reduction: str = "mean", weight: Any = None) -> Any:
    """Squared error, mean((x − y)²); with weights Σ w (x − y)² / Σ w."""
    x, y = _paired("nn.mse_loss", input, target)
    return _weigh("nn.mse_loss", square(x - y), weight, reduction)


@composite("nn.l1_loss", kinks="the derivative is 0 where both are equal")
@in_single
def l1_loss(input: Any, target: Any, reduction: str = "mean", weight: Any = None) -> Any:
    """Absolute error, mean |x − y|; with weights Σ w |x − y| / Σ w."""
    x, y = _paired("nn.l1_loss", input, target)
    return _weigh("nn.l1_loss", absolute(x - y), weight, reduction)


def _huber(x: Any, *, delta: float = 1.0) -> Any:
    size = np.abs(x)
    return np.where(size <= delta, 0.5 * x * x, delta * (size - 0.5 * delta))


huber = elementwise(
    "nn.huber",
    _huber,
    vjps=(lambda g, y, x, *, delta: g * np.clip(x, -delta, delta),),
    meaning="Piecewise((x**2/2, Abs(x) <= delta), (delta*(Abs(x) - delta/2), True))",
    doc="Quadratic up to δ, linear beyond: xᵢ²/2, or δ (|xᵢ| − δ/2).",
    names=INTERNAL,
)


@composite("nn.huber_loss")
@in_single
def huber_loss(
    input: Any,
    target: Any,
    reduction: str = "mean",
    delta: float = 1.0,
    weight: Any = None,
) -> Any:
    """Quadratic error up to δ, linear beyond; the mean of weighted errors is their plain mean."""
    delta = real("nn.huber_loss", "delta", delta)
    if not delta > 0:
        raise ArgumentError(f"nn.huber_loss: delta must be positive, not {delta}")
    x, y = _paired("nn.huber_loss", input, target)
    each = huber(x - y, delta=delta)
    each = each if weight is None else _weighted("nn.huber_loss", each, weight)
    return reduced_for("nn.huber_loss", each, reduction)


@composite("nn.smooth_l1_loss")
@in_single
def smooth_l1_loss(input: Any, target: Any, reduction: str = "mean", beta: float = 1.0) -> Any:
    """Absolute error, rounded off by a parabola within β of 0."""
    beta = real("nn.smooth_l1_loss", "beta", beta)
    if not beta >= 0:
        raise ArgumentError(f"nn.smooth_l1_loss: beta must not be negative, got {beta}")
    x, y = _paired("nn.smooth_l1_loss", input, target)
    difference = x - y
    if beta == 0:
        return reduced_for("nn.smooth_l1_loss", absolute(difference), reduction)
    return reduced_for("nn.smooth_l1_loss", huber(difference, delta=beta) / beta, reduction)


@composite("nn.kl_div", kinks="0 log 0 is 0")
@in_single
def kl_div(input: Any, target: Any, reduction: str = "mean", log_target: bool = False) -> Any:
    """Kullback–Leibler divergence, mean of t (log t − x), where x holds log-probabilities."""
    x, t = _paired("nn.kl_div", input, target)
    each = exp(t) * (t - x) if log_target else xlogy(t, t) - t * x
    if reduction == "batchmean":
        return each.sum() / x.shape[0] if x.ndim else each.sum()
    return reduced_for("nn.kl_div", each, reduction)
