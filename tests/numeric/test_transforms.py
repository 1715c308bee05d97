"""Transforms of functions against calculus done by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.errors import MinigradError
from minigrad.nn import functional as functional

A = np.array([[2.0, 1.0], [0.5, 3.0]])
X = np.array([0.3, -0.7])


def quadratic(x: Any) -> Any:
    return x @ A @ x  # ∇ = (A + Aᵀ) x, Hessian A + Aᵀ


def test_grad() -> None:
    np.testing.assert_allclose(mg.grad(quadratic)(X).numpy(), (A + A.T) @ X)


def test_value_and_grad() -> None:
    value, g = mg.value_and_grad(quadratic)(X)
    assert value.item() == pytest.approx(X @ A @ X)
    np.testing.assert_allclose(g.numpy(), (A + A.T) @ X)
    assert np.asarray(value) == pytest.approx(X @ A @ X)  # outside its graph


def test_numbers_are_arguments_too() -> None:
    assert mg.grad(lambda x: x**3)(2.0).item() == 12
    assert mg.grad(lambda x: x**3)(2).item() == 12


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_nested_grad(order: int) -> None:
    f: Any = lambda x: x**5 + mg.exp(2 * x)  # noqa: E731
    for _ in range(order):
        f = mg.grad(f)
    power = np.prod(np.arange(6 - order, 6)) * 1.5 ** (5 - order)
    assert f(1.5).item() == pytest.approx(power + 2**order * np.exp(3.0))


def test_no_confusion_of_perturbations() -> None:
    def outer(x: Any) -> Any:
        return x * mg.grad(lambda y: x * y * y)(2.0)  # = 4 x²

    assert mg.grad(outer)(3.0).item() == pytest.approx(24)
    assert mg.grad(lambda x: x * mg.grad(lambda y: x + y)(1.0))(5.0).item() == 1


def test_gradient_of_a_gradient_in_graph_style() -> None:
    w = mg.tensor(X, requires_grad=True)
    (g,) = mg.gradients(mg.sum(w**3), [w], create_graph=True)
    mg.sum(g * g).backward()  # ∇ Σ 9 w⁴ = 36 w³
    np.testing.assert_allclose(w.grad.numpy(), 36 * X**3)


def test_a_penalty_on_a_gradient_reaches_parameters() -> None:
    w = mg.tensor(X, requires_grad=True)
    g = mg.grad(lambda x: mg.sum(mg.sin(w * x)))(np.ones(2))
    mg.sum(g).backward()  # d/dw of w cos w
    np.testing.assert_allclose(w.grad.numpy(), np.cos(X) - X * np.sin(X))


def test_argnums() -> None:
    def f(x: Any, y: Any, z: Any) -> Any:
        return mg.sum(x * y) + mg.sum(z**2)

    gx, gz = mg.grad(f, argnums=(0, 2))(X, 2 * X, 3 * X)
    np.testing.assert_allclose(gx.numpy(), 2 * X)
    np.testing.assert_allclose(gz.numpy(), 6 * X)
    np.testing.assert_allclose(mg.grad(f, argnums=-2)(X, X, X).numpy(), X)


def test_containers() -> None:
    tree = {"a": X, "b": [X, (2 * X, None)]}

    def f(p: Any) -> Any:
        return mg.sum(p["a"] * p["b"][0]) + mg.sum(p["b"][1][0] ** 2)

    g = mg.grad(f)(tree)
    assert set(g) == {"a", "b"}
    assert g["b"][1][1] is None
    np.testing.assert_allclose(g["b"][1][0].numpy(), 4 * X)


def test_has_aux() -> None:
    g, aux = mg.grad(lambda x: (mg.sum(x * x), {"twice": x * 2}), has_aux=True)(X)
    np.testing.assert_allclose(g.numpy(), 2 * X)
    np.testing.assert_allclose(np.asarray(aux["twice"]), 2 * X)
    (value, note), g = mg.value_and_grad(lambda x: (mg.sum(x), "note"), has_aux=True)(X)
    assert (value.item(), note) == (pytest.approx(X.sum()), "note")


def test_what_is_not_used_has_gradient_zero() -> None:
    _, gy = mg.grad(lambda x, y: mg.sum(x), argnums=(0, 1))(X, X)
    np.testing.assert_array_equal(gy.numpy(), [0, 0])


def test_vjp() -> None:
    value, pullback = mg.vjp(lambda x, m: m @ x, X, A)
    np.testing.assert_allclose(value.numpy(), A @ X)
    g = np.array([1.0, -2.0])
    for _ in range(2):
        gx, gm = pullback(g)
        np.testing.assert_allclose(gx.numpy(), A.T @ g)
        np.testing.assert_allclose(gm.numpy(), np.outer(g, X))


def test_jvp() -> None:
    t = np.array([0.2, 0.1])
    value, slope = mg.jvp(lambda x: mg.sin(x) * x[0], (X,), (t,))
    np.testing.assert_allclose(value.numpy(), np.sin(X) * X[0])
    np.testing.assert_allclose(slope.numpy(), np.cos(X) * t * X[0] + np.sin(X) * t[0])
    assert mg.jvp(mg.exp, 1.0, 2.0)[1].item() == pytest.approx(2 * np.e)


def test_jacobian() -> None:
    s = functional.softmax(X).numpy()
    np.testing.assert_allclose(
        mg.jacobian(functional.softmax)(X).numpy(), np.diag(s) - np.outer(s, s)
    )
    assert mg.jacobian(lambda x: x.reshape(2, 1) * np.ones((2, 3)))(X).shape == (2, 3, 2)
    assert mg.jacobian(lambda x: x[:0])(X).shape == (0, 2)


def test_jacobian_of_containers() -> None:
    j = mg.jacobian(lambda p: {"sum": p["x"].sum(), "twice": 2 * p["y"]})({"x": X, "y": X})
    np.testing.assert_array_equal(j["sum"]["x"].numpy(), [1, 1])
    np.testing.assert_array_equal(j["twice"]["y"].numpy(), 2 * np.eye(2))
    np.testing.assert_array_equal(j["twice"]["x"].numpy(), np.zeros((2, 2)))


def test_hessian_and_its_products() -> None:
    np.testing.assert_allclose(mg.hessian(quadratic)(X).numpy(), A + A.T)
    v = np.array([1.0, 2.0])
    np.testing.assert_allclose(mg.hvp(quadratic, X, v).numpy(), (A + A.T) @ v)
    (product,) = mg.hvp(quadratic, (X,), (v,))
    np.testing.assert_allclose(product.numpy(), (A + A.T) @ v)
    mixed = mg.hessian(lambda x, y: mg.sum(x * x * y), argnums=(0, 1))(X, X)
    np.testing.assert_allclose(mixed[0][1].numpy(), np.diag(2 * X))
    np.testing.assert_array_equal(mixed[1][1].numpy(), np.zeros((2, 2)))


def test_jacobian_of_a_jacobian() -> None:
    third = mg.jacobian(mg.hessian(lambda x: mg.sum(x**4)))(X).numpy()
    expected = np.zeros((2, 2, 2))
    expected[0, 0, 0], expected[1, 1, 1] = 24 * X
    np.testing.assert_allclose(third, expected)


def test_gradients_of_several_outputs_and_intermediates() -> None:
    x = mg.tensor(X, requires_grad=True)
    y = x * x
    z = mg.exp(y)
    gx, gy = mg.gradients([z, y], [x, y], cotangents=[np.ones(2), np.full(2, 3.0)])
    np.testing.assert_allclose(gy.numpy(), np.exp(X**2) + 3)
    np.testing.assert_allclose(gx.numpy(), (np.exp(X**2) + 3) * 2 * X)
    assert isinstance(mg.gradients(mg.sum(y), x), mg.Tensor)
    assert (
        mg.gradients(mg.sum(y), [x, mg.tensor(X, requires_grad=True)], allow_unused=True)[1] is None
    )


def test_accumulation() -> None:
    x = mg.tensor(X, requires_grad=True)
    for _ in range(2):
        mg.sum(x * x).backward()
    np.testing.assert_allclose(x.grad.numpy(), 4 * X)
    x.grad = None
    mg.sum(x).backward()
    np.testing.assert_array_equal(x.grad.numpy(), [1, 1])


def test_no_grad_and_detach() -> None:
    x = mg.tensor(X, requires_grad=True)
    with mg.no_grad():
        y = x * 2
    assert not y.requires_grad
    mg.sum(x * x.detach()).backward()
    np.testing.assert_allclose(x.grad.numpy(), X)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (lambda g, y, x: None, "returned None, which is no array of numbers"),
        (lambda g, y, x: "wrong", "returned 'wrong', which is no array of numbers"),
        (lambda g, y, x: (g * np.cos(x))[:2], r"returned shape \(2,\) for an argument of shape \(3,\)"),
    ],
)
def test_what_a_rule_of_ones_own_returns_is_judged_in_words(rule: Any, words: str) -> None:
    op = mg.elementwise("rule_that_lies", np.sin, vjps=(rule,), meaning="sin(x)")
    x = mg.tensor([0.3, 0.7, 0.9], name="x", requires_grad=True)
    with pytest.raises(MinigradError, match=words):
        mg.sum(op(x)).backward()
