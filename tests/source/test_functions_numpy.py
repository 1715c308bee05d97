"""A forward and a backward function in NumPy: what is saved between them, and the check of such a pair."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
import source_cases
from function_cases import CASES, Case, arrays, derived, engine, loaded

import minigrad as mg
from minigrad.errors import ArgumentError, DerivationError

ONCE = [chosen for chosen in source_cases.CASES if chosen.order == 1]
NAMED = {case.name: case for case in CASES}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_pair_is_the_engines(case: Case) -> None:
    names = loaded(derived(case).source(form="function"))
    values, cotangents, right = engine(case)
    given = arrays(case)
    results = names["forward"](*given.values())
    results = results if isinstance(results, tuple) else (results,)
    for found, value in zip(results, values, strict=False):
        np.testing.assert_allclose(found, value, rtol=1e-10, atol=1e-12)
    saved = results[len(values) :]
    gradients = names["backward"](*cotangents, *given.values(), *saved)
    gradients = gradients if isinstance(gradients, tuple) else (gradients,)
    for found, gradient in zip(gradients, right, strict=True):
        assert found.shape == gradient.shape
        np.testing.assert_allclose(found, gradient, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", ["attention", "kernel", "causal", "by hand", "inverse"])
def test_a_pair_is_judged_as_one_by_hand(name: str) -> None:
    case = NAMED[name]
    names = loaded(derived(case).source(form="function"))
    given = list(arrays(case).values())
    positions = [list(case.variables).index(n) for n in case.wrt]
    report = mg.check(names["forward"], given, wrt=positions, backward=names["backward"])
    assert report.verdict == "pass", str(report)


@pytest.mark.parametrize("chosen", ONCE, ids=lambda chosen: chosen.text)
def test_every_expression_has_a_pair(chosen: source_cases.Case) -> None:
    output = mg.parse(chosen.text, **chosen.declared)
    seed = "seed" if output.shape else None
    names = loaded(mg.derive(output, wrt=chosen.wrt, cotangent=seed).source(form="function"))
    arrays = source_cases.samples(chosen)
    order = inspect.signature(names["forward"]).parameters
    given = [arrays[name] for name in order]
    results = names["forward"](*given)
    value, *saved = results if isinstance(results, tuple) else (results,)
    cotangent = np.asarray(np.random.default_rng(0).normal(size=np.shape(value)))
    found = names["backward"](cotangent, *given, *saved)
    right = source_cases.engine_gradient(chosen, arrays, cotangent)
    assert found.shape == right.shape
    np.testing.assert_allclose(found, right, rtol=1e-8, atol=1e-10)


# How many arrays are computed and saved: products, softmax, statistics, matrix functions; nothing elementwise.
SAVED = {"attention": 1, "kernel": 2, "softmax": 1, "linear": 0, "windows": 0, "inverse": 2, "block": 1}


@pytest.mark.parametrize(("name", "count"), SAVED.items())
def test_nothing_is_saved_that_is_cheap_to_compute_again(name: str, count: int) -> None:
    case = NAMED[name]
    backward = loaded(derived(case).source(form="function"))["backward"]
    read = list(inspect.signature(backward).parameters)
    assert len(read) == 1 + len(case.variables) + count, read


def test_what_is_no_function_is_refused() -> None:
    X, W = mg.symbols("X: n d", "W: d k")
    H = (X @ W).named("H")
    with pytest.raises(ArgumentError, match="'gradients', 'function'"):
        mg.derive(H, cotangent="dH").source(form="class")
    with pytest.raises(ArgumentError, match='cotangent="dO"'):
        mg.derive(H, wrt="X").source(form="function")
    with pytest.raises(ArgumentError, match='cotangent="dO"'):
        mg.derive(mg.sum(H * H), wrt="X", order=2).source(form="function")
    with pytest.raises(ArgumentError, match="H is computed"):
        mg.derive(mg.sum(H * H), wrt=["X", "H"]).source(form="function")
    x = mg.symbols("x")
    with pytest.raises(DerivationError, match="'n' is the size of none"):
        mg.derive(x * x * X.shape[0], wrt="x").source(form="function")
