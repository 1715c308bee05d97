"""Elementwise functions by what they mean: those that array libraries have under a name.

A head is recognised by its SymPy meaning, never by its row's name, so a user's own row with a known
meaning gets the known, stable function.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any, NamedTuple, TypeGuard

from minigrad.index import heads
from minigrad.index.expr import Expr, Head, Map, Ref

# name -> meaning in x, y, z; the names are NumPy's where it has the function
MEANINGS = {
    "exp": "exp(x)",
    "expm1": "exp(x) - 1",
    "exp2": "2**x",
    "log": "log(x)",
    "log1p": "log(1 + x)",
    "log2": "log(x)/log(2)",
    "log10": "log(x)/log(10)",
    "logaddexp": "log(exp(x) + exp(y))",
    "sigmoid": "1/(1 + exp(-x))",
    "softplus": "log(1 + exp(x))",
    "sin": "sin(x)",
    "cos": "cos(x)",
    "tan": "tan(x)",
    "arcsin": "asin(x)",
    "arccos": "acos(x)",
    "arctan": "atan(x)",
    "arctan2": "atan2(x, y)",
    "sinh": "sinh(x)",
    "cosh": "cosh(x)",
    "tanh": "tanh(x)",
    "arcsinh": "asinh(x)",
    "arccosh": "acosh(x)",
    "arctanh": "atanh(x)",
    "abs": "Abs(x)",
    "sign": "sign(x)",
    "floor": "floor(x)",
    "ceil": "ceiling(x)",
    "maximum": "Max(x, y)",
    "minimum": "Min(x, y)",
    "power": "x**y",
    "heaviside": "Heaviside(x, Rational(1, 2))",
    "erf": "erf(x)",
    "erfc": "erfc(x)",
    "gammaln": "loggamma(x)",
    "digamma": "polygamma(0, x)",
    "rint": (
        "floor(x + Rational(1, 2))"
        " - Piecewise((1, Eq(x + Rational(1, 2), 2*floor(x/2 + Rational(1, 4)) + 1)), (0, True))"
    ),
    "clip": "Piecewise((z, Or(x > z, y > z)), (y, x < y), (x, True))",
    "nan_to_num": (
        "Piecewise((x, Ne(isfinite(x), 0)), (1.7976931348623157e+308, x > 0),"
        " (-1.7976931348623157e+308, x < 0), (0, True))"
    ),
    "sinc": "Piecewise((1, Eq(x, 0)), (sin(pi*x)/(pi*x), True))",
}
# Those that are no function of NumPy's own, but of scipy.special.
OF_SCIPY = ("erf", "erfc", "gammaln", "digamma")


class Comparison(NamedTuple):
    """What a comparison of x with y means, its sign, its negation, and itself with y on the left."""

    meaning: str
    sign: str
    negated: str
    mirrored: str


COMPARISONS = {
    "greater": Comparison("x > y", ">", "less_equal", "less"),
    "greater_equal": Comparison("x >= y", ">=", "less", "less_equal"),
    "less": Comparison("x < y", "<", "greater_equal", "greater"),
    "less_equal": Comparison("x <= y", "<=", "greater", "greater_equal"),
    "equal": Comparison("Eq(x, y)", "==", "not_equal", "equal"),
    "not_equal": Comparison("Ne(x, y)", "!=", "equal", "not_equal"),
}
# Functions whose results are truth values, by what their meaning may look like.
TRUTHS = {
    **{
        name: (c.meaning, f"Piecewise((1, {c.meaning}), (0, True))")
        for name, c in COMPARISONS.items()
    },
    "logical_and": ("And(x, y)",),
    "logical_or": ("Or(x, y)",),
    "logical_not": ("Not(x)",),
    "isfinite": ("isfinite(x)",),
}
_CHOICES = ("Piecewise((y, x), (z, True))", "Piecewise((y, Ne(x, 0)), (z, True))")
CHOICE = "where"
POLYGAMMA = "polygamma of order "  # and the order
LOGICAL = ("logical_and", "logical_or", "logical_not")

SIGMOID = Head("sigmoid", MEANINGS["sigmoid"])
SOFTPLUS = Head("softplus", MEANINGS["softplus"])
LOG1P = Head("log1p", MEANINGS["log1p"])
EXPM1 = Head("expm1", MEANINGS["expm1"])
MAXIMUM, MINIMUM = Head("maximum", MEANINGS["maximum"]), Head("minimum", MEANINGS["minimum"])
HEAVISIDE = Head("heaviside", MEANINGS["heaviside"])
EXP, LOG = Head("exp", MEANINGS["exp"]), Head("log", MEANINGS["log"])
ABS, SIGN = Head("abs", MEANINGS["abs"]), Head("sign", MEANINGS["sign"])
ERFC, COSH = Head("erfc", MEANINGS["erfc"]), Head("cosh", MEANINGS["cosh"])


@cache
def _by_meaning() -> dict[Any, str]:
    table = {heads.expression(Head(name, text)): name for name, text in MEANINGS.items()}
    for name, texts in {**TRUTHS, CHOICE: _CHOICES}.items():
        table |= {heads.expression(Head(name, text)): name for text in texts}
    table[heads.expression(Head("relu", "Max(0, x)"))] = "relu"
    return table


@lru_cache(heads.KEPT)
def named_function(head: Head) -> str | None:
    """The name of the function that the head is, or None when it is made of several."""
    expr = heads.expression(head)
    if isinstance(expr, heads.sympy().polygamma) and expr.args[0].is_Integer and expr.args[0] > 0:
        return f"{POLYGAMMA}{expr.args[0]}"
    return _by_meaning().get(expr)


def is_head(head: Head, name: str) -> bool:
    """Whether the head means the function of that name."""
    return named_function(head) == name


def bare(node: Expr) -> Expr:
    """The node behind its names."""
    while isinstance(node, Ref):
        node = node.node
    return node


def is_call(node: Expr, name: str) -> TypeGuard[Map]:
    return isinstance(node, Map) and is_head(node.head, name)
