"""Asking a witness: one that does not apply is a note, one that crashes a line of its own, no verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from minigrad.checking.compare import ROUNDING
from minigrad.checking.report import Comparison, Verdict
from minigrad.errors import MinigradError
from minigrad.symbolic.budget import OutOfTimeError, ask_for_time

T = TypeVar("T")
_LISTED = 8


class RefutedError(Exception):
    """What a rule gave is no gradient, whatever its numbers are: that is a finding."""


def unheard(what: str, done: int, of: int) -> None:
    """Progress that nobody asked for."""


class Hearing:
    """What witnesses had to say other than numbers: notes, and lines of the report.

    ``say`` is told who is being asked about what, and how much of how much is done.
    """

    def __init__(self, notes: list[str], say: Callable[[str, int, int], None] = unheard) -> None:
        self._notes, self.say = notes, say
        self._silent: dict[tuple[str, str], list[str]] = {}
        self.lines: list[Comparison] = []

    @property
    def notes(self) -> list[str]:
        """The notes, with one for all quantities of which a witness was silent for the same reason."""
        said = [
            f"{who}: not applicable{f' to {names}' if (names := listed(filter(None, of))) else ''} ({why})"
            for (who, why), of in self._silent.items()
        ]
        return [*self._notes, *said]

    def note(self, text: str) -> None:
        """One more note, said once."""
        if text not in self._notes:
            self._notes.append(text)

    def silent(self, who: str, why: str, quantity: str = "") -> None:
        """The witness does not apply, for this reason."""
        self._silent.setdefault((who, why), []).append(quantity)

    def left_out(self, who: str) -> None:
        """The witness was not asked, or not to the end."""
        self.note(f"{who}: left out, the time was used up")

    def tried(self, question: Callable[[], T]) -> T | None:
        """The answer to a question that can be asked in parts: None where it must be."""
        try:
            return question()
        except Exception:
            return None

    def ask(
        self,
        who: str,
        quantity: str,
        question: Callable[[], T],
        inapplicable: tuple[type[Exception], ...] = (),
        named: bool = True,
    ) -> T | None:
        """The answer, or None; ``inapplicable`` errors of other libraries say that it does not apply."""
        silent: tuple[type[Exception], ...] = (MinigradError, *inapplicable)
        try:
            ask_for_time()
            return question()
        except OutOfTimeError:
            self.left_out(who)
        except silent as error:
            self.silent(who, _words(error), quantity if named else "")
        except RefutedError as error:
            self.lines.append(said(who, quantity, f"it raised {error}", "fail"))
        except Exception as error:
            what = f"it raised {type(error).__name__}: {error}"
            self.lines.append(said(who, quantity, what, "inconclusive"))
        return None


def _words(error: Exception) -> str:
    """What an error says; mpmath divides by zero without a word."""
    return str(error) or ("division by zero" if isinstance(error, ZeroDivisionError) else repr(error))


def listed(names: Iterable[str]) -> str:
    """The names, those of many variables by the first few and their number."""
    each = list(dict.fromkeys(names))
    rest = len(each) - _LISTED
    return ", ".join(each if rest < 2 else [*each[:_LISTED], f"{rest} others"])


def said(who: str, quantity: str, what: str, verdict: Verdict) -> Comparison:
    """A line of the report about one witness alone."""
    return Comparison(who, "", quantity, float("nan"), ROUNDING, what, verdict)
