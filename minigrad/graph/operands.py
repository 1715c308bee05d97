"""How errors speak of what an operation was given."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.graph.dims import Dim
from minigrad.graph.tensor import Tensor, labelled


def operands(inputs: tuple[Any, ...], nothing: bool = False) -> str:
    """Operands with their names, labelled shapes and dtypes; None is shown if it may be at fault."""
    return " and ".join(_operand(x) for x in inputs if nothing or x is not None)


def _operand(x: Any) -> str:
    if isinstance(x, Tensor):
        return f"{x.name or 'tensor'} {labelled(x)} {x.dtype}"
    if isinstance(x, Dim):
        return f"{x.name}={int(x)}"
    if isinstance(x, np.ndarray | np.generic):
        return f"array {x.shape} {x.dtype}"
    if isinstance(x, list | tuple) and any(isinstance(part, Tensor | np.ndarray) for part in x):
        return operands(tuple(x))
    return f"{type(x).__name__} {x!r}"[:80]
