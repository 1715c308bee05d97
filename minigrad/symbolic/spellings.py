"""Other ways to write the same function, read as the function: sums and maps of a graph as recorded.

What is written to be stable, max(x, 0) + log(1 + exp(−|x|)), is softplus(x), which is stable by itself:

>>> from minigrad.index.expr import Leaf
>>> from minigrad.notation.matrix import index_text
>>> x = Leaf("x", (3,))
>>> down = mapped(heads.part("softplus"), (scale(-1, mapped(function("Abs(x)", "abs"), (x,))),))
>>> above = mapped(function("Max(0, x)", "relu"), (x,))
>>> index_text(add([(1, above), (1, down)])), index_text(read_sum(add([(1, above), (1, down)])))
('relu(x_i) + softplus(−|x_i|)', 'softplus(x_i)')
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

from minigrad.index import facts, heads
from minigrad.index.algebra import add, constant, scale, split_coefficient, subtract
from minigrad.index.contract import contract, with_factors
from minigrad.index.expr import Composite, Expr, Map, Number, Product, Sum, is_constant
from minigrad.index.meaning.smooth import EXP, LOG
from minigrad.index.numbers import magnitude, times
from minigrad.index.pointwise import mapped
from minigrad.symbolic.exponentials import (
    behind,
    exponent_in,
    exponential,
    function,
    mixture,
    multiple,
    softmax,
)
from minigrad.symbolic.mixtures import LOGISTIC, mixed

_HALF = Fraction(1, 2)
_SOFTPLUS = "log(1 + exp(x))"
Terms = list[tuple[Number, Expr]]


def read_map(node: Map) -> Expr | None:
    """A choice between equals, the exponential of a log-softmax, the logarithm of what is picked."""
    if node.head == heads.WHERE and node.args[1] == node.args[2]:
        return node.args[1]
    if node.head.text == EXP.text:
        return _softmax_of_logarithm(node.args[0])
    return _logarithm(node) if node.head.text == LOG.text else None


def read_sum(node: Sum) -> Expr:
    """The sum by sigmoids, softplus and hyperbolic functions, where it is written in pieces of them."""
    found: Expr | None = node
    while isinstance(found, Sum):
        node = found
        found = (
            _with_softplus(node) or _mirrored(node) or _logistic(node) or _of_exponentials(node)
        )
    return node if found is None else found


# -- sums --------------------------------------------------------------------------------------------


class Ramp(NamedTuple):
    """``slope * max(x, 0)`` and terms beside it."""

    slope: Number
    x: Expr
    rest: Terms


def _with_softplus(node: Sum) -> Expr | None:
    """softplus(−|x|) = softplus(x) − max(x, 0), where the sum has that ramp too."""
    for k, (c, term) in enumerate(node.terms):
        x = _argument(term, _SOFTPLUS)
        w = None if x is None else _less_magnitude(x)
        if w is None:
            continue
        for j, (d, other) in enumerate(node.terms):
            ramp = _ramp(other)
            m = multiple(ramp.x, w) if ramp is not None else None
            if ramp is None or m is None or times(d, times(ramp.slope, magnitude(m))) != c:
                continue
            rest: Terms = [(times(d, own), part) for own, part in ramp.rest]
            if m < 0:  # max(−x, 0) = max(x, 0) − x
                rest.append((times(-1, c), w))
            others = [t for n, t in enumerate(node.terms) if n not in (j, k)]
            return add([(c, mapped(heads.part("softplus"), (w,))), *rest, *others])
    return None


def _less_magnitude(node: Expr) -> Expr | None:
    """The x of −|x|."""
    if not isinstance(node, Product) or len(node.factors) != 1 or not node.coef < 0:
        return None
    (f,) = node.factors
    inner = _argument(f.node, "Abs(x)")
    whole = f.exponent == 1 and f.labels == tuple(range(node.ndim))
    return scale(-node.coef, inner) if whole and inner is not None else None


def _ramp(node: Expr) -> Ramp | None:
    """A maximum, a minimum or a magnitude by max(x, 0)."""
    if not isinstance(node, Map):
        return None
    match node.head.text:
        case "Piecewise((x, x > 0), (0, True))" | "Max(0, x)":
            return Ramp(1, node.args[0], [])
        case "Abs(x)":
            return Ramp(2, node.args[0], [(-1, node.args[0])])
        case "Max(x, y)":
            return Ramp(1, subtract(*node.args), [(1, node.args[1])])
        case "Min(x, y)":
            return Ramp(-1, subtract(*node.args[::-1]), [(1, node.args[1])])
    return None


def _mirrored(node: Sum) -> Expr | None:
    """softplus(x) − x = softplus(−x), and softplus(x) − softplus(−x) = x."""
    for k, (c, term) in enumerate(node.terms):
        x = _argument(term, _SOFTPLUS)
        if x is None:
            continue
        others: Terms = [t for n, t in enumerate(node.terms) if n != k]
        turned = mapped(heads.part("softplus"), (scale(-1, x),))
        if (times(-1, c), turned) in others:
            others.remove((times(-1, c), turned))
            return add([(c, x), *others])
        gone = scale(times(-1, c), x)
        parts = gone.terms if isinstance(gone, Sum) else (split_coefficient(gone),)
        if all(part in others for part in parts):
            return add([(c, turned), *(t for t in others if t not in parts)])
    return None


def _logistic(node: Sum) -> Expr | None:
    """1 + tanh(x) = 2 σ(2 x)."""
    for k, (c, term) in enumerate(node.terms):
        x = _argument(term, "tanh(x)")
        for j, (d, one) in enumerate(node.terms):
            if x is None or not is_constant(one, 1) or d not in (c, -c):
                continue
            doubled = scale(2 if c == d else -2, x)
            made = mapped(function(LOGISTIC, "special.expit"), (doubled,))
            return add([(times(2, d), made), *(t for n, t in enumerate(node.terms) if n not in (j, k))])
    return None


def _of_exponentials(node: Sum) -> Expr | None:
    """exp(x) + exp(−x) is 2 cosh(x)."""
    if len(node.terms) != 2 or any(_argument(t, EXP.text) is None for _, t in node.terms):
        return None
    found = mixture(node)
    made = None if found is None else mixed(found)
    return None if isinstance(made, Sum) else made


def exponential_of(node: Sum) -> Expr | None:
    """1 + expm1(x) is exp(x)."""
    if all(_argument(term, "exp(x) - 1") is None for _, term in node.terms):
        return None
    argument = exponent_in(node)
    return None if argument is None else exponential(argument)


def _argument(node: Expr, text: str) -> Expr | None:
    """The x of a function of this meaning."""
    return node.args[0] if isinstance(node, Map) and node.head.text == text else None


# -- maps --------------------------------------------------------------------------------------------


def _softmax_of_logarithm(x: Expr) -> Expr | None:
    """The exponential of x − logsumexp(x), also by the name of log-softmax."""
    inner = behind(x)
    if isinstance(inner, Composite) and inner.definition.name == "nn.log_softmax":
        return softmax(inner.args[0], len(inner.reduced))
    if not isinstance(inner, Sum):
        return None
    for k, (c, term) in enumerate(inner.terms):
        total = _repeated(term) if c == -1 else None
        if total is None:
            continue
        node, kept = total
        (y,) = node.args
        at = (*kept, *(axis for axis in range(inner.ndim) if axis not in kept))
        rest = add(t for n, t in enumerate(inner.terms) if n != k)
        axes, sizes = range(inner.ndim), dict(enumerate(inner.sizes))
        if len(at) == y.ndim and contract(axes, [(y, at)], 1, sizes) == rest:
            return contract(axes, [(softmax(y, len(node.reduced)), at)], 1, sizes)
    return None


def _repeated(node: Expr) -> tuple[Composite, tuple[int, ...]] | None:
    """A logsumexp that is repeated along axes, and the axes that it has."""
    if not isinstance(node, Product) or node.summed or len(node.factors) != 1 or node.coef != 1:
        return None
    (f,) = node.factors
    inner = behind(f.node)
    known = isinstance(inner, Composite) and inner.definition.operation == "logsumexp"
    if not known or f.exponent != 1 or len({*f.labels}) < len(f.labels):
        return None
    assert isinstance(inner, Composite)
    return inner, f.labels


def _logarithm(node: Map) -> Expr | None:
    """The logarithm of an element of a softmax; log(x + √(x² + 1)), which is arcsinh(x)."""
    arg = node.args[0]
    if isinstance(arg, Sum):
        x = next(_under_hypotenuse(arg), None)
        return None if x is None else mapped(function("asinh(x)", "arcsinh"), (x,))
    if not isinstance(arg, Product) or arg.coef != 1 or len(arg.summed) > 1:
        return None
    for k, f in enumerate(arg.factors):
        if f.exponent != 1 or not _is_softmax(f.node):
            continue
        others = [g for n, g in enumerate(arg.factors) if n != k]
        if not all(_picks(g.node) and g.exponent == 1 and g.labels[-1:] == (arg.ndim,) for g in others):
            continue
        if len(others) == len(arg.summed):
            logs = (mapped(LOG, (f.node,)), f.labels, 1)
            return with_factors(arg, [logs, *others], 1)
    return None


def _under_hypotenuse(node: Sum) -> Iterator[Expr]:
    """The x of x + √(x² + 1)."""
    if len(node.terms) != 2 or {c for c, _ in node.terms} != {1}:
        return
    for (_, x), (_, root) in (node.terms, node.terms[::-1]):
        labels = range(x.ndim)
        one = add([(1, constant(1, x.sizes)), (1, contract(labels, [(x, labels, 2)]))])
        if root == contract(labels, [(one, labels, _HALF)]):
            yield x


def _is_softmax(node: Expr) -> bool:
    inner = behind(node)
    return isinstance(inner, Composite) and inner.definition.operation == "softmax"


def _picks(node: Expr) -> bool:
    """Whether the node is 1 at one place along its last axis and 0 elsewhere."""
    return facts.zero_one(node) and facts.sums_to_one(node) == 1
