"""Running the operations that gather, join and put in place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from minigrad.errors import AxisError, DerivationError
from minigrad.index.size import AnySize, value_of
from minigrad.program.setting import Setting, diagonal_view, slice_of
from minigrad.program.value import Value


def take(value: Value, args: list[Any], at: Setting) -> Any:
    (axis,) = value.params
    return np.take(args[0], positions_of(args[1], args[0].shape[axis]), axis=axis)


def points(value: Value, args: list[Any], at: Setting) -> Any:
    (shared,) = value.params
    array, index = args[0], positions_of(args[1], args[0].shape[shared])
    index = np.broadcast_to(index, (*array.shape[:shared], *index.shape[shared:]))
    lead = np.ogrid[tuple(slice(n) for n in index.shape)][:shared]
    return array[(*lead, index)]


def positions_of(array: Any, size: int) -> Any:
    """The integers that say places on an axis.

    Raises
    ------
    AxisError
        When one lies outside.
    """
    places = np.asarray(array).astype(int)
    wrong = places[(places < -size) | (places >= size)]
    if wrong.size:
        raise AxisError(
            f"the formula reads place {wrong.flat[0]} of an axis of size {size}; places are 0 to "
            f"{size - 1}, or count from the end, -1 to {-size}"
        )
    return places


def concatenate(value: Value, args: list[Any], at: Setting) -> Any:
    return np.concatenate(args, axis=value.params[0])


def zeros(sizes: Sequence[AnySize], like: Any, at: Setting) -> Any:
    return np.zeros(
        at.shape(sizes), dtype=object if at.arithmetic.exact else np.asarray(like).dtype
    )


def embed(value: Value, args: list[Any], at: Setting) -> Any:
    sizes, places = value.params
    result = zeros(sizes, np.asarray(args[0]) * (1 if at.arithmetic.exact else 1.0), at)
    view = window(result, places, args[0], at)
    view[...] = args[0]
    return result


def embed_add(value: Value, args: list[Any], at: Setting) -> Any:
    (places,) = value.params
    result = np.array(args[0], dtype=np.result_type(*(np.asarray(a).dtype for a in args)))
    view = window(result, places, args[1], at)
    view += args[1]
    return result


def window(result: Any, places: Sequence[Any], part: Any, at: Setting) -> Any:
    """The elements of ``result`` at the places, with one axis per label: a view."""
    entries: list[Any] = []
    labels: list[int] = []
    for place in places:
        if place[0] == "at":
            entries.append(value_of(place[1], at.sizes))
        else:
            _, label, start, step, length = place
            entries.append(slice_of((start, step, length), at))
            labels.append(label)
    view = result[(*entries, ...)]
    if not labels:
        return view
    return diagonal_view(view, labels, sorted(set(labels)))


def scatter(value: Value, args: list[Any], at: Setting) -> Any:
    part, *indices = args
    _targets, lead, inner = value.params
    result = zeros(value.sizes, np.asarray(part) * (1 if at.arithmetic.exact else 1.0), at)
    part = np.broadcast_to(part, at.shape(inner))
    where = tuple(
        np.broadcast_to(positions_of(index, size), part.shape[:lead])
        for index, size in zip(indices, result.shape, strict=False)
    )
    np.add.at(result, where, part)
    return result


def positions(value: Value, args: list[Any], at: Setting) -> Any:
    start, step, length = value.params
    return value_of(start, at.sizes) + step * np.arange(value_of(length, at.sizes))


def zero_one(value: Value, args: list[Any], at: Setting) -> Any:
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
        places = positions_of(index[0], shape[-1]) % shape[-1]
        return (places[..., None] == np.arange(shape[-1])).astype(float)
    if kind == "delta":
        return np.eye(shape[0], shape[1])
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
        return np.tri(shape[0], shape[1], k=params[0])
    if kind == "roll":
        return np.roll(np.eye(shape[0]), params[0], axis=0)
    raise DerivationError(f"{kind}: this structural tensor cannot be evaluated")
