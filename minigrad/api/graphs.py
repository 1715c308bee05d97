"""An expression as a graph again: every node by the operation that it is, on the tensors that it was made of.

What is named in the graph that was derived is that very tensor, so variables, dims and names stay what they
are, and the result can be derived, run, drawn, compiled and checked like any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import reduce
from string import ascii_letters
from typing import Any

import numpy as np

from minigrad import ops
from minigrad.errors import DerivationError
from minigrad.graph import Node, Tensor, wrap
from minigrad.graph.call import OPERATIONS
from minigrad.graph.dims import Dim
from minigrad.graph.undefined import Function
from minigrad.index import heads
from minigrad.index.affine import AffineRelation, Delta, OneHot, Reshape, Roll, Slice, Triangle
from minigrad.index.expr import (
    Composite,
    Expr,
    Leaf,
    Map,
    MatrixFunction,
    Number,
    Pick,
    Product,
    Reduction,
    Ref,
    Sum,
    postorder,
)
from minigrad.index.pointwise import pointwise
from minigrad.index.size import AnySize, Size, dim, prod, value_of
from minigrad.index.undefined import is_undefined, orders_of
from minigrad.parsing import create, table
from minigrad.primitive import REGISTRY
from minigrad.program.evaluate import evaluate
from minigrad.symbolic.lower import Lowered

# Numbers that have names; those without, as in √2, are called by their digits.
_CONSTANTS = {"pi": np.pi, "E": np.e}
_COMPARED = {"greater": ops.greater, "greater_equal": ops.greater_equal, "equal": ops.equal}


def tensor_of(expr: Expr, sizes: Sequence[AnySize], lowered: Lowered) -> Tensor:
    """The tensor of these sizes that an expression of a lowered graph is.

    Raises
    ------
    DerivationError
        When a part of it is no operation.
    """
    graph = _Graph(lowered)
    return graph.shaped(graph.tensor(expr), sizes)


class _Graph:
    """Tensors by the expressions that they are."""

    def __init__(self, lowered: Lowered) -> None:
        self.lowered = lowered
        self.named = {name: node for node, name in lowered.names.items()}
        self.known: dict[Expr, Tensor] = {}

    def tensor(self, root: Expr) -> Tensor:
        """The tensor with the expression's axes."""
        for node in postorder(root, closed=self.stands):
            if node not in self.known:
                self.known[node] = self.made(node)
        return self.known[root]

    def stands(self, node: Expr) -> bool:
        """Whether a node is a tensor of the graph that was derived."""
        if isinstance(node, Leaf):
            return node.name in self.named
        return isinstance(node, Ref) and node.of is None and node.name in self.named

    def shaped(self, tensor: Tensor, sizes: Sequence[AnySize]) -> Tensor:
        """The tensor with the axes of length 1 that its formula does not have."""
        return tensor if tensor.ndim == len(sizes) else ops.reshape(tensor, self.lengths(sizes))

    def lengths(self, sizes: Sequence[AnySize]) -> tuple[AnySize, ...]:
        """The sizes, as numbers where the graph has arrays."""
        known = self.lowered.sizes
        return tuple(sizes) if known is None else tuple(value_of(size, known) for size in sizes)

    def number(self, size: AnySize) -> Any:
        """A size as an operand, which remembers its name."""
        (length,) = self.lengths([size])
        name = size.name if isinstance(size, Size) else None
        return Dim(length, name) if name is not None and isinstance(length, int) else length

    # -- one rule per kind of node ---------------------------------------------------------------------

    def made(self, node: Expr) -> Tensor:
        args = [self.known[child] for child in node.children() if child in self.known]
        match node:
            case Leaf() | Ref() if self.stands(node):
                return self.of_graph(self.named[node.name], node)
            case Leaf(kind="size"):
                return ops.positive(self.number(dim(node.name)))
            case Leaf(kind="constant"):
                return self.constant(create.number(_CONSTANTS.get(node.name) or int(node.name)), node)
            case Ref():
                return args[0]
            case Sum(terms=terms):
                return reduce(ops.add, (self.scaled(self.known[t], c) for c, t in terms))
            case Product():
                return self.product(node)
            case Map():
                return self.map(node, args)
            case Composite():
                return self.composite(node, args)
            case Reduction():
                return self.reduction(node, args[0])
            case MatrixFunction():
                return self.matrix_function(node, args[0])
            case Pick():
                eye = self.constant(create.eye(*self.lengths(node.sizes[-1:])), None)
                return ops.take(eye, args[0], axis=0)
            case AffineRelation():
                return self.constant(self.relation(node), node)
        raise DerivationError(f"tensor: {type(node).__name__} is no operation on tensors")

    def of_graph(self, node: Node, expr: Expr) -> Tensor:
        """A tensor of the graph, without its axes of length 1."""
        tensor = wrap(node.value if node.op is None else self.value(node), node)
        tensor = tensor if node.dtype.kind != "b" else ops.multiply(tensor, 1.0)
        return self.shaped(tensor, expr.sizes)

    def value(self, node: Node) -> Any:
        if self.lowered.sizes is None:
            return None
        view = self.lowered.views[node]
        array = evaluate(view.expr, self.lowered.values(), self.lowered.sizes)
        return np.asarray(array).reshape(node.shape)

    def constant(self, tensor: Tensor, node: Expr | None) -> Tensor:
        """A tensor that was made of sizes, with its array where they are numbers."""
        if self.lowered.sizes is None:
            return tensor
        array = np.eye(tensor.shape[0]) if node is None else evaluate(node, {}, self.lowered.sizes)
        return wrap(np.asarray(array, float), tensor._node)

    def scaled(self, tensor: Tensor, coef: Number) -> Tensor:
        if coef == 1:
            return tensor
        if isinstance(coef, Fraction):
            upper = self.scaled(tensor, coef.numerator)
            return ops.divide(upper, coef.denominator)
        return ops.negative(tensor) if coef == -1 else ops.multiply(coef, tensor)

    def product(self, node: Product) -> Tensor:
        scalars: list[tuple[Tensor, tuple[int, ...]]] = []
        arrays: list[tuple[Tensor, tuple[int, ...]]] = []
        for f in node.factors:
            tensor = self.power(self.known[f.node], f.exponent)
            (arrays if f.labels else scalars).append((tensor, f.labels))
        carried = {label for _, labels in arrays for label in labels}
        out = [label for label in range(node.ndim) if label in carried]
        result = self.contracted(arrays, out) if arrays else None
        for tensor, _ in scalars:
            result = tensor if result is None else ops.multiply(result, tensor)
        if result is None:
            result = self.numbered(node.coef)
        else:
            result = self.scaled(result, node.coef)
        # what is summed and carried by no factor is summed so many times
        for label in node.summed:
            if label not in carried:
                result = ops.multiply(result, self.number(node.label_sizes[label]))
        return result if len(out) == node.ndim else self.repeated(result, out, node.sizes)

    def contracted(self, arrays: list[tuple[Tensor, tuple[int, ...]]], out: list[int]) -> Tensor:
        (first, labels), *rest = arrays
        if not rest and list(labels) == out:
            return first
        if all(list(labels) == out for _, labels in arrays):
            return reduce(ops.multiply, (tensor for tensor, _ in arrays))
        letters = ",".join("".join(ascii_letters[k] for k in labels) for _, labels in arrays)
        spec = f"{letters}->{''.join(ascii_letters[k] for k in out)}"
        return ops.einsum(spec, *(tensor for tensor, _ in arrays))

    def numbered(self, coef: Number) -> Tensor:
        upper = create.number(coef.numerator if isinstance(coef, Fraction) else coef)
        tensor = ops.divide(upper, coef.denominator) if isinstance(coef, Fraction) else upper
        return tensor if self.lowered.sizes is None else wrap(np.asarray(float(coef)), tensor._node)

    def repeated(self, tensor: Tensor, out: Sequence[int], sizes: Sequence[AnySize]) -> Tensor:
        lengths = self.lengths(sizes)
        if tensor.ndim:
            kept = tuple(lengths[k] if k in out else 1 for k in range(len(sizes)))
            tensor = ops.reshape(tensor, kept)
        return ops.broadcast_to(tensor, lengths)

    def power(self, tensor: Tensor, exponent: int | Fraction) -> Tensor:
        if exponent == 1:
            return tensor
        if exponent == Fraction(1, 2):
            return ops.sqrt(tensor)
        if exponent < 0:
            return ops.divide(1, self.power(tensor, -exponent))
        return ops.power(tensor, exponent if isinstance(exponent, int) else float(exponent))

    def map(self, node: Map, args: list[Tensor]) -> Tensor:
        head = node.head
        if is_undefined(head):
            return Function(head.text).derived(*orders_of(head))(*args)
        if head.name in _COMPARED:
            return ops.multiply(_COMPARED[head.name](*args), 1.0)
        if head == heads.STEP:
            half = ops.multiply(ops.equal(*args), 0.5)
            return ops.add(ops.multiply(ops.greater(*args), 1.0), half)
        if head == heads.WHERE:
            return ops.where(ops.not_equal(args[0], 0), *args[1:])
        if head == heads.FINITE:
            return ops.multiply(ops.less(ops.abs(args[0]), np.inf), 1.0)
        row = REGISTRY.get(head.name)
        if row is not None and row.kind == "elementwise" and head.name in OPERATIONS:
            params = {key: _plain(value) for key, value in head.params if key in row.params}
            return OPERATIONS[head.name](*args, **params)
        known = table.by_meaning(head.text)
        if known is not None:
            return known(*args)
        values = dict(zip(heads.symbols(), node.args, strict=False))
        body = pointwise(heads.expression(head), values, node.sizes)
        if body == node or (isinstance(body, Map) and body.head.text == head.text):
            raise DerivationError(f"tensor: no operation is {head.name}, {head.text}")
        return self.tensor(body)

    def composite(self, node: Composite, args: list[Tensor]) -> Tensor:
        operation = {"softmax": "nn.softmax", "logsumexp": "special.logsumexp"}.get(
            node.definition.operation
        )
        if operation is None:
            return self.tensor(node.expand())
        return table.function(operation)(args[0], axis=tuple(node.reduced))  # type: ignore[misc]

    def reduction(self, node: Reduction, arg: Tensor) -> Tensor:
        axes = tuple(range(arg.ndim - node.count, arg.ndim))
        if node.kind in ("max", "prod"):
            return getattr(ops, node.kind)(arg, axis=axes)
        if node.kind == "argmax":
            best = ops.multiply(ops.equal(arg, ops.max(arg, axis=axes, keepdims=True)), 1.0)
            return ops.divide(best, ops.sum(best, axis=axes, keepdims=True))
        if node.kind in ("sort", "argsort"):
            return getattr(ops, node.kind)(arg, axis=-1)
        raise DerivationError("tensor: the product of all other elements is no operation")

    def matrix_function(self, node: MatrixFunction, arg: Tensor) -> Tensor:
        operation = table.function(node.row.name)
        if operation is None:
            raise DerivationError(f"tensor: {node.row.name} is no operation of its own")
        return operation(arg)

    def relation(self, node: AffineRelation) -> Tensor:
        lengths = self.lengths(node.sizes)
        match node.form:
            case Delta():
                return create.eye(lengths[0])
            case Triangle(k) if isinstance(k, int):
                return ops.tril(create.ones(lengths), k)
            case OneHot(place):
                return create.eye(lengths[0])[self.lengths([place])[0]]
            case Slice(start, step):
                (first,) = self.lengths([start])
                stop: Any = first + step * lengths[0]
                if isinstance(stop, int) and stop < 0:
                    stop = None
                return create.eye(lengths[1])[first:stop:step]
            case Roll(shift):
                return ops.roll(create.eye(lengths[0]), self.lengths([shift])[0], axis=0)
            case Reshape(before):
                return ops.reshape(create.eye(prod(lengths[:before])), lengths)
        raise DerivationError(
            "tensor: a relation between indices that has no name, as windows have, is no operation"
        )


def _plain(value: Number) -> Any:
    return float(value) if isinstance(value, Fraction) else value

