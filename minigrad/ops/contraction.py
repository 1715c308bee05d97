"""Matrix products: sums of products over shared indices."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minigrad.errors import KindError, ShapeError
from minigrad.graph.call import Call
from minigrad.graph.define import builtin_contraction as contraction
from minigrad.graph.tensor import said
from minigrad.ops import meanings as meaning
from minigrad.ops import shape_messages
from minigrad.ops.axes import check_room, many_axes, ndim_of
from minigrad.ops.shape import unbroadcast
from minigrad.primitive import Names

_LETTERS = "abcdefghijklmnopqrstuvwxy"


def _rows(a: Any) -> Any:
    """All leading axes flattened into one."""
    return a.reshape(math.prod(a.shape[:-1]), a.shape[-1])


def _matmul(a: Any, b: Any) -> Any:
    # ``dot`` has a third of the overhead of ``@``, and one large product is several times faster
    # than a small one per batch entry.
    if a.ndim == 2 and 0 < b.ndim < 3:
        return a.dot(b)
    if a.ndim > 2 and b.ndim == 2:
        return _rows(a).dot(b).reshape(a.shape[:-1] + b.shape[1:])
    return a @ b


def _matmul_left(g: Any, z: Any, a: Any, b: Any) -> Any:
    if b.ndim == 2:
        if g.ndim == 2:
            return g.dot(b.T)
        return b.dot(g) if a.ndim == 1 else _rows(g).dot(b.T).reshape(a.shape)
    if b.ndim == 1:
        if a.ndim == 1:
            return g * b
        products = g.reshape(g.size, 1).dot(b.reshape(1, b.size))
        return products if a.ndim == 2 else products.reshape(a.shape)
    if a.ndim == 1:
        return unbroadcast((b @ g[..., None])[..., 0], a.shape)
    return unbroadcast(g @ b.swapaxes(-1, -2), a.shape)


def _matmul_right(g: Any, z: Any, a: Any, b: Any) -> Any:
    if a.ndim == 2 and g.ndim == 2:
        return a.T.dot(g)
    if b.ndim == 1:
        if a.ndim == 1:
            return g * a
        return g.dot(a) if a.ndim == 2 else g.reshape(g.size).dot(_rows(a))
    if a.ndim == 1:
        return unbroadcast(a[:, None] * g[..., None, :], b.shape)
    if b.ndim == 2:
        return _rows(a).T.dot(_rows(g))
    return unbroadcast(a.swapaxes(-1, -2) @ g, b.shape)


def _matmul_meaning(ndims: tuple[int, ...]) -> str:
    left, right = ndims
    if left == 1:
        return "j,j->" if right == 1 else "j,...jk->...k"
    return "...ij,j->...i" if right == 1 else "...ij,...jk->...ik"


matmul = contraction(
    "matmul",
    _matmul,
    vjps=(_matmul_left, _matmul_right),
    meaning=_matmul_meaning,
    shape_message=shape_messages.products,
    reads=("1", "0"),
    doc="Matrix product, zᵢₖ = Σⱼ xᵢⱼ yⱼₖ, over the last two axes; leading axes broadcast.",
    names=Names(also=("linalg.matmul",), methods=("matmul",)),
)


def _dot(a: Any, b: Any) -> Any:
    return a.dot(b) if isinstance(a, np.ndarray) else np.dot(a, b)


def _dot_left(g: Any, z: Any, a: Any, b: Any) -> Any:
    if a.ndim == 0 or b.ndim == 0:
        return g * b
    if b.ndim == 1:
        return g.reshape((*g.shape, 1)) * b
    free = tuple(range(a.ndim - 1, g.ndim))
    kept = tuple(i for i in range(b.ndim) if i != b.ndim - 2)
    return np.tensordot(g, b, (free, kept))


def _dot_right(g: Any, z: Any, a: Any, b: Any) -> Any:
    if a.ndim == 0 or b.ndim == 0:
        return g * a
    leading = tuple(range(a.ndim - 1))
    moved = np.tensordot(a, g, (leading, leading))
    return moved if b.ndim < 3 else np.moveaxis(moved, 0, b.ndim - 2)


def _dot_meaning(ndims: tuple[int, ...]) -> str:
    left, right = ndims
    if left == 0 or right == 0:
        return "...,->..." if right == 0 else ",...->..."
    a, b = _LETTERS[: left - 1], _LETTERS[left : left + right - 2]
    last = _LETTERS[left + right - 2] if right > 1 else ""
    return f"{a}z,{b}z{last}->{a}{b}{last}"


dot = contraction(
    "dot",
    _dot,
    vjps=(_dot_left, _dot_right),
    meaning=_dot_meaning,
    shape_message=shape_messages.dotted,
    broadcasts=True,
    doc="Sum product over the last axis of x and the last but one of y.",
    names=Names(methods=("dot",)),
)


def _tensordot_params(a_ndim: int, b_ndim: int, axes: Any) -> dict[str, Any]:
    if isinstance(axes, int | np.integer):
        count = int(axes)
        if not 0 <= count <= min(a_ndim, b_ndim):
            raise ShapeError(
                f"tensordot: axes={count} cannot be summed for operands of {a_ndim} and {b_ndim} "
                "dimensions"
            )
        return {"axes": (tuple(range(a_ndim - count, a_ndim)), tuple(range(count)))}
    try:
        left, right = axes
    except (TypeError, ValueError):
        raise KindError(
            f"tensordot: axes are how many to sum over, or a pair of axes, not {said(axes)}"
        ) from None
    pairs = many_axes("tensordot", left, a_ndim), many_axes("tensordot", right, b_ndim)
    if len(pairs[0]) != len(pairs[1]):
        raise ShapeError(f"tensordot: axes={axes} pairs {len(pairs[0])} axes with {len(pairs[1])}")
    return {"axes": pairs}


def _tensordot_signature(a: Any, b: Any, axes: Any = 2) -> Call:
    return (a, b), _tensordot_params(ndim_of(a), ndim_of(b), axes)


def _rest(ndim: int, axes: tuple[int, ...]) -> list[int]:
    return [i for i in range(ndim) if i not in axes]


def _tensordot_left(g: Any, z: Any, a: Any, b: Any, *, axes: Any) -> Any:
    left, right = axes
    free = _rest(a.ndim, left)
    moved = np.tensordot(g, b, (tuple(range(len(free), g.ndim)), tuple(_rest(b.ndim, right))))
    # The summed axes stand last, in the order in which b has them.
    order = [*free, *(left[right.index(axis)] for axis in sorted(right))]
    return np.transpose(moved, tuple(order.index(i) for i in range(a.ndim)))


def _tensordot_right(g: Any, z: Any, a: Any, b: Any, *, axes: Any) -> Any:
    left, right = axes
    free = _rest(b.ndim, right)
    count = a.ndim - len(left)
    moved = np.tensordot(a, g, (tuple(_rest(a.ndim, left)), tuple(range(count))))
    order = [*(right[left.index(axis)] for axis in sorted(left)), *free]
    return np.transpose(moved, tuple(order.index(i) for i in range(b.ndim)))


def _tensordot_meaning(ndims: tuple[int, ...], *, axes: Any) -> str:
    left, right = axes
    a = _LETTERS[: ndims[0]]
    b = list(_LETTERS[ndims[0] : ndims[0] + ndims[1]])
    for i, j in zip(left, right, strict=True):
        b[j] = a[i]
    output = [a[i] for i in _rest(ndims[0], left)] + [b[i] for i in _rest(ndims[1], right)]
    return f"{a},{''.join(b)}->{''.join(output)}"


tensordot = contraction(
    "tensordot",
    lambda a, b, *, axes=((), ()): np.tensordot(a, b, axes),
    vjps=(_tensordot_left, _tensordot_right),
    meaning=_tensordot_meaning,
    signature=_tensordot_signature,
    shape_message=shape_messages.paired,
    doc="Sum product over chosen pairs of axes.",
    names=Names(also=("linalg.tensordot",)),
)


def _inner_left(g: Any, z: Any, a: Any, b: Any) -> Any:
    if a.ndim == 0 or b.ndim == 0:
        return g * b
    free = tuple(range(a.ndim - 1, g.ndim))
    return np.tensordot(g, b, (free, tuple(range(b.ndim - 1))))


def _inner_right(g: Any, z: Any, a: Any, b: Any) -> Any:
    if a.ndim == 0 or b.ndim == 0:
        return g * a
    leading = tuple(range(a.ndim - 1))
    return np.tensordot(g, a, (leading, leading))


def _inner_meaning(ndims: tuple[int, ...]) -> str:
    left, right = ndims
    if left == 0 or right == 0:
        return "...,->..." if right == 0 else ",...->..."
    a, b = _LETTERS[: left - 1], _LETTERS[left : left + right - 1]
    return f"{a}z,{b}z->{a}{b}"


inner = contraction(
    "inner",
    np.inner,
    vjps=(_inner_left, _inner_right),
    meaning=_inner_meaning,
    shape_message=shape_messages.inner,
    broadcasts=True,
    doc="Sum product over the last axes of both.",
)


def _outer_meaning(ndims: tuple[int, ...]) -> Any:
    return "i,j->ij" if ndims == (1, 1) else meaning.outer


def _outer(a: Any, b: Any) -> Any:
    check_room("outer", (np.size(a), np.size(b)))
    return np.outer(a, b)


outer = contraction(
    "outer",
    _outer,
    vjps=(
        lambda g, z, a, b: g.dot(b.reshape(b.size)).reshape(a.shape),
        lambda g, z, a, b: a.reshape(a.size).dot(g).reshape(b.shape),
    ),
    meaning=_outer_meaning,
    doc="All products zᵢⱼ = xᵢ yⱼ of the flattened operands.",
    names=Names(also=("linalg.outer",), methods=("outer",)),
)
