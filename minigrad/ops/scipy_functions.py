"""Special functions, under SciPy's names."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from minigrad.errors import ArgumentError
from minigrad.graph.call import array_or_tensor
from minigrad.graph.define import builtin_elementwise as elementwise
from minigrad.graph.operation import option
from minigrad.graph.public import public
from minigrad.graph.tensor import said
from minigrad.ops.precision import in_single
from minigrad.ops.scipy_loader import scipy_polygamma, scipy_special
from minigrad.primitive import Names

_TWO_OVER_ROOT_PI = 2 / math.sqrt(math.pi)

erf = elementwise(
    "special.erf",
    in_single(lambda x: scipy_special().erf(x)),
    vjps=(lambda g, y, x: g * (_TWO_OVER_ROOT_PI * np.exp(-x * x)),),
    meaning="erf(x)",
    doc="Error function, yᵢ = (2/√π) ∫₀^xᵢ exp(−t²) dt.",
)


def _polygamma(x: Any, *, n: int = 0) -> Any:
    y = scipy_special().digamma(x) if n == 0 else scipy_polygamma(n, x)
    return np.asarray(y, dtype=x.dtype if x.dtype.kind == "f" else float)


polygamma_of = elementwise(
    "special.polygamma",
    _polygamma,
    vjps=(lambda g, y, x, *, n: g * _polygamma_in_rules(x, n=n + 1),),
    meaning="polygamma(n, x)",
    domain="positive",
    doc="Derivative of order n + 1 of log Γ.",
    names=Names(methods=()),
)
_polygamma_in_rules: Any = array_or_tensor(polygamma_of)


@public("special.polygamma")
def polygamma(n: int, x: Any) -> Any:
    """Derivative of order n + 1 of log Γ, with SciPy's order of arguments."""
    n = option("special.polygamma", "order", n)
    try:
        order = operator.index(n)
    except TypeError:
        order = -1
    if order < 0:
        raise ArgumentError(f"special.polygamma: the order is a whole number from 0 on, not {said(n)}")
    return polygamma_of(x, n=order)


digamma = elementwise(
    "special.digamma",
    in_single(lambda x: scipy_special().digamma(x)),
    vjps=(lambda g, y, x: g * _polygamma_in_rules(x, n=1),),
    meaning="polygamma(0, x)",
    domain="positive",
    doc="Logarithmic derivative of the Γ function, yᵢ = Γ′(xᵢ) / Γ(xᵢ).",
)

gammaln = elementwise(
    "special.gammaln",
    in_single(lambda x: scipy_special().gammaln(x)),
    vjps=(lambda g, y, x: g * _polygamma_in_rules(x, n=0),),
    meaning="loggamma(x)",
    domain="positive",
    doc="Logarithm of the Γ function, yᵢ = log |Γ(xᵢ)|.",
)

xlogy = elementwise(
    "special.xlogy",
    in_single(lambda x, y: scipy_special().xlogy(x, y)),
    vjps=(
        # Where 0 log 0 counts as 0 its derivatives do too; elsewhere log 0 is infinite.
        lambda g, z, x, y: g * np.log(np.where(np.equal(x, 0) & np.less_equal(y, 0), 1, y)),
        lambda g, z, x, y: g * (x / np.where(np.equal(x, 0) & np.equal(y, 0), 1, y)),
    ),
    meaning="Piecewise((0, And(Eq(x, 0), y <= 0)), (x*log(y), True))",
    domain="positive",
    kinks="0 log 0 is 0, and so are its derivatives there",
    doc="zᵢ = xᵢ log yᵢ, 0 where xᵢ is 0.",
)
