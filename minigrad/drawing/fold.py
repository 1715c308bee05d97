"""Folding regions into single cards: what is deep, and what repeats."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import replace

from minigrad.drawing.arrange import Flow, arrange, parts_of, whole
from minigrad.drawing.model import Card, Edge, Path, Picture, Text

_LEAST_REPEATS = 3
# More cards than anybody looks at, and as many as then are kept at either end.
_MOST_CARDS = 240
_ENDS = 40
_LEAVES = frozenset({"input", "parameter"})
# As many names as a tooltip lists.
_MOST_NAMES = 40
_NUMBER = re.compile(r"[\[(_.\s]*\d+[\])]*$")


def fold(picture: Picture, depth: int | None = None, *, repeats: bool = True) -> Picture:
    """Fold regions into cards.

    Parameters
    ----------
    picture
        The picture to fold; it is not changed.
    depth
        How many levels of regions are opened: what is nested deeper becomes one card each; 0 opens none.
    repeats
        Of three or more alike regions side by side the first is kept and the others become one
        card, for example twelve layers.

    A picture that has hundreds of cards even so keeps both ends, and what is between them becomes one.
    """
    if repeats:
        picture = _fold_repeats(picture)
    if depth is not None:
        picture = _fold_depth(picture, depth)
    return picture if len(picture.cards) <= _MOST_CARDS else _fold_middle(picture)


def _fold_middle(picture: Picture) -> Picture:
    flow = Flow(picture)
    middle = flow.order[_ENDS:-_ENDS]
    # what lies side by side in an order of the flow can be one card: nothing leaves it and comes back
    members = [flow.cards[name] for name in middle]
    first, last = (card.symbol.plain for card in (members[0], members[-1]))
    return _contracted(picture, members, f"{first} … {last}", f"{first}_{last}")


def _members(picture: Picture) -> dict[Path, list[Card]]:
    """The cards inside each region, however deep."""
    scope = arrange(picture).scope
    members: dict[Path, list[Card]] = defaultdict(list)
    for card in picture.cards:
        for depth in range(1, len(scope[card.id]) + 1):
            members[scope[card.id][:depth]].append(card)
    return members


def _fold_depth(picture: Picture, depth: int) -> Picture:
    for path, cards in _members(picture).items():
        if len(path) == depth + 1:
            title = whole(path)[-1]
            picture = _contracted(picture, cards, title, title)
    flat = tuple(replace(card, scope=card.scope[:depth]) for card in picture.cards)
    return replace(picture, cards=flat)


def _fold_repeats(picture: Picture) -> Picture:
    members = _members(picture)
    groups: dict[Hashable, list[Path]] = defaultdict(list)
    for path, cards in members.items():
        title = _NUMBER.sub("", whole(path)[-1])
        groups[path[:-1], title, _shape(cards, path)].append(path)
    for paths in sorted(groups.values(), key=lambda paths: len(paths[0])):
        present = {card.id for card in picture.cards}
        if len(paths) < _LEAST_REPEATS or members[paths[0]][0].id not in present:
            continue
        first, second, last = (whole(path)[-1] for path in (paths[0], paths[1], paths[-1]))
        cards = [card for path in paths[1:] for card in members[path]]
        note = f"×{len(paths) - 1}, each like {first}"
        picture = _contracted(picture, cards, f"{second} … {last}", f"{second}_{last}", note)
    return picture


def _shape(cards: Sequence[Card], path: Path) -> Hashable:
    """What makes two regions alike: the same cards in the same order, but for their names."""
    return tuple(
        (card.kind in _LEAVES, card.op, card.shape, whole(card.scope)[len(path) :]) for card in cards
    )


def _contracted(
    picture: Picture, members: Sequence[Card], title: str, name: str, note: str = ""
) -> Picture:
    """The picture with one card in place of some, unless that would close a cycle."""
    inside = {card.id for card in members}
    flow = Flow(picture)
    if (
        len(inside) < 2
        or not inside <= flow.cards.keys()
        or any(parts_of(flow, inside, {}).values())
    ):
        return picture
    taken = flow.cards.keys() - inside
    while name in taken:
        name += "'"
    scope = arrange(picture).scope[members[-1].id]
    common = next(s for s in (scope[:n] for n in range(len(scope), -1, -1))
                  if all(card.scope[: len(s)] == whole(s) for card in members))  # fmt: skip
    steps = [card.step for card in members if card.step is not None]
    folded = Card(
        id=name,
        symbol=Text.of(title),
        op=note or _contents(members),
        kind="folded",
        scope=whole(common if note else common[:-1]),
        step=min(steps, default=None),
        tooltip=f"{title}: {_contents(members)}\n{_listed(members)}",
    )
    place = picture.cards.index(members[0])
    cards = [card for card in picture.cards if card.id not in inside]
    cards.insert(sum(card.id not in inside for card in picture.cards[:place]), folded)
    return replace(picture, cards=tuple(cards), edges=_rewired(picture.edges, inside, name))


def _listed(members: Sequence[Card]) -> str:
    names = [card.symbol.plain for card in members[:_MOST_NAMES]]
    return ", ".join(names if len(members) <= _MOST_NAMES else [*names, "…"])


def _contents(members: Sequence[Card]) -> str:
    parameters = sum(card.kind == "parameter" for card in members)
    others = len(members) - parameters
    steps = f"{others:,} step{'s' * (others != 1)}"
    return f"{steps}, {parameters:,} parameter{'s' * (parameters != 1)}" if parameters else steps


def _rewired(edges: Sequence[Edge], inside: set[str], name: str) -> tuple[Edge, ...]:
    merged: dict[tuple[str, str], Edge] = {}
    for edge in edges:
        source = name if edge.source in inside else edge.source
        target = name if edge.target in inside else edge.target
        if source == target:
            continue
        known = merged.get((source, target))
        gradient = edge.gradient or (known is not None and known.gradient)
        steps = [e.step for e in (edge, known) if e is not None and e.step is not None]
        merged[source, target] = Edge(source, target, gradient, min(steps, default=None))
    return tuple(merged.values())
