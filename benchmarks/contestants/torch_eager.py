"""PyTorch, eager."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from torch.nn import functional

from benchmarks.workloads import EPS, LEARNING_RATE, Data, Workload


def build(workload: Workload, data: Data) -> tuple[Callable[[], None], Callable[[], dict]]:
    """See the package."""
    torch.set_num_threads(1)
    x, y = torch.tensor(data.x), torch.tensor(data.y)
    mask = None if data.mask is None else torch.tensor(data.mask)
    weights = {name: torch.tensor(v, requires_grad=True) for name, v in data.weights.items()}
    heads, scale = workload.heads, math.sqrt(workload.head_width)

    def split(t: torch.Tensor) -> torch.Tensor:
        return t.reshape(*t.shape[:-1], heads, -1).transpose(-2, -3) if heads else t

    def join(t: torch.Tensor) -> torch.Tensor:
        if not heads:
            return t
        t = t.transpose(-2, -3)
        return t.reshape(*t.shape[:-2], -1)

    def linear(x: torch.Tensor, c: str) -> torch.Tensor:
        y = x @ weights[f"W{c}"]
        return y + weights[f"b{c}"] if f"b{c}" in weights else y

    def attention(x: torch.Tensor) -> torch.Tensor:
        q, k, v = (split(linear(x, c)) for c in "qkv")
        s = q @ k.mT / scale
        if mask is not None:
            s = s + mask
        h = join(torch.softmax(s, -1) @ v)
        return linear(h, "o") if heads else h

    def norm(x: torch.Tensor, c: str) -> torch.Tensor:
        return functional.layer_norm(x, x.shape[-1:], weights[f"gamma{c}"], weights[f"beta{c}"], EPS)

    def loss() -> torch.Tensor:
        if workload.block:
            r = x + attention(norm(x, "1"))
            return torch.mean((r + linear(functional.gelu(linear(norm(r, "2"), "1")), "2")) ** 2)
        return functional.binary_cross_entropy_with_logits(attention(x) @ weights["w"], y)

    def step() -> None:
        loss().backward()
        with torch.no_grad():
            for w in weights.values():
                w -= LEARNING_RATE * w.grad
                w.grad = None

    def gradients() -> dict[str, np.ndarray]:
        loss().backward()
        found = {name: w.grad.numpy().copy() for name, w in weights.items()}
        for w in weights.values():
            w.grad = None
        return found

    return step, gradients
