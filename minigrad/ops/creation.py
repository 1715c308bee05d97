"""Tensors made without data: filled, counted or drawn at random, as NumPy and PyTorch make them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minigrad.errors import ArgumentError, DtypeError, KindError, ShapeError
from minigrad.graph.create import own, tensor
from minigrad.graph.operation import option
from minigrad.graph.tensor import Tensor, said, wrap
from minigrad.index.size import Size
from minigrad.limits import check_bytes
from minigrad.ops.constants import repeated, symbolic_eye
from minigrad.ops.options import whole

# NumPy's own limit; and a number of elements that no memory holds, where a count overflows.
_MOST_AXES = 64
_ENDLESS = 10**30

__all__ = [
    *("arange", "eye", "full", "full_like", "manual_seed", "ones", "ones_like"),
    *("rand", "randint", "randn", "zeros", "zeros_like"),
]


def _shape(name: str, given: tuple[Any, ...]) -> tuple[Any, ...]:
    """Sizes, one by one or in a tuple; a size may be a dim's name."""
    listed = len(given) == 1 and isinstance(given[0], tuple | list | np.ndarray) and np.ndim(given[0]) > 0
    sizes: list[Any] = []
    for size in given[0] if listed else given:
        if isinstance(size, Size):
            sizes.append(size)
            continue
        plain = option(name, "size", size)
        if isinstance(plain, bool) or not isinstance(plain, int | np.integer) or plain < 0:
            raise ArgumentError(f"{name}: {said(size)} is no size; a size is a whole number from 0 on")
        sizes.append(int(plain))
    if len(sizes) > _MOST_AXES:
        raise ShapeError(f"{name}: an array has at most {_MOST_AXES} axes, not {len(sizes)}")
    if not any(isinstance(size, Size) for size in sizes):
        check_bytes(name, sizes)
    return tuple(sizes)


def _filled(name: str, shape: tuple[Any, ...], value: Any, dtype: Any, facts: dict[str, Any]) -> Tensor:
    sizes = _shape(name, shape)
    if any(isinstance(size, Size) for size in sizes):
        _refuse_facts(name, facts)
        return repeated(wrap(own(value, dtype, name)), sizes)
    return tensor(_repeated(name, sizes, value, dtype), **facts)


def _repeated(name: str, sizes: tuple[Any, ...], value: Any, dtype: Any) -> Any:
    element = own(value, dtype, name)
    if _fills(element.shape, sizes):
        return np.full(sizes, element, element.dtype)
    raise ShapeError(f"{name}: a value of shape {element.shape} does not fill the shape {sizes}")


def _fills(shape: tuple[int, ...], sizes: tuple[int, ...]) -> bool:
    own_last = zip(reversed(shape), reversed(sizes), strict=False)
    return len(shape) <= len(sizes) and all(size in (1, wanted) for size, wanted in own_last)


def _refuse_facts(name: str, facts: dict[str, Any]) -> None:
    """A number repeated along sizes that have only names is no leaf, which could have a name or a gradient."""
    if facts:
        raise KindError(f"{name}: what has no values is no leaf and has no {'=, '.join(facts)}=; name it by .named()")


def zeros(*shape: Any, dtype: Any = float, **facts: Any) -> Tensor:
    """0 in every element, xᵢ = 0.

    The shape is ``2, 3`` or ``(2, 3)``; ``facts`` are those of :func:`minigrad.tensor`: ``name``,
    ``dims``, ``requires_grad``, ``assume``. So it is in all of these functions.

    Raises
    ------
    ArgumentError
        When a size is not a whole number from 0 on.
    LimitError
        When there would be more elements than :class:`minigrad.limits` allows.
    """
    return _filled("zeros", shape, 0, float if dtype is None else dtype, facts)


def ones(*shape: Any, dtype: Any = float, **facts: Any) -> Tensor:
    """1 in every element, xᵢ = 1; arguments as of :func:`zeros`."""
    return _filled("ones", shape, 1, float if dtype is None else dtype, facts)


def full(shape: Any, fill_value: Any, dtype: Any = None, **facts: Any) -> Tensor:
    """One value in every element, xᵢ = v; the shape is a tuple or one size."""
    return _filled("full", (shape,), option("full", "fill_value", fill_value), dtype, facts)


def zeros_like(a: Any, dtype: Any = None, **facts: Any) -> Tensor:
    """0 in every element of another's shape and dtype, xᵢ = 0."""
    return full_like(a, 0, dtype, **facts)


def ones_like(a: Any, dtype: Any = None, **facts: Any) -> Tensor:
    """1 in every element of another's shape and dtype, xᵢ = 1."""
    return full_like(a, 1, dtype, **facts)


def full_like(a: Any, fill_value: Any, dtype: Any = None, **facts: Any) -> Tensor:
    """One value in every element of another's shape and dtype, xᵢ = v."""
    like = a if isinstance(a, Tensor) else tensor(a)
    value = option("full_like", "fill_value", fill_value)
    return _filled("full_like", (tuple(like.shape),), value, like.dtype if dtype is None else dtype, facts)


def eye(N: int, M: int | None = None, k: int = 0, dtype: Any = float, **facts: Any) -> Tensor:
    """The identity matrix, Iᵢⱼ = δᵢⱼ, or ones on its k-th diagonal; M is the number of columns."""
    rows, columns = _shape("eye", (N, N if M is None else M))
    if isinstance(rows, Size) and rows == columns and not k:
        _refuse_facts("eye", facts)
        return symbolic_eye(rows)
    return tensor(np.eye(rows, columns, k, dtype), **facts)


def arange(start: Any, stop: Any = None, step: Any = 1, dtype: Any = None, **facts: Any) -> Tensor:
    """Numbers at equal steps, xᵢ = start + i step, up to and without ``stop``; from 0 with one argument."""
    ends = (0, start) if stop is None else (start, stop)
    parts = [option("arange", "end or step", x) for x in (*ends, step)]
    # Python's numbers: of unsigned ones, 2 - 5 is a large number.
    parts = [x.item() if isinstance(x, np.ndarray | np.number) and not x.ndim else x for x in parts]
    wrong = next((x for x in parts if not isinstance(x, int | float | np.number)), None)
    if wrong is not None:
        raise KindError(f"arange: an end or step is a number, not {said(wrong)}")
    first, last, by = parts
    if by == 0:
        raise ArgumentError("arange: step is 0, which leads nowhere")
    for x in parts:
        if not abs(x) < math.inf:
            raise ArgumentError(f"arange: an end or step is a finite number, not {said(x)}")
    count = -((first - last) // by)  # rounded up, of whole numbers exactly
    check_bytes("arange", (int(max(0, min(count, _ENDLESS))),))
    counted: Any = np.arange(first, last, by)
    return tensor(counted, dtype=dtype, **facts)


# -- at random -------------------------------------------------------------------------------------

# The generator of draws without a seed of their own, once there is one, and whether a seed was given.
_common: list[np.random.Generator] = []
_seeded: list[int] = []


def manual_seed(seed: int) -> None:
    """Let what is drawn without a seed of its own, also initial weights and dropout, start from this one.

    Raises
    ------
    ArgumentError
        When the seed is not a whole number from 0 on.
    """
    _common[:] = [_generator("manual_seed", seed)]
    _seeded[:] = [seed]


def fresh_generator() -> np.random.Generator:
    """A generator of its own, which :func:`manual_seed` determines where it was called."""
    return _common[0].spawn(1)[0] if _seeded else np.random.default_rng()


def _generator(name: str, seed: Any) -> np.random.Generator:
    if seed is None:
        if not _common:
            _common.append(np.random.default_rng())
        return _common[0]
    try:
        return np.random.default_rng(seed)
    except (TypeError, ValueError):
        raise ArgumentError(
            f"{name}: {said(seed)} is no seed; pass a whole number from 0 on, or a generator, "
            "numpy.random.default_rng(seed)"
        ) from None


def randn(*shape: Any, seed: Any = None, dtype: Any = float, **facts: Any) -> Tensor:
    """Standard normal draws, xᵢ ~ N(0, 1); arguments as of :func:`zeros`.

    ``seed`` is a whole number or a generator; without one, draws go on from :func:`manual_seed`.
    """
    drawn = _generator("randn", seed).standard_normal(_shape("randn", shape))
    return tensor(drawn, dtype=_of_draws("randn", dtype), **facts)


def rand(*shape: Any, seed: Any = None, dtype: Any = float, **facts: Any) -> Tensor:
    """Uniform draws, 0 ≤ xᵢ < 1; arguments as of :func:`randn`."""
    return tensor(_generator("rand", seed).random(_shape("rand", shape)), dtype=_of_draws("rand", dtype), **facts)


def _of_draws(name: str, dtype: Any) -> Any:
    """An element type that holds draws: of whole numbers nearly nothing but 0 would be left."""
    if own(0, dtype, name).dtype.kind != "f":
        raise DtypeError(f"{name}: dtype={said(dtype)} holds no real numbers; write mg.randint(low, high, shape)")
    return dtype


def randint(low: int, high: int, shape: Any = (), *, seed: Any = None, **facts: Any) -> Tensor:
    """Whole numbers drawn uniformly, low ≤ xᵢ < high; ``seed`` as of :func:`randn`."""
    low, high = whole("randint", "low", low), whole("randint", "high", high)
    if not low < high:
        raise ArgumentError(f"randint: there is no whole number from {said(low)} on below {said(high)}")
    if low < -(2**63) or high > 2**63:
        raise ArgumentError(f"randint: whole numbers have 64 bits here, and {said(low)} to {said(high)} do not fit")
    drawn = _generator("randint", seed).integers(low, high, _shape("randint", (shape,)))
    return tensor(drawn, **facts)
