"""Running a program on arrays, in any of the arithmetics."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from string import ascii_letters
from typing import Any

import numpy as np

from minigrad.errors import DerivationError, UndefinedError
from minigrad.index.expr import Head
from minigrad.index.size import value_of
from minigrad.limits import check_bytes
from minigrad.program import run_indexing
from minigrad.program.environment import Environment, diagonal_view, slice_of
from minigrad.program.float_functions import float_function, logsumexp, others, softmax
from minigrad.program.value import Value, in_order
from minigrad.symbolic.budget import ask_for_time

# What costs no memory of its own; as a result it may be copied.
_VIEWS = frozenset({"broadcast", "diagonal", "expand", "index", "permute", "variable"})


def run(results: Sequence[Value], env: Environment) -> list[Any]:
    """The arrays of the results."""
    order = list(in_order(results))
    last = {arg: k for k, value in enumerate(order) for arg in value.args}
    kept = set(results)
    for value in order:
        if value.op not in _VIEWS or value in kept:
            check_bytes("a formula's value", env.shape(value.sizes))
    done: dict[Value, Any] = {}
    with np.errstate(all="ignore"):
        for k, value in enumerate(order):
            ask_for_time()
            try:
                done[value] = _OPERATIONS[value.op](value, [done[a] for a in value.args], env)
            except np.linalg.LinAlgError as error:
                raise UndefinedError(
                    f"{_called(value)}: the formula is not defined at these numbers ({error}); add a multiple "
                    "of the identity, or use pinv"
                ) from error
            except IndexError as error:
                raise UndefinedError(
                    f"the formula reads a place that axes of these lengths do not have ({error}); "
                    "give longer arrays"
                ) from error
            for arg in value.args:
                if last[arg] == k and arg not in kept:
                    done.pop(arg, None)
    return [done[value] for value in results]


def _called(value: Value) -> str:
    """What a user calls the operation."""
    return value.params[0].name if value.op == "matrix_function" else value.op


# -- scalars ---------------------------------------------------------------------------------------------


def _variable(value: Value, args: list[Any], env: Environment) -> Any:
    (name,) = value.params
    if name not in env.values:
        raise DerivationError(f"the formula needs a value for {name!r}; pass {name}=array")
    array = np.asarray(env.values[name])
    if array.dtype.kind in "biu" and not env.arithmetic.exact and value.kind == "float":
        return array.astype(float)
    return array


def _number(value: Value, args: list[Any], env: Environment) -> Any:
    return env.arithmetic.number(value.params[0])


def _constant(value: Value, args: list[Any], env: Environment) -> Any:
    return env.arithmetic.constant(value.params[0])


def _size(value: Value, args: list[Any], env: Environment) -> Any:
    return env.arithmetic.number(value_of(value.params[0], env.sizes))


# -- elementwise -------------------------------------------------------------------------------------------


def _add(value: Value, args: list[Any], env: Environment) -> Any:
    total: Any = None
    for coef, array in zip(value.params[0], args, strict=True):
        term = array if coef == 1 else array * env.arithmetic.number(coef)
        total = term if total is None else total + term
    return total


def _multiply(value: Value, args: list[Any], env: Environment) -> Any:
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


def _apply(value: Value, args: list[Any], env: Environment) -> Any:
    (function,) = value.params
    if isinstance(function, Head):
        result = env.arithmetic.head(function)(*args)
        return np.broadcast_to(result, env.shape(value.sizes))
    # an integer has no negative powers in NumPy, where 0. has them
    return float_function(function)(*(float(a) if isinstance(a, int) else a for a in args))


def _cast(value: Value, args: list[Any], env: Environment) -> Any:
    array = np.asarray(args[0])
    if env.arithmetic.exact:
        return array.astype(int).astype(object) if array.dtype.kind == "b" else array
    return array if array.dtype.kind == "f" else array.astype(float)


# -- axes ----------------------------------------------------------------------------------------------------


def _permute(value: Value, args: list[Any], env: Environment) -> Any:
    return np.transpose(args[0], value.params[0])


def _expand(value: Value, args: list[Any], env: Environment) -> Any:
    return np.expand_dims(args[0], value.params[0])


def _broadcast(value: Value, args: list[Any], env: Environment) -> Any:
    return np.broadcast_to(args[0], env.shape(value.sizes))


def _diagonal(value: Value, args: list[Any], env: Environment) -> Any:
    (labels,) = value.params
    return diagonal_view(args[0], labels, tuple(range(value.ndim)))


def _reshape(value: Value, args: list[Any], env: Environment) -> Any:
    return np.reshape(args[0], env.shape(value.sizes))


def _roll(value: Value, args: list[Any], env: Environment) -> Any:
    shift, axis = value.params
    return np.roll(args[0], shift, axis)


def _index(value: Value, args: list[Any], env: Environment) -> Any:
    entries = tuple(slice_of(entry, env) for entry in value.params[0])
    return args[0][entries]


# -- reductions and scans --------------------------------------------------------------------------------------


def _sum(value: Value, args: list[Any], env: Environment) -> Any:
    return np.sum(args[0], axis=value.params[0])


def _max(value: Value, args: list[Any], env: Environment) -> Any:
    return _largest(value, args[0], env)


def _prod(value: Value, args: list[Any], env: Environment) -> Any:
    return np.prod(args[0], axis=value.params[0])


def _others(value: Value, args: list[Any], env: Environment) -> Any:
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


def _sort(value: Value, args: list[Any], env: Environment) -> Any:
    _ordered(value, env)
    (axis,) = value.params[0]
    return np.sort(args[0], axis, kind="stable")


def _argsort(value: Value, args: list[Any], env: Environment) -> Any:
    _ordered(value, env)
    (axis,) = value.params[0]
    return np.argsort(args[0], axis, kind="stable")


def _argmax(value: Value, args: list[Any], env: Environment) -> Any:
    axes = value.params[0]
    best = _largest(value, args[0], env, keepdims=True)
    chosen = (args[0] == best) * env.arithmetic.number(1)
    return chosen / np.sum(chosen, axis=axes, keepdims=True)


def _softmax(value: Value, args: list[Any], env: Environment) -> Any:
    return softmax(args[0], value.params[0])


def _logsumexp(value: Value, args: list[Any], env: Environment) -> Any:
    return logsumexp(args[0], value.params[0])


def _cumsum(value: Value, args: list[Any], env: Environment) -> Any:
    (axis,), reverse = value.params
    if not reverse:
        return np.cumsum(args[0], axis=axis)
    return np.flip(np.cumsum(np.flip(args[0], axis), axis=axis), axis)


def _tril(value: Value, args: list[Any], env: Environment) -> Any:
    k, upper = value.params
    return np.triu(args[0], k) if upper else np.tril(args[0], k)


# -- contractions ---------------------------------------------------------------------------------------------


def _matmul(value: Value, args: list[Any], env: Environment) -> Any:
    return np.matmul(*args)


def _matvec(value: Value, args: list[Any], env: Environment) -> Any:
    return np.matvec(*args)


def _tensordot(value: Value, args: list[Any], env: Environment) -> Any:
    return np.tensordot(args[0], args[1], axes=(value.params[0], value.params[1]))


def _einsum(value: Value, args: list[Any], env: Environment) -> Any:
    a, b, out = ("".join(ascii_letters[label] for label in part) for part in value.params)
    return np.einsum(f"{a},{b}->{out}", *args)


def _matrix_function(value: Value, args: list[Any], env: Environment) -> Any:
    (row,), (x,) = value.params, args
    if row.of == "tall" and x.shape[-2] < x.shape[-1]:
        raise UndefinedError(
            f"{row.name}: sizes that are names stand for no fewer rows than columns, not {x.shape[-2]} "
            f"by {x.shape[-1]}; derive with numbers for sizes, or of the transpose"
        )
    return env.arithmetic.matrix_function(row, x)


_OPERATIONS: dict[str, Callable[[Value, list[Any], Environment], Any]] = {
    "variable": _variable,
    "number": _number,
    "constant": _constant,
    "size": _size,
    "add": _add,
    "multiply": _multiply,
    "apply": _apply,
    "cast": _cast,
    "permute": _permute,
    "expand": _expand,
    "broadcast": _broadcast,
    "diagonal": _diagonal,
    "reshape": _reshape,
    "roll": _roll,
    "index": _index,
    "sum": _sum,
    "max": _max,
    "prod": _prod,
    "argmax": _argmax,
    "others": _others,
    "sort": _sort,
    "argsort": _argsort,
    "softmax": _softmax,
    "logsumexp": _logsumexp,
    "cumsum": _cumsum,
    "tril": _tril,
    "matmul": _matmul,
    "matvec": _matvec,
    "tensordot": _tensordot,
    "einsum": _einsum,
    "matrix_function": _matrix_function,
    "take": run_indexing.take,
    "points": run_indexing.points,
    "concatenate": run_indexing.concatenate,
    "embed": run_indexing.embed,
    "embed_add": run_indexing.embed_add,
    "scatter": run_indexing.scatter,
    "arange": run_indexing.arange,
    "relation": run_indexing.relation,
    "pick": run_indexing.pick,
}
