"""HIPS autograd."""

from __future__ import annotations

import math
from collections.abc import Callable

import autograd.numpy as anp
import numpy as np
from autograd import grad

from benchmarks.workloads import LEARNING_RATE, Data, Workload


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

    def loss(current: dict) -> np.ndarray:
        q = split(anp.matmul(x, current["Wq"]))
        k = split(anp.matmul(x, current["Wk"]))
        v = split(anp.matmul(x, current["Wv"]))
        s = anp.matmul(q, anp.swapaxes(k, -1, -2)) / scale
        if mask is not None:
            s = s + mask
        e = anp.exp(s - anp.max(s, axis=-1, keepdims=True))
        a = e / anp.sum(e, axis=-1, keepdims=True)
        h = join(anp.matmul(a, v))
        o = anp.matmul(h, current["Wo"]) if heads else h
        z = anp.matmul(o, current["w"])
        return anp.mean(anp.logaddexp(0, z) - z * y)

    slope = grad(loss)

    def gradients() -> dict[str, np.ndarray]:
        return dict(slope(weights))

    def step() -> None:
        for name, gradient in gradients().items():
            weights[name] = weights[name] - LEARNING_RATE * gradient

    return step, gradients
