"""What is checked: an output, variables, and what is claimed to be the derivative by each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from minigrad.checking.domain import is_finite
from minigrad.checking.given import bound
from minigrad.checking.lengths import Demand, demands
from minigrad.checking.printed import PrintedFormulas
from minigrad.checking.source import GeneratedSource
from minigrad.checking.stand_in import StandIn
from minigrad.graph import Node
from minigrad.index.expr import Expr
from minigrad.symbolic.lower import Lowered, freed, graph_order
from minigrad.symbolic.names import names_in_graph


@dataclass
class Subject:
    """What is checked: an output, variables, and for each the derived expression.

    ``written`` is their source by language, ``printed`` their text by alphabet. ``lowered`` is None and
    ``formulas`` hold None where an operation has no meaning; ``why`` then says which. ``inner`` makes the
    subject one of higher order: derivatives by these nodes, one after another, seeded with random directions,
    are what is differentiated again. Where there are ``tangents``, each of a variable, the formulas hold them,
    and the inner nodes move along them together, so many ``times``. ``functions`` stand for those that have no definition.
    """

    output: Node
    variables: Sequence[Node]
    names: Sequence[str]
    formulas: Sequence[Expr | None]
    lowered: Lowered | None
    given: Mapping[str, Any] = field(default_factory=dict)
    written: Mapping[str, GeneratedSource] = field(default_factory=dict)
    printed: Mapping[str, PrintedFormulas] = field(default_factory=dict)
    why: str = ""
    inner: Sequence[tuple[Node, ...]] | None = None
    tangents: Mapping[Node, Node] = field(default_factory=dict)
    times: int = 0
    functions: Mapping[str, StandIn] = field(default_factory=dict)

    def __post_init__(self) -> None:
        order = graph_order([self.output])
        self.leaves = [node for node in order if node.op is None]
        self.bound, self.bound_sizes = bound(self.leaves, names_in_graph(order), self.given)

    @property
    def order(self) -> int:
        """How many times is differentiated."""
        if not self.inner:
            return 1
        return 1 + (self.times or len(self.inner[0]))

    def known(self, node: Node) -> Any:
        """The numbers of a leaf that the caller or the graph brings, None for those to be drawn."""
        return self.bound.get(node, node.value)

    def nodes(self, k: int) -> tuple[Node, ...]:
        """The variables of derivative k, the one that is differentiated by last at the end."""
        last = self.variables[k]
        return (last,) if self.inner is None else (*self.inner[k], last)

    @property
    def inner_nodes(self) -> list[Node]:
        """All nodes along which something is differentiated before the last, each once."""
        return [*dict.fromkeys(node for nodes in self.inner or () for node in nodes)]

    @cached_property
    def free(self) -> Lowered | None:
        """The meaning as it holds all around the point: what is assumed of a variable is no part of it."""
        if self.lowered is None:
            return None
        return freed(self.lowered, self.output, {*self.variables, *self.inner_nodes})

    @cached_property
    def demands(self) -> Sequence[Demand]:
        """What the places that the output names ask of lengths."""
        lowered = self.lowered
        if lowered is None:
            return ()

        def array(name: str) -> Any:
            node, _ = lowered.leaves.get(name, (None, ()))
            return None if node is None else self.known(node)

        return demands(lowered.expr(self.output), array)

    @property
    def without_numbers(self) -> list[str]:
        """Notes on data that hold NaN or infinity, where nothing can be judged."""
        return [
            f"{node.name or 'an unnamed variable'} holds NaN or infinity, where no derivative is defined"
            for node in self.leaves
            if (value := self.known(node)) is not None and not is_finite(value)
        ]
