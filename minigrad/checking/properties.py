"""What the engine's backward pass must have, whatever it computes: laws of VJPs, shapes, float32, order two."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from minigrad.checking.compare import ROUNDING, doubt, held, judged, settled_by, tolerated
from minigrad.checking.differences import EPS, slope
from minigrad.checking.replay import to_single
from minigrad.checking.report import EVERYTHING, Comparison
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
    repeated,
    zero,
)
from minigrad.checking.witnesses import VJP, hand_gradients
from minigrad.errors import DerivationError, MinigradError
from minigrad.graph import Node, tensor
from minigrad.numeric import gradients
from minigrad.symbolic.budget import used_up

SINGLE, TANGENT, TWICE = "float32", "forward tangents", "order 2"
_SINGLE = 1e-4
_MOST_SINGLE = 0.05
_SECOND = 1e-6
# A gradient much smaller than this share of its natural size is rounding.
_NATURAL, _NATURAL_SINGLE = 1e-3, 2e-2


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
    yield linear(VJP, _pull(sample, floats), sample.c, other, ROUNDING, natural)


def _zero(sample: Sample, first: list[Any], floats: list[int]) -> Iterator[Comparison]:
    yield zero(VJP, _pull(sample, floats), sample.c, "zero in, zero out")


def _shapes(sample: Sample, first: list[Any], floats: list[int]) -> Iterator[Comparison]:
    for dtype in (np.float64, np.float32):
        found = hand_gradients(_in(sample, dtype))
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


def _single(sample: Sample, first: list[Any], floats: list[int]) -> Iterator[Comparison]:
    """Float32 against float64 on the same rounded numbers."""
    low = _in(sample, np.float32)
    rounded = _in(low, np.float64)
    for node, value in low.values.items():
        if np.isfinite(rounded.values[node]).all() > np.isfinite(value).all():
            what = node.op.name if node.op else node.name
            raise DerivationError(f"{what} is not finite in float32")
    found, reference = hand_gradients(low), hand_gradients(rounded)
    largest = float(np.finfo(np.float32).max)
    if any(np.any(np.abs(reference[k]) > largest) for k in floats):
        raise DerivationError("the gradient is not finite in float32")
    size = max(float(np.abs(reference[k]).max()) for k in floats)
    if 0 < size * _SINGLE < np.finfo(np.float32).tiny:
        raise DerivationError("the gradient is below what float32 holds")
    size += _NATURAL_SINGLE * _natural(sample, floats)
    # how far rounding alone moves the gradient: of the inputs, and of every value on the way
    jittered = hand_gradients(rounded.disturbed(to_single))
    moved = max(
        float(np.abs(reference[k] - other[k]).max()) for k in floats for other in (first, jittered)
    )
    tolerance = tolerated(_SINGLE, size, doubt(moved))
    gap = max(float(np.abs(np.asarray(found[k], float) - reference[k]).max()) for k in floats)
    c = judged(VJP, SINGLE, EVERYTHING, gap / (size or 1.0), tolerance)
    if tolerance <= _MOST_SINGLE or not np.isfinite(c.error):
        yield c


def _tangents(sample: Sample, first: list[Any], floats: list[int]) -> Iterator[Comparison]:
    """J d by differentiating the VJP in its cotangent, against differences of the whole output."""
    floats = _leaves(sample, floats)
    output, targets = _recorded(sample, floats)
    if not floats or not output.requires_grad:
        return
    c = tensor(np.zeros(sample.output.shape) + sample.c, requires_grad=True)
    found = gradients([output], targets, cotangents=[c], create_graph=True, allow_unused=True)
    directions = [sample.direction(k) for k in floats]
    used = [(g, d) for g, d in zip(found, directions, strict=True) if g is not None]
    pushed = gradients([g for g, _ in used], c, cotangents=[tensor(d) for _, d in used])
    tangent = np.asarray(pushed.numpy())
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
    if tolerance < 1e-3:
        comparison = judged(VJP, TANGENT, EVERYTHING, error, tolerance)
        comparison = settled_by(comparison, s, float(np.sum(weights * tangent)))
        yield _stepwise(sample, floats, directions, comparison)


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
    # a gradient far below its natural size has few digits, and so have the differences of it
    largest = max(float(np.abs(first[k]).max()) for k in floats)
    digits = doubt(EPS * _natural(sample, floats)) / largest if largest else 0.0
    tolerance = tolerated(max(_SECOND, digits), size, doubt(uncertainty=s.uncertainty))
    if tolerance < 1e-2:
        c = judged(VJP, TWICE, EVERYTHING, abs(by_hand - s.value) / size, tolerance)
        c = settled_by(c, s, by_hand)
        yield _stepwise(sample, floats, d, c)


_TESTS: dict[str, Test] = {
    LINEAR: _linear,
    ZERO: _zero,
    SHAPES: _shapes,
    UNCHANGED: _unchanged,
    REPEATED: _repeated,
    SINGLE: _single,
    TANGENT: _tangents,
    TWICE: _twice,
}


# -- pieces ------------------------------------------------------------------------------------------


def _pull(sample: Sample, floats: list[int]) -> Pull:
    def pull(c: Any) -> list[Any]:
        found = hand_gradients(sample, c)
        return [found[k] for k in floats]

    return pull


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


def _in(sample: Sample, dtype: Any) -> Sample:
    return sample.with_leaves(
        {
            node: np.asarray(value).astype(dtype) if np.asarray(value).dtype.kind == "f" else value
            for node, value in sample.leaves.items()
        }
    )


def _stepwise(
    sample: Sample, floats: list[int], directions: list[Any], c: Comparison
) -> Comparison:
    """The comparison, inconclusive where a step on the way has no derivative along the directions."""
    if c.verdict != "fail":
        return c
    variables = sample.subject.variables
    why = stuck_along(sample, {variables[k]: d for k, d in zip(floats, directions, strict=True)})
    return replace(c, verdict="inconclusive", note=why) if why else c
