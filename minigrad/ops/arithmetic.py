"""Sums, products and powers of elements."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from minigrad.graph.define import builtin_elementwise as elementwise
from minigrad.ops.axes import zeros_of
from minigrad.primitive import Names, Notation

_NUMBERS = (int, float, bool)

add = elementwise(
    "add",
    np.add,
    vjps=(lambda g, z, x, y: g, lambda g, z, x, y: g),
    meaning="x + y",
    reads=("", ""),
    doc="Sum of elements, zᵢ = xᵢ + yᵢ.",
)

subtract = elementwise(
    "subtract",
    np.subtract,
    vjps=(lambda g, z, x, y: g, lambda g, z, x, y: -g),
    meaning="x - y",
    reads=("", ""),
    doc="Difference of elements, zᵢ = xᵢ − yᵢ.",
)

multiply = elementwise(
    "multiply",
    np.multiply,
    vjps=(lambda g, z, x, y: g * y, lambda g, z, x, y: g * x),
    meaning="x*y",
    reads=("1", "0"),
    doc="Product of elements, zᵢ = xᵢ yᵢ.",
)

divide = elementwise(
    "divide",
    np.divide,
    vjps=(lambda g, z, x, y: g / y, lambda g, z, x, y: g / y * -z),
    meaning="x/y",
    domain=("real", "nonzero"),
    reads=("1", "y1"),
    doc="Quotient of elements, zᵢ = xᵢ / yᵢ.",
)

negative = elementwise(
    "negative",
    np.negative,
    vjps=(lambda g, y, x: -g,),
    meaning="-x",
    reads=("",),
    doc="Negation, yᵢ = −xᵢ.",
)

positive = elementwise(
    "positive",
    np.positive,
    vjps=(lambda g, y, x: g,),
    meaning="x",
    reads=("",),
    doc="A copy, yᵢ = xᵢ.",
    names=Names(numpy=("real", "conjugate", "copy"), methods=("copy",)),
)

square = elementwise(
    "square",
    np.square,
    vjps=(lambda g, y, x: g * (2 * x),),
    meaning="x**2",
    reads=("0",),
    doc="yᵢ = xᵢ².",
)

sqrt = elementwise(
    "sqrt",
    np.sqrt,
    vjps=(lambda g, y, x: g * (0.5 / y),),
    meaning="sqrt(x)",
    domain="positive",
    kinks="the derivative at 0 is infinite",
    notation=Notation("√", r"\sqrt"),
    reads=("y",),
    doc="Square root, yᵢ = √xᵢ.",
)

reciprocal = elementwise(
    "reciprocal",
    np.reciprocal,
    vjps=(lambda g, y, x: -g * y * y,),
    meaning="1/x",
    domain="nonzero",
    reads=("y",),
    doc="Reciprocal, yᵢ = 1 / xᵢ.",
)


def _power_base(g: Any, z: Any, x: Any, y: Any) -> Any:
    if isinstance(y, _NUMBERS):
        if y == 2:
            return g * (2 * x)
        return g * (y * x ** (y - 1)) if y != 0 else zeros_of(g)
    # Only 0⁰ needs care: its derivative is 0, but 0 · 0⁻¹ is not a number.
    safe = np.where((x == 0) & (y == 0), 1, x)
    return g * (y * safe ** (y - 1))


def _power_exponent(g: Any, z: Any, x: Any, y: Any) -> Any:
    if isinstance(x, _NUMBERS) and x > 0:
        return g * (z * math.log(x))
    # As x falls to 0, xʸ log x tends to 0 for y > 0, where the plain product is not a number.
    vanishing = np.logical_and(np.equal(x, 0), np.greater_equal(y, 0))
    return g * (z * np.log(np.where(vanishing, 1, x)))


power = elementwise(
    "power",
    operator.pow,
    vjps=(_power_base, _power_exponent),
    meaning="x**y",
    domain=("positive", "real"),
    kinks="0 to a power y ≥ 0 has derivative 0 in y; x⁰ has derivative 0 in x",
    doc="Power of elements, zᵢ = xᵢ^yᵢ.",
    names=Names(numpy=("float_power",)),
)
