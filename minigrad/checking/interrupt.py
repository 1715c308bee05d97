"""An end to what other libraries compute: they know no time budget, and may factor a polynomial for minutes."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from math import inf
from threading import Event, RLock, Thread, get_ident

from minigrad.symbolic.budget import OutOfTimeError, left

# An interrupt that comes where errors are ignored, as in a callback of the garbage collector, is lost.
_AGAIN = 0.1
# After so many steps of a loop CPython has looked for one.
_STEPS = 100


class _Interrupt(BaseException):
    """Raised in the middle of whatever runs, where nobody takes it for an error of its own."""


@contextmanager
def interrupted() -> Iterator[None]:
    """Within: what still runs when the time budget ends is ended there, as by Ctrl-C.

    Raises
    ------
    OutOfTimeError
        When it was.
    """
    seconds, raise_in = left(), getattr(ctypes, "pythonapi", None)
    if seconds == inf or raise_in is None:  # another Python than CPython ends when it ends
        yield
        return
    thread, over, lock = ctypes.c_ulong(get_ident()), Event(), RLock()

    def watch() -> None:
        if over.wait(seconds):
            return
        while True:
            with lock:
                if over.is_set():
                    return
                raise_in.PyThreadState_SetAsyncExc(thread, ctypes.py_object(_Interrupt))
            over.wait(_AGAIN)

    def end() -> None:
        with lock:
            over.set()
        # One that was sent and not met yet is met here: to take it back with NULL would leave CPython looking
        # for it at every step, and under a profiler for ever.
        with suppress(_Interrupt):
            for _ in range(_STEPS):
                pass

    # The time may be over before the thread that watches it has begun, or while it is told to end: an
    # interrupt that nobody meets here is met by whoever runs next.
    try:
        Thread(target=watch, daemon=True).start()
        try:
            yield
        finally:
            end()
    except _Interrupt:
        end()
        raise OutOfTimeError("the time was used up") from None
