"""Three arithmetics in which an expression can be evaluated: floats, exact SymPy, 50-digit mpmath."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import cache, lru_cache
from typing import Any

import numpy as np

from minigrad.errors import DerivationError
from minigrad.index import heads
from minigrad.index.expr import Head, Number
from minigrad.index.matrix_row import MatrixRow
from minigrad.index.numbers import as_float

DIGITS = 50


class Floats:
    """NumPy arrays of floats."""

    exact = False

    def number(self, value: Number) -> Any:
        # beyond 2^63 NumPy would make an array of objects
        return value if isinstance(value, int) and value.bit_length() < 64 else as_float(value)

    def constant(self, name: str) -> Any:
        return {"pi": np.pi, "E": np.e}[name]

    def power(self, array: Any, exponent: int | Fraction) -> Any:
        if isinstance(exponent, int) and exponent > 0:
            return array**exponent
        if exponent == -1:
            return 1.0 / array
        return np.asarray(array, dtype=float) ** float(exponent)

    def head(self, head: Head) -> Callable[..., Any]:
        return heads.numpy_function(head)

    def matrix_function(self, row: MatrixRow, array: Any) -> Any:
        return row.floats(array)


class _Objects:
    """Arrays of objects: every operation element by element."""

    exact = True

    def power(self, array: Any, exponent: int | Fraction) -> Any:
        e = self.number(exponent)
        return _each(lambda value: value**e, 1)(array)

    def head(self, head: Head) -> Callable[..., Any]:
        return _each(self.scalar_function(head), heads.arity(head))

    def number(self, value: Number) -> Any:
        raise NotImplementedError

    def scalar_function(self, head: Head) -> Callable[..., Any]:
        raise NotImplementedError

    def matrix(self, array: Any) -> Any:
        raise NotImplementedError

    def inverse(self, array: Any) -> Any:
        return per_matrix(lambda m: np.array(self.matrix(m).inv().tolist(), dtype=object), array)

    def determinant(self, array: Any) -> Any:
        return per_matrix(lambda m: self.matrix(m).det(), array)

    def sqrt(self, array: Any) -> Any:
        return self.power(array, Fraction(1, 2))

    def function(self, text: str) -> Callable[..., Any]:
        """The elementwise function that an expression in x is."""
        return self.head(Head(text, text))

    def matrix_function(self, row: MatrixRow, array: Any) -> Any:
        if row.objects is None:
            raise DerivationError(f"{row.name}: {row.inexact}")
        return row.counted(self, self.taken(row, array))

    def taken(self, row: MatrixRow, array: Any) -> Any:
        """What a row is a function of: of a symmetric matrix's elements both that stand for one count."""
        if row.of != "symmetric":
            return array
        return (array + np.swapaxes(array, -1, -2)) * self.number(Fraction(1, 2))


class Exact(_Objects):
    """Arrays of SymPy expressions."""

    def number(self, value: Number) -> Any:
        return heads.exactly(value)

    def constant(self, name: str) -> Any:
        return getattr(heads.sympy(), name)

    def scalar_function(self, head: Head) -> Callable[..., Any]:
        expr, symbols = heads.expression(head), heads.symbols()

        def apply(*values: Any) -> Any:
            # a dummy each, so that values which contain x, y, z are not put in twice
            return expr.subs(dict(zip(symbols, values, strict=False)), simultaneous=True)

        return apply

    def matrix(self, array: Any) -> Any:
        return heads.sympy().Matrix(array.tolist())


class Digits(_Objects):
    """Arrays of mpmath numbers with 50 digits."""

    def number(self, value: Number) -> Any:
        mp = mpmath()
        return (
            mp.mpf(value.numerator) / value.denominator
            if isinstance(value, Fraction)
            else mp.mpf(value)
        )

    def constant(self, name: str) -> Any:
        return {"pi": +mpmath().pi, "E": +mpmath().e}[name]

    def power(self, array: Any, exponent: int | Fraction) -> Any:
        e = self.number(exponent)
        return _each(_real(lambda value: value**e), 1)(array)

    def scalar_function(self, head: Head) -> Callable[..., Any]:
        return _real(_mpmath_function(head))

    def matrix(self, array: Any) -> Any:
        return _MpMatrix(array)

    def matrix_function(self, row: MatrixRow, array: Any) -> Any:
        digits = row.digits
        if digits is None:
            return super().matrix_function(row, array)
        mp, taken = mpmath(), self.taken(row, array)
        return per_matrix(lambda m: _objects(digits(mp, mp.matrix(m.tolist()))), taken)


class _MpMatrix:
    def __init__(self, array: Any) -> None:
        self.body = mpmath().matrix(array.tolist())

    def inv(self) -> Any:
        return mpmath().inverse(self.body)

    def det(self) -> Any:
        return mpmath().det(self.body)


@cache
def mpmath() -> Any:
    """A context of its own with 50 digits; loaded on first use."""
    import mpmath as module

    context = module.mp.clone() if hasattr(module.mp, "clone") else module.mp
    context.dps = DIGITS
    return context


def _real(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function on real numbers, NaN where its value is none: of log(-1) the module gives πi."""
    context = mpmath()

    def apply(*values: Any) -> Any:
        found = function(*values)
        if isinstance(found, context.mpc) and not any(isinstance(v, context.mpc) for v in values):
            return found.real if found.imag == 0 else context.nan
        return found

    return apply


def _polygamma(n: Any, x: Any) -> Any:
    """The module's polygamma, which sums as many terms as a negative argument is large, without those."""
    own, real = mpmath().polygamma, mpmath().re(x)
    if real > -100 or n == 0:
        return own(n, x)
    part = x - mpmath().floor(real)
    return own(n, part) + (-1) ** (n + 1) * (own(n, 1 - part) - own(n, 1 - x))


def _gammaln(x: Any) -> Any:
    """Log |Γ|: below 0 the module's loggamma has a multiple of πi too, constant between poles."""
    context = mpmath()
    value = context.loggamma(x)
    if not context.im(x):
        return context.re(value)
    return value - context.im(context.loggamma(context.re(x))) * context.j


@lru_cache(heads.KEPT)
def _mpmath_function(head: Head) -> Callable[..., Any]:
    # The module's own functions would compute in its global context, which has 15 digits.
    context = mpmath()
    functions = {name: getattr(context, name) for name in dir(context) if name[0] != "_"}
    functions |= {"polygamma": _polygamma, "loggamma": _gammaln}
    return heads.sympy().lambdify(
        heads.symbols()[: heads.arity(head)],
        heads.expression(head),
        modules=[functions, "mpmath"],
    )


def _each(function: Callable[..., Any], arity: int) -> Callable[..., Any]:
    return np.frompyfunc(function, arity, 1)


def _objects(value: Any) -> Any:
    """A number, a list or a matrix of mpmath as an array."""
    return np.array(value.tolist() if hasattr(value, "tolist") else value, dtype=object)


def per_matrix(function: Callable[[Any], Any], array: Any) -> Any:
    """A function of every matrix of a stack."""
    lead = array.shape[:-2]
    results = [function(m) for m in array.reshape((-1, *array.shape[-2:]))]
    out = np.empty((len(results), *np.shape(results[0])), dtype=object)
    for k, result in enumerate(results):
        out[k] = result
    return out.reshape((*lead, *out.shape[1:]))


FLOATS, EXACT, DIGITS_50 = Floats(), Exact(), Digits()
Arithmetic = Floats | Exact | Digits
