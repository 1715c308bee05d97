"""Directions that an assumption leaves open: gradients are compared along these alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

# On a discrete set no direction is left, so a formula that used the assumption has no derivative by it.
DISCRETE = frozenset({"0/1", "pm1", "onehot", "bool", "index"})


def _symmetric(a: Any, x: Any) -> Any:
    return (a + a.swapaxes(-1, -2)) / 2


_PROJECTIONS: dict[str, Callable[[Any, Any], Any]] = {
    "spd": _symmetric,
    "symmetric": _symmetric,
    "diagonal": lambda a, x: a * np.eye(a.shape[-1]),
    "simplex": lambda a, x: a - a.mean(axis=-1, keepdims=True),
    "orthogonal": lambda a, x: (a - x @ a.swapaxes(-1, -2) @ x) / 2,
}


def along(assume: frozenset[str], a: Any, x: Any) -> Any:
    """The part of a gradient or direction that stays within what is assumed of x."""
    for word, project in _PROJECTIONS.items():
        if word in assume:
            return project(np.asarray(a), x)
    return a
