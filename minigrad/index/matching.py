"""One product found among the factors of another."""

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
    first = wanted[0]
    for j, f in enumerate(factors):
        if f.node != first.node or not _reaches(f.exponent, first.exponent):
            continue
        orders = [first.labels]
        if len(first.labels) == 2 and symmetric(first.node):
            orders.append(first.labels[::-1])
        for labels in orders:
            grown = dict(at)
            if all(grown.setdefault(a, b) == b for a, b in zip(labels, f.labels, strict=True)):
                left = Placed(f.node, f.labels, f.exponent - first.exponent)
                rest = (*factors[:j], left, *factors[j + 1 :])
                yield from _extended(rest, wanted[1:], grown, symmetric)


def _reaches(have: int | Fraction, wanted: int | Fraction) -> bool:
    return have * wanted > 0 and abs(Fraction(have)) >= abs(Fraction(wanted))
