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
from spoken import LANGUAGES, called, close, library, value_and_gradients

import minigrad as mg

TYPES = (np.float64, np.float32)


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
    loss, wrt = row_table.loss_and_variables(case, order)
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
