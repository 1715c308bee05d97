"""Who answers which question: a child for each page and kind of work, ended when it takes too long.

What is asked after another question of its lane makes that one void: it is not computed, or its child is
ended. Questions of one page about its formulas and numbers share a child, and what that child keeps.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from minigrad.page.answer import answer as answer_of
from minigrad.page.child import NO_MEMORY, Answer, Child, Ended, Late, same_modules, stopped

# The kinds of work, and how many seconds one answer may take.
SECONDS: dict[str, float] = {"reading": 10, "verdict": 30, "training": 30, "turn": 20, "export": 60}
# The kinds of the lanes; all others are reading.
_WORK = {kind: kind for kind in SECONDS} | {"sources": "verdict"}
MEMORY = 3 * 1024**3
CHILDREN = 12
PATIENCE = 0.3  # seconds that a later question gives an earlier one of its lane
_SMALLER = "make the sizes smaller, or the program shorter"
# Small matrices gain nothing from threads, and children share the processor.
_ONE_THREAD = {f"{library}_NUM_THREADS": "1" for library in ("OPENBLAS", "MKL", "OMP")}


@dataclass
class _Seat:
    """A page's place for one kind of work, and its child."""

    work: str
    turn: threading.Lock = field(default_factory=threading.Lock)  # one question at a time
    latest: dict[str, int] = field(default_factory=dict)  # by lane, what makes earlier questions void
    busy: tuple[str, int] | None = None  # lane and number of what the child computes
    child: Child | None = None
    waiting: int = 0


class Workers:
    """The children of all pages.

    Parameters
    ----------
    answer
        What a child answers with.
    seconds
        How long an answer may take, by kind of work.
    memory
        How many bytes of address space a child may have.
    children
        How many there are at most; the one that was idle longest is ended for a new one.
    patience
        How many seconds a later question gives an earlier one.
    """

    def __init__(
        self,
        answer: Answer = answer_of,
        seconds: Mapping[str, float] = SECONDS,
        memory: int = MEMORY,
        children: int = CHILDREN,
        patience: float = PATIENCE,
    ) -> None:
        os.environ.update(_ONE_THREAD)
        self._context = _context()
        self._answer, self._seconds, self._memory = answer, seconds, memory
        self._children, self._patience = children, patience
        self._seats: dict[tuple[str, str], _Seat] = {}  # the one used last is the last
        self._lock = threading.Lock()
        self._closed = False

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *error: object) -> None:
        with self._lock:
            self._closed = True
            for seat in self._seats.values():
                self._end(seat)

    def answer(self, asked: Mapping[str, Any]) -> bytes:
        """The answer to a question as JSON; every end of its child is an error in words."""
        page, lane, number = str(asked.get("page")), str(asked.get("lane")), asked.get("number")
        number = number if type(number) is int and 0 <= number < 2**63 else 0
        seat = self._seat(page, lane, number)
        try:
            if not seat.turn.acquire(timeout=self._patience):
                with self._lock:
                    if seat.busy and seat.busy[0] == lane and seat.busy[1] < number:
                        self._end(seat)
                seat.turn.acquire()
            try:
                return self._answered(seat, lane, number, json.dumps(asked).encode())
            finally:
                seat.turn.release()
        finally:
            with self._lock:
                seat.waiting -= 1

    def cancel(self, page: str, lane: str | None = None) -> None:
        """Make void what a page has asked for, in one lane or in all."""
        with self._lock:
            for (owner, _), seat in self._seats.items():
                for one in [*seat.latest] if owner == page else ():
                    if lane in (None, one):
                        seat.latest[one] += 1
                        if seat.busy and seat.busy[0] == one:
                            self._end(seat)

    def _seat(self, page: str, lane: str, number: int) -> _Seat:
        work = _WORK.get(lane, "reading")
        with self._lock:
            seat = self._seats.pop((page, work), None) or _Seat(work)
            self._seats[page, work] = seat
            seat.waiting += 1
            seat.latest[lane] = max(number, seat.latest.get(lane, number))
            return seat

    def _is_void(self, seat: _Seat, lane: str, number: int) -> bool:
        return self._closed or number < seat.latest[lane]

    def _answered(self, seat: _Seat, lane: str, number: int, question: bytes) -> bytes:
        try:
            with self._lock:
                if self._is_void(seat, lane, number):
                    return _void(number)
                child = seat.child = seat.child or self._child()
                seat.busy = lane, number
            return child.ask(question, self._seconds[seat.work])
        except (EOFError, OSError) as error:
            why = f"no process can be started to compute in ({error})"
        except Late:
            seat.child = None
            why = f"stopped after {self._seconds[seat.work]:g} seconds; the answer takes too long; {_SMALLER}"
        except Ended:
            with self._lock:
                seat.child = None
                if self._is_void(seat, lane, number):
                    return _void(number)
            why = self._why_ended(child)
        finally:
            with self._lock:
                seat.busy = None
        return stopped(why, number=number)

    def _why_ended(self, child: Child) -> str:
        if child.code == NO_MEMORY:
            return f"not enough memory; an answer may take {self._memory / 1024**3:.3g} GiB of it; {_SMALLER}"
        return f"the computation ended by itself, with code {child.code}; {_SMALLER}"

    def _child(self) -> Child:
        """Another child; for it, those end that were idle longest."""
        idle = [key for key, seat in self._seats.items() if seat.waiting == 0]
        for key in idle[: max(0, len(self._seats) - self._children)]:
            self._end(self._seats.pop(key))
        return Child(self._context, self._answer, self._memory)

    def _end(self, seat: _Seat) -> None:
        if seat.child is not None:
            seat.child.end()
            if seat.busy is None:  # else who waits for its answer takes it away
                seat.child = None


def _context() -> Any:
    """How children come to be: as copies of a process that has loaded all, where there are such."""
    if sys.platform == "win32" or "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    from multiprocessing import forkserver

    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["minigrad.page.warm"])
    with same_modules():
        forkserver.ensure_running()
    return context


def _void(number: int) -> bytes:
    why = "stopped on the way; it was cancelled, or a later question took its place"
    return stopped(why, number=number, void=True)
