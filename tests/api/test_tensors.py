"""A formula is a program again: its tensor is derived, run, drawn, compiled and checked like any other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.api.targets import lowered_graph
from minigrad.errors import DerivationError
from minigrad.graph.dims import Dim
from minigrad.program.binding import bound
from minigrad.program.evaluate import evaluate
from tests.expressions import CASES, Case, as_program


def _formula(output: mg.Tensor, case: Case) -> mg.Formula:
    return next(iter(mg.derive(output, case.wrt, order=case.order).values()))


def _value(tensor: mg.Tensor, arrays: dict[str, Any]) -> Any:
    node = tensor._node
    assert node is not None
    lowered = lowered_graph(node)
    values, sizes = bound(lowered, arrays)
    return np.asarray(evaluate(lowered.expr(node), values, sizes))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_tensor_of_every_expression_is_its_value(case: Case) -> None:
    arrays = {**case.arrays(0), **case.dims}
    formula = _formula(mg.parse(case.text, **case.variables), case)
    right = formula(arrays)
    np.testing.assert_allclose(_value(formula.tensor, arrays).reshape(right.shape), right, atol=1e-10)


@pytest.mark.parametrize("case", CASES[::4], ids=str)
def test_with_data_it_has_a_value(case: Case) -> None:
    tensors = {}
    for name, array in case.arrays(0).items():
        words = case.variables[name].partition("|")[0].split()
        dims = " ".join("_" if word.isdigit() else word for word in words)
        tensors[name] = mg.tensor(np.asarray(array), name=name, dims=dims)
    dims_used = {name: Dim(size, name) for name, size in case.dims.items()}
    formula = _formula(as_program(case.text, tensors, dims_used), case)
    np.testing.assert_allclose(formula.tensor.numpy(), formula(), atol=1e-10)


def test_a_newton_step() -> None:
    A, x = mg.symbols("A: m n", "x: n")
    loss = mg.sum(mg.exp(A @ x)) + x @ x / 2
    gradient, hessian = mg.derive(loss, "x")["x"], mg.derive(loss, "x", order=2)["x"]
    step = mg.linalg.solve(hessian.tensor, gradient.tensor)
    rng = np.random.default_rng(0)
    arrays = {"A": rng.standard_normal((4, 3)), "x": rng.standard_normal(3)}
    right = np.linalg.solve(hessian(arrays), gradient(arrays))
    np.testing.assert_allclose(_value(step, arrays), right)
    quick = ["hand VJPs", "derived formula", "finite differences"]
    assert mg.check(mg.sum(step), wrt="A", witnesses=quick).verdict == "pass"
    assert "⁻¹" in mg.draw(step).source
    run = mg.compile(mg.sum(step**2), wrt=["x"])
    value, _ = run(**arrays)
    np.testing.assert_allclose(value, (right**2).sum())


def test_products_with_a_hessian_by_hand() -> None:
    X, w, v = mg.symbols("X: m n", "w: n", "v: n")
    loss = mg.sum(mg.nn.functional.softplus(X @ w))
    gradient = mg.derive(loss, "w")["w"]
    along = mg.derive(mg.sum(gradient.tensor * v), "w")
    assert along.check().verdict == "pass"
    assert along.reading.lowered.leaves["w"][0] is w._node
    hessian = mg.derive(loss, "w", order=2)["w"]
    rng = np.random.default_rng(0)
    arrays = {"X": rng.standard_normal((4, 3)), "w": rng.standard_normal(3), "v": rng.standard_normal(3)}
    np.testing.assert_allclose(along["w"](arrays), hessian(arrays) @ arrays["v"])


def test_a_third_derivative() -> None:
    (x,) = [mg.symbols("x: n")]
    second = mg.derive(mg.sum(mg.sin(x)), "x", order=2)["x"]
    third = mg.derive(mg.sum(second.tensor), "x")
    assert str(third) == "dx = −cos(x)"


def test_functions_without_a_definition_stay_what_they_are() -> None:
    loss = mg.parse("sum(f(A @ x))", A="m n", x="n", f="function")
    gradient = mg.derive(loss, "x")["x"]
    again = mg.derive(gradient.tensor, "x")
    assert str(again) == "J = Aᵀ diag(f″(A x)) A"
    assert again.check().verdict == "pass"


def test_named_tensors_are_the_same_tensors() -> None:
    loss = mg.parse("z = X @ w; p = sigmoid(z); sum(p**2)", X="m n", w="n")
    tensor = mg.derive(loss, "w")["w"].tensor
    assert str(mg.derive(mg.sum(tensor), "w")).startswith("z = X w\np = σ(z)")


def test_backward_runs_through_it() -> None:
    x = mg.tensor([1.0, 2.0], name="x", requires_grad=True)
    gradient = mg.derive(mg.sum(x**3), "x")["x"]
    mg.sum(gradient.tensor).backward()
    np.testing.assert_allclose(x.grad.numpy(), 6 * x.numpy())


def test_what_is_no_operation_is_refused() -> None:
    loss = mg.parse("sum(conv1d(x, k) ** 2)", x="b c n", k="o c 3")
    with pytest.raises(DerivationError, match="tensor: "):
        _ = mg.derive(loss, "x")["x"].tensor
