"""Stochastic gradient descent."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from minigrad.errors import ArgumentError
from minigrad.optim.groups import Memory, Parameters
from minigrad.optim.numbers import at_least_zero, below_one
from minigrad.optim.optimizer import Array, Optimizer
from minigrad.optim.schedules import Schedule


class SGD(Optimizer):
    """Stochastic gradient descent, u = g; with momentum, v ← μ v + (1 − τ) g and u = v.

    The first v is g. Nesterov's variant looks ahead, u = g + μ v.

    Parameters
    ----------
    parameters, lr
        As for :class:`Optimizer`.
    momentum
        μ, at least 0 and less than 1.
    dampening
        τ, at least 0 and less than 1.
    weight_decay
        λ, which adds λ θ to g.
    nesterov
        Whether to look ahead; needs momentum, and no dampening.
    maximize
        Whether to climb, that is to use −g.

    Notes
    -----
    I. Sutskever et al., On the importance of initialization and momentum in deep learning, ICML
    2013, with the learning rate outside of v.
    """

    def __init__(
        self,
        parameters: Parameters,
        lr: float | Schedule = 1e-3,
        momentum: float = 0.0,
        nesterov: bool = False,
        *,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            parameters,
            lr,
            momentum=momentum,
            nesterov=nesterov,
            dampening=dampening,
            weight_decay=weight_decay,
            maximize=maximize,
        )

    def check(self, options: SimpleNamespace) -> None:
        """The ranges of momentum, dampening and weight decay, and what Nesterov's variant needs."""
        below_one("SGD", "momentum", options.momentum)
        below_one("SGD", "dampening", options.dampening)
        at_least_zero("SGD", "weight_decay", options.weight_decay)
        if options.nesterov and (not options.momentum or options.dampening):
            raise ArgumentError(
                "SGD: nesterov=True needs momentum, for example momentum=0.9, and no dampening"
            )

    def update(
        self, value: Array, gradient: Array, memory: Memory, options: SimpleNamespace
    ) -> Array:
        """The rule in the class's first line."""
        g = decayed(value, gradient, options)
        momentum = options.momentum
        if not momentum:
            return g
        if "v" in memory:
            v = memory["v"]
            v *= momentum
            v += g if not options.dampening else (1 - options.dampening) * g
        else:
            v = memory["v"] = np.array(g)
        return g + momentum * v if options.nesterov else v

    def remembered(self, options: SimpleNamespace) -> tuple[str, ...]:
        """The velocity v, where there is momentum."""
        return ("v",) if options.momentum else ()


def decayed(value: Array, gradient: Array, options: SimpleNamespace) -> Array:
    """The gradient with λ θ added to it, turned around where one climbs."""
    g = -gradient if options.maximize else gradient
    return g + options.weight_decay * value if options.weight_decay else g
