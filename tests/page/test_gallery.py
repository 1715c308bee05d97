"""The examples of the page: each parses, derives, draws, passes its witnesses and prints short."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.page import GALLERY

Example = dict[str, Any]
EACH = pytest.mark.parametrize("example", GALLERY, ids=[e["id"] for e in GALLERY])
KEYS = ["id", "title", "sentence", "program", "variables", "sizes", "values", "wrt", "order"]


def derived(example: Example) -> Any:
    output = mg.parse(example["program"], **example["variables"])
    return mg.derive(output, wrt=example["wrt"], order=example["order"])


def test_there_are_enough_examples_and_each_has_a_name_of_its_own() -> None:
    assert len(GALLERY) >= 14
    for key in ("id", "title", "sentence"):
        assert len({example[key] for example in GALLERY}) == len(GALLERY)


@EACH
def test_an_example_is_plain_json_with_one_sentence(example: Example) -> None:
    assert list(example) == KEYS
    assert json.loads(json.dumps(example)) == example
    assert example["sentence"].endswith(".")
    assert len(example["sentence"]) <= 110
    assert len(example["title"]) <= 32


@EACH
def test_an_example_derives_short_and_its_witnesses_agree(example: Example) -> None:
    derivation = derived(example)
    text = str(derivation)
    assert len(text.splitlines()) <= 24
    assert max(map(len, text.splitlines())) <= 92
    assert derivation.check(seconds=20).verdict == "pass"


@EACH
def test_an_example_is_drawn(example: Example) -> None:
    output = mg.parse(example["program"], **example["variables"])
    assert "<svg" in mg.draw(output, wrt=example["wrt"]).svg


@EACH
def test_the_numbers_fit_their_variables(example: Example) -> None:
    derivation, values = derived(example), example["values"]
    assert set(values) == set(example["variables"])
    for name, declaration in example["variables"].items():
        dims, _, facts = declaration.partition("|")
        shape = tuple(eval(size, {}, example["sizes"]) for size in dims.split())
        array = np.asarray(values[name])
        assert array.shape == shape, name
        if facts.strip() == "0/1":
            assert {*array.ravel()} <= {0, 1}
        if facts.strip() == "onehot":
            assert (np.sort(array, axis=-1)[..., :-1] == 0).all()
            assert (array.sum(axis=-1) == 1).all()
        if facts.strip() == "positive":
            assert (array > 0).all()
        if facts.strip() == "symmetric":
            assert (array == array.T).all()
    for formula in derivation.values():
        found = formula(**{name: np.asarray(value, dtype=float) for name, value in values.items()})
        assert np.isfinite(found).all()


SAYINGS = {
    "attention": lambda d, v: np.allclose(d["S"].sum(axis=1), 0),
    "masked": lambda d, v: np.allclose(d["S"][0], 0) and np.abs(d["S"][1:]).max() > 1e-3,
    "layer-norm": lambda d, v: np.allclose(d["x"].sum(axis=1), 0),
    "lora": lambda d, v: not d["A"].any() and np.abs(d["B"]).max() > 0.1,
}


@pytest.mark.parametrize("id", SAYINGS)
def test_what_the_sentence_says_is_true_of_the_numbers(id: str) -> None:
    (example,) = (e for e in GALLERY if e["id"] == id)
    values = {name: np.asarray(value, dtype=float) for name, value in example["values"].items()}
    output = mg.parse(example["program"], **example["variables"])
    names = {"attention": ["S"], "masked": ["S"], "layer-norm": ["x"], "lora": ["A", "B"]}[id]
    found = {name: mg.derive(output, name)[name](**values) for name in names}
    assert SAYINGS[id](found, values)
