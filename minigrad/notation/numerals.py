"""How numbers are written: as whole numbers, decimals, or quotients."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from minigrad.index.expr import Number


def decimal(value: Any) -> str:
    """A number that is not written as a quotient."""
    if isinstance(value, Fraction):
        return repr(float(value))
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        return "∞" if value > 0 else "−∞"
    if isinstance(value, float):
        return repr(value)
    string = str(value)
    digits = string.rstrip("0")
    zeros = len(string) - len(digits)
    return f"{digits}e{zeros}" if zeros > 4 else string


def split_fraction(value: Number) -> tuple[Number, int]:
    """``value`` as (numerator, denominator) where a quotient reads better than a decimal."""
    if isinstance(value, Fraction):
        rest = value.denominator
        for prime in (2, 5):
            while rest % prime == 0:
                rest //= prime
        if (
            value.denominator <= 64
            and (value.numerator == 1 or rest != 1 or value.denominator <= 8)
            and not (rest == 1 and value.denominator % 5 == 0)
        ):
            return value.numerator, value.denominator
        if rest != 1:
            return value.numerator, value.denominator
    return value, 1


def split_factor(value: Number) -> tuple[Number, int]:
    """The same of a number beside something else: x / 200, but 0.1 x, and x + 0.005."""
    if isinstance(value, Fraction) and abs(value.numerator) == 1 and 10 < value.denominator <= 1000:
        return value.numerator, value.denominator
    return split_fraction(value)
