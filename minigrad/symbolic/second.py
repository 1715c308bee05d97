"""Hessians written by the parts of the gradient: diag(g) − g pᵀ − p gᵀ for a softmax, with its gradient g.

A second derivative repeats the first one's sums, multiplied out and scattered over its terms. Each sum of
the gradient is looked for like a divisor in a polynomial: where one of its terms stands, the others are
taken from the rest, and what goes with them is the quotient.

With p = softmax(x) of 3 elements, Σ_i c_i p_i has the gradient t_i = p_i (c_i − Σ_j p_j c_j). Its Hessian,
derived, has four terms; with t in the place of what t is made of there are three:

>>> from minigrad.index.expr import Leaf
>>> from minigrad.notation.matrix import index_text
>>> from minigrad.symbolic.derive import adjoints
>>> from minigrad.symbolic.exponentials import softmax
>>> from minigrad.symbolic.simplify import finished
>>> x, c = Leaf("x", (3,)), Leaf("c", (3,))
>>> loss = contract("", [(c, "i"), (Ref("p", softmax(x, 1)), "i")])
>>> gradient = finished([adjoints(loss, [x])[x]])[0]
>>> hessian = finished([adjoints(gradient, [x])[x]])[0]
>>> index_text(gradient), len(hessian.terms)
('p_i (c_i − Σ_j p_j c_j)', 4)
>>> [index_text(form) for form in by_parts(hessian, gradient, "x", FreeNames())]
['t_i δ_ij − p_i t_j − p_j t_i']
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from fractions import Fraction
from itertools import combinations, islice

from minigrad.index.algebra import add, split_coefficient
from minigrad.index.contract import contract, symmetric, with_factors
from minigrad.index.expr import Expr, Factor, Number, Product, Ref, Sum, postorder
from minigrad.index.matching import Found, occurrences
from minigrad.index.numbers import magnitude, times
from minigrad.symbolic.expand import expanded, has_delta, multiplied_out
from minigrad.symbolic.factors import common_factors
from minigrad.symbolic.freenames import FreeNames

# Beyond this many terms a Hessian stays as it came: a reader is not helped by opening it.
_MOST_TERMS = 24
_MOST_WEIGHT = 60
# Of a sum of so many terms one or two may stand beside what the others share.
_MOST_GROUPED = 5
# So many choices of a common factor are tried at each level.
_MOST_WAYS = 3
Operand = tuple[Expr, Sequence[Hashable], "int | Fraction"]


def by_parts(hessian: Expr, gradient: Expr, key: str, names: FreeNames) -> list[Expr]:
    """Forms of the Hessian in which sums of the gradient stand as names.

    Parameters
    ----------
    hessian, gradient : derivatives of one scalar; the gradient is by the variable named ``key``.
    names : where the new names come from.
    """
    if hessian.weight > _MOST_WEIGHT:
        return []
    opened = multiplied_out(hessian, _MOST_TERMS)
    if not isinstance(opened, Sum):
        return []
    forms: list[Expr] = []
    for part in _parts(gradient):
        if part is gradient and "." not in key:
            ref = Ref(names.gradient(key), part, of=key)
            names.given.add(ref.name)
        else:
            ref = Ref(names.fresh(part), part)
        divided = _divided(opened, ref)
        if divided is not None:
            forms.extend(dict.fromkeys(_factors_outside(divided)))
    return [form for form in forms if form.weight <= hessian.weight + _MOST_WEIGHT]


def in_groups(derivative: Expr) -> list[Expr]:
    """Forms of a derivative multiplied out, with what all terms share outside, or all but one or two.

    A'(diag(p) − pp')A + I for A'diag(p)A − A'pp'A + I.
    """
    if derivative.weight > _MOST_WEIGHT:
        return []
    opened = expanded(derivative, lambda total: total.ndim > 1 or has_delta(total), _MOST_TERMS)
    if not isinstance(opened, Sum):
        return [] if opened == derivative else [opened]
    forms = [*_factors_outside(opened)]
    if derivative.ndim == 2 and len(opened.terms) <= _MOST_GROUPED:
        for count in range(1, min(2, len(opened.terms) - 2) + 1):
            for others in combinations(opened.terms, count):
                group = add([term for term in opened.terms if term not in others])
                if isinstance(group, Sum):
                    ways = islice(_factors_outside(group), 1, None)
                    forms.extend(add([(1, way), *others]) for way in ways)
    return [*dict.fromkeys(forms)]


def _parts(gradient: Expr) -> Iterator[Expr]:
    """Sums of the gradient, each with what multiplies it in every element: p ⊙ (c − pᵀc)."""
    seen: set[Expr] = set()
    for node in postorder(gradient):
        if not isinstance(node, Product):
            continue
        for f in node.factors:
            if not isinstance(f.node, Sum) or f.exponent != 1 or not f.node.ndim:
                continue
            place = sorted(set(f.labels))
            own = [g for g in node.factors if g.labels and set(g.labels) <= set(f.labels)]
            sizes = {k: node.label_sizes[k] for k in place}
            part = contract(place, [(g.node, g.labels, g.exponent) for g in own], 1, sizes)
            if part not in seen:
                seen.add(part)
                yield part
    if gradient not in seen and gradient.ndim:
        yield gradient


def _divided(total: Sum, ref: Ref) -> Sum | None:
    """The sum with the name in place of its terms wherever that leaves less to read."""
    body = multiplied_out(ref.node, _MOST_TERMS)
    if not isinstance(body, Sum) or not 2 <= len(body.terms) <= 4:
        return None
    leads = [(c, t if isinstance(t, Product) else _as_product(t)) for c, t in body.terms]
    current: Expr = total
    while isinstance(current, Sum):
        steps = (
            _replaced(current, term, coef, lead, lead_coef, body, ref, place)
            for coef, term in current.terms
            if isinstance(term, Product)
            for lead_coef, lead in leads
            for place in occurrences(
                term.factors, lead, symmetric, kept=frozenset(range(term.ndim))
            )
        )
        better = min(steps, key=_size, default=None)
        if better is None or _size(better) >= _size(current):
            break
        current = better
    return current if isinstance(current, Sum) and current is not total else None


def _size(node: Expr | None) -> int:
    """How much there is to read, terms counted."""
    if node is None:
        return 1 << 30
    return node.weight + (len(node.terms) if isinstance(node, Sum) else 1)


def _as_product(node: Expr) -> Product:
    return Product((Factor(node, tuple(range(node.ndim))),), 1, node.sizes, node.ndim, b"")


def _replaced(
    total: Sum,
    term: Product,
    coef: Number,
    lead: Product,
    lead_coef: Number,
    body: Sum,
    ref: Ref,
    found: Found,
) -> Expr | None:
    """The sum less rest * body, plus rest * name, where ``term`` is rest * the body's first term."""
    labels = [found.at[k] for k in range(lead.ndim)]
    if len(set(labels)) < len(labels):
        return None
    ratio = _quotient(times(coef, term.coef), times(lead_coef, lead.coef))
    if ratio is None:
        return None

    def beside(node: Expr) -> Expr:
        return with_factors(term, [*found.rest, (node, labels)], 1)

    taken = [(times(ratio, c), beside(part)) for c, part in body.terms]
    if not all(_contains(total, c, part) for c, part in taken):
        return None
    return add([*total.terms, *((times(-1, c), part) for c, part in taken), (ratio, beside(ref))])


def _contains(total: Sum, coef: Number, term: Expr) -> bool:
    """Whether the sum has the term at least ``coef`` times, with its sign."""
    own, rest = split_coefficient(term)
    wanted = times(coef, own)
    have = next((c for c, t in total.terms if t == rest), 0)
    return have * wanted > 0 and magnitude(wanted) <= magnitude(have)


def _quotient(a: Number, b: Number) -> Number | None:
    if isinstance(a, float) or isinstance(b, float):
        return None
    ratio = Fraction(a) / Fraction(b)
    return int(ratio) if ratio.denominator == 1 else ratio


def _factors_outside(total: Sum) -> Iterator[Expr]:
    """A'diag(g)A − A'gp'A as A'(diag(g) − gp')A: what is left inside may share a factor again."""
    yield total
    for found in islice(common_factors(total, split=True), _MOST_WAYS):
        yield found
        inner = [f for f in getattr(found, "factors", ()) if isinstance(f.node, Sum)]
        if len(inner) == 1 and inner[0].exponent == 1 and isinstance(found, Product):
            for way in _factors_outside(inner[0].node):
                factors = [f._replace(node=way) if f is inner[0] else f for f in found.factors]
                yield with_factors(found, factors)
