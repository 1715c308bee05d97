"""One call of every row of the registry, and its real arguments as named variables."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from engine_cases import CASES, Case

import minigrad as mg

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
