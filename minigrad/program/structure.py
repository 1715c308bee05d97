"""Structural factors of a product become views and moves of its other factors.

[i = start + step j] under a sum over i is a slice of what carries i; where i is an axis of the result,
it says where the result stands. Only a triangle stays a factor, for the contraction to use.
"""

from __future__ import annotations

from minigrad.index.expr import Structural
from minigrad.program.gather import GATHERS
from minigrad.program.scatter import SCATTERS, met
from minigrad.program.scene import Combine, Rule, Scene, as_array
from minigrad.program.triangle import mask, use_triangle


def eliminate(scene: Scene, combine: Combine) -> None:
    """Use up every structural factor but triangles.

    ``combine(scene, labels)`` multiplies the arrays that carry one of the labels into one.
    """
    for rule in [r for r in scene.rules if r.kind == "tri"]:
        if len(set(rule.labels)) == 1:
            as_array(scene, rule)
            scene.rules.remove(rule)
        elif mask(scene, rule):
            scene.rules.remove(rule)
    for rule in [r for r in scene.rules if r.kind == "reshape"]:
        if len(set(rule.labels)) < len(rule.labels):
            scene.rules.remove(rule)
            _along_diagonal(scene, rule)
    while met(scene):
        pass
    waiting = [rule for rule in scene.rules if rule.kind != "tri"]
    while waiting:
        done = next((r for r in waiting if GATHERS[r.kind](scene, r)), None)
        if done is None:
            done = next((r for r in waiting if _put(scene, r, combine)), None)
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


def _along_diagonal(scene: Scene, rule: Rule) -> None:
    """A reshape of a square's diagonal: every (n + 1)-th position of the whole."""
    i, j, whole = rule.labels if len(rule.labels) == 3 else (None, 0, 0)
    n = scene.extents[i] if i is not None else 0
    if i == j != whole and rule.params == (2,) and isinstance(n, int):
        node = Structural("slice", (n, n * n), (0, n + 1))
        scene.rules.append(Rule(node, (i, whole)))
    else:
        as_array(scene, rule)


def _put(scene: Scene, rule: Rule, combine: Combine) -> bool:
    return rule.kind in SCATTERS and SCATTERS[rule.kind](scene, rule, combine)
