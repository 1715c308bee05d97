"""What runs, writes, draws and checks a formula neither recurses over its depth nor looks at all pairs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.checking import GeneratedSource, proving
from minigrad.checking.identity import vanishes
from minigrad.checking.locate import locate
from minigrad.checking.replay import Program
from minigrad.index import heads
from minigrad.source.function import Function
from minigrad.symbolic.budget import OutOfTimeError, budget
from minigrad.symbolic.program import build, in_order, program

_DEEP = 500


@pytest.fixture(autouse=True)
def shallow_stack() -> Iterator[None]:
    """A walk that recurses would end here, at depths far below those of a user."""
    before = sys.getrecursionlimit()
    depth, frame = 0, sys._getframe()
    while frame.f_back is not None:
        depth, frame = depth + 1, frame.f_back
    mg.derive(mg.sum(mg.sin(_x()))).check()  # SymPy is loaded, which needs a deeper stack
    sys.setrecursionlimit(depth + 250)
    yield
    sys.setrecursionlimit(before)


def _x() -> Any:
    return mg.tensor(np.linspace(0.1, 0.9, 3), name="x", requires_grad=True)


def chain(n: int) -> Any:
    y = _x()
    for _ in range(n):
        y = mg.sin(y)
    return mg.sum(y)


def named_chain(n: int) -> Any:
    y = _x()
    for k in range(n):
        y = mg.sin(y).named(f"h{k}")
    return mg.sum(y)


def recurrent(n: int) -> Any:
    W = mg.tensor(0.5 * np.eye(3), name="W", requires_grad=True)
    b = mg.tensor(np.full(3, 0.1), name="b", requires_grad=True)
    y = mg.tensor(np.linspace(0.1, 0.9, 3), name="y")
    for k in range(n):
        y = mg.tanh(W @ y + b).named(f"h{k}")
    return mg.sum(y)


def wide_sum(n: int) -> Any:
    x = _x()
    y = x
    for k in range(n):
        y = y + mg.sin(x * float(k + 1))
    return mg.sum(y)


def wide_concatenate(n: int) -> Any:
    x = _x()
    return mg.sum(mg.concatenate([x * float(k + 1) for k in range(n)]) ** 2)


SHAPES: dict[str, tuple[Callable[[int], Any], int]] = {
    "a chain": (chain, _DEEP),
    "a chain of names": (named_chain, _DEEP),
    "a recurrence": (recurrent, 100),
    "a sum of many terms": (wide_sum, _DEEP),
    "a concatenation of many parts": (wide_concatenate, 300),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_deep_formulas_are_evaluated_written_and_checked(shape: str) -> None:
    make, n = SHAPES[shape]
    derivation = mg.derive(make(n))
    written = GeneratedSource(derivation.source)
    arrays = {name: node.value for name, (node, _) in derivation.reading.lowered.leaves.items()}
    found = written.arrays(arrays, {})
    for array, value in zip(found, derivation().values(), strict=True):
        np.testing.assert_allclose(array, value, rtol=1e-9)
    report = derivation.check()
    assert report.verdict == "pass", report


@pytest.mark.parametrize("shape", SHAPES)
def test_twice_the_depth_makes_about_twice_the_operations(shape: str) -> None:
    make, n = SHAPES[shape]
    counts = []
    for size in (n // 8, n // 4):
        derivation = mg.derive(make(size))
        made = program([f.expr for f in derivation.values()], derivation.reading.lowered.sizes)
        counts.append(sum(1 for _ in in_order(made.results)))
    assert counts[1] <= 2.3 * counts[0]


def test_no_line_of_source_holds_a_whole_sum() -> None:
    """Python's compiler recurses over an expression, so none is as deep as what it computes."""
    rows = mg.derive(wide_sum(_DEEP)).source().splitlines()
    assert max(map(len, rows)) <= 100
    statements = " ".join(rows).split(" = ")
    assert max(text.count(" + ") for text in statements) <= 130


def test_a_deep_picture_is_summarised_before_it_is_laid_out() -> None:
    picture = mg.draw(named_chain(_DEEP)).picture
    assert len(picture.cards) <= 300
    assert any(card.kind == "folded" and "steps" in card.tooltip for card in picture.cards)


def blocks(count: int) -> Any:
    x = mg.tensor(np.random.default_rng(0).normal(size=(3, 8)), name="X", dims="n d")
    for _ in range(count):
        x = mg.nn.TransformerBlock(8, 2, causal=True)(x)
    return mg.mean(x**2)


def test_a_check_makes_one_program_and_one_text_for_all_variables(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    texts, programs = [], []
    write, make = Function.write, build.Builder.__init__
    monkeypatch.setattr(Function, "write", lambda self: texts.append(1) or write(self))
    monkeypatch.setattr(
        build.Builder,
        "__init__",
        lambda self, sizes, stable: programs.append(stable) or make(self, sizes, stable),
    )
    derivation = mg.derive(blocks(1))
    assert derivation.check(seconds=600).verdict == "pass"
    assert len(texts) == 1
    assert sum(programs) == 2  # for floats: one of the value, one of all gradients


# -- a budget ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "run",
    [
        lambda d: d(),
        lambda d: d.source(),
        lambda d: vanishes(heads.sympy().Symbol("t") ** 2 - 1),
    ],
    ids=["values", "source", "fields"],
)
def test_a_budget_is_kept_inside_long_computations(run: Callable[[Any], Any]) -> None:
    derivation = mg.derive(chain(20))
    with budget(0), pytest.raises(OutOfTimeError, match="the time was used up"):
        run(derivation)
    with budget(600):
        run(derivation)
    run(derivation)  # a budget ends with its block


def test_where_a_primitive_is_at_fault_is_not_guessed_without_time() -> None:
    x = mg.tensor([1.0, 2.0], name="x")
    output = mg.exp(x)._node
    assert output is not None
    leaves = {x._node: x.numpy()}
    with budget(0), pytest.raises(OutOfTimeError):
        locate(Program(output, {}), leaves, np.random.default_rng(0))  # type: ignore[arg-type]


def test_what_no_time_was_left_for_is_said() -> None:
    report = mg.derive(chain(20)).check(seconds=1e-9)
    assert report.verdict == "inconclusive"
    assert "NumPy source: left out, the time was used up" in report.notes


# -- witnesses that cannot speak ---------------------------------------------------------------------


@pytest.mark.parametrize("order", [1, 2])
def test_source_that_cannot_be_written_is_a_line_of_its_own(
    order: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: Any) -> str:
        raise IndexError("tuple index out of range")

    derivation = mg.derive(mg.sum(mg.sin(_x())), order=order)
    monkeypatch.setattr(Function, "write", broken)
    report = derivation.check()
    (line,) = [c for c in report.comparisons if c.verdict != "pass"]
    assert (line.first, line.second, line.verdict) == ("NumPy source", "", "inconclusive")
    assert line.note == "it raised IndexError: tuple index out of range"
    assert report.verdict == "inconclusive"


def test_a_proof_that_crashes_is_a_line_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: Any) -> Any:
        raise RecursionError("maximum recursion depth exceeded")

    monkeypatch.setattr(proving, "_proved", broken)
    report = mg.derive(mg.sum(mg.sin(_x()))).check()
    assert report.verdict == "inconclusive"
    assert {c.first for c in report.comparisons if c.verdict != "pass"} == {
        proof.name for proof in proving.PROOFS
    }
