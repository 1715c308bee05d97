"""One run of a text: its statements, operators and numbers, each as the operation that it stands for.

What is not listed here is refused with its column.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable
from typing import Any

from minigrad import ops
from minigrad.errors import LimitError, NameClashError
from minigrad.graph import Tensor
from minigrad.graph.undefined import Function
from minigrad.index.size import Size, quotient
from minigrad.parsing import refusals, table
from minigrad.parsing.calls import Calls, Value, describe, is_plain
from minigrad.parsing.caret import Source
from minigrad.parsing.create import number

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
_LARGEST_EXPONENT = 64
_LARGEST_NUMBER = 1e308
# A number as it is written, which is not 0.
_NONZERO = re.compile(r"[0._]*[1-9]")


class Run(Calls):
    """One run: the statements, operators and numbers of a text."""

    def __init__(self, source: Source, values: dict[str, Value]) -> None:
        super().__init__(source, values)
        self.assigned: set[str] = set()

    # -- statements ------------------------------------------------------------------------------

    def statement(self, node: ast.stmt) -> Value:
        match node:
            case ast.Expr(value):
                return self.value(value)
            case ast.Assign([ast.Name() as target], value):
                return self.assign(target, self.value(value))
            case ast.Assign([ast.Tuple(targets) | ast.List(targets)], value):
                return self.unpack(node, targets, self.value(value))
            case ast.Assign([target], _):
                raise self.error(refusals.target(target), target)
            case ast.Assign([_, second, *_], _):
                raise self.error("one name is given at a time; write two statements", second)
        raise self.error(refusals.instead(node), node)

    def unpack(self, node: ast.stmt, targets: list[ast.expr], value: Value) -> Value:
        for target in targets:
            if not isinstance(target, ast.Name):
                raise self.error(refusals.target(target), target)
        if not isinstance(value, tuple | list) or len(value) != len(targets):
            raise self.error(f"{len(targets)} names are given to {describe(value)}", node)
        for target, part in zip(targets, value, strict=True):
            self.assign(target, part)  # type: ignore[arg-type]
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
            case ast.BinOp():
                return self.chain(node)
            case ast.UnaryOp(op, operand):
                return self.unary(node, op, self.value(operand))
            case ast.Compare():
                return self.comparison(node)
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
        raise self.error(refusals.instead(node), node)

    def chain(self, node: ast.BinOp) -> Value:
        """``a + b + c + ...`` from the left, in a loop, so that a long sum is no deep one."""
        spine = [node]
        while isinstance(spine[-1].left, ast.BinOp):
            spine.append(spine[-1].left)
        value = self.value(spine[-1].left)
        for part in reversed(spine):
            right = self.value(part.right)
            self.refuse_a_turned_vector(part, value, right)
            value = self.binary(part, part.op, value, right)
        return value

    def refuse_a_turned_vector(self, node: ast.BinOp, a: Value, b: Value) -> None:
        """``x @ y.T`` is the number x·y to NumPy, and a matrix to who writes it so."""
        if not isinstance(node.op, ast.MatMult) or not isinstance(node.right, ast.Attribute):
            return
        vectors = all(isinstance(side, Tensor) and side.ndim == 1 for side in (a, b))
        if vectors and node.right.attr == "T" and not isinstance(node.left, ast.Attribute):
            x, y = ast.unparse(node.left), ast.unparse(node.right.value)
            raise self.error(
                f"a vector has no other transpose in NumPy's notation; write outer({x}, {y}) for the matrix, {x} @ {y} "
                "for the number",
                node,
            )

    def constant(self, node: ast.AST, value: Value) -> Value:
        if isinstance(value, int | float) and abs(value) > _LARGEST_NUMBER:
            raise self.error("this number is too large for a float; write inf for infinity", node)
        if isinstance(value, float) and not value and _NONZERO.match(self.source.quoted(node)):
            raise self.error("this number is nearer to 0 than floats can be; write 0", node)
        if value is None or value is Ellipsis or isinstance(value, bool | int | float | str):
            return value
        raise self.error(f"{value!r} is not a real number", node)

    def name(self, node: ast.AST, name: str) -> Value:
        if isinstance(self.values.get(name), Function):
            raise self.error(f"{name!r} is a function; call it, {name}(...)", node)
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
        if isinstance(value, int | float | Size) and not isinstance(value, bool):
            return -value if isinstance(op, ast.USub) else value
        if not isinstance(value, Tensor | list):
            sign = "-" if isinstance(op, ast.USub) else "+"
            raise self.error(f"{sign} does not apply to {describe(value)}", node)
        return self.call(node, ops.negative if isinstance(op, ast.USub) else ops.positive, [value])

    def comparison(self, node: ast.Compare) -> Value:
        if len(node.ops) > 1:
            raise self.error("compare two things at a time, (0 < x) & (x < 1)", node)
        (op,) = node.ops
        if type(op) not in _COMPARE:
            raise self.error(refusals.instead(op), node)
        sides = [self.value(node.left), self.value(node.comparators[0])]
        return self.call(node, _COMPARE[type(op)], self.operands(node, "a comparison", sides))

    def binary(self, node: ast.expr, op: ast.operator, a: Value, b: Value) -> Value:
        if isinstance(op, ast.Div | ast.Mod | ast.FloorDiv) and is_plain(b) and b == 0:
            raise self.error("division by zero", node)
        if is_plain(a) and is_plain(b):
            return self.bounded(node, self.arithmetic(node, op, a, b))
        if type(op) not in _BINARY:
            raise self.error(refusals.instead(op), node)
        sign, operation = _BINARY[type(op)]
        if isinstance(op, ast.Pow) and is_plain(a) and a == math.e:
            operation, sides = ops.exp, [b]
        else:
            sides = [a, b]
        return self.call(node, operation, self.operands(node, sign, sides), name=sign)

    def operands(self, node: ast.expr, sign: str, sides: list[Value]) -> list[Value]:
        """The operands of a sign as operations take them."""
        for side in sides:
            if side is None or side is Ellipsis or isinstance(side, str | tuple | bool):
                raise self.error(f"{sign} does not apply to {describe(side)}", node)
        if all(map(is_plain, sides)):
            return [number(x) if not isinstance(x, Size) else x for x in sides]
        return sides

    def bounded(self, node: ast.expr, value: Value) -> Value:
        """A number or size that can still be written out."""
        whole = value.terms.values() if isinstance(value, Size) else [value]
        if any(isinstance(x, int) and abs(x) > _LARGEST_NUMBER for x in whole):
            raise self.error("this number is out of range for a real float", node)
        if isinstance(value, Size) and max(map(len, value.terms)) > _LARGEST_EXPONENT:
            raise self.error("this size is too high a power of dims", node, LimitError)
        return value

    def whole_power(self, node: ast.expr, a: Value, b: int) -> Value:
        """A whole number or a size to a whole power, refused on the way where it grows too large."""
        result: Value = 1
        for _ in range(b):
            result = self.bounded(node, result * a)
        return result

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
                return self.whole_power(node, a, b)
            case ast.FloorDiv() if whole:
                return self.quotient(node, a, b)
            case ast.Pow() if not isinstance(a, Size) and not isinstance(b, Size) and abs(b) > 1:
                return self.power(node, a, b)
            case ast.MatMult():
                raise self.error("@ multiplies matrices; write * between numbers", node)
        if type(op) not in _BINARY:
            raise self.error(refusals.instead(op), node)
        first = a if isinstance(a, Size) else number(a)
        return self.call(node, _BINARY[type(op)][1], [first, b])

    def power(self, node: ast.expr, a: float, b: float) -> float:
        try:
            result = float(a) ** float(b)
        except (OverflowError, ZeroDivisionError):
            result = math.inf
        if isinstance(result, complex) or not math.isfinite(result) or (result == 0 != a):
            raise self.error(f"{a} ** {b} is out of range for a real float", node)
        return result

    def quotient(self, node: ast.expr, a: Value, b: Value) -> Value:
        if isinstance(a, int) and isinstance(b, int):
            return a // b
        result = quotient(a, b)
        if result is None:
            raise self.error(f"{a} // {b} is no whole number of elements for every size", node)
        return result
