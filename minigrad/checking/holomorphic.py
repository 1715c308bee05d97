"""Whether every step of a program continues to complex numbers: measured, not listed."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from minigrad.checking.distributions import generator
from minigrad.checking.replay import Replay
from minigrad.graph import Node

_STEP = 1e-4
_AGREEMENT = 1e-5


def first_not_holomorphic(replay: Replay, values: Mapping[Node, Any]) -> str:
    """The first row whose forward, on complex arguments, is no continuation of itself; "" for none."""
    rng = generator(0)
    judged: set[tuple[Any, ...]] = set()
    for node in replay.order:
        if node.op is None:
            continue
        key = (node.op.name, str(node.params))
        if key not in judged and not _continues(replay, node, values, rng):
            return node.op.name
        judged.add(key)
    return ""


def _continues(
    replay: Replay, node: Node, values: Mapping[Node, Any], rng: np.random.Generator
) -> bool:
    """The Cauchy–Riemann equations along a random direction: f(x + ih) − f(x) ≈ i (f(x + h) − f(x))."""
    assert node.op is not None
    given = replay.arguments(node, values)
    movable = [
        j
        for j, (x, a) in enumerate(zip(node.inputs, given, strict=True))
        if isinstance(x, Node) and np.asarray(a).dtype.kind == "f"
    ]
    # an argument may become complex alone, or together with the others
    return all(_holds(replay, node, given, [j], rng) for j in movable) and (
        len(movable) < 2 or _holds(replay, node, given, movable, rng)
    )


def _holds(
    replay: Replay, node: Node, given: list[Any], moving: list[int], rng: np.random.Generator
) -> bool:
    op = node.op
    assert op is not None
    params = replay.params(node, given)
    moves = {
        j: rng.uniform(0.5, 1.0, np.shape(given[j])) * np.maximum(np.abs(given[j]), 0.1)
        for j in moving
    }

    def at(t: complex) -> Any:
        arguments = [a + t * moves[j] if j in moves else a for j, a in enumerate(given)]
        return np.asarray(op.forward(*arguments, **params))

    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("error", np.exceptions.ComplexWarning)
            here, right, left, up = at(0.0), at(_STEP), at(-_STEP), at(_STEP * 1j)
    except Exception:
        return False
    if here.dtype.kind not in "fc":
        return bool(np.array_equal(here, up))  # a comparison, which is flat
    if up.dtype.kind != "c":
        return False
    with np.errstate(all="ignore"):
        along, turned = (right - left) / (2 * _STEP), np.imag(up) / _STEP
        apart = np.real(up) - here
    # an element that is infinite on every side (a score that a mask removes) says nothing
    known = np.isfinite(here)
    along, turned, apart = along[known], turned[known], apart[known]
    size = max(_largest(along), _largest(here[known]), 1e-30)
    return bool(
        _largest(turned - along) <= _AGREEMENT * size and _largest(apart) <= _AGREEMENT * size
    )


def _largest(array: Any) -> float:
    return float(np.max(np.abs(array), initial=0.0))
