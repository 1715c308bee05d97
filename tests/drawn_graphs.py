"""The graphs that pictures are tried on, each as a user writes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import minigrad as mg
from minigrad.graph import Tensor

nn, F = mg.nn, mg.nn.functional

GRAPHS: dict[str, Callable[[], Any]] = {}


def graph(make: Callable[[], Any]) -> Callable[[], Any]:
    GRAPHS[make.__name__] = make
    return make


def _attention(**options: Any) -> Tensor:
    X, Wq, Wk, Wv, w, y = mg.symbols("X: n d", "Wq: d k", "Wk: d k", "Wv: d k", "w: k", "y: n")
    p = F.sigmoid(nn.self_attention(X, Wq, Wk, Wv, **options) @ w).named("p")
    return F.binary_cross_entropy(p, y).named("L")


@graph
def attention() -> Tensor:
    return _attention()


@graph
def masked_attention() -> Tensor:
    return _attention(causal=True)


@graph
def two_heads() -> Tensor:
    X, y = mg.symbols("X: n d", "Y: n d")
    H = nn.MultiHeadAttention(8, 2, rng=0)(X)
    return F.mse_loss(H, y)


@graph
def sequential() -> Tensor:
    model = nn.Sequential(nn.Linear(4, 8, rng=0), nn.ReLU(), nn.Linear(8, 1, rng=1))
    X, Y = mg.symbols("X: n 4", "Y: n 1")
    return F.mse_loss(model(X), Y)


@graph
def unnamed_bce() -> Tensor:
    model = nn.Sequential(
        nn.Linear(4, 8, rng=0), nn.Tanh(), nn.Linear(8, 1, rng=1), nn.Sigmoid()
    )
    X, y = mg.symbols("X: n 4", "y: n 1")
    return F.binary_cross_entropy(model(X), y)


def blocks(count: int) -> Tensor:
    model = nn.Sequential(*[nn.TransformerBlock(8, 2, rng=k) for k in range(count)])
    X, Y = mg.symbols("X: n d", "Y: n d")
    return F.mse_loss(model(X), Y)


@graph
def transformer_block() -> Tensor:
    return blocks(1)


@graph
def four_blocks() -> Tensor:
    return blocks(4)


@graph
def twelve_blocks() -> Tensor:
    return blocks(12)


@graph
def convolution_net() -> Tensor:
    x, labels = mg.symbols("x: b 1 8 8", "labels: b | index")
    K1, K2, W = mg.symbols("K1: 4 1 3 3", "K2: 8 4 3 3", "W: 8 10")
    h = F.relu(F.conv2d(x, K1, padding=1)).named("H1")
    h = F.relu(F.conv2d(F.max_pool2d(h, 2), K2)).named("H2")
    return F.cross_entropy(mg.mean(h, axis=(2, 3)) @ W, labels)


@graph
def recurrent_steps() -> Tensor:
    W, U, b, h, y = mg.symbols("W: d k", "U: k k", "b: k", "h0: n k", "Y: n k")
    for step in range(3):
        x = mg.symbols(f"x{step}: n d")
        with mg.scope("step"):
            h = mg.tanh(x @ W + h @ U + b).named("h")
    return F.mse_loss(h, y)


@graph
def gaussian_process() -> Tensor:
    return mg.parse(
        "K = s**2 * exp(-D / (2 * l**2)) + t**2 * eye(n); "
        "0.5 * y @ inv(K) @ y + 0.5 * logdet(K)",
        D="n n | symmetric", s="", l="", t="", y="n",
    )


@graph
def several_outputs() -> list[Tensor]:
    X, W, V, U = mg.symbols("X: n d", "W: d k", "V: k m", "U: k m")
    H = mg.tanh(X @ W).named("H")
    return [(H @ V).named("mu"), mg.exp(H @ U).named("sigma")]


@graph
def reshapes() -> Tensor:
    X, W, T = mg.symbols("X: n 6", "W: 3 4", "T: n 2 4")
    heads = mg.swapaxes(mg.reshape(X, (X.shape[0], 2, 3)) @ W, 0, 1)
    return mg.sum((mg.swapaxes(heads, 0, 1) - T) ** 2)


@graph
def scalars() -> Tensor:
    a, b, c = mg.symbols("a", "b", "c")
    d = (a * b).named("d")
    e = (d + c).named("e")
    return mg.tanh(d * e + mg.exp(-e))


@graph
def unnamed_chain() -> Tensor:
    x = mg.symbols("x: n")
    h = x
    for _ in range(20):
        h = mg.tanh(2 * h + 1)
    return mg.mean(h**2)
