"""What holds for every VJP, whoever wrote it: linear in its cotangent, 0 for 0, the same when run again.

``pull(c)`` stands for the VJP: a cotangent to a gradient per variable. Of y = x² at x = (1, 2) it is
pull(c) = (2 c₁, 4 c₂): pull(2 c + 3 e) = 2 pull(c) + 3 pull(e). One that returns 2 x + c is not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from minigrad.checking.compare import held, judged
from minigrad.checking.report import EVERYTHING, Comparison
from minigrad.graph import Tensor, tensor
from minigrad.numeric import gradients

LINEAR, ZERO, SHAPES = "linear in the cotangent", "zero cotangent", "shapes and dtypes"
UNCHANGED, REPEATED = "inputs unchanged", "repeatable"

Gradients = Sequence[Any]
Pull = Callable[[Any], Gradients]


def linear(
    who: str, pull: Pull, c: Any, other: Any, tolerance: float, natural: float = 0.0
) -> Comparison:
    """pull(2 c + 3 e) = 2 pull(c) + 3 pull(e), up to a share of their size, or of ``natural``."""
    one, two, both = (
        [np.asarray(g, dtype=float) for g in pull(x)] for x in (c, other, 2 * c + 3 * other)
    )
    size = max(
        (_largest(2 * a) + _largest(3 * b) for a, b in zip(one, two, strict=True)), default=0
    )
    gaps = [_largest(g - (2 * a + 3 * b)) for g, a, b in zip(both, one, two, strict=True)]
    error = max(gaps, default=0.0) / (size + natural or 1.0)
    return judged(who, LINEAR, EVERYTHING, error, tolerance)


def zero(who: str, pull: Pull, c: Any, otherwise: str = "") -> Comparison:
    """Nothing comes of nothing."""
    found = pull(np.zeros(np.shape(c)))
    return held(who, ZERO, not any(np.any(g) for g in found), otherwise)


def repeated(who: str, first: Gradients, again: Gradients, otherwise: str = "") -> Comparison:
    """A second run gives the same numbers."""
    same = all(np.array_equal(a, b, equal_nan=True) for a, b in zip(first, again, strict=True))
    return held(who, REPEATED, same, otherwise)


def pushed(output: Tensor, directions: Mapping[Tensor, Any], at: Any) -> Any:
    """J d: the gradient of ⟨Jᵀ c, d⟩ by c, which it is linear in, wherever c is ``at``."""
    c = tensor(np.zeros(output.shape) + at, requires_grad=True)
    found = gradients([output], [*directions], cotangents=[c], create_graph=True, allow_unused=True)
    pairs = [(g, d) for g, d in zip(found, directions.values(), strict=True) if g is not None]
    # a gradient that is 0 wherever c is depends on none; another that does not is an error
    used = [(g, tensor(d)) for g, d in pairs if g.requires_grad or np.any(g.numpy())]
    if not used:
        return np.zeros(output.shape)
    return gradients([g for g, _ in used], c, cotangents=[d for _, d in used]).numpy()


def _largest(array: Any) -> float:
    return float(np.abs(array).max(initial=0.0))
