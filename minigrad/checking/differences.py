"""Derivatives along a direction from values alone, each with an estimate of its own error."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

EPS = float(np.finfo(np.float64).eps)
# Steps to try: wide ones have the least rounding error, narrow ones keep clear of kinks and poles.
_STEPS = (3e-2, 3e-3, 3e-4, 1e-5)
_ONE_SIDED = (1e-4, 1e-6)
_IMAGINARY = 1e-30


@dataclass(frozen=True)
class Slope:
    """A directional derivative, how far it may be off, and whether the function has a kink here."""

    value: float
    uncertainty: float
    kink: bool = False


def slope(f: Callable[[float], Any], c: Any, steps: tuple[float, ...] = _STEPS) -> Slope:
    """D <c, f(t)>/dt at 0 by central differences, extrapolated twice (Richardson 1911, Ridders 1982).

    The error estimate is the last correction of the extrapolation, or the rounding error where that
    is larger; it is never trusted below what two different steps differ by.
    """
    found: list[tuple[float, float]] = []
    for step in steps:
        value, uncertainty = _extrapolated(f, c, step)
        if np.isfinite(value):
            found.append((uncertainty, value))
    if not found:
        return Slope(np.nan, np.inf, False)
    found.sort()
    uncertainty, value = found[0]
    if len(found) > 1:
        uncertainty = max(uncertainty, min(abs(value - other) for _, other in found[1:]) / 8)
    return Slope(value, uncertainty, _has_kink(f, c))


def _extrapolated(f: Callable[[float], Any], c: Any, h: float) -> tuple[float, float]:
    middle = [0.0, 0.0, 0.0]
    size = 0.0
    for k in range(3):
        width = h / 2**k
        above, below = f(width), f(-width)
        middle[k] = float(np.sum(c * (above - below))) / (2 * width)
        size = max(size, float(np.sum(np.abs(c * above))))
    once = [(4 * middle[1] - middle[0]) / 3, (4 * middle[2] - middle[1]) / 3]
    twice = (16 * once[1] - once[0]) / 15
    return twice, abs(twice - once[1]) + 8 * EPS * size / h


def _has_kink(f: Callable[[float], Any], c: Any) -> bool:
    """Whether the slopes from the left and the right differ however small the step."""
    here = f(0.0)
    jumps = []
    for h in _ONE_SIDED:
        right = float(np.sum(c * (f(h) - here))) / h
        left = float(np.sum(c * (here - f(-h)))) / h
        noise = 16 * EPS * float(np.sum(np.abs(c * here))) / h
        jumps.append((abs(right - left), noise, max(abs(right), abs(left), 1e-12)))
    (wide, _, _), (narrow, noise, size) = jumps
    return narrow > 10 * noise and narrow > 1e-3 * size and narrow > 0.5 * wide


def complex_slope(f: Callable[[complex], Any], c: Any) -> Slope:
    """D <c, f(t)>/dt at 0 as the imaginary part of f(ih)/h: no subtraction, so no rounding error.

    Squire and Trapp, Using complex variables to estimate derivatives of real functions (1998).
    """
    y = f(_IMAGINARY * 1j)
    parts = c * np.imag(y) / _IMAGINARY
    # steps inside f may cancel although the result does not show it: the value's own rounding bounds that
    size = float(np.sum(np.abs(parts))) + float(np.sum(np.abs(c * np.real(y))))
    return Slope(float(np.sum(parts)), 8 * EPS * size)


def mixed_slope(f: Callable[[float, float], Any], c: Any) -> Slope:
    """D² <c, f(s, t)>/ds dt at 0 by central differences on four points, extrapolated once."""
    best: Slope | None = None
    for h in (1e-1, 2e-2, 4e-3):
        wide, narrow, size = 0.0, 0.0, 0.0
        for width in (h, h / 2):
            corners = [f(a * width, b * width) for a in (1, -1) for b in (1, -1)]
            size = float(np.sum(np.abs(c * corners[0])))
            total = float(np.sum(c * (corners[0] - corners[1] - corners[2] + corners[3])))
            wide, narrow = narrow, total / (4 * width * width)
        value = (4 * narrow - wide) / 3
        uncertainty = abs(value - narrow) + 32 * EPS * size / (h * h)
        if np.isfinite(value) and (best is None or uncertainty < best.uncertainty):
            best = Slope(value, uncertainty)
    return best or Slope(np.nan, np.inf)
