"""Examples in a command's help are shown as they are typed, with two hyphens and straight quotes."""

from __future__ import annotations

import itertools
from typing import Any

# What sphinx-click puts before each line that click was told not to wrap.
BAR = "| "


def examples_as_code(_app: Any, _context: Any, lines: list[str]) -> None:
    """Turn blocks of unwrapped lines into literal blocks."""
    shown: list[str] = []
    for unwrapped, group in itertools.groupby(lines, key=lambda line: line.startswith(BAR)):
        block = list(group)
        if unwrapped:
            block = [".. code-block:: sh", "", *(f"   {ln.removeprefix(BAR)}" for ln in block), ""]
        shown += block
    lines[:] = shown


def setup(app: Any) -> dict[str, bool]:
    """Listen to what sphinx-click is about to write."""
    app.connect("sphinx-click-process-description", examples_as_code)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
