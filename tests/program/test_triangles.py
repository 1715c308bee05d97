"""A triangle over one summed axis is a running sum, also where it is moved by more than the axis has."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minigrad as mg


@pytest.mark.parametrize("function", ["tril", "triu"])
@pytest.mark.parametrize("k", [-5, -3, -2, -1, 0, 1, 2, 3, 5])
@pytest.mark.parametrize("dims", ["n", "3"])
def test_a_moved_running_sum_is_right_for_every_length(function: str, k: int, dims: str) -> None:
    text = f"sum(c * ({function}(outer(u, v), {k}) @ w))"
    derivation = mg.derive(mg.parse(text, u=dims, v=dims, w=dims, c=dims), wrt=["u", "v"])
    space: dict[str, Any] = {}
    exec(derivation.source("numpy"), space)
    for length in (1, 3, 6) if dims == "n" else (3,):
        rng = np.random.default_rng(length)
        u, v, w, c = (rng.normal(size=length) for _ in range(4))
        triangle = getattr(np, function)(np.ones((length, length)), k)
        expected = {"u": c * (triangle @ (v * w)), "v": w * (triangle.T @ (c * u))}
        values = {"u": u, "v": v, "w": w, "c": c}
        for found in (derivation(values), space["gradients"](**values)):
            for name, right in expected.items():
                np.testing.assert_allclose(found[name], right, rtol=1e-10, atol=1e-12)
