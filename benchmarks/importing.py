"""What ``import minigrad`` costs beside ``import numpy``: ``python -m benchmarks.importing``.

Processor time of whole interpreters, which start by turns; of each the shortest, because a busy machine
only ever adds. Run it from a checkout and where minigrad is installed.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys

PROGRAMS = {"nothing": "pass", "numpy": "import numpy", "minigrad": "import minigrad"}

# Bytecode is written once and read after; the BLAS starts no threads.
_LEFT_OUT = ("PYTHONDONTWRITEBYTECODE", "OPENBLAS_CORETYPE")
ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if name not in _LEFT_OUT},
    "OPENBLAS_NUM_THREADS": "1",
}


def seconds(program: str) -> float:
    """The processor time of one interpreter that runs a program."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", program], check=True, env=ENVIRONMENT)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Start them by turns and print the ratio."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.importing", description=__doc__)
    parser.add_argument("--rounds", type=int, default=25, help="starts of each")
    rounds = parser.parse_args().rounds
    for program in PROGRAMS.values():
        seconds(program)  # writes the bytecode
    taken: dict[str, list[float]] = {name: [] for name in PROGRAMS}
    for _ in range(rounds):
        for name, program in PROGRAMS.items():
            taken[name].append(seconds(program))
    least = {name: min(times) for name, times in taken.items()}
    for name, time in least.items():
        print(f"{name:10}{1e3 * time:7.1f} ms")
    print(f"minigrad / numpy: {least['minigrad'] / least['numpy']:.3f}")


if __name__ == "__main__":
    main()
