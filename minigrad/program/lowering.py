"""From expressions in index notation to an array program.

``stable`` programs are for floats: functions have their stable forms, and sums over deltas are opened so
that no delta is met. Others follow the definitions to the letter, for exact arithmetic.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from minigrad.errors import DerivationError
from minigrad.index import heads
from minigrad.index.affine import AffineRelation
from minigrad.index.algebra import subtract
from minigrad.index.contract import symmetric
from minigrad.index.expr import (
    Composite,
    Expr,
    Head,
    Leaf,
    Map,
    MatrixFunction,
    Pick,
    Product,
    Reduction,
    Ref,
    Sum,
)
from minigrad.index.numbers import times
from minigrad.index.pointwise import pointwise
from minigrad.index.size import AnySize, Size
from minigrad.index.undefined import is_undefined, lacks_definition
from minigrad.program import stable_forms
from minigrad.program.bounded_exponentials import bounded
from minigrad.program.functions import CHOICE, HEAVISIDE, LOGICAL, TRUTHS, named_function
from minigrad.program.index_maps import (
    embedded,
)
from minigrad.program.pairwise import Labelled, aligned, along, filled, spread
from minigrad.program.product_lowering import ProductLowering
from minigrad.program.sum_lowering import SumLowering
from minigrad.program.value import Kind, Value
from minigrad.program.value_builder import ValueBuilder
from minigrad.symbolic.budget import ask_for_time
from minigrad.symbolic.fold import recognised

# What dims without a size are taken to measure where orders of contraction are compared: as in a small
# transformer, where b sequences meet h heads of width k or e.
_TYPICAL = {"b": 32, "h": 8, "k": 32, "e": 32}
_OTHERS = 64


def typical_size(dim: str) -> int:
    """What a dim without a number is taken to measure."""
    return _TYPICAL.get(dim, _OTHERS)


@dataclass(frozen=True)
class Program:
    """The values of some expressions, each in full shape, and what values were called."""

    results: tuple[Value, ...]
    names: dict[Value, str]


def program(
    roots: Sequence[Expr], sizes: Mapping[str, int] | None = None, stable: bool = True
) -> Program:
    """The program that computes the expressions; what they share is computed once.

    Parameters
    ----------
    roots : expressions; names in them become names of values.
    sizes : what dims measure, if that is known: it decides orders of contraction.
    stable : whether forms for floats are used in place of the definitions.
    """
    return _built(tuple(roots), tuple(sorted((sizes or {}).items())), stable)


@lru_cache(maxsize=64)
def _built(roots: tuple[Expr, ...], sizes: tuple[tuple[str, int], ...], stable: bool) -> Program:
    """One program for whoever runs it or writes it down."""
    lowering = Lowering(dict(sizes), stable)
    builder = lowering.builder
    results = tuple(builder.as_number(lowering.full(root)) for root in roots)
    return Program(bounded(builder, results) if stable else results, builder.names)


class Lowering:
    """Makes the value of every node once."""

    def __init__(self, sizes: dict[str, int], stable: bool) -> None:
        self.sizes, self.stable = sizes, stable
        self.builder = ValueBuilder(stable)
        self.known: dict[Expr, Labelled] = {}
        self.products = ProductLowering(self.lower, self.builder, self.extent)
        self.sums = SumLowering(self.lower, self.products)

    def extent(self, size: AnySize) -> float:
        if isinstance(size, int):
            return size
        known = {name: self.sizes.get(name) or typical_size(name) for name in size.names()}
        return max(size.value(known), 1)

    # -- every node once, without recursion through the graph ------------------------------------------------

    def full(self, root: Expr) -> Value:
        """The value with all axes of the expression."""
        return spread(self.builder, self.lower(root), root.sizes)

    def lower(self, root: Expr) -> Labelled:
        """The node's value, labelled by those of its axes along which it varies."""
        stack: list[tuple[Expr, bool]] = [(root, False)]
        while stack:
            node, ready = stack.pop()
            if node in self.known:
                continue
            if ready:
                ask_for_time()
                x = self.known[node] = self.value(node)
                if x.labels == (0, 1) and symmetric(node):
                    self.builder.symmetric.add(x.value)
                continue
            stack.append((node, True))
            # a structural tensor is used up by what it multiplies, and not made
            children = [c for c in node.children() if not isinstance(c, AffineRelation)]
            stack.extend((c.index if isinstance(c, Pick) else c, False) for c in reversed(children))
        return self.known[root]

    def value(self, node: Expr) -> Labelled:
        match node:
            case Leaf():
                return self.leaf(node)
            case Ref():
                return self.ref(node)
            case Sum():
                return self.sums.value(node)
            case Product() | AffineRelation() | Pick():
                placed, extents = self.products.placed(node)
                return embedded(self.builder, placed, node.sizes, extents)
            case Map():
                return self.map(node)
            case Composite():
                return self.composite(node)
            case Reduction():
                return self.reduction(node)
            case MatrixFunction():
                return self.matrix_function(node)
        raise DerivationError(f"{type(node).__name__}: this node has no array form")

    def leaf(self, node: Leaf) -> Labelled:
        axes = tuple(range(node.ndim))
        if node.kind == "size":
            return Labelled(self.builder.size(Size({(node.name,): 1})), ())
        if node.kind == "constant":
            if node.name in ("pi", "E"):
                return Labelled(self.builder.make("constant", (), (node.name,), (), "weak"), ())
            infinite = node.name.lstrip("+-") in ("inf", "nan")
            value = float(node.name) if infinite else times(1, Fraction(node.name))
            return Labelled(self.builder.number(value), ())
        kind: Kind = "float"
        if "index" in node.assume:
            kind = "index"
        elif "bool" in node.assume:
            kind = "bool"
        return Labelled(self.builder.make("variable", (), (node.name,), node.sizes, kind), axes)

    def ref(self, node: Ref) -> Labelled:
        x = self.lower(node.node)
        if x.value.op not in ("variable", "number", "size", "constant"):
            self.builder.names.setdefault(x.value, node.name)
        return x

    # -- functions ------------------------------------------------------------------------------------------------

    def map(self, node: Map) -> Labelled:
        if is_undefined(node.head):
            raise DerivationError(lacks_definition(node.head.text))
        if not self.stable:
            return self.applied(node.head, node.args, truth=False)
        other = stable_forms.at_points(node) or stable_forms.stable_map(node)
        if other is not None:
            return self.lower(other)
        name = named_function(node.head)
        if name is None:
            return self.lower(self.in_known_functions(node))
        return self.applied(name, node.args, truth=name in TRUTHS)

    def composite(self, node: Composite) -> Labelled:
        """A composite that is one array operation, as that; others, and all in exact numbers, by definition."""
        operation = node.definition.operation
        if not (self.stable and operation):
            return self.lower(node.expand())
        (x,) = node.args
        if node.ndim < x.ndim:
            return self.reduced(operation, x, node.reduced)
        return along(self.builder, operation, self.filled(x, node.reduced), node.reduced)

    def in_known_functions(self, node: Map) -> Expr:
        """A function made of several, written out."""
        if node.head == heads.STEP:
            return Map(HEAVISIDE, (subtract(*node.args),))
        expr = heads.expression(node.head)
        values = dict(zip(heads.symbols(), node.args, strict=False))
        body = pointwise(expr, values, node.sizes)
        if body == node or (isinstance(body, Map) and body.head.text == node.head.text):
            raise DerivationError(
                f"{node.head.name}: {expr} has no form in array operations; "
                "write its meaning in functions such as exp, log, tanh, erf, where"
            )
        return recognised(body, node.args)

    def applied(self, function: str | Head, args: Sequence[Expr], truth: bool) -> Labelled:
        xs = [self.lower(arg) for arg in args]
        axes = sorted({axis for x in xs for axis in x.axes})
        values = [aligned(self.builder, x, axes) for x in xs]
        logical = len(values) if function in LOGICAL else 1 if function == CHOICE else 0
        values = [v if k < logical else self.builder.as_number(v) for k, v in enumerate(values)]
        return Labelled(self.builder.apply(function, values, truth), tuple(axes))

    def filled(self, node: Expr, axes: Sequence[int]) -> Labelled:
        return filled(self.builder, self.lower(node), node.sizes, axes)

    def reduced(self, op: str, node: Expr, axes: Sequence[int]) -> Labelled:
        x = self.filled(node, axes)
        value = self.builder.reduce(op, x.value, [x.labels.index(axis) for axis in axes])
        kept = [label for label in range(node.ndim) if label not in axes]
        return Labelled(value, tuple(k for k, label in enumerate(kept) if label in x.labels))

    def reduction(self, node: Reduction) -> Labelled:
        axes = tuple(range(node.arg.ndim - node.count, node.arg.ndim))
        if node.kind in ("max", "prod"):
            return self.reduced(node.kind, node.arg, axes)
        kind: Kind = "index" if node.kind == "argsort" else "float"
        return along(self.builder, node.kind, self.filled(node.arg, axes), axes, kind)

    def matrix_function(self, node: MatrixFunction) -> Labelled:
        last = (node.arg.ndim - 2, node.arg.ndim - 1)
        x = self.filled(node.arg, last)
        value = self.builder.as_number(x.value)
        sizes = (*value.sizes[:-2], *node.sizes[last[0] :])
        made = self.builder.make("matrix_function", (value,), (node.row,), sizes)
        return Labelled(made, (*x.labels[:-2], *range(last[0], node.ndim)))
