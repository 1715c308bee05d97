"""A function in JAX whose backward pass is the derived one: its values and gradients, under JAX's own transforms."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from function_cases import CASES, Case, arrays, derived, engine, loaded

jax = pytest.importorskip("jax", reason="minigrad[jax]")
jnp = jax.numpy

NAMED = {case.name: case for case in CASES}


@pytest.fixture(autouse=True)
def double() -> Iterator[None]:
    """JAX computes in float64 where it is asked to."""
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", before)


def _function(case: Case) -> Callable[..., Any]:
    return loaded(derived(case).source("jax", form="function"))["function"]


def _pulled_back(f: Callable[..., Any], given: list[Any], cotangents: list[Any]) -> tuple[Any, Any]:
    value, pullback = jax.vjp(f, *given)
    values = value if isinstance(value, tuple) else (value,)
    return values, pullback(tuple(cotangents) if isinstance(value, tuple) else cotangents[0])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_values_and_gradients_are_the_engines(case: Case) -> None:
    right_values, cotangents, right = engine(case)
    f, given = _function(case), [jnp.asarray(a) for a in arrays(case).values()]
    seeds = [jnp.asarray(c) for c in cotangents]
    values, gradients = jax.jit(lambda *args: _pulled_back(f, list(args), seeds))(*given)
    for found, value in zip(values, right_values, strict=True):
        np.testing.assert_allclose(found, value, rtol=1e-10, atol=1e-12)
    by_name = dict(zip(case.variables, gradients, strict=True))
    for name, gradient in zip(case.wrt, right, strict=True):
        np.testing.assert_allclose(by_name[name], gradient, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", ["attention", "causal", "layer norm", "cross-entropy", "by hand", "windows"])
def test_float32_stays_float32(name: str) -> None:
    case = NAMED[name]
    given = [_single(a) for a in arrays(case).values()]
    f = _function(case)
    seed = jnp.ones(jax.eval_shape(f, *given).shape, jnp.float32)
    (value,), gradients = jax.jit(lambda *args: _pulled_back(f, list(args), [seed]))(*given)
    assert value.dtype == jnp.float32
    for name, gradient in zip(case.variables, gradients, strict=True):
        assert gradient.dtype == jnp.float32 or name not in case.wrt


def _single(array: Any) -> Any:
    return jnp.asarray(array, jnp.float32) if array.dtype.kind == "f" else jnp.asarray(array)


@pytest.mark.parametrize("name", ["causal kernel", "cross-entropy", "inverse"])
@pytest.mark.long("part")
def test_a_mapped_function_is_a_loop(name: str) -> None:
    case = NAMED[name]
    f = _function(case)
    many = [arrays(case, seed) for seed in range(3)]
    stacks = [jnp.stack([each[n] for each in many]) for n in case.variables]
    places = [k for k, n in enumerate(case.variables) if n in case.wrt]

    def number(*args: Any) -> Any:
        return jnp.sum(jnp.cos(f(*args)))

    slopes = jax.grad(number, places)
    whole, alone_at = jax.jit(jax.vmap(slopes))(*stacks), jax.jit(slopes)
    for k, each in enumerate(many):
        alone = alone_at(*each.values())
        for a, b in zip(whole, alone, strict=True):
            np.testing.assert_allclose(a[k], b, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", ["kernel", "layer norm", "linear"])
@pytest.mark.long("part")
def test_gradients_are_derived_again(name: str) -> None:
    case = NAMED[name]
    f = _function(case)
    given = arrays(case)
    held = {n: a for n, a in given.items() if n not in case.wrt}

    @jax.jit
    def of_variables(*args: Any) -> Any:
        named = {**held, **dict(zip(case.wrt, args, strict=True))}
        return f(*(named[n] for n in case.variables))

    from jax.test_util import check_grads

    check_grads(of_variables, [given[n] for n in case.wrt], order=2, modes=["rev"], rtol=1e-6, atol=1e-6)


def test_the_backward_pass_is_the_derived_one() -> None:
    """JAX's own rules are not asked: a forward function that is wrong leaves the gradient right."""
    case = NAMED["attention"]
    text = derived(case).source("jax", form="function")
    names = loaded(text.replace("return O, P", "return 3 * O, P"))
    _, cotangents, right = engine(case)
    given = [jnp.asarray(a) for a in arrays(case).values()]
    _, gradients = _pulled_back(names["function"], given, cotangents)
    np.testing.assert_allclose(gradients[0], right[0], rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", ["attention", "linear", "softmax"])
def test_a_gradient_has_its_arguments_type(name: str) -> None:
    case = NAMED[name]
    f = _function(case)
    given = [jnp.asarray(a, jnp.float64 if k else jnp.float32) for k, a in enumerate(arrays(case).values())]
    gradients = jax.grad(lambda *args: jnp.sum(f(*args)), range(len(given)))(*given)
    assert [g.dtype for g in gradients] == [x.dtype for x in given]
