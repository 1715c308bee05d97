"""An error in the page's words: a heading, a text, its place in the program, and how to mend it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from minigrad.errors import MinigradError
from minigrad.page.mending import Patience, fixes

_OPERATION = re.compile(r"([\w.]+): ")
_WORD = re.compile(r"[a-z]{2,}[ ,]|a (?!\()")
_QUOTED = re.compile(r"'\w+ = [^']*'")


def fault(
    error: MinigradError,
    program: str = "",
    variables: Mapping[str, str] | None = None,
    patience: Patience | None = None,
) -> dict[str, Any]:
    """What the page shows of an error; of one in a program, what would mend it, too."""
    message = str(error)
    declared = variables or {}
    heading, text = _told(message.split("\n")[0], declared)
    place = error.place
    return {
        "message": message,
        "heading": heading,
        "text": text,
        **(place._asdict() if place else {"line": None, "column": None, "length": None}),
        "fixes": fixes(error, program, declared, patience or Patience()) if program else [],
    }


def own_fault(error: Exception) -> MinigradError:
    """What nobody foresaw, as an error in words."""
    found = f"{type(error).__name__}: {error}".replace(";", ",")
    return MinigradError(f"open: a fault of minigrad's own ({found:.300}); it is worth a report, with the program")


def _told(said: str, declared: Mapping[str, str]) -> tuple[str, str]:
    """The first clause of a message, and the others as sentences; who found it is of no interest here."""
    found = _OPERATION.match(said)
    if found and found[1] not in declared:
        said = said[found.end() :]
    # a program that is quoted has semicolons of its own
    whole = _QUOTED.sub(lambda found: found[0].replace("; ", ";\0"), said)
    heading, *others = [part.replace("\0", " ") for part in whole.split("; ")]
    return _begun(heading), " ".join(map(_sentence, others))


def _sentence(clause: str) -> str:
    return _begun(clause) + ("" if clause.endswith((".", "?", "…")) else ".")


def _begun(clause: str) -> str:
    """With a capital where a word begins it, and no name."""
    return clause[0].upper() + clause[1:] if _WORD.match(clause) else clause
