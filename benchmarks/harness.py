"""Starting contestants, comparing their gradients, and timing them in turns."""

from __future__ import annotations

import importlib.util
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field

import numpy as np

from benchmarks.contestants import CONTESTANTS
from benchmarks.workloads import Workload

# Variables that choose processor kernels or threads behind the harness's back.
_UNSET = ("OPENBLAS_CORETYPE", "MKL_DEBUG_CPU_TYPE", "NPY_DISABLE_CPU_FEATURES")
_ONE_THREAD = (
    "OPENBLAS_NUM_THREADS",
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)
_TARGET_SECONDS = 0.1


def installed(name: str) -> bool:
    """Whether a contestant's package can be imported."""
    return importlib.util.find_spec(CONTESTANTS[name][1]) is not None


def _environment() -> dict[str, str]:
    environment = {k: v for k, v in os.environ.items() if k not in _UNSET}
    environment.update(dict.fromkeys(_ONE_THREAD, "1"))
    environment["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    environment["PYTHONHASHSEED"] = "0"
    return environment


class Contestant:
    """A running worker."""

    def __init__(self, name: str, workload: Workload, dtype: str) -> None:
        self.name = name
        command = [sys.executable, "-m", "benchmarks.worker", name, workload.name, dtype]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=_environment(),
        )
        word, self.version, self.blas = self._answer().split(maxsplit=2)
        if word != "ready":
            raise RuntimeError(f"{name}: the worker said {word!r} instead of 'ready'")
        self.steps = 1

    def _answer(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.name}: the worker ended; see its error above")
        return line.strip()

    def _ask(self, command: str) -> str:
        assert self.process.stdin is not None
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        return self._answer()

    def gradients(self, folder: str) -> dict[str, np.ndarray]:
        """The gradients at the start."""
        path = os.path.join(folder, f"{self.name}.npz")
        self._ask(f"gradients {path}")
        with np.load(path) as arrays:
            return dict(arrays)

    def calibrate(self) -> None:
        """Warm up and choose how many steps one measurement takes."""
        self._ask("time 3")  # compilation and first allocations are not part of a step
        elapsed = 0.0
        while elapsed < _TARGET_SECONDS / 4:
            self.steps *= 2
            elapsed = float(self._ask(f"time {self.steps}"))
        self.steps = max(1, round(self.steps * _TARGET_SECONDS / elapsed))

    def seconds_per_step(self) -> float:
        """One measurement."""
        return float(self._ask(f"time {self.steps}")) / self.steps

    def close(self) -> None:
        """End the worker."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(timeout=30)


@dataclass
class Result:
    """Medians for one workload."""

    workload: Workload
    microseconds: dict[str, float] = field(default_factory=dict)
    ratios: dict[str, dict[str, float]] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    blas: str = "unknown"


def run(workload: Workload, names: list[str], dtype: str, rounds: int) -> Result:
    """Compare gradients, then time the contestants in turns.

    Raises
    ------
    AssertionError
        When a contestant's gradients differ from those of the first.
    """
    contestants = [Contestant(name, workload, dtype) for name in names]
    try:
        _compare(contestants, dtype)
        for contestant in contestants:
            contestant.calibrate()
        times: dict[str, list[float]] = {name: [] for name in names}
        for turn in range(rounds):
            # Every other round runs backwards, so that nobody always follows the same rival.
            for contestant in contestants[:: 1 if turn % 2 == 0 else -1]:
                times[contestant.name].append(contestant.seconds_per_step())
    finally:
        for contestant in contestants:
            contestant.close()
    result = Result(workload)
    for contestant in contestants:
        mine = times[contestant.name]
        result.microseconds[contestant.name] = statistics.median(mine) * 1e6
        result.versions[contestant.name] = contestant.version
        result.ratios[contestant.name] = {
            other: statistics.median(a / b for a, b in zip(mine, times[other], strict=True))
            for other in names
        }
        if contestant.name == "numpy":
            result.blas = contestant.blas
    return result


def _compare(contestants: list[Contestant], dtype: str) -> None:
    tolerance = 1e-9 if dtype == "float64" else 1e-4
    with tempfile.TemporaryDirectory() as folder:
        expected = contestants[0].gradients(folder)
        largest = max(np.abs(g).max() for g in expected.values())
        for contestant in contestants[1:]:
            got = contestant.gradients(folder)
            assert got.keys() == expected.keys(), contestant.name
            for name, g in got.items():
                # a gradient that is 0, as that of a bias of keys, is rounding alone
                scale = max(np.abs(expected[name]).max(), 1e-6 * largest)
                worst = np.abs(g - expected[name]).max() / scale
                assert worst < tolerance, f"{contestant.name}: d{name} is off by {worst:.1e}"
