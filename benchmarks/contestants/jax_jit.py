"""JAX, the whole step compiled."""

from __future__ import annotations

import math
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.workloads import EPS, LEARNING_RATE, Data, Workload


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

    def linear(x: jax.Array, p: dict, c: str) -> jax.Array:
        y = x @ p[f"W{c}"]
        return y + p[f"b{c}"] if f"b{c}" in p else y

    def attention(x: jax.Array, p: dict) -> jax.Array:
        q, k, v = (split(linear(x, p, c)) for c in "qkv")
        s = q @ k.swapaxes(-1, -2) / scale
        if mask is not None:
            s = s + mask
        h = join(jax.nn.softmax(s, -1) @ v)
        return linear(h, p, "o") if heads else h

    def norm(x: jax.Array, p: dict, c: str) -> jax.Array:
        r = x - jnp.mean(x, -1, keepdims=True)
        z = r / jnp.sqrt(jnp.mean(r**2, -1, keepdims=True) + EPS)
        return z * p[f"gamma{c}"] + p[f"beta{c}"]

    def gelu(u: jax.Array) -> jax.Array:
        return jax.nn.gelu(u, approximate=False)

    def loss(p: dict) -> jax.Array:
        if workload.block:
            r = x + attention(norm(x, p, "1"), p)
            return jnp.mean((r + linear(gelu(linear(norm(r, p, "2"), p, "1")), p, "2")) ** 2)
        z = attention(x, p) @ p["w"]
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
