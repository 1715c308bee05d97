"""Right gradients on samples that are hard to judge: saturated, of lengths that places ask for, symmetric."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad as mg
from minigrad.checking.lengths import Demand, lengthened
from minigrad.checking.witness import COMPLEX
from minigrad.index.size import dim

SATURATED = [
    "sum(softplus(x, 300))",
    "softplus(x, 120, 20)",
    "sum(softplus(x, 30)*x)",
    "sum(softplus(x, 7, 0.5)**2)",
    "sum(softplus(x, -40, 0.5))",
    "sum(logaddexp(300*x, 0))",
]


@pytest.mark.parametrize("text", SATURATED)
def test_a_complex_step_through_a_stable_form_refutes_nothing(text: str) -> None:
    for seed in range(2):
        report = mg.check(mg.parse(text, x="n"), wrt="x", seed=seed)
        assert report.verdict == "pass", report


def test_a_complex_step_still_refutes_a_wrong_gradient() -> None:
    lie = mg.elementwise("almost square", lambda x: x * x, vjps=(lambda g, y, x: g * x * (2 + 1e-8),))
    report = mg.check(lie(mg.tensor(np.ones(3), name="x", requires_grad=True)))
    assert {c.verdict for c in report.comparisons if c.second == COMPLEX} == {"fail"}


def test_the_threshold_of_softplus_is_in_its_formula() -> None:
    x = np.array([0.4, 0.6, 900.0])
    loss = mg.parse("sum(softplus(x, 2, 1))", x="n")
    d = mg.derive(loss, wrt="x")
    assert str(d) == "dx = σ(2 x) ⊙ [x ≤ 1 / 2] + [x > 1 / 2]"
    expected = mg.grad(lambda x: mg.nn.functional.softplus(x, 2, 1).sum())(x)
    np.testing.assert_allclose(d["x"](x=x), expected.numpy(), rtol=1e-15)


PLACES = {
    "x[5]": {"x": "n"},
    "x[-7]": {"x": "n"},
    "x[2:9]": {"x": "n"},
    "sum(x[:-8]**2)": {"x": "n"},
    "sum(x[9:1:-3]**2)": {"x": "n"},
    "X[5, 3]": {"X": "n m"},
    "sum(X[:, 5]*X[4, :])": {"X": "n n"},
    "x[4]*y[7]": {"x": "n", "y": "m"},
    "x[20]": {"x": "2*h"},
    "x[40]": {"x": "n*m"},
    "take(x, [1, 9])": {"x": "n"},
    "sum(x[[2, -8, 3]])": {"x": "n"},
    "cross_entropy(Z, 9)": {"Z": "c"},
    "trace(X, offset=6)": {"X": "n n"},
    "det(X[5:8, 5:8])": {"X": "n n"},
    "sum(x**2)": {"x": "n-9"},
    "sum(x**2) + sum(y)": {"x": "2*n-11", "y": "12-n"},
}


@pytest.mark.parametrize("text", PLACES)
def test_lengths_are_chosen_that_have_the_places_named(text: str) -> None:
    loss = mg.parse(text, **PLACES[text])
    report = mg.check(loss, wrt=next(iter(PLACES[text])))
    assert report.verdict == "pass", report


def test_places_that_the_formula_has_lost_are_found_by_longer_axes() -> None:
    report = mg.check(mg.parse("0*x[9] + x[0]**2", x="n"), wrt="x")
    assert report.verdict == "pass", report


def test_dims_are_made_longer_and_kept_apart() -> None:
    n, m = dim("n"), dim("m")
    asked = [Demand(n - 6, n), Demand(m - 6, m), Demand(n - m, n)]
    assert lengthened({"n": 3, "m": 5}, asked) == {"n": 8, "m": 7}
    assert lengthened({"n": 3, "m": 5}, asked[:1], fixed={"n"}) == {"n": 3, "m": 5}


@pytest.mark.parametrize("text", ["sum(cholesky(S)**3)", "logdet(S) + sum(cholesky(S)*C)"])
def test_second_derivatives_of_a_cholesky_factor_are_judged_along_symmetric_directions(
    text: str,
) -> None:
    names = {"S": "n n | spd"} | ({"C": "n n"} if "C" in text else {})
    report = mg.derive(mg.parse(text, **names), wrt="S", order=2).check()
    assert report.verdict == "pass", report


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("-sum(q*log_softmax(z))", {"z": "n", "q": "n | simplex"}),
        ("-sum(Y * log(softmax(X @ W)))", {"W": "d c", "X": "n d", "Y": "n c | simplex"}),
        ("trace(W.T @ W @ A)", {"A": "n n", "W": "n n | orthogonal"}),
        ("norm(softmax((outer(y, y) @ y)) + 0.1)", {"y": "m"}),
    ],
)
def test_facts_and_gradients_with_few_digits_are_judged_by_those(
    text: str, names: dict[str, str]
) -> None:
    for seed in range(2):
        report = mg.check(mg.parse(text, **names), wrt=next(iter(names)), seed=seed)
        assert report.verdict == "pass", report
