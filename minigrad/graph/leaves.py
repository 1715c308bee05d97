"""What a leaf can do: take another value, require a gradient and hold it; a result says why not."""

from __future__ import annotations

import warnings
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.errors import DtypeError, GradientError, GradientWarning, ShapeError, SymbolicError
from minigrad.graph.context import Scope, current_scope, is_recording
from minigrad.graph.create import own
from minigrad.graph.node import Facts, Node, leaf, next_id
from minigrad.graph.tensor import Tensor, describe, wrap

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

# The results that are to keep their gradients, by the id of their node.
RETAINED: dict[int, weakref.ref[Node]] = {}


def _op_name(node: Node) -> str:
    return node.op.name if node.op is not None else "leaf"


# -- gradients -------------------------------------------------------------------------------------


def _requires_grad(self: Tensor) -> bool:
    """Whether gradients flow to this tensor; setting it is :meth:`requires_grad_`."""
    return self._node is not None and self._node.requires_grad


def _set_requires_grad(self: Tensor, value: bool) -> None:
    requires_grad_(self, value)


def requires_grad_(self: Tensor, requires_grad: bool = True) -> Tensor:
    """Let gradients flow to this leaf from now on, or no more, and return it.

    Graphs that were recorded before stay as they are.

    Raises
    ------
    GradientError
        When the tensor is a result through which a gradient flows, and shall not.
    DtypeError
        When it holds no real numbers.
    SymbolicError
        When it has no value.
    """
    node = self._node
    if bool(requires_grad) is _requires_grad(self):
        return self
    if node is not None and node.requires_grad and node.op is not None:
        raise GradientError(
            f"requires_grad_: {describe(self)} is the result of {_op_name(node)}; "
            "write .detach() for its value without a gradient"
        )
    if self._array is None:
        raise SymbolicError(
            f"requires_grad_: {describe(self)} is symbolic; say by what to differentiate, "
            "as in minigrad.derive(loss, wrt=...)"
        )
    if self.dtype.kind != "f":
        raise DtypeError(
            f"requires_grad_: {describe(self)} cannot require a gradient, because derivatives need "
            "real numbers; write .astype(float)"
        )
    array = np.asarray(self._array)
    # Another node: in older graphs, what the gradient of this leaf needs was not kept.
    fresh = leaf(array, requires_grad=bool(requires_grad))
    if node is not None and node.op is None:
        fresh.facts = node.facts
    elif node is not None:
        fresh.name = node.name
    self._array, self._node = array, fresh
    return self


def _is_leaf(self: Tensor) -> bool:
    """Whether no gradient flows through this tensor to others: it was made, not computed."""
    node = self._node
    return node is None or node.op is None or not node.requires_grad


def _grad_fn(self: Tensor) -> Node | None:
    """The step of the graph through which a gradient flows on, or None for a leaf."""
    return None if _is_leaf(self) else self._node


def retain_grad(self: Tensor) -> None:
    """Let :meth:`backward` accumulate the gradient of this result too, in its ``.grad``.

    Raises
    ------
    GradientError
        When no gradient flows to this tensor.
    """
    node = self._node
    if node is None or not node.requires_grad:
        raise GradientError(
            f"retain_grad: {describe(self)} does not depend on any tensor that requires a gradient; "
            "make one with minigrad.tensor(data, requires_grad=True)"
        )
    if node.op is None:
        return
    node.facts = node.facts or Facts()
    number = node.id
    RETAINED[number] = weakref.ref(node, lambda _: RETAINED.pop(number, None))


def _grad(self: Tensor) -> Tensor | None:
    """The gradient that :meth:`backward` has accumulated in this leaf."""
    node = self._node
    if node is None:
        return None
    facts = node.facts
    found: Tensor | None = None
    if facts is not None:
        found = (facts if facts.origin is None else facts.origin).grad
        if found is not None or facts.origin is not None:
            return found
    if node.op is not None and node.requires_grad and node.id not in RETAINED:
        warnings.warn(
            f"grad: {describe(self)} is the result of {_op_name(node)} and keeps no gradient; call "
            ".retain_grad() on it before backward, or write mg.gradients(loss, it). A leaf is "
            "updated by 'with mg.no_grad(): w -= lr * w.grad'; outside of that block += and -= "
            "make another tensor, and the gradient is in the one they started from",
            GradientWarning,
            stacklevel=2,
        )
    return found


def _set_grad(self: Tensor, value: Tensor | ArrayLike | None) -> None:
    node = self._node
    if node is None or node.facts is None:
        if value is None:
            return
        raise GradientError(f"grad: {describe(self)} is no leaf and holds no gradient")
    if value is not None:
        array = own(value._value("grad") if isinstance(value, Tensor) else value, what="grad")
        if array.shape != tuple(node.shape):
            raise ShapeError(
                f"grad: a gradient has its tensor's shape {tuple(node.shape)}, not {array.shape}"
            )
        value = wrap(array.astype(node.dtype, copy=False))
    facts = node.facts
    if facts.origin is None:
        facts.grad = value
    else:
        facts.origin.grad = value


# -- values ----------------------------------------------------------------------------------------


def assign(self: Tensor, value: ArrayLike | Tensor, copy: bool = True) -> Tensor:
    """Give a leaf a new value; graphs that captured the old one keep it and say so.

    Shape and dtype stay. This is the one door through which a value changes. With
    ``copy=False`` an array is given away instead of copied: it becomes read-only.

    Raises
    ------
    GradientError
        When the tensor was computed from others that require a gradient.
    ShapeError
        When the new value has another shape.
    """
    node = self._node
    if node is not None and node.op is not None:
        raise GradientError(
            f"assign: {describe(self)} is the result of {node.op.name}; only a leaf has a "
            "value of its own to replace"
        )
    old = self._array
    if type(value) is np.ndarray and value.dtype is old.dtype and value.shape == old.shape:
        if copy or value.base is not None:  # Who holds the base could still write.
            value = value.copy()
        else:
            value.setflags(False)  # type: ignore[call-arg]
        _replace(self, value)
        return self
    old = self._value("assign")
    new = own(value._value("assign") if isinstance(value, Tensor) else value, old.dtype, "assign")
    if new.shape != old.shape:
        raise ShapeError(
            f"assign: {describe(self)} has shape {old.shape} and cannot take a value of "
            f"shape {new.shape}"
        )
    _replace(self, new)
    return self


def _replace(self: Tensor, array: NDArray[Any]) -> None:
    """``assign`` for an array of the right shape and dtype that nobody else holds."""
    self._array = array
    node = self._node or getattr(self, "_constant", None)
    if node is not None:
        facts = node.facts
        facts.value = array  # type: ignore[union-attr]
        facts.updated = next_id()  # type: ignore[union-attr]


def in_place(sign: str, operation: Callable[..., Any]) -> Callable[..., Any]:
    """The operator of ``a += b``: another tensor where a graph is recorded, else a leaf's new value."""

    def changed(self: Tensor, other: Any) -> Tensor:
        scope = current_scope()
        if type(scope) is Scope or is_recording(scope):
            result: Tensor = operation(self, other)
            return result
        node = self._node
        instead = f"write a = a {sign[:-1]} b for another tensor"
        if node is not None and node.op is not None:
            raise GradientError(
                f"{sign}: {describe(self)} is the result of {_op_name(node)}, and only a leaf is changed "
                f"in place; {instead}"
            )
        if self._array is None:
            raise SymbolicError(f"{sign}: {describe(self)} is symbolic and has no value; {instead}")
        new = operation(self, other)
        if new.shape != tuple(self.shape):
            raise ShapeError(
                f"{sign}: {describe(self)} cannot hold the result, whose shape is {new.shape}; {instead}"
            )
        truths = new.dtype.kind == "b" != self.dtype.kind
        if truths or not np.can_cast(new.dtype, self.dtype, "same_kind"):
            raise DtypeError(
                f"{sign}: {describe(self)} cannot hold the result, whose elements are {new.dtype}; {instead}"
            )
        return assign(self, new)

    return changed


Tensor.requires_grad = property(_requires_grad, _set_requires_grad)  # type: ignore[assignment]
Tensor.is_leaf = property(_is_leaf)  # type: ignore[assignment]
Tensor.grad_fn = property(_grad_fn)  # type: ignore[assignment]
Tensor.grad = property(_grad, _set_grad, lambda x: _set_grad(x, None))  # type: ignore[assignment]
for _method in (requires_grad_, retain_grad, assign, _replace):
    setattr(Tensor, _method.__name__, _method)
