"""A text in MATLAB's signs, as matrixcalculus.org takes it: ``x'*A*x``, ``sum(A.*B)``, ``norm2(A*x - y)^2``.

There ``*`` is the product of matrices and ``'`` the transpose. The signs are put into Python's grammar, and the text
is run on the values of printed formulas, which know columns from rows.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from minigrad import ops
from minigrad.errors import ArgumentError, MinigradError, NameClashError, ShapeError
from minigrad.graph import Tensor
from minigrad.graph.undefined import Function
from minigrad.notation.printed_text.functions import elementwise_function
from minigrad.parsing import table
from minigrad.parsing.caret import Source
from minigrad.parsing.create import number, ones
from minigrad.parsing.printed_calls import called
from minigrad.parsing.printed_values import (
    IDENTITY,
    Value,
    all_ones,
    closed,
    elementwise,
    held,
    mapped,
    product,
    total,
    transposed,
)
from minigrad.parsing.program_text import ProgramText

_EVIDENT = re.compile(r"[\w)\]']\s*\.[*/^]|[\w)\]]'+(?=\s*(?:\.?[-+*/^\\),;]|$))", re.MULTILINE)
_OF_NUMPY = re.compile(r"@|\*\*|\w\.[A-Za-z]")
_ITS_WORDS = re.compile(r"\b(norm1|norm2|vector|matrix)\(")
_SIGN = re.compile(r"\.[*/^]|[*/^']")
_IN_PYTHON = {"*": "@", ".*": "*", "/": "/", "./": "//", "^": "**", ".^": "**", "'": ".T"}
_BOTH = "the text is read in MATLAB's signs, where * is the product of matrices"


def is_matlab(text: str) -> bool:
    """Whether a text that is none of Python's grammar evidently is MATLAB's, and no mixture."""
    return text.isascii() and _EVIDENT.search(text) is not None and _OF_NUMPY.search(text) is None


def has_its_words(text: str, given: Collection[str]) -> bool:
    """Whether a function is called that no other notation has, and nothing is of NumPy's."""
    found = {name for name in _ITS_WORDS.findall(text) if name not in given}
    return bool(found) and text.isascii() and _OF_NUMPY.search(text) is None


class _MatlabSource(Source):
    """The text as it was written, and beside it the one in Python's grammar."""

    def __init__(self, text: str, origin: str = "") -> None:
        super().__init__(text, origin)
        self.elementwise: set[tuple[int, int]] = set()  # where ** stands for .^
        self.columns: list[list[int]] = []
        self.program = "\n".join(self._in_python(row, line) for row, line in enumerate(self.lines))

    def _in_python(self, row: int, line: str) -> str:
        written, columns, after = "", [], 0
        for found in _SIGN.finditer(line):
            plain, sign = line[after : found.start()], _IN_PYTHON[found[0]]
            columns += [*range(after, found.start()), *[found.start()] * len(sign)]
            written += plain
            if found[0] == ".^":
                self.elementwise.add((row, len(written)))
            written, after = written + sign, found.end()
        self.columns.append([*columns, *range(after, len(line) + 1)])
        return written + line[after:]

    def _span(self, node: ast.AST) -> tuple[int, int, int]:
        row, columns = node.lineno - 1, self.columns[node.lineno - 1]  # type: ignore[attr-defined]
        ends_here = node.end_lineno == node.lineno  # type: ignore[attr-defined]
        last = columns[node.end_col_offset - 1] + 1 if ends_here else len(self.lines[row])  # type: ignore[attr-defined]
        return row, columns[node.col_offset], last  # type: ignore[attr-defined]

    def syntax(self, error: SyntaxError, hint: str) -> MinigradError:
        row = min(max(error.lineno or 1, 1), len(self.lines)) - 1
        columns = self.columns[row]
        column = columns[min(max((error.offset or 1) - 1, 0), len(columns) - 1)]
        hint = "; A\\b is written inv(A)*b" if "\\" in self.lines[row] else ""
        return self.marked(ArgumentError(f"parse: invalid syntax; {_BOTH}{hint}"), row, column, column + 1)

    def is_elementwise_power(self, node: ast.BinOp) -> bool:
        """Whether ** was .^ between these operands, whose order of powers is the same in both languages."""
        row, first = (node.left.end_lineno or 1) - 1, node.left.end_col_offset or 0
        between = self.program.splitlines()[row][first : node.right.col_offset]
        right = node.right.operand if isinstance(node.right, ast.UnaryOp) else node.right
        apart = isinstance(right, ast.Attribute) or (isinstance(right, ast.BinOp) and isinstance(right.op, ast.Pow))
        if apart and "(" not in between:
            raise self.error("parse: what is raised first is not the same everywhere; write parentheses", node)
        return (row, first + between.index("**")) in self.elementwise


class MatlabText(ProgramText):
    """The statements of a text in MATLAB's signs."""

    source: _MatlabSource

    def _source(self, text: str, origin: str) -> Source:
        return _MatlabSource(text, origin)

    def free_names(self) -> dict[str, ast.Name]:
        return {name: node for name, node in super().free_names().items() if name != "eye"}

    def run(self, variables: Mapping[str, Any]) -> Tensor:
        run = _Run(self.source, {name: held(tensor) for name, tensor in variables.items()}, self.functions)
        value = Value(0)
        try:
            for statement in self.statements:
                value = run.statement(statement)
        except RecursionError:
            raise self._too_deep() from None
        tensor = closed(value).tensor
        return tensor if isinstance(tensor, Tensor) else number(tensor)


class _Run:
    """One run."""

    def __init__(self, source: _MatlabSource, values: dict[str, Value], functions: Mapping[str, Function]) -> None:
        self.source, self.values, self.functions = source, values, functions

    def error(self, message: str, node: ast.AST) -> MinigradError:
        return self.source.error(f"parse: {message}", node)

    def statement(self, node: ast.stmt) -> Value:
        match node:
            case ast.Expr(value):
                return self.value(value)
            case ast.Assign([ast.Name(name)], value):
                if name in self.values:
                    raise self.source.error(f"parse: {name!r} is given already; rename one", node, NameClashError)
                self.values[name] = found = self.value(value)
                if isinstance(found.tensor, Tensor) and found.tensor.name is None:
                    found.tensor.named(name)
                return found
        raise self.error("only expressions and assignments 'name = expression' are read", node)

    def value(self, node: ast.expr) -> Value:
        match node:
            case ast.Constant(int() | float() as constant) if not isinstance(constant, bool):
                return Value(constant)
            case ast.Name("eye") if "eye" not in self.values:
                return IDENTITY
            case ast.Name(name) if name in self.values:
                return self.values[name]
            case ast.Name(name) if name in table.CONSTANTS:
                return Value(table.CONSTANTS[name])
            case ast.UnaryOp(ast.USub(), operand):
                return self.tried(node, mapped, ops.negative, self.value(operand))
            case ast.UnaryOp(ast.UAdd(), operand):
                return self.value(operand)
            case ast.Attribute(operand, "T"):
                return self.tried(node, transposed, self.value(operand))
            case ast.BinOp(left, op, right):
                return self.tried(node, self.binary, node, op, self.value(left), self.value(right))
            case ast.Call(ast.Name(name), arguments, []) if arguments:
                return self.tried(node, self.call, name, [self.value(a) for a in arguments])
        raise self.error(f"{_BOTH}, and this is not read in them; write the text in NumPy's notation, X.T @ X", node)

    def tried(self, node: ast.AST, rule: Callable[..., Value], *arguments: Any) -> Value:
        try:
            return rule(*arguments)
        except (MinigradError, TypeError, ValueError, ArithmeticError) as error:
            if "\n" in str(error):
                raise  # it points at its place
            raise self.source.explain(error, "parse", node) from None

    def binary(self, node: ast.BinOp, op: ast.operator, a: Value, b: Value) -> Value:
        match op:
            case ast.MatMult():
                return _product(a, b)
            case ast.Add():
                return _together(ops.add, a, b)
            case ast.Sub():
                return _together(ops.subtract, a, b)
            case ast.Mult():
                return _together(ops.multiply, a, b)
            case ast.FloorDiv():
                return _together(ops.divide, a, b)
            case ast.Div():
                if b.rank or b.is_identity:
                    raise ShapeError(f"/ divides by a number, and this is {b.kind}; write ./ or A*inv(B)")
                return _together(ops.divide, a, b)
            case ast.Pow():
                if not self.source.is_elementwise_power(node) and (a.rank or b.rank or a.is_identity):
                    raise ShapeError(f"^ is a power of numbers, and this is of {a.kind}; write .^, A*A or inv(A)")
                return _together(ops.power, a, b)
        raise self.error(f"this sign is not read; {_BOTH}", node)

    def call(self, name: str, arguments: list[Value]) -> Value:
        first = arguments[0]
        if name in self.functions:
            return called(name, arguments, self.functions)
        if name in _OWN and len(arguments) == 1:
            return _OWN[name](first)
        if elementwise_function(name, len(arguments)) is None and name != "abs":  # which prints |x|
            known = ", ".join(sorted(_OWN))
            raise ArgumentError(
                f"{name} is not read in MATLAB's signs; {known} are, and functions of elements such as exp; write the "
                "text in NumPy's notation, X.T @ X"
            )
        return called(name, arguments, self.functions)


def _product(a: Value, b: Value) -> Value:
    try:
        return product(a, b)
    except ShapeError as error:
        if "no product of matrices" not in str(error):
            raise
        raise ShapeError(
            f"{a.kind} times {b.kind} is no product of matrices; write x'*y for a number, x*y' for a matrix, x.*y "
            "element by element"
        ) from None


def _together(operation: Callable[..., Any], a: Value, b: Value) -> Value:
    if a.rank and b.rank and a.rank != b.rank:
        raise ShapeError(f"{a.kind} and {b.kind} do not meet element by element; v*vector(1)' is a matrix of columns v")
    return elementwise(operation, [a, b])


def _norm(order: int) -> Callable[[Value], Value]:
    def norm(value: Value) -> Value:
        if value.rank != 1:
            raise ShapeError(
                f"this norm is of vectors, and here it is of {value.kind}; the root of the sum of all squares is "
                "sqrt(tr(A'*A))"
            )
        return Value(ops.linalg.norm(closed(value).tensor, ord=order))

    return norm


def _repeated(unit: Callable[[], Value]) -> Callable[[Value], Value]:
    """``vector(c)`` holds c at every place, and is as long as what it meets."""
    return lambda value: product(value, unit()) if value.tensor != 1 else unit()


def _like_formulas(name: str) -> Callable[[Value], Value]:
    return lambda value: called(name, [value], {})


_OWN: dict[str, Callable[[Value], Value]] = {
    "sum": lambda value: total(ops.sum, value),
    "norm": _norm(2),
    "norm1": _norm(1),
    "norm2": _norm(2),
    "vector": _repeated(all_ones),
    "matrix": _repeated(lambda: Value(ones((1, 1)), 2, free=frozenset({0, 1}))),
    "trace": _like_formulas("tr"),
    **{name: _like_formulas(name) for name in ("tr", "det", "logdet", "inv", "diag")},
}
