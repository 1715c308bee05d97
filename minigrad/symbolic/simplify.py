"""Simplification after derivation: composites folded back, common factors taken out once."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from fractions import Fraction

from minigrad.index import facts, heads
from minigrad.index.algebra import add, constant, scale
from minigrad.index.contract import contract
from minigrad.index.expr import (
    Composite,
    Expr,
    Factor,
    Map,
    Number,
    Product,
    Ref,
    Structural,
    Sum,
    is_constant,
)
from minigrad.index.meaning import RATIOS
from minigrad.index.numbers import magnitude
from minigrad.index.rebuild import transformed
from minigrad.index.size import AnySize
from minigrad.symbolic.rational import rationally_simplified

_LOGISTIC = "1/(1 + exp(-x))"


def simplified(node: Expr) -> Expr:
    """The node with quotients folded and its pointwise algebra cancelled; names stay closed."""
    node = rationally_simplified(folded(node))
    return _constant_parts(node) if isinstance(node, Product) else node


def _constant_parts(node: Product) -> Expr:
    """A mean of c + x is c + the mean of x: Σ p ⊙ (1 + log p) is 1 + pᵀ log p for a p that sums to one."""
    if len(node.factors) != 2 or node.ndim > 1:
        return node
    for weights, total in (node.factors, node.factors[::-1]):
        if not isinstance(total.node, Sum) or {weights.exponent, total.exponent} != {1}:
            continue
        if facts.sums_to_one(weights.node) != 1 or weights.labels[-1] < node.ndim:
            continue
        if weights.labels[-1] not in total.labels or weights.labels[-1] in weights.labels[:-1]:
            continue
        axis = total.labels.index(weights.labels[-1])
        terms = total.node.terms
        fixed = [k for k, (_, term) in enumerate(terms) if _is_constant_along(term, axis)]
        if fixed:
            sizes = dict(enumerate(node.label_sizes))
            parts = [
                (c, contract(range(node.ndim), [weights, (t, total.labels)], node.coef, sizes))
                for c, t in terms
            ]
            return add(parts)
    return node


def _is_constant_along(node: Expr, axis: int) -> bool:
    return isinstance(node, Product) and all(axis not in f.labels for f in node.factors)


# -- fold: exp(x) / sum exp(x) is softmax(x) -----------------------------------------------------


def folded(node: Expr) -> Expr:
    """Every product in which ``e / sum(e)`` stands, written by the composite that means it."""
    if isinstance(node, Sum):
        return add([(c, folded(term)) for c, term in node.terms])
    while isinstance(node, Product):
        found = _fold_once(node) or _logistic(node)
        if found is None:
            return node
        node = found
    return node


def _logistic(node: Product) -> Expr | None:
    """With e = exp(u): 1 / (1 + e) written 1 − σ(u), or σ(−u) where u has a minus; e times that is σ(u)."""
    head = heads.with_text(_LOGISTIC)
    if head is None:
        return None
    for k, f in enumerate(node.factors):
        argument = _one_plus_exponential(f.node) if f.exponent in _WHOLE_BELOW else None
        if argument is not None:
            lower: Expr = Map(head, (scale(-1, argument),))
            if not _negated(argument):
                sigmoid = Map(head, (argument,))
                lower = add([(1, constant(1, sigmoid.sizes)), (-1, sigmoid)])
            return _with_factors(node, {k: f.exponent + 1}, Factor(lower, f.labels))
        exponential = _behind(f.node)
        if not isinstance(exponential, Map) or exponential.head.text != "exp(x)" or f.exponent < 1:
            continue
        (argument,) = exponential.args
        upper = Map(head, (argument,))
        lowers = (
            Map(head, (scale(-1, argument),)),
            add([(1, constant(1, upper.sizes)), (-1, upper)]),
        )
        for j, g in enumerate(node.factors):
            if g.labels == f.labels and g.exponent >= 1 and _behind(g.node) in lowers:
                left = {k: f.exponent - 1, j: g.exponent - 1}
                return _with_factors(node, left, Factor(upper, f.labels))
    return None


_WHOLE_BELOW = range(-9, 0)


def _with_factors(node: Product, powers: Mapping[int, int | Fraction], more: Factor) -> Expr:
    """The product with other powers of some factors, and one factor more."""
    factors = [
        f._replace(exponent=powers.get(k, f.exponent))
        for k, f in enumerate(node.factors)
        if powers.get(k, f.exponent)
    ]
    sizes = dict(enumerate(node.label_sizes))
    return contract(range(node.ndim), [*factors, more], node.coef, sizes)


def _negated(node: Expr) -> bool:
    return isinstance(node, Product) and node.coef < 0


def _one_plus_exponential(node: Expr) -> Expr | None:
    """The argument u of 1 + exp(u), also where the exponential has a name."""
    if not isinstance(node, Sum) or len(node.terms) != 2 or any(c != 1 for c, _ in node.terms):
        return None
    one, other = sorted((t for _, t in node.terms), key=lambda t: not is_constant(t, 1))
    inner = _behind(other)
    if not is_constant(one, 1) or not isinstance(inner, Map) or inner.head.text != "exp(x)":
        return None
    return inner.args[0]


def _behind(node: Expr) -> Expr:
    return node.node if isinstance(node, Ref) else node


def _fold_once(node: Product) -> Expr | None:
    for k, total in enumerate(node.factors):
        if total.exponent >= 0 or not isinstance(total.node, Product):
            continue
        parts = [f for f in total.node.factors if isinstance(f.node, Map)]
        if len(total.node.factors) != 1 or not parts or parts[0].exponent != 1:
            continue
        (part,) = parts
        for j, other in enumerate(node.factors):
            if other.node != part.node or other.exponent < 1:
                continue
            composite = _ratio(total.node, part, total.labels, other.labels)
            if composite is not None:
                return _replaced(node, j, k, composite, other.labels)
    return None


def _ratio(
    total: Product, part: Factor, at_total: Sequence[int], at_part: Sequence[int]
) -> Expr | None:
    """The composite that is ``part / total``, when some definition says just that."""
    if any(
        at_part[axis] != at_total[lab] for axis, lab in enumerate(part.labels) if lab < total.ndim
    ):
        return None
    reduced = [axis for axis, lab in enumerate(part.labels) if lab >= total.ndim]
    kept = [axis for axis in range(part.node.ndim) if axis not in reduced]
    if not isinstance(part.node, Map) or len(part.node.args) != 1 or not reduced:
        return None
    order = [*kept, *reduced]
    argument = contract(order, [(part.node.args[0], range(part.node.ndim))])
    moved = contract(order, [(part.node, range(part.node.ndim))])
    wanted = contract(
        range(len(order)),
        [(moved, range(len(order))), (_sum_last(moved, len(reduced)), range(len(kept)), -1)],
    )
    for definition in (ratio(len(reduced)) for ratio in RATIOS):
        if definition.build(argument) == wanted:
            composite = Composite(definition, (argument,), argument.sizes)
            return contract(range(len(order)), [(composite, order)])
    return None


def _sum_last(node: Expr, count: int) -> Expr:
    return contract(range(node.ndim - count), [(node, range(node.ndim))])


def _replaced(node: Product, part: int, total: int, composite: Expr, labels: Sequence[int]) -> Expr:
    operands: list[tuple[Expr, Sequence[Hashable], object]] = []
    for k, f in enumerate(node.factors):
        exponent = f.exponent - (k == part) + (k == total)
        if k == part:
            operands.append((composite, labels, 1))
        if exponent:
            operands.append((f.node, f.labels, exponent))
    sizes = dict(enumerate(node.label_sizes))
    return contract(range(node.ndim), operands, node.coef, sizes)  # type: ignore[arg-type]


# -- common factors --------------------------------------------------------------------------------


def factored(root: Expr) -> Expr:
    """Common factors taken out of every sum: A*G - A*rowsum(A*G) is A*(G - rowsum(A*G))."""
    return transformed(root, with_factors_outside)


def with_factors_outside(node: Expr) -> Expr:
    """A sum with its common factors outside; other nodes as they are."""
    if not isinstance(node, Sum):
        return node
    return common_factor(node) or _common_number(node) or node


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


def _with_single_powers(node: Expr) -> Product:
    """As a product in which x squared stands as x x, so that one x can be taken out."""
    if not isinstance(node, Product):
        return Product((Factor(node, tuple(range(node.ndim))),), 1, node.sizes, node.ndim, b"")
    factors: list[Factor] = []
    for f in node.factors:
        exponent = Fraction(f.exponent)
        single = Fraction(1 if exponent > 0 else -1, exponent.denominator)
        whole = int(single) if single.denominator == 1 else single
        factors.extend([Factor(f.node, f.labels, whole)] * abs(exponent.numerator))
    return Product(tuple(factors), node.coef, node.label_sizes, node.ndim, b"")


Match = tuple[dict[int, int], list[int]]  # the pattern's labels in a term, and which factors match


def _matches(pattern: Product, terms: Sequence[Product], split: bool) -> Iterator[list[Match]]:
    """Per term how the pattern's shared factors lie in it; greedily grown from each seed."""
    usable = [k for k, f in enumerate(pattern.factors) if not split or len(f.labels) != 1]
    for seed in usable:
        found: list[Match] = [({}, []) for _ in terms]
        for k in [seed, *(k for k in usable if k != seed)]:
            picks = [
                _find(pattern, k, term, names, taken, split)
                for term, (names, taken) in zip(terms, found, strict=True)
            ]
            if all(pick is not None for pick in picks):
                for (names, taken), pick in zip(found, picks, strict=True):
                    assert pick is not None
                    taken.append(pick[0])
                    names.update(pick[1])
        if found[0][1]:
            yield found


def _find(
    pattern: Product,
    k: int,
    term: Product,
    names: dict[int, int],
    taken: Sequence[int],
    split: bool,
) -> tuple[int, dict[int, int]] | None:
    """A factor of ``term`` equal to factor k of the pattern; free labels agree, summed ones map."""
    wanted = pattern.factors[k]
    for j, f in enumerate(term.factors):
        if j in taken or f.node != wanted.node or f.exponent != wanted.exponent:
            continue
        added: dict[int, int] = {}
        for a, b in zip(wanted.labels, f.labels, strict=True):
            known = names.get(a, added.get(a))
            if a < pattern.ndim:
                if a != b:
                    break
            elif known is not None:
                if known != b:
                    break
            elif split or (b >= term.ndim and b not in {*names.values(), *added.values()}):
                added[a] = b
            else:
                break
        else:
            return j, added
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
    if not spread and any(rest.falls_apart() or rest.only_moves() for rest in rests):
        return None
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

    def only_moves(self) -> bool:
        """Whether nothing is left but slices: x[1:] and x[:-1] are read by themselves."""
        kinds = [f.node.kind for f in self.rest if isinstance(f.node, Structural)]
        return "slice" in kinds and len(kinds) == len([f for f in self.rest if f.labels])

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
            operands.append((Structural("delta", (size, size)), (i, j), 1))
        known: dict[Hashable, AnySize] = {lab: sizes[lab] for lab in axes if lab in sizes}
        return contract(axes, operands, self.coef, known)
