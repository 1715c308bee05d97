"""Lowering: the recorded graph in index notation, by what each row means.

With X of 2 × 3, a reduction is a summed label, broadcasting is a label that a factor does not carry, an
axis of size 1 is no label, and an index is a relation between the labels before and after:

>>> from minigrad import parse
>>> from minigrad.notation.matrix import index_text
>>> for text in ("X @ w", "mean(X, axis=0)", "X * s", "X[:, 1]", "reshape(X, (6,))"):
...     output = parse(text, X="2 3", w="3", s="2 1")._node
...     print(f"{text:<18}", index_text(lower([output]).expr(output)))
X @ w              Σ_j X_ij w_j
mean(X, axis=0)    (Σ_j X_ji) / 2
X * s              X_ij s_i
X[:, 1]            X_i1
reshape(X, (6,))   X[i // 3,i % 3]
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import Any, NamedTuple

import numpy as np

from minigrad.errors import DerivationError, MinigradError, ShapeError
from minigrad.graph.dims import Dim
from minigrad.graph.node import Node
from minigrad.index import heads
from minigrad.index.assume import open_assumptions
from minigrad.index.contract import size_as_number, symmetric
from minigrad.index.expr import Expr, Head, Leaf, Product, Ref
from minigrad.index.numbers import number
from minigrad.index.pointwise import apply_head, pointwise
from minigrad.index.size import AnySize, Size, dim, named_sizes
from minigrad.index.view import (
    View,
    contraction,
    elementwise,
    measured,
    number_view,
)
from minigrad.names import differential_name
from minigrad.primitive import Primitive
from minigrad.symbolic.freenames import FreeNames
from minigrad.symbolic.names import names_in_graph
from minigrad.symbolic.positions import with_positions
from minigrad.symbolic.truth import require_no_count

_CONSTANTS = {math.pi: "pi", math.e: "E"}


class Output(NamedTuple):
    """An output that is derived by its pullback, and what it is called."""

    node: Node
    name: str


@dataclass
class Lowered:
    """A graph in index notation.

    ``views`` holds the meaning of every node; ``leaves`` maps a variable's name to its node and to the
    tensor axes that it keeps (axes of size 1 are no indices); ``sizes`` says what dims measure, and is
    None where they have no numbers; ``free`` are the variables that are lowered without their thin facts;
    ``automatic`` are the names that nobody gave, for what would be too long to read without;
    ``cotangents`` are variables that stand for the gradient by an output, each with that output;
    ``called`` are names that whoever reads the graph gives to tensors that have none of their own;
    ``tangents`` are variables that stand for small changes of others, each with what it is a change of.
    """

    views: dict[Node, View] = field(default_factory=dict)
    leaves: dict[str, tuple[Node, tuple[int, ...]]] = field(default_factory=dict)
    names: dict[Node, str] = field(default_factory=dict)
    sizes: dict[str, int] | None = None
    free: frozenset[Node] = frozenset()
    automatic: FreeNames = field(default_factory=FreeNames)
    cotangents: Mapping[Node, Output] = field(default_factory=dict)
    called: Mapping[Node, str] = field(default_factory=dict)
    tangents: dict[Node, Node] = field(default_factory=dict)

    def expr(self, node: Node) -> Expr:
        return self.views[node].expr

    def values(self) -> dict[str, Any]:
        """The arrays of the variables, without their axes of size 1."""
        return {
            name: self.leaf_array(name, node.value)
            for name, (node, _) in self.leaves.items()
            if node.value is not None
        }

    def leaf_array(self, name: str, array: Any) -> Any:
        """A variable's array in the axes that its formula has."""
        _node, kept = self.leaves[name]
        return np.asarray(array).reshape([np.shape(array)[k] for k in kept])


def graph_order(outputs: Iterable[Node]) -> list[Node]:
    """Every node that the outputs depend on, inputs first (the order of creation)."""
    seen: dict[int, Node] = {}
    stack = list(outputs)
    while stack:
        node = stack.pop()
        if node.id not in seen:
            seen[node.id] = node
            stack.extend(x for x in node.inputs if isinstance(x, Node))
    return [seen[k] for k in sorted(seen)]


def lower(
    outputs: Sequence[Node],
    free: Collection[Node] = (),
    cotangents: Mapping[Node, Output] | None = None,
    called: Mapping[Node, str] | None = None,
) -> Lowered:
    """The graph of the outputs in index notation; named tensors become names.

    Of the variables ``free`` only that is used which holds all around their values; ``cotangents`` have
    the axes of their outputs, which are older than they are; ``called`` names further tensors.
    """
    order = graph_order(outputs)
    result = Lowered(
        sizes=_dim_sizes(order),
        free=frozenset(free),
        cotangents=cotangents or {},
        called=called or {},
    )
    result.names = {
        **names_in_graph(order),
        **result.called,
        **{output.node: output.name for output in result.cotangents.values()},
    }
    operations = sum(node.op is not None for node in order)
    result.automatic = FreeNames(result.names.values(), _dim_names(order), operations)
    with measured(result.sizes):
        for node in order:
            view = _leaf_view(node, result) if node.op is None else _lower_node(node, result)
            if node.op is not None and node in result.names:
                view = View(Ref(result.names[node], view.expr, free=node in result.free), view.axes)
            elif result.automatic.bound.is_passed(view.expr):
                view = View(result.automatic.ref(view.expr), view.axes)
            result.views[node] = view
    return result


def with_tangent(lowered: Lowered, variable: Node, tangent: Node) -> None:
    """Enter a variable that stands for a small change of another one, and has its axes."""
    view, name = lowered.views[variable], str(tangent.name)
    kept = tuple(k for k, size in enumerate(view.sizes) if size != 1)
    place = {k: i for i, k in enumerate(kept)}
    leaf = Leaf(name, tuple(view.sizes[k] for k in kept))
    lowered.tangents[tangent] = variable
    lowered.names[tangent] = name
    lowered.leaves[name] = (tangent, kept)
    lowered.views[tangent] = View(leaf, tuple(place.get(k) for k in range(len(view.sizes))))


def freed(lowered: Lowered, output: Node, variables: Iterable[Node]) -> Lowered:
    """The graph in which variables and named symmetric matrices vary freely: X'X is I for an orthogonal X, its derivative is not 0."""
    tied = {n for n in variables if n.op is not None or open_assumptions(n.assume) != n.assume}
    # of a matrix that is its own transpose nobody could say which of the two its gradient is
    tied |= {n for n in lowered.names if n.op is not None and n in lowered.views and symmetric(lowered.expr(n))}
    if tied <= lowered.free:
        return lowered
    again = lower([output], tied, lowered.cotangents, lowered.called)
    for tangent, variable in lowered.tangents.items():
        with_tangent(again, variable, tangent)
    return again


def _dim_names(order: Sequence[Node]) -> set[str]:
    """The names of all dims in the graph: no tensor may be named like one."""
    labels = {label for node in order for label in node.dims or () if label is not None}
    sizes = [size for node in order for size in node.shape if isinstance(size, Size)]
    return labels.union(*(size.names() for size in sizes))


def _dim_sizes(order: Sequence[Node]) -> dict[str, int] | None:
    """What each dim measures; one name with two sizes is an error."""
    sizes: dict[str, int] = {}
    owner: dict[str, Node] = {}
    symbolic = False
    for node in order:
        # a size that has only a name may also stand in a slice, or be an operand
        symbolic = symbolic or any(True for _ in sizes_in(node))
        if node.op is None:
            for label, size in zip(node.dims or (), node.shape, strict=False):
                if label is not None and isinstance(size, int):
                    _note_size(sizes, owner, label, int(size), node)
        for value in node.inputs:
            if isinstance(value, Dim):
                _note_size(sizes, owner, value.name, int(value), node)
    return None if symbolic else sizes


def sizes_in(node: Node) -> Iterator[Size]:
    """The sizes without a number that a node speaks of: in its shape, as operands, in a shape or slice."""
    return named_sizes(node.shape, node.inputs, *node.params.values())


def _note_size(
    sizes: dict[str, int], owner: dict[str, Node], label: str, size: int, node: Node
) -> None:
    known = sizes.setdefault(label, size)
    owner.setdefault(label, node)
    if known != size:
        raise ShapeError(
            f"dim {label!r} has two sizes in one graph: {known} in {_called(owner[label])} and {size} in "
            f"{_called(node)}; give one of the axes another name"
        )


# What is assumed of the sums along the last axis.
_ALONG_THE_LAST = frozenset({"simplex", "onehot"})


def _called(node: Node) -> str:
    return f"{node.name or 'an unnamed tensor'} of shape {tuple(map(int, node.shape))}"


def _leaf_view(node: Node, result: Lowered) -> View:
    value = node.value
    if value is not None and node.name is None and not node.requires_grad and np.ndim(value) == 0:
        return _number(value.item() if hasattr(value, "item") else value)
    output = result.cotangents.get(node)
    sizes = _labelled(node) if output is None else result.views[output.node].sizes
    kept = tuple(k for k, size in enumerate(sizes) if size != 1)
    name = result.names[node]
    if not kept and result.sizes is None and name in _dims_used(result, node):
        return number_view(size_as_number(dim(name)))
    assume = open_assumptions(node.assume) if node in result.free else node.assume
    if sizes and len(sizes) - 1 not in kept:
        assume -= _ALONG_THE_LAST  # an axis that is left out, and no other one
    if node.dtype.kind == "b":
        # a mask by its dtype: as an index it means other places than the integers 0 and 1 do
        assume = assume | {"bool"}
    leaf: Expr = Leaf(name, tuple(sizes[k] for k in kept), assume)
    if output is not None:  # a name that stands for a variable, and is the gradient by the output
        leaf = Ref(name, leaf, output.name if name == differential_name(output.name) else None)
    result.leaves[name] = (node, kept)
    position = {k: i for i, k in enumerate(kept)}
    return View(leaf, tuple(position.get(k) for k in range(len(sizes))))


def _labelled(node: Node) -> tuple[AnySize, ...]:
    """A leaf's sizes, by name where its axes have labels."""
    labels = node.dims or (None,) * len(node.shape)
    return tuple(
        dim(label) if label is not None else size
        for label, size in zip(labels, node.shape, strict=True)
    )


def _dims_used(result: Lowered, node: Node) -> set[str]:
    used: set[str] = set()
    for other in result.names:
        for size in other.shape:
            if isinstance(size, Size):
                used |= size.names()
    return used


def _lower_node(node: Node, result: Lowered) -> View:
    views = [_input_view(value, result) for value in node.inputs]
    assert node.op is not None
    views, params = with_positions(node.inputs, node.params, views, partial(_entered, result))
    view = lower_row(node.op, views, params)
    require_no_count(node, view, head_of(node.op, params) if node.op.kind == "elementwise" else None)
    return view


def _entered(result: Lowered, node: Node) -> View:
    """A constant that lowering itself makes, under a name that is free."""
    taken = result.automatic.taken
    result.names[node] = next(name for k in count(1) if (name := f"at{k}") not in taken)
    taken.add(result.names[node])
    return _leaf_view(node, result)


def _input_view(value: Any, result: Lowered) -> View | None:
    if isinstance(value, Node):
        return result.views[value]
    if isinstance(value, Dim):
        return number_view(size_as_number(dim(value.name)))
    if isinstance(value, Size):
        return number_view(size_as_number(value))
    return None if value is None else _number(value)


def _number(value: Any) -> View:
    """A number exactly as it was written; the floats of NumPy's pi and e are π and e."""
    name = _CONSTANTS.get(abs(value)) if isinstance(value, float) else None
    if name is None:
        return number_view(number(value))
    sign = 1 if value > 0 else -1
    return contraction((), [(number_view(Leaf(name, kind="constant")), ())], sign)


def lower_row(row: Primitive, views: Sequence[Any], params: Mapping[str, Any]) -> View:
    """What a row means on given arguments."""
    if row.meaning is None:
        raise DerivationError(
            f"{row.name}: this operation has no meaning in index notation, so no formula can be derived "
            "through it; it runs and differentiates numerically (mg.grad, backward), or give its row a meaning"
        )
    if row.kind == "elementwise":
        head = head_of(row, params)
        given = [
            number_view(heads.absent(head, k)) if view is None else view
            for k, view in enumerate(views)
        ]
        return elementwise(partial(_applied, head), given, row.name)
    if row.kind == "contraction":
        spec = (
            row.meaning
            if isinstance(row.meaning, str)
            else row.meaning(tuple(view.ndim for view in views), **params)
        )
        if spec is None:
            raise DerivationError(
                f"{row.name}: its meaning covers no arguments of "
                f"{' and '.join(str(view.ndim) for view in views)} axes; reshape them first"
            )
        return _einsum(spec, views, row.name) if isinstance(spec, str) else spec(*views)
    assert not isinstance(row.meaning, str)
    return row.meaning(*views, **params) if row.builtin else _by_own_meaning(row, views, params)


def _by_own_meaning(row: Primitive, views: Sequence[Any], params: Mapping[str, Any]) -> View:
    """What a function of the user's makes of views, or in words why it makes nothing of them."""
    try:
        found = row.meaning(*views, **params)  # type: ignore[misc,operator]
    except MinigradError:
        raise
    except Exception as error:
        shapes = " and ".join("(" + ", ".join(map(str, view.sizes)) + ")" for view in views)
        raise DerivationError(
            f"{row.name}: its meaning raises {type(error).__name__}: {error}, for arguments {shapes}"
        ) from error
    if not isinstance(found, View):
        raise DerivationError(
            f"{row.name}: its meaning gives a {type(found).__name__} and no view; it is written in the "
            "functions of minigrad.index.view"
        )
    return found


def _applied(head: Head, *args: Expr) -> Expr:
    """The head at its arguments; a fixed number among them may leave plain algebra (x ** 2)."""
    numbers = {
        symbol: arg.coef
        for symbol, arg in zip(heads.symbols(), args, strict=False)
        if isinstance(arg, Product) and not arg.factors
    }
    if numbers and not heads.is_open(head):
        expr = heads.with_numbers(head, numbers)
        if expr is not None and heads.is_algebra_expression(expr):
            return pointwise(expr, dict(zip(heads.symbols(), args, strict=False)), args[0].sizes)
    return apply_head(head, args)


def head_of(row: Primitive, params: Mapping[str, Any]) -> Head:
    """The elementwise function that a row is, with its parameters; a word among them is part of its name."""
    words = [v for k, v in sorted(params.items()) if isinstance(v, str) and v != row.params.get(k)]
    text = row.meaning if isinstance(row.meaning, str) else row.meaning(**params)  # type: ignore[misc]
    values = tuple(
        (k, number(v)) for k, v in sorted(params.items()) if isinstance(v, (int, float, np.number))
    )
    return Head("_".join([row.name, *words]), text, values)


def register_heads(rows: Iterable[Primitive]) -> None:
    """Let derivatives be written with the rows' own functions."""
    for row in rows:
        if row.kind == "elementwise" and isinstance(row.meaning, str) and not row.params:
            heads.KNOWN.setdefault(row.name, Head(row.name, row.meaning))


def _einsum(spec: str, views: Sequence[View], what: str) -> View:
    """An einsum string over views; an ellipsis stands for any leading axes, aligned at the right."""
    inputs, _, output = spec.replace(" ", "").partition("->")
    operands: list[tuple[View, list[Any]]] = []
    widest = 0
    for part, view in zip(inputs.split(","), views, strict=True):
        rest = view.ndim - len(part.replace("...", ""))
        widest = max(widest, rest if "..." in part else 0)
        operands.append((view, _labels(part, rest)))
    return contraction(_labels(output, widest), operands, what=what)


def _labels(part: str, hidden: int) -> list[Any]:
    before, dots, after = part.partition("...")
    middle = [("...", k) for k in range(hidden, 0, -1)] if dots else []
    return [*before, *middle, *after]
