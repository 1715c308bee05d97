"""The value of formulas: the language run on the arrays of their variables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from minigrad.api.functions import separated, with_functions
from minigrad.api.reading import Derived
from minigrad.errors import ArgumentError
from minigrad.index.size import value_of
from minigrad.program.binding import bound, check_sizes
from minigrad.program.environment import Environment
from minigrad.program.evaluate import evaluate_all
from minigrad.symbolic.lower import Lowered


def given_values(
    values: Any, named: Mapping[str, Any], whose: str = "a formula", called: str = "formula"
) -> dict[str, Any]:
    """Arrays by variable name, from a mapping and from keywords.

    Raises
    ------
    ArgumentError
        When what is given is no mapping: an array alone does not say whose value it is.
    """
    if values is not None and not isinstance(values, Mapping):
        raise ArgumentError(
            f"{whose}'s values are given by name, {called}(x=array) or {called}({{'x': array}}), not as "
            f"{type(values).__name__}"
        )
    return {**(values or {}), **named}


def evaluate_formulas(
    lowered: Lowered, formulas: Sequence[Derived], given: Mapping[str, Any]
) -> list[Any]:
    """The values of several formulas of one derivation; what they share is computed once."""
    arrays, functions = separated(dict(given))
    values, sizes = bound(lowered, arrays)
    exprs = tuple(with_functions([f.expr for f in formulas], functions))
    check_sizes(exprs, sizes)
    wide = {name: _widened(array) for name, array in values.items()}
    found = evaluate_all(exprs, Environment(wide, sizes))
    return [_shaped(f, array, sizes) for f, array in zip(formulas, found, strict=True)]


def _widened(array: Any) -> Any:
    """A formula squares what an operation scales first: float64 holds the squares of float32."""
    short = isinstance(array, np.ndarray) and array.dtype in (np.float16, np.float32)
    return array.astype(float) if short else array


def _shaped(formula: Derived, array: Any, sizes: Mapping[str, int]) -> Any:
    shape = tuple(value_of(size, sizes) for size in formula.sizes)
    return np.asarray(array).reshape(shape)
