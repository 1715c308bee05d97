"""What takes long, and what of it runs where nobody asks for all: every eleventh case.

Eleven, for it divides no table's period: of a table of several parameters, every value of each has
its turn. ``conftest.py`` leaves out the rest and says so in its last lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

STRIDE = 11
ALL = "pytest -q -m 'long or not long'"

T = TypeVar("T")
_state = {"all": False, "shortened": 0}


def ask(everything: bool) -> None:
    """Say, before tests are imported, whether all is asked for."""
    _state["all"] = everything


def asked() -> bool:
    """Whether all is asked for."""
    return _state["all"] is True


def shortened() -> int:
    """How many tests go through a part of their examples."""
    return _state["shortened"]


def examples(count: int) -> int:
    """How many examples a random property draws: ``count``, or its eleventh part."""
    _state["shortened"] += not asked()
    return count if asked() else -(-count // STRIDE)


def share(cases: Sequence[T]) -> Sequence[T]:
    """The cases that one test goes through: all, or every eleventh."""
    _state["shortened"] += not asked()
    return cases if asked() else cases[::STRIDE]
