"""Sums of floats that would cancel, by functions that do not: 1 − σ(x) as σ(−x), 1 + erf(x) as erfc(−x).

Each rule rewrites one sum into an equal one. At x = 40, σ(x) and tanh(x) round to 1, and what is taken
from 1 to 0; σ(−x) is 4.2e-18, and 1 − tanh(x)² is 7.2e-35. A formula is read with the former, so this
is known to programs alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from minigrad.index.algebra import add, constant, scale, subtract
from minigrad.index.contract import contract
from minigrad.index.expr import Expr, Map, Number, Product, Sum, is_constant
from minigrad.program.functions import (
    ABS,
    ERFC,
    EXP,
    EXPM1,
    MAXIMUM,
    MINIMUM,
    SIGMOID,
    SIGN,
    bare,
    is_call,
    named_function,
)

Terms = list[tuple[Number, Expr]]


def stable_sum(node: Sum) -> Expr | None:
    """The sum in which nothing cancels that a function knows of; None where it is as good as written."""
    one, rest = split_one(node)
    for k, (coef, term) in enumerate(rest):
        known = _beside_one(term, coef, one) if one in (coef, -coef) else None
        if known is not None:
            return add([(one, known), *rest[:k], *rest[k + 1 :]])
    return _with_difference(node, rest)


def split_one(node: Sum) -> tuple[Number, Terms]:
    """The constant among the terms, and the others."""
    one: Number = 0
    rest: Terms = []
    for coef, term in node.terms:
        if isinstance(term, Product) and is_constant(term):
            one = one + coef * term.coef
        else:
            rest.append((coef, term))
    return one, rest


def slope_of_tanh(x: Expr) -> Expr:
    """1 − tanh(x)², by e = exp(−2|x|): it is 4 e / (1 + e)²."""
    e, labels = Map(EXP, (scale(-2, Map(ABS, (x,))),)), range(x.ndim)
    return contract(labels, [(e, labels), (add([(1, constant(1, x.sizes)), (1, e)]), labels, -2)], 4)


def squared_tanh(node: Expr) -> Expr | None:
    """The x of tanh(x)²."""
    inner = bare(node)
    if not isinstance(inner, Product) or len(inner.factors) != 1 or inner.coef != 1:
        return None
    (f,) = inner.factors
    base = bare(f.node)
    whole = f.exponent == 2 and f.labels == tuple(range(inner.ndim))
    return base.args[0] if whole and is_call(base, "tanh") else None


# What 1 + f(x) and 1 − f(x) are, by f.
_BESIDE_ONE: dict[tuple[str, int], Callable[[Expr], Expr]] = {
    ("sigmoid", -1): lambda x: Map(SIGMOID, (scale(-1, x),)),
    ("tanh", 1): lambda x: scale(2, Map(SIGMOID, (scale(2, x),))),
    ("tanh", -1): lambda x: scale(2, Map(SIGMOID, (scale(-2, x),))),
    ("erf", 1): lambda x: Map(ERFC, (scale(-1, x),)),
    ("erf", -1): lambda x: Map(ERFC, (x,)),
    ("exp", -1): lambda x: scale(-1, Map(EXPM1, (x,))),
    ("expm1", 1): lambda x: Map(EXP, (x,)),
}


def _beside_one(term: Expr, coef: Number, one: Number) -> Expr | None:
    """1 ± f(x), where there is a function for that."""
    sign = 1 if coef == one else -1
    squared = squared_tanh(term) if sign == -1 else None
    if squared is not None:
        return slope_of_tanh(squared)
    inner = bare(term)
    name = named_function(inner.head) if isinstance(inner, Map) else None
    if name is None or (name, sign) not in _BESIDE_ONE:
        return None
    return _BESIDE_ONE[name, sign](inner.args[0])  # type: ignore[attr-defined]


def _with_difference(node: Sum, rest: Sequence[tuple[Number, Expr]]) -> Expr | None:
    """σ(a) − σ(b) of two arguments, without a difference of what may both be 1."""
    sigmoids = [(c, term, x) for c, term in rest if is_call(x := bare(term), "sigmoid")]
    for k, (p, first, a) in enumerate(sigmoids):
        for q, second, b in sigmoids[k + 1 :]:
            if p == -q:
                others = [(c, term) for c, term in node.terms if term not in (first, second)]
                return add([(p, _difference(a.args[0], b.args[0])), *others])
    return None


def _difference(a: Expr, b: Expr) -> Expr:
    """σ(a) − σ(b) = σ(a) σ(−b) (1 − exp(b − a)), which is taken from the larger of a and b."""
    labels, apart = range(a.ndim), subtract(a, b)
    if is_constant(apart) and isinstance(apart, Product):
        sign = constant(1 if apart.coef > 0 else -1, a.sizes)
        upper, lower = (a, b) if apart.coef > 0 else (b, a)
    else:
        sign = Map(SIGN, (apart,))
        upper, lower = Map(MAXIMUM, (a, b)), Map(MINIMUM, (a, b))
    fallen = Map(EXPM1, (scale(-1, Map(ABS, (apart,))),))
    both = (Map(SIGMOID, (upper,)), Map(SIGMOID, (scale(-1, lower),)))
    return contract(labels, [(f, labels) for f in (sign, *both, fallen)], -1)
