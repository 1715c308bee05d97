"""What users spell out, read as what it is, so that formulas are short and never overflow.

exp(x) / sum exp(x) is softmax(x), 1 / (1 + exp(-x)) is σ(x), log(1 + exp(x)) is softplus(x), the
maximum that is subtracted from the argument of a softmax is not there. Everything is one of a few rules:
a quotient of mixtures of exponentials, the logarithm of one, a shift.

With X of 2 × 3, each row's exponentials over their sum are read as that row's softmax:

>>> from minigrad.index.expr import Leaf
>>> from minigrad.notation.matrix import index_text
>>> from minigrad.symbolic.exponentials import exponential
>>> e = exponential(Leaf("X", (2, 3)))
>>> total = contract("i", [(e, "ij")])
>>> spelled = contract("ij", [(e, "ij"), (total, "i", -1)])
>>> index_text(spelled), index_text(recognised(spelled))
('exp(X_ij) / (Σ_k exp(X_ik))', 'softmax(X)_ij')
"""

from __future__ import annotations

from collections.abc import Iterable
from math import inf

from minigrad.index.algebra import add, constant, scale
from minigrad.index.contract import contract, with_factors
from minigrad.index.expr import Composite, Expr, Factor, Map, Number, Product, Sum, is_constant
from minigrad.index.heads import WHERE
from minigrad.index.meaning.smooth import LOG
from minigrad.index.numbers import times
from minigrad.index.pointwise import mapped
from minigrad.index.rebuild import transformed
from minigrad.symbolic.exponentials import (
    behind,
    exponent_of,
    exponential,
    function,
    logarithm_of,
    mixture,
    split,
    without_shift,
)
from minigrad.symbolic.mixtures import LOGISTIC, by_sigmoids, logarithm, without_difference
from minigrad.symbolic.quotients import quotient
from minigrad.symbolic.spellings import exponential_of, read_map, read_sum

# Logarithms in other bases, by meaning.
_BASES = {"log(x)/log(2)": 2, "log(x)/log(10)": 10}


def recognised(root: Expr, parts: Iterable[Expr] = ()) -> Expr:
    """A graph as it was recorded, with what is spelled out in exponentials read as what it is; but for its ``parts``."""
    return transformed(root, _recognised, {part: part for part in parts})


def _recognised(node: Expr) -> Expr:
    if isinstance(node, Map):
        return read_map(node) or _log_of_mixture(node) or node
    if isinstance(node, Composite):
        return without_shift(node)
    found = folded(node)
    if isinstance(found, Product):
        return _odds(found) or _roots_apart(found)
    return read_sum(found) if isinstance(found, Sum) else found


def folded(node: Expr) -> Expr:
    """Every quotient of exponentials in a sum or product, written by what has no exponentials."""
    if isinstance(node, Sum):
        total = by_sigmoids(add([(c, _folded_term(c, term)) for c, term in node.terms]))
        return total if not isinstance(total, Sum) else exponential_of(total) or total
    while isinstance(node, Product):
        found = quotient(node) or _without_mask(node)
        if found is None:
            return node
        node = found
    return node


def _odds(node: Product) -> Expr | None:
    """σ(x) / (1 − σ(x)) is exp(x), and the other way round exp(−x): in a graph, for beside 1 − σ(x) it overflows."""
    for f in node.factors:
        sigmoid = behind(f.node)
        if f.exponent not in (1, -1) or not (
            isinstance(sigmoid, Map) and sigmoid.head.text == LOGISTIC
        ):
            continue
        rest = Factor(add([(1, constant(1, f.node.sizes)), (-1, f.node)]), f.labels, -f.exponent)
        if rest in node.factors:
            left = [g for g in node.factors if g not in (f, rest)]
            made = (exponential(scale(f.exponent, sigmoid.args[0])), f.labels)
            return with_factors(node, [*left, made])
    return None


def _roots_apart(node: Product) -> Expr:
    """√(‖a‖² ‖b‖²) is ‖a‖ ‖b‖: the root of a product of sums of squares is that of each."""
    operands: list[Factor] = []
    for f in node.factors:
        squares = _squares(f.node) if f.exponent.denominator == 2 else []
        operands += [Factor(square, (), f.exponent) for square in squares] if len(squares) > 1 else [f]
    return with_factors(node, operands) if len(operands) > len(node.factors) else node


def _squares(node: Expr) -> list[Expr]:
    """The sums of squares of single tensors that a number is the product of; none where it is another product."""
    if not isinstance(node, Product) or node.ndim or node.coef != 1:
        return []
    labels = [label for f in node.factors for label in f.labels]
    alone = len({*labels}) == len(labels) and all(f.exponent == 2 for f in node.factors)
    return [contract((), [f]) for f in node.factors] if alone else []


def _without_mask(node: Product) -> Expr | None:
    """M ⊙ softmax(where(M, x, −∞)) is the softmax, which is 0 where M is."""
    for f in node.factors:
        inner = behind(f.node)
        if not isinstance(inner, Composite) or inner.definition.operation != "softmax":
            continue
        choice = behind(inner.args[0])
        if not isinstance(choice, Map) or choice.head != WHERE or not is_constant(choice.args[2], -inf):
            continue
        left = [g for g in node.factors if (g.node, g.labels) != (choice.args[0], f.labels)]
        if f.exponent > 0 and len(left) < len(node.factors):
            return with_factors(node, left)
    return None


def _folded_term(coef: Number, term: Expr) -> Expr:
    """A term without quotients of exponentials; c (1 − σ(x)) is not opened by itself, unless c is 1."""
    found = folded(term)
    return found if abs(coef) == 1 else without_difference(found)


# -- logarithms ---------------------------------------------------------------------------------------


def _log_of_mixture(node: Map) -> Expr | None:
    """The logarithm of exponentials without them, where its derivative is no longer; else None."""
    arg = _under_logarithm(node)
    if arg is None or (isinstance(behind(arg), Map) and exponent_of(arg) is None):
        return None
    natural = _natural_logarithm(arg)
    base = _BASES.get(node.head.text)
    if natural is None or base is None:
        return natural
    axes = range(node.ndim)
    return contract(axes, [(natural, axes), (mapped(LOG, (constant(base),)), (), -1)])


def _natural_logarithm(arg: Expr) -> Expr | None:
    inner = behind(arg)
    if isinstance(inner, Product) and len(inner.factors) == 1 and inner.factors[0].exponent != 1:
        return _log_of_power(inner)
    found = mixture(arg)
    if found is None:
        return log_of_weighted(arg) if _is_masked(behind(arg)) else None
    first, *rest = found
    if len(rest) == 1 and found[first] == found[rest[0]] and scale(-1, first) == rest[0]:
        even = mapped(function("cosh(x)", "cosh"), (first,))
        return add([(1, logarithm_of(times(2, found[first]), even)), (1, mapped(LOG, (even,)))])
    return logarithm(found)


def _log_of_power(node: Product) -> Expr | None:
    """The logarithm of a power of a sum of exponentials, by that of the sum."""
    (f,) = node.factors
    log = None if node.summed or node.coef <= 0 else _natural_logarithm(f.node)
    if log is None:
        return None
    axes = range(node.ndim)
    power = contract(axes, [(log, f.labels)], f.exponent, dict(enumerate(node.sizes)))
    return add([(1, power), (1, logarithm_of(node.coef, node))])


def log_of_weighted(arg: Expr) -> Expr | None:
    """Log of a sum of exponentials weighted by arrays, with their softmax in their place."""
    inner = behind(arg)
    parts = split(inner) if isinstance(inner, Product) else None
    if parts is None or not parts.reduced or not parts.others:
        return None
    assert isinstance(inner, Product)
    parts = parts.masked(inner)
    return add([(1, parts.total(inner)), (1, mapped(LOG, (parts.scaled(inner),)))])


def _under_logarithm(node: Map) -> Expr | None:
    """The a of log(a), written out."""
    (arg, *_) = node.args
    if node.head.text == "log(1 + x)":
        return add([(1, constant(1, arg.sizes)), (1, behind(arg))])
    return arg if node.head.text == LOG.text or node.head.text in _BASES else None


def _is_masked(node: Expr) -> bool:
    if not isinstance(node, Product):
        return False
    parts = split(node)
    return parts.reduced > 0 and parts.masked(node) is not parts
