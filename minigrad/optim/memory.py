"""What optimisers remember, read back from plain arrays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from minigrad.errors import ArgumentError

Array = NDArray[Any]
# Of each parameter: its shape, its dtype, and the names of what is remembered of it.
Expected = Mapping[str, tuple[tuple[int, ...], Any, tuple[str, ...]]]

# The one thing in a memory that is a count and not an array of the parameter's shape.
COUNT = "t"


def checked_memory(
    what: str, expected: Expected, state: Mapping[str, ArrayLike]
) -> tuple[int, dict[str, dict[str, Any]]]:
    """The count of steps, and the memory of every parameter by its name.

    A parameter that never had a gradient has no memory.

    Raises
    ------
    ArgumentError
        When the state is not that of such an optimiser; it lists all that does not fit.
    """
    if not isinstance(state, Mapping):
        raise ArgumentError(f"load_state_dict: a mapping of names to arrays is wanted, not {type(state).__name__}")
    arrays = {name: np.asarray(value) for name, value in state.items()}
    problems = sorted(_misfits(expected, arrays))
    if problems:
        raise ArgumentError(
            f"load_state_dict: the state does not fit {what}; load it into an optimiser of the "
            "same kind, options and parameters\n  " + "\n  ".join(problems)
        )
    memories: dict[str, dict[str, Any]] = {}
    for name, (_, dtype, keys) in expected.items():
        known = [key for key in keys if f"{name}.{key}" in arrays]
        memories[name] = {
            key: int(arrays[f"{name}.{key}"])
            if key == COUNT
            else np.array(arrays[f"{name}.{key}"], dtype)
            for key in known
        }
    return int(arrays["steps"]), memories


def _misfits(expected: Expected, arrays: Mapping[str, Array]) -> Iterator[str]:
    shapes: dict[str, tuple[int, ...]] = {"steps": ()}
    required = {"steps"}
    for name, (shape, _, keys) in expected.items():
        own = {f"{name}.{key}": () if key == COUNT else shape for key in keys}
        shapes |= own
        if own.keys() & arrays.keys():
            required |= own.keys()
    for name in required | arrays.keys():
        if name not in arrays:
            yield f"missing: {name}"
        elif name not in shapes:
            yield f"unexpected: {name} {arrays[name].shape}"
        elif arrays[name].shape != shapes[name]:
            yield f"mismatched: {name} has shape {arrays[name].shape}, not {shapes[name]}"
        elif name.rpartition(".")[2] in ("steps", COUNT) and not _is_count(arrays[name]):
            yield f"mismatched: {name} is no count"
        elif arrays[name].dtype.kind not in "fiu":
            yield f"mismatched: {name} has dtype {arrays[name].dtype}, which holds no real numbers"


def _is_count(array: Array) -> bool:
    return array.dtype.kind in "iu" and not array.shape and int(array) >= 0
