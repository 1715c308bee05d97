"""Workers that are forked, fed, watched and replaced."""

from __future__ import annotations

import os
import random
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from multiprocessing import connection, get_context
from typing import Any

from . import guard
from .guard import Fault
from .kinds import KINDS

_FORK = get_context("fork")
_WALL = 30.0
_AT_A_TIME = 100


@dataclass(frozen=True)
class Input:
    """Input k of a seed."""

    seed: int
    k: int
    kinds: tuple[str, ...]

    def made(self) -> tuple[str, Any]:
        """Its kind and its data."""
        rng = random.Random(f"{self.seed}:{self.k}")
        weights = [KINDS[kind].weight for kind in self.kinds]
        (kind,) = rng.choices(self.kinds, weights)
        return kind, KINDS[kind].make(rng)


class Worker:
    """A forked process that judges inputs, one after the other."""

    def __init__(self, todo: list[Any]) -> None:
        self.todo = todo
        self.stack = tempfile.TemporaryFile("w+")  # noqa: SIM115 (closed with the worker)
        self.talk, far = _FORK.Pipe()
        self.process = _FORK.Process(target=self._work, args=(far,), daemon=False)
        self.process.start()
        far.close()
        self.since = time.monotonic()

    def _work(self, far: Any) -> None:
        os.setpgid(0, 0)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        null = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(null, stream)
        guard.tell_where_it_hangs(self.stack)
        guard.listen()
        guard.limit_memory()
        for item in self.todo:
            guard.limit_time()
            kind, data = item.made() if isinstance(item, Input) else item
            far.send(guard.judge(kind, data))

    def answer(self) -> tuple[bool, Fault | None]:
        """Whether the next input was judged to its end, and what came of it."""
        try:
            fault = self.talk.recv()
            self.since = time.monotonic()
            return True, fault
        except (EOFError, ConnectionResetError):
            return False, self._last_words()

    def _last_words(self) -> Fault:
        self.process.join()
        self.stack.seek(0)
        stack = self.stack.read()
        code = -(self.process.exitcode or 0)
        if code in (signal.SIGXCPU, signal.SIGKILL):
            return Fault("hang", guard.place_of_hang(stack), stack.strip()[:1500] or "no stack")
        return Fault(f"died of signal {code}", "the interpreter", stack.strip()[:1500])

    def overdue(self) -> bool:
        return time.monotonic() - self.since > _WALL

    def end(self, how: int) -> None:
        """Signal the worker and all that it has started."""
        if self.process.pid is not None and self.process.is_alive():
            try:
                os.killpg(self.process.pid, how)
            except (ProcessLookupError, PermissionError):
                self.process.kill()

    def close(self) -> None:
        self.end(signal.SIGKILL)
        self.process.join()
        self.talk.close()
        self.stack.close()


def judged(
    items: Iterator[Any], jobs: int, more: Callable[[], bool]
) -> Iterator[tuple[Any, Fault | None]]:
    """Every item and what came of it, by several workers, as long as there is more to do."""
    workers: list[Worker] = []
    try:
        while True:
            while len(workers) < jobs and more():
                todo = [item for item, _ in zip(items, range(_AT_A_TIME), strict=False)]
                if not todo:
                    break
                workers.append(Worker(todo))
            if not workers:
                return
            ready = connection.wait([w.talk for w in workers], timeout=0.5)
            for worker in list(workers):
                if worker.talk in ready:
                    whole, fault = worker.answer()
                    yield worker.todo.pop(0), fault
                    if worker.todo and more() and whole:
                        continue
                    workers.remove(worker)
                    worker.close()
                    if worker.todo and more():
                        workers.append(Worker(worker.todo))
                elif worker.overdue():
                    worker.end(signal.SIGXCPU)  # it says where it stands
                    worker.process.join(1.0)
                    worker.end(signal.SIGKILL)
    finally:
        for worker in workers:
            worker.close()


def judged_alone(kind: str, data: Any) -> Fault | None:
    """One input in a worker of its own."""
    ((_, fault),) = judged(iter([(kind, data)]), 1, lambda: True)
    return fault


@dataclass
class Found:
    """A fault, the first input that showed it, and how many did."""

    item: Input
    fault: Fault
    kind: str
    data: Any
    times: int = 1


@dataclass
class Outcome:
    """What a run of the fuzzer came to."""

    inputs: int = 0
    seconds: float = 0.0
    found: dict[tuple[str, str], Found] = field(default_factory=dict)

    @property
    def failures(self) -> int:
        return sum(found.times for found in self.found.values())


def fuzz(
    seed: int,
    kinds: tuple[str, ...],
    *,
    seconds: float,
    count: int,
    first: int = 0,
    jobs: int = 1,
    tell: Callable[[Found], None] = lambda found: None,
) -> Outcome:
    """Judge inputs of a seed until the time or the count is over; every new fault is told."""
    outcome, began = Outcome(), time.monotonic()
    items = (Input(seed, k, kinds) for k in range(first, first + count))
    for item, fault in judged(items, jobs, lambda: time.monotonic() - began < seconds):
        outcome.inputs += 1
        outcome.seconds = time.monotonic() - began
        if fault is None:
            continue
        if fault.key in outcome.found:
            outcome.found[fault.key].times += 1
            continue
        kind, data = item.made()
        outcome.found[fault.key] = found = Found(item, fault, kind, smallest(kind, data, fault))
        tell(found)
    return outcome


def smallest(kind: str, data: Any, fault: Fault, seconds: float = 10.0) -> Any:
    """Shorter data of the same fault, as far as some seconds reach."""
    end = time.monotonic() + (3 * seconds if fault.what == "hang" else seconds)
    smaller = True
    while smaller:
        smaller = False
        for candidate in KINDS[kind].smaller(data):
            if time.monotonic() > end:
                return data
            again = judged_alone(kind, candidate)
            if again is not None and again.key == fault.key:
                data, smaller = candidate, True
                break
    return data
