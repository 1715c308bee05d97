"""What a card says when one points at it: value and gradient."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.graph.node import Node

_SHOWN = 12


def tooltip(node: Node, name: str) -> str:
    """Name, operation, shape and dims of a tensor; its value and gradient where it has them."""
    what = "leaf" if node.op is None else node.op.name
    shape = ", ".join(str(size) for size in node.shape)
    dims = f" [{' '.join(label or '·' for label in node.dims)}]" if node.dims else ""
    lines = [f"{name}: {what}, shape ({shape}){dims}, {node.dtype}"]
    saved = node.saved[0] if node.saved else None
    value = node.value if node.value is not None else saved
    gradient = getattr(node.grad, "_array", None)
    for label, array in (("value", value), ("gradient", gradient)):
        if array is not None:
            lines.append(f"{label}: {summary(array)}")
    return "\n".join(lines)


def summary(value: Any) -> str:
    """A few numbers as they are, many as their least, mean and greatest."""
    array = np.asarray(value)
    if array.size <= _SHOWN:
        return str(np.array2string(array, precision=4, suppress_small=True))
    if not np.issubdtype(array.dtype, np.number) or np.iscomplexobj(array):
        return f"{array.size} elements of {array.dtype}"
    with np.errstate(all="ignore"):
        low, mean, high = (float(f(array)) for f in (np.min, np.mean, np.max))
    return f"min {low:.4g}, mean {mean:.4g}, max {high:.4g}"
