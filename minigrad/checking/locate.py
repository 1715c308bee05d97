"""Whose fault it is: each primitive of a graph, alone, on the numbers it had there.

Three facts about a primitive are compared pairwise: its forward, its hand VJP, its meaning. One lie
breaks only the pairs it touches, so the pattern of broken pairs names the liar, or both candidates.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from minigrad.checking.differences import slope
from minigrad.checking.replay import Program
from minigrad.checking.report import Suspect
from minigrad.errors import MinigradError
from minigrad.graph import Node, apply, tensor
from minigrad.index.expr import Leaf
from minigrad.index.view import View, measured, number_view
from minigrad.numeric import gradients
from minigrad.symbolic.derive import adjoints
from minigrad.symbolic.evaluate import Place, evaluate_all
from minigrad.symbolic.lower import lower_row

_TOLERANCE = 1e-6
_COTANGENT = "·c"


def locate(program: Program, leaves: Mapping[Node, Any], rng: np.random.Generator) -> list[Suspect]:
    """Every primitive of the graph whose three facts do not agree."""
    values = program.every(leaves)
    suspects: dict[str, Suspect] = {}
    for node in program.order:
        if node.op is not None and node.op.name not in suspects:
            found = _examined(program, node, values, rng)
            if found is not None:
                suspects[node.op.name] = found
    return list(suspects.values())


def _examined(
    program: Program, node: Node, values: Mapping[Node, Any], rng: np.random.Generator
) -> Suspect | None:
    assert node.op is not None
    arguments = [values[x] if isinstance(x, Node) else program.plain(x) for x in node.inputs]
    case = _Case(program, node, arguments, rng)
    value_differs = case.forward_against_meaning()
    slope_differs = case.vjp_against_differences()
    rule_differs = case.vjp_against_meaning()
    evidence = ", ".join(
        word
        for word, broken in (
            ("forward and meaning give different values", value_differs),
            ("hand VJP and differences of the forward disagree", slope_differs),
            ("hand VJP and the derivative of the meaning disagree", rule_differs),
        )
        if broken
    )
    if not evidence:
        return None
    if value_differs and slope_differs:
        parts: tuple[str, ...] = ("forward",)
    elif slope_differs:
        parts = ("VJP",)
    elif value_differs and case.vjp_reads_output():
        # a forward and a VJP that uses its output can be wrong together
        parts = ("forward", "meaning")
    elif value_differs or rule_differs:
        parts = ("meaning",)
    return Suspect(node.op.name, parts, evidence)


class _Case:
    """One primitive on one set of arguments; None stands for "cannot be judged"."""

    def __init__(
        self, program: Program, node: Node, arguments: list[Any], rng: np.random.Generator
    ) -> None:
        assert node.op is not None
        self.row, self.params = node.op, program.params(node)
        self.arguments = [
            np.asarray(a) if isinstance(n, Node) else a
            for a, n in zip(arguments, node.inputs, strict=True)
        ]
        self.movable = [
            k
            for k, a in enumerate(self.arguments)
            if isinstance(a, np.ndarray) and a.dtype.kind == "f" and self.row.rule(k) is not None
        ]
        with np.errstate(all="ignore"):
            self.output = np.asarray(self.row.forward(*self.arguments, **self.params))
        self.c = rng.normal(size=self.output.shape)
        self._hand: list[Any] | None = None

    def forward_against_meaning(self) -> bool:
        lowered = self.lowered()
        if lowered is None:
            return False
        view, values = lowered
        (meant,) = evaluate_all([view.expr], Place(values, {}))
        return _differ(self.output, np.asarray(meant, dtype=float).reshape(self.output.shape))

    def vjp_against_differences(self) -> bool:
        for k, g in zip(self.movable, self.hand(), strict=True):
            x = self.arguments[k]
            for direction in _few_directions(x):

                def along(t: float, k: int = k, x: Any = x, direction: Any = direction) -> Any:
                    moved = [
                        x + t * direction if j == k else a for j, a in enumerate(self.arguments)
                    ]
                    with np.errstate(all="ignore"):
                        return self.row.forward(*moved, **self.params)

                s = slope(along, self.c)
                size = max(float(np.abs(g).max()), abs(s.value), 1e-30)
                expected = float((g * direction).sum())
                if not s.kink and abs(expected - s.value) > 8 * s.uncertainty + _TOLERANCE * size:
                    return True
        return False

    def vjp_against_meaning(self) -> bool:
        lowered = self.lowered()
        if lowered is None or not self.movable:
            return False
        view, values = lowered
        kept = [size for size in self.output.shape if size != 1]
        seed = Leaf(_COTANGENT, tuple(kept))
        leaves = [self.leaf(k) for k in self.movable]
        exprs = adjoints(view.expr, leaves, seed, 0, name=False)
        values[_COTANGENT] = self.c.reshape(kept)
        arrays = evaluate_all([exprs[x] for x in leaves], Place(values, {}))
        return any(
            _differ(g, np.asarray(a, dtype=float).reshape(g.shape))
            for g, a in zip(self.hand(), arrays, strict=True)
        )

    def vjp_reads_output(self) -> bool:
        """Whether a VJP uses the output it is given: then a wrong forward can hide behind it."""
        poisoned = np.full(self.output.shape, np.nan)
        for k in self.movable:
            rule = self.row.rule(k)
            assert rule is not None
            lead = (k,) if self.row.variadic else ()
            with np.errstate(all="ignore"):
                try:
                    result = rule(*lead, self.c, poisoned, *self.arguments, **self.params)
                except (MinigradError, ValueError, TypeError):
                    return True
            if np.isnan(np.asarray(result, dtype=float)).any():
                return True
        return False

    # -- what the comparisons need -------------------------------------------------------------------

    def hand(self) -> list[Any]:
        if self._hand is None:
            tensors = [
                tensor(a, requires_grad=True) if k in self.movable else a
                for k, a in enumerate(self.arguments)
            ]
            chosen = [tensors[k] for k in self.movable]
            if not chosen:
                self._hand = []
                return self._hand
            output = apply(self.row, tuple(tensors), self.params)
            found = gradients([output], chosen, cotangents=[tensor(self.c)], allow_unused=True)
            self._hand = [
                np.zeros(np.shape(t.numpy())) if g is None else g.numpy()
                for t, g in zip(chosen, found, strict=True)
            ]
        return self._hand

    def leaf(self, k: int) -> Leaf:
        return Leaf(f"·{k}", tuple(s for s in self.arguments[k].shape if s != 1))

    def lowered(self) -> tuple[View, dict[str, Any]] | None:
        if self.row.meaning is None:
            return None
        views: list[View] = []
        values: dict[str, Any] = {}
        for k, a in enumerate(self.arguments):
            if not isinstance(a, np.ndarray):
                views.append(number_view(a))
                continue
            leaf = self.leaf(k)
            axes, position = [], 0
            for size in a.shape:
                axes.append(position if size != 1 else None)
                position += size != 1
            views.append(View(leaf, tuple(axes)))
            values[leaf.name] = a.reshape([s for s in a.shape if s != 1])
        with measured({}):
            return lower_row(self.row, views, self.params), values


def _few_directions(x: Any) -> list[Any]:
    if x.size <= 12:
        return list(np.eye(x.size).reshape((-1, *x.shape)))
    rng = np.random.default_rng(1)
    return [rng.normal(size=x.shape) for _ in range(4)]


def _differ(a: Any, b: Any) -> bool:
    a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    if a.size == 0:
        return False
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        return False
    return float(np.abs(a - b).max()) > _TOLERANCE * max(
        float(np.abs(a).max()), float(np.abs(b).max()), 1e-30
    )
