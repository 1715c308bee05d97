"""The structure of a computation: nodes, which survive backward."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from typing import Any

import numpy as np

from minigrad.graph.context import Scope, current_scope
from minigrad.names import checked_name
from minigrad.primitive import Primitive

next_id = count(1).__next__


class Facts:
    """What few nodes have: a name, the labels and value of a leaf, its gradient.

    ``origin`` is the leaf that a tensor was before ``t[i] = v`` rebound it.
    """

    __slots__ = ("assume", "dims", "grad", "line", "name", "origin", "updated", "value")
    name: str | None
    dims: tuple[str | None, ...] | None
    assume: frozenset[str]
    value: Any
    grad: Any  # a tensor or None; tensors stand on nodes, so it is not named here
    updated: int
    line: str
    origin: Node | None

    def __init__(self) -> None:
        self.name = self.dims = self.value = self.grad = self.origin = None
        self.assume = frozenset()
        self.updated = 0
        self.line = ""


_NONE = Facts()


def _fact(attribute: str, doc: str) -> Any:
    def get(node: Node) -> Any:
        return getattr(node.facts or _NONE, attribute)

    def set(node: Node, value: Any) -> None:
        if node.facts is None:
            node.facts = Facts()
        setattr(node.facts, attribute, value)

    return property(get, set, doc=doc)


class Node:
    """One step of a computation, or a leaf of it.

    ``inputs`` holds nodes, and plainly the numbers and sizes that the user typed. ``saved`` holds
    the arrays ``(y, *args)`` that the VJPs need, until backward releases them. Identifiers grow
    with time, so descending order of ``id`` is a reverse topological order.
    """

    __slots__ = (
        "__weakref__",
        "context",
        "dtype",
        "facts",
        "id",
        "inputs",
        "op",
        "params",
        "requires_grad",
        "saved",
        "shape",
    )
    op: Primitive | None
    inputs: tuple[Any, ...]
    params: Mapping[str, Any]
    shape: tuple[Any, ...]
    dtype: np.dtype[Any]
    context: Scope
    id: int
    requires_grad: bool
    saved: tuple[Any, ...] | None
    facts: Facts | None

    name = _fact("name", "The name the user gave, or None.")
    dims = _fact("dims", "The labels of a leaf's axes, or None.")
    assume = _fact("assume", "What formulas may assume of a leaf.")
    value = _fact("value", "The array of a leaf, else None.")
    grad = _fact("grad", "The gradient accumulated in a leaf.")
    updated = _fact("updated", "When a leaf's value was last replaced, on the clock of ``id``.")
    line = _fact("line", "The line of user code, where it was watched.")

    @property
    def scope(self) -> str:
        """The path of the scope in which the node was made, "" at the top."""
        return self.context.path

    def again(
        self, inputs: tuple[Any, ...], op: Primitive | None, params: Mapping[str, Any]
    ) -> Node:
        """The same step on other inputs, or of another row; it is as new as it is made."""
        node = Node()
        for slot in ("context", "dtype", "facts", "requires_grad", "saved", "shape"):
            setattr(node, slot, getattr(self, slot))
        node.inputs, node.op, node.params, node.id = inputs, op, params, next_id()
        return node

    def __repr__(self) -> str:
        what = "leaf" if self.op is None else self.op.name
        label = f" {self.name}" if self.name else ""
        return f"<node {self.id}{label}: {what} {self.shape}>"


class Slot:
    """A place in an index that is filled by input number ``position`` of the node."""

    __slots__ = ("position",)

    def __init__(self, position: int) -> None:
        self.position = position

    def __eq__(self, other: object) -> bool:
        return type(other) is Slot and other.position == self.position

    def __hash__(self) -> int:
        return hash((Slot, self.position))

    def __repr__(self) -> str:
        return f"Slot({self.position})"


def leaf(
    value: Any,
    *,
    name: str | None = None,
    dims: tuple[str | None, ...] | None = None,
    assume: frozenset[str] = frozenset(),
    requires_grad: bool = False,
    shape: tuple[Any, ...] | None = None,
    dtype: Any = None,
) -> Node:
    """Make a leaf; a symbolic one has ``value=None`` and says its shape and dtype."""
    node = Node()
    node.op = None
    node.inputs = ()
    node.params = {}
    node.shape = np.shape(value) if shape is None else shape
    node.dtype = np.asarray(value).dtype if dtype is None else np.dtype(dtype)
    node.context = current_scope()
    node.id = next_id()
    node.requires_grad = requires_grad
    node.saved = None
    node.facts = facts = Facts()
    facts.name = name if name is None else checked_name(name, "name")
    facts.dims = dims
    facts.assume = assume
    facts.value = value
    return node
