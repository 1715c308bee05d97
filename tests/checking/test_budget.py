"""A check makes one program, keeps its time inside long computations, and says which witness could not speak."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.checking import proving
from minigrad.checking.identity import vanishes
from minigrad.checking.interrupt import interrupted
from minigrad.checking.locate import locate
from minigrad.checking.replay import Replay
from minigrad.index import heads
from minigrad.program import lowering
from minigrad.source.function import Function
from minigrad.symbolic.budget import OutOfTimeError, budget


def _x() -> Any:
    return mg.tensor(np.linspace(0.1, 0.9, 3), name="x", requires_grad=True)


def chain(n: int) -> Any:
    y = _x()
    for _ in range(n):
        y = mg.sin(y)
    return mg.sum(y)


def blocks(count: int) -> Any:
    x = mg.tensor(np.random.default_rng(0).normal(size=(3, 8)), name="X", dims="n d")
    for _ in range(count):
        x = mg.nn.TransformerBlock(8, 2, causal=True)(x)
    return mg.mean(x**2)


def test_a_check_makes_one_program_and_one_text_for_all_variables(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    texts, programs = [], []
    write, make = Function.write, lowering.Lowering.__init__
    monkeypatch.setattr(Function, "write", lambda self: texts.append(1) or write(self))
    monkeypatch.setattr(
        lowering.Lowering,
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
        locate(Replay(output, {}), leaves, np.random.default_rng(0))  # type: ignore[arg-type]


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
    line, *others = [c for c in report.comparisons if c.verdict != "pass"]
    assert (line.first, line.second, line.verdict) == ("NumPy source", "", "inconclusive")
    assert {c.first for c in others} <= {"inputs × 40", "inputs × 800"}  # they run it too
    assert {c.note for c in (line, *others)} == {"it raised IndexError: tuple index out of range"}
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


def test_a_proof_without_an_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """The check has no time limit here: other libraries have one of their own."""

    def endless(*args: Any) -> Any:
        while True:
            pass

    monkeypatch.setattr(proving, "_SECONDS", 0.1)
    monkeypatch.setattr(proving, "PROOFS", [replace(proof, run=endless) for proof in proving.PROOFS])
    report = mg.derive(mg.sum(mg.sin(_x()))).check()
    assert report.verdict == "pass"
    for proof in proving.PROOFS:
        assert any(proof.name in note and "0.1 seconds" in note for note in report.notes), report.notes


def busy(steps: int) -> int:
    return sum(1 for _ in range(steps))


def test_an_interrupt_that_comes_at_once_is_met_where_it_is_asked_for() -> None:
    for _ in range(50):
        with budget(1e-9), pytest.raises(OutOfTimeError):
            interrupted(partial(busy, 10**7))
    assert sum(range(10**5))  # and nowhere later


def test_a_time_within_a_time_ends_with_it() -> None:
    """Of two interrupts one might come while the other is met; and nobody waits for a thread that was never started."""

    def several() -> int:
        return sum(interrupted(partial(busy, 50)) for _ in range(200))

    ended = 0
    for k in range(300):
        with budget(k * 1e-5):
            try:
                assert interrupted(several) == 10_000
            except OutOfTimeError:
                ended += 1
    assert ended > 0


def test_an_interrupt_that_c_turns_into_its_own_error_is_one() -> None:
    def faulty() -> None:
        raise SystemError("of its own")

    def hashed() -> None:
        try:
            busy(10**8)
        except BaseException:
            raise SystemError("returned a result with an exception set") from None

    with budget(0.02), pytest.raises(OutOfTimeError):
        interrupted(hashed)
    with budget(60), pytest.raises(SystemError):
        interrupted(faulty)


def test_an_interrupt_leaves_nothing_behind() -> None:
    """CPython that goes on looking for a withdrawn interrupt hangs under a profiler."""
    code = (
        "import sys\n"
        "from minigrad.checking.interrupt import interrupted\n"
        "from minigrad.symbolic.budget import OutOfTimeError, budget\n"
        "for seconds in (0.02, 5.0):\n"
        "    try:\n"
        "        with budget(seconds):\n"
        "            interrupted(lambda: sum(1 for _ in range(10**7 if seconds < 1 else 10)))\n"
        "    except OutOfTimeError:\n"
        "        print('ended')\n"
        "sys.setprofile(lambda *event: None)\n"
        "print(sum(map(int, '12')))\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert ran.stdout.split() == ["ended", "3"]


def test_formulas_are_left_out_where_they_take_too_long() -> None:
    program = mg.parse("norm(x)*sum(1/x)", x="n")
    with budget(0.0), pytest.raises(OutOfTimeError):
        mg.derive(program, order=2)
    report = mg.check(program, order=2, seconds=1e-6)
    assert any("derived formula: not applicable (the time was used up)" in n for n in report.notes)
