"""The one call: a question in plain JSON, and all that is answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from minigrad.errors import ArgumentError, MinigradError
from minigrad.page.faults import fault, own_fault
from minigrad.page.graph import graph
from minigrad.page.lines import lines
from minigrad.page.mending import Patience
from minigrad.page.numbers import values
from minigrad.page.plugged import plugged
from minigrad.page.program import program
from minigrad.page.question import Question
from minigrad.page.sources import sources
from minigrad.page.study import Study, study_of
from minigrad.page.training import training
from minigrad.page.turn import turn
from minigrad.page.verdict import verdict

# What can be asked for, and who answers it.
PARTS: dict[str, Callable[[Study, Question, Mapping[str, Any]], Any]] = {
    "lines": lines,
    "graph": graph,
    "values": values,
    "plugged": plugged,
    "sources": sources,
    "verdict": verdict,
    "training": training,
    "turn": turn,
}


def answer(asked: object) -> dict[str, Any]:
    """All parts that were asked for, of one program.

    A program that has a fault, and a question that is none, give ``ok`` false and an ``error``; a part that
    cannot be has an error in its place, and the others stand.
    """
    number = asked.get("number") if isinstance(asked, Mapping) else None
    told: dict[str, Any] = {"number": number if type(number) is int else 0, "ok": True, "error": None}
    try:
        question = Question.read(asked)
    except MinigradError as error:
        return {**told, "ok": False, "error": fault(error)}
    patience = Patience()  # a program that takes long to read is not read again
    try:
        study = study_of(question)
        told["program"] = program(study, question)
    except MinigradError as error:
        found = fault(error, question.program, question.variables, patience)
        return {**told, "ok": False, "error": found}
    return told | {part: _part(part, study, question) for part in question.ask}


def _part(part: str, study: Study, question: Question) -> Any:
    try:
        if part not in PARTS:
            raise ArgumentError(f"open: there is no part {part!r:.40}; there are {', '.join(PARTS)}")
        return PARTS[part](study, question, question.ask[part])
    except MinigradError as error:
        return {"error": fault(error)}
    except MemoryError:
        raise  # who asks has a limit, and ends all of it
    except Exception as error:
        return {"error": fault(own_fault(error))}
