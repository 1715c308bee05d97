"""The progress of a check: a line on a terminal, nothing elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from time import monotonic

from minigrad.markup import plain

# Seconds that one waits for without a word.
_PATIENCE = 1.0


@contextmanager
def status(what: str) -> Iterator[Callable[[str, int, int], None]]:
    """A line on stderr that says what is being done, once it takes time; nothing where that is no terminal."""
    if not sys.stderr.isatty():
        yield lambda step, done, of: None
        return
    from rich.console import Console
    from rich.text import Text

    started = monotonic()
    line = Console(stderr=True).status(what)
    with ExitStack() as stack:

        def say(step: str, done: int, of: int) -> None:
            line.update(Text(plain(f"{what}: {step}")))
            if monotonic() - started > _PATIENCE and not shown:
                shown.append(stack.enter_context(line))

        shown: list[object] = []
        yield say


@contextmanager
def heard(
    progress: Callable[[str, int, int], None] | bool | None,
) -> Iterator[Callable[[str, int, int], None] | None]:
    """Who is told of progress: the caller's own function, the line on a terminal, or with False nobody."""
    if callable(progress) or progress is False:
        yield progress or None
        return
    with status("checking") as shown:
        yield shown
