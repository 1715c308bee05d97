"""The usual slips of a derivation by hand, tried one by one until one gives the answer at hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, islice
from typing import Any

import numpy as np

from minigrad.checking.sweep import Edge, Sweep
from minigrad.graph import Dim, Node
from minigrad.index.size import Size
from minigrad.ops.shape import unbroadcast

_SAME = 1e-6
_MOST_EDGES = 400
_MOST_PATHS = 12


@dataclass(frozen=True)
class Slip:
    """What went wrong in words, and the constant by which the answer is off besides (1 for none)."""

    text: str
    ratio: float | None


class Names:
    """What the graph's tensors and sizes are called; ``order`` lists the nodes, inputs first."""

    def __init__(
        self, nodes: Mapping[Node, str], dims: Mapping[str, int], order: Sequence[Node]
    ) -> None:
        self.nodes = nodes
        used = {x.name for node in order for x in node.inputs if isinstance(x, Dim)}
        used |= {n for node in order for x in node.inputs if isinstance(x, Size) for n in x.names()}
        # a size that the graph computes with is the likelier factor
        self.dims = dict(sorted(dims.items(), key=lambda item: item[0] not in used))
        self._readers: dict[Node, Node] = {}
        for node in order:
            for x in node.inputs:
                if isinstance(x, Node):
                    self._readers.setdefault(x, node)

    def tensor(self, node: Node) -> str:
        """The tensor's name, or its operation's."""
        if node in self.nodes:
            return self.nodes[node]
        if node.op is None:
            return "a constant"
        return node.op.notation.text if node.op.notation else node.op.name.rpartition(".")[2]

    def above(self, node: Node) -> str:
        """The first named tensor from a node towards the output: what a reader calls its gradient."""
        while node not in self.nodes and node in self._readers:
            node = self._readers[node]
        return f"d{self.nodes[node]}" if node in self.nodes else "the gradient of the output"

    def below(self, node: Node) -> str:
        """The first named tensor from a node towards the variables."""
        start = node
        while node not in self.nodes:
            inputs = [x for x in node.inputs if isinstance(x, Node)]
            if not inputs:
                return f"the gradient of {self.tensor(start)}"
            node = next((x for x in inputs if x in self.nodes), inputs[0])
        return f"d{self.nodes[node]}"


def find_slip(claim: Any, right: Any, sweep: Sweep, names: Names) -> Slip | None:
    """The slip that turns the right gradient into the claimed one, the simplest first; None for none."""
    claim = np.asarray(claim, dtype=float)
    if not np.isfinite(claim).all() or not np.isfinite(right).all() or not claim.size:
        return None
    if not np.any(claim):
        return Slip("it is zero", None)
    whole = _proportional(claim, right)
    if whole is not None:
        return Slip(_factor_text(whole, names), whole)
    turned = _transposed(claim, right)
    if turned is not None:
        return Slip(_and_factor("it is transposed", turned, names), turned)
    best: Slip | None = None
    for text, altered in _altered(sweep, names):
        for candidate, words in (
            (altered, text),
            (_swapped(altered), f"{text}, and it is transposed"),
        ):
            ratio = _proportional(claim, candidate)
            if ratio is None:
                continue
            if abs(ratio - 1) < _SAME:
                return Slip(words, None)
            if best is None and _factor_name(ratio, names.dims) is not None:
                best = Slip(_and_factor(words, ratio, names), None)
    return best or _reduced_wrongly(claim, right, sweep, names)


# -- constant factors --------------------------------------------------------------------------------


def _proportional(claim: Any, other: Any) -> float | None:
    """The constant r with claim = r other, or None."""
    other = np.asarray(other, dtype=float)
    if claim.shape != other.shape:
        return None
    norm = float(np.sum(other * other))
    if not norm or not np.isfinite(norm):
        return None
    r = float(np.sum(claim * other)) / norm
    if not r or float(np.abs(claim - r * other).max()) > _SAME * float(np.abs(claim).max()):
        return None
    return r


def _transposed(claim: Any, right: Any) -> float | None:
    swapped = _swapped(right)
    return None if swapped is right else _proportional(claim, swapped)


def _swapped(array: Any) -> Any:
    return array.swapaxes(-1, -2) if np.ndim(array) >= 2 else array


def _and_factor(text: str, ratio: float, names: Names) -> str:
    if abs(ratio - 1) < _SAME:
        return text
    return f"{text}, and {_factor_text(ratio, names)}"


def _factor_text(ratio: float, names: Names) -> str:
    if abs(ratio + 1) < _SAME:
        return "the sign is wrong"
    name = _factor_name(ratio, names.dims)
    sign = "the sign is wrong and " if ratio < 0 else ""
    if name is None:
        return f"it is {ratio:.6g} times the right one"
    if name.startswith("1/"):
        return f"{sign}you are off by a factor {name}: {name} is there that does not belong"
    return f"{sign}you are off by a factor {name}: 1/{name} is missing"


def _factor_name(ratio: float, dims: Mapping[str, int]) -> str | None:
    """The simplest product of sizes and their roots that is this number."""
    size = abs(ratio)
    single: list[tuple[str, float]] = [("2", 2.0)]
    single += [(f"√{d}", float(n) ** 0.5) for d, n in dims.items() if n > 1]
    single += [(d, float(n)) for d, n in dims.items() if n > 1]
    single += [(f"{d}²", float(n) ** 2) for d, n in dims.items() if n > 1]
    double = [(f"{a} {b}", x * y) for (a, x), (b, y) in combinations(single, 2)]
    for name, value in (*single[1:], single[0], *double):
        if abs(size - value) < _SAME * value:
            return name if " " not in name else f"({name})"
        if abs(size * value - 1) < _SAME:
            return f"1/{name}" if " " not in name else f"1/({name})"
    return None


Variants = Iterator[tuple[str, Any]]

# -- one contribution altered --------------------------------------------------------------------------


def _altered(sweep: Sweep, names: Names) -> Iterator[tuple[str, Any]]:
    """The target's gradient after each slip in turn."""
    edges = sweep.edges()[:_MOST_EDGES]
    for kind in (_forgotten_sums, _lost_paths, _transposes, _forgotten_derivatives, _wrong_axes):
        for edge in edges:
            for text, c in kind(edge, edges, names):
                if np.shape(c) == np.shape(edge.contribution):
                    yield text, sweep.gradient(_replacing({_place(edge): c}))
    yield from _two_lost_paths(edges, sweep, names)


def _two_lost_paths(edges: list[Edge], sweep: Sweep, names: Names) -> Variants:
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


def _forgotten_sums(edge: Edge, edges: list[Edge], names: Names) -> Variants:
    """Y ⊙ (g − rowsum(y ⊙ g)) written as y ⊙ g, or with the sum over another axis."""
    y, g, c = np.asarray(edge.y), np.asarray(edge.g), np.asarray(edge.contribution)
    if not y.shape == g.shape == c.shape or not y.ndim:
        return
    product = y * g
    for axis in range(y.ndim):
        if _same(c, product - y * product.sum(axis=axis, keepdims=True)) and not _same(c, product):
            what = _sum_name(axis, y.ndim)
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
                        f"{where} sums over the wrong axis: {_sum_name(other, y.ndim)} where "
                        f"{what} is meant",
                        product - y * product.sum(axis=other, keepdims=True),
                    )


def _lost_paths(edge: Edge, edges: list[Edge], names: Names) -> Variants:
    """One of several uses of a tensor left out, or subtracted."""
    uses = [e for e in edges if e.parent is edge.parent]
    if len(uses) < 2:
        return
    c = np.asarray(edge.contribution)
    along = [axis for axis in range(c.ndim) if c.shape[axis] > 1 and not np.ptp(c, axis=axis).any()]
    if along and np.any(c):
        what = f"the {_sum_name(along[-1], c.ndim)} term in {names.below(edge.parent)}"
        yield f"{what} is missing", np.zeros(c.shape)
        yield f"the sign of {what} is wrong", -c
        return
    path = f"the path of {names.tensor(edge.parent)} through {names.above(edge.node)[1:]}"
    yield f"{path} is missing", np.zeros(c.shape)
    yield f"the sign of {path} is wrong", -c
    yield f"{path} is counted twice", 2 * c


def _transposes(edge: Edge, edges: list[Edge], names: Names) -> Variants:
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


def _forgotten_derivatives(edge: Edge, edges: list[Edge], names: Names) -> Variants:
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


def _wrong_axes(edge: Edge, edges: list[Edge], names: Names) -> Variants:
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


def _reduced_wrongly(claim: Any, right: Any, sweep: Sweep, names: Names) -> Slip | None:
    """A gradient that was left unsummed over what was broadcast, or that has another shape."""
    if claim.shape == right.shape:
        return None
    if claim.ndim > right.ndim:
        try:
            summed = unbroadcast(claim, right.shape)
        except ValueError:
            return None
        ratio = _proportional(np.asarray(summed), right)
        if ratio is not None:
            return Slip(_and_factor("what was broadcast is not summed", ratio, names), None)
    return Slip(f"its shape is {claim.shape}, the variable's is {right.shape}", None)


# -- words ---------------------------------------------------------------------------------------------


def _sum_name(axis: int, ndim: int) -> str:
    if axis == ndim - 1 and ndim > 1:
        return "rowsum"
    return "colsum" if axis == ndim - 2 else "sum" if ndim == 1 else f"sum over axis {axis}"


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


__all__ = ["Names", "Slip", "find_slip"]
