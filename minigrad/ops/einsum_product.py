"""A sum of products of two arrays as one matrix product, which BLAS computes at full speed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

# Below this many multiplications NumPy's own loop is faster than arranging for a matrix product.
_FEW = 8192


def product(a: Any, b: Any, left: str, right: str, output: str) -> Any:
    """``einsum(f"{left},{right}->{output}", a, b)``, or None where it is no matrix product.

    Letters of both operands are summed or, when the output has them, a batch; the others are the
    rows of the first operand and the columns of the second.
    """
    if type(a) is not np.ndarray or type(b) is not np.ndarray:
        return None
    if a.dtype.kind != "f" or b.dtype.kind != "f":
        return None
    sizes = _sizes(a, b, left, right)
    if sizes is None or math.prod(sizes.values()) < _FEW:
        return None
    batch = [c for c in left if c in right and c in output]
    summed = [c for c in left if c in right and c not in output]
    rows = [c for c in left if c not in right]
    columns = [c for c in right if c not in left]
    if not summed or any(c not in output for c in (*rows, *columns)):
        return None
    x = _matrices(a, left, batch, rows, summed, sizes)
    y = _matrices(b, right, batch, columns, summed, sizes)
    z = np.matmul(x, y.swapaxes(-1, -2))
    order = [*batch, *rows, *columns]
    z = z.reshape([sizes[c] for c in order])
    return z.transpose([order.index(c) for c in output])


def _sizes(a: Array, b: Array, left: str, right: str) -> dict[str, int] | None:
    """The size of each letter, or None where a letter repeats, broadcasts or does not fit."""
    if len(set(left)) < len(left) or len(set(right)) < len(right):
        return None
    sizes = dict(zip(left, a.shape, strict=True))
    for letter, size in zip(right, b.shape, strict=True):
        if sizes.setdefault(letter, size) != size:
            return None
    return sizes


def _matrices(
    x: Array,
    letters: str,
    batch: list[str],
    free: list[str],
    summed: list[str],
    sizes: dict[str, int],
) -> Array:
    """A batch of matrices of shape (free, summed), copied only where no view has that shape."""

    def count(group: list[str]) -> int:
        return math.prod(sizes[c] for c in group)

    lead = [sizes[c] for c in batch]
    upright = x.transpose([letters.index(c) for c in (*batch, *free, *summed)])
    shape = (*lead, count(free), count(summed))
    try:
        return upright.reshape(shape, copy=False)
    except ValueError:
        pass
    lying = x.transpose([letters.index(c) for c in (*batch, *summed, *free)])
    try:
        return lying.reshape((*lead, count(summed), count(free)), copy=False).swapaxes(-1, -2)
    except ValueError:
        return upright.reshape(shape)
