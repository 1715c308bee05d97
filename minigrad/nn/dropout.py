"""Dropout: noise that keeps a network from leaning on single features."""

from __future__ import annotations

import numpy as np

from minigrad.errors import ArgumentError
from minigrad.graph.call import worded
from minigrad.graph.create import as_tensor
from minigrad.graph.node import leaf
from minigrad.graph.tensor import Tensor, wrap
from minigrad.nn.module import Module
from minigrad.nn.parameters import Rng, generator
from minigrad.ops.options import real


@worded("nn.dropout")
def dropout(
    x: Tensor, p: float = 0.5, training: bool = True, *, rng: np.random.Generator
) -> Tensor:
    """Y = D ⊙ x, where each element of D is 0 with probability p and 1/(1 − p) else.

    D keeps the mean of x, and without training y is x. In formulas D is a constant.

    Parameters
    ----------
    x
        Any shape.
    p
        The probability of 0, at least 0 and at most 1.
    training
        Whether there is any noise at all.
    rng
        Draws D.

    Raises
    ------
    ArgumentError
        When p is no probability.

    Notes
    -----
    N. Srivastava et al., Dropout: A Simple Way to Prevent Neural Networks from Overfitting, JMLR
    15, 2014, section 4, with the scale at training.
    """
    p = probability(p)
    x = as_tensor(x, "nn.dropout")
    if not training or p == 0:
        return x
    if x.dtype.kind != "f":
        x = x.astype(float)  # Its elements are multiplied by 1/(1 − p).
    if x._array is None:
        return x * wrap(None, leaf(None, name="D", shape=x.shape, dtype=x.dtype))
    return x * wrap(noise := _noise(x, p, rng), leaf(noise, name="D"))


def _noise(x: Tensor, p: float, rng: np.random.Generator) -> np.ndarray:
    kept = generator(rng).random(x.shape) >= p
    return kept * x.dtype.type(1 / (1 - p) if p < 1 else 0)


class Dropout(Module):
    """y = D ⊙ x in training, with noise D as in :func:`dropout`, and y = x after ``eval()``.

    The module owns its generator: ``random_state()`` says where it stands, so that an interrupted
    run goes on to the same numbers.

    Parameters
    ----------
    p
        The probability of 0, at least 0 and at most 1.
    rng
        A seed, or a generator, of which an independent one is spawned.

    Raises
    ------
    ArgumentError
        When p is no probability.
    """

    def __init__(self, p: float = 0.5, *, rng: Rng = None) -> None:
        self.p = probability(p)
        self.rng = generator(rng).spawn(1)[0]

    def forward(self, x: Tensor) -> Tensor:
        """Any shape, kept."""
        return dropout(x, self.p, self.training, rng=self.rng)

    def describe(self) -> str:
        """The probability."""
        return f"p={self.p:g}"


def probability(p: float) -> float:
    """p, when it is a probability.

    Raises
    ------
    ArgumentError
        When it is not.
    """
    p = real("dropout", "p", p)
    if not 0 <= p <= 1:
        raise ArgumentError(f"dropout: p={p!r} is no probability; it lies between 0 and 1")
    return p
