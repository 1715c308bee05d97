"""The adjoint sweep: from outputs to inputs in reverse order of creation, without recursion."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from heapq import heappop, heappush, heapreplace
from typing import Any

import numpy as np

from minigrad.errors import ArgumentError, FreedError, ShapeError, StaleError
from minigrad.graph.context import WatchedScope, current_scope
from minigrad.graph.node import Node
from minigrad.graph.operation import seal, sealed
from minigrad.graph.tensor import Tensor, wrap
from minigrad.ops.axes import SMALL, weights
from minigrad.ops.precision import HALF, SINGLE
from minigrad.ops.shape import unbroadcast
from minigrad.primitive import Primitive

Cotangents = dict[Node, Any]
Pending = list[tuple[int, Node]]


def sweep(root: Node, g: Any, keep: bool) -> Cotangents:
    """Propagate one cotangent of arrays to the leaves: what every training step runs.

    ``keep=False`` releases each node's saved arrays as soon as its cotangents are passed on.

    The body of ``deliver`` is written out for the first and the second argument, and the node to
    visit next bypasses the heap where it can: this loop is most of the engine's overhead. Half
    precision, whose sums are taken in single precision, goes through ``drain``.
    """
    if root.op is None or g.dtype is HALF or type(current_scope()) is WatchedScope:
        return general_sweep({root: g}, keep=keep)
    pending: Pending = []
    cotangents: Cotangents = {}
    found: Cotangents = {}
    node = root
    while True:
        op: Any = node.op
        saved = node.saved
        if op.may_mask or saved is None:
            cotangents[node] = g
            heappush(pending, (-node.id, node))
            return drain(pending, cotangents, found, keep=keep)
        if not keep:
            node.saved = None
        params = node.params
        rules = op.vjps
        count = len(saved)
        following = p = None
        if count == 2 and rules:
            y, a = saved
            p = node.inputs[0]
            c = rules[0](g, y, a, **params) if params else rules[0](g, y, a)
            if op.checks_shape and c.shape != p.shape:
                c = fitted(op, c, p.shape)
        elif count == 3 and len(rules) > 1:
            y, a, b = saved
            p, q = node.inputs
            rule = rules[1]
            if type(q) is Node and q.requires_grad and rule is not None:
                c = rule(g, y, a, b, **params) if params else rule(g, y, a, b)
                if op.checks_shape and c.shape != q.shape:
                    c = fitted(op, c, q.shape)
                if q.op is None:
                    if q.facts.updated > node.id:  # type: ignore[union-attr]
                        raise StaleError(stale_message(node, q))
                    found[q] = found[q] + c if q in found else c
                elif q in cotangents:
                    cotangents[q] = cotangents[q] + c
                else:
                    cotangents[q] = c
                    following = q
            rule = rules[0]
            if type(p) is Node and p.requires_grad and rule is not None:
                c = rule(g, y, a, b, **params) if params else rule(g, y, a, b)
                if op.checks_shape and c.shape != p.shape:
                    c = fitted(op, c, p.shape)
            else:
                p = None
        else:
            for parent, c in contributions(node, g, saved, False):
                deliver(node, parent, c, pending, cotangents, found)
        if p is not None:
            if p.op is None:
                if p.facts.updated > node.id:
                    raise StaleError(stale_message(node, p))
                found[p] = found[p] + c if p in found else c
            elif p in cotangents:
                cotangents[p] = cotangents[p] + c
            else:
                cotangents[p] = c
                if following is None:
                    following = p
                elif following.id < p.id:
                    heappush(pending, (-following.id, following))
                    following = p
                else:
                    heappush(pending, (-p.id, p))
        if following is None:
            if not pending:
                return found
            node = heappop(pending)[1]
        elif pending and pending[0][0] < -following.id:
            node = heapreplace(pending, (-following.id, following))[1]
        else:
            node = following
        g = cotangents.pop(node)


def general_sweep(
    seeds: Cotangents,
    *,
    keep: bool,
    recorded: bool = False,
    wanted: frozenset[Node] = frozenset(),
    useful: set[Node] | None = None,
) -> Cotangents:
    """Propagate cotangents from several seeds; return those of leaves and of wanted nodes.

    ``useful`` restricts the sweep to nodes on a path to a wanted node; ``recorded=True`` runs the
    rules on tensors, so that the gradients have a graph of their own.
    """
    pending: Pending = []
    cotangents: Cotangents = {}
    found: Cotangents = {}
    for node, g in seeds.items():
        if node.op is None:
            found[node] = g
        else:
            cotangents[node] = g
            heappush(pending, (-node.id, node))
    return drain(
        pending, cotangents, found, keep=keep, recorded=recorded, wanted=wanted, useful=useful
    )


def drain(
    pending: Pending,
    cotangents: Cotangents,
    found: Cotangents,
    *,
    keep: bool,
    recorded: bool = False,
    wanted: frozenset[Node] = frozenset(),
    useful: set[Node] | None = None,
) -> Cotangents:
    """Visit the pending nodes, latest first, until none is left."""
    masked = False
    while pending:
        node = heappop(pending)[1]
        g = cotangents.pop(node)
        if g.dtype is SINGLE and node.dtype is HALF:
            g = g.astype(HALF)
        if node in wanted:
            found[node] = g
            if not any(type(p) is Node and useful is not None and p in useful for p in node.inputs):
                continue
        saved = node.saved
        if saved is None:
            raise FreedError(freed_message(node))
        if not keep:
            node.saved = None
        if recorded:
            saved = as_tensors(node, saved)
        masked = masked or node.op.masks  # type: ignore[union-attr]
        for parent, c in contributions(node, g, saved, masked, useful):
            deliver(node, parent, c, pending, cotangents, found)
    return found


def contributions(
    node: Node, g: Any, saved: tuple[Any, ...], masked: bool, useful: set[Node] | None = None
) -> Iterator[tuple[Node, Any]]:
    """What a node passes on to each input that requires a gradient."""
    op = node.op
    assert op is not None
    watched = type(current_scope()) is WatchedScope
    places = [
        i
        for i, parent in enumerate(node.inputs)
        if type(parent) is Node
        and parent.requires_grad
        and (useful is None or parent in useful)
        and op.rule(i) is not None
    ]
    together = None
    if op.vjp_all is not None:
        together = _applied(op, op.vjp_all, (places,), g, saved, node.params)
    for k, position in enumerate(places):
        parent = node.inputs[position]
        if together is not None:
            c = together[k]
        else:
            lead = (position,) if op.variadic else ()
            c = _applied(op, op.rule(position), lead, g, saved, node.params)
        if not op.builtin:
            if getattr(getattr(c, "dtype", None), "kind", "O") not in "biufc":
                raise ArgumentError(
                    f"backward: a VJP of {op.name} returned {c!r}, which is no array of numbers; for an "
                    "argument without a derivative its rule is None"
                )
            c = sealed(c)
        if masked and op.kind == "elementwise":
            c = strong_zero(g, c)
        if watched:
            from minigrad.graph.watch import watch_backward

            watch_backward(node, position, plain(saved[1:]), plain([c])[0])
        if op.checks_shape and c.shape != parent.shape:
            c = fitted(op, c, parent.shape)
        yield parent, c


def _applied(
    op: Primitive,
    rule: Any,
    lead: tuple[Any, ...],
    g: Any,
    saved: tuple[Any, ...],
    params: Mapping[str, Any],
) -> Any:
    """What a rule returns; that of a user sees read-only arrays."""
    if op.builtin:
        return rule(*lead, g, *saved, **params)
    seal((g, *saved))
    try:
        return rule(*lead, g, *saved, **params)
    except ValueError as error:
        if "read-only" not in str(error):
            raise
        raise ArgumentError(
            f"backward: the VJP of {op.name} writes into an array that the graph still needs (the "
            "cotangent, the result or an argument); compute into a new array"
        ) from error


def deliver(
    node: Node,
    parent: Node,
    c: Any,
    pending: Pending,
    cotangents: Cotangents,
    found: Cotangents,
) -> None:
    """Add a contribution to what an input has received, and queue the input."""
    if parent.op is None:
        if parent.updated > node.id:
            raise StaleError(stale_message(node, parent))
        found[parent] = added(found[parent], c) if parent in found else c
    elif parent in cotangents:
        cotangents[parent] = added(cotangents[parent], c)
    else:
        cotangents[parent] = c
        heappush(pending, (-parent.id, parent))


def added(total: Any, c: Any) -> Any:
    """The sum of two cotangents; halves are added in single precision, and rounded once at the end."""
    return total + (c.astype(SINGLE) if c.dtype is HALF else c)


def fitted(op: Primitive, c: Any, shape: tuple[int, ...]) -> Any:
    """A cotangent in its argument's shape, where the row says that arguments broadcast."""
    if op.broadcasts and _broadcasts(shape, c.shape):
        return unbroadcast(c, shape)
    raise ShapeError(
        f"backward: a VJP of {op.name} returned shape {c.shape} for an argument of shape {shape}; "
        "a cotangent has its argument's shape (or declare broadcasts=True)"
    )


def _broadcasts(shape: tuple[int, ...], to: tuple[int, ...]) -> bool:
    """Whether an array of one shape is repeated to another, or where it is shorter, the other to it."""
    return all(1 in (a, b) or a == b for a, b in zip(shape[::-1], to[::-1], strict=False))


def strong_zero(g: Any, c: Any) -> Any:
    """Where the incoming cotangent is exactly 0, so is the outgoing one, also against 1/0."""
    array = c._array if isinstance(c, Tensor) else c
    if c is g or _all_finite(array.ravel()):
        return c
    return np.where(np.equal(g, 0), np.zeros((), c.dtype), c)


def _all_finite(flat: Any) -> bool:
    """Whether every element is finite: a mean is, and one product is the cheapest test."""
    size = flat.size
    if size <= SMALL and flat.dtype.kind == "f":
        return not size or math.isfinite(flat.dot(weights(size, 0.5 / size, flat.dtype)))
    return bool(np.isfinite(flat).all())


def _op_name(node: Node) -> str:
    return node.op.name if node.op is not None else "leaf"


def freed_message(node: Node) -> str:
    """Why a second backward fails, and the cure."""
    return (
        f"backward: the arrays that {_op_name(node)} saved were released by an earlier backward; "
        "call the first one with retain_saved=True, or compute the forward pass again"
    )


def stale_message(node: Node, leaf: Node) -> str:
    """Why an updated leaf stops backward, and the cure."""
    return (
        f"backward: {leaf.name or 'a leaf'} {tuple(leaf.shape)} was updated after "
        f"{_op_name(node)} had captured its value; call backward before the update, or compute "
        "the forward pass again"
    )


def as_tensors(node: Node, saved: tuple[Any, ...]) -> tuple[Any, ...]:
    """Saved arrays as the tensors they belong to, for a sweep that is itself recorded."""
    arguments = (
        wrap(array, parent) if type(parent) is Node else array
        for array, parent in zip(saved[1:], node.inputs, strict=True)
    )
    return wrap(saved[0], node), *arguments


def plain(values: Iterable[Any]) -> list[Any]:
    """Tensors as their arrays."""
    return [x._array if isinstance(x, Tensor) else x for x in values]
