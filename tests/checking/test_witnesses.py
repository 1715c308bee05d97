"""A witness is one row: it speaks at every order, and of every claim that it says it judges."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.checking import source, witnesses
from minigrad.checking.witness import BACKWARD, DERIVATION, VJP, Witness
from minigrad.errors import ArgumentError, MissingPackageError

NAME = "a newcomer"


def newcomer(factor: float) -> Witness:
    """Another name for the hand VJPs, off by a factor."""
    (hand,) = (w for w in witnesses.WITNESSES if w.name == VJP)

    def gradients(sample: Any) -> list[Any]:
        assert hand.gradients is not None
        return [factor * g for g in hand.gradients(sample)]

    return replace(
        hand, name=NAME, again=False, gradients=gradients, judges=(DERIVATION, BACKWARD), part="ear"
    )


def square(x: Any) -> Any:
    return x**2


CHECKS = {
    "order 1": lambda loss: mg.check(loss, wrt="x"),
    "order 2": lambda loss: mg.check(loss, wrt="x", order=2),
    "a derivation": lambda loss: mg.check(loss, wrt="x", against="3*x**2"),
    "a backward function": lambda loss: mg.check(
        square, (np.array([1.0, 2.0]),), backward=lambda g, x: 2 * g * x
    ),
}


@pytest.mark.parametrize("what", CHECKS)
@pytest.mark.parametrize(("factor", "verdict"), [(1.0, "pass"), (1.001, "fail")])
def test_one_row_is_a_witness_everywhere(
    what: str, factor: float, verdict: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    loss = mg.parse("sum(x**3)", x="n")
    assert CHECKS[what](loss).verdict == "pass"
    monkeypatch.setattr(witnesses, "WITNESSES", (*witnesses.WITNESSES, newcomer(factor)))
    report = CHECKS[what](loss)
    pairs = [c for c in report.comparisons if NAME in (c.first, c.second)]
    assert len(pairs) >= 2
    assert report.verdict == verdict, report
    assert all(NAME in (c.first, c.second) for c in report.comparisons if c.verdict == "fail")
    if verdict == "fail" and "order" in what:
        (suspect,) = report.suspects
        assert (suspect.primitive, suspect.parts) == (NAME, ("ear",))


def test_a_row_speaks_of_the_orders_that_it_names(monkeypatch: pytest.MonkeyPatch) -> None:
    loss = mg.parse("sum(x**3)", x="n")
    row = replace(newcomer(1.0), orders=(2,))
    monkeypatch.setattr(witnesses, "WITNESSES", (*witnesses.WITNESSES, row))
    heard = [
        any(NAME in (c.first, c.second) for c in CHECKS[f"order {k}"](loss).comparisons)
        for k in (1, 2)
    ]
    assert heard == [False, True]


def test_at_order_2_those_are_heard_who_are_asked_for() -> None:
    chosen = ["derived formula", "finite differences"]
    report = mg.check(mg.parse("sum(x**3)", x="n"), wrt="x", order=2, witnesses=chosen)
    assert [(c.first, c.second) for c in report.comparisons] == [tuple(chosen)]
    assert report.verdict == "pass"


def test_a_language_that_cannot_be_run_is_refused_in_words(monkeypatch: Any) -> None:
    loss = mg.parse("sum(exp(x))", x="n")
    with pytest.raises(ArgumentError, match="source is written in 'numpy', 'jax', 'torch', not in 'fortran'"):
        mg.check(loss, languages=["fortran"])
    monkeypatch.setattr(source, "find_spec", lambda name: None)
    for asked in ({"languages": ["jax"]}, {"witnesses": ["JAX source"]}):
        with pytest.raises(MissingPackageError, match=r'pip install "minigrad\[jax\]"'):
            mg.check(loss, **asked)
    assert mg.check(loss, seeds=1).verdict == "pass"
