"""A text as a program: read by Python's own grammar, and run as the calls that it stands for."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import Any

from minigrad import ops
from minigrad.errors import ArgumentError, MinigradError
from minigrad.graph import Tensor
from minigrad.index.size import Size
from minigrad.parsing import refusals, table
from minigrad.parsing.calls import describe
from minigrad.parsing.caret import Source
from minigrad.parsing.create import number
from minigrad.parsing.evaluate import Run

_UNUSED = (
    "parse: the value of this statement is not used; only the last statement is the result, so name it, "
    "'S = ...', or write an expression of several lines in parentheses"
)


class ProgramText:
    """The statements of a text, to be run on tensors for its variables."""

    def __init__(self, text: str) -> None:
        if not isinstance(text, str):
            raise ArgumentError(
                f"parse: the text is a string such as 'sum(X @ w)', not {type(text).__name__}"
            )
        lines = text.replace("\u00a0", " ").removeprefix("\ufeff").strip("\n").splitlines() or [""]
        margin = min((len(s) - len(s.lstrip()) for s in lines if s.strip()), default=0)
        self.source = Source("\n".join(line[margin:] for line in lines))
        self._refuse_raised_letters()
        self.statements = self._statements()
        if not self.statements:
            raise ArgumentError(
                "parse: the text is empty; write an expression such as 'sum(X @ w)'"
            )

    def _refuse_raised_letters(self) -> None:
        """Python's grammar would read Xᵀ as the name XT."""
        letter, hint = refusals.raised(self.source.text)
        if letter:
            raise self.source.at(
                f"parse: {letter!r} is no sign here; {hint}", self.source.text.index(letter)
            )

    def _statements(self) -> list[ast.stmt]:
        try:
            return ast.parse(self.source.text).body
        except SyntaxError as error:
            if "too many nested" in str(error.msg):
                raise self._too_deep() from None
            hint = refusals.slip(self.source.text, str(error.msg))
            raise self.source.syntax(error, hint) from None
        except ValueError as error:
            raise ArgumentError(f"parse: {error}") from None
        except (RecursionError, MemoryError):
            raise self._too_deep() from None

    def free_names(self) -> dict[str, ast.Name]:
        """Names that are read before the text gives them, in its order; what is called stands apart."""
        given: set[str] = set()
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
                if isinstance(statement, ast.Expr) and statement is not self.statements[-1]:
                    raise self.source.error(_UNUSED, statement)
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
            "parse: the text is nested too deeply: one expression holds at most some 2,500 terms in a row "
            "and 100 parentheses in each other; name parts of it, 'S = X @ W; sum(softmax(S))'"
        )


def _functions_and_libraries(statement: ast.stmt) -> Iterator[ast.AST]:
    """``sum`` in ``sum(x)``, and ``np`` in ``np.sum(x)``."""
    for node in ast.walk(statement):
        if isinstance(node, ast.Call):
            yield node.func
            # random.normal(x) is no method of a variable that is called random
            if isinstance(node.func, ast.Attribute) and table.method(node.func.attr) is None:
                yield node.func.value
        elif isinstance(node, ast.Attribute) and _is_library(node.value):
            yield node.value


def _is_library(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in table.LIBRARIES
