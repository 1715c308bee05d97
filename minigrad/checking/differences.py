"""Derivatives along a direction from values alone, each with an estimate of its own error."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from math import inf, isfinite, sqrt
from typing import Any

import numpy as np

EPS = float(np.finfo(np.float64).eps)
_SMALLEST = float(np.finfo(np.float64).tiny)  # below it digits are lost
# Steps to try: wide ones have the least rounding error, narrow ones keep clear of kinks and poles.
_STEPS = (3e-2, 3e-3, 3e-4, 1e-5)
_MIXED_STEPS = (1e-1, 2e-2, 4e-3, 8e-4)
_ONE_SIDED = (1e-4, 1e-6)
_ONE_SIDED_MIXED = (1e-3, 2e-4)
_IMAGINARY = 1e-30
_NOISE_STEP, _FAR_BELOW, _NOISE_POINTS = 1e-9, 1e-4, 7
# Where claims contradict a slope, narrower steps are asked whether values vary within the usual ones.
_CLOSER = tuple(10.0 ** (-k / 2) for k in range(6, 28))
# Values that scatter by this share of their size have more than rounding in them.
_SCATTERED = 1e-6
# And none where both sides scatter by so little of it.
_ASIDE = 0.1
# Spacings at which it is looked for, how many times rounding it is, and by how much less it falls than a kink.
_CLOSE, _ROUGH, _FLAT = (1e-4, 1e-5, 1e-6, 1e-7, 1e-8), 50, 3
# One slope refutes another by this many times their uncertainties, and is itself known to a hundredth.
_REFUTES, _KNOWN = 8, 1e-2
# What extrapolation makes of the rounding error of one value: 64/45 · 4/√2 and the smaller terms.
_AMPLIFIED = 4.2


@dataclass(frozen=True)
class Slope:
    """A directional derivative, how far it may be off, and whether the function has a kink here.

    ``scatter`` is the share of the values' size that is noise, ``closer`` measures with another step,
    ``rough`` says whether values vary between the points that were looked at;
    ``magnifies`` is how many times an error of the values becomes one of the slope.
    """

    value: float
    uncertainty: float
    kink: bool = False
    scatter: float = 0.0
    magnifies: float = 0.0
    closer: Callable[[float], Slope] | None = field(default=None, compare=False, repr=False)
    rough: Callable[[float], bool] | None = field(default=None, compare=False, repr=False)

    def unsettled(self, claim: float, rounding: float) -> bool:
        """Whether it is no ground against a claim: values vary within the steps that it was measured by.

        ``rounding`` is how far they vary for that reason alone.

        sin(10⁹ x) turns 5 million times within a step of 0.03, so its differences there are chance. A step of
        10⁻¹¹ tells the slope: where such steps contradict the wide ones and side with the claim, or all
        that wide ones see is scattered values, differences say nothing.
        """
        if self.closer is None or not np.isfinite([self.value, claim]).all():
            return False
        if self.scatter > _SCATTERED and abs(self.value) <= _REFUTES * self.uncertainty:
            return True
        if self.rough is not None and self.rough(rounding):
            return True
        return any(self._gives_way(self.closer(step), claim) for step in _CLOSER)

    def _gives_way(self, other: Slope, claim: float) -> bool:
        """Whether a slope by narrower steps refutes this one for the claim."""
        if not np.isfinite(other.value):
            return False
        apart = abs(other.value - self.value)
        known = other.uncertainty < _KNOWN * apart and self.uncertainty * _REFUTES < apart
        return known and 4 * abs(claim - other.value) < abs(claim - self.value)


def slope(f: Callable[[float], Any], c: Any, steps: tuple[float, ...] = _STEPS) -> Slope:
    """D <c, f(t)>/dt at 0 by central differences, extrapolated twice (Richardson 1911, Ridders 1982).

    The error estimate is the last correction of the extrapolation and what rounding makes of the values.
    """
    if not np.isfinite(np.sum(c * f(0.0))):
        return Slope(np.nan, np.inf)  # where there is no value there is no slope, only a limit of slopes

    def along(t: float) -> float:
        return float(np.sum(c * f(t)))

    def closer(step: float) -> Slope:
        return _extrapolated(f, c, step, _noise(along, step))

    noise = _noise(along)
    best = _believed(_extrapolated(f, c, step, noise) for step in sorted(steps))
    scatter = _share(noise, c * f(0.0))
    jumps = scatter > _SCATTERED and _jumps(along, noise)
    return replace(
        best,
        kink=np.isfinite(best.value) and (jumps or _has_kink(f, c, noise)),
        scatter=scatter,
        closer=closer,
        rough=partial(_is_rough, along),
    )


def _believed(estimates: Any) -> Slope:
    """The most precise of several estimates, the narrowest step first.

    A wide step is more precise than a narrow one only where both see the same function: one that
    contradicts a narrower one has met a kink, a pole or a crossing, and is left out.
    """
    best = Slope(np.nan, np.inf)
    for found in estimates:
        if not np.isfinite(found.value):
            continue
        gap = abs(found.value - best.value)
        if not np.isfinite(best.value):
            best = found
        elif found.uncertainty < best.uncertainty and gap <= 4 * (
            found.uncertainty + best.uncertainty
        ):
            # never trusted far below what two different steps differ by
            best = replace(found, uncertainty=max(found.uncertainty, gap / 64))
    return best


def _extrapolated(f: Callable[[float], Any], c: Any, h: float, noise: float) -> Slope:
    middle = [0.0, 0.0, 0.0]
    size = 0.0
    for k in range(3):
        width = h / 2**k
        above, below = f(width), f(-width)
        middle[k] = float(np.sum(c * (above - below))) / (2 * width)
        size = max(size, float(np.sum(np.abs(c * above))))
    once = [(4 * middle[1] - middle[0]) / 3, (4 * middle[2] - middle[1]) / 3]
    twice = (16 * once[1] - once[0]) / 15
    rounding = (8 * EPS * size + _AMPLIFIED * noise + _SMALLEST) / h
    first, second = abs(middle[0] - middle[1]), abs(middle[1] - middle[2])
    if second > first + 16 * rounding:
        return Slope(np.nan, np.inf)  # further apart the closer one looks: the slope is infinite
    # Halving the step of a smooth function leaves a quarter of the error; where it leaves half, the
    # second derivative jumps, and extrapolation does not help.
    off = abs(twice - once[1]) if first >= 3 * second else abs(once[1] - once[0])
    return Slope(twice, off + rounding, magnifies=_AMPLIFIED / h)


def _noise(f: Callable[[float], float], step: float = _NOISE_STEP / _FAR_BELOW) -> float:
    """The rounding error of a value: what is left of values close by when all that is smooth is taken away.

    Third differences, as in Moré and Wild, Estimating computational noise (2011), eq. 3, of values far
    closer than the steps whose differences they are to judge.
    """
    width = step * _FAR_BELOW
    values = np.array([f(width * (k - _NOISE_POINTS // 2)) for k in range(_NOISE_POINTS)])
    third = np.diff(values, n=3)
    return sqrt(float(np.mean(third**2)) / 20) if np.isfinite(third).all() else 0.0


def _jumps(f: Callable[[float], float], noise: float) -> bool:
    """Whether values scatter only where those from both sides meet, as those of floor(x) do at whole numbers."""
    shift = _NOISE_STEP * (_NOISE_POINTS // 2 + 1)
    sides = [_noise(partial(lambda t, by: f(t + by), by=by)) for by in (shift, -shift)]
    return max(sides) < _ASIDE * noise


def _is_rough(f: Callable[[float], float], rounding: float) -> bool:
    """Whether values vary by more than rounding between points however close, as those of log |Γ(10⁹ x)| do.

    Third differences of what is smooth fall with the third power of the step, at a kink with the first.
    """
    least = _ROUGH * max(rounding, EPS * abs(f(0.0)))
    wide = inf
    for width in _CLOSE:
        narrow = _noise(f, width / _FAR_BELOW)
        if narrow > max(least, wide / _FLAT) and isfinite(wide):
            return True
        wide = narrow
    return False


def _share(noise: float, parts: Any) -> float:
    """Noise as a share of the sizes that a value is the sum of."""
    size = float(np.sum(np.abs(parts)))
    return noise / size if size else 0.0


def _has_kink(f: Callable[[float], Any], c: Any, noise: float) -> bool:
    """Whether the slopes from the left and the right differ however small the step."""
    here = f(0.0)
    jumps = []
    for h in _ONE_SIDED:
        right = float(np.sum(c * (f(h) - here))) / h
        left = float(np.sum(c * (here - f(-h)))) / h
        size = float(np.sum(np.abs(c * here)))
        rounding = (16 * EPS * size + 4 * noise) / h
        jumps.append((abs(right - left), rounding, max(abs(right), abs(left), 1e-12 * size)))
    return _persists(jumps)


def _persists(jumps: list[tuple[float, float, float]]) -> bool:
    """Whether a jump, given with its rounding error and size, stays as steps get narrower."""
    (wide, _, _), (narrow, noise, size) = jumps
    return narrow > 10 * noise and narrow > 1e-3 * size and narrow > 0.5 * wide


def complex_slope(f: Callable[[complex], Any], c: Any) -> Slope:
    """D <c, f(t)>/dt at 0 as the imaginary part of f(ih)/h: no subtraction, so no rounding error.

    Squire and Trapp, Using complex variables to estimate derivatives of real functions (1998).
    """
    y = f(_IMAGINARY * 1j)
    if not np.isfinite(np.sum(c * np.real(f(0.0)))):
        return Slope(np.nan, np.inf)  # log(−1) is a complex number, and no real one
    parts = c * np.imag(y) / _IMAGINARY
    # steps inside f may cancel although the result does not show it: the value's own rounding bounds that
    size = float(np.sum(np.abs(parts))) + float(np.sum(np.abs(c * np.real(y))))
    return Slope(float(np.sum(parts)), 8 * EPS * size)


def mixed_slope(f: Callable[[float, float], Any], c: Any) -> Slope:
    """D² <c, f(s, t)>/ds dt at 0 by central differences on four points, extrapolated once."""

    def along(t: float) -> float:
        return float(np.sum(c * f(t, t)))

    def closer(step: float) -> Slope:
        return _mixed(f, c, step, _noise(along, step))

    noise = _noise(along)
    best = _believed(_mixed(f, c, step, noise) for step in sorted(_MIXED_STEPS))
    kink = np.isfinite(best.value) and _bends(f, c, noise)
    return replace(
        best,
        kink=kink,
        scatter=_share(noise, c * f(0.0, 0.0)),
        closer=closer,
        rough=partial(_is_rough, along),
    )


def _mixed(f: Callable[[float, float], Any], c: Any, h: float, noise: float) -> Slope:
    found, size = [0.0, 0.0], 0.0
    for k, width in enumerate((h, h / 2)):
        corners = [f(a * width, b * width) for a in (1, -1) for b in (1, -1)]
        size = float(np.sum(np.abs(c * corners[0])))
        total = float(np.sum(c * (corners[0] - corners[1] - corners[2] + corners[3])))
        found[k] = total / (4 * width * width)
    value = (4 * found[1] - found[0]) / 3
    rounding = (16 * EPS * size + 4 * noise) / (h * h)
    return Slope(value, abs(value - found[1]) + rounding, magnifies=4 / (h * h))


def _bends(f: Callable[[float, float], Any], c: Any, noise: float) -> bool:
    """Whether mixed differences in opposite quadrants differ however small the step: a gradient's kink."""

    def value(s: float, t: float) -> float:
        return float(np.sum(c * f(s, t)))

    here = value(0, 0)
    jumps = []
    for h in _ONE_SIDED_MIXED:
        one, other = ((value(s, s) - value(s, 0) - value(0, s) + here) / (h * h) for s in (h, -h))
        rounding = (16 * EPS * abs(here) + 4 * noise) / (h * h)
        jumps.append((abs(one - other), rounding, max(abs(one), abs(other), 1e-12 * abs(here))))
    return _persists(jumps)
