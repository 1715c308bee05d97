"""Odd input to a check: each has an error that names the cause and the cure, or an honest verdict."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import sympy

import minigrad as mg
from minigrad.errors import ArgumentError, DtypeError, MinigradError, ShapeError

RNG = np.random.default_rng(0)
x, W = RNG.normal(size=(2, 3)), RNG.normal(size=(3, 4))
X_, w_, y_ = mg.symbols("X: m n", "w: n", "y: m")
LOSS = mg.mean((X_ @ w_ - y_) ** 2)
DATA = mg.tensor(RNG.normal(size=3), name="w", requires_grad=True)
ON_DATA = mg.sum(DATA**2)


def layer(x: Any, W: Any) -> Any:
    return mg.tanh(x @ W)


def forward(x: Any, W: Any) -> Any:
    return np.tanh(x @ W)


def backward(g: Any, x: Any, W: Any) -> Any:
    d = g * (1 - np.tanh(x @ W) ** 2)
    return d @ W.T, x.T @ d


def judged(**options: Any) -> Callable[[], Any]:
    return lambda: mg.check(forward, (x, W), **options)


REFUSED: list[tuple[str, Callable[[], Any], type[Exception], str]] = [
    ("no such variable", lambda: mg.check(LOSS, wrt="q"), ArgumentError, "known are X, w, y"),
    ("no variables", lambda: mg.check(LOSS, wrt=[]), ArgumentError, "names no variables"),
    ("a number for a name", lambda: mg.check(LOSS, wrt=3), ArgumentError, "names no variables"),
    ("text", lambda: mg.check("sum(x)"), ArgumentError, "mg.parse"),  # type: ignore[arg-type]
    ("nothing", lambda: mg.check(None), ArgumentError, "not NoneType"),  # type: ignore[arg-type]
    ("order", lambda: mg.check(LOSS, order=0), ArgumentError, "order= counts .* not 0"),
    ("no seeds", lambda: mg.check(LOSS, seeds=0), ArgumentError, "at least 1; got 0"),
    ("no time", lambda: mg.check(LOSS, seconds=-1), ArgumentError, "above 0; got -1"),
    ("witness", lambda: mg.check(LOSS, witnesses=["vjp"]), ArgumentError, "known are hand VJPs"),
    ("given a stranger", lambda: mg.check(LOSS, given={"q": x}), ArgumentError, "are X, w, y"),
    ("given a shape", lambda: mg.check(LOSS, given={"X": W[0]}), ShapeError, r"shape \(m n\)"),
    (
        "given two sizes",
        lambda: mg.check(LOSS, given={"X": W, "w": W[:, 0]}),
        ShapeError,
        "the dim n is 4 in given\\['X'\\] and 3 in given\\['w'\\]",
    ),
    ("given words", lambda: mg.check(ON_DATA, given={"w": ["a"] * 3}), DtypeError, "real numbers"),
    ("given a piece", lambda: mg.check(LOSS, given={"q": "X @ w"}), ArgumentError, "against="),
    (
        "integers",
        lambda: mg.check(mg.sum(mg.tensor([1, 2], name="a") * 2)),
        ArgumentError,
        "there is a \\(int64\\)",
    ),
    ("untracked", lambda: mg.check(mg.sum(mg.tensor([1.0]))), ArgumentError, "requires_grad"),
    (
        "against: brackets",
        lambda: mg.check(LOSS, wrt="w", against="X.T @ (X @ w"),
        ArgumentError,
        "never closed",
    ),
    ("against: a name", lambda: mg.check(LOSS, wrt="w", against="q"), ArgumentError, "named 'q'"),
    ("against: empty", lambda: mg.check(LOSS, wrt="w", against=""), ArgumentError, "empty"),
    ("against: sizes", lambda: mg.check(LOSS, wrt="w", against="X @ X"), ShapeError, "inner sizes"),
    (
        "against: an object",
        lambda: mg.check(LOSS, wrt="w", against=object()),
        ArgumentError,
        "text",
    ),
    (
        "against: a function of strangers",
        lambda: mg.check(LOSS, wrt="w", against=lambda q: q),
        ArgumentError,
        "asks for 'q'; known",
    ),
    (
        "against: a function that raises",
        lambda: mg.check(LOSS, wrt="w", against=lambda w: 1 / 0),
        ArgumentError,
        "dw raised ZeroDivisionError",
    ),
    (
        "against: SymPy of strangers",
        lambda: mg.check(ON_DATA, wrt="w", against=sympy.Symbol("z")),
        ArgumentError,
        "named 'z'; known are",
    ),
    (
        "against another variable",
        lambda: mg.check(LOSS, wrt="w", against={"X": "X"}),
        ArgumentError,
        "the variables are w",
    ),
    (
        "against several Hessians",
        lambda: mg.check(LOSS, order=2, against="X"),
        ArgumentError,
        "one derivation is given for 9 second derivatives",
    ),
    ("no arguments", lambda: mg.check(layer), ArgumentError, r"check\(f, \(x, y\)"),
    ("too few arguments", lambda: mg.check(layer, (x,)), ArgumentError, "missing .* 'W'"),
    ("no such argument", lambda: mg.check(layer, (x, W), wrt="q"), ArgumentError, "it has x, W"),
    ("no such position", lambda: mg.check(layer, (x, W), wrt=7), ArgumentError, "it has x, W"),
    ("whole numbers", lambda: mg.check(mg.sum, (np.arange(3),)), ArgumentError, "pass floats"),
    ("returns nothing", lambda: mg.check(lambda x: None, (x,)), ArgumentError, "carries no graph"),
    ("too few gradients", judged(backward=lambda g, x, W: x), ArgumentError, "1 gradient for 2"),
    (
        "too many gradients",
        judged(backward=lambda g, x, W: (x, W, W)),
        ArgumentError,
        "3 gradients for 2",
    ),
    (
        "a gradient is None",
        judged(backward=lambda g, x, W: (None, W)),
        ArgumentError,
        "None .* by x",
    ),
    ("gradients of strangers", judged(backward=lambda g, x, W: {"q": x}), ArgumentError, "dx"),
    ("a backward of g alone", judged(backward=lambda g: (x, W)), ArgumentError, "backward\\(g\\)"),
    ("a backward that is text", judged(backward="x"), ArgumentError, "is a function, not str"),
    ("a cotangent", judged(backward=backward, cotangent=x), ShapeError, r"\(2, 3\), the output"),
    ("a budget", judged(backward=backward, budget=-1), ArgumentError, "above 0; got -1"),
    ("a budget alone", lambda: mg.check(LOSS, budget=1e-3), ArgumentError, "belongs to backward="),
    ("a tensor's backward", lambda: mg.check(LOSS, backward=backward), ArgumentError, "function"),
    ("two claims", judged(backward=backward, against="x"), ArgumentError, "one at a time"),
    (
        "a differential too",
        lambda: mg.check(LOSS, against="w", differential="dw"),
        ArgumentError,
        "one at a time",
    ),
]


@pytest.mark.parametrize(
    ("call", "kind", "message"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED]
)
def test_misuse_is_refused(call: Callable[[], Any], kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message) as caught:
        call()
    assert isinstance(caught.value, MinigradError)
    assert str(caught.value).split(":")[0] in ("check", "derive")


def test_what_a_users_function_raises_is_his_to_see() -> None:
    with pytest.raises(ZeroDivisionError):
        mg.check(lambda x: 1 / 0, (x,))
    with pytest.raises(ZeroDivisionError):
        mg.check(forward, (x, W), backward=lambda g, x, W: 1 / 0)


@pytest.mark.parametrize("hole", [np.nan, np.inf])
def test_where_data_are_no_numbers_nothing_is_decided(hole: float) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        report = mg.check(ON_DATA, given={"w": np.array([1.0, hole, 2.0])})
    assert report.verdict == "inconclusive"
    assert "w holds NaN or infinity, where no derivative is defined" in report.notes


def test_whole_numbers_for_a_real_variable_are_real_numbers() -> None:
    report = mg.check(ON_DATA, given={"w": [1, 2, 3]})
    assert report.verdict == "pass"
    assert any(c.first == "hand VJPs" for c in report.comparisons)


def test_every_result_of_a_function_is_judged() -> None:
    report = mg.check(lambda x: (mg.sum(x**2), mg.tanh(x)), (x,))
    assert report.verdict == "pass"
    assert {"x of result 0", "x of result 1"} <= {c.quantity for c in report.comparisons}


def test_a_claim_that_is_nan_or_of_another_shape_is_wrong() -> None:
    assert mg.check(LOSS, wrt="w", against="0 * w / (0 * w)").verdict == "fail"
    (finding,) = mg.check(LOSS, wrt="w", against="X").findings
    assert "its shape is" in finding.slip
    assert mg.check(forward, (x, W), backward=lambda *a: backward(*a)[::-1]).verdict == "fail"


@pytest.mark.parametrize("seed", [-1, 0.5, "x", None])
def test_a_seed_that_is_none_is_refused(seed: object) -> None:
    with pytest.raises(ArgumentError, match="a seed is a whole number, at least 0"):
        mg.check(mg.parse("sum(x**2)", x="n"), seed=seed)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    ["x*1e308", "x*x*1e200", "exp(x)*1e300", "x*1e-308", "x*1e-320", "x*1e-43", "x*1e-38"],
)
def test_what_overflows_or_underflows_in_the_judges_own_arithmetic_is_no_failure(text: str) -> None:
    report = mg.check(mg.parse(text, x=""), seed=721)
    assert report.verdict in ("pass", "inconclusive"), report
    assert any(row.verdict == "pass" for row in report.comparisons), report


@pytest.mark.parametrize("text", ["sum(x**-1e308)", "sum(exp2(x * 10**9))", "prod(x)**10**8"])
def test_numbers_with_as_many_digits_as_an_exponent_says_are_not_made(text: str) -> None:
    report = mg.check(mg.parse(text, x="3"), seed=748)
    assert report.verdict in ("pass", "inconclusive"), report
