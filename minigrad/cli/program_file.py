"""``FILE.py:function``: the function's lines as a program, without running the file."""

from __future__ import annotations

import ast
import re
from typing import Any

from minigrad.cli.common import path
from minigrad.errors import ArgumentError
from minigrad.files import path_in_words

_NAMED = re.compile(r"(?P<file>.+\.py):(?P<function>\w+)\Z", re.DOTALL)
_WHAT = "assignments and at last a return"


def program_text(text: str) -> str:
    """The program that a command's TEXT means: itself, or the body of a function in a file.

    The body's assignments stay as they are; what is returned is the result, called by its own name where
    it has one.

    Raises
    ------
    ArgumentError
        When there is no such file or function, or its body is no list of assignments with a return.
    """
    named = _NAMED.match(text.strip())
    if named is None:
        return text.strip()
    name, function = named["file"], named["function"]
    source = _read(name)
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError) as error:
        raise ArgumentError(f"open: {path_in_words(name)} is no Python ({error})") from None
    found = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    if function not in found:
        others = f"; there are {', '.join(found)}" if found else ""
        raise ArgumentError(f"open: {path_in_words(name)} has no function {function!r}{others}")
    return "\n".join(_lines(found[function], source))


def _read(name: str) -> str:
    try:
        return path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no text in UTF-8"
        raise ArgumentError(f"open: cannot read {path_in_words(name)} ({why})") from None


def _lines(function: ast.FunctionDef, source: str) -> list[str]:
    body = [node for node in function.body if not _is_docstring(node)]
    if not body or not isinstance(body[-1], ast.Return) or body[-1].value is None:
        raise ArgumentError(f"open: {function.name} returns nothing at its end; its body is {_WHAT}")
    for node in body[:-1]:
        if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
            first = ast.unparse(node).split("\n")[0]
            raise ArgumentError(f"open: {function.name} has {first!r} in it; its body is {_WHAT}")
    *before, result = body
    assigned = [_assignment(node, source) for node in before]
    value = ast.get_source_segment(source, result.value) or ""  # type: ignore[attr-defined]
    if assigned and assigned[-1].startswith(f"{value} = "):
        return assigned  # the name of the last line is returned
    return [*assigned, value]


def _assignment(node: Any, source: str) -> str:
    """An assignment as it stands there; a program has no annotations."""
    if isinstance(node, ast.AnnAssign):
        return f"{ast.unparse(node.target)} = {ast.get_source_segment(source, node.value or node)}"
    return ast.get_source_segment(source, node) or ""


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
