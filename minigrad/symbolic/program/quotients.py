"""Quotients of exponentials as sigmoids, softmax and hyperbolic tangents, which do not overflow."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from minigrad.index.algebra import add, scale, subtract
from minigrad.index.contract import contract
from minigrad.index.expr import Expr, Factor, Map, Number, Product, Sum, is_constant
from minigrad.symbolic.program.functions import SIGMOID, TANH, bare, is_call


class Normalised(NamedTuple):
    """Exp of ``arg`` over its own sum along ``axes`` (softmax), or the log of that sum."""

    arg: Expr
    axes: tuple[int, ...]


def logistic(node: Product) -> Expr | None:
    """A quotient of polynomials in e^a and e^b over powers of e^a + e^b, by sigmoids of a - b."""
    for k, f in enumerate(node.factors):
        if not isinstance(f.exponent, int) or f.exponent >= 0 or not isinstance(f.node, Sum):
            continue
        pair = _two_exponentials(f.node)
        if pair is not None:
            others = [g for j, g in enumerate(node.factors) if j != k]
            found = _by_sigmoids(node, others, pair, f)
            if found is not None:
                return found
    return None


def _by_sigmoids(
    node: Product, others: Sequence[Factor], pair: list[tuple[Expr, Expr | None]], below: Factor
) -> Expr | None:
    """e^(a j) e^(b l) / (e^a + e^b)^(j + l) is sigmoid(a - b)^j sigmoid(b - a)^l."""
    (a, exp_a), (b, exp_b) = pair
    left = [g for g in others if not _is_one_of(g, (exp_a, exp_b), below.labels)]
    j, m = (_power_of(others, e, below.labels) if e is not None else None for e in (exp_a, exp_b))
    free = -below.exponent - (j or 0) - (m or 0)  # powers of the sum that nothing above has met
    difference = subtract(a, b)
    up, down = Map(SIGMOID, (difference,)), Map(SIGMOID, (scale(-1, difference),))
    operands: list[tuple[Expr, Sequence[int], int | Fraction]] = []
    if exp_a is None or exp_b is None:
        exponential = exp_b if exp_a is None else exp_a
        above, one = (down, up) if exp_a is None else (up, down)
        for k, g in enumerate(left):
            powers = _polynomial(g, exponential, below.labels)
            degree = max(powers, default=0)
            if degree and degree <= free:
                left[k] = Factor(_homogeneous(powers, above, one), g.labels)
                free -= degree
    else:
        for k, g in enumerate(left):
            both = _combination(g, (exp_a, exp_b), below.labels) if free > 0 else None
            if both is not None:
                half = Map(TANH, (scale(Fraction(1, 2), difference),))
                terms = [(both[0], up), (both[1], down)]
                odd = both[0] == -both[1]
                left[k] = Factor(scale(both[0], half) if odd else add(terms), g.labels)
                free -= 1
    above_a, above_b = free if j is None else j, free if m is None else m
    if (exp_a is not None and exp_b is not None and free) or min(free, above_a, above_b) < 0:
        return None
    operands = [(g.node, g.labels, g.exponent) for g in left]
    operands += [(s, below.labels, e) for s, e in ((up, above_a), (down, above_b)) if e]
    return contract(range(node.ndim), operands, node.coef, dict(enumerate(node.label_sizes)))


def _polynomial(f: Factor, exponential: Expr | None, labels: tuple[int, ...]) -> dict[int, Number]:
    """Coefficients by power, when the factor is a polynomial in the exponential; else nothing."""
    if f.exponent != 1 or f.labels != labels or not isinstance(f.node, Sum) or exponential is None:
        return {}
    found: dict[int, Number] = {}
    for coef, term in f.node.terms:
        power = 1 if term == exponential else None
        if isinstance(term, Product) and not term.summed:
            coef = coef * term.coef
            if not term.factors:
                power = 0
            elif len(term.factors) == 1 and term.factors[0].node == exponential:
                power = (
                    term.factors[0].exponent if isinstance(term.factors[0].exponent, int) else None
                )
        if power is None or power < 0:
            return {}
        found[power] = found.get(power, 0) + coef
    return found


def _combination(
    f: Factor, pair: tuple[Expr, Expr], labels: tuple[int, ...]
) -> tuple[Number, Number] | None:
    """The coefficients of a factor that is a sum of the two exponentials."""
    if f.exponent != 1 or f.labels != labels or not isinstance(f.node, Sum):
        return None
    found = {term: coef for coef, term in f.node.terms}
    return (found[pair[0]], found[pair[1]]) if found.keys() == set(pair) else None


def _homogeneous(powers: dict[int, Number], above: Expr, one: Expr) -> Expr:
    """The polynomial over the matching power of the sum: every term of the same degree."""
    degree, labels = max(powers), range(above.ndim)
    return add(
        [
            (
                coef,
                contract(
                    labels,
                    [(s, labels, e) for s, e in ((above, k), (one, degree - k)) if e],
                    1,
                    dict(enumerate(above.sizes)),
                ),
            )
            for k, coef in powers.items()
        ]
    )


def _two_exponentials(node: Sum) -> list[tuple[Expr, Expr | None]] | None:
    """(argument, the exponential) of two terms; 1 is the exponential of 0, with None for it."""
    found: list[tuple[Expr, Expr | None]] = []
    for coef, term in node.terms:
        exponential = bare(term)
        if isinstance(term, Product) and is_constant(term, 1) and coef == 1:
            found.append((scale(0, term), None))
        elif is_call(exponential, "exp") and coef == 1:
            found.append((exponential.args[0], term))
        else:
            return None
    return found if len(found) == 2 else None


def _power_of(factors: Sequence[Factor], node: Expr, labels: tuple[int, ...]) -> int:
    for f in factors:
        if f.node == node and f.labels == labels and isinstance(f.exponent, int):
            return f.exponent
    return 0


def _is_one_of(f: Factor, nodes: Sequence[Expr | None], labels: tuple[int, ...]) -> bool:
    return (
        f.labels == labels and isinstance(f.exponent, int) and any(f.node == n for n in nodes if n)
    )


def softmax_of(node: Product) -> Normalised | None:
    """The softmax that the product is, if that is all it is."""
    found = normalised_factor(node.factors)
    if found is None or node.coef != 1 or len(node.factors) != 2 or node.summed:
        return None
    k, below, normalised = found
    if node.factors[below].exponent != -1:
        return None
    return normalised if node.factors[k].labels == tuple(range(node.ndim)) else None


def normalised_factor(factors: Sequence[Factor]) -> tuple[int, int, Normalised] | None:
    """Two of the factors, e = exp(x) and a power of 1 / sum(e), and the softmax that they make."""
    for k, total in enumerate(factors):
        body = bare(total.node)
        whole = isinstance(total.exponent, int) and total.exponent < 0
        if not whole or not isinstance(body, Product):
            continue
        for j, part in enumerate(factors):
            exponential = bare(part.node)
            if part.exponent != 1 or not is_call(exponential, "exp"):
                continue
            axes = _summed_axes(body, exponential, part.labels, total.labels)
            if axes:
                return j, k, Normalised(exponential.args[0], axes)
    return None


def summed_exponentials(node: Expr) -> Normalised | None:
    """The argument and axes when the node is a sum of exponentials over axes."""
    body = bare(node)
    if not isinstance(body, Product) or body.coef != 1 or len(body.factors) != 1:
        return None
    (f,) = body.factors
    exponential = bare(f.node)
    if f.exponent != 1 or not is_call(exponential, "exp") or len(set(f.labels)) < len(f.labels):
        return None
    axes = tuple(a for a, label in enumerate(f.labels) if label >= body.ndim)
    kept = [label for label in f.labels if label < body.ndim]
    if not axes or kept != list(range(body.ndim)):
        return None
    return Normalised(exponential.args[0], axes)


def _summed_axes(
    total: Product, exponential: Expr, at_part: Sequence[int], at_total: Sequence[int]
) -> tuple[int, ...]:
    """The axes of the exponential that ``total`` sums, the others being where ``total`` stands."""
    if len(total.factors) != 1 or total.coef != 1:
        return ()
    (f,) = total.factors
    if bare(f.node) != exponential or f.exponent != 1 or len(set(f.labels)) < len(f.labels):
        return ()
    axes = tuple(a for a, label in enumerate(f.labels) if label >= total.ndim)
    fits = all(
        at_part[a] == at_total[label] for a, label in enumerate(f.labels) if label < total.ndim
    )
    return axes if fits else ()


# -- hyperbolic functions --------------------------------------------------------------------------------


def hyperbolic(node: Product) -> Expr | None:
    """Powers of sinh x over as many of cosh x are tanh x; 1 / cosh^2 x is 4 sigmoid(2x) sigmoid(-2x)."""
    for k, f in enumerate(node.factors):
        below = bare(f.node)
        if not is_call(below, "cosh") or not isinstance(f.exponent, int) or f.exponent >= 0:
            continue
        others = [g for j, g in enumerate(node.factors) if j != k]
        above = next((g for g in others if _is_sinh(g, below, f.labels)), None)
        rest = [(g.node, g.labels, g.exponent) for g in others if g is not above]
        left = -f.exponent
        if above is not None and isinstance(above.exponent, int):
            shared = min(left, above.exponent)
            left -= shared
            rest.append((Map(TANH, below.args), f.labels, shared))
            if above.exponent > shared:
                rest.append((above.node, above.labels, above.exponent - shared))
        elif left < 2:
            continue
        twice = scale(2, below.args[0])
        up, down = Map(SIGMOID, (twice,)), Map(SIGMOID, (scale(-1, twice),))
        rest += [(s, f.labels, left // 2) for s in (up, down) if left // 2]
        if left % 2:
            rest.append((f.node, f.labels, -1))
        coef = node.coef * 4 ** (left // 2)
        return contract(range(node.ndim), rest, coef, dict(enumerate(node.label_sizes)))
    return None


def _is_sinh(f: Factor, cosh: Map, labels: tuple[int, ...]) -> bool:
    inner = bare(f.node)
    same = is_call(inner, "sinh") and inner.args == cosh.args and f.labels == labels
    return same and isinstance(f.exponent, int) and f.exponent > 0
