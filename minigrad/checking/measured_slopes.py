"""Slopes along directions, a number for each: differences of the forward and of its gradient, a complex step."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from minigrad.checking.differences import EPS, Slope, complex_slope, mixed_slope, slope
from minigrad.checking.replay import Disturb, last_digit
from minigrad.checking.sample import Directions, Sample
from minigrad.checking.whole_gradients import slope_along
from minigrad.errors import MinigradError


def difference(sample: Sample, directions: Directions) -> Slope:
    if sample.subject.order == 1:
        return slope(sample.moved(directions), sample.c)
    return mixed_slope(sample.moved_twice(directions), sample.c)


def rounding_of_values(sample: Sample, k: int) -> float:
    return sample.rounding()


def of_gradient(sample: Sample, directions: Directions) -> Slope:
    k = next(iter(directions))  # they have their inner variables in common

    def along(t: float) -> Any:
        try:
            return _hand_slope(sample.shifted(sample.moves(directions, t)), k)
        except (MinigradError, np.linalg.LinAlgError):
            return np.nan  # beyond what an operation takes

    return slope(along, np.ones(()))


def _hand_slope(sample: Sample, k: int) -> Any:
    """The number that is differentiated by variable k, by the hand VJPs."""
    output, tensors = sample.recorded()
    known = output, sample.c
    for seed in sample.seeds(k):
        known = slope_along(known, seed, tensors)
    return 0.0 if known[0] is None else known[0].numpy()


def rounding_of_gradient(sample: Sample, k: int) -> float:
    here = _hand_slope(sample, k)
    return max(abs(float(_hand_slope(sample.perturbed(), k) - here)) for _ in range(3))


def imaginary(sample: Sample, directions: Directions) -> Slope:
    found = complex_slope(sample.moved(directions), sample.c)
    return replace(found, uncertainty=max(found.uncertainty, EPS * sample.natural), magnifies=1.0)


def rounding_of_imaginary(sample: Sample, k: int) -> float:
    """How far the slope moves: of ((x + 10¹⁶) − 10¹⁶)² it is 2 (x ± 1), which no imaginary part shows."""
    moves, found = {sample.subject.variables[k]: sample.widths(k)}, []
    for disturb in (None, *(last_digit(sample.rng) for _ in range(3))):

        def along(t: complex, disturb: Disturb | None = disturb) -> Any:
            moved = {node: t * d for node, d in moves.items()}
            return sample.replay.every(sample.leaves, disturb, moved)[sample.subject.output]

        found.append(complex_slope(along, sample.c).value)
    return max(abs(value - found[0]) for value in found)
