"""Is a SymPy expression identically zero? Decided in finite fields, where nothing is rounded.

Symbols become random elements. An exponential needs exp(a + b) = exp(a) exp(b): its argument is carried
in a second field of Q elements, and exp is the power of an element of order Q in the first, which holds
because Q divides P − 1. A root is a root there, sin and cos are rational in the tangent of the half angle,
and any other function is a random one. By the lemma of Schwartz (1980) and Zippel (1979) an expression that
is not zero vanishes with a chance below degree / P; one that vanishes is taken for zero. One that does not
vanish may still be zero by a relation that is not modelled, so that is no disproof.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

from minigrad.index import heads
from minigrad.symbolic.budget import ask_for_time

# Primes with P = 1370 Q + 1, both 3 modulo 4, modulo which 2, 3, 5, 7, 11 and 13 are squares.
Q = 1400538261494885399
P = 1918737418247992996631
_GENERATOR = 1650283818921830294278  # of order Q modulo P
_MOST_DRAWS = 24

Image = tuple[int, int]  # a number modulo P and modulo Q


class UndecidedError(Exception):
    """The expression holds something that has no image in a finite field."""


class _UnluckyError(Exception):
    """A root of what is no square, a quotient by zero: other random elements may do."""


def vanishes(expr: Any) -> bool:
    """Whether the expression is zero for random elements, twice.

    Raises
    ------
    UndecidedError
        When it has no image: floats, or functions given by cases.
    """
    successes = 0
    for salt in range(_MOST_DRAWS):
        try:
            if _Field(salt).image(expr)[0] != 0:
                return False
        except _UnluckyError:
            continue
        successes += 1
        if successes == 2:
            return True
    raise UndecidedError("no random elements were found at which it is defined")


class _Field:
    def __init__(self, salt: int) -> None:
        self.salt = salt
        self.done: dict[Any, Image] = {}

    def random(self, *key: Any) -> Image:
        """Elements that depend on the key alone."""
        data = repr((self.salt, key)).encode()
        digest = blake2b(data, digest_size=40).digest()
        return int.from_bytes(digest[:20], "big") % P, int.from_bytes(digest[20:], "big") % Q

    def image(self, expr: Any) -> Image:
        """The value of an expression in both fields."""
        if expr not in self.done:
            ask_for_time()
            self.done[expr] = self._image(expr)
        return self.done[expr]

    def _image(self, expr: Any) -> Image:
        s = heads.sympy()
        if expr.is_Rational:
            return self._quotient((int(expr.p) % P, int(expr.p) % Q), (int(expr.q), int(expr.q)))
        if expr.is_Symbol or expr.is_NumberSymbol:
            return self.exponential((1, 1)) if expr == s.E else self.random(str(expr))
        if expr.is_Add:
            images = [self.image(a) for a in expr.args]
            return sum(a for a, _ in images) % P, sum(b for _, b in images) % Q
        if expr.is_Mul:
            p = q = 1
            for a, b in (self.image(arg) for arg in expr.args):
                p, q = p * a % P, q * b % Q
            return p, q
        if isinstance(expr, s.exp):
            return self.exponential(self.image(expr.args[0]))
        if expr.is_Pow:
            return self._power(self.image(expr.base), expr.exp)
        return self._function(expr)

    def exponential(self, argument: Image) -> Image:
        """A homomorphism from sums to products in the first field; in the second a random function."""
        return pow(_GENERATOR, argument[1], P), self.random("exp", argument)[1]

    def _power(self, base: Image, exponent: Any) -> Image:
        if not exponent.is_Rational or exponent.q > 2:
            raise UndecidedError(f"the power {exponent}")
        if exponent.q == 2:
            base = _root(base[0], P), _root(base[1], Q)
        n = int(exponent.p)
        if n < 0:
            base, n = self._quotient((1, 1), base), -n
        return pow(base[0], n, P), pow(base[1], n, Q)

    def _quotient(self, a: Image, b: Image) -> Image:
        if b[0] % P == 0 or b[1] % Q == 0:
            raise _UnluckyError
        return a[0] * pow(b[0], -1, P) % P, a[1] * pow(b[1], -1, Q) % Q

    def _function(self, expr: Any) -> Image:
        s = heads.sympy()
        name = type(expr).__name__
        if not expr.is_Function or isinstance(expr, s.Piecewise) or name in _BY_CASES:
            raise UndecidedError(name)
        if isinstance(expr, s.sinh | s.cosh | s.tanh):
            return self.image(expr.rewrite(s.exp))
        arguments = [self.image(a) for a in expr.args]
        if isinstance(expr, s.sin | s.cos | s.tan):
            return self._trigonometric(name, self.random("half angle", arguments[0]))
        return self.random(name, *arguments)

    def _trigonometric(self, name: str, u: Image) -> Image:
        first, second = _half_angle(u[0], P), _half_angle(u[1], Q)
        over, under = {"sin": (0, 2), "cos": (1, 2), "tan": (0, 1)}[name]
        return self._quotient((first[over], second[over]), (first[under], second[under]))


_BY_CASES = {"Abs", "sign", "Max", "Min", "floor", "ceiling", "Heaviside", "DiracDelta"}


def _half_angle(u: int, modulus: int) -> tuple[int, int, int]:
    """2u, 1 − u² and 1 + u²: sine, cosine and what divides both."""
    return 2 * u % modulus, (1 - u * u) % modulus, (1 + u * u) % modulus


def _root(a: int, modulus: int) -> int:
    """The square root that is itself a square; products of roots are roots of products."""
    root = pow(a, (modulus + 1) // 4, modulus)
    if root * root % modulus != a % modulus:
        raise _UnluckyError
    return root
