"""The results as a Markdown page."""

from __future__ import annotations

import platform
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.harness import Result

TITLES = {
    "numpy": "NumPy by hand",
    "minigrad": "minigrad eager",
    "compiled": "minigrad compiled",
    "torch": "PyTorch eager",
    "jax": "JAX jit",
    "autograd": "HIPS autograd",
    "mygrad": "MyGrad",
}


def processor() -> str:
    """The processor's name where the system tells it."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def markdown(results: Sequence[Result], dtype: str, rounds: int, command: str) -> str:
    """A table of times and of ratios, with everything needed to repeat them."""
    names = list(results[0].microseconds)
    versions = ", ".join(f"{TITLES[n]} {results[0].versions[n]}" for n in names)
    lines = [
        "# Benchmarks",
        "",
        "One training step of attention with binary cross-entropy (forward, backward and update),",
        f"{dtype}, one processor, each contestant in a process of its own, {rounds} interleaved",
        "rounds. Gradients were compared before anything was timed. Smaller is better.",
        "",
        f"Made by `{command}` with Python {sys.version.split()[0]} on {processor()}",
        f"(OpenBLAS core {results[0].blas}); {versions}.",
        "",
        "## Median time of a step, in microseconds",
        "",
        *_table("workload", names, results, lambda r, n: f"{r.microseconds[n]:,.1f}"),
    ]
    for other in ("numpy", "torch", "jax"):
        if other in names:
            lines += [
                "",
                f"## Median ratio to {TITLES[other]}",
                "",
                *_table("workload", names, results, lambda r, n, o=other: f"{r.ratios[n][o]:.2f}"),
            ]
    return "\n".join(lines) + "\n"


def _table(corner: str, names: Sequence[str], results: Sequence[Result], cell) -> list[str]:
    head = " | ".join([corner, *(TITLES[n] for n in names)])
    rows = [f"| {head} |", "|" + " --- |" * (len(names) + 1)]
    for result in results:
        title = f"{result.workload.name}: {result.workload.title}"
        rows.append("| " + " | ".join([title, *(cell(result, n) for n in names)]) + " |")
    return rows
