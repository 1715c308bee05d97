"""What all tests share."""

from __future__ import annotations

import os
import sys
from collections import Counter
from pathlib import Path
from typing import Any

# At the end of the path: what is tested is minigrad as it is installed, and the benchmarks stand beside it.
sys.path.append(str(Path(__file__).parent.parent))

# One BLAS thread, before NumPy is imported: small matrices gain nothing from more, and where other
# work fills the cores, threads that wait for each other take ten times as long.
for _library in ("OPENBLAS", "MKL", "OMP"):
    os.environ.setdefault(f"{_library}_NUM_THREADS", "1")

# What is run in parallel has a width of 80 columns; a test says itself when its terminal has one.
os.environ.pop("COLUMNS", None)

import long  # noqa: E402  (NumPy reads the environment once)
import pytest  # noqa: E402
from hypothesis import settings  # noqa: E402

import minigrad as mg  # noqa: E402

# The same examples in every run, so that a red run can be had again; no test reads a clock.
settings.register_profile("reproducible", derandomize=True, deadline=None)
settings.load_profile("reproducible")

LEFT = pytest.StashKey[int]()


@pytest.fixture(autouse=True)
def _drawn_alike() -> None:
    """What a test draws without a seed, as the weights of a module, is the same in every run."""
    mg.manual_seed(0)


# -- what takes long -------------------------------------------------------------------------------


def pytest_configure(config: pytest.Config) -> None:
    """All is asked for by any ``-m``, and where a test is called by its name."""
    long.ask(bool(config.option.markexpr) or any("::" in word for word in config.args))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is marked ``long``; of a table that is, every eleventh case stays."""
    if long.asked():
        return
    met: Counter[str] = Counter()
    kept, left = [], []
    for item in items:
        table = item.nodeid.partition("[")[0]
        mark = item.get_closest_marker("long")
        part = mark is not None and "part" in mark.args
        (left if mark and (not part or met[table] % long.STRIDE) else kept).append(item)
        met[table] += 1
    config.hook.pytest_deselected(items=left)
    items[:] = kept
    config.stash[LEFT] = len(left)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand what is left to the process that prints."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["left"] = session.config.stash.get(LEFT, 0)
        session.config.workeroutput["shortened"] = sorted(long.shortened())


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take from a process that ran tests what it left: they collect alike, and each runs a share.

    One that was ended, as by a crash, has left nothing; another takes its place.
    """
    told = getattr(node, "workeroutput", {})
    node.config.stash[LEFT] = told.get("left", node.config.stash.get(LEFT, 0))
    long.shortened().update(told.get("shortened", ()))


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    left, shortened = config.stash.get(LEFT, 0), len(long.shortened())
    if left or shortened:
        terminalreporter.write_line(
            f"{left} long tests not run, {shortened} with a part of their examples; all: {long.ALL}"
        )
