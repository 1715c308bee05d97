"""How modules make their parameters, and what their arguments must be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from minigrad.errors import ArgumentError, ShapeError
from minigrad.graph.create import as_tensor, tensor
from minigrad.graph.tensor import Tensor, describe
from minigrad.index.size import Size
from minigrad.nn.labels import module_labels
from minigrad.ops.creation import fresh_generator

Rng = np.random.Generator | int | None
Init = Callable[[Any, np.random.Generator], NDArray[Any]]


def generator(rng: Rng) -> np.random.Generator:
    """A generator as it is, one made from a seed, or one of its own for None.

    :func:`minigrad.manual_seed` determines the one for None.

    Raises
    ------
    ArgumentError
        When ``rng`` is none of these.
    """
    try:
        return fresh_generator() if rng is None else np.random.default_rng(rng)
    except (TypeError, ValueError):
        raise ArgumentError(
            f"rng={rng!r} is no source of random numbers; pass a generator, "
            "numpy.random.default_rng(seed), or a seed, a whole number of at least 0"
        ) from None


def parameter(values: NDArray[Any], dims: str | None, dtype: DTypeLike) -> Tensor:
    """A leaf that requires a gradient; its attribute names it."""
    return tensor(values, dims=module_labels(dims), requires_grad=True, dtype=dtype)


def positive(what: str, **sizes: int) -> None:
    """Refuse sizes that are not whole numbers of at least 1.

    Raises
    ------
    ArgumentError
        Naming the class and the size.
    """
    for name, size in sizes.items():
        if isinstance(size, bool) or not isinstance(size, int | np.integer) or size < 1:
            raise ArgumentError(f"{what}: {name}={size!r}, but it must be a whole number above 0")


def fitted(what: str, x: Any, features: int) -> Tensor:
    """The input as a tensor, whose last axis has the size that a module was made for.

    Raises
    ------
    ShapeError
        Naming the module, the input and the size.
    """
    x = as_tensor(x, what)
    if not x.ndim or (not isinstance(x.shape[-1], Size) and x.shape[-1] != features):
        raise ShapeError(
            f"{what}: the last axis of {describe(x)} must have size {features}, "
            "the features that the module was made for"
        )
    return x
