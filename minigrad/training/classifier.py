"""A transformer that tells classes apart or says a number, of images, columns of numbers, and texts."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from minigrad.data import Vocabulary
from minigrad.graph import Tensor, scope, tensor
from minigrad.nn import Embedding, LayerNorm, LearnedPositions, Linear, Module, TransformerBlock
from minigrad.nn import init as initial
from minigrad.ops import expand_dims, mean
from minigrad.ops import sum as total
from minigrad.training.encoders import AnyEncoder, Columns, Images
from minigrad.training.settings import Settings

_SMALL = 0.1


class RowTokens(Module):
    """X = R W + b + P: the rows of an image as tokens, each with its position."""

    def __init__(
        self, tokens: int, features: int, width: int, rng: np.random.Generator, dtype: DTypeLike
    ) -> None:
        self.project = Linear(features, width, rng=rng, dtype=dtype)
        self.positions = LearnedPositions(tokens, width, std=_SMALL, rng=rng, dtype=dtype)

    def forward(self, rows: Tensor) -> Tensor:
        """Shape (b, n, features) to (b, n, width)."""
        return self.positions(self.project(rows))


class ColumnTokens(Module):
    """Xⱼ = xⱼ wⱼ + bⱼ: each number of a row becomes a token, by vectors of its column.

    Notes
    -----
    Y. Gorishniy et al., Revisiting Deep Learning Models for Tabular Data, NeurIPS 2021, section
    3.3.
    """

    def __init__(
        self, columns: int, width: int, rng: np.random.Generator, dtype: DTypeLike
    ) -> None:
        def vectors() -> Tensor:
            values = initial.normal((columns, width), rng, std=width**-0.5)
            return tensor(values, dims="n d", requires_grad=True, dtype=dtype)

        self.w, self.b = vectors(), vectors()

    def forward(self, x: Tensor) -> Tensor:
        """Shape (b, n) to (b, n, width)."""
        return expand_dims(x, -1) * self.w + self.b


class WordTokens(Module):
    """X = E[t] + P: a vector for each word, and one for each position.

    In training, words are now and then taken for unknown ones, of some texts few and of others nearly all:
    so what an unknown word means is learnt as well, and a text of such words is told by how often each
    class occurs. Padding begins at 0 and stays there.

    Notes
    -----
    M. Iyyer et al., Deep Unordered Composition Rivals Syntactic Methods for Text Classification, ACL
    2015, section 3.1 (word dropout).
    """

    def __init__(
        self, words: int, tokens: int, width: int, rng: np.random.Generator, dtype: DTypeLike
    ) -> None:
        def vectors(shape: Any, rng: np.random.Generator) -> NDArray[np.float64]:
            values = initial.normal(shape, rng, std=width**-0.5)
            values[:2] = 0.0
            return values

        self.embed = Embedding(words, width, init=vectors, rng=rng, dtype=dtype)
        self.positions = LearnedPositions(tokens, width, rng=rng, dtype=dtype)
        self.rng = rng.spawn(1)[0]

    def forward(self, ids: Tensor) -> Tensor:
        """Shape (b, n) to (b, n, width)."""
        if self.training:
            ids = tensor(self._some_unknown(ids.numpy()))
        return self.positions(self.embed(ids))

    def _some_unknown(self, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """The ids with a part u³ of each text's words unknown, u uniform between 0 and 1."""
        part = self.rng.random((len(ids), 1)) ** 3
        hidden = (self.rng.random(ids.shape) < part) & (ids != Vocabulary.PADDING)
        return np.where(hidden, Vocabulary.UNKNOWN, ids)


class Classifier(Module):
    """z = W · mean(LayerNorm(blocks(tokens))) + b: the logit of class 1 of two, of each class, or a number.

    The mean is taken over the tokens that the mask leaves.

    Parameters
    ----------
    tokens
        Takes inputs to tokens, shape (b, n, width).
    settings
        Layers, heads, dropout and dtype.
    rng
        Draws the initial weights.
    outputs
        How many numbers z are.
    """

    def __init__(
        self, tokens: Module, settings: Settings, rng: np.random.Generator, outputs: int = 1
    ) -> None:
        width, dtype = settings.width, settings.dtype
        self.tokens = tokens
        self.blocks = [
            TransformerBlock(
                width,
                settings.heads,
                causal=settings.causal,
                dropout=settings.dropout,
                rng=rng,
                dtype=dtype,
            )
            for _ in range(settings.layers)
        ]
        self.norm = LayerNorm(width, dtype=dtype)
        self.head = Linear(width, outputs, rng=rng, dtype=dtype)
        self.outputs = outputs

    def forward(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor:
        """z, shape (b,) or (b, outputs), of inputs and a mask (b, n) that is True where a token is."""
        X = self.tokens(inputs)
        for block in self.blocks:
            X = block(X, key_mask=mask)
        X = self.norm(X)
        with scope("Pooling"):
            h = mean(X, axis=-2) if mask is None else _masked_mean(X, mask)
        z = self.head(h)
        return z[:, 0] if self.outputs == 1 else z

    def attention_weights(self, inputs: Tensor, mask: Tensor | None = None) -> list[Any]:
        """A of each block, shape (b, heads, n, n)."""
        X, weights = self.tokens(inputs), []
        for block in self.blocks:
            X, A = block(X, key_mask=mask, need_weights=True)
            weights.append(A.numpy())
        return weights


def _masked_mean(X: Tensor, mask: Tensor) -> Tensor:
    kept = mask.numpy().astype(X.dtype)[..., None]
    return total(X * tensor(kept / kept.sum(axis=-2, keepdims=True)), axis=-2)


def build(settings: Settings, encoder: AnyEncoder, outputs: int = 1) -> Classifier:
    """The classifier that settings ask for, of so many outputs, with its first weights."""
    rng = np.random.default_rng([settings.seed, 0])
    width, dtype = settings.width, settings.dtype
    tokens: Module
    if isinstance(encoder, Images):
        tokens = RowTokens(encoder.tokens, encoder.features, width, rng, dtype)
    elif isinstance(encoder, Columns):
        tokens = ColumnTokens(encoder.tokens, width, rng, dtype)
    else:
        tokens = WordTokens(len(encoder.vocabulary), encoder.tokens, width, rng, dtype)
    return Classifier(tokens, settings, rng, outputs)
