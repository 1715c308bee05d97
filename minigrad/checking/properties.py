"""What the engine's backward pass must have, whatever it computes: laws of VJPs, shapes, order two."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from minigrad.checking.compare import (
    ROUNDED,
    ROUNDING,
    doubt,
    furthest,
    held,
    judged,
    settled_by,
    tolerated,
)
from minigrad.checking.differences import EPS, slope
from minigrad.checking.low_precision import cast
from minigrad.checking.report import COARSEST, EVERYTHING, Comparison
from minigrad.checking.sample import Sample
from minigrad.checking.steps import stuck_along
from minigrad.checking.suppress import suppress_warnings
from minigrad.checking.vjp_laws import (
    LINEAR,
    REPEATED,
    SHAPES,
    UNCHANGED,
    ZERO,
    Pull,
    linear,
    pushed,
    repeated,
    zero,
)
from minigrad.checking.whole_gradients import hand_gradients
from minigrad.checking.witness import VJP
from minigrad.errors import MinigradError
from minigrad.graph import Node, tensor
from minigrad.numeric import gradients
from minigrad.symbolic.budget import used_up

TANGENT, TWICE = "forward tangents", "order 2"
_SECOND = 1e-6
# A gradient much smaller than this share of its natural size is rounding.
_NATURAL = 1e-3
# How often last digits are moved to see what rounding does to a gradient.
_TWINS = 8


def properties(sample: Sample) -> tuple[list[Comparison], list[str]]:
    """One comparison per property, and notes on those that could not be tested."""
    results: list[Comparison] = []
    notes: list[str] = []
    floats = [k for k in range(len(sample.subject.variables)) if sample.differentiable(k)]
    if not floats or not all(sample.at(k).size for k in floats):
        return results, notes
    with suppress_warnings():
        try:
            first = hand_gradients(sample)
        except Exception:
            return results, notes  # the witness itself has said so
        if not all(np.isfinite(first[k]).all() for k in floats):
            return results, notes
        for name, test in _TESTS.items():
            if used_up():
                notes.append(f"{name}: left out, the time was used up")
                continue
            try:
                results.extend(test(sample, first, floats))
            except MinigradError as error:
                notes.append(f"{name}: could not be tested ({error})")
            except Exception as error:
                notes.append(f"{name}: could not be tested ({type(error).__name__}: {error})")
    return results, notes


Test = Callable[[Sample, list[Any], list[int]], Iterator[Comparison]]


def _linear(sample: Sample, first: list[Any], floats: list[int]) -> Iterator[Comparison]:
    other = sample.rng.normal(size=sample.output.shape)
    natural = _NATURAL * _natural(sample, floats)
    found = linear(VJP, _pull(sample, floats), sample.c, other, ROUNDING, natural)
    if found.verdict == "fail":
        # differences of numbers that are close have their rounding, and a quotient by them multiplies it
        size = max(float(np.abs(first[k]).max()) for k in floats)
        asked = (2 * sample.c, 3 * other, 2 * sample.c + 3 * other)
        moved = _moved_by_rounding(sample, floats, asked)
        tolerance = tolerated(ROUNDING, size + natural, doubt(moved))
        found = judged(VJP, LINEAR, EVERYTHING, found.error, tolerance)
        if found.verdict == "pass" and tolerance > COARSEST:
            found = replace(found, verdict="inconclusive", note=ROUNDED)
    yield found


def _zero(sample: Sample, first: list[Any], floats: list[int]) -> Iterator[Comparison]:
    yield zero(VJP, _pull(sample, floats), sample.c, "zero in, zero out")


def _shapes(sample: Sample, first: list[Any], floats: list[int]) -> Iterator[Comparison]:
    for dtype in (np.float64, np.float32):
        found = hand_gradients(cast(sample, dtype))
        for k in floats:
            g, x = found[k], sample.at(k)
            if g.shape != x.shape or g.dtype != dtype:
                what = (
                    f"{g.shape} {g.dtype} for {sample.subject.names[k]} {x.shape} {np.dtype(dtype)}"
                )
                yield held(VJP, SHAPES, False, what)
                return
    yield held(VJP, SHAPES, True)


def _unchanged(sample: Sample, first: list[Any], floats: list[int]) -> Iterator[Comparison]:
    """Raw forward functions and VJPs leave the arrays they are given as they were."""
    kept = {node: np.array(value) for node, value in sample.leaves.items()}
    frozen = dict(sample.leaves.items())
    sample.replay.run(frozen)
    hand_gradients(sample)
    changed = [
        node.name or "an unnamed leaf"
        for node, before in kept.items()
        if not np.array_equal(before, np.asarray(frozen[node]), equal_nan=before.dtype.kind == "f")
    ]
    yield held(VJP, UNCHANGED, not changed, ", ".join(changed))


def _repeated(sample: Sample, first: list[Any], floats: list[int]) -> Iterator[Comparison]:
    again = _pull(sample, floats)(sample.c)
    runs = (
        [*(first[k] for k in floats), sample.output],
        [*again, sample.replay.run(sample.leaves)],
    )
    yield repeated(VJP, *runs, "a second run gives other numbers")


def _tangents(sample: Sample, first: list[Any], floats: list[int]) -> Iterator[Comparison]:
    """J d by differentiating the VJP in its cotangent, against differences of the whole output."""
    floats = _leaves(sample, floats)
    output, targets = _recorded(sample, floats)
    if not floats or not output.requires_grad:
        return
    directions = [sample.direction(k) for k in floats]
    tangent = np.asarray(pushed(output, dict(zip(targets, directions, strict=True)), sample.c))
    weights = sample.rng.normal(size=sample.output.shape)
    s = slope(lambda t: _moved(sample, floats, directions, t), weights)
    if s.kink or not np.isfinite(s.value):
        return
    size = (
        float(np.sqrt(np.sum((weights * tangent) ** 2)))
        + abs(s.value)
        + _NATURAL * 1e-3 * sample.natural
    )
    error = abs(float(np.sum(weights * tangent)) - s.value) / (size or 1.0)
    here, there = (hand_gradients(at, weights) for at in (sample, sample.perturbed()))
    moved = sum(
        abs(float(np.sum((there[k] - here[k]) * d)))
        for k, d in zip(floats, directions, strict=True)
    )
    tolerance = tolerated(ROUNDING, size, doubt(moved, s.uncertainty))
    rounding = 0.0
    if error > tolerance:
        rounding = sample.rounding(weights)
        uncertainty = s.uncertainty + s.magnifies * rounding
        tolerance = tolerated(ROUNDING, size, doubt(moved, uncertainty))
    if tolerance < 1e-3:
        comparison = judged(VJP, TANGENT, EVERYTHING, error, tolerance)
        comparison = _stepwise(sample, floats, directions, comparison)
        yield settled_by(comparison, s, float(np.sum(weights * tangent)), rounding)


def _twice(sample: Sample, first: list[Any], floats: list[int]) -> Iterator[Comparison]:
    """The gradient of <u, gradient> against differences of the gradient."""
    floats = _leaves(sample, floats)
    output, targets = _recorded(sample, floats)
    if not floats or not output.requires_grad:
        return
    found = gradients(
        [output], targets, cotangents=[tensor(sample.c)], create_graph=True, allow_unused=True
    )
    u = [sample.direction(k) for k in floats]
    used = [(g, w) for g, w in zip(found, u, strict=True) if g is not None and g.requires_grad]
    d = [sample.direction(k) for k in floats]
    by_hand, parts = 0.0, 0.0
    if used:
        second = gradients(
            [g for g, _ in used],
            targets,
            cotangents=[tensor(w) for _, w in used],
            allow_unused=True,
        )
        products = [h.numpy() * e for h, e in zip(second, d, strict=True) if h is not None]
        by_hand = sum(float(p.sum()) for p in products)
        parts = float(np.sqrt(sum(float(np.sum(p**2)) for p in products)))

    def projected(t: float) -> Any:
        moved = _shifted(sample, floats, d, t)
        g = hand_gradients(moved)
        return np.concatenate([(g[k] * w).ravel() for k, w in zip(floats, u, strict=True)])

    s = slope(projected, 1.0)
    natural = sum(float(np.abs(first[k] * w).sum()) for k, w in zip(floats, u, strict=True))
    size = max(parts, abs(s.value), 1e-5 * (natural + sample.natural))
    if s.kink or not size or not np.isfinite(s.value):
        return
    if EPS * parts > natural + sample.natural:
        return  # between neighbouring doubles the gradient would pass through all of its values
    # a gradient far below its natural size has few digits, and so have the differences of it
    largest = max(float(np.abs(first[k]).max()) for k in floats)
    digits = doubt(EPS * _natural(sample, floats)) / largest if largest else 0.0
    tolerance = tolerated(max(_SECOND, digits), size, doubt(uncertainty=s.uncertainty))
    error = abs(by_hand - s.value) / size
    rounding = 0.0
    if error > tolerance:
        there = hand_gradients(sample.perturbed())
        rounding = sum(
            abs(float(np.sum((there[k] - first[k]) * w))) for k, w in zip(floats, u, strict=True)
        )
        allowed = doubt(uncertainty=s.uncertainty + s.magnifies * rounding)
        tolerance = tolerated(max(_SECOND, digits), size, allowed)
    if tolerance < 1e-2:
        c = judged(VJP, TWICE, EVERYTHING, error, tolerance)
        yield settled_by(_stepwise(sample, floats, d, c), s, by_hand, rounding)


_TESTS: dict[str, Test] = {
    LINEAR: _linear,
    ZERO: _zero,
    SHAPES: _shapes,
    UNCHANGED: _unchanged,
    REPEATED: _repeated,
    TANGENT: _tangents,
    TWICE: _twice,
}


# -- pieces ------------------------------------------------------------------------------------------


def _pull(sample: Sample, floats: list[int]) -> Pull:
    def pull(c: Any) -> list[Any]:
        found = hand_gradients(sample, c)
        return [found[k] for k in floats]

    return pull


def _moved_by_rounding(sample: Sample, floats: list[int], asked: Sequence[Any]) -> float:
    """How far the gradients for these cotangents move, in sum, when numbers change in their last digit.

    Several times, for a few last digits may cancel by chance, as 1/s − (1/s + 1/s)/2 does.
    """
    here = [_pull(sample, floats)(c) for c in asked]
    moved = 0.0
    for k in range(_TWINS):
        pull = _pull(sample.perturbed(k == 0), floats)
        gaps = [max(map(furthest, pull(c), known)) for c, known in zip(asked, here, strict=True)]
        moved = max(moved, sum(gaps))
    return moved


def _natural(sample: Sample, floats: list[int]) -> float:
    """The size of gradients if the output changed by its own size as the variables do."""
    return sample.natural / min(float(sample.widths(k).max()) for k in floats)


def _leaves(sample: Sample, floats: list[int]) -> list[int]:
    """Variables that can move together: a computed one follows the leaves already."""
    return [k for k in floats if sample.subject.variables[k].op is None]


def _recorded(sample: Sample, floats: list[int]) -> tuple[Any, list[Any]]:
    output, tensors = sample.recorded()
    return output, [tensors[sample.subject.variables[k]] for k in floats]


def _shifted(sample: Sample, floats: list[int], directions: list[Any], t: float) -> Sample:
    """The sample with all its variables moved along their directions."""
    moved: dict[Node, Any] = dict(sample.leaves)
    for k, d in zip(floats, directions, strict=True):
        moved[sample.subject.variables[k]] = sample.at(k) + t * d
    return sample.with_leaves(moved)


def _moved(sample: Sample, floats: list[int], directions: list[Any], t: float) -> Any:
    return sample.replay.run(_shifted(sample, floats, directions, t).leaves)


def _stepwise(
    sample: Sample, floats: list[int], directions: list[Any], c: Comparison
) -> Comparison:
    """The comparison, inconclusive where a step on the way has no derivative along the directions."""
    if c.verdict != "fail":
        return c
    variables = sample.subject.variables
    why = stuck_along(sample, {variables[k]: d for k, d in zip(floats, directions, strict=True)})
    return replace(c, verdict="inconclusive", note=why) if why else c
