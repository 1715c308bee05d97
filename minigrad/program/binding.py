"""Arrays bound to the variables of a formula, and their lengths to its dims."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from minigrad.errors import ArgumentError, ShapeError
from minigrad.graph import Tensor
from minigrad.index.affine import AffineRelation, OneHot, Slice
from minigrad.index.expr import Expr, Leaf, postorder
from minigrad.index.size import AnySize, Size, value_of
from minigrad.symbolic.lower import Lowered


def bound(lowered: Lowered, given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, int]]:
    """Arrays of the variables and sizes of dims, from what is given and what the graph holds."""
    values = dict(lowered.values())
    own: dict[str, int] = {}
    open_sizes: list[tuple[str, int, AnySize, int]] = []
    for name, value in given.items():
        if name not in lowered.leaves:
            length = _whole(value)
            if length is not None:
                own[name] = length
            continue
        array = value.numpy() if isinstance(value, Tensor) else np.asarray(value)
        node, _ = lowered.leaves[name]
        if array.ndim != len(node.shape):
            raise ShapeError(
                f"{name}: the formula needs {len(node.shape)} axes, got shape {array.shape}"
            )
        values[name] = lowered.leaf_array(name, array)
        sizes = zip(lowered.views[node].sizes, array.shape, strict=True)
        open_sizes += [(name, axis, size, length) for axis, (size, length) in enumerate(sizes)]
    held = lowered.sizes or {}
    return values, {**held, **_measured(open_sizes, own, held)}


def _whole(value: Any) -> int | None:
    """A number that may be a size; what is none is given for something else."""
    array = np.asarray(value.numpy() if isinstance(value, Tensor) else value)
    return int(array) if array.ndim == 0 and array.dtype.kind in "iuf" and array == np.floor(array) < np.inf else None


def _measured(
    found: Sequence[tuple[str, int, AnySize, int]], known: dict[str, int], held: Mapping[str, int]
) -> dict[str, int]:
    """What the dims measure, given the lengths of axes; polynomials of dims come after plain dims.

    What ``held`` arrays say of a dim counts where no length does.
    """
    for name, _, size, length in found:
        label = size.name if isinstance(size, Size) else None
        if label is not None and known.setdefault(label, length) != length:
            raise ShapeError(
                f"{name}: dim {label!r} is {length} here and {known[label]} in another array"
            )
    for name, axis, size, length in found:
        if isinstance(size, Size) and (solved := size.solved(length, known)) is not None:
            known.update(solved)
        missing = size.names() - known.keys() if isinstance(size, Size) else set()
        known.update({dim: held[dim] for dim in missing & held.keys()})
        missing -= held.keys()
        if missing or value_of(size, known) != length:
            cause = f"and no array says what {', '.join(sorted(missing))} is" if missing else ""
            raise ShapeError(
                f"{name}: axis {axis} has size {size} in the formula, got {length} {cause}".rstrip()
            )
    return known


def check_sizes(exprs: tuple[Expr, ...], sizes: Mapping[str, int]) -> None:
    """Dims without a number, and places that lie outside for these sizes."""
    dims, chosen = _demands(exprs)
    missing = sorted(dims - sizes.keys())
    if missing:
        name = missing[0]
        raise ArgumentError(
            f"the size of {', '.join(map(repr, missing))} is not known from the arrays given; pass it as a "
            f"number, {name}=4"
        )
    for node in chosen:
        if node.form is None:
            _refuse_lack_of_windows(node, sizes)
            continue
        whole = value_of(node.sizes[-1], sizes)
        start = value_of(node.constant, sizes)
        step = node.form.step if isinstance(node.form, Slice) else 1
        count = value_of(node.sizes[0], sizes) if isinstance(node.form, Slice) else 1
        last = start + step * (count - 1)
        if count < 1 or not (min(start, last) >= 0 and max(start, last) < whole):
            what = f"places {start} to {last}" if count > 1 else f"place {start}"
            raise ShapeError(
                f"the formula reads {what} of an axis of size {node.sizes[-1]}, which is {whole} here; give "
                "longer arrays"
            )


def sizes_asked(exprs: tuple[Expr, ...]) -> set[str]:
    """The dims that must have numbers."""
    return _demands(exprs)[0]


def _refuse_lack_of_windows(node: AffineRelation, sizes: Mapping[str, int]) -> None:
    for size in node.sizes:
        if value_of(size, sizes) < 1:
            raise ShapeError(
                f"the formula runs over {size} windows of an axis of size {node.sizes[-1]}, which are "
                f"{value_of(size, sizes)} here; give longer arrays"
            )


@lru_cache(maxsize=64)
def _demands(exprs: tuple[Expr, ...]) -> tuple[set[str], tuple[AffineRelation, ...]]:
    """The dims that must have numbers, and the nodes that say which places are read."""
    dims: set[str] = set()
    chosen: list[AffineRelation] = []
    for node in postorder(*exprs):
        sizes: list[object] = list(node.sizes)
        if isinstance(node, Leaf) and node.kind == "size":
            dims.add(node.name)
        if isinstance(node, AffineRelation):
            sizes += [*node.coefs, node.constant]
            if node.form is None or isinstance(node.form, Slice | OneHot):
                chosen.append(node)
        dims.update(*(size.names() for size in sizes if isinstance(size, Size)))
    return dims, tuple(chosen)
