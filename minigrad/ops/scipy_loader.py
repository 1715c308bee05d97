"""The one place that loads SciPy, on first use."""

from __future__ import annotations

import importlib
from typing import Any


def scipy_special() -> Any:
    """The module ``scipy.special``."""
    return importlib.import_module("scipy.special")


def scipy_linalg() -> Any:
    """The module ``scipy.linalg``."""
    return importlib.import_module("scipy.linalg")
