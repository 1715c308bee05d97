"""Structural factors that say where the other factors are read: slices, picks, reshapes."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence

from minigrad.program.pairs import Labelled, aligned
from minigrad.program.place import At, Scattered, Window, labels_of
from minigrad.program.scene import Rule, Scene, movable, relabel, substitute
from minigrad.program.tape import Tape
from minigrad.program.value import Value

Label = Hashable


def _delta(scene: Scene, rule: Rule) -> bool:
    """Both labels are axes of the result: they stand on one diagonal."""
    i, j = rule.labels
    if i == j:
        return True
    if scene.ruled((j,), rule):
        i, j = j, i
    if scene.ruled((j,), rule):
        return False
    substitute(scene, j, Window(i))
    relabel(scene, j, i)
    scene.gone.add(j)
    return True


def _slice(scene: Scene, rule: Rule) -> bool:
    j, i = rule.labels
    start, step = rule.params
    if i == j or scene.ruled((i,), rule) or not movable(scene, i):
        return False
    substitute(scene, i, Window(j, start, step))
    scene.gone.add(i)
    for x in scene.taken((i,)):
        axis = x.labels.index(i)
        part = scene.tape.index(x.value, axis, (start, step, scene.extents[j]))
        scene.add(part, [j if label == i else label for label in x.labels])
    return True


def _onehot(scene: Scene, rule: Rule) -> bool:
    (i,) = rule.labels
    (position,) = rule.params
    if scene.ruled((i,), rule) or not movable(scene, i):
        return False
    substitute(scene, i, At(position))
    scene.gone.add(i)
    for x in scene.taken((i,)):
        value = scene.tape.index(x.value, x.labels.index(i), position)
        scene.add(value, [label for label in x.labels if label != i])
    return True


def _roll(scene: Scene, rule: Rule) -> bool:
    i, j = rule.labels
    (shift,) = rule.params
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
    assert rule.positions is not None
    whole = all(p == Window(v) for p in scene.places.values() if v in labels_of(p))
    if v in rows or not whole or scene.ruled((v,), rule):
        return False
    scene.gone.add(v)
    for axis, place in scene.places.items():
        if v in labels_of(place):
            scene.places[axis] = Scattered(rule.positions, tuple(rows))
    for x in scene.taken((v,)):
        scene.add(*_gathered(scene.tape, x, v, rule.positions, rows))
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
    for gone, kept in sides(rule):
        if set(gone) & scene.needed() or scene.ruled(gone, rule) or set(gone) & set(kept):
            continue
        carriers = [x for x in scene.arrays if set(x.labels) & set(gone)]
        if any(not set(gone) <= set(x.labels) or set(kept) & set(x.labels) for x in carriers):
            continue
        scene.gone.update(gone)
        for x in scene.taken(gone):
            reshaped(scene, x, gone, kept)
        return True
    return False


def reshaped(scene: Scene, x: Labelled, gone: Sequence[Label], kept: Sequence[Label]) -> None:
    rest = [label for label in x.labels if label not in gone]
    first = min(k for k, label in enumerate(x.labels) if label in gone)
    before = [label for label in x.labels[:first] if label in rest]
    after = [label for label in rest if label not in before]
    value = aligned(scene.tape, x, [*before, *gone, *after])
    labels = [*before, *kept, *after]
    scene.add(scene.tape.reshape(value, [scene.extents[label] for label in labels]), labels)


def sides(rule: Rule) -> list[tuple[tuple[Label, ...], tuple[Label, ...]]]:
    count = rule.params[0]
    assert isinstance(count, int)
    before, after = rule.labels[:count], rule.labels[count:]
    return [(before, after), (after, before)]


GATHERS: dict[str, Callable[[Scene, Rule], bool]] = {
    "delta": _delta,
    "slice": _slice,
    "onehot": _onehot,
    "roll": _roll,
    "pick": _pick,
    "reshape": _reshape,
}
