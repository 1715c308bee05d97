"""Views under NumPy's other names, built of reshape, transpose, broadcasting and indexing."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad.errors import ArgumentError, KindError, ShapeError
from minigrad.graph.call import Call, worded
from minigrad.graph.create import as_tensor
from minigrad.graph.define import builtin_composite as composite
from minigrad.graph.define import builtin_primitive as primitive
from minigrad.graph.tensor import Tensor, describe, said
from minigrad.index.size import Size
from minigrad.ops import meanings as meaning
from minigrad.ops.axes import (
    check_room,
    extent,
    is_symbolic,
    many_axes,
    ndim_of,
    one_axis,
    parted,
    plain,
    shape_of,
)
from minigrad.ops.options import whole
from minigrad.ops.shape import broadcast_to, reshape, transpose
from minigrad.primitive import Names


def _expand_signature(a: Any, axis: Any) -> Call:
    count = len(axis) if isinstance(axis, tuple | list) else 1
    return (a,), {"axis": many_axes("expand_dims", axis, ndim_of(a) + count)}


expand_dims = primitive(
    "expand_dims",
    lambda x, *, axis=(): np.expand_dims(x, axis),
    vjps=(lambda g, y, x, *, axis: g.reshape(x.shape),),
    signature=_expand_signature,
    meaning=meaning.expand_dims,
    reads=("",),
    doc="New axes of size one.",
)


def _squeeze_signature(a: Any, axis: Any = None) -> Call:
    shape = shape_of(a)
    if axis is None:
        return (a,), {"axis": tuple(i for i, s in enumerate(shape) if s == 1)}
    axes = many_axes("squeeze", axis, len(shape))
    for i in axes:
        if shape[i] != 1:
            raise ShapeError(
                f"squeeze: axis {i} of {describe(a)} has size {shape[i]}; only axes of size one "
                "can be removed"
            )
    return (a,), {"axis": axes}


squeeze = primitive(
    "squeeze",
    lambda x, *, axis=(): np.squeeze(x, axis),
    vjps=(lambda g, y, x, *, axis: g.reshape(x.shape),),
    signature=_squeeze_signature,
    meaning=meaning.squeeze,
    reads=("",),
    doc="Axes of size one removed.",
)


@composite("ravel", names=Names(methods=("ravel", "flatten")))
def ravel(a: Any, order: str = "C") -> Any:
    """All elements along one axis; with ``order="F"`` the first index runs fastest."""
    return reshape(as_tensor(a, "ravel"), -1, order=order)


@composite("moveaxis")
def moveaxis(a: Any, source: Any, destination: Any) -> Any:
    """Axes moved to new places, the others in their order."""
    a = as_tensor(a, "moveaxis")
    sources = many_axes("moveaxis", source, a.ndim)
    places = many_axes("moveaxis", destination, a.ndim)
    if len(sources) != len(places):
        raise ArgumentError(f"moveaxis: {len(sources)} axes cannot move to {len(places)} places")
    order = [i for i in range(a.ndim) if i not in sources]
    for place, axis in sorted(zip(places, sources, strict=True)):
        order.insert(place, axis)
    return transpose(a, order)


@composite("atleast_1d")
def atleast_1d(*arys: Any) -> Any:
    """At least one axis."""
    return _each(lambda x: x if x.ndim else reshape(x, 1), arys)


@composite("atleast_2d")
def atleast_2d(*arys: Any) -> Any:
    """At least two axes, new ones in front."""
    return _each(_two_axes, arys)


@composite("atleast_3d")
def atleast_3d(*arys: Any) -> Any:
    """At least three axes, as NumPy places them."""
    return _each(_three_axes, arys)


def _each(function: Any, arys: tuple[Any, ...]) -> Any:
    results = [function(as_tensor(x)) for x in arys]
    return results[0] if len(results) == 1 else tuple(results)


def _two_axes(x: Tensor) -> Tensor:
    return x if x.ndim >= 2 else reshape(x, (1, *x.shape) if x.ndim else (1, 1))


def _three_axes(x: Tensor) -> Tensor:
    if x.ndim >= 3:
        return x
    shape = (1, *(x.shape or (1,)), 1) if x.ndim < 2 else (*x.shape, 1)
    return reshape(x, shape)


def _count(name: str, value: Any) -> int:
    """How often something is repeated.

    Raises
    ------
    ArgumentError
        When that is no whole number from 0 on.
    """
    try:
        count = whole(name, "a count", plain(value))
    except KindError:
        count = -1
    if count < 0:
        raise ArgumentError(f"{name}: a count is a whole number from 0 on, not {said(value)}")
    return count


@composite("tile")
def tile(A: Any, reps: Any) -> Any:
    """The array repeated as a whole, ``reps`` times along each axis."""
    x = as_tensor(A, "tile")
    each = reps if isinstance(reps, Sequence) else np.atleast_1d(reps)
    counts = tuple(_count("tile", r) for r in each)
    width = max(len(counts), x.ndim)
    counts = (1,) * (width - len(counts)) + counts
    sizes = (1,) * (width - x.ndim) + tuple(x.shape)
    split = tuple(s for size in sizes for s in (1, size))
    full = tuple(s for pair in zip(counts, sizes, strict=True) for s in pair)
    joined = tuple(r * s for r, s in zip(counts, sizes, strict=True))
    check_room("tile", joined, x)
    return reshape(broadcast_to(reshape(x, split), full), joined)


@composite("repeat", names=Names(methods=("repeat",)))
@worded("repeat")
def repeat(a: Any, repeats: Any, axis: int | None = None) -> Any:
    """Each element repeated, along an axis or of the flattened array."""
    x = as_tensor(a, "repeat")
    if axis is None:
        x, axis = ravel(x), 0
    axis = one_axis("repeat", axis, x.ndim)
    before, size, after = x.shape[:axis], extent(x.shape[axis]), x.shape[axis + 1 :]
    if ndim_of(repeats) == 0:
        count = _count("repeat", repeats)
        check_room("repeat", (*before, size * count, *after), x)
        if is_symbolic(x):
            wide = broadcast_to(
                reshape(x, (*before, size, 1, *after)), (*before, size, count, *after)
            )
            return reshape(wide, (*before, size * count, *after))
        places = np.repeat(np.arange(int(size)), count)
    else:
        counts = [_count("repeat", c) for c in np.ravel(plain(repeats))]
        if isinstance(size, Size) or len(counts) not in (1, size):
            raise ShapeError(
                f"repeat: {len(counts)} counts do not fit the {size} elements along axis {axis} of "
                f"{describe(x)}; give one count for each, or one for all"
            )
        check_room("repeat", (*before, sum(counts) * (size if len(counts) == 1 else 1), *after), x)
        places = np.repeat(np.arange(size), counts)
    return x[(slice(None),) * axis + (places,)]


@composite("array_split")
def array_split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """Consecutive pieces along an axis, of nearly equal length or cut at given places."""
    x = as_tensor(ary, "array_split")
    axis = one_axis("array_split", axis, x.ndim)
    size = extent(x.shape[axis])
    if isinstance(indices_or_sections, int | np.integer):
        count = int(indices_or_sections)
        if count <= 0:
            raise ArgumentError(f"array_split: the number of pieces must be positive, not {count}")
        if isinstance(size, Size):
            part = parted("array_split", size, count)
            indices_or_sections = [part * k for k in range(1, count)]
            return array_split(x, indices_or_sections, axis)
        short, longer = divmod(size, count)
        lengths = [short + 1] * longer + [short] * (count - longer)
        cuts = np.cumsum([0, *lengths]).tolist()
    else:
        cuts = [0, *_places("array_split", indices_or_sections), size]
    before = (slice(None),) * axis
    return [x[(*before, slice(a, b))] for a, b in itertools.pairwise(cuts)]


def _places(name: str, places: Any) -> list[Any]:
    """Where an axis is cut: numbers, or sizes with names."""
    try:
        each = list(places)
    except TypeError:
        raise KindError(
            f"{name}: takes the number of pieces, or a list of places, not {said(places)}"
        ) from None
    return [i if isinstance(i, Size) else whole(name, "a place", i) for i in each]


@composite("split")
def split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """Consecutive pieces along an axis, of equal length or cut at given places."""
    if isinstance(indices_or_sections, int | np.integer):
        size = extent(shape_of(ary)[one_axis("split", axis, ndim_of(ary))])
        if isinstance(size, int) and size % indices_or_sections:
            raise ShapeError(
                f"split: {size} elements do not divide into {indices_or_sections} equal pieces; "
                "array_split makes pieces of nearly equal length"
            )
    return array_split(ary, indices_or_sections, axis)


@composite("hsplit")
def hsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    """Pieces side by side."""
    return split(ary, indices_or_sections, 1 if ndim_of(ary) > 1 else 0)


@composite("vsplit")
def vsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    """Pieces one under another."""
    return split(ary, indices_or_sections, 0)


@composite("dsplit")
def dsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    """Pieces one behind another."""
    return split(ary, indices_or_sections, 2)


@composite("meshgrid")
def meshgrid(
    *xi: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy"
) -> tuple[Any, ...]:
    """One array per coordinate, over the grid that the vectors span."""
    if indexing not in ("xy", "ij"):
        raise ArgumentError(f"meshgrid: indexing is 'xy' or 'ij', not {indexing!r}")
    vectors = [ravel(x) for x in xi]
    places = list(range(len(vectors)))
    if indexing == "xy" and len(vectors) > 1:
        places[0], places[1] = 1, 0
    full = [0] * len(vectors)
    for place, vector in zip(places, vectors, strict=True):
        full[place] = vector.shape[0]
    grids = []
    for place, vector in zip(places, vectors, strict=True):
        shape = [1] * len(vectors)
        shape[place] = vector.shape[0]
        grid = reshape(vector, tuple(shape))
        grids.append(grid if sparse else broadcast_to(grid, tuple(full)))
    return tuple(grids)
