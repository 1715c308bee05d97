"""Variables that are asked together: each keeps a verdict of its own, and one that is wrong is told apart."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.checking import differences, digits, measured_slopes, together, witnesses
from minigrad.checking.status import heard
from minigrad.checking.witness import DIFFERENCES, FORMULA, VJP

LAYERS = 8


def chain(shrink: float = 1.0, layers: int = LAYERS) -> mg.Tensor:
    """Layers of tanh, each a share ``shrink`` of the one above it."""
    rng = np.random.default_rng(1)
    h = mg.tensor(rng.normal(size=(3, 4)), name="x")
    total = mg.sum(h) * 0
    for k in range(layers):
        w = mg.tensor(rng.normal(size=(4, 4)) / 2, name=f"W{k}", requires_grad=True)
        h = mg.tanh(h @ w)
        total = total + shrink**k * mg.sum(h**2)
    return total


def lying(monkeypatch: pytest.MonkeyPatch, who: str, wrong: dict[int, float]) -> None:
    """Let one witness be off by factors in some variables."""

    def gradients(sample: Any) -> list[Any]:
        found = honest.gradients(sample)
        return [g * wrong.get(k, 1.0) for k, g in enumerate(found)]

    (honest,) = (w for w in witnesses.WITNESSES if w.name == who)
    rows = (replace(w, gradients=gradients) if w is honest else w for w in witnesses.WITNESSES)
    monkeypatch.setattr(witnesses, "WITNESSES", tuple(rows))


def measured(report: Any, who: str, verdict: str) -> set[str]:
    """The variables of which differences said so about a claim."""
    return {
        c.quantity
        for c in report.comparisons
        if (c.first, c.second, c.verdict) == (who, DIFFERENCES, verdict)
    }


@pytest.mark.parametrize("who", [VJP, FORMULA])
@pytest.mark.parametrize("factor", [1 + 1e-6, 0.0])
@pytest.mark.parametrize("k", [0, 5])
def test_one_wrong_gradient_among_many_is_found_and_no_other_is_blamed(
    who: str, factor: float, k: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    lying(monkeypatch, who, {k: factor})
    report = mg.check(chain(), witnesses=[VJP, FORMULA, DIFFERENCES])
    assert report.verdict == "fail"
    name = list(mg.derive(chain()))[k]
    assert measured(report, who, "fail") == {name}
    other = FORMULA if who == VJP else VJP
    assert len(measured(report, other, "pass")) == LAYERS
    assert len(measured(report, who, "pass")) == LAYERS - 1
    (suspect,) = report.suspects
    assert suspect.primitive == who


@pytest.mark.parametrize("factor", [1 + 1e-4, 0.0])
def test_a_lie_in_a_share_that_is_a_millionth_of_another_is_found(
    factor: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    loss = chain(shrink=0.1, layers=7)
    names = list(mg.derive(loss))
    last = names.index("W6")
    lying(monkeypatch, VJP, {last: factor})
    report = mg.check(loss, witnesses=[VJP, DIFFERENCES])
    assert measured(report, VJP, "fail") == {"W6"}
    assert measured(report, VJP, "pass") == set(names) - {"W6"}


def test_each_of_several_wrong_ones_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    lying(monkeypatch, VJP, {1: 1.01, 4: 0.5, 6: -1.0})
    report = mg.check(chain(), witnesses=[VJP, DIFFERENCES])
    names = list(mg.derive(chain()))
    assert measured(report, VJP, "fail") == {names[1], names[4], names[6]}


def test_errors_that_cancel_in_a_sum_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two gradients whose elements together are off by nothing."""
    x, y = (mg.tensor(np.arange(1.0, 4), name=n, requires_grad=True) for n in "xy")
    (honest,) = (w for w in witnesses.WITNESSES if w.name == VJP)

    def gradients(sample: Any) -> list[Any]:
        one, other = honest.gradients(sample)
        return [one + 0.01, other - 0.01]

    row = replace(honest, gradients=gradients)
    rows = (row if w is honest else w for w in witnesses.WITNESSES)
    monkeypatch.setattr(witnesses, "WITNESSES", tuple(rows))
    report = mg.check(mg.sum(x**2 + y**2), witnesses=[VJP, DIFFERENCES])
    assert measured(report, VJP, "fail") == {"x", "y"}


def test_where_hundreds_are_wrong_some_are_named_and_the_rest_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(together, "_SPLITS", 3)
    lying(monkeypatch, VJP, dict.fromkeys(range(LAYERS), 1.01))
    report = mg.check(chain(), witnesses=[VJP, DIFFERENCES])
    assert report.verdict == "fail"
    assert measured(report, VJP, "fail")
    untold = {name for names in measured(report, VJP, "inconclusive") for name in names.split(", ")}
    assert untold | measured(report, VJP, "fail") == set(mg.derive(chain()))


def test_a_formula_that_is_wrong_by_one_variable_is_told_apart_at_50_digits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    derivation = mg.derive(chain(layers=4))
    honest = digits.Meaning.gradients

    def gradients(self: Any, variables: Any, moved: Any = None) -> list[Any]:
        found = honest(self, variables, moved)
        return [g * (2 if k == 2 else 1) for k, g in zip(variables, found, strict=True)]

    monkeypatch.setattr(digits.Meaning, "gradients", gradients)
    report = derivation.check()
    about = {c.quantity: c.verdict for c in report.comparisons if c.second == digits.AT_50}
    wrong = list(derivation)[2]
    assert about == {name: "fail" if name == wrong else "pass" for name in derivation}


def test_a_computed_variable_is_asked_with_those_it_is_computed_from() -> None:
    x = mg.tensor([0.3, 0.7], name="x", requires_grad=True)
    s = mg.sin(x).named("s")
    report = mg.check(mg.sum(s**2 * x), wrt=["x", s])
    assert report.verdict == "pass"
    assert measured(report, VJP, "pass") == {"x", "s"}


def test_slopes_are_measured_once_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    slope, count = differences.slope, []
    monkeypatch.setattr(measured_slopes, "slope", lambda *a: count.append(1) or slope(*a))
    report = mg.check(chain(), witnesses=[VJP, FORMULA, DIFFERENCES])
    assert report.verdict == "pass"
    assert len(count) <= 9  # three directions of at most three groups of like shares


def test_progress_says_who_is_asked_and_how_much_is_done() -> None:
    said: list[tuple[str, int, int]] = []
    mg.check(chain(), progress=lambda *step: said.append(step))
    assert any(what.startswith(DIFFERENCES) for what, _, _ in said)
    assert all(0 <= done <= of for _, done, of in said)


def test_progress_is_quiet_where_nobody_looks(capfd: pytest.CaptureFixture[str]) -> None:
    assert mg.check(chain(layers=2)).verdict == "pass"
    assert mg.derive(chain(layers=2)).check().verdict == "pass"
    assert capfd.readouterr() == ("", "")


def test_a_derivation_tells_its_progress_too() -> None:
    said: list[str] = []
    mg.derive(chain(layers=2)).check(progress=lambda what, done, of: said.append(what))
    assert said


@pytest.mark.parametrize(("seconds", "shows"), [(0.0, False), (1.5, True)])
def test_a_terminal_is_told_what_takes_longer_than_a_second(
    seconds: float, shows: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = iter([0.0, *[seconds] * 10])
    monkeypatch.setattr("minigrad.checking.status.monotonic", lambda: next(now))
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    monkeypatch.setenv("FORCE_COLOR", "1")
    with heard(None) as say:
        assert say is not None
        say("finite differences", 0, 2)
    assert ("finite differences" in capsys.readouterr().err) == shows


