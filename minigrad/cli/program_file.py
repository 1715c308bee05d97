"""``FILE.py:function``: the function's lines as a program, without running the file."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from typing import Any

from minigrad.errors import ArgumentError
from minigrad.files import path_in_words, read_whole

_NAMED = re.compile(r"(?P<file>.+\.py):(?P<function>\w+(?:\.\w+)*)\Z", re.DOTALL)
_WHAT = "assignments and at last a return"
_LARGEST = 1_000_000  # bytes of a file
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def program_text(text: str) -> str:
    """The program that a command's TEXT means: itself, or the body of a function in a file.

    The body's assignments stay as they are; what is returned is the result, called by its own name where
    it has one. A method is ``FILE.py:Class.method``.

    Raises
    ------
    ArgumentError
        When there is no such file or function, or its body is no list of assignments with a return.
    """
    named = _NAMED.match(text.strip())
    if named is None:
        return text.strip()
    name, asked = named["file"], named["function"]
    source = _read(name)
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        where = f", line {error.lineno}" if error.lineno else ""
        raise ArgumentError(f"open: {path_in_words(name)} is no Python ({error.msg}{where})") from None
    except (ValueError, RecursionError, MemoryError) as error:
        why = str(error) or "it is nested too deeply"
        raise ArgumentError(f"open: {path_in_words(name)} is no Python that can be read ({why})") from None
    functions = dict(_functions(tree))  # of two with one name the last one counts, as in Python
    meant = [known for known in functions if known == asked] or [
        known for known in functions if known.endswith(f".{asked}")
    ]
    if not meant:
        others = f"; there are {', '.join(functions)}" if functions else ""
        raise ArgumentError(f"open: {path_in_words(name)} has no function {asked!r}{others}")
    if len(meant) > 1:
        raise ArgumentError(f"open: {path_in_words(name)} has {' and '.join(meant)}; say which one is meant")
    return "\n".join(_lines(functions[meant[0]], _Source(source)))


def _read(name: str) -> str:
    """The file's text, in the encoding that it says it has."""
    data = read_whole(name, _LARGEST)
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        return io.TextIOWrapper(io.BytesIO(data), encoding).read()
    except (SyntaxError, UnicodeError, LookupError):
        raise ArgumentError(
            f"open: cannot read {path_in_words(name)} (it is no text in UTF-8, and says no other encoding)"
        ) from None


def _functions(tree: ast.AST, within: str = "") -> Iterator[tuple[str, _Function]]:
    """All functions by name, with the classes and functions that they stand in: Model.forward."""
    for node in ast.iter_child_nodes(tree):
        inside = within
        if isinstance(node, _Function | ast.ClassDef):
            inside = f"{within}{node.name}."
            if isinstance(node, _Function):
                yield inside[:-1], node
        yield from _functions(node, inside)


class _Source:
    """The lines of a file, to cut pieces from."""

    def __init__(self, text: str) -> None:
        self._lines = [line.encode() for line in text.split("\n")]

    def piece(self, node: Any) -> str:
        """What a node is read from."""
        first, last = node.lineno - 1, node.end_lineno - 1
        lines = self._lines[first : last + 1]
        lines[-1] = lines[-1][: node.end_col_offset]
        lines[0] = lines[0][node.col_offset :]
        return b"\n".join(lines).decode()

    def value(self, node: ast.expr) -> str:
        """An expression as one that may stand alone, without the parentheses that were around it."""
        text = self.piece(node)
        try:
            ast.parse(text, mode="eval")
        except SyntaxError:  # its lines were one inside of them
            return f"({text})"
        return text


def _lines(function: _Function, source: _Source) -> list[str]:
    body = [node for node in function.body if not _is_docstring(node)]
    if not body or not isinstance(body[-1], ast.Return) or body[-1].value is None:
        raise ArgumentError(f"open: {function.name} returns nothing at its end; its body is {_WHAT}")
    for node in body[:-1]:
        if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
            first = source.piece(node).split("\n")[0]
            raise ArgumentError(f"open: {function.name} has {first!r:.80} in it; its body is {_WHAT}")
    *before, result = body
    assigned = [_assignment(node, source) for node in before]
    value = source.value(result.value)  # type: ignore[attr-defined]
    if assigned and assigned[-1].startswith(f"{value} = "):
        return assigned  # the name of the last line is returned
    return [*assigned, value]


def _assignment(node: Any, source: _Source) -> str:
    """An assignment as it stands there; a program has no annotations."""
    if isinstance(node, ast.AnnAssign):
        return f"{source.piece(node.target)} = {source.value(node.value)}"  # type: ignore[arg-type]
    return source.piece(node)


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
