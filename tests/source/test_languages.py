"""Formulas in JAX and PyTorch: every row, every identity, the whole table of expressions, at any argument."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import engine_cases
import expressions
import numpy as np
import pytest
import row_table
import source_cases
import stability_cases
from spoken import LANGUAGES, arrays_in, called, close, library, value_and_gradients

import minigrad as mg
from minigrad.graph import apply
from minigrad.primitive import REGISTRY, Primitive

TYPES = (np.float64, np.float32)
# Away from the poles that Γ and its kin have at whole numbers.
FAR = np.array([-700.3, -40.3, -1.3, 1.3, 40.3, 700.3])
# Vectors whose signs each library chooses: their losses are of squares.
SIGNED = ("linalg.eigenvectors", "linalg.svdU", "linalg.svdV")
ELEMENTWISE = [
    row
    for row in REGISTRY.values()
    if row.builtin and row.kind == "elementwise" and row.differentiable
]


@pytest.fixture(params=LANGUAGES)
def language(request: pytest.FixtureRequest) -> str:
    library(request.param)
    return str(request.param)


def agree(derived: mg.Derivation, right: Mapping[Any, Any], values: Mapping[str, Any], language: str) -> None:
    source = value_and_gradients(derived, language)
    for dtype in TYPES:
        found = called(source, language, dtype, values)
        for key, expected in right.items():
            assert found[key].shape == np.shape(expected)
            close(found[key], expected, dtype)


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("case", row_table.TABLE, ids=lambda case: case.id)
@pytest.mark.long("part")
def test_every_row_has_the_engines_value_and_gradient(
    case: engine_cases.Case, order: int, language: str
) -> None:
    loss, wrt = row_table.loss_and_variables(case, 2 if case.row in SIGNED else order)
    derived = mg.derive(loss, wrt=wrt, order=order)
    right: dict[Any, Any] = {"value": loss.numpy()}
    if order == 1:
        slopes = mg.gradients(loss, wrt)
        right |= {x.name: g.numpy() for x, g in zip(wrt, slopes, strict=True)}
    else:
        right |= derived()
    leaves = derived.reading.lowered.leaves
    held = {name: node.value for name, (node, _) in leaves.items()}
    agree(derived, right, {**held, **(derived.reading.lowered.sizes or {})}, language)


@pytest.mark.parametrize("case", source_cases.CASES, ids=lambda c: f"{c.text[:40]} by {c.wrt} {c.order}")
@pytest.mark.long("part")
def test_expressions_have_the_same_values(case: source_cases.Case, language: str) -> None:
    derived = mg.derive(mg.parse(case.text, **case.declared), wrt=case.wrt, order=case.order)
    values = source_cases.samples(case)
    agree(derived, derived(values), {**source_cases.SIZES, **values}, language)


@pytest.mark.parametrize("case", expressions.CASES, ids=str)
@pytest.mark.long("part")
def test_identities_have_the_engines_gradient(case: expressions.Case, language: str) -> None:
    derived = mg.derive(mg.parse(case.text, **case.variables), wrt=case.wrt, order=case.order)
    values = case.arrays(0)
    agree(derived, {case.wrt: case.by_backward(values)}, {**case.dims, **values}, language)


@pytest.mark.parametrize("row", ELEMENTWISE, ids=lambda row: row.name)
@pytest.mark.long("part")
def test_functions_far_from_zero_are_the_formulas(row: Primitive, language: str) -> None:
    arrays = {name: np.roll(FAR, k) for k, name in zip(range(len(row.vjps)), "xyz", strict=False)}
    variables = [mg.tensor(a, name=n, dims=["n"], requires_grad=True) for n, a in arrays.items()]
    weights = mg.tensor(np.arange(1.0, 7.0), name="w", dims=["n"])
    with np.errstate(all="ignore"):
        derived = mg.derive(mg.sum(apply(row, tuple(variables), row.params) * weights))
        right = derived()
    found = called(derived.source(language), language, np.float64, {**arrays, "w": weights.numpy(), "n": 6})
    for key, expected in right.items():
        np.testing.assert_allclose(found[key], expected, rtol=1e-9)


@pytest.mark.parametrize("case", stability_cases.CASES, ids=lambda c: f"{c.text} by {c.wrt} {c.order}")
@pytest.mark.long("part")
def test_nothing_overflows(case: source_cases.Case, language: str) -> None:
    formula = source_cases.formula_of(case)
    values = {name: stability_cases.EXTREME[name] for name in case.declared}
    right = formula(values)
    for dtype in TYPES:
        found = called(formula.source(language), language, dtype, {**values, "n": 7, "c": 3})[None]
        assert np.all(np.isfinite(found))
        close(found, right, dtype, single=1e-5)


# -- what libraries do with a function -----------------------------------------------------------------

MAPPED = [
    ("sum(softmax(x @ W, axis=-1) * c)", {"x": "2", "W": "2 3", "c": "3"}),  # stable functions
    ("sum(concatenate([x[1:], x[:2] * y[:1]]) ** 2 * y[::-1])", {"x": "4", "y": "5"}),  # put in place
    ("sum(tril(outer(x, y)) ** 2) + sum(x[::-1] * cumsum(y))", {"x": "4", "y": "4"}),  # backwards
    ("sum(take(tanh(X), [2, 0, 2], axis=0) ** 2)", {"X": "3 2"}),  # added up
    ("sum(diagonal(X) ** 3 * x) + sum(maximum(X, 0.1))", {"X": "3 3", "x": "3"}),  # on a diagonal
    ("sum(sort(x) * y) + logsumexp(x) + prod(x)", {"x": "4", "y": "4"}),
]


def _function(text: str, declared: Mapping[str, str], language: str) -> tuple[Any, list[Any], Any]:
    """The source of the gradient by the first variable, arrays, and the derivative of its sum by the engine."""
    wrt = next(iter(declared))
    derived = mg.derive(mg.parse(text, **declared), wrt=wrt)
    shapes = {name: tuple(map(int, dims.split())) for name, dims in declared.items()}
    values = source_cases.arrays_for(text, shapes)
    function = source_cases.compiled(derived[wrt].source(language))
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    twice = mg.derive(mg.parse(text, **declared), wrt=wrt, order=2)[wrt](values)
    n = len(shapes[wrt])
    place = names.index(wrt)
    return (function, place), [values[name] for name in names], np.sum(twice, axis=tuple(range(n)))


@pytest.mark.parametrize(("text", "declared"), MAPPED)
def test_jax_compiles_maps_and_derives(text: str, declared: dict[str, str]) -> None:
    jax = library("jax")
    (function, place), values, right = _function(text, declared, "jax")
    with arrays_in("jax", np.float64) as array:
        arrays = [array(v) for v in values]
        expected = np.asarray(function(*arrays))
        many = [jax.numpy.stack([a, 2 * a]) for a in arrays]
        mapped = jax.jit(jax.vmap(function))(*many)
        np.testing.assert_allclose(mapped[0], expected, rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(mapped[1], function(*(2 * a for a in arrays)), rtol=1e-12, atol=1e-14)
        slope = jax.grad(lambda *a: function(*a).sum(), place)(*arrays)
        np.testing.assert_allclose(slope, right, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("text", "declared"), MAPPED)
def test_torch_maps_and_derives(text: str, declared: dict[str, str]) -> None:
    torch = library("torch")
    (function, place), values, right = _function(text, declared, "torch")
    arrays = [torch.tensor(v) for v in values]
    mapped = torch.func.vmap(function)(*[torch.stack([a, 2 * a]) for a in arrays])
    np.testing.assert_allclose(mapped[0], function(*arrays), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(mapped[1], function(*(2 * a for a in arrays)), rtol=1e-12, atol=1e-14)
    by_func = torch.func.grad(lambda *a: function(*a).sum(), place)(*arrays)
    np.testing.assert_allclose(by_func, right, rtol=1e-9, atol=1e-12)
    arrays[place].requires_grad_()
    function(*arrays).sum().backward()
    np.testing.assert_allclose(arrays[place].grad, right, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("case", source_cases.CASES, ids=lambda c: f"{c.text[:40]} by {c.wrt} {c.order}")
@pytest.mark.long("part")
def test_torch_makes_no_tensor_elsewhere(case: source_cases.Case) -> None:
    """On the device "meta", which refuses tensors of any other."""
    torch = library("torch")
    if any(word in case.declared.get(v, "") for v in case.declared for word in ("index", "bool")):
        pytest.skip("places are numbers")
    function = source_cases.compiled(source_cases.formula_of(case).source("torch"))
    values = {**source_cases.SIZES, **source_cases.samples(case)}
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    given = [values[n] if isinstance(values[n], int) else torch.tensor(values[n]).to("meta") for n in names]
    assert function(*given).device.type == "meta"


def test_a_row_without_any_weight_has_no_probability(language: str) -> None:
    scores = np.array([[0.0, 1.0], [-np.inf, -np.inf]])
    derived = mg.derive(mg.parse("sum(softmax(S + X, axis=1) * Y)", S="2 2", X="2 2", Y="2 2"), wrt="Y")
    values = {"S": scores, "X": np.zeros((2, 2)), "Y": np.ones((2, 2))}
    found = called(derived.source(language), language, np.float32, values)["Y"]
    np.testing.assert_array_equal(found[1], [0.0, 0.0])
    np.testing.assert_allclose(found[0].sum(), 1.0, rtol=1e-6)


def test_a_language_is_a_witness_where_it_is_asked_for(language: str) -> None:
    loss = mg.parse("sum(sigmoid(X @ w) * y)", X="n d", w="d", y="n")
    report = mg.check(loss, wrt="w", languages=("numpy", language), seeds=1)
    assert report.verdict == "pass"
    assert any(c.second == {"jax": "JAX source", "torch": "PyTorch source"}[language] for c in report.comparisons)
