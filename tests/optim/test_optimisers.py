"""Optimisers follow the recurrences of their papers, and refuse what cannot be meant."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from torch_cases import B_START, OPTIMIZERS, RATE, WEIGHTS, references
from torch_cases import START as TORCH_START

import minigrad as mg
from minigrad import optim
from minigrad.errors import ArgumentError, GradientError, NonFiniteError
from minigrad.optim import SGD, Adam, AdamW, Optimizer, cosine

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


# -- PyTorch's trajectories ------------------------------------------------------------------------

REFERENCES = references("optimizers")


def follow(
    make: Make,
    kept: dict[str, list[float]],
    clip: Callable[..., object] | None = None,
    sign: int = 1,
) -> None:
    """Descend as the references did, and compare wherever they were kept."""
    W = mg.tensor(TORCH_START, requires_grad=True)
    b = mg.tensor(B_START, requires_grad=True)
    C = mg.tensor(WEIGHTS)
    optimizer = make([W, b])
    for step in range(1, max(map(int, kept)) + 1):
        optimizer.zero_grad()
        loss = (C * mg.cosh(W)).sum() + (b * W[0, 0] - 1) ** 2 + b * b / 2
        (sign * loss).backward()
        if clip is not None:
            clip([W, b])
        optimizer.step()
        if str(step) in kept:
            reached = [*W.numpy().ravel(), b.item()]
            np.testing.assert_allclose(reached, kept[str(step)], rtol=0, atol=1e-12)


def test_every_reference_is_followed() -> None:
    followed = {"optimizers": OPTIMIZERS, "schedules": SCHEDULED, "clips": CLIPPED}
    assert {what: table.keys() for what, table in followed.items()} == {
        what: table.keys() for what, table in REFERENCES.items()
    }


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_trajectories_are_pytorchs(name: str) -> None:
    kind, options = OPTIMIZERS[name]
    follow(
        lambda p: getattr(optim, kind)(p, **options),
        REFERENCES["optimizers"][name],
        sign=-1 if options.get("maximize") else 1,
    )


SCHEDULED = {
    "step": optim.step(RATE, 7, 0.5),
    "cosine": cosine(RATE, 30, 0.01),
    "linear": optim.linear(0.2 * RATE, 0.8 * RATE, 10),
    "linear warm-up, then cosine": optim.linear_warmup(5, cosine(RATE, 20), start=0.1),
}


@pytest.mark.parametrize("name", REFERENCES["schedules"])
def test_schedules_are_pytorchs(name: str) -> None:
    follow(lambda p: SGD(p, SCHEDULED[name]), REFERENCES["schedules"][name])


CLIPPED: dict[str, Callable[[list[mg.Tensor]], object]] = {
    "norm": lambda p: optim.clip_grad_norm(p, 0.7),
    "largest element": lambda p: optim.clip_grad_norm(p, 0.7, math.inf),
    "value": lambda p: optim.clip_grad_value(p, 0.3),
}


@pytest.mark.parametrize("name", REFERENCES["clips"])
def test_clipping_is_pytorchs(name: str) -> None:
    follow(lambda p: SGD(p, RATE), REFERENCES["clips"][name], CLIPPED[name])


# -- groups, rates, clipping -----------------------------------------------------------------------


def test_groups_have_options_of_their_own() -> None:
    a, b, c = (mg.tensor([1.0], requires_grad=True) for _ in range(3))
    groups = [{"params": [a], "weight_decay": 0.0}, {"params": b, "lr": 0.5}, {"params": {"c": c}}]
    optimizer = SGD(groups, 0.1, weight_decay=1.0)
    (a + b + c).sum().backward()
    optimizer.step()
    assert (a.item(), b.item(), c.item()) == pytest.approx((0.9, 0.0, 0.8))
    assert optimizer.parameters == [a, b, c]


def test_the_rate_can_be_set() -> None:
    x = parameter()
    optimizer = SGD([x], 0.1)
    optimizer.lr = 0.25
    assert optimizer.lr == 0.25
    optimizer.lr = cosine(0.4, 10)
    assert optimizer.lr == 0.4
    with pytest.raises(ArgumentError, match=r"SGD: lr=-1"):
        optimizer.lr = -1.0


def test_constant_and_linear_rates_stay() -> None:
    assert optim.constant(0.3)(1000) == 0.3
    rate = optim.linear(0.4, 0.2, 4)
    assert [rate(t) for t in (0, 2, 4, 9)] == pytest.approx([0.4, 0.3, 0.2, 0.2])
    rising = optim.linear_warmup(2, 0.4)
    assert [rising(t) for t in (0, 1, 2, 3)] == pytest.approx([0.0, 0.2, 0.4, 0.4])


def test_the_norm_is_told_and_small_gradients_stay() -> None:
    x, y = mg.tensor([3.0], requires_grad=True), mg.tensor([0.0], requires_grad=True)
    (x * x / 2 + 4 * y).sum().backward()
    assert optim.clip_grad_norm([x, y, parameter()], 10) == pytest.approx(5)
    assert x.grad.item() == 3.0
    optim.clip_grad_norm([x, y], 1)
    assert math.hypot(x.grad.item(), y.grad.item()) == pytest.approx(1, abs=1e-6)


def test_a_gradient_that_is_not_finite_is_named() -> None:
    x = mg.tensor([1.0], name="x", requires_grad=True)
    y = mg.tensor([1.0], name="y", requires_grad=True)
    x.grad, y.grad = mg.tensor([math.nan]), mg.tensor([1.0])
    with pytest.raises(
        NonFiniteError, match=r"is nan, because of x \(1,\) float64; find its first"
    ):
        optim.clip_grad_norm([x, y], 1)
    assert y.grad.item() == 1.0


# -- state: an interrupted run goes on to the same bits --------------------------------------------

RESUMED: list[Make] = [
    lambda p: SGD(p, cosine(0.1, 20), momentum=0.9),
    lambda p: Adam(p, optim.linear_warmup(4, 0.1), amsgrad=True),
    lambda p: AdamW(p, 0.1),
    lambda p: optim.RMSprop(p, centered=True, momentum=0.5),
    lambda p: optim.Adagrad(p, lr_decay=0.1),
]


def train(optimizer: Optimizer, steps: int) -> None:
    W, b = optimizer.parameters
    for _ in range(steps):
        optimizer.zero_grad()
        (mg.cosh(W) @ mg.tensor(WEIGHTS[:2]).sum(0) + b * W[0, 0]).sum().backward()
        optimizer.step()


@pytest.mark.parametrize("make", RESUMED)
def test_a_resumed_run_is_the_same_to_the_bit(make: Make) -> None:
    def start(W: object = TORCH_START, b: object = B_START) -> Optimizer:
        return make([mg.tensor(W, requires_grad=True), mg.tensor(b, requires_grad=True)])  # type: ignore[arg-type]

    whole, first = start(), start()
    train(whole, 12)
    train(first, 5)
    state = first.state_dict()
    second = start(*(p.numpy().copy() for p in first.parameters))
    second.load_state_dict(state)
    train(first, 1)  # what the state holds is its own
    train(second, 7)
    for p, q in zip(whole.parameters, second.parameters, strict=True):
        assert (p.numpy() == q.numpy()).all()
    assert second.steps == 12
    assert all((second.state_dict()[k] == v).all() for k, v in whole.state_dict().items())


def test_states_are_named_like_the_parameters() -> None:
    layer = mg.nn.Linear(2, 3, rng=0)
    layer(mg.tensor([[1.0, 2.0]])).sum().backward()
    optimizer = Adam(layer.named_parameters())
    optimizer.step()
    assert set(optimizer.state_dict()) == {"steps", "W.t", "W.m", "W.v", "b.t", "b.m", "b.v"}
    assert set(Adam(layer.parameters()).state_dict()) == {"steps"}


def test_a_state_that_does_not_fit_is_refused_whole() -> None:
    layer = mg.nn.Linear(2, 3, rng=0)
    optimizer = Adam(layer.named_parameters())
    layer(mg.tensor([[1.0, 2.0]])).sum().backward()
    optimizer.step()
    before = optimizer.state_dict()
    state = before | {
        "W.m": np.zeros(2),
        "W.v": np.array(["x"] * 6).reshape(2, 3),
        "c.m": np.ones(1),
    }
    del state["b.v"], state["steps"]
    with pytest.raises(ArgumentError) as caught:
        optimizer.load_state_dict(state)
    assert str(caught.value).splitlines() == [
        "load_state_dict: the state does not fit Adam; "
        "load it into an optimiser of the same kind, options and parameters",
        "  mismatched: W.m has shape (2,), not (2, 3)",
        "  mismatched: W.v has dtype <U1, which holds no real numbers",
        "  missing: b.v",
        "  missing: steps",
        "  unexpected: c.m (1,)",
    ]
    assert all((optimizer.state_dict()[k] == v).all() for k, v in before.items())


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda p: SGD([p, p], 0.1), "a parameter is given twice"),
        (
            lambda p: SGD([{"params": p, "beta": 1}], 0.1),
            r"a group has the entries \['beta', 'params'\]",
        ),
        (lambda p: SGD([{"lr": 1.0}], 0.1), "it needs 'params'"),
        (lambda p: SGD([{"params": p, "momentum": 2.0}], 0.1), "momentum=2.0"),
        (lambda p: SGD([p], 0.1, weight_decay=-1), "weight_decay=-1"),
        (lambda p: SGD([p], 0.1, momentum=0.9, dampening=0.5, nesterov=True), "no dampening"),
        (lambda p: AdamW([p], weight_decay=-1), "AdamW: weight_decay=-1"),
        (lambda p: optim.RMSprop([p], alpha=1.0), "RMSprop: alpha=1.0"),
        (lambda p: optim.Adagrad([p], eps=-1.0), "Adagrad: eps=-1.0"),
        (lambda p: optim.step(0.1, 0), "step: every=0"),
        (lambda p: optim.step(0.1, 3, 0.0), "step: factor=0.0"),
        (lambda p: optim.linear(0.1, -0.1, 3), "linear: end=-0.1"),
        (lambda p: optim.linear_warmup(0, 0.1), "linear_warmup: steps=0"),
        (lambda p: optim.clip_grad_norm([p], -1), "max_norm=-1"),
        (lambda p: optim.clip_grad_norm([p], 1, 0), "norm_type=0"),
        (lambda p: optim.clip_grad_value([p], -1), "clip_value=-1"),
        (lambda p: SGD(p, 0.1), r"parameters are a list; write \[parameter\]"),
        (lambda p: SGD([p], "0.1"), "lr='0.1'"),
        (lambda p: Adam([p], betas=0.9), "betas=0.9, but they are two"),
        (lambda p: cosine(0.1, "3"), "steps='3'"),
        (lambda p: SGD([p], lr=True), "lr=True"),
        *((lambda p, state=state: Adam([p]).load_state_dict(state), "a mapping of names") for state in (None, 3, [])),
    ],
)
def test_options_that_make_no_sense(call: Callable[[mg.Tensor], object], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        call(parameter())


@pytest.mark.parametrize("rate", [np.nan, -1.0, np.inf, None, "0.1", np.ones(2)])
def test_a_schedule_that_gives_no_rate_moves_nothing(rate: Any) -> None:
    first, second = parameter(), parameter()
    before = first.numpy().copy()
    optimizer = SGD([{"params": [first], "lr": 0.1}, {"params": [second], "lr": lambda steps: rate}], 0.1)
    ((first * first).sum() + second.sum()).backward()
    with pytest.raises(ArgumentError, match=r"SGD: lr\(0\)=.*, but it must be a number of at least 0"):
        optimizer.step()
    assert optimizer.steps == 0
    assert (first.numpy() == before).all()


def test_a_schedule_may_give_an_array_of_one_number() -> None:
    p = parameter()
    before = p.numpy().copy()
    p.sum().backward()
    SGD([p], lambda steps: np.array(0.5)).step()
    assert np.allclose(p.numpy(), before - 0.5)
