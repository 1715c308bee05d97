"""How much one call may allocate: sizes are computed first, and refused where they are too large."""

from __future__ import annotations

import math
from collections.abc import Sequence
from types import TracebackType

from minigrad.errors import ArgumentError, LimitError


class Limits:
    """The largest array in bytes, and the most elements of a tensor that a text only speaks of."""

    __slots__ = ("bytes", "elements")

    def __init__(self, bytes: float = 2 * 1024**3, elements: float = 10**8) -> None:
        self.bytes, self.elements = bytes, elements


_limits = Limits()


class limits:  # noqa: N801 (used as a function and in a with statement)
    """Set how large arrays may become, for good or, in a ``with`` statement, for a while.

    What a text, a formula's value, a Jacobian or an operation that repeats elements would take is
    computed before it is allocated; beyond the limit a `LimitError` names the sizes. The limits hold
    for the whole process.

    Parameters
    ----------
    bytes
        The most bytes of one array, 2 GiB by default.
    elements
        The most elements of a tensor without values, where its sizes are numbers; 10⁸ by default.

    Raises
    ------
    ArgumentError
        When a limit is not positive; ``math.inf`` lifts it.

    Examples
    --------
    >>> import minigrad as mg
    >>> with mg.limits(elements=10**9):
    ...     x = mg.symbols("X: 20000 30000")
    """

    def __init__(self, *, bytes: float | None = None, elements: float | None = None) -> None:
        global _limits
        for name, value in (("bytes", bytes), ("elements", elements)):
            if value is not None and not (isinstance(value, int | float) and value > 0):
                raise ArgumentError(f"limits: {name} is a positive number, not {value!r}")
        self._before = _limits
        _limits = Limits(
            _limits.bytes if bytes is None else bytes,
            _limits.elements if elements is None else elements,
        )

    def __enter__(self) -> Limits:
        return _limits

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        global _limits
        _limits = self._before

    def __repr__(self) -> str:
        return f"limits(bytes={_limits.bytes:,}, elements={_limits.elements:,})"


def check_bytes(what: str, shape: Sequence[int], itemsize: int = 8) -> None:
    """Refuse an array that would be larger than the limit, before it is made."""
    size = math.prod(shape) * itemsize
    if size > _limits.bytes:
        raise LimitError(
            f"{what}: an array of shape {_written(shape)} takes {_in_words(size)}, more than the limit of "
            f"{_in_words(_limits.bytes)} for one array; make it smaller, or raise the limit with "
            f"mg.limits(bytes={_at_least(size)})"
        )


def check_elements(what: str, shape: Sequence[int]) -> None:
    """Refuse a tensor without values that would have more elements than the limit."""
    count = math.prod(shape)
    if count > _limits.elements:
        raise LimitError(
            f"{what}: a tensor of shape {_written(shape)} has {_grouped(count)} elements, more than the "
            f"{_grouped(_limits.elements)} of the limit; leave sizes as names, n in place of "
            f"{_digits(max(shape))}, or raise the limit with mg.limits(elements={_at_least(count)})"
        )


def _written(shape: Sequence[int]) -> str:
    """A shape in the words of an error, however many digits its sizes have."""
    return f"({', '.join(map(_digits, shape))}{',' if len(shape) == 1 else ''})"


def _in_words(size: float) -> str:
    for unit, power in (("EiB", 60), ("PiB", 50), ("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10)):
        if size >= 2**power:
            return f"{_digits(int(size) >> power) if size > 2**80 else f'{size / 2**power:.3g}'} {unit}"
    return f"{size:.0f} bytes"


def _grouped(count: float) -> str:
    return f"{int(count):,}" if count < 10**21 else _digits(int(count))


def _at_least(count: int) -> str:
    return f"10**{max(1, math.ceil(count.bit_length() * math.log10(2)))}"


def _digits(number: int) -> str:
    """A number, by its power of ten where nobody would count its digits."""
    if number < 10**21:
        return str(number)
    return f"about 10**{int((number.bit_length() - 1) * math.log10(2))}"
