"""Training: epochs of minibatches, one report an epoch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigrad.data import minibatches
from minigrad.graph import no_grad, tensor
from minigrad.nn import Module
from minigrad.nn.functional import bce_with_logits
from minigrad.optim import Optimizer


@dataclass(frozen=True, slots=True)
class Epoch:
    """An epoch that is over: its number from 1, and means over its examples."""

    number: int
    loss: float
    accuracy: float


def fit(
    model: Module,
    optimizer: Optimizer,
    X: NDArray[Any],
    y: NDArray[Any],
    *,
    epochs: int,
    batch_size: int,
    rng: np.random.Generator,
) -> Iterator[Epoch]:
    """Minimise the mean binary cross-entropy of logits, reporting after each epoch.

    Nothing happens until the epochs are asked for, one by one; who stops asking stops training.

    Parameters
    ----------
    model
        Takes a batch of inputs to one logit for each.
    optimizer
        Holds the model's parameters.
    X, y
        Inputs, and labels 0 or 1, along the first axis.
    epochs, batch_size
        How often each example is seen, and how many at a time.
    rng
        Shuffles the examples.
    """
    for number in range(1, epochs + 1):
        losses, hits = 0.0, 0
        for inputs, labels in minibatches(X, y, size=batch_size, rng=rng):
            z = model(tensor(inputs))
            loss = bce_with_logits(z, tensor(labels))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses += loss.item() * len(labels)
            hits += _hits(z.detach().numpy(), labels)
        yield Epoch(number, losses / len(y), hits / len(y))


def accuracy(model: Module, X: NDArray[Any], y: NDArray[Any]) -> float:
    """The part of examples whose logit has the sign of their label."""
    with no_grad():
        z = model(tensor(X)).numpy()
    return _hits(z, y) / len(y)


def _hits(z: NDArray[Any], y: NDArray[Any]) -> int:
    return int(np.count_nonzero((z > 0) == (y == 1)))
