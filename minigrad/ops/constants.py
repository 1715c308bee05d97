"""Constant tensors whose sizes only have names: numbers on the graph, repeated and placed."""

from __future__ import annotations

from collections.abc import Sequence

from minigrad.graph.call import row_of
from minigrad.graph.context import current_scope
from minigrad.graph.operation import record_symbolic
from minigrad.graph.tensor import Tensor
from minigrad.index.size import AnySize, Size
from minigrad.ops.arithmetic import positive
from minigrad.ops.rearrange import diag
from minigrad.ops.shape import broadcast_to


def symbolic_number(value: float) -> Tensor:
    """A number on the graph, so that √2 stays a root and 1/3 a quotient."""
    return record_symbolic(row_of(positive), (value,), {}, current_scope())


def symbolic_ones(shape: Sequence[AnySize]) -> Tensor:
    """1 in every element."""
    ones: Tensor = broadcast_to(symbolic_number(1), tuple(shape))
    return ones


def repeated(x: Tensor, shape: Sequence[AnySize]) -> Tensor:
    """A tensor, also one with values, in a shape whose sizes may only have names."""
    if x._array is not None and any(isinstance(size, Size) for size in shape):
        x = x * symbolic_ones(())
    y: Tensor = broadcast_to(x, tuple(shape))
    return y


def symbolic_eye(size: AnySize) -> Tensor:
    """The identity matrix."""
    identity: Tensor = diag(symbolic_ones((size,)))
    return identity
