"""One process that answers questions of the page, one at a time, within limits."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import connection
from types import ModuleType
from typing import Any

from minigrad.errors import MinigradError
from minigrad.page.faults import fault, own_fault

Answer = Callable[[object], dict[str, Any]]

# How a child ends that had no more memory.
NO_MEMORY = 77
_STARTED = threading.Lock()  # one starts at a time
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
        with _STARTED, same_modules(), _no_program():
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


@contextmanager
def same_modules() -> Iterator[None]:
    """What is started meanwhile finds the modules that this process finds, and no others.

    Python looks first in the folder that it is started in, which may be anybody's: a file ``types.py``
    there would be run.
    """
    here = os.pathsep.join(entry or os.getcwd() for entry in sys.path)
    ours = {"PYTHONSAFEPATH": "1", "PYTHONPATH": here}
    before = {name: os.environ.get(name) for name in ours}
    os.environ.update(ours)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def _no_program() -> Iterator[None]:
    """Who asks for children may be any program, or a text from a pipe: none of them runs it again."""
    program = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = program


def stopped(message: str, **more: Any) -> bytes:
    """What stands in place of an answer that cannot be had."""
    return _instead(MinigradError(f"open: {message}"), **more)


def _instead(error: MinigradError, **more: Any) -> bytes:
    return json.dumps({"ok": False, "error": fault(error), **more}).encode()


# -- in the child -----------------------------------------------------------------------------------


def _work(pipe: Any, answer: Answer, memory: int) -> None:
    """Answer until nobody asks any more; it ends with the process that started it, whatever it is doing."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who started it ends it
    if sys.platform != "win32":
        os.setpgid(0, 0)
    _limit(memory)
    warnings.simplefilter("ignore")  # numbers that are not finite are told as such; the terminal is for the address
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
        return _instead(own_fault(error), number=asked.get("number"))


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
