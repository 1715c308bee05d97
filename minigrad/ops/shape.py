"""Rearranging elements without computing."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.errors import ArgumentError, DtypeError, KindError, ShapeError, UnsupportedError
from minigrad.graph.call import Call, array_or_tensor, face
from minigrad.graph.define import builtin_primitive as primitive
from minigrad.graph.operation import apply
from minigrad.graph.public import public
from minigrad.graph.tensor import Tensor, describe, said
from minigrad.ops import meanings as meaning
from minigrad.ops.axes import Axes, many_axes, ndim_of, one_axis, shape_of
from minigrad.ops.meanings import view
from minigrad.ops.precision import add_reduce
from minigrad.primitive import Names

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

Shape = tuple[int, ...]


def _as_shape(shape: tuple[Any, ...]) -> tuple[Any, ...]:
    if len(shape) == 1 and isinstance(shape[0], tuple | list | np.ndarray):
        return tuple(shape[0])
    return shape


def _resolve(x: Any, wanted: tuple[Any, ...]) -> Shape:
    """Fill in the size written -1."""
    shape = shape_of(x)
    strange = [size for size in wanted if size is None or isinstance(size, str)]
    if strange:
        raise KindError(f"reshape: {said(strange[0])} is no size; sizes are whole numbers, one of which may be -1")
    unknown = [i for i, size in enumerate(wanted) if size == -1]
    if not unknown and math.prod(wanted) == math.prod(shape):
        return wanted
    known = math.prod(s for s in wanted if s != -1)
    total = math.prod(shape)
    if len(unknown) == 1 and known and total % known == 0:
        i = unknown[0]
        return (*wanted[:i], total // known, *wanted[i + 1 :])
    if len(unknown) > 1:
        raise ShapeError(f"reshape: only one size can be -1, got {wanted} for {describe(x)}")
    raise ShapeError(
        f"reshape: {describe(x)} has {total} elements, which do not fill the shape "
        f"{tuple(wanted)}; the product of the sizes must be {total}"
    )


_reshape: Any = primitive(
    "reshape",
    lambda x, *, shape=(): x.reshape(shape),
    vjps=(lambda g, y, x, *, shape: g.reshape(x.shape),),
    meaning=meaning.reshape,
    reads=("",),
    doc="The same elements in the same order under another shape.",
    names=Names(methods=("reshape",)),
)


@face(_reshape)
def reshape(
    a: Any, *shape: Any, order: str = "C", copy: bool | None = None, **named: Any
) -> Tensor:
    """The same elements in the same order under another shape; one size may be -1.

    With ``order="F"`` the first index runs fastest, on both sides. ``copy`` is there for NumPy's
    sake: no tensor is ever written to.

    Raises
    ------
    ShapeError
        When the sizes do not multiply to the number of elements.
    """
    if named:
        shape = (named.pop("shape"),) if "shape" in named else shape
        if named:
            raise UnsupportedError(f"reshape: got an unexpected argument {next(iter(named))!r}")
    wanted = _as_shape(shape)
    if order.__class__ is not str:
        raise KindError(f"reshape: order is 'C' or 'F', not {said(order)}")
    if order == "F":
        return transpose(reshape(transpose(a), wanted[::-1]))
    if order != "C":
        raise ArgumentError(
            f"reshape: order is 'C' or 'F', not {order!r}; a tensor's layout in memory is not known"
        )
    if not isinstance(a, Tensor) or a._array is not None:
        wanted = _resolve(a, wanted)
    tensor: Tensor = _reshape.run(a, {"shape": wanted})
    return tensor


def _permutation(x: Any, axes: Any) -> Axes:
    ndim = ndim_of(x)
    pair = len(axes) == 2
    if len(axes) == 1 and (axes[0] is None or isinstance(axes[0], tuple | list)):
        axes = axes[0]
    if not axes:
        return tuple(range(ndim))[::-1]
    permutation = many_axes("transpose", tuple(axes), ndim)
    if pair and (len(permutation) != ndim or permutation == (0, 1)):
        raise ShapeError(
            f"transpose: {axes} is no new order of the {ndim} axes of {describe(x)}, as NumPy takes it; "
            f"PyTorch's exchange of two is x.swapaxes{axes}"
        )
    if len(permutation) != ndim:
        raise ShapeError(
            f"transpose: axes {tuple(axes)} must name each of the {ndim} axes of {describe(x)} once"
        )
    return permutation


def _transpose_signature(x: Any, *axes: Any, **named: Any) -> Call:
    return (x,), {"axes": _permutation(x, (named["axes"],) if "axes" in named else axes)}


@functools.lru_cache(maxsize=256)
def _inverse(axes: Axes) -> Axes:
    inverse = [0] * len(axes)
    for position, axis in enumerate(axes):
        inverse[axis] = position
    return tuple(inverse)


transpose = primitive(
    "transpose",
    lambda x, *, axes: x.transpose(axes),
    vjps=(lambda g, y, x, *, axes: g.transpose(_inverse(axes)),),
    signature=_transpose_signature,
    meaning=lambda x, *, axes: view.permuted(x, axes),
    reads=("",),
    doc="Axes in another order, by default reversed.",
    names=Names(numpy=("permute_dims",), methods=("transpose",)),
)


_transposed: Callable[[Any, dict[str, Any]], Tensor] = transpose.run  # type: ignore[attr-defined]
_REVERSED = [{"axes": tuple(range(ndim))[::-1]} for ndim in range(65)]


def reversed_axes(x: Tensor) -> Tensor:
    """The transpose that ``x.T`` means."""
    array = x._array
    return _transposed(x, _REVERSED[x.ndim if array is None else array.ndim])


@functools.lru_cache(maxsize=512)
def _swapped(ndim: int, axis1: int, axis2: int) -> dict[str, Any]:
    return {
        "axis1": one_axis("swapaxes", axis1, ndim),
        "axis2": one_axis("swapaxes", axis2, ndim),
    }


def _swapaxes_signature(x: Any, axis1: int, axis2: int) -> Call:
    return (x,), _swapped(ndim_of(x), axis1, axis2)


swapaxes = primitive(
    "swapaxes",
    lambda x, *, axis1, axis2: x.swapaxes(axis1, axis2),
    vjps=(lambda g, y, x, *, axis1, axis2: g.swapaxes(axis1, axis2),),
    signature=_swapaxes_signature,
    meaning=meaning.swapaxes,
    reads=("",),
    doc="Two axes exchanged.",
    names=Names(methods=("swapaxes",)),
)
_LAST_TWO = [{"axis1": ndim - 1, "axis2": ndim - 2} for ndim in range(65)]
_exchanged: Callable[[Any, dict[str, Any]], Tensor] = swapaxes.run  # type: ignore[attr-defined]


@public("linalg.matrix_transpose", numpy=("matrix_transpose",))
def matrix_transpose(x: Any) -> Tensor:
    """The last two axes exchanged."""
    ndim = ndim_of(x)
    return _exchanged(x, _LAST_TWO[ndim] if ndim > 1 else _swapped(ndim, -1, -2))


def _broadcast(x: Any, *, shape: Shape) -> Any:
    x = np.asarray(x)
    out = np.empty(np.broadcast_shapes(x.shape, shape), x.dtype)
    if out.shape != tuple(shape):
        raise ValueError(f"shape {x.shape} does not broadcast to {tuple(shape)}")
    out[...] = x
    return out


broadcast_to = primitive(
    "broadcast_to",
    _broadcast,
    vjps=(lambda g, y, x, *, shape: unbroadcast(g, x.shape),),
    signature=lambda x, shape: (
        (x,),
        {"shape": tuple(shape) if isinstance(shape, tuple | list) else (shape,)},
    ),
    meaning=meaning.broadcast_to,
    reads=("",),
    doc="Repetition along new axes and along axes of size one.",
)

_broadcast_tensor = array_or_tensor(broadcast_to)


def broadcast(g: Any, shape: Shape) -> Any:
    """A cotangent repeated to a shape, for arrays and tensors alike."""
    if isinstance(g, Tensor):
        return _broadcast_tensor(g, shape=shape)
    out = np.empty(shape, g.dtype)
    out[...] = g
    return out


def unbroadcast(c: Any, shape: tuple[int, ...]) -> Any:
    """Sum a cotangent over the axes along which its argument was repeated."""
    if c.shape == shape:
        return c
    extra = c.ndim - len(shape)
    if extra < 0 or any(1 != s != t for s, t in zip(shape, c.shape[extra:], strict=True)):
        c = broadcast(c, np.broadcast_shapes(c.shape, shape))
        extra = c.ndim - len(shape)
    axes = tuple(range(extra)) + tuple(
        extra + i for i, s in enumerate(shape) if s == 1 and c.shape[extra + i] != 1
    )
    if axes:
        c = add_reduce(c, axes, None, None, True)
    return c.reshape(shape)


_cast: Any = primitive(
    "astype",
    lambda x, *, dtype=None: np.asarray(x).astype(dtype),
    vjps=(lambda g, y, x, *, dtype: g.astype(x.dtype),),
    meaning=lambda x, **params: x,
    reads=("",),
    casts=True,
    doc="The same numbers in another element type.",
    names=Names(methods=("astype",)),
)


@face(_cast)
def astype(x: Any, dtype: DTypeLike, *, copy: bool = True) -> Tensor:
    """The same numbers in another element type; a result of integers has no gradient.

    ``copy`` is there for NumPy's sake: no tensor is ever written to.

    Raises
    ------
    DtypeError
        For complex numbers, objects, text and dates.
    """
    wanted = element_type("astype", dtype)
    if wanted.kind == "f":
        tensor: Tensor = _cast.run(x, {"dtype": wanted})
        return tensor
    return apply(_cast.primitive, (x,), {"dtype": wanted})


def element_type(name: str, dtype: DTypeLike) -> np.dtype[Any]:
    """A dtype that tensors can have."""
    try:
        wanted = np.dtype(dtype)
    except (TypeError, ValueError):
        raise DtypeError(
            f"{name}: {dtype!r} is no dtype; pass float, np.float32, int, ..."
        ) from None
    if wanted.kind not in "fiub":
        raise DtypeError(
            f"{name}: dtype {wanted} is not supported; tensors hold real numbers, integers or "
            "booleans"
        )
    return wanted
