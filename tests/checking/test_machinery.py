"""Lies in what derives, simplifies and writes are found, and their part is named."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from planted_rules import (
    DERIVATION,
    LOSSES,
    SIMPLIFIER,
    WRITTEN,
    lying_dialect,
    plant_in_differentiation,
)

import minigrad as mg
from minigrad.checking.witnesses import WITNESSES
from minigrad.source.dialects import DIALECTS
from minigrad.symbolic import derive

RULES = {**DERIVATION, **SIMPLIFIER}
# A wrong sign of products within products is none.
BEYOND = [
    (rule, kind)
    for rule in ("product", "map", "composite")
    for kind in ("a millionth", "the sign", "one index")
    if (rule, kind) != ("product", "the sign")
]


@pytest.fixture(autouse=True)
def rules_of_composites() -> Iterator[None]:
    """What has been derived once is kept, lies too."""
    derive._composite_rule.cache_clear()
    yield
    derive._composite_rule.cache_clear()


def loss_of(name: str) -> Any:
    text, variables = LOSSES[name]
    return mg.parse(text, **variables)


def parts(report: Any) -> list[tuple[str, tuple[str, ...]]]:
    return [(suspect.primitive, suspect.parts) for suspect in report.suspects]


def test_there_are_sixty_places() -> None:
    assert sum(len(rule.kinds) for rule in RULES.values()) >= 50
    assert sum(len(kinds) for _, kinds in WRITTEN.values()) >= 30


@pytest.mark.parametrize("name", LOSSES)
def test_without_a_lie_there_is_none(name: str) -> None:
    report = mg.check(loss_of(name))
    assert report.verdict == "pass", str(report)


@pytest.mark.parametrize(
    ("rule", "kind"), [(rule, kind) for rule in RULES for kind in RULES[rule].kinds]
)
@pytest.mark.long("part")
def test_a_lie_of_a_rule_or_a_pass_is_laid_to_the_derivation(
    rule: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = RULES[rule].plant(monkeypatch, kind)
    report = mg.check(loss_of(RULES[rule].loss))
    assert told
    assert report.verdict == "fail", str(report)
    assert parts(report)[0] == ("derived formula", ("derivation",))
    # beside it only whose derivation shows it
    assert {part for _, (part,) in parts(report)[1:]} <= {"meaning's derivative"}


@pytest.mark.parametrize(("rule", "kind"), BEYOND)
@pytest.mark.long("part")
def test_a_lie_that_is_told_only_of_gradients_is_found_at_second_order(
    rule: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = DERIVATION[rule].plant(monkeypatch, kind, beyond=True)
    loss = loss_of(DERIVATION[rule].loss)
    wrt = {"product": "x", "map": "A", "composite": "W"}[rule]
    assert mg.check(loss, wrt=wrt).verdict == "pass"
    report = mg.check(loss, wrt=wrt, order=2)
    assert told
    assert report.verdict == "fail", str(report)
    assert parts(report)[0] == ("derived formula", ("derivation",))


@pytest.mark.parametrize("factor", ["1000001/1000000", "-1", "0"])
def test_a_wrong_derivative_of_a_function_is_laid_to_the_derivation(
    factor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant_in_differentiation(monkeypatch, factor)
    report = mg.check(loss_of("map"))
    assert report.verdict == "fail", str(report)
    assert parts(report) == [
        ("derived formula", ("derivation",)),
        ("tanh", ("meaning's derivative",)),
    ]


@pytest.mark.parametrize(
    ("helper", "kind"), [(helper, kind) for helper, (_, kinds) in WRITTEN.items() for kind in kinds]
)
@pytest.mark.long("part")
def test_a_lie_of_a_dialect_is_laid_to_the_generator(
    helper: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(DIALECTS, "numpy", lying_dialect("numpy", helper, kind))
    report = mg.check(mg.parse(WRITTEN[helper][0], A="n n", B="n n"))
    assert report.verdict == "fail", str(report)
    assert parts(report) == [("NumPy source", ("generator",))]


@pytest.mark.parametrize("kind", ["a millionth", "the sign", "one index", "length 1", "above 8"])
@pytest.mark.parametrize("language", ["jax", "torch"])
@pytest.mark.long("part")
def test_a_lie_of_another_dialect_too(
    language: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip(language)
    (name,) = (w.name for w in WITNESSES if w.language == language)
    monkeypatch.setitem(DIALECTS, language, lying_dialect(language, "tanh", kind))
    report = mg.check(mg.parse(WRITTEN["tanh"][0], A="n n", B="n n"), languages=(language,))
    assert report.verdict == "fail", str(report)
    assert parts(report) == [(name, ("generator",))]


def test_a_lie_of_a_dialect_that_is_told_at_second_order_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(DIALECTS, "numpy", lying_dialect("numpy", "polygamma", "a millionth"))
    loss = mg.parse("sum(gammaln(x))", x="n | positive")
    assert mg.check(loss).verdict == "pass"
    report = mg.check(loss, order=2)
    assert report.verdict == "fail", str(report)
    assert parts(report) == [("NumPy source", ("generator",))]
