"""How time grows with the depth of a program: ``python -m benchmarks.growth``.

Stacks of transformer blocks, and chains in which nobody named a step, are derived and printed, written
as source, evaluated, drawn and checked, each depth in a process of its own in which SymPy was loaded
before. Processor time is measured, with that of the process that draws, so that what else the machine
does is not; the table has the shortest of all rounds, and the ratio for twice the depth.
"""

from __future__ import annotations

import argparse
import gc
import json
import math
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import minigrad as mg
from benchmarks.report import processor

STAGES = ("derive and print", "source", "evaluate", "draw", "check")


def transformer(blocks: int, name: str = "x") -> mg.Tensor:
    """The mean square of a stack of causal blocks with 64 features in 4 heads."""
    x = mg.tensor(np.random.default_rng(0).normal(size=(2, 8, 64)), name=name, dims="b t d")
    model = mg.nn.Sequential(*(mg.nn.TransformerBlock(64, 4, causal=True) for _ in range(blocks)))
    return mg.mean(model(x) ** 2)


def perceptron(layers: int, name: str = "x") -> mg.Tensor:
    """A chain of tanh layers, none of which has a name."""
    rng = np.random.default_rng(0)
    h = mg.tensor(rng.normal(size=(8, 16)), name=name)
    for k in range(layers):
        w = mg.tensor(rng.normal(size=(16, 16)) / 4, name=f"W{k}", requires_grad=True)
        b = mg.tensor(rng.normal(size=16), name=f"b{k}", requires_grad=True)
        h = mg.tanh(h @ w + b)
    return mg.mean(h**2)


def recurrence(steps: int, name: str = "x") -> mg.Tensor:
    """A recurrent network, none of whose states has a name."""
    rng = np.random.default_rng(0)
    x = mg.tensor(rng.normal(size=(steps, 16)), name=name)
    w, u = (mg.tensor(rng.normal(size=(16, 16)) / 4, name=n, requires_grad=True) for n in "WU")
    b = mg.tensor(rng.normal(size=16), name="b", requires_grad=True)
    h = mg.tanh(x[0] @ u + b)
    for t in range(1, steps):
        h = mg.tanh(h @ w + x[t] @ u + b)
    return mg.mean(h**2)


CHAINS: dict[str, tuple[Callable[..., mg.Tensor], tuple[int, ...]]] = {
    "transformer blocks": (transformer, (1, 2, 4, 8, 12)),
    "tanh layers": (perceptron, (4, 8, 16, 32)),
    "recurrent steps": (recurrence, (6, 12, 25, 50)),
}


def _processor_time() -> float:
    """The processor time of this process and of those that it has waited for."""
    usages = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def measured(chain: str, depth: int) -> dict[str, float]:
    """The seconds of every stage."""
    make, depths = CHAINS[chain]
    _measured(make(depths[1], "warm"))  # libraries load, and what a second layer asks for
    return _measured(make(depth))


def _measured(loss: mg.Tensor) -> dict[str, float]:
    seconds = {}

    def timed(stage: str, run: Callable[[], Any]) -> Any:
        gc.collect()  # what was done before leaves no work to this
        start = _processor_time()
        result = run()
        seconds[stage] = _processor_time() - start
        return result

    def printed() -> Any:
        derivation = mg.derive(loss)
        str(derivation)
        return derivation

    derivation = timed("derive and print", printed)
    timed("source", derivation.source)
    timed("evaluate", derivation)
    timed("draw", lambda: mg.draw(loss, backward=True).svg)
    report = timed("check", lambda: mg.check(loss))
    if report.verdict != "pass":
        raise SystemExit(f"the check did not pass\n{report}")
    return seconds


def in_process(chain: str, depth: int) -> dict[str, float]:
    """The same, by a fresh interpreter."""
    command = [sys.executable, "-m", "benchmarks.growth", "--one", chain, str(depth)]
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    result = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, float] = json.loads(result.stdout)
    return found


def table(chain: str, rounds: int) -> list[str]:
    """A Markdown table of one chain."""
    rows = [f"| {chain} | {' | '.join(STAGES)} |", "| --- " * (len(STAGES) + 1) + "|"]
    before: tuple[int, dict[str, float]] | None = None
    for depth in CHAINS[chain][1]:
        print(f"{chain}: {depth} ...", file=sys.stderr)
        runs = [in_process(chain, depth) for _ in range(rounds)]
        best = {stage: min(run[stage] for run in runs) for stage in STAGES}
        cells = [_cell(best[stage], _ratio(before, depth, best, stage)) for stage in STAGES]
        rows.append(f"| {depth} | {' | '.join(cells)} |")
        before = depth, best
    return rows


def _ratio(
    before: tuple[int, dict[str, float]] | None, depth: int, now: dict[str, float], stage: str
) -> float | None:
    """By how much the time grows for twice the depth."""
    if before is None or not before[1][stage]:
        return None
    growth = now[stage] / before[1][stage]
    return float(growth ** (math.log(2) / math.log(depth / before[0])))


def _cell(seconds: float, ratio: float | None) -> str:
    return f"{seconds:.3f}" if ratio is None else f"{seconds:.3f} (×{ratio:.1f})"


def main() -> None:
    """Parse the command line, run, and write the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="rounds, of which the shortest counts")
    parser.add_argument("--write", metavar="FILE", help="write the page there")
    parser.add_argument("--one", nargs=2, metavar=("CHAIN", "DEPTH"), help="measure this here")
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measured(options.one[0], int(options.one[1]))))
        return
    lines = [
        "# Growth",
        "",
        "What is done with a program takes twice as long for twice as many layers: seconds of processor time, and in",
        "brackets the ratio for twice the depth. Stacks of causal transformer blocks with 64 features in 4 heads, biases,",
        "layer norms and GELU; chains of tanh layers and of recurrent steps in which nothing has a name. Each is derived",
        "by all weights. The check is that of all witnesses, on data of 2 × 8 × 64, 8 × 16 and 16 numbers.",
        f"The shortest of {options.rounds} rounds, each in a process of its own that had loaded SymPy, on one core.",
        "",
        f"Made by `{' '.join(['python -m benchmarks.growth', *sys.argv[1:]])}` with Python",
        f"{sys.version.split()[0]} on {processor()}, minigrad {mg.__version__}.",
    ]
    for chain in CHAINS:
        lines.extend(["", *table(chain, options.rounds)])
    text = "\n".join(lines) + "\n"
    if options.write:
        target = Path(options.write)
        aside = target.with_name(target.name + ".part")
        aside.write_text(text, encoding="utf-8")
        os.replace(aside, target)
    print(text)


if __name__ == "__main__":
    main()
