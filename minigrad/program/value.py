"""The values of an array program: one array operation each, in NumPy's terms.

An operation is equal to another when its name, parameters and arguments are, so what is written twice
is one value. Elementwise operations broadcast as NumPy's do, aligned at the right. What operations there
are, and what each means, stands in `minigrad.program.operations`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from string import ascii_lowercase, ascii_uppercase
from typing import Any, Literal

from minigrad.index.size import AnySize

# What the elements are: floats, truth values, indices, or a Python number that bends to its company.
Kind = Literal["float", "bool", "index", "weak"]
Sizes = tuple[AnySize, ...]
# i, j, k, ... as people write them
_LETTERS = ascii_lowercase[8:] + ascii_lowercase[:8] + ascii_uppercase


class Value:
    """The result of one operation."""

    __slots__ = ("args", "kind", "op", "params", "serial", "sizes")

    def __init__(
        self,
        op: str,
        args: tuple[Value, ...],
        params: tuple[Any, ...],
        sizes: Sizes,
        kind: Kind,
        serial: int,
    ) -> None:
        self.op, self.args, self.params = op, args, params
        self.sizes, self.kind, self.serial = sizes, kind, serial

    @property
    def ndim(self) -> int:
        """How many axes the value has."""
        return len(self.sizes)

    def __repr__(self) -> str:
        return f"<{self.op} {self.serial} ({', '.join(map(str, self.sizes))})>"


def swapped_last(ndim: int) -> tuple[int, ...]:
    """The permutation that transposes each matrix of a stack."""
    return (*range(ndim - 2), ndim - 1, ndim - 2)


def subscripts(labels: Sequence[int]) -> str:
    """Labels as letters of an einsum."""
    return "".join(_LETTERS[label] for label in labels)


def in_order(roots: Sequence[Value], stop: Collection[Value] = ()) -> Iterator[Value]:
    """Every value once, arguments before what uses them; those in ``stop`` without theirs."""
    seen: set[Value] = set()
    stack: list[tuple[Value, bool]] = [(root, False) for root in reversed(roots)]
    while stack:
        value, ready = stack.pop()
        if ready:
            yield value
        elif value not in seen:
            seen.add(value)
            stack.append((value, True))
            args = () if value in stop else value.args
            stack.extend((arg, False) for arg in reversed(args) if arg not in seen)


def broadcast(values: Sequence[Value], least: int = 0) -> list[AnySize]:
    """NumPy's broadcast shape of the values, with no fewer axes than ``least``."""
    ndim = max((least, *(value.ndim for value in values)))
    sizes: list[AnySize] = [1] * ndim
    for value in values:
        for k, size in enumerate(value.sizes, start=ndim - value.ndim):
            if size != 1:
                sizes[k] = size
    return sizes
