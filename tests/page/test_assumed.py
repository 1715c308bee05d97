"""Numbers that are given are what is assumed of them, or are refused with the place."""

import numpy as np
import pytest

import minigrad as mg
from minigrad.errors import ArgumentError
from minigrad.index.assume import ASSUMPTIONS
from minigrad.page.assumed import refuse_broken

GOOD = {
    "symmetric": [[1, 2], [2, -3]],
    "spd": [[2, 1], [1, 2]],
    "diagonal": [[1, 0], [0, 0]],
    "orthogonal": [[0, 1], [1, 0]],
    "simplex": [[0.25, 0.75], [0.5, 0.5]],
    "onehot": [[0, 1], [1, 0]],
    "0/1": [[0, 1], [1, 1]],
    "pm1": [[1, -1], [1, 1]],
    "positive": [[1, 0.1], [2, 3]],
    "unit": [[0.1, 0.9], [0.5, 0.5]],
    "bool": [[0, 1], [1, 1]],
    "index": [[0, 1], [7, 2]],
    "invertible": [[0, 1], [1, 1]],
    "nonzero": [[1, -2], [3, 4]],
}
BROKEN = {
    "symmetric": [[1, 2], [3, 4]],
    "spd": [[1, 2], [2, 1]],
    "diagonal": [[1, 0.1], [0, 1]],
    "orthogonal": [[1, 1], [0, 1]],
    "simplex": [[0.25, 0.75], [0.5, 0.6]],
    "onehot": [[0, 1], [1, 1]],
    "0/1": [[0, 1], [2, 1]],
    "pm1": [[1, -1], [0, 1]],
    "positive": [[1, 1], [0, 1]],
    "unit": [[0.5, 1], [0.5, 0.5]],
    "bool": [[0, 0.5], [1, 1]],
    "index": [[0, -1], [1, 2]],
    "invertible": [[1, 2], [2, 4]],
    "nonzero": [[1, 0], [3, 4]],
}


@pytest.mark.parametrize("word", ASSUMPTIONS)
def test_each_assumption_is_looked_at(word: str) -> None:
    node = mg.symbols(f"A: 2 2 | {word}")._node
    refuse_broken(node, np.array(GOOD[word], dtype=float))
    with pytest.raises(ArgumentError, match=f"A is {word}, "):
        refuse_broken(node, np.array(BROKEN[word], dtype=float))


def test_the_place_is_told() -> None:
    node = mg.symbols("A: 2 2 | positive")._node
    with pytest.raises(ArgumentError, match="the number at 2, 1 is -3"):
        refuse_broken(node, np.array([[1.0, 2.0], [-3.0, 4.0]]))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("value", [np.nan, np.inf, 1e300])
@pytest.mark.parametrize("word", ["spd", "orthogonal", "invertible"])
def test_a_matrix_that_is_not_finite_is_refused_in_words(word: str, value: float) -> None:
    node = mg.symbols(f"A: 2 2 | {word}")._node
    matrix = np.array([[value, 1.0], [1.0, 0.0]])
    if (word, value) == ("invertible", 1e300):
        refuse_broken(node, np.diag([value, value]))
    else:
        with pytest.raises(ArgumentError, match=f"A is {word}, "):
            refuse_broken(node, matrix)
