"""Whether numbers are what a variable's assumptions say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad.errors import ArgumentError
from minigrad.graph import Node
from minigrad.index.assume import ASSUMPTIONS

# How far from exact a sum, a product or the other side of a diagonal may be: numbers are typed and rounded.
_NEAR = 1e-6


def _mirrored(a: Any) -> Any:
    return np.isclose(a, np.swapaxes(a, -1, -2), atol=_NEAR)


def _identity(a: Any) -> Any:
    return np.isclose(np.swapaxes(a, -1, -2) @ a, np.eye(a.shape[-1]), atol=_NEAR)


def _is_finite(a: Any) -> bool:
    return bool(np.isfinite(a).all())


def _zero_or_one(a: Any) -> Any:
    return (a == 0) | (a == 1)


# name -> of an array, where it holds: at each element, or of each matrix or row as a whole
_HOLDS: dict[str, Callable[[Any], Any]] = {
    "symmetric": _mirrored,
    "spd": lambda a: _is_finite(a) and _mirrored(a).all() and bool(np.linalg.eigvalsh(a).min() > 0),
    "diagonal": lambda a: (a == 0) | np.eye(a.shape[-1], dtype=bool),
    "orthogonal": lambda a: _identity(a).all(),
    "simplex": lambda a: (a > 0) & np.isclose(a.sum(-1, keepdims=True), 1, atol=_NEAR),
    "onehot": lambda a: _zero_or_one(a) & (a.sum(-1, keepdims=True) == 1),
    "0/1": _zero_or_one,
    "pm1": lambda a: abs(a) == 1,
    "positive": lambda a: a > 0,
    "unit": lambda a: (a > 0) & (a < 1),
    "bool": _zero_or_one,
    "index": lambda a: (a >= 0) & (a == np.floor(a)),
    "invertible": lambda a: _is_finite(a) and bool((np.linalg.matrix_rank(a) == a.shape[-1]).all()),
    "nonzero": lambda a: a != 0,
}


def refuse_broken(node: Node, array: Any) -> None:
    """Raise where an array is not what its variable is assumed to be.

    Raises
    ------
    ArgumentError
        Names the variable, the assumption and, where one element breaks it, that element.
    """
    for word in sorted(node.assume):
        with np.errstate(all="ignore"):  # what is not finite breaks it
            held = np.asarray(_HOLDS[word](np.asarray(array, dtype=float)))
        if held.all():
            continue
        where = ""
        if held.ndim and held.shape == np.shape(array):
            at = tuple(int(i) for i in np.argwhere(~held)[0])
            names = ", ".join(str(i + 1) for i in at)
            where = f"; the number at {names} is {float(array[at]):g}"
        raise ArgumentError(f"values: {node.name} is {word}, {ASSUMPTIONS[word][2]}{where}")
