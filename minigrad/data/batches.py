"""Dealing examples out: training and test parts, and minibatches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from minigrad.errors import ArgumentError, ShapeError

Arrays = tuple[NDArray[Any], ...]


def split(
    *arrays: NDArray[Any],
    test: float,
    rng: np.random.Generator,
    stratify: ArrayLike | None = None,
) -> tuple[Arrays, Arrays]:
    """Deal examples at random into a training part and a test part.

    Parameters
    ----------
    arrays
        Examples along the first axis, of which all arrays have equally many.
    test
        The part that is held out, between 0 and 1.
    rng
        Decides which; the same state gives the same parts.
    stratify
        Classes of the examples, for example ``y``: each class is dealt out by itself, so that both
        parts hold it in the same proportion, and at least once.

    Returns
    -------
    The training part and the test part, each a tuple with one array per array.

    Raises
    ------
    ArgumentError
        When a part would be empty, or miss a class of ``stratify``.
    ShapeError
        When the arrays have different numbers of examples.
    """
    count = _examples("split", arrays)
    held_out = round(count * test) if 0 < test < 1 else 0
    if not 0 < held_out < count:
        raise ArgumentError(
            f"split: test={test} of {count} examples leaves one part empty; "
            "choose a fraction between 0 and 1 that gives both parts at least one example"
        )
    if stratify is None:
        order = rng.permutation(count)
        train, rest = order[held_out:], order[:held_out]
    else:
        train, rest = _by_class(np.asarray(stratify), count, test, rng)
    return tuple(a[train] for a in arrays), tuple(a[rest] for a in arrays)


def _by_class(
    classes: NDArray[Any], count: int, test: float, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Examples for training and for the test, each class dealt out by itself, then mixed."""
    if classes.shape != (count,):
        raise ShapeError(
            f"split: stratify has shape {classes.shape}; it names one class for each of "
            f"{count} examples"
        )
    train, rest = [], []
    for name in np.unique(classes):
        members = rng.permutation(np.flatnonzero(classes == name))
        if len(members) < 2:
            raise ArgumentError(
                f"split: class {name} has one example, which cannot be in both parts"
            )
        held_out = min(max(round(len(members) * test), 1), len(members) - 1)
        rest.append(members[:held_out])
        train.append(members[held_out:])
    return rng.permutation(np.concatenate(train)), rng.permutation(np.concatenate(rest))


def minibatches(
    *arrays: NDArray[Any], size: int, rng: np.random.Generator | None = None
) -> Iterator[Arrays]:
    """Deal all examples out once, in batches; call it again for the next epoch.

    Parameters
    ----------
    arrays
        Examples along the first axis, of which all arrays have equally many.
    size
        Examples in a batch; the last batch takes what is left.
    rng
        Shuffles, differently in each epoch; without it the order stays.

    Raises
    ------
    ArgumentError
        When ``size`` is not positive.
    ShapeError
        When the arrays have different numbers of examples.
    """
    count = _examples("minibatches", arrays)
    if size < 1:
        raise ArgumentError(f"minibatches: size={size}, but a batch has at least one example")
    order = np.arange(count) if rng is None else rng.permutation(count)
    return (
        tuple(a[order[start : start + size]] for a in arrays) for start in range(0, count, size)
    )


def _examples(name: str, arrays: Arrays) -> int:
    """The number of examples that all arrays share."""
    if not arrays:
        raise ArgumentError(f"{name}: no arrays were given; pass the examples, for example X, y")
    counts = [len(a) for a in arrays]
    if len(set(counts)) > 1:
        shapes = ", ".join(str(a.shape) for a in arrays)
        raise ShapeError(
            f"{name}: the arrays have {counts} examples (shapes {shapes}); "
            "the first axis counts examples and must agree"
        )
    return counts[0]
