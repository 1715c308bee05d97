"""Every row of the registry as a function with its derived backward pass, in every language."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from engine_cases.case import Case, generator
from function_cases import loaded
from row_table import TABLE, arguments

import minigrad as mg
from minigrad.graph import Tensor

# The vectors of a singular value decomposition have signs of the library's own.
OWN_SIGNS = {"linalg.svdV"}

Arrays = dict[str, Any]


def _numpy(names: Arrays, given: Arrays, cotangent: Any, wrt: list[str]) -> tuple[Any, Arrays]:
    results = names["forward"](*given.values())
    value, *saved = results if isinstance(results, tuple) else (results,)
    found = names["backward"](cotangent, *given.values(), *saved)
    return value, dict(zip(wrt, found if isinstance(found, tuple) else (found,), strict=True))


def _jax(names: Arrays, given: Arrays, cotangent: Any, wrt: list[str]) -> tuple[Any, Arrays]:
    jax = pytest.importorskip("jax", reason="minigrad[jax]")
    with jax.enable_x64(True):
        arrays = [jax.numpy.asarray(a) for a in given.values()]
        value, pullback = jax.vjp(names["function"], *arrays)
        return value, dict(zip(given, pullback(jax.numpy.asarray(cotangent)), strict=True))


def _torch(names: Arrays, given: Arrays, cotangent: Any, wrt: list[str]) -> tuple[Any, Arrays]:
    torch = pytest.importorskip("torch", reason="minigrad[torch]")
    tensors = {name: torch.tensor(a).requires_grad_(name in wrt) for name, a in given.items()}
    value = names["function"](*tensors.values())
    value.backward(torch.tensor(cotangent))
    return value.detach(), {name: tensors[name].grad for name in wrt}


LANGUAGES: dict[str, Callable[..., tuple[Any, Arrays]]] = {
    "numpy": _numpy,
    "jax": _jax,
    "torch": _torch,
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("case", TABLE, ids=[case.id for case in TABLE])
@pytest.mark.long("part")
def test_every_row_is_a_function(case: Case, language: str) -> None:
    if case.row in OWN_SIGNS and language != "numpy":
        pytest.skip("signs of its own")
    if language != "numpy":
        pytest.importorskip(language, reason=f"minigrad[{language}]")
    mine = list(arguments(case))
    results = case.run(*mine)
    results = results if isinstance(results, tuple | list) else [results]
    y = next(y for y in results if y.dtype.kind == "f")
    cotangent = np.asarray(generator("cotangent", y.shape).normal(size=y.shape))
    variables = [x for x in mine if isinstance(x, Tensor)]
    slopes = mg.gradients([y], variables, cotangents=[mg.tensor(cotangent)], allow_unused=True)
    right = {x.name: g.numpy() for x, g in zip(variables, slopes, strict=True) if g is not None}
    derived = mg.derive(y, wrt=list(right), cotangent="seed")
    names = loaded(derived.source(language, form="function"))
    leaves = derived.reading.lowered.leaves
    given = {n: leaves[n][0].value for n in inspect.signature(names["forward"]).parameters}
    value, found = LANGUAGES[language](names, given, cotangent, list(right))
    assert value.shape == y.shape
    np.testing.assert_allclose(value, y.numpy(), rtol=1e-9, atol=1e-11)
    for name, gradient in right.items():
        assert found[name].shape == gradient.shape
        np.testing.assert_allclose(found[name], gradient, rtol=1e-7, atol=1e-9)
