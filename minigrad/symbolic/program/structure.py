"""Structural factors of a product become views and moves of its other factors.

[i = start + step j] under a sum over i is a slice of what carries i; where i is an axis of the result,
it says where the result stands. Only a triangle stays a factor, for the contraction to use.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from minigrad.index.expr import Pick, Structural
from minigrad.index.size import AnySize
from minigrad.symbolic.program.pairs import Labelled, aligned, contracted, grouped
from minigrad.symbolic.program.place import At, Place, Scattered, Window, labels_of
from minigrad.symbolic.program.value import Tape, Value

Label = Hashable


class Rule(NamedTuple):
    """A structural factor: its kind, its labels, and the integer array that a pick reads."""

    node: Structural | Pick
    labels: tuple[Label, ...]
    index: Value | None = None

    @property
    def kind(self) -> str:
        return "pick" if isinstance(self.node, Pick) else self.node.kind


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
        return {label for x in (*self.arrays, *self.rules) for label in x.labels}

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


def eliminate(scene: Scene, combine: object) -> None:
    """Use up every structural factor but triangles.

    ``combine(scene, labels)`` multiplies the arrays that carry one of the labels into one.
    """
    for rule in [r for r in scene.rules if r.kind == "tri"]:
        if len(set(rule.labels)) == 1:
            as_array(scene, rule)
            scene.rules.remove(rule)
        elif mask(scene, rule):
            scene.rules.remove(rule)
    while _met(scene):
        pass
    waiting = [rule for rule in scene.rules if rule.kind != "tri"]
    while waiting:
        done = next((r for r in waiting if _GATHERS[r.kind](scene, r)), None)
        if done is None:
            done = next((r for r in waiting if _SCATTERS[r.kind](scene, r, combine)), None)
        if done is None:
            done = next(
                (r for r in scene.rules if r.kind == "tri" and use_triangle(scene, r, combine)),
                None,
            )
        if done is None:
            done = waiting[-1]
            as_array(scene, done)
        scene.rules.remove(done)
        waiting = [rule for rule in waiting if rule is not done]


def as_array(scene: Scene, rule: Rule) -> None:
    """The factor as it is: only where nothing else serves."""
    scene.add(dense(scene.tape, rule), rule.labels)


def dense(tape: Tape, rule: Rule) -> Value:
    node = rule.node
    if isinstance(node, Pick):
        assert rule.index is not None
        return tape.make("structural", (rule.index,), ("pick", ()), node.sizes)
    return tape.make("structural", (), (node.kind, node.params), node.sizes)


# -- the other factors are read where the rule points ------------------------------------------------


def _delta(scene: Scene, rule: Rule) -> bool:
    """Both labels are axes of the result: they stand on one diagonal."""
    i, j = rule.labels
    if i == j:
        return True
    if scene.ruled((j,), rule):
        i, j = j, i
    if scene.ruled((j,), rule):
        return False
    _substitute(scene, j, Window(i))
    _relabel(scene, j, i)
    scene.gone.add(j)
    return True


def _slice(scene: Scene, rule: Rule) -> bool:
    j, i = rule.labels
    start, step = rule.node.params  # type: ignore[union-attr]
    if i == j or scene.ruled((i,), rule) or not _movable(scene, i):
        return False
    _substitute(scene, i, Window(j, start, step))
    scene.gone.add(i)
    for x in scene.taken((i,)):
        axis = x.labels.index(i)
        part = scene.tape.index(x.value, axis, (start, step, scene.extents[j]))
        scene.add(part, [j if label == i else label for label in x.labels])
    return True


def _onehot(scene: Scene, rule: Rule) -> bool:
    (i,) = rule.labels
    (position,) = rule.node.params  # type: ignore[union-attr]
    if scene.ruled((i,), rule) or not _movable(scene, i):
        return False
    _substitute(scene, i, At(position))
    scene.gone.add(i)
    for x in scene.taken((i,)):
        value = scene.tape.index(x.value, x.labels.index(i), position)
        scene.add(value, [label for label in x.labels if label != i])
    return True


def _roll(scene: Scene, rule: Rule) -> bool:
    i, j = rule.labels
    (shift,) = rule.node.params  # type: ignore[union-attr]
    for label, other, by in ((i, j, -shift), (j, i, shift)):
        if label != other and label not in scene.needed() and not scene.ruled((label,), rule):
            scene.gone.add(label)
            for x in scene.taken((label,)):
                axis = x.labels.index(label)
                moved = scene.tape.make("roll", (x.value,), (by, axis), x.value.sizes, x.value.kind)
                scene.add(moved, [other if lab == label else lab for lab in x.labels])
            return True
    return False


def _pick(scene: Scene, rule: Rule) -> bool:
    *rows, v = rule.labels
    assert rule.index is not None
    whole = all(p == Window(v) for p in scene.places.values() if v in labels_of(p))
    if v in rows or not whole or scene.ruled((v,), rule):
        return False
    scene.gone.add(v)
    for axis, place in scene.places.items():
        if v in labels_of(place):
            scene.places[axis] = Scattered(rule.index, tuple(rows))
    for x in scene.taken((v,)):
        scene.add(*_gathered(scene.tape, x, v, rule.index, rows))
    return True


def _gathered(
    tape: Tape, x: Labelled, v: Label, index: Value, rows: Sequence[Label]
) -> tuple[Value, tuple[Label, ...]]:
    """``x`` at the positions; labels that both carry go along with each other."""
    shared = [label for label in rows if label in x.labels]
    rest = [label for label in x.labels if label != v and label not in shared]
    if not shared:
        axis = x.labels.index(v)
        labels = (*x.labels[:axis], *rows, *x.labels[axis + 1 :])
        sizes = (*x.value.sizes[:axis], *index.sizes, *x.value.sizes[axis + 1 :])
        return tape.make("take", (x.value, index), (axis,), sizes, x.value.kind), labels
    own = [label for label in rows if label not in shared]
    value = aligned(tape, x, [*shared, v, *rest])
    at = aligned(tape, Labelled(index, tuple(rows)), [*shared, *own])
    labels = (*shared, *own, *rest)
    sizes = (*at.sizes, *value.sizes[len(shared) + 1 :])
    return tape.make("points", (value, at), (len(shared),), sizes, x.value.kind), labels


def _reshape(scene: Scene, rule: Rule) -> bool:
    for gone, kept in _sides(rule):
        if set(gone) & scene.needed() or scene.ruled(gone, rule) or set(gone) & set(kept):
            continue
        carriers = [x for x in scene.arrays if set(x.labels) & set(gone)]
        if any(not set(gone) <= set(x.labels) or set(kept) & set(x.labels) for x in carriers):
            continue
        scene.gone.update(gone)
        for x in scene.taken(gone):
            _reshaped(scene, x, gone, kept)
        return True
    return False


def _reshaped(scene: Scene, x: Labelled, gone: Sequence[Label], kept: Sequence[Label]) -> None:
    rest = [label for label in x.labels if label not in gone]
    first = min(k for k, label in enumerate(x.labels) if label in gone)
    before = [label for label in x.labels[:first] if label in rest]
    after = [label for label in rest if label not in before]
    value = aligned(scene.tape, x, [*before, *gone, *after])
    labels = [*before, *kept, *after]
    scene.add(scene.tape.reshape(value, [scene.extents[label] for label in labels]), labels)


def _sides(rule: Rule) -> list[tuple[tuple[Label, ...], tuple[Label, ...]]]:
    count = rule.node.params[0]  # type: ignore[union-attr]
    assert isinstance(count, int)
    before, after = rule.labels[:count], rule.labels[count:]
    return [(before, after), (after, before)]


_GATHERS = {
    "delta": _delta,
    "slice": _slice,
    "onehot": _onehot,
    "roll": _roll,
    "pick": _pick,
    "reshape": _reshape,
}


# -- slices that meet -----------------------------------------------------------------------------------


def _met(scene: Scene) -> bool:
    """Two slices of one axis are slices of what both reach, which may be nothing."""
    spans = [rule for rule in scene.rules if rule.kind in ("slice", "onehot")]
    for k, first in enumerate(spans):
        for second in spans[k + 1 :]:
            if first.labels[-1] == second.labels[-1] and _intersected(scene, first, second):
                return True
    return False


def _intersected(scene: Scene, first: Rule, second: Rule) -> bool:
    if any(len(set(rule.labels)) < len(rule.labels) for rule in (first, second)):
        return False
    spans = [_reach(scene, rule) for rule in (first, second)]
    if spans[0] is None or spans[1] is None:
        return False
    low = _largest(spans[0][0], spans[1][0], bound=1)
    high = _largest(spans[0][1], spans[1][1], bound=-1)
    if low is None or high is None:
        # what starts where the other ends has nothing in common with it
        if spans[0][1] != spans[1][0] and spans[1][1] != spans[0][0]:
            return False
        low, high = 0, 0
    length = high - low
    if isinstance(length, int) and length <= 0:
        scene.zero = True
        length = 0
    whole = first.labels[-1]
    scene.rules = [rule for rule in scene.rules if rule is not first and rule is not second]
    if scene.zero:
        scene.rules = []
        return False
    part: Label = ("part", whole, len(scene.extents))
    scene.extents[part] = length
    _confine(scene, whole, low, length, part)
    for rule, (start, _) in zip((first, second), spans, strict=True):
        if rule.kind == "slice":
            _confine(scene, rule.labels[0], low - start, length, part)
    return True


def _reach(scene: Scene, rule: Rule) -> tuple[AnySize, AnySize] | None:
    """Where on the whole axis the rule starts, and where it ends."""
    start = rule.node.params[0]  # type: ignore[union-attr]
    if rule.kind == "onehot":
        return start, start + 1  # type: ignore[return-value, operator]
    if rule.node.params[1] != 1:  # type: ignore[union-attr]
        return None
    return start, start + scene.extents[rule.labels[0]]  # type: ignore[return-value, operator]


def _largest(a: AnySize, b: AnySize, bound: int) -> AnySize | None:
    """The larger (smaller for bound -1) of two positions, when that is known."""
    difference = a - b
    if not isinstance(difference, int):
        return None
    return a if difference * bound >= 0 else b


def _confine(scene: Scene, label: Label, start: AnySize, length: AnySize, part: Label) -> None:
    """The label runs over ``length`` positions from ``start``, together with ``part``."""
    if length == 1:
        node = Structural("onehot", (scene.extents[label],), (start,))
        scene.rules.append(Rule(node, (label,)))
        return
    node = Structural("slice", (length, scene.extents[label]), (start, 1))
    scene.rules.append(Rule(node, (part, label)))


# -- the other factors are put where the rule points ---------------------------------------------------


def _no_scatter(scene: Scene, rule: Rule, combine: object) -> bool:
    return False


def _slice_scatter(scene: Scene, rule: Rule, combine: object) -> bool:
    j, i = rule.labels
    start, step = rule.node.params  # type: ignore[union-attr]
    if i == j or j in scene.needed() or scene.ruled((j,), rule):
        return False
    x = combine(scene, (j,))  # type: ignore[operator]
    if x is None or i in x.labels:
        if x is not None:
            scene.arrays.append(x)
        return False
    sizes = [scene.extents[i if label == j else label] for label in x.labels]
    places = tuple(
        ("axis", k, start if label == j else 0, step if label == j else 1, scene.extents[label])
        for k, label in enumerate(x.labels)
    )
    scene.gone.add(j)
    value = scene.tape.as_number(x.value)
    made = scene.tape.make("embed", (value,), (tuple(sizes), places), sizes)
    scene.add(made, [i if label == j else label for label in x.labels])
    return True


def _pick_scatter(scene: Scene, rule: Rule, combine: object) -> bool:
    *rows, v = rule.labels
    assert rule.index is not None
    if v in rows or set(rows) & scene.needed() or scene.ruled(rows, rule):
        return False
    x = combine(scene, rows)  # type: ignore[operator]
    if x is None or v in x.labels:
        if x is not None:
            scene.arrays.append(x)
        return False
    scene.gone.update(rows)
    tape = scene.tape
    rest = [label for label in x.labels if label not in rows]
    value = tape.as_number(aligned(tape, x, [*rows, *rest]))
    inner = tuple(scene.extents[label] for label in (*rows, *rest))
    params = ((scene.extents[v],), len(rows), inner)
    sizes = [scene.extents[label] for label in (v, *rest)]
    scene.add(tape.make("scatter", (value, rule.index), params, sizes), [v, *rest])
    return True


def _reshape_scatter(scene: Scene, rule: Rule, combine: object) -> bool:
    """Arrays that carry only some of the axes are multiplied and spread first."""
    for gone, kept in _sides(rule):
        if set(gone) & scene.needed() or scene.ruled(gone, rule) or set(gone) & set(kept):
            continue
        x = combine(scene, gone)  # type: ignore[operator]
        if x is None:
            scene.gone.update(gone)
            return True  # every position is met once
        if set(kept) & set(x.labels):
            scene.arrays.append(x)
            continue
        scene.gone.update(gone)
        order = [*(label for label in x.labels if label not in gone), *gone]
        value = aligned(scene.tape, x, order)
        value = scene.tape.broadcast_to(value, [scene.extents[label] for label in order])
        _reshaped(scene, Labelled(value, tuple(order)), gone, kept)
        return True
    return False


_SCATTERS = {
    "delta": _no_scatter,
    "onehot": _no_scatter,
    "roll": _no_scatter,
    "slice": _slice_scatter,
    "pick": _pick_scatter,
    "reshape": _reshape_scatter,
}


# -- triangles -------------------------------------------------------------------------------------------


def mask(scene: Scene, rule: Rule) -> bool:
    """An array with both axes of the triangle is zeroed outside of it."""
    carriers = [x for x in scene.arrays if set(rule.labels) <= set(x.labels)]
    if not carriers or len(set(rule.labels)) < 2:
        return False
    chosen = min(carriers, key=lambda x: len(x.labels))
    scene.arrays.remove(chosen)
    scene.add(*masked(scene.tape, chosen, rule))
    return True


def masked(tape: Tape, x: Labelled, rule: Rule) -> Labelled:
    i, j = rule.labels
    (k,) = rule.node.params  # type: ignore[union-attr]
    rest = [label for label in x.labels if label not in (i, j)]
    upper = x.labels.index(j) < x.labels.index(i)
    order = (*rest, j, i) if upper else (*rest, i, j)
    value = tape.as_number(aligned(tape, x, order))
    params = (-k if upper else k, upper)  # type: ignore[operator]
    return Labelled(tape.make("tril", (value,), params, value.sizes), order)


def masked_over(
    tape: Tape, x: Labelled, rule: Rule, extents: Mapping[Label, AnySize]
) -> Labelled:
    """The array repeated along the triangle's axes that it lacks, and zeroed outside of it."""
    missing = [label for label in rule.labels if label not in x.labels]
    order = (*missing, *x.labels)
    value = tape.broadcast_to(x.value, [extents[label] for label in order])
    return masked(tape, Labelled(value, order), rule)


def use_triangle(scene: Scene, rule: Rule, combine: object) -> bool:
    """Masks, or sums along, what the triangle meets, before anything else is done with it."""
    if mask(scene, rule):
        return True
    for label, other in (rule.labels[::-1], rule.labels):
        if label == other or label in scene.needed() or scene.ruled((label,), rule):
            continue
        if any(other in x.labels for x in scene.arrays if label in x.labels):
            continue
        x = combine(scene, (label,))  # type: ignore[operator]
        if x is None:
            return False
        scene.gone.add(label)
        scene.add(*running_sum(scene.tape, x, rule, label, scene.extents))
        return True
    return False


def running_sum(
    tape: Tape, x: Labelled, rule: Rule, label: Label, extents: Mapping[Label, AnySize]
) -> Labelled:
    """The sum over ``label`` of the triangle times ``x``, which does not carry its other label."""
    i, j = rule.labels
    k = rule.node.params[0]  # type: ignore[union-attr]
    other, reverse = (i, False) if label == j else (j, True)
    axis, n = x.labels.index(label), extents[other]
    labels = tuple(other if lab == label else lab for lab in x.labels)
    if n != extents[label] or not isinstance(k, int):
        triangle = Labelled(dense(tape, rule), rule.labels)
        groups = grouped(
            frozenset(rule.labels), frozenset(x.labels), frozenset(labels), (other, *labels)
        )
        return contracted(tape, triangle, x, groups)
    total = tape.along("cumsum", x.value, (axis,), reverse)
    if k == 0:
        return Labelled(total, labels)
    if k < 0:
        start = -k if reverse else 0
        part = tape.index(total, axis, (start, 1, n + k))
        places = tuple(
            ("axis", a, -k if a == axis and not reverse else 0, 1, part.sizes[a])
            for a in range(total.ndim)
        )
        made = tape.make("embed", (part,), (total.sizes, places), total.sizes)
        return Labelled(made, labels)
    part = tape.index(total, axis, (0 if reverse else k, 1, n - k))
    edge = tape.index(total, axis, (0 if reverse else n - 1, 1, 1))
    spread = tape.broadcast_to(edge, [k if a == axis else s for a, s in enumerate(total.sizes)])
    parts = (spread, part) if reverse else (part, spread)
    return Labelled(tape.make("concatenate", parts, (axis,), total.sizes), labels)


# -- labels ---------------------------------------------------------------------------------------------


def _movable(scene: Scene, label: Label) -> bool:
    """Whether the places that name the label can be written by another one."""
    return all(
        isinstance(place, Window) for place in scene.places.values() if label in labels_of(place)
    )


def _substitute(scene: Scene, label: Label, by: Window | At) -> None:
    """In every place, the label becomes a position, or an affine function of another label."""
    for axis, place in scene.places.items():
        if isinstance(place, Window) and place.label == label:
            scene.places[axis] = _composed(place, by)
        elif isinstance(place, Scattered) and label in place.labels:
            assert isinstance(by, Window)
            assert by.start == 0
            assert by.step == 1
            renamed = tuple(by.label if lab == label else lab for lab in place.labels)
            scene.places[axis] = Scattered(place.index, renamed)


def _composed(outer: Window, inner: Window | At) -> Place:
    if isinstance(inner, At):
        return At(inner.position * outer.step + outer.start)
    start = inner.start * outer.step + outer.start
    return Window(inner.label, start, outer.step * inner.step)


def _relabel(scene: Scene, old: Label, new: Label) -> None:
    for x in scene.taken((old,)):
        scene.add(x.value, [new if label == old else label for label in x.labels])
