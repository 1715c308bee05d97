"""The tensor: an array that is never changed in place, and its node in the graph."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.errors import KindError, ShapeError, SymbolicError, UnsupportedError
from minigrad.graph.dims import Count, with_labels
from minigrad.graph.node import Node, leaf
from minigrad.names import checked_name

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, DTypeLike, NDArray


# Beyond this an argument is not quoted whole.
_LONG = 80


class Tensor:
    """An array with a place in a computation graph.

    Make one with :func:`minigrad.tensor`, whose arguments ``Tensor(...)`` takes too. The array
    belongs to the tensor: what comes in is copied, what goes out is a read-only view, and a leaf's
    value changes only through :meth:`assign`, which ``w -= u`` inside ``no_grad`` is too.
    """

    __slots__ = ("__weakref__", "_array", "_constant", "_node")
    _array: Any
    _node: Node | None
    _constant: Node
    __hash__ = object.__hash__

    # -- facts ---------------------------------------------------------------------------------

    @property
    def shape(self) -> tuple[int, ...]:
        """The sizes, each with its dim's name where that is known."""
        node = self._node
        if node is None:
            return np.shape(self._array)
        if node.op is None and node.dims is not None and self._array is not None:
            return with_labels(node.shape, node.dims)
        return node.shape

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self._node.shape) if self._node is not None else np.ndim(self._array)

    @property
    def size(self) -> int:
        """The number of elements; ``x.size()`` is the shape and ``x.size(0)`` one of its sizes."""
        count = Count(np.size(self._value("size")))
        count.sizes = self.shape
        return count

    @property
    def dtype(self) -> np.dtype[Any]:
        """The element type."""
        if self._node is not None:
            return self._node.dtype
        return np.asarray(self._array).dtype

    @property
    def name(self) -> str | None:
        """The name given by the user, or None."""
        return None if self._node is None else self._node.name

    @property
    def dims(self) -> tuple[str | None, ...] | None:
        """The labels of the axes, or None where the user gave none."""
        return None if self._node is None else self._node.dims

    # -- values --------------------------------------------------------------------------------

    def _value(self, what: str) -> Any:
        if self._array is None:
            raise SymbolicError(
                f"{what}: {describe(self)} is symbolic and has no value; "
                "make it with minigrad.tensor(data) to compute numbers"
            )
        return self._array

    def numpy(self) -> NDArray[Any]:
        """A read-only view of the value; ``.numpy().copy()`` may be written to."""
        array = self._array
        if type(array) is not np.ndarray:
            array = np.asarray(self._value("numpy"))
        # The flag of the array itself could be set back; that of a view of it cannot.
        array.setflags(False)
        return array.view()

    def item(self) -> Any:
        """The single element as a Python number.

        Raises
        ------
        ShapeError
            When there is not exactly one element.
        """
        array = np.asarray(self._value("item"))
        if array.size != 1:
            raise ShapeError(
                f"item: {describe(self)} has {array.size} elements; item() needs exactly one"
            )
        return array.item()

    def tolist(self) -> Any:
        """The value as nested Python lists."""
        return np.asarray(self._value("tolist")).tolist()

    def detach(self) -> Tensor:
        """The same value outside every graph."""
        return wrap(self._value("detach"))

    def named(self, name: str) -> Tensor:
        """Name this very tensor and return it, so that formulas and drawings speak of it."""
        checked_name(name, "named")
        if self._node is None:
            self._node = getattr(self, "_constant", None) or leaf(self._array)
        self._node.name = name
        return self

    # -- Python protocols ----------------------------------------------------------------------

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        if self.requires_grad:
            raise UnsupportedError(
                f"np.asarray: {describe(self)} is tracked by the graph and its gradient would be "
                "lost; call a minigrad function on it (mg.stack for a list of tensors), or take "
                ".detach().numpy()"
            )
        if copy:
            return np.array(self._value("np.asarray"), dtype=dtype)
        return np.asarray(self.numpy(), dtype=dtype)

    def __len__(self) -> int:
        shape = self.shape
        if not shape:
            raise KindError(f"len: {describe(self)} is one number and has no length")
        if self._array is None and not isinstance(shape[0], int):
            raise SymbolicError(
                f"len: the first axis of {describe(self)} has the size {shape[0]}, which is a name and no "
                "number; give the axis a number to go through it"
            )
        return int(shape[0])

    def __iter__(self) -> Iterator[Tensor]:
        if not self.shape:
            raise KindError(f"{describe(self)} is one number; pass a list of tensors, or give it an axis")
        return (self[i] for i in range(len(self)))

    def __bool__(self) -> bool:
        value = self._value("bool")
        if value.size != 1:
            raise ShapeError(
                f"{describe(self)} is neither true nor false; ask x.any() or x.all(), and choose by elements "
                "with mg.where"
            )
        return bool(value)

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __index__(self) -> int:
        if self.dtype.kind not in "iu":
            raise KindError(f"{describe(self)} is no index; an index is a whole number")
        return int(self.item())

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if spec else str(self)

    def __repr__(self) -> str:
        node = self._node
        facts = [] if node is None or node.name is None else [f"name={node.name!r}"]
        if node is not None and node.dims is not None:
            facts.append("dims=" + repr(" ".join(label or "_" for label in node.dims)))
        if self.requires_grad:
            facts.append("requires_grad=True")
        if self._array is None:
            return f"symbol({', '.join([labelled(self), *facts])})"
        text = np.array2string(np.asarray(self._array), separator=", ", prefix="tensor(")
        if self.dtype != np.float64:
            facts.append(f"dtype={self.dtype}")
        return f"tensor({', '.join([text, *facts])})"

    def _repr_html_(self) -> str:
        from minigrad.display import array_html, block, facts

        told = [labelled(self) if self.shape else "a number", str(self.dtype)]
        told.append("requires a gradient" if self.requires_grad else "")
        if self._array is None:
            return block(facts(self.name or "symbol", [*told, "without numbers"]))
        kept = self._node.facts if self._node is not None else None
        grad = None if kept is None else self.grad
        tables = [array_html(self._array)]
        if grad is not None:
            tables.append(array_html(grad._array, gradient=True, caption="gradient"))
        return block(facts(self.name or "tensor", told), *tables)

    def __reduce__(self) -> tuple[Any, ...]:
        value = np.asarray(self._value("pickle"))
        node = self._node
        if node is None or (node.op is not None and node.name is None):
            return restore, (value, None, None, frozenset(), False)
        is_leaf = node.op is None
        return restore, (
            value,
            node.name,
            node.dims,
            node.assume if is_leaf else frozenset(),
            node.requires_grad and is_leaf,
        )

    def __copy__(self) -> Tensor:
        return self.__deepcopy__({})

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        function, arguments = self.__reduce__()[:2]
        copied: Tensor = function(*arguments)
        memo[id(self)] = copied
        return copied

    if TYPE_CHECKING:  # installed by graph.leaves, ops.operators and numeric.backward, which lie above
        requires_grad: bool
        is_leaf: bool
        grad_fn: Node | None

        @property
        def grad(self) -> Tensor | None:
            """The gradient that :meth:`backward` has accumulated in this leaf."""
            raise NotImplementedError

        @grad.setter
        def grad(self, value: Tensor | ArrayLike | None) -> None:
            """Set it, or forget it with None."""

        def __init__(self, data: Any, *args: Any, **facts: Any) -> None: ...
        def requires_grad_(self, requires_grad: bool = True) -> Tensor:
            """See :func:`minigrad.graph.leaves.requires_grad_`."""
            raise NotImplementedError

        def retain_grad(self) -> None:
            """See :func:`minigrad.graph.leaves.retain_grad`."""

        def assign(self, value: ArrayLike | Tensor, copy: bool = True) -> Tensor:
            """See :func:`minigrad.graph.leaves.assign`."""
            raise NotImplementedError

        def _replace(self, array: NDArray[Any]) -> None: ...
        def __getattr__(self, name: str) -> Any: ...
        def __getitem__(self, index: Any) -> Tensor: ...
        def __setitem__(self, index: Any, value: Any) -> None: ...
        def __add__(self, other: Any) -> Tensor: ...
        def __radd__(self, other: Any) -> Tensor: ...
        def __sub__(self, other: Any) -> Tensor: ...
        def __rsub__(self, other: Any) -> Tensor: ...
        def __mul__(self, other: Any) -> Tensor: ...
        def __rmul__(self, other: Any) -> Tensor: ...
        def __truediv__(self, other: Any) -> Tensor: ...
        def __rtruediv__(self, other: Any) -> Tensor: ...
        def __matmul__(self, other: Any) -> Tensor: ...
        def __rmatmul__(self, other: Any) -> Tensor: ...
        def __pow__(self, other: Any) -> Tensor: ...
        def __rpow__(self, other: Any) -> Tensor: ...
        def __neg__(self) -> Tensor: ...
        def __lt__(self, other: Any) -> Tensor: ...
        def __le__(self, other: Any) -> Tensor: ...
        def __gt__(self, other: Any) -> Tensor: ...
        def __ge__(self, other: Any) -> Tensor: ...
        def backward(
            self, gradient: Any = None, retain_saved: bool = False, *, retain_graph: bool = False, **others: Any
        ) -> None:
            """See :func:`minigrad.numeric.backward.backward`."""


class WeakScalar(Tensor):
    """A 0-d tensor made of sizes alone; like a Python number it never widens a dtype."""

    __slots__ = ()


# A tensor without an array yet: what ``Tensor(data)`` runs would cost each step of a graph.
blank: Callable[[], Tensor] = functools.partial(object.__new__, Tensor)


def wrap(array: Any, node: Node | None = None) -> Tensor:
    """A tensor that takes ownership of an array."""
    tensor = blank()
    tensor._array = array
    tensor._node = node
    return tensor


def restore(
    value: NDArray[Any],
    name: str | None,
    dims: tuple[str | None, ...] | None,
    assume: frozenset[str],
    requires_grad: bool,
) -> Tensor:
    """Rebuild a tensor from its pickled parts."""
    array = np.array(value)
    if name is None and dims is None and not assume and not requires_grad:
        return wrap(array)
    node = leaf(array, name=name, dims=dims, assume=assume, requires_grad=requires_grad)
    return wrap(array, node)


def describe(x: Any) -> str:
    """Name an operand in an error: its name, its labelled shape and its dtype."""
    if not isinstance(x, Tensor):
        if isinstance(x, np.ndarray | np.generic):
            return f"array of shape {x.shape} and dtype {x.dtype}"
        return repr(x)
    name = x.name or "tensor"
    return f"{name} {labelled(x)} {x.dtype}"


def said(value: Any) -> str:
    """An argument in the words of an error, in one short line."""
    if isinstance(value, Tensor):
        return describe(value)
    if isinstance(value, int) and value.bit_length() > _LONG:
        return f"a whole number of {value.bit_length()} bits"
    text = repr(value).replace("\n", " ")
    return text if len(text) <= _LONG else f"{text[:_LONG]}…"


def labelled(x: Tensor) -> str:
    """A shape as people read it: ``(n=8, d=16)``, or ``(8, 16)`` without labels."""
    dims = x.dims or (None,) * x.ndim
    parts = [str(s) if d is None else f"{d}={s}" for s, d in zip(x.shape, dims, strict=True)]
    return f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"
