"""Running a program on arrays, in any of the arithmetics."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from string import ascii_letters
from typing import Any, NamedTuple

import numpy as np

from minigrad.errors import DerivationError
from minigrad.index.expr import Head
from minigrad.index.size import AnySize, value_of
from minigrad.symbolic.arithmetic import Arithmetic
from minigrad.symbolic.program.floats import float_function, logsumexp, softmax
from minigrad.symbolic.program.value import Value, in_order


class Setting(NamedTuple):
    """Arrays of variables, sizes of dims, and the arithmetic."""

    values: Mapping[str, Any]
    sizes: Mapping[str, int]
    arithmetic: Arithmetic

    def shape(self, sizes: Sequence[AnySize]) -> tuple[int, ...]:
        return tuple(value_of(size, self.sizes) for size in sizes)


def run(results: Sequence[Value], setting: Setting) -> list[Any]:
    """The arrays of the results."""
    order = list(in_order(results))
    last = {arg: k for k, value in enumerate(order) for arg in value.args}
    kept = set(results)
    done: dict[Value, Any] = {}
    with np.errstate(all="ignore"):
        for k, value in enumerate(order):
            done[value] = _OPERATIONS[value.op](value, [done[arg] for arg in value.args], setting)
            for arg in value.args:
                if last[arg] == k and arg not in kept:
                    done.pop(arg, None)
    return [done[value] for value in results]


# -- scalars ---------------------------------------------------------------------------------------------


def _variable(value: Value, args: list[Any], at: Setting) -> Any:
    (name,) = value.params
    if name not in at.values:
        raise DerivationError(f"the formula needs a value for {name!r}; pass {name}=array")
    array = np.asarray(at.values[name])
    if array.dtype.kind in "biu" and not at.arithmetic.exact and value.kind == "float":
        return array.astype(float)
    return array


def _number(value: Value, args: list[Any], at: Setting) -> Any:
    return at.arithmetic.number(value.params[0])


def _constant(value: Value, args: list[Any], at: Setting) -> Any:
    return at.arithmetic.constant(value.params[0])


def _size(value: Value, args: list[Any], at: Setting) -> Any:
    return at.arithmetic.number(value_of(value.params[0], at.sizes))


# -- elementwise -------------------------------------------------------------------------------------------


def _add(value: Value, args: list[Any], at: Setting) -> Any:
    total: Any = None
    for coef, array in zip(value.params[0], args, strict=True):
        term = array if coef == 1 else array * at.arithmetic.number(coef)
        total = term if total is None else total + term
    return total


def _multiply(value: Value, args: list[Any], at: Setting) -> Any:
    coef, exponents = value.params
    total: Any = None
    for array, exponent in sorted(zip(args, exponents, strict=True), key=lambda part: part[1] < 0):
        if exponent < 0 and not at.arithmetic.exact:
            divisor = array if exponent == -1 else at.arithmetic.power(array, -exponent)
            total = np.true_divide(1.0 if total is None else total, divisor)
            continue
        factor = array if exponent == 1 else at.arithmetic.power(array, exponent)
        total = factor if total is None else total * factor
    return total if coef == 1 else total * at.arithmetic.number(coef)


def _apply(value: Value, args: list[Any], at: Setting) -> Any:
    (function,) = value.params
    if isinstance(function, Head):
        result = at.arithmetic.head(function)(*args)
        return np.broadcast_to(result, at.shape(value.sizes))
    return float_function(function)(*args)


def _cast(value: Value, args: list[Any], at: Setting) -> Any:
    array = np.asarray(args[0])
    if at.arithmetic.exact:
        return array.astype(int).astype(object) if array.dtype.kind == "b" else array
    return array if array.dtype.kind == "f" else array.astype(float)


# -- axes ----------------------------------------------------------------------------------------------------


def _permute(value: Value, args: list[Any], at: Setting) -> Any:
    return np.transpose(args[0], value.params[0])


def _expand(value: Value, args: list[Any], at: Setting) -> Any:
    return np.expand_dims(args[0], value.params[0])


def _broadcast(value: Value, args: list[Any], at: Setting) -> Any:
    return np.broadcast_to(args[0], at.shape(value.sizes))


def _diagonal(value: Value, args: list[Any], at: Setting) -> Any:
    (labels,) = value.params
    return _diagonal_view(args[0], labels, tuple(range(value.ndim)))


def _diagonal_view(array: Any, labels: Sequence[int], out: Sequence[int]) -> Any:
    letters = ["".join(ascii_letters[label] for label in part) for part in (labels, out)]
    return np.einsum("->".join(letters), array)


def _reshape(value: Value, args: list[Any], at: Setting) -> Any:
    return np.reshape(args[0], at.shape(value.sizes))


def _roll(value: Value, args: list[Any], at: Setting) -> Any:
    shift, axis = value.params
    return np.roll(args[0], shift, axis)


def _index(value: Value, args: list[Any], at: Setting) -> Any:
    entries = tuple(_slice(entry, at) for entry in value.params[0])
    return args[0][entries]


def _slice(entry: Any, at: Setting) -> Any:
    if entry is None:
        return slice(None)
    if not isinstance(entry, tuple):
        return value_of(entry, at.sizes)
    start, step, length = value_of(entry[0], at.sizes), entry[1], value_of(entry[2], at.sizes)
    stop = start + step * length
    return slice(start, stop if stop >= 0 else None, step)


# -- reductions and scans --------------------------------------------------------------------------------------


def _sum(value: Value, args: list[Any], at: Setting) -> Any:
    return np.sum(args[0], axis=value.params[0])


def _max(value: Value, args: list[Any], at: Setting) -> Any:
    _decided(value, at)
    return np.max(args[0], axis=value.params[0])


def _decided(value: Value, at: Setting) -> None:
    if at.arithmetic.exact and np.asarray(at.arithmetic.number(1)).dtype == object:
        from_mpmath = hasattr(at.arithmetic.number(1), "_mpf_")
        if not from_mpmath:
            raise DerivationError(f"{value.op}: the largest of symbolic elements is not decided")


def _argmax(value: Value, args: list[Any], at: Setting) -> Any:
    _decided(value, at)
    axes = value.params[0]
    best = np.max(args[0], axis=axes, keepdims=True)
    chosen = (args[0] == best) * at.arithmetic.number(1)
    return chosen / np.sum(chosen, axis=axes, keepdims=True)


def _softmax(value: Value, args: list[Any], at: Setting) -> Any:
    return softmax(args[0], value.params[0])


def _logsumexp(value: Value, args: list[Any], at: Setting) -> Any:
    return logsumexp(args[0], value.params[0])


def _cumsum(value: Value, args: list[Any], at: Setting) -> Any:
    (axis,), reverse = value.params
    if not reverse:
        return np.cumsum(args[0], axis=axis)
    return np.flip(np.cumsum(np.flip(args[0], axis), axis=axis), axis)


def _tril(value: Value, args: list[Any], at: Setting) -> Any:
    k, upper = value.params
    return np.triu(args[0], k) if upper else np.tril(args[0], k)


# -- contractions ---------------------------------------------------------------------------------------------


def _matmul(value: Value, args: list[Any], at: Setting) -> Any:
    return np.matmul(*args)


def _matvec(value: Value, args: list[Any], at: Setting) -> Any:
    return np.matvec(*args)


def _tensordot(value: Value, args: list[Any], at: Setting) -> Any:
    return np.tensordot(*args, axes=value.params)


def _einsum(value: Value, args: list[Any], at: Setting) -> Any:
    a, b, out = ("".join(ascii_letters[label] for label in part) for part in value.params)
    return np.einsum(f"{a},{b}->{out}", *args)


def _inverse(value: Value, args: list[Any], at: Setting) -> Any:
    return at.arithmetic.inverse(args[0])


def _det(value: Value, args: list[Any], at: Setting) -> Any:
    return at.arithmetic.determinant(args[0])


def _logdet(value: Value, args: list[Any], at: Setting) -> Any:
    return at.arithmetic.log_determinant(args[0])


# -- putting in place -------------------------------------------------------------------------------------------


def _take(value: Value, args: list[Any], at: Setting) -> Any:
    return np.take(args[0], _positions_of(args[1]), axis=value.params[0])


def _points(value: Value, args: list[Any], at: Setting) -> Any:
    array, index = args[0], _positions_of(args[1])
    (shared,) = value.params
    index = np.broadcast_to(index, (*array.shape[:shared], *index.shape[shared:]))
    lead = np.ogrid[tuple(slice(n) for n in index.shape)][:shared]
    return array[(*lead, index)]


def _positions_of(array: Any) -> Any:
    return np.asarray(array).astype(int)


def _concatenate(value: Value, args: list[Any], at: Setting) -> Any:
    return np.concatenate(args, axis=value.params[0])


def _zeros(sizes: Sequence[AnySize], like: Any, at: Setting) -> Any:
    return np.zeros(
        at.shape(sizes), dtype=object if at.arithmetic.exact else np.asarray(like).dtype
    )


def _embed(value: Value, args: list[Any], at: Setting) -> Any:
    sizes, places = value.params
    result = _zeros(sizes, np.asarray(args[0]) * (1 if at.arithmetic.exact else 1.0), at)
    view = _window(result, places, args[0], at)
    view[...] = args[0]
    return result


def _embed_add(value: Value, args: list[Any], at: Setting) -> Any:
    (places,) = value.params
    result = np.array(args[0], dtype=np.result_type(*(np.asarray(a).dtype for a in args)))
    view = _window(result, places, args[1], at)
    view += args[1]
    return result


def _window(result: Any, places: Sequence[Any], part: Any, at: Setting) -> Any:
    """The elements of ``result`` at the places, with one axis per label: a view."""
    entries: list[Any] = []
    labels: list[int] = []
    for place in places:
        if place[0] == "at":
            entries.append(value_of(place[1], at.sizes))
        else:
            _, label, start, step, length = place
            entries.append(_slice((start, step, length), at))
            labels.append(label)
    view = result[(*entries, ...)]
    if not labels:
        return view
    return _diagonal_view(view, labels, sorted(set(labels)))


def _scatter(value: Value, args: list[Any], at: Setting) -> Any:
    part, *indices = args
    _targets, lead, inner = value.params
    result = _zeros(value.sizes, np.asarray(part) * (1 if at.arithmetic.exact else 1.0), at)
    part = np.broadcast_to(part, at.shape(inner))
    where = tuple(np.broadcast_to(_positions_of(index), part.shape[:lead]) for index in indices)
    np.add.at(result, where, part)
    return result


def _range(value: Value, args: list[Any], at: Setting) -> Any:
    start, step, length = value.params
    return value_of(start, at.sizes) + step * np.arange(value_of(length, at.sizes))


def _structural(value: Value, args: list[Any], at: Setting) -> Any:
    kind, params = value.params
    array = structural(kind, at.shape(value.sizes), params, at.sizes, *args)
    return array.astype(int).astype(object) if at.arithmetic.exact else array


def structural(
    kind: str,
    shape: tuple[int, ...],
    params: tuple[Any, ...],
    sizes: Mapping[str, int],
    *index: Any,
) -> Any:
    """A structural 0/1 tensor as an array."""
    if kind == "pick":
        return (_positions_of(index[0])[..., None] == np.arange(shape[-1])).astype(float)
    if kind == "delta":
        return np.eye(*shape)
    if kind == "slice":
        start, step = value_of(params[0], sizes), params[1]
        result = np.zeros(shape)
        rows = np.arange(shape[0])
        result[rows, start + step * rows] = 1
        return result
    if kind == "onehot":
        return (np.arange(shape[0]) == value_of(params[0], sizes) % shape[0]).astype(float)
    if kind == "reshape":
        count = int(np.prod(shape[: params[0]]))
        return np.eye(count).reshape(shape)
    if kind == "tri":
        return np.tri(*shape, k=params[0])
    if kind == "roll":
        return np.roll(np.eye(shape[0]), params[0], axis=0)
    raise DerivationError(f"{kind}: this structural tensor cannot be evaluated")


_OPERATIONS: dict[str, Callable[[Value, list[Any], Setting], Any]] = {
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
    "argmax": _argmax,
    "softmax": _softmax,
    "logsumexp": _logsumexp,
    "cumsum": _cumsum,
    "tril": _tril,
    "matmul": _matmul,
    "matvec": _matvec,
    "tensordot": _tensordot,
    "einsum": _einsum,
    "inv": _inverse,
    "det": _det,
    "logdet": _logdet,
    "take": _take,
    "points": _points,
    "concatenate": _concatenate,
    "embed": _embed,
    "embed_add": _embed_add,
    "scatter": _scatter,
    "positions": _range,
    "structural": _structural,
}
