"""The four workloads: a whole training step of attention with binary cross-entropy.

Q = X Wq, K = X Wk, V = X Wv, A = softmax(Q Kᵀ / √k + mask), H = A V, and one logit per token:
z = H w for a single head, z = (H Wo) w for several. The loss is the mean binary cross-entropy of
σ(z) with y, and every weight moves by −lr times its gradient.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

LEARNING_RATE = 1e-3


@dataclass(frozen=True)
class Workload:
    """Sizes: batch (0 for a single sequence), tokens, width, heads (0 for one without Wo)."""

    name: str
    batch: int
    tokens: int
    width: int
    heads: int = 0
    causal: bool = False

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
        return f"{sizes} h={self.heads} causal" if self.heads else sizes


WORKLOADS = {
    w.name: w
    for w in (
        Workload("W1", 0, 8, 16),
        Workload("W2", 32, 8, 16),
        Workload("W3", 32, 64, 64, heads=4, causal=True),
        Workload("W4", 8, 256, 256, heads=8, causal=True),
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
    weights["w"] = (rng.normal(size=d) * scale).astype(dtype)
    mask = np.triu(np.full((n, n), -np.inf), 1).astype(dtype) if workload.causal else None
    x = rng.normal(size=(*lead, d)).astype(dtype)
    y = (rng.random(lead) < 0.5).astype(dtype)
    return Data(x, y, weights, mask)
