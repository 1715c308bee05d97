"""Where a program runs: arrays of variables, sizes of dims, the arithmetic; and views by index."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from minigrad.index.size import AnySize, value_of
from minigrad.program.arithmetic import FLOATS, Arithmetic
from minigrad.program.value import subscripts


class Environment(NamedTuple):
    """Arrays of variables, sizes of dims, and the arithmetic; ``disturb`` alters each result, as rounding does."""

    values: Mapping[str, Any]
    sizes: Mapping[str, int]
    arithmetic: Arithmetic = FLOATS
    disturb: Callable[[Any], Any] | None = None

    def shape(self, sizes: Sequence[AnySize]) -> tuple[int, ...]:
        return tuple(value_of(size, self.sizes) for size in sizes)


def diagonal_view(array: Any, labels: Sequence[int], out: Sequence[int]) -> Any:
    return np.einsum(f"{subscripts(labels)}->{subscripts(out)}", array)


def slice_of(entry: Any, env: Environment) -> Any:
    if entry is None:
        return slice(None)
    if not isinstance(entry, tuple):
        return value_of(entry, env.sizes)
    start, step, length = value_of(entry[0], env.sizes), entry[1], value_of(entry[2], env.sizes)
    stop = start + step * length
    return slice(start, stop if stop >= 0 else None, step)
