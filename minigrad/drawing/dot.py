"""A picture as DOT source, the language of Graphviz."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import chain, count, pairwise
from typing import Any

from minigrad.drawing import style as look
from minigrad.drawing.arrange import Arrangement, arrange, returns, whole
from minigrad.drawing.label import (
    CardLabel,
    picture_label,
    region_label,
    width_beside,
)
from minigrad.drawing.model import Card, Edge, Path, Picture, Region, Text, bold
from minigrad.markup import printable

_GRAPH = {
    "rankdir": "TB",
    "bgcolor": look.PAPER,
    "fontname": look.FONTS,
    "fontsize": "12",
    "nodesep": "0.45",
    "ranksep": "0.48",
    "pad": "0.25",
    "newrank": "true",
    "compound": "true",
    "remincross": "false",
    "labelloc": "t",
    "outputorder": "edgesfirst",  # as in the SVG: an edge passes behind a card
}
_NODE = {"shape": "plain", "fontname": look.FONTS}
_EDGE = {"fontname": look.FONTS, "fontsize": "10", "arrowsize": "0.7", "penwidth": "1.6"}
_AXIS_WEIGHT = "60"
_LONGEST = 60
_SCANNED = 4_000


def to_dot(
    picture: Picture, *, backward: bool = True, placed: Mapping[str, Mapping[str, str]] | None = None
) -> str:
    """Write a picture as DOT source.

    The source without ``backward`` has the same nodes in the same places: bands are invisible and
    edges have one lane. With ``placed``, attributes by name and by an edge's id, it says where all stands, for Graphviz
    to draw and not to lay out.

    Raises
    ------
    ArgumentError
        When the picture's edges form a cycle.
    """
    return _Writer(picture, backward, placed or {}).source()


def unique_names(labels: Iterable[str]) -> list[str]:
    """Names fit for ids in DOT, SVG and CSS: letters, digits, ``_``; numbered where they clash.

    A long one is cut: Graphviz reads no words of any length.
    """
    taken: dict[str, None] = {}
    for label in labels:
        stem = re.sub(r"\W+", "_", label).strip("_")[:_LONGEST] or "card"
        numbered = (f"{stem}_{number}" for number in count(2))
        taken[next(name for name in chain([stem], numbered) if name not in taken)] = None
    return list(taken)


def _contents(picture: Picture, arrangement: Arrangement) -> dict[Path, list[Card | Path]]:
    """What lies directly in each region, in order; leaves go with the card they stand beside."""
    contents: dict[Path, list[Card | Path]] = {(): []}
    for card in picture.cards:
        scope = arrangement.scope[card.id]
        for depth in range(1, len(scope) + 1):
            if scope[:depth] not in contents:
                contents[scope[:depth]] = []
                contents[scope[: depth - 1]].append(scope[:depth])
        if card.id not in arrangement.beside:
            contents[scope].append(card)
    return contents


def _digraph(**attributes: Any) -> Any:
    # Loaded here, on first use, so that importing minigrad does not load it.
    import graphviz  # type: ignore[import-untyped]

    return graphviz.Digraph(**attributes)


class _Writer:
    def __init__(
        self, picture: Picture, backward: bool, placed: Mapping[str, Mapping[str, str]]
    ) -> None:
        self.picture = picture
        self.backward = backward
        self.placed = placed
        self.arrangement: Arrangement = arrange(picture)
        self.cards = {card.id: card for card in picture.cards}
        self.name = dict(zip(self.cards, unique_names(self.cards), strict=True))
        self.contents = _contents(picture, self.arrangement)
        paths = list(self.contents)
        self.region = dict(zip(paths, unique_names(map("_".join, paths)), strict=True))
        self.before = {
            below: above for stretch in self.arrangement.axis for above, below in pairwise(stretch)
        }
        # From beside a leaf, branches leave below: sideways they would brush against it.
        self.flanked = self.arrangement.left.keys() | self.arrangement.right.keys()
        self.group = {
            name: f"axis{number}"
            for number, stretch in enumerate(self.arrangement.axis)
            for name in stretch
        }

    def source(self) -> str:
        graph = _digraph(name="minigrad", graph_attr=_GRAPH, node_attr=_NODE, edge_attr=_EDGE)
        graph.attr(label=picture_label(self.picture, backward=self.backward), **self._place(""))
        self._fill(graph, ())
        self._rows(graph)
        for edge in self.picture.edges:
            self._edge(graph, edge, main=self.before.get(edge.target) == edge.source)
        return str(graph.source)

    def _fill(self, graph: Any, path: Path) -> None:
        """Write cards and regions in the order of the flow: Graphviz's ordering starts from it."""
        for item in self.contents[path]:
            if isinstance(item, Card):
                self._unit(graph, item)
            else:
                self._region(graph, item)

    def _unit(self, graph: Any, card: Card) -> None:
        """Write a card with the leaves beside it, held together by a frame that is not drawn."""
        left = self.arrangement.left.get(card.id, [])
        right = self.arrangement.right.get(card.id, [])
        if not left and not right:
            self._node(graph, card)
            return
        name = f"cluster_beside_{self.name[card.id]}"
        with graph.subgraph(name=name) as cluster:
            cluster.attr(style="invis", margin="0", label="", **self._place(name))
            for name in (*left, card.id, *right):
                self._node(cluster, self.cards[name])

    def _region(self, parent: Any, path: Path) -> None:
        accent = self._accent(path)
        with parent.subgraph(name=f"cluster_{self.region[path]}") as cluster:
            cluster.attr(
                id=f"scope_{self.region[path]}",
                label=region_label(self._title(path), accent),
                labeljust="l",
                style="rounded,filled",
                fillcolor=accent + look.TINT,
                color=accent + look.FRAME,
                penwidth="1",
                margin=str(look.MARGIN),
                **self._place(f"cluster_{self.region[path]}"),
            )
            self._fill(cluster, path)

    def _place(self, key: str) -> Mapping[str, str]:
        """Where something stands, where that is known."""
        return self.placed.get(key, {})

    def _accent(self, path: Path) -> str:
        if accent := self._described(path).accent:
            return accent
        kinds = {item.kind for item in self.contents[path] if isinstance(item, Card)}
        for kind in ("loss", "prediction"):
            if kind in kinds:
                return look.INKS[kind].border
        return look.INKS["computed"].border

    def _described(self, path: Path) -> Region:
        return self.picture.regions.get(whole(path), Region())

    def _node(self, graph: Any, card: Card) -> None:
        attributes = {"group": self.group[card.id]} if card.id in self.group else {}
        label = CardLabel(card, self._least_width(card))
        tooltip = "\n".join(filter(None, (card.tooltip, *(text.plain for text in label.elided))))
        graph.node(
            self.name[card.id],
            id=f"node_{self.name[card.id]}",
            label=label.html(backward=self.backward),
            tooltip=_tooltip(tooltip or card.symbol.plain),
            **{"class": _classes(card.kind, card.step)},
            **attributes,
            **self._place(self.name[card.id]),
        )

    def _least_width(self, card: Card) -> float:
        """Wide enough that the axis, entering a region from above, does not cross its title."""
        path = self.arrangement.scope[card.id]
        above = self.before.get(card.id)
        if above is None or self.arrangement.left.get(card.id):
            return 0.0
        outside = self.arrangement.scope[above]
        entered = [
            path[:depth] for depth in range(1, len(path) + 1) if outside[:depth] != path[:depth]
        ]
        widths = (
            width_beside(self._title(region), inner=len(path) - len(region)) for region in entered
        )
        return max(widths, default=0.0)

    def _title(self, path: Path) -> Text:
        """The scope's name, and what runs in it."""
        told = self._described(path)
        title = Text.of(bold(told.title or whole(path)[-1]))
        return Text.of(title, f"  {told.kind}") if told.kind else title

    def _rows(self, graph: Any) -> None:
        beside = self.arrangement.beside
        for row in self.arrangement.rows:
            with graph.subgraph() as rank:
                rank.attr(rank="same")
                for name in row:
                    rank.node(self.name[name])
                for left, right in pairwise(row):
                    if beside.get(left) != right:
                        rank.edge(self.name[left], self.name[right], style="invis")

    def _edge(self, graph: Any, edge: Edge, *, main: bool) -> None:
        source, target = self.name[edge.source], self.name[edge.target]
        attributes = {"id": f"edge_{source}_{target}", "color": look.FORWARD}
        attributes["class"] = _classes("forward", edge.step)
        if edge.gradient and self.backward:
            attributes["class"] = _classes("both", edge.step)
            attributes |= {"dir": "both", "arrowtail": "vee"}
            attributes["color"] = f"{look.FORWARD}:{look.BACKWARD}"
        attributes |= self._place(attributes["id"])
        graph.edge(*self._ends(edge), **attributes, **self._pull(edge, main=main))

    def _ends(self, edge: Edge) -> tuple[str, str]:
        source, target = self.name[edge.source], self.name[edge.target]
        if self.arrangement.beside.get(edge.source) != edge.target:
            return (f"{source}:s" if edge.source in self.flanked else source), target
        if edge.source in self.arrangement.left[edge.target]:
            return f"{source}:e", f"{target}:w"
        return f"{source}:w", f"{target}:e"

    def _pull(self, edge: Edge, *, main: bool) -> dict[str, str]:
        consumer = self.arrangement.beside.get(edge.source)
        if consumer == edge.target:
            # Without weight, an edge from the right does not ask to run from left to right.
            left = edge.source in self.arrangement.left[consumer]
            return {} if left else {"constraint": "false", "weight": "0"}
        if consumer is not None and self._level(edge.target) <= self._level(consumer):
            return {"constraint": "false", "weight": "0"}
        if main:
            return {"weight": _AXIS_WEIGHT}
        return {"weight": "0"} if returns(edge, self.arrangement) else {}

    def _level(self, name: str) -> int:
        return self.arrangement.level[name]


def _classes(kind: str, step: int | None) -> str:
    return kind if step is None else f"{kind} step{step}"


def _literal(line: str) -> str:
    """A line with its backslashes doubled, and continued where it is longer than Graphviz can scan."""
    parts = [line[k : k + _SCANNED] for k in range(0, len(line), _SCANNED)]
    return "\\\n".join(printable(part).replace("\\", "\\\\") for part in parts)


def _tooltip(string: str) -> str:
    """A tooltip as an escString, in which a backslash starts an escape; never as an HTML label."""
    import graphviz

    text = "\\n".join(map(_literal, string.splitlines()))
    plain: str = graphviz.nohtml(text)  # a str of its own class, which is quoted whatever it holds
    return plain
