"""What the page asks: a program, its variables and numbers, and which parts of the answer are wanted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from minigrad.errors import ArgumentError

LONGEST_PROGRAM = 20_000
LARGEST_SIZE = 64
_MOST_VARIABLES = 200
_LONGEST_WORD = 2_000
_ORDERS = (1, 2)


@dataclass(frozen=True)
class Question:
    """One call; ``ask`` maps each part that is wanted to what it is asked with."""

    program: str
    variables: Mapping[str, str] = field(default_factory=dict)
    wrt: tuple[str, ...] | None = None
    order: int = 1
    sizes: Mapping[str, int] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    start: str = "random"
    ask: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    number: int = 0

    @classmethod
    def read(cls, asked: object) -> Question:
        """The question that plain JSON holds; keys that are no part of it are left alone.

        Raises
        ------
        ArgumentError
            When something is missing, of another kind than it should be, or too large.
        """
        if not isinstance(asked, Mapping):
            raise _error("a question", asked, 'an object such as {"program": "sum(x)"}')
        if "program" not in asked:
            raise ArgumentError("open: the question has no program; give its text")
        known = {key: _READ[key](key, asked[key]) for key in cls.__dataclass_fields__ if key in asked}
        return cls(**known)


def _error(what: str, given: object, wanted: str) -> ArgumentError:
    return ArgumentError(f"open: {what} is {given!r:.60}; give {wanted}")


def _text(key: str, value: object) -> str:
    if not isinstance(value, str):
        raise _error(key, value, "a text")
    if len(value) > LONGEST_PROGRAM:
        raise ArgumentError(
            f"open: the program has {len(value):,} characters; it may have at most {LONGEST_PROGRAM:,}"
        )
    return value


def _object(key: str, value: object) -> dict[str, Any]:
    if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
        raise _error(key, value, "an object of names")
    if len(value) > _MOST_VARIABLES:
        raise ArgumentError(f"open: {key} has {len(value):,} entries, and may have {_MOST_VARIABLES}")
    return dict(value)


def _variables(key: str, value: object) -> dict[str, str]:
    found = _object(key, value)
    for name, words in found.items():
        if not isinstance(words, str) or len(words) > _LONGEST_WORD:
            raise _error(f"the declaration of {name:.40}", words, 'its dims, as "m n"')
    return found


def _names(key: str, value: object) -> tuple[str, ...] | None:
    if value is None:
        return None
    if not isinstance(value, list | tuple) or not all(isinstance(name, str) for name in value):
        raise _error(key, value, "a list of names, or null")
    if not value:
        raise ArgumentError("open: nothing to differentiate by; choose at least one variable")
    return tuple(dict.fromkeys(value))


def _whole(key: str, value: object) -> int:
    if type(value) is not int or not 0 <= value < 2**63:
        raise _error(key, value, "a whole number")
    return value


def _order(key: str, value: object) -> int:
    if type(value) is not int or value not in _ORDERS:
        raise _error(key, value, "1 or 2")
    return value


def _sizes(key: str, value: object) -> dict[str, int]:
    found = _object(key, value)
    for name, size in found.items():
        if type(size) is not int or not 1 <= size <= LARGEST_SIZE:
            raise _error(f"the size of {name:.40}", size, f"a whole number from 1 to {LARGEST_SIZE}")
    return found


def _start(key: str, value: object) -> str:
    if value not in ("random", "0/1"):
        raise _error(key, value, '"random" or "0/1"')
    return str(value)


def _ask(key: str, value: object) -> dict[str, Mapping[str, Any]]:
    found = _object(key, value)
    for part, how in found.items():
        if not isinstance(how, Mapping):
            raise _error(f"what {part:.40} is asked with", how, "an object, {} where nothing is to be said")
    return found


_READ: dict[str, Callable[[str, object], Any]] = {
    "program": _text,
    "variables": _variables,
    "wrt": _names,
    "order": _order,
    "sizes": _sizes,
    "values": _object,
    "seed": _whole,
    "start": _start,
    "ask": _ask,
    "number": _whole,
}
