"""Triangles in a product: masks over both of their axes, running sums over one."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

from minigrad.index.size import AnySize
from minigrad.program.pairs import Labelled, aligned, contracted, grouped
from minigrad.program.scene import Combine, Rule, Scene, dense
from minigrad.program.tape import Tape

Label = Hashable


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
    (k,) = rule.params
    rest = [label for label in x.labels if label not in (i, j)]
    upper = x.labels.index(j) < x.labels.index(i)
    order = (*rest, j, i) if upper else (*rest, i, j)
    value = tape.as_number(aligned(tape, x, order))
    params = (-k if upper else k, upper)
    return Labelled(tape.make("tril", (value,), params, value.sizes), order)


def masked_over(tape: Tape, x: Labelled, rule: Rule, extents: Mapping[Label, AnySize]) -> Labelled:
    """The array repeated along the triangle's axes that it lacks, and zeroed outside of it."""
    missing = [label for label in rule.labels if label not in x.labels]
    order = (*missing, *x.labels)
    value = tape.broadcast_to(x.value, [extents[label] for label in order])
    return masked(tape, Labelled(value, order), rule)


def use_triangle(scene: Scene, rule: Rule, combine: Combine) -> bool:
    """Masks, or sums along, what the triangle meets, before anything else is done with it."""
    if mask(scene, rule):
        return True
    for label, other in (rule.labels[::-1], rule.labels):
        if label == other or label in scene.needed() or scene.ruled((label,), rule):
            continue
        if any(other in x.labels for x in scene.arrays if label in x.labels):
            continue
        x = combine(scene, (label,))
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
    k = rule.params[0]
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
