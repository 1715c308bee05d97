"""Steps of a program that have no derivative where it takes them, though the whole may have one.

√(x⁴) is smooth, and its root is taken at 0: a sweep that goes step by step meets 0 · ∞ there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from minigrad.checking.differences import slope
from minigrad.checking.distributions import generator
from minigrad.checking.report import Comparison
from minigrad.checking.sample import Sample
from minigrad.checking.sampling import drawn
from minigrad.checking.subject import Subject
from minigrad.errors import MinigradError
from minigrad.graph import Node

_MOVED, _STEPS = 1e-3, (3e-4,)
# Doubles so far apart are whole and half numbers.
_NO_FRACTION = 0.5


def stuck_along(sample: Sample, moves: Mapping[Node, Any], still: bool = False) -> str:
    """The first step with a kink, or no finite slope, in elements that these moves reach; "" for none.

    ``still`` asks for what is reached and does not move too, as the root of 0 · x: a sweep has 0 · ∞ there.
    """
    replay, values = sample.replay, sample.values
    try:
        sides = [
            replay.every(sample.leaves, moves={n: t * d for n, d in moves.items()})
            for t in (_MOVED, -_MOVED)
        ]
    except (MinigradError, np.linalg.LinAlgError):
        return ""  # nothing but values can be asked beyond what the program takes
    rng, reached = generator(0), set(moves)
    for node in replay.order:
        if node.op is None or node in moves:
            continue
        if reached & {x for x in node.inputs if isinstance(x, Node)}:
            reached.add(node)
        given = replay.arguments(node, values)
        turned = {
            j: _direction(values[x], [side[x] for side in sides], rng, still and x in reached)
            for j, x in enumerate(node.inputs)
            if isinstance(x, Node) and np.asarray(values[x]).dtype.kind == "f"
        }
        turned = {j: d for j, d in turned.items() if d.any()}
        if turned and _has_no_fractions(node, given):
            return f"{node.op.name}, a step on the way, jumps within the last digit of what it is given"
        if turned and not _has_slope(sample, node, given, turned, rng):
            return f"{node.op.name}, a step on the way, has no derivative at what it is given"
    return ""


@lru_cache(maxsize=16)
def stuck_at(sample: Sample, k: int, place: tuple[int, ...], still: bool = False) -> str:
    """The same along one element of variable k."""
    d = np.zeros(sample.at(k).shape)
    d[place] = sample.widths(k)[place]
    return stuck_along(sample, {sample.subject.variables[k]: d}, still)


def settled_proof(c: Comparison, subject: Subject, seed: int, k: int) -> Comparison:
    """A proof on the subject's numbers, inconclusive where a step that the variables reach is stuck there."""
    if c.verdict != "fail":
        return c
    if subject.without_numbers:  # comparisons with NaN are no facts in any arithmetic
        return replace(c, verdict="inconclusive", note=subject.without_numbers[0])
    sample = drawn(subject, seed)
    values = {node: np.asarray(sample.values[node]) for node in subject.nodes(k)}
    moves = {node: _direction(x, [x + 1], generator(1)) for node, x in values.items()}
    why = stuck_along(sample, moves)
    return replace(c, verdict="inconclusive", note=why) if why else c


def stuck_along_one(sample: Sample, k: int, direction: Any) -> str:
    """The same along one direction of variable k, or that of its inner variable."""
    *inner, last = sample.subject.nodes(k)
    moves = [*((a, sample.u[a]) for a in inner), (last, direction)]
    return next(filter(None, (stuck_along(sample, {node: d}) for node, d in moves)), "")


def _direction(
    here: Any, sides: list[Any], rng: np.random.Generator, every: bool = False
) -> Any:
    """A direction of the elements that move, or of ``every`` one, each by about its own size.

    No two by as much, by which the larger of two equal ones would show no kink.
    """
    here = np.asarray(here)
    moved = np.isfinite(here) & (every | np.any([side != here for side in sides], axis=0))
    size = float(np.max(np.abs(here), initial=0.0, where=np.isfinite(here))) or 1.0
    wide = np.where(moved, np.maximum(np.abs(here), 0.3 * size), 0.0)
    signs = rng.choice([-1.0, 1.0], size=here.shape)
    return np.where(moved, wide, 0.0) * signs * rng.uniform(0.6, 1.4, size=here.shape)


def _has_no_fractions(node: Node, given: list[Any]) -> bool:
    """Whether a step that jumps at whole numbers is given one whose neighbour among doubles is the next.

    The floor of 10³⁰ is itself, and so is that of every number close to it: in doubles it has slope 1.
    """
    if node.op is None or "noninteger" not in node.op.domain:
        return False
    with np.errstate(all="ignore"):
        jumping = np.abs(np.asarray(given[0] if len(given) == 1 else given[0] / given[1], dtype=float))
        return bool(np.any(np.isfinite(jumping) & (np.spacing(jumping) >= _NO_FRACTION)))


def _has_slope(
    sample: Sample,
    node: Node,
    given: list[Any],
    turned: Mapping[int, Any],
    rng: np.random.Generator,
) -> bool:
    op, params = node.op, sample.replay.params(node, given)
    assert op is not None
    known = np.isfinite(sample.values[node])

    def along(t: float) -> Any:
        moved = [a + t * turned[j] if j in turned else a for j, a in enumerate(given)]
        try:
            with np.errstate(all="ignore"):
                return np.where(known, np.asarray(op.forward(*moved, **params), dtype=float), 0.0)
        except (MinigradError, np.linalg.LinAlgError):
            return np.full(known.shape, np.nan)

    s = slope(along, rng.normal(size=known.shape), _STEPS)
    return not s.kink and bool(np.isfinite(s.value))
