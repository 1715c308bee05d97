"""Numbers that the caller brings: each must fit the variable whose name it has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

import numpy as np

from minigrad.errors import ArgumentError, DtypeError, ShapeError
from minigrad.graph import Node, Tensor
from minigrad.index.size import Size


def bound(
    leaves: Sequence[Node], names: Mapping[Node, str], given: Mapping[str, Any]
) -> tuple[dict[Node, Any], dict[str, int]]:
    """The arrays by variable, real ones in double precision, and the sizes of dims that they imply.

    Raises
    ------
    ArgumentError
        When no variable has a name that is given.
    DtypeError
        When an array holds what is no number, or no whole number where one is needed.
    ShapeError
        When an array does not fit its variable, or two of them give one dim two sizes.
    """
    by_name = {names[node]: node for node in leaves}
    arrays: dict[Node, Any] = {}
    sizes: dict[str, tuple[int, str]] = {}
    for name, value in given.items():
        node = by_name.get(name)
        if node is None:
            near = get_close_matches(str(name), by_name, n=1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise ArgumentError(
                f"check: given names {name!r}, which is no variable of this graph; {hint}variables are "
                f"{', '.join(by_name)}"
            )
        arrays[node] = _fitting(name, node, value, sizes)
    return arrays, {name: length for name, (length, _) in sizes.items()}


def _fitting(name: str, node: Node, value: Any, sizes: dict[str, tuple[int, str]]) -> Any:
    array = np.asarray(value.numpy() if isinstance(value, Tensor) else value)
    if array.dtype.kind not in "biuf" or (node.dtype.kind in "biu" and array.dtype.kind == "f"):
        wanted = "real numbers" if node.dtype.kind == "f" else "whole numbers"
        raise DtypeError(f"check: given[{name!r}] holds {array.dtype}; {name} takes {wanted}")
    wanted_shape = " ".join(map(str, node.shape)) or "a scalar"
    mismatch = ShapeError(
        f"check: given[{name!r}] has shape {array.shape}; {name} has the shape ({wanted_shape})"
    )
    if array.ndim != len(node.shape):
        raise mismatch
    for size, length in zip(node.shape, array.shape, strict=True):
        if isinstance(size, Size) and size.name is not None:
            known, owner = sizes.setdefault(size.name, (length, name))
            if known != length:
                raise ShapeError(
                    f"check: the dim {size.name} is {known} in given[{owner!r}] and {length} in "
                    f"given[{name!r}]; give both one size"
                )
        elif not isinstance(size, Size) and size != length:
            raise mismatch
    return array.astype(np.float64) if node.dtype.kind == "f" else array
