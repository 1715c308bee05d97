"""Random expressions raise no alarm: every one is right, so nothing may be found wrong."""

from __future__ import annotations

import re

from hypothesis import example, given, settings
from hypothesis import strategies as st
from random_expressions import VARIABLES, expressions

import minigrad as mg


@settings(max_examples=12)
@given(text=expressions(depth=2), seed=st.integers(0, 1000))
# zero for every argument, so that all that is computed is rounding
@example(text="sum(W.T - mean(W.T, axis=1, keepdims=True))", seed=183)
@example(text="logdet(X.T @ X)", seed=0)
@example(text="logdet(X @ X.T)", seed=0)
def test_no_witness_contradicts_another(text: str, seed: int) -> None:
    names = set(re.findall(r"[A-Za-z]\w*", text))
    declared = {name: dims for name, dims in VARIABLES.items() if name in names}
    report = mg.check(mg.parse(text, **declared), seed=seed)
    assert report.verdict != "fail", str(report)
