"""Lies that are told only somewhere: axes of length 1, above 8, large arguments, a millionth, second order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from planted_lies import CALLS, Lie, called

import minigrad as mg
from minigrad.graph import Tensor
from minigrad.primitive import Primitive

TRUE_PART = {"forward": "forward", "vjp": "VJP"}
# What every place is asked of: a row that reads nothing but its elements, a product, reductions.
ROWS = (
    *("exp", "tanh", "square", "negative", "special.expit", "nn.softplus", "add", "multiply"),
    *("subtract", "matmul", "einsum", "sum", "mean", "max", "nn.softmax", "var"),
)


def _wrong(c: Any) -> Any:
    return c * 1.01


def _where(told: Callable[[Any], bool]) -> Callable[[Any], Any]:
    return lambda c: _wrong(c) if told(c) else c


def _plain(c: Any) -> Any:
    return c.numpy() if isinstance(c, Tensor) else np.asarray(c)


PLACES: dict[str, Callable[[Any], Any]] = {
    "length 1": _where(lambda c: 1 in c.shape or c.shape == ()),
    "above 8": _where(lambda c: max(c.shape, default=0) > 8),
    "a millionth": lambda c: c * (1 + 1e-6),
}


def loss_of(name: str, lie: Lie | None) -> tuple[Any, Primitive]:
    """A loss of tensors without numbers, of dims n and m, through one row with the lie in it."""
    call, domains = CALLS[name]
    square = name in ("matmul", "einsum", "add", "subtract", "multiply")
    leaves = [
        mg.symbols(f"X{k}: n {'n' if square else 'm'}" + (" | positive" if d == "positive" else ""))
        for k, d in enumerate(domains)
    ]
    leaves = [x[0] if isinstance(x, tuple | list) else x for x in leaves]
    result, row = called(call, leaves, lie)
    return mg.sum(result * (result + 3)), row


# Of one element softmax is 1 and the variance 0: their gradients are 0, and so is any multiple.
NOTHING = {("nn.softmax", "vjp"), ("var", "vjp"), ("var", "forward")}
ASKED = [
    (name, fact, place)
    for name in ROWS
    for fact in TRUE_PART
    for place in PLACES
    if place != "length 1" or (name, fact) not in NOTHING
]


def test_there_are_sixty_places() -> None:
    assert len(ASKED) >= 60


@pytest.mark.parametrize(("name", "fact", "place"), ASKED)
@pytest.mark.long("part")
def test_a_lie_that_is_told_only_there_is_found(name: str, fact: str, place: str) -> None:
    loss, row = loss_of(name, Lie(fact, place, PLACES[place]))
    report = mg.check(loss)
    assert report.verdict == "fail", str(report)
    assert [s.primitive for s in report.suspects] == [row.name]
    (suspect,) = report.suspects
    assert suspect.parts[0].startswith(TRUE_PART[fact]) or suspect.parts == ("forward", "meaning")


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.long("part")
def test_without_a_lie_there_is_none(name: str) -> None:
    report = mg.check(loss_of(name, None)[0])
    assert report.verdict == "pass", str(report)
