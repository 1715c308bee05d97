"""Forms that neither overflow nor cancel: log of a sum of exponentials, sigmoids, softmax.

Each rule rewrites one expression into an equal one; what they look for is the meaning, so they also
apply to what a user writes out in exponentials and logarithms. log(1 + exp(x)) is infinite at x = 800 when
it is computed as written, since exp(800) is; as softplus it is max(x, 0) + log1p(exp(−|x|)) = 800. At
x = −40 it would be 0, as 1 + exp(−40) rounds to 1; softplus has exp(−40) = 4.2e-18. Likewise
log(softmax(x)) at x = (0, 800) is log(0) in its first element, and x − logsumexp(x) is −800.
"""

from __future__ import annotations

import math

from minigrad.index import facts
from minigrad.index.algebra import add, constant, scale, subtract
from minigrad.index.contract import contract
from minigrad.index.expr import (
    Composite,
    Expr,
    Head,
    Map,
    MatrixFunction,
    Number,
    Product,
    Sum,
    is_constant,
)
from minigrad.index.heads import EQUAL, GREATER_EQUAL, LEAST, SHARE, WHERE
from minigrad.index.matrix_row import matrix_row
from minigrad.program.functions import (
    EXPM1,
    LOG,
    LOG1P,
    MAXIMUM,
    SIGMOID,
    SOFTPLUS,
    bare,
    is_call,
    is_head,
)
from minigrad.symbolic.exponentials import logsumexp, mixture, spread
from minigrad.symbolic.fold import log_of_weighted
from minigrad.symbolic.mixtures import logarithm

# What p (1 − p) is at least below a residual, as in the engine's cross-entropy.
LEAST_SPREAD = 1e-12


def at_points(node: Map) -> Expr | None:
    """A function that its parameters change at single points, by others that they do not; else None."""
    params = dict(node.head.params)
    least, share = params.pop(LEAST, None), params.pop(SHARE, None)
    whole = Map(Head(node.head.name, node.head.text, tuple(params.items())), node.args)
    if least is not None:
        return Map(MAXIMUM, (whole, constant(least, node.sizes)))
    if share is None:
        return None
    own = _positive_terms(node.args[0])
    if own is None:
        return whole
    nothing = Map(EQUAL, (own, constant(-math.inf, node.sizes)))
    return Map(WHERE, (nothing, constant(0, node.sizes), whole))


def _positive_terms(arg: Expr) -> Expr | None:
    """The x of x − y, or of a multiple of it; None where it is no difference."""
    inner, sign = bare(arg), 1
    while isinstance(inner, Product) and len(inner.factors) == 1:
        (f,) = inner.factors
        if f.exponent != 1 or f.labels != tuple(range(inner.ndim)):
            return None
        sign = sign if inner.coef > 0 else -sign
        inner = bare(f.node)
    if not isinstance(inner, Sum):
        return None
    terms = [(sign * c, term) for c, term in inner.terms if not is_constant(term)]
    own = [(c, term) for c, term in terms if c > 0]
    return add(own) if 0 < len(own) < len(terms) else None


def stable_map(node: Map) -> Expr | None:
    """Logarithms of what is a sigmoid, a softmax or near one, in another form; else None."""
    arg = bare(node.args[0])
    if not is_head(node.head, "log"):
        return None
    inner = _sigmoid_argument(arg)
    if inner is not None:
        return scale(-1, Map(SOFTPLUS, (scale(-1, inner),)))
    if is_call(arg, "cosh"):
        return logarithm(mixture(arg) or {})
    if isinstance(arg, Sum):
        return _log_of_sum(arg)
    weighted = log_of_weighted(arg)
    if weighted is not None:
        return weighted
    if isinstance(arg, Composite) and arg.definition.operation == "softmax":
        (x,) = arg.args
        total = logsumexp(x, len(arg.reduced))
        return subtract(x, spread(total, range(total.ndim), x))
    return None


def _log_of_sum(arg: Sum) -> Expr | None:
    one, rest = _split_one(arg)
    if one != 1 or not rest:
        return None
    if len(rest) == 1:
        coef, term = rest[0]
        inner = _sigmoid_argument(bare(term))
        if coef == -1 and inner is not None:
            return scale(-1, Map(SOFTPLUS, (inner,)))
    return Map(LOG1P, (add(rest),))


def stable_sum(node: Sum) -> Expr | None:
    """C exp(x) - c is c expm1(x), and c - c sigmoid(x) is c sigmoid(-x)."""
    one, rest = _split_one(node)
    if one == 0:
        return None
    for k, (coef, term) in enumerate(rest):
        if coef == -one and is_call(term, "exp"):
            others = rest[:k] + rest[k + 1 :]
            return add([(coef, Map(EXPM1, term.args)), *others])
        inner = _sigmoid_argument(term) if coef == -one else None
        if inner is not None:
            others = rest[:k] + rest[k + 1 :]
            return add([(one, Map(SIGMOID, (scale(-1, inner),))), *others])
    return None


def _split_one(node: Sum) -> tuple[Number, list[tuple[Number, Expr]]]:
    """The constant among the terms, and the others."""
    one: Number = 0
    rest: list[tuple[Number, Expr]] = []
    for coef, term in node.terms:
        if isinstance(term, Product) and is_constant(term):
            one = one + coef * term.coef
        else:
            rest.append((coef, term))
    return one, rest


def _sigmoid_argument(node: Expr) -> Expr | None:
    """The z with node = sigmoid(z), however it is written."""
    node = bare(node)
    if is_call(node, "sigmoid"):
        return node.args[0]
    return None


def by_cofactors(node: Product) -> Expr | None:
    """Det X times an inverse of X by cofactors, which exist also where X has no inverse."""
    for k, f in enumerate(node.factors):
        inverse = bare(f.node)
        if not isinstance(inverse, MatrixFunction) or inverse.row.name != "inv" or f.exponent != 1:
            continue
        value = MatrixFunction(matrix_row("det"), inverse.arg)
        for j, g in enumerate(node.factors):
            if bare(g.node) != value or g.labels != f.labels[:-2] or g.exponent < 1:
                continue
            (*batch, row, column) = f.labels
            made = MatrixFunction(matrix_row("cofactors"), inverse.arg), (*batch, column, row), 1
            left = [
                made if n == k else (h.node, h.labels, h.exponent - (n == j))
                for n, h in enumerate(node.factors)
            ]
            sizes = dict(enumerate(node.label_sizes))
            return contract(range(node.ndim), [h for h in left if h[2]], node.coef, sizes)
    return None


def by_limits(node: Product) -> Expr | None:
    """The slopes of x^y as their limits at 0: x^y log x is 0 there for y >= 0, y x^(y - 1) for y = 0."""
    for f in node.factors:
        power = bare(f.node)
        if f.exponent != 1 or not is_call(power, "power") or _is_safe(power.args[0]):
            continue
        x, y = power.args
        at_zero = Map(EQUAL, (x, constant(0, x.sizes))) if not is_constant(x) else None
        for k, g in enumerate(node.factors):
            other = bare(g.node)
            if g.labels != f.labels or g.exponent != 1 or g is f:
                continue
            if is_call(other, "log") and bare(other.args[0]) == bare(x):
                vanishing = _both(at_zero, Map(GREATER_EQUAL, (y, constant(0, y.sizes))))
                return _with(node, k, Map(LOG, (_one_where(vanishing, x),)))
            if at_zero is not None and y == subtract(other, constant(1, y.sizes)):
                constants = _both(at_zero, Map(EQUAL, (other, constant(0, y.sizes))))
                safe = Map(power.head, (_one_where(constants, x), y))
                return _with(node, node.factors.index(f), safe)
    return None


def by_bounds(node: Product) -> Expr | None:
    """(p − y) / (p (1 − p)), the slope of a cross-entropy, is 0 and not 0 / 0 at p = y = 0 or 1."""
    below = {f.node: k for k, f in enumerate(node.factors) if f.exponent == -1}
    below |= {bare(f): k for f, k in below.items()}
    for p, k in below.items():
        rest = subtract(constant(1, p.sizes), p)
        j = below.get(rest)
        labels = node.factors[k].labels
        if j is None or node.factors[j].labels != labels or not _has_residual(node, p, labels):
            continue
        axes = range(p.ndim)
        both = contract(axes, [(p, axes), (rest, axes)])
        safe = Map(MAXIMUM, (both, constant(LEAST_SPREAD, p.sizes)))
        left = [
            (f.node, f.labels, f.exponent) for n, f in enumerate(node.factors) if n not in (j, k)
        ]
        sizes = dict(enumerate(node.label_sizes))
        return contract(range(node.ndim), [*left, (safe, labels, -1)], node.coef, sizes)
    return None


def _has_residual(node: Product, p: Expr, labels: tuple[int, ...]) -> bool:
    """Whether a factor is p − y, for some y."""
    sums = [bare(f.node) for f in node.factors if f.labels == labels and f.exponent == 1]
    return any(
        isinstance(s, Sum) and any(abs(c) == 1 and p in (term, bare(term)) for c, term in s.terms)
        for s in sums
    )


def _both(first: Expr | None, second: Expr) -> Expr:
    labels = range(second.ndim)
    return second if first is None else contract(labels, [(first, labels), (second, labels)])


def _one_where(condition: Expr, x: Expr) -> Expr:
    return Map(WHERE, (condition, constant(1, x.sizes), x))


def _with(node: Product, k: int, other: Expr) -> Expr:
    factors = [f._replace(node=other) if n == k else f for n, f in enumerate(node.factors)]
    return contract(range(node.ndim), factors, node.coef, dict(enumerate(node.label_sizes)))


def _is_safe(x: Expr) -> bool:
    return facts.positive(x) or (isinstance(x, Map) and x.head == WHERE)
