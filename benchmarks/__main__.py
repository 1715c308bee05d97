"""Run what is installed, and say what is missing: ``python -m benchmarks``."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from benchmarks.contestants import CONTESTANTS, LACKING
from benchmarks.harness import installed, run
from benchmarks.report import markdown
from benchmarks.workloads import WORKLOADS


def main() -> None:
    """Parse the command line, run, and write the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("workloads", nargs="*", help=f"some of {' '.join(WORKLOADS)}")
    parser.add_argument("--only", nargs="+", choices=CONTESTANTS, help="contestants to run")
    parser.add_argument("--rounds", type=int, default=25, help="interleaved rounds")
    parser.add_argument("--dtype", choices=("float32", "float64"), default="float64")
    parser.add_argument("--write", metavar="FILE", help="write the table there")
    options = parser.parse_args()
    unknown = set(options.workloads) - set(WORKLOADS)
    if unknown:
        parser.error(f"no workload {', '.join(sorted(unknown))}; there are {', '.join(WORKLOADS)}")
    chosen = options.only or list(CONTESTANTS)
    for name in chosen:
        if not installed(name):
            package, advice = CONTESTANTS[name][1:]
            print(f"{name}: {package} is not installed; {advice}", file=sys.stderr)
    names = [name for name in chosen if installed(name)]
    results, before = [], os.getloadavg()[0]
    for name in options.workloads or list(WORKLOADS):
        print(f"{name}: {WORKLOADS[name].title} ...", file=sys.stderr)
        able = [each for each in names if (each, name) not in LACKING]
        results.append(run(WORKLOADS[name], able, options.dtype, options.rounds))
    command = " ".join(["python -m benchmarks", *sys.argv[1:]])
    load = (
        f"{os.cpu_count()} processors; on average {before:.1f} processes wanted one before, and "
        f"{os.getloadavg()[0]:.1f} after."
    )
    text = markdown(results, options.dtype, options.rounds, command, load)
    if options.write:
        target = Path(options.write)
        aside = target.with_name(target.name + ".part")
        aside.write_text(text, encoding="utf-8")
        os.replace(aside, target)
    print(text)


if __name__ == "__main__":
    main()
