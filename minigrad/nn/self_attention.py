"""Self-attention: as a function, as a module, and with a classifier on top."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numpy.typing import ArrayLike, DTypeLike

from minigrad.graph import Tensor, scope
from minigrad.graph.call import worded
from minigrad.graph.create import as_tensor
from minigrad.nn import init
from minigrad.nn.masks import Masks
from minigrad.nn.module import Module
from minigrad.nn.parameters import Rng, fitted, generator, parameter, positive
from minigrad.ops import mean, sqrt, swapaxes
from minigrad.ops.attention import attention_weights
from minigrad.ops.functional import binary_cross_entropy, sigmoid

Mask = Tensor | ArrayLike | None


@worded("nn.self_attention")
def self_attention(
    X: Tensor,
    Wq: Tensor,
    Wk: Tensor,
    Wv: Tensor,
    *,
    mask: Mask = None,
    key_mask: Mask = None,
    causal: bool = False,
) -> Tensor:
    """H = softmax(Q Kᵀ / √k) V with Q = X Wq, K = X Wk, V = X Wv.

    The tensors on the way are named Q, K, V, S (scores), A (attention weights) and H, and a mask M.

    Parameters
    ----------
    X
        A sequence, shape (n, d), or a batch of them, (b, n, d).
    Wq, Wk
        Weights of shape (d, k).
    Wv
        Weights of shape (d, v).
    mask
        True where a token may attend to another, or numbers to be added to the scores; broadcasts
        to (b, n, n).
    key_mask
        True where a token is there and not padding, shape (b, n).
    causal
        Whether a token attends to no later one. All masks hold at once; a token that may attend to
        nothing gets 0.

    Returns
    -------
    Shape (n, v) or (b, n, v).

    Raises
    ------
    ShapeError, DtypeError
        When a mask does not fit.

    Notes
    -----
    A. Vaswani et al., Attention Is All You Need, NeurIPS 2017, equation 1.
    """
    H, _ = _attend(X, Wq, Wk, Wv, mask, key_mask, causal)
    return H


def _attend(
    X: Tensor, Wq: Tensor, Wk: Tensor, Wv: Tensor, mask: Mask, key_mask: Mask, causal: bool
) -> tuple[Tensor, Tensor]:
    """H and A."""
    X, Wq, Wk, Wv = (as_tensor(x, "self_attention") for x in (X, Wq, Wk, Wv))
    with scope("Query"):
        Q = (X @ Wq).named("Q")
    with scope("Key"):
        K = (X @ Wk).named("K")
    with scope("Value"):
        V = (X @ Wv).named("V")
    return attended(Q, K, V, Wq.shape[-1], lambda S: Masks(S, mask, key_mask, causal, 0))


def attended(
    Q: Tensor,
    K: Tensor,
    V: Tensor,
    k: int,
    masked: Callable[[Tensor], Masks],
    dropout: Callable[[Tensor], Tensor] | None = None,
) -> tuple[Tensor, Tensor]:
    """H = A V, where dropout may act on A, and A = softmax(Q Kᵀ / √k) under masks."""
    with scope("Attention scores"):
        S = scores(Q, K, k).named("S")
        masks = masked(S)
        A = attention_weights(masks.shift(S), masks.keep()).named("A")
    with scope("Mix"):
        return ((A if dropout is None else dropout(A)) @ V).named("H"), A


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
        Draws the initial weights, Xavier uniform: a generator, or a seed.
    causal
        Whether a token attends to no later one.
    dtype
        The parameters' element type.

    Raises
    ------
    ArgumentError
        When a size is not positive.
    """

    def __init__(
        self,
        features: int,
        width: int,
        rng: Rng = None,
        *,
        causal: bool = False,
        dtype: DTypeLike = float,
    ) -> None:
        positive("SelfAttention", features=features, width=width)
        rng = generator(rng)

        def weight() -> Tensor:
            return parameter(init.xavier_uniform((features, width), rng), "d k", dtype)

        self.Wq, self.Wk, self.Wv = weight(), weight(), weight()
        self.causal = bool(causal)

    def forward(
        self,
        X: Tensor,
        *,
        mask: Mask = None,
        key_mask: Mask = None,
        causal: bool | None = None,
        need_weights: bool = False,
    ) -> Any:
        """Shape (n, d) or (b, n, d) to (n, k) or (b, n, k); with ``need_weights`` a pair with A.

        The masks are those of :func:`self_attention`; ``causal`` is the module's own unless given.
        """
        X = fitted("SelfAttention", X, int(self.Wq.shape[0]))
        causal = self.causal if causal is None else causal
        H, A = _attend(X, self.Wq, self.Wk, self.Wv, mask, key_mask, causal)
        return (H, A) if need_weights else H

    def scores(self, X: Tensor) -> Tensor:
        """The scores S before mask and softmax, shape (n, n) or (b, n, n)."""
        return scores(X @ self.Wq, X @ self.Wk, self.Wq.shape[-1])

    def describe(self) -> str:
        """Whether it is causal."""
        return "causal" if self.causal else ""


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
        Draws the initial weights: a generator, or a seed.

    Raises
    ------
    ArgumentError
        When a size is not positive.
    """

    def __init__(self, tokens: int, features: int, width: int, rng: Rng = None) -> None:
        positive("SelfAttentionClassifier", tokens=tokens, features=features, width=width)
        rng = generator(rng)
        positions = init.normal((tokens, features), rng, std=0.1)
        self.P = parameter(positions, "n d", float)
        self.attention = SelfAttention(features, width, rng)
        self.w = parameter(init.xavier_uniform(width, rng), "k", float)

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
