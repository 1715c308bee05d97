"""The symbolic side's own place to be judged: leaf arrays, sizes and a cotangent, at any size.

Where dims have names, sizes can be made small, so that 50 digits or exact arithmetic cost little.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import numpy as np

from minigrad.checking.lengths import Demand, lengthened
from minigrad.checking.sample import draw, generator, rationals, words_of
from minigrad.checking.scene import Scene, Subject
from minigrad.errors import DerivationError
from minigrad.graph import Node
from minigrad.index.expr import Expr, Leaf, Map, MatrixFunction, Product
from minigrad.index.rebuild import parts_of, substituted
from minigrad.index.size import Size, value_of
from minigrad.limits import check_bytes
from minigrad.program.arithmetic import Arithmetic
from minigrad.program.environment import Environment
from minigrad.program.evaluate import evaluate_all
from minigrad.symbolic.lower import Lowered, graph_order, sizes_in

_OWN = "·own"


class Ground:
    """A lowered subject on its own numbers: floats, or small integers for exact arithmetic."""

    def __init__(
        self, subject: Subject, values: Mapping[str, Any], sizes: Mapping[str, int], c: Any
    ) -> None:
        assert subject.free is not None
        self.subject, self.lowered = subject, subject.free
        self.values, self.sizes = dict(values), dict(sizes)
        output = self.lowered.expr(subject.output)
        self.c = np.asarray(c).reshape([value_of(s, sizes) for s in output.sizes])
        self.output = output

    # -- the function, and what is claimed of it -------------------------------------------------------

    def target(self, k: int) -> Expr:
        """The node of variable k."""
        return self.lowered.expr(self.subject.variables[k])

    def shape(self, k: int) -> tuple[int, ...]:
        """The shape of variable k without its axes of size 1."""
        return tuple(value_of(s, self.sizes) for s in self.target(k).sizes)

    def pair(self, k: int) -> tuple[Node, Node]:
        """The two variables of block k of a Hessian."""
        assert self.subject.inner is not None
        return self.subject.inner[k], self.subject.variables[k]

    def value(
        self, arithmetic: Arithmetic, values: Mapping[str, Any], k: int, point: Any, c: Any
    ) -> Any:
        """<c, output> with variable k at ``point``, in some arithmetic."""
        return self.value_at(arithmetic, values, {self.subject.variables[k]: point}, c)

    def value_at(
        self, arithmetic: Arithmetic, values: Mapping[str, Any], points: Mapping[Node, Any], c: Any
    ) -> Any:
        """<c, output> with several variables elsewhere."""
        return np.sum(self.terms_at(arithmetic, values, points, c))

    def terms_at(
        self, arithmetic: Arithmetic, values: Mapping[str, Any], points: Mapping[Node, Any], c: Any
    ) -> Any:
        """Of <c, output> every term by itself: their sum may cancel."""
        root, values = self.output, dict(values)
        for number, (node, point) in enumerate(points.items()):
            target = self.lowered.expr(node)
            if isinstance(target, Leaf):
                values[target.name] = point
            else:
                # a computed variable is cut loose from what computes it
                own = Leaf(f"{_OWN}{number}", target.sizes)
                root = substituted(root, {target: own})
                values[own.name] = point
        (array,) = evaluate_all([root], Environment(values, self.sizes, arithmetic))
        return c * np.asarray(array)

    def point(self, arithmetic: Arithmetic, values: Mapping[str, Any], k: int) -> Any:
        """The value of variable k."""
        return self.point_of(arithmetic, values, self.subject.variables[k])

    def point_of(self, arithmetic: Arithmetic, values: Mapping[str, Any], node: Node) -> Any:
        """The value of a node."""
        (array,) = evaluate_all([self.lowered.expr(node)], Environment(values, self.sizes, arithmetic))
        return np.asarray(array)

    def gradient(self, arithmetic: Arithmetic, values: Mapping[str, Any], k: int, c: Any) -> Any:
        """The derived formula of variable k, with the cotangent applied."""
        expr = self.subject.formulas[k]
        assert expr is not None
        (jacobian,) = evaluate_all([expr], Environment(values, self.sizes, arithmetic))
        axes = self.output.ndim
        if not axes:
            return c.reshape(()).item() * np.asarray(jacobian)
        return np.tensordot(c, np.asarray(jacobian), axes=axes)

    def operations(self) -> int:
        """How many scalar operations an element-by-element evaluation of the output takes."""
        return _operations(self.output, self.sizes)


def same_ground(scene: Scene) -> Ground:
    """The scene's own numbers."""
    return Ground(scene.subject, scene.leaf_values(), scene.sizes, scene.c)


def small_ground(
    subject: Subject, seed: int, exact: bool, lengths: Sequence[int] = (2, 3)
) -> Ground:
    """New numbers, rational ones for exact arithmetic, with ``lengths`` in turn for the dims.

    Dims that measure the same in the graph at hand stay equal, because they may meet there.
    """
    lowered = subject.lowered
    assert lowered is not None
    rng = generator(seed)
    sizes = _small_sizes(lowered, lengths, subject.demands)
    words = words_of(graph_order([subject.output]))
    if any(node not in words for node, _ in lowered.leaves.values()):
        raise DerivationError("a mask's positions are written in, and fit its own sizes only")
    values: dict[str, Any] = {}
    for name, (node, _) in lowered.leaves.items():
        if node not in lowered.views:
            values[name] = lowered.leaf_array(name, node.value)
            continue
        shape = tuple(value_of(s, sizes) for s in lowered.views[node].expr.sizes)
        check_bytes(f"check: a sample of {name}", shape)
        if not shape and name in sizes:
            values[name] = np.asarray(sizes[name])
        else:
            values[name] = np.asarray((rationals if exact else draw)(words[node], shape, rng))
    output = tuple(value_of(s, sizes) for s in lowered.expr(subject.output).sizes)
    c = rng.integers(1, 4, size=output) if exact else rng.normal(size=output)
    return Ground(subject, values, sizes, c if output else np.asarray(1))


def _small_sizes(
    lowered: Lowered, lengths: Sequence[int], asked: Sequence[Demand]
) -> dict[str, int]:
    actual = lowered.sizes or {}
    names = dict.fromkeys(actual)
    for node, _ in lowered.leaves.values():
        if node not in lowered.views:
            continue  # a mask that only says which places are meant
        for size in lowered.views[node].expr.sizes:
            if isinstance(size, Size):
                names.update(dict.fromkeys(sorted(size.names())))
    for node in lowered.views:  # a size may also stand in a slice or as an operand alone
        names.update(dict.fromkeys(name for s in sizes_in(node) for name in sorted(s.names())))
    chosen: dict[int, int] = {}
    sizes: dict[str, int] = {}
    for name in names:
        small = lengths[len(chosen if actual else sizes) % len(lengths)]
        sizes[name] = chosen.setdefault(actual[name], small) if name in actual else small
    return _long_enough(sizes, actual, asked)


def _long_enough(
    sizes: dict[str, int], actual: Mapping[str, int], asked: Sequence[Demand]
) -> dict[str, int]:
    """The sizes, long enough for the places that are read; dims that measured the same still do."""
    longer = lengthened(sizes, asked)
    alike: dict[int, int] = {}
    for name, size in actual.items():
        alike[size] = max(alike.get(size, 0), longer[name])
    return longer | {name: alike[size] for name, size in actual.items()}


def _operations(root: Expr, sizes: Mapping[str, int]) -> int:
    total = 0
    for part in parts_of(root):
        if isinstance(part, Product):
            total += prod(value_of(s, sizes) for s in part.label_sizes) * len(part.factors)
        elif isinstance(part, Map):
            total += 10 * prod(value_of(s, sizes) for s in part.sizes)
        elif isinstance(part, MatrixFunction):
            lengths = [value_of(size, sizes) for size in part.arg.sizes]
            total += 60 * prod(lengths) * lengths[-1]
    return total
