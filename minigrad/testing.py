"""For other people's test-suites: assert that the gradients of a function are right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from minigrad.api.check import check
from minigrad.checking import Report


def assert_gradients(
    function: Any,
    *args: Any,
    wrt: Any = None,
    order: int = 1,
    against: Any = None,
    given: Mapping[str, Any] | None = None,
    backward: Any = None,
    cotangent: Any = None,
    residuals: Any = None,
    budget: float | None = None,
    seed: int = 0,
    seeds: int | None = None,
    witnesses: Sequence[str] | None = None,
    allow_inconclusive: bool = False,
) -> Report:
    """Assert that independent witnesses agree on the gradients of ``function`` at ``args``.

    Parameters
    ----------
    function, args
        A function of arrays with its arguments, or a tensor alone.
    allow_inconclusive
        Accept what could not be judged, for example at a kink.
    wrt, order, against, given, backward, cotangent, residuals, budget, seed, seeds, witnesses
        As for :func:`minigrad.check`.

    Returns
    -------
    Report
        The report that passed.

    Raises
    ------
    AssertionError
        With the report's table, when witnesses disagree, or when nothing could be decided.

    Examples
    --------
    >>> import numpy as np
    >>> import minigrad as mg
    >>> from minigrad.testing import assert_gradients
    >>> report = assert_gradients(lambda x: mg.sum(mg.tanh(x) ** 2), np.ones(3))
    >>> report.verdict
    'pass'
    """
    __tracebackhide__ = True  # pytest then shows the line of the test, not this one
    report = check(
        function,
        list(args) or None,
        wrt=wrt,
        order=order,
        against=against,
        given=given,
        backward=backward,
        cotangent=cotangent,
        residuals=residuals,
        budget=budget,
        seed=seed,
        seeds=seeds,
        witnesses=witnesses,
    )
    accepted = ("pass", "inconclusive") if allow_inconclusive else ("pass",)
    if report.verdict not in accepted:
        raise AssertionError(f"the gradients are not confirmed: {report.verdict}\n{report}")
    return report
