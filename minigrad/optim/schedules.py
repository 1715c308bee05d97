"""Schedules: functions from the number of steps done to the learning rate of the next one.

A schedule has no memory, so that a run is resumed by the number of its steps alone.
"""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable
from typing import Any, ParamSpec

from minigrad.elsewhere import options_said
from minigrad.optim.numbers import above_zero, at_least_one, at_least_zero

Schedule = Callable[[int], float]
_P = ParamSpec("_P")


class Rate:
    """A schedule that says how it was made."""

    def __init__(self, text: str, rate: Schedule, made: tuple[Any, ...]) -> None:
        self._text, self._rate, self._made = text, rate, made

    def __call__(self, done: int) -> float:
        """The rate of the step after so many."""
        return self._rate(done)

    def __repr__(self) -> str:
        return self._text

    def __reduce__(self) -> tuple[Any, ...]:
        return _made_again, self._made


def _made_again(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    return globals()[name](*args, **kwargs)


def _said(make: Callable[_P, Schedule]) -> Callable[_P, Schedule]:
    """Let what a function makes say how it was made."""

    @functools.wraps(make)
    def run(*args: _P.args, **kwargs: _P.kwargs) -> Schedule:
        rate = make(*args, **kwargs)
        given = inspect.signature(make).bind(*args, **kwargs)
        told = ", ".join(f"{name}={in_words(value)}" for name, value in given.arguments.items())
        return Rate(f"{make.__name__}({told})", rate, (make.__name__, args, kwargs))

    return options_said(run, bound=False)


def in_words(rate: Any) -> str:
    """A rate, or a schedule by the name of its function."""
    if isinstance(rate, float):
        return f"{rate:g}"
    return getattr(rate, "__name__", repr(rate)) if callable(rate) else repr(rate)


@_said
def constant(lr: float) -> Schedule:
    """The same rate at every step.

    Raises
    ------
    ArgumentError
        When ``lr`` is negative.
    """
    rate = at_least_zero("constant", "lr", lr)
    return lambda t: rate


@_said
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


@_said
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


@_said
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


@_said
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
