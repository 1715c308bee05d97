"""The one place that loads SciPy, on first use."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

_FAR = 100


def scipy_special() -> Any:
    """The module ``scipy.special``."""
    return importlib.import_module("scipy.special")


def scipy_linalg() -> Any:
    """The module ``scipy.linalg``."""
    return importlib.import_module("scipy.linalg")


def scipy_polygamma(n: int, x: Any) -> Any:
    """SciPy's polygamma, which sums as many terms as a negative argument is large, without those.

    The sum over both sides of the axis has period 1, and what lies left of x is a polygamma at 1 − x.
    """
    polygamma, far = scipy_special().polygamma, np.less(x, -_FAR)
    if not np.any(far):
        return polygamma(n, x)
    with np.errstate(invalid="ignore"):
        part = x - np.floor(x)
    rest = polygamma(n, 1 - part) - polygamma(n, 1 - np.minimum(x, -_FAR))
    return np.where(far, polygamma(n, part) + (-1) ** (n + 1) * rest, polygamma(n, np.where(far, 1, x)))
