"""Add a primitive: soft-capping, drawn, derived and checked like a built-in.

A row states facts. The forward runs, the VJP differentiates, the meaning is read by the symbolic side;
the check finds out whether the three say the same.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import minigrad as mg


def forward(x: Any, *, cap: float = 30.0) -> Any:
    """``cap tanh(x / cap)``: x where it is small, never beyond the cap."""
    return cap * np.tanh(x / cap)


def vjp(g: Any, y: Any, x: Any, *, cap: float = 30.0) -> Any:
    """The cotangent times the slope, 1 - (y / cap)^2, written by the output."""
    return g * (1 - (y / cap) ** 2)


softcap = mg.elementwise("softcap", forward, vjps=(vjp,), meaning="cap*tanh(x/cap)")


def main() -> None:
    rng = np.random.default_rng(0)
    Q = mg.tensor(rng.normal(size=(4, 3)), name="Q", dims="n k", requires_grad=True)
    K = mg.tensor(rng.normal(size=(4, 3)), name="K", dims="n k", requires_grad=True)
    C = mg.tensor(rng.normal(size=(4, 4)), name="C", dims="n n")

    S = softcap(Q @ K.T, cap=5.0).named("S")
    A = mg.nn.functional.softmax(S).named("A")
    loss = (C * A).sum().named("L")

    (dQ,) = mg.gradients(loss, [Q])
    assert dQ is not None  # the loss depends on Q
    derivation = mg.derive(loss)
    print(derivation)
    print("same as the engine:", np.allclose(derivation["Q"](), dQ.numpy(), rtol=1e-12))
    print(derivation.check())
    print("drawn:", mg.draw(loss).source.count("node_") > 0)


if __name__ == "__main__":
    main()
