"""Texts that mean nothing are refused in words, by an error of the library; neighbours that mean something work."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad as mg
from minigrad.errors import MinigradError

# A text, its variables, and words that the error holds.
REFUSED = [
    # options that are plain numbers
    ("sum(elu(S, x.shape[0]))", {"S": "n n | spd", "x": "n"}, "alpha is a plain number"),
    ("sum(leaky_relu(x, y))", {"x": "n", "y": "n"}, "negative_slope"),
    ("hardtanh(x, x)", {"x": "n"}, "min_val"),
    ("sum(softplus(x, beta=x))", {"x": "n"}, "beta is a plain number"),
    ("sum(leaky_relu(x, (1.5, 2)))", {"x": "n"}, "negative_slope is a plain number"),
    ("sum(polygamma(y, W))", {"y": "n", "W": "m n"}, "special.polygamma: order"),
    ("sum(polygamma(1.5, x))", {"x": "n"}, "whole number from 0 on, not 1.5"),
    ("sum(polygamma(-1, x))", {"x": "n"}, "whole number from 0 on"),
    ("sum(repeat(x, -1))", {"x": "3"}, "a count is a whole number from 0 on, not -1"),
    ("sum(repeat(x, 1.5))", {"x": "n"}, "a count is a whole number"),
    ("sum(repeat(x, [1, 2]))", {"x": "3"}, "2 counts do not fit the 3 elements"),
    ("sum(repeat(x, [1, 2]))", {"x": "n"}, "2 counts do not fit the n elements"),
    ("sum(tile(x, (2, -1)))", {"x": "n"}, "a count is a whole number"),
    ("linspace(0, 1, 2.5)", {}, "num is a whole number"),
    ("sum(reshape(x, (1.5, 2)))", {"x": "3"}, "1.5 is no size"),
    # shapes that do not fit, where an axis of size 1 is not repeated
    ("sum(stack([y, lam]))", {"y": "3", "lam": ""}, "stack: shapes (3,) and () differ"),
    ("sum(stack([x, y]))", {"x": "4", "y": "5"}, "stack"),
    ("sum([x, y])", {"x": "n", "y": "1"}, "stack: the dims n and 1 differ"),
    ("concatenate([X, Y])", {"X": "2 3", "Y": "2 1"}, "concatenate: the dims 3 and 1 differ"),
    ("sum(A @ M)", {"A": "4 4", "M": "1 4"}, "the inner sizes differ"),
    ("sum(A @ z)", {"A": "n n", "z": "1"}, "the inner sizes differ"),
    ("z.dot(x)", {"z": "1", "x": "n"}, "the inner sizes differ"),
    ("sum(solve(S, z))", {"S": "4 4 | spd", "z": "1"}, "4 unknowns need 4 rows"),
    # places that are written into the text
    ("x[[5]]", {"x": "4"}, "index 5 is out of bounds for axis 0 with size 4"),
    ("sum(X[..., [-9]])", {"X": "4 3"}, "index -9 is out of bounds for axis 1 with size 3"),
    ("sum(X[[1], ..., [3]])", {"X": "4 5 3"}, "out of bounds for axis 2 with size 3"),
    ("sum(x[[True, False]])", {"x": "n"}, "a mask of shape (2,) does not fit axis 0 of size n"),
    ("sum(M[[1]])", {"M": "1 n"}, "index 1 is out of bounds for axis 0 with size 1"),
    # operands that are no numbers
    ("sum(inner(v, None))", {"v": "n"}, "inner: cannot compute with None"),
    ("full(3, (1, 2))", {}, "cannot compute with (1, 2)"),
    ("sum(softplus(x, threshold='ij'))", {"x": "n"}, "threshold is a plain number, not 'ij'"),
    ("sum(elu(x, None))", {"x": "n"}, "alpha is a plain number, not None"),
    # keywords
    ("sum(x, axis=0, axis=1)", {"x": "n m"}, "'axis' is given twice"),
    ("sum(x, 0, axis=1)", {"x": "n m"}, "multiple values for argument 'axis'"),
    ("sum(x, axes=1)", {"x": "n m"}, "did you mean 'axis'?"),
]


@pytest.mark.parametrize(("text", "variables", "said"), REFUSED, ids=[r[0] for r in REFUSED])
def test_refused_in_words(text: str, variables: dict[str, str], said: str) -> None:
    with pytest.raises(MinigradError) as refused:
        mg.derive(mg.parse(text, **variables))
    assert said in str(refused.value)


RNG = np.random.default_rng(3)
X, W, P = RNG.normal(size=4), RNG.normal(size=(3, 4)), RNG.normal(size=(2, 2)) + 3 * np.eye(2)

# A text that means something, its variables, by what, arrays, and the gradient.
WORKS = [
    ("sum(roll(x, 1).dot(y))", {"x": "n", "y": "n"}, "x", {"x": X, "y": X**2}, np.roll(X**2, -1)),
    ("sum((W | 0.5) * W)", {"W": "m n"}, "W", {"W": W}, np.ones((3, 4))),
    ("sum((x & 0) * x)", {"x": "n"}, "x", {"x": X}, np.zeros(4)),
    ("sum(logical_or(b, -7) * b)", {"b": "n"}, "b", {"b": X}, np.ones(4)),
    ("sum(fmax(lam, nan))", {"lam": ""}, "lam", {"lam": 2.0}, 1.0),
    ("sum(x[:x.shape[-1] // 2])", {"x": "2*h"}, "x", {"x": X}, [1, 1, 0, 0]),
    (
        "sum(softplus(x, 300))",
        {"x": "n"},
        "x",
        {"x": X / 300},
        1 / (1 + np.exp(-X)),
    ),
    ("sum(digamma(2**70) * x)", {"x": "2"}, "x", {"x": X[:2]}, np.full(2, 70 * np.log(2))),
    (
        "logdet(kron(A, B))",
        {"A": "m m", "B": "n n"},
        "A",
        {"A": P, "B": P},
        2 * np.linalg.inv(P).T,
    ),
]


@pytest.mark.parametrize(
    ("text", "variables", "wrt", "arrays", "right"), WORKS, ids=[w[0] for w in WORKS]
)
def test_neighbours_that_work(
    text: str,
    variables: dict[str, str],
    wrt: str,
    arrays: dict[str, object],
    right: object,
) -> None:
    derivation = mg.derive(mg.parse(text, **variables), wrt=wrt)
    np.testing.assert_allclose(derivation[wrt](arrays), right, rtol=1e-9, atol=1e-12)
    for text_of in (str(derivation), derivation.latex, derivation.mathml, derivation[wrt].index):
        assert text_of
    assert derivation.steps is not None


def test_places_that_lie_outside_are_refused_when_a_formula_is_evaluated() -> None:
    formula = mg.derive(mg.parse("sum(x[i] * w)", x="n", i="m | index", w="m"))["x"]
    arrays = {"x": np.zeros(4), "w": np.array([1.0, 2.0])}
    np.testing.assert_array_equal(formula(arrays, i=np.array([-1, 0])), [2, 0, 0, 1])
    with pytest.raises(MinigradError, match="place 4 of an axis of size 4"):
        formula(arrays, i=np.array([4, 0]))


def test_what_has_no_value_is_said_when_a_formula_is_evaluated() -> None:
    derivation = mg.derive(mg.parse("sum(inv(A))", A="n n"))
    with pytest.raises(MinigradError, match="not defined at these numbers .Singular matrix"):
        derivation["A"](A=np.ones((3, 3)))


@pytest.mark.parametrize(
    "text",
    ["sum(gelu(x ** 0.001))", "sum((x * y)**1e-3 - x*y)", "sum(x**0.123456789)", "square(1e308) * sum(x)"],
)
def test_powers_that_would_be_written_out_for_minutes_are_left_as_they_are(text: str) -> None:
    derivation = mg.derive(mg.parse(text, x="n", y="n"), wrt="x")
    assert derivation["x"].expanded
    at = {"x": np.full(2, 0.7), "y": np.full(2, 1.1)}
    assert np.isfinite(derivation["x"](at)).all() or "1e308" in text


def test_the_inverse_of_a_matrix_of_numbers_of_rows_is_left_to_sympy() -> None:
    formula = mg.derive(mg.parse("logdet(A)", A="4 4"))["A"]
    assert formula.sympy is not None


@pytest.mark.parametrize("text", ["sum((W - n/2)**2)", "sum(W[:n])", "sum(W)*sqrt(n)"])
def test_a_size_that_no_variable_has_is_judged(text: str) -> None:
    """The dim is known of another variable, which the text does not read."""
    loss = mg.parse(text, W="9 4", x="n")
    assert "fail" not in str(mg.check(loss, seconds=2))
    formula = mg.derive(loss)["W"]
    assert formula(W=np.ones((9, 4)), n=2).shape == (9, 4)
    with pytest.raises(MinigradError, match="the size of 'n' is not known"):
        formula(W=np.ones((9, 4)))
