"""What the settings of optimisers and schedules must be."""

from __future__ import annotations

import math

import numpy as np

from minigrad.errors import ArgumentError


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)


def at_least_zero(where: str, what: str, value: float) -> float:
    """A finite number that is not negative.

    Raises
    ------
    ArgumentError
        When it is not; so do the others.
    """
    if not _is_number(value) or not 0 <= value < math.inf:
        raise ArgumentError(f"{where}: {what}={value!r}, but it must be a number of at least 0")
    return value


def below_one(where: str, what: str, value: float) -> float:
    """A number of at least 0 and less than 1."""
    if not _is_number(value) or not 0 <= value < 1:
        raise ArgumentError(f"{where}: {what}={value!r}, but it must be at least 0 and less than 1")
    return value


def above_zero(where: str, what: str, value: float) -> float:
    """A positive number."""
    if not _is_number(value) or not value > 0:
        raise ArgumentError(f"{where}: {what}={value!r}, but it must be above 0")
    return value


def at_least_one(where: str, what: str, value: int) -> int:
    """A number of steps that is not empty."""
    if not _is_number(value) or not value >= 1:
        raise ArgumentError(f"{where}: {what}={value!r}, but a schedule lasts at least one step")
    return value
