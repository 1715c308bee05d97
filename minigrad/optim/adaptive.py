"""Rules that divide a gradient by its own size: RMSprop and Adagrad."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from minigrad.optim.groups import Memory, Parameters
from minigrad.optim.numbers import at_least_zero, below_one
from minigrad.optim.optimizer import Array, Optimizer
from minigrad.optim.schedules import Schedule
from minigrad.optim.sgd import decayed


class RMSprop(Optimizer):
    """u = g / (√v + ε), where v ← α v + (1 − α) g² is the running mean of squares.

    Centred, v − m² with the running mean m of g takes the place of v; with momentum,
    b ← μ b + g / (√v + ε) and u = b.

    Parameters
    ----------
    parameters, lr
        As for :class:`Optimizer`.
    alpha
        α, at least 0 and less than 1.
    eps
        ε, which bounds the step where gradients vanish.
    weight_decay
        λ, which adds λ θ to g.
    momentum
        μ, at least 0 and less than 1.
    centered
        Whether the variance takes the place of the mean square.
    maximize
        Whether to climb, that is to use −g.

    Notes
    -----
    T. Tieleman and G. Hinton, Lecture 6.5 of Neural Networks for Machine Learning, 2012; centred:
    A. Graves, Generating Sequences With Recurrent Neural Networks, 2013, equations 38 to 45.
    """

    def __init__(
        self,
        parameters: Parameters,
        lr: float | Schedule = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            parameters,
            lr,
            alpha=alpha,
            eps=eps,
            weight_decay=weight_decay,
            momentum=momentum,
            centered=centered,
            maximize=maximize,
        )

    def check(self, options: SimpleNamespace) -> None:
        """The ranges of α, μ, ε and λ."""
        below_one("RMSprop", "alpha", options.alpha)
        below_one("RMSprop", "momentum", options.momentum)
        at_least_zero("RMSprop", "eps", options.eps)
        at_least_zero("RMSprop", "weight_decay", options.weight_decay)

    def update(
        self, value: Array, gradient: Array, memory: Memory, options: SimpleNamespace
    ) -> Array:
        """The rule in the class's first lines."""
        g = decayed(value, gradient, options)
        if not memory:
            memory.update({name: np.zeros_like(g) for name in self.remembered(options)})
        alpha = options.alpha
        v = memory["v"]
        v *= alpha
        v += (1 - alpha) * (g * g)
        if options.centered:
            m = memory["m"]
            m *= alpha
            m += (1 - alpha) * g
            # Rounding may leave a variance of 0 just below it.
            v = np.maximum(v - m * m, 0)
        u = g / (np.sqrt(v) + options.eps)
        if not options.momentum:
            return u
        b = memory["b"]
        b *= options.momentum
        b += u
        return b

    def remembered(self, options: SimpleNamespace) -> tuple[str, ...]:
        """The running means that are in use, and the velocity b where there is momentum."""
        centred = ("m",) if options.centered else ()
        return ("v", *centred, *(("b",) if options.momentum else ()))


class Adagrad(Optimizer):
    """u = g / (√v + ε), where v ← v + g² sums up all squares so far.

    The rate falls as well, to lr / (1 + (t − 1) η) at a parameter's step t.

    Parameters
    ----------
    parameters, lr
        As for :class:`Optimizer`.
    lr_decay
        η.
    weight_decay
        λ, which adds λ θ to g.
    initial_accumulator_value
        What v starts with.
    eps
        ε, which bounds the step where gradients vanish.
    maximize
        Whether to climb, that is to use −g.

    Notes
    -----
    J. Duchi, E. Hazan and Y. Singer, Adaptive Subgradient Methods for Online Learning and
    Stochastic Optimization, JMLR 12, 2011.
    """

    def __init__(
        self,
        parameters: Parameters,
        lr: float | Schedule = 1e-2,
        lr_decay: float = 0.0,
        weight_decay: float = 0.0,
        initial_accumulator_value: float = 0.0,
        eps: float = 1e-10,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            parameters,
            lr,
            lr_decay=lr_decay,
            weight_decay=weight_decay,
            initial_accumulator_value=initial_accumulator_value,
            eps=eps,
            maximize=maximize,
        )

    def check(self, options: SimpleNamespace) -> None:
        """None of the numbers is negative."""
        for name in ("lr_decay", "weight_decay", "initial_accumulator_value", "eps"):
            at_least_zero("Adagrad", name, getattr(options, name))

    def update(
        self, value: Array, gradient: Array, memory: Memory, options: SimpleNamespace
    ) -> Array:
        """The rule in the class's first lines."""
        g = decayed(value, gradient, options)
        if not memory:
            memory.update(t=0, v=np.full_like(g, options.initial_accumulator_value))
        t = memory["t"] = memory["t"] + 1
        v = memory["v"]
        v += g * g
        return g / (np.sqrt(v) + options.eps) / (1 + (t - 1) * options.lr_decay)

    def remembered(self, options: SimpleNamespace) -> tuple[str, ...]:
        """The count of steps and the sum of squares."""
        return ("t", "v")
