"""Where things go: the structure of the drawing, computed from the graph alone.

Graphviz places the cards. What it is told decides whether the picture reads well: which leaves
stand beside their consumer, which cards start branches side by side, and which path is the
straight main axis from the input to the loss.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from minigrad.drawing.model import Card, Edge, Path, Picture
from minigrad.errors import ArgumentError

# Marks the parts of a region; no scope is named with it.
PART_MARK = "\x1f"
_SIDES = 2


@dataclass(slots=True)
class Arrangement:
    """What the layout is told about a picture.

    ``consumer`` maps a leaf to the card it belongs to; ``beside`` does where it stands next to it,
    and ``left`` and ``right`` say on which side. ``rows`` are the cards of one rank from left to
    right. ``axis`` is the main path, in stretches that run straight down.
    """

    order: tuple[str, ...]
    consumer: dict[str, str] = field(default_factory=dict)
    beside: dict[str, str] = field(default_factory=dict)
    left: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    right: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    rows: list[list[str]] = field(default_factory=list)
    axis: tuple[tuple[str, ...], ...] = ()
    level: dict[str, int] = field(default_factory=dict)
    scope: dict[str, Path] = field(default_factory=dict)


class Flow:
    """The picture's cards and edges as a directed graph."""

    def __init__(self, picture: Picture) -> None:
        self.cards: dict[str, Card] = {card.id: card for card in picture.cards}
        self.parents: dict[str, list[str]] = {name: [] for name in self.cards}
        self.children: dict[str, list[str]] = {name: [] for name in self.cards}
        for edge in picture.edges:
            if edge.source not in self.parents[edge.target]:
                self.parents[edge.target].append(edge.source)
                self.children[edge.source].append(edge.target)
        self.order = _topological(self.parents, self.children)


def arrange(picture: Picture) -> Arrangement:
    """Decide what the layout is told about a picture.

    Raises
    ------
    ArgumentError
        When the edges form a cycle.
    """
    flow = Flow(picture)
    result = Arrangement(order=flow.order)
    leaves = {name for name in flow.order if not flow.parents[name] and flow.children[name]}
    fed = leaves - _above(flow, leaves)
    result.level = _levels(flow, fed)
    result.consumer = _consumers(flow, fed, result.level)
    _place_beside(result)
    result.scope = _scopes(flow, result.consumer)
    siblings = _siblings(flow, fed, result.scope)
    result.axis = _axis(flow, fed, result.level, siblings)
    result.rows = _rows(result, siblings)
    return result


def _topological(
    parents: Mapping[str, Sequence[str]], children: Mapping[str, Sequence[str]]
) -> tuple[str, ...]:
    waiting = {name: len(above) for name, above in parents.items()}
    ready = [name for name, count in waiting.items() if not count]
    for name in ready:
        for child in children[name]:
            waiting[child] -= 1
            if not waiting[child]:
                ready.append(child)
    if len(ready) < len(waiting):
        stuck = next(name for name, count in waiting.items() if count)
        raise ArgumentError(
            f"draw: the edges into {stuck!r} close a cycle; a computation graph has none"
        )
    return tuple(ready)


def _above(flow: Flow, leaves: set[str]) -> set[str]:
    """Leaves that start the flow: they stand above, the others beside what they feed.

    A card that nothing computed feeds takes its inputs from above, and if it has no inputs its
    first leaf, so that no flow starts without a source. What cards of several regions read belongs to
    none of these.
    """
    above = {leaf for leaf in leaves if len({flow.cards[c].scope for c in flow.children[leaf]}) > 1}
    for name in flow.order:
        feeding = flow.parents[name]
        if not feeding or any(parent not in leaves for parent in feeding):
            continue
        inputs = [parent for parent in feeding if flow.cards[parent].kind == "input"]
        above.update([] if above.intersection(feeding) else inputs or feeding[:1])
    return above


def _consumers(flow: Flow, fed: set[str], level: Mapping[str, int]) -> dict[str, str]:
    """The card that each leaf belongs to: the first that it feeds, from the top."""
    place = {name: number for number, name in enumerate(flow.order)}
    return {
        leaf: min(flow.children[leaf], key=lambda name: (level[name], place[name]))
        for leaf in flow.cards
        if leaf in fed
    }


def _place_beside(result: Arrangement) -> None:
    for leaf, card in result.consumer.items():
        taken = len(result.left[card]) + len(result.right[card])
        if taken < _SIDES:
            side = result.right if taken % 2 else result.left
            side[card].append(leaf)
            result.beside[leaf] = card


def _scopes(flow: Flow, consumer: Mapping[str, str]) -> dict[str, Path]:
    """The regions each card lies in, outermost first; a leaf lies where its consumer does.

    A region that the flow leaves and enters again is drawn in numbered parts: one
    frame around both would lie across what happens between.
    """
    wanted = {name: flow.cards[consumer.get(name, name)].scope for name in flow.order}
    placed: dict[str, Path] = dict.fromkeys(flow.order, ())
    for depth in range(max(map(len, wanted.values()), default=0)):
        for members in _grouped(flow.order, wanted, placed, depth).values():
            for name, part in parts_of(flow, members, consumer).items():
                title = wanted[name][depth]
                placed[name] += (f"{title}{PART_MARK}{part}" if part else title,)
    return placed


def whole(path: Path) -> Path:
    """The path of a region that a part belongs to."""
    return tuple(name.split(PART_MARK)[0] for name in path)


def _grouped(
    order: Sequence[str], wanted: Mapping[str, Path], placed: Mapping[str, Path], depth: int
) -> dict[Path, set[str]]:
    groups: dict[Path, set[str]] = defaultdict(set)
    for name in order:
        if len(wanted[name]) > depth:
            groups[*placed[name], wanted[name][depth]].add(name)
    return groups


def parts_of(flow: Flow, members: set[str], consumer: Mapping[str, str]) -> dict[str, int]:
    """How often the flow had left the members before it came to each of them."""
    entered: dict[str, int] = {}
    for name in flow.order:
        seen = [
            entered[up] + (name in members and up not in members)
            for up in flow.parents[name]
            if up in entered
        ]
        if seen or (name in members and name not in consumer):
            entered[name] = max(seen, default=0)
    return {name: entered.get(consumer.get(name, name), 0) for name in members}


def _levels(flow: Flow, fed: set[str]) -> dict[str, int]:
    """The length of the longest path to each card that starts above."""
    level: dict[str, int] = {}
    for name in flow.order:
        above = [level[parent] for parent in flow.parents[name] if parent not in fed]
        level[name] = 1 + max(above, default=-1)
    return level


def _siblings(flow: Flow, fed: set[str], scope: Mapping[str, Path]) -> list[list[str]]:
    """Cards that start branches at the same place, in groups, those of one scope together."""
    groups: dict[frozenset[str], list[str]] = defaultdict(list)
    place = {name: number for number, name in enumerate(flow.cards)}
    first: dict[Path, int] = {}
    for name in flow.cards:
        parents = frozenset(flow.parents[name]) - fed
        if parents:
            groups[parents].append(name)
        for depth in range(len(scope[name]) + 1):
            first.setdefault(scope[name][:depth], place[name])

    def along(name: str) -> tuple[int, ...]:
        path = scope[name]
        return (*(first[path[:depth]] for depth in range(1, len(path) + 1)), place[name])

    return [sorted(group, key=along) for group in groups.values() if len(group) > 1]


def _axis(
    flow: Flow, fed: set[str], level: Mapping[str, int], siblings: Sequence[Sequence[str]]
) -> tuple[tuple[str, ...], ...]:
    """The longest path to the loss, through the middle of its branches.

    It runs straight, but for a turn where two equal cards stand side by side between its ends.
    """
    offset = {
        name: abs(2 * place - len(group) + 1)
        for group in siblings
        for place, name in enumerate(group)
    }
    free = [name for name in flow.order if name not in fed]
    ends = [name for name in free if flow.cards[name].kind == "loss"] or free
    if not ends:
        return ()
    above = {name: [up for up in flow.parents[name] if up not in fed] for name in free}
    rank: dict[str, tuple[int, int]] = {}
    for name in free:
        inherited = min((rank[up] for up in above[name]), default=(0, 0))[1]
        rank[name] = (-level[name], offset.get(name, inherited))
    stretches = [[max(reversed(ends), key=lambda name: level[name])]]
    twins = False
    while above[card := stretches[-1][-1]]:
        best = min(above[card], key=lambda name: rank[name])
        turns, twins = twins, _has_twin(best, above, rank, among=above[card])
        if turns or twins:
            stretches.append([best])
        else:
            stretches[-1].append(best)
    return tuple(tuple(reversed(stretch)) for stretch in reversed(stretches))


def _has_twin(
    card: str,
    above: Mapping[str, Sequence[str]],
    rank: Mapping[str, tuple[int, int]],
    *,
    among: Sequence[str],
) -> bool:
    return any(
        other != card and rank[other] == rank[card] and set(above[other]) == set(above[card])
        for other in among
        if above[other]
    )


def _rows(result: Arrangement, siblings: Sequence[Sequence[str]]) -> list[list[str]]:
    """Every group of cards that must share a rank, with the leaves beside them, left to right."""
    grouped = {name for group in siblings for name in group}
    beside = [[name] for name in result.order if name not in grouped and _has_sides(result, name)]
    rows = []
    for group in [*siblings, *beside]:
        row: list[str] = []
        for name in group:
            row += [*reversed(result.left[name]), name, *result.right[name]]
        rows.append(row)
    return rows


def _has_sides(result: Arrangement, name: str) -> bool:
    return bool(result.left.get(name) or result.right.get(name))


def returns(edge: Edge, arrangement: Arrangement) -> bool:
    """Whether an edge only comes back: from a short branch to the axis, or from a shared leaf."""
    if edge.source in arrangement.consumer:
        return arrangement.consumer[edge.source] != edge.target
    axis = {name for stretch in arrangement.axis for name in stretch}
    gap = arrangement.level[edge.target] - arrangement.level[edge.source]
    return edge.target in axis and edge.source not in axis and gap > 1
