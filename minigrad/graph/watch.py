"""Finding the first NaN or infinity, for ``debug_nans``."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from minigrad.errors import NonFiniteError
from minigrad.graph.node import Node
from minigrad.primitive import Primitive

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


def user_line() -> str:
    """The innermost line of code outside minigrad and NumPy, as ``file:line``."""
    frame = sys._getframe(1)
    numpy_folder = os.path.dirname(np.__file__) + os.sep
    while frame is not None:
        file = frame.f_code.co_filename
        if not file.startswith((_PACKAGE, numpy_folder)):
            return f"{file}:{frame.f_lineno}"
        frame = frame.f_back  # type: ignore[assignment]
    return "<unknown>"


def bad_kind(array: Any) -> str:
    """Which of "NaN" and "infinity" an array holds, "" for neither."""
    values = np.asarray(array)
    if values.dtype.kind != "f" or np.isfinite(values).all():
        return ""
    return "NaN" if np.isnan(values).any() else "infinity"


def watch_forward(
    op: Primitive, inputs: Sequence[Any], arrays: Sequence[Any], params: Mapping[str, Any], y: Any
) -> None:
    """Raise when finite arguments made a result that is not finite."""
    kind = bad_kind(y)
    if kind:
        raise NonFiniteError(
            f"{op.name} made the first {kind}, at {user_line()}; its inputs were "
            f"{_ranges(inputs, arrays)}"
        )


def watch_backward(node: Node, position: int, arrays: Sequence[Any], c: Any) -> None:
    """Raise when a VJP made a cotangent that is not finite."""
    kind = bad_kind(c)
    if kind:
        raise NonFiniteError(
            f"the backward pass of {node.op.name}, run forward at "  # type: ignore[union-attr]
            f"{node.line or '<before debug_nans>'}, made the first {kind} in the cotangent of "
            f"argument {position + 1}; its inputs were {_ranges(node.inputs, arrays)}"
        )


def _ranges(inputs: Sequence[Any], arrays: Sequence[Any]) -> str:
    return ", ".join(_range(x, a) for x, a in zip(inputs, arrays, strict=True)) or "none"


def _range(x: Any, array: Any) -> str:
    label = getattr(x, "name", None)
    prefix = f"{label} " if isinstance(label, str) else ""
    if array is None or not isinstance(array, np.ndarray):
        return f"{prefix}{array}"
    if array.size == 0:
        return f"{prefix}empty of shape {array.shape}"
    if array.dtype.kind not in "fiu":
        return f"{prefix}{array.dtype} of shape {array.shape}"
    with np.errstate(all="ignore"):
        low, high = np.min(array), np.max(array)
    return f"{prefix}shape {array.shape} in [{low:.4g}, {high:.4g}]"
