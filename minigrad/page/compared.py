"""An answer beside the right one, in numbers: where they differ, where most, and whether by one factor."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from minigrad.checking.report import Finding

_NAME = re.compile(r"[^\W\d]\w*")


def different(yours: Any, right: Any) -> list[int]:
    """The places, row by row, where two arrays of one shape are not the same."""
    if yours is None or yours.shape != right.shape:
        return []
    size = float(np.abs(right[np.isfinite(right)]).max(initial=0.0))
    same = np.isclose(yours, right, rtol=1e-8, atol=1e-11 * size, equal_nan=True)
    return [int(k) for k in np.flatnonzero(~same.ravel())]


def ratio(yours: Any, right: Any, finding: Finding, sizes: Mapping[str, int]) -> dict[str, Any] | None:
    """How many times the right one an answer is, where that is one number everywhere."""
    if yours is None or yours.shape != right.shape or finding.ratio is None:
        return None
    there = np.abs(right) > 1e-12 * np.abs(right).max(initial=0.0)
    if not there.any():
        return None
    ratios = yours[there] / right[there]
    value = float(ratios.mean())
    if not np.allclose(ratios, value, rtol=1e-7) or not np.allclose(yours[~there], 0, atol=1e-9):
        return None
    return {"value": value, "text": _closed(value, finding, sizes)}


def _closed(value: float, finding: Finding, sizes: Mapping[str, int]) -> str:
    """−√2 = −√k."""
    sign = "−" if value < 0 else ""
    if abs(value + 1) < 1e-9:
        return "−1"
    if not finding.factor:
        return f"{sign}{abs(value):.6g}"
    counted = _NAME.sub(lambda found: str(sizes.get(found[0], found[0])), finding.factor)
    names = "" if counted == finding.factor else f" = {sign}{finding.factor}"
    return f"{sign}{counted.replace(' ', ' · ')}{names}"


def where(places: list[int], yours: Any, right: Any) -> str:
    """How much is off, and where most."""
    if not places:
        return ""
    if not right.shape:
        return f"Yours is {yours:.4g}, right is {right:.4g}."
    gap = np.nan_to_num(np.abs(yours - right), nan=np.inf)
    at = tuple(int(i) for i in np.unravel_index(int(gap.argmax()), right.shape))
    names = ("row", "column") if right.ndim == 2 else ("place",) * right.ndim
    place = ", ".join(f"{name} {i + 1}" for name, i in zip(names, at, strict=True))
    count = "The number differs" if right.size == 1 else f"{len(places)} of {right.size} numbers differ"
    return f"{count}, most at {place}: yours is {yours[at]:.4g}, right is {right[at]:.4g}."
