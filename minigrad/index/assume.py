"""The closed list of assumptions, what they need of a shape, and which exclude one another."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations

from minigrad.errors import ArgumentError, nearest
from minigrad.index.size import AnySize

# name -> (least number of axes, whether the last two must be of one size, what it says)
ASSUMPTIONS: dict[str, tuple[int, bool, str]] = {
    "symmetric": (2, True, "A = Aᵀ"),
    "spd": (2, True, "symmetric positive definite"),
    "diagonal": (2, True, "zero off the diagonal"),
    "orthogonal": (2, True, "Aᵀ A = I"),
    "simplex": (1, False, "positive, and the last axis sums to one"),
    "onehot": (1, False, "one 1 along the last axis, else 0"),
    "0/1": (0, False, "every element is 0 or 1"),
    "pm1": (0, False, "every element is −1 or 1"),
    "positive": (0, False, "every element is above 0"),
    "unit": (0, False, "every element is in (0, 1)"),
    "bool": (0, False, "true or false"),
    "index": (0, False, "an integer position"),
    "invertible": (2, True, "has an inverse"),
    "nonzero": (0, False, "no element is 0"),
}
_HAS_ZEROS = ("0/1", "bool", "onehot", "diagonal")
# No array has both.
_EXCLUSIVE = {
    frozenset(pair)
    for pair in (
        *((zero, other) for zero in _HAS_ZEROS for other in ("positive", "nonzero", "unit", "pm1")),
        *(("pm1", other) for other in ("positive", "unit", "simplex", "index")),
        *(("index", other) for other in ("spd", "orthogonal", "simplex", "unit", "bool")),
        *(("bool", other) for other in ("spd", "orthogonal", "simplex")),
    )
}

# Facts that hold on a thin set only, and what stays true in a neighbourhood of it: a derivative looks
# around a point, so by a symmetric X it is the derivative of the same text by any X.
THIN: dict[str, frozenset[str]] = {
    "symmetric": frozenset(),
    "spd": frozenset({"invertible"}),
    "diagonal": frozenset(),
    "orthogonal": frozenset({"invertible"}),
    "simplex": frozenset({"positive"}),
    "onehot": frozenset(),
    "0/1": frozenset(),
    "pm1": frozenset({"nonzero"}),
    "bool": frozenset(),
    "index": frozenset(),
}


def open_assumptions(assume: frozenset[str]) -> frozenset[str]:
    """The facts that hold all around a point of the assumed set."""
    return frozenset().union(*(THIN.get(word, {word}) for word in assume))


def checked_assumptions(
    name: str, words: Iterable[str], sizes: Sequence[AnySize]
) -> frozenset[str]:
    """The assumptions as a set.

    Raises
    ------
    ArgumentError
        When one is not on the list, the shape cannot have it, or two exclude one another.
    """
    chosen = frozenset(words)
    for word in sorted(chosen):
        if word not in ASSUMPTIONS:
            near = nearest(word, ASSUMPTIONS)
            hint = f"did you mean {near!r}? " if near else ""
            raise ArgumentError(
                f"{name}: {word!r} is no assumption; {hint}known are {', '.join(ASSUMPTIONS)}"
            )
        _check_shape(name, word, sizes)
    for pair in combinations(sorted(chosen), 2):
        if frozenset(pair) in _EXCLUSIVE:
            meanings = " and ".join(f"{word!r} ({ASSUMPTIONS[word][2]})" for word in pair)
            raise ArgumentError(f"{name}: {meanings} exclude one another; leave one of them")
    return chosen


def _check_shape(name: str, word: str, sizes: Sequence[AnySize]) -> None:
    axes, square, meaning = ASSUMPTIONS[word]
    shape = "(" + ", ".join(map(str, sizes)) + ")"
    if len(sizes) < axes:
        count = f"{axes} axes" if axes > 1 else "one axis"
        raise ArgumentError(
            f"{name}: {word!r} ({meaning}) needs at least {count}, the shape is {shape}"
        )
    if square and sizes[-1] != sizes[-2]:
        raise ArgumentError(
            f"{name}: {word!r} ({meaning}) needs a square matrix, the shape is {shape}; give its last "
            "two axes one size"
        )
