"""What a report about a slip calls the graph's tensors, gradients, sizes and sums."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from copy import copy

from minigrad.graph import Dim, Node
from minigrad.index.size import Size


class GraphNames:
    """What the graph's tensors and sizes are called; ``order`` lists the nodes, inputs first.

    A size that is ``computed_with``, by default one that the nodes read, is the likelier factor.
    """

    def __init__(
        self,
        nodes: Mapping[Node, str],
        dims: Mapping[str, int],
        order: Sequence[Node],
        computed_with: Collection[str] | None = None,
    ) -> None:
        self.nodes = nodes
        used = {x.name for node in order for x in node.inputs if isinstance(x, Dim)}
        used |= {n for node in order for x in node.inputs if isinstance(x, Size) for n in x.names()}
        self.dims, self.computed_with = dims, frozenset(used if computed_with is None else computed_with)
        self._readers: dict[Node, Node] = {}
        self._active: Collection[Node] | None = None
        for node in order:
            for x in node.inputs:
                if isinstance(x, Node):
                    self._readers.setdefault(x, node)

    def towards(self, active: Collection[Node]) -> GraphNames:
        """The same names for a sweep that visits these nodes alone."""
        twin = copy(self)
        twin._active = active
        return twin

    def computing_with(self, dims: Collection[str]) -> GraphNames:
        """The same names where these sizes are computed with, too, such as m of ``Xᵀ r / m``."""
        twin = copy(self)
        twin.computed_with = self.computed_with | frozenset(dims)
        return twin

    def _reaches(self, node: Node) -> bool:
        return self._active is None or node in self._active

    def tensor(self, node: Node) -> str:
        """The tensor's name, or its operation's."""
        if node in self.nodes:
            return self.nodes[node]
        if node.op is None:
            return "a constant"
        return node.op.notation.text if node.op.notation else node.op.name.rpartition(".")[2]

    def first_named(self, node: Node) -> Node | None:
        """The named tensor that a node is, or is a rearrangement of."""
        while node not in self.nodes:
            inputs = [x for x in node.inputs if isinstance(x, Node)]
            if node.op is None or node.op.kind == "elementwise" or len(inputs) != 1:
                return None
            (node,) = inputs
        return node

    def above(self, node: Node) -> str:
        """The first named tensor from a node towards the output: what a reader calls its gradient."""
        while node not in self.nodes and node in self._readers:
            node = self._readers[node]
        return f"d{self.nodes[node]}" if node in self.nodes else "the gradient of the output"

    def below(self, node: Node) -> str:
        """The first named tensor from a node towards the variables."""
        start = node
        while node not in self.nodes:
            inputs = [x for x in node.inputs if isinstance(x, Node) and self._reaches(x)]
            if not inputs:
                return f"the gradient of {self.tensor(start)}"
            node = next((x for x in inputs if x in self.nodes), inputs[0])
        return f"d{self.nodes[node]}"


def sum_name(axis: int, ndim: int) -> str:
    """A sum over one axis as people call it."""
    if axis == ndim - 1 and ndim > 1:
        return "rowsum"
    return "colsum" if axis == ndim - 2 else "sum" if ndim == 1 else f"sum over axis {axis}"
