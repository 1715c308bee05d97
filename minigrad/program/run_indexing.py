"""Running the operations that gather, join and scatter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad.errors import AxisError
from minigrad.index.size import AnySize, value_of
from minigrad.program.environment import Environment, diagonal_view, slice_of
from minigrad.program.value import Value


def take(value: Value, args: list[Any], env: Environment) -> Any:
    (axis,) = value.params
    return np.take(args[0], checked_indices(args[1], args[0].shape[axis]), axis=axis)


def points(value: Value, args: list[Any], env: Environment) -> Any:
    (shared,) = value.params
    array, index = args[0], checked_indices(args[1], args[0].shape[shared])
    index = np.broadcast_to(index, (*array.shape[:shared], *index.shape[shared:]))
    lead = np.ogrid[tuple(slice(n) for n in index.shape)][:shared]
    return array[(*lead, index)]


def checked_indices(array: Any, size: int) -> Any:
    """The integers, as indices of an axis.

    Raises
    ------
    AxisError
        When one lies outside.
    """
    indices = np.asarray(array).astype(int)
    wrong = indices[(indices < -size) | (indices >= size)]
    if wrong.size:
        raise AxisError(
            f"the formula reads place {wrong.flat[0]} of an axis of size {size}; places are 0 to "
            f"{size - 1}, or count from the end, -1 to {-size}"
        )
    return indices


def concatenate(value: Value, args: list[Any], env: Environment) -> Any:
    return np.concatenate(args, axis=value.params[0])


def zeros(value: Value, part: Any, env: Environment) -> Any:
    """Zeros of the value's sizes, for the part to stand in: whole numbers among floats are floats."""
    kind = object if env.arithmetic.exact else np.result_type(np.asarray(part), 1.0)
    return np.zeros(env.shape(value.sizes), kind)


def embed(value: Value, args: list[Any], env: Environment) -> Any:
    (index_maps,) = value.params
    result = zeros(value, args[0], env)
    view = window(result, index_maps, args[0], env)
    view[...] = args[0]
    return result


def embed_add(value: Value, args: list[Any], env: Environment) -> Any:
    (index_maps,) = value.params
    result = np.array(args[0], dtype=np.result_type(*(np.asarray(a).dtype for a in args)))
    view = window(result, index_maps, args[1], env)
    view += args[1]
    return result


def window(result: Any, index_maps: Sequence[Any], part: Any, env: Environment) -> Any:
    """The elements of ``result`` at the index maps, with one axis per label: a view."""
    entries: list[Any] = []
    labels: list[int] = []
    for index_map in index_maps:
        if index_map[0] == "at":
            entries.append(value_of(index_map[1], env.sizes))
        else:
            _, label, start, step, length = index_map
            entries.append(slice_of((start, step, length), env))
            labels.append(label)
    view = result[(*entries, ...)]
    if not labels:
        return view
    return diagonal_view(view, labels, sorted(set(labels)))


def scatter(value: Value, args: list[Any], env: Environment) -> Any:
    part, *indices = args
    lead, inner = value.params
    result = zeros(value, part, env)
    part = np.broadcast_to(part, env.shape(inner))
    where = tuple(
        np.broadcast_to(checked_indices(index, size), part.shape[:lead])
        for index, size in zip(indices, result.shape, strict=False)
    )
    np.add.at(result, where, part)
    return result


def arange(value: Value, args: list[Any], env: Environment) -> Any:
    start, steps = value.params
    return _combination(start, steps, env.shape(value.sizes), env)


def relation(value: Value, args: list[Any], env: Environment) -> Any:
    """[constant + Σ coefs[k] i_k ~ 0] over all indices."""
    coefs, constant, sign, modulus, _ = value.params
    total = _combination(constant, coefs, env.shape(value.sizes), env)
    if sign == "≡":
        total %= value_of(modulus, env.sizes)
    return _zero_one(total >= 0 if sign == "≥" else total == 0, env)


def _combination(
    constant: AnySize, coefs: Sequence[AnySize], shape: tuple[int, ...], env: Environment
) -> Any:
    """``constant + Σ coefs[k] i_k`` for all indices of a shape."""
    total = np.full(shape, value_of(constant, env.sizes))
    for axis, coef in enumerate(coefs):
        along = [-1 if k == axis else 1 for k in range(len(shape))]
        total += value_of(coef, env.sizes) * np.arange(shape[axis]).reshape(along)
    return total


def pick(value: Value, args: list[Any], env: Environment) -> Any:
    size = env.shape(value.sizes)[-1]
    places = checked_indices(args[0], size) % size
    return _zero_one(places[..., None] == np.arange(size), env)


def _zero_one(array: Any, env: Environment) -> Any:
    return array.astype(int).astype(object) if env.arithmetic.exact else array.astype(float)
