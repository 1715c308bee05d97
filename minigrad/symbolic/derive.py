"""Derivation: an adjoint sweep over the language. It reads no row's VJP.

The adjoint of a node is the gradient of the output by it, with the output's axes first. A product's
adjoint is a product, a map's is a map by SymPy's own scalar derivative; a composite is swept through its
definition once and its rule kept; a matrix function's row declares its differential.

For L = Σ_ij c_i A_ij x_j with A of 2 × 3, the adjoint of the product A x is c, and the product passes on
to each of its factors what stands beside it:

>>> from minigrad.notation.matrix import index_text
>>> A, x, c = Leaf("A", (2, 3)), Leaf("x", (3,)), Leaf("c", (2,))
>>> product = contract("i", [(A, "ij"), (x, "j")])
>>> found = adjoints(contract("", [(c, "i"), (product, "i")]), [A, x])
>>> index_text(found[A]), index_text(found[x])
('c_i x_j', 'Σ_j c_j A_ji')

The output A x itself is derived by a delta for each of its axes, which lead in the result: ∂(A x)_i / ∂A_jk.

>>> index_text(adjoints(product, [A])[A])
'x_k δ_ij'
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from functools import cache, lru_cache

from minigrad.errors import DerivationError
from minigrad.index import heads
from minigrad.index.affine import AffineRelation, OneHot, delta, is_a
from minigrad.index.algebra import add, constant
from minigrad.index.contract import contract
from minigrad.index.expr import (
    Composite,
    Definition,
    Expr,
    Leaf,
    Map,
    MatrixFunction,
    Pick,
    Product,
    Reduction,
    Ref,
    Sum,
    is_constant,
    postorder,
)
from minigrad.index.matrices.rules import matrix_adjoint
from minigrad.index.rebuild import substituted
from minigrad.index.size import AnySize
from minigrad.symbolic.adjoint_rules import map_adjoint, product_adjoint, reduction_adjoint
from minigrad.symbolic.expand import multiplied_out
from minigrad.symbolic.exponentials import behind, mixture
from minigrad.symbolic.factors import factored
from minigrad.symbolic.freenames import FreeNames
from minigrad.symbolic.rational import divisors
from minigrad.symbolic.simplify import simplified

# An adjoint with no more to read than this is repeated rather than named.
_SHORT = 3


def adjoints(
    output: Expr,
    wrt: Sequence[Expr],
    seed: Expr | None = None,
    extra: int = 0,
    names: FreeNames | None = None,
    after_tensors: bool = True,
    through: bool = True,
) -> dict[Expr, Expr]:
    """The adjoint of every node of ``wrt``: axes are the output's (``extra`` of a seed), then its own.

    Parameters
    ----------
    output : the node to derive.
    wrt : variables, or named nodes.
    seed : the output's own adjoint; by default 1, or deltas where the output has axes.
    extra : leading axes of ``seed`` that belong to something before the output.
    names : where adjoints are to have names: those that nobody gave. A short adjoint of such a tensor stays
        open, so that it may cancel.
    after_tensors : whether adjoints are named after their tensors (dQ for Q), as those of a loss are; else
        only long ones get a name, a fresh one.
    through : whether a named node of ``wrt`` passes its adjoint on to what it stands for.
    """
    if seed is None:
        seed, extra = identity_seed(output), output.ndim
    after_tensors = after_tensors and not extra
    order = list(postorder(output))
    rank = {node: k for k, node in enumerate(order)}
    wanted = set(wrt)
    active = _depends(order, wanted)
    inflow: dict[Expr, list[tuple[int, int, Expr]]] = {output: [(0, 0, seed)]}
    result: dict[Expr, Expr] = {}
    name = _Naming(names, after_tensors)
    simple = cache(simplified)
    for node in reversed(order):
        arrived = inflow.pop(node, None)
        if arrived is None or node not in active:
            continue
        total = simple(add([(1, expr) for *_, expr in sorted(arrived, key=lambda a: a[:2])]))
        if node in wanted:
            result[node] = total
        if is_constant(total, 0) or (node in wanted and not through):
            continue
        if isinstance(node, Ref) and node.node in wanted:  # what it names collects its own adjoint
            flow = [(node.node, total)]
        elif names is not None and not isinstance(node, Ref) and names.bound.is_passed(total):
            flow = _shorter(node, (total, names.ref(total)), active, extra, node, simple)
        else:
            flow = _passed_on(node, total, active, extra, name, simple)
        for child, expr in flow:
            inflow.setdefault(child, []).append((rank[node], len(inflow.get(child, ())), expr))
    for node in wrt:
        result.setdefault(node, constant(0, (*seed.sizes[:extra], *node.sizes)))
    return result


class _Elementwise:
    """Whether a node is made elementwise all the way down: of no contraction, and of no delta but a unit vector."""

    def __init__(self) -> None:
        self.seen: set[Expr] = set()
        self.others: set[Expr] = set()

    def __call__(self, root: Expr) -> bool:
        for node in postorder(root, seen=self.seen):
            joins = isinstance(node, AffineRelation) and not is_a(node, OneHot)
            own = joins or (isinstance(node, Product) and node.summed)
            if own or not self.others.isdisjoint(node.children()):
                self.others.add(node)
        return root not in self.others


def identity_seed(output: Expr) -> Expr:
    """D output / d output: a delta per axis, so 1 for a scalar."""
    n = output.ndim
    deltas = [(delta(s), (k, n + k)) for k, s in enumerate(output.sizes)]
    return contract(range(2 * n), deltas)


def _depends(order: Iterable[Expr], targets: Collection[Expr]) -> set[Expr]:
    """The nodes through which a variable reaches the output."""
    active: set[Expr] = set()
    for node in order:
        children = node.children() if not isinstance(node, Pick) else ()
        if node in targets or any(child in active for child in children):
            active.add(node)
    return active


def _passed_on(
    node: Expr,
    total: Expr,
    active: set[Expr],
    extra: int,
    name: Callable[[Ref, Expr], Expr],
    simple: Callable[[Expr], Expr],
) -> list[tuple[Expr, Expr]]:
    """What flows on to the children; through a name only where the name does not hide a cancellation."""
    if not isinstance(node, Ref):
        return contributions(node, total, active, extra, node)
    inner = node.node
    if inner not in active:
        return []
    if _is_divided_by(total, node):  # what is as small or as large as it likes cancels
        if _grows(inner):
            return contributions(inner, total, active, extra, node)
        if is_share(inner):
            return contributions(inner, substituted(total, {node: inner}), active, extra, inner)
    named = total if is_constant(total) or isinstance(total, Ref) else name(node, total)
    if named is total:
        return contributions(inner, total, active, extra, node)
    return _shorter(inner, (total, named), active, extra, node, simple)


def is_share(node: Expr) -> bool:
    """Whether the node is a product with a softmax or the like, as exp(x) / (1 + Σ exp(x)) is."""
    return isinstance(node, Product) and any(_grows(behind(f.node)) for f in node.factors)


def _grows(node: Expr) -> bool:
    return isinstance(node, Composite) or (isinstance(node, Map) and mixture(node) is not None)


def _shorter(
    node: Expr,
    choice: tuple[Expr, Expr],
    active: set[Expr],
    extra: int,
    output: Expr,
    simple: Callable[[Expr], Expr],
) -> list[tuple[Expr, Expr]]:
    """What flows on of an adjoint written out, where that is less to read than with its name or than itself.

    Where it is less than itself, or divides by less, something cancels, as p (1 − p) of a sigmoid below a cross-entropy; by
    the name it would be 0 / 0 at p = 1.
    """
    flows = [contributions(node, total, active, extra, output) for total in choice]
    opened, kept = (_to_read([simple(expr) for _, expr in flow]) for flow in flows)
    return flows[0] if opened < max(kept, _to_read(choice[:1])) else flows[1]


def _to_read(exprs: Sequence[Expr]) -> tuple[int, int]:
    """How much there is to read, and how much of it is divided by what has axes."""
    return sum(e.weight for e in exprs), sum(below.ndim > 0 for e in exprs for below in divisors(e))


class _Naming:
    """The names of adjoints."""

    def __init__(self, names: FreeNames | None, after_tensors: bool) -> None:
        self.names, self.after_tensors = names, after_tensors
        self.is_elementwise = _Elementwise()

    def __call__(self, node: Ref, total: Expr) -> Expr:
        """The adjoint of a named node behind a name, or as it is where it needs none."""
        if self.names is None:
            return total
        if not self.after_tensors:
            return self.names.ref(total) if self.names.bound.is_passed(total) else total
        is_short = node.name in self.names.given and total.weight <= _SHORT
        if is_short and self.is_elementwise(total):
            return total
        return Ref(self.names.gradient(node.name), total, of=node.name)


# -- one rule per kind of node ---------------------------------------------------------------------


def contributions(
    node: Expr,
    g: Expr,
    active: set[Expr],
    extra: int,
    output: Expr,
) -> list[tuple[Expr, Expr]]:
    """The terms that a node's adjoint ``g`` sends to its children; ``output`` is how to write the node."""
    match node:
        case Ref():
            return [(node.node, g)] if node.node in active else []
        case Sum():
            return [
                (term, contract(range(g.ndim), [(g, range(g.ndim))], c))
                for c, term in node.terms
                if term in active
            ]
        case Product():
            return [
                (f.node, product_adjoint(node, k, g, extra, output))
                for k, f in enumerate(node.factors)
                if f.node in active
            ]
        case Map():
            return [
                (arg, map_adjoint(node, k, g, extra, output))
                for k, arg in enumerate(node.args)
                if arg in active
            ]
        case Composite():
            return [
                (arg, _composite_adjoint(node, k, g, extra, output))
                for k, arg in enumerate(node.args)
                if arg in active
            ]
        case Reduction():
            return reduction_adjoint(node, g, extra)
        case MatrixFunction():
            return [(node.arg, matrix_adjoint(node, g, extra, output))]
        case Leaf() | AffineRelation() | Pick():
            return []
    raise DerivationError(f"{type(node).__name__}: this node has no adjoint rule")


# -- composites --------------------------------------------------------------------------------------

_G, _OUT, _Z = "·G", "·out", "·Z"


def _composite_adjoint(node: Composite, k: int, g: Expr, extra: int, output: Expr) -> Expr:
    if node.definition.adjoint is not None:
        return node.definition.adjoint(node, k, g, extra, output)
    shapes = tuple(arg.sizes for arg in node.args)
    template = _composite_rule(_Hashable(node.definition), shapes, node.sizes, k, g.sizes[:extra])
    values: dict[Expr, Expr] = {_argument(j, arg.sizes): arg for j, arg in enumerate(node.args)}
    values[Leaf(_G, (*g.sizes[:extra], *node.sizes))] = g
    values[Leaf(_OUT, node.sizes)] = output
    result = substituted(template, values)
    # p ⊙ (g − pᵀ g) opened: p and a g that is divided by p meet
    return multiplied_out(result) if _is_divided_by(g, output) else result


def _is_divided_by(g: Expr, output: Expr) -> bool:
    """Whether an adjoint has its tensor below a fraction bar, where that may be as small as it likes."""
    if isinstance(g, Sum):
        return any(_is_divided_by(term, output) for _, term in g.terms)
    return isinstance(g, Product) and any(
        f.node == output if f.exponent < 0 else _is_divided_by(f.node, output) for f in g.factors
    )


class _Hashable:
    """A definition as a cache key: its name, its parameters and what builds it."""

    def __init__(self, definition: Definition) -> None:
        self.definition = definition
        self.key = (definition.name, definition.params, definition.facts, definition.owner)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Hashable) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)


def _argument(position: int, sizes: tuple[AnySize, ...]) -> Leaf:
    return Leaf(f"·{position}", sizes)


@lru_cache(heads.KEPT)
def _composite_rule(
    wrapped: _Hashable,
    shapes: tuple[tuple[AnySize, ...], ...],
    sizes: tuple[AnySize, ...],
    k: int,
    lead: tuple[AnySize, ...],
) -> Expr:
    """The adjoint by argument k, in placeholders for the arguments, the output and its adjoint."""
    arguments = [_argument(j, shape) for j, shape in enumerate(shapes)]
    body = wrapped.definition.build(*arguments)
    seed = Leaf(_G, (*lead, *sizes))
    output = Leaf(_OUT, sizes)
    rule = adjoints(body, [arguments[k]], seed, len(lead))[arguments[k]]
    rule = substituted(
        rule, {Composite(wrapped.definition, tuple(arguments), sizes): output, body: output}
    )
    return factored(simplified(_by_output(rule, body, output)))


def _by_output(rule: Expr, body: Expr, output: Expr) -> Expr:
    """With the output n / z (or n / root z), write n as output * z: then z cancels."""
    if not isinstance(body, Product) or len(body.factors) != 2 or body.summed or body.coef != 1:
        return rule
    upper, lower = sorted(body.factors, key=lambda f: -f.exponent)
    if upper.exponent != 1 or lower.exponent >= 0 or upper.labels != tuple(range(body.ndim)):
        return rule
    z = Leaf(_Z, lower.node.sizes)
    root = (z, lower.labels, -lower.exponent)
    whole = contract(range(body.ndim), [(output, range(body.ndim)), root])
    by_z = substituted(rule, {lower.node: z})
    return substituted(substituted(by_z, {upper.node: whole}), {z: lower.node})
