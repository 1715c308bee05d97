"""Functions of printed formulas, on tensors: the notation's own, and the operations by the names that they print."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from inspect import signature
from typing import Any

from minigrad import ops
from minigrad.errors import ArgumentError, ShapeError
from minigrad.graph.undefined import Function
from minigrad.index.undefined import read_name
from minigrad.notation.printed_text.functions import OF_ROWS
from minigrad.parsing import table
from minigrad.parsing.create import eye
from minigrad.parsing.printed_values import (
    COLUMNS,
    ROWS,
    Value,
    closed,
    elementwise,
    held,
    mapped,
    statistic,
    total,
)

_WHOLE = ("sum", "mean", "max", "min", "prod", "argmax")
# The length of each row stays, so that these follow the last axis.
_ALONG_ROWS = ("softmax", "log_softmax", "sort", "argsort", "layer_norm", "rms_norm")


def called(name: str, args: Sequence[Value], functions: Mapping[str, Any]) -> Value:
    """A function by the name that it prints.

    Raises
    ------
    ArgumentError
        When there is no such function.
    """
    stem, counts = read_name(name) or (name, ())
    function = functions.get(stem)
    if isinstance(function, Function):
        orders = [dict(counts).get(k + 1, 0) for k in range(len(args))]
        return elementwise(function.derived(*orders) if counts else function, args)
    first, *rest = args
    own = OF_ROWS.fullmatch(name)
    if rest and (own or name == "logsumexp"):
        raise _unread(name, args)
    if own:
        return _of_rows(own[2], ROWS if own[1] == "row" else COLUMNS, first)
    if name in _WHOLE and not rest:
        return total(_known(name), first)
    if name in _OWN:
        return _OWN[name](*_fitting(name, args))
    if name in _ALONG_ROWS:
        return _along_rows(_known(name), first, rest)
    if name == "logsumexp":
        value = closed(first)
        return Value(_known(name)(value.tensor, axis=-1), value.rank - 1, value.letters, of=ROWS)
    operation = _known(name)
    numbers = [value.tensor for value in rest]
    if first.rank == 2 and table.of_matrices(name):
        return _of_matrix(operation, closed(first), numbers)
    if len(args) == 1:
        return mapped(operation, first)
    return elementwise(operation, args)


def _known(name: str) -> Callable[..., Any]:
    operation = table.function(name)
    if operation is None:
        raise ArgumentError(f"no function is named {name!r}{table.nearest(name)}")
    return operation


def _fitting(name: str, args: Sequence[Value]) -> Sequence[Value]:
    """The arguments, where the notation's function takes so many."""
    try:
        signature(_OWN[name]).bind(*args)
    except TypeError:
        raise _unread(name, args) from None
    return args


def _unread(name: str, args: Sequence[Value]) -> ArgumentError:
    count = f"{len(args)} argument{'s' * (len(args) != 1)}"
    return ArgumentError(f"{name or 'a parenthesis'} is not written with {count}")


def _of_matrix(operation: Callable[..., Any], value: Value, numbers: Sequence[Any]) -> Value:
    result = operation(value.tensor, *numbers)
    return Value(result, result.ndim - len(value.letters), value.letters)


def _of_rows(name: str, of: str, value: Value) -> Value:
    if name in ("sort", "argsort"):
        return _along_rows(_known(name), value, ()) if of == ROWS else _columns(name, value)
    return statistic(_known(name), value, of)


def _columns(name: str, value: Value) -> Value:
    return Value(_known(name)(closed(value).tensor, axis=-2), value.rank, value.letters)


def _along_rows(operation: Callable[..., Any], value: Value, rest: Sequence[Value]) -> Value:
    value = closed(value)
    if not value.rank:
        raise ShapeError("this is a function of vectors and of the rows of matrices, not of a number")
    if rest:  # eps
        tensor = operation(value.tensor, eps=_number(rest[0]))
    else:
        tensor = operation(value.tensor, axis=-1)
    return Value(tensor, value.rank, value.letters, value.turned, value.of)


def _number(value: Value) -> Any:
    if value.rank:
        raise ShapeError("a number is needed here")
    return value.tensor


def _diag(value: Value) -> Value:
    value = closed(value)
    k = len(value.letters)
    if not value.letters:
        return held(ops.diag(value.tensor))
    if value.rank == 2:
        return Value(ops.diagonal(value.tensor, axis1=k, axis2=k + 1), 1, value.letters)
    return Value(ops.multiply(value.tensor[..., None], eye(value.sizes[0])), 2, value.letters)


def _trace(value: Value) -> Value:
    value = closed(value)
    k = len(value.letters)
    return Value(ops.trace(value.tensor, axis1=k, axis2=k + 1), 0, value.letters)


def _whole(value: Value) -> Any:
    if value.letters:
        raise ShapeError("this function is read of whole arrays alone")
    return closed(value).tensor


def _joined(axis: int, *blocks: Value) -> Value:
    return held(ops.concatenate([_whole(block) for block in blocks], axis=axis))


def _triangle(operation: Callable[..., Any]) -> Callable[..., Value]:
    return lambda value, k=None: held(operation(_whole(value), 0 if k is None else _number(k)))


def _with_sizes(operation: Callable[..., Any]) -> Callable[..., Value]:
    """What follows the first argument are sizes."""
    return lambda value, *sizes: held(operation(_whole(value), *(s.tensor for s in sizes)))


_OWN: dict[str, Callable[..., Value]] = {
    "": lambda *numbers: Value(tuple(map(_number, numbers))),  # several numbers in parentheses
    "diag": _diag,
    "tr": _trace,
    "step½": partial(mapped, lambda x: ops.where(x > 0, 1.0, ops.where(x < 0, 0.0, 0.5))),
    "joined": partial(_joined, -1),
    "stacked": partial(_joined, 0),
    "tril": _triangle(ops.tril),
    "triu": _triangle(ops.triu),
    "kron": lambda a, b: held(ops.kron(_whole(a), _whole(b))),
    **{name: _with_sizes(getattr(ops, name)) for name in ("reshape", "tile", "repeat", "roll", "pad")},
}
