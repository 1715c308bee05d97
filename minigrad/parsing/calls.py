"""Calls, attributes and indices of a text: what may stand before a parenthesis, a dot and a bracket."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from minigrad import ops
from minigrad.errors import ArgumentError, DimsError, KindError, MinigradError, ShapeError
from minigrad.graph import Tensor
from minigrad.graph.undefined import Function
from minigrad.index.size import Size, prod
from minigrad.parsing import refusals, table
from minigrad.parsing.caret import Source
from minigrad.parsing.create import number

Value = Any  # a tensor, number, size, string, None, slice, or a tuple or list of these

_FAULTS = (MinigradError, TypeError, ValueError, IndexError, ArithmeticError, AttributeError)


class Calls:
    """The values of names, and the rules for calls, attributes and indices."""

    def __init__(self, source: Source, values: dict[str, Value]) -> None:
        self.source, self.values = source, values

    def error(
        self, message: str, node: ast.AST, kind: type[MinigradError] = ArgumentError
    ) -> MinigradError:
        return self.source.error(f"parse: {message}", node, kind)

    def value(self, node: ast.expr) -> Value:
        """The value of an expression; who runs the text says how."""
        raise NotImplementedError

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
            if keyword.arg in named:
                raise self.error(f"{keyword.arg!r} is given twice; leave one", keyword.value)
            named[keyword.arg] = self.value(keyword.value)
        if operation not in table.CREATING and given and all(map(is_plain, given)):
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
                raise self.error(_no_method(owner, called), called)
            return operation, [owner], called.attr
        name = ast.unparse(called)
        if isinstance(called, ast.Call) and (derived := self.derived(called)) is not None:
            return derived, [], name
        if isinstance(called, ast.Name) and name in self.values:
            if isinstance(self.values[name], Function):
                return self.values[name], [], name
            shadowed = table.function(name) is not None
            hint = f"multiply with *, or declare a function without a definition, {name}='function'"
            if shadowed:
                hint = f"call np.{name}(...), or rename the variable"
            raise self.error(
                f"{name!r} is declared as {describe(self.values[name])} and cannot be called; {hint}",
                called,
            )
        if not names:
            raise self.error("only a function's name can be called; multiply with *", called)
        operation = table.function(name)
        if operation is None:
            hint = table.nearest(name)
            if not hint and isinstance(called, ast.Name):
                hint = f"; a function without a definition is declared, {name}='function'"
            raise self.error(f"no operation is named {name!r}{hint}", called)
        return operation, [], name

    def derived(self, called: ast.Call) -> Callable[..., Any] | None:
        """The function that ``D(f)`` is, ``D(f, 2)``, or ``D(f, 1, 0)`` of a function of two arguments."""
        match called:
            case ast.Call(ast.Name("D"), [ast.Name(name), *orders], []):
                function = self.values.get(name)
                if not isinstance(function, Function):
                    raise self.error(
                        f"D is the derivative of a function without a definition, and {name!r} is none; declare "
                        f"it, {name}='function'",
                        called,
                    )
                counts = [self.value(order) for order in orders] or [1]
                return self.call(called, function.derived, counts)
        return None

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
            if isinstance(error, KindError) and isinstance(error.__cause__, TypeError):
                error = error.__cause__  # What did not fit is said here, with a hint.
            what = name or str(getattr(operation, "__name__", "parse"))
            hint = refusals.keyword_hint(str(error), operation)
            raise self.source.explain(error, what, node, hint) from None

    # -- attributes and indices --------------------------------------------------------------------

    def attribute(self, node: ast.expr, owner: ast.expr, name: str) -> Value:
        root = path(owner)
        if root and isinstance(root[0], ast.Name) and root[0].id not in self.values:
            dotted = ast.unparse(node)
            constant = table.constant(dotted)
            if constant is not None:
                return constant
            if table.function(dotted) is not None:
                raise self.error(f"{dotted!r} is a function; call it, {dotted}(...)", node)
            if root[0].id in table.LIBRARIES:
                raise self.error(f"no operation is named {dotted!r}{table.nearest(dotted)}", node)
        value = self.value(owner)
        if isinstance(value, Tensor):
            if name in ("T", "mT"):
                return self.call(node, ops.transpose if name == "T" else ops.linalg.matrix_transpose, [value])
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
        if isinstance(value, bool) or (
            isinstance(value, Tensor) and value.dtype.kind not in "iu" and value.name is None
        ):
            raise self.error(
                f"{describe(value)} is no index: how many elements a condition keeps is not known; choose by "
                "where(condition, a, b)",
                node,
            )
        if isinstance(value, Tensor) and value.dtype.kind not in "iu":
            raise self.error(
                f"{describe(value)} is no index; declare {value.name!r} as one, {value.name}='| index', or "
                "choose by a condition with where(condition, a, b)",
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


def is_plain(value: Value) -> bool:
    return isinstance(value, int | float | Size) and not isinstance(value, bool)


def _no_method(owner: Value, called: ast.Attribute) -> str:
    name = called.attr
    before = f"{describe(owner)} has no method {name!r}"
    if name in ("t", "T", "mT"):
        return f"{before}; a transpose is written X.T"
    if isinstance(owner, Tensor) and table.function(name) is not None:
        return f"{before}; write {name}({ast.unparse(called.value)})"
    return before + table.nearest(name, table.method_names())


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
    if isinstance(value, Function):
        return f"the function {value.name}"
    return "nothing" if value is None else "'...'" if value is Ellipsis else repr(value)
