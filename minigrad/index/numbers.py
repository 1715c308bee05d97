"""Exact coefficients: integers and fractions; a decimal the user typed is the fraction it spells."""

from __future__ import annotations

import math
import sys
from fractions import Fraction

from minigrad.errors import DerivationError
from minigrad.index.expr import Number

# A denominator beyond this says "measured", not "written by hand"; it stays a float.
_LARGEST_DENOMINATOR = 10**15
# A power of more bits is no number that anybody reads.
_LONGEST = 4096
_SMALLEST = sys.float_info.min


def number(value: object) -> Number:
    """The exact number that ``value`` spells: 0.5 is 1/2 and 0.1 is 1/10; inf and nan stay floats."""
    if isinstance(value, bool) or type(value) is int:
        return int(value)
    if isinstance(value, Fraction):
        return int(value) if value.denominator == 1 else value
    as_float = float(value)  # type: ignore[arg-type]
    if not math.isfinite(as_float):
        return as_float
    exact = Fraction(repr(as_float))
    if exact.denominator == 1:
        return int(exact)
    return exact if exact.denominator <= _LARGEST_DENOMINATOR else as_float


def as_float(value: Number) -> float:
    """The nearest float; an infinity where the number is beyond all floats."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def is_even(exponent: int | Fraction) -> bool:
    """Whether a power with this exponent is never negative."""
    return Fraction(exponent).denominator == 1 and int(exponent) % 2 == 0


def magnitude(value: Number) -> Number:
    """The number without its sign."""
    return value if value >= 0 else -value


def times(a: Number, b: Number) -> Number:
    return _told(_tidy(a * b), a, b)


def plus(a: Number, b: Number) -> Number:
    return _tidy(a + b)


def exact_power(base: Number, exponent: int | Fraction) -> Number | None:
    """``base ** exponent`` when that is a number of the same kind (exactly) that can be written out."""
    power = _exact_power(base, exponent)
    return None if power is None else _told(power, base)


def _exact_power(base: Number, exponent: int | Fraction) -> Number | None:
    if exponent.denominator == 1:  # 2/1 is whole
        exponent = int(exponent)
    digits = max(abs(base.numerator), base.denominator) if not isinstance(base, float) else 1
    if digits > 1 and abs(exponent.numerator) * digits.bit_length() > _LONGEST:
        return None
    if isinstance(exponent, int):
        if base == 0 and exponent < 0:
            return None
        if isinstance(base, float):
            return _float_power(base, exponent)
        if exponent >= 0:
            return _tidy(base**exponent)
        return _tidy(1 / Fraction(base) ** -exponent)
    if isinstance(base, float):
        return _float_power(base, exponent) if base > 0 else None
    if base < 0:
        return None
    whole = Fraction(base) ** exponent.numerator if base else Fraction(0)
    roots = [
        _integer_root(part, exponent.denominator) for part in (whole.numerator, whole.denominator)
    ]
    if roots[0] is None or roots[1] is None:
        return None
    return _tidy(Fraction(roots[0], roots[1]))


def _float_power(base: float, exponent: int | Fraction) -> float:
    """A power as IEEE arithmetic has it: what is too large is an infinity."""
    try:
        return float(base ** float(exponent))
    except OverflowError:
        return -math.inf if base < 0 and exponent % 2 else math.inf


def _integer_root(value: int, degree: int) -> int | None:
    if degree == 1:
        return value
    root = round(math.exp(math.log(value) / degree)) if value > 0 else 0
    return next((r for r in (root - 1, root, root + 1) if r >= 0 and r**degree == value), None)


def _told(value: Number, *sources: Number) -> Number:
    """The value; where it came too near to 0 for a float, so that it is wrong or 0, it is refused."""
    if (
        isinstance(value, float)
        and abs(value) < _SMALLEST
        and all(magnitude(source) >= _SMALLEST for source in sources)
    ):
        raise DerivationError(
            f"a number of this formula is below {_SMALLEST:.0e}, nearer to 0 than floats can be, as one is "
            "that is halved a thousand times; scale the program, or give the factor a name instead"
        )
    return value


def _tidy(value: Number) -> Number:
    if isinstance(value, int) and value.bit_length() > _LONGEST:
        raise DerivationError(
            f"a number of this formula has {value.bit_length()} binary digits, as one has that is doubled as "
            "often; scale the program, or give the factor a name instead"
        )
    if isinstance(value, Fraction):
        if value.denominator == 1:
            return int(value)
        if value.denominator > _LARGEST_DENOMINATOR:
            return float(value)
    return value
