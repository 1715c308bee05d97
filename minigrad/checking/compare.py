"""Two witnesses on one quantity: how far apart, and how far apart rounding may put them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from minigrad.checking.differences import EPS, Slope
from minigrad.checking.report import COARSEST, EVERYTHING, KINK, Comparison, Verdict, Worst

# What is said of differences that contradict those with narrower steps.
UNSETTLED = "values vary within the steps of the differences"
# And of claims that rounding may put as far apart as they are.
ROUNDED = "rounding drowns the difference"
# What two computations of one number in double precision may differ by without further reason.
ROUNDING = 1e-10
# A witness may be off by this many times what it moves by when its data change in their last digit.
_NOISES = 50
# And a difference quotient by this many times what it says itself.
_UNSURE = 8
# A rough estimate refutes only what it misses by this factor.
_CLEARLY = 20

# Slopes that were measured, each along one direction: an array for every variable that it moves.
Measured = Sequence[tuple[Sequence[Any], Slope]]


def doubt(noise: float = 0.0, uncertainty: float = 0.0) -> float:
    """How far two claims may be apart though both are right.

    ``noise`` is by how much they move when data change in their last digit, ``uncertainty`` what a
    difference quotient says of itself.
    """
    return _NOISES * noise + _UNSURE * uncertainty


def tolerated(base: float, scale: float, allowed: float) -> float:
    """The share of ``scale`` that claims may differ by: ``base``, or what is ``allowed`` in numbers."""
    return max(base, allowed / (scale or 1.0))


def judged(
    first: str,
    second: str,
    quantity: str,
    error: float,
    tolerance: float,
    note: str = "",
    worst: Worst | None = None,
) -> Comparison:
    """Within the tolerance two claims agree, beyond it one is wrong; of what is not finite nobody knows."""
    if not np.isfinite(error):
        return Comparison(first, second, quantity, error, tolerance, "not finite", "inconclusive")
    verdict: Verdict = "pass" if error <= tolerance else "fail"
    return Comparison(first, second, quantity, error, tolerance, note, verdict, worst)


def settled_by(c: Comparison, s: Slope, claim: float, rounding: float) -> Comparison:
    """The comparison of a claim with a slope, inconclusive where values vary within the slope's steps."""
    if c.verdict != "fail" or not s.unsettled(claim, rounding):
        return c
    return replace(c, verdict="inconclusive", note=UNSETTLED, worst=None)


def held(who: str, what: str, holds: bool, otherwise: str = "") -> Comparison:
    """A fact about a backward pass, which holds or not."""
    note = "" if holds else otherwise
    return judged(who, what, EVERYTHING, 0.0 if holds else 1.0, 0.0, note)


def furthest(a: Any, b: Any) -> float:
    """The largest finite gap of two arrays."""
    gap = np.abs(np.asarray(a, dtype=float) - np.asarray(b, dtype=float))
    return float(gap[np.isfinite(gap)].max(initial=0.0))


def arrays_compared(
    first: str,
    second: str,
    quantity: str,
    a: Any,
    b: Any,
    noise: Callable[[], float],
    natural: float = 0.0,
    base: float = ROUNDING,
) -> Comparison:
    """The largest difference of two arrays, relative to their largest element.

    ``noise`` is asked, only where they differ by more than ``base``, how far rounding moves them;
    ``natural`` is the size that says when both are zero but for rounding.
    """
    a, b = np.asarray(a), np.asarray(b)
    if a.shape != b.shape:
        note = f"shapes {a.shape} and {b.shape}"
        return Comparison(first, second, quantity, float("nan"), base, note, "fail")
    a, b = a.astype(float), b.astype(float)
    if a.size == 0:
        return Comparison(first, second, quantity, 0.0, base, "empty")
    finite = np.isfinite(a), np.isfinite(b)
    if not (finite[0].all() and finite[1].all()):
        return _not_finite(first, second, quantity, a, b, base)
    gap = np.abs(a - b)
    place = np.unravel_index(int(gap.argmax()), gap.shape)
    largest = float(gap[place])
    scale = max(float(np.abs(a).max()), float(np.abs(b).max()))
    if largest <= base * scale:
        return Comparison(first, second, quantity, largest / scale if scale else 0.0, base)
    moved = doubt(max(noise(), EPS * natural))
    if scale <= moved and moved <= ROUNDING * natural:
        return Comparison(
            first, second, quantity, largest / natural, ROUNDING, "zero within rounding"
        )
    worst = Worst(tuple(int(i) for i in place), float(a[place]), float(b[place]))
    tolerance = tolerated(base, scale, moved)
    c = judged(first, second, quantity, largest / scale, tolerance, worst=worst)
    if c.verdict == "pass" and tolerance > max(COARSEST, base):
        return replace(c, verdict="inconclusive", note=ROUNDED)
    return c


def _not_finite(first: str, second: str, quantity: str, a: Any, b: Any, base: float) -> Comparison:
    """Where one says a number and the other does not, one is wrong; where none does, nobody knows."""
    known = np.isfinite(a) != np.isfinite(b)
    if not known.any():
        return Comparison(first, second, quantity, float("nan"), base, "not finite", "inconclusive")
    place = tuple(int(i) for i in np.argwhere(known)[0])
    worst = Worst(place, float(a[place]), float(b[place]))
    return Comparison(
        first, second, quantity, float("nan"), base, "one is not finite", "fail", worst
    )


def length(x: Any) -> float:
    """The Euclidean length, also of what is too large to be squared."""
    largest = float(np.abs(x).max(initial=0))
    return largest * float(np.linalg.norm(x / largest)) if largest else 0.0


def slopes_compared(
    first: str,
    second: str,
    gradients: Mapping[str, Any],
    measured: Measured,
    noise: Callable[[], Sequence[float]],
    natural: float,
    single: bool = False,
    base: float = ROUNDING,
    rounding: Callable[[], float] = float,
) -> list[Comparison]:
    """Gradients by some variables against slopes along directions that move all of them: a line for each.

    What a slope is missed by is laid to the charge of every variable, as a share of its own part of the
    slope. The tolerance comes from the slopes' own uncertainty; ``noise`` is asked, only where that
    does not explain a gap, how far rounding moves each gradient, and ``rounding`` how far it moves the
    values that the slopes are differences of. ``single`` says that each direction is one element of one
    variable, which then can be named.
    """
    line = partial(Comparison, first, second)
    gs = [np.asarray(g, dtype=float) for g in gradients.values()]
    for q, g, d in zip(gradients, gs, measured[0][0] if measured else gs, strict=True):
        if g.shape != d.shape:
            note = f"shape {g.shape} for a variable of shape {d.shape}"
            return [line(q, float("nan"), base, note, "fail")]
    if not any(g.size for g in gs):
        return [line(q, 0.0, ROUNDING, "empty") for q in gradients]
    kinks = sum(s.kink for _, s in measured)
    smooth = [
        (d, s) for d, s in measured if not s.kink and np.isfinite([s.value, s.uncertainty]).all()
    ]
    if not smooth:
        note = KINK if kinks else "differences are not finite here"
        return [line(q, float("nan"), 0.0, note, "inconclusive") for q in gradients]
    # elements that no direction moves have no slope: what is not finite is no place to start from
    gs = [
        np.where(np.any([d[j] != 0 for d, _ in measured], axis=0), g, 0.0) for j, g in enumerate(gs)
    ]
    for q, g in zip(gradients, gs, strict=True):
        if not np.isfinite(g).all():
            place = tuple(int(i) for i in np.argwhere(~np.isfinite(g))[0])
            there = smooth[0][1].value if len(gs) == g.size == 1 else float("nan")
            worst = Worst(place, float(g[place]), there)
            return [line(q, float("nan"), ROUNDING, f"{first} is not finite", "fail", worst)]
    unsure = KINK if kinks else "differences are too uncertain here"
    missed = _Missed(gs, smooth, noise, rounding, natural, base, unsure)
    result = []
    for q, g, scale in zip(gradients, gs, missed.scales, strict=True):
        c = missed.judged(first, second, q, scale)
        if c.verdict == "pass" and kinks:
            note = f"{KINK} along {kinks} of {len(measured)} directions"
            c = replace(c, verdict="inconclusive", note=note)
        if single and c.verdict == "fail":
            (d,) = missed.direction
            index = tuple(int(i) for i in np.argwhere(d)[0])
            there = missed.slope.value / float(d[index])
            c = replace(c, worst=Worst(index, float(g[index]), there))
        result.append(c)
    return result


class _Missed:
    """By how much gradients miss slopes, the furthest of them, and by how much they may."""

    def __init__(
        self,
        gs: Sequence[Any],
        smooth: Measured,
        noise: Callable[[], Sequence[float]],
        rounding: Callable[[], float],
        natural: float,
        base: float,
        unsure: str,
    ) -> None:
        self.natural, self.base, self.unsure, self.alone = natural, base, unsure, len(gs) == 1
        self.rounding = 0.0
        claims = [sum(float(np.sum(g * a)) for g, a in zip(gs, d, strict=True)) for d, _ in smooth]
        self.claims = [(abs(y - s.value), y, s) for y, (_, s) in zip(claims, smooth, strict=True)]
        gaps = [gap for gap, _, _ in self.claims]
        self.gap = max(gaps)
        self.direction, self.slope = smooth[gaps.index(self.gap)]
        # of one variable the slope itself is a measure, of several what it is missed by
        least = max(abs(s.value) for _, s in smooth) if self.alone else self.gap
        self.scales = [max(least, *(length(g * d[j]) for d, _ in smooth)) for j, g in enumerate(gs)]
        self.allowed = doubt(uncertainty=max(s.uncertainty for _, s in smooth))
        if self.gap > self.allowed + base * min(self.scales):
            self.rounding = rounding()
            magnified = self.rounding * max(s.magnifies for _, s in smooth)
            self.allowed += doubt(uncertainty=magnified)
            self.allowed += doubt(EPS * natural)  # where differences of what underflows are exactly 0
            moved = zip(noise(), smooth[0][0], strict=True)
            self.allowed += sum(doubt(moves) * float(np.abs(d).sum()) for moves, d in moved)

    def judged(self, first: str, second: str, quantity: str, scale: float) -> Comparison:
        """The line about a variable whose part of the slopes is that large."""
        zero = scale <= self.allowed and self.allowed <= COARSEST * 1e-3 * self.natural
        scale = self.natural if zero else scale
        if not scale:
            return Comparison(first, second, quantity, 0.0, ROUNDING)
        tolerance = tolerated(self.base, scale, self.allowed)
        note = "zero within rounding" if zero else ""
        c = judged(first, second, quantity, self.gap / scale, tolerance, note)
        if c.verdict == "fail" and self.alone:
            off = [(y, s) for gap, y, s in self.claims if gap > tolerance * scale]
            if all(s.unsettled(y, self.rounding) for y, s in off):
                return replace(c, verdict="inconclusive", note=UNSETTLED)
        if tolerance > max(COARSEST, self.base) and c.error <= _CLEARLY * tolerance:
            return replace(c, verdict="inconclusive", note=self.unsure)
        return c
