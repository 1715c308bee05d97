"""What minigrad writes in PyTorch."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from benchmarks.contestants.minigrad_compiled import compiled_step
from benchmarks.workloads import LEARNING_RATE, Data, Workload


def build(workload: Workload, data: Data) -> tuple[Callable[[], None], Callable[[], dict]]:
    """See the package."""
    torch.set_num_threads(1)
    compiled, given = compiled_step(workload, data, "torch")
    fixed = {name: torch.tensor(a) for name, a in given.items()}
    weights = {name: torch.tensor(v) for name, v in data.weights.items()}

    def step() -> None:
        _, grads = compiled(**fixed, **weights)
        for name, g in grads.items():
            weights[name] -= LEARNING_RATE * g

    def gradients() -> dict[str, np.ndarray]:
        return {name: g.numpy() for name, g in compiled(**fixed, **weights)[1].items()}

    return step, gradients
