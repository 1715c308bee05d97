"""One product found among the factors of another, under other names for its labels.

For A of 2 × 3 and x of 3, the product A x, with its labels 0 and 1 of which 1 is summed, stands once
among the factors of c_i A_ij x_j: there 0 is i, 1 is j, and c is left over.

>>> from minigrad.index.contract import contract, symmetric
>>> from minigrad.index.expr import Leaf
>>> A, x, c = Leaf("A", (2, 3)), Leaf("x", (3,)), Leaf("c", (2,))
>>> body = contract([0], [(A, (0, 1)), (x, (1,))])
>>> factors = [Placed(c, "i", 1), Placed(A, "ij", 1), Placed(x, "j", 1)]
>>> [(found.at, [f.node.name for f in found.rest]) for found in occurrences(factors, body, symmetric)]
[({0: 'i', 1: 'j'}, ['c'])]

Where j is kept, being a label of the result too, the sum over it is not there:

>>> list(occurrences(factors, body, symmetric, kept=frozenset("j")))
[]

All of it is `placements`, which finds one factor, again and again.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

from minigrad.index.expr import Expr, Factor, Product


class Placed(NamedTuple):
    """A factor whose labels may be anything hashable."""

    node: Expr
    labels: Sequence[Hashable]
    exponent: int | Fraction


class Found(NamedTuple):
    """A label for each of the body's, and the factors that are left over, in their order."""

    at: dict[int, Hashable]
    rest: list[Placed]


def occurrences(
    factors: Sequence[Factor | Placed],
    body: Product,
    symmetric: Callable[[Expr], bool],
    known: Mapping[int, Hashable] | None = None,
    kept: frozenset[Hashable] = frozenset(),
) -> Iterator[Found]:
    """Every way in which ``factors`` are a rest times the body.

    A power may be there in part: x of x squared. The body's summed labels are its own: not ``kept``, and
    on no factor of the rest. ``known`` fixes labels of the body.
    """
    if len(body.factors) > len(factors):
        return
    for at, rest in _extended(tuple(factors), body.factors, dict(known or {}), symmetric):
        rest = [f for f in rest if f.exponent]
        own = {at[k] for k in body.summed}
        outside = {label for f in rest for label in f.labels}
        free = [at[k] for k in range(body.ndim) if k in at]
        if len(free) < body.ndim or len(own) < len(body.summed):
            continue
        if not own & (outside | kept | set(free)):
            yield Found(at, rest)


def _extended(
    factors: tuple[Factor | Placed, ...],
    wanted: Sequence[Factor],
    at: dict[int, Hashable],
    symmetric: Callable[[Expr], bool],
) -> Iterator[tuple[dict[int, Hashable], list[Placed]]]:
    if not wanted:
        yield at, [Placed(*f) for f in factors]
        return
    for j, grown in placements(wanted[0], factors, at, symmetric):
        f = factors[j]
        left = Placed(f.node, f.labels, f.exponent - wanted[0].exponent)
        rest = (*factors[:j], left, *factors[j + 1 :])
        yield from _extended(rest, wanted[1:], grown, symmetric)


def placements(
    wanted: Factor,
    factors: Sequence[Factor | Placed],
    at: Mapping[int, Hashable],
    symmetric: Callable[[Expr], bool] = lambda node: False,
) -> Iterator[tuple[int, dict[int, Hashable]]]:
    """Each factor in which a power of ``wanted`` lies: its place, and ``at`` with the labels that it adds."""
    for j, f in enumerate(factors):
        if f.node != wanted.node or not _reaches(f.exponent, wanted.exponent):
            continue
        orders = [wanted.labels]
        if len(wanted.labels) == 2 and symmetric(wanted.node):
            orders.append(wanted.labels[::-1])
        for labels in orders:
            grown = dict(at)
            if all(grown.setdefault(a, b) == b for a, b in zip(labels, f.labels, strict=True)):
                yield j, grown


def _reaches(have: int | Fraction, wanted: int | Fraction) -> bool:
    return have * wanted > 0 and abs(Fraction(have)) >= abs(Fraction(wanted))
