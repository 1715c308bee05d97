"""What a formula's functions without a definition are given as: an operation, or a SymPy expression."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad.errors import ArgumentError
from minigrad.index import heads
from minigrad.index.expr import Expr
from minigrad.parsing import table
from minigrad.primitive import Primitive
from minigrad.symbolic.definitions import definition, undefined_in, with_definitions
from minigrad.symbolic.lower import head_of


def separated(given: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Functions apart from arrays and numbers."""
    functions = {k: v for k, v in given.items() if callable(v) or _is_sympy(v)}
    return {k: v for k, v in given.items() if k not in functions}, functions


def with_functions(exprs: Sequence[Expr], given: dict[str, Any]) -> list[Expr]:
    """The expressions with what is given in the place of functions without a definition.

    Raises
    ------
    ArgumentError
        When a function is not given, or in a way that does not tell its derivatives.
    """
    needed = undefined_in(*exprs)
    if not needed:
        return list(exprs)
    missing = next((name for name in needed if name not in given), None)
    if missing is not None:
        raise ArgumentError(
            f"{missing}: has no definition; give the formula one, {missing}=mg.tanh, or a SymPy expression of "
            "one symbol, whose derivatives it takes"
        )
    definitions = {
        name: definition(name, _meaning(name, given[name], arity)) for name, arity in needed.items()
    }
    done: dict[Expr, Expr] = {}
    return [with_definitions(expr, definitions, done) for expr in exprs]


def _is_sympy(value: Any) -> bool:
    return type(value).__module__.partition(".")[0] == "sympy" and hasattr(value, "free_symbols")


def _meaning(name: str, given: Any, arity: int) -> Any:
    """The function in the symbols x, y, … of heads."""
    if _is_sympy(given):
        return _of_sympy(name, given, arity)
    known = table.function(given.__name__) if isinstance(given, np.ufunc) else given
    row = getattr(known, "primitive", None)
    if not isinstance(row, Primitive) or row.meaning is None or row.kind != "elementwise":
        raise ArgumentError(
            f"{name}: {getattr(given, '__name__', given)!r} does not tell its derivatives; give an elementwise "
            f"operation, {name}=mg.tanh, one of your own that has a meaning, or a SymPy expression"
        )
    if row.arity != arity:
        raise ArgumentError(
            f"{name}: is a function of {arity} arguments here, and {row.name} takes {row.arity}"
        )
    return heads.expression(head_of(row, row.params))


def _of_sympy(name: str, given: Any, arity: int) -> Any:
    """A Lambda of so many symbols, or of one argument any expression of one symbol."""
    s = heads.sympy()
    if isinstance(given, s.FunctionClass):  # sympy.sin itself
        if isinstance(given, s.core.function.UndefinedFunction):
            raise ArgumentError(f"{name}: {given} has no definition either; give an operation, {name}=mg.tanh")
        if arity not in given.nargs:
            raise ArgumentError(f"{name}: is a function of {arity} arguments here, and {given} takes {given.nargs}")
        given = s.Lambda(heads.symbols()[:arity], given(*heads.symbols()[:arity]))
    if not isinstance(given, s.Lambda):
        symbols = sorted(given.free_symbols, key=str)
        if arity > 1 or len(symbols) > 1:
            raise ArgumentError(
                f"{name}: {given} does not say which symbol is which of {arity} arguments; give "
                f"sympy.Lambda(({', '.join(heads.ARGUMENTS[:arity])}), ...)"
            )
        given = s.Lambda(tuple(symbols) or (heads.symbols()[0],), given)
    if len(given.variables) != arity:
        raise ArgumentError(
            f"{name}: is a function of {arity} arguments here, and {given} of {len(given.variables)}"
        )
    return given(*heads.symbols()[:arity])
