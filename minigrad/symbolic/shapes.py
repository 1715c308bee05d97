"""Shapes of tensors without values: what a step gives follows from what its row means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any
from weakref import WeakKeyDictionary

from minigrad.errors import DimsError, MinigradError, ShapeError
from minigrad.graph.node import Node
from minigrad.index.expr import Leaf
from minigrad.index.size import AnySize, Size, dim
from minigrad.index.view import View, broadcast_sizes, known_size, number_view
from minigrad.primitive import Primitive
from minigrad.symbolic.lower import lower_row
from minigrad.symbolic.positions import check_positions, with_positions

# What walking back from computed arrays to the leaves that have labels has found.
_labels_of: WeakKeyDictionary[Node, tuple[AnySize, ...]] = WeakKeyDictionary()


def _labelled(node: Node) -> tuple[AnySize, ...]:
    """The sizes of a node that meets symbols: dims that have names count by them."""
    forgetful = []
    while node not in _labels_of and (source := _remembering(node)) is not None:
        forgetful.append(node)
        node = source
    for computed in reversed(forgetful):
        assert computed.op is not None
        _labels_of[computed] = shape_of(computed.op, computed.inputs, computed.params)
    if forgetful or node in _labels_of:
        return _labels_of[forgetful[0] if forgetful else node]
    labels = node.dims or (None,) * len(node.shape)
    return tuple(
        dim(label) if label is not None and size != 1 else size
        for label, size in zip(labels, node.shape, strict=True)
    )


def _remembering(node: Node) -> Node | None:
    """The one argument whose labels a computed array has forgotten; symbols keep theirs as sizes."""
    if node.op is None or any(isinstance(size, Size) for size in node.shape):
        return None
    arguments = [value for value in node.inputs if isinstance(value, Node)]
    return arguments[0] if len(arguments) == 1 else None


def _argument(node: Node, k: int) -> View:
    """The k-th input as something of its shape, which is all that is asked of it."""
    kept = [(axis, s) for axis, s in enumerate(_labelled(node)) if s != 1]
    expr = Leaf(f"·{k}", tuple(s for _, s in kept), node.assume)
    place = {axis: i for i, (axis, _) in enumerate(kept)}
    return View(expr, tuple(place.get(axis) for axis in range(len(node.shape))))


def shape_of(
    row: Primitive, inputs: Sequence[Any], params: Mapping[str, Any]
) -> tuple[AnySize, ...]:
    """The shape of a row's result for tensors without values, from what it means."""
    views = [
        _argument(value, k) if isinstance(value, Node) else number_view(0)
        for k, value in enumerate(inputs)
    ]
    if row.kind == "elementwise":
        return tuple(broadcast_sizes(views, row.name))
    if isinstance(params.get("index"), tuple) and row.name in ("getitem", "setitem", "index_add"):
        check_positions(inputs, views[0].sizes, params["index"])
        more = count(len(views))
        views, params = with_positions(
            inputs, params, views, lambda node: _argument(node, next(more))
        )
    try:
        sizes = lower_row(row, views, params).sizes
        told = _shape_message(row, views, params)
        if told is None:
            return sizes
        raise ShapeError(told)
    except (ValueError, IndexError, TypeError, KeyError) as error:
        if isinstance(error, MinigradError) and not isinstance(error, ShapeError):
            raise
        told = None if isinstance(error, DimsError) else _shape_message(row, views, params)
        if isinstance(error, MinigradError) and told is None:
            raise
        shown = " and ".join("(" + ", ".join(map(str, view.sizes)) + ")" for view in views)
        cause = told or "it does not take operands of these numbers of axes"
        raise ShapeError(f"{row.name}: {cause}; got {shown}") from error


def _shape_message(row: Primitive, views: Sequence[View], params: Mapping[str, Any]) -> str | None:
    """Why the row's operands do not fit: an axis of size 1 meets another where nothing is repeated."""
    if row.shape_message is None:
        return None
    shapes = [tuple(map(known_size, view.sizes)) for view in views]
    told: str | None = row.shape_message(shapes, **params)
    return told
