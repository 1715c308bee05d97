"""What the live page costs: ``python -m benchmarks.page``.

How long `minigrad open` takes from its start to the formulas and numbers of its first example, as a ratio to
``import numpy, sympy`` in a fresh interpreter; and how long one call takes that brings formulas and numbers of
an example of the gallery, as a ratio to `mg.derive` of the same text. Rounds are interleaved, and the table
has the medians of their ratios.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import minigrad as mg
from benchmarks.report import processor
from minigrad.page import GALLERY, answer
from minigrad.page.study import forget

_KEYS = ("program", "variables", "sizes", "values", "wrt", "order")
_ENVIRONMENT = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}


def _question(example: Mapping[str, Any]) -> dict[str, Any]:
    """What the page asks first of an example."""
    return {**{key: example[key] for key in _KEYS}, "ask": {"lines": {}, "values": {}}}


def opened() -> float:
    """The seconds from the start of `minigrad open` to the formulas of its first example."""
    start = time.perf_counter()
    command = [sys.executable, "-m", "minigrad", "open", "--no-browser"]
    kept = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "env": _ENVIRONMENT, "text": True}
    with subprocess.Popen(command, **kept) as page:
        assert page.stdout is not None
        url = page.stdout.readline().strip()
        asked = json.dumps({**_question(GALLERY[0]), "page": "1", "lane": "typing", "number": 1}).encode()
        with urlopen(Request(f"{url}call", asked, {"Content-Type": "application/json"})) as response:
            told = json.load(response)
        seconds = time.perf_counter() - start
        page.send_signal(signal.SIGINT)
    if not told["ok"] or "error" in told["values"]:
        raise SystemExit(f"the page did not answer\n{told}")
    return seconds


def imported() -> float:
    """The seconds of an interpreter that loads NumPy and SymPy."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import numpy, sympy"], check=True, env=_ENVIRONMENT)
    return time.perf_counter() - start


def called(example: Mapping[str, Any]) -> float:
    """The seconds of one call about an example that was not asked about before."""
    forget()
    return _timed(lambda: answer(_question(example)))


def derived(example: Mapping[str, Any]) -> float:
    """The seconds to read the same text and derive it."""
    wrt, order = example["wrt"], example["order"]
    return _timed(lambda: mg.derive(mg.parse(example["program"], **example["variables"]), wrt, order))


def _timed(run: Callable[[], Any]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def start_row(rounds: int) -> list[str]:
    """A Markdown table of the start."""
    pairs = [(opened(), imported()) for _ in range(rounds + 1)][1:]  # the first writes the bytecode
    return [
        "| start to first formulas | import numpy, sympy | ratio |",
        "| --- | --- | --- |",
        f"| {_median(a for a, _ in pairs):.2f} s | {_median(b for _, b in pairs):.2f} s "
        f"| {_median(a / b for a, b in pairs):.2f} |",
    ]


def call_rows(rounds: int) -> list[str]:
    """A Markdown table of one call about each example of the gallery."""
    measured: dict[str, list[tuple[float, float]]] = {example["id"]: [] for example in GALLERY}
    for k in range(rounds + 1):
        for example in GALLERY:
            pair = called(example), derived(example)
            if k:  # in the first round libraries load
                measured[example["id"]].append(pair)
    rows = ["| example | one call, ms | mg.derive, ms | ratio |", "| --- | --- | --- | --- |"]
    for name, pairs in measured.items():
        call, derive = (1e3 * _median(pair[k] for pair in pairs) for k in (0, 1))
        rows.append(f"| {name} | {call:.0f} | {derive:.0f} | {_median(a / b for a, b in pairs):.2f} |")
    ratios = [_median(a / b for a, b in pairs) for pairs in measured.values()]
    return [*rows, f"| median of all | | | {_median(ratios):.2f} |"]


def _median(values: Any) -> float:
    return float(statistics.median([*values]))


def main() -> None:
    """Parse the command line, run, and write the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.page", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="interleaved rounds")
    parser.add_argument("--write", metavar="FILE", help="write the page there")
    options = parser.parse_args()
    lines = [
        "# The live page",
        "",
        "From the start of `minigrad open` to the formulas and numbers of its first example, beside an interpreter that",
        "loads NumPy and SymPy; and one call that brings formulas and numbers of an example, beside `mg.derive` of the",
        f"same text, in one process that had loaded SymPy. Medians of {options.rounds} interleaved rounds, and of their ratios.",
        "",
        f"Made by `{' '.join(['python -m benchmarks.page', *sys.argv[1:]])}` with Python",
        f"{sys.version.split()[0]} on {processor()}, minigrad {mg.__version__}.",
        "",
        *start_row(options.rounds),
        "",
        *call_rows(options.rounds),
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
