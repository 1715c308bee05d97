"""Hessians written by the parts of the gradient: diag(g) − g pᵀ − p gᵀ for a softmax, with its gradient g.

A second derivative repeats the first one's sums, multiplied out and scattered over its terms. Each sum of
the gradient is looked for like a divisor in a polynomial: where one of its terms stands, the others are
taken from the rest, and what goes with them is the quotient.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from fractions import Fraction

from minigrad.index.algebra import add, split_coefficient
from minigrad.index.contract import contract
from minigrad.index.expr import Expr, Factor, Number, Product, Ref, Sum, postorder
from minigrad.index.matching import occurrences
from minigrad.index.numbers import times
from minigrad.symbolic.simplify import common_factor

# Beyond this many terms a Hessian stays as it came: a reader is not helped by opening it.
_MOST_TERMS = 24
Operand = tuple[Expr, Sequence[Hashable], "int | Fraction"]


def by_parts(
    hessian: Expr, gradient: Expr, key: str, fresh: Callable[[Expr], str], scalar: bool
) -> list[Expr]:
    """Forms of the Hessian in which sums of the gradient stand as names; the best is for a printer to choose."""
    opened = multiplied_out(hessian)
    if not isinstance(opened, Sum):
        return []
    forms: list[Expr] = []
    whole = Ref(f"d{key}", gradient, of=key) if scalar and "." not in key else None
    for part in _parts(gradient):
        ref = whole if whole is not None and part is gradient else Ref(fresh(part), part)
        divided = _divided(opened, ref)
        if divided is not None:
            forms.append(_factors_outside(divided))
    return forms


def multiplied_out(node: Expr) -> Expr:
    """Every product of sums as a sum of products; what is under a power, a function or a name stays."""
    if isinstance(node, Sum):
        return add([(c, multiplied_out(term)) for c, term in node.terms])
    if not isinstance(node, Product):
        return node
    place = next(
        (k for k, f in enumerate(node.factors) if isinstance(f.node, Sum) and f.exponent == 1), None
    )
    if place is None:
        return node
    chosen = node.factors[place].node
    assert isinstance(chosen, Sum)
    sizes = dict(enumerate(node.label_sizes))
    terms: list[tuple[Number, Expr]] = []
    for coef, term in chosen.terms:
        operands: list[Operand] = [
            (term if k == place else f.node, f.labels, f.exponent)
            for k, f in enumerate(node.factors)
        ]
        terms.append((coef, contract(range(node.ndim), operands, node.coef, sizes)))  # type: ignore[arg-type]
    if len(terms) > _MOST_TERMS:
        return node
    return multiplied_out(add(terms))


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
    body = multiplied_out(ref.node)
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
            for place in occurrences(term.factors, lead)
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
    found: tuple[set[int], dict[int, int]],
) -> Expr | None:
    """The sum less rest * body, plus rest * name, where ``term`` is rest * the body's first term."""
    places, at = found
    rest = [f for k, f in enumerate(term.factors) if k not in places]
    own = {at[k] for k in lead.summed}
    if own & {label for f in rest for label in f.labels} or any(k < term.ndim for k in own):
        return None
    if len(own) < len(lead.summed):
        return None
    labels = [at[k] for k in range(lead.ndim)]
    if len(set(labels)) < len(labels):
        return None
    ratio = _quotient(times(coef, term.coef), times(lead_coef, lead.coef))
    if ratio is None:
        return None
    sizes = dict(enumerate(term.label_sizes))
    outer: list[Operand] = [(f.node, f.labels, f.exponent) for f in rest]

    def beside(node: Expr) -> Expr:
        return contract(range(term.ndim), [*outer, (node, labels, 1)], 1, sizes)  # type: ignore[arg-type]

    taken = [(times(ratio, c), beside(part)) for c, part in body.terms]
    if not all(_contains(total, c, part) for c, part in taken):
        return None
    return add([*total.terms, *((times(-1, c), part) for c, part in taken), (ratio, beside(ref))])


def _contains(total: Sum, coef: Number, term: Expr) -> bool:
    """Whether the sum has the term at least ``coef`` times, with its sign."""
    own, rest = split_coefficient(term)
    wanted = times(coef, own)
    have = next((c for c, t in total.terms if t == rest), 0)
    return have * wanted > 0 and abs(wanted) <= abs(have)


def _quotient(a: Number, b: Number) -> Number | None:
    if isinstance(a, float) or isinstance(b, float):
        return None
    ratio = Fraction(a) / Fraction(b)
    return int(ratio) if ratio.denominator == 1 else ratio


def _factors_outside(total: Sum) -> Expr:
    """A'diag(g)A − A'gp'A as A'(diag(g) − gp')A: what is left inside may share a factor again."""
    found = common_factor(total, split=True) or common_factor(total)
    if not isinstance(found, Product):
        return found or total
    operands: list[Operand] = []
    for f in found.factors:
        inner = _factors_outside(f.node) if isinstance(f.node, Sum) and f.exponent == 1 else f.node
        operands.append((inner, f.labels, f.exponent))
    sizes = dict(enumerate(found.label_sizes))
    return contract(range(found.ndim), operands, found.coef, sizes)  # type: ignore[arg-type]
