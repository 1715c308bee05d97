"""Sums of exponentials, however they are written: exp, expm1, sinh, cosh, means and sums over axes.

1 + exp(x) / 2 is the mixture {0: 1, x: 1/2}; a sum over axes is the exponential of its logsumexp, so
that quotients and logarithms of mixtures never need the exponentials themselves.

>>> from minigrad.notation.matrix import index_text
>>> X, z = Leaf("X", (2, 3)), Leaf("z", (3,))
>>> half = add([(1, constant(1, (3,))), (_HALF, exponential(z))])
>>> {index_text(argument): str(weight) for argument, weight in mixture(half).items()}
{'0': '1', 'z_i': '1/2'}
>>> rows = contract("i", [(exponential(X), "ij")])
>>> {index_text(argument): str(weight) for argument, weight in mixture(rows).items()}
{'logsumexp(X)_i': '1'}
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable
from fractions import Fraction
from typing import NamedTuple, TypeGuard

from minigrad.index import facts, heads
from minigrad.index.algebra import add, constant, scale
from minigrad.index.contract import contract, with_factors
from minigrad.index.expr import (
    Composite,
    Definition,
    Expr,
    Factor,
    Head,
    Leaf,
    Map,
    Number,
    Product,
    Ref,
    Sum,
    is_zero,
)
from minigrad.index.heads import WHERE
from minigrad.index.meaning.smooth import EXP, LOG, logsumexp_definition, softmax_definition
from minigrad.index.numbers import plus, times
from minigrad.index.pointwise import mapped

Mixture = dict[Expr, Number]
_HALF = Fraction(1, 2)
_HIGHEST = 3  # the power of a mixture that is multiplied out
_DEEPEST = 12  # how many sums and names within each other a spelling has at most
# The exponentials that a function is: by the sign of its argument.
_FUNCTIONS: dict[str, dict[int, Number]] = {
    "exp(x) - 1": {1: 1, 0: -1},
    "cosh(x)": {1: _HALF, -1: _HALF},
    "sinh(x)": {1: _HALF, -1: -_HALF},
}


def behind(node: Expr) -> Expr:
    """The node that a name stands for, unless the name is a variable."""
    while isinstance(node, Ref) and not node.free:
        node = node.node
    return node


def mixture(node: Expr, depth: int = 0) -> Mixture | None:
    """Weights by argument, where the node is a weighted sum of exponentials; else None."""
    node = behind(node)
    if depth > _DEEPEST:
        return None
    if isinstance(node, Sum):
        return _merged((coef, mixture(term, depth + 1)) for coef, term in node.terms)
    if isinstance(node, Product):
        return _of_product(node, depth + 1)
    if isinstance(node, Map) and node.head.text in _FUNCTIONS:
        (x,) = node.args
        return {scale(sign, x): c for sign, c in _FUNCTIONS[node.head.text].items()}
    argument = exponent_of(node)
    return None if argument is None else {argument: 1}


def _merged(parts: Iterable[tuple[Number, Mixture | None]]) -> Mixture | None:
    found: Mixture = {}
    for coef, part in parts:
        if part is None:
            return None
        for argument, weight in part.items():
            found[argument] = plus(found.get(argument, 0), times(coef, weight))
    return {argument: weight for argument, weight in found.items() if weight}


def _of_product(node: Product, depth: int) -> Mixture | None:
    """Exponentials times numbers and sizes, under sums; or such beside one mixture."""
    if not node.factors:
        return {constant(0, node.sizes): node.coef}
    parts = split(node)
    if not parts.others:
        if parts.sizes and not parts.labels:
            return None
        return {parts.logarithm(node): node.coef}
    if len(parts.others) > 1 or node.summed or parts.sizes:
        return None
    (other,) = parts.others
    inner = mixture(other.node, depth) if other.exponent in range(1, _HIGHEST + 1) else None
    if inner is None:
        return None
    inner = _powers(inner, int(other.exponent))
    rest = spread(parts.argument, parts.labels, node)
    return _merged(
        (node.coef, {add([(1, spread(argument, other.labels, node)), (1, rest)]): weight})
        for argument, weight in inner.items()
    )


def _powers(found: Mixture, exponent: int) -> Mixture:
    """A mixture to a power, multiplied out."""
    made = found
    for _ in range(exponent - 1):
        merged = _merged(
            (weight, {add([(1, argument), (1, other)]): w for other, w in made.items()})
            for argument, weight in found.items()
        )
        made = merged or {}
    return made


class Parts(NamedTuple):
    """A product's factors: its exponentials as one, of ``argument`` at ``labels``, the last summed.

    ``sizes`` are the factors that are sizes, ``others`` what else there is.
    """

    argument: Expr
    labels: tuple[int, ...]
    reduced: int  # how many of the labels are summed
    sizes: tuple[Factor, ...]
    others: tuple[Factor, ...]

    def total(self, node: Product) -> Expr:
        """The logarithm of the sum of the exponentials alone, in the shape of the product."""
        kept = self.labels[: len(self.labels) - self.reduced]
        return spread(logsumexp(self.argument, self.reduced), kept, node)

    def logarithm(self, node: Product) -> Expr:
        """The logarithm of that sum times the sizes."""
        sizes = [(f.exponent, spread(mapped(LOG, (f.node,)), (), node)) for f in self.sizes]
        return add([(1, self.total(node)), *sizes])

    def masked(self, node: Product) -> Parts:
        """What is 0 or 1 beside the exponentials, as arguments of minus infinity instead."""
        fits = [f for f in self.others if facts.zero_one(f.node) and {*f.labels} <= {*self.labels}]
        if not fits or len(fits) < len(self.others):
            return self
        sizes = {k: node.label_sizes[k] for k in self.labels}
        mask = contract(self.labels, fits, 1, sizes)
        shut = constant(-math.inf, self.argument.sizes)
        return self._replace(argument=mapped(WHERE, (mask, self.argument, shut)), others=())

    def scaled(self, node: Product) -> Expr:
        """The product over the sum of its exponentials, which has no exponentials left."""
        operands = [(f.node, f.labels, f.exponent) for f in (*self.others, *self.sizes)]
        if self.others:
            operands.append((softmax(self.argument, self.reduced), self.labels, 1))
        return with_factors(node, operands)


def split(node: Product) -> Parts:
    """The product's factors sorted."""
    exps = [f for f in node.factors if exponent_of(f.node) is not None]
    carried = {label for f in exps for label in f.labels}
    if any(k not in carried for k in node.summed):
        exps, carried = [], set()
    others = [f for f in node.factors if f not in exps]
    sizes = [f for f in others if isinstance(f.node, Leaf) and f.node.kind == "size"]
    labels = tuple(k for k in range(len(node.label_sizes)) if k in carried)
    extents = {k: node.label_sizes[k] for k in labels}
    arguments = [
        (f.exponent, contract(labels, [(x, f.labels)], 1, extents))
        for f in exps
        if (x := exponent_of(f.node)) is not None
    ]
    argument = add([*arguments, (1, constant(0, [*extents.values()]))])
    count = sum(k >= node.ndim for k in labels)
    return Parts(argument, labels, count, tuple(sizes), tuple(f for f in others if f not in sizes))


def exponential(argument: Expr) -> Expr:
    """Exp(x); 1 where x is 0."""
    return constant(1, argument.sizes) if is_zero(argument) else mapped(EXP, (argument,))


def exponent_of(node: Expr) -> Expr | None:
    """The x of exp(x); of a power of a number or of an exponential, its logarithm."""
    inner = behind(node)
    if not isinstance(inner, Map):
        return None
    if inner.head.text == EXP.text:
        return inner.args[0]
    if inner.head.text == "2**x":
        return _in_base(constant(2, inner.sizes), inner.args[0])
    return _in_base(*inner.args) if inner.head.text == "x**y" else None


def _in_base(base: Expr, exponent: Expr) -> Expr | None:
    """The logarithm of base ** exponent, where that of the base has no logarithm of a variable."""
    base = behind(base)
    if isinstance(base, Product) and not base.factors and base.coef > 0:
        log = logarithm_of(base.coef, base)
    else:
        log = exponent_of(base)  # type: ignore[assignment]
    if log is None:
        return None
    axes = range(exponent.ndim)
    return contract(axes, [(log, axes), (exponent, axes)])


def exponent_in(node: Expr) -> Expr | None:
    """The x of exp(x), also where it is a sum that comes to one: of 1 + expm1(x)."""
    found = mixture(node)
    if not found or len(found) > 1:
        return None
    ((argument, weight),) = found.items()
    return argument if weight == 1 else None


def multiple(argument: Expr, unit: Expr) -> int | Fraction | None:
    """The rational c with argument = c * unit, or None."""
    of, one = (x.terms[0][0] if isinstance(x, Sum) else getattr(x, "coef", 1) for x in (argument, unit))
    if isinstance(of, float) or isinstance(one, float) or not one:
        return None
    quotient = Fraction(of) / one
    c = int(quotient) if quotient.denominator == 1 else quotient
    return c if scale(c, unit) == argument else None


def spread(node: Expr, at: Iterable[Hashable], over: Expr) -> Expr:
    """The node, whose axes are axes ``at`` of ``over``, in the shape of ``over``."""
    axes = range(over.ndim)
    return contract(axes, [(node, tuple(at))], 1, dict(zip(axes, over.sizes, strict=True)))


def logsumexp(argument: Expr, count: int) -> Expr:
    """Log of the sum of exponentials over the last ``count`` axes."""
    return _composite(logsumexp_definition, argument, count) if count else argument


def softmax(argument: Expr, count: int) -> Expr:
    """Exponentials over their sum over the last ``count`` axes."""
    return _composite(softmax_definition, argument, count) if count else constant(1, argument.sizes)


def _composite(definition: Callable[[int], Definition], argument: Expr, count: int) -> Expr:
    made = definition(count)
    kept = "shift equivariant" in made.facts
    sizes = argument.sizes[: argument.ndim - count] if kept else argument.sizes
    return without_shift(Composite(made, (argument,), sizes))


def without_shift(node: Composite) -> Expr:
    """What is constant along the axes of a softmax changes nothing; it comes out of a logsumexp."""
    moved = node.definition.facts & {"shift invariant", "shift equivariant"}
    (argument, *_) = node.args
    if not moved or not isinstance(argument, Sum):
        return node
    last = node.reduced
    fixed = [(c, t) for c, t in argument.terms if _is_constant_along(t, last)]
    rest = [(c, t) for c, t in argument.terms if (c, t) not in fixed]
    if not fixed or not rest:
        return node
    bare = Composite(node.definition, (add(rest), *node.args[1:]), node.sizes)
    if "shift invariant" in moved:
        return bare
    out = range(last.start)
    shifts = [(c, with_factors(t, t.factors, out=out)) for c, t in fixed]
    return add([(1, bare), *shifts])


def _is_constant_along(node: Expr, axes: range) -> TypeGuard[Product]:
    return isinstance(node, Product) and all(not {*axes} & {*f.labels} for f in node.factors)


def logarithm_of(value: Number, like: Expr) -> Expr:
    """Log of a number, in the shape of another node."""
    if value == 1:
        return constant(0, like.sizes)
    return spread(mapped(LOG, (constant(value),)), (), like)


def function(text: str, name: str) -> Head:
    """The row's function of this meaning."""
    return heads.with_text(text) or Head(name, text)
