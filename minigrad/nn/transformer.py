"""A block of a transformer: attention and a small network of two layers, each beside a shortcut."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from minigrad.errors import ArgumentError
from minigrad.graph import Tensor, scope
from minigrad.nn import init
from minigrad.nn.dropout import Dropout
from minigrad.nn.module import Module
from minigrad.nn.multi_head import MultiHeadAttention
from minigrad.nn.norm import LayerNorm, RMSNorm
from minigrad.nn.parameters import Rng, fitted, generator, parameter, positive
from minigrad.ops.functional import gelu, relu, silu, tanh

Array = NDArray[Any]
Activation = Callable[[Tensor], Tensor]

ACTIVATIONS: dict[str, Activation] = {"gelu": gelu, "relu": relu, "silu": silu, "tanh": tanh}
NORMS: dict[str, type[LayerNorm] | type[RMSNorm]] = {"layer": LayerNorm, "rms": RMSNorm}


class MLP(Module):
    """F = G W2 + b2 with G = f(X W1 + b1), for each token by itself.

    Parameters
    ----------
    features
        d, the features of a token, before and after.
    hidden
        m, the features between the two layers; by default 4 d.
    activation
        f: "gelu", "relu", "silu", "tanh", or a function of one tensor.
    bias
        Whether there are b1 and b2.
    dropout
        The probability with which an element of G is dropped in training.
    dims
        The labels of both sizes in formulas.
    rng
        Draws the initial weights, Xavier uniform.
    dtype
        The parameters' element type.

    Raises
    ------
    ArgumentError
        When a size is not positive, or the activation is not known.
    """

    def __init__(
        self,
        features: int,
        hidden: int | None = None,
        activation: str | Activation = "gelu",
        *,
        bias: bool = True,
        dropout: float = 0.0,
        dims: str = "d m",
        rng: Rng = None,
        dtype: DTypeLike = float,
    ) -> None:
        hidden = 4 * features if hidden is None else hidden
        positive("MLP", features=features, hidden=hidden)
        self.features = int(features)
        _activation(activation)
        self.activation = activation
        rng = generator(rng)
        d, m = dims.split()
        self.W1 = parameter(init.xavier_uniform((features, hidden), rng), f"{d} {m}", dtype)
        if bias:
            self.b1 = parameter(np.zeros(hidden), m, dtype)
        self.W2 = parameter(init.xavier_uniform((hidden, features), rng), f"{m} {d}", dtype)
        if bias:
            self.b2 = parameter(np.zeros(features), d, dtype)
        if dropout:
            self.dropout = Dropout(dropout, rng=rng)

    def forward(self, X: Tensor) -> Tensor:
        """Shape (..., features), kept."""
        U = fitted("MLP", X, self.features) @ self.W1
        if "b1" in vars(self):
            U = U + self.b1
        G = _activation(self.activation)(U.named("U")).named("G")
        F = (self.dropout(G) if "dropout" in vars(self) else G) @ self.W2
        return (F + self.b2 if "b2" in vars(self) else F).named("F")

    def describe(self) -> str:
        """The activation."""
        if isinstance(self.activation, str):
            return self.activation
        return getattr(self.activation, "__name__", type(self.activation).__name__)


class TransformerBlock(Module):
    """R = X + attention(norm(X)), Y = R + mlp(norm(R)): the norms stand before what they serve.

    Parameters
    ----------
    features
        d, the features of a token, before and after.
    heads
        The number of attention heads.
    hidden
        The features between the layers of the MLP; by default 4 d.
    activation
        The MLP's: "gelu", "relu", "silu", "tanh", or a function of one tensor.
    kv_heads
        As for :class:`MultiHeadAttention`.
    norm
        "layer" or "rms".
    eps
        The norms' ε.
    bias
        Whether attention and MLP have biases.
    causal
        Whether a token attends to no later one.
    dropout
        The probability with which attention weights, hidden features and what both parts add to
        their shortcuts are dropped in training.
    rng
        Draws the initial weights.
    dtype
        The parameters' element type.

    Raises
    ------
    ArgumentError
        When heads do not divide features, a size is not positive, or a name is not known.

    Notes
    -----
    R. Xiong et al., On Layer Normalization in the Transformer Architecture, ICML 2020, figure 1b.
    """

    def __init__(
        self,
        features: int,
        heads: int,
        hidden: int | None = None,
        activation: str | Activation = "gelu",
        *,
        kv_heads: int | None = None,
        norm: str = "layer",
        eps: float = 1e-5,
        bias: bool = True,
        causal: bool = False,
        dropout: float = 0.0,
        rng: Rng = None,
        dtype: DTypeLike = float,
    ) -> None:
        if norm not in NORMS:
            raise ArgumentError(f"TransformerBlock: norm={norm!r} is not one of {list(NORMS)}")
        rng = generator(rng)
        self.norm1 = NORMS[norm](features, eps, dims="d", dtype=dtype)
        self.attention = MultiHeadAttention(
            features,
            heads,
            kv_heads=kv_heads,
            bias=bias,
            causal=causal,
            dropout=dropout,
            rng=rng,
            dtype=dtype,
        )
        self.norm2 = NORMS[norm](features, eps, dims="d", dtype=dtype)
        self.mlp = MLP(
            features, hidden, activation, bias=bias, dropout=dropout, rng=rng, dtype=dtype
        )
        if dropout:
            self.dropout = Dropout(dropout, rng=rng)

    def forward(
        self,
        X: Tensor,
        *,
        mask: Tensor | Array | None = None,
        key_mask: Tensor | Array | None = None,
        causal: bool | None = None,
        need_weights: bool = False,
    ) -> Any:
        """Shape (n, d) or (b, n, d), kept; with ``need_weights`` a pair with A, (b, h, n, m).

        The masks are those of :func:`multi_head_attention`.
        """
        N1 = self.norm1(X).named("N1")
        O, A = self.attention(  # noqa: E741
            N1, mask=mask, key_mask=key_mask, causal=causal, need_weights=True
        )
        with scope("Shortcut"):
            R = (X + self._dropped(O)).named("R")
        F = self.mlp(self.norm2(R).named("N2"))
        with scope("Shortcut"):
            Y = (R + self._dropped(F)).named("Y")
        return (Y, A) if need_weights else Y

    def _dropped(self, X: Tensor) -> Tensor:
        return self.dropout(X) if "dropout" in vars(self) else X


def _activation(activation: str | Activation) -> Activation:
    if callable(activation):
        return activation
    if activation not in ACTIVATIONS:
        raise ArgumentError(
            f"MLP: activation={activation!r} is not one of {list(ACTIVATIONS)}; other functions "
            "are passed as they are"
        )
    return ACTIVATIONS[activation]
