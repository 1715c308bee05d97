"""A random smooth function, f(x) = c + a sin(b x + e) + a′ sin(b′ x + e′), with its derivatives.

A sum of waves of unlike lengths, so that no derivative is a multiple of another.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np

from minigrad.checking.distributions import generator
from minigrad.graph.undefined import Function, slopes
from minigrad.index.expr import Head
from minigrad.index.heads import ARGUMENTS
from minigrad.index.undefined import shown_name
from minigrad.primitive import Primitive

_WAVES = 2
_ABOVE = 3  # all waves together: the function is positive, so that its logarithm and root exist
_MOST = 64


class StandIn(Function):
    """A random smooth function of the same name, with its derivatives from its own definition."""

    __slots__ = ("seed",)

    def __init__(self, name: str, seed: int) -> None:
        super().__init__(name)
        self.seed = seed

    def __eq__(self, other: object) -> bool:
        return isinstance(other, StandIn) and (other.name, other.seed) == (self.name, self.seed)

    def __hash__(self) -> int:
        return hash((StandIn, self.name, self.seed))

    def __repr__(self) -> str:
        return f"<function {self.name}, a random one>"

    def row(self, orders: tuple[int, ...]) -> Primitive:
        return _row(self, orders)

    def head(self, orders: tuple[int, ...]) -> Head:
        """The derivative in index notation, by the name that it prints."""
        return Head(shown_name(self.name, orders), self.text(orders))

    def waves(self, arity: int) -> Iterator[tuple[Fraction, tuple[Fraction, ...], Fraction]]:
        """Amplitude, wave numbers by argument, and phase."""
        rng = generator(self.seed + sum(map(ord, self.name)))
        for _ in range(_WAVES):
            numbers = [Fraction(int(rng.integers(4, 12)), 8) for _ in range(arity + 2)]
            yield numbers[0], tuple(numbers[1:-1]), numbers[-1]

    def text(self, orders: tuple[int, ...]) -> str:
        """The derivative as SymPy reads it."""
        terms = [f"{_ABOVE}"] if not any(orders) else []
        for amplitude, numbers, phase in self.waves(len(orders)):
            inner = [f"Rational({b})*{x}" for b, x in zip(numbers, ARGUMENTS, strict=False)]
            inside = " + ".join([*inner, f"Rational({phase})"]).replace("/", ", ")
            scale = amplitude * _powers(numbers, orders)
            sign, wave = _turned(sum(orders))
            terms.append(f"{sign}Rational({scale.numerator}, {scale.denominator})*{wave}({inside})")
        return " + ".join(terms)

    def values(self, orders: tuple[int, ...], *args: Any) -> Any:
        """The derivative at arrays or tensors."""
        total: Any = 0.0 if any(orders) else float(_ABOVE)
        for amplitude, numbers, phase in self.waves(len(orders)):
            inside = float(phase)
            for b, x in zip(numbers, args, strict=True):
                inside = inside + float(b) * x
            sign, wave = _turned(sum(orders))
            total = total + float(f"{sign}1") * float(amplitude * _powers(numbers, orders)) * getattr(
                np, wave
            )(inside)
        return total


def _powers(numbers: tuple[Fraction, ...], orders: tuple[int, ...]) -> Fraction:
    product = Fraction(1)
    for b, order in zip(numbers, orders, strict=True):
        product *= b**order
    return product


def _turned(order: int) -> tuple[str, str]:
    """The sine, derived so many times."""
    return (("", "sin"), ("", "cos"), ("-", "sin"), ("-", "cos"))[order % 4]


@lru_cache(_MOST)
def _row(function: StandIn, orders: tuple[int, ...]) -> Primitive:
    def forward(*arrays: Any) -> Any:
        return function.values(orders, *map(np.asarray, arrays))

    return Primitive(
        shown_name(function.name, orders),
        "elementwise",
        forward,
        vjps=slopes(function, orders),
        meaning=function.text(orders),
        domain=("real",) * len(orders),
        arity=len(orders),
        broadcasts=True,
    )
