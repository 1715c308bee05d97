"""Differences of the meaning at 50 digits: they judge the derivation and leave no doubt of tolerance."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.checking.ground import Ground
from minigrad.checking.report import Comparison
from minigrad.index.expr import Expr, Map, Product, Sum, postorder
from minigrad.symbolic.arithmetic import DIGITS_50, mpmath

AT_50 = "meaning at 50 digits"
_STEP = "1e-25"
_TOLERANCE = 1e-20
# Constants that are typed as floats, 0.044715, have the 16 digits of a float wherever they are combined.
_WITH_FLOATS = 1e-12
# About a tenth of a second per value in mpmath.
MOST_OPERATIONS = 60_000


def proof_at_50(ground: Ground, k: int, formula: str, quantity: str) -> Comparison:
    """The formula against central differences of the meaning along one random direction."""
    mp = mpmath()
    rng = np.random.default_rng(k)
    values = {name: lifted(array) for name, array in ground.values.items()}
    c = lifted(ground.c)
    x = ground.point(DIGITS_50, values, k)
    d = lifted(rng.normal(size=x.shape))
    h = mp.mpf(_STEP)
    above, below = (ground.value(DIGITS_50, values, k, x + s * d, c) for s in (h, -h))
    measured = (above - below) / (2 * h)
    parts = ground.gradient(DIGITS_50, values, k, c) * d
    derived = np.sum(parts)
    size = max(float(np.sum(np.abs(parts))), abs(float(measured)), float(abs(above)) * 1e-6)
    exprs = [ground.output, ground.subject.formulas[k]]
    tolerance = _WITH_FLOATS if any(has_floats(e) for e in exprs if e is not None) else _TOLERANCE
    error = float(abs(derived - measured)) / (size or 1.0)
    if not np.isfinite(error):
        return Comparison(formula, AT_50, quantity, error, tolerance, "not finite", "inconclusive")
    verdict = "pass" if error <= tolerance else "fail"
    return Comparison(formula, AT_50, quantity, error, tolerance, "", verdict)  # type: ignore[arg-type]


def lifted(array: Any) -> Any:
    """An array of mpmath numbers, each exactly the given double; integers stay what they are."""
    array = np.asarray(array)
    if array.dtype.kind != "f":
        return array.astype(object) if array.dtype.kind == "i" else array
    mpf = mpmath().mpf
    out = np.empty(array.shape, dtype=object)
    for place in np.ndindex(array.shape):
        out[place] = mpf(float(array[place]))
    return out


def has_floats(root: Expr) -> bool:
    """Whether a constant of the expression was typed with a decimal point."""
    for node in postorder(root):
        if isinstance(node, Product) and isinstance(node.coef, float):
            return True
        if isinstance(node, Sum) and any(isinstance(c, float) for c, _ in node.terms):
            return True
        if isinstance(node, Map) and (
            "." in node.head.text or any(isinstance(v, float) for _, v in node.head.params)
        ):
            return True
    return False
