"""The fast paths of operations: what most calls are, with the fewest steps around the arithmetic.

Each falls back on ``apply``, which says what an operation means; here the same is done for one or
two tensors that have values, in a scope that records and does not watch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from minigrad.graph.context import Scope, current_scope
from minigrad.graph.node import Node, next_id
from minigrad.graph.operation import LARGE, apply, constant, fail, needed, record
from minigrad.graph.tensor import Tensor, blank, wrap
from minigrad.primitive import Primitive

_EMPTY: dict[str, Any] = {}


def unary(op: Primitive) -> Callable[..., Tensor]:
    """The fast path of a differentiable row of one argument without parameters."""
    forward = op.forward

    def run(x: Any, /) -> Tensor:
        scope = current_scope()
        if type(x) is Tensor and type(scope) is Scope:
            array = x._array
            if array is not None:
                try:
                    y = forward(array)
                except Exception as error:
                    fail(op, (x,), _EMPTY, error)
                parent = x._node
                if parent is None:
                    return wrap(y)
                if not parent.requires_grad:
                    return record(op, (parent,), _EMPTY, scope, y, None)
                saved = (y, array)
                if array.size > LARGE:
                    saved = needed(op, (parent,), saved)
                return record(op, (parent,), _EMPTY, scope, y, saved)
        return apply(op, (x,), _EMPTY)

    return run


def unary_with_params(op: Primitive) -> Callable[[Any, Mapping[str, Any]], Tensor]:
    """The fast path of a differentiable row of one argument with parameters."""
    forward = op.forward

    def run(x: Any, params: Mapping[str, Any]) -> Tensor:
        scope = current_scope()
        if type(x) is Tensor and type(scope) is Scope:
            array = x._array
            if array is not None:
                try:
                    y = forward(array, **params)
                except Exception as error:
                    fail(op, (x,), params, error)
                parent = x._node
                if parent is None:
                    return wrap(y)
                if not parent.requires_grad:
                    return record(op, (parent,), params, scope, y, None)
                saved = (y, array)
                if array.size > LARGE:
                    saved = needed(op, (parent,), saved)
                return record(op, (parent,), params, scope, y, saved)
        return apply(op, (x,), params)

    return run


def binary(op: Primitive) -> Callable[..., Tensor]:
    """The fast path of a differentiable row of two arguments without parameters."""
    forward = op.forward
    numbers = op.kind == "elementwise"

    def run(x: Any, y: Any, /) -> Tensor:
        p: Any
        q: Any
        scope = current_scope()
        if type(x) is Tensor:
            a = x._array
            p = x._node
        elif (type(x) is float or type(x) is int) and numbers:
            a = p = x
        else:
            return apply(op, (x, y), _EMPTY)
        if type(y) is Tensor:
            b = y._array
            q = y._node
        elif (type(y) is float or type(y) is int) and numbers:
            b = q = y
        else:
            return apply(op, (x, y), _EMPTY)
        if type(scope) is not Scope or a is None or b is None:
            return apply(op, (x, y), _EMPTY)
        if p is None or q is None:
            if type(p) is not Node and type(q) is not Node:
                return apply(op, (x, y), _EMPTY)
            p = constant(x) if p is None else p
            q = constant(y) if q is None else q
        try:
            z = forward(a, b)
        except Exception as error:
            fail(op, (x, y), _EMPTY, error)
        if not ((type(p) is Node and p.requires_grad) or (type(q) is Node and q.requires_grad)):
            if type(p) is not Node and type(q) is not Node:  # Two plain numbers.
                return apply(op, (x, y), _EMPTY)
            return record(op, (p, q), _EMPTY, scope, z, None)
        result = blank()
        result._array = z
        result._node = node = Node()
        node.op = op
        node.inputs = inputs = (p, q)
        node.params = _EMPTY
        node.shape = z.shape
        node.dtype = z.dtype
        node.context = scope
        node.id = next_id()
        node.requires_grad = True
        node.saved = (z, a, b) if z.size <= LARGE else needed(op, inputs, (z, a, b))
        node.facts = None
        return result

    return run


def binary_with_params(op: Primitive) -> Callable[[Any, Any, Mapping[str, Any]], Tensor]:
    """The fast path of two tensors with parameters."""
    forward = op.forward

    def run(x: Any, y: Any, params: Mapping[str, Any]) -> Tensor:
        scope = current_scope()
        if type(x) is Tensor and type(y) is Tensor and type(scope) is Scope:
            p = x._node
            a = x._array
            b = y._array
            if p is not None and p.requires_grad and a is not None and b is not None:
                try:
                    z = forward(a, b, **params)
                except Exception as error:
                    fail(op, (x, y), params, error)
                return record(op, (p, y._node or constant(y)), params, scope, z, (z, a, b))
        return apply(op, (x, y), params)

    return run
