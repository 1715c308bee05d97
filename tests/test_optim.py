"""Optimisers follow the recurrences of their papers, and refuse what cannot be meant."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

import minigrad as mg
from minigrad.errors import ArgumentError, GradientError
from minigrad.optim import SGD, Adam, Optimizer, cosine

START = (1.0, -2.0, 0.5)
CURVATURE = (1.0, 3.0, 0.2)
STEPS = 40


def slope(i: int, x: float) -> float:
    """The derivative of Σ cᵢ cosh(xᵢ), written for one coordinate in plain numbers."""
    return CURVATURE[i] * math.sinh(x)


def sgd(lr: float, momentum: float, nesterov: bool) -> list[float]:
    result = []
    for i, x in enumerate(START):
        velocity = 0.0
        for _ in range(STEPS):
            g = slope(i, x)
            velocity = momentum * velocity + g
            x -= lr * (g + momentum * velocity if nesterov else velocity)
        result.append(x)
    return result


def adam(lr: float, b1: float, b2: float, eps: float) -> list[float]:
    result = []
    for i, x in enumerate(START):
        m = v = 0.0
        for t in range(1, STEPS + 1):
            g = slope(i, x)
            m = b1 * m + (1 - b1) * g
            v = b2 * v + (1 - b2) * g * g
            x -= lr * (m / (1 - b1**t)) / (math.sqrt(v / (1 - b2**t)) + eps)
        result.append(x)
    return result


Make = Callable[[list[mg.Tensor]], Optimizer]
TRAJECTORIES: list[tuple[Make, list[float]]] = [
    (lambda p: SGD(p, 0.1), sgd(0.1, 0.0, False)),
    (lambda p: SGD(p, 0.05, momentum=0.9), sgd(0.05, 0.9, False)),
    (lambda p: SGD(p, 0.05, momentum=0.9, nesterov=True), sgd(0.05, 0.9, True)),
    (lambda p: Adam(p, 0.1), adam(0.1, 0.9, 0.999, 1e-8)),
    (lambda p: Adam(p, 0.05, betas=(0.8, 0.95), eps=1e-3), adam(0.05, 0.8, 0.95, 1e-3)),
]


@pytest.mark.parametrize(("make", "expected"), TRAJECTORIES)
def test_trajectories(make: Make, expected: list[float]) -> None:
    x = mg.tensor(START, requires_grad=True)
    c = mg.tensor(CURVATURE)
    optimizer = make([x])
    for _ in range(STEPS):
        optimizer.zero_grad()
        (c * (mg.exp(x) + mg.exp(-x)) / 2).sum().backward()
        optimizer.step()
    np.testing.assert_allclose(x.numpy(), expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("make", [make for make, _ in TRAJECTORIES])
def test_shapes_and_dtypes_stay(make: Make) -> None:
    x = mg.tensor(np.ones((2, 3), np.float32), requires_grad=True)
    b = mg.tensor(1.0, requires_grad=True)
    optimizer = make([x, b])
    (x.sum() * b).backward()
    optimizer.step()
    assert x.numpy().dtype == np.float32
    assert x.shape == (2, 3)
    assert b.shape == ()
    assert (x.numpy() < 1).all()
    assert b.item() < 1


def test_adam_counts_the_steps_of_each_parameter() -> None:
    early, late = (mg.tensor([1.0], requires_grad=True) for _ in range(2))
    optimizer = Adam([early, late], 0.1)
    for x in (early, early, late):
        optimizer.zero_grad()
        x.sum().backward()
        optimizer.step()
    # With bias correction the first step has the size of the rate, whenever it comes.
    assert late.item() == pytest.approx(0.9, abs=1e-8)


def test_cosine_schedule() -> None:
    rate = cosine(0.4, 10)
    assert rate(0) == 0.4
    assert rate(5) == pytest.approx(0.2)
    assert rate(10) == rate(11) == pytest.approx(0, abs=1e-17)
    x = mg.tensor([1.0], requires_grad=True)
    optimizer = SGD([x], cosine(0.4, 2))
    rates = []
    for _ in range(3):
        rates.append(optimizer.lr)
        optimizer.zero_grad()
        x.sum().backward()
        optimizer.step()
    assert rates == pytest.approx([0.4, 0.2, 0.0])
    assert x.item() == pytest.approx(1 - 0.4 - 0.2)


def parameter() -> mg.Tensor:
    return mg.tensor([1.0], requires_grad=True)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: SGD([], 0.1), ArgumentError, "SGD: no parameters"),
        (lambda: SGD([mg.tensor([1.0])], 0.1), ArgumentError, r"is not a parameter"),
        (lambda: SGD([parameter() * 2], 0.1), ArgumentError, r"is not a parameter"),
        (lambda: SGD([parameter()], -0.1), ArgumentError, r"lr=-0.1"),
        (lambda: SGD([parameter()], math.nan), ArgumentError, r"lr=nan"),
        (lambda: SGD([parameter()], 0.1, momentum=1.0), ArgumentError, r"momentum=1.0"),
        (lambda: SGD([parameter()], 0.1, nesterov=True), ArgumentError, "needs momentum"),
        (lambda: Adam([parameter()], betas=(0.9, 1.0)), ArgumentError, r"betas\[1\]=1.0"),
        (lambda: Adam([parameter()], eps=-1), ArgumentError, "eps=-1"),
        (lambda: cosine(0.1, 0), ArgumentError, "steps=0"),
        (lambda: SGD([parameter()], 0.1).step(), GradientError, r"loss.backward\(\) before step"),
    ],
)
def test_errors_say_what_and_why(call: object, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()  # type: ignore[operator]
