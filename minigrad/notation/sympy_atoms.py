"""What SymPy's forms are made of: sizes, variables, numbers, and elementwise functions of values."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from minigrad.errors import DerivationError
from minigrad.index import heads
from minigrad.index.expr import Head, Leaf
from minigrad.index.size import AnySize


def size_symbol(size: AnySize) -> Any:
    """A size in SymPy: a number, or a polynomial in positive integer symbols."""
    s = heads.sympy()
    if isinstance(size, int):
        return s.Integer(size)
    terms = [
        coefficient * s.Mul(*(dim_symbol(name) for name in names))
        for names, coefficient in size.terms.items()
    ]
    return s.Add(*terms)


def dim_symbol(name: str) -> Any:
    """The symbol of a dim."""
    return heads.sympy().Symbol(name, integer=True, positive=True)


def variable(leaf: Leaf) -> Any:
    """The SymPy object for a variable: a symbol, a matrix symbol, or an indexed base."""
    s = heads.sympy()
    if leaf.ndim == 0:
        return s.Symbol(leaf.name, real=True, positive=True if "positive" in leaf.assume else None)
    if leaf.ndim > 2:
        return s.IndexedBase(leaf.name, shape=tuple(map(size_symbol, leaf.sizes)))
    columns = size_symbol(leaf.sizes[1]) if leaf.ndim == 2 else 1
    return s.MatrixSymbol(leaf.name, size_symbol(leaf.sizes[0]), columns)


_LARGEST_POWER = 100


def head_value(head: Head, values: Sequence[Any]) -> Any:
    """An elementwise function at given values."""
    if any(value.has(heads.sympy().nan) for value in values):
        raise DerivationError(f"{head.name}: SymPy compares no number with NaN")
    function = _without_cases(head)
    if _compares(function) and any(map(_has_large_power, values)):
        raise DerivationError(
            f"{head.name}: SymPy multiplies a power out to see whether it is real, and its exponent is "
            f"beyond {_LARGEST_POWER}"
        )
    symbols = dict(zip(heads.symbols(), values, strict=False))
    return function.subs(symbols, simultaneous=True)


def _compares(function: Any) -> bool:
    """Whether SymPy asks of what sign, so whether real, its arguments are."""
    s = heads.sympy()
    return bool(function.has(s.Abs, s.sign, s.Heaviside, s.Max, s.Min, s.KroneckerDelta, s.Piecewise))


def _has_large_power(value: Any) -> bool:
    """Whether SymPy would multiply out more than it can: elements of matrices are not known to be real."""
    s = heads.sympy()
    return any(
        power.exp.is_Integer and abs(power.exp) > _LARGEST_POWER and not power.base.is_real
        for power in value.atoms(s.Pow)
    )


@lru_cache(heads.KEPT)
def _without_cases(head: Head) -> Any:
    """The head's meaning with its cases as step functions.

    SymPy moves a Piecewise out of a sum over an inner index and thereby changes its value, so cases whose
    values are polynomials are written as products with 0 or 1.
    """
    s = heads.sympy()
    expr = heads.expression(head)
    return expr.replace(s.Piecewise, _as_steps) if expr.has(s.Piecewise) else expr


def _as_steps(*pieces: Any) -> Any:
    s = heads.sympy()
    if not all(_is_polynomial(value) for value, _ in pieces) or pieces[-1][1] != True:  # noqa: E712
        return s.Piecewise(*pieces)
    result = pieces[-1][0]
    for value, condition in reversed(pieces[:-1]):
        holds = _indicator(condition)
        result = value * holds + result * (1 - holds)
    return result


def _is_polynomial(value: Any) -> bool:
    return bool(value.is_finite is not False and value.is_polynomial())


def _indicator(condition: Any) -> Any:
    """1 where the condition holds, else 0."""
    s = heads.sympy()
    if condition in (s.true, s.false):
        return s.Integer(1 if condition == s.true else 0)
    if condition.is_Symbol:  # a condition that is an argument: true where it is not 0
        return 1 - s.KroneckerDelta(condition, 0)
    parts = condition.args
    match type(condition).__name__:
        case "StrictGreaterThan":
            return s.Heaviside(parts[0] - parts[1], 0)
        case "GreaterThan":
            return s.Heaviside(parts[0] - parts[1], 1)
        case "StrictLessThan":
            return s.Heaviside(parts[1] - parts[0], 0)
        case "LessThan":
            return s.Heaviside(parts[1] - parts[0], 1)
        case "Equality":
            return s.KroneckerDelta(*parts)
        case "Unequality":
            return 1 - s.KroneckerDelta(*parts)
        case "And":
            return s.Mul(*map(_indicator, parts))
        case "Or":
            return 1 - s.Mul(*(1 - _indicator(part) for part in parts))
        case "Not":
            return 1 - _indicator(parts[0])
    return s.Piecewise((1, condition), (0, True))
