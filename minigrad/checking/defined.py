"""A failure is a fact only where the function has a derivative: what was found elsewhere is no verdict.

Asked only where two witnesses differ, and answered by values alone: the differences of the raw forward
along each element in which they do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from minigrad.checking.compare import doubt
from minigrad.checking.differences import Slope, mixed_slope, slope
from minigrad.checking.digits import MOST_OPERATIONS, at_50
from minigrad.checking.domain import is_finite
from minigrad.checking.meaning import operations
from minigrad.checking.report import KINK, Comparison
from minigrad.checking.sample import Sample
from minigrad.checking.steps import stuck_at
from minigrad.checking.tangent import along
from minigrad.checking.witnesses import FORMULA, SOURCE, stepwise
from minigrad.errors import MinigradError

# What is said of a complex step that real differences contradict.
ANOTHER_FUNCTION = "on complex arrays its forward is another function than on real ones"

# About so many elements are asked for one in which there is a derivative, the furthest apart first.
_MOST = 32


@dataclass(frozen=True)
class Point:
    """Where gradients by one variable are compared, its shape, and it as it is seen by values alone.

    ``undefined`` says in words why there is no derivative by an element, "" where there is one;
    ``stuck`` that a step on the way has none; ``pole`` that the derived formula has no value, in any
    precision.
    """

    shape: tuple[int, ...]
    undefined: Callable[[tuple[int, ...]], str]
    stuck: Callable[[tuple[int, ...]], str]
    pole: Callable[[], str]


def point(sample: Sample, k: int) -> Point:
    """The sample, for gradients by variable k."""
    return Point(
        sample.at(k).shape,
        partial(undefined, sample, k),
        partial(stuck_at, sample, k),
        partial(no_value, sample, k),
    )


def settled(c: Comparison, at: Point, a: Any, b: Any) -> Comparison:
    """The comparison of two gradients, inconclusive where no element can be judged."""
    if c.verdict != "fail" or np.shape(a) != np.shape(b):
        return c
    a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    said = [name for name, g in ((c.first, a), (c.second, b)) if not np.isfinite(g).all()]
    return _asked(c, at, _apart(c, a, b), said)


def settled_slopes(
    c: Comparison,
    at: Point,
    gradient: Any,
    measured: Sequence[tuple[Any, Slope]],
    along: Callable[[Any], str],
) -> Comparison:
    """The same for a gradient against slopes: where it is not finite, or along what steps are stuck."""
    g = np.asarray(gradient, dtype=float)
    if c.verdict != "fail" or g.shape != at.shape:
        return c
    if not np.isfinite(g).all():
        return _asked(c, at, list(map(tuple, np.argwhere(~np.isfinite(g)))), [c.first])
    if not np.isfinite(c.error) or not c.first.startswith(stepwise()):
        return c
    gaps = [(abs(float(np.sum(g * d)) - s.value), d) for d, s in measured if not s.kink]
    allowed = c.tolerance / c.error * max((gap for gap, _ in gaps), default=0.0)
    why = ""
    for direction in (d for gap, d in gaps if gap > allowed):
        why = along(direction)
        if not why:
            return c
    return replace(c, verdict="inconclusive", note=why, worst=None) if why else c


def contradicted(
    c: Comparison, sample: Sample, k: int, gradient: Any, measured: Sequence[tuple[Any, Slope]]
) -> bool:
    """Whether differences side with a gradient that complex steps refute.

    A stable form of |x| is almost holomorphic where it saturates: log1p(exp(−|300 x|)) has lost the
    imaginary part of what is 10⁻¹⁰ there. Both read the same forward, and the real one is meant.
    """
    if c.verdict != "fail" or not np.isfinite(c.error):
        return False
    for d, s in measured:
        real, claimed = slope(sample.moved({k: d}), sample.c), float(np.sum(gradient * d))
        off = abs(real.value - claimed) + doubt(uncertainty=real.uncertainty)
        if not real.kink and 2 * off < abs(s.value - claimed) - doubt(uncertainty=s.uncertainty):
            return True
    return False


def settled_value(c: Comparison, sample: Sample) -> Comparison:
    """The comparison of two values, inconclusive where one is no number because nothing is."""
    if c.verdict != "fail" or np.isfinite(c.error):
        return c
    why = undefined_step(sample) or no_value(sample, None)
    return replace(c, verdict="inconclusive", note=why) if why else c


def undefined_step(sample: Sample) -> str:
    """The first leaf or step of the program that is not finite, in words; "" where there is none."""
    for node in sample.replay.order:
        if not is_finite(sample.values[node]):
            what = node.op.name if node.op else node.name or "an unnamed variable"
            return f"{what} is not finite here"
    return ""


def _apart(c: Comparison, a: Any, b: Any) -> list[tuple[int, ...]]:
    """The elements in which the witnesses contradict each other, the furthest apart first."""
    known = np.isfinite(a) & np.isfinite(b)
    gap = np.where(known, np.abs(a - b), np.where(np.isfinite(a) == np.isfinite(b), 0, np.inf))
    sizes = [float(np.abs(g).max(initial=0, where=known)) for g in (a, b)]
    gap = np.where(gap > c.tolerance * max(sizes), gap, 0)
    places = np.argwhere(gap > 0)
    order = np.argsort(-gap[tuple(places.T)], kind="stable") if len(places) else ()
    return [tuple(map(int, places[i])) for i in order]


def _asked(
    c: Comparison, at: Point, places: list[tuple[int, ...]], not_finite: list[str]
) -> Comparison:
    """The verdict stands if the function has a derivative in one of the elements."""
    why = ""
    # what goes step by step meets the choices of its steps, or 0 · ∞; a claim from elsewhere does not
    by_steps = c.first.startswith(stepwise()) or c.second.startswith(stepwise())
    for place in places[:: max(1, len(places) // _MOST)]:
        found = at.undefined(place) or (at.stuck(place) if by_steps else "")
        why = why or found
        if not found:
            why = ""
            break
    if not why and set(not_finite) & {FORMULA, SOURCE}:
        why = at.pole()
    return replace(c, verdict="inconclusive", note=why, worst=None) if why else c


def no_value(sample: Sample, k: int | None) -> str:
    """Words for a formula, or with k None a meaning, that has no value here in 50 digits either.

    One that only overflows in floats has, and is wrong to overflow.
    """
    if sample.subject.lowered is None or (k is not None and sample.subject.formulas[k] is None):
        return ""
    if operations(sample) > MOST_OPERATIONS:
        return ""
    try:
        meaning = at_50(sample)
        found = meaning.terms({}) if k is None else meaning.gradient(k)
        finite = np.isfinite(np.asarray(found, dtype=float)).all()
    except (MinigradError, ValueError, TypeError, ArithmeticError):
        finite = False
    what = "the meaning" if k is None else "the formula"
    return "" if finite else f"{what} has no value here, in any precision"


def undefined(sample: Sample, k: int, place: tuple[int, ...]) -> str:
    """Why there is no derivative by this element of variable k; "" where there is one."""
    inner, x = sample.subject.nodes(k)[:-1], sample.at(k)
    if not all(np.isfinite(a).all() for a in (x[place], *(sample.values[node] for node in inner))):
        return f"{sample.subject.names[k]} holds NaN or infinity, where no derivative is defined"
    d = np.zeros(x.shape)
    d[place] = sample.widths(k)[place]
    assume = sample.subject.variables[k].assume
    d = along(assume, d, x) if assume else d
    s = slope(sample.moved({k: d}), sample.c)
    if s.kink:
        return KINK
    if not np.isfinite(s.value):
        return undefined_step(sample) or KINK
    return _undefined_twice(sample, k, d) if inner else ""


def _undefined_twice(sample: Sample, k: int, direction: Any) -> str:
    """The same for a derivative of the slope along the inner variable: a kink of that, or of the slope."""
    inner = sample.subject.nodes(k)[0]
    first = list(sample.subject.variables).index(inner)
    if slope(sample.moved({first: sample.u[inner]}), sample.c).kink:
        return KINK
    s = mixed_slope(sample.moved_twice({k: direction}), sample.c)
    return KINK if s.kink or not np.isfinite(s.value) else ""
