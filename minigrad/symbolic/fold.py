"""What users spell out, read as what it is, so that formulas are short and never overflow.

exp(x) / sum exp(x) is softmax(x), 1 / (1 + exp(-x)) is σ(x), log(1 + exp(x)) is softplus(x), the
maximum that is subtracted from the argument of a softmax is not there. Everything is one of a few rules:
a quotient of mixtures of exponentials, the logarithm of one, a shift.
"""

from __future__ import annotations

from collections.abc import Sequence

from minigrad.index.algebra import add, constant, scale
from minigrad.index.contract import contract
from minigrad.index.expr import Composite, Expr, Factor, Map, Product, Sum
from minigrad.index.meaning.smooth import LOG
from minigrad.index.numbers import times
from minigrad.index.rebuild import transformed
from minigrad.symbolic.exponentials import (
    Mixture,
    Parts,
    behind,
    by_tanh,
    exponent_of,
    function,
    logarithm,
    logarithm_of,
    mixture,
    ratio,
    softmax,
    split,
    spread,
    without_shift,
)


def recognised(root: Expr) -> Expr:
    """A graph as it was recorded, with what is spelled out in exponentials read as what it is."""
    return transformed(root, _recognised)


def _recognised(node: Expr) -> Expr:
    if isinstance(node, Map):
        return _log_of_mixture(node) or node
    if isinstance(node, Composite):
        return without_shift(node)
    return folded(node)


def folded(node: Expr) -> Expr:
    """Every quotient of exponentials in a sum or product, written by what has no exponentials."""
    if isinstance(node, Sum):
        return by_tanh(add([(c, folded(term)) for c, term in node.terms]))
    while isinstance(node, Product):
        found = _quotient(node)
        if found is None:
            return node
        node = found
    return node


# -- logarithms ---------------------------------------------------------------------------------------


def _log_of_mixture(node: Map) -> Expr | None:
    """The logarithm of exponentials without them, where its derivative is no longer; else None."""
    arg = _under_logarithm(node)
    if arg is None or (isinstance(behind(arg), Map) and exponent_of(arg) is None):
        return None
    found = mixture(arg)
    if found is None:
        return log_of_weighted(arg) if _is_masked(behind(arg)) else None
    first, *rest = found
    if len(rest) == 1 and found[first] == found[rest[0]] and scale(-1, first) == rest[0]:
        even = Map(function("cosh(x)", "cosh"), (first,))
        return add([(1, logarithm_of(times(2, found[first]), even)), (1, Map(LOG, (even,)))])
    return logarithm(found)


def log_of_weighted(arg: Expr) -> Expr | None:
    """Log of a sum of exponentials weighted by arrays, with their softmax in their place."""
    inner = behind(arg)
    parts = split(inner) if isinstance(inner, Product) else None
    if parts is None or not parts.reduced or not parts.others:
        return None
    assert isinstance(inner, Product)
    parts = parts.masked(inner)
    return add([(1, parts.total(inner)), (1, Map(LOG, (parts.scaled(inner),)))])


def _under_logarithm(node: Map) -> Expr | None:
    """The a of log(a), written out."""
    (arg, *_) = node.args
    if node.head.text == "log(1 + x)":
        return add([(1, constant(1, arg.sizes)), (1, behind(arg))])
    return arg if node.head.text == LOG.text else None


def _is_masked(node: Expr) -> bool:
    if not isinstance(node, Product):
        return False
    parts = split(node)
    return parts.reduced > 0 and parts.masked(node) is not parts


# -- quotients ----------------------------------------------------------------------------------------


def _quotient(node: Product) -> Expr | None:
    """One mixture below a fraction bar, met by an exponential or a mixture above it."""
    for k, f in enumerate(node.factors):
        if not isinstance(f.exponent, int) or f.exponent >= 0:
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
        if not isinstance(f.exponent, int) or f.exponent < 1:
            continue
        if {*f.labels} <= {*below.labels} and len({*f.labels}) == len(f.labels):
            at = [below.labels.index(label) for label in f.labels]
            upper = mixture(spread(behind(f.node), at, below.node))
            share = None if upper is None else ratio(upper, lower)
            if share is not None:
                return _replaced(node, (j, k), [Factor(share, below.labels)])
        for term in _terms(below.node):
            parts = split(term)
            if not parts.reduced or parts.others:
                continue
            found = _softmax_at(f, term, parts, below.labels)
            share = None if found is None else ratio({parts.logarithm(term): 1}, lower)
            if found is not None and share is not None:
                sizes = [Factor(f.node, (), -f.exponent) for f in parts.sizes]
                more = [found, Factor(share, below.labels), *sizes]
                return _replaced(node, (j, k), more)
    zero = constant(0, below.node.sizes)
    share = ratio({zero: 1}, lower) if zero in lower and len(lower) > 1 else None
    return None if share is None else _replaced(node, (None, k), [Factor(share, below.labels)])


def _terms(node: Expr) -> list[Product]:
    """The products that the node adds up."""
    node = behind(node)
    parts = [behind(term) for _, term in node.terms] if isinstance(node, Sum) else [node]
    return [part for part in parts if isinstance(part, Product)]


def _over_weighted(node: Product, k: int) -> Expr | None:
    """exp(x) over a sum of exponentials with weights of any sign is softmax(x) over that of its own."""
    below = node.factors[k]
    total = behind(below.node)
    parts = split(total) if isinstance(total, Product) else None
    if parts is None or not parts.reduced:
        return None
    assert isinstance(total, Product)
    for j, f in enumerate(node.factors):
        met = _softmax_at(f, total, parts, below.labels)
        if met is None:
            continue
        masked = parts.masked(total)
        if masked is not parts and _has_masks(node, parts, f, total):
            met = _softmax_at(f, total, masked, below.labels)
            parts = masked
        assert met is not None
        share = Factor(parts.scaled(total), below.labels, -1)
        return _replaced(node, (j, k), [met, share])
    return None


def _softmax_at(above: Factor, total: Product, parts: Parts, at: Sequence[int]) -> Factor | None:
    """The factor exp(x) over the sum of the same exponentials, of which ``parts`` tells."""
    exps = [f for f in total.factors if exponent_of(f.node) is not None]
    if len(exps) != 1 or not isinstance(above.exponent, int) or above.exponent < 1:
        return None
    (part,) = exps
    x = exponent_of(above.node)
    if part.exponent != 1 or x is None or x != exponent_of(part.node):
        return None
    if len({*part.labels}) < len(part.labels) or any(
        above.labels[axis] != at[label]
        for axis, label in enumerate(part.labels)
        if label < total.ndim
    ):
        return None
    axes = [part.labels.index(label) for label in parts.labels]
    return Factor(softmax(parts.argument, parts.reduced), tuple(above.labels[a] for a in axes))


def _has_masks(node: Product, parts: Parts, above: Factor, total: Product) -> bool:
    """Whether what masks the sum also masks the exponential that is divided by it."""
    (part,) = [f for f in total.factors if exponent_of(f.node) is not None]
    place = dict(zip(part.labels, above.labels, strict=True))
    wanted = [(f.node, tuple(place.get(label) for label in f.labels)) for f in parts.others]
    have = [(f.node, f.labels) for f in node.factors if f.exponent > 0]
    return all(mask in have for mask in wanted)


def _replaced(node: Product, pair: tuple[int | None, int], more: Sequence[Factor]) -> Expr:
    """The product with one power of an upper and a lower factor taken out, and others in their place."""
    above, below = pair
    factors: list[Factor] = []
    for k, f in enumerate(node.factors):
        if k == (below if above is None else above):
            factors += more
        exponent = f.exponent - (k == above) + (k == below)
        factors += [f._replace(exponent=exponent)] if exponent else []
    return contract(range(node.ndim), factors, node.coef, dict(enumerate(node.label_sizes)))
