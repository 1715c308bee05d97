"""The results as a Markdown page."""

from __future__ import annotations

import platform
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.contestants import LACKING
from benchmarks.harness import Result

TITLES = {
    "numpy": "NumPy by hand",
    "minigrad": "minigrad eager",
    "compiled": "minigrad compiled",
    "jax-source": "minigrad's JAX, jit",
    "torch-source": "minigrad's PyTorch",
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


def markdown(
    results: Sequence[Result], dtype: str, rounds: int, command: str, load: str = ""
) -> str:
    """A table of times and of ratios, with everything needed to repeat them."""
    names = list(results[0].microseconds)
    versions = ", ".join(f"{TITLES[n]} {results[0].versions[n]}" for n in names)
    lines = [
        "# Benchmarks",
        "",
        "One training step (forward with the loss, backward and update) of attention with binary cross-entropy,",
        "W1 to W4, and of a transformer block with its mean square, W8;",
        f"{dtype}, one processor, each contestant in a process of its own, {rounds} interleaved",
        "rounds. Gradients were compared before anything was timed. Smaller is better. Where other work fills the",
        "processors, times are longer and ratios are what can be compared.",
        "",
        f"Made by `{command}` with Python {sys.version.split()[0]} on {processor()}",
        f"(OpenBLAS core {results[0].blas}); {versions}.",
        *([load] if load else []),
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
    missing = [why for (name, w), why in LACKING.items() if name in names
               and w in [r.workload.name for r in results]]  # fmt: skip
    lines += ["", *(f"{why}." for why in missing)] if missing else []
    return "\n".join(lines) + "\n"


def _table(corner: str, names: Sequence[str], results: Sequence[Result], cell) -> list[str]:
    head = " | ".join([corner, *(TITLES[n] for n in names)])
    rows = [f"| {head} |", "|" + " --- |" * (len(names) + 1)]
    for result in results:
        title = f"{result.workload.name}: {result.workload.title}"
        cells = [cell(result, n) if n in result.microseconds else "–" for n in names]
        rows.append("| " + " | ".join([title, *cells]) + " |")
    return rows
