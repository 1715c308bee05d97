"""Numbers as the page writes them: three digits at most, without a leading zero; .079, −1.20, 12.3."""

from __future__ import annotations

import math

_SPECIAL = {math.inf: "∞", -math.inf: "−∞"}
_SMALL, _LARGE = 1e-3, 1e5


def digits(value: float) -> str:
    """The number as it stands in a cell.

    >>> [digits(x) for x in (0.0791, -1.2, 0.5, 3.0, 0.0, 123.4, 4.1e-7)]
    ['.079', '−1.20', '.50', '3', '0', '123', '4.1e−7']
    """
    value = float(value)
    if math.isnan(value) or math.isinf(value):
        return _SPECIAL.get(value, "NaN")
    size = abs(value)
    if size == 0:
        return "0"
    if size < _SMALL or size >= _LARGE:
        text = _scientific(size, 2)
    elif size < 0.1:
        text = _plain(size, 2)
    elif size < 100:
        text = f"{size:.2f}"
    else:
        text = str(round(size))
    if size == int(size) and text.endswith(".00"):
        text = text[:-3]
    return _signed(value, text)


def significant(value: float, count: int) -> str:
    """The number in so many significant digits, without zeros at the end."""
    value = float(value)
    if value == 0 or not math.isfinite(value):
        return digits(value)
    size = abs(value)
    if size < _SMALL or size >= _LARGE:
        text = _scientific(size, count)
    else:
        text = _plain(size, count)
        text = text.rstrip("0").rstrip(".") if "." in text else text
    return _signed(value, text)


def read(text: str) -> float:
    """The number that a text of these says."""
    return float(text.replace("−", "-").replace("∞", "inf"))


def _plain(size: float, count: int) -> str:
    """So many significant digits without an exponent."""
    if size < 1:
        return f"{size:#.{count}g}"
    places = count - 1 - math.floor(math.log10(size))
    return f"{size:.{max(0, places)}f}"


def _scientific(size: float, count: int) -> str:
    mantissa, _, power = f"{size:.{count - 1}e}".partition("e")
    mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
    return f"{mantissa}e{int(power)}".replace("-", "−")


def _signed(value: float, text: str) -> str:
    text = text.removeprefix("0") if text.startswith("0.") else text
    return f"−{text}" if value < 0 else text
