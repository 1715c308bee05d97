"""Self-attention: as a function, as a module, and with a classifier on top."""

from __future__ import annotations

import numpy as np

from minigrad.graph import Tensor, scope, tensor
from minigrad.nn import init
from minigrad.nn.module import Module
from minigrad.ops import mean, sqrt, swapaxes
from minigrad.ops.functional import binary_cross_entropy, sigmoid, softmax


def self_attention(X: Tensor, Wq: Tensor, Wk: Tensor, Wv: Tensor) -> Tensor:
    """H = softmax(Q Kᵀ / √k) V with Q = X Wq, K = X Wk, V = X Wv.

    The tensors on the way are named Q, K, V, S (scores), A (attention weights) and H.

    Parameters
    ----------
    X
        A sequence, shape (n, d), or a batch of them, (b, n, d).
    Wq, Wk
        Weights of shape (d, k).
    Wv
        Weights of shape (d, v).

    Returns
    -------
    Shape (n, v) or (b, n, v).

    Notes
    -----
    A. Vaswani et al., Attention Is All You Need, NeurIPS 2017, equation 1.
    """
    with scope("Query"):
        Q = (X @ Wq).named("Q")
    with scope("Key"):
        K = (X @ Wk).named("K")
    with scope("Value"):
        V = (X @ Wv).named("V")
    with scope("Attention scores"):
        S = scores(Q, K, Wq.shape[-1]).named("S")
        A = softmax(S).named("A")
    with scope("Mix"):
        return (A @ V).named("H")


def scores(Q: Tensor, K: Tensor, k: int) -> Tensor:
    """S = Q Kᵀ / √k: how much each of n tokens attends to each, shape (n, n) or (b, n, n)."""
    return Q @ swapaxes(K, -1, -2) / sqrt(k)


class SelfAttention(Module):
    """Single-head self-attention with learned weights Wq, Wk, Wv of shape (d, k).

    Parameters
    ----------
    features
        d, the features of a token.
    width
        k, the features of a query, key and value.
    rng
        Draws the initial weights, Xavier uniform.
    """

    def __init__(self, features: int, width: int, rng: np.random.Generator) -> None:
        def weight(name: str) -> Tensor:
            values = init.xavier_uniform((features, width), rng)
            return tensor(values, name=name, dims="d k", requires_grad=True)

        self.Wq, self.Wk, self.Wv = weight("Wq"), weight("Wk"), weight("Wv")

    def forward(self, X: Tensor) -> Tensor:
        """Shape (n, d) or (b, n, d) to (n, k) or (b, n, k)."""
        return self_attention(X, self.Wq, self.Wk, self.Wv)

    def scores(self, X: Tensor) -> Tensor:
        """The scores S before the softmax, shape (n, n) or (b, n, n)."""
        return scores(X @ self.Wq, X @ self.Wk, self.Wq.shape[-1])


class SelfAttentionClassifier(Module):
    """Tells two classes of sequences apart: z = mean(attention(X0 + P)) w, p = σ(z).

    Learned positions P are added to the tokens X0, and the attention's output is averaged over
    the tokens.

    Parameters
    ----------
    tokens, features
        n and d, the shape of a sequence.
    width
        k, the features of a query, key and value.
    rng
        Draws the initial weights.
    """

    def __init__(self, tokens: int, features: int, width: int, rng: np.random.Generator) -> None:
        positions = init.normal((tokens, features), rng, std=0.1)
        self.P = tensor(positions, name="P", dims="n d", requires_grad=True)
        self.attention = SelfAttention(features, width, rng)
        self.w = tensor(init.xavier_uniform(width, rng), name="w", dims="k", requires_grad=True)

    def forward(self, X0: Tensor) -> Tensor:
        """The logits z: sequences of shape (b, n, d) to numbers of shape (b,)."""
        X = (X0 + self.P).named("X")
        H = self.attention(X)
        with scope("Pooling"):
            h = mean(H, axis=-2).named("h")
        with scope("Classifier head"):
            return (h @ self.w).named("z")

    def probability(self, X0: Tensor) -> Tensor:
        """The probabilities p = σ(z) of class 1, shape (b,)."""
        z = self(X0)
        with scope("Classifier head"):
            return sigmoid(z).named("p")

    def loss(self, X0: Tensor, y: Tensor) -> Tensor:
        """The mean binary cross-entropy of p and the labels y, with every step by its name.

        It is what formulas and drawings are made of; to train, ``bce_with_logits(model(X0), y)``
        is the same number and overflows for no logit.
        """
        p = self.probability(X0)
        with scope("Loss"):
            return binary_cross_entropy(p, y).named("L")
