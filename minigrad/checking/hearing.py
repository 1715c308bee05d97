"""Asking a witness: one that does not apply is a note, one that crashes a line of its own, no verdict."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from minigrad.checking.compare import ROUNDING
from minigrad.checking.report import Comparison, Verdict
from minigrad.errors import MinigradError
from minigrad.symbolic.budget import OutOfTimeError, ask_for_time

T = TypeVar("T")


class RefutedError(Exception):
    """What a rule gave is no gradient, whatever its numbers are: that is a finding."""


class Hearing:
    """What witnesses had to say other than numbers: notes, and lines of the report."""

    def __init__(self, notes: list[str]) -> None:
        self._notes = notes
        self._silent: dict[tuple[str, str], list[str]] = {}
        self.lines: list[Comparison] = []

    @property
    def notes(self) -> list[str]:
        """The notes, with one for all quantities of which a witness was silent for the same reason."""
        said = [
            f"{who}: not applicable{f' to {names}' if (names := ', '.join(filter(None, of))) else ''} ({why})"
            for (who, why), of in self._silent.items()
        ]
        return [*self._notes, *said]

    def note(self, text: str) -> None:
        """One more note."""
        self._notes.append(text)

    def silent(self, who: str, why: str, quantity: str = "") -> None:
        """The witness does not apply, for this reason."""
        self._silent.setdefault((who, why), []).append(quantity)

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
            self.note(f"{who}: left out, the time was used up")
        except silent as error:
            self.silent(who, str(error), quantity if named else "")
        except RefutedError as error:
            self.lines.append(said(who, quantity, f"it raised {error}", "fail"))
        except Exception as error:
            what = f"it raised {type(error).__name__}: {error}"
            self.lines.append(said(who, quantity, what, "inconclusive"))
        return None


def said(who: str, quantity: str, what: str, verdict: Verdict) -> Comparison:
    """A line of the report about one witness alone."""
    return Comparison(who, "", quantity, float("nan"), ROUNDING, what, verdict)
