"""Losses as modules: the functions of ``mg.nn.functional`` with their options remembered."""

from __future__ import annotations

from typing import Any

from numpy.typing import ArrayLike

from minigrad.errors import ArgumentError
from minigrad.graph.tensor import Tensor
from minigrad.nn.module import Module
from minigrad.ops import functional
from minigrad.ops.losses import reduction_of
from minigrad.ops.options import fraction, real

Weights = Tensor | ArrayLike | None


class _Loss(Module):
    """Options that hold for every call."""

    more_reductions: tuple[str, ...] = ()

    def __init__(self, reduction: str, **options: Any) -> None:
        if reduction not in self.more_reductions:
            reduction_of(type(self).__name__, reduction)
        self.reduction = reduction
        self.options = options

    def describe(self) -> str:
        """The reduction, and what is not as usual."""
        told = [f"reduction={self.reduction!r}"]
        for name, value in self.options.items():
            if value is not None and not isinstance(value, bool | int | float):
                told.append(f"{name}=...")
            elif value not in (None, False):
                told.append(f"{name}={value}")
        return ", ".join(told)


class BCELoss(_Loss):
    """Binary cross-entropy of probabilities, −mean w (y log p + (1 − y) log(1 − p)).

    Parameters
    ----------
    weight
        w, what broadcasts to the probabilities; the mean is over their number.
    reduction
        "mean", "sum" or "none".
    """

    def __init__(self, weight: Weights = None, reduction: str = "mean") -> None:
        super().__init__(reduction, weight=weight)

    def forward(self, input: Tensor, target: Any) -> Tensor:
        """Probabilities and labels of one shape to a scalar, or to that shape."""
        return functional.binary_cross_entropy(
            input, target, reduction=self.reduction, **self.options
        )


class BCEWithLogitsLoss(_Loss):
    """Binary cross-entropy of logits z, with p = σ(z), stable for every z.

    Parameters
    ----------
    weight, reduction
        As for :class:`BCELoss`.
    pos_weight
        What the term y log p is multiplied by, to balance rare positives.
    """

    def __init__(
        self, weight: Weights = None, reduction: str = "mean", pos_weight: Weights = None
    ) -> None:
        super().__init__(reduction, weight=weight, pos_weight=pos_weight)

    def forward(self, input: Tensor, target: Any) -> Tensor:
        """Logits and labels of one shape to a scalar, or to that shape."""
        return functional.bce_with_logits(input, target, reduction=self.reduction, **self.options)


class CrossEntropyLoss(_Loss):
    """−log softmax(z)ᵧ of logits z at the labels y, or −Σ t log softmax(z) for probabilities t.

    Parameters
    ----------
    weight
        One weight for each class; the mean over labels is the weighted one.
    ignore_index
        The label of elements that do not count.
    reduction
        "mean", "sum" or "none".
    label_smoothing
        ε, the part of every label that is spread evenly over the classes.
    """

    def __init__(
        self,
        weight: Weights = None,
        ignore_index: int = -100,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        fraction("CrossEntropyLoss", "label_smoothing", label_smoothing)
        super().__init__(
            reduction, weight=weight, ignore_index=ignore_index, label_smoothing=label_smoothing
        )

    def forward(self, input: Tensor, target: Any) -> Tensor:
        """Logits (b, c, ...) or (c,), and labels (b, ...) or probabilities of the logits' shape."""
        return functional.cross_entropy(input, target, reduction=self.reduction, **self.options)


class MSELoss(_Loss):
    """Squared error, mean (x − y)²; with weights Σ w (x − y)² / Σ w.

    Parameters
    ----------
    reduction
        "mean", "sum" or "none".
    weight
        w, what broadcasts to the errors.
    """

    def __init__(self, reduction: str = "mean", weight: Weights = None) -> None:
        super().__init__(reduction, weight=weight)

    def forward(self, input: Tensor, target: Any) -> Tensor:
        """Two tensors that broadcast to a scalar, or to their shape."""
        return functional.mse_loss(input, target, reduction=self.reduction, **self.options)


class HuberLoss(_Loss):
    """Quadratic error up to δ, linear beyond: e²/2, or δ (|e| − δ/2), of e = x − y.

    Parameters
    ----------
    reduction
        "mean", "sum" or "none".
    delta
        δ, above 0.
    weight
        What broadcasts to the errors; the mean is over their number.
    """

    def __init__(self, reduction: str = "mean", delta: float = 1.0, weight: Weights = None) -> None:
        if not real("HuberLoss", "delta", delta) > 0:
            raise ArgumentError(f"HuberLoss: delta must be positive, not {delta}")
        super().__init__(reduction, delta=delta, weight=weight)

    def forward(self, input: Tensor, target: Any) -> Tensor:
        """Two tensors that broadcast to a scalar, or to their shape."""
        return functional.huber_loss(input, target, reduction=self.reduction, **self.options)


class KLDivLoss(_Loss):
    """Kullback–Leibler divergence, mean t (log t − x), of log-probabilities x from a target t.

    Parameters
    ----------
    reduction
        "mean" over all elements, "batchmean" over the first axis (which is the mathematical
        divergence), "sum" or "none".
    log_target
        Whether the target holds log-probabilities too.
    """

    more_reductions = ("batchmean",)

    def __init__(self, reduction: str = "mean", log_target: bool = False) -> None:
        super().__init__(reduction, log_target=log_target)

    def forward(self, input: Tensor, target: Any) -> Tensor:
        """Two tensors of one shape to a scalar, or to that shape."""
        return functional.kl_div(input, target, reduction=self.reduction, **self.options)
