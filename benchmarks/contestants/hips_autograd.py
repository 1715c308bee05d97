"""HIPS autograd."""

from __future__ import annotations

import math
from collections.abc import Callable

import autograd.numpy as anp
import numpy as np
from autograd import grad
from autograd.scipy.special import erf

from benchmarks.workloads import EPS, LEARNING_RATE, Data, Workload


def build(workload: Workload, data: Data) -> tuple[Callable[[], None], Callable[[], dict]]:
    """See the package."""
    x, y, mask = data.x, data.y, data.mask
    weights = {name: value.copy() for name, value in data.weights.items()}
    heads, scale = workload.heads, math.sqrt(workload.head_width)

    def split(t: np.ndarray) -> np.ndarray:
        return anp.swapaxes(anp.reshape(t, (*t.shape[:-1], heads, -1)), -2, -3) if heads else t

    def join(t: np.ndarray) -> np.ndarray:
        if not heads:
            return t
        t = anp.swapaxes(t, -2, -3)
        return anp.reshape(t, (*t.shape[:-2], -1))

    def linear(x: np.ndarray, p: dict, c: str) -> np.ndarray:
        y = anp.matmul(x, p[f"W{c}"])
        return y + p[f"b{c}"] if f"b{c}" in p else y

    def attention(x: np.ndarray, p: dict) -> np.ndarray:
        q, k, v = (split(linear(x, p, c)) for c in "qkv")
        s = anp.matmul(q, anp.swapaxes(k, -1, -2)) / scale
        if mask is not None:
            s = s + mask
        e = anp.exp(s - anp.max(s, axis=-1, keepdims=True))
        h = join(anp.matmul(e / anp.sum(e, axis=-1, keepdims=True), v))
        return linear(h, p, "o") if heads else h

    def norm(x: np.ndarray, p: dict, c: str) -> np.ndarray:
        r = x - anp.mean(x, -1, keepdims=True)
        z = r / anp.sqrt(anp.mean(r**2, -1, keepdims=True) + EPS)
        return z * p[f"gamma{c}"] + p[f"beta{c}"]

    def gelu(u: np.ndarray) -> np.ndarray:
        return u * (1 + erf(u / math.sqrt(2))) / 2

    def loss(p: dict) -> np.ndarray:
        if workload.block:
            r = x + attention(norm(x, p, "1"), p)
            return anp.mean((r + linear(gelu(linear(norm(r, p, "2"), p, "1")), p, "2")) ** 2)
        z = anp.matmul(attention(x, p), p["w"])
        return anp.mean(anp.logaddexp(0, z) - z * y)

    slope = grad(loss)

    def gradients() -> dict[str, np.ndarray]:
        return dict(slope(weights))

    def step() -> None:
        for name, gradient in gradients().items():
            weights[name] = weights[name] - LEARNING_RATE * gradient

    return step, gradients
