"""The normal form of products: flat, deltas gone, powers merged, summed labels in canonical order.

`contract` is the one door to `Product`. Its labels may be anything hashable, as in einsum; what it
returns is the same node for every way of writing the same contraction.

With A of 2 × 3, Σ_jk A_ij δ_jk x_k has a delta that makes j and k one label; what is left is numbered, kept
labels first:

>>> from minigrad.index.affine import delta
>>> A, x, c = Leaf("A", (2, 3)), Leaf("x", (3,)), Leaf("c", (2,))
>>> node = contract("i", [(A, "ij"), (delta(3), "jk"), (x, "k")])
>>> node.factors[0], node.factors[1].labels, node.label_sizes
(Factor(node=<Leaf A (2, 3)>, labels=(0, 1), exponent=1), (1,), (2, 3))

A product of products is flat, equal factors are a power, and what cancels is gone:

>>> contract("i", [(c, "i"), (c, "i")]).factors
(Factor(node=<Leaf c (2)>, labels=(0,), exponent=2),)
>>> contract("i", [(node, "i"), (c, "i"), (c, "i", -1)]) == node
True
"""

from __future__ import annotations

from collections.abc import Callable, Container, Hashable, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import count
from typing import Any

from minigrad.index import facts, relations
from minigrad.index.affine import AffineRelation, Delta, is_a
from minigrad.index.canonical import canonical
from minigrad.index.expr import (
    Composite,
    Expr,
    Factor,
    Leaf,
    Map,
    MatrixFunction,
    Number,
    Product,
    Sum,
)
from minigrad.index.kept import kept_by_names
from minigrad.index.matching import Placed, occurrences
from minigrad.index.numbers import exact_power, is_even, times
from minigrad.index.size import AnySize, Size

Label = Hashable
Operand = tuple[Expr, Sequence[Label]] | tuple[Expr, Sequence[Label], "int | Fraction"]

Key = tuple[bytes, tuple[Label, ...]]


def contract(
    out: Sequence[Label],
    operands: Iterable[Operand],
    coef: Number = 1,
    sizes: Mapping[Any, AnySize] | None = None,
) -> Expr:
    """``out[o] = coef * sum over the other labels of prod node[labels] ** exponent``.

    Parameters
    ----------
    out : labels of the result's axes, each once.
    operands : ``(node, labels)`` or ``(node, labels, exponent)``.
    coef : an exact number.
    sizes : sizes of labels that no operand carries.
    """
    work = _Contraction(out, sizes or {}, coef)
    for operand in operands:
        node, labels = operand[0], operand[1]
        work.take(node, tuple(labels), operand[2] if len(operand) == 3 else 1)
    return work.finish()


def with_factors(
    node: Product,
    operands: Iterable[Operand],
    coef: Number | None = None,
    out: Sequence[int] | None = None,
) -> Expr:
    """The product of other factors on a product's own labels, with its coefficient and axes unless told."""
    axes = range(node.ndim) if out is None else out
    return contract(axes, operands, node.coef if coef is None else coef, dict(enumerate(node.label_sizes)))


def better_size(a: AnySize | None, b: AnySize) -> AnySize:
    """Of two sizes that meet, the one that says more: a dim's name before a number."""
    return b if a is None or (isinstance(a, int) and isinstance(b, Size)) else a


class _Contraction:
    def __init__(self, out: Sequence[Label], sizes: Mapping[Label, AnySize], coef: Number) -> None:
        self.fresh = count()
        self.out = tuple(out)
        self.sizes: dict[Label, AnySize] = dict(sizes)
        self.coef = coef
        self.met: set[Label] = set()  # labels of operands; what is only sized is no summed label
        # (digest, labels) -> node, labels, exponent; the order of entry is the user's order
        self.entries: dict[
            tuple[bytes, tuple[Label, ...]], tuple[Expr, tuple[Label, ...], int | Fraction]
        ] = {}

    # -- taking operands in, flat -------------------------------------------------------------

    def take(self, node: Expr, labels: tuple[Label, ...], exponent: int | Fraction) -> None:
        for label, size in zip(labels, node.sizes, strict=True):
            self.sizes[label] = better_size(self.sizes.get(label), size)
            self.met.add(label)
        if not isinstance(node, Product):
            self.enter(node, labels, exponent)
        elif exponent == 1:
            self.inline(node, labels, 1)
        elif node.summed and isinstance(exponent, int) and any(_is_beside(f, node) for f in node.factors):
            # (b Σ_i a_i)^−1 is b^−1 (Σ_i a_i)^−1
            beside = [f for f in node.factors if _is_beside(f, node)]
            rest = [f for f in node.factors if f not in beside]
            for f in beside:
                self.take(f.node, tuple(labels[k] for k in f.labels), f.exponent * exponent)
            self.take(with_factors(node, rest), labels, exponent)
        elif node.summed or not self.distributes(node, exponent):
            self.enter(*_without_repeats(node, labels), exponent)
        else:
            self.inline(node, labels, exponent)

    def inline(self, node: Product, labels: tuple[Label, ...], exponent: int | Fraction) -> None:
        names = list(labels)
        for label in node.summed:
            names.append(("summed", next(self.fresh)))
            self.sizes[names[-1]] = node.label_sizes[label]
            self.met.add(names[-1])
        power = exact_power(node.coef, exponent)
        if power is None:
            self.enter(Leaf(str(node.coef), kind="constant"), (), exponent)
        else:
            self.coef = times(self.coef, power)
        for factor in node.factors:
            mapped = tuple(names[label] for label in factor.labels)
            e = factor.exponent * exponent
            base = factor.node
            if is_even(factor.exponent) and not is_even(e) and not facts.nonnegative(base):
                base = facts.absolute(base)
            self.take(base, mapped, e)

    @staticmethod
    def distributes(node: Product, exponent: int | Fraction) -> bool:
        """Whether (a b)^e = a^e b^e: always for whole e, for roots when the sign is known."""
        if isinstance(exponent, int) or Fraction(exponent).denominator == 1:
            return node.coef != 0 or exponent > 0
        unknown = [
            f for f in node.factors if not (is_even(f.exponent) or facts.nonnegative(f.node))
        ]
        return node.coef > 0 and (not unknown or len(node.factors) == 1)

    def enter(self, node: Expr, labels: tuple[Label, ...], exponent: int | Fraction) -> None:
        if len(labels) == 2 and symmetric(node):
            labels = tuple(sorted(labels, key=repr))
        key = (node.digest, labels)
        if key in self.entries:
            exponent = exponent + self.entries[key][2]
        if isinstance(exponent, Fraction) and exponent.denominator == 1:
            exponent = int(exponent)
        if exponent == 0:
            self.entries.pop(key, None)
            return
        rooted = facts.rooted(node) if isinstance(exponent, int) else None
        power = None if rooted is None else exact_power(rooted, exponent)
        if power is not None:
            self.coef = times(self.coef, power)
            self.entries.pop(key, None)
            return
        if exponent != 1:
            exponent = facts.reduced_power(node, exponent)
            if exponent == 0:
                self.entries.pop(key, None)
                return
        self.entries[key] = (node, labels, exponent)

    # -- rules ---------------------------------------------------------------------------------

    def finish(self) -> Expr:
        if self.coef == 0:
            return self.build()
        while (
            self.eliminate_delta()
            or self.cancel_inverse()
            or self.join_relations()
            or self.cancel_reciprocal()
            or self.join_opposites()
            or self.sum_alone()
        ):
            pass
        self.count_empty_labels()
        self.absorb_sign()
        return self.build()

    def rename(self, old: Label, new: Label) -> None:
        entries = list(self.entries.values())
        self.entries = {}
        self.sizes[new] = better_size(self.sizes.get(new), self.sizes[old])
        self.met.discard(old)
        self.met.add(new)
        for node, labels, exponent in entries:
            self.enter(node, tuple(new if label == old else label for label in labels), exponent)

    def eliminate_delta(self) -> bool:
        """delta_ij becomes i = j; with both labels free the other factors move to the first one."""
        for key, (node, labels, _) in list(self.entries.items()):
            if not is_a(node, Delta):
                continue
            i, j = sorted(
                labels, key=lambda label: self.out.index(label) if label in self.out else -1
            )
            del self.entries[key]
            if i == j:
                return True
            if i not in self.out:
                self.rename(i, j)
                return True
            others = [labels for _, labels, _ in self.entries.values()]
            moved = any(j in labels for labels in others)
            self.rename(j, i)
            self.entries[key] = (node, labels, 1)
            if moved:
                return True
        return False

    def meetings(self) -> Iterator[tuple[Key, Key, list[Label]]]:
        """Every two factors that meet over summed labels which nothing else carries, and those labels."""
        where: dict[Label, list[Key]] = {}
        for key in self.entries:
            for label in key[1]:
                where.setdefault(label, []).append(key)
        own = {label for label, keys in where.items() if len(keys) == 2 and label not in self.out}
        for first, second in dict.fromkeys(tuple(where[lab]) for lab in where if lab in own):
            if first != second:
                shared = dict.fromkeys(lab for lab in first[1] if lab in second[1])
                yield first, second, [lab for lab in shared if lab in own]

    def cancel_inverse(self) -> bool:
        """X against its inverse, over a summed label, is a delta."""
        for first, second, labels in self.meetings():
            for label in labels:
                found = facts.cancelled(self.entries[first], self.entries[second], label)
                shared = set(first[1]) & set(second[1])
                if found is not None and shared <= set(labels):
                    self.replace((first, second), shared, found)
                    return True
        return False

    def join_relations(self) -> bool:
        """Two relations of a summed index are one: a slice of a slice, a reshape and its reverse."""
        if sum(isinstance(node, AffineRelation) for node, _, _ in self.entries.values()) < 2:
            return False  # as in most products
        for first, second, labels in self.meetings():
            (a, at_a, e), (b, at_b, f) = self.entries[first], self.entries[second]
            if not (isinstance(a, AffineRelation) and isinstance(b, AffineRelation) and e == f == 1):
                continue
            found = relations.joined(relations.Placed(a, at_a), relations.Placed(b, at_b), labels)
            if found is not None:
                self.coef = times(self.coef, found.coef)
                self.replace((first, second), set(labels), found.relations)
                return True
        return False

    def replace(
        self,
        keys: Sequence[Key],
        shared: set[Label],
        found: Iterable[tuple[Expr, tuple[Label, ...]]],
    ) -> None:
        """What a pair comes to in its place; its shared labels are used up, no empty ones to be counted."""
        for key in keys:
            del self.entries[key]
        self.met -= shared
        for node, labels in found:
            self.take(node, labels, 1)

    def cancel_reciprocal(self) -> bool:
        """X'x / (x'x) is 1, where the numerator's factors stand open."""
        for key, (node, labels, exponent) in self.entries.items():
            if not isinstance(node, Product) or exponent > -1 or not node.summed:
                continue
            upper = exact_power(node.coef, -1)
            if upper is None:
                continue
            others = [Placed(*entry) for k, entry in self.entries.items() if k != key]
            known, kept = dict(enumerate(labels)), frozenset(self.out)
            found = next(occurrences(others, node, symmetric, known, kept), None)
            if found is None:
                continue
            self.entries = {}
            self.met -= {found.at[k] for k in node.summed}
            self.coef = times(self.coef, upper)
            for f in (*found.rest, Placed(node, labels, exponent + 1)):
                if f.exponent:
                    self.enter(f.node, tuple(f.labels), f.exponent)
            return True
        return False

    def join_opposites(self) -> bool:
        """(b - a)^k beside a power of a - b is (-1)^k (a - b)^k: one base, as a sum is written once."""
        sums = [
            (key, node, labels, exponent)
            for key, (node, labels, exponent) in self.entries.items()
            if isinstance(node, Sum) and isinstance(exponent, int)
        ]
        for key, node, labels, exponent in sums[1:]:
            negative = Sum(tuple((-c, term) for c, term in node.terms))
            if any(base == negative and at == labels for _, base, at, _ in sums):
                del self.entries[key]
                self.coef = times(self.coef, (-1) ** (exponent % 2))
                self.enter(negative, labels, exponent)
                return True
        return False

    def sum_alone(self) -> bool:
        """A factor that is known to sum to one over a label of its own leaves (simplex rows)."""
        uses: dict[Label, int] = {}
        for _, labels, _ in self.entries.values():
            for label in labels:
                uses[label] = uses.get(label, 0) + 1
        for key, (node, labels, exponent) in self.entries.items():
            if exponent != 1 or not labels:
                continue
            alone = [k for k, lab in enumerate(labels) if uses[lab] == 1 and lab not in self.out]
            if any(facts.sums_to_zero(node, k) for k in alone):
                self.coef = 0
                return False
            if alone and isinstance(node, Sum) and self.drop_centred(key, node, alone):
                return True
            for axes in facts.axes_that_sum_to_one(node):
                own = [labels[axis] for axis in axes]
                if own and all(uses[lab] == 1 and lab not in self.out for lab in own):
                    del self.entries[key]
                    self.met.difference_update(own)
                    return True
        return False

    def drop_centred(self, key: Key, total: Sum, alone: Sequence[int]) -> bool:
        """In a sum that is summed itself, a term that comes to zero goes away."""
        kept = tuple(
            (c, term)
            for c, term in total.terms
            if not any(facts.sums_to_zero(term, k) for k in alone)
        )
        if len(kept) == len(total.terms) or not kept:
            return False
        _, labels, exponent = self.entries.pop(key)
        if len(kept) > 1:
            coefs = [c for c, _ in kept]
            rest = once(
                [term for _, term in kept], lambda own: Sum(tuple(zip(coefs, own, strict=True)))
            )
            self.take(rest, labels, exponent)
        else:
            self.coef = times(self.coef, kept[0][0])
            self.take(kept[0][1], labels, exponent)
        return True

    def count_empty_labels(self) -> None:
        """A summed label that no factor carries is its size."""
        carried = {label for _, labels, _ in self.entries.values() for label in labels}
        empty = [
            lab
            for lab in self.sizes
            if lab in self.met and lab not in carried and lab not in self.out
        ]
        for label in empty:
            self.met.discard(label)
            self.take_size(self.sizes[label])

    def take_size(self, size: AnySize) -> None:
        if isinstance(size, int):
            self.coef = times(self.coef, size)
            return
        self.take(size_as_number(size), (), 1)

    def absorb_sign(self) -> None:
        """-(a - b) is b - a, and (-a - b) is -(a + b)."""
        nodes = [node for node, _, _ in self.entries.values()]
        for key, (node, _labels, exponent) in list(self.entries.items()):
            if exponent != 1 or not isinstance(node, Sum) or nodes.count(node) > 1:
                continue
            negative = [c < 0 for c, _ in node.terms]
            if all(negative) or (self.coef < 0 and any(negative)):
                self.flip(key, node)

    def flip(self, key: tuple[bytes, tuple[Label, ...]], total: Sum) -> None:
        """Write a sum by its negative, in its place."""
        flipped = Sum(tuple((-c, term) for c, term in total.terms))
        labels = key[1]
        self.entries = {
            ((flipped.digest, labels) if k == key else k): ((flipped, labels, 1) if k == key else v)
            for k, v in self.entries.items()
        }
        self.coef = -self.coef

    # -- the node --------------------------------------------------------------------------------

    def build(self) -> Expr:
        entries = [] if self.coef == 0 else list(self.entries.values())
        if self.coef == 1 and len(entries) == 1:
            node, labels, exponent = entries[0]
            mirrored = len(labels) == 2 and labels == self.out[::-1] and symmetric(node)
            if exponent == 1 and (labels == self.out or mirrored):
                return node
        number = {label: i for i, label in enumerate(self.out)}
        sizes = [self.sizes[label] for label in self.out]
        turned = [len(labels) == 2 and symmetric(node) for node, labels, _ in entries]
        order, identity = canonical(entries, turned, self.out, self.sizes)
        for label in order:
            number[label] = len(number)
            sizes.append(self.sizes[label])
        factors = tuple(
            Factor(node, tuple(number[label] for label in labels), exponent)
            for node, labels, exponent in entries
        )
        return Product(factors, self.coef, tuple(sizes), len(self.out), repr(identity).encode())


def _is_beside(factor: Factor, node: Product) -> bool:
    """Whether a factor stands outside of all sums; a size belongs to its mean."""
    is_size = isinstance(factor.node, Leaf) and factor.node.kind == "size"
    return not is_size and all(label < node.ndim for label in factor.labels)


def _without_repeats(node: Product, labels: tuple[Label, ...]) -> tuple[Expr, tuple[Label, ...]]:
    """The product without axes that it only repeats: as a factor it needs no label for them."""
    repeated = repeated_axes(node)
    if not repeated:
        return node, labels
    kept = tuple(label for axis, label in enumerate(labels) if axis not in repeated)
    return without_axes(node, repeated), kept


def repeated_axes(node: Expr) -> set[int]:
    """The axes along which a node is the same by how it is written."""
    if not isinstance(node, Product) or not node.ndim:
        return set()
    return set(range(node.ndim)).difference(*(f.labels for f in node.factors))


def without_axes(node: Expr, axes: Container[int]) -> Expr:
    """The product without some of the axes that it only repeats."""
    assert isinstance(node, Product)
    kept = [axis for axis in range(node.ndim) if axis not in axes]
    return with_factors(node, node.factors, out=kept)


def once(nodes: Sequence[Expr], build: Callable[[Sequence[Expr]], Expr]) -> Expr:
    """``build`` of nodes of one shape, elementwise: what all of them repeat is repeated of the result.

    The sine of a number that stands in every element is one number.
    """
    repeated = set.intersection(*map(repeated_axes, nodes))
    if not repeated:
        return build(nodes)
    inner = build([without_axes(node, repeated) for node in nodes])
    axes, sizes = range(nodes[0].ndim), dict(enumerate(nodes[0].sizes))
    return contract(axes, [(inner, [axis for axis in axes if axis not in repeated])], 1, sizes)


# -- what the normal form tells ----------------------------------------------------------------


def size_as_number(size: AnySize) -> Expr:
    """The scalar that is a size: n, or n + m."""
    if isinstance(size, int):
        return contract((), (), size)
    terms: list[tuple[Number, Expr]] = []
    for names, coefficient in size.terms.items():
        factors = [(Leaf(name, (), frozenset({"positive"}), "size"), ()) for name in names]
        terms.append((coefficient, contract((), factors)))
    if len(terms) == 1:
        return contract((), [(terms[0][1], ())], terms[0][0])
    return Sum(tuple(terms))


def transpose(node: Expr) -> Expr:
    return contract((1, 0), [(node, (0, 1))])


def symmetric(node: Expr) -> bool:
    """Whether a matrix is its own transpose, by assumption or by structure."""
    if node.ndim != 2:
        return False
    known: bool | None = getattr(node, "_symmetric", None)
    if known is None:
        known = node._symmetric = _is_symmetric(node)
    return known


@kept_by_names
def _is_symmetric(node: Expr) -> bool:
    if node.ndim != 2:
        return False
    match node:
        case Leaf():
            return bool(node.assume & {"symmetric", "spd", "diagonal"})
        case AffineRelation():
            return is_a(node, Delta)
        case Composite():
            return "symmetric" in node.definition.facts
        case MatrixFunction():
            return node.row.keeps and symmetric(node.arg)
        case Map():
            return all(symmetric(arg) for arg in node.args)
        case Product():
            return transpose(node).digest == node.digest
        case Sum():
            flipped = sorted((transpose(term).digest, str(c)) for c, term in node.terms)
            return flipped == sorted((term.digest, str(c)) for c, term in node.terms)
    return False
