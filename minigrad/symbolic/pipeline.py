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

from minigrad.graph.node import Node
from minigrad.index.expr import Expr, MatrixFunction, Ref, referred
from minigrad.index.rebuild import transformed
from minigrad.symbolic.autoname import FreeNames, Opened, named, settled
from minigrad.symbolic.byname import folded_by_names
from minigrad.symbolic.derive import adjoints
from minigrad.symbolic.fold import recognised
from minigrad.symbolic.lower import Lowered, freed
from minigrad.symbolic.repetitions import Length
from minigrad.symbolic.second import by_parts
from minigrad.symbolic.short_sums import with_short_sums
from minigrad.symbolic.simplify import finished


@dataclass(frozen=True)
class Derivatives:
    """What was derived: ``formulas`` by a variable, or at order 2 by a pair, whose second comes last.

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
        1 or 2.
    length
        How long an expression is in print. Names that nobody gave are judged by it; without it there
        are none but for what is too long to read.
    short_sums
        Whether rowsum(P ⊙ dP) is written as rowsum(O ⊙ dO) where O is P V.

    Raises
    ------
    DerivationError
        When second derivatives by so many variables of so long a program are too many formulas.
    """
    # Variables vary freely: Q'Q is I for an orthogonal Q, and its derivative is not 0; no more is that of
    # sum P by a P that is a softmax.
    free = freed(lowered, output, wrt)
    names = free.automatic
    if order == 2:
        names.expect_second(len(wrt))
    # What is spelled out in exponentials is read as what it is: exp(x) / sum exp(x) is softmax(x).
    expr = recognised(free.expr(output))
    # Outputs of functions and quotients get names, by which their gradients can be written.
    if length is not None:
        expr = named(expr, names)
    refs = {ref.name: ref for ref in referred(expr)}
    targets = [_target(free.expr(variable), refs) for variable in wrt]
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
    # Each gradient is swept again for second derivatives, which are written by its parts where that is shorter.
    if order == 2:
        sweeps = [adjoints(g, targets, names=names, after_tensors=False) for g in first]
        rows = [finished([sweep[target] for target in targets]) for sweep in sweeps]
        if not output.shape and length is not None:
            whose = zip(rows, wrt, first, strict=True)
            rows = [
                [_shorter(h, g, free.names[v], names, length) for h in row] for row, v, g in whose
            ]
        found = [hessian for row in rows for hessian in row]
    # What is assumed of the variables holds again: Q'Q is I.
    if free is not lowered:
        expr, *found = _tied([expr, *found], free, lowered)
        found = finished(found)
    opened = Opened(frozenset(names.given), names.bound)
    gradients = dict(zip(wrt, map(opened, first), strict=True))
    # Names that save nothing are taken back, and what is still repeated gets one.
    if length is not None:
        found = settled(found, names, length)
        used = {name for ref in referred(*found) for name in (ref.name, ref.of)}
        expr = Opened(names.given - used, names.bound)(expr)
    keys = product(wrt, repeat=order)
    return Derivatives(expr, dict(zip(keys, found, strict=True)), gradients, names)


def _tied(exprs: Sequence[Expr], free: Lowered, lowered: Lowered) -> list[Expr]:
    """The expressions with what is assumed of their variables, and with what is known of their names."""
    leaves = {free.expr(v): lowered.expr(v) for v in free.free if v.op is None}
    done: dict[Expr, Expr] = {}

    def rule(node: Expr) -> Expr:
        if isinstance(node, Ref) and node.free:
            return Ref(node.name, node.node, node.of)
        return leaves.get(node, node)

    return [transformed(expr, rule, done) for expr in exprs]


def _target(wanted: Expr, refs: Mapping[str, Ref]) -> Expr:
    """The variable as it stands in the graph with names: a named tensor may hold new names inside."""
    return refs.get(wanted.name, wanted) if isinstance(wanted, Ref) else wanted


def _shorter(hessian: Expr, gradient: Expr, key: str, names: FreeNames, length: Length) -> Expr:
    """The Hessian, or the Hessian by parts of the gradient, whichever is printed shorter."""

    def whole(form: Expr) -> int:
        return length(form) + sum(len(f"{r.name} = , ") + length(r.node) for r in referred(form))

    forms = [hessian, *by_parts(hessian, gradient, key, names)]
    return min(forms, key=whole) if len(forms) > 1 else hessian
