"""How the time to derive grows with the depth of a network: ``python -m benchmarks.derivation``.

Every round derives the parameter gradients of attention stacks of all depths once, and prints the
formulas; the table has the median over rounds of each depth's time as a ratio to that of the
shallowest stack in the same round. A ratio that follows the number of graph nodes is linear growth.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from pathlib import Path

import minigrad as mg
from benchmarks.report import processor

DEPTHS = (1, 2, 4, 8, 12, 16)
F = mg.nn.functional


def stack(layers: int) -> tuple[mg.Tensor, list[str]]:
    """A classifier with so many layers of self-attention, and the names of its weights."""
    h, w, y = mg.symbols("X: n d", "w: d", "y: n | 0/1")
    names = []
    for layer in range(layers):
        with mg.scope("block"):
            wq, wk, wv = mg.symbols(f"Wq{layer}: d k", f"Wk{layer}: d k", f"Wv{layer}: d d")
            q, k, v = (h @ wq).named("Q"), (h @ wk).named("K"), (h @ wv).named("V")
            a = F.softmax(q @ k.T / mg.sqrt(wq.shape[1])).named("A")
            h = (h + a @ v).named("H")
            names += [f"Wq{layer}", f"Wk{layer}", f"Wv{layer}"]
    return F.binary_cross_entropy(F.sigmoid(h @ w), y).named("L"), names


def seconds(layers: int) -> tuple[float, int]:
    """The time to derive and print all weight gradients, and the length of the text."""
    loss, names = stack(layers)
    start = time.perf_counter()
    text = str(mg.derive(loss, wrt=names))
    return time.perf_counter() - start, len(text)


def table(rounds: int) -> list[str]:
    """A Markdown table of medians."""
    seconds(1)  # SymPy loads
    measured = [{depth: seconds(depth) for depth in DEPTHS} for _ in range(rounds)]
    rows = [
        "| layers | median seconds | ratio to 1 layer | characters |",
        "| --- | --- | --- | --- |",
    ]
    for depth in DEPTHS:
        times = [run[depth][0] for run in measured]
        ratios = [run[depth][0] / run[DEPTHS[0]][0] for run in measured]
        rows.append(
            f"| {depth} | {statistics.median(times):.3f} | {statistics.median(ratios):.1f} "
            f"| {measured[0][depth][1]:,} |"
        )
    return rows


def main() -> None:
    """Parse the command line, run, and write the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.derivation", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="interleaved rounds")
    parser.add_argument("--write", metavar="FILE", help="write the page there")
    options = parser.parse_args()
    lines = [
        "# Time to derive",
        "",
        "Gradients of the loss by all weights of a stack of self-attention layers, derived, simplified",
        f"and printed; medians of {options.rounds} rounds in one process, after SymPy was loaded.",
        "",
        f"Made by `{' '.join(['python -m benchmarks.derivation', *sys.argv[1:]])}` with Python",
        f"{sys.version.split()[0]} on {processor()}, minigrad {mg.__version__}.",
        "",
        *table(options.rounds),
    ]
    text = "\n".join(lines) + "\n"
    if options.write:
        target = Path(options.write)
        aside = target.with_name(target.name + ".part")
        aside.write_text(text, encoding="utf-8")
        os.replace(aside, target)
    print(text)


if __name__ == "__main__":
    main()
