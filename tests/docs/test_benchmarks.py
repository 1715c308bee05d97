"""The benchmark's contestants compute the same step, and its tables come from the rows."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import unjudged

from benchmarks import growth, page
from benchmarks.contestants import (
    CONTESTANTS,
    minigrad_compiled,
    minigrad_eager,
    numpy_by_hand,
)
from benchmarks.harness import Result
from benchmarks.report import markdown
from benchmarks.workloads import WORKLOADS, Workload, make
from minigrad.page import GALLERY

ROOT = Path(__file__).parents[2]

SMALL = [
    WORKLOADS["W1"],
    WORKLOADS["W2"],
    Workload("many heads", 3, 5, 8, heads=2, causal=True),
    Workload("block", 2, 5, 8, heads=2, causal=True, block=True),
]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("workload", SMALL, ids=lambda w: w.name)
def test_minigrad_takes_the_step_of_numpy(workload: Workload, dtype: str) -> None:
    data = make(workload, dtype)
    modules = (numpy_by_hand, minigrad_eager, minigrad_compiled)
    built = [module.build(workload, data) for module in modules]
    for _ in range(3):
        by_hand, *others = (gradients() for _, gradients in built)
        for own in others:
            assert by_hand.keys() == own.keys()
            for name, g in own.items():
                assert g.dtype == dtype
                np.testing.assert_allclose(
                    g, by_hand[name], rtol=2e-4 if dtype == "float32" else 1e-9, atol=1e-6
                )
        for step, _ in built:
            step()


def test_the_report_names_what_is_needed_to_repeat_it() -> None:
    names = list(CONTESTANTS)[:2]
    result = Result(
        WORKLOADS["W1"],
        dict.fromkeys(names, 12.5),
        {name: dict.fromkeys(names, 1.25) for name in names},
        dict.fromkeys(names, "9.9"),
        "Zen",
    )
    text = markdown([result], "float64", 5, "python -m benchmarks W1")
    for word in ("python -m benchmarks W1", "core Zen", "9.9", "12.5", "1.25", "W1: n=8 d=16"):
        assert word in text


def _tables() -> Any:
    spec = importlib.util.spec_from_file_location("make_tables", ROOT / "docs" / "make_tables.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("path", _tables().TABLES, ids=lambda path: path.name)
def test_what_comes_from_the_rows_is_up_to_date(path: Path) -> None:
    made = _tables().TABLES[path]()
    assert path.read_text(encoding="utf-8") == made, "run python docs/make_tables.py"


def test_what_has_no_formula_is_one_list_and_is_counted() -> None:
    """Each entry is refused, in words of its own, and what tests leave unjudged is refused in these words."""
    tables = _tables()
    said = [tables.refusal(call) for _, call in tables.NO_FORMULA]
    assert len(set(said)) == len(said) == 19
    excused = {"does not depend on X"}  # a gradient that is 0
    reasons = {*unjudged.NO_FORMULA.values(), *unjudged.NO_NAMES.values()} - excused
    assert [why for why in reasons if not any(re.search(why, text) for text in said)] == []


def test_growth_is_measured_in_every_stage() -> None:
    """Of the shortest chain; the test of the work itself counts it."""
    seconds = growth.measured("recurrent steps", 2)
    assert tuple(seconds) == growth.STAGES
    assert all(time >= 0 for time in seconds.values())


def test_a_call_of_the_page_is_measured_beside_the_derivation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "GALLERY", GALLERY[6:8])
    rows = [row.split("|") for row in page.call_rows(1)]
    assert [row[1].strip() for row in rows[2:]] == [*(e["id"] for e in GALLERY[6:8]), "median of all"]
    for row in rows[2:-1]:
        call, derive, ratio = map(float, row[2:5])
        assert call >= 0
        assert derive >= 0
        assert ratio > 0
