"""The workloads: a whole training step of attention with binary cross-entropy, and one of a transformer block.

Q = X Wq, K = X Wk, V = X Wv, A = softmax(Q Kᵀ / √k + mask), H = A V, and one logit per token:
z = H w for a single head, z = (H Wo) w for several. The loss is the mean binary cross-entropy of
σ(z) with y, and every weight moves by −lr times its gradient.

The block is R = X + A(N(X)) and Y = R + M(N(R)) with N a layer norm, A attention by causal heads with biases, and
M the network gelu(N W1 + b1) W2 + b2; its loss is the mean of Y².
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

LEARNING_RATE = 1e-3
EPS = 1e-5  # of layer norms


@dataclass(frozen=True)
class Workload:
    """Sizes: batch (0 for a single sequence), tokens, width, heads (0 for one without Wo)."""

    name: str
    batch: int
    tokens: int
    width: int
    heads: int = 0
    causal: bool = False
    block: bool = False

    @property
    def head_width(self) -> int:
        """The width of one head."""
        return self.width // max(self.heads, 1)

    @property
    def title(self) -> str:
        """The sizes in words."""
        sizes = f"n={self.tokens} d={self.width}"
        if self.batch:
            sizes = f"B={self.batch} {sizes}"
        sizes = f"{sizes} h={self.heads} causal" if self.heads else sizes
        return f"block {sizes}" if self.block else sizes


WORKLOADS = {
    w.name: w
    for w in (
        Workload("W1", 0, 8, 16),
        Workload("W2", 32, 8, 16),
        Workload("W3", 32, 64, 64, heads=4, causal=True),
        Workload("W4", 8, 256, 256, heads=8, causal=True),
        Workload("W8", 8, 64, 64, heads=4, causal=True, block=True),
    )
}


@dataclass(frozen=True)
class Data:
    """What every contestant starts from; ``mask`` is added to the scores."""

    x: np.ndarray
    y: np.ndarray
    weights: dict[str, np.ndarray]
    mask: np.ndarray | None


def make(workload: Workload, dtype: str = "float64") -> Data:
    """The same numbers for every contestant."""
    rng = np.random.default_rng(20)
    n, d = workload.tokens, workload.width
    lead = (workload.batch, n) if workload.batch else (n,)
    scale = d**-0.5
    names = ["Wq", "Wk", "Wv"] + (["Wo"] if workload.heads else [])
    weights = {name: (rng.normal(size=(d, d)) * scale).astype(dtype) for name in names}
    if workload.block:
        shapes = {"W1": (d, 4 * d), "W2": (4 * d, d)}
        shapes |= dict.fromkeys(("bq", "bk", "bv", "bo", "gamma1", "beta1", "gamma2", "beta2", "b2"), (d,))
        shapes["b1"] = (4 * d,)
        weights |= {name: (rng.normal(size=s) * scale).astype(dtype) for name, s in shapes.items()}
    else:
        weights["w"] = (rng.normal(size=d) * scale).astype(dtype)
    mask = np.triu(np.full((n, n), -np.inf), 1).astype(dtype) if workload.causal else None
    x = rng.normal(size=(*lead, d)).astype(dtype)
    y = (rng.random(lead) < 0.5).astype(dtype)
    return Data(x, y, weights, mask)
