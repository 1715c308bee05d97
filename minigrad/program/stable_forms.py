"""Forms that neither overflow nor cancel: log of a sum of exponentials, sigmoids, softmax.

Each rule rewrites one expression into an equal one; what they look for is the meaning, so they also
apply to what a user writes out in exponentials and logarithms. log(1 + exp(x)) is infinite at x = 800 when
it is computed as written, since exp(800) is; as softplus it is max(x, 0) + log1p(exp(−|x|)) = 800. At
x = −40 it would be 0, as 1 + exp(−40) rounds to 1; softplus has exp(−40) = 4.2e-18. Likewise
log(softmax(x)) at x = (0, 800) is log(0) in its first element, and x − logsumexp(x) is −800.
"""

from __future__ import annotations

import math
from fractions import Fraction

from minigrad.index import facts
from minigrad.index.algebra import add, constant, scale, subtract
from minigrad.index.contract import contract, with_factors
from minigrad.index.expr import (
    Composite,
    Expr,
    Head,
    Leaf,
    Map,
    MatrixFunction,
    Product,
    Sum,
    is_constant,
    postorder,
)
from minigrad.index.heads import EQUAL, GREATER, GREATER_EQUAL, LEAST, SHARE, WHERE
from minigrad.index.matrix_row import matrix_row
from minigrad.program.functions import (
    COSH,
    EXP,
    EXPM1,
    LOG,
    LOG1P,
    MAXIMUM,
    MINIMUM,
    SOFTPLUS,
    bare,
    is_call,
    named_function,
)
from minigrad.program.stable_sums import split_one, squared_tanh
from minigrad.symbolic.exponentials import logsumexp, mixture, spread
from minigrad.symbolic.fold import log_of_weighted
from minigrad.symbolic.mixtures import logarithm, shifted

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
    """The x of x − y, or of a multiple of it; None where it is no difference, or x is a number."""
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
    varies = any(isinstance(n, Leaf) and n.kind == "data" for n in postorder(*(t for _, t in own)))
    return add(own) if varies and len(own) < len(terms) else None


# The logarithms that there are, by what their values are divided by.
_BASES = {"log": 1, "log1p": 1, "log2": 2, "log10": 10}


def stable_map(node: Map) -> Expr | None:
    """Logarithms of what is a sigmoid, a softmax or near one, in another form; else None."""
    name = named_function(node.head)
    if name not in _BASES:
        return None
    arg = bare(node.args[0])
    if name == "log1p":
        arg = add([(1, constant(1, arg.sizes)), (1, arg)])
    natural = _logarithm(arg)
    if natural is None and name == "log" and isinstance(arg, Sum):
        one, rest = split_one(arg)
        return Map(LOG1P, (add(rest),)) if one == 1 and rest else None
    if natural is None or _BASES[name] == 1:
        return natural
    axes = range(node.ndim)
    return contract(axes, [(natural, axes), (Map(LOG, (constant(_BASES[name]),)), (), -1)])


def _logarithm(arg: Expr) -> Expr | None:
    """The natural logarithm of what is a sigmoid, a softmax, a difference of exponentials; else None."""
    inner = _sigmoid_argument(arg)
    if inner is not None:
        return scale(-1, Map(SOFTPLUS, (scale(-1, inner),)))
    if is_call(arg, "cosh"):
        return logarithm(mixture(arg) or {})
    if isinstance(arg, Composite) and arg.definition.operation == "softmax":
        (x,) = arg.args
        total = logsumexp(x, len(arg.reduced))
        return subtract(x, spread(total, range(total.ndim), x))
    if isinstance(arg, Sum):
        found = _log_of_sum(arg)
        if found is not None:
            return found
    if isinstance(arg, Product):
        found = log_of_weighted(arg) if arg.summed else _log_of_product(arg)
        if found is not None:
            return found
    return _log_of_difference(arg)


def _log_of_sum(arg: Sum) -> Expr | None:
    """Log of 1 − σ(x), and of 1 − tanh(x)², which is −2 log cosh(x)."""
    one, rest = split_one(arg)
    if len(rest) != 1 or one != 1 or rest[0][0] != -1:
        return None
    ((_, term),) = rest
    inner, squared = _sigmoid_argument(term), squared_tanh(term)
    if inner is not None:
        return scale(-1, Map(SOFTPLUS, (inner,)))
    return None if squared is None else scale(-2, Map(LOG, (Map(COSH, (squared,)),)))


def _log_of_product(arg: Product) -> Expr | None:
    """The logarithms of a product's factors apart, where one of them has a form of its own."""
    axes = range(arg.ndim)
    known = [
        (f, log) for f in arg.factors if f.labels and (log := _logarithm(bare(f.node))) is not None
    ]
    if not known or arg.coef <= 0:
        return None
    taken = [f for f, _ in known]
    left = [f for f in arg.factors if f not in taken]
    terms = [(f.exponent, spread(log, f.labels, arg)) for f, log in known]
    if left or arg.coef != 1:
        rest = contract(axes, left, arg.coef, dict(enumerate(arg.sizes)))
        terms.append((1, Map(LOG, (rest,))))
    return add(terms)


def _log_of_difference(arg: Expr) -> Expr | None:
    """Log of p exp(a) − p exp(b), which is log p + a + log(1 − exp(b − a)): neither overflows.

    At u = −40 the logarithm of 1 − exp(u) is that of 1 in floats, and −exp(u) by log1p; close to 0,
    1 − exp(u) has few digits, and −expm1(u) all of them.
    """
    found = mixture(arg) or {}
    if len(found) != 2 or sum(found.values()) != 0:
        return None
    (b, _), (a, weight) = sorted(found.items(), key=lambda term: term[1])
    u, half = subtract(b, a), Map(LOG, (constant(Fraction(1, 2), a.sizes),))
    if isinstance(u, Map) and u.head in (MAXIMUM, MINIMUM):
        return None
    near = Map(LOG, (scale(-1, Map(EXPM1, (Map(MAXIMUM, (u, half)),))),))
    far = Map(LOG1P, (scale(-1, Map(EXP, (Map(MINIMUM, (u, half)),))),))
    small = Map(WHERE, (Map(GREATER, (u, half)), near, far))
    return add([(1, shifted(a, weight)), (1, small)])


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
            return with_factors(node, [h for h in left if h[2]])
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
            if not {*g.labels} <= {*f.labels} or g.exponent != 1 or g is f:
                continue
            if is_call(other, "log") and bare(_spread(other.args[0], g.labels, f.labels, x)) == bare(x):
                vanishing = _both(at_zero, Map(GREATER_EQUAL, (y, constant(0, y.sizes))))
                return _with(node, k, Map(LOG, (_one_where(vanishing, x),)), f.labels)
            if g.labels != f.labels:
                continue
            if at_zero is not None and y == subtract(other, constant(1, y.sizes)):
                constants = _both(at_zero, Map(EQUAL, (other, constant(0, y.sizes))))
                safe = Map(power.head, (_one_where(constants, x), y))
                return _with(node, node.factors.index(f), safe)
    return None


def _spread(part: Expr, labels: tuple[int, ...], whole: tuple[int, ...], like: Expr) -> Expr:
    """The part, repeated along the labels of the whole that it has not."""
    if labels == whole:
        return part
    return contract(whole, [(part, labels)], 1, dict(zip(whole, like.sizes, strict=True)))


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
        return with_factors(node, [*left, (safe, labels, -1)])
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


def _with(
    node: Product, k: int, other: Expr, labels: tuple[int, ...] | None = None
) -> Expr:
    """The product with another k-th factor, at its labels or others."""
    factors = [
        f._replace(node=other, labels=f.labels if labels is None else labels) if n == k else f
        for n, f in enumerate(node.factors)
    ]
    return with_factors(node, factors)


def _is_safe(x: Expr) -> bool:
    return facts.positive(x) or (isinstance(x, Map) and x.head == WHERE)
