"""What takes long, and what of it runs where nobody asks for all: every eleventh case.

Eleven, for it divides no table's period: of a table of several parameters, every value of each has
its turn. ``conftest.py`` leaves out the rest and says so in its last lines.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TypeVar

STRIDE = 11
ALL = "pytest -q -m 'long or not long'"

T = TypeVar("T")
_state = {"all": False}
_shortened: set[str] = set()


def ask(everything: bool) -> None:
    """Say, before tests are imported, whether all is asked for."""
    _state["all"] = everything


def asked() -> bool:
    """Whether all is asked for."""
    return _state["all"] is True


def shortened() -> set[str]:
    """Where tests of this process go through a part of their examples."""
    return _shortened


def _shorten(kind: str) -> None:
    caller = sys._getframe(2)
    _shortened.add(f"{kind} {caller.f_code.co_filename}:{caller.f_lineno}")


def examples(count: int) -> int:
    """How many examples a random property draws: ``count``, or its eleventh part."""
    if asked():
        return count
    _shorten("examples")
    return -(-count // STRIDE)


def share(cases: Sequence[T]) -> Sequence[T]:
    """The cases that one test goes through: all, or every eleventh."""
    if asked():
        return cases
    _shorten("share")
    return cases[::STRIDE]
