"""Long chains of unnamed steps record in linear time, and nothing recurses over them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.index.size import dim
from minigrad.symbolic import shapes

_STEPS: dict[str, Callable[[Any], Any]] = {
    "y/2 + 1": lambda y: y * 0.5 + 1,
    "log(1 + exp y)": lambda y: mg.log(1 + mg.exp(y)),
}


@pytest.mark.parametrize("step", _STEPS)
@pytest.mark.parametrize("of", ["symbols without sizes", "symbols", "an array that meets symbols"])
def test_a_long_chain_reads_the_shape_of_every_step_once(
    step: str, of: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = 0
    shape_of = shapes.broadcast_sizes

    def counted(*args: Any) -> Any:
        nonlocal asked
        asked += 1
        return shape_of(*args)

    monkeypatch.setattr(shapes, "broadcast_sizes", counted)
    length = 1500
    if of == "an array that meets symbols":
        y = mg.tensor(np.ones(4), name="c", dims="n", requires_grad=True)
    else:
        y = mg.symbols("x: n" if of == "symbols without sizes" else "x: 4")
    for k in range(length):
        y = _STEPS[step](y)
        if of == "an array that meets symbols" and k % 500 == 499:
            assert (y * mg.symbols("s: n")).shape == (dim("n"),)
    if of == "an array that meets symbols":
        y = y * mg.symbols("s: n")
    assert y.shape == ((4,) if of == "symbols" else (dim("n"),))
    steps = length * (2 if step == "y/2 + 1" else 3)
    assert asked <= 2 * steps + 2
