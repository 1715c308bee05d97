"""Products with Jacobians and Hessians, and the matrices themselves."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad.errors import ArgumentError, ShapeError
from minigrad.graph.create import as_tensor
from minigrad.graph.node import leaf
from minigrad.graph.tensor import Tensor, wrap
from minigrad.limits import check_bytes
from minigrad.numeric.transforms import (
    Argnums,
    at_once,
    finished,
    fresh,
    grad,
    pull,
    shadow,
    split_aux,
    trace,
)
from minigrad.numeric.trees import leaves_of, map_leaves
from minigrad.ops.joining import stack


def vjp(f: Callable[..., Any], *args: Any, has_aux: bool = False) -> tuple[Any, ...]:
    """The value f(x) and its pullback g ↦ gᵀ ∂f/∂x.

    Returns
    -------
    ``(value, pullback)``, and the auxiliary result third with ``has_aux``. ``pullback`` takes a
    cotangent of the value's shape, may be called again, and returns a tuple with one entry per
    argument.
    """
    traced = tuple(map_leaves(functools.partial(fresh, "vjp"), x) for x in args)
    inputs = shadow(traced)
    value, aux = split_aux("vjp", f(*traced), has_aux)

    def pullback(cotangent: Any = None) -> Any:
        return pull(value, cotangent, inputs)

    result = finished(value, inputs)
    return (result, pullback, finished(aux, inputs)) if has_aux else (result, pullback)


def jvp(f: Callable[..., Any], primals: Any, tangents: Any) -> tuple[Any, Any]:
    """The value f(x) and its derivative ∂f/∂x · t along a tangent.

    ``primals`` and ``tangents`` are tuples with one entry per argument of ``f``; a single argument
    may stand for itself. The pullback is linear, so its own pullback is the derivative.

    Raises
    ------
    ShapeError
        When a tangent has another shape than its primal.
    """
    arguments, directions = _paired("jvp", primals, tangents)
    traced = tuple(map_leaves(functools.partial(fresh, "jvp"), x) for x in arguments)
    inputs = shadow(traced)
    value = f(*traced)
    directions = map_leaves(functools.partial(as_tensor, what="jvp"), directions)
    seeds = map_leaves(_dummy, value)
    pulled = pull(value, seeds, inputs, recorded=True)
    derivative = pull(pulled, directions, seeds)
    return finished(value, inputs), finished(derivative, (inputs, seeds))


def _dummy(y: Any) -> Tensor:
    """A cotangent whose value does not matter, because the pullback is linear in it."""
    array = np.zeros_like(as_tensor(y)._array)
    return wrap(array, leaf(array, requires_grad=True))


def _paired(name: str, primals: Any, tangents: Any) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    arguments = primals if isinstance(primals, tuple) else (primals,)
    directions = tangents if isinstance(primals, tuple) else (tangents,)
    pairs = list(leaves_of(arguments)), list(leaves_of(directions))
    if len(pairs[0]) != len(pairs[1]):
        raise ArgumentError(
            f"{name}: {len(pairs[0])} primals but {len(pairs[1])} tangents; "
            "give one tangent for every primal, in the same containers"
        )
    for x, t in zip(*pairs, strict=True):
        if np.shape(as_tensor(x)._array) != np.shape(as_tensor(t)._array):
            raise ShapeError(
                f"{name}: a tangent of shape {np.shape(as_tensor(t)._array)} does not fit its "
                f"primal of shape {np.shape(as_tensor(x)._array)}"
            )
    return arguments, tuple(directions)


@at_once
def jacobian(
    f: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """The function x ↦ ∂f/∂x; its result has the output's axes first, then the argument's.

    Parameters are those of :func:`minigrad.grad`; ``f`` may return a tensor of any shape, or
    several in a container. ``jacobian(f, x)`` with a tensor or an array is its value at x.
    """

    @functools.wraps(f)
    def matrix(*args: Any, **kwargs: Any) -> Any:
        traced, inputs = trace("jacobian", args, argnums)
        value, aux = split_aux("jacobian", f(*traced, **kwargs), has_aux)
        result = map_leaves(lambda y: _rows(as_tensor(y), inputs), value)
        return (result, finished(aux, inputs)) if has_aux else result

    return matrix


def _rows(y: Tensor, inputs: Any) -> Any:
    """The Jacobian of one output, one pullback per element."""
    shape = tuple(int(s) for s in y.shape)
    count = math.prod(shape)
    for x in leaves_of(inputs):
        check_bytes("jacobian", (*shape, *map(int, x.shape)), x.dtype.itemsize)
    pulled = []
    for k in range(count):
        seed = np.zeros(count, y.dtype)
        seed[k] = 1
        pulled.append(list(leaves_of(pull(y, seed.reshape(shape), inputs))))
    columns = iter(range(count and len(pulled[0])))

    def assemble(x: Tensor) -> Tensor:
        full = shape + tuple(int(s) for s in x.shape)
        if not count:
            return wrap(np.zeros(full, x.dtype))
        place = next(columns)
        return stack([row[place] for row in pulled]).reshape(full)

    return map_leaves(assemble, inputs)


@at_once
def hessian(
    f: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """The function x ↦ ∂²f/∂x², with the argument's axes twice.

    Parameters are those of :func:`minigrad.grad`; ``hessian(f, x)`` with a tensor or an array is its
    value at x.
    """
    return jacobian(grad(f, argnums, has_aux), argnums, has_aux)


def hvp(f: Callable[..., Any], primals: Any, tangents: Any) -> Any:
    """The product of the Hessian of f with a vector, without the Hessian.

    ``primals`` and ``tangents`` are as for :func:`jvp`; the result has the containers of
    ``primals``.
    """
    arguments, directions = _paired("hvp", primals, tangents)
    numbers = tuple(range(len(arguments)))
    traced, inputs = trace("hvp", arguments, numbers)
    slopes = grad(f, numbers)(*traced)
    products = pull(
        slopes, map_leaves(functools.partial(as_tensor, what="hvp"), directions), inputs
    )
    return products if isinstance(primals, tuple) else products[0]
