"""Making tensors out of data."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.errors import DtypeError, KindError, MinigradError, ShapeError
from minigrad.graph.context import current_scope, is_recording
from minigrad.graph.dims import check_sizes, parse_dims
from minigrad.graph.node import leaf
from minigrad.graph.tensor import Tensor, said, wrap

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, DTypeLike, NDArray


def own(data: Any, dtype: DTypeLike | None = None, what: str = "tensor") -> NDArray[Any]:
    """Copy data into an array that minigrad can compute with.

    Raises
    ------
    DtypeError
        For complex numbers, objects, text and dates, and for what the element type cannot hold.
    ShapeError
        For nested lists of unequal lengths.
    """
    if dtype is not None:
        try:
            dtype = np.dtype(dtype)
        except (TypeError, ValueError):
            raise DtypeError(
                f"{what}: dtype={said(dtype)} is no element type; write float, int, bool or 'float32'"
            ) from None
    try:
        array = np.array(data, dtype=dtype)
    except MinigradError:  # what refuses to be an array says why
        raise
    except (ValueError, TypeError, OverflowError) as error:
        if "inhomogeneous" in str(error):
            raise ShapeError(f"{what}: the data is not a rectangular array ({error})") from None
        raise DtypeError(f"{what}: the data holds what is no {dtype or 'number'} ({error})") from None
    if array.dtype.kind not in "fiub":
        raise DtypeError(f"{what}: dtype {array.dtype} is not supported; {_advice(array)}")
    return array


def _advice(array: NDArray[Any]) -> str:
    if array.dtype.kind == "c":
        return "differentiate real and imaginary parts as two real tensors"
    if array.dtype.kind == "O":
        return "the data mixes things that are not numbers; pass numbers of one type"
    return "pass floating-point, integer or boolean numbers"


def tensor(
    data: ArrayLike | Tensor,
    name: str | None = None,
    dims: str | Iterable[str | None] | None = None,
    requires_grad: bool = False,
    dtype: DTypeLike | None = None,
    assume: str | Iterable[str] = (),
    **others: Any,
) -> Tensor:
    """Copy data into a new leaf.

    Parameters
    ----------
    data
        Numbers, nested lists, an array or a tensor.
    name
        What formulas and drawings call it.
    dims
        One label per axis, ``"n d"``; ``_`` leaves an axis unnamed.
    requires_grad
        Whether ``backward`` accumulates a gradient in ``.grad``.
    dtype
        The element type; by default the data's own.
    assume
        Facts that formulas may use, for example ``"spd"``.

    Raises
    ------
    DtypeError
        For complex or non-numeric data, and for an integer tensor that requires a gradient.
    ShapeError
        For ragged data, and for dims that do not match the shape.
    ArgumentError
        For an assumption that is not known, or that the shape cannot have.
    KindError
        For any other keyword, with what to write for PyTorch's.
    """
    if others:
        from minigrad.graph.keywords import refuse_others

        refuse_others("tensor", others)
    value = data._value("tensor") if isinstance(data, Tensor) else data
    array = own(value, dtype)
    if requires_grad and array.dtype.kind != "f":
        raise DtypeError(
            f"tensor{'' if name is None else ' ' + name}: dtype {array.dtype} cannot require a "
            "gradient, because derivatives need real numbers; pass dtype=float"
        )
    labels = None if dims is None else parse_dims(dims, array.ndim)
    if labels is not None:
        check_sizes(name, array.shape, labels)
    facts = frozenset([assume] if isinstance(assume, str) else assume) - {""}
    if facts:
        from minigrad.index.assume import checked_assumptions

        facts = checked_assumptions(name or "tensor", facts, array.shape)
    if name is None and labels is None and not facts and not requires_grad:
        return wrap(array)
    node = leaf(array, name=name, dims=labels, assume=facts, requires_grad=requires_grad)
    return wrap(array, node)


def _init(self: Tensor, data: Any, *args: Any, **facts: Any) -> None:
    """A new leaf, as :func:`minigrad.tensor` makes it."""
    if isinstance(data, int) and args and isinstance(args[0], int):
        raise KindError(f"Tensor: takes data, not a shape; write mg.zeros{(data, *args)}")
    made = tensor(data, *args, **facts)
    self._array, self._node = made._array, made._node


Tensor.__init__ = _init  # type: ignore[method-assign]

# Set by ops.joining, which lies above: joins a list of tensors along a new first axis.
_stack: list[Callable[[list[Any]], Tensor]] = []


def holds_tensors(x: Any) -> bool:
    """Whether a nested list has a tensor in it."""
    if isinstance(x, list | tuple):
        return any(holds_tensors(part) for part in x)
    return isinstance(x, Tensor)


def stacked(x: Any) -> Any:
    """A nested list with tensors in it as the one tensor that it means; anything else as it is."""
    if not isinstance(x, list | tuple) or not holds_tensors(x):
        return x
    return _stack[0]([stacked(part) for part in x])


def as_tensor(x: Any, what: str = "tensor") -> Tensor:
    """Tensors as they are; arrays, numbers and nested lists as tensors."""
    if isinstance(x, Tensor):
        return x
    if isinstance(x, list | tuple) and holds_tensors(x):
        return _stack[0]([stacked(part) for part in x])
    return wrap(own(x, what=what))


def recording() -> bool:
    """Whether operations are entering the graph here."""
    return is_recording(current_scope())
