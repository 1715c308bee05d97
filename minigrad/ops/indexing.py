"""Reading and writing by index."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from minigrad.errors import ArgumentError, DerivationError, DtypeError, ShapeError
from minigrad.graph.call import Call, array_or_tensor
from minigrad.graph.create import as_tensor, recording
from minigrad.graph.define import builtin_composite as composite
from minigrad.graph.define import builtin_primitive as primitive
from minigrad.graph.node import Facts, Slot
from minigrad.graph.tensor import Tensor, describe, wrap
from minigrad.index.size import Size
from minigrad.ops import meanings as meaning
from minigrad.ops.axes import one_axis, plain, refuse_out
from minigrad.ops.options import declare
from minigrad.ops.precision import HALF, SINGLE
from minigrad.primitive import INTERNAL, Names

Index = tuple[Any, ...]


def normalise_index(index: Any, first: int = 1) -> tuple[Index, tuple[Any, ...]]:
    """Split an index into structure and index arrays, which become inputs from ``first`` on."""
    entries = index if type(index) is tuple else (index,)
    structure: list[Any] = []
    arrays: list[Any] = []
    for entry in entries:
        if entry is None or entry is Ellipsis or type(entry) is int:
            structure.append(entry)
        elif isinstance(entry, slice):
            structure.append(slice(_bound(entry.start), _bound(entry.stop), _bound(entry.step)))
        elif isinstance(entry, Tensor | np.ndarray | list | tuple | bool | np.bool_):
            structure.append(Slot(first + len(arrays)))
            arrays.append(_index_array(entry))
        else:
            structure.append(_bound(entry))
    return tuple(structure), tuple(arrays)


def _bound(entry: Any) -> int | Size | None:
    if entry is None or isinstance(entry, Size):
        return entry
    try:
        return int(operator.index(entry))
    except TypeError:
        raise DtypeError(
            f"getitem: {entry!r} is no index; use integers, slices, None, ..., or arrays of "
            "integers or booleans"
        ) from None


def _index_array(entry: Any) -> Any:
    array: Any
    if isinstance(entry, Tensor):
        dtype, array = entry.dtype, entry
    else:
        array = np.array(entry)
        if array.size == 0 and not isinstance(entry, np.ndarray):
            array = array.astype(np.intp)
        dtype = array.dtype
    if isinstance(entry, Tensor) and entry._node is not None and "bool" in entry._node.assume:
        raise DerivationError(
            "getitem: how many elements a mask without values keeps is not known; choose with where, or "
            "give the mask as an array"
        )
    if dtype.kind not in "iub":
        raise DtypeError(
            f"getitem: an index array has integers or booleans, not {dtype}; "
            + declare(entry, "index", "convert with .astype(int)")
        )
    return array


def fill(index: Index, arrays: tuple[Any, ...], first: int = 1) -> Index:
    """Put the index arrays back into their places."""
    if not arrays:
        return index
    return tuple(arrays[e.position - first] if type(e) is Slot else e for e in index)


def _getitem_signature(x: Any, index: Any) -> Call:
    structure, arrays = normalise_index(index)
    return (x, *arrays), {"index": structure}


def _scatter(g: Any, *arrays: Any, index: Index, shape: tuple[int, ...]) -> Any:
    where = fill(index, arrays)
    if all(a.dtype.kind == "b" for a in arrays):
        out = np.zeros(shape, np.asarray(g).dtype)
        out[where] = g
        return out
    return _add_at(np.zeros(shape, np.asarray(g).dtype), where, g)


def _add_at(out: Any, where: Index, values: Any) -> Any:
    """Add values in place; many in one float16 element are added in float32."""
    if out.dtype == HALF:
        return _add_at(out.astype(SINGLE), where, values).astype(HALF)
    np.add.at(out, where, values)
    return out


scatter = primitive(
    "scatter",
    _scatter,
    vjps=(lambda g, y, x, *arrays, index, shape: g[fill(index, arrays)],),
    params={"index": (), "shape": ()},
    masks=True,
    meaning=meaning.scatter,
    doc="Zeros of a shape, with the argument added at an index: the adjoint of indexing.",
    names=INTERNAL,
)

scatter_in_rules = array_or_tensor(scatter)

getitem = primitive(
    "getitem",
    lambda x, *arrays, index: x[fill(index, arrays)],
    vjps=(lambda g, y, x, *arrays, index: scatter_in_rules(g, *arrays, index=index, shape=x.shape),),
    params={"index": ()},
    signature=_getitem_signature,
    masks=True,
    meaning=meaning.getitem,
    doc="The elements at an index, as NumPy has it.",
)


def _setitem(x: Any, value: Any, *arrays: Any, index: Index) -> Any:
    y = np.array(x)
    y[fill(index, arrays, 2)] = value
    return y


def _setitem_x(g: Any, y: Any, x: Any, value: Any, *arrays: Any, index: Index) -> Any:
    keep = np.ones(x.shape, bool)
    keep[fill(index, plain_all(arrays), 2)] = False
    return np.where(keep, g, np.zeros((), g.dtype))


def _setitem_value(g: Any, y: Any, x: Any, value: Any, *arrays: Any, index: Index) -> Any:
    where = fill(index, plain_all(arrays), 2)
    c = g[where]
    if any(a.dtype.kind in "iu" for a in plain_all(arrays)):
        # An element written twice keeps the last value, so only that one has a gradient.
        order = np.zeros(x.shape, np.intp)
        turn = np.arange(c.size).reshape(c.shape)
        order[where] = turn
        c = np.where(order[where] == turn, c, np.zeros((), c.dtype))
    return _fit(c, np.shape(value) if not isinstance(value, Tensor) else tuple(value.shape))


def _fit(c: Any, shape: tuple[int, ...]) -> Any:
    """Drop leading axes of size one that assignment allows and broadcasting does not."""
    return np.reshape(c, (1,) * (len(shape) - c.ndim) + c.shape) if c.ndim < len(shape) else c


def plain_all(arrays: tuple[Any, ...]) -> tuple[Any, ...]:
    """Index tensors as arrays."""
    return tuple(plain(a) for a in arrays)


def _setitem_signature(x: Any, index: Any, value: Any) -> Call:
    structure, arrays = normalise_index(index, first=2)
    return (x, value, *arrays), {"index": structure}


setitem = primitive(
    "setitem",
    _setitem,
    vjps=(_setitem_x, _setitem_value),
    params={"index": ()},
    broadcasts=True,
    masks=True,
    signature=_setitem_signature,
    meaning=meaning.setitem,
    doc="A copy with the elements at an index replaced.",
)


def _index_add(x: Any, value: Any, *arrays: Any, index: Index) -> Any:
    return _add_at(np.array(x), fill(index, arrays, 2), value)


index_add = primitive(
    "index_add",
    _index_add,
    vjps=(
        lambda g, y, x, value, *arrays, index: g,
        lambda g, y, x, value, *arrays, index: g[fill(index, arrays, 2)],
    ),
    params={"index": ()},
    broadcasts=True,
    signature=_setitem_signature,
    meaning=meaning.index_add,
    doc="A copy with values added at an index; repeated indices add up.",
)


def rebind(self: Tensor, index: Any, value: Any) -> None:
    """``t[i] = v``: t becomes a new value; whatever was computed from the old one keeps it.

    The gradient of a leaf stays that of its original value. Inside ``no_grad`` a leaf is updated
    as :meth:`Tensor.assign` does.
    """
    node = self._node
    if node is not None and node.op is None and not recording() and self._array is not None:
        structure, arrays = normalise_index(index, first=2)
        raw = _setitem(self._array, plain(value), *plain_all(arrays), index=structure)
        self._replace(raw)
        return
    result = setitem(wrap(self._array, node), index, value)
    origin = None if node is None else (node.facts.origin if node.facts else None)
    if node is not None and node.op is None:
        origin = node
    self._array = result._array
    self._node = result._node
    if self._node is not None and origin is not None:
        self._node.facts = self._node.facts or Facts()
        self._node.facts.origin = origin


@composite("take", names=Names(methods=("take",)))
def take(
    a: Any, indices: Any, axis: int | None = None, out: None = None, mode: str = "raise"
) -> Any:
    """Elements at indices along an axis, or of the flattened array.

    ``mode`` says what an index out of bounds means: an error ("raise"), counting on from the start
    ("wrap"), or the nearest end ("clip").
    """
    refuse_out("take", out)
    x = as_tensor(a, "take")
    x, axis = (x.reshape(-1), 0) if axis is None else (x, one_axis("take", axis, x.ndim))
    return x[(slice(None),) * axis + (_positions(indices, x.shape[axis], mode),)]


def _positions(indices: Any, size: Any, mode: str) -> Any:
    if mode == "raise":
        return indices if isinstance(indices, Tensor | int) else np.asarray(indices)
    places: Any = indices if isinstance(indices, Tensor) else np.asarray(indices)
    if mode == "wrap":  # Where the size is a name, places that lie inside are the only ones known.
        return places if isinstance(size, Size) else places % int(size)
    if mode == "clip":
        return np.clip(places, 0, None if isinstance(size, Size) else int(size) - 1)
    raise ArgumentError(f"take: mode is 'raise', 'wrap' or 'clip', not {mode!r}")


def _places_along(picks: Any, shape: tuple[int, ...], axis: int) -> tuple[Any, ...]:
    """One index array per axis: the picks along theirs, everything along the others."""
    places: list[Any] = []
    for i, size in enumerate(shape):
        if i == axis:
            places.append(picks)
        else:
            places.append(np.arange(size).reshape([-1 if k == i else 1 for k in range(len(shape))]))
    return tuple(places)


def _along(x: Any, picks: Any, *, axis: int) -> Any:
    return x[_places_along(picks, x.shape, axis)]


def _along_vjp(g: Any, y: Any, x: Any, picks: Any, *, axis: int) -> Any:
    places = _places_along(plain(picks), x.shape, axis)
    index = tuple(Slot(k + 1) for k in range(len(places)))
    return scatter_in_rules(g, *places, index=index, shape=tuple(x.shape))


def _along_signature(arr: Any, indices: Any, axis: int | None = -1) -> Call:
    x = as_tensor(arr, "take_along_axis")
    picks = _index_array(indices)
    if axis is None:
        x, axis = x.reshape(-1), 0
    axis = one_axis("take_along_axis", axis, x.ndim)
    if picks.ndim != x.ndim:
        raise ShapeError(
            f"take_along_axis: indices of {picks.ndim} dimensions do not fit {describe(x)}"
        )
    return (x, picks), {"axis": axis}


take_along_axis = primitive(
    "take_along_axis",
    _along,
    vjps=(_along_vjp, None),
    params={"axis": -1},
    signature=_along_signature,
    masks=True,
    meaning=meaning.take_along_axis,
    doc="Elements chosen along an axis by an array of indices for every place.",
)


_along_in_rules = array_or_tensor(take_along_axis)


def _sort_vjp(g: Any, y: Any, x: Any, *, axis: int) -> Any:
    """The cotangent of each element is found where the element went."""
    came_from = np.argsort(plain(x), axis, kind="stable")
    return _along_in_rules(g, np.argsort(came_from, axis, kind="stable"), axis=axis)


def _sort_signature(
    a: Any,
    axis: int | None = -1,
    kind: str | None = None,
    order: None = None,
    *,
    stable: bool | None = None,
) -> Call:
    if order is not None:
        raise ArgumentError("sort: order= names fields of a record, which tensors do not have")
    x = as_tensor(a, "sort")
    if axis is None:
        x, axis = x.reshape(-1), 0
    return (x,), {"axis": one_axis("sort", axis, x.ndim)}


sort = primitive(
    "sort",
    lambda x, *, axis=-1: np.sort(x, axis, kind="stable"),
    vjps=(_sort_vjp,),
    params={"axis": -1},
    signature=_sort_signature,
    masks=True,
    kinks="elements that tie keep their order, and so do their gradients",
    meaning=meaning.sort,
    doc="Elements in ascending order along an axis; the order is stable, whatever ``kind`` says.",
)
