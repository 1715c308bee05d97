"""What people write in declarations, and what is said where one was forgotten."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import minigrad as mg
from minigrad.errors import ArgumentError, MinigradError

F = mg.nn.functional

READ: dict[tuple[str, ...], list[tuple[str, str]]] = {
    ("X: n, d", "w: d"): [("X", "n d"), ("w", "d")],
    ("X: n, d, w: d, y: n | 0/1",): [("X", "n d"), ("w", "d"), ("y", "n")],
    ("C: 2, 3",): [("C", "2 3")],
    ("A: n, n | spd",): [("A", "n n")],
    ("x: n, 2*n",): [("x", "n 2*n")],
    ("lam, x: n",): [("lam", ""), ("x", "n")],
    ("x: n | positive, lam",): [("x", "n"), ("lam", "")],
    ("x: n", "lam"): [("x", "n"), ("lam", "")],
    ("S: n n | spd, invertible",): [("S", "n n")],
    ("X: n d, w: d",): [("X", "n d"), ("w", "d")],
}


@pytest.mark.parametrize("texts", READ)
def test_commas_are_read_as_people_mean_them(texts: tuple[str, ...]) -> None:
    made = mg.symbols(*texts)
    made = made if isinstance(made, tuple) else (made,)
    assert [(t.name, " ".join(str(s).replace(" ", "") for s in t.shape)) for t in made] == READ[texts]


def test_assumptions_are_parted_by_commas() -> None:
    assert mg.symbols("S: n n | spd, invertible")._node.assume == {"spd", "invertible"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("X: n, d", 'may mean X with the dims n d, or a scalar d beside it; write "X: n d", or two strings, "X: n", "d"'),
        ("x: n, lam | positive", 'write "x: n lam | positive", or two strings, "x: n", "lam | positive"'),
    ],
)
def test_what_may_mean_two_things_is_refused(text: str, message: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        mg.symbols(text)
    assert message in str(caught.value)


def test_functions_have_no_dims() -> None:
    f, lam = mg.symbols("f: function, lam")
    assert lam.shape == ()
    assert f.name == "f"


X, W, y = mg.symbols("X: n d", "W: d c", "y: n")
FORGOTTEN: list[Callable[[], Any]] = [
    lambda: F.cross_entropy(X @ W, y),
    lambda: F.nll_loss(X @ W, y),
    lambda: F.embedding(y, W),
    lambda: W[y],
    lambda: mg.take(W, y, axis=0),
    lambda: mg.index_add(W, y, W),
]


@pytest.mark.parametrize("call", FORGOTTEN)
def test_who_forgot_that_a_variable_is_an_index_is_told(call: Callable[[], Any]) -> None:
    with pytest.raises(MinigradError, match='declare it with "y: n | index"'.replace("|", r"\|")):
        call()
