"""A composite becomes the array operation that it is: nothing is written out to be recognised again."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

import minigrad as mg
from minigrad.index.expr import Composite
from minigrad.program import program
from minigrad.symbolic import fold

CASES = [
    ("sum(G * softmax(X, axis=1))", {"softmax": 1}),
    ("sum(G * exp(X) / sum(exp(X), axis=1, keepdims=True))", {"softmax": 1}),
    ("sum(G * softmax(X, axis=0))", {"softmax": 1}),
    ("logsumexp(X)", {"softmax": 1}),
    ("sum(logsumexp(X, axis=1)**2)", {"softmax": 1, "logsumexp": 1}),
    ("m = max(X); log(sum(exp(X - m)))**2 * m", None),
]


@pytest.mark.parametrize(("text", "operations"), CASES, ids=lambda p: str(p)[:50])
def test_composites_are_not_written_out(
    text: str, operations: dict[str, int] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    formula = mg.derive(mg.parse(text, X="k n", G="k n"), wrt="X")["X"]
    written_out: list[str] = []
    expand = Composite.expand
    monkeypatch.setattr(
        Composite, "expand", lambda self: written_out.append(self.definition.name) or expand(self)
    )
    made = program([formula.expr], {"k": 2, "n": 3}, stable=True)
    assert not written_out
    if operations is not None:
        assert {op: n for op, n in _operations(made).items() if op in operations} == operations
        assert "exp" not in _operations(made)


def test_a_graph_is_recognised_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a derivation reads as a softmax, its values, source and drawing have as one."""
    seen: list[Any] = []
    original = fold.recognised
    monkeypatch.setattr("minigrad.symbolic.pipeline.recognised", lambda e: seen.append(e) or original(e))
    d = mg.derive(mg.parse("p = exp(x) / sum(exp(x)); sum(g * p)", x="n", g="n"), wrt=["x", "g"])
    assert len(seen) == 1
    str(d), d.source(), d["x"](x=[1.0, 2.0], g=[3.0, 4.0]), d.check()
    assert len(seen) == 1


def _operations(made: Any) -> Counter[str]:
    from minigrad.program import in_order

    return Counter(v.params[0] if v.op == "apply" else v.op for v in in_order(made.results))


def test_a_share_of_a_number_asks_for_no_infinity() -> None:
    """σ(log 2 − x), the share of 2 in 2 + exp(x): log 2 is not −∞, and x is asked in σ(x − log 2) alone."""
    tail = "((1 + exp(x))**2 - 1) / ((1 + exp(x))**2 + 1)"
    text = mg.derive(mg.parse(f"sum(g * {tail})", x="n", g="n"), wrt="x")["x"].source("torch")
    assert text.count("-torch.inf") == 1
