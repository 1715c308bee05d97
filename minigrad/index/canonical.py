"""One order for the summed labels of a product: colour refinement, ties by trying permutations."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from fractions import Fraction
from itertools import permutations
from itertools import product as cartesian

from minigrad.index.expr import Expr
from minigrad.index.size import AnySize

Label = Hashable

# Beyond this many ways to order look-alike labels, the first order is taken: only the merging of
# equal terms can suffer from that, never a value.
_MOST_ORDERS = 720


def canonical(
    entries: Sequence[tuple[Expr, tuple[Label, ...], int | Fraction]],
    mirrored: Sequence[bool],
    out: tuple[Label, ...],
    sizes: Mapping[Label, AnySize],
) -> tuple[list[Label], list[tuple[object, ...]]]:
    """An order of the summed labels that does not depend on how they were written, and the product in it.

    ``mirrored`` says which entries are their own transposes.
    """
    summed = list(
        dict.fromkeys(lab for _, labels, _ in entries for lab in labels if lab not in out)
    )
    colour: dict[Label, int] = {lab: i for i, lab in enumerate(out)}
    for lab in summed:
        colour[lab] = len(out)

    def paint(labels: tuple[Label, ...], is_symmetric: bool) -> tuple[int, ...]:
        painted = tuple(colour[lab] for lab in labels)
        return tuple(sorted(painted)) if is_symmetric else painted

    for _ in summed:
        signature: dict[Label, list[tuple[object, ...]]] = {lab: [] for lab in summed}
        for (node, labels, exponent), sym in zip(entries, mirrored, strict=True):
            for position, lab in enumerate(labels):
                if lab in signature:
                    place = 0 if sym else position
                    signature[lab].append((node.digest, str(exponent), place, paint(labels, sym)))
        keyed = {lab: (colour[lab], str(sizes[lab]), sorted(signature[lab])) for lab in summed}
        ranks = {key: i for i, key in enumerate(sorted({repr(k) for k in keyed.values()}))}
        new = {lab: len(out) + ranks[repr(keyed[lab])] for lab in summed}
        stable = len(set(new.values())) == len({colour[lab] for lab in summed})
        colour.update(new)
        if stable:
            break
    classes: dict[int, list[Label]] = {}
    for lab in summed:
        classes.setdefault(colour[lab], []).append(lab)
    groups = [classes[c] for c in sorted(classes)]

    def serial(order: Sequence[Label]) -> list[tuple[object, ...]]:
        number = {lab: i for i, lab in enumerate((*out, *order))}
        return sorted(
            (
                node.digest,
                str(exponent),
                tuple(
                    sorted(number[lab] for lab in labels)
                    if sym
                    else (number[lab] for lab in labels)
                ),
            )
            for (node, labels, exponent), sym in zip(entries, mirrored, strict=True)
        )

    ways = 1
    for group in groups:
        for size in range(2, len(group) + 1):
            ways *= size
    if ways == 1 or ways > _MOST_ORDERS:
        order = [lab for group in groups for lab in group]
        return order, serial(order)
    candidates = (
        [lab for group in choice for lab in group]
        for choice in cartesian(*(permutations(group) for group in groups))
    )
    order = min(candidates, key=serial)
    return order, serial(order)
