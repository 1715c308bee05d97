"""The verdict of independent witnesses on a study, as a badge and the table behind it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from minigrad.checking import Report
from minigrad.checking.report import EXACT, Comparison
from minigrad.page.question import Question
from minigrad.page.study import Study

# A page is looked at while its badge is awaited.
SECONDS = 6.0
_BADGES = {"pass": "Checked", "fail": "Wrong", "inconclusive": "Not decided"}


def verdict(study: Study, question: Question, how: Mapping[str, Any]) -> dict[str, Any]:
    """The part `verdict` of an answer."""
    report = study.derivation.check(seed=question.seed, seconds=SECONDS)
    judged = report.rows
    agreeing = sum(row.verdict == "pass" for row in judged)
    return {
        "verdict": report.verdict,
        "badge": "Proved" if _is_proved(study, report) else _BADGES[report.verdict],
        "short": f"{agreeing} of {len(judged)} comparisons agree" if judged else "Nothing could be compared",
        "rows": [_row(row) for row in judged],
        "notes": [*report.notes, *map(str, report.suspects)],
        "shown": list(report.shown),
    }


def _is_proved(study: Study, report: Report) -> bool:
    """Whether an exact witness confirms every formula."""
    exact = [strength == EXACT for strength in report.shows.values()]
    return report.verdict == "pass" and len(exact) >= len(study.derivation) and all(exact)


def _row(row: Comparison) -> dict[str, Any]:
    return {
        "one": row.first,
        "another": row.second,
        "of": row.quantity,
        "error": row.error if math.isfinite(row.error) else str(row.error).replace("inf", "Infinity"),
        "tolerance": row.tolerance if math.isfinite(row.tolerance) else None,
        "verdict": row.verdict,
        "note": "; ".join(part for part in (_proved(row), row.note, _worst(row)) if part),
    }


def _proved(row: Comparison) -> str:
    return row.word if row.word != row.verdict else ""


def _worst(row: Comparison) -> str:
    return str(row.worst) if row.worst is not None and row.verdict == "fail" else ""
