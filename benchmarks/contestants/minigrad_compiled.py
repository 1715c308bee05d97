"""minigrad, compiled to NumPy."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import minigrad as mg
from benchmarks.contestants.minigrad_eager import loss_of
from benchmarks.workloads import LEARNING_RATE, Data, Workload


def build(workload: Workload, data: Data) -> tuple[Callable[[], None], Callable[[], dict]]:
    """See the package."""
    x, y = mg.tensor(data.x, name="X"), mg.tensor(data.y, name="y")
    mask = None if data.mask is None else mg.tensor(data.mask, name="M")
    named = {n: mg.tensor(v, name=n, requires_grad=True) for n, v in data.weights.items()}
    compiled = mg.compile(loss_of(workload, x, y, mask, named))
    fixed = {"X": data.x, "y": data.y, "M": data.mask}
    if workload.block:
        del fixed["y"]
    if data.mask is None:
        del fixed["M"]
    weights = {name: v.copy() for name, v in data.weights.items()}

    def step() -> None:
        _, grads = compiled(**fixed, **weights)
        for name, g in grads.items():
            g *= LEARNING_RATE
            weights[name] -= g

    def gradients() -> dict[str, np.ndarray]:
        return compiled(**fixed, **weights)[1]

    return step, gradients
