"""Adam, and its relative with decoupled weight decay."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np

from minigrad.errors import ArgumentError
from minigrad.optim.groups import Memory, Parameters
from minigrad.optim.numbers import at_least_zero, below_one
from minigrad.optim.optimizer import Array, Optimizer
from minigrad.optim.schedules import Schedule
from minigrad.optim.sgd import decayed


class Adam(Optimizer):
    """Steps of even size, u = m̂ / (√v̂ + ε), from running means of g and g².

    m ← β₁ m + (1 − β₁) g and v ← β₂ v + (1 − β₂) g² start at 0, which m̂ = m / (1 − β₁ᵗ) and
    v̂ = v / (1 − β₂ᵗ) correct. Each parameter counts its own steps t.

    Parameters
    ----------
    parameters, lr
        As for :class:`Optimizer`.
    betas
        β₁ and β₂, each at least 0 and less than 1.
    eps
        ε, which bounds the step where gradients vanish.
    weight_decay
        λ, which adds λ θ to g.
    amsgrad
        Whether the largest v so far takes the place of v.
    maximize
        Whether to climb, that is to use −g.

    Notes
    -----
    D. Kingma and J. Ba, Adam: A Method for Stochastic Optimization, ICLR 2015, algorithm 1;
    S. Reddi, S. Kale and S. Kumar, On the Convergence of Adam and Beyond, ICLR 2018, algorithm 2.
    """

    def __init__(
        self,
        parameters: Parameters,
        lr: float | Schedule = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            parameters,
            lr,
            betas=betas,
            eps=eps,
            weight_decay=weight_decay,
            amsgrad=amsgrad,
            maximize=maximize,
        )

    def check(self, options: SimpleNamespace) -> None:
        """The ranges of β₁, β₂, ε and λ."""
        name = type(self).__name__
        if not isinstance(options.betas, tuple | list) or len(options.betas) != 2:
            raise ArgumentError(f"{name}: betas={options.betas!r}, but they are two, (β₁, β₂)")
        first, second = options.betas
        below_one(name, "betas[0]", first)
        below_one(name, "betas[1]", second)
        at_least_zero(name, "eps", options.eps)
        at_least_zero(name, "weight_decay", options.weight_decay)

    def update(
        self, value: Array, gradient: Array, memory: Memory, options: SimpleNamespace
    ) -> Array:
        """The rule in the class's first line."""
        return adaptive_step(decayed(value, gradient, options), memory, options)

    def remembered(self, options: SimpleNamespace) -> tuple[str, ...]:
        """The count of steps, the running means, and with ``amsgrad`` the largest v."""
        return ("t", "m", "v", "largest") if options.amsgrad else ("t", "m", "v")


class AdamW(Adam):
    """Adam with weight decay beside the gradient, u = m̂ / (√v̂ + ε) + λ θ.

    Parameters
    ----------
    parameters, lr, betas, eps, amsgrad, maximize
        As for :class:`Adam`.
    weight_decay
        λ.

    Notes
    -----
    I. Loshchilov and F. Hutter, Decoupled Weight Decay Regularization, ICLR 2019, algorithm 2.
    """

    def __init__(
        self,
        parameters: Parameters,
        lr: float | Schedule = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(parameters, lr, betas, eps, weight_decay, amsgrad, maximize=maximize)

    def update(
        self, value: Array, gradient: Array, memory: Memory, options: SimpleNamespace
    ) -> Array:
        """The rule in the class's first line."""
        u = adaptive_step(-gradient if options.maximize else gradient, memory, options)
        return u + options.weight_decay * value if options.weight_decay else u


def adaptive_step(g: Array, memory: Memory, options: SimpleNamespace) -> Array:
    """m̂ / (√v̂ + ε); the memory's arrays are changed in place."""
    if not memory:
        memory.update(t=0, m=np.zeros_like(g), v=np.zeros_like(g))
    first, second = options.betas
    t = memory["t"] = memory["t"] + 1
    m, v = memory["m"], memory["v"]
    m *= first
    m += (1 - first) * g
    square = g * g
    square *= 1 - second
    v *= second
    v += square
    if options.amsgrad:
        v = memory["largest"] = np.maximum(memory["largest"], v) if t > 1 else v.copy()
    scale = np.sqrt(v)
    scale /= math.sqrt(1 - second**t)
    scale += options.eps
    return m / scale / (1 - first**t)
