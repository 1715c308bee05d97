"""Every row of the registry in every reading, at first and second order.

For one call of each row and each of its real arguments: text, ASCII, the formula without names, indices,
LaTeX, MathML, SymPy, NumPy source, steps, drawing and check. What is printed is read back, what is written
runs, and the values are the engine's.
"""

from __future__ import annotations

import numpy as np
import pytest
from engine_cases import MET, Case
from engine_cases.case import generator
from readings import Read, judge
from row_table import TABLE, loss_and_variables
from unjudged import NO_READING

import minigrad as mg
from minigrad.graph import Tensor
from minigrad.primitive import REGISTRY


def test_no_row_is_forgotten() -> None:
    rows = {row.name for row in REGISTRY.values() if row.builtin}
    told = {name for name in rows if REGISTRY[name].kind == "composite" or REGISTRY[name].differentiable}
    assert {case.row for case in TABLE} == told - MET


def _require_the_engines(read: Read, wrt: list[Tensor], order: int) -> None:
    """The formulas' values are the engine's: at second order along one direction."""
    slopes = mg.gradients(read.loss, wrt, create_graph=order == 2)
    for x, slope in zip(wrt, slopes, strict=True):
        if order == 1:
            np.testing.assert_allclose(read.values[x.name], slope.numpy(), rtol=1e-7, atol=1e-9)
            continue
        along = generator("along", x.shape).normal(size=x.shape)
        other = mg.sum(slope * along)
        for z in wrt:
            second = None
            if other.requires_grad:
                (second,) = mg.gradients(other, [z], create_graph=True, allow_unused=True)
            right = np.zeros(z.shape) if second is None else second.numpy()
            found = read.values[(x.name, z.name) if len(wrt) > 1 else x.name]
            got = np.tensordot(along, found, axes=x.ndim)
            np.testing.assert_allclose(got, right, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("case", TABLE, ids=[case.id for case in TABLE])
@pytest.mark.long("part")
def test_every_reading(case: Case, order: int) -> None:
    loss, wrt = loss_and_variables(case, order)
    derived = mg.derive(loss, wrt=wrt, order=order)
    sizes = derived.reading.lowered.sizes or {}
    read = Read(loss, derived, {}, sizes)
    _require_the_engines(read, wrt, order)
    judge(read, NO_READING)
