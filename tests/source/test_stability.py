"""Extreme numbers: generated functions and evaluation neither overflow nor lose what is finite."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest
from source_cases import Case, case, compiled, formula_of
from stability_cases import CASES, EXTREME

from minigrad.program.arithmetic import DIGITS_50, mpmath
from minigrad.program.binding import bound
from minigrad.program.evaluate import evaluate


@pytest.mark.parametrize("chosen", CASES, ids=lambda c: f"{c.text} by {c.wrt} {c.order}")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_extreme_inputs_give_finite_numbers_without_a_warning(chosen: Case, dtype: Any) -> None:
    formula = formula_of(chosen)
    function = compiled(formula.source())
    wanted = inspect.signature(function).parameters
    arrays = {name: EXTREME[name].astype(dtype) for name in wanted}
    with np.errstate(over="raise", divide="raise", invalid="raise"):
        found = function(**arrays)
    assert np.all(np.isfinite(found))
    value = formula(arrays)
    if dtype == np.float64:
        np.testing.assert_allclose(value, found, rtol=1e-12)
    else:
        # The formula's value comes from float64. In float32 a difference keeps the digits of what is
        # subtracted, one rounding of it: of numbers up to 1 in log p − log(1 − p) and 1 − σ, and of the
        # input itself where the value is a logarithm of exponentials, as derivatives by weights are.
        logits = EXTREME[{"y": "x", "Y": "X"}[chosen.wrt]] if chosen.wrt in ("y", "Y") else 0.0
        allowed = 1e-5 * np.abs(value) + np.finfo(np.float32).eps * np.maximum(1, np.abs(logits))
        assert np.all(np.abs(value - found.astype(float)) <= allowed)


@pytest.mark.parametrize("chosen", CASES, ids=lambda c: f"{c.text} by {c.wrt} {c.order}")
def test_large_inputs_give_the_numbers_of_50_digits(chosen: Case) -> None:
    """Up to exp(40), beyond which one minus a sigmoid needs more than 50 digits itself."""
    formula = formula_of(chosen)
    function = compiled(formula.source())
    arrays = {name: np.clip(EXTREME[name], -40, 40) for name in chosen.declared}
    found = function(**{name: arrays[name] for name in inspect.signature(function).parameters})
    np.testing.assert_allclose(found, at_50_digits(formula, arrays), rtol=1e-12, atol=1e-15)


def at_50_digits(formula: Any, arrays: dict[str, Any]) -> Any:
    """The formula by its definitions, where exp(10000) is a number."""
    number = np.frompyfunc(lambda value: mpmath().mpf(float(value)), 1, 1)
    values, sizes = bound(formula.reading.lowered, arrays)
    exact = {name: number(array) for name, array in values.items()}
    return np.asarray(evaluate(formula.expr, exact, sizes, DIGITS_50), dtype=float)


def test_small_probabilities_keep_their_digits() -> None:
    """Sigmoid at -40 is 4.2e-18, which one minus a rounded one cannot say."""
    function = compiled(formula_of(case("sum(log(1 + exp(x)))", "x: n", "x")).source())
    found = function(x=np.array([-40.0, -700.0]))
    np.testing.assert_allclose(found, np.exp([-40.0, -700.0]), rtol=1e-15)


def test_loss_gradient_by_labels_is_a_logit() -> None:
    """-log(p) + log(1 - p) is -x, also where p is 0 or 1 in floats."""
    chosen = case("-sum(y * log(sigmoid(x)) + (1 - y) * log(1 - sigmoid(x)))", "x: n, y: n", "y")
    found = compiled(formula_of(chosen).source())(x=EXTREME["x"])
    np.testing.assert_allclose(found, -EXTREME["x"], rtol=1e-12)


def test_what_a_mask_rules_out_is_not_met() -> None:
    """0 times infinity is no 0: the second derivative of elu is 0 where exp(x) would overflow."""
    source = formula_of(case("sum(elu(x))", "x: n", "x", 2)).source()
    assert "np.where(x <= 0, np.exp(np.minimum(x, 0)), 0)" in source
    found = compiled(source)(x=np.array([-1.0, 1e4]))
    np.testing.assert_allclose(found, np.diag([np.exp(-1.0), 0.0]), rtol=1e-15)
