"""Schedules: functions from the number of steps done to the learning rate of the next one.

A schedule has no memory, so that a run is resumed by the number of its steps alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from minigrad.optim.numbers import above_zero, at_least_one, at_least_zero

Schedule = Callable[[int], float]


def constant(lr: float) -> Schedule:
    """The same rate at every step.

    Raises
    ------
    ArgumentError
        When ``lr`` is negative.
    """
    rate = at_least_zero("constant", "lr", lr)
    return lambda t: rate


def step(lr: float, every: int, factor: float = 0.1) -> Schedule:
    """The rate is multiplied by a factor after every so many steps, lr · factor^⌊t / every⌋.

    Raises
    ------
    ArgumentError
        When ``lr`` is negative, or ``every`` or ``factor`` is not positive.
    """
    first = at_least_zero("step", "lr", lr)
    at_least_one("step", "every", every)
    above_zero("step", "factor", factor)
    return lambda t: first * factor ** (t // every)


def linear(start: float, end: float, steps: int) -> Schedule:
    """The rate goes straight from start to end, start + (end − start) t / steps, and stays there.

    Raises
    ------
    ArgumentError
        When ``steps`` is not positive, or a rate is negative.
    """
    at_least_one("linear", "steps", steps)
    first, last = at_least_zero("linear", "start", start), at_least_zero("linear", "end", end)
    return lambda t: first + (last - first) * min(t, steps) / steps


def cosine(lr: float, steps: int, final: float = 0.0) -> Schedule:
    """The rate falls along half a cosine, final + (lr − final) (1 + cos(π t / steps)) / 2.

    After ``steps`` it stays at ``final``.

    Raises
    ------
    ArgumentError
        When ``steps`` is not positive, or a rate is negative.

    Notes
    -----
    I. Loshchilov and F. Hutter, SGDR: Stochastic Gradient Descent with Warm Restarts, ICLR 2017,
    equation 5, without restarts.
    """
    at_least_one("cosine", "steps", steps)
    highest, lowest = at_least_zero("cosine", "lr", lr), at_least_zero("cosine", "final", final)

    def rate(t: int) -> float:
        fallen = (1 + math.cos(math.pi * min(t, steps) / steps)) / 2
        return lowest + (highest - lowest) * fallen

    return rate


def linear_warmup(steps: int, then: Schedule | float, start: float = 0.0) -> Schedule:
    """The rate rises straight to the first one of another schedule, which then follows.

    For t < steps it is then(0) · (start + (1 − start) t / steps), afterwards then(t − steps).

    Parameters
    ----------
    steps
        How long the rate rises.
    then
        What follows: a schedule, or a constant rate.
    start
        The part of the first rate at step 0.

    Raises
    ------
    ArgumentError
        When ``steps`` is not positive, or a number is negative.

    Examples
    --------
    >>> import minigrad as mg
    >>> rate = mg.optim.linear_warmup(4, mg.optim.cosine(0.1, 100))
    >>> rate(0), rate(2), rate(4), round(rate(54), 12)
    (0.0, 0.05, 0.1, 0.05)
    """
    at_least_one("linear_warmup", "steps", steps)
    at_least_zero("linear_warmup", "start", start)
    after = then if callable(then) else constant(then)

    def rate(t: int) -> float:
        if t >= steps:
            return after(t - steps)
        return after(0) * (start + (1 - start) * t / steps)

    return rate
