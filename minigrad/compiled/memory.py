"""Where arrays stand: the order of each one's axes in memory, and the buffers that arrays share by turns.

An array is made in the order in which what uses it finds its axes in a row: H of (b, h, t, k) that is multiplied
by a matrix of (h k) rows is made as (b, t, h, k), so that nothing is copied. An array that is no longer
needed gives its memory to the next one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from minigrad.compiled.sized import elements, shape_of
from minigrad.program.environment import Environment
from minigrad.program.operations import ATOMS, OPERATIONS, VIEWS
from minigrad.program.value import Value

# What writes into an array of its caller's.
WRITERS = frozenset({
    "ufunc", "reduce", "matmul", "matvec", "vecdot", "einsum", "choose", "exp_where", "copy",
})  # fmt: skip
ELEMENTWISE = frozenset({"ufunc", "choose", "exp_where"})
MATRIX_PRODUCTS = frozenset({"matmul", "matvec", "vecdot"})
_NO_NAMES = Environment({}, {})  # where all sizes are numbers

# Arrays of up to so many elements are near whatever their order; of so few sums nothing is gained.
SMALL, _FEW = 2**15, 64


@dataclass
class Layout:
    """The axes of each array by how they stand in memory, as arrays that hold nothing."""

    wanted: dict[Value, tuple[int, ...]] = field(default_factory=dict)
    arrays: dict[Value, Any] = field(default_factory=dict)
    bases: dict[Value, Value] = field(default_factory=dict)

    def order(self, value: Value) -> tuple[int, ...]:
        """The axes of what a kernel makes, the slowest first."""
        natural = tuple(range(value.ndim))
        wanted = self.wanted.get(value)
        if wanted is not None:
            return wanted
        if value.op in ELEMENTWISE:
            for arg in sorted(value.args, key=lambda a: a.op in ATOMS):
                if arg.sizes == value.sizes and value.ndim:
                    strides = self.arrays[arg].strides
                    if all(strides):
                        return tuple(sorted(natural, key=lambda k: (-strides[k], k)))
        return natural

    def place(self, value: Value) -> None:
        """Note how the value stands in memory, and whose memory it is."""
        if value.op in VIEWS:
            arg = value.args[0]
            view = OPERATIONS[value.op].run(value, [self.arrays[arg]], _NO_NAMES)
            shared = np.may_share_memory(view, self.arrays[arg])
            self.arrays[value] = view
            self.bases[value] = self.bases[arg] if shared else value
            return
        order = self.order(value)
        shape = [shape_of(value)[k] for k in order]
        empty = np.empty(shape, np.int8)
        self.arrays[value] = empty.transpose(np.argsort(order)) if value.ndim else empty
        self.bases[value] = value

    def is_view(self, value: Value) -> bool:
        """Whether the value has the memory of what it is a view of."""
        return value.op in VIEWS and self.bases[value] is not value


def laid_out(order: Sequence[Value]) -> Layout:
    """The layout in which what is read in a row stands in a row, as far as one array can please all."""
    wanted: dict[Value, tuple[int, ...]] = {}
    for wishes in (_rows_wanted, _columns_wanted, _company_wanted):
        layout = _placed(order, wanted)
        for value, axes in wishes(order, layout):
            wanted.setdefault(value, axes)
    return _placed(order, wanted)


def _placed(order: Sequence[Value], wanted: dict[Value, tuple[int, ...]]) -> Layout:
    layout = Layout(wanted)
    for value in order:
        layout.place(value)
    return layout


Wish = tuple[Value, tuple[int, ...]]


def _rows_wanted(order: Sequence[Value], layout: Layout) -> Iterator[Wish]:
    """What is reshaped stands so that it need not be copied."""
    for value in order:
        if value.op != "reshape" or layout.is_view(value):
            continue
        arg = value.args[0]
        axes = arg.params[0] if arg.op == "permute" else tuple(range(arg.ndim))
        base = arg.args[0] if arg.op == "permute" else arg
        if base.op in WRITERS and base.op != "copy" and _may_stand(base, axes):
            yield base, axes


def _may_stand(value: Value, axes: Sequence[int]) -> bool:
    """Whether a kernel can write the axes in this order: a matrix product by rows or by columns."""
    return value.op not in MATRIX_PRODUCTS or axes[-1] in (value.ndim - 1, value.ndim - 2)


def _columns_wanted(order: Sequence[Value], layout: Layout) -> Iterator[Wish]:
    """What is divided by its sums along the last axis has that axis slowest: all sums are added up at once.

    Of large arrays the columns would be too far apart.
    """
    for value in order:
        if value.op != "reduce" or not value.params[2] or value.args[0].ndim < 2:
            continue
        source = _source(value.args[0])
        last = source.ndim - 1
        rows = elements(value)
        if value.params[1] != (last,) or rows < _FEW or elements(source) > SMALL:
            continue
        if source.op == "matmul":
            yield source, (last, *range(last))


def _company_wanted(order: Sequence[Value], layout: Layout) -> Iterator[Wish]:
    """What is multiplied with an array, element by element, stands as that array does."""
    for value in order:
        if value.op != "ufunc":
            continue
        whole = [arg for arg in value.args if arg.sizes == value.sizes and arg.op in WRITERS]
        orders = [layout.order(arg) for arg in whole]
        turned = [axes for axes in orders if axes != tuple(range(value.ndim))]
        if turned:
            yield from ((_source(arg), turned[0]) for arg in whole if layout.order(arg) not in turned)


def _source(value: Value) -> Value:
    """What the value is an elementwise function of, the order of whose axes it has."""
    while value.op in ELEMENTWISE:
        same = [arg for arg in value.args if arg.sizes == value.sizes and arg.op in WRITERS]
        if not same:
            break
        value = same[0]
    return value


@dataclass
class Pool:
    """Buffers, each with as many elements as the largest array that is ever in it.

    Of those that are free and large enough the smallest is taken, and of several the one that was used last:
    what it held is still near.
    """

    sizes: list[int] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    free: list[int] = field(default_factory=list)  # the last one freed stands last

    def taken(self, value: Value) -> int:
        """The number of the buffer that the value is made in."""
        wanted = elements(value)
        kind = "bool" if value.kind == "bool" else "float"
        fitting = [k for k in self.free if self.kinds[k] == kind]
        if not fitting:
            self.sizes.append(wanted)
            self.kinds.append(kind)
            return len(self.sizes) - 1
        large = [k for k in fitting if self.sizes[k] >= wanted]
        if large:
            chosen = min(reversed(large), key=lambda k: self.sizes[k])
        else:
            chosen = max(fitting, key=lambda k: self.sizes[k])
        self.free.remove(chosen)
        self.sizes[chosen] = max(self.sizes[chosen], wanted)
        return chosen
