"""A product with exponentials above a sum of exponentials, by what it is: a softmax, a sigmoid.

Each rule takes one factor below a fraction bar with one above it, and gives the product in which their
quotient stands instead, or None.

With z of 3 elements, 1 / (1 + exp(−z_i)) has 1 above the fraction bar and the mixture {0: 1, −z: 1} below:

>>> from minigrad.index.contract import contract
>>> from minigrad.index.expr import Leaf
>>> from minigrad.notation.matrix import index_text
>>> below = add([(1, constant(1, (3,))), (1, exponential(scale(-1, Leaf("z", (3,)))))])
>>> index_text(quotient(contract("i", [(below, "i", -1)])))
'σ(z_i)'
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from minigrad.index.algebra import add, constant, scale
from minigrad.index.contract import with_factors
from minigrad.index.expr import Expr, Factor, Product, Sum, is_zero
from minigrad.symbolic.exponentials import (
    Mixture,
    Parts,
    behind,
    exponent_in,
    exponent_of,
    exponential,
    mixture,
    multiple,
    softmax,
    split,
    spread,
)
from minigrad.symbolic.mixtures import mixed, ratio, without_difference

Power = int | Fraction


def quotient(node: Product) -> Expr | None:
    """One mixture below a fraction bar, met by an exponential or a mixture above it."""
    for k, f in enumerate(node.factors):
        if f.exponent >= 0:
            continue
        lower = mixture(f.node)
        if lower is not None:
            found = _over_mixture(node, k, lower)
        else:
            found = _over_weighted(node, k)
        if found is not None:
            return found
    return None


def _over_mixture(node: Product, k: int, lower: Mixture) -> Expr | None:
    below = node.factors[k]
    for j, f in enumerate(node.factors):
        if f.exponent <= 0:
            continue
        if {*f.labels} <= {*below.labels} and len({*f.labels}) == len(f.labels):
            at = [below.labels.index(label) for label in f.labels]
            upper = spread(behind(f.node), at, below.node)
            found = _exponential_over(node, (j, k), upper, lower)
            found = found or _mixture_over(node, (j, k), upper, lower)
            if found is not None:
                return found
        for term in _terms(below.node):
            parts = split(term)
            if not parts.reduced or parts.others:
                continue
            met = _softmax_at(f, term, parts, below)
            share = None if met is None else ratio({parts.logarithm(term): 1}, lower)
            if met is not None and share is not None:
                up, power, left = met
                sizes = [Factor(s.node, (), -s.exponent * power) for s in parts.sizes]
                down = Factor(share, below.labels, power)
                return _replaced(node, (j, k), [up, down, *sizes, *left], power)
    merged = _with_one_exponential(node, below)
    found = None if merged is None else quotient(merged)
    if found is not None:
        return found
    zero = constant(0, below.node.sizes)
    share = ratio({zero: 1}, lower) if zero in lower and len(lower) > 1 else None
    if share is None:
        return None
    power = _at_a_time(-below.exponent)
    share = share if power == 1 else without_difference(share)
    return _replaced(node, (None, k), [Factor(share, below.labels, power)], power)


def _with_one_exponential(node: Product, below: Factor) -> Product | None:
    """The product in which exp(x) exp(y) beside the quotient is exp(x + y), or None."""
    exps = [
        (f, x)
        for f in node.factors
        if f.exponent > 0
        and {*f.labels} <= {*below.labels}
        and len({*f.labels}) == len(f.labels)
        and (x := exponent_of(f.node)) is not None
    ]
    if len(exps) < 2:
        return None
    at = [[below.labels.index(label) for label in f.labels] for f, _ in exps]
    argument = add(
        [(f.exponent, spread(x, axes, below.node)) for (f, x), axes in zip(exps, at, strict=True)]
    )
    taken = [f for f, _ in exps]
    factors = [f for f in node.factors if f not in taken]
    one = Factor(exponential(argument), below.labels)
    made = with_factors(node, [*factors, one])
    return made if isinstance(made, Product) else None


def _mixture_over(node: Product, pair: tuple[int, int], upper: Expr, lower: Mixture) -> Expr | None:
    above, below = (node.factors[k] for k in pair)
    found = mixture(upper)
    share = None if found is None else ratio(found, lower)
    if share is None:
        return None
    power = min(_at_a_time(above.exponent), _at_a_time(-below.exponent))
    left = [above._replace(exponent=_whole(above.exponent - power))]
    return _replaced(node, pair, [Factor(share, below.labels, power), *left], power)


def _exponential_over(
    node: Product, pair: tuple[int, int], upper: Expr, lower: Mixture
) -> Expr | None:
    """exp(c x) over a power of a mixture that has exp(x)."""
    above, below = (node.factors[k] for k in pair)
    x = exponent_in(upper)
    if x is None:
        return None
    argument = scale(above.exponent, x)
    for unit in lower:
        c = None if is_zero(unit) else multiple(argument, unit)
        if c is None or c <= 0:
            continue
        power = min(c, -below.exponent)
        left = _exponential(above, below.labels, unit, c, power)
        # what would leave a root below goes down instead: 1 + exp(2 x) over exp(x) is 2 cosh x
        share = ratio({unit: 1}, lower) if (below.exponent + power).denominator == 1 else None
        if share is not None:
            return _replaced(node, pair, [Factor(share, below.labels, power), *left], power)
        down = scale(Fraction(power) / below.exponent, unit)
        lowered = {add([(1, argument), (1, down)]): w for argument, w in lower.items()}
        shifted = Factor(mixed(lowered), below.labels, below.exponent)
        return _replaced(node, pair, [shifted, *left], -below.exponent)
    return None


def _exponential(
    above: Factor, labels: Sequence[int], unit: Expr, c: Power, taken: Power
) -> list[Factor]:
    """What is left of exp(c x) without a power of exp(x)."""
    left = _whole(above.exponent * Fraction(c - taken) / c)
    if isinstance(left, int):
        return [above._replace(exponent=left)]
    return [Factor(exponential(scale(_whole(c - taken), unit)), tuple(labels))]


def _at_a_time(exponent: Power) -> Power:
    """What is taken of a power at a time: 1, or all of it where it is a root."""
    return 1 if isinstance(exponent, int) else exponent


def _whole(power: Power) -> Power:
    return int(power) if power.denominator == 1 else power


def _terms(node: Expr) -> list[Product]:
    """The products that the node adds up."""
    node = behind(node)
    parts = [behind(term) for _, term in node.terms] if isinstance(node, Sum) else [node]
    return [part for part in parts if isinstance(part, Product)]


def _over_weighted(node: Product, k: int) -> Expr | None:
    """exp(x) over a sum of exponentials with weights of any sign is softmax(x) over that of its own."""
    below = node.factors[k]
    total = behind(below.node)
    total = _with_open_names(total) if isinstance(total, Product) else total
    parts = split(total) if isinstance(total, Product) else None
    if parts is None or not parts.reduced:
        return None
    assert isinstance(total, Product)
    opened = _with_open_names(node)
    if opened is not node:
        node, k = opened, opened.factors.index(below)
    for j, f in enumerate(node.factors):
        met = _softmax_at(f, total, parts, below)
        if met is None:
            continue
        masked = parts.masked(total)
        if masked is not parts and _has_masks(node, parts, f, total):
            met = _softmax_at(f, total, masked, below)
            parts = masked
        assert met is not None
        up, power, left = met
        share = Factor(parts.scaled(total), below.labels, -power)
        return _replaced(node, (j, k), [up, share, *left], power)
    return None


def _with_open_names(node: Product) -> Product:
    """The product with the factors of what is named open, where an exponential is one of them."""
    inner = [behind(f.node) if f.exponent == 1 else f.node for f in node.factors]
    weighted = [
        isinstance(body, Product)
        and body is not f.node
        and any(exponent_of(part.node) is not None for part in body.factors)
        for f, body in zip(node.factors, inner, strict=True)
    ]
    if not any(weighted):
        return node
    operands = [
        (body if opens else f.node, f.labels, f.exponent)
        for f, body, opens in zip(node.factors, inner, weighted, strict=True)
    ]
    made = with_factors(node, operands)
    return made if isinstance(made, Product) else node


def _softmax_at(
    above: Factor, total: Product, parts: Parts, below: Factor
) -> tuple[Factor, Power, list[Factor]] | None:
    """A power of exp(x) over the sum of the same exponentials, of which ``parts`` tells.

    The power of the softmax that it is, the power itself, and what is left of the exponential.
    """
    exps = [f for f in total.factors if exponent_of(f.node) is not None]
    x = exponent_of(above.node)
    if len(exps) != 1 or x is None or above.exponent <= 0:
        return None
    (part,) = exps
    unit = exponent_of(part.node)
    assert unit is not None
    c = multiple(scale(above.exponent, x), scale(part.exponent, unit)) if x.ndim == unit.ndim else None
    if c is None or c <= 0:
        return None
    if len({*part.labels}) < len(part.labels) or any(
        above.labels[axis] != below.labels[label]
        for axis, label in enumerate(part.labels)
        if label < total.ndim
    ):
        return None
    axes = [part.labels.index(label) for label in parts.labels]
    power = min(c, -below.exponent)
    at = tuple(above.labels[a] for a in axes)
    left = _exponential(above, above.labels, scale(part.exponent, unit), c, power)
    return Factor(softmax(parts.argument, parts.reduced), at, power), power, left


def _has_masks(node: Product, parts: Parts, above: Factor, total: Product) -> bool:
    """Whether what masks the sum also masks the exponential that is divided by it."""
    (part,) = [f for f in total.factors if exponent_of(f.node) is not None]
    place = dict(zip(part.labels, above.labels, strict=True))
    wanted = [(f.node, tuple(place.get(label) for label in f.labels)) for f in parts.others]
    have = [(f.node, f.labels) for f in node.factors if f.exponent > 0]
    return all(mask in have for mask in wanted)


def _replaced(
    node: Product, pair: tuple[int | None, int], more: Sequence[Factor], power: Power
) -> Expr:
    """The product with others in the place of its upper factor and of a power of its lower one."""
    above, below = pair
    factors: list[Factor] = []
    for k, f in enumerate(node.factors):
        if k == (below if above is None else above):
            factors += [other for other in more if other.exponent]
        if k == below and f.exponent + power:
            factors.append(f._replace(exponent=_whole(f.exponent + power)))
        elif k not in pair:
            factors.append(f)
    return with_factors(node, factors)
