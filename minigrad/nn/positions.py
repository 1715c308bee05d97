"""Where a token stands in its sequence, added to what it is."""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike, NDArray

from minigrad.errors import ArgumentError, ShapeError
from minigrad.graph.create import tensor
from minigrad.graph.tensor import Tensor, describe
from minigrad.index.size import Size
from minigrad.nn import init
from minigrad.nn.module import Module
from minigrad.nn.parameters import Rng, fitted, generator, parameter, positive
from minigrad.ops.axes import check_room

_LONGEST_WAVE = 10_000.0


def sinusoids(positions: int, features: int) -> NDArray[np.float64]:
    """P[t, 2i] = sin(t / 10000^(2i/d)) and P[t, 2i + 1] = cos(t / 10000^(2i/d)).

    Parameters
    ----------
    positions, features
        n and d, the shape of P; where d is odd the last column is a sine.

    Notes
    -----
    A. Vaswani et al., Attention Is All You Need, NeurIPS 2017, section 3.5.
    """
    positive("sinusoids", positions=positions, features=features)
    check_room("sinusoids", (positions, features))
    pairs = np.arange(features) // 2
    angles = np.arange(positions)[:, None] / _LONGEST_WAVE ** (2 * pairs / features)
    angles[:, 0::2] = np.sin(angles[:, 0::2])
    angles[:, 1::2] = np.cos(angles[:, 1::2])
    return angles


class LearnedPositions(Module):
    """X + P, with a learned vector for each position.

    Parameters
    ----------
    positions, features
        The shape of P: the longest sequence, and the features of a token. A shorter sequence gets
        the first rows.
    std
        The deviation of the Gaussian from which P is drawn.
    dims
        The labels of P's axes, ``"n d"``, so that formulas speak of them.
    rng
        A generator, or a seed.
    dtype
        The parameter's element type.

    Raises
    ------
    ArgumentError
        When a size is not positive.
    """

    def __init__(
        self,
        positions: int,
        features: int,
        *,
        std: float = 0.02,
        dims: str | None = None,
        rng: Rng = None,
        dtype: DTypeLike = float,
    ) -> None:
        positive("LearnedPositions", positions=positions, features=features)
        values = init.normal((positions, features), generator(rng), std=std)
        self.P = parameter(values, dims, dtype)

    def forward(self, X: Tensor) -> Tensor:
        """Shape (..., n, features), kept.

        Raises
        ------
        ShapeError
            When the sequence is longer than the positions that were learned.
        """
        longest, features = map(int, self.P.shape)
        X = fitted("LearnedPositions", X, features)
        length = _length("LearnedPositions", X, longest)
        return X + (self.P if length == longest else self.P[:length])

    def describe(self) -> str:
        """The two sizes."""
        return f"{int(self.P.shape[0])} of {int(self.P.shape[1])} features"


class SinusoidalPositions(Module):
    """X + P, where P holds the sinusoids of :func:`sinusoids`; there is nothing to learn.

    Parameters
    ----------
    features
        The features of a token.

    Raises
    ------
    ArgumentError
        When the size is not positive.
    """

    def __init__(self, features: int) -> None:
        positive("SinusoidalPositions", features=features)
        self.features = int(features)
        self._table = sinusoids(1, self.features)

    def forward(self, X: Tensor) -> Tensor:
        """Shape (..., n, features), kept."""
        X = fitted("SinusoidalPositions", X, self.features)
        length = _length("SinusoidalPositions", X, None)
        if length > len(self._table):
            self._table = sinusoids(2 * length, self.features)
        return X + tensor(self._table[:length], name="P", dtype=X.dtype)

    def describe(self) -> str:
        """The size."""
        return f"{self.features} features"


def _length(what: str, X: Tensor, longest: int | None) -> int:
    if X.ndim < 2:
        raise ShapeError(
            f"{what}: {describe(X)} is no sequence; it needs the axes (tokens, features)"
        )
    length = X.shape[-2]
    if isinstance(length, Size):
        if longest is None:
            raise ArgumentError(
                f"{what}: a sequence of symbolic length {length} has no numbers; declare P with "
                "mg.symbols and add it"
            )
        return longest
    if longest is not None and length > longest:
        raise ShapeError(
            f"{what}: {describe(X)} has {length} tokens, but only {longest} positions were learned"
        )
    return int(length)
