"""A recorded graph run again on other numbers: on plain arrays, or on tensors that record anew."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from minigrad.graph import Node, Tensor, apply, tensor
from minigrad.graph.dims import Dim
from minigrad.graph.operation import operands
from minigrad.index.size import Size, value_of
from minigrad.symbolic.lower import graph_order

Arrays = Mapping[Node, Any]
Disturb = Callable[[Any], Any]
_NOWHERE: Arrays = MappingProxyType({})


class Replay:
    """The steps that compute an output from its leaves."""

    def __init__(self, output: Node, sizes: Mapping[str, int]) -> None:
        self.output, self.sizes = output, sizes
        self.order = graph_order([output])

    @property
    def leaves(self) -> list[Node]:
        return [node for node in self.order if node.op is None]

    def every(
        self, leaves: Arrays, disturb: Disturb | None = None, moves: Arrays = _NOWHERE
    ) -> dict[Node, Any]:
        """The array of every node, by the raw forward functions alone.

        ``disturb`` alters each result; ``moves`` are added to leaves, and to results as they are computed.
        """
        values = dict(leaves)
        with np.errstate(all="ignore"):
            for node in self.order:
                if node not in values:
                    value = self.step(node, values)
                    values[node] = value if disturb is None else disturb(value)
                if node in moves:
                    values[node] = values[node] + moves[node]
        return values

    def step(self, node: Node, values: Arrays) -> Any:
        """The raw forward function of one node on the arrays of its inputs."""
        assert node.op is not None
        given = self.arguments(node, values)
        return node.op.forward(*given, **self.params(node, given))

    def arguments(self, node: Node, values: Arrays) -> list[Any]:
        """What the forward and the rules of a node's row are called with."""
        assert node.op is not None
        given = [values[x] if isinstance(x, Node) else self.plain(x) for x in node.inputs]
        return operands(node.op, given)

    def run(self, leaves: Arrays, moves: Arrays = _NOWHERE) -> Any:
        """The output as an array of numbers, truth values as 0 and 1."""
        result = np.asarray(self.every(leaves, moves=moves)[self.output])
        return result.astype(float) if result.dtype.kind == "b" else result

    def record(
        self, leaves: Arrays, wrt: set[Node], disturb: Disturb | None = None
    ) -> tuple[Tensor, dict[Node, Tensor]]:
        """The output as a tensor with a graph of its own, and the tensors of all nodes.

        ``disturb`` moves every intermediate value, as rounding does, and changes no derivative.
        """
        tensors: dict[Node, Any] = {}
        for node in self.order:
            if node in leaves:
                differentiable = node in wrt
                tensors[node] = (
                    tensor(leaves[node], requires_grad=True) if differentiable else leaves[node]
                )
            else:
                assert node.op is not None
                inputs = tuple(
                    tensors[x] if isinstance(x, Node) else self.plain(x) for x in node.inputs
                )
                result = apply(node.op, inputs, self.params(node, inputs))
                if disturb is not None and result.dtype == np.float64:
                    exact = result.detach().numpy()
                    step = disturb(exact) - exact
                    # what a mask made infinite stays so
                    step = np.where(np.isfinite(step), step, 0.0)
                    if node.op.kinks:  # its rule may look for the output among the inputs
                        result = result + step
                    else:
                        _moved(result, exact + step)
                tensors[node] = result
        return tensors[self.output], tensors

    def params(self, node: Node, given: Sequence[Any]) -> dict[str, Any]:
        """The parameters of a step; a cast to fewer digits than what is given has would round it for good."""
        wide = [x.dtype for x in given if getattr(x, "dtype", None) in (np.float64, np.float32)]
        found = {key: self.plain(value) for key, value in node.params.items()}
        for key, value in found.items():
            if wide and isinstance(value, np.dtype) and value.kind == "f":
                found[key] = np.result_type(value, *wide)
        return found

    def plain(self, value: Any) -> Any:
        """Sizes as numbers; all else as it is."""
        if isinstance(value, Size):
            return value_of(value, self.sizes)
        if isinstance(value, Dim):
            return int(value)
        if isinstance(value, tuple):
            return tuple(self.plain(part) for part in value)
        if isinstance(value, slice):
            return slice(*map(self.plain, (value.start, value.stop, value.step)))
        return value


def _moved(result: Tensor, array: Any) -> None:
    """Put an array in the place of a fresh result, also where its rule reads it: 1 − y² has y's rounding."""
    node, result._array = result._node, array
    if node is not None and node.saved and node.saved[0] is not None:
        node.saved = (array, *node.saved[1:])


def last_digit(rng: np.random.Generator) -> Disturb:
    """Numbers moved up or down by one in their last digit."""

    def moved(value: Any) -> Any:
        array = np.asarray(value)
        if array.dtype.kind not in "fc":
            return array
        eps = np.finfo(array.dtype).eps
        return array * (1 + eps * rng.choice([-1.0, 1.0], size=array.shape)).astype(array.dtype)

    return moved


def towards_zero(value: Any) -> Any:
    """Real numbers made smaller by one in their last digit."""
    array = np.asarray(value)
    if array.dtype.kind != "f":
        return array
    return array * (1 - np.finfo(array.dtype).eps).astype(array.dtype)


def double(value: Any) -> Any:
    """Real numbers in double precision; integers and booleans as they are."""
    array = np.asarray(value)
    return array.astype(np.float64) if is_real(array) else array


def is_real(array: Any) -> bool:
    """Whether the dtype is one of real numbers; bfloat16 is so, though NumPy knows no kind for it."""
    return array.dtype.kind == "f" or array.dtype.name == "bfloat16"
