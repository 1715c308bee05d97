"""MyGrad, eager."""

from __future__ import annotations

import math
from collections.abc import Callable

import mygrad
import numpy as np

from benchmarks.workloads import LEARNING_RATE, Data, Workload


def build(workload: Workload, data: Data) -> tuple[Callable[[], None], Callable[[], dict]]:
    """See the package."""
    x, y, mask = data.x, data.y, data.mask
    weights = {name: mygrad.tensor(v) for name, v in data.weights.items()}
    heads, scale = workload.heads, math.sqrt(workload.head_width)

    def split(t: mygrad.Tensor) -> mygrad.Tensor:
        if not heads:
            return t
        return mygrad.swapaxes(mygrad.reshape(t, (*t.shape[:-1], heads, -1)), -2, -3)

    def join(t: mygrad.Tensor) -> mygrad.Tensor:
        if not heads:
            return t
        t = mygrad.swapaxes(t, -2, -3)
        return mygrad.reshape(t, (*t.shape[:-2], -1))

    def loss() -> mygrad.Tensor:
        q = split(mygrad.matmul(x, weights["Wq"]))
        k = split(mygrad.matmul(x, weights["Wk"]))
        v = split(mygrad.matmul(x, weights["Wv"]))
        s = mygrad.matmul(q, mygrad.swapaxes(k, -1, -2)) / scale
        if mask is not None:
            s = s + mask
        a = mygrad.nnet.softmax(s, axis=-1)
        h = join(mygrad.matmul(a, v))
        o = mygrad.matmul(h, weights["Wo"]) if heads else h
        z = mygrad.matmul(o, weights["w"])
        return mygrad.mean(mygrad.logaddexp(0, z) - z * y)

    def gradients() -> dict[str, np.ndarray]:
        loss().backward()
        return {name: np.array(w.grad) for name, w in weights.items()}

    def step() -> None:
        for name, gradient in gradients().items():
            weights[name] = mygrad.tensor(weights[name].data - LEARNING_RATE * gradient)

    return step, gradients
