"""Structural factors that say where the other factors are put, and slices that meet on one axis."""

from __future__ import annotations

from collections.abc import Callable, Hashable

from minigrad.index.expr import Structural
from minigrad.index.size import AnySize
from minigrad.program.gather import reshaped, sides
from minigrad.program.pairs import Labelled, aligned
from minigrad.program.scene import Combine, Rule, Scene

Label = Hashable


def _slice_scatter(scene: Scene, rule: Rule, combine: Combine) -> bool:
    j, i = rule.labels
    start, step = rule.params
    if i == j or j in scene.needed() or scene.ruled((j,), rule):
        return False
    x = combine(scene, (j,))
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


def _pick_scatter(scene: Scene, rule: Rule, combine: Combine) -> bool:
    *rows, v = rule.labels
    assert rule.positions is not None
    if v in rows or set(rows) & scene.needed() or scene.ruled(rows, rule):
        return False
    x = combine(scene, rows)
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
    scene.add(tape.make("scatter", (value, rule.positions), params, sizes), [v, *rest])
    return True


def _reshape_scatter(scene: Scene, rule: Rule, combine: Combine) -> bool:
    """Arrays that carry only some of the axes are multiplied and spread first."""
    for gone, kept in sides(rule):
        if set(gone) & scene.needed() or scene.ruled(gone, rule) or set(gone) & set(kept):
            continue
        x = combine(scene, gone)
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
        reshaped(scene, Labelled(value, tuple(order)), gone, kept)
        return True
    return False


SCATTERS: dict[str, Callable[[Scene, Rule, Combine], bool]] = {
    "slice": _slice_scatter,
    "pick": _pick_scatter,
    "reshape": _reshape_scatter,
}


# -- slices that meet -----------------------------------------------------------------------------------


def met(scene: Scene) -> bool:
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
    reach = [_reach(scene, rule) for rule in (first, second)]
    spans = [span for span in reach if span is not None]
    if len(spans) < 2:
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
    start = rule.params[0]
    if rule.kind == "onehot":
        return start, start + 1
    if rule.params[1] != 1:
        return None
    return start, start + scene.extents[rule.labels[0]]


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
