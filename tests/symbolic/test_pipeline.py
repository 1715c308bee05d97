"""One pipeline derives: whoever asks gets the same, and no variable is simplified away before it is derived by."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad as mg
from minigrad.errors import ArgumentError

SPELLED = {
    "softmax": lambda x: (e := mg.exp(x).named("E"), (e / mg.sum(e)).named("A")),
    "sigmoid": lambda x: (e := mg.exp(-x).named("E"), (1 / (1 + e)).named("A")),
    "softplus": lambda x: (e := mg.exp(x).named("E"), mg.log(1 + e).named("A")),
    "logsumexp": lambda x: (e := mg.exp(x).named("E"), mg.log(mg.sum(e)).named("A")),
}


@pytest.mark.parametrize("name", SPELLED)
def test_an_exponential_that_is_a_variable_is_not_read_away(name: str) -> None:
    """By E = exp(x) the derivative of E / sum(E) is no zero, though E / sum(E) is softmax(x)."""
    values = np.array([0.3, -0.8, 1.1])
    x = mg.tensor(values, name="x", requires_grad=True)
    e, a = SPELLED[name](x)
    loss = mg.sum(a * mg.sum(a * a))
    derived = mg.derive(loss, ["E", "x"])()
    expected = mg.gradients(loss, [e, x])
    for key, gradient in zip(("E", "x"), expected, strict=True):
        np.testing.assert_allclose(derived[key], gradient.numpy(), rtol=1e-10)


@pytest.mark.parametrize("wrt", [["P"], ["P", "x"]])
def test_what_a_variable_is_made_of_is_no_fact_of_it(wrt: list[str]) -> None:
    """The derivative of sum(P) by P is 1, though P is a softmax and its sum is 1."""
    x, y = mg.tensor([0.3, -0.8, 1.1], name="x", requires_grad=True), mg.symbols("y: 3")
    p = mg.nn.functional.softmax(x).named("P")
    derived = mg.derive((mg.sum(p) * mg.sum(y)).named("L"), wrt)
    assert str(derived["P"]).splitlines()[-1].split("      ")[0] == "dP = sum(y) 𝟏"
    if "x" in wrt:
        np.testing.assert_allclose(derived(y=np.ones(3))["x"], np.zeros(3), atol=1e-15)


def test_a_card_has_the_gradient_that_is_derived() -> None:
    z, y = mg.symbols("z: n", "y: n")
    p = (1 / (1 + mg.exp(-z))).named("p")
    loss = mg.sum(p * y).named("L")
    source = mg.draw(loss, wrt=["z"]).source
    assert "σ(<I>z</I>)" in source
    assert str(mg.derive(loss, "z")["z"]).splitlines()[-1] == "dz = p ⊙ (1 − p) ⊙ dp"


def test_a_tensor_without_a_name_is_asked_for_one() -> None:
    x = mg.symbols("x: n")
    h = x + 1
    with pytest.raises(ArgumentError, match="without a name.*named"):
        mg.derive(mg.sum(h * h), wrt=h)
