"""Running the operations that compute: elementwise, along axes, contractions, matrix functions."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.errors import DerivationError, UndefinedError
from minigrad.index.expr import Head
from minigrad.index.size import value_of
from minigrad.program.environment import Environment, diagonal_view, slice_of
from minigrad.program.float_functions import float_function, logsumexp, others, softmax
from minigrad.program.value import Value, subscripts

# -- scalars ---------------------------------------------------------------------------------------------


def variable(value: Value, args: list[Any], env: Environment) -> Any:
    (name,) = value.params
    if name not in env.values:
        raise DerivationError(f"the formula needs a value for {name!r}; pass {name}=array")
    array = np.asarray(env.values[name])
    if array.dtype.kind in "biu" and not env.arithmetic.exact and value.kind == "float":
        return array.astype(float)
    return array


def number(value: Value, args: list[Any], env: Environment) -> Any:
    return env.arithmetic.number(value.params[0])


def constant(value: Value, args: list[Any], env: Environment) -> Any:
    return env.arithmetic.constant(value.params[0])


def size(value: Value, args: list[Any], env: Environment) -> Any:
    return env.arithmetic.number(value_of(value.params[0], env.sizes))


# -- elementwise -------------------------------------------------------------------------------------------


def add(value: Value, args: list[Any], env: Environment) -> Any:
    total: Any = None
    for coef, array in zip(value.params[0], args, strict=True):
        term = array if coef == 1 else array * env.arithmetic.number(coef)
        total = term if total is None else total + term
    return total


def multiply(value: Value, args: list[Any], env: Environment) -> Any:
    coef, exponents = value.params
    total: Any = None
    for array, exponent in sorted(zip(args, exponents, strict=True), key=lambda part: part[1] < 0):
        if exponent < 0 and not env.arithmetic.exact:
            divisor = array if exponent == -1 else env.arithmetic.power(array, -exponent)
            total = np.true_divide(1.0 if total is None else total, divisor)
            continue
        factor = array if exponent == 1 else env.arithmetic.power(array, exponent)
        total = factor if total is None else total * factor
    return total if coef == 1 else total * env.arithmetic.number(coef)


def apply(value: Value, args: list[Any], env: Environment) -> Any:
    (function,) = value.params
    if isinstance(function, Head):
        result = env.arithmetic.head(function)(*args)
        return np.broadcast_to(result, env.shape(value.sizes))
    # an integer has no negative powers in NumPy, where 0. has them
    return float_function(function)(*(float(a) if isinstance(a, int) else a for a in args))


def cast(value: Value, args: list[Any], env: Environment) -> Any:
    array = np.asarray(args[0])
    if env.arithmetic.exact:
        return array.astype(int).astype(object) if array.dtype.kind == "b" else array
    return array if array.dtype.kind == "f" else array.astype(float)


# -- axes ----------------------------------------------------------------------------------------------------


def permute(value: Value, args: list[Any], env: Environment) -> Any:
    return np.transpose(args[0], value.params[0])


def expand(value: Value, args: list[Any], env: Environment) -> Any:
    return np.expand_dims(args[0], value.params[0])


def broadcast(value: Value, args: list[Any], env: Environment) -> Any:
    return np.broadcast_to(args[0], env.shape(value.sizes))


def diagonal(value: Value, args: list[Any], env: Environment) -> Any:
    (labels,) = value.params
    return diagonal_view(args[0], labels, tuple(range(value.ndim)))


def reshape(value: Value, args: list[Any], env: Environment) -> Any:
    return np.reshape(args[0], env.shape(value.sizes))


def roll(value: Value, args: list[Any], env: Environment) -> Any:
    shift, axis = value.params
    return np.roll(args[0], shift, axis)


def index(value: Value, args: list[Any], env: Environment) -> Any:
    entries = tuple(slice_of(entry, env) for entry in value.params[0])
    return args[0][entries]


# -- reductions and scans --------------------------------------------------------------------------------------


def sum_(value: Value, args: list[Any], env: Environment) -> Any:
    return np.sum(args[0], axis=value.params[0])


def max_(value: Value, args: list[Any], env: Environment) -> Any:
    return _largest(value, args[0], env)


def prod(value: Value, args: list[Any], env: Environment) -> Any:
    return np.prod(args[0], axis=value.params[0])


def others_(value: Value, args: list[Any], env: Environment) -> Any:
    return others(args[0], value.params[0])


def _largest(value: Value, x: Any, env: Environment, keepdims: bool = False) -> Any:
    axes = value.params[0]
    if not all(x.shape[axis] for axis in axes):
        raise UndefinedError("max: an empty axis has no largest element; give arrays with elements")
    _ordered(value, env)
    return np.max(x, axis=axes, keepdims=keepdims)


def _ordered(value: Value, env: Environment) -> None:
    """Refuse elements of which nobody knows which one is larger."""
    if env.arithmetic.exact and not hasattr(env.arithmetic.number(1), "_mpf_"):
        raise DerivationError(f"{value.op}: the order of symbolic elements is not decided")


def sorted_(value: Value, args: list[Any], env: Environment) -> Any:
    _ordered(value, env)
    (axis,) = value.params[0]
    return np.sort(args[0], axis, kind="stable")


def argsort(value: Value, args: list[Any], env: Environment) -> Any:
    _ordered(value, env)
    (axis,) = value.params[0]
    return np.argsort(args[0], axis, kind="stable")


def argmax(value: Value, args: list[Any], env: Environment) -> Any:
    axes = value.params[0]
    best = _largest(value, args[0], env, keepdims=True)
    chosen = (args[0] == best) * env.arithmetic.number(1)
    return chosen / np.sum(chosen, axis=axes, keepdims=True)


def softmax_(value: Value, args: list[Any], env: Environment) -> Any:
    return softmax(args[0], value.params[0])


def logsumexp_(value: Value, args: list[Any], env: Environment) -> Any:
    return logsumexp(args[0], value.params[0])


def cumsum(value: Value, args: list[Any], env: Environment) -> Any:
    (axis,), reverse = value.params
    if not reverse:
        return np.cumsum(args[0], axis=axis)
    return np.flip(np.cumsum(np.flip(args[0], axis), axis=axis), axis)


def tril(value: Value, args: list[Any], env: Environment) -> Any:
    k, upper = value.params
    return np.triu(args[0], k) if upper else np.tril(args[0], k)


# -- contractions ---------------------------------------------------------------------------------------------


def matmul(value: Value, args: list[Any], env: Environment) -> Any:
    return np.matmul(*args)


def matvec(value: Value, args: list[Any], env: Environment) -> Any:
    return np.matvec(*args)


def tensordot(value: Value, args: list[Any], env: Environment) -> Any:
    return np.tensordot(args[0], args[1], axes=(value.params[0], value.params[1]))


def einsum(value: Value, args: list[Any], env: Environment) -> Any:
    a, b, out = map(subscripts, value.params)
    return np.einsum(f"{a},{b}->{out}", *args)


def matrix_function(value: Value, args: list[Any], env: Environment) -> Any:
    (row,), (x,) = value.params, args
    if row.of == "tall" and x.shape[-2] < x.shape[-1]:
        raise UndefinedError(
            f"{row.name}: sizes that are names stand for no fewer rows than columns, not {x.shape[-2]} "
            f"by {x.shape[-1]}; derive with numbers for sizes, or of the transpose"
        )
    return env.arithmetic.matrix_function(row, x)


# -- over the devices of a mesh --------------------------------------------------------------------------------


def on_a_mesh(value: Value, args: list[Any], env: Environment) -> Any:
    raise DerivationError(f"{value.op}: a device's program runs where its mesh is, under jax.shard_map")
