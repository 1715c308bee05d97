"""A text as a program: read by Python's own grammar, and run as the calls that it stands for."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import Any

from minigrad import ops
from minigrad.errors import ArgumentError, MinigradError
from minigrad.graph import Tensor
from minigrad.index.size import Size
from minigrad.parsing import table
from minigrad.parsing.caret import Source
from minigrad.parsing.create import number
from minigrad.parsing.evaluate import Run, describe


class Program:
    """The statements of a text, to be run on tensors for its variables."""

    def __init__(self, text: str) -> None:
        lines = text.strip("\n").splitlines() or [""]
        margin = min((len(s) - len(s.lstrip()) for s in lines if s.strip()), default=0)
        self.source = Source("\n".join(line[margin:] for line in lines))
        try:
            self.statements = ast.parse(self.source.text).body
        except SyntaxError as error:
            raise self.source.syntax(error, _slip(self.source.text)) from None
        except (RecursionError, MemoryError):
            raise self._too_deep() from None
        if not self.statements:
            raise ArgumentError(
                "parse: the text is empty; write an expression such as 'sum(X @ w)'"
            )

    def free_names(self) -> dict[str, ast.Name]:
        """Names that are read before the text gives them, in its order; what is called stands apart."""
        given: set[str] = set(table.CONSTANTS)
        found: dict[str, ast.Name] = {}
        for statement in self.statements:
            every = [node for node in ast.walk(statement) if isinstance(node, ast.Name)]
            apart = set(map(id, _functions_and_libraries(statement)))
            for node in sorted(every, key=lambda n: (n.lineno, n.col_offset)):
                read = isinstance(node.ctx, ast.Load) and id(node) not in apart
                if read and node.id not in given:
                    found.setdefault(node.id, node)
            given |= {node.id for node in every if isinstance(node.ctx, ast.Store)}
        return found

    def run(self, variables: Mapping[str, Any]) -> Tensor:
        """The tensor that the last statement gives."""
        run = Run(self.source, dict(variables))
        value: Any = None
        try:
            for statement in self.statements:
                value = run.statement(statement)
        except RecursionError:
            raise self._too_deep() from None
        if isinstance(value, int | float | Size):
            value = number(value) if not isinstance(value, Size) else ops.positive(value)
        if not isinstance(value, Tensor):
            raise self.source.error(
                f"parse: the text gives {describe(value)}, not a tensor; end it with an expression",
                self.statements[-1],
            )
        return value

    def _too_deep(self) -> MinigradError:
        return ArgumentError(
            "parse: the text is nested too deeply; name parts of it, 'S = X @ W; sum(softmax(S))'"
        )


def _functions_and_libraries(statement: ast.stmt) -> Iterator[ast.AST]:
    """``sum`` in ``sum(x)``, and ``np`` in ``np.sum(x)``."""
    for node in ast.walk(statement):
        if isinstance(node, ast.Call):
            yield node.func
        elif isinstance(node, ast.Attribute) and _is_library(node.value):
            yield node.value


def _is_library(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in table.LIBRARIES


def _slip(text: str) -> str:
    """What is often meant where the grammar refuses a text."""
    if "'" in text and text.count("'") % 2:
        return "; a transpose is written X.T"
    if any(mark in text for mark in "−·×⊙ᵀ√²³⁻"):
        return "; write ASCII as in NumPy: - * @ .T sqrt() **"
    return ""
