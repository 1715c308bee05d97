"""The progress of a check: a line on a terminal, nothing elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from minigrad.markup import plain


@contextmanager
def status(what: str) -> Iterator[Callable[[str, int, int], None]]:
    """A line on stderr that says what is being done; nothing where that is no terminal."""
    from rich.console import Console
    from rich.text import Text

    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda step, done, of: None
        return
    with console.status(what) as shown:
        yield lambda step, done, of: shown.update(Text(plain(f"{what}: {step}")))


@contextmanager
def heard(
    progress: Callable[[str, int, int], None] | bool | None,
) -> Iterator[Callable[[str, int, int], None] | None]:
    """Who is told of progress: the caller's own function, the line on a terminal, or nobody."""
    if callable(progress) or not progress:
        yield progress or None
        return
    with status("checking") as shown:
        yield shown
