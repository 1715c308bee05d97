"""The values of an array program: one array operation each, in NumPy's terms.

An operation is equal to another when its name, parameters and arguments are, so what is written twice
is one value. Elementwise operations broadcast as NumPy's do, aligned at the right.

==============  ==================================  ===============================================
operation       parameters                          result
==============  ==================================  ===============================================
variable        (name,)                             an argument
number          (number,)                           an exact number, e.g. 1/2
constant        (name,)                             pi or E
size            (size,)                             the size of an axis as a number
add             (coefficients,)                     sum of coefficient * argument
multiply        (coefficient, exponents)            coefficient * product of argument ** exponent
apply           (function,)                         a function of every element
cast            ()                                  truth values as numbers
permute         (axes,)                             axis k of the result is ``axes[k]``
expand          (axes,)                             axes of length 1 put in, counted in the result
broadcast       (sizes,)                            repeated to these sizes
diagonal        (labels,)                           axes of one label merged, in order of appearance
sum, max, prod  (axes,)                             reduced over the axes
matmul          ()                                  matrix product of the last two axes
matvec          ()                                  matrix times vector in the last axes
tensordot       (axes of a, axes of b)              summed over pairs of axes
einsum          (labels of a, of b, of the result)  what is none of the above
arange          (start, steps)                      start + Σ step · index over all indices of the shape
index           (entries,)                          per axis an index, or (start, step, length), or None
take            (axis,)                             rows of ``args[0]`` at ``args[1]``
points          (shared,)                           the same, leading axes of both being one
roll            (shift, axis)                       elements moved round
cumsum          (axis, reverse)                     running sum
tril            (k, upper)                          zero above (below) the k-th diagonal
reshape         (sizes,)                            row-major
concatenate     (axis,)                             end to end
embed           (index maps,)                       zeros with ``args[0]`` in place
embed_add       (index maps,)                       ``args[0]`` plus ``args[1]`` in place
scatter         (count, sizes of the part)          zeros, the part ``args[0]`` added up at ``args[1:]``
softmax         (axes,)                             exp over its own sum, along the axes
logsumexp       (axes,)                             log of the sum of exp
argmax          (axes,)                             1 at the largest, ties shared
others          (axes,)                             product of the other elements, along the axes
sort, argsort   (axes,)                             ascending along the axis; the places they come from
matrix_function (row,)                              a function of the last two axes
relation        (coefficients, constant, sign,      a 0/1 tensor of indices, where nothing else serves
                modulus, name)
pick            ()                                  1 at the indices ``args[0]`` of a last axis
==============  ==================================  ===============================================
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal

from minigrad.index.size import AnySize

# What the elements are: floats, truth values, indices, or a Python number that bends to its company.
Kind = Literal["float", "bool", "index", "weak"]
Sizes = tuple[AnySize, ...]


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


def in_order(roots: Sequence[Value]) -> Iterator[Value]:
    """Every value once, arguments before what uses them."""
    seen: set[Value] = set()
    stack: list[tuple[Value, bool]] = [(root, False) for root in reversed(roots)]
    while stack:
        value, ready = stack.pop()
        if ready:
            yield value
        elif value not in seen:
            seen.add(value)
            stack.append((value, True))
            stack.extend((arg, False) for arg in reversed(value.args) if arg not in seen)


def broadcast(values: Sequence[Value]) -> list[AnySize]:
    """NumPy's broadcast shape of the values."""
    ndim = max((value.ndim for value in values), default=0)
    sizes: list[AnySize] = [1] * ndim
    for value in values:
        for k, size in enumerate(value.sizes, start=ndim - value.ndim):
            if size != 1:
                sizes[k] = size
    return sizes
