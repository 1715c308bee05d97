"""Draw the computation graph of self-attention with BCE loss, forward and backward.

Writes attention_graph.svg, .png and .dot into a folder (by default the current one).
"""

from __future__ import annotations

import sys
from pathlib import Path

import minigrad as mg


def attention_loss() -> mg.Tensor:
    """One BCE per token, averaged; no data, so that the drawing speaks of dims."""
    X, Wq, Wk, Wv, w, y = mg.symbols(
        "X: n d", "Wq: d k", "Wk: d k", "Wv: d k", "w: k", "y: n | 0/1"
    )
    with mg.scope("Query"):
        Q = (X @ Wq).named("Q")
    with mg.scope("Key"):
        K = (X @ Wk).named("K")
    with mg.scope("Value"):
        V = (X @ Wv).named("V")
    with mg.scope("Attention scores"):
        S = (Q @ K.T / mg.sqrt(Wq.shape[1])).named("S")
        A = mg.nn.functional.softmax(S).named("A")
    with mg.scope("Mix"):
        H = (A @ V).named("H")
    with mg.scope("Classifier head"):
        z = (H @ w).named("z")
        p = mg.nn.functional.sigmoid(z).named("p")
    with mg.scope("Loss"):
        return mg.nn.functional.binary_cross_entropy(p, y).named("L")


def main(folder: str = ".") -> None:
    drawing = mg.draw(attention_loss(), backward=True, title="Self-attention with BCE loss")
    for ending in ("svg", "png", "dot"):
        print(drawing.save(Path(folder) / f"attention_graph.{ending}"))


if __name__ == "__main__":
    main(*sys.argv[1:2])
