"""The fuzzer runs, repeats itself, and finds what is planted."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

if sys.platform != "linux":
    pytest.skip("workers are forked and limited as Linux does it", allow_module_level=True)

from fuzz import guard
from fuzz.kinds import KINDS, Kind
from fuzz.watch import Input, fuzz, judged_alone

from minigrad.errors import ArgumentError

pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")


def refuses() -> None:
    raise ArgumentError("no")


def crashes() -> None:
    raise ValueError("planted")


def sleeps() -> None:
    time.sleep(1000)


def computes() -> None:
    while True:
        pass


def allocates() -> None:
    np.zeros(2**28)


def writes() -> None:
    with open("/dev/shm/minigrad-fuzz", "w"):
        os.unlink("/dev/shm/minigrad-fuzz")


PLANTED: dict[str, tuple[Callable[[], object], str | None]] = {
    "right": (lambda: None, None),
    "refused": (refuses, None),
    "crash": (crashes, "ValueError"),
    "deep": (lambda: PLANTED["deep"][0](), "RecursionError"),
    "computes": (computes, "hang"),
    "sleeps": (sleeps, "hang"),
    "memory": (allocates, "memory"),
    "name": (lambda: exec(guard.PAYLOAD), "executed"),
    "process": (lambda: os.system("true"), "executed"),
    "file": (writes, "executed"),
    "death": (lambda: os.kill(os.getpid(), signal.SIGTERM), "died of signal 15"),
}


@pytest.mark.parametrize("name", PLANTED)
def test_what_is_planted_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "SECONDS", 0)
    monkeypatch.setattr("fuzz.watch._WALL", 2.0)
    planted, what = PLANTED[name]
    kind = Kind(1, lambda rng: name, lambda data: planted(), lambda data: iter(()))
    monkeypatch.setitem(KINDS, "planted", kind)
    fault = judged_alone("planted", name)
    assert (fault and fault.what) == what


def test_a_run_goes_on_after_a_fault_counts_it_and_makes_it_smaller(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def runs(data: int) -> None:
        if data > 5:
            os.kill(os.getpid(), signal.SIGTERM)

    def make(rng: random.Random) -> int:
        return rng.randrange(10)

    kind = Kind(1, make, runs, lambda data: iter([data - 1]))
    monkeypatch.setitem(KINDS, "planted", kind)
    outcome = fuzz(0, ("planted",), seconds=1000, count=50, jobs=2)
    assert outcome.inputs == 50
    assert outcome.failures == sum(Input(0, k, ("planted",)).made()[1] > 5 for k in range(50))
    (found,) = outcome.found.values()
    assert found.data == 6


@pytest.mark.parametrize("kind", [name for name in KINDS if name != "planted"])
def test_every_kind_is_made_alike_from_a_seed_and_written_as_a_literal(kind: str) -> None:
    for k in range(20):
        made = Input(3, k, (kind,)).made()
        assert repr(made) == repr(Input(3, k, (kind,)).made())
        assert "<" not in repr(made)[:2]
        eval(repr(made[1]), {"nan": float("nan"), "inf": float("inf")})


def test_right_inputs_are_judged_right() -> None:
    unchanged = {"text": False, "facts": [], "header": [], "bytes": []}
    assert judged_alone("checkpoint", unchanged) is None
    table = {"bytes": b"label,a\n" + b"0,1\n1,2\n" * 9, "encoding": "utf-8", "delimiter": ","}
    assert judged_alone("table", table) is None


def test_the_command_ends_with_one_line() -> None:
    words = ["-m", "tests.fuzz", "--count", "12", "--seed", "0", "--kinds", "table"]
    root = Path(__file__).parent.parent
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, cwd=root)
    assert re.fullmatch(r"fuzz: 12 inputs, \d+ failures, seed 0, \d+ s", done.stdout.splitlines()[-1])
    assert done.returncode == (", 0 failures" not in done.stdout)
