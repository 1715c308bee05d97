"""Sizes in SymPy's words, and where an expression holds them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

from minigrad.errors import DerivationError
from minigrad.index.size import AnySize, Size, dim, names_in, prod
from minigrad.names import checked_name


def is_matrix(expression: Any) -> bool:
    return bool(
        getattr(expression, "is_Matrix", False) or getattr(expression, "is_MatrixExpr", False)
    )


def kinds(expression: Any) -> list[str]:
    return [cls.__name__ for cls in type(expression).__mro__]


def size_of(expression: Any) -> AnySize:
    """A size: a number, or a polynomial in symbols with whole coefficients."""
    if isinstance(expression, int | Size):
        return expression
    if expression.is_Integer:
        return int(expression)
    if expression.is_Symbol:
        return dim(checked_name(str(expression.name), "from_sympy"))
    if expression.is_Add:
        return reduce(lambda a, b: a + b, map(size_of, expression.args))
    if expression.is_Mul:
        return prod(map(size_of, expression.args))
    if expression.is_Pow and expression.exp.is_Integer and expression.exp > 0:
        return prod([size_of(expression.base)] * int(expression.exp))
    raise DerivationError(
        f"from_sympy: {expression} is no size; sizes are numbers, symbols, and products"
    )


def _walk(root: Any) -> list[Any]:
    found, stack = [], [root]
    while stack:
        part = stack.pop()
        found.append(part)
        stack.extend(getattr(part, "args", ()))
    return found


def _sizes_in(part: Any) -> list[AnySize]:
    kind = kinds(part)[0]
    if is_matrix(part) and hasattr(part, "shape"):
        return [size_of(s) for s in part.shape]
    if kind == "IndexedBase" and part.shape:
        return [size_of(s) for s in part.shape]
    if kind == "Sum":
        return [size_of(limit[2] + 1) for limit in part.limits if len(limit) == 3]
    return []


def shape_in_words(shape: Sequence[AnySize]) -> str:
    return "(" + ", ".join(map(str, shape)) + ")"


def dims_in(root: Any) -> set[str]:
    """Every symbol that is a size somewhere in the expression."""
    return {name for part in _walk(root) for size in _sizes_in(part) for name in names_in(size)}
