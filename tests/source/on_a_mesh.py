"""Run on its own, with eight virtual devices: every step on a mesh against the engine."""

from __future__ import annotations

import os

os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=8"
from typing import Any, NamedTuple

import jax
import numpy as np
import source_cases
from source_cases import compiled, engine_gradient

import minigrad as mg
from minigrad.checking.replay import Replay

SIZES = {"b": 16, "n": 8, "d": 6, "h": 4, "k": 3, "e": 3, "c": 5, "v": 7}
ATTENTION = (
    "Q = einsum('bnd,dhk->bhnk', X, Wq); K = einsum('bnd,dhk->bhnk', X, Wk); V = einsum('bnd,dhe->bhne', X, Wv);"
    "A = softmax(Q @ swapaxes(K, -1, -2) / sqrt(k), axis=-1);"
    "z = mean(einsum('bhne,he->bn', A @ V, w), axis=1); mean(softplus(z) - y * z)"
)


class Case(NamedTuple):
    text: str
    declared: dict[str, str]
    shard: dict[str, Any]
    wrt: tuple[str, ...]
    mesh: tuple[tuple[str, int], ...] = (("data", 8),)


def case(text: str, declared: str, shard: dict[str, Any], wrt: str, *mesh: tuple[str, int]) -> Case:
    parts = (part.split(":") for part in declared.split(","))
    return Case(
        text, {n.strip(): d.strip() for n, d in parts}, shard, tuple(wrt.split()), mesh or (("data", 8),)
    )


HEADS = "X: b n d, Wq: d h k, Wk: d h k, Wv: d h e, w: h e, y: b | 0/1"
CASES = [
    case(ATTENTION, HEADS, {"b": "data"}, "Wq Wk Wv w X"),
    case(ATTENTION, HEADS, {"b": "data", "h": "model"}, "Wq Wk Wv w X", ("data", 4), ("model", 2)),
    case(ATTENTION, HEADS, {"b": ("data", "spare")}, "Wq X", ("data", 4), ("spare", 2)),
    case("mean((X @ w - y)**2) + sum(w**2) / b", "X: b n, w: n, y: b", {"b": "data"}, "w X"),
    case("mean((X @ w - y)**2)", "X: b n, w: n, y: b", {"n": "data"}, "w X"),
    case("cross_entropy(X @ W + u, y)", "X: b d, W: d c, u: c, y: b | index", {"b": "data"}, "W u X"),
    case("mean(tanh(E[t] @ W) @ u)", "E: v d, t: b n | index, W: d c, u: c", {"b": "data"}, "E W"),
    case("sum(layer_norm(tanh(X @ W), 5) * C)", "X: b n d, W: d 5, C: b n 5", {"b": "data"}, "W X"),
    case("mean(softmax(reshape(X, (b*n, d)) @ W, axis=1)[:, 0])", "X: b n d, W: d c", {"b": "data"}, "W"),
    case("sum(sin(broadcast_to(s, (b, n))) * x)", "s: , x: b n", {"b": "data"}, "s x"),
    case("mean(max(X @ W, axis=1) * where(y > 0, 1, -1))", "X: b d, W: d c, y: b", {"b": "data"}, "W"),
    case("-mean(log(softmax(X @ W, axis=1)) @ u)", "X: b d, W: d c, u: c", {"b": "data"}, "W"),
]  # fmt: skip


def array(text: str, rng: np.random.Generator) -> Any:
    dims, _, assume = text.partition("|")
    shape = [SIZES.get(word) or int(word) for word in dims.split()]
    if assume.strip() == "index":
        return rng.integers(0, 5, size=shape)
    drawn = rng.normal(size=shape)
    return (drawn > 0).astype(float) if assume.strip() == "0/1" else drawn


def judge(chosen: Case) -> None:
    rng = np.random.default_rng(1)
    arrays = {name: array(text, rng) for name, text in chosen.declared.items()}
    loss = mg.parse(chosen.text, **chosen.declared)
    step = compiled(mg.derive(loss, wrt=chosen.wrt).source("jax", shard=chosen.shard))
    names, lengths = zip(*chosen.mesh, strict=True)
    mesh = jax.sharding.Mesh(np.array(jax.devices()).reshape(lengths), names)
    value, found = jax.jit(lambda given: step(mesh, **given))(arrays)
    program = Replay(loss._node, SIZES)
    leaves = {leaf: np.asarray(arrays.get(leaf.name, leaf.value)) for leaf in program.leaves}
    right, _ = program.record(leaves, set())
    np.testing.assert_allclose(value, right.numpy(), rtol=1e-12, atol=1e-12)
    for name in chosen.wrt:
        engine = engine_gradient(source_cases.Case(chosen.text, chosen.declared, name), arrays, 1.0, SIZES)
        np.testing.assert_allclose(found[name], engine, rtol=1e-12, atol=1e-12, err_msg=name)


if __name__ == "__main__":
    jax.config.update("jax_enable_x64", True)
    for chosen in CASES:
        judge(chosen)
        print(chosen.text)
