"""A product on its way to arrays: what is still to be multiplied, and where the result stands."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from minigrad.index.expr import Pick, Structural
from minigrad.index.size import AnySize
from minigrad.program.pairs import Labelled
from minigrad.program.place import At, Place, Scattered, Window, labels_of
from minigrad.program.tape import Tape
from minigrad.program.value import Value

Label = Hashable


class Rule(NamedTuple):
    """A structural factor: its kind, its labels, and the integer array that a pick reads."""

    node: Structural | Pick
    labels: tuple[Label, ...]
    positions: Value | None = None

    @property
    def kind(self) -> str:
        return "pick" if isinstance(self.node, Pick) else self.node.kind

    @property
    def params(self) -> tuple[Any, ...]:
        """What the kind of a structural tensor needs to be told."""
        return () if isinstance(self.node, Pick) else self.node.params


@dataclass
class Scene:
    """A product on its way: arrays, structural factors, and the places of the result's axes."""

    tape: Tape
    extents: dict[Label, AnySize]
    places: dict[int, Place]
    arrays: list[Labelled] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)
    gone: set[Label] = field(default_factory=set)  # labels that are summed, or written by others
    zero: bool = False  # whether the structural factors rule each other out

    def carried(self) -> set[Label]:
        """The labels of arrays and structural factors."""
        arrays = {label for x in self.arrays for label in x.labels}
        return arrays.union(*(rule.labels for rule in self.rules))

    def needed_in_order(self) -> list[Label]:
        """The labels that the result's places name, by axis."""
        found = [label for axis in sorted(self.places) for label in labels_of(self.places[axis])]
        return list(dict.fromkeys(found))

    def needed(self) -> frozenset[Label]:
        """The labels that the result's places name."""
        return frozenset(label for place in self.places.values() for label in labels_of(place))

    def ruled(self, labels: Sequence[Label], but: Rule) -> bool:
        """Whether another structural factor carries one of the labels."""
        return any(set(labels) & set(rule.labels) for rule in self.rules if rule is not but)

    def add(self, value: Value, labels: Sequence[Label]) -> None:
        """An array; where it carries a label twice, only its diagonal counts."""
        if len(set(labels)) < len(labels):
            value = self.tape.diagonal(value, labels)
        self.arrays.append(Labelled(value, tuple(dict.fromkeys(labels))))

    def taken(self, labels: Sequence[Label]) -> list[Labelled]:
        """The arrays that carry one of the labels, taken out."""
        chosen = [x for x in self.arrays if set(labels) & set(x.labels)]
        self.arrays = [x for x in self.arrays if x not in chosen]
        return chosen


# ``combine(scene, labels)`` multiplies the arrays that carry one of the labels into one, if there are any.
Combine = Callable[[Scene, Sequence[Label]], Labelled | None]


def as_array(scene: Scene, rule: Rule) -> None:
    """The factor as it is: only where nothing else serves."""
    scene.add(dense(scene.tape, rule), rule.labels)


def dense(tape: Tape, rule: Rule) -> Value:
    node = rule.node
    if isinstance(node, Pick):
        assert rule.positions is not None
        return tape.make("structural", (rule.positions,), ("pick", ()), node.sizes)
    return tape.make("structural", (), (node.kind, node.params), node.sizes)


# -- labels ---------------------------------------------------------------------------------------------


def movable(scene: Scene, label: Label) -> bool:
    """Whether the places that name the label can be written by another one."""
    return all(
        isinstance(place, Window) for place in scene.places.values() if label in labels_of(place)
    )


def substitute(scene: Scene, label: Label, by: Window | At) -> None:
    """In every place, the label becomes a position, or an affine function of another label."""
    for axis, place in scene.places.items():
        if isinstance(place, Window) and place.label == label:
            scene.places[axis] = _composed(place, by)
        elif isinstance(place, Scattered) and label in place.labels:
            assert isinstance(by, Window)
            assert by.start == 0
            assert by.step == 1
            renamed = tuple(by.label if lab == label else lab for lab in place.labels)
            scene.places[axis] = Scattered(place.positions, renamed)


def _composed(outer: Window, inner: Window | At) -> Place:
    if isinstance(inner, At):
        return At(inner.position * outer.step + outer.start)
    start = inner.start * outer.step + outer.start
    return Window(inner.label, start, outer.step * inner.step)


def relabel(scene: Scene, old: Label, new: Label) -> None:
    for x in scene.taken((old,)):
        scene.add(x.value, [new if label == old else label for label in x.labels])
