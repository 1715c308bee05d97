"""Every elementwise row of the registry, under every broadcasting pattern."""

from __future__ import annotations

from typing import Any

import numpy as np

import minigrad as mg
import minigrad.nn.functional as F  # noqa: N812  (as users write it)
from engine_cases.case import Case, Function, generator, sample
from minigrad.primitive import REGISTRY, Primitive

PATTERNS: dict[str, tuple[tuple[int, ...], ...]] = {
    "same": ((2, 3), (2, 3), (2, 3)),
    "row": ((2, 3), (3,), (2, 3)),
    "column": ((2, 1), (2, 3), (1, 3)),
    "outer": ((3, 1), (1, 2), (1, 1)),
    "scalar": ((), (2, 2), ()),
    "all-scalars": ((), (), ()),
    "empty": ((0, 3), (1, 3), (0, 1)),
}


def elementwise_cases() -> list[Case]:
    """Every elementwise row under every broadcasting pattern."""
    cases = []
    for row in REGISTRY.values():
        if row.kind != "elementwise" or not row.builtin or not row.differentiable:
            continue
        arity = row.arity or 0
        for pattern, shapes in PATTERNS.items():
            if arity == 1 and pattern in ("column", "outer", "scalar"):
                continue
            rng = generator(row.name, pattern)
            args = tuple(sample(d, s, rng) for d, s in zip(row.domain, shapes, strict=False))
            cases.append(Case(row.name, pattern, operation(row), args, _reference(row)))
    return cases


def operation(row: Primitive) -> Function:
    """The public function of a row."""
    path = row.name.split(".")
    home: Any = mg
    if path[0] == "nn":
        home, path = F, path[1:]
        if row.name == "nn.huber":
            from minigrad.ops.regression import huber

            return huber
    for part in path[:-1]:
        home = getattr(home, part)
    if row.name == "special.polygamma":
        return lambda x: mg.special.polygamma(1, x)
    return getattr(home, path[-1])


def _reference(row: Primitive) -> Function:
    numpy_function = getattr(np, row.name, None)
    if numpy_function is not None:
        return numpy_function
    if row.name == "special.polygamma":
        return lambda x: row.forward(x, n=1)
    return lambda *args: row.forward(*args, **row.params)
