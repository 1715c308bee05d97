"""What minigrad writes in JAX, with the update compiled by XLA."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.contestants.minigrad_compiled import compiled_step
from benchmarks.workloads import LEARNING_RATE, Data, Workload


def build(workload: Workload, data: Data) -> tuple[Callable[[], None], Callable[[], dict]]:
    """See the package."""
    jax.config.update("jax_enable_x64", data.x.dtype == np.float64)
    written, given = compiled_step(workload, data, "jax")
    scope: dict = {}
    exec(written.source, scope)
    fixed = {name: jnp.asarray(a) for name, a in given.items()}

    @jax.jit
    def update(weights: dict) -> tuple[jax.Array, dict]:
        value, grads = scope["step"](**fixed, **weights)
        return value, {name: w - LEARNING_RATE * grads[name] for name, w in weights.items()}

    state = {"weights": {name: jnp.asarray(v) for name, v in data.weights.items()}}

    def step() -> None:
        _, state["weights"] = jax.block_until_ready(update(state["weights"]))

    def gradients() -> dict[str, np.ndarray]:
        found = scope["step"](**fixed, **state["weights"])[1]
        return {name: np.asarray(g) for name, g in found.items()}

    return step, gradients
