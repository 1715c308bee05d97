"""Comparisons and logic: recorded on the graph, constant almost everywhere, hence without VJPs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad.graph.define import builtin_elementwise as elementwise
from minigrad.primitive import Names


def _constant(
    name: str, ufunc: Any, meaning: str, doc: str, *bitwise: str
) -> Callable[..., Any]:
    rules = (None,) * ufunc.nin
    return elementwise(name, ufunc, rules, meaning, doc=doc, names=Names(numpy=bitwise))


greater = _constant("greater", np.greater, "x > y", "Whether xᵢ > yᵢ.")
greater_equal = _constant("greater_equal", np.greater_equal, "x >= y", "Whether xᵢ ≥ yᵢ.")
less = _constant("less", np.less, "x < y", "Whether xᵢ < yᵢ.")
less_equal = _constant("less_equal", np.less_equal, "x <= y", "Whether xᵢ ≤ yᵢ.")
equal = _constant("equal", np.equal, "Eq(x, y)", "Whether xᵢ = yᵢ.")
not_equal = _constant("not_equal", np.not_equal, "Ne(x, y)", "Whether xᵢ ≠ yᵢ.")
logical_and = _constant("logical_and", np.logical_and, "And(x, y)", "Whether both hold.", "bitwise_and")
logical_or = _constant("logical_or", np.logical_or, "Or(x, y)", "Whether one holds.", "bitwise_or")
logical_not = _constant("logical_not", np.logical_not, "Not(x)", "Whether it does not hold.", "invert")
