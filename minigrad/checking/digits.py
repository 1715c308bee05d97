"""Differences of the meaning at 50 digits: they judge the derivation and leave no doubt of tolerance."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from minigrad.checking.compare import judged
from minigrad.checking.distributions import generator
from minigrad.checking.meaning import Meaning
from minigrad.checking.report import KINK, Comparison
from minigrad.checking.sample import Sample
from minigrad.graph import Node
from minigrad.index.expr import Expr, Map, Product, Sum, postorder
from minigrad.program.arithmetic import DIGITS_50, mpmath

AT_50 = "meaning at 50 digits"
_STEP = "1e-25"
_TOLERANCE = 1e-20
# A jump is so many steps high that its slope by a smaller one is that much larger.
_JUMPS = 1e3
_SECOND_STEP, _SECOND = "1e-12", 1e-12
# Constants that are typed as floats, 0.044715, have the 16 digits of a float wherever they are combined.
_WITH_FLOATS = 1e-12
_ROUNDED = frozenset({"simplex", "orthogonal"})
# A slope far below the value's own size has lost that many of the 25 digits.
_NATURAL = 1e-3
# A slope that is zero leaves what is of third order in the step, and that is no slope.
_NOTHING, _VANISHING = 1e-20, 1e-40
# Doubles are of sum 1, or orthogonal, to 16 digits, and a slope that is zero where they are is that small here.
_HELD = 1e-16 / _WITH_FLOATS
# One-sided slopes that differ by more than this share are those of a kink.
_KINKED = 1e-6
# where all slopes are zero, curvature times the step is not to pass for a kink
_SMALL = 1e-12
# What a double spans, 10⁻³²⁴ to 10³⁰⁸, and the digits of a step.
_MANY, _ROUNDED_OFF = 750, "50 digits are too few here, it holds with more"
# About a tenth of a second per value in mpmath.
MOST_OPERATIONS = 60_000


def at_50(sample: Sample) -> Meaning:
    """The meaning on the sample's numbers, each taken for exact."""
    return Meaning(sample, DIGITS_50, lifted)


def proof_at_50(sample: Sample, variables: Sequence[int], formula: str) -> list[Comparison]:
    """Formulas against central differences of the meaning along one random direction of all variables.

    At order 2 against mixed differences, along a direction of the inner variable, too. What fails is asked
    again with many more digits: of sin(10³⁰ x) fifty are used up before the sine is taken, of 1 + 10⁻³⁰⁰ too. The
    step is the square of the first one then: what jumps, as the sign at 0, has another slope.
    """
    found, slope = _compared(sample, variables, formula)
    if all(c.verdict != "fail" for c in found):
        return found
    with mpmath().workdps(_MANY):
        again, closer = _compared(sample, variables, formula, 2)
        if abs(closer - slope) > _JUMPS * abs(slope) and any(c.verdict == "fail" for c in again):
            return [replace(c, verdict="inconclusive", note=KINK) for c in again]
    return [
        c if c.verdict != "fail" or other.verdict == "fail" else replace(other, note=other.note or _ROUNDED_OFF)
        for c, other in zip(found, again, strict=True)
    ]


def many_digits(sample: Sample) -> Any:
    """The meaning's value where nothing that doubles hold is rounded off: 10⁻³⁰⁰ + 1 is no 1."""
    with mpmath().workdps(_MANY):
        return np.asarray(at_50(sample).terms({}), dtype=float)


def _compared(
    sample: Sample, variables: Sequence[int], formula: str, power: int = 1
) -> tuple[list[Comparison], Any]:
    """The same, with the digits that are set and that power of the step; and the slope of all together."""
    meaning, rng, subject = at_50(sample), generator(variables[0]), sample.subject
    inner = subject.nodes(variables[0])[:-1]
    nodes = [*inner, *(subject.variables[k] for k in variables)]
    at = {node: meaning.point(node) for node in nodes}
    seeds, directions = _directions(rng, at, inner), _directions(rng, at, nodes[len(inner) :])
    tangents = {node: meaning.values[str(t.name)] for t, node in subject.tangents.items()}
    seeds = [tangents.get(node, u) for node, u in zip(inner, seeds, strict=True)]
    h = mpmath().mpf(_SECOND_STEP if inner else _STEP) ** power

    def value(*steps: int) -> Any:
        moved = dict(at)
        for node, step, d in [
            *((node, steps[0], d) for node, d in zip(inner, seeds, strict=True)),
            *((node, steps[-1], d) for node, d in zip(nodes[len(inner) :], directions, strict=True)),
        ]:
            moved[node] = moved[node] + step * h * d
        return meaning.value(moved)

    measured, doubt, bend = (_second if inner else _first)(value, h)
    parts = []
    for gradient, d in zip(meaning.gradients(variables), directions, strict=True):
        for u in [] if tangents else seeds:  # the formulas hold tangents
            gradient = np.tensordot(u, gradient, axes=u.ndim)
        parts.append(gradient * d)
    gap = max(float(abs(sum(map(np.sum, parts)) - measured)) - doubt, 0.0)
    terms = meaning.terms({})
    tolerance = _SECOND if inner else _WITH_FLOATS if _is_rounded(meaning, variables) else _TOLERANCE
    least = _HELD if _holds_nearly(meaning) else _NOTHING
    found = []
    for k, part in zip(variables, parts, strict=True):
        size = max(_size(part, measured if len(variables) == 1 else 0.0, terms), least)
        c = judged(formula, AT_50, subject.names[k], gap / size, tolerance)
        smooth = not np.isfinite(gap) or bend / max(size, _SMALL) <= _KINKED
        found.append(c if smooth else replace(c, verdict="inconclusive", note=KINK))
    return found, measured


def _directions(
    rng: np.random.Generator, at: Mapping[Node, Any], nodes: Sequence[Node]
) -> list[Any]:
    """Random ones, in which what is tiny moves by a part of its own size: 10⁻³⁰ is no 10⁻²⁵ from a pole."""
    found = []
    for node in nodes:
        size = np.abs(np.asarray(at[node], dtype=float))
        known = np.isfinite(size) & (size > 0)
        found.append(lifted(rng.normal(size=size.shape) * np.where(known, np.minimum(size, 1), 1)))
    return found


def _first(value: Callable[..., Any], h: Any) -> tuple[Any, float, float]:
    """The slope, how far it may be off, and how far the slopes from both sides differ."""
    above, here, below = (value(step) for step in (1, 0, -1))
    # of a smooth function they differ by its curvature times the step, and by rounding
    bend = float(abs(above - 2 * here + below) / h)
    return (above - below) / (2 * h), 4 * bend + _rounding([above, here, below], h), bend


def _second(value: Callable[..., Any], h: Any) -> tuple[Any, float, float]:
    """The same for the slope of a slope."""
    corners = [value(s, t) for s, t in ((1, 1), (1, -1), (-1, 1), (-1, -1))]
    measured = (corners[0] - corners[1] - corners[2] + corners[3]) / (4 * h * h)
    bend = _bend(value, h)
    return measured, 4 * bend + _rounding(corners, h * h), bend


def _is_rounded(meaning: Meaning, variables: Sequence[int]) -> bool:
    """Whether floats are in it: a constant, or a variable that is of sum 1 or orthogonal to 16 digits."""
    if _holds_nearly(meaning):
        return True
    exprs = [meaning.output, *(meaning.subject.formulas[k] for k in variables)]
    return has_floats(*(e for e in exprs if e is not None))


def _holds_nearly(meaning: Meaning) -> bool:
    """Whether some variable is what it is assumed to be to 16 digits only."""
    return any(node.assume & _ROUNDED for node, _ in meaning.lowered.leaves.values())


def _rounding(values: Sequence[Any], step: Any) -> float:
    """What a difference is where all values are zero but for rounding: rounding over the step."""
    largest = max(float(abs(v)) for v in values)
    return 2 * largest / float(step) if largest < _VANISHING else 0.0


def _bend(value: Callable[[int, int], Any], h: Any) -> float:
    """How far the slopes of the slope from both sides differ, along either direction and both."""
    jumps = []
    for s, t in ((1, 0), (0, 1), (1, 1)):
        third = [value(2 * s * j, 2 * t * j) for j in (-2, -1, 0, 1, 2)]
        left, right = third[0] - 2 * third[1] + third[2], third[2] - 2 * third[3] + third[4]
        middle = third[1] - 2 * third[2] + third[3]
        jumps.append(max(abs(right - left), abs(middle - left)) / (4 * h * h))
    return float(max(jumps))


def _size(parts: Any, measured: Any, terms: Any) -> float:
    """What an error is measured by: the slope's parts, or what digits the value's terms leave for it."""
    whole, value = (float(np.sum(np.abs(x))) for x in (parts, terms))
    return max(whole, abs(float(measured)), value * _NATURAL)


def lifted(array: Any) -> Any:
    """An array of mpmath numbers, each exactly the given double; integers stay what they are."""
    array = np.asarray(array)
    if array.dtype.kind != "f":
        return array.astype(object) if array.dtype.kind == "i" else array
    mpf = mpmath().mpf
    out = np.empty(array.shape, dtype=object)
    for place in np.ndindex(array.shape):
        out[place] = mpf(float(array[place]))
    return out


def has_floats(*roots: Expr) -> bool:
    """Whether a constant of the expressions was typed with a decimal point."""
    for node in postorder(*roots):
        if isinstance(node, Product) and isinstance(node.coef, float):
            return True
        if isinstance(node, Sum) and any(isinstance(c, float) for c, _ in node.terms):
            return True
        if isinstance(node, Map) and (
            "." in node.head.text or any(isinstance(v, float) for _, v in node.head.params)
        ):
            return True
    return False
