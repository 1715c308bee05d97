"""Breaking a long line of text where a reader would, and eliding what is left."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, takewhile

from minigrad.drawing.metrics import width
from minigrad.drawing.model import Run, Text

_OPERATORS = frozenset("=+−-⊙⊘×·/")
_NESTING = {"(": 1, "[": 1, ")": -1, "]": -1}
_INDENT = Run("    ")
_ELLIPSIS = Run("…")

_Atoms = Sequence[Run]


def wrap(text: Text, size: float, limit: float, max_lines: int) -> tuple[Text, ...]:
    """Break a text into lines at most ``limit`` points wide, indented after the first.

    Lines break at spaces in the second half of the line, outside brackets and before operators first.
    What does not fit into ``max_lines`` is elided with "…".
    """
    rest: _Atoms = [Run(char, run.style) for run in text.runs for char in run.string]
    lines: list[Text] = []
    while rest:
        indent = [_INDENT] if lines else []
        end = max(_fitting([*indent, *rest], size, limit) - len(indent), 1)
        if end < len(rest) and len(lines) == max_lines - 1:
            lines.append(Text.of(*indent, *_stripped(rest[: max(end - 1, 1)]), _ELLIPSIS))
            break
        at = len(rest) if end >= len(rest) else _break(rest, end)
        lines.append(Text.of(*indent, *_stripped(rest[:at])))
        rest = rest[at + (at < len(rest) and rest[at].string == " ") :]
    return tuple(lines)


def elide(text: Text, size: float, limit: float) -> Text:
    """The text, cut to ``limit`` points with "…" where it is wider."""
    lines = wrap(text, size, limit, 1)
    return lines[0] if lines else text


def _fitting(atoms: _Atoms, size: float, limit: float) -> int:
    widths = accumulate(width(Text((atom,)), size) for atom in atoms)
    return sum(1 for _ in takewhile(lambda reached: reached <= limit, widths))


def _break(atoms: _Atoms, end: int) -> int:
    """Where to break: outside brackets as far as can be, before an operator, late."""
    depth = list(accumulate(_NESTING.get(atom.string, 0) for atom in atoms[: end + 1]))
    spaces = [i for i in range(1, min(end + 1, len(atoms) - 1)) if atoms[i].string == " "]
    spaces = [i for i in spaces if atoms[i - 1].string not in _OPERATORS] or spaces
    late = [i for i in spaces if 2 * i > end] or spaces
    if not late:
        return end
    return min(late, key=lambda i: (depth[i], atoms[i + 1].string not in _OPERATORS, -i))


def _stripped(atoms: _Atoms) -> _Atoms:
    while len(atoms) > 1 and atoms[-1].string == " ":
        atoms = atoms[:-1]
    return atoms
