"""The pipeline: from a graph in index notation to its derivatives in closed form.

Whoever derives calls `derivatives`; in which order the passes run is told here and nowhere else.

The gradient of L = Σ_i (Σ_j A_ij x_j)² by x, with A of 2 × 3:

>>> from minigrad import parse
>>> from minigrad.notation.matrix import index_text
>>> from minigrad.symbolic.lower import lower
>>> loss = parse("sum((A @ x) ** 2)", A="2 3", x="3")._node
>>> graph = lower([loss])
>>> x, _ = graph.leaves["x"]
>>> index_text(derivatives(graph, loss, [x]).formulas[x,])
'2 (Σ_jk A_ji A_jk x_k)'
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from types import MappingProxyType
from typing import NamedTuple

from minigrad.errors import DerivationError
from minigrad.graph.node import Node
from minigrad.index.expr import (
    READ,
    Composite,
    Expr,
    Leaf,
    MatrixFunction,
    Ref,
    postorder,
    referred,
)
from minigrad.index.rebuild import transformed
from minigrad.names import tangent_name
from minigrad.symbolic.autoname import Opened, named, numbered_anew, settled
from minigrad.symbolic.byname import folded_by_names, written_by
from minigrad.symbolic.derive import adjoints, is_share
from minigrad.symbolic.fold import recognised
from minigrad.symbolic.freenames import FreeNames
from minigrad.symbolic.lower import Lowered, freed
from minigrad.symbolic.numbers import with_named_numbers
from minigrad.symbolic.repetitions import Length
from minigrad.symbolic.second import by_parts, in_groups
from minigrad.symbolic.short_sums import with_short_sums
from minigrad.symbolic.simplify import finished
from minigrad.symbolic.statistics import by_statistics, statistics
from minigrad.symbolic.tangent import tangent, tangents

_NOWHERE: Mapping[Node, str] = MappingProxyType({})
# A tangent with no more to read than this has no name where nobody named its tensor.
_SHORT_TANGENT = 2
# Formulas of more axes than these are not written.
_MOST_AXES = 8


@dataclass(frozen=True)
class Derivatives:
    """What was derived: ``formulas`` by as many variables as the order says, the last one last.

    ``output`` is the output as the formulas speak of it, ``gradients`` what a second derivative is the
    derivative of, and ``names`` those that nobody gave.
    """

    output: Expr
    formulas: dict[tuple[Node, ...], Expr]
    gradients: dict[Node, Expr]
    names: FreeNames


def derivatives(
    lowered: Lowered,
    output: Node,
    wrt: Sequence[Node],
    order: int = 1,
    length: Length | None = None,
    short_sums: bool = False,
    along: Mapping[Node, str] = _NOWHERE,
) -> Derivatives:
    """The derivatives of ``output`` by each of the variables, or by each pair of them.

    Parameters
    ----------
    lowered
        The graph.
    output
        What is derived, of any shape; a derivative's axes are the output's, then the variables'.
    wrt
        Leaves, or named tensors.
    order
        How many times is derived: formulas are by as many variables each.
    length
        How long an expression is in print. Names that nobody gave are judged by it; without it there
        are none but for what is too long to read.
    short_sums
        Whether rowsum(P ⊙ dP) is written as rowsum(O ⊙ dO) where O is P V.
    along
        Names of the tangents of variables: what is derived beyond the gradients is derived along these, and
        has the axes of gradients.

    Raises
    ------
    DerivationError
        When derivatives of that order by so many variables of so long a program are too many formulas, or
        have more axes than anybody reads.
    """
    # Variables vary freely: Q'Q is I for an orthogonal Q, and its derivative is not 0; no more is that of
    # sum P by a P that is a softmax.
    graph = _Graph(lowered, freed(lowered, output, [*wrt, *along]), output, wrt, along)
    # What is spelled out in exponentials is read as what it is: exp(x) / sum exp(x) is softmax(x).
    expr = recognised(graph.free.expr(output))
    names = graph.free.automatic
    if not lowered.cotangents:  # of any L that arrives
        names.derive(graph.free.names.get(output), has_axes=bool(output.shape))
    names.enter(along.values())
    if order > 1 and not along:
        names.expect_order(order, len(wrt))
        _require_readable(output, wrt, order)
    passed = statistics(expr, [graph.free.expr(v) for v in wrt]) if order == 1 else []
    if length is None or not passed or names.bound is not READ:
        return _derived(graph, expr, names, order, length, short_sums)
    # A gradient that does not stop at means and variances is taken where it is shorter.
    others = names.copy()
    ways = [
        _derived(graph, expr, names, order, length, short_sums),
        _derived(graph, expr, others, order, length, short_sums, passed),
    ]
    return min(ways, key=lambda way: _length_of_all(way, length))


class _Graph(NamedTuple):
    """What is derived: a graph, the same with variables that vary freely, the output, the variables and tangents."""

    lowered: Lowered
    free: Lowered
    output: Node
    wrt: Sequence[Node]
    along: Mapping[Node, str]


def _length_of_all(way: Derivatives, length: Length) -> int:
    """How long the formulas are with all that stands between the user's definitions and them."""
    found = way.formulas.values()
    between = [r for r in referred(*found) if r.of is not None or r.name in way.names.given]
    return sum(map(length, found)) + sum(len(f"{r.name} = ") + length(r.node) for r in between)


def _derived(
    graph: _Graph,
    expr: Expr,
    names: FreeNames,
    order: int,
    length: Length | None,
    short_sums: bool,
    passed: Sequence[Ref] = (),
) -> Derivatives:
    """The derivatives; the gradient does not stop at the names that are ``passed``."""
    lowered, free, output, wrt, along = graph
    told = expr
    if passed:
        expr = recognised(Opened({ref.name for ref in passed}, names.bound)(expr))
    # Outputs of functions and quotients get names, by which their gradients can be written.
    if length is not None:
        expr = named(expr, names)
    refs = {ref.name: ref for ref in referred(expr)}
    targets = [target_in(free.expr(variable), refs) for variable in wrt]
    moved = {target_in(free.expr(node), refs): name for node, name in along.items()}
    # One sweep from the output back collects the adjoints of all variables.
    adjoint = adjoints(expr, targets, names=names)
    # An inverse that stands in an adjoint is written by its name.
    spoken = [ref for ref in refs.values() if isinstance(ref.node, MatrixFunction)]
    first = folded_by_names([adjoint[target] for target in targets], spoken)
    # Quotients fold, pointwise algebra cancels, common factors come out, deltas come first.
    first = finished(first)
    # Sums over a tensor and its gradient are those of the product that it goes into.
    if short_sums:
        first = with_short_sums(first, [ref for ref in refs.values() if ref.of is None])
    found = first
    # Each derivative is swept again for those of the next order; second ones are written by parts of the
    # gradient where that is shorter.
    for _ in range(order - 1):
        if along:
            found = _moved(found, moved, names)
            continue
        sweeps = [adjoints(g, targets, names=names, after_tensors=False) for g in found]
        found = [h for sweep in sweeps for h in finished([sweep[target] for target in targets])]
    if order > 1 and not along and not output.shape and length is not None:
        each = len(found) // len(wrt)
        whose = [pair for pair in zip(wrt, first, strict=True) for _ in range(each)]
        pairs = zip(found, whose, strict=True)
        parts = [by_parts(h, g, free.names[v], names) for h, (v, g) in pairs]
        found = [_shorter([h, *own, *in_groups(h)], length) for h, own in zip(found, parts, strict=True)]
    if passed:
        expr, found = told, by_statistics(found, passed, referred(told))
    # What is assumed of the variables holds again: Q'Q is I.
    if free is not lowered:
        expr, *found = tied([expr, *found], free, lowered)
        found = finished(found)
    opened = Opened(frozenset(names.given), names.bound)
    gradients = dict(zip(wrt, map(opened, first), strict=True))
    # Names that save nothing are taken back, and what is still repeated gets one.
    if length is not None:
        found = settled(found, names, length)
        used = {name for ref in referred(*found) for name in (ref.name, ref.of)}
        expr = Opened(names.given - used, names.bound)(expr)
        # What was opened to cancel is written by the user's name where it is left.
        shares = [r for r in referred(expr) if r.name not in names.given and is_share(r.node)]
        found = folded_by_names(written_by(found, shares), shares)
        # a name of ours for what the user's name stands for is none
        again = {ref.name for ref in referred(*found) if ref.name in names.given and isinstance(ref.node, Ref)}
        found = list(map(Opened(again, names.bound), found))
        expr, *found = with_named_numbers([expr, *found], names)
        if order > 1 and not along:
            expr, *found = numbered_anew([expr, *found], names)
        names.given &= {ref.name for ref in referred(expr, *found)}
    keys = product(wrt, repeat=1 if along else order)
    return Derivatives(expr, dict(zip(keys, found, strict=True)), gradients, names)


def _require_readable(output: Node, wrt: Sequence[Node], order: int) -> None:
    """A formula of more axes than are read is refused."""
    axes = len(output.shape) + order * max((len(node.shape) for node in wrt), default=0)
    if axes > _MOST_AXES:
        raise DerivationError(
            f"derive: order={order} by these variables is a formula of {axes} axes, and up to {_MOST_AXES} are "
            "written; contract them with directions, along="
        )


def _moved(found: Sequence[Expr], along: Mapping[Expr, str], names: FreeNames) -> list[Expr]:
    """How the expressions move where variables move by their tangents: named tensors, and gradients by them, too."""

    def named_tangent(ref: Ref, moved: Expr) -> Expr:
        if moved.weight <= _SHORT_TANGENT and ref.name in names.given:
            return moved
        (moved,) = folded_by_names([moved], [ref])  # a tanh is there again in its own derivative
        name = tangent_name(ref.name)
        own = names.ref(moved) if name in names.own else Ref(name, moved)
        # they stay: a reader meets each tangent beside its tensor
        names.given -= {ref.name, own.name}
        return own

    directions: dict[Expr, Expr] = {node: Leaf(name, node.sizes) for node, name in along.items()}
    known = tangents(found, directions, named_tangent, gradients=True)
    return finished([tangent(expr, known) for expr in found])


def tied(exprs: Sequence[Expr], free: Lowered, lowered: Lowered) -> list[Expr]:
    """The expressions with what is assumed of their variables, and with what is known of their names."""
    leaves = {free.expr(v): lowered.expr(v) for v in free.free if v.op is None}
    done: dict[Expr, Expr] = {}

    def rule(node: Expr) -> Expr:
        if isinstance(node, Ref) and node.free:
            return Ref(node.name, node.node, node.of)
        return leaves.get(node, node)

    return [transformed(expr, rule, done) for expr in exprs]


def target_in(wanted: Expr, refs: Mapping[str, Ref]) -> Expr:
    """The variable as it stands in the graph with names: a named tensor may hold new names inside."""
    return refs.get(wanted.name, wanted) if isinstance(wanted, Ref) else wanted


def _shorter(forms: Sequence[Expr], length: Length) -> Expr:
    """The form that is printed shortest, with what its names stand for.

    Functions count as letters: what stands in it several times will be named.
    """
    functions = [Ref("p", n) for n in postorder(*forms) if isinstance(n, Composite) and n.ndim]

    def whole(form: Expr) -> int:
        (form,) = folded_by_names([form], functions)
        return length(form) + sum(len(f"{r.name} = , ") + length(r.node) for r in referred(form))

    return min(forms, key=whole) if len(forms) > 1 else forms[0]
