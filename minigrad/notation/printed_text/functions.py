"""The functions that printed formulas use, on values: those of the notation, and the elementwise rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from inspect import signature
from typing import Any

import numpy as np

from minigrad.errors import ArgumentError, ShapeError
from minigrad.index.matrices import parts
from minigrad.index.matrix_row import MATRIX_ROWS
from minigrad.notation.functions import text_name, written
from minigrad.notation.printed_text.values import (
    COLUMN,
    ROW,
    Block,
    Value,
    elementwise,
    held,
    is_scalar,
    matrix,
    plain,
    vector,
)
from minigrad.primitive import REGISTRY, Primitive


def call(function: str, args: Sequence[Value]) -> Value:
    """A function by the name that it prints.

    Raises
    ------
    ArgumentError
        When formulas know no such function, or none of so many arguments.
    """
    if function in OWN:
        return OWN[function](*fitting(function, args, OWN[function]))
    if function in MATRIX_ROWS:
        (arg,) = fitting(function, args, matrix)
        if np.ndim(plain(arg)) > 2:
            raise ArgumentError(f"read_back: {function} of several matrices at once is not read")
        # a vector is a matrix of one column, transposed of one row
        is_vector = isinstance(arg, Block) and arg.is_vector and not arg.is_free
        return _held_matrix(MATRIX_ROWS[function].floats(arg.array if is_vector else matrix(arg)))
    part = parts.read(function)
    if part is not None:
        try:
            return _held_matrix(part(*map(plain, fitting(function, args, part))))
        except (ValueError, IndexError):
            raise ArgumentError(f"read_back: {function} of what is read here is not known") from None
    row, words = _row(function)
    if row is None:  # sigmoid, where σ is a tensor
        row, words = _row(text_name(function))
    if row is None:
        raise ArgumentError(f"read_back: {function!r} is no function that formulas know")
    # what follows the arguments are the row's parameters
    count = row.arity if row.arity is not None else len(args)
    numbers = [
        key for key, default in sorted(row.params.items()) if isinstance(default, int | float)
    ]
    given = args[count:]
    if len(args) < max(count, 1) or len(given) > len(numbers):
        raise _unread(function, args)
    params = {**row.params, **words, **dict(zip(numbers, map(_number, given), strict=False))}
    return elementwise(lambda *x: row.forward(*map(np.asarray, x), **params), args[:count])


def elementwise_function(function: str, count: int) -> Callable[..., Any] | None:
    """The function of so many numbers on arrays, or None where this is no elementwise one."""
    if function == "where":
        return lambda c, a, b: np.where(c, a, b)
    row, words = (None, {}) if function in OWN else _row(function)
    if row is None or row.arity != count:
        return None
    return lambda *x: row.forward(*map(np.asarray, x), **{**row.params, **words})


def _row(function: str) -> tuple[Primitive | None, dict[str, str]]:
    """The row of this name, and the parameter that a word behind it is: gelu_tanh."""
    whole = next((r for r in REGISTRY.values() if _prints(r, function)), None)
    stem, _, word = function.rpartition("_")
    if whole is not None or not stem:
        return whole, {}
    row = next((r for r in REGISTRY.values() if _prints(r, stem)), None)
    keys = [] if row is None else [k for k, usual in row.params.items() if isinstance(usual, str)]
    return (row, {keys[0]: word}) if len(keys) == 1 else (None, {})


def fitting(function: str, args: Sequence[Any], rule: Callable[..., Any]) -> Sequence[Any]:
    """The arguments, where the rule takes so many."""
    try:
        signature(rule).bind(*args)
    except TypeError:
        raise _unread(function, args) from None
    return args


def _unread(function: str, args: Sequence[Any]) -> ArgumentError:
    return ArgumentError(f"read_back: {function} is not printed with {len(args)} arguments")


def _number(value: Value) -> float:
    if not is_scalar(value):
        raise ShapeError("a number is needed here")
    return float(value)


def takes_matrices(function: str) -> bool:
    """Whether the function is one of matrices, whose sizes it needs."""
    return function in MATRIX_ROWS or parts.read(function) is not None


def is_own(name: str) -> bool:
    """Whether the notation calls a function so by a rule of its own."""
    return name in OWN or name in ("D", "onehot", "vec") or OF_ROWS.fullmatch(name) is not None


def is_function(name: str) -> bool:
    """Whether formulas have a function of this name."""
    known = name in OWN or name in MATRIX_ROWS or parts.read(name) is not None
    return known or _row(name)[0] is not None


def _prints(row: Primitive, function: str) -> bool:
    return row.kind == "elementwise" and written(row.name).text == function


def _held_matrix(array: Any) -> Value:
    """A matrix, a vector or a number."""
    if array.ndim == 2:
        return Block(array)
    return vector(array) if array.ndim else float(array)


def _diag(value: Value) -> Value:
    if isinstance(value, Block) and value.is_vector and not value.is_free:
        return Block(np.diag(plain(value)))
    if isinstance(value, Block) and not value.is_vector and sum(value.free) == 1:
        return vector(value.array)  # a square matrix whose rows or columns are all one vector
    return vector(np.diag(matrix(value)))


def _over(function: Callable[..., Any], axis: int) -> Callable[[Value], Value]:
    """A statistic of every row (axis 1) or column (axis 0)."""

    def statistic(value: Value) -> Value:
        if not isinstance(value, Block) and np.ndim(value) > 2 and axis == 1:
            # rows of a tensor lie along its last axis; of three axes a matrix of statistics remains
            if np.ndim(value) == 3:
                return Block(function(value, axis=-1), of=ROW)
            return function(value, axis=-1, keepdims=True)
        if (
            not isinstance(value, Block)
            or value.is_vector
            or (value.free[axis] and function not in (np.mean, np.max))
        ):
            raise ShapeError("a matrix is needed here")
        return vector(
            function(value.array, axis=axis), ROW if axis else COLUMN, value.free[1 - axis]
        )

    return statistic


def _whole(function: Callable[..., Any]) -> Callable[[Value], Value]:
    """A statistic of all elements."""

    def statistic(value: Value) -> Value:
        if isinstance(value, Block) and any(value.free) and function not in (np.mean, np.max):
            raise ShapeError("the size of 𝟏 is not known here")
        return float(function(plain(value)))

    return statistic


def _along_rows(function: Callable[[Any], Any]) -> Callable[[Value], Value]:
    """A function of each row; of a vector as a whole."""

    def apply(value: Value) -> Value:
        if isinstance(value, Block) and (value.is_free if value.is_vector else any(value.free)):
            raise ShapeError("the size of 𝟏 is not known here")
        array = function(plain(value))
        if isinstance(value, Block) and value.is_vector:
            return (
                float(array)
                if not array.ndim
                else replace(value, array=array.reshape(value.array.shape))
            )
        return vector(array, ROW) if array.ndim == 1 else held(array)

    return apply


def _log_softmax(array: Any) -> Any:
    return array - _logsumexp(array)[..., None]


def _softmax(array: Any) -> Any:
    powers = np.exp(array - array.max(-1, keepdims=True, initial=-np.inf))
    return powers / powers.sum(-1, keepdims=True)


def _logsumexp(array: Any) -> Any:
    top = array.max(-1, keepdims=True, initial=-np.inf)
    return (np.log(np.exp(array - top).sum(-1, keepdims=True)) + top)[..., 0]


def _normalised(array: Any, eps: float) -> Any:
    return array / np.sqrt((array**2).mean(-1, keepdims=True) + eps)


def _centred(array: Any) -> Any:
    return array - array.mean(-1, keepdims=True)


def _at_largest(array: Any) -> Any:
    """1 at the largest element of each row, shared among equals."""
    best = array == array.max(-1, keepdims=True, initial=-np.inf)
    return best / best.sum(-1, keepdims=True)


def _at_largest_of_all(value: Value) -> Value:
    array = plain(value)
    return held(_at_largest(array.reshape(-1)).reshape(array.shape))


def _argsort(array: Any) -> Any:
    return np.argsort(array, kind="stable")


def _last(*arrays: Any) -> Any:
    """1 where no later element of all arrays is the same."""
    places = np.stack(arrays, -1)
    same = (places[:, None] == places[None]).all(-1)
    return ~np.triu(same, 1).any(-1) * 1.0


def convolved(x: Value, w: Value, **params: list[int]) -> Value:
    """Every window of x, as far as it has margins of zeros, against all kernels."""
    count = np.ndim(w) - 2
    if count < 1 or np.ndim(x) != np.ndim(w):
        raise ShapeError("a convolution is of images and kernels with as many axes")
    axes = tuple(range(2, 2 + count))
    stride, padding, dilation = (
        (params.get(name, [usual]) * count)[:count]
        for name, usual in (("stride", 1), ("padding", 0), ("dilation", 1))
    )
    padded = np.pad(x, [(0, 0), (0, 0), *((p, p) for p in padding)])
    reach = [d * (k - 1) + 1 for d, k in zip(dilation, np.shape(w)[2:], strict=True)]
    windows = np.lib.stride_tricks.sliding_window_view(padded, reach, axis=axes)
    at = [*(slice(None, None, s) for s in stride), *(slice(None, None, d) for d in dilation)]
    windows = windows[(slice(None), slice(None), *at)]
    inner = [1, *range(2 + count, 2 + 2 * count)]
    found = np.tensordot(windows, w, (inner, [1, *axes]))
    return held(np.moveaxis(found, -1, 1))


def _cross_entropy(p: Value, y: Value) -> float:
    a, b = plain(p), plain(y)
    return float(-(b * np.log(a) + (1 - b) * np.log(1 - a)).mean())


def _triangle(function: Callable[..., Any]) -> Callable[..., Value]:
    return lambda value, k=0: Block(function(matrix(value), int(k)))


OF_ROWS = re.compile(r"(row|col)(sum|mean|max|min|prod|argmax|sort|argsort)")
CONVOLUTIONS = ("conv1d", "conv2d", "conv3d")
# The one-hot tensors of places whose axes are known from what they are places in.
ONEHOT_OF: dict[str, Callable[[Value], Value]] = {
    "argmax": _at_largest_of_all,
    "rowargmax": _along_rows(_at_largest),
}
OWN: dict[str, Callable[..., Value]] = {
    "diag": _diag,
    "tr": lambda value: float(np.trace(matrix(value))),
    "sum": _whole(np.sum),
    "mean": _whole(np.mean),
    "max": _whole(np.max),
    "prod": _whole(np.prod),
    "rowsum": _over(np.sum, 1),
    "colsum": _over(np.sum, 0),
    "rowmean": _over(np.mean, 1),
    "colmean": _over(np.mean, 0),
    "rowmax": _over(np.max, 1),
    "rowprod": _over(np.prod, 1),
    "argmax": lambda value: float(plain(value).argmax()),
    "rowargmax": _along_rows(lambda array: array.argmax(-1)),
    "sort": _along_rows(np.sort),
    "rowsort": _along_rows(np.sort),
    "argsort": _along_rows(_argsort),
    "rowargsort": _along_rows(_argsort),
    "joined": lambda *blocks: held(np.concatenate([*map(plain, blocks)], axis=-1)),
    "stacked": lambda *blocks: held(np.concatenate([*map(plain, blocks)])),
    "roll": lambda x, shift, axis=None: held(np.roll(plain(x), int(shift), None if axis is None else int(axis))),
    "kron": lambda a, b: held(np.kron(plain(a), plain(b))),
    "repeat": lambda x, count, axis=None: held(np.repeat(plain(x), int(count), None if axis is None else int(axis))),

    "softmax": _along_rows(_softmax),
    "log_softmax": _along_rows(_log_softmax),
    "layer_norm": lambda x, eps: _along_rows(
        lambda array: _normalised(_centred(array), float(plain(eps)))
    )(x),
    "rms_norm": lambda x, eps: _along_rows(lambda array: _normalised(array, float(plain(eps))))(x),
    "logsumexp": _along_rows(_logsumexp),
    "BCE": _cross_entropy,
    "last": lambda *indices: vector(_last(*map(plain, indices))),
    "step½": lambda x: elementwise(lambda array: np.heaviside(array, 0.5), [x]),
    "where": lambda c, a, b: elementwise(lambda *x: np.where(x[0], x[1], x[2]), [c, a, b]),
    "tril": _triangle(np.tril),
    "triu": _triangle(np.triu),
}
