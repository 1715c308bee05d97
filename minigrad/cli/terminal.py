"""What a command says: formulas at the terminal's width, tables, progress, exit codes."""

from __future__ import annotations

import enum
import io
import json
import os
import re
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TextIO

import click
from rich import box
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from minigrad.checking import Report
from minigrad.checking.report import SIGNS, Comparison
from minigrad.markup import plain
from minigrad.training import Epoch


class Exit(enum.IntEnum):
    """How a command ends."""

    RIGHT = 0
    FAILED = 1
    USAGE = 2
    INCONCLUSIVE = 3
    INTERRUPTED = 130  # as shells have it: 128 + SIGINT


OF_VERDICT = {"pass": Exit.RIGHT, "fail": Exit.FAILED, "inconclusive": Exit.INCONCLUSIVE}


def open_streams() -> None:
    """Let streams that were closed (``>&-``) lead nowhere: a file opened next would be taken for one."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115 (until the end)


def speak_unicode() -> None:
    """Write UTF-8 to pipes also where the system's encoding has no σ."""
    for stream in (sys.stdout, sys.stderr):
        encoding = getattr(stream, "encoding", None) or ""
        if encoding.lower().replace("-", "") != "utf8" and hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8")


def width(error: bool = False) -> int | None:
    """The terminal's columns, of errors' too; None where a stream goes to a file and is not to be wrapped."""
    if (sys.stderr if error else sys.stdout).isatty() or os.environ.get("COLUMNS"):
        return shutil.get_terminal_size().columns
    return None


# -- formulas ------------------------------------------------------------------------------------

_SIDE_BY_SIDE = re.compile(r" {6,}(?=\S+ += )")
_LEFT = re.compile(r"^\s*\S+\s*=\s")


def wrapped(text: str, columns: int | None) -> str:
    """Fold lines that are too long: first between formulas, then before an operator or between words.

    What follows hangs under the formula's right side. A line without a place to break stays long.
    """
    if columns is None:
        return text
    return "\n".join(part for line in text.splitlines() for part in _folded(line, columns))


def _folded(line: str, columns: int) -> Iterator[str]:
    if len(line) <= columns:
        yield line
        return
    formulas = _SIDE_BY_SIDE.split(line.strip())
    if len(formulas) > 1:
        for formula in formulas:
            yield from _folded(formula, columns)
        return
    left = _LEFT.match(line)
    indent = " " * (len(left[0]) if left and len(left[0]) <= columns // 3 else 4)
    while len(line) > columns:
        cut = _cut(line, columns, len(indent))
        if cut is None:
            break
        yield line[:cut].rstrip()
        line = indent + line[cut:].lstrip()
    yield line


def _cut(line: str, columns: int, start: int) -> int | None:
    """Where to break: outside of brackets rather than inside, before a sum rather than a product."""
    least = start + (columns - start) * 3 // 10  # an early break would leave a stub on its line
    best: tuple[int, int, int] | None = None
    depth = 0
    for at, mark in enumerate(line[: columns + 1]):
        depth += (mark in "([‖") - (mark in ")]")
        if mark != " " or at <= least or line[at - 1] == " " or line[at + 1 : at + 2] in ("", " "):
            continue
        rank = next((k for k, signs in enumerate(_BREAKS) if line[at + 1] in signs), len(_BREAKS))
        if rank < len(_BREAKS) or line[at - 1] not in _SIGNS:
            best = min(filter(None, (best, (depth, rank, -at))))
    return None if best is None else -best[2]


# Before which signs a line is broken, the best first; it is not broken after one.
_BREAKS = ("+−", "=≥≤<>", "⊙⊘/")
_SIGNS = "+−=⊙⊘/"


# -- tables and headings --------------------------------------------------------------------------


def tell(text: str, err: bool = False) -> None:
    """Print text as it is, to stdout or stderr."""
    click.echo(plain(text), err=err)


def tell_json(facts: Any) -> None:
    """Print facts as JSON, in which each character comes back: the terminal sees an escape of it."""
    text = json.dumps(facts, indent=2, ensure_ascii=False)
    shown = plain(text)  # as long as the text
    pairs = zip(text, shown, strict=True)
    tell("".join(a if a == b else f"\\u{ord(a):04x}" for a, b in pairs) if text != shown else text)


def say(text: str = "", indent: int = 0) -> None:
    """Print text, formulas folded at the terminal's width."""
    columns = width()
    folded = wrapped(text, None if columns is None else columns - indent)
    tell("\n".join(" " * indent + line if line else "" for line in folded.splitlines()))


def heading(text: str) -> None:
    """Print a section's title with an empty line before it."""
    click.echo()
    click.secho(plain(text), bold=True)


# In a file a row stays one line, however long.
_UNFOLDED = 10_000
# Words of what was checked fit; numbers and names of any length need not.
_LONGEST_WORD = 12
_NARROW = 70


def table(rows: Sequence[Sequence[str]], header: Sequence[str] = ()) -> None:
    """Print a table whose cells fold where the terminal is narrow."""
    grid = Table(box=box.SIMPLE_HEAD if header else None, show_header=bool(header), pad_edge=False)
    for title in header or rows[0]:
        grid.add_column(title if header else "", overflow="fold")
    if header:  # no word is broken while there is room for the longest of each column
        for column, cells in zip(grid.columns, zip(header, *rows, strict=True), strict=True):
            column.min_width = min(max(map(len, " ".join(cells).split()), default=0), _LONGEST_WORD)
    for row in rows:
        grid.add_row(*map(plain, row))
    buffer = io.StringIO()
    columns = width() or _UNFOLDED
    Console(file=buffer, width=columns, highlight=False, markup=False).print(grid)
    click.echo("\n".join(line.rstrip() for line in buffer.getvalue().splitlines()).strip("\n"))


def report_table(report: Report) -> None:
    """Print what a check found: pairs of witnesses and the largest difference between them."""
    rows: list[tuple[str, ...]] = [
        (row.pair, row.quantity, f"{shown_error(row)} {SIGNS[row.verdict]}", _remark(row, report))
        for row in report.rows
    ]
    if (width() or _UNFOLDED) < _NARROW:  # remarks have no column of their own
        rows = [(f"{pair}: {remark}" if remark else pair, *cells) for pair, *cells, remark in rows]
    table(rows, ("witnesses", "of", "error", "")[: len(rows[0]) if rows else 4])
    for suspect in report.suspects:
        say(f"suspect: {suspect}", indent=2)


def shown_error(row: Comparison) -> str:
    """The largest error as the tables print it: "–" where nothing was measured."""
    if row.error != row.error:
        return "–"
    return "0" if row.error == 0 else f"{row.error:.0e}"


def _remark(row: Comparison, report: Report) -> str:
    # a derivation's findings say themselves where it is off
    shows_worst = row.verdict == "fail" and not report.findings
    proved = row.word if row.word != row.verdict else ""
    parts = (proved, row.note, row.worst if shows_worst else None)
    return "; ".join(str(part) for part in parts if part)


# -- progress -------------------------------------------------------------------------------------


@contextmanager
def progress(epochs: int) -> Iterator[Bar]:
    """A bar on stderr; where that is no terminal, a line at the end."""
    bar = Bar(epochs, sys.stderr)
    with bar.shown:
        yield bar


class Bar:
    """The progress of training, with loss and accuracy."""

    def __init__(self, epochs: int, stream: TextIO) -> None:
        self.shown = Progress(
            TextColumn("training"),
            BarColumn(bar_width=None),
            TextColumn("{task.completed}/{task.total}"),
            TextColumn("{task.fields[numbers]}"),
            TimeRemainingColumn(elapsed_when_finished=True),
            console=Console(file=stream),
        )
        self.task = self.shown.add_task("", total=epochs, numbers="")

    def show(self, epoch: Epoch) -> None:
        """Draw an epoch that is over."""
        numbers = f"loss {epoch.loss:.3f}  accuracy {epoch.accuracy:.3f}"
        self.shown.update(self.task, completed=epoch.number, numbers=numbers)
