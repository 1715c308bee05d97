"""`Step`: what `compile` gives, which is called with arrays by name."""

from __future__ import annotations

import operator
import threading
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from minigrad.api.arguments import as_array, type_name
from minigrad.api.running import Written
from minigrad.api.value import given_values
from minigrad.errors import ArgumentError, UndefinedError

Gradients = dict[str, Any]


class Made(Protocol):
    """What is compiled: its target, the dims and arrays that a call gives, and the text for a call."""

    target: str
    dims: frozenset[str]

    def names(self) -> list[str]:
        """The variables of the gradients."""

    def takes(self) -> list[str]:
        """The arrays of a call."""

    def in_order(self) -> list[str]:
        """The arrays of a call without names; the variables of a graph have no order that a user knows."""

    def written(self, given: Mapping[str, Any]) -> Written:
        """The text for arrays of these sizes, and dims that no array has."""

    def usual(self) -> Written:
        """The text before any call."""


class Step:
    """A compiled step: arrays in by name, ``(value, {name: gradient})`` out.

    ``source`` is the text that runs: for arrays of the sizes of the last call, and before any call of the
    sizes that are known, dims without a number being of a usual size. It is written anew for
    arrays of other sizes.

    What a call returns is never written to again. Threads may call one step at the same time: each has
    buffers of its own.
    """

    def __init__(self, made: Made, dtype: str | None) -> None:
        self._made, self._dtype = made, dtype
        self._local = threading.local()
        self._last: Written | None = None

    @property
    def source(self) -> str:
        """The text of the function that runs."""
        return (self._last or self._made.usual()).source

    def __call__(self, /, *values: Any, **arrays: Any) -> tuple[Any, Gradients]:
        """The value and the gradients at these arrays, by name: as keywords, in a mapping, or both.

        A function that was compiled takes them in its own order, too. A dim that no array has is given as
        a number.

        Raises
        ------
        ArgumentError
            When an array is missing, or no variable has its name.
        DtypeError
            When elements are no real numbers, or places and truths are others.
        ShapeError
            When a shape is not that of the variable, or one dim has two sizes.
        UndefinedError
            When a place is read that an axis does not have.
        MissingPackageError
            When the target's package is not installed.
        """
        if values:
            arrays = self._named(values, arrays)
        try:
            given = [(type(a), a.shape, a.dtype) for a in arrays.values()]
            found = self._local.runs[*arrays, *given]
        except (AttributeError, KeyError):
            found = None
        if found is None:
            dims = {n: _as_size(n, a) for n, a in arrays.items() if n in self._made.dims}
            arrays = {n: as_array(n, a, self._made.target) for n, a in arrays.items() if n not in dims}
            found = self._prepared(arrays, dims)
        names, run = found
        try:
            return run(*[arrays[name] for name in names])
        except IndexError as error:
            raise UndefinedError(
                f"step: a place is read that axes of these lengths do not have ({error})"
            ) from error

    def _named(self, values: tuple[Any, ...], arrays: Mapping[str, Any]) -> dict[str, Any]:
        """Arrays that came without names, by name."""
        order = self._made.in_order()
        if len(values) == 1 and (not order or isinstance(values[0], Mapping)):
            return dict(given_values(values[0], arrays, "a step", "step"))
        if not order:
            names = ", ".join(f"{name}=..." for name in self._made.takes())
            raise ArgumentError(f"step: arrays are given by name, step({names}), or in one mapping")
        if len(values) > len(order):
            raise ArgumentError(f"step: takes {', '.join(order)}, and got {len(values)} arrays")
        named = dict(zip(order, values, strict=False))
        twice = sorted(named.keys() & arrays.keys())
        if twice:
            raise ArgumentError(f"step: {', '.join(twice)} is given twice")
        return {**named, **arrays}

    def _prepared(
        self, arrays: Mapping[str, Any], dims: Mapping[str, int]
    ) -> tuple[Sequence[str], Any]:
        """What runs for arrays of these shapes and types, and these dims, in this thread."""
        runs = self._local.__dict__.setdefault("runs", {})
        key = (*arrays, *((type(a), a.shape, a.dtype) for a in arrays.values()), *dims.items())
        if key not in runs:
            self._last = written = self._made.written({**arrays, **dims})
            dtype = self._dtype or _floats(arrays)
            runs[key] = written.arguments, written.prepared(arrays, dtype)
        return runs[key]

    def __repr__(self) -> str:
        return f"<Step of {', '.join(self._made.names())}>"


def _as_size(name: str, value: Any) -> int:
    """What a dim measures."""
    try:
        size = operator.index(value)
    except TypeError:
        raise ArgumentError(f"step: {name} is a dim; give its size, {name}=4") from None
    if size < 0:
        raise ArgumentError(f"step: the dim {name} has size {size}; sizes are 0 or more")
    return size


def _floats(arrays: Mapping[str, Any]) -> str:
    """The type of floats that the arrays have."""
    floats = sorted(name for name in map(type_name, arrays.values()) if "float" in name)
    if "bfloat16" in floats and len({*floats}) > 1:  # NumPy does not know it; float32 holds it
        floats = [name.replace("bfloat16", "float32") for name in floats]
    return floats[0] if len({*floats}) == 1 else str(np.result_type(*(floats or ["float64"])))
