"""Labels of classes: their order, and what is none."""

from __future__ import annotations

import pytest

import minigrad as mg
from minigrad.errors import ArgumentError


@pytest.mark.parametrize(
    ("values", "words"),
    [(["a", "a"], "two classes or more are needed, but there is 1: 'a' (2 times)"), (["a", "nan"], "are NaN")],
)
def test_classes_that_are_none(values: list[str], words: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        mg.data.classes(values, source="y")
    assert words in str(caught.value)
    numbers, names = mg.data.classes(["10", "9.0", "b", "9"])
    assert (numbers.tolist(), names) == ([1, 0, 2, 0], ("9", "10", "b"))
