"""Generated functions: run alone, on the numbers of the engine and of the dense reference."""

from __future__ import annotations

import inspect
import warnings
from typing import Any

import numpy as np
import pytest
from dense_reference import dense_value
from source_cases import CASES, SIZES, Case, compiled, engine_gradient, formula_of, samples

import minigrad as mg
from minigrad.program.binding import bound
from minigrad.program.evaluate import evaluate


def called(function: Any, arrays: dict[str, Any]) -> Any:
    """By keyword, with the arrays that it asks for, and no warning."""
    wanted = inspect.signature(function).parameters
    with warnings.catch_warnings(), np.errstate(over="raise", divide="raise", invalid="raise"):
        warnings.simplefilter("error")
        return function(**{name: arrays[name] for name in wanted})


@pytest.mark.parametrize("chosen", CASES, ids=lambda c: f"{c.text[:40]} by {c.wrt} {c.order}")
@pytest.mark.long("part")
def test_a_generated_function_computes_the_derivative(chosen: Case) -> None:
    formula, arrays = formula_of(chosen), samples(chosen)
    values, sizes = bound(formula.reading.lowered, {**SIZES, **arrays})
    expected = np.asarray(dense_value(formula.expr, values, sizes))
    np.testing.assert_allclose(evaluate(formula.expr, values, sizes), expected, 1e-9, 1e-12)
    found = called(compiled(formula.source("numpy")), arrays)
    assert isinstance(found, (np.ndarray, np.floating))
    expected = formula(arrays)
    assert np.shape(found) == np.shape(expected)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)
    n = found.ndim - np.ndim(arrays[chosen.wrt])
    shape = found.shape[:n]
    seed = np.random.default_rng(0).normal(size=shape) if shape else np.ones(())
    by_engine = engine_gradient(chosen, arrays, seed)
    np.testing.assert_allclose(np.tensordot(seed, found, axes=n), by_engine, rtol=1e-8, atol=1e-11)


@pytest.mark.parametrize("chosen", CASES, ids=lambda c: f"{c.text[:40]} by {c.wrt} {c.order}")
@pytest.mark.long("part")
def test_single_precision_stays_single(chosen: Case) -> None:
    arrays = {
        name: array.astype(np.float32) if array.dtype == float else array
        for name, array in samples(chosen).items()
    }
    assert called(compiled(formula_of(chosen).source("numpy")), arrays).dtype == np.float32


@pytest.mark.parametrize(("text", "right"), [("x.std(0)**(-2) * Y", np.inf), ("(x.std(0) - 2)**0.5 * Y", np.nan)])
def test_a_power_of_a_number_is_numpys(text: str, right: float) -> None:
    """Python raises at 0**(-2), and (-2)**0.5 is complex there."""
    derived = mg.derive(mg.parse(f"sum({text})", x="1", Y="2"), wrt="Y")
    function = compiled(derived["Y"].source("numpy"))
    arrays = {"x": np.ones(1), "Y": np.ones(2)}
    with np.errstate(all="ignore"):
        wanted = inspect.signature(function).parameters
        np.testing.assert_equal(function(**{name: arrays[name] for name in wanted}), [right] * 2)
        np.testing.assert_equal(derived["Y"](arrays), [right] * 2)
