"""Elementary functions of one element: exponentials, logarithms, angles."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minigrad.graph.define import builtin_elementwise as elementwise
from minigrad.ops.precision import in_single
from minigrad.primitive import Names

_LN2 = math.log(2)
_LN10 = math.log(10)

exp = elementwise(
    "exp",
    np.exp,
    vjps=(lambda g, y, x: g * y,),
    meaning="exp(x)",
    reads=("y",),
    doc="Exponential, yᵢ = exp xᵢ.",
)

exp2 = elementwise(
    "exp2",
    np.exp2,
    vjps=(lambda g, y, x: g * (y * _LN2),),
    meaning="2**x",
    reads=("y",),
    doc="Power of two, yᵢ = 2^xᵢ.",
)

expm1 = elementwise(
    "expm1",
    np.expm1,
    vjps=(lambda g, y, x: g * np.exp(x),),
    meaning="exp(x) - 1",
    reads=("0",),
    doc="yᵢ = exp xᵢ − 1, precise near 0.",
)

log = elementwise(
    "log",
    np.log,
    vjps=(lambda g, y, x: g / x,),
    meaning="log(x)",
    domain="positive",
    reads=("0",),
    doc="Natural logarithm, yᵢ = log xᵢ.",
)

log2 = elementwise(
    "log2",
    np.log2,
    vjps=(lambda g, y, x: g / _LN2 / x,),
    meaning="log(x)/log(2)",
    domain="positive",
    reads=("0",),
    doc="Logarithm to base two, yᵢ = log₂ xᵢ.",
)

log10 = elementwise(
    "log10",
    np.log10,
    vjps=(lambda g, y, x: g / _LN10 / x,),
    meaning="log(x)/log(10)",
    domain="positive",
    reads=("0",),
    doc="Logarithm to base ten, yᵢ = log₁₀ xᵢ.",
)

log1p = elementwise(
    "log1p",
    np.log1p,
    vjps=(lambda g, y, x: g / (1 + x),),
    meaning="log(1 + x)",
    domain="positive",
    reads=("0",),
    doc="yᵢ = log(1 + xᵢ), precise near 0.",
)

sin = elementwise(
    "sin",
    np.sin,
    vjps=(lambda g, y, x: g * np.cos(x),),
    meaning="sin(x)",
    reads=("0",),
    doc="Sine, yᵢ = sin xᵢ.",
)

cos = elementwise(
    "cos",
    np.cos,
    vjps=(lambda g, y, x: -g * np.sin(x),),
    meaning="cos(x)",
    reads=("0",),
    doc="Cosine, yᵢ = cos xᵢ.",
)

tan = elementwise(
    "tan",
    np.tan,
    vjps=(lambda g, y, x: g * (1 + y * y),),
    meaning="tan(x)",
    domain="(-1, 1)",
    reads=("y",),
    doc="Tangent, yᵢ = tan xᵢ.",
)

arcsin = elementwise(
    "arcsin",
    np.arcsin,
    vjps=(lambda g, y, x: g / np.sqrt(1 - x * x),),
    meaning="asin(x)",
    domain="(-1, 1)",
    doc="Inverse sine, yᵢ = arcsin xᵢ.",
)

arccos = elementwise(
    "arccos",
    np.arccos,
    vjps=(lambda g, y, x: -g / np.sqrt(1 - x * x),),
    meaning="acos(x)",
    domain="(-1, 1)",
    doc="Inverse cosine, yᵢ = arccos xᵢ.",
)

arctan = elementwise(
    "arctan",
    np.arctan,
    vjps=(in_single(lambda g, y, x: g / (1 + x * x)),),
    meaning="atan(x)",
    doc="Inverse tangent, yᵢ = arctan xᵢ.",
)


def _angle_slope(part: Any, x: Any, y: Any) -> Any:
    """Part / (x² + y²), 0 at the origin; squares would overflow long before the quotient does."""
    length = np.hypot(x, y)
    safe = np.where(np.equal(length, 0), 1, length)
    return part / safe / safe


arctan2 = elementwise(
    "arctan2",
    np.arctan2,
    vjps=(
        lambda g, z, x, y: g * _angle_slope(y, x, y),
        lambda g, z, x, y: -g * _angle_slope(x, x, y),
    ),
    meaning="atan2(x, y)",
    domain=("real", "positive"),
    kinks="both derivatives at the origin are 0; the angle jumps by 2π across the negative half of "
    "the second axis",
    doc="Angle of the point (yᵢ, xᵢ), zᵢ = atan2(xᵢ, yᵢ).",
)

sinh = elementwise(
    "sinh",
    np.sinh,
    vjps=(lambda g, y, x: g * np.cosh(x),),
    meaning="sinh(x)",
    reads=("0",),
    doc="Hyperbolic sine, yᵢ = sinh xᵢ.",
)

cosh = elementwise(
    "cosh",
    np.cosh,
    vjps=(lambda g, y, x: g * np.sinh(x),),
    meaning="cosh(x)",
    reads=("0",),
    doc="Hyperbolic cosine, yᵢ = cosh xᵢ.",
)

tanh = elementwise(
    "tanh",
    np.tanh,
    vjps=(lambda g, y, x: g - g * y * y,),
    meaning="tanh(x)",
    reads=("y",),
    doc="Hyperbolic tangent, yᵢ = tanh xᵢ.",
    names=Names(also=("nn.tanh",)),
)

arcsinh = elementwise(
    "arcsinh",
    np.arcsinh,
    vjps=(lambda g, y, x: g / np.hypot(x, np.ones((), x.dtype)),),
    meaning="asinh(x)",
    doc="Inverse hyperbolic sine, yᵢ = arsinh xᵢ.",
)

arccosh = elementwise(
    "arccosh",
    np.arccosh,
    vjps=(lambda g, y, x: g / (np.sqrt(x - 1) * np.sqrt(x + 1)),),
    meaning="acosh(x)",
    domain="above 1",
    doc="Inverse hyperbolic cosine, yᵢ = arcosh xᵢ.",
)

arctanh = elementwise(
    "arctanh",
    np.arctanh,
    vjps=(lambda g, y, x: g / (1 - x * x),),
    meaning="atanh(x)",
    domain="(-1, 1)",
    doc="Inverse hyperbolic tangent, yᵢ = artanh xᵢ.",
)

deg2rad = elementwise(
    "deg2rad",
    np.deg2rad,
    vjps=(lambda g, y, x: g * (math.pi / 180),),
    meaning="x*pi/180",
    reads=("",),
    doc="Degrees to radians, yᵢ = π xᵢ / 180.",
    names=Names(numpy=("radians",)),
)

rad2deg = elementwise(
    "rad2deg",
    np.rad2deg,
    vjps=(lambda g, y, x: g * (180 / math.pi),),
    meaning="x*180/pi",
    reads=("",),
    doc="Radians to degrees, yᵢ = 180 xᵢ / π.",
    names=Names(numpy=("degrees",)),
)


def _hypot_slope(g: Any, z: Any, part: Any) -> Any:
    return g * np.where(np.equal(z, 0), 0, part / np.where(np.equal(z, 0), 1, z))


hypot = elementwise(
    "hypot",
    np.hypot,
    vjps=(
        lambda g, z, x, y: _hypot_slope(g, z, x),
        lambda g, z, x, y: _hypot_slope(g, z, y),
    ),
    meaning="sqrt(x**2 + y**2)",
    domain=("positive", "real"),
    kinks="both derivatives at the origin are 0",
    doc="Length of the hypotenuse, zᵢ = √(xᵢ² + yᵢ²).",
)


def _weight(z: Any, x: Any) -> Any:
    """exp(x − z), which is 0 and not exp(−∞ + ∞) where both terms vanish."""
    return np.exp(x - np.where(np.equal(z, -math.inf), 0, z))


logaddexp = elementwise(
    "logaddexp",
    np.logaddexp,
    vjps=(
        lambda g, z, x, y: g * _weight(z, x),
        lambda g, z, x, y: g * _weight(z, y),
    ),
    meaning="log(exp(x) + exp(y))",
    kinks="both derivatives are 0 where both arguments are −∞",
    doc="zᵢ = log(exp xᵢ + exp yᵢ), without overflow.",
)


def _sinc_slope(x: Any) -> Any:
    """(cos πx − sinc x) / x, by its series near 0, where the quotient cancels."""
    near = np.less(np.abs(x), 1e-2)
    safe = np.where(near, 1, x)
    t = (math.pi * x) ** 2
    series = -(math.pi**2) * x * (1 / 3 - t / 30 + t**2 / 840 - t**3 / 45360)
    return np.where(near, series, (np.cos(math.pi * safe) - np.sinc(safe)) / safe)


sinc = elementwise(
    "sinc",
    in_single(np.sinc),
    vjps=(in_single(lambda g, y, x: g * _sinc_slope(x)),),
    meaning="Piecewise((1, Eq(x, 0)), (sin(pi*x)/(pi*x), True))",
    doc="yᵢ = sin(π xᵢ) / (π xᵢ), 1 at 0.",
)
