"""Flipping, rolling, padding, triangles and diagonals."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad.errors import ArgumentError, ShapeError
from minigrad.graph.call import Call, face, worded
from minigrad.graph.create import as_tensor
from minigrad.graph.define import builtin_composite as composite
from minigrad.graph.define import builtin_contraction as contraction
from minigrad.graph.define import builtin_primitive as primitive
from minigrad.graph.node import Slot
from minigrad.graph.operation import option
from minigrad.graph.tensor import describe
from minigrad.ops import meanings as meaning
from minigrad.ops.axes import Axes, check_room, many_axes, ndim_of, one_axis, refuse_out
from minigrad.ops.indexing import scatter_in_rules
from minigrad.ops.options import whole
from minigrad.ops.shape import astype, broadcast_to, transpose
from minigrad.primitive import Names


def _flip_signature(m: Any, axis: Any = None) -> Call:
    ndim = ndim_of(m)
    axes = tuple(range(ndim)) if axis is None else many_axes("flip", axis, ndim)
    return (m,), {"axis": axes}


flip = primitive(
    "flip",
    lambda x, *, axis=(): np.flip(x, axis),
    vjps=(lambda g, y, x, *, axis: np.flip(g, axis),),
    signature=_flip_signature,
    meaning=meaning.flip,
    doc="Elements in reversed order along axes.",
)


@composite("flipud")
def flipud(m: Any) -> Any:
    """Rows in reversed order."""
    return flip(m, 0)


@composite("fliplr")
def fliplr(m: Any) -> Any:
    """Columns in reversed order."""
    return flip(m, 1)


@composite("rot90")
def rot90(m: Any, k: int = 1, axes: Sequence[int] = (0, 1)) -> Any:
    """A quarter turn in the plane of two axes, k times."""
    m = as_tensor(m, "rot90")
    first, second = (one_axis("rot90", axis, m.ndim) for axis in axes)
    if first == second:
        raise ArgumentError(f"rot90: axes must be different, got {tuple(axes)}")
    if k % 4 == 0:
        return m[...]
    if k % 4 == 2:
        return flip(m, (first, second))
    order = list(range(m.ndim))
    order[first], order[second] = second, first
    if k % 4 == 1:
        return transpose(flip(m, second), order)
    return flip(transpose(m, order), second)


def _roll_signature(a: Any, shift: Any, axis: Any = None) -> Call:
    if axis is None:
        each = option("roll", "argument 2", shift)
        total = sum(whole("roll", "a shift", by) for by in np.ravel(each))
        return (a,), {"shift": (total,), "axis": None}
    # NumPy lets one axis be named several times; the shifts then add up.
    axes = axis if isinstance(axis, tuple | list) else (axis,)
    shifts = option("roll", "argument 2", shift)
    try:
        pairs = np.broadcast(shifts, axes)
    except ValueError:
        raise ArgumentError(
            f"roll: {np.size(shifts)} shifts do not pair with {len(axes)} axes; give one shift for each "
            "axis, or one for all"
        ) from None
    if pairs.ndim > 1:
        raise ArgumentError("roll: shift and axis are integers or sequences of integers")
    totals: dict[int, int] = {}
    for by, along in pairs:
        number = one_axis("roll", along, ndim_of(a))
        totals[number] = totals.get(number, 0) + whole("roll", "a shift", by)
    return (a,), {"shift": tuple(totals.values()), "axis": tuple(totals)}


def _roll(x: Any, *, shift: tuple[int, ...], axis: Axes | None) -> Any:
    return np.roll(x, shift[0] if axis is None else shift, axis)


def _roll_vjp(g: Any, y: Any, x: Any, *, shift: tuple[int, ...], axis: Axes | None) -> Any:
    back = tuple(-by for by in shift)
    return np.roll(g, back[0] if axis is None else back, axis)


roll = primitive(
    "roll",
    _roll,
    vjps=(_roll_vjp,),
    params={"shift": (0,), "axis": None},
    signature=_roll_signature,
    meaning=meaning.roll,
    doc="Elements shifted cyclically along axes; without an axis, over the flattened array.",
)


def _pad_signature(
    array: Any, pad_width: Any, mode: str = "constant", *, constant_values: Any = 0
) -> Call:
    if mode != "constant":
        raise ArgumentError(
            f"pad: only mode='constant' is supported, not {mode!r}; repeat edges with take or "
            "concatenate"
        )
    ndim = ndim_of(array)
    try:
        widths = np.broadcast_to(np.asarray(pad_width), (ndim, 2))
        constants = option("pad", "constant_values", constant_values)
        values = np.broadcast_to(np.asarray(constants), (ndim, 2))
    except ValueError:
        raise ShapeError(
            f"pad: pad_width={pad_width!r} and constant_values={constant_values!r} must give a "
            f"pair for each of {ndim} axes, one pair for all, or one number"
        ) from None
    if widths.dtype.kind not in "iu" or (widths < 0).any():
        raise ArgumentError(f"pad: widths are integers that are not negative, got {pad_width!r}")
    return (array,), {
        "pad_width": tuple((int(a), int(b)) for a, b in widths),
        "constant_values": tuple((a.item(), b.item()) for a, b in values),
    }


def _pad(x: Any, *, pad_width: Any, constant_values: Any) -> Any:
    if not pad_width:
        return np.array(x)
    check_room("pad", [a + n + b for (a, b), n in zip(pad_width, x.shape, strict=True)])
    return np.pad(x, pad_width, constant_values=constant_values)


def _pad_vjp(g: Any, y: Any, x: Any, *, pad_width: Any, constant_values: Any) -> Any:
    inside = (slice(a, a + n) for (a, _), n in zip(pad_width, x.shape, strict=True))
    return g[tuple(inside)]


pad = primitive(
    "pad",
    _pad,
    vjps=(_pad_vjp,),
    params={"pad_width": (), "constant_values": ()},
    signature=_pad_signature,
    meaning=meaning.pad,
    doc="A border of constants around the elements.",
)


def _matrix(m: Any) -> Any:
    """A vector as the matrix of equal rows that NumPy makes of it; anything else as it is."""
    if ndim_of(m) != 1:
        return m
    x = as_tensor(m)
    return broadcast_to(x, (x.shape[0], x.shape[0]))


def _triangle(name: str, cut: Any, means: Any, doc: str) -> Any:
    return primitive(
        name,
        lambda x, *, k=0: cut(x, k),
        vjps=(lambda g, y, x, *, k: cut(g, k),),
        masks=True,
        signature=lambda m, k=0: ((_matrix(m),), {"k": whole(name, "k", k)}),
        meaning=means,
        doc=doc,
    )


tril = _triangle(
    "tril", np.tril, meaning.tril, "The lower triangle of the last two axes, zeros above."
)
triu = _triangle(
    "triu", np.triu, meaning.triu, "The upper triangle of the last two axes, zeros below."
)


def _two_axes(name: str, a: Any, axis1: int, axis2: int) -> tuple[int, int]:
    ndim = ndim_of(a)
    first, second = one_axis(name, axis1, ndim), one_axis(name, axis2, ndim)
    if first == second:
        raise ArgumentError(f"{name}: axis1 and axis2 must be different, got {axis1} and {axis2}")
    return first, second


def _diagonal_signature(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Call:
    first, second = _two_axes("diagonal", a, axis1, axis2)
    return (a,), {"offset": whole("diagonal", "offset", offset), "axis1": first, "axis2": second}


def _diagonal_vjp(g: Any, y: Any, x: Any, *, offset: int, axis1: int, axis2: int) -> Any:
    kept = tuple(i for i in range(x.ndim) if i not in (axis1, axis2))
    count = g.shape[-1]
    i = np.arange(count) + max(-offset, 0)
    j = np.arange(count) + max(offset, 0)
    shape = (*(x.shape[k] for k in kept), x.shape[axis1], x.shape[axis2])
    index = (Ellipsis, Slot(1), Slot(2))
    moved = scatter_in_rules(g, i, j, index=index, shape=shape)
    return np.transpose(moved, tuple(np.argsort((*kept, axis1, axis2)).tolist()))


diagonal = primitive(
    "diagonal",
    lambda x, *, offset=0, axis1=0, axis2=1: np.diagonal(x, offset, axis1, axis2),
    vjps=(_diagonal_vjp,),
    signature=_diagonal_signature,
    meaning=meaning.diagonal,
    doc="The diagonal of two axes, moved to the last axis.",
    names=Names(methods=("diagonal",)),
)

_diagonal_matrix = primitive(
    "diag",
    lambda x, *, k=0: np.diag(x, k),
    vjps=(lambda g, y, x, *, k: np.diagonal(g, k),),
    signature=lambda v, k=0: ((v,), {"k": whole("diag", "k", k)}),
    meaning=meaning.diag,
    doc="A matrix with the vector on its k-th diagonal; of a matrix, its k-th diagonal.",
)


@face(_diagonal_matrix)
def diag(v: Any, k: int = 0) -> Any:
    """A matrix with the vector on its k-th diagonal; of a matrix, its k-th diagonal."""
    ndim = ndim_of(v)
    if ndim == 1:
        return _diagonal_matrix(v, k)
    if ndim == 2:
        return diagonal(v, k)
    raise ShapeError(f"diag: takes a vector or a matrix, not {describe(v)}")


def _trace_vjp(g: Any, y: Any, x: Any, *, axis1: int, axis2: int) -> Any:
    count = min(x.shape[axis1], x.shape[axis2])
    spread = np.reshape(g, (*g.shape, 1)) * np.ones(count, x.dtype)
    return _diagonal_vjp(spread, y, x, offset=0, axis1=axis1, axis2=axis2)


def _trace_meaning(ndims: tuple[int, ...], *, axis1: int, axis2: int) -> Any:
    return functools.partial(meaning.trace, axis1=axis1, axis2=axis2)


_trace = contraction(
    "trace",
    lambda x, *, axis1=0, axis2=1: np.trace(x, 0, axis1, axis2),
    vjps=(_trace_vjp,),
    meaning=_trace_meaning,
    signature=lambda a, axis1=0, axis2=1: ((a,), {"axis1": axis1, "axis2": axis2}),
    doc="Sum of the diagonal of two axes, y = Σᵢ xᵢᵢ.",
    names=Names(methods=("trace",), words=("tr",)),
)


@face(_trace)
@worded("trace")
def trace(
    a: Any,
    offset: int = 0,
    axis1: int = 0,
    axis2: int = 1,
    dtype: Any = None,
    out: None = None,
) -> Any:
    """Sum of the diagonal of two axes, y = Σᵢ xᵢᵢ."""
    refuse_out("trace", out)
    first, second = _two_axes("trace", a, axis1, axis2)
    if dtype is not None:
        a = astype(a, dtype)
    if offset:
        return diagonal(a, offset, axis1, axis2).sum(-1)
    return _trace(a, first, second)
