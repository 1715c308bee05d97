"""Heads that are split off a width by a reshape are joined when all is multiplied, not before."""

from __future__ import annotations

import math

import numpy as np
import pytest

import minigrad as mg
from minigrad.index.size import value_of
from minigrad.program import in_order, program

B, N, D, H = 3, 5, 8, 2


def heads(t: mg.Tensor) -> mg.Tensor:
    return t.reshape(B, N, H, D // H).swapaxes(1, 2)


def attention(joined: bool) -> tuple[mg.Tensor, dict[str, mg.Tensor]]:
    rng = np.random.default_rng(0)
    x = mg.tensor(rng.normal(size=(B, N, D)), name="X")
    w = {n: mg.tensor(rng.normal(size=(D, D)), name=n, requires_grad=True) for n in ("Wq", "Wk", "Wv")}
    q, k, v = (heads(x @ each) for each in w.values())
    a = mg.nn.functional.softmax(q @ k.mT / 2.0) @ v
    out = a.swapaxes(1, 2).reshape(B, N, D) if joined else a
    return mg.sum(out**3 if joined else mg.tanh(out)), w


@pytest.mark.parametrize("joined", [False, True])
def test_no_array_is_larger_than_the_scores(joined: bool) -> None:
    loss, w = attention(joined)
    derived = mg.derive(loss, wrt=list(w))
    made = program([f.expr for f in derived.values()], derived.reading.lowered.sizes)
    largest = max(math.prod(value_of(s, {}) for s in v.sizes) for v in in_order(made.results))
    assert largest == B * H * N * N
    loss.backward()
    for name, value in derived().items():
        np.testing.assert_allclose(value, w[str(name)].grad.numpy(), rtol=1e-10, atol=1e-12)


def test_blocks_of_a_part_of_an_axis_are_counted_once() -> None:
    loss = mg.parse("sum(sum(reshape(x[:4], (2, 2)), axis=1) * g)", x="5", g="2")
    derived = mg.derive(loss, "x")["x"]
    np.testing.assert_array_equal(derived({"g": [1.0, 10.0]}), [1, 1, 10, 10, 0])
