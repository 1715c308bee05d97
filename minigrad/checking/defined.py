"""A failure is a fact only where the function has a derivative: what was found elsewhere is no verdict.

Asked only where two witnesses differ, and answered by values alone: the differences of the raw forward
along each element in which they do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Any

import numpy as np

from minigrad.checking.compare import ROUNDED, ROUNDING, doubt
from minigrad.checking.differences import Slope, mixed_slope, slope
from minigrad.checking.digits import MOST_OPERATIONS, at_50, many_digits
from minigrad.checking.domain import is_finite
from minigrad.checking.meaning import operations
from minigrad.checking.report import KINK, Comparison
from minigrad.checking.sample import Sample
from minigrad.checking.steps import stuck_at
from minigrad.checking.tangent import along
from minigrad.checking.witness import FORMULA, PRINTED, SOURCE
from minigrad.checking.witnesses import stepwise
from minigrad.errors import MinigradError
from minigrad.graph import Node
from minigrad.program.environment import Environment
from minigrad.program.evaluate import evaluate_all

# What is said of a complex step that real differences contradict.
ANOTHER_FUNCTION = "on complex arrays its forward is another function than on real ones"

# A value is another one where it is off by this share, which rounding on the way seldom is.
_ANOTHER = 1e-6
# Those who are wrong where they are not the formula, whatever the numbers are.
_READINGS = (SOURCE, *PRINTED.values())

# About so many elements are asked for one in which there is a derivative, the furthest apart first.
_MOST = 32


@dataclass(frozen=True)
class Point:
    """Where gradients by one variable are compared, its shape, and it as it is seen by values alone.

    ``undefined`` says in words why there is no derivative by an element, "" where there is one;
    ``stuck`` that a step on the way has none; ``pole`` that the derived formula has no value, in any
    precision; ``without_numbers`` which data hold NaN or infinity, and ``overflow`` which step makes them;
    ``another`` that choices are made by NaN, or that doubles make another function of the program.
    """

    shape: tuple[int, ...]
    undefined: Callable[[tuple[int, ...]], str]
    stuck: Callable[[tuple[int, ...], bool], str]
    pole: Callable[[], str]
    without_numbers: Sequence[str]
    overflow: Callable[[], str]
    another: Callable[[], str]


def point(sample: Sample, k: int) -> Point:
    """The sample, for gradients by variable k."""
    return Point(
        sample.at(k).shape,
        partial(undefined, sample, k),
        partial(stuck_at, sample, k),
        partial(no_value, sample, k),
        sample.subject.without_numbers,
        partial(undefined_step, sample),
        partial(_no_ground, sample),
    )


def settled(c: Comparison, at: Point, a: Any, b: Any) -> Comparison:
    """The comparison of two gradients, inconclusive where no element can be judged."""
    if c.verdict != "fail" or np.shape(a) != np.shape(b):
        return c
    a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    why = "" if c.second in _READINGS and c.first == FORMULA else at.another()
    if why:
        return replace(c, verdict="inconclusive", note=why, worst=None)
    return _asked(c, at, _apart(c, a, b), {c.first: a, c.second: b})


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
    if why := at.another():
        return replace(c, verdict="inconclusive", note=why, worst=None)
    if not np.isfinite(g).all():
        return _asked(c, at, list(map(tuple, np.argwhere(~np.isfinite(g)))), {c.first: g})
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
    """The comparison of two values, inconclusive where one is no number because nothing is.

    And where they differ by what the meaning loses in doubles: of (x + 1) − 1 with x = 10⁻³⁰⁰ nothing is left.
    """
    if c.verdict != "fail":
        return c
    if np.isfinite(c.error):
        why = _rounded_off(sample)
    else:
        why = undefined_step(sample) or no_value(sample, None)
    return replace(c, verdict="inconclusive", note=why) if why else c


def _exactly(sample: Sample) -> Any:
    """The value's terms as the meaning has them in many digits, None where that cannot be asked."""
    if sample.subject.lowered is None or operations(sample) > MOST_OPERATIONS:
        return None
    try:
        return many_digits(sample)
    except (MinigradError, ValueError, TypeError, ArithmeticError):
        return None


def _rounded_off(sample: Sample) -> str:
    """Words where the meaning in many digits is what the forward says."""
    meant = _exactly(sample)
    if meant is None:
        return ""
    there = np.reshape(sample.c * sample.output, meant.shape)
    return ROUNDED if np.allclose(meant, there, rtol=ROUNDING, atol=0.0) else ""


def _no_ground(sample: Sample) -> str:
    return unordered_step(sample) or another_in_doubles(sample)


@lru_cache(maxsize=16)
def another_in_doubles(sample: Sample) -> str:
    """Words where what doubles make of the program is another function: forward and meaning alike are off.

    Of exp(100) / exp(800) they make 0, whose slope is 0; a cross-entropy of a probability that is 0 to them
    is cut off.
    """
    meant = _exactly(sample)
    if meant is None or not is_finite(sample.output):
        return ""
    there = np.reshape(sample.c * sample.output, meant.shape)
    # log(1 − σ(10³⁰)) is cut off in doubles and infinite here
    if np.allclose(meant, there, rtol=0.0, atol=_ANOTHER * float(np.abs(there).max(initial=0.0))):
        return ""
    assert sample.subject.lowered is not None
    environment = Environment(sample.leaf_values(), sample.sizes)
    (found,) = evaluate_all([sample.subject.lowered.expr(sample.subject.output)], environment)
    here = np.reshape(sample.c, meant.shape) * np.asarray(found, dtype=float)
    if not np.allclose(here, there, rtol=_ANOTHER, atol=0.0):
        return ""  # one of the two is at fault
    return "in double precision the program has another value than it means here"


def undefined_step(sample: Sample) -> str:
    """The first leaf or step of the program that is not finite, in words; "" where there is none."""
    for node in sample.replay.order:
        if not is_finite(sample.values[node]):
            what = node.op.name if node.op else node.name or "an unnamed variable"
            return f"{what} is not finite here"
    return ""


def unordered_step(sample: Sample) -> str:
    """The first step that chooses by comparing NaN, which is neither above nor below; "" where there is none.

    A formula may ask W < b where the program asks whether W ≥ b does not hold.
    """
    for node in sample.replay.order:
        if node.op is not None and (node.op.kinks or np.asarray(sample.values[node]).dtype.kind == "b"):
            given = (np.asarray(sample.values[x]) for x in node.inputs if isinstance(x, Node))
            if any(x.dtype.kind == "f" and np.isnan(x).any() for x in given):
                return f"{node.op.name} compares NaN, which is neither above nor below"
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
    c: Comparison, at: Point, places: list[tuple[int, ...]], claims: Mapping[str, Any]
) -> Comparison:
    """The verdict stands if the function has a derivative in one of the elements."""
    why = ""
    # what goes step by step meets the choices of its steps, or 0 · ∞; a claim from elsewhere does not
    swept = [g for name, g in claims.items() if name.startswith(stepwise())]
    by_steps = c.first.startswith(stepwise()) or c.second.startswith(stepwise())
    not_finite = [name for name, g in claims.items() if not np.isfinite(g).all()]
    for place in places[:: max(1, len(places) // _MOST)]:
        no_number = any(not np.isfinite(g[place]) for g in swept)
        found = at.undefined(place) or (at.stuck(place, no_number) if by_steps else "")
        why = why or found
        if not found:
            why = ""
            break
    if not why and not_finite:  # of arctan2(∞, y) there is a slope, and no formula that could be evaluated
        why = next(iter(at.without_numbers), "") or (at.overflow() if by_steps else "")
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
    inner = sample.subject.nodes(k)[:-1]

    def along(t: float) -> Any:
        return sample.run_at({node: t * sample.u[node] for node in inner})

    if slope(along, sample.c).kink:
        return KINK
    s = mixed_slope(sample.moved_twice({k: direction}), sample.c)
    return KINK if s.kink or not np.isfinite(s.value) else ""
