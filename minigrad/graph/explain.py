"""Saying what went wrong: operation, shapes, cause and cure instead of a library's message."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from minigrad.errors import (
    ArgumentError,
    AxisError,
    DtypeError,
    KindError,
    LimitError,
    MinigradError,
    ShapeError,
)
from minigrad.graph.operands import operands
from minigrad.graph.tensor import Tensor, said
from minigrad.primitive import Primitive

# What an argument is given as, where "..." says little.
_FOR_EXAMPLE = {"rng": "np.random.default_rng(0)"}


def explain(
    op: Primitive, inputs: tuple[Any, ...], params: Mapping[str, Any], error: Exception
) -> MinigradError | None:
    """The error to raise instead, or None to leave the original as it is."""
    given = operands(inputs)
    if isinstance(error, MemoryError):
        return LimitError(f"{op.name}: there is not enough memory ({error}); got {given}")
    if isinstance(error, np.exceptions.AxisError):
        return AxisError(f"{op.name}: {error}; got {given}")
    if any(_is_odd(x) for x in inputs):
        return DtypeError(f"{op.name}: cannot compute with {given}; pass numbers or tensors")
    if isinstance(error, np.linalg.LinAlgError) and "ingular" in str(error):
        return ArgumentError(
            f"{op.name}: the matrix is singular; got {given}; add a multiple of the identity, or "
            "use linalg.pinv"
        )
    if isinstance(error, np.linalg.LinAlgError) and "positive definite" in str(error):
        return ArgumentError(
            f"{op.name}: the matrix is not positive definite; got {given}; add a multiple of the "
            "identity if it should be"
        )
    if "read-only" in str(error):
        return ArgumentError(
            f"{op.name}: its forward function writes into an array that the graph has captured, an "
            f"argument or an earlier result; got {given}; compute into a new array"
        )
    if isinstance(error, TypeError):
        return DtypeError(f"{op.name}: no computation for {operands(inputs, True)} ({error})")
    if isinstance(error, ValueError | IndexError | OverflowError | np.linalg.LinAlgError | AttributeError):
        return ShapeError(f"{op.name}: {_cause(op, inputs, params, error)}; got {given}")
    return None


def unfit(
    name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any], error: Exception
) -> Exception:
    """The error to raise instead of one of ``MISTAKES`` that an argument has led to."""
    if isinstance(error, MinigradError):
        return error
    given = [said(x) for x in args] + [f"{key}={said(x)}" for key, x in kwargs.items()]
    lacking = re.search(r"missing \d+ required .*arguments?: (.*)", str(error))
    if lacking is not None:
        words = [f"{key}={_FOR_EXAMPLE.get(key, '...')}" for key in re.findall(r"'(\w+)'", lacking[1])]
        got = f"; got {', '.join(given)}" if given else ""
        return KindError(f"{name}: {' and '.join(words)} must be given{got}")
    kind = KindError if isinstance(error, TypeError) else ArgumentError
    return kind(f"{name}: does not take these arguments ({error}); got {', '.join(given)}")


def _is_odd(x: Any) -> bool:
    return not (
        x is None or isinstance(x, Tensor | np.ndarray | np.generic | int | float | list | tuple)
    )


def _shapes(inputs: tuple[Any, ...]) -> list[tuple[int, ...]]:
    return [
        tuple(int(s) for s in np.shape(x._array if isinstance(x, Tensor) else x)) for x in inputs
    ]


def _cause(
    op: Primitive, inputs: tuple[Any, ...], params: Mapping[str, Any], error: Exception
) -> str:
    """The row's own explanation where it has one, else the library's."""
    shapes = _shapes(inputs)
    if op.shape_message is not None:
        told: str | None = op.shape_message(shapes, **params)
        if told is not None:
            return told
    if op.kind == "elementwise" or op.broadcasts:
        clash = _broadcast_clash(shapes)
        if clash is not None:
            return clash
    return str(error).split("\n")[0].rstrip(".")


def _broadcast_clash(shapes: list[tuple[int, ...]]) -> str | None:
    width = max((len(shape) for shape in shapes), default=0)
    for axis in range(1, width + 1):
        sizes = {shape[-axis] for shape in shapes if len(shape) >= axis} - {1}
        if len(sizes) > 1:
            listed = " and ".join(str(size) for size in sorted(sizes))
            return (
                f"the shapes do not broadcast, sizes {listed} meet on axis {-axis}; sizes must be "
                "equal or 1, counted from the last axis (insert an axis with [:, None])"
            )
    return None
