"""Running a program on arrays, in any of the arithmetics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad.errors import UndefinedError
from minigrad.limits import check_bytes
from minigrad.program.environment import Environment
from minigrad.program.operations import OPERATIONS
from minigrad.program.value import Value, in_order
from minigrad.symbolic.budget import ask_for_time


def run(results: Sequence[Value], env: Environment) -> list[Any]:
    """The arrays of the results."""
    order = list(in_order(results))
    last = {arg: k for k, value in enumerate(order) for arg in value.args}
    kept = set(results)
    for value in order:
        if OPERATIONS[value.op].memory not in ("view", "none") or value in kept:
            check_bytes("a formula's value", env.shape(value.sizes))
    done: dict[Value, Any] = {}
    with np.errstate(all="ignore"):
        for k, value in enumerate(order):
            ask_for_time()
            try:
                done[value] = OPERATIONS[value.op].run(value, [done[a] for a in value.args], env)
            except np.linalg.LinAlgError as error:
                raise UndefinedError(
                    f"{_called(value)}: the formula is not defined at these numbers ({error}); add a multiple "
                    "of the identity, or use pinv"
                ) from error
            except IndexError as error:
                raise UndefinedError(
                    f"the formula reads a place that axes of these lengths do not have ({error}); "
                    "give longer arrays"
                ) from error
            if env.disturb is not None:
                done[value] = env.disturb(done[value])
            for arg in value.args:
                if last[arg] == k and arg not in kept:
                    done.pop(arg, None)
    return [done[value] for value in results]


def _called(value: Value) -> str:
    """What a user calls the operation."""
    return value.params[0].name if value.op == "matrix_function" else value.op
