"""Every call in the engine's table checked by every witness: ``python tests/whole_vocabulary.py --seeds 10``.

The suite checks a sample of it; this is the whole, for those who change a row or a witness.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np

if __name__ == "__main__":
    here = Path(__file__).parent
    sys.path[:0] = [str(here), str(here.parent)]

from engine_cases import CASES, Case

import minigrad as mg
from minigrad.checking import Report
from minigrad.checking.distributions import draw
from minigrad.primitive import REGISTRY


def checked(case: Case, seed: int = 0, **options: Any) -> Report:
    """The check of one call; real arguments are its variables, beyond seed 0 drawn from the row's domain."""
    rng = np.random.default_rng(seed)
    arguments = [
        mg.tensor(a if seed == 0 else drawn(case, k, rng), name=f"t{k}", requires_grad=True)
        if isinstance(a, np.ndarray) and a.dtype.kind == "f"
        else a
        for k, a in enumerate(case.args)
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # NumPy's, at poles that a case is about
        output = case.run(*arguments)
    several = output if isinstance(output, tuple | list) else [output]
    output = next(o for o in several if getattr(o, "requires_grad", False))
    return mg.check(output, seed=seed, **options)


def drawn(case: Case, k: int, rng: np.random.Generator) -> Any:
    """Another argument of its shape, legal for the row; where only its data says what is legal, near it."""
    array, row = np.asarray(case.args[k]), REGISTRY.get(case.row)
    # a composition's arguments have meanings of their own: labels, probabilities, weights
    if row is None or not row.domain or array.dtype.kind != "f" or row.kind == "composite":
        return array * rng.uniform(0.9, 1.1, array.shape)
    return draw([row.domain[min(k, len(row.domain) - 1)]], array.shape, rng).astype(array.dtype)


def main() -> int:
    """Check all calls; the exit code says whether an alarm was raised."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--only", default="", help="calls whose name holds this")
    arguments = parser.parse_args()
    warnings.simplefilter("error")
    verdicts = {"pass": 0, "fail": 0, "inconclusive": 0}
    started = monotonic()
    for case in (c for c in CASES if arguments.only in c.id):
        for seed in range(arguments.seeds):
            report = checked(case, seed)
            verdicts[report.verdict] += 1
            if report.verdict != "pass":
                print(f"{case.id}, seed {seed}: {report.verdict}")
                _tell(report)
    took = monotonic() - started
    print(f"{sum(verdicts.values())} checks, {arguments.seeds} seeds: {verdicts}, {took:.0f} s")
    return int(verdicts["fail"] > 0)


def _tell(report: Report) -> None:
    for c in report.comparisons:
        if c.verdict != "pass":
            print(f"    {c.pair}, {c.quantity}: {c.verdict} {c.error:.1e} ({c.note})")
    for line in (*report.suspects, *report.notes):
        print(f"    {line}")


if __name__ == "__main__":
    sys.exit(main())
