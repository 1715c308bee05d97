"""minigrad, define by run."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

import minigrad as mg
import minigrad.nn.functional as functional
from benchmarks.workloads import EPS, LEARNING_RATE, Data, Workload


def loss_of(
    workload: Workload, x: mg.Tensor, y: mg.Tensor, mask: mg.Tensor | None, weights: dict
) -> mg.Tensor:
    """The loss of these weights."""
    heads, scale = workload.heads, math.sqrt(workload.head_width)

    def split(t: mg.Tensor) -> mg.Tensor:
        return t.reshape(*t.shape[:-1], heads, -1).swapaxes(-2, -3) if heads else t

    def join(t: mg.Tensor) -> mg.Tensor:
        if not heads:
            return t
        t = t.swapaxes(-2, -3)
        return t.reshape(*t.shape[:-2], -1)

    def attention(x: mg.Tensor, p: dict) -> mg.Tensor:
        q, k, v = (split(linear(x, p, c)) for c in "qkv")
        s = q @ k.mT / scale
        if mask is not None:
            s = s + mask
        h = join(functional.softmax(s) @ v)
        return linear(h, p, "o") if heads else h

    def linear(x: mg.Tensor, p: dict, c: str) -> mg.Tensor:
        y = x @ p[f"W{c}"]
        return y + p[f"b{c}"] if f"b{c}" in p else y

    def norm(x: mg.Tensor, p: dict, c: str) -> mg.Tensor:
        return functional.layer_norm(
            x, x.shape[-1], p[f"gamma{c}"], p[f"beta{c}"], eps=EPS
        )

    if workload.block:
        r = (x + attention(norm(x, weights, "1").named("N"), weights)).named("R")
        u = linear(norm(r, weights, "2").named("Z"), weights, "1").named("U")
        out = (r + linear(functional.gelu(u).named("G"), weights, "2")).named("Y")
        return mg.mean(out**2)
    return functional.bce_with_logits(attention(x, weights) @ weights["w"], y)


def build(workload: Workload, data: Data) -> tuple[Callable[[], None], Callable[[], dict]]:
    """See the package."""
    x, y = mg.tensor(data.x), mg.tensor(data.y)
    mask = None if data.mask is None else mg.tensor(data.mask)
    weights = {name: mg.tensor(v, requires_grad=True) for name, v in data.weights.items()}

    def loss() -> mg.Tensor:
        return loss_of(workload, x, y, mask, weights)

    def step() -> None:
        loss().backward()
        for w in weights.values():
            w.assign(w.numpy() - LEARNING_RATE * w.grad.numpy(), copy=False)
            w.grad = None

    def gradients() -> dict[str, np.ndarray]:
        loss().backward()
        found = {name: w.grad.numpy().copy() for name, w in weights.items()}
        for w in weights.values():
            w.grad = None
        return found

    return step, gradients
