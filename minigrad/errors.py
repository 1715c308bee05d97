"""The errors of minigrad, each also an instance of the built-in error that Python users expect."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple


class Place(NamedTuple):
    """Where something stands in a text; line and column count from 1, the length is in characters."""

    line: int
    column: int
    length: int


class MinigradError(Exception):
    """Base class of every error that minigrad raises on purpose.

    ``place`` is where in a text it is, for an error about a text, and ``about`` the name that it is about.
    """

    place: Place | None = None
    about: str = ""


class ShapeError(MinigradError, ValueError):
    """Shapes, dims or axes do not fit an operation."""


class DimsError(ShapeError):
    """Two dims meet that are not one; ``dims`` holds both."""

    def __init__(self, message: str, *dims: object) -> None:
        super().__init__(message)
        self.dims = dims


class AxisError(ShapeError, IndexError):
    """An axis lies outside the array's dimensions."""


class DtypeError(MinigradError, TypeError):
    """An operation met a dtype that it cannot compute with or differentiate."""


class ArgumentError(MinigradError, ValueError):
    """An argument has a value that the operation does not accept."""


class KindError(ArgumentError, TypeError):
    """An argument is of another kind than the operation takes: text for a number, say."""


class NamingError(ArgumentError, TypeError):
    """Something is called what cannot be a name."""


class FileError(ArgumentError, OSError):
    """A file cannot be read or written, or is not what it should be."""


class LimitError(MinigradError, MemoryError):
    """What was asked for would take more memory than :class:`minigrad.limits` allows."""


class NameClashError(MinigradError, ValueError):
    """One name was given to two different things."""


class AbsentError(MinigradError, AttributeError):
    """What another library has under this name is not here; it says what to write.

    The words are found when they are read: whoever asks ``hasattr`` throws them away.
    """

    def __init__(self, words: str | Callable[[], str]) -> None:
        super().__init__()
        self._words = words

    def __str__(self) -> str:
        if not isinstance(self._words, str):
            self._words = self._words()
        return self._words

    def __reduce__(self) -> tuple[type[AbsentError], tuple[str]]:
        return type(self), (str(self),)


class GradientError(MinigradError, RuntimeError):
    """A gradient was asked for where none exists."""


class GradientWarning(UserWarning):
    """A gradient was read where none is kept."""


class FreedError(GradientError):
    """Backward needs arrays that an earlier backward has released."""


class StaleError(GradientError):
    """A leaf was updated after the graph had captured its value."""


class UnsupportedError(MinigradError, TypeError):
    """A NumPy feature that has no differentiable counterpart here."""


class SymbolicError(MinigradError, TypeError):
    """A value was asked of a tensor that has none."""


class NonFiniteError(MinigradError, FloatingPointError):
    """The first NaN or infinity, found by ``debug_nans``."""


class DerivationError(MinigradError, ValueError):
    """Mathematics that minigrad does not know: it says so and never guesses."""


class UndefinedError(ArgumentError, ArithmeticError):
    """A formula has no value at the numbers that it was given, as a singular matrix has no inverse."""


class MissingPackageError(MinigradError, ImportError):
    """What was asked for runs in a package that is not installed."""


class RenderError(MinigradError, RuntimeError):
    """A drawing could not be rendered; its DOT source is still to be had."""


# What is said to who asks for a device, and where a step can run else.
NO_DEVICE = "everything is computed by NumPy, on the processor: leave it out"
COMPILED_ELSEWHERE = "mg.compile(loss, target='torch') runs elsewhere"


def nearest(word: str, words: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The one of several words that was probably meant, or None."""
    from difflib import get_close_matches  # Only needed on the way to an error.

    return next(iter(get_close_matches(word, list(words), n=1, cutoff=cutoff)), None)
