"""Slips of a derivation by hand as alterations of one contribution to its reverse sweep."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import combinations, islice
from typing import Any

import numpy as np

from minigrad.checking.slip_names import GraphNames, sum_name
from minigrad.checking.sweep import Edge, Sweep
from minigrad.graph import Node

_MOST_EDGES = 400
_MOST_PATHS = 12
Variants = Iterator[tuple[str, Any]]


def altered(sweep: Sweep, names: GraphNames) -> Iterator[tuple[str, Any]]:
    """The target's gradient after each slip in turn."""
    edges = sweep.edges()[:_MOST_EDGES]
    for kind in _KINDS:
        for edge in edges:
            for text, c in kind(edge, edges, names):
                if np.shape(c) == np.shape(edge.contribution):
                    yield text, sweep.gradient(_replacing({_place(edge): c}))
    yield from _two_lost_paths(edges, sweep, names)


def _two_lost_paths(edges: list[Edge], sweep: Sweep, names: GraphNames) -> Variants:
    """Two uses left out at once; one that makes no difference alone is not worth a word."""
    lost = [
        (_place(edge), text, np.zeros(np.shape(edge.contribution)))
        for edge in edges
        for text, _ in islice(_lost_paths(edge, edges, names), 1)
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


def _place(edge: Edge) -> tuple[Node, int]:
    return edge.node, edge.position


def _replacing(contributions: Mapping[tuple[Node, int], Any]) -> Callable[[Edge], Any]:
    """Alter some contributions; later ones are computed anew from what these change."""
    return lambda edge: contributions.get(_place(edge), edge.contribution)


def _forgotten_sums(edge: Edge, edges: list[Edge], names: GraphNames) -> Variants:
    """Y ⊙ (g − rowsum(y ⊙ g)) written as y ⊙ g, or with the sum over another axis."""
    y, g, c = np.asarray(edge.y), np.asarray(edge.g), np.asarray(edge.contribution)
    if not y.shape == g.shape == c.shape or not y.ndim:
        return
    product = y * g
    for axis in range(y.ndim):
        if _same(c, product - y * product.sum(axis=axis, keepdims=True)) and not _same(c, product):
            what = sum_name(axis, y.ndim)
            where = names.below(edge.parent)
            term = f"{what}({names.tensor(edge.node)} ⊙ {names.above(edge.node)})"
            yield f"the {what} term {term} is missing in {where}", product
            yield f"the sign of the {what} term {term} in {where} is wrong", 2 * product - c
            yield (
                f"{term} in {where} is not multiplied by {names.tensor(edge.node)}",
                product - product.sum(axis=axis, keepdims=True),
            )
            for other in range(y.ndim):
                if other != axis:
                    yield (
                        f"{where} sums over the wrong axis: {sum_name(other, y.ndim)} where "
                        f"{what} is meant",
                        product - y * product.sum(axis=other, keepdims=True),
                    )


def _lost_paths(edge: Edge, edges: list[Edge], names: GraphNames) -> Variants:
    """One of several uses of a tensor left out, or subtracted."""
    uses = [e for e in edges if e.parent is edge.parent]
    if len(uses) < 2:
        return
    c = np.asarray(edge.contribution)
    along = [axis for axis in range(c.ndim) if c.shape[axis] > 1 and not np.ptp(c, axis=axis).any()]
    if along and np.any(c):
        what = f"the {sum_name(along[-1], c.ndim)} term in {names.below(edge.parent)}"
        yield f"{what} is missing", np.zeros(c.shape)
        yield f"the sign of {what} is wrong", -c
        return
    path = f"the path of {names.tensor(edge.parent)} through {names.above(edge.node)[1:]}"
    yield f"{path} is missing", np.zeros(c.shape)
    yield f"the sign of {path} is wrong", -c
    yield f"{path} is counted twice", 2 * c


def _transposes(edge: Edge, edges: list[Edge], names: GraphNames) -> Variants:
    """A square operand used as its transpose."""
    if edge.node.op is None or edge.node.op.kind == "elementwise":
        return
    g = np.asarray(edge.g)
    if _square(g):
        name = names.above(edge.node)
        yield (
            f"{name} is transposed in {names.below(edge.parent)}",
            _tried(edge, g.swapaxes(-1, -2), edge.arguments),
        )
    for k, a in enumerate(edge.arguments):
        source = edge.node.inputs[k]
        if k != edge.position and isinstance(source, Node) and _square(np.asarray(a)):
            swapped = tuple(
                np.swapaxes(x, -1, -2) if j == k else x for j, x in enumerate(edge.arguments)
            )
            where = names.below(edge.parent)
            yield f"{names.tensor(source)} is transposed in {where}", _tried(edge, g, swapped)


def _forgotten_derivatives(edge: Edge, edges: list[Edge], names: GraphNames) -> Variants:
    """The chain rule without its inner derivative."""
    g, c = np.asarray(edge.g), np.asarray(edge.contribution)
    op = edge.node.op
    if op is None or g.shape != c.shape or _same(g, c):
        return
    short = op.notation.text if op.notation else op.name.rpartition(".")[2]
    where = names.below(edge.parent)
    yield f"the derivative of {short} is missing in {where}", g
    with np.errstate(all="ignore"):
        yield f"the derivative of {short} is there twice in {where}", c * np.where(g == 0, 0, c / g)
    yield f"{where} multiplies by {short} itself instead of its derivative", g * edge.y
    x = np.asarray(edge.arguments[edge.position])
    if x.shape == g.shape:
        yield f"{where} multiplies by the argument of {short} instead of its derivative", g * x


def _wrong_axes(edge: Edge, edges: list[Edge], names: GraphNames) -> Variants:
    """A broadcast operand's gradient summed over another axis of the same length."""
    assert edge.node.op is not None
    c = np.asarray(edge.contribution)
    if not edge.node.op.broadcasts:
        return
    raw = edge.rule(np.asarray(edge.g), edge.arguments)
    if raw.shape == c.shape or raw.ndim != c.ndim + 1:
        return
    for axis in range(1, raw.ndim):
        summed = raw.sum(axis=axis)
        if summed.shape == c.shape:
            name = names.below(edge.parent)
            yield f"{name} is summed over axis {axis}, where axis 0 is meant", summed


def _other_operands(edge: Edge, edges: list[Edge], names: GraphNames) -> Variants:
    """One operand of a product taken for another of its shape: Q where K is meant."""
    if edge.node.op is None or edge.node.op.kind != "contraction":
        return
    for k, a in enumerate(edge.arguments):
        source = edge.node.inputs[k]
        if k == edge.position or not isinstance(source, Node):
            continue
        meant = names.first_named(source)
        for other, name in names.nodes.items():
            if other is meant or meant is None or other not in edge.values:
                continue
            for taken in _either_way(np.asarray(edge.values[other])):
                if taken.shape == np.shape(a):
                    swapped = tuple(taken if j == k else x for j, x in enumerate(edge.arguments))
                    where = names.below(edge.parent)
                    yield (
                        f"{name} stands in {where} where {names.tensor(meant)} is meant",
                        _tried(edge, np.asarray(edge.g), swapped),
                    )


def _either_way(array: Any) -> list[Any]:
    return [array, array.swapaxes(-1, -2)] if array.ndim > 1 else [array]


_KINDS = (
    _forgotten_sums,
    _lost_paths,
    _transposes,
    _forgotten_derivatives,
    _wrong_axes,
    _other_operands,
)


# -- pieces --------------------------------------------------------------------------------------------


def _square(a: Any) -> bool:
    return a.ndim >= 2 and a.shape[-1] == a.shape[-2] and a.shape[-1] > 1


def _tried(edge: Edge, g: Any, arguments: tuple[Any, ...]) -> Any:
    try:
        return edge.rule(g, arguments)
    except (ValueError, TypeError, IndexError):
        return np.zeros(0)


def _same(a: Any, b: Any) -> bool:
    size = float(np.abs(a).max(initial=0.0))
    return float(np.abs(a - b).max(initial=0.0)) <= 1e-12 * size
