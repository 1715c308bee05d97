"""Draw the pictures that README and docs show: ``python docs/make_pictures.py``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import minigrad as mg
from minigrad.drawing import Drawing

PICTURES = Path(__file__).parent / "pictures"
nn, functional = mg.nn, mg.nn.functional


def attention() -> Drawing:
    """Self-attention and binary cross-entropy, as the README derives them."""
    X, Wq, Wk, Wv, w, y = mg.symbols("X: n d", "Wq: d k", "Wk: d k", "Wv: d k", "w: k", "y: n")
    p = functional.sigmoid(nn.self_attention(X, Wq, Wk, Wv) @ w).named("p")
    loss = functional.binary_cross_entropy(p, y).named("L")
    wrt = ["Wq", "Wk", "Wv", "X", "w"]
    return mg.draw(loss, wrt=wrt, title="Self-attention, forward and backward")


def logistic_regression() -> Drawing:
    """What the how-to draws."""
    X, W, y = mg.symbols("X: n d", "W: d", "y: n | 0/1")
    with mg.scope("Classifier head"):
        p = functional.sigmoid((X @ W).named("z")).named("p")
    with mg.scope("Loss"):
        loss = functional.binary_cross_entropy(p, y).named("L")
    return mg.draw(loss, title="Logistic regression")


def layers() -> Drawing:
    """A small network of modules."""
    model = nn.Sequential(nn.Linear(4, 8, rng=0), nn.ReLU(), nn.Linear(8, 1, rng=1))
    X, Y = mg.symbols("X: n 4", "Y: n 1")
    return mg.draw(functional.mse_loss(model(X), Y), title="Three layers and a mean square")


def transformer_block() -> Drawing:
    """One block, with its norms, heads and shortcuts."""
    X, T = mg.symbols("X: n d", "T: n d")
    block = nn.TransformerBlock(8, 2, rng=0)
    return mg.draw(functional.mse_loss(block(X), T), title="A transformer block")


def twelve_blocks() -> Drawing:
    """What repeats is drawn once."""
    X, T = mg.symbols("X: n d", "T: n d")
    model = nn.Sequential(*[nn.TransformerBlock(8, 2, rng=k) for k in range(12)])
    return mg.draw(functional.mse_loss(model(X), T), title="Twelve blocks", depth=1)


def gaussian_process() -> Drawing:
    """The likelihood of a Gaussian process."""
    text = "K = s**2 * exp(-D / (2 * l**2)) + t**2 * eye(n); y @ inv(K) @ y / 2 + logdet(K) / 2"
    loss = mg.parse(text, D="n n | symmetric", s="", l="", t="", y="n")
    return mg.draw(loss, wrt=["s", "l", "t"], title="A Gaussian process")


def convolution() -> Drawing:
    """A convolution, a rectifier and a classifier."""
    x, K, W, y = mg.symbols("x: b 1 8 8", "K: 4 1 3 3", "W: 4 10", "y: b | index")
    H = functional.relu(functional.conv2d(x, K).named("C")).named("H")
    z = (mg.mean(H, axis=(2, 3)).named("h") @ W).named("z")
    loss = functional.cross_entropy(z, y).named("L")
    return mg.draw(loss, wrt=["K", "W"], title="A convolution")


ALL: dict[str, Callable[[], Drawing]] = {
    "attention": attention,
    "logistic-regression": logistic_regression,
    "layers": layers,
    "transformer-block": transformer_block,
    "twelve-blocks": twelve_blocks,
    "gaussian-process": gaussian_process,
    "convolution": convolution,
}


def main() -> None:
    """Write every picture."""
    for name, make in ALL.items():
        make().save(PICTURES / f"{name}.svg")


if __name__ == "__main__":
    main()
