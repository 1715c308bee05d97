"""A function in PyTorch whose backward pass is the derived one: under autograd, twice, and under torch.func."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from function_cases import CASES, Case, arrays, derived, engine, loaded

import minigrad as mg

torch = pytest.importorskip("torch", reason="minigrad[torch]")

NAMED = {case.name: case for case in CASES}
TWICE = (
    "attention",
    "kernel",
    "causal",
    "softmax",
    "layer norm",
    "cross-entropy",
    "by hand",
    "block",
    "inverse",
    "linear",
    "thin",
    "two",
)


def _function(case: Case) -> Callable[..., Any]:
    return loaded(derived(case).source("torch", form="function"))["function"]


def _tensors(case: Case, seed: int = 0, dtype: Any = torch.float64) -> list[Any]:
    found = []
    for name, array in arrays(case, seed).items():
        tensor = torch.tensor(array)
        tensor = tensor.to(dtype) if array.dtype.kind == "f" else tensor
        found.append(tensor.requires_grad_(name in case.wrt))
    return found


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_values_and_gradients_are_the_engines(case: Case) -> None:
    right_values, cotangents, right = engine(case)
    given = _tensors(case)
    value = _function(case)(*given)
    values = value if isinstance(value, tuple) else (value,)
    for found, expected in zip(values, right_values, strict=True):
        np.testing.assert_allclose(found.detach(), expected, rtol=1e-10, atol=1e-12)
    torch.autograd.backward(values, [torch.tensor(c) for c in cotangents])
    by_name = dict(zip(case.variables, given, strict=True))
    for name, gradient in zip(case.wrt, right, strict=True):
        np.testing.assert_allclose(by_name[name].grad, gradient, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", [case.name for case in CASES if case.name != "two"])
def test_float32_stays_float32(name: str) -> None:
    case = NAMED[name]
    given = _tensors(case, dtype=torch.float32)
    value = _function(case)(*given)
    assert value.dtype == torch.float32
    value.sum().backward()
    assert {x.grad.dtype for x in given if x.requires_grad} == {torch.float32}


@pytest.mark.parametrize("name", ["attention", "block", "layer norm"])
def test_what_is_computed_stays_on_the_inputs_device(name: str) -> None:
    """Tensors without data: an operation that made one elsewhere would refuse."""
    case = NAMED[name]
    given = [x.detach().to("meta").requires_grad_() for x in _tensors(case)]
    value = _function(case)(*given)
    value.sum().backward()
    assert {x.grad.device.type for x in given} == {"meta"}


@pytest.mark.parametrize("name", TWICE)
def test_gradients_hold_twice(name: str) -> None:
    case = NAMED[name]
    given = _tensors(case)
    f = _function(case)
    assert torch.autograd.gradcheck(f, given)
    assert torch.autograd.gradgradcheck(f, given)


@pytest.mark.parametrize("name", ["attention", "causal kernel", "layer norm", "cross-entropy", "inverse"])
def test_a_mapped_function_is_a_loop(name: str) -> None:
    case = NAMED[name]
    f = _function(case)
    many = [[x.detach() for x in _tensors(case, seed)] for seed in range(3)]
    stacks = [torch.stack(each) for each in zip(*many, strict=True)]
    places = tuple(k for k, n in enumerate(case.variables) if n in case.wrt)
    np.testing.assert_allclose(
        torch.func.vmap(f)(*stacks), torch.stack([f(*each) for each in many]), rtol=1e-12
    )

    def number(*args: Any) -> Any:
        return torch.sum(torch.cos(f(*args)))

    whole = torch.func.vmap(torch.func.grad(number, places))(*stacks)
    for k, each in enumerate(many):
        for a, b in zip(whole, torch.func.grad(number, places)(*each), strict=True):
            np.testing.assert_allclose(a[k], b, rtol=1e-10, atol=1e-12)


def test_second_derivatives_under_torch_func() -> None:
    case = NAMED["attention"]
    f = _function(case)
    Q, K, V = (x.detach() for x in _tensors(case))

    def plain(Q: Any, K: Any, V: Any) -> Any:
        return torch.softmax(Q @ K.T / Q.shape[1] ** 0.5, -1) @ V

    found, right = (
        torch.func.jacrev(torch.func.grad(lambda Q, g=g: torch.sum(torch.cos(g(Q, K, V)))))(Q)
        for g in (f, plain)
    )
    np.testing.assert_allclose(found, right, rtol=1e-9, atol=1e-11)


def test_the_backward_pass_is_the_derived_one() -> None:
    """Autograd's own rules are not asked: a forward function that is wrong leaves the gradient right."""
    case = NAMED["attention"]
    text = derived(case).source("torch", form="function")
    names = loaded(text.replace("return O, P", "return 3 * O, P"))
    _, cotangents, right = engine(case)
    given = _tensors(case)
    names["function"](*given).backward(torch.tensor(cotangents[0]))
    np.testing.assert_allclose(given[0].grad, right[0], rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(("twice", "calls"), [(False, 1), (True, 2)])
def test_what_was_saved_is_computed_again_only_for_second_derivatives(twice: bool, calls: int) -> None:
    case = NAMED["attention"]
    names = loaded(derived(case).source("torch", form="function"))
    forward, seen = names["forward"], []

    def counted(*args: Any) -> Any:
        seen.append(args)
        return forward(*args)

    names["forward"] = counted
    given = _tensors(case)
    value = names["function"](*given)
    torch.autograd.grad(value.sum(), given, create_graph=twice)
    assert len(seen) == calls


def test_a_layer_of_a_network_is_a_function() -> None:
    rng = np.random.default_rng(0)
    X = mg.tensor(rng.normal(size=(2, 5, 8)), name="X", dims="b n d", requires_grad=True)
    layer = mg.nn.MultiHeadAttention(8, 2, causal=True)
    Y = layer(X)
    text = mg.derive(Y, cotangent="dY", short_sums=True).source("torch", form="function", name="attention")
    assert max(map(len, text.splitlines())) <= 88
    f = loaded(text)["attention"]
    known = {**{p.name: p for p in layer.parameters()}, "X": X}
    order = list(inspect.signature(f).parameters)
    mask = torch.ones(5, 5, dtype=torch.bool).tril()
    given = {n: torch.tensor(known[n].numpy()).requires_grad_() if n in known else mask for n in order}
    cotangent = rng.normal(size=Y.shape)
    value = f(*given.values())
    np.testing.assert_allclose(value.detach(), Y.numpy(), rtol=1e-10, atol=1e-12)
    value.backward(torch.tensor(cotangent))
    right = mg.gradients([Y], [*known.values()], cotangents=[mg.tensor(cotangent)])
    for name, gradient in zip(known, right, strict=True):
        np.testing.assert_allclose(given[name].grad, gradient.numpy(), rtol=1e-10, atol=1e-12)


def test_names_of_the_text_are_free_for_variables() -> None:
    names = ("forward", "backward", "function", "ctx", "inputs", "torch")
    a, b, c, d, e, f = mg.symbols("forward: n d", "backward: d k", "function: k", "ctx: n", "inputs: n", "torch")
    derivation = mg.derive(mg.sum((mg.tanh(a @ b) @ c * d + e) ** 2) * f)
    rng = np.random.default_rng(0)
    numbers = [rng.normal(size=shape) for shape in ((3, 2), (2, 2), (2,), (3,), (3,), ())]
    defined = loaded(derivation.source("torch", form="function", name="class"))
    function = list(defined.values())[-1]
    given = [torch.tensor(x).requires_grad_() for x in numbers]
    function(*given).backward()
    right = derivation(dict(zip(names, numbers, strict=True)))
    for name, x in zip(names, given, strict=True):
        np.testing.assert_allclose(x.grad, right[name], rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("sum(b * softplus(a)**2)", "return (-torch.nn.functional.logsigmoid(-a))**2"),
        ("sum(b * log(sigmoid(a)))", "return torch.nn.functional.logsigmoid(a)"),
        ("sum(b * log(sigmoid(-2 * a)))", "return torch.nn.functional.logsigmoid(-2 * a)"),
        ("sum(b * softplus(cumsum(a)))", "return -torch.nn.functional.logsigmoid(-torch.cumsum(a, dim=0))"),
    ],
)
def test_what_is_written_with_a_sign_is_raised_and_negated_as_a_whole(text: str, line: str) -> None:
    formula = mg.derive(mg.parse(text, a="n", b="n"), wrt="b")["b"]
    source = formula.source("torch")
    assert f"    {line}\n" in source
    a = np.array([-30.0, -0.5, 2.0])
    found = loaded(source)["gradient_b"](a=torch.tensor(a))
    np.testing.assert_allclose(found, formula(a=a, b=a), rtol=1e-14)
