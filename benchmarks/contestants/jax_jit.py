"""JAX, the whole step compiled."""

from __future__ import annotations

import math
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.workloads import LEARNING_RATE, Data, Workload


def build(workload: Workload, data: Data) -> tuple[Callable[[], None], Callable[[], dict]]:
    """See the package."""
    jax.config.update("jax_enable_x64", data.x.dtype == np.float64)
    x, y = jnp.asarray(data.x), jnp.asarray(data.y)
    mask = None if data.mask is None else jnp.asarray(data.mask)
    heads, scale = workload.heads, math.sqrt(workload.head_width)

    def split(t: jax.Array) -> jax.Array:
        return t.reshape(*t.shape[:-1], heads, -1).swapaxes(-2, -3) if heads else t

    def join(t: jax.Array) -> jax.Array:
        if not heads:
            return t
        t = t.swapaxes(-2, -3)
        return t.reshape(*t.shape[:-2], -1)

    def loss(weights: dict) -> jax.Array:
        q, k, v = split(x @ weights["Wq"]), split(x @ weights["Wk"]), split(x @ weights["Wv"])
        s = q @ k.swapaxes(-1, -2) / scale
        if mask is not None:
            s = s + mask
        h = join(jax.nn.softmax(s, -1) @ v)
        o = h @ weights["Wo"] if heads else h
        z = o @ weights["w"]
        return jnp.mean(jnp.maximum(z, 0) - z * y + jnp.log1p(jnp.exp(-jnp.abs(z))))

    @jax.jit
    def update(weights: dict) -> tuple[jax.Array, dict]:
        value, grads = jax.value_and_grad(loss)(weights)
        return value, jax.tree.map(lambda w, g: w - LEARNING_RATE * g, weights, grads)

    state = {"weights": {name: jnp.asarray(v) for name, v in data.weights.items()}}

    def step() -> None:
        _, state["weights"] = jax.block_until_ready(update(state["weights"]))

    def gradients() -> dict[str, np.ndarray]:
        found = jax.jit(jax.grad(loss))(state["weights"])
        return {name: np.asarray(g) for name, g in found.items()}

    return step, gradients
