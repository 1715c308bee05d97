"""What a generated function is called, what it returns, and how wide it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from minigrad.index.size import AnySize
from minigrad.program import Value

INDENT = "    "
WIDTH = 88


def indented(lines: Iterable[str]) -> list[str]:
    """The lines one level further in; empty ones stay empty."""
    return [f"{INDENT}{line}" if line else "" for line in lines]


@dataclass(frozen=True)
class Layout:
    """What a function is called and how it is laid out.

    ``variables`` holds every variable's sizes as its array has them, axes of length 1 included, in the
    order of the arguments. ``forward`` and ``backward`` are names in the order of their statements.
    ``constants`` are small arrays without a name of the user's, written out in the function. ``language``
    is the dialect's name. ``saved`` are the sizes of further arguments, values that another function has
    computed. ``arguments`` are the arguments' names, where those that the program reads are not all.
    """

    name: str
    summary: str
    variables: Mapping[str, Sequence[AnySize]]
    forward: Sequence[str] = ()
    backward: Sequence[str] = ()
    constants: Mapping[str, Any] = field(default_factory=dict)
    language: str = "numpy"
    saved: Mapping[str, Sequence[AnySize]] = field(default_factory=dict)
    arguments: Sequence[str] = ()


class Source(str):
    """The text of a function; ``arguments`` says what the user calls each of its arguments."""

    arguments: Mapping[str, str]


@dataclass(frozen=True)
class Result:
    """One result: its key in what is returned, the name of its statement, its value and shape."""

    key: Any
    name: str
    value: Value
    shape: tuple[AnySize, ...]
