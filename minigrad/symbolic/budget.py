"""A time budget: long loops ask whether time is left, and end in an error that says so where none is.

It belongs to whoever opens it and to all that runs within, so that exact arithmetic and generated
source, which know nothing of a check, keep the budget of the check that called them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from math import inf
from time import monotonic

from minigrad.errors import DerivationError

_end: ContextVar[float] = ContextVar("end of the time budget", default=inf)


class OutOfTimeError(DerivationError):
    """The time budget is used up in the middle of a computation."""


@contextmanager
def budget(seconds: float | None) -> Iterator[None]:
    """Within: so many seconds from now, or what is left of a budget around it; None sets no limit."""
    end = inf if seconds is None else monotonic() + seconds
    token = _end.set(min(end, _end.get()))
    try:
        yield
    finally:
        _end.reset(token)


def left() -> float:
    """The seconds that are left."""
    end = _end.get()
    return end if end == inf else max(end - monotonic(), 0.0)


def used_up() -> bool:
    """Whether no time is left."""
    return not left()


def ask_for_time() -> None:
    """Nothing, as long as time is left.

    Raises
    ------
    OutOfTimeError
        When the budget is used up.
    """
    if used_up():
        raise OutOfTimeError("the time was used up")
