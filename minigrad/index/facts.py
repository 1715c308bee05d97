"""What is known of a node's values: sign, 0/1, rows that sum to one, what cancels against what.

Every answer is sure; "not known" is False or None.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from fractions import Fraction

from minigrad.index import heads
from minigrad.index.affine import AffineRelation, delta, told_axes
from minigrad.index.expr import (
    Composite,
    Expr,
    Head,
    Leaf,
    Map,
    MatrixFunction,
    Pick,
    Product,
    Reduction,
    Ref,
    Sum,
)
from minigrad.index.kept import kept_by_names
from minigrad.index.numbers import is_even

Entry = tuple[Expr, tuple[Hashable, ...], "int | Fraction"]
ABSOLUTE = Head("abs", "Abs(x)")


def assumed(node: Expr) -> frozenset[str]:
    """The assumptions on a variable, also through its name."""
    while isinstance(node, Ref):
        node = node.node
    return node.assume if isinstance(node, Leaf) else frozenset()


@kept_by_names
def positive(node: Expr) -> bool:
    match node:
        case Leaf():
            return bool(node.assume & {"positive", "unit"}) or node.kind in ("constant", "size")
        case Product():
            return node.coef > 0 and all(
                positive(f.node) or (is_even(f.exponent) and _nonzero(f.node)) for f in node.factors
            )
        case Sum():
            terms = [c > 0 and nonnegative(t) for c, t in node.terms]
            return _one_minus_unit(node) or (
                all(terms) and any(c > 0 and positive(t) for c, t in node.terms)
            )
        case Map():
            return heads.sign(node.head) in ("positive", "unit")
        case Composite():
            return "positive" in node.definition.facts
    return False


@kept_by_names
def nonnegative(node: Expr) -> bool:
    match node:
        case Leaf():
            return positive(node) or bool(
                node.assume & {"0/1", "simplex", "onehot", "bool", "index"}
            )
        case AffineRelation() | Pick():
            return True
        case Reduction():
            return node.kind in ("argmax", "argsort") or nonnegative(node.arg)
        case Product():
            return node.coef >= 0 and all(
                is_even(f.exponent) or nonnegative(f.node) for f in node.factors
            )
        case Sum():
            return positive(node) or all(c >= 0 and nonnegative(t) for c, t in node.terms)
        case Map():
            return heads.sign(node.head) in ("positive", "unit", "nonnegative", "0/1")
    return positive(node)


@kept_by_names
def sum_of_powers(node: Expr) -> bool:
    """Whether the node is 0 only where all that it adds up is 0, as a sum of squares or a norm."""
    match node:
        case Sum():
            return all(c > 0 and _power(term) for c, term in node.terms)
        case Product() if node.coef > 0:
            inner = [f for f in node.factors if not positive(f.node)]
            if len(inner) == 1 and not node.summed and inner[0].exponent > 0:
                return sum_of_powers(inner[0].node)
            return bool(node.summed) and _power(node)
    return False


def _power(node: Expr) -> bool:
    """Whether the node is a power that is never negative, of what may be 0, times what is positive."""
    if not isinstance(node, Product):
        return False
    rest = [f for f in node.factors if not positive(f.node)]
    return len(rest) == 1 and rest[0].exponent > 0 and (
        is_even(rest[0].exponent) or (isinstance(rest[0].node, Map) and nonnegative(rest[0].node))
    )


@kept_by_names
def zero_one(node: Expr) -> bool:
    """Whether every element is 0 or 1, so that powers collapse."""
    match node:
        case Leaf():
            return bool(node.assume & {"0/1", "onehot", "bool"})
        case AffineRelation() | Pick():
            return True
        case Map():
            return heads.sign(node.head) == "0/1"
        case Product():
            whole = not node.summed and node.coef in (0, 1)
            return whole and all(f.exponent > 0 and zero_one(f.node) for f in node.factors)
    return False


def reduced_power(node: Expr, exponent: int | Fraction) -> int | Fraction:
    """The power that says the same of a 0/1 or +-1 tensor; 0 when the factor is 1 everywhere."""
    if exponent > 0 and zero_one(node):
        return 1
    if Fraction(exponent).denominator == 1 and "pm1" in assumed(node):
        return int(exponent) % 2
    return exponent


def rooted(node: Expr) -> Fraction | None:
    """The number under a root that could not be drawn: without the root it is a number again."""
    if not isinstance(node, Leaf) or node.kind != "constant":
        return None
    return Fraction(node.name) if node.name.replace("/", "").isdigit() else None


def absolute(node: Expr) -> Expr:
    return Map(ABSOLUTE, (node,))


@kept_by_names
def sums_to_one(node: Expr) -> int:
    """Over how many last axes the elements sum to one; 0 if that is not known."""
    match node:
        case Leaf():
            return 1 if node.assume & {"simplex", "onehot"} and node.ndim else 0
        case Pick():
            return 1
        case AffineRelation():
            last = told_axes(node)[-1:]
            return len(last[0]) if last and last[0][-1] == node.ndim - 1 else 0
        case Reduction():
            return node.count if node.kind == "argmax" else 0
        case Composite():
            return 1 if "simplex" in node.definition.facts else 0
    return 0


def axes_that_sum_to_one(node: Expr) -> list[range]:
    """Axes over which the elements sum to one, by what is told of the node."""
    if isinstance(node, AffineRelation):
        return told_axes(node)
    count = sums_to_one(node)
    return [range(node.ndim - count, node.ndim)] if count else []


@kept_by_names
def statistic(node: Expr) -> bool:
    """Whether a vector is a reduction of the rows of something: a mean, a norm, a root of those."""
    match node:
        case Sum():
            return node.ndim == 1 and _made_of_statistics([term for _, term in node.terms])
        case Map():
            return node.ndim == 1 and _made_of_statistics(node.args)
        case Reduction():
            return node.ndim == 1 and node.kind in ("max", "prod")
        case Composite():
            return node.ndim == 1 and all(arg.ndim == 2 for arg in node.args)
        case Product():
            return node.ndim == 1 and _row_reduction(node)
    return False


def _made_of_statistics(parts: Sequence[Expr]) -> bool:
    """Statistics and numbers, and at least one statistic."""
    varying = [part for part in parts if not _is_number(part)]
    return bool(varying) and all(map(statistic, varying))


def _is_number(node: Expr) -> bool:
    """Whether every element is the same scalar."""
    return isinstance(node, Product) and not any(f.labels for f in node.factors)


def _row_reduction(node: Product) -> bool:
    """Every factor is a statistic, or a matrix whose second label is summed beside no vector."""
    varying = [f for f in node.factors if f.labels]
    if not varying:
        return False
    for f in varying:
        if f.labels == (0,):
            if not statistic(f.node):
                return False
        elif 0 not in f.labels or len(f.labels) != 2:
            return False
    return True


def sums_to_zero(node: Expr, axis: int) -> bool:
    """Whether the elements along an axis are centred, as those of X - rowmean(X)."""
    return axis < node.ndim and _centred(node)[axis]


@kept_by_names
def _centred(node: Expr) -> tuple[bool, ...]:
    return tuple(_is_centred(node, axis) for axis in range(node.ndim))


def _is_centred(node: Expr, axis: int) -> bool:
    match node:
        case Composite():
            return "centred" in node.definition.facts and axis == node.ndim - 1
        case Sum() if len(node.terms) == 2:
            (a, x), (b, mean) = node.terms
            return (a == -b) and (_is_mean_of(mean, x, axis) or _is_mean_of(x, mean, axis))
        case Product() if axis < node.ndim:
            carrying = [f for f in node.factors if axis in f.labels]
            return (
                len(carrying) == 1
                and carrying[0].exponent == 1
                and carrying[0].labels.count(axis) == 1
                and sums_to_zero(carrying[0].node, carrying[0].labels.index(axis))
            )
    return False


def _is_mean_of(mean: Expr, x: Expr, axis: int) -> bool:
    """Whether ``mean`` is x averaged over an axis and repeated along it."""
    if not isinstance(mean, Product) or len(mean.summed) != 1 or isinstance(x, Product):
        return False
    (summed,) = mean.summed
    wanted = tuple(summed if k == axis else k for k in range(x.ndim))
    size = mean.label_sizes[summed]
    sizes = [f for f in mean.factors if isinstance(f.node, Leaf) and f.node.kind == "size"]
    rest = [f for f in mean.factors if f not in sizes]
    if len(rest) != 1 or rest[0].node != x or rest[0].labels != wanted or rest[0].exponent != 1:
        return False
    if isinstance(size, int):
        return not sizes and mean.coef * size == 1
    return (
        mean.coef == 1
        and len(sizes) == 1
        and sizes[0].exponent == -1
        and isinstance(sizes[0].node, Leaf)
        and sizes[0].node.name == str(size)
    )


def cancelled(
    a: Entry, b: Entry, label: Hashable
) -> list[tuple[Expr, tuple[Hashable, ...]]] | None:
    """What is left of two factors that meet over a summed label, when they cancel; else None."""
    for (left, left_labels, e), (right, right_labels, f) in ((a, b), (b, a)):
        if e != 1 or f != 1:
            continue
        if isinstance(left, MatrixFunction) and left.row.inverts:
            found = _inverse_pair(left, left_labels, right, right_labels, label)
        elif "orthogonal" in assumed(left) and left == right and a is not b:
            found = _orthogonal_pair(left, left_labels, right_labels, label)
        else:
            found = None
        if found is not None:
            return found
    return None


def _inverse_pair(
    inverse: MatrixFunction,
    inverse_labels: tuple[Hashable, ...],
    other: Expr,
    labels: tuple[Hashable, ...],
    label: Hashable,
) -> list[tuple[Expr, tuple[Hashable, ...]]] | None:
    if other != inverse.arg or other.ndim < 2 or inverse_labels[:-2] != labels[:-2]:
        return None
    (r, s), (i, j) = inverse_labels[-2:], labels[-2:]
    if s == i == label and r != label and j != label:
        return [(delta(inverse.sizes[-2]), (r, j))]
    if r == j == label and s != label and i != label:
        return [(delta(other.sizes[-2]), (i, s))]
    return None


def _orthogonal_pair(
    node: Expr,
    a: tuple[Hashable, ...],
    b: tuple[Hashable, ...],
    label: Hashable,
) -> list[tuple[Expr, tuple[Hashable, ...]]] | None:
    for axis in (0, 1):
        if a[axis] == b[axis] == label and a[1 - axis] != b[1 - axis]:
            size = node.sizes[1 - axis]
            return [(delta(size), (a[1 - axis], b[1 - axis]))]
    return None


def _one_minus_unit(node: Sum) -> bool:
    """1 - p for p in (0, 1)."""
    if len(node.terms) != 2:
        return False
    (one, a), (minus, b) = sorted(node.terms, key=lambda t: -t[0])
    unit = "unit" in assumed(b) or (_inner(b) is not None and heads.sign(_inner(b).head) == "unit")  # type: ignore[union-attr]
    return (
        one == 1
        and minus == -1
        and isinstance(a, Product)
        and not a.factors
        and a.coef == 1
        and unit
    )


def _inner(node: Expr) -> Map | None:
    while isinstance(node, Ref):
        node = node.node
    return node if isinstance(node, Map) else None


def _nonzero(node: Expr) -> bool:
    return positive(node) or "pm1" in assumed(node) or "nonzero" in assumed(node)
