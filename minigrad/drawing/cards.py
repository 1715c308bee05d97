"""From a computation graph to the cards of a picture."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from minigrad.drawing.model import Card, Edge, Kind, Picture, Style, Text
from minigrad.drawing.names import differential, indexed, symbol
from minigrad.drawing.regions import regions_of
from minigrad.drawing.tooltips import tooltip
from minigrad.graph.node import Node
from minigrad.primitive import Primitive
from minigrad.symbolic.names import names_in_graph

# A constant with more elements than this is data, and data has a card.
_LARGE = 16
_PREDICTIONS = frozenset({"p", "y_hat", "yhat", "ŷ", "prediction"})


class Formulas(Protocol):
    """What the symbolic side says about the tensors of a graph."""

    @property
    def order(self) -> Sequence[Node]:
        """The tensors whose gradients are taken, in the order of the backward pass."""

    def forward(self, node: Node) -> Text | None:
        """The formula of a tensor in terms of the cards before it, for example X Wq."""

    def gradient(self, node: Node) -> Text | None:
        """The formula of the loss's gradient by a tensor, without its left side."""

    def subscript(self, node: Node) -> str:
        """The indices that stand at the gradient's name, for example _b in dS_b."""


class NoFormulas:
    """Cards without formulas; the backward pass runs from the last tensor to the first."""

    order: Sequence[Node] = ()

    def forward(self, node: Node) -> Text | None:
        """Say nothing."""
        return None

    def gradient(self, node: Node) -> Text | None:
        """Say nothing."""
        return None

    def subscript(self, node: Node) -> str:
        """Say nothing."""
        return ""


def picture_of(
    outputs: Node | Sequence[Node], formulas: Formulas | None = None, *, title: str = ""
) -> Picture:
    """The picture of everything that the outputs are computed from.

    A card is a leaf, a named tensor, an output or a tensor used in several places, together with
    the unnamed operations that feed only it.

    Raises
    ------
    NameClashError
        When two tensors have one name in one scope.
    """
    roots = [outputs] if isinstance(outputs, Node) else list(outputs)
    return _Reader(roots, formulas or NoFormulas()).picture(title)


@dataclass
class _Reader:
    roots: list[Node]
    formulas: Formulas
    names: dict[Node, str] = field(init=False)
    users: dict[Node, list[Node]] = field(init=False)
    steps: dict[Node, int] = field(init=False)
    gradients: dict[Node, Text | None] = field(init=False)

    def __post_init__(self) -> None:
        order = _creation_order(self.roots)
        self.users = defaultdict(list)
        for node in order:
            for parent in dict.fromkeys(_parents(node)):
                self.users[parent].append(node)
        named = names_in_graph(order)
        self.names = {node: named.get(node, "") for node in order if self._has_card(node)}
        self._number_unnamed()
        backward = self.formulas.order or [node for node in reversed(order) if node.requires_grad]
        carded = (node for node in backward if node in self.names)
        self.steps = {node: step for step, node in enumerate(carded, start=1)}
        self.gradients = {node: self.formulas.gradient(node) for node in self.names}

    def picture(self, title: str) -> Picture:
        regions = regions_of(self.names)
        feeds = {node: self._feeding(node) for node in self.names}
        cards = tuple(self._card(node, regions[node], feeds) for node in self.names)
        edges = tuple(
            Edge(self.names[source], self.names[node], flows, self.steps.get(source))
            for node, sources in feeds.items()
            for source, flows in sources.items()
        )
        return Picture(cards, edges, title)

    def _has_card(self, node: Node) -> bool:
        if node in self.roots or node.name is not None:
            return True
        if node.op is None and node.requires_grad:
            return True
        if node.op is None and node.value is not None and np.size(node.value) <= _LARGE:
            return len(self.users[node]) > 1 and np.ndim(node.value) > 0
        return node.op is None or len(self.users[node]) > 1

    def _number_unnamed(self) -> None:
        taken = set(self.names.values())
        numbers = (f"v{number}" for number in range(1, len(self.names) + len(taken) + 1))
        free = (name for name in numbers if name not in taken)
        for node, name in self.names.items():
            if not name:
                self.names[node] = next(free)

    def _card(
        self, node: Node, region: tuple[str, ...], feeds: Mapping[Node, Mapping[Node, bool]]
    ) -> Card:
        short = node.name or self.names[node]
        gradient = self.gradients[node]
        left = indexed(differential(short), self.formulas.subscript(node))
        return Card(
            id=self.names[node],
            symbol=symbol(short),
            op=_operation(node, self.names),
            shape="×".join(str(size) for size in node.shape) or "scalar",
            forward=self.formulas.forward(node) if node.op is not None else None,
            gradient=None
            if gradient is None
            else Text.of(left.styled(Style.BOLD), " = ", gradient),
            kind=self._kind(node, feeds),
            scope=region,
            step=self.steps.get(node),
            tooltip=tooltip(node, self.names[node]),
        )

    def _kind(self, node: Node, feeds: Mapping[Node, Mapping[Node, bool]]) -> Kind:
        """The kind of a card.

        A prediction is what a scalar output compares with an input: the only computed tensor that
        a loss and an input meet in; or a tensor with the name of one.
        """
        if node.op is None:
            return "parameter" if node.requires_grad else "input"
        if node in self.roots and not node.shape:
            return "loss"
        if node.name in _PREDICTIONS:
            return "prediction"
        for loss in self.roots:
            sources = feeds[loss]
            computed = [source for source in sources if source.op is not None]
            inputs = [source for source in sources if self._is_input(source)]
            if not loss.shape and computed == [node] and inputs:
                return "prediction"
        return "computed"

    def _feeding(self, node: Node) -> dict[Node, bool]:
        """The cards that feed a card, oldest first, and whether a gradient flows to each."""
        sources: dict[Node, bool] = {}
        for member in _inside(node, self.names):
            for parent in _parents(member):
                if parent in self.names:
                    flows = self._flows(parent) and self._flows(member)
                    sources[parent] = sources.get(parent, False) or flows
        return dict(sorted(sources.items(), key=lambda item: item[0].id))

    def _flows(self, node: Node) -> bool:
        """Whether a gradient comes to a tensor: one is recorded, or one has been derived.

        What the cards absorb carries on what the card itself receives.
        """
        if node in self.names:
            return node.requires_grad or self.gradients[node] is not None
        return node.requires_grad or not any(root.requires_grad for root in self.roots)

    def _is_input(self, node: Node) -> bool:
        return node.op is None and not node.requires_grad


def _parents(node: Node) -> Iterator[Node]:
    return (parent for parent in node.inputs if isinstance(parent, Node))


def _creation_order(roots: Sequence[Node]) -> list[Node]:
    """Every node that the roots need, inputs first."""
    found: dict[Node, None] = {}
    waiting = list(roots)
    while waiting:
        node = waiting.pop()
        if node not in found:
            found[node] = None
            waiting.extend(_parents(node))
    return sorted(found, key=lambda node: node.id)


def _inside(node: Node, carded: Mapping[Node, str]) -> list[Node]:
    """The operations that a card stands for, inputs first."""
    inside = [node]
    for member in inside:
        inside += [
            parent
            for parent in _parents(member)
            if parent not in carded and parent.op is not None and parent not in inside
        ]
    return sorted(inside, key=lambda member: member.id)


def _operation(node: Node, carded: Mapping[Node, str]) -> str:
    """The operations of a card in words, in the order in which they are done.

    What computes a constant is left out, and what only turns a tensor round, unless it is all.
    """
    if node.op is None:
        return "" if node.requires_grad else "input"
    inside = _inside(node, carded)
    fed = set(carded)
    for member in inside:
        if fed.intersection(_parents(member)):
            fed.add(member)
    on_the_way = [member for member in inside if member in fed] or inside
    telling = [member for member in on_the_way if not _turns_only(member)] or on_the_way
    rows = [member.op for member in telling if member.op is not None]
    return ", ".join(dict.fromkeys(_word(row) for row in rows))


def _word(row: Primitive) -> str:
    if row.notation is not None and row.notation.word:
        return row.notation.word
    return row.name.rpartition(".")[2].replace("_", " ")


def _turns_only(node: Node) -> bool:
    """Whether an operation permutes axes: it reads no value and keeps all sizes but 1."""
    parents = list(_parents(node))
    if node.op is None or node.op.kind != "general" or len(parents) != 1:
        return False
    before, after = ([str(s) for s in shape if s != 1] for shape in (parents[0].shape, node.shape))
    return node.op.reads == ("",) and sorted(before) == sorted(after)
