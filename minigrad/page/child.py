"""One process that answers questions of the page, one at a time, within limits."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import connection
from typing import Any

from minigrad.errors import MinigradError
from minigrad.page.faults import fault

Answer = Callable[[object], dict[str, Any]]

# How a child ends that had no more memory.
NO_MEMORY = 77
_STARTING = 120.0  # seconds; the limit of an answer counts from when the child can answer


class Ended(Exception):
    """A child that answers no more."""


class Late(Ended):
    """A child that took longer than it may."""


class Child:
    """A process that has just been started; its first question waits until it is ready."""

    def __init__(self, context: Any, answer: Answer, memory: int) -> None:
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_work, args=(theirs, answer, memory), daemon=True)
        self._process.start()
        theirs.close()
        self._ready = False

    def ask(self, question: bytes, seconds: float) -> bytes:
        """The answer; a child that has none in time is ended.

        Raises
        ------
        Ended
            When it ended itself, or was ended meanwhile.
        """
        try:
            if not self._ready:
                self._received(_STARTING)
                self._ready = True
            self._pipe.send_bytes(question)
            return self._received(seconds)
        except (EOFError, OSError) as error:
            raise Ended from error

    def _received(self, seconds: float) -> bytes:
        if not self._pipe.poll(seconds):
            self.end()
            raise Late
        return bytes(self._pipe.recv_bytes())

    def end(self) -> None:
        """End it at once, with all that it has started."""
        if self._process.is_alive():
            if sys.platform != "win32":
                with suppress(OSError):
                    os.killpg(self._process.pid, signal.SIGKILL)
            self._process.kill()  # it may have had no group yet
        self._process.join()

    @property
    def code(self) -> int:
        """Its exit code, once it has ended."""
        self._process.join()
        return int(self._process.exitcode)


def stopped(message: str, **more: Any) -> bytes:
    """What stands in place of an answer that cannot be had."""
    return json.dumps({"ok": False, "error": fault(MinigradError(f"open: {message}")), **more}).encode()


# -- in the child -----------------------------------------------------------------------------------


def _work(pipe: Any, answer: Answer, memory: int) -> None:
    """Answer until nobody asks any more; it ends with the process that started it, whatever it is doing."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who started it ends it
    if sys.platform != "win32":
        os.setpgid(0, 0)
    _limit(memory)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with suppress(EOFError, OSError):
        pipe.send_bytes(b"ready")
        while True:
            pipe.send_bytes(_answered(pipe.recv_bytes(), answer))


def _answered(question: bytes, answer: Answer) -> bytes:
    asked = json.loads(question)
    try:
        return json.dumps(answer(asked), allow_nan=False).encode()
    except MemoryError:
        os._exit(NO_MEMORY)  # what it keeps is too much to go on with
    except Exception as error:
        found = f"{type(error).__name__}: {error}".replace(";", ",")
        said = f"a fault of minigrad's own ({found:.300}); it is worth a report, with the program"
        return stopped(said, number=asked.get("number"))


def _limit(memory: int) -> None:
    """No more address space than that, where the system can see to it."""
    if sys.platform == "win32":
        return
    import resource

    _, most = resource.getrlimit(resource.RLIMIT_AS)
    ours = memory if most == resource.RLIM_INFINITY else min(memory, most)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (ours, most))


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    connection.wait([parent.sentinel])
    if sys.platform != "win32":
        os.killpg(0, signal.SIGKILL)
    os._exit(1)
