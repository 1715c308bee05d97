"""Optimisers: rules that move parameters against their gradients, θ ← θ − update."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigrad.errors import ArgumentError, GradientError
from minigrad.graph.tensor import Tensor

Array = NDArray[Any]
Schedule = Callable[[int], float]


class Optimizer:
    """What all rules share: the parameters, the count of steps, and each parameter's memory.

    A rule says in :meth:`update` how far one parameter moves; ``memory`` is that parameter's own
    and lasts from step to step.

    Parameters
    ----------
    parameters
        Leaves that require a gradient, for example ``model.parameters()``.
    lr
        The learning rate, or a schedule: a function from the number of steps done to the rate.

    Raises
    ------
    ArgumentError
        When there are no parameters, one is not a leaf that requires a gradient, or the rate is
        negative.
    """

    def __init__(self, parameters: Iterable[Tensor], lr: float | Schedule) -> None:
        self.parameters = list(parameters)
        name = type(self).__name__
        if not self.parameters:
            raise ArgumentError(f"{name}: no parameters were given; pass model.parameters()")
        for p in self.parameters:
            if not isinstance(p, Tensor) or not p.requires_grad or p._node.op is not None:  # type: ignore[union-attr]
                raise ArgumentError(
                    f"{name}: {p!r} is not a parameter; "
                    "make it with minigrad.tensor(data, requires_grad=True)"
                )
        self._rate = lr if callable(lr) else _constant(_at_least_zero(name, "lr", lr))
        self.steps = 0
        self.memory: list[dict[str, Array]] = [{} for _ in self.parameters]

    @property
    def lr(self) -> float:
        """The learning rate of the next step."""
        return self._rate(self.steps)

    def update(self, value: Array, gradient: Array, memory: dict[str, Array]) -> Array:
        """How far one parameter moves, in its shape; ``self.steps`` counts this step too."""
        raise NotImplementedError(f"{type(self).__name__} does not define update")

    def step(self) -> None:
        """Move every parameter that has a gradient.

        Raises
        ------
        GradientError
            When none has one.
        """
        moving = [
            (p, p.grad.numpy(), memory)
            for p, memory in zip(self.parameters, self.memory, strict=True)
            if p.grad is not None
        ]
        if not moving:
            raise GradientError(
                f"{type(self).__name__}.step: no parameter has a gradient; "
                "call loss.backward() before step()"
            )
        rate = self.lr
        self.steps += 1
        for p, gradient, memory in moving:
            value = p.numpy()
            p.assign(value - rate * self.update(value, gradient, memory))

    def zero_grad(self) -> None:
        """Forget all gradients."""
        for p in self.parameters:
            p.grad = None


class SGD(Optimizer):
    """Stochastic gradient descent, u = g; with momentum, v ← μ v + g and u = v.

    Nesterov's variant looks ahead, u = g + μ v.

    Parameters
    ----------
    parameters, lr
        As for :class:`Optimizer`.
    momentum
        μ, at least 0 and less than 1.
    nesterov
        Whether to look ahead; needs momentum.

    Notes
    -----
    I. Sutskever et al., On the importance of initialization and momentum in deep learning, ICML
    2013, with the learning rate outside of v.
    """

    def __init__(
        self,
        parameters: Iterable[Tensor],
        lr: float | Schedule,
        momentum: float = 0.0,
        nesterov: bool = False,
    ) -> None:
        super().__init__(parameters, lr)
        self.momentum = _below_one("SGD", "momentum", momentum)
        self.nesterov = nesterov
        if nesterov and not momentum:
            raise ArgumentError("SGD: nesterov=True needs momentum, for example momentum=0.9")

    def update(self, value: Array, gradient: Array, memory: dict[str, Array]) -> Array:
        """The rule in the class's first line."""
        if not self.momentum:
            return gradient
        velocity = self.momentum * memory["v"] + gradient if "v" in memory else gradient
        memory["v"] = velocity
        return gradient + self.momentum * velocity if self.nesterov else velocity


class Adam(Optimizer):
    """Steps of even size, u = m̂ / (√v̂ + ε), from running means of g and g².

    m ← β₁ m + (1 − β₁) g and v ← β₂ v + (1 − β₂) g² start at 0, which m̂ = m / (1 − β₁ᵗ) and
    v̂ = v / (1 − β₂ᵗ) correct.

    Parameters
    ----------
    parameters, lr
        As for :class:`Optimizer`.
    betas
        β₁ and β₂, each at least 0 and less than 1.
    eps
        ε, which bounds the step where gradients vanish.

    Notes
    -----
    D. Kingma and J. Ba, Adam: A Method for Stochastic Optimization, ICLR 2015, algorithm 1.
    """

    def __init__(
        self,
        parameters: Iterable[Tensor],
        lr: float | Schedule = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
    ) -> None:
        super().__init__(parameters, lr)
        first, second = betas
        self.betas = _below_one("Adam", "betas[0]", first), _below_one("Adam", "betas[1]", second)
        self.eps = _at_least_zero("Adam", "eps", eps)

    def update(self, value: Array, gradient: Array, memory: dict[str, Array]) -> Array:
        """The rule in the class's first line."""
        # Each parameter counts its own steps: one without a gradient stands still.
        t = memory["t"] = memory.get("t", np.array(0)) + 1
        first, second = self.betas
        m = memory["m"] = _running(memory.get("m"), gradient, first)
        v = memory["v"] = _running(memory.get("v"), gradient * gradient, second)
        return (m / (1 - first**t)) / (np.sqrt(v / (1 - second**t)) + self.eps)


def cosine(lr: float, steps: int) -> Schedule:
    """The rate falls from lr to 0 along half a cosine, lr (1 + cos(π t / steps)) / 2.

    Raises
    ------
    ArgumentError
        When ``steps`` is not positive, or ``lr`` is negative.
    """
    if steps < 1:
        raise ArgumentError(f"cosine: steps={steps}, but a schedule lasts at least one step")
    highest = _at_least_zero("cosine", "lr", lr)
    return lambda t: highest * (1 + math.cos(math.pi * min(t, steps) / steps)) / 2


def _running(mean: Array | None, value: Array, beta: float) -> Array:
    return (1 - beta) * value if mean is None else beta * mean + (1 - beta) * value


def _constant(lr: float) -> Schedule:
    return lambda t: lr


def _at_least_zero(where: str, what: str, value: float) -> float:
    if not 0 <= value < math.inf:
        raise ArgumentError(f"{where}: {what}={value}, but it must be a number of at least 0")
    return value


def _below_one(where: str, what: str, value: float) -> float:
    if not 0 <= value < 1:
        raise ArgumentError(f"{where}: {what}={value}, but it must be at least 0 and less than 1")
    return value
