"""Values as rows make them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minigrad.compiled.rewriting import Rewriting
from minigrad.program.value import Value, broadcast

CONTRACTIONS = frozenset({"matmul", "matvec", "vecdot", "tensordot", "einsum"})


def scaled(at: Rewriting, coef: object, value: Value) -> Value:
    """A number times the value."""
    return at.builder.make("multiply", (value,), (coef, (1,)), value.sizes)


def multiplied(
    at: Rewriting, coef: Any, parts: Sequence[tuple[Value, Any]], like: Value | None = None
) -> Value:
    """The coefficient times the powers, of the sizes of another value where these are given."""
    values = [v for v, _ in parts]
    if coef == 1 and len(parts) == 1 and parts[0][1] == 1:
        return values[0]
    sizes = broadcast(values) if like is None else like.sizes
    return at.builder.make("multiply", values, (coef, tuple(e for _, e in parts)), sizes)


def expanded(at: Rewriting, value: Value, axes: tuple[int, ...]) -> Value:
    """The value with axes of length 1 put in."""
    if not axes:
        return value
    left = iter(value.sizes)
    sizes = [1 if k in axes else next(left) for k in range(value.ndim + len(axes))]
    return at.builder.make("expand", (value,), (axes,), sizes, value.kind)
