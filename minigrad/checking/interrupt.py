"""An end to what other libraries compute: they know no time budget, and may factor a polynomial for minutes."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from contextlib import suppress
from math import inf
from queue import Empty, SimpleQueue
from threading import TIMEOUT_MAX, Lock, RLock, Thread, get_ident, local
from time import monotonic
from typing import TypeVar

from minigrad.symbolic.budget import OutOfTimeError, left

T = TypeVar("T")

# An interrupt that comes where errors are ignored, as in a callback of the garbage collector, is lost.
_AGAIN = 0.1
# After so many steps of a loop CPython has looked for one.
_STEPS = 100


class _Interrupt(BaseException):
    """Raised in the middle of whatever runs, where nobody takes it for an error of its own."""


class _Watched:
    """A thread that is to be interrupted from some time on, until that is over.

    Its locks are C's: an interrupt that came inside an Event would leave that locked, and whoever ends this would
    wait for it for ever.
    """

    def __init__(self, seconds: float) -> None:
        self.thread, self.until, self.sent = get_ident(), monotonic() + seconds, False
        self._sending, self._running = RLock(), Lock()
        self._running.acquire()

    @property
    def over(self) -> bool:
        return not self._running.locked()

    def interrupt(self) -> None:
        """Send an interrupt, and another one later, unless all is over."""
        with self._sending:
            if self.over:
                return
            self.sent, self.until = True, monotonic() + _AGAIN
            ctypes.pythonapi.PyThreadState_SetAsyncExc(
                ctypes.c_ulong(self.thread), ctypes.py_object(_Interrupt)
            )

    def end(self) -> None:
        """Nothing is sent from now on, and what was sent is met here."""
        with self._sending:
            if self._running.locked():
                self._running.release()
        # To take one back with NULL would leave CPython looking for it at every step, and under a profiler for ever.
        with suppress(_Interrupt):
            for _ in range(_STEPS):
                pass


class _Watcher:
    """One thread that watches all others, from the first time that somebody asks.

    None is started later, where an interrupt may be on its way: CPython takes a thread that is just being
    started for the one that starts it, which would then wait for ever.
    """

    def __init__(self) -> None:
        self._asked, self._starting, self._started = SimpleQueue[_Watched](), Lock(), False

    def start(self) -> None:
        with self._starting:
            if not self._started:
                Thread(target=self._watch, daemon=True, name="minigrad interrupts").start()
                self._started = True

    def watch(self, watched: _Watched) -> None:
        self._asked.put(watched)

    def _watch(self) -> None:
        known: list[_Watched] = []
        while True:
            next_one = min((w.until for w in known), default=inf)
            with suppress(Empty):
                wait = None if next_one == inf else min(max(next_one - monotonic(), 0), TIMEOUT_MAX)
                known.append(self._asked.get(timeout=wait))
            now = monotonic()
            for w in known:
                if w.until <= now:
                    w.interrupt()
            known = [w for w in known if not w.over]


_watchers = [_Watcher()]
_here = local()  # whether this thread is watched


def _watcher() -> _Watcher:
    return _watchers[0]


def _anew() -> None:
    """A process that is forked off has no thread but the one that forked it."""
    _watchers[:] = [_Watcher()]


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_anew)


def interrupted(run: Callable[[], T]) -> T:
    """What is returned; what still runs when the time budget ends is ended there, as by Ctrl-C.

    A function and no context: an interrupt that came on the way into a context's end would pass it by.

    Raises
    ------
    OutOfTimeError
        When it was.
    """
    seconds = left()
    # another Python than CPython ends when it ends; one interrupt at a time, as one might come while another is met
    if seconds == inf or not hasattr(ctypes, "pythonapi") or getattr(_here, "watched", False):
        return run()
    _watcher().start()
    watched, _here.watched = _Watched(seconds), True
    # The time may be over at once, or while the watcher is told to end.
    try:
        try:
            _watcher().watch(watched)
            return run()
        finally:
            watched.end()
    except _Interrupt:
        while not watched.over:
            with suppress(_Interrupt):
                watched.end()
        raise OutOfTimeError("the time was used up") from None
    except SystemError:
        # what C calls, as the hash of a key, ends with this one instead
        if watched.sent:
            raise OutOfTimeError("the time was used up") from None
        raise
    finally:
        _here.watched = False
