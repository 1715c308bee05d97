"""minigrad, compiled to NumPy."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import minigrad as mg
from benchmarks.contestants.minigrad_eager import loss_of
from benchmarks.workloads import LEARNING_RATE, Data, Workload


def compiled_step(workload: Workload, data: Data, target: str) -> tuple[mg.Step, dict]:
    """The step, and the arrays that stay as they are."""
    x, y = mg.tensor(data.x, name="X"), mg.tensor(data.y, name="y")
    mask = None if data.mask is None else mg.tensor(data.mask, name="M")
    named = {n: mg.tensor(v, name=n, requires_grad=True) for n, v in data.weights.items()}
    fixed = {"X": data.x, "y": data.y, "M": data.mask}
    if workload.block:
        del fixed["y"]
    if data.mask is None:
        del fixed["M"]
    return mg.compile(loss_of(workload, x, y, mask, named), target=target), fixed


def build(workload: Workload, data: Data) -> tuple[Callable[[], None], Callable[[], dict]]:
    """See the package."""
    compiled, fixed = compiled_step(workload, data, "numpy")
    weights = {name: v.copy() for name, v in data.weights.items()}

    def step() -> None:
        _, grads = compiled(**fixed, **weights)
        for name, g in grads.items():
            g *= LEARNING_RATE
            weights[name] -= g

    def gradients() -> dict[str, np.ndarray]:
        return compiled(**fixed, **weights)[1]

    return step, gradients
