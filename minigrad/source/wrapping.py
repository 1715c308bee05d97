"""Statements that are too long for one line, over several: at operators, or at a call's arguments."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from minigrad.source.layout import INDENT

_OPEN, _CLOSE = "([{", ")]}"
# loosest first: a line breaks before the operator that binds least
_OPERATORS = ((" + ", " - "), (" * ", " / ", " @ "))

# So many arguments have a line each; of more as many as fit stand on one.
_MANY = 12


def wrapped(line: str, width: int) -> list[str]:
    """The statement in lines of at most ``width`` characters, where brackets or operators allow."""
    if len(line) <= width:
        return [line]
    inside = line.removeprefix(INDENT)
    if inside != line:
        return [f"{INDENT}{row}" for row in wrapped(inside, width - len(INDENT))]
    head, body = _parted(line)
    names, items = _items(head.removesuffix(" = ")), _items(body)
    if len(names) > 1 and len(head) > width // 2:
        first, *rest = wrapped(f"_ = {body}", width)
        return ["(", *filled(names, width), f"){first.removeprefix('_')}", *rest]
    if len(items) > 1:
        return [f"{head}(", *filled(items, width), ")"]
    called = _call(body)
    # an argument's comma stays outside: inside the brackets it would make the argument a tuple
    end = "," if body.endswith(",") else ""
    parts = [] if called else _operands(body.removesuffix(","))
    if len(parts) > 1:
        return [f"{head}(", *_indented(parts, width, ""), f"){end}"]
    if called:
        opening, arguments, closing = called
        end = "," if len(arguments) > 1 else ""
        if len(arguments) == 1:  # one that is long breaks at its operators
            arguments = _operands(arguments[0]) or arguments
        elif len(arguments) > _MANY:
            return [f"{head}{opening}", *filled(arguments, width), closing]
        return [f"{head}{opening}", *_indented(arguments, width, end), closing]
    return [line]


def _items(text: str) -> list[str]:
    """What commas outside brackets part."""
    commas = [k for k in _outside(text) if text.startswith(", ", k)]
    return [text[a + 2 : b] for a, b in pairwise([-2, *commas, len(text)])]


def filled(items: Sequence[str], width: int) -> list[str]:
    """The items, as many on a line as fit."""
    rows: list[str] = []
    for item in items:
        if rows and len(rows[-1]) + len(item) + 2 <= width:
            rows[-1] += f" {item},"
        else:
            rows += _indented([item], width, ",")
    return rows


def _parted(line: str) -> tuple[str, str]:
    """What comes before the expression, and the expression."""
    if line.startswith("return "):
        return "return ", line.removeprefix("return ")
    for mark in (" = ", " += "):
        place = next((k for k in _outside(line) if line.startswith(mark, k)), None)
        if place is not None:
            return line[: place + len(mark)], line[place + len(mark) :]
    return "", line


def _indented(parts: Sequence[str], width: int, end: str) -> list[str]:
    return [
        f"{INDENT}{row}" for part in parts for row in wrapped(f"{part}{end}", width - len(INDENT))
    ]


def _outside(text: str) -> Iterator[int]:
    """The positions that are in no bracket and in no string."""
    depth, quoted, escaped = 0, False, False
    for k, letter in enumerate(text):
        if letter == '"' and not escaped:
            quoted = not quoted
        elif quoted:
            escaped = letter == "\\" and not escaped
            continue
        elif letter in _OPEN:
            depth += 1
        elif letter in _CLOSE:
            depth -= 1
        if depth == 0 and not quoted:
            yield k


def _operands(text: str) -> list[str]:
    """The operands of the loosest operator, each with the operator that stands before it."""
    free = set(_outside(text))
    for operators in _OPERATORS:
        cuts = [k for k in sorted(free) if any(text.startswith(op, k) for op in operators) and k]
        if cuts:
            ends = [*cuts, len(text)]
            first = text[: cuts[0]]
            return [first, *(text[a + 1 : b] for a, b in zip(cuts, ends[1:], strict=True))]
    return []


def _call(text: str) -> tuple[str, list[str], str] | None:
    """The opening of the last bracket that stands free, the arguments in it, and what closes it."""
    free = set(_outside(text))
    if any(text.startswith(op, k) for ops in _OPERATORS for op in ops for k in free if k):
        return None
    starts = [k for k, letter in enumerate(text) if letter in _OPEN and k - 1 in {*free, -1}]
    for start in starts:
        end = next((k for k in sorted(free) if k > start and text[k] in _CLOSE), None)
        if end is None or end == start + 1:
            continue
        inner = text[start + 1 : end]
        arguments = _items(inner)
        if len(arguments) > 1 or len(inner) > len(text) // 2:
            return text[: start + 1], arguments, text[end:]
    return None
