"""What data from elsewhere must be: rules that find every fault before anything is made of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

# The faults of a value, each a line; the text is the path to it.
Rule = Callable[[Any, str], Iterator[str]]

_SHOWN = 40


def _plain(holds: Callable[[Any], bool], wish: str) -> Rule:
    def rule(value: Any, path: str) -> Iterator[str]:
        if not holds(value):
            shown = ascii(value) if isinstance(value, str | int | float | None) else type(value).__name__
            yield f"{path} is {shown[:_SHOWN]}, not {wish}"

    return rule


def is_whole(value: object, least: int, most: int) -> bool:
    """Whether this is a whole number within bounds; True and False are none."""
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def is_real(value: object) -> bool:
    """Whether this is a finite number; True and False are none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) < 2**1023 and math.isfinite(value)


def whole(least: int = 0, most: int = 2**53) -> Rule:
    """A whole number within bounds."""
    return _plain(lambda x: is_whole(x, least, most), f"a whole number from {least:,} to {most:,}")


def real(least: float = -math.inf) -> Rule:
    """A finite number that is not below a bound."""
    wish = "a finite number" if least == -math.inf else f"a finite number, at least {least:g}"
    return _plain(lambda x: is_real(x) and x >= least, wish)


def text(most: int = 100_000) -> Rule:
    """A text of so many characters at most, none of them half of a surrogate pair."""
    return _plain(
        lambda x: isinstance(x, str) and len(x) <= most and x.isascii() | _is_unicode(x),
        f"a text of at most {most:,} characters",
    )


def _is_unicode(value: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in value)


truth: Rule = _plain(lambda x: isinstance(x, bool), "true or false")
mapping: Rule = _plain(lambda x: isinstance(x, dict), "a mapping of names to values")


def optional(rule: Rule) -> Rule:
    """None, or what another rule says."""
    return lambda value, path: iter(()) if value is None else rule(value, path)


def listed(rule: Rule, least: int = 0, most: int = 10**7) -> Rule:
    """A list with a rule for each element."""
    own = _plain(
        lambda x: isinstance(x, list) and least <= len(x) <= most,
        f"a list of {least:,} to {most:,} elements" if least != most else f"a list of {most:,}",
    )

    def rule_of_list(value: Any, path: str) -> Iterator[str]:
        yield from own(value, path)
        if isinstance(value, list) and len(value) <= most:
            for k, element in enumerate(value):
                yield from rule(element, f"{path}[{k}]")

    return rule_of_list


def record(**rules: Rule) -> Rule:
    """A mapping of exactly these names, each with a rule."""

    def rule(value: Any, path: str) -> Iterator[str]:
        yield from mapping(value, path)
        if isinstance(value, dict):
            before = f"{path}." if path else ""
            yield from (f"{before}{name} is missing" for name in rules if name not in value)
            unknown = [name for name in value if name not in rules]
            yield from (f"{path or 'the facts'} has an unknown entry {ascii(n)[:_SHOWN]}" for n in unknown)
            for name, own in rules.items():
                if name in value:
                    yield from own(value[name], f"{before}{name}")

    return rule


def kinds(**rules: Rule) -> Rule:
    """A mapping whose entry ``kind`` says which rule it obeys."""

    def rule(value: Any, path: str) -> Iterator[str]:
        name = value.get("kind") if isinstance(value, dict) else None
        if not isinstance(name, str) or name not in rules:
            yield f"{path}.kind is {name!a:.40}, none of {', '.join(rules)}"
        else:
            yield from rules[name]({k: v for k, v in value.items() if k != "kind"}, path)

    return rule


def first_faults(rule: Rule, value: Any, most: int = 5) -> list[str]:
    """The first faults of a value."""
    return list(islice(rule(value, ""), most))
