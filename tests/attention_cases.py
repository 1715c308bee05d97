"""Self-attention with BCE, as symbols and with numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

import minigrad as mg
from minigrad.nn.functional import binary_cross_entropy, sigmoid, softmax

WEIGHTS = ["Wq", "Wk", "Wv", "X"]
SYMBOLS = ("X: n d", "Wq: d k", "Wk: d k", "Wv: d k", "w: k", "y: n | 0/1")


def attention(X: Any, Wq: Any, Wk: Any, Wv: Any, w: Any, y: Any) -> Any:
    """One BCE per token, averaged over the tokens."""
    Q, K, V = (X @ Wq).named("Q"), (X @ Wk).named("K"), (X @ Wv).named("V")
    S = (Q @ K.swapaxes(-1, -2) / mg.sqrt(Wq.shape[1])).named("S")
    H = (softmax(S).named("A") @ V).named("H")
    p = sigmoid((H @ w).named("z")).named("p")
    return binary_cross_entropy(p, y).named("L")


def arguments(rng: np.random.Generator, n: int = 5, d: int = 4, k: int = 3) -> list[Any]:
    def weight(name: str, dims: str, *shape: int) -> Any:
        return mg.tensor(rng.normal(size=shape), name=name, dims=dims, requires_grad=True)

    return [
        weight("X", "n d", n, d),
        weight("Wq", "d k", d, k),
        weight("Wk", "d k", d, k),
        weight("Wv", "d k", d, k),
        weight("w", "k", k),
        mg.tensor(rng.integers(2, size=n).astype(float), name="y", dims="n"),
    ]
