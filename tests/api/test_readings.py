"""Every row of the registry in every reading, at first and second order.

For one call of each row and each of its real arguments: text, ASCII, the formula without names, indices,
LaTeX, MathML, SymPy, NumPy source, steps, drawing and check. What is printed is read back, what is written
runs, and the values are the engine's.
"""

from __future__ import annotations

import re

import numpy as np
import pytest
from engine_cases import CASES, MET, Case
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


# A named step, a formula by this variable, and what its print no longer speaks of.
ORDERED = [
    ("S = Q @ K.T - c * abs(i[:, None] - j[None, :]); sum(G * softmax(S))",
     {"Q": "n d", "K": "n d", "c": "", "i": "n", "j": "n", "G": "n n"}, ["c", "K"]),
    ("W = g * V / norm(V, axis=1, keepdims=True); sum((W @ x - y)**2)",
     {"V": "m n", "g": "m 1", "x": "n", "y": "m"}, ["V", "g"]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "variables", "wrt"), ORDERED)
def test_a_formula_alone_has_its_lines_in_order(
    text: str, variables: dict[str, str], wrt: list[str]
) -> None:
    derived = mg.derive(mg.parse(text, **variables), wrt=wrt)
    for formula in derived.values():
        lines = [piece for row in str(formula).splitlines() for piece in row.split("      ") if " = " in piece]
        told = [piece.partition(" = ") for piece in lines]
        names = [left.strip() for left, _, _ in told]
        for k, (left, _, right) in enumerate(told):
            words = re.findall(r"\w+", right.replace("ᵀ", " "))
            assert not {*names[k:]} & {*words}, str(formula)
            later = " ".join(after for _, _, after in told[k + 1 :]).replace("ᵀ", " ")
            assert k == len(told) - 1 or re.search(rf"\b{left.strip()}\b", later), str(formula)


# Calls whose print once read as something else than its value, though the table's first call of the row did not.
MISREAD = [
    ("outer-matrices", 2),
    ("roll-axes", 1),
    ("roll-flat", 1),
    ("roll-one axis twice", 2),
    ("setitem-apart", 1),
    ("linalg.norm-matrix nuc", 2),
    ("linalg.norm-matrix 2", 2),
    ("linalg.pinv-stack of columns", 1),
    ("nn.gelu-tanh", 1),
    ("nn.gelu-tanh", 2),
    ("trapezoid-x full", 2),
    ("matmul-empty batch", 2),
]


@pytest.mark.parametrize(("called", "order"), MISREAD)
def test_the_print_agrees_in_both_alphabets(called: str, order: int) -> None:
    (case,) = (case for case in CASES if case.id == called)
    loss, wrt = loss_and_variables(case, order)
    derived = mg.derive(loss, wrt=wrt, order=order)
    read = Read(loss, derived, {}, derived.reading.lowered.sizes or {})
    for ascii in (False, True):
        for formula in derived.values():
            read.read_back(formula, formula.ascii if ascii else str(formula), ascii)


def test_a_row_of_words_prints_the_word_that_was_given() -> None:
    derived = mg.derive(mg.parse("sum(y * gelu(x, approximate='tanh'))", x="n", y="n"))
    assert str(derived["y"]) == "dy = gelu_tanh(x)"
    other = mg.derive(mg.sum(derived["y"].tensor))
    assert other.check(seeds=1).verdict == "pass"


def test_a_matrix_of_one_column_is_a_vector() -> None:
    loss = mg.parse("sum(c * linalg.pinv(x))", x="1 n", c="n 1")
    assert "𝟏" not in str(mg.derive(loss, "x"))
