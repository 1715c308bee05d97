"""The helper for other people's test-suites: it passes, fails with the report, and tells doubt apart."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.errors import GradientError
from minigrad.testing import assert_gradients

X = np.random.default_rng(3).normal(size=(4, 2))


def test_it_returns_the_report_that_passed() -> None:
    report = assert_gradients(lambda x: mg.sum(mg.tanh(x) ** 2), X)
    assert report.verdict == "pass"
    assert assert_gradients(mg.sum(mg.tensor(X, name="X", requires_grad=True) ** 3)).passed


def lying(scale: float) -> Any:
    return mg.elementwise(
        "tested", np.tanh, (lambda g, y, x: scale * g * (1 - y * y),), meaning="tanh(x)"
    )


def test_a_wrong_vjp_fails_with_the_table_and_the_culprit() -> None:
    with pytest.raises(AssertionError, match="tested: its VJP") as caught:
        assert_gradients(lambda x: mg.sum(lying(1.001)(x)), X)
    assert "hand VJPs ~ finite differences" in str(caught.value)


def test_a_kink_is_no_success_unless_allowed() -> None:
    at_kink = np.array([0.0, 1.0])
    with pytest.raises(AssertionError, match="inconclusive"):
        assert_gradients(lambda x: mg.sum(abs(x)), at_kink)
    report = assert_gradients(lambda x: mg.sum(abs(x)), at_kink, allow_inconclusive=True)
    assert report.verdict == "inconclusive"


def test_a_backward_and_a_derivation_are_judged_too() -> None:
    assert_gradients(np.tanh, X, wrt=[0], backward=lambda g, x: g * (1 - np.tanh(x) ** 2))
    with pytest.raises(AssertionError, match="the sign is wrong"):
        assert_gradients(lambda x: mg.sum(x**2), X, wrt="x", against="-2 * x")


def test_second_order_is_judged_on_request() -> None:
    assert_gradients(lambda x: mg.sum(mg.exp(x) * x), X, order=2)

    def vjp(g: Any, y: Any, x: Any) -> Any:
        slope = 1 - y * y
        return g * (slope.detach() if isinstance(slope, mg.Tensor) else slope)

    lie = mg.elementwise("tested twice", np.tanh, (vjp,), meaning="tanh(x)")
    with pytest.raises(AssertionError, match="second order"):
        assert_gradients(lambda x: mg.sum(lie(x)), X, order=2)


def test_a_hessian_that_no_time_was_left_for_is_not_right() -> None:
    report = mg.check(lambda x: mg.sum(mg.exp(x)), (X,), order=2, seconds=1e-9)
    assert report.verdict == "inconclusive"
    assert "the time was used up" in str(report)


def test_without_a_meaning_a_hessian_is_judged_by_numbers() -> None:
    own = mg.elementwise("tested without", np.tanh, (lambda g, y, x: g * (1 - y * y),))
    report = assert_gradients(lambda x: mg.sum(own(x) ** 2), X, order=2)
    assert not any(c.first == "derived formula" for c in report.comparisons)


def test_failures_can_be_raised_by_check_itself() -> None:
    wrong = {"wrt": "x", "against": "3 * x"}
    with pytest.raises(GradientError, match="the witnesses disagree"):
        mg.check(lambda x: mg.sum(x**2), (X,), raise_on_failure=True, **wrong)
    assert mg.check(lambda x: mg.sum(x**2), (X,), **wrong).verdict == "fail"
    loss = mg.sum(mg.symbols("x: n") ** 2)
    assert mg.derive(loss).check(seeds=3, raise_on_failure=True).passed
