"""From a computation graph to the cards of a picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

from minigrad.drawing.model import Card, Edge, Kind, Picture, Style, Text
from minigrad.drawing.names import differential, indexed, titled
from minigrad.drawing.naming import card_names, creation_order, parents_of, turns_only
from minigrad.drawing.regions import described, regions_of
from minigrad.drawing.tooltips import tooltip
from minigrad.graph.node import Node
from minigrad.index.size import Size
from minigrad.names import parted
from minigrad.primitive import Primitive

_PREDICTIONS = frozenset({"p", "y_hat", "yhat", "ŷ", "prediction"})


# Who is told of progress: what is done, and how much of how much.
Told = Callable[[str, int, int], None]


def _nobody(step: str, done: int, of: int) -> None:
    """Nobody waits."""


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
    outputs: Node | Sequence[Node],
    formulas: Formulas | None = None,
    *,
    names: Mapping[Node, str] | None = None,
    title: str = "",
    told: Told | None = None,
) -> Picture:
    """The picture of everything that the outputs are computed from.

    A card is a tensor that `card_names` names, together with the other operations that feed only it. Who is
    ``told`` hears of each card that is made.

    Raises
    ------
    NameClashError
        When two tensors have one name in one scope.
    """
    roots = [outputs] if isinstance(outputs, Node) else list(outputs)
    reader = _Reader(roots, formulas or NoFormulas(), names or card_names(roots), told or _nobody)
    return reader.picture(title)


@dataclass
class _Reader:
    roots: list[Node]
    formulas: Formulas
    names: Mapping[Node, str]
    told: Told
    steps: dict[Node, int] = field(init=False)
    gradients: dict[Node, Text | None] = field(init=False)
    taken: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        order = creation_order(self.roots)
        backward = self.formulas.order or [node for node in reversed(order) if node.requires_grad]
        carded = (node for node in backward if node in self.names)
        self.steps = {node: step for step, node in enumerate(carded, start=1)}
        self.gradients = {}
        for node, name in self.names.items():
            self.told(f"the gradient by {name}", len(self.gradients), len(self.names))
            self.gradients[node] = self.formulas.gradient(node)
        self.taken = frozenset(self.names.values())

    def picture(self, title: str) -> Picture:
        regions = regions_of(self.names)
        feeds = {node: self._feeding(node) for node in self.names}
        cards = tuple(self._card(node, regions[node], feeds) for node in self.names)
        edges = tuple(
            Edge(self.names[source], self.names[node], flows, self.steps.get(source))
            for node, sources in feeds.items()
            for source, flows in sources.items()
        )
        return Picture(cards, edges, title, regions=described(regions))

    def _card(
        self, node: Node, region: tuple[str, ...], feeds: Mapping[Node, Mapping[Node, bool]]
    ) -> Card:
        self.told(f"the card of {self.names[node]}", 0, len(self.names))
        kind = self._kind(node, feeds)
        name, gradient = self.names[node], self.gradients[node]
        short = parted(name)[1]
        short = name if short in self.taken else short
        left = indexed(differential(short), self.formulas.subscript(node))
        return Card(
            id=name,
            symbol=titled(name),
            op="" if kind == "parameter" else _operation(node, self.names),
            shape="×".join(str(size) for size in node.shape) or "scalar",
            forward=self.formulas.forward(node) if node.op is not None else None,
            gradient=None
            if gradient is None
            else Text.of(left.styled(Style.BOLD), " = ", gradient),
            kind=kind,
            scope=region,
            step=self.steps.get(node),
            tooltip=tooltip(node, name),
        )

    def _kind(self, node: Node, feeds: Mapping[Node, Mapping[Node, bool]]) -> Kind:
        """The kind of a card.

        A prediction is what a scalar output compares with an input: the only computed tensor that
        a loss and an input meet in; or a tensor with the name of one.
        """
        if node.op is None:
            return "input" if self._is_input(node) else "parameter"
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
            for parent in parents_of(member):
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
        """Whether a leaf is data: it has no gradient, or all are symbols and it counts what data do."""
        if node.op is not None or node.requires_grad:
            return False
        if any(root.requires_grad for root in self.roots):
            return True
        if self.gradients[node] is None and (self.shows_gradients or node.value is not None):
            return True
        return self.counted is None or self.counted in map(str, node.shape)

    @cached_property
    def shows_gradients(self) -> bool:
        """Whether any card has a gradient."""
        return any(text is not None for text in self.gradients.values())

    @cached_property
    def counted(self) -> str | None:
        """What the first axis of the data counts, n of X: n d: of the leaf that first arguments lead to."""
        waiting, seen = [self.roots[0]], set[Node]()
        while waiting:
            node = waiting.pop()
            if node in seen:
                continue
            seen.add(node)
            if node.op is None and node.name is not None and node.shape:
                return str(node.shape[0]) if isinstance(node.shape[0], Size) else None
            waiting += reversed(list(parents_of(node)))
        return None


def _inside(node: Node, carded: Mapping[Node, str]) -> list[Node]:
    """The operations that a card stands for, inputs first."""
    inside = [node]
    for member in inside:
        inside += [
            parent
            for parent in parents_of(member)
            if parent not in carded and parent.op is not None and parent not in inside
        ]
    return sorted(inside, key=lambda member: member.id)


def _operation(node: Node, carded: Mapping[Node, str]) -> str:
    """The operations of a card in words, in the order in which they are done.

    What computes a constant is left out, and what only turns a tensor round, unless it is all.
    """
    if node.op is None:
        return "input"
    inside = _inside(node, carded)
    fed = set(carded)
    for member in inside:
        if fed.intersection(parents_of(member)):
            fed.add(member)
    on_the_way = [member for member in inside if member in fed] or inside
    telling = [member for member in on_the_way if not turns_only(member)] or on_the_way
    rows = [member.op for member in telling if member.op is not None]
    return ", ".join(dict.fromkeys(_word(row) for row in rows))


def _word(row: Primitive) -> str:
    if row.notation is not None and row.notation.word:
        return row.notation.word
    return row.name.rpartition(".")[2].replace("_", " ")
