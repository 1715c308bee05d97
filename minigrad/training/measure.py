"""Loss and accuracy of a model on examples it does not learn from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from minigrad.data import minibatches
from minigrad.graph import Tensor, no_grad, tensor
from minigrad.nn import Module
from minigrad.nn.functional import bce_with_logits

Loss = Callable[[Tensor, Any], Tensor]
Inputs = ArrayLike | tuple[ArrayLike, ...]

# Examples at a time: memory for attention grows with them, speed no longer does.
_AT_A_TIME = 256


def accuracy(model: Module, X: Inputs, y: ArrayLike) -> float:
    """The part of targets that the logits say right.

    A logit with the sign of its label is right; where logits have an axis of classes (axis 1) that
    the targets lack, the largest one is what they say.
    """
    targets = np.asarray(y)
    return sum(hit_count(z, part) for z, part in _answers(model, X, targets)) / targets.size


def evaluate(
    model: Module, X: Inputs, y: ArrayLike, loss: Loss = bce_with_logits
) -> tuple[float, float]:
    """The mean loss and the accuracy of a model on examples.

    Parameters
    ----------
    model
        Takes inputs to logits.
    X
        Inputs along the first axis; several arrays of them where the model takes several.
    y
        A target for each input, or for each of its places.
    loss
        Takes logits and targets to their mean loss.
    """
    targets = np.asarray(y)
    total, hits = 0.0, 0
    for z, part in _answers(model, X, targets):
        with no_grad():
            total += loss(tensor(z), tensor(part)).item() * part.size
        hits += hit_count(z, part)
    return total / targets.size, hits / targets.size


def _answers(model: Module, X: Inputs, y: NDArray[Any]) -> Any:
    with no_grad():
        for *inputs, part in minibatches(*as_tuple(X), y, size=_AT_A_TIME):
            yield model(*map(tensor, inputs)).numpy(), part


def as_tuple(X: Inputs) -> tuple[NDArray[Any], ...]:
    """The arrays of inputs, where one array may stand alone."""
    return tuple(map(np.asarray, X)) if isinstance(X, tuple) else (np.asarray(X),)


def hit_count(z: NDArray[Any], y: NDArray[Any]) -> int:
    """How many of the targets the logits say right."""
    said = (z > 0) == (y == 1) if z.shape == y.shape else z.argmax(axis=1) == y
    return int(np.count_nonzero(said))
