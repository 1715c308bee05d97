"""``python -m tests.fuzz``: see the package's own words."""

from __future__ import annotations

import argparse
import os
import sys

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy is imported


def main() -> int:
    """Fuzz, tell what was found, and end with one line."""
    from .kinds import KINDS, warm_up
    from .watch import Found, fuzz

    words = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    words.add_argument("--seconds", type=float, help="how long; 60 where no count is given")
    words.add_argument("--count", type=int, help="how many inputs")
    words.add_argument("--seed", type=int, default=0)
    words.add_argument("--only", type=int, metavar="K", help="input K of the seed alone")
    words.add_argument("--kinds", default=",".join(KINDS), help="%(default)s by default")
    words.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    asked = words.parse_args()
    count = 1 if asked.only is not None else asked.count or sys.maxsize // 2
    seconds = asked.seconds or (float("inf") if count < 10**12 else 60.0)

    def tell(found: Found) -> None:
        item, fault = found.item, found.fault
        print(f"\n== {fault.what} at {fault.where}: input {item.k} of seed {item.seed}")
        print(f"judge({found.kind!r}, {found.data!r})")
        print(fault.words, flush=True)

    kinds = tuple(asked.kinds.split(","))
    warm_up(kinds)
    outcome = fuzz(
        asked.seed,
        kinds,
        seconds=seconds,
        count=count,
        first=asked.only or 0,
        jobs=asked.jobs,
        tell=tell,
    )
    for found in outcome.found.values():
        print(f"{found.times:6} × {found.fault.what} at {found.fault.where}")
    print(
        f"fuzz: {outcome.inputs:,} inputs, {outcome.failures:,} failures, "
        f"seed {asked.seed}, {outcome.seconds:.0f} s"
    )
    return 1 if outcome.failures else 0


if __name__ == "__main__":
    sys.exit(main())
