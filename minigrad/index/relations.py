"""Affine relations that meet over a summed index: one says what the index is, the other is told so.

As an example, cutting [1:] from x[2:8:3] is ``Σ_j [j = 1 + k] [i = 2 + 3 j]``. As 1 + k is a place j for
every k, it is put in: ``[i = 5 + 3 k]``, the slice x[5:8:3]. Two reshapes ``Σ_f [3 i + j = f] [3 k + l = f]``
come to 3 i + j = 3 k + l, and as j and l are less than 3, that says i = k and j = l.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from itertools import permutations
from typing import NamedTuple

from minigrad.index.affine import (
    AffineRelation,
    Reach,
    Reshape,
    Slice,
    are_places,
    range_of,
    reshape,
    row_major,
    strides,
)
from minigrad.index.size import AnySize, is_at_least, prod, quotient

Label = Hashable


class Placed(NamedTuple):
    """A relation with a label for each of its indices."""

    node: AffineRelation
    labels: tuple[Label, ...]


class Joined(NamedTuple):
    """What two relations come to: 0 where both never hold, else 1, times relations."""

    coef: int
    relations: list[Placed]


class Equation(NamedTuple):
    """``constant + Σ coefs[label] label ~ 0``, each label with its size; what `AffineRelation` says of its axes."""

    coefs: dict[Label, AnySize]
    constant: AnySize
    sizes: dict[Label, AnySize]
    relation: str = "="
    modulus: AnySize = 0

    def reach(self, but: Sequence[Label] = ()) -> Reach:
        """The least and the greatest value of the left side, without some labels."""
        kept = [label for label in self.coefs if label not in but]
        return range_of([self.coefs[k] for k in kept], self.constant, [self.sizes[k] for k in kept])

    def over(self, labels: Sequence[Label], constant: AnySize, divisor: AnySize) -> Equation:
        """The same of some of the labels, divided by what divides all of it."""
        coefs = {k: _divided(self.coefs[k], divisor) for k in labels}
        return self._replace(coefs=coefs, constant=_divided(constant, divisor))


def equation(placed: Placed) -> Equation:
    node, coefs = placed.node, dict[Label, AnySize]()
    for label, c in zip(placed.labels, node.coefs, strict=True):
        coefs[label] = coefs.get(label, 0) + c
    sizes = dict(zip(placed.labels, node.sizes, strict=True))
    return Equation(coefs, node.constant, sizes, node.relation, node.modulus)


def joined(a: Placed, b: Placed, shared: Sequence[Label]) -> Joined | None:
    """What two relations say together of their other labels, once ``shared`` ones are summed; else None.

    One of the two says what the shared index is, always a place inside, and that is put into the other.
    What would read worse than the two is not done.
    """
    for known, other in ((a, b), (b, a)):
        put = _substituted(known, other, shared)
        if put is None:
            continue
        if _never(put):
            return Joined(0, [])
        parts = _parts(put)
        onto = all(_is_side(placed, shared) for placed in (a, b))
        found = [_arranged(part, onto) for part in parts if part.coefs]
        known_all = all(part.coefs or part.constant == 0 for part in parts)
        if known_all and all(_reads_well(p, a, b) for p in found):
            return Joined(1, found)
    return None


def _reads_well(placed: Placed, a: Placed, b: Placed) -> bool:
    """Whether a relation reads no worse than the two of which it was made."""
    if placed.node.form is not None:
        return True
    both_named = a.node.form is not None and b.node.form is not None
    return not both_named and len(placed.labels) <= max(len(a.labels), len(b.labels))


def _substituted(a: Placed, b: Placed, shared: Sequence[Label]) -> Equation | None:
    """``b`` with the shared index as ``a`` gives it; several labels are one row-major index."""
    known, other = equation(a), equation(b)
    block = [label for label in known.coefs if label in shared]
    steps = strides([known.sizes[label] for label in block])
    sign, factor = -known.coefs[block[-1]], other.coefs[block[-1]]
    if sign not in (1, -1) or any(
        known.coefs[k] != -sign * step or other.coefs[k] != factor * step
        for k, step in zip(block, steps, strict=True)
    ):
        return None
    if known.relation == "≡":
        if (known.relation, known.modulus) != (other.relation, other.modulus):
            return None
        if [known.sizes[label] for label in block] != [known.modulus]:
            return None
    elif known.relation != "=" or not (
        _is_side(a, block) or _is_one_slice(a, b, block) or _inside(known, sign, block)
    ):
        return None
    coefs = {k: factor * sign * c for k, c in known.coefs.items() if k not in block}
    for k, c in other.coefs.items():
        if k not in block:
            coefs[k] = coefs.get(k, 0) + c
    constant = other.constant + factor * sign * known.constant
    kept = {k: c for k, c in coefs.items() if c != 0}
    return other._replace(coefs=kept, constant=constant, sizes={**known.sizes, **other.sizes})


def _is_side(placed: Placed, block: Sequence[Label]) -> bool:
    """Whether the block is all of one side of a reshape: every place is met once."""
    form = placed.node.form
    return isinstance(form, Reshape) and block in (
        [*placed.labels[: form.before]],
        [*placed.labels[form.before :]],
    )


def _is_one_slice(a: Placed, b: Placed, block: Sequence[Label]) -> bool:
    """Whether the block is the whole of which both take the same slice, which is one of places inside."""
    same = a.node == b.node and isinstance(a.node.form, Slice)
    return same and block == [a.labels[-1]] == [b.labels[-1]]


def _inside(known: Equation, sign: AnySize, block: Sequence[Label]) -> bool:
    """Whether the index that an equation gives is a place of the block for all other indices."""
    reach = known.reach(but=block)
    if reach is not None and sign == -1:
        reach = -reach[1], -reach[0]
    return are_places(reach, prod(known.sizes[label] for label in block))


def _never(e: Equation) -> bool:
    """Whether an equation is known not to hold for any of its indices."""
    reach = e.reach() if e.relation == "=" else None
    return reach is not None and bool(is_at_least(reach[0], 1) or is_at_least(-reach[1], 1))


def _parts(e: Equation) -> list[Equation]:
    """An equation as several: m i + j = m k + l for j, l < m says i = k and j = l."""
    if e.relation == "≡":
        return [_unrolled(e)]
    if e.relation != "=":
        return [e]
    for m in dict.fromkeys(c if is_at_least(c, 1) else -c for c in e.coefs.values()):
        if m == 1 or quotient(m, m) != 1:
            continue
        high = [k for k, c in e.coefs.items() if quotient(c, m) is not None]
        low = [k for k in e.coefs if k not in high]
        for rest in _remainders(e.constant, m):
            small = e.over(low, rest, 1)
            if _within(small.reach(), m) and (low or rest == 0):
                found = _parts(e.over(high, e.constant - rest, m))
                return [*found, *(_parts(small) if low else [])]
    return [e]


def _unrolled(e: Equation) -> Equation:
    """A relation modulo m as an equation, where the difference is less than m either way."""
    for constant in _remainders(e.constant, e.modulus):
        less = e._replace(constant=constant)
        if _within(less.reach(), e.modulus):
            return less._replace(relation="=", modulus=0)
    return e


def _within(reach: Reach, m: AnySize) -> bool:
    """Whether the only multiple of m in a range is 0."""
    if reach is None:
        return False
    return bool(is_at_least(reach[0] + m, 1) and is_at_least(m - reach[1], 1))


def _remainders(constant: AnySize, m: AnySize) -> Iterator[AnySize]:
    """What a constant may leave beside a multiple of m."""
    if isinstance(constant, int) and isinstance(m, int):
        yield from dict.fromkeys((constant % m, constant % m - m))
    elif quotient(constant, m) is not None:
        yield 0


def _divided(whole: AnySize, part: AnySize) -> AnySize:
    result = quotient(whole, part)
    assert result is not None
    return result


_MOST_AXES = 5


def _arranged(e: Equation, onto: bool) -> Placed:
    """The equation as a relation with a name, if some order of its axes has one.

    ``onto`` says that both sides are known to have as many places.
    """
    orders = permutations(e.coefs) if len(e.coefs) <= _MOST_AXES else [tuple(e.coefs)]
    placed = (_placed(e, labels, onto) for labels in orders)
    named = next((p for p in placed if p.node.form is not None), None)
    return _placed(e, tuple(e.coefs), onto) if named is None else named


def _placed(e: Equation, labels: tuple[Label, ...], onto: bool) -> Placed:
    coefs, sizes = [e.coefs[k] for k in labels], [e.sizes[k] for k in labels]
    node = AffineRelation(coefs, e.constant, sizes, e.relation, e.modulus)
    before = row_major(node) if onto and node.form is None else None
    return Placed(node if before is None else reshape(sizes[:before], sizes[before:]), labels)
