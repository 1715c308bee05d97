"""`vmap`: a function run for each slice of its arguments, and its results stacked."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from minigrad.errors import ArgumentError, KindError, ShapeError, SymbolicError
from minigrad.graph.create import as_tensor
from minigrad.graph.keywords import refuse_others
from minigrad.graph.tensor import Tensor, describe, said
from minigrad.index.size import Size
from minigrad.numeric.trees import leaves_of, map_leaves
from minigrad.ops.joining import stack
from minigrad.ops.options import whole
from minigrad.ops.shaping import moveaxis

# An axis, None for what is passed whole, or containers of them for an argument or a result that is one.
Axes = Any


@dataclass(frozen=True, slots=True)
class _Leaf:
    """An argument or a part of one, and its slices where it has any."""

    value: Any
    sliced: bool

    def at(self, i: int) -> Any:
        return self.value[i] if self.sliced else self.value


def vmap(
    f: Callable[..., Any], in_axes: Axes = 0, out_axes: Axes = 0, **others: Any
) -> Callable[..., Any]:
    """The function (x₁, …, xₙ) ↦ (f(x₁), …, f(xₙ)) along an axis of its arguments.

    ``f`` runs once for each slice and what it returns is stacked, so that it may be any function, with loops,
    branches and random numbers of its own; one that takes leading axes itself is faster without ``vmap``.

    Parameters
    ----------
    in_axes
        The axis of each argument, or one for all; None passes an argument whole. An argument may be a dict, list
        or tuple of arrays, and its axis then one for all of them or such a container of axes.
    out_axes
        Where the new axis stands in the result, or in each part of it.

    Raises
    ------
    ShapeError
        When the arguments are of different lengths along their axes, or none has such an axis.
    ArgumentError
        When there is not one axis for each argument, or results of two slices are in different containers.
    SymbolicError
        When the axis has a name and no number.
    """
    if not callable(f):
        raise KindError(f"vmap: takes a function, not {said(f)}")
    if others:
        refuse_others("vmap", others)

    @functools.wraps(f)
    def mapped(*args: Any, **kwargs: Any) -> Any:
        if kwargs:
            name = next(iter(kwargs))
            raise ArgumentError(
                f"vmap: JAX goes through {name}= slice by slice and PyTorch passes it whole; give it in its place, with "
                f"its axis or None in in_axes, or bind it: mg.vmap(lambda x: f(x, {name}={name}))"
            )
        axes = in_axes if isinstance(in_axes, tuple | list) else (in_axes,) * len(args)
        if len(axes) != len(args):
            raise ArgumentError(f"vmap: in_axes has {len(axes)} axes for {len(args)} arguments")
        moved = [_moved(x, axis) for x, axis in zip(args, axes, strict=True)]
        lengths = {len(leaf.value) for leaf in leaves_of(moved) if leaf.sliced}
        if len(lengths) != 1 or 0 in lengths:
            told = " and ".join(map(str, sorted(lengths))) or "no axis"
            raise ShapeError(
                f"vmap: the arguments have one length above 0 along their axes, not {told}"
            )
        slices = range(lengths.pop())
        return _joined([f(*map_leaves(lambda leaf: leaf.at(i), moved)) for i in slices], out_axes)  # noqa: B023

    return mapped


def _moved(x: Any, axis: Axes) -> Any:
    """An argument with the axis first, in its containers."""
    if axis is None or x is None:
        return _Leaf(x, sliced=False)
    if isinstance(x, dict) or (isinstance(x, list | tuple) and _holds_arrays(x)):
        return _rebuilt(x, [_moved(part, own) for part, own in _paired(x, axis, "in_axes")])
    tensor = moveaxis(as_tensor(x, "vmap"), whole("vmap", "in_axes", axis), 0)
    if isinstance(tensor.shape[0], Size):
        raise SymbolicError(
            f"vmap: runs its function for each slice, and axis {axis} of {describe(as_tensor(x))} has the size "
            f"{tensor.shape[0]}, a name and no number; write the function for all slices at once (r @ W and r.sum() of "
            "a row are X @ W and X.sum(axis=-1) of all), or give the axis a number"
        )
    return _Leaf(tensor, sliced=True)


def _holds_arrays(x: Sequence[Any]) -> bool:
    """Whether a list is a container; one of numbers is an array."""
    return any(
        isinstance(leaf, Tensor | np.ndarray) or isinstance(part, dict)
        for part in x
        for leaf in leaves_of([part])
    )


def _joined(results: list[Any], axis: Axes) -> Any:
    """What the slices gave, stacked inside its containers."""
    first, kind = results[0], _containers(results[0])
    for i, result in enumerate(results):
        if _containers(result) != kind:
            raise ArgumentError(
                f"vmap: slice {i} gives {said(result)}, and slice 0 {said(first)}; return the same containers"
            )
    if first is None:
        return None
    if isinstance(first, dict | list | tuple):
        parts = zip(
            *(
                [result[key] for key in first] if isinstance(result, dict) else result
                for result in results
            ),
            strict=True,
        )
        axes = (own for _, own in _paired(first, axis, "out_axes"))
        return _rebuilt(
            first, [_joined([*column], own) for column, own in zip(parts, axes, strict=True)]
        )
    return stack(results, whole("vmap", "out_axes", axis))


def _containers(x: Any) -> Any:
    """What is compared of two results: the kind of a container and what its parts are called."""
    if isinstance(x, dict):
        return dict, {*x}
    return (type(x), len(x)) if isinstance(x, list | tuple) else x is None


def _paired(x: Any, axis: Axes, what: str) -> Iterator[tuple[Any, Axes]]:
    """Each part of a container with its axis, which stands in a container like it or is one for all."""
    keys = [*x] if isinstance(x, dict) else [*range(len(x))]
    if isinstance(axis, dict | list | tuple):
        own = [*axis] if isinstance(axis, dict) else [*range(len(axis))]
        if {*own} != {*keys}:
            raise ArgumentError(
                f"vmap: {what} has {own} where there is {keys}; give one axis for each, or one for all"
            )
        return ((x[key], axis[key]) for key in keys)
    return ((x[key], axis) for key in keys)


def _rebuilt(x: Any, parts: list[Any]) -> Any:
    if isinstance(x, dict):
        return type(x)(zip(x, parts, strict=True))
    return type(x)(*parts) if hasattr(x, "_fields") else type(x)(parts)
