"""The tables for who comes from other libraries: each line does what is said of it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.errors import MinigradError
from minigrad.ops import creation

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "coming-from.md"


def _column(head: str, column: int) -> list[str]:
    """The lines of code in a column of the table whose first cell is ``head``."""
    table = PAGE.read_text(encoding="utf-8").partition(f"\n| {head} |")[2].partition("\n\n")[0]
    cells = [row.split(" | ")[column] for row in table.splitlines()[2:]]
    assert cells
    spans = [span for cell in cells for span in re.findall(r"`([^`]+)`", cell)]
    return [span for span in spans if re.search(r"[.(\[]", span)]


def _run(line: str) -> None:
    v = mg.tensor([0.5, 1.0, 2.0], requires_grad=True)
    x = mg.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 7.0]], requires_grad=True)
    i = np.array([[0], [1]])
    names: dict[str, Any] = {"mg": mg, "np": np, "v": v, "x": x, "i": i, "f": lambda x: (x * x).sum()}
    exec(line, names)


@pytest.fixture(autouse=True)
def _no_seed() -> Any:
    yield
    creation._common.clear()
    creation._seeded.clear()


@pytest.mark.parametrize("line", [*_column("works as there", 0), *_column("what differs", 1)])
def test_what_the_page_says_works_works(line: str) -> None:
    _run(line)


@pytest.mark.parametrize("line", _column("what differs", 0))
def test_what_the_page_says_differs_is_refused(line: str) -> None:
    with pytest.raises(MinigradError):
        _run(line)


@pytest.mark.parametrize("line", [line for k in (0, 1) for line in _column("there, and read here", k)])
def test_what_is_written_for_matrixcalculus_is_read(line: str) -> None:
    variables = {"A": "n n", "B": "n n", "X": "n n", "x": "n", "y": "n", "w": "n"}
    mg.parse(line, **{name: dims for name, dims in variables.items() if name in re.findall(r"\w+", line)})


def test_the_meanings_that_differ_in_silence() -> None:
    x = mg.tensor([[1.0, 2.0], [3.0, 4.0]])
    assert x.repeat(2, 1).shape == (2, 4)
    assert mg.tile(x, (2, 1)).shape == (4, 2)
    w = mg.tensor([1.0, 2.0, 3.0], requires_grad=True)
    with mg.no_grad():
        v = w[0:2]
        v += 1
        assert w.tolist() == [1, 2, 3]
        w[0:2] += 1
    assert w.tolist() == [2, 3, 3]
