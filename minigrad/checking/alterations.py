"""Slips of a derivation by hand as alterations of one contribution to its reverse sweep."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations, islice
from typing import Any

import numpy as np

from minigrad.checking.slip_names import GraphNames, sum_name
from minigrad.checking.sweep import Contribution, Sweep
from minigrad.graph import Node

_MOST_CONTRIBUTIONS = 400
_MOST_PATHS = 12
Variants = Iterator[tuple[str, Any]]


def lost_parts(sweep: Sweep, names: GraphNames) -> Variants:
    """The target's gradient without a sum or a path that belongs to it."""
    return _each(_LOST, sweep, names)


def altered_paths(sweep: Sweep, names: GraphNames) -> Variants:
    """The target's gradient with a path counted wrongly, or an operand transposed."""
    return _each(_ALTERED, sweep, names)


def altered_rules(sweep: Sweep, names: GraphNames) -> Variants:
    """The target's gradient by a wrong rule or a wrong operand, or without two paths."""
    yield from _each(_RULES, sweep, names)
    contributions = sweep.contributions()[:_MOST_CONTRIBUTIONS]
    yield from _two_lost_paths(contributions, sweep, names.towards(sweep.active))


def _each(kinds: Sequence[Callable[..., Variants]], sweep: Sweep, names: GraphNames) -> Variants:
    contributions, names = sweep.contributions()[:_MOST_CONTRIBUTIONS], names.towards(sweep.active)
    for kind in kinds:
        for contribution in contributions:
            for text, c in kind(contribution, contributions, names):
                if np.shape(c) == np.shape(contribution.value):
                    yield text, sweep.gradient(_replacing({_place(contribution): c}))


def _two_lost_paths(contributions: list[Contribution], sweep: Sweep, names: GraphNames) -> Variants:
    """Two uses left out at once; one that makes no difference alone is not worth a word."""
    lost = [
        (_place(contribution), text, np.zeros(np.shape(contribution.value)))
        for contribution in contributions
        for text, _ in islice(_lost_paths(contribution, contributions, names), 1)
    ][:_MOST_PATHS]
    right = sweep.gradient()
    matters = {
        place: not _same(sweep.gradient(_replacing({place: zero})), right)
        for place, _, zero in lost
    }
    for one, other in combinations(lost, 2):
        texts = [text for place, text, _ in (one, other) if matters[place]]
        if texts:
            yield (
                ", and ".join(texts),
                sweep.gradient(_replacing({one[0]: one[2], other[0]: other[2]})),
            )


def _place(contribution: Contribution) -> tuple[Node, int]:
    return contribution.node, contribution.position


def _replacing(contributions: Mapping[tuple[Node, int], Any]) -> Callable[[Contribution], Any]:
    """Alter some contributions; later ones are computed anew from what these change."""
    return lambda contribution: contributions.get(_place(contribution), contribution.value)


def _forgotten_sums(
    contribution: Contribution, contributions: list[Contribution], names: GraphNames
) -> Variants:
    """Y ⊙ (g − rowsum(y ⊙ g)) written as y ⊙ g, or with the sum over another axis."""
    y, g, c = np.asarray(contribution.y), np.asarray(contribution.g), np.asarray(contribution.value)
    if not y.shape == g.shape == c.shape or not y.ndim:
        return
    product = y * g
    for axis in range(y.ndim):
        if _same(c, product - y * product.sum(axis=axis, keepdims=True)) and not _same(c, product):
            what = sum_name(axis, y.ndim)
            where = names.below(contribution.parent)
            term = f"{what}({names.tensor(contribution.node)} ⊙ {names.above(contribution.node)})"
            yield f"the {what} term {term} is missing in {where}", product
            yield f"the sign of the {what} term {term} in {where} is wrong", 2 * product - c
            yield (
                f"{term} in {where} is not multiplied by {names.tensor(contribution.node)}",
                product - product.sum(axis=axis, keepdims=True),
            )
            for other in range(y.ndim):
                if other != axis:
                    yield (
                        f"{where} sums over the wrong axis: {sum_name(other, y.ndim)} where "
                        f"{what} is meant",
                        product - y * product.sum(axis=other, keepdims=True),
                    )


def _lost_paths(
    contribution: Contribution, contributions: list[Contribution], names: GraphNames
) -> Variants:
    """One of several uses of a tensor left out."""
    what = _path(contribution, contributions, names)
    if what:
        yield f"{what} is missing", np.zeros(np.shape(contribution.value))


def _altered_paths(
    contribution: Contribution, contributions: list[Contribution], names: GraphNames
) -> Variants:
    """One of several uses of a tensor subtracted, or counted twice."""
    what = _path(contribution, contributions, names)
    if what:
        c = np.asarray(contribution.value)
        yield f"the sign of {what} is wrong", -c
        yield f"{what} is counted twice", 2 * c


def _path(
    contribution: Contribution, contributions: list[Contribution], names: GraphNames
) -> str:
    """What one of several uses of a tensor is called; "" where there is one alone, or no name."""
    uses = [e for e in contributions if e.parent is contribution.parent]
    if len(uses) < 2:
        return ""
    c = np.asarray(contribution.value)
    along = [axis for axis in range(c.ndim) if c.shape[axis] > 1 and not np.ptp(c, axis=axis).any()]
    if along and np.any(c):
        return f"the {sum_name(along[-1], c.ndim)} term in {names.below(contribution.parent)}"
    above = names.above(contribution.node)
    if not above.startswith("d"):
        return ""
    return f"the path of {names.tensor(contribution.parent)} through {above[1:]}"


def _transposes(
    contribution: Contribution, contributions: list[Contribution], names: GraphNames
) -> Variants:
    """A square operand used as its transpose."""
    if contribution.node.op is None or contribution.node.op.kind == "elementwise":
        return
    g = np.asarray(contribution.g)
    if _square(g):
        name = names.above(contribution.node)
        yield (
            f"{name} is transposed in {names.below(contribution.parent)}",
            _tried(contribution, g.swapaxes(-1, -2), contribution.arguments),
        )
    for k, a in enumerate(contribution.arguments):
        source = contribution.node.inputs[k]
        if k != contribution.position and isinstance(source, Node) and _square(np.asarray(a)):
            swapped = tuple(
                np.swapaxes(x, -1, -2) if j == k else x
                for j, x in enumerate(contribution.arguments)
            )
            where = names.below(contribution.parent)
            yield (
                f"{names.tensor(source)} is transposed in {where}",
                _tried(contribution, g, swapped),
            )


def _forgotten_derivatives(
    contribution: Contribution, contributions: list[Contribution], names: GraphNames
) -> Variants:
    """The chain rule without its inner derivative."""
    g, c = np.asarray(contribution.g), np.asarray(contribution.value)
    op = contribution.node.op
    if op is None or g.shape != c.shape or _same(g, c):
        return
    short = op.notation.text if op.notation else op.name.rpartition(".")[2]
    where = names.below(contribution.parent)
    yield f"the derivative of {short} is missing in {where}", g
    with np.errstate(all="ignore"):
        yield f"the derivative of {short} is there twice in {where}", c * np.where(g == 0, 0, c / g)
    yield f"{where} multiplies by {short} itself instead of its derivative", g * contribution.y
    x = np.asarray(contribution.arguments[contribution.position])
    if x.shape == g.shape:
        yield f"{where} multiplies by the argument of {short} instead of its derivative", g * x


def _wrong_axes(
    contribution: Contribution, contributions: list[Contribution], names: GraphNames
) -> Variants:
    """A broadcast operand's gradient summed over another axis of the same length."""
    assert contribution.node.op is not None
    c = np.asarray(contribution.value)
    if not contribution.node.op.broadcasts:
        return
    raw = contribution.rule(np.asarray(contribution.g), contribution.arguments)
    if raw.shape == c.shape or raw.ndim != c.ndim + 1:
        return
    for axis in range(1, raw.ndim):
        summed = raw.sum(axis=axis)
        if summed.shape == c.shape:
            name = names.below(contribution.parent)
            yield f"{name} is summed over axis {axis}, where axis 0 is meant", summed


def _other_operands(
    contribution: Contribution, contributions: list[Contribution], names: GraphNames
) -> Variants:
    """One operand of a product taken for another of its shape: Q where K is meant."""
    if contribution.node.op is None or contribution.node.op.kind != "contraction":
        return
    for k, a in enumerate(contribution.arguments):
        source = contribution.node.inputs[k]
        if k == contribution.position or not isinstance(source, Node):
            continue
        meant = names.first_named(source)
        for other, name in names.nodes.items():
            if other is meant or meant is None or other not in contribution.values:
                continue
            for taken in _either_way(np.asarray(contribution.values[other])):
                if taken.shape == np.shape(a):
                    swapped = tuple(
                        taken if j == k else x for j, x in enumerate(contribution.arguments)
                    )
                    where = names.below(contribution.parent)
                    yield (
                        f"{name} stands in {where} where {names.tensor(meant)} is meant",
                        _tried(contribution, np.asarray(contribution.g), swapped),
                    )


def _either_way(array: Any) -> list[Any]:
    return [array, array.swapaxes(-1, -2)] if array.ndim > 1 else [array]


_LOST = (_forgotten_sums, _lost_paths)
_ALTERED = (_altered_paths, _transposes)
_RULES = (
    _forgotten_derivatives,
    _wrong_axes,
    _other_operands,
)


# -- pieces --------------------------------------------------------------------------------------------


def _square(a: Any) -> bool:
    return a.ndim >= 2 and a.shape[-1] == a.shape[-2] and a.shape[-1] > 1


def _tried(contribution: Contribution, g: Any, arguments: tuple[Any, ...]) -> Any:
    try:
        return contribution.rule(g, arguments)
    except (ValueError, TypeError, IndexError):
        return np.zeros(0)


def _same(a: Any, b: Any) -> bool:
    size = float(np.abs(a).max(initial=0.0))
    return float(np.abs(a - b).max(initial=0.0)) <= 1e-12 * size
