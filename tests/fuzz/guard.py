"""One input in the process at hand: its limits, what it must not do, and what came of it."""

from __future__ import annotations

import faulthandler
import os
import resource
import signal
import sys
import tempfile
import traceback
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import minigrad
from minigrad.errors import MinigradError

CANARY = "minigrad.fuzz"
PAYLOAD = f'__import__("sys").audit("{CANARY}")'
SECONDS = 5
MEMORY = 2**30

_HOME = str(Path(minigrad.__file__).parent)
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC
_PROCESSES = ("os.system", "os.exec", "os.posix_spawn", "os.spawn", "subprocess.Popen", "pty.spawn")


@dataclass(frozen=True)
class Fault:
    """What went wrong, where in minigrad, and the words for people."""

    what: str
    where: str
    words: str

    @property
    def key(self) -> tuple[str, str]:
        """Faults with one key are one."""
        return self.what, self.where


def judge(kind: str, data: Any) -> Fault | None:
    """Run an input here; what is wrong with it, or None."""
    from .kinds import KINDS

    heard.clear()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            KINDS[kind].run(data)
    except MinigradError:
        pass
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        words = "".join(traceback.format_exception(error, limit=-6)).strip()
        what = "memory" if isinstance(error, MemoryError) else type(error).__name__
        return Fault(what, _place(error), words)
    return Fault("executed", heard[0], "\n".join(heard)) if heard else None


def _place(error: BaseException) -> str:
    """The innermost line of minigrad that the error came through."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename.startswith(_HOME)]
    if not frames:
        return "outside minigrad"
    last = frames[-1]
    return f"{Path(last.filename).relative_to(_HOME)}:{last.lineno} {last.name}"


# -- what must not happen ---------------------------------------------------------------------------

heard: list[str] = []


def listen() -> None:
    """From now on every forbidden event of this process is remembered; that cannot be undone."""
    spared = (tempfile.gettempdir() + os.sep, os.devnull, "/proc/")

    def hook(event: str, given: tuple[Any, ...]) -> None:
        if event == CANARY or event.startswith("socket.") or event in _PROCESSES:
            if not (event == "subprocess.Popen" and _is_graphviz(given[1])):
                heard.append(f"{event} {given!r}"[:300])
        elif event == "open" and isinstance(given[0], str) and given[2] & _WRITES:
            at = os.path.abspath(given[0]) + os.sep
            if not at.startswith(spared) and "__pycache__" not in at:
                heard.append(f"{event} {given!r}"[:300])

    sys.addaudithook(hook)


def _is_graphviz(command: Any) -> bool:
    words = [str(word) for word in command]
    return words[0].endswith("dot") or (words[1:2] == ["-P"] and words[2].endswith("worker.py"))


# -- limits ------------------------------------------------------------------------------------------


def limit_memory() -> None:
    """At most 1 GiB beside what this process has, and arrays of which several fit into that."""
    minigrad.limits(bytes=MEMORY // 8)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    bound = pages * resource.getpagesize() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (bound, resource.RLIM_INFINITY))


def limit_time() -> None:
    """At most some seconds of the processor from here on."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    bound = int(usage.ru_utime + usage.ru_stime) + SECONDS + 1
    resource.setrlimit(resource.RLIMIT_CPU, (bound, resource.RLIM_INFINITY))


def tell_where_it_hangs(file: IO[str]) -> None:
    """When the time is over, the process writes its stack to a file and dies."""
    faulthandler.register(signal.SIGXCPU, file=file, all_threads=False, chain=True)


def place_of_hang(stack: str) -> str:
    """The innermost function of minigrad in such a stack."""
    for line in stack.splitlines():
        name, _, rest = line.strip().removeprefix('File "').partition('", line ')
        if name.startswith(_HOME):
            return f"{Path(name).relative_to(_HOME)} {rest.partition(' in ')[2]}"
    return "outside minigrad"
