"""Source in the languages of other libraries, run by them on arrays of one type."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from source_cases import compiled

import minigrad as mg
from minigrad.source import source_of

LANGUAGES = ("jax", "torch")


def library(language: str) -> Any:
    """The library, or a reason why a test of it is skipped."""
    return pytest.importorskip(language, reason=f'pip install "minigrad[{language}]"')


@contextmanager
def arrays_in(language: str, dtype: Any) -> Iterator[Callable[[Any], Any]]:
    """How an array becomes one of the language's: floats of this type, the rest as it is."""
    module = library(language)

    def typed(array: Any) -> Any:
        array = np.asarray(array)
        return array.astype(dtype) if array.dtype.kind == "f" else array

    if language == "torch":
        yield lambda array: module.tensor(typed(array))
        return
    with module.enable_x64(dtype == np.float64):
        yield lambda array: module.numpy.asarray(typed(array))


def called(source: str, language: str, dtype: Any, values: Mapping[str, Any]) -> Any:
    """What the function returns, as NumPy has it: integers, which are sizes, are given as they are."""
    function = compiled(source)
    wanted = {name: values[name] for name in inspect.signature(function).parameters}
    with arrays_in(language, dtype) as array:
        given = {n: v if isinstance(v, int) else array(v) for n, v in wanted.items()}
        found = function(**given)
        found = found if isinstance(found, dict) else {None: found}
        plain = {key: np.asarray(result) for key, result in found.items()}
    assert {a.dtype for a in plain.values()} == {np.dtype(dtype)}
    return plain


def value_and_gradients(derived: mg.Derivation, language: str) -> str:
    """One function that returns the output, under "value", and all that is derived."""
    lowered, node = derived.reading.lowered, derived.reading.node
    leaves = lowered.leaves
    return source_of(
        [
            ("value", "value", lowered.expr(node), lowered.views[node].sizes),
            *((key, f.name, f.expr, f.sizes) for key, f in derived.items()),
        ],
        language,
        variables={name: lowered.views[n].sizes for name, (n, _) in leaves.items() if n in lowered.views},
        sizes=lowered.sizes,
        constants={
            name: lowered.leaf_array(name, n.value)
            for name, (n, _) in leaves.items()
            if n.name is None and not n.requires_grad and n.value is not None
        },
    )


def close(found: Any, right: Any, dtype: Any, single: float = 2e-4) -> None:
    """To the last digits in double precision, to ``single`` of the largest element in single."""
    right = np.asarray(right)
    if dtype == np.float64:
        scale = np.max(np.abs(right), initial=0.0)
        np.testing.assert_allclose(found, right, rtol=1e-9, atol=1e-11 * (1 + scale))
    else:
        scale = max(1.0, float(np.max(np.abs(right), initial=0.0)))
        np.testing.assert_allclose(found, right, rtol=0, atol=single * scale)
