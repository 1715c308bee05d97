"""Programs deeper than Python's stack: every reading of them works, and its size grows with the depth alone."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.errors import MinigradError

DEPTH = 1_200  # Python's own limit is 1,000 calls


def _chain(step: Callable[[Any, Any, Any, int], Any]) -> Callable[[int], Any]:
    def program(depth: int) -> Any:
        x = mg.tensor([0.5, 0.2], name="x", dims="n", requires_grad=True)
        W = mg.tensor([[0.1, 0.2], [0.3, 0.4]], name="W", dims="n n", requires_grad=True)
        t = x
        for k in range(depth):
            t = step(t, x, W, k)
        return mg.sum(t * t), x

    return program


CHAINS: dict[str, Callable[[int], Any]] = {
    "one function": _chain(lambda t, x, W, k: mg.sin(t)),
    "names": _chain(lambda t, x, W, k: mg.sin(t).named(f"h{k}")),
    "sums": _chain(lambda t, x, W, k: t + mg.cos(x) * k),
    "products": _chain(lambda t, x, W, k: t * mg.cos(x)),
    "recurrence": lambda depth: _recurrence(depth // 3),  # three steps each
}
_recurrence = _chain(lambda t, x, W, k: mg.tanh(W @ t + x))
some = pytest.mark.parametrize("name", CHAINS)


@some
def test_formulas_are_right_and_written(name: str) -> None:
    loss, x = CHAINS[name](DEPTH)
    derived = mg.derive(loss, wrt="x")
    right = mg.gradients(loss, [x])[0].numpy()
    np.testing.assert_allclose(derived()["x"], right, rtol=1e-9, atol=1e-12)
    written: dict[str, Any] = {}
    source = derived.source()
    exec(source, written)
    arrays = {"x": np.array([0.5, 0.2]), "W": np.array([[0.1, 0.2], [0.3, 0.4]])}
    given = {name: arrays[name] for name in source.arguments}
    (function,) = (written[k] for k in written if k.startswith("gradient"))
    np.testing.assert_allclose(function(**given)["x"], right, rtol=1e-9, atol=1e-12)
    for text in (str(derived), derived.ascii, derived.latex, derived.mathml):
        assert text
    assert derived.steps


def test_what_is_written_grows_with_the_depth() -> None:
    for name in ("one function", "recurrence", "names"):
        short, long = (len(str(mg.derive(CHAINS[name](k)[0], wrt="x"))) for k in (300, 600))
        assert long < 2.4 * short, name


@pytest.mark.parametrize("name", ["one function"])
def test_checks_pickles_and_pictures(name: str) -> None:
    loss, _ = CHAINS[name](DEPTH)
    derived = mg.derive(loss, wrt="x")
    assert derived.check().verdict != "fail"
    for twin in (pickle.loads(pickle.dumps(derived)), copy.deepcopy(derived)):
        assert str(twin) == str(derived)
    assert len(mg.draw(loss).picture.cards) < 300


def test_a_picture_of_a_thousand_names_keeps_both_ends() -> None:
    picture = mg.draw(CHAINS["names"](DEPTH)[0]).picture
    shown = {card.symbol.plain for card in picture.cards}
    assert len(picture.cards) < 300
    assert {"x", "h_0", "h_1", f"h{DEPTH - 2}", f"h{DEPTH - 1}"} <= shown
    assert any("steps" in card.op for card in picture.cards)


@pytest.mark.parametrize(
    "text",
    ["(" * 10_000 + "x" + ")" * 10_000, "-" * 10_000 + "x", "sin(" * 10_000 + "x" + ")" * 10_000,
     "x" + ".T" * 10_000, "[" * 10_000 + "x" + "]" * 10_000, "x" + "[0]" * 10_000],
    ids=["parentheses", "signs", "calls", "attributes", "brackets", "indices"],
)  # fmt: skip
def test_deep_texts_are_refused_in_words(text: str) -> None:
    with pytest.raises(MinigradError, match="nested too deeply"):
        mg.parse(text, x="n")
