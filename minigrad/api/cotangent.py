"""The pullback of a tensor O: the gradient of ⟨dO, O⟩ for a dO that arrives at O and stands for anything.

So a tensor is derived as a scalar is: dO becomes a variable of O's shape, and what is derived is the number
Σ dO ⊙ O. All that reads a graph reads this one too: printing, values, source, witnesses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from itertools import chain, count
from typing import Any

from minigrad.api.targets import output_node
from minigrad.errors import ArgumentError, NameClashError, ShapeError
from minigrad.graph import Node, Tensor, leaf, step_without_values
from minigrad.index.size import Size
from minigrad.names import differential_name
from minigrad.parsing.variables import variable_name
from minigrad.primitive import REGISTRY
from minigrad.symbolic.lower import Output, graph_order
from minigrad.symbolic.names import names_in_graph

Cotangent = str | Tensor
Cotangents = Cotangent | Sequence[Cotangent] | Mapping[Any, Cotangent]


@dataclass
class Target:
    """The number that is derived, and the variables that stand for gradients by outputs."""

    node: Node
    cotangents: Mapping[Node, Output] = field(default_factory=dict)


def target(output: Any, cotangent: Cotangents | None) -> Target:
    """What is derived of an output, or of several ones with their cotangents.

    Raises
    ------
    ArgumentError
        When outputs and cotangents do not match one to one, or a cotangent has no name.
    NameClashError
        When a cotangent is named like something else in the graph or in its derivation.
    ShapeError
        When a cotangent is a tensor of another shape than its output.
    """
    if cotangent is None:
        if isinstance(output, list | tuple):
            raise ArgumentError(
                f"derive: {len(output)} outputs are derived together by their pullback; say what their "
                'gradients are called, cotangent=("dO", "dH"), or derive one at a time'
            )
        return Target(output_node(output))
    outputs = list(output) if isinstance(output, list | tuple) else [output]
    nodes = [output_node(each) for each in outputs]
    pairs = list(zip(nodes, _matched(outputs, cotangent), strict=True))
    names = _Names(nodes)
    cotangents: dict[Node, Output] = {}
    for node, given in pairs:
        seed = _variable(given, node)
        cotangents[seed] = names.entered(str(seed.name), node)
    return Target(_paired(cotangents), cotangents)


def number_target(node: Node) -> Target:
    """A number that is derived by its pullback, under names that are free."""
    names = _Names([node])
    wanted = differential_name(names.known.get(node, "L"))
    for cotangent in chain((wanted, "g"), (f"g{k}" for k in count(1))):
        try:
            output = names.entered(cotangent, node)
        except NameClashError:
            continue
        break
    seed = leaf(None, name=cotangent, shape=node.shape, dtype=node.dtype)
    return Target(_paired({seed: output}), {seed: output})


def _matched(outputs: Sequence[Tensor], cotangent: Cotangents) -> list[Cotangent]:
    """One cotangent per output: one for one, a sequence in order, or a mapping by the outputs' names."""
    if isinstance(cotangent, Mapping):
        by_name = {k.name if isinstance(k, Tensor) else k: v for k, v in cotangent.items()}
        names = [output.name for output in outputs]
        if set(by_name) == set(names) and None not in names:
            return [by_name[name] for name in names]
        known = ", ".join(name or "one without a name" for name in names)
        raise ArgumentError(
            f"derive: cotangent= is given for {', '.join(map(str, by_name))}, and the outputs are {known}"
        )
    given: list[Any] = list(cotangent) if isinstance(cotangent, list | tuple) else [cotangent]
    if len(given) != len(outputs):
        raise ArgumentError(
            f"derive: {len(given)} cotangents for {len(outputs)} outputs; give one for each, in order"
        )
    return given


def _variable(given: Any, output: Node) -> Node:
    """The variable that stands for the gradient by an output."""
    if output.dtype.kind != "f":
        raise ArgumentError(
            f"derive: an output of {output.dtype} has no gradient, so cotangent= has no meaning for it"
        )
    if not isinstance(given, str | Tensor):
        raise ArgumentError(
            f'derive: cotangent={given!r:.40} is no name of a gradient; write cotangent="dO", or pass a '
            "tensor that has a name"
        )
    if isinstance(given, str):
        return leaf(None, name=variable_name(given), shape=output.shape, dtype=output.dtype)
    node = given._node
    if given.name is None or node is None or node.op is not None:
        what = "computed" if node is not None and node.op is not None else "without a name"
        raise ArgumentError(
            f"derive: cotangent= is a tensor that is {what}; formulas speak of it by a name: "
            'cotangent="dO", or mg.tensor(array, name="dO")'
        )
    if tuple(node.shape) != tuple(output.shape):
        raise ShapeError(
            f"derive: the cotangent {given.name} has the shape {_shown(node.shape)}, and its output "
            f"{_shown(output.shape)}; a gradient has the shape of what it is the gradient by"
        )
    name = variable_name(given.name)
    return leaf(node.value, name=name, shape=output.shape, dtype=node.dtype)


def _shown(shape: Sequence[Any]) -> str:
    return f"({', '.join(map(str, shape))})"


class _Names:
    """The names that mean something in a graph or in its derivation."""

    def __init__(self, outputs: Sequence[Node]) -> None:
        self.outputs = outputs
        order = graph_order(outputs)
        self.known = names_in_graph(order)
        sizes = [size for node in order for size in node.shape if isinstance(size, Size)]
        self.dims = {label for node in order for label in node.dims or () if label is not None}
        self.dims = self.dims.union(*(size.names() for size in sizes))
        self.taken = {*self.known.values(), *self.dims}

    def entered(self, cotangent: str, output: Node) -> Output:
        """The output by its name, where the cotangent's is free."""
        name = self.known.get(output) or self._free(cotangent)
        if cotangent in self.taken:
            what = "dim" if cotangent in self.dims else "tensor"
            raise NameClashError(
                f"derive: cotangent={cotangent!r} names a gradient, and a {what} of this graph is called "
                f"{cotangent!r}; choose another name"
            )
        for node, other in self.known.items():
            if cotangent == differential_name(other) and not self._is_all(node, output):
                raise NameClashError(
                    f"derive: cotangent={cotangent!r} is what the gradient by {other!r} is called in formulas; "
                    "choose another name"
                )
        self.taken |= {cotangent, name}
        self.known[output] = name
        return Output(output, name)

    def _is_all(self, node: Node, output: Node) -> bool:
        """Whether what arrives at the output is its whole gradient: no other output depends on it."""
        others = [each for each in self.outputs if each is not output]
        return node is output and node not in graph_order(others) and len(others) + 1 == len(self.outputs)

    def _free(self, cotangent: str) -> str:
        """What an output without a name is called: O where its gradient is called dO."""
        for name in (cotangent[1:] if cotangent.startswith("d") else "", "Y", "F", "Z"):
            if name.isidentifier() and name not in self.taken:
                return name
        return f"output{len(self.known)}"


def _paired(cotangents: Mapping[Node, Output]) -> Node:
    """The number Σ dO ⊙ O, added over all outputs."""
    multiply, total, add = (REGISTRY[name] for name in ("multiply", "sum", "add"))
    terms = []
    for seed, output in cotangents.items():
        product = step_without_values(multiply, (seed, output.node), output.node.shape)
        terms.append(step_without_values(total, (product,), (), axis=None, keepdims=False))
    return reduce(lambda a, b: step_without_values(add, (a, b), ()), terms)
