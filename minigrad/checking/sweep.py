"""A reverse sweep on plain arrays, one contribution at a time, so that one of them can be altered.

It is the sweep of a derivation by hand: the rows' own VJPs, no graph, no bookkeeping. A slip is an
alteration of one contribution; what the sweep then gives is what a person who slipped there gets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from minigrad.checking.sample import Sample
from minigrad.graph import Node
from minigrad.ops.shape import unbroadcast


@dataclass(frozen=True)
class Contribution:
    """One contribution: from a node to its input ``position``, with all that the VJP sees."""

    node: Node
    position: int
    g: Any
    y: Any
    arguments: tuple[Any, ...]
    params: dict[str, Any]
    value: Any
    values: Mapping[Node, Any]

    @property
    def parent(self) -> Node:
        """The node that receives it."""
        parent: Node = self.node.inputs[self.position]
        return parent

    def rule(self, g: Any, arguments: tuple[Any, ...]) -> Any:
        """The row's VJP on other operands."""
        assert self.node.op is not None
        rule = self.node.op.rule(self.position)
        assert rule is not None
        lead = (self.position,) if self.node.op.variadic else ()
        with np.errstate(all="ignore"):
            return np.asarray(rule(*lead, g, self.y, *arguments, **self.params))


Alter = Callable[[Contribution], Any]


class Sweep:
    """The contributions from a sample's output back to one node, in the order a derivation visits them."""

    def __init__(self, sample: Sample, target: Node) -> None:
        self.sample, self.target = sample, target
        self.active = self._active()

    def _active(self) -> set[Node]:
        """The nodes through which the target reaches the output."""
        active = {self.target}
        for node in self.sample.replay.order:
            if any(isinstance(x, Node) and x in active for x in node.inputs):
                active.add(node)
        return active

    def contributions(self) -> list[Contribution]:
        """Every contribution of the sweep as it should be."""
        seen: list[Contribution] = []

        def note(contribution: Contribution) -> Any:
            seen.append(contribution)
            return contribution.value

        self.gradient(note)
        return seen

    def gradient(self, alter: Alter | None = None) -> Any:
        """The target's gradient, with every contribution passed through ``alter``."""
        sample = self.sample
        cotangents: dict[Node, Any] = {sample.subject.output: np.asarray(sample.c)}
        for node in reversed(sample.replay.order):
            if node not in cotangents or node not in self.active or node is self.target:
                continue
            for contribution in self._outgoing(node, cotangents.pop(node)):
                c = contribution.value if alter is None else alter(contribution)
                held = cotangents.get(contribution.parent)
                cotangents[contribution.parent] = c if held is None else held + c
        found = cotangents.get(self.target)
        shape = np.shape(sample.values[self.target])
        return np.zeros(shape) if found is None else found

    def _outgoing(self, node: Node, g: Any) -> Iterator[Contribution]:
        sample, op = self.sample, node.op
        if op is None:
            return
        arguments = tuple(sample.replay.arguments(node, sample.values))
        params = sample.replay.params(node, arguments)
        for position, parent in enumerate(node.inputs):
            if not isinstance(parent, Node) or parent not in self.active:
                continue
            if op.rule(position) is None:
                continue
            contribution = Contribution(
                node, position, g, sample.values[node], arguments, params, None, sample.values
            )
            raw = contribution.rule(g, arguments)
            c = unbroadcast(raw, np.shape(sample.values[parent])) if op.broadcasts else raw
            yield replace(contribution, value=c)
