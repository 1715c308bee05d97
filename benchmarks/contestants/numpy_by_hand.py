"""Straightforward NumPy: forward and backward as one writes them down from paper."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy import special

from benchmarks.workloads import EPS, LEARNING_RATE, Data, Workload


def build(workload: Workload, data: Data) -> tuple[Callable[[], None], Callable[[], dict]]:
    """See the package."""
    x, y, mask = data.x, data.y, data.mask
    weights = {name: value.copy() for name, value in data.weights.items()}
    heads, scale = workload.heads, math.sqrt(workload.head_width)

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

    def linear(x: np.ndarray, c: str) -> np.ndarray:
        y = x @ weights[f"W{c}"]
        return y + weights[f"b{c}"] if f"b{c}" in weights else y

    def linear_back(x: np.ndarray, g: np.ndarray, c: str, grads: dict) -> np.ndarray:
        """The gradient by x; those by the weights are put into ``grads``."""
        grads[f"W{c}"] = product(x, g)
        if f"b{c}" in weights:
            grads[f"b{c}"] = g.reshape(-1, g.shape[-1]).sum(0)
        return g @ weights[f"W{c}"].T

    def attention(x: np.ndarray) -> tuple[np.ndarray, tuple]:
        q, k, v = (split(linear(x, c)) for c in "qkv")
        s = q @ k.swapaxes(-1, -2) / scale
        if mask is not None:
            s = s + mask
        e = np.exp(s - s.max(axis=-1, keepdims=True))
        a = e / e.sum(axis=-1, keepdims=True)
        h = join(a @ v)
        return (linear(h, "o") if heads else h), (x, q, k, v, a, h)

    def attention_back(saved: tuple, do: np.ndarray, grads: dict, of_x: bool) -> np.ndarray | None:
        x, q, k, v, a, h = saved
        dh = split(linear_back(h, do, "o", grads) if heads else do)
        da = dh @ v.swapaxes(-1, -2)
        dv = a.swapaxes(-1, -2) @ dh
        ds = a * (da - (da * a).sum(axis=-1, keepdims=True)) / scale
        dq = ds @ k
        dk = ds.swapaxes(-1, -2) @ q
        if not of_x:
            for c, g in zip("qkv", (dq, dk, dv), strict=True):
                grads[f"W{c}"] = product(x, join(g))
            return None
        return sum(
            linear_back(x, join(g), c, grads) for c, g in zip("qkv", (dq, dk, dv), strict=True)
        )

    def norm(x: np.ndarray, c: str) -> tuple[np.ndarray, tuple]:
        r = x - x.mean(-1, keepdims=True)
        deviation = np.sqrt((r**2).mean(-1, keepdims=True) + EPS)
        z = r / deviation
        return z * weights[f"gamma{c}"] + weights[f"beta{c}"], (z, deviation)

    def norm_back(saved: tuple, g: np.ndarray, c: str, grads: dict) -> np.ndarray:
        z, deviation = saved
        grads[f"gamma{c}"] = (g * z).reshape(-1, g.shape[-1]).sum(0)
        grads[f"beta{c}"] = g.reshape(-1, g.shape[-1]).sum(0)
        dz = g * weights[f"gamma{c}"]
        centred = dz - dz.mean(-1, keepdims=True) - z * (dz * z).mean(-1, keepdims=True)
        return centred / deviation

    def gradients() -> dict[str, np.ndarray]:
        return of_block() if workload.block else of_attention()

    def of_attention() -> dict[str, np.ndarray]:
        w = weights["w"]
        o, saved = attention(x)
        z = o @ w
        np.mean(np.maximum(z, 0) - z * y + np.log1p(np.exp(-np.abs(z))))

        dz = (1 / (1 + np.exp(-z)) - y) / z.size
        grads = {"w": o.reshape(-1, o.shape[-1]).T @ dz.reshape(-1)}
        attention_back(saved, dz[..., None] * w, grads, of_x=False)
        return grads

    def of_block() -> dict[str, np.ndarray]:
        n1, saved1 = norm(x, "1")
        o, saved = attention(n1)
        r = x + o
        n2, saved2 = norm(r, "2")
        u = linear(n2, "1")
        cdf = (1 + special.erf(u / math.sqrt(2))) / 2
        g = u * cdf
        out = r + linear(g, "2")
        np.mean(out**2)

        grads: dict[str, np.ndarray] = {}
        dout = 2 * out / out.size
        dg = linear_back(g, dout, "2", grads)
        du = dg * (cdf + u * np.exp(-(u**2) / 2) / math.sqrt(2 * math.pi))
        dr = dout + norm_back(saved2, linear_back(n2, du, "1", grads), "2", grads)
        dn1 = attention_back(saved, dr, grads, of_x=True)
        norm_back(saved1, dn1, "1", grads)
        return grads

    def step() -> None:
        for name, gradient in gradients().items():
            weights[name] -= LEARNING_RATE * gradient

    return step, gradients
