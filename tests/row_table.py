"""One call of every row of the registry: its real arguments as named variables, and a loss of its result."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from engine_cases import CASES, Case
from engine_cases.case import generator

import minigrad as mg
from minigrad.graph import Tensor

NAMES = "XYZUVW"
# Their numbers are chosen to be singular, or without smoothness.
SPECIAL = ("empty", "singular", "zero", "large", "0-d", "all-scalars", "scalar")


def _numbers(case: Case) -> tuple[bool, int]:
    """How dear a call is, the cheapest that shows what the row does first."""
    special = any(word in case.label for word in SPECIAL)
    return special, sum(math.prod(np.shape(a)) for a in case.args)


TABLE = [
    min((case for case in CASES if case.row == row), key=_numbers)
    for row in dict.fromkeys(case.row for case in CASES)
]


def arguments(case: Case) -> Iterator[Any]:
    """What the row is called with: floats as named variables, other arrays as they are."""
    for name, array in zip(NAMES, case.args, strict=False):
        if array.dtype.kind != "f":
            yield array
            continue
        dims = [f"{name.lower()}{k}" if size > 1 else None for k, size in enumerate(array.shape)]
        yield mg.tensor(array, name=name, dims=dims, requires_grad=True)


def _loss(y: Tensor, order: int) -> Tensor:
    """A number that feels every element of y, at second order with curvature of its own."""
    weights = mg.tensor(generator("weights", y.shape).normal(size=y.shape), name="C")
    return mg.sum(weights * y) if order == 1 else mg.sum(weights * y * y) / 2


def loss_and_variables(case: Case, order: int) -> tuple[Tensor, list[Tensor]]:
    """A number that depends on the row, and the variables that it depends on."""
    given = list(arguments(case))
    loss = _loss(case.run(*given), order)
    mine = [x for x in given if isinstance(x, Tensor)]
    unused = mg.gradients(loss, mine, allow_unused=True)
    return loss, [x for x, slope in zip(mine, unused, strict=True) if slope is not None]
