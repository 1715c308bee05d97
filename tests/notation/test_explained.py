"""Each name in a print is explained before it is read, means one thing, and is there for a reason."""

from __future__ import annotations

import re
from typing import Any

import pytest
from attention_cases import SYMBOLS, WEIGHTS, attention
from explained import complaints, of_derivation
from expressions import CASES, Case
from hypothesis import HealthCheck, given, settings
from long import examples
from random_expressions import VARIABLES, programs

import minigrad as mg
from minigrad.notation.printed_text.grammar import statements
from minigrad.notation.printed_text.unicode_grammar import unicode_piece


def ways_of(output: mg.Tensor, case: Case) -> list[dict[str, Any]]:
    first: list[dict[str, Any]] = [{"wrt": case.wrt}, {}, {"wrt": case.wrt, "order": case.order}]
    if output.shape:
        return [*first, {"wrt": case.wrt, "cotangent": "dO"}]
    return [*first, {"wrt": case.wrt, "order": 2}, {"wrt": case.wrt, "order": 2, "along": case.wrt}]


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.long("part")
def test_of_every_expression(case: Case) -> None:
    output = mg.parse(case.text, **case.variables)
    for way in ways_of(output, case):
        derived = mg.derive(output, **way)
        assert of_derivation(derived) == [], f"{way}\n{derived}"


@pytest.mark.parametrize(
    "way",
    [{}, {"wrt": WEIGHTS}, {"wrt": [*WEIGHTS, "S", "z"]}, {"wrt": "w", "order": 2},
     {"wrt": "Wq", "order": 2, "along": "Wq"}],
    ids=str,
)  # fmt: skip
def test_of_attention(way: dict[str, Any]) -> None:
    derived = mg.derive(attention(*mg.symbols(*SYMBOLS)), **way)
    assert of_derivation(derived) == [], str(derived)


@given(programs())
@settings(max_examples=examples(110), deadline=None, suppress_health_check=list(HealthCheck))
def test_of_random_programs(text: str) -> None:
    output = mg.parse(text, **VARIABLES)
    variables = [name for name in VARIABLES if re.search(rf"\b{name}\b", text)]
    steps = [step.partition(" = ")[0] for step in text.split("; ")[:-1]]
    for wrt in (variables[:1], variables, [*variables, *steps]):
        derived = mg.derive(output, wrt)
        assert of_derivation(derived) == [], f"{wrt}\n{derived}"


# What it found.
FOUND = {
    "a part of a formula in a step": (
        "S = where(W > 0.05, softmax(W, axis=1), s * W); sum(S**2)", {"W": "m k", "s": ""}, ["W", "s"],
    ),
    "a part that has a name": (
        "E = sum(softmax(y))*y; e = logdet(tanh(outer(E, y)) + 5 * eye(m)); sum(e ** 2) + sum(E)", {"y": "m"}, ["y"],
    ),
    "a gradient whose name is taken": ("dx = exp(X @ x); sum(dx**2) + sum(x * x)", {"X": "m n", "x": "n"}, ["x", "X"]),
    "a step that is 0": ("t = x @ (A - A); sum(t ** 2) + sum(A)", {"A": "n n", "x": "n"}, ["x", "A"]),
}  # fmt: skip


@pytest.mark.parametrize("case", FOUND)
def test_of_what_was_found(case: str) -> None:
    text, dims, wrt = FOUND[case]
    derived = mg.derive(mg.parse(text, **dims), wrt)
    assert of_derivation(derived) == [], str(derived)


# Prints that nobody can follow, and what is said of each.
WRONG = {
    "dx = 2 r": ["r is not explained before dx"],
    "dx = 2 x\nr = 3": ["r is not used"],
    "dx = r\nr = 2 x": ["r is not explained before dx", "dx merely renames r"],
    "dy = Σ_x A_xx": ["x is an index and means something else"],
    "x = 2 A": ["x has two meanings"],
    "dy = n a   where a_n = A_nn x": ["n is an index and means something else"],
}


@pytest.mark.parametrize("text", WRONG)
def test_what_nobody_can_follow_is_found(text: str) -> None:
    found = complaints(text, ["A", "x"], ["n"], [], [name for name in ("dx", "dy") if name in text])
    assert set(WRONG[text]) <= set(found)


def test_a_gradient_whose_name_is_taken_is_no_element() -> None:
    derived = mg.derive(mg.parse("dx = exp(X @ x); sum(dx**2) + x @ x", X="m n", x="n"), ["x", "X"])
    assert [line.name for line in statements(str(derived), "Xx", unicode_piece)] == ["dx", "L", "ddx", "grad_x", "dX"]


# Arrays without a name and symbols that gave way, and how the legend tells them.
UNNAMED = mg.tensor([[0.5, 1.0], [2.0, 3.0]])
X = mg.tensor([[1.0, 2.0], [3.0, 4.0]], name="X", requires_grad=True)
LEGENDS = {
    "a number": (
        mg.sum(X) * mg.tensor(2.0, requires_grad=True),
        'x1 is a number without a name; .named("A") names it',
    ),
    "an array": (mg.sum(UNNAMED * X), 'c1 is an array without a name, of shape (2, 2); .named("A") names it'),
    "a vector": (
        mg.sum(X @ mg.tensor([1.0, 2.0])), 'c1 is an array without a name, of shape (2,); .named("A") names it',
    ),
    "behind a where-list": (
        mg.sum(mg.exp(X @ UNNAMED) * mg.tanh(X @ UNNAMED)),
        'c1 is an array without a name, of shape (2, 2); .named("A") names it',
    ),
    "the identity": (
        mg.trace(X) + mg.sum(X * mg.tensor([[1.0, 2.0], [3.0, 4.0]], name="I")), "Id is the identity",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", LEGENDS)
def test_a_legend_tells_what_has_no_name(case: str) -> None:
    output, told = LEGENDS[case]
    derived = mg.derive(output, "X")
    for text in (str(derived), derived.ascii, str(derived["X"])):
        assert text.splitlines()[-1] == told
    with_names = statements(str(derived), ["X", "c1", "I"], unicode_piece)
    assert with_names[-1].name == "dX"  # and readers skip it


def test_a_symbol_that_gave_way_is_a_word_on_a_page() -> None:
    derived = mg.derive(LEGENDS["the identity"][0], "X")
    assert derived["X"].latex.endswith(r"\mathrm{Id} + I")
