"""Common factors taken out of sums.

In P_ij G_ij − P_ij Σ_k P_ik G_ik, of 2 × 3, both terms have P at the labels ij. What is left of the second
has the label i alone and is repeated along j:

>>> from minigrad.index.expr import Leaf
>>> from minigrad.notation.matrix import index_text
>>> P, G = Leaf("P", (2, 3)), Leaf("G", (2, 3))
>>> first = contract("ij", [(P, "ij"), (G, "ij")])
>>> second = contract("ij", [(P, "ij"), (P, "ik"), (G, "ik")])
>>> index_text(factored(add([(1, first), (-1, second)])))
'P_ij (G_ij − Σ_k P_ik G_ik)'
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import combinations
from typing import TypeGuard, cast

from minigrad.index import facts
from minigrad.index.affine import Roll, Slice, delta, is_a
from minigrad.index.algebra import add, distributed, scale
from minigrad.index.contract import contract
from minigrad.index.expr import (
    Expr,
    Factor,
    Number,
    Product,
    Sum,
    is_constant,
)
from minigrad.index.matching import placements
from minigrad.index.numbers import magnitude, times
from minigrad.index.rebuild import transformed
from minigrad.index.size import AnySize


def factored(root: Expr) -> Expr:
    """Common factors taken out of every sum: A*G - A*rowsum(A*G) is A*(G - rowsum(A*G))."""
    return transformed(root, with_factors_outside)


def with_factors_outside(node: Expr) -> Expr:
    """A sum with its common factors outside; other nodes as they are."""
    if not isinstance(node, Sum):
        return node
    met = _with_like_terms(node)
    if not isinstance(met, Sum):
        return met
    return common_factor(met) or _common_number(met) or _by_groups(met)


def _with_like_terms(total: Sum) -> Expr:
    """The sum with sums that stand turned in it opened, where terms meet: (A' − B')' is A − B."""
    terms: list[tuple[Number, Expr]] = []
    for c, term in total.terms:
        opened = distributed(term, 0) if _is_turned_sum(term) else term
        parts = opened.terms if isinstance(opened, Sum) else ((1, opened),)
        terms += [(times(c, own), part) for own, part in parts]
    if len(terms) == len(total.terms):
        return total
    met = add(terms)
    fewer = not isinstance(met, Sum) or len(met.terms) < len(terms)
    return met if fewer and met.weight <= total.weight else total


# In a sum of more terms than this nobody looks for two that share something.
_MOST_TERMS = 8


def _is_turned_sum(node: Expr) -> TypeGuard[Product]:
    if not isinstance(node, Product) or len(node.factors) != 1 or node.summed:
        return False
    return isinstance(node.factors[0].node, Sum) and node.factors[0].exponent == 1


def _by_groups(total: Sum) -> Expr:
    """A sum with common factors of some of its terms outside: X'p/n − X'y/n + r w is X'(p − y)/n + r w."""
    while 2 < len(total.terms) <= _MOST_TERMS:
        terms = total.terms
        found = [
            Sum((*terms[:i], (1, whole), *terms[i + 1 : j], *terms[j + 1 :]))
            for i, j in combinations(range(len(terms)), 2)
            if (whole := _of_both(terms[i], terms[j])) is not None
        ]
        best = min(found, key=lambda other: other.weight, default=total)
        if best.weight >= total.weight:
            break
        total = best
    return total


def _of_both(one: tuple[Number, Expr], other: tuple[Number, Expr]) -> Expr | None:
    """Two terms with what they share outside; a number alone only of two symbols, 2 (A − B)."""
    pair = Sum((one, other))
    are_symbols = one[1].weight == other[1].weight == 1
    return common_factor(pair) or (_common_number(pair) if are_symbols else None)


def _common_number(total: Sum) -> Expr | None:
    """a/2 - b/2 is (a - b)/2; a lone number among the terms forbids it."""
    sizes = {magnitude(c) for c, _ in total.terms}
    if len(sizes) != 1 or sizes == {1} or any(is_constant(t) for _, t in total.terms):
        return None
    (size,) = sizes
    signs = [(1 if c > 0 else -1, term) for c, term in total.terms]
    return scale(size, add(signs))


def common_factor(total: Sum, spread: bool = False, split: bool = False) -> Expr | None:
    """``total`` with what all of its terms share outside, or None when they share nothing.

    A remainder is repeated along an axis only where one common factor covers the remainders' axes, or
    where it is a statistic, unless ``spread`` allows it anywhere: right for index notation, clumsy in
    matrices. With ``split`` two labels of one term may be one label of another, joined by a delta:
    A'pp'A and A'diag(p)A share A' and A.
    """
    return next(common_factors(total, spread, split), None)


def common_factors(total: Sum, spread: bool = False, split: bool = False) -> Iterator[Expr]:
    """The ways to write ``total`` with something shared outside, those that share most first."""
    terms = [(c, _with_single_powers(t)) for c, t in total.terms]
    pattern = max((t for _, t in terms), key=lambda t: len(t.summed)) if split else terms[0][1]
    found = list(_matches(pattern, [t for _, t in terms], split))
    most = max((len(match[0][1]) for match in found), default=0)
    for match in sorted(found, key=lambda m: -len(m[0][1])):
        if not split and len(match[0][1]) < most:
            break
        outside = _taken_out(total, pattern, terms, match, spread or split)
        if outside is not None:
            yield outside


# A higher power is shared as a whole or not at all.
_MOST_COPIES = 8


def _with_single_powers(node: Expr) -> Product:
    """As a product in which x squared stands as x x, so that one x can be taken out."""
    if not isinstance(node, Product):
        return Product((Factor(node, tuple(range(node.ndim))),), 1, node.sizes, node.ndim, b"")
    factors: list[Factor] = []
    for f in node.factors:
        exponent = Fraction(f.exponent)
        if abs(exponent.numerator) > _MOST_COPIES:
            factors.append(f)
            continue
        single = Fraction(1 if exponent > 0 else -1, exponent.denominator)
        whole = int(single) if single.denominator == 1 else single
        factors.extend([Factor(f.node, f.labels, whole)] * abs(exponent.numerator))
    return Product(tuple(factors), node.coef, node.label_sizes, node.ndim, b"")


# What the pattern's summed labels are in a term, and which of the term's factors match.
Match = tuple[dict[int, int], list[int]]
Pick = tuple[int, dict[int, int]]  # one such factor, and the labels with it


def _matches(pattern: Product, terms: Sequence[Product], split: bool) -> Iterator[list[Match]]:
    """Per term how the pattern's shared factors lie in it; greedily grown from each seed."""
    usable = [k for k, f in enumerate(pattern.factors) if not split or len(f.labels) != 1]
    for seed in usable:
        found: list[Match] = [({}, []) for _ in terms]
        for k in [seed, *(k for k in usable if k != seed)]:
            picks: list[Pick] = []
            for term, (names, taken) in zip(terms, found, strict=True):
                pick = _find(pattern, k, term, names, taken, split)
                if pick is None:
                    break
                picks.append(pick)
            else:
                for (names, taken), (place, grown) in zip(found, picks, strict=True):
                    taken.append(place)
                    names.update(grown)
        if found[0][1]:
            yield found


def _find(
    pattern: Product,
    k: int,
    term: Product,
    names: dict[int, int],
    taken: Sequence[int],
    split: bool,
) -> Pick | None:
    """A factor of ``term`` equal to factor k of the pattern; free labels agree, summed ones map."""
    wanted = pattern.factors[k]
    known = dict(enumerate(range(pattern.ndim))) | names
    for j, at in placements(wanted, term.factors, known):
        if j in taken or term.factors[j].exponent != wanted.exponent:
            continue
        summed = {a: b for a, b in cast("dict[int, int]", at).items() if a >= pattern.ndim}
        if split or len({b for b in summed.values() if b >= term.ndim}) == len(summed):
            return j, summed
    return None


def _taken_out(
    total: Sum,
    pattern: Product,
    terms: Sequence[tuple[Number, Product]],
    match: Sequence[Match],
    spread: bool,
) -> Expr | None:
    """Common * (remainders); the remainders' axes are the labels that anything of theirs needs."""
    own = next(m for m, (_, term) in zip(match, terms, strict=True) if term is pattern)
    common = [pattern.factors[j] for j in own[1]]
    rests = [_Remainder(pattern, term, m) for m, (_, term) in zip(match, terms, strict=True)]
    shared = {label for f in common for label in f.labels}
    axes = sorted({label for rest in rests for label in rest.axes})
    covered = any(set(axes) <= set(f.labels) for f in common)
    if len(axes) > max(2, total.ndim):
        return None
    if not spread and any(rest.falls_apart() or rest.moves() for rest in rests):
        return None
    if total.ndim == 1 and len(axes) == 2 and any(rest.scales() for rest in rests):
        return None  # Wᵀ (u ⊙ c) + Vᵀ c is read, and (diag(u) W + V)ᵀ c is not
    sizes = dict(enumerate(pattern.label_sizes))
    inner: list[tuple[Number, Expr]] = []
    for (coef, _), rest in zip(terms, rests, strict=True):
        missing = [label for label in axes if label not in rest.axes]
        if missing and not spread and not (covered and set(missing) <= shared):
            narrow = rest.over(rest.axes, sizes)
            if not (facts.statistic(narrow) or is_constant(narrow)):
                return None
        inner.append((coef, rest.over(axes, sizes)))
    rest_sum = add(inner)
    if isinstance(rest_sum, Sum):
        rest_sum = _common_number(rest_sum) or rest_sum
    operands = [*common, Factor(rest_sum, tuple(axes))]
    return contract(range(total.ndim), operands, 1, dict(enumerate(total.sizes)))


class _Remainder:
    """What is left of a term, in the pattern's labels; labels that fell together get deltas."""

    def __init__(self, pattern: Product, term: Product, match: Match) -> None:
        names, taken = match
        self.coef, self.ndim = term.coef, term.ndim
        self.rest = [f for j, f in enumerate(term.factors) if j not in taken]
        self.back: dict[int, int] = {}
        self.deltas: list[tuple[int, int]] = []
        for a, b in names.items():
            if b < term.ndim:
                self.deltas.append((b, a))
            elif b in self.back:
                self.deltas.append((self.back[b], a))
            else:
                self.back[b] = a
        self.sizes = pattern.label_sizes
        used = {self.label(lab) for f in self.rest for lab in f.labels}
        self.axes = sorted(
            {lab for lab in used if isinstance(lab, int)} | {lab for d in self.deltas for lab in d}
        )

    def label(self, label: int) -> Hashable:
        """The pattern's label for one of the term's; ("own", k) for one that only the term has."""
        if label in self.back:
            return self.back[label]
        return label if label < self.ndim else ("own", label)

    def moves(self) -> bool:
        """Whether what is taken out is moved by what is left: c ⊙ x[1:] and roll(x, 1) are read by themselves."""
        own = [*self.back.values()]
        shifts = [f for f in self.rest if is_a(f.node, Slice) or is_a(f.node, Roll)]
        return any(self.label(label) in own for f in shifts for label in f.labels) or (
            bool(shifts) and len(shifts) == len([f for f in self.rest if f.labels])
        )

    def scales(self) -> bool:
        """Whether what is left is a matrix with its rows or columns scaled."""
        labels = [{self.label(label) for label in f.labels} for f in self.rest]
        return any(len(own) == 1 for own in labels) and any(len(own) == 2 for own in labels)

    def falls_apart(self) -> bool:
        """Whether nothing joins the axes: x (xᵀ A x) is not to be read as (x xᵀ A) x."""
        groups: list[set[Hashable]] = [{lab} for lab in self.axes]
        for labels in [set(map(self.label, f.labels)) for f in self.rest] + list(
            map(set, self.deltas)
        ):
            joined = [g for g in groups if g & labels]
            groups = [g for g in groups if not g & labels]
            groups.append(labels.union(*joined))
        return len([g for g in groups if g & set(self.axes)]) > 1

    def over(self, axes: Sequence[int], sizes: Mapping[int, AnySize]) -> Expr:
        operands: list[tuple[Expr, Sequence[Hashable], int | Fraction]] = [
            (f.node, tuple(map(self.label, f.labels)), f.exponent) for f in self.rest
        ]
        for i, j in self.deltas:
            size = sizes[i]
            operands.append((delta(size), (i, j), 1))
        known: dict[Hashable, AnySize] = {lab: sizes[lab] for lab in axes if lab in sizes}
        return contract(axes, operands, self.coef, known)
