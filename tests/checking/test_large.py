"""What is wrong at large arguments only is found, and what is right there raises no alarm."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.program import float_functions
from minigrad.source.dialects import numpy

RIGHT = {
    "sum(g*log(1 + exp(W@v)))": {"W": "m n", "v": "n", "g": "m"},
    "exp(x)/mean(exp(x))": {"x": "n"},
    "sum(gelu(x))": {"x": "n"},
    "mean(softplus(-y*(X@w)))": {"X": "m n", "w": "n", "y": "m | pm1"},
    "binary_cross_entropy(sigmoid(z), y)": {"z": "n", "y": "n | 0/1"},
    "sum(layer_norm(x, x.shape[0])*y)": {"x": "n", "y": "n"},
    "logdet(A)": {"A": "n n | spd"},
    "sum(softmax(X@w)*y)": {"X": "m n", "w": "n", "y": "m"},
    "min(exp(exp(X)), axis=None)": {"X": "2 2"},
    "norm(2*exp(x) + 0.1)": {"x": "n"},
    "bce_with_logits(hypot(w, b), A@B@y)": {"w": "n", "b": "n", "y": "n", "A": "n n", "B": "n n"},
}


@pytest.mark.parametrize("text", RIGHT)
def test_what_is_right_raises_no_alarm(text: str) -> None:
    names = list(RIGHT[text])
    wrt = names[:2] if "hypot" in text else names[0]
    report = mg.check(mg.parse(text, **RIGHT[text]), wrt=wrt)
    assert report.verdict == "pass", report


def _culprit(report: Any) -> set[tuple[str, str]]:
    return {(c.first, c.second) for c in report.comparisons if c.verdict == "fail"}


def test_a_lie_in_a_stable_form_is_found_at_large_arguments(monkeypatch: Any) -> None:
    loss = mg.parse("sum(sigmoid(x)*y)", x="n", y="n")
    assert mg.check(loss, wrt="y").verdict == "pass"
    monkeypatch.setitem(float_functions._OWN, "sigmoid", lambda x: np.exp(x) / (1 + np.exp(x)))
    found = _culprit(mg.check(loss, wrt="y"))
    monkeypatch.undo()
    assert found == {("derived formula", "inputs × 800")}


def test_a_lie_of_the_source_is_found_at_large_arguments(monkeypatch: Any) -> None:
    text = "def sigmoid(x):\n    return np.where(x > 30, 0, 1 / (1 + np.exp(-x)))\n"
    monkeypatch.setitem(numpy.HELPERS, "sigmoid", text)
    report = mg.check(mg.parse("sum(sigmoid(x)*y)", x="n", y="n"), wrt="y")
    assert _culprit(report) == {("NumPy source", "inputs × 40")}
    assert {s.primitive for s in report.suspects} == {"NumPy source"}


def test_a_rule_that_is_wrong_at_large_arguments_is_found() -> None:
    def slope(g: Any, y: Any, x: Any) -> Any:
        return g * np.where(x > 25, 0, 1 / (1 + np.exp(-x)))

    lie = mg.elementwise(
        "lying ramp", lambda x: np.logaddexp(x, 0), vjps=(slope,), meaning="log(1 + exp(x))"
    )
    x = mg.symbols("x: n")
    report = mg.check(mg.sum(lie(x)), wrt="x")
    assert {first for first, _ in _culprit(report)} == {"hand VJPs"}
    assert [s.primitive for s in report.suspects] == ["lying ramp"]
    assert "inputs × 40" in str(report)


def test_a_long_target_hides_no_cancellation() -> None:
    """dp = (p − y)/(p (1 − p)) is never met where p is no tensor of its own, however long y is."""
    names = RIGHT["bce_with_logits(hypot(w, b), A@B@y)"]
    loss = mg.parse("bce_with_logits(hypot(w, b), A@B@y)", **names)
    d = mg.derive(loss, wrt=["w", "b"])
    assert str(d).startswith("dw = w ⊙ r1 ⊘ √r / n      db = b ⊙ r1 ⊘ √r / n   where ")
    given = {"w": np.full(2, 800.0), "b": np.ones(2), "A": np.eye(2), "B": np.eye(2), "y": np.zeros(2)}
    np.testing.assert_allclose(d["w"](**given), [0.5, 0.5], rtol=1e-5)
