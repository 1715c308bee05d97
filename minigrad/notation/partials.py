"""What derivatives are called: ∂s/∂x, ∂²L/∂x∂A, ∂³L/∂x²∂A.

>>> derivative_name("L", ["x", "x", "A"])
'∂³L/∂x²∂A'
>>> sides("∂³L/∂x²∂A")
((3, [('L', 1)]), (1, [('x', 2), ('A', 1)]))
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby

from minigrad.names import from_formula, in_formula
from minigrad.scripts import DIGITS, from_raised, raised

_PART = re.compile(rf'(/?)∂([{DIGITS}]*)("(?:[^"\\]|\\.)*"|[^∂/"{DIGITS}]*)([{DIGITS}]*)')

# How many times is derived, and by what (or what), each with how often.
Side = tuple[int, list[tuple[str, int]]]


def derivative_name(output: str, by: Sequence[str]) -> str:
    """The derivative of an output by variables, neighbours that are the same written as a power."""
    lower = "".join(f"∂{_powered(in_formula(name), len([*same]))}" for name, same in groupby(by))
    return f"{raised_partial(len(by))}{in_formula(output)}/{lower}"


def raised_partial(order: int) -> str:
    """∂, ∂², ∂³."""
    return f"∂{_powered('', order)}"


def _powered(name: str, power: int) -> str:
    return name if power == 1 else name + raised(str(power))


def sides(name: str) -> tuple[Side, Side]:
    """The parts of such a name, above and below the bar."""
    upper: Side = (1, [])
    lower: Side = (1, [])
    below = False
    for bar, order, word, power in _PART.findall(name):
        below = below or bool(bar)
        if below:
            lower[1].append((from_formula(word), _number(power)))
        else:
            upper = (_number(order), [*upper[1], (from_formula(word), _number(power))])
    return upper, lower


def _number(power: str) -> int:
    return int(from_raised(power) or 1)
