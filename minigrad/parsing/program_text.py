"""A text as a program: read by Python's own grammar, and run as the calls that it stands for."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from minigrad import ops
from minigrad.errors import ArgumentError, MinigradError, Place
from minigrad.graph import Tensor
from minigrad.graph.undefined import Function
from minigrad.index.size import Size
from minigrad.notation.printed_text.functions import is_own
from minigrad.parsing import refusals, table
from minigrad.parsing.calls import describe
from minigrad.parsing.caret import Source
from minigrad.parsing.create import number
from minigrad.parsing.evaluate import Run

_UNUSED = (
    "parse: the value of this statement is not used; only the last statement is the result, so name it, "
    "'S = ...', or write an expression of several lines in parentheses"
)


def _is_place(index: ast.expr) -> bool:
    """Whether it is what formulas write behind a left side: letters, and : for whole axes."""
    parts = index.elts if isinstance(index, ast.Tuple) else [index]
    return all(isinstance(p, ast.Name) or (isinstance(p, ast.Slice) and ast.unparse(p) == ":") for p in parts)


class ProgramText:
    """The statements of a text, to be run on tensors for its variables, with functions of its own."""

    def __init__(self, text: str, functions: Mapping[str, Function] = MappingProxyType({})) -> None:
        self.functions = functions
        if not isinstance(text, str):
            raise ArgumentError(
                f"parse: the text is a string such as 'sum(X @ w)', not {type(text).__name__}"
            )
        self.source = self._source(_without_margin(text.replace("\u00a0", " ").removeprefix("\ufeff")), text)
        self._refuse_raised_letters()
        self.statements = self._statements()
        if not self.statements:
            raise ArgumentError(
                "parse: the text is empty; write an expression such as 'sum(X @ w)'"
            )

    def _source(self, text: str, origin: str) -> Source:
        return Source(text, origin)

    def _refuse_raised_letters(self) -> None:
        """Python's grammar would read Xᵀ as the name XT."""
        letter, hint = refusals.raised(self.source.text)
        if letter:
            raise self.source.at(
                f"parse: {letter!r} is no sign here; {hint}", self.source.text.index(letter)
            )

    def _statements(self) -> list[ast.stmt]:
        try:
            return ast.parse(self.source.program).body
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
        given: set[str] = {*self.functions}
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

    def places(self) -> list[tuple[str, Place]]:
        """Each name that a statement gives, and where the statement stands; the result may have none."""
        found: list[tuple[str, Place]] = []
        for statement in self.statements:
            targets = statement.targets if isinstance(statement, ast.Assign) else []
            names = [n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)]
            found += [(name, self.source.place_of(statement)) for name in names or [""]]
        return found

    def calls_the_notation(self) -> bool:
        """Whether a function is called that formulas have and NumPy has not, as ``rowsum``."""
        calls = (n.func for s in self.statements for n in ast.walk(s) if isinstance(n, ast.Call))
        names = {f.id for f in calls if isinstance(f, ast.Name)} - {*self.functions, "D"}
        return any(is_own(name) and table.function(name) is None for name in names)

    def has_places(self, known: Collection[str]) -> bool:
        """Whether it speaks as formulas do of what NumPy has no words for: J[:,i] = …, of a new J, or δ_ij."""
        given = {*known}
        for statement in self.statements:
            targets = statement.targets if isinstance(statement, ast.Assign) else []
            placed = [t.value for t in targets if isinstance(t, ast.Subscript) and _is_place(t.slice)]
            if any(isinstance(base, ast.Name) and base.id not in given for base in placed):
                return True
            given |= {t.id for t in targets if isinstance(t, ast.Name)}
        return any(name.startswith("δ_") and name not in known for name in self.free_names())

    def run(self, variables: Mapping[str, Any]) -> Tensor:
        """The tensor that the last statement gives."""
        run = Run(self.source, {**variables, **self.functions})
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


def _without_margin(text: str) -> str:
    """The lines without what indents all of them, or all but the first, which may stand right behind the quotes."""
    first, *rest = text.strip("\n").splitlines() or [""]
    margins = [len(s) - len(s.lstrip()) for s in rest if s.strip()]
    outer = len(first) - len(first.lstrip())
    if outer and margins:
        outer = min(outer, *margins)
    inner = min(margins, default=0) if not outer and not _is_open(first) else outer
    return "\n".join([first[outer:], *(line[inner:] for line in rest)])


def _is_open(line: str) -> bool:
    """Whether the line goes on in the next, in brackets."""
    code = line.partition("#")[0]
    return sum(map(code.count, "([{")) > sum(map(code.count, ")]}"))


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
