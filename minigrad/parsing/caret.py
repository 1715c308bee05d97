"""Errors that point into the text they are about."""

from __future__ import annotations

import ast
import re

from minigrad.errors import ArgumentError, MinigradError, Place

# A longer line is shown as the part around the place in question.
_SHOWN = 88
# What moves the cursor, or turns the direction of writing, would put the caret in a wrong place.
_MOVING = (*range(32), *range(127, 160), 0x200B, *range(0x2028, 0x202F), *range(0x2066, 0x206A), 0xFEFF)
_INVISIBLE = str.maketrans(dict.fromkeys(_MOVING, "�"))
_PYTHON_PREFIX = re.compile(r"^[\w.<>]*\(\) (?:got|takes)?\s*")


class Source:
    """The text of a program, from which errors quote."""

    def __init__(self, text: str, origin: str = "") -> None:
        self.text = self.program = text  # the program is what Python's grammar reads
        self.lines = text.splitlines() or [""]
        self._origin = (origin or text).splitlines() or [""]

    def error(
        self, message: str, node: ast.AST | None, kind: type[MinigradError] = ArgumentError
    ) -> MinigradError:
        """An error that quotes the line of ``node`` and marks its columns."""
        return kind(message) if node is None else self.marked(kind(message), *self._span(node))

    def explain(self, error: Exception, what: str, node: ast.AST, hint: str = "") -> MinigradError:
        """An operation's own error, pointing at the call that caused it."""
        if isinstance(error, MinigradError):
            return self.marked(error, *self._span(node))
        message = str(error)
        if isinstance(error, TypeError):
            message = _PYTHON_PREFIX.sub("", message)
        # an operation says its own name, perhaps with where it lives: nn.softmax
        named = message.partition(":")[0].rpartition(".")[2] == what.rpartition(".")[2]
        told = ArgumentError(f"{message if named else f'{what}: {message}'}{hint}")
        return self.marked(told, *self._span(node))

    def at(self, message: str, position: int) -> MinigradError:
        """An error about one character of the text."""
        before = self.text[:position]
        row, column = before.count("\n"), position - (before.rfind("\n") + 1)
        return self.marked(ArgumentError(message), row, column, column + 1)

    def syntax(self, error: SyntaxError, hint: str) -> MinigradError:
        """What Python's grammar refuses, with a hint where a slip is known."""
        row = min(max(error.lineno or 1, 1), len(self.lines)) - 1
        column = max((error.offset or 1) - 1, 0)
        return self.marked(ArgumentError(f"parse: {error.msg}{hint}"), row, column, column + 1)

    def marked(self, error: MinigradError, row: int, first: int, last: int) -> MinigradError:
        """The error with its place, in words and as an attribute."""
        error.args = (f"{error}\n{self.mark(row, first, last)}",)
        error.place = self.placed(row, first, last)
        return error

    def place_of(self, node: ast.AST) -> Place:
        """Where a piece of the program stands in the text that was given."""
        return self.placed(*self._span(node))

    def placed(self, row: int, first: int, last: int) -> Place:
        """The place in the text as it was given, before its margin was taken away."""
        above = next((k for k, line in enumerate(self._origin) if line.strip()), 0)
        line = min(row + above, len(self._origin) - 1)
        margin = max(len(self._origin[line].rstrip()) - len(self.lines[row].rstrip()), 0)
        return Place(line + 1, first + margin + 1, max(last - first, 1))

    def _span(self, node: ast.AST) -> tuple[int, int, int]:
        """Row, first and last column in characters (the grammar counts bytes)."""
        row = node.lineno - 1  # type: ignore[attr-defined]
        line = self.lines[row].encode()
        first = len(line[: node.col_offset].decode())  # type: ignore[attr-defined]
        ends_here = node.end_lineno == node.lineno  # type: ignore[attr-defined]
        last = len(line[: node.end_col_offset].decode()) if ends_here else len(self.lines[row])  # type: ignore[attr-defined]
        return row, first, last

    def quoted(self, node: ast.AST) -> str:
        """What stands there, up to the end of the line."""
        row, first, last = self._span(node)
        return self.lines[row][first:last]

    def mark(self, row: int, first: int, last: int) -> str:
        """The line, and below it a caret line; the column is also said in words."""
        line = self.lines[row]
        start = max(0, first - _SHOWN // 2) if len(line) > _SHOWN else 0
        stop = min(len(line), start + _SHOWN)
        before, after = ("…" if start else ""), ("…" if stop < len(line) else "")
        width = max(1, min(last, stop) - first)
        shown = f"  {before}{line[start:stop].translate(_INVISIBLE)}{after}"
        carets = " " * (2 + len(before) + first - start) + "^" * width
        where = (
            f"column {first + 1}" if len(self.lines) == 1 else f"line {row + 1}, column {first + 1}"
        )
        return f"{shown}\n{carets} {where}"
