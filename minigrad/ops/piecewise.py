"""Functions put together from pieces, with the choice made at each joint."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minigrad.errors import ShapeError
from minigrad.graph.call import Call, face
from minigrad.graph.define import builtin_elementwise as elementwise
from minigrad.graph.operation import apply
from minigrad.graph.tensor import Tensor
from minigrad.ops.axes import plain, zeros_of
from minigrad.primitive import Names, Notation

_LARGEST = float(np.finfo(np.float64).max)
_STEP = "the derivative is 0, also at the jumps"

abs = elementwise(
    "abs",
    np.abs,
    vjps=(lambda g, y, x: g * np.sign(x),),
    meaning="Abs(x)",
    domain="nonzero",
    kinks="the derivative at 0 is 0",
    notation=Notation("|·|", r"\left|\cdot\right|"),
    reads=("0",),
    doc="Absolute value, yᵢ = |xᵢ|.",
    names=Names(numpy=("fabs",)),
)


def _zero(g: Any, y: Any, *args: Any) -> Any:
    return zeros_of(g)


sign = elementwise(
    "sign",
    np.sign,
    vjps=(_zero,),
    meaning="sign(x)",
    domain="nonzero",
    kinks=_STEP,
    reads=("",),
    doc="Sign, yᵢ = sign xᵢ.",
)

floor = elementwise(
    "floor",
    np.floor,
    vjps=(_zero,),
    meaning="floor(x)",
    domain="noninteger",
    kinks=_STEP,
    doc="Largest integer not above, yᵢ = ⌊xᵢ⌋.",
)

ceil = elementwise(
    "ceil",
    np.ceil,
    vjps=(_zero,),
    meaning="ceiling(x)",
    domain="noninteger",
    kinks=_STEP,
    doc="Smallest integer not below, yᵢ = ⌈xᵢ⌉.",
)

rint = elementwise(
    "rint",
    np.rint,
    vjps=(_zero,),
    # a half is rounded up by the floor, and down again where that gave an odd number
    meaning=(
        "floor(x + Rational(1, 2))"
        " - Piecewise((1, Eq(x + Rational(1, 2), 2*floor(x/2 + Rational(1, 4)) + 1)), (0, True))"
    ),
    domain="noninteger",
    kinks=_STEP,
    reads=("",),
    doc="Nearest integer; halves go to the even neighbour.",
)

floor_divide = elementwise(
    "floor_divide",
    np.floor_divide,
    vjps=(_zero, _zero),
    meaning="floor(x/y)",
    domain=("noninteger", "large"),
    kinks=_STEP,
    reads=("", ""),
    doc="Quotient rounded down, zᵢ = ⌊xᵢ / yᵢ⌋.",
)

trunc = elementwise(
    "trunc",
    np.trunc,
    vjps=(_zero,),
    meaning="sign(x)*floor(Abs(x))",
    domain="noninteger",
    kinks=_STEP,
    doc="Integer part, yᵢ = xᵢ rounded towards 0.",
    names=Names(numpy=("fix",)),
)


def _share(g: Any, wins: Any, ties: Any) -> Any:
    return np.where(ties, g * 0.5, np.where(wins, g, np.zeros((), g.dtype)))


_TIES = "where both are equal each receives half of the gradient"

maximum = elementwise(
    "maximum",
    np.maximum,
    vjps=(
        lambda g, z, x, y: _share(g, np.greater(x, y), np.equal(x, y)),
        lambda g, z, x, y: _share(g, np.less(x, y), np.equal(x, y)),
    ),
    meaning="Max(x, y)",
    kinks=_TIES,
    masks=True,
    doc="The larger element, zᵢ = max(xᵢ, yᵢ).",
)

minimum = elementwise(
    "minimum",
    np.minimum,
    vjps=(
        lambda g, z, x, y: _share(g, np.less(x, y), np.equal(x, y)),
        lambda g, z, x, y: _share(g, np.greater(x, y), np.equal(x, y)),
    ),
    meaning="Min(x, y)",
    kinks=_TIES,
    masks=True,
    doc="The smaller element, zᵢ = min(xᵢ, yᵢ).",
)


_choice = elementwise(
    "where",
    np.where,
    vjps=(
        _zero,
        lambda g, z, x, y, w: np.where(x, g, np.zeros((), g.dtype)),
        lambda g, z, x, y, w: np.where(x, np.zeros((), g.dtype), g),
    ),
    meaning="Piecewise((y, Ne(x, 0)), (z, True))",
    domain=("bool", "real", "real"),
    kinks="the branch that is not taken receives 0, also where its own derivative is not finite; "
    "the derivative in the condition is 0",
    masks=True,
    doc="Choice of elements, yᵢ where the condition xᵢ holds and zᵢ elsewhere.",
    names=Names(methods=()),  # PyTorch's x.where(condition, y) has the arguments in another order.
)


@face(_choice)
def where(condition: Any, x: Any = None, y: Any = None, /) -> Any:
    """Choice of elements, xᵢ where the condition holds and yᵢ elsewhere.

    With the condition alone, the places where it holds as plain arrays, as ``np.nonzero``.
    """
    if x is None and y is None:
        if not np.ndim(plain(condition)):
            raise ShapeError("where: a single number has no places; pass x and y, or an array")
        return np.nonzero(plain(condition))
    return apply(_choice.primitive, (condition, x, y), {})  # type: ignore[attr-defined]


def _bound(limit: Any, otherwise: float) -> Any:
    return otherwise if limit is None else limit


def _clip_x(g: Any, c: Any, x: Any, y: Any = None, z: Any = None) -> Any:
    y, z = _bound(y, -math.inf), _bound(z, math.inf)
    inside = np.logical_and(np.greater_equal(x, y), np.less_equal(x, z))
    return np.where(inside, g, np.zeros((), g.dtype))


def _clip_low(g: Any, c: Any, x: Any, y: Any = None, z: Any = None) -> Any:
    taken = np.logical_and(np.less(x, y), np.less_equal(y, _bound(z, math.inf)))
    return np.where(taken, g, np.zeros((), g.dtype))


def _clip_high(g: Any, c: Any, x: Any, y: Any = None, z: Any = None) -> Any:
    taken = np.greater(np.maximum(x, y) if y is not None else x, z)
    return np.where(taken, g, np.zeros((), g.dtype))


def _clip_signature(
    a: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None
) -> Call:
    low, high = a_min if min is None else min, a_max if max is None else max
    return (a, low, high), {}


clip = elementwise(
    "clip",
    np.clip,
    vjps=(_clip_x, _clip_low, _clip_high),
    meaning="Piecewise((z, Or(x > z, y > z)), (y, x < y), (x, True))",
    kinks="at a bound the gradient goes to the element, not to the bound",
    masks=True,
    optional=True,
    signature=_clip_signature,
    doc="Elements kept between bounds, min(max(xᵢ, yᵢ), zᵢ); a bound may be None.",
)

copysign = elementwise(
    "copysign",
    np.copysign,
    vjps=(
        lambda g, z, x, y: g * (np.sign(x) * np.copysign(1, y)),
        _zero,
    ),
    meaning="Abs(x)*Piecewise((1, y >= 0), (-1, True))",
    domain="nonzero",
    kinks="the derivative at x = 0 is 0; in y it is 0 everywhere",
    doc="The size of one with the sign of the other, zᵢ = |xᵢ| sign yᵢ.",
)


remainder = elementwise(
    "remainder",
    np.remainder,
    vjps=(lambda g, z, x, y: g, lambda g, z, x, y: -g * np.floor(x / y)),
    meaning="x - y*floor(x/y)",
    domain=("noninteger", "large"),
    kinks="at the jumps the derivatives are those of the piece above",
    doc="Remainder with the sign of the divisor, zᵢ = xᵢ − yᵢ ⌊xᵢ / yᵢ⌋.",
)

fmod = elementwise(
    "fmod",
    np.fmod,
    vjps=(lambda g, z, x, y: g, lambda g, z, x, y: -g * np.trunc(x / y)),
    meaning="x - y*sign(x/y)*floor(Abs(x/y))",
    domain=("noninteger", "large"),
    kinks="at the jumps the derivatives are those of the piece towards 0",
    doc="Remainder with the sign of the dividend, zᵢ = xᵢ − yᵢ trunc(xᵢ / yᵢ).",
)


def _finite(x: Any) -> Any:
    return np.isfinite(x._array if isinstance(x, Tensor) else x)


def _nan_to_num_meaning(*, nan: float, posinf: float | None, neginf: float | None) -> str:
    """What is not given is the largest number of float64, in which formulas are computed."""
    top = repr(_LARGEST) if posinf is None else "posinf"
    bottom = repr(-_LARGEST) if neginf is None else "neginf"
    return f"Piecewise((x, Ne(isfinite(x), 0)), ({top}, x > 0), ({bottom}, x < 0), (nan, True))"


nan_to_num = elementwise(
    "nan_to_num",
    np.nan_to_num,
    params={"nan": 0.0, "posinf": None, "neginf": None},
    vjps=(lambda g, y, x, **limits: np.where(_finite(x), g, np.zeros((), g.dtype)),),
    meaning=_nan_to_num_meaning,
    kinks="where the element is not finite the derivative is 0",
    masks=True,
    signature=lambda x, copy=True, nan=0.0, posinf=None, neginf=None: (
        (x,),
        {"nan": nan, "posinf": posinf, "neginf": neginf},
    ),
    doc="NaN and infinities replaced by numbers.",
)
