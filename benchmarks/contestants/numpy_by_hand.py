"""Straightforward NumPy: forward and backward as one writes them down from paper."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmarks.workloads import LEARNING_RATE, Data, Workload


def build(workload: Workload, data: Data) -> tuple[Callable[[], None], Callable[[], dict]]:
    """See the package."""
    x, y, mask = data.x, data.y, data.mask
    weights = {name: value.copy() for name, value in data.weights.items()}
    heads, scale = workload.heads, float(np.sqrt(workload.head_width))

    def split(t: np.ndarray) -> np.ndarray:
        return t.reshape(*t.shape[:-1], heads, -1).swapaxes(-2, -3) if heads else t

    def join(t: np.ndarray) -> np.ndarray:
        if not heads:
            return t
        t = t.swapaxes(-2, -3)
        return t.reshape(*t.shape[:-2], -1)

    def product(a: np.ndarray, g: np.ndarray) -> np.ndarray:
        """Aᵀ G, summed over the batch."""
        return a.reshape(-1, a.shape[-1]).T @ g.reshape(-1, g.shape[-1])

    def gradients() -> dict[str, np.ndarray]:
        wq, wk, wv, w = (weights[name] for name in ("Wq", "Wk", "Wv", "w"))
        q, k, v = split(x @ wq), split(x @ wk), split(x @ wv)
        s = q @ k.swapaxes(-1, -2) / scale
        if mask is not None:
            s = s + mask
        e = np.exp(s - s.max(axis=-1, keepdims=True))
        a = e / e.sum(axis=-1, keepdims=True)
        h = join(a @ v)
        o = h @ weights["Wo"] if heads else h
        z = o @ w
        np.mean(np.maximum(z, 0) - z * y + np.log1p(np.exp(-np.abs(z))))

        dz = (1 / (1 + np.exp(-z)) - y) / z.size
        dw = o.reshape(-1, o.shape[-1]).T @ dz.reshape(-1)
        do = dz[..., None] * w
        grads = {"w": dw}
        if heads:
            grads["Wo"] = product(h, do)
            do = do @ weights["Wo"].T
        dh = split(do)
        da = dh @ v.swapaxes(-1, -2)
        dv = a.swapaxes(-1, -2) @ dh
        ds = a * (da - (da * a).sum(axis=-1, keepdims=True)) / scale
        dq = ds @ k
        dk = ds.swapaxes(-1, -2) @ q
        grads["Wq"] = product(x, join(dq))
        grads["Wk"] = product(x, join(dk))
        grads["Wv"] = product(x, join(dv))
        return grads

    def step() -> None:
        for name, gradient in gradients().items():
            weights[name] -= LEARNING_RATE * gradient

    return step, gradients
