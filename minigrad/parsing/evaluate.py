"""One run of a text: every kind of syntax that is allowed, and what it calls.

What is not listed here is refused with its column.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from minigrad import ops
from minigrad.errors import ArgumentError, DimsError, MinigradError, NameClashError, ShapeError
from minigrad.graph import Tensor
from minigrad.index.size import Size, prod, quotient
from minigrad.parsing import table
from minigrad.parsing.caret import Source
from minigrad.parsing.create import number

Value = Any  # a tensor, number, size, string, None, slice, or a tuple or list of these

_BINARY: dict[type[ast.AST], tuple[str, Callable[..., Any]]] = {
    ast.Add: ("+", ops.add),
    ast.Sub: ("-", ops.subtract),
    ast.Mult: ("*", ops.multiply),
    ast.Div: ("/", ops.divide),
    ast.Pow: ("**", ops.power),
    ast.MatMult: ("@", ops.matmul),
    ast.Mod: ("%", ops.remainder),
    ast.BitAnd: ("&", ops.logical_and),
    ast.BitOr: ("|", ops.logical_or),
}
_COMPARE: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Lt: ops.less,
    ast.LtE: ops.less_equal,
    ast.Gt: ops.greater,
    ast.GtE: ops.greater_equal,
    ast.Eq: ops.equal,
    ast.NotEq: ops.not_equal,
}
_INSTEAD: dict[type[ast.AST], str] = {
    ast.BoolOp: "'and' and 'or' are not elementwise; write & and | with parentheses",
    ast.IfExp: "a choice is elementwise here; write where(condition, a, b)",
    ast.Lambda: "a text defines no functions; name parts by assignments, 'S = X @ W; sum(S)'",
    ast.ListComp: "a text has no loops; write the sum as an operation, for example with einsum",
    ast.GeneratorExp: "a text has no loops; write the sum as an operation, for example with einsum",
    ast.For: "a text has no loops; write the sum as an operation, for example with einsum",
    ast.AugAssign: "a name is given once; write 'T = S + 1' with a new name",
    ast.AnnAssign: "declare variables beside the text, as in parse(text, X='m n')",
    ast.Import: "nothing is imported; NumPy's names are known as they are",
    ast.ImportFrom: "nothing is imported; NumPy's names are known as they are",
    ast.BitXor: "^ is no power; write **",
    ast.FloorDiv: "// divides sizes only; write floor(a / b)",
    ast.Starred: "write the arguments one by one",
}
_LARGEST_EXPONENT = 64
_FAULTS = (MinigradError, TypeError, ValueError, IndexError, ArithmeticError, AttributeError)


class Run:
    """One run: the values of names, and the rules for every kind of syntax that is allowed."""

    def __init__(self, source: Source, values: dict[str, Value]) -> None:
        self.source, self.values = source, values
        self.assigned: set[str] = set()

    def error(
        self, message: str, node: ast.AST, kind: type[MinigradError] = ArgumentError
    ) -> MinigradError:
        return self.source.error(f"parse: {message}", node, kind)

    # -- statements ------------------------------------------------------------------------------

    def statement(self, node: ast.stmt) -> Value:
        match node:
            case ast.Expr(value):
                return self.value(value)
            case ast.Assign([ast.Name() as target], value):
                return self.assign(target, self.value(value))
            case ast.Assign([ast.Tuple(targets)], value):
                return self.unpack(node, targets, self.value(value))
        raise self.refusal(node)

    def unpack(self, node: ast.stmt, targets: list[ast.expr], value: Value) -> Value:
        if not isinstance(value, tuple | list) or len(value) != len(targets):
            raise self.error(f"{len(targets)} names are given to {describe(value)}", node)
        for target, part in zip(targets, value, strict=True):
            if not isinstance(target, ast.Name):
                raise self.error("only a name can be given a value", target)
            self.assign(target, part)
        return value

    def assign(self, target: ast.Name, value: Value) -> Value:
        name = target.id
        if name in self.values:
            known = "a dim" if isinstance(self.values[name], Size) else "a variable"
            what = "is assigned twice" if name in self.assigned else f"is {known} already"
            raise self.error(
                f"{name!r} {what}; give this value another name", target, NameClashError
            )
        if isinstance(value, Tensor) and value.name is None:
            value.named(name)
        self.values[name] = value
        self.assigned.add(name)
        return value

    # -- expressions -----------------------------------------------------------------------------

    def value(self, node: ast.expr) -> Value:
        match node:
            case ast.Constant(value):
                return self.constant(node, value)
            case ast.Name(name):
                return self.name(node, name)
            case ast.BinOp(left, op, right) if type(op) in _BINARY or isinstance(op, ast.FloorDiv):
                return self.binary(node, op, self.value(left), self.value(right))
            case ast.UnaryOp(op, operand):
                return self.unary(node, op, self.value(operand))
            case ast.Compare(left, [op], [right]) if type(op) in _COMPARE:
                return self.call(node, _COMPARE[type(op)], [self.value(left), self.value(right)])
            case ast.Compare():
                raise self.error("compare two things at a time, (0 < x) & (x < 1)", node)
            case ast.Call(called, arguments, keywords):
                return self.calling(node, called, arguments, keywords)
            case ast.Attribute(owner, name):
                return self.attribute(node, owner, name)
            case ast.Subscript(owner, index):
                return self.subscript(node, self.value(owner), self.index(index))
            case ast.Tuple(parts):
                return tuple(self.value(part) for part in parts)
            case ast.List(parts):
                return [self.value(part) for part in parts]
            case ast.BinOp(_, op, _):
                raise self.error(_INSTEAD.get(type(op), "this operator is not known"), node)
        raise self.refusal(node)

    def refusal(self, node: ast.AST) -> MinigradError:
        known = _INSTEAD.get(
            type(node), "only expressions and assignments 'name = expression' are read"
        )
        return self.error(known, node)

    def constant(self, node: ast.AST, value: Value) -> Value:
        if value is None or value is Ellipsis or isinstance(value, bool | int | float | str):
            return value
        raise self.error(f"{value!r} is not a real number", node)

    def name(self, node: ast.AST, name: str) -> Value:
        if name in self.values:
            return self.values[name]
        if name in table.CONSTANTS:
            return table.CONSTANTS[name]
        if table.function(name) is not None:
            raise self.error(f"{name!r} is a function; call it, {name}(...)", node)
        raise self.error(
            f"no variable is named {name!r}{table.nearest(name, iter(self.values))}", node
        )

    def unary(self, node: ast.AST, op: ast.unaryop, value: Value) -> Value:
        if isinstance(op, ast.Not):
            raise self.error("'not' is not elementwise; write ~(condition)", node)
        if isinstance(op, ast.Invert):
            return self.call(node, ops.logical_not, [value])
        if isinstance(value, int | float | Size):
            return -value if isinstance(op, ast.USub) else value
        return self.call(node, ops.negative if isinstance(op, ast.USub) else ops.positive, [value])

    def binary(self, node: ast.expr, op: ast.operator, a: Value, b: Value) -> Value:
        if _is_plain(a) and _is_plain(b):
            return self.arithmetic(node, op, a, b)
        if type(op) not in _BINARY:
            raise self.error(_INSTEAD[type(op)], node)
        sign, operation = _BINARY[type(op)]
        for side in (a, b):
            if side is None or isinstance(side, str | tuple | bool):
                raise self.error(f"{sign} does not apply to {describe(side)}", node)
        return self.call(node, operation, [a, b])

    def arithmetic(self, node: ast.expr, op: ast.operator, a: Value, b: Value) -> Value:
        """Numbers and sizes: whole results stay sizes, all else goes on the graph exactly."""
        whole = all(isinstance(x, int | Size) for x in (a, b))
        match op:
            case ast.Add() if whole:
                return a + b
            case ast.Sub() if whole:
                return a - b
            case ast.Mult() if whole:
                return a * b
            case ast.Pow() if whole and isinstance(b, int) and 0 <= b <= _LARGEST_EXPONENT:
                return prod([a] * b)
            case ast.FloorDiv() if whole:
                return self.quotient(node, a, b)
            case ast.Pow() if not isinstance(a, Size) and not isinstance(b, Size) and abs(b) > 1:
                return self.call(node, lambda: float(a) ** float(b), [], name="**")
        if type(op) not in _BINARY:
            raise self.error(_INSTEAD.get(type(op), "this operator is not known"), node)
        first = a if isinstance(a, Size) else number(a)
        return self.call(node, _BINARY[type(op)][1], [first, b])

    def quotient(self, node: ast.expr, a: Value, b: Value) -> Value:
        if isinstance(a, int) and isinstance(b, int) and b:
            return a // b
        result = quotient(a, b) if b else None
        if result is None:
            raise self.error(f"{a} // {b} is no whole number of elements for every size", node)
        return result

    # -- calls -----------------------------------------------------------------------------------

    def calling(
        self,
        node: ast.expr,
        called: ast.expr,
        arguments: list[ast.expr],
        keywords: list[ast.keyword],
    ) -> Value:
        operation, first, name = self.operation(called)
        given = [*first, *(self.value(argument) for argument in arguments)]
        named: dict[str, Value] = {}
        for keyword in keywords:
            if keyword.arg is None:
                raise self.error("write the arguments one by one", keyword.value)
            named[keyword.arg] = self.value(keyword.value)
        if operation not in table.CREATING and given and all(map(_is_plain, given)):
            given = [x if isinstance(x, Size) else number(x) for x in given[:1]] + given[1:]
        return self.call(node, operation, given, named, name)

    def operation(self, called: ast.expr) -> tuple[Callable[..., Any], list[Value], str]:
        """The function, and the tensor before the dot where it is called as a method."""
        names = path(called)
        root = names[0] if names else None
        is_value = isinstance(called, ast.Attribute) and (
            not isinstance(root, ast.Name) or root.id in self.values
        )
        if is_value and isinstance(called, ast.Attribute):
            owner = self.value(called.value)
            operation = table.method(called.attr) if isinstance(owner, Tensor) else None
            if operation is None:
                hint = table.nearest(called.attr, table.method_names())
                raise self.error(f"{describe(owner)} has no method {called.attr!r}{hint}", called)
            return operation, [owner], called.attr
        name = ast.unparse(called)
        if isinstance(called, ast.Name) and name in self.values:
            raise self.error(
                f"{name!r} is {describe(self.values[name])} and cannot be called", called
            )
        operation = table.function(name)
        if operation is None:
            raise self.error(f"no operation is named {name!r}{table.nearest(name)}", called)
        return operation, [], name

    def call(
        self,
        node: ast.AST,
        operation: Callable[..., Any],
        arguments: list[Value],
        keywords: dict[str, Value] | None = None,
        name: str | None = None,
    ) -> Value:
        try:
            return operation(*arguments, **(keywords or {}))
        except DimsError as error:
            tensors = [x for x in arguments if isinstance(x, Tensor)]
            if tensors:
                error.args = (f"{error}; got {' and '.join(map(describe, tensors))}",)
            raise self.source.explain(error, "", node) from None
        except _FAULTS as error:
            what = name or str(getattr(operation, "__name__", "parse"))
            raise self.source.explain(error, what, node) from None

    # -- attributes and indices --------------------------------------------------------------------

    def attribute(self, node: ast.expr, owner: ast.expr, name: str) -> Value:
        root = path(owner)
        if root and isinstance(root[0], ast.Name) and root[0].id not in self.values:
            dotted = ast.unparse(node)
            short = dotted.rpartition(".")[2]
            if short in table.CONSTANTS:
                return table.CONSTANTS[short]
            if table.function(dotted) is not None:
                raise self.error(f"{dotted!r} is a function; call it, {dotted}(...)", node)
        value = self.value(owner)
        if isinstance(value, Tensor):
            if name in ("T", "mT"):
                return self.call(node, ops.transpose if name == "T" else table.mT, [value])
            if name in ("shape", "ndim"):
                return getattr(value, name)
            if name == "size":
                return prod(value.shape)
        hint = table.nearest(name, table.method_names())
        raise self.error(f"{describe(value)} has no attribute {name!r}{hint}", node)

    def index(self, node: ast.expr) -> Value:
        match node:
            case ast.Slice(lower, upper, step):
                return slice(
                    *(None if part is None else self.value(part) for part in (lower, upper, step))
                )
            case ast.Tuple(parts):
                return tuple(self.index(part) for part in parts)
        value = self.value(node)
        if isinstance(value, Tensor) and value.dtype.kind not in "iu":
            name = value.name or "it"
            raise self.error(
                f"{describe(value)} is no index; declare {name!r} as one, {name}='| index', or choose by "
                "a condition with where(condition, a, b)",
                node,
            )
        return value

    def subscript(self, node: ast.expr, owner: Value, index: Value) -> Value:
        entries = index if isinstance(index, tuple) else (index,)
        count = sum(entry is not None and entry is not Ellipsis for entry in entries)
        if isinstance(owner, Tensor) and count > owner.ndim:
            raise self.error(
                f"{describe(owner)} has {owner.ndim} axes, and {count} are indexed",
                node,
                ShapeError,
            )
        if isinstance(owner, tuple | list):
            operation: Callable[..., Any] = type(owner).__getitem__
        elif isinstance(owner, Tensor):
            operation = ops.getitem
        else:
            raise self.error(f"{describe(owner)} has no elements", node)
        return self.call(node, operation, [owner, index], name="getitem")


def _is_plain(value: Value) -> bool:
    return isinstance(value, int | float | Size) and not isinstance(value, bool)


def path(node: ast.expr) -> list[ast.AST]:
    """The names of a dotted name, root first; empty where the root is no name."""
    if isinstance(node, ast.Name):
        return [node]
    if isinstance(node, ast.Attribute):
        before = path(node.value)
        return [*before, node] if before else []
    return []


def describe(value: Value) -> str:
    """A value in the words of an error."""
    if isinstance(value, Tensor):
        shape = ", ".join(map(str, value.shape))
        return f"{value.name or 'a tensor'} ({shape})"
    if isinstance(value, Size):
        return f"the size {value}"
    return "nothing" if value is None else repr(value)
