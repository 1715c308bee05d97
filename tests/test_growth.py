"""Twice as many layers are twice as much work: to derive, print, write, run, draw and check.

Work is counted in calls of Python functions, which are nodes visited, simplifications, steps of programs
and all else; a clock would count what else the machine does.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minigrad as mg

MOST = 2.3


def calls(run: Callable[[], Any]) -> tuple[int, Any]:
    """How many functions are called on the way to a result."""
    count = 0

    def seen(frame: Any, event: str, arg: Any) -> None:
        nonlocal count
        count += event == "call"

    before = sys.getprofile()
    sys.setprofile(seen)
    try:
        result = run()
    finally:
        sys.setprofile(before)
    return count, result


def blocks(count: int, name: str) -> mg.Tensor:
    """The mean square of a stack of transformer blocks."""
    x = mg.tensor(np.random.default_rng(0).normal(size=(3, 4)), name=name, dims="t d")
    model = mg.nn.Sequential(*(mg.nn.TransformerBlock(4, 2, causal=True) for _ in range(count)))
    return mg.mean(model(x) ** 2)


def perceptron(layers: int, name: str) -> mg.Tensor:
    """A chain of tanh layers in which no step has a name."""
    rng = np.random.default_rng(0)
    h = mg.tensor(rng.normal(size=(3, 4)), name=name)
    for k in range(layers):
        w = mg.tensor(rng.normal(size=(4, 4)), name=f"W{k}", requires_grad=True)
        b = mg.tensor(rng.normal(size=4), name=f"b{k}", requires_grad=True)
        h = mg.tanh(h @ w + b)
    return mg.mean(h**2)


def recurrence(steps: int, name: str) -> mg.Tensor:
    """A recurrent network with the same weights at each step."""
    rng = np.random.default_rng(0)
    x = mg.tensor(rng.normal(size=(steps, 4)), name=name)
    w, u = (mg.tensor(rng.normal(size=(4, 4)) / 2, name=n, requires_grad=True) for n in "WU")
    h = mg.tanh(x[0] @ u)
    for t in range(1, steps):
        h = mg.tanh(h @ w + x[t] @ u)
    return mg.mean(h**2)


# How each is made, and how many layers it is derived and written with, drawn and checked with, at least.
CHAINS: dict[str, tuple[Callable[[int, str], mg.Tensor], int, int]] = {
    "transformer blocks": (blocks, 4, 1),
    "tanh layers": (perceptron, 16, 8),
    "recurrent steps": (recurrence, 24, 12),
}


def read(loss: mg.Tensor) -> dict[str, int]:
    """The work of reading a loss."""
    derived, derivation = calls(lambda: mg.derive(loss))
    printed, _ = calls(lambda: str(derivation))
    return {
        "derive": derived,
        "print": printed,
        "source": calls(derivation.source)[0],
        "evaluate": calls(derivation)[0],
    }


def judged(loss: mg.Tensor) -> dict[str, int]:
    """The work of drawing and checking a loss."""
    drawn, _ = calls(lambda: mg.draw(loss, backward=True).source)
    derivation = mg.derive(loss)
    checked, report = calls(lambda: derivation.check(seeds=1))
    assert report.verdict == "pass"
    return {"draw": drawn, "check": checked}


@pytest.mark.long("part")
@pytest.mark.parametrize("chain", CHAINS)
def test_work_grows_with_depth_and_no_faster(chain: str) -> None:
    make, *depths = CHAINS[chain]
    for work in (read, judged):
        work(make(1, "warm"))  # libraries load, and what does not depend on depth is known afterwards
    for work, depth in zip((read, judged), depths, strict=True):
        # other names, so that nothing is known of the one from the other
        once, twice = (work(make(count, f"x{count}")) for count in (depth, 2 * depth))
        ratios = {what: twice[what] / once[what] for what in once}
        assert max(ratios.values()) <= MOST, ratios
