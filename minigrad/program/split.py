"""A program of values and their gradients in two parts: the forward pass, and what runs when a gradient arrives.

What both parts read is computed once and saved, where computing it again would cost a product, a sum, a softmax or
a matrix function. What is elementwise in something saved, or a view of it, is computed again: to keep it would take
as much memory as what it is made of, which is kept already.

For y = tanh(A x) with the gradient Aᵀ ((1 − y²) ⊙ dy) the product A x is saved, and the hyperbolic tangent
is taken again:

>>> from minigrad import derive, parse
>>> from minigrad.program import program
>>> d = derive(parse("y = tanh(A @ x); y", A="m n", x="n"), wrt="x", cotangent="dy")
>>> whole = program([d.reading.outputs["y"], d["x"].expr])
>>> parts = split(whole.results[:1], whole.results[1:], ["dy"], lambda value: "t")
>>> [value.op for value in parts.saved], sorted(parts.read)
(['matmul'], ['A', 'dy', 't'])
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from minigrad.program.operations import COSTLY
from minigrad.program.value import Value, in_order


@dataclass(frozen=True)
class Parts:
    """What the forward pass saves, the gradients in terms of that, and the variables that they read.

    ``called`` holds the names of the values that are saved.
    """

    saved: tuple[Value, ...]
    gradients: tuple[Value, ...]
    called: dict[Value, str]
    copies: dict[Value, Value]  # of values, in the second part

    @property
    def read(self) -> set[str]:
        """The variables of the second part, what is saved among them."""
        return {v.params[0] for v in in_order(self.gradients) if v.op == "variable"}


def split(
    outputs: Sequence[Value],
    gradients: Sequence[Value],
    cotangents: Collection[str],
    name: Callable[[Value], str],
) -> Parts:
    """The parts of a program; ``cotangents`` are variables of the second one, ``name`` names what is saved."""
    forward = set(in_order(outputs))
    saved = _saved(gradients, forward, _carrying(gradients, set(cotangents)))
    called = {value: name(value) for value in in_order(outputs) if value in saved}
    copies: dict[Value, Value] = {}
    for value in in_order(gradients, stop=saved):
        if value in saved:
            parts = "variable", (), (called[value],)
            copies[value] = Value(*parts, value.sizes, value.kind, value.serial)
            continue
        args = tuple(copies[arg] for arg in value.args)
        if args != value.args:
            copies[value] = Value(value.op, args, value.params, value.sizes, value.kind, value.serial)
        else:
            copies[value] = value
    return Parts(tuple(called), tuple(copies[g] for g in gradients), called, copies)


def _carrying(gradients: Sequence[Value], cotangents: set[str]) -> set[Value]:
    """The values that depend on what arrives."""
    found: set[Value] = set()
    for value in in_order(gradients):
        own = value.op == "variable" and value.params[0] in cotangents
        if own or not found.isdisjoint(value.args):
            found.add(value)
    return found


def _saved(gradients: Sequence[Value], forward: set[Value], carrying: set[Value]) -> set[Value]:
    """What the second part reads of the first, and would not cheaply compute again."""
    saved: set[Value] = set()
    seen: set[Value] = set()
    stack = list(gradients)
    while stack:
        value = stack.pop()
        if value in seen or value.op == "variable":
            continue
        seen.add(value)
        if value in forward and value not in carrying and value.op in COSTLY:
            saved.add(value)
        else:
            stack.extend(value.args)
    return saved
