"""A subject's meaning and its formulas on a sample's numbers, in an arithmetic of choice.

Of L = Σᵢ (Σⱼ Xᵢⱼ wⱼ)² with X = [[1, 2], [3, 4]] and w = [1, 1], in exact arithmetic: ``value({})`` is
(1 + 2)² + (3 + 4)² = 58; ``value({w: [2, 1]})`` is (2 + 2)² + (6 + 4)² = 116; and ``gradient(k)`` of w is
2 Xᵀ X w = [48, 68], by the formula that was derived. Differences of the first judge the second.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

import numpy as np

from minigrad.checking.sample import Sample
from minigrad.graph import Node
from minigrad.index.expr import Leaf, Map, MatrixFunction, Product
from minigrad.index.rebuild import parts_of, substituted
from minigrad.index.size import value_of
from minigrad.program.arithmetic import Arithmetic
from minigrad.program.environment import Environment
from minigrad.program.evaluate import evaluate_all

_OWN = "·own"


class Meaning:
    """What a sample's program means, on the sample's numbers as ``lift`` puts them into an arithmetic."""

    def __init__(self, sample: Sample, arithmetic: Arithmetic, lift: Callable[[Any], Any]) -> None:
        self.sample, self.subject, self.arithmetic = sample, sample.subject, arithmetic
        assert self.subject.free is not None
        self.lowered = self.subject.free
        self.output = self.lowered.expr(self.subject.output)
        self.values = {name: lift(array) for name, array in sample.leaf_values().items()}
        shape = [value_of(s, sample.sizes) for s in self.output.sizes]
        self.c = lift(np.asarray(sample.c).reshape(shape))

    def value(self, points: Mapping[Node, Any]) -> Any:
        """<c, output> with some nodes elsewhere."""
        return np.sum(self.terms(points))

    def terms(self, points: Mapping[Node, Any]) -> Any:
        """Of <c, output> every term by itself: their sum may cancel."""
        root, values = self.output, dict(self.values)
        for number, (node, point) in enumerate(points.items()):
            target = self.lowered.expr(node)
            if isinstance(target, Leaf):
                values[target.name] = point
            else:
                # a computed variable is cut loose from what computes it
                own = Leaf(f"{_OWN}{number}", target.sizes)
                root = substituted(root, {target: own})
                values[own.name] = point
        (array,) = evaluate_all([root], self._environment(values))
        return self.c * np.asarray(array)

    def point(self, node: Node) -> Any:
        """The value of a node."""
        (array,) = evaluate_all([self.lowered.expr(node)], self._environment(self.values))
        return np.asarray(array)

    def gradient(self, k: int, moved: Mapping[str, Any] | None = None) -> Any:
        """The derived formula of variable k, with the cotangent applied, some leaves elsewhere."""
        return self.gradients([k], moved)[0]

    def gradients(
        self, variables: Sequence[int], moved: Mapping[str, Any] | None = None
    ) -> list[Any]:
        """The same of several variables; what they share is computed once."""
        exprs = [expr for k in variables if (expr := self.subject.formulas[k]) is not None]
        found = evaluate_all(exprs, self._environment({**self.values, **(moved or {})}))
        axes = self.output.ndim
        if not axes:
            c = self.c.reshape(()).item()
            return [c * np.asarray(jacobian) for jacobian in found]
        return [np.tensordot(self.c, np.asarray(jacobian), axes=axes) for jacobian in found]

    def _environment(self, values: Mapping[str, Any]) -> Environment:
        return Environment(values, self.sample.sizes, self.arithmetic)


def operations(sample: Sample) -> int:
    """How many scalar operations an element-by-element evaluation of the output takes."""
    lowered, sizes = sample.subject.free, sample.sizes
    assert lowered is not None
    total = 0
    for part in parts_of(lowered.expr(sample.subject.output)):
        if isinstance(part, Product):
            total += prod(value_of(s, sizes) for s in part.label_sizes) * len(part.factors)
        elif isinstance(part, Map):
            total += 10 * prod(value_of(s, sizes) for s in part.sizes)
        elif isinstance(part, MatrixFunction):
            lengths = [value_of(size, sizes) for size in part.arg.sizes]
            total += 60 * prod(lengths) * lengths[-1]
    return total
