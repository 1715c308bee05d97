"""Mixtures of exponentials written without them: their logarithms and quotients.

A quotient of two mixtures of the same exponentials is a sigmoid or a hyperbolic tangent, the logarithm
of one is a softplus or a logaddexp.

>>> from minigrad.index.expr import Leaf
>>> from minigrad.notation.matrix import index_text
>>> z = Leaf("z", (3,))
>>> with_one = {constant(0, (3,)): 1, z: 1}  # 1 + exp(z_i)
>>> index_text(logarithm(with_one)), index_text(ratio({z: 1}, with_one))
('softplus(z_i)', 'σ(z_i)')
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from minigrad.index import heads
from minigrad.index.algebra import add, constant, scale, subtract
from minigrad.index.contract import contract, with_factors
from minigrad.index.expr import (
    Expr,
    Leaf,
    Map,
    Number,
    Product,
    Sum,
    is_constant,
    is_definition,
    is_zero,
    postorder,
)
from minigrad.index.numbers import exact_power, magnitude, plus, times
from minigrad.index.pointwise import mapped
from minigrad.index.rebuild import substituted, transformed
from minigrad.symbolic.exponentials import Mixture, exponential, function, logarithm_of

LOGISTIC = "1/(1 + exp(-x))"
_HALF = Fraction(1, 2)


def logarithm(found: Mixture) -> Expr | None:
    """The logarithm of a mixture of positive weights; None where that has no better form."""
    if any(weight <= 0 for weight in found.values()) or all(map(is_zero, found)):
        return None
    zero = next((argument for argument in found if is_zero(argument)), None)
    total, *rest = [shifted(a, weight) for a, weight in found.items() if a is not zero]
    for other in rest:
        total = mapped(function("log(exp(x) + exp(y))", "logaddexp"), (total, other))
    if zero is None:
        return total
    base = logarithm_of(found[zero], total)
    return add([(1, base), (1, mapped(heads.part("softplus"), (subtract(total, base),)))])


def shifted(argument: Expr, weight: Number) -> Expr:
    """The argument of ``weight * exp(argument)`` as one exponential."""
    return add([(1, argument), (1, logarithm_of(weight, argument))])


def mixed(found: Mixture) -> Expr:
    """The sum of exponentials itself, with hyperbolic functions for pairs."""
    if len(found) == 2:
        (x, p), (y, q) = sorted(found.items(), key=lambda term: negated(term[0]))
        if y == scale(-1, x) and abs(p) == abs(q):
            name = "cosh" if p == q else "sinh"
            return scale(times(2, p), mapped(function(f"{name}(x)", name), (x,)))
    return add([(weight, exponential(argument)) for argument, weight in found.items()])


def ratio(upper: Mixture, lower: Mixture) -> Expr | None:
    """A quotient of two mixtures of the same exponentials, by a sigmoid or a hyperbolic tangent."""
    if any(weight <= 0 for weight in lower.values()):
        return None
    if not upper.keys() <= lower.keys():
        return _in_part(upper, lower)
    # what each exponential counts, and how much of all the exponentials it is
    parts: dict[Number, Mixture] = {}
    for argument, weight in lower.items():
        inverse = exact_power(weight, -1)
        assert inverse is not None
        parts.setdefault(times(upper.get(argument, 0), inverse), {})[argument] = weight
    like = next(iter(lower))
    if len(parts) == 1:
        return constant(next(iter(parts)), like.sizes)
    first, *others = parts.items()
    return _between(first, others[0], like) if len(others) == 1 else None


def _in_part(upper: Mixture, lower: Mixture) -> Expr | None:
    """sinh(x) / (1 + exp(x)) as σ(x) / 2 − exp(−x) (1 − σ(x)) / 2: what both have becomes a sigmoid."""
    shared = {argument: weight for argument, weight in upper.items() if argument in lower}
    zero = next(filter(is_zero, lower), None)
    if zero is None or not any(argument != zero for argument in shared):
        return None
    inside, rest = ratio(shared, lower), ratio({zero: 1}, lower)
    if inside is None or rest is None:
        return None
    labels = range(zero.ndim)
    others = [
        (weight, contract(labels, [(exponential(argument), labels), (rest, labels)]))
        for argument, weight in upper.items()
        if argument not in shared
    ]
    return add([(1, inside), *others])


def _between(first: tuple[Number, Mixture], second: tuple[Number, Mixture], like: Expr) -> Expr:
    """The numbers p and q weighted by mixtures A and B, by the logarithm of A / B."""
    (p, above), (q, below) = first, second
    zero = constant(0, like.sizes)
    logs = [logarithm(m) or logarithm_of(m[zero], like) for m in (above, below)]
    difference = subtract(*logs)
    with_one = zero in above or zero in below
    if (zero in above) if with_one else negated(difference):
        p, q, difference = q, p, scale(-1, difference)
    if p == -q:
        flipped = negated(difference)
        half = scale(-_HALF if flipped else _HALF, difference)
        return scale(-p if flipped else p, mapped(function("tanh(x)", "tanh"), (half,)))
    sigmoid = function(LOGISTIC, "special.expit")
    up = mapped(sigmoid, (difference,))
    if p == 0:
        down = mapped(sigmoid, (scale(-1, difference),))
        plain = with_one and not negated(difference)
        return scale(q, subtract(constant(1, like.sizes), up) if plain else down)
    return add([(q, constant(1, like.sizes)), (plus(p, times(-1, q)), up)])


def by_tanh(node: Expr) -> Expr:
    """σ(x) - σ(-x), and 2 σ(x) - 1 where half of x is no longer than x, are tanh(x/2)."""
    if not isinstance(node, Sum) or len(node.terms) != 2:
        return node
    for (p, a), (q, b) in (node.terms, node.terms[::-1]):
        x = _argument_of_sigmoid(a)
        if x is None:
            continue
        one = is_constant(b, 1) and 2 * q == -p and isinstance(x, Product) and x.coef % 2 == 0
        if one or (p == -q and _argument_of_sigmoid(b) == scale(-1, x)):
            p, x = (-p, scale(-1, x)) if negated(x) else (p, x)
            half = mapped(function("tanh(x)", "tanh"), (scale(_HALF, x),))
            return scale(times(p, _HALF) if one else p, half)
    return node


def by_sigmoids(node: Expr) -> Expr:
    """The sum by as few sigmoids as say it: σ(x) + σ(−x) is 1, and 1 − σ(−x) is σ(x)."""
    if not isinstance(node, Sum):
        return node
    for k, (c, term) in enumerate(node.terms):
        x = _argument_of_sigmoid(term)
        if x is None:
            continue
        turned = mapped(function(LOGISTIC, "special.expit"), (scale(-1, x),))
        others = [t for n, t in enumerate(node.terms) if n != k]
        if (c, turned) in others:
            others.remove((c, turned))
            return by_sigmoids(add([(c, constant(1, node.sizes)), *others]))
        one = next((t for t in others if t[0] == -c and is_constant(t[1], 1)), None)
        if one is not None and negated(x):
            others.remove(one)
            return by_sigmoids(add([(-c, turned), *others]))
    return by_tanh(node)


def without_lone_differences(roots: Sequence[Expr]) -> list[Expr]:
    """The expressions with 1 − σ(x) as σ(−x), where σ(x) stands nowhere else in any of them."""
    above: dict[Expr, list[Expr]] = {}
    for node in postorder(*roots, closed=is_definition):
        if isinstance(node, (Sum, Product, Map)):
            for child in node.children():
                if _argument_of_sigmoid(child) is not None:
                    above.setdefault(child, []).append(node)
    lone = {
        parents[0]: turned
        for parents in above.values()
        if len(parents) == 1 and (turned := without_difference(parents[0])) != parents[0]
    }
    done: dict[Expr, Expr] = {}
    return [substituted(root, lone, done) for root in roots] if lone else list(roots)


def by_one_sigmoid(roots: Sequence[Expr]) -> list[Expr]:
    """The expressions with σ(x) σ(−x) as p (1 − p), p = σ(x), for an x that does not start with a minus.

    That is the same for x and −x: where no other sigmoid is of x, a factor that is 1 or −1 is left out.
    """
    others: set[Expr] = set()  # of what there are sigmoids outside such products
    for node in postorder(*roots, closed=is_definition):
        pair = _both_sigmoids(node)
        for k, child in enumerate(node.children()):
            x = None if pair and k in pair[:2] else _argument_of_sigmoid(child)
            others.update([] if x is None else [x, scale(-1, x)])

    def rule(node: Expr) -> Expr:
        pair = _both_sigmoids(node)
        if pair is None or not isinstance(node, Product):
            return node
        k, m, x = pair
        p = mapped(function(LOGISTIC, "special.expit"), (x if x in others else _without_signs(x),))
        factors = [*node.factors]
        factors[k] = factors[k]._replace(node=p)
        factors[m] = factors[m]._replace(node=subtract(constant(1, p.sizes), p))
        return with_factors(node, factors)

    done: dict[Expr, Expr] = {}
    return [transformed(root, rule, done, is_definition) for root in roots]


def _both_sigmoids(node: Expr) -> tuple[int, int, Expr] | None:
    """Where σ(x) and σ(−x) stand in a product, and the x that does not start with a minus."""
    if not isinstance(node, Product):
        return None
    seen: dict[object, int] = {}
    for k, f in enumerate(node.factors):
        x = _argument_of_sigmoid(f.node)
        if x is None or f.exponent != 1:
            continue
        other = seen.get((scale(-1, x), f.labels))
        if other is not None:
            return other, k, scale(-1, x) if negated(x) else x
        seen[x, f.labels] = k
    return None


def _without_signs(x: Expr) -> Expr:
    """The product without what is 1 or −1 in every element."""
    if not isinstance(x, Product):
        return x
    kept = [
        f
        for f in x.factors
        if not (isinstance(f.node, Leaf) and "pm1" in f.node.assume and set(f.labels) <= set(range(x.ndim)))
    ]
    return with_factors(x, kept, magnitude(x.coef))


def _argument_of_sigmoid(node: Expr) -> Expr | None:
    return node.args[0] if isinstance(node, Map) and node.head.text == LOGISTIC else None


def negated(node: Expr) -> bool:
    """Whether the node starts with a minus."""
    if isinstance(node, Sum):
        return node.terms[0][0] < 0
    return isinstance(node, Product) and node.coef < 0


def without_difference(node: Expr) -> Expr:
    """1 − σ(x) as σ(−x), where it is to be as precise near 0."""
    if isinstance(node, Sum) and len(node.terms) == 2:
        for (p, a), (q, b) in (node.terms, node.terms[::-1]):
            x = _argument_of_sigmoid(a)
            if x is not None and p == -q and is_constant(b, 1):
                return scale(q, mapped(function(LOGISTIC, "special.expit"), (scale(-1, x),)))
    return node
