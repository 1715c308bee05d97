"""Rational simplification: cancel and factor a pointwise expression, its parts taken as opaque.

This is where BCE after a sigmoid becomes p - y: nothing here knows either of them.

The derivative of −y log p − (1 − y) log(1 − p) by p, times p (1 − p), for y and p of 2 × 3. The atoms are
p and y at the labels ij; SymPy sees the quotients of two symbols:

>>> from minigrad.index.algebra import constant
>>> from minigrad.notation.matrix import index_text
>>> p, y, one = Leaf("p", (2, 3)), Leaf("y", (2, 3)), constant(1, (2, 3))
>>> q, r = add([(1, one), (-1, p)]), add([(1, one), (-1, y)])
>>> upper, lower = (contract("ij", [(a, "ij"), (b, "ij", -1)]) for a, b in ((r, q), (y, p)))
>>> loss = contract("ij", [(add([(1, upper), (-1, lower)]), "ij"), (p, "ij"), (q, "ij")])
>>> index_text(loss)
'((1 − y_ij) / (1 − p_ij) − y_ij / p_ij) p_ij (1 − p_ij)'
>>> index_text(rationally_simplified(loss))
'p_ij − y_ij'
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from fractions import Fraction
from functools import lru_cache
from math import prod
from typing import Any

from minigrad.index import heads
from minigrad.index.algebra import add
from minigrad.index.contract import contract, with_factors
from minigrad.index.expr import Expr, Factor, Leaf, Map, Number, Product, Sum
from minigrad.index.facts import ABSOLUTE
from minigrad.index.numbers import number, times
from minigrad.index.pointwise import complement, is_condition, mapped
from minigrad.symbolic.exponentials import behind
from minigrad.symbolic.meeting import POWER, moved_power, whole_part, with_arguments_met

# Polynomials in more unknowns than this are left alone: their normal form is not what one would write.
_MOST_ATOMS = 9
_HIGHEST_POWER = 12

Labels = tuple[Hashable, ...]


def rationally_simplified(node: Expr) -> Expr:
    """The node, or a shorter one that SymPy's ``cancel`` or ``factor`` finds."""
    powers = list(_powers(node))
    if not _promising(node) or any(map(_is_high, powers)):
        return node
    found = _shorter(node, _Atoms())
    squared = frozenset(f.node for f in powers if isinstance(f.node, Sum))
    if squared:
        # a + (x - m)^2 with x - m as one thing: opened, its square is longer than what it cancels
        closed = _shorter(node, _Atoms(squared))
        if closed is not None and (found is None or closed[0] < found[0]):
            found = closed
    return node if found is None else found[1]


def _shorter(node: Expr, atoms: _Atoms) -> tuple[int, Expr] | None:
    """A shorter form and its size, where SymPy finds one over these atoms."""
    labels = tuple(range(node.ndim))
    try:
        expr = atoms.read(node, labels)
    except _TooMany:
        return None
    if not _is_finite(expr):
        return None
    forms = [*_other_forms(expr), *atoms.without_signs(expr), *atoms.without_complements(expr)]
    sizes = dict(zip(labels, node.sizes, strict=True))
    for form in sorted(filter(_is_finite, forms), key=atoms.size):
        if atoms.size(form) >= atoms.size(expr):
            break
        found = atoms.write(form, labels, sizes)
        # x^(y - 1) is no x^y / x where x may be 0
        if not atoms.bases & {*divisors(found)} - {*divisors(node)}:
            return atoms.size(form), found
    return None


def divisors(node: Expr) -> Iterator[Expr]:
    """What is below a fraction bar, anywhere in sums and products."""
    parts = [term for _, term in node.terms] if isinstance(node, Sum) else []
    for f in node.factors if isinstance(node, Product) else ():
        parts.append(f.node)
        if f.exponent < 0:
            yield f.node
    for part in parts:
        yield from divisors(part)


def _is_finite(expr: Any) -> bool:
    """Whether SymPy divided by no zero: what it makes of v / (w − w) has no meaning here."""
    s = heads.sympy()
    return not expr.has(s.zoo, s.nan, s.oo, -s.oo)


def _is_high(factor: Factor) -> bool:
    """Whether SymPy would factor a polynomial of a degree that takes seconds: x to the 999/1000."""
    exponent = Fraction(factor.exponent)
    return max(abs(exponent.numerator), exponent.denominator) > _HIGHEST_POWER


@lru_cache(1024)
def _other_forms(expr: Any) -> tuple[Any, ...]:
    """The ways to write a rational expression; the layers of a model share theirs."""
    s = heads.sympy()
    cancelled = s.cancel(expr)
    return s.factor_terms(expr), s.factor(cancelled), cancelled


class _TooMany(Exception):
    """More parts than a polynomial is written in."""


def _powers(node: Expr) -> Iterator[Factor]:
    """The factors raised to a whole power above 1, anywhere in sums and products."""
    if isinstance(node, Sum):
        for _, term in node.terms:
            yield from _powers(term)
    elif isinstance(node, Product):
        for f in node.factors:
            if f.exponent not in (1, -1):
                yield f
            yield from _powers(f.node)


def _promising(node: Expr) -> bool:
    """Whether something may cancel: a sum with quotients, or a sum beside a factor it contains."""
    if isinstance(node, Sum):
        return any(
            isinstance(t, Product)
            and any(f.exponent < 0 or isinstance(f.node, Sum) for f in t.factors)
            for _, t in node.terms
        ) or _has_complements(node)
    if not isinstance(node, Product):
        return False
    sums = [f.node for f in node.factors if isinstance(f.node, Sum)]
    beside = {f.node.digest for f in node.factors}
    for total in sums:
        for _, term in total.terms:
            parts = [f.node for f in term.factors] if isinstance(term, Product) else [term]
            if any(part.digest in beside for part in parts):
                return True
            if isinstance(term, Product) and any(f.exponent < 0 for f in term.factors):
                return True
    return len(sums) > 1


def _has_complements(node: Sum) -> bool:
    """Whether what holds stands in one term, and that it does not in another: [x > 0] y + [x ≤ 0] z."""
    parts = [
        f.node
        for _, t in node.terms
        if isinstance(t, Product)
        for f in t.factors
        if f.exponent == 1
    ]
    parts += [t for _, t in node.terms]
    found = {part for part in parts if is_condition(part)}
    return any(complement(part) in found for part in found)


class _Atoms:
    """SymPy symbols that stand for nodes at labels."""

    def __init__(self, closed: frozenset[Expr] = frozenset()) -> None:
        self.closed = closed  # sums that are one symbol each
        self.bases: set[Expr] = set()  # of powers whose exponents are read in parts
        self.symbols: dict[tuple[bytes, Labels], Any] = {}
        self.nodes: dict[Any, tuple[Expr, Labels]] = {}

    def symbol(self, node: Expr, labels: Labels) -> Any:
        key = (node.digest, labels)
        if key not in self.symbols:
            if len(self.symbols) == _MOST_ATOMS:
                raise _TooMany
            symbol = heads.sympy().Symbol(f"a{len(self.symbols):02d}")
            self.symbols[key] = symbol
            self.nodes[symbol] = (node, labels)
        return self.symbols[key]

    def read(self, node: Expr, labels: Labels) -> Any:
        s = heads.sympy()
        if node in self.closed:
            return self.symbol(node, labels)
        if isinstance(node, Sum):
            return s.Add(*(heads.exactly(c) * self.read(term, labels) for c, term in node.terms))
        raised = behind(node)
        if isinstance(raised, Map) and raised.head.text == POWER:
            k = whole_part(raised.args[1])
            whole = self.symbol(moved_power(raised, -k) if k else raised, labels)
            if k:
                self.bases.add(raised.args[0])
            return whole * self.read(raised.args[0], labels) ** k
        if not isinstance(node, Product):
            return self.symbol(node, labels)
        bound = [f for f in node.factors if any(lab >= node.ndim for lab in f.labels)]
        free = [f for f in node.factors if f not in bound]
        coef, share = node.coef, Fraction(1)
        if bound:
            counts, share = _counts(node, free)
            free = [f for f in free if f not in counts]
            bound += counts
            coef = times(coef, 1 / share)
        result = heads.exactly(coef)
        for f in free:
            exponent = s.Rational(f.exponent.numerator, f.exponent.denominator)
            own = tuple(labels[lab] for lab in f.labels)
            # what stands under a root is opaque: without its sign, no power may be pulled out of it
            read = self.read if exponent.is_Integer else self.symbol
            result *= read(f.node, own) ** exponent
        if bound:
            used = sorted({lab for f in bound for lab in f.labels if lab < node.ndim})
            inner = with_factors(node, bound, number(share), out=used)
            result *= self.symbol(inner, tuple(labels[lab] for lab in used))
        return result

    def size(self, expr: Any) -> int:
        """How much there is to read: every occurrence of a part, every number that is not a sign."""
        if expr.is_Symbol:
            weight = self.nodes[expr][0].weight
            return 2 * weight if weight else 2  # n above a fraction bar is read; 1/n is a mean
        if expr.is_Number:
            return 0 if abs(expr) == 1 else 1
        own = 0 if expr.is_Mul else sum(2 for arg in expr.args if expr.is_Add and arg.is_Number)
        if expr.is_Pow:
            if expr.exp.is_negative and expr.base.is_Symbol and not self.nodes[expr.base][0].weight:
                return 0
            # a square is read like a second factor
            copies = 2 if expr.exp.is_Integer and abs(expr.exp) > 1 else 1
            root = 2 if expr.exp.q != 1 and abs(expr.exp.p) > 1 else abs(expr.exp) not in (1, 2)
            return copies * self.size(expr.base) + root
        return own + sum(self.size(arg) for arg in expr.args)

    def write(self, expr: Any, labels: Labels, sizes: dict[Any, Any]) -> Expr:
        if expr.is_Add:
            terms = sorted(expr.args, key=self._reading_order)
            return add([(1, self.write(term, labels, sizes)) for term in terms])
        coef: Number = 1
        operands: list[tuple[Expr, Labels, int | Fraction]] = []
        for part in expr.args if expr.is_Mul else (expr,):
            base, exponent = part.as_base_exp()
            if part.is_Number:
                value = (
                    number(Fraction(int(part.p), int(part.q))) if part.is_Rational else float(part)
                )
                coef = times(coef, value)
            elif base.is_Symbol:
                node, own = self.nodes[base]
                operands.append((node, own, Fraction(int(exponent.p), int(exponent.q))))
            elif base.is_Number:
                operands.append(
                    (
                        Leaf(str(base), kind="constant"),
                        (),
                        Fraction(int(exponent.p), int(exponent.q)),
                    )
                )
            else:
                if self._flips(base) and exponent.is_Integer:
                    base, coef = -base, -coef if exponent % 2 else coef
                own = self.labels_of(base)
                inner = self.write(base, own, sizes)
                operands.append((inner, own, Fraction(int(exponent.p), int(exponent.q))))
        operands = [(n, lab, int(e) if e.denominator == 1 else e) for n, lab, e in operands]
        product = contract(labels, operands, coef, sizes)
        return with_arguments_met(product) if isinstance(product, Product) else product

    def without_signs(self, expr: Any) -> list[Any]:
        """The forms in which sign(x) x is |x|, where |x| is there too."""
        found, s = [], heads.sympy()
        for symbol, (node, labels) in list(self.nodes.items()):
            if not isinstance(node, Map) or node.head.text != "sign(x)":
                continue
            (x,) = node.args
            whole = self.symbols.get((mapped(ABSOLUTE, (x,)).digest, labels))
            part = self.symbols.get((x.digest, labels))
            if whole is None or part is None:
                continue
            for form in _other_forms(expr.subs(symbol, whole / part)):
                if part not in s.denom(s.together(form)).free_symbols:
                    found.append(form)
        return found

    def without_complements(self, expr: Any) -> list[Any]:
        """The forms in which [x ≤ 0] is 1 − [x > 0], where both are there."""
        found: list[Any] = []
        for symbol, (node, labels) in list(self.nodes.items()):
            other = (
                self.symbols.get((complement(node).digest, labels)) if is_condition(node) else None
            )
            if other is not None:
                found += _other_forms(expr.subs(symbol, 1 - other))
        return found

    def labels_of(self, expr: Any) -> Labels:
        """The axes that a part of the expression runs over: no more than its atoms need."""
        used = {label for symbol in expr.free_symbols for label in self.nodes[symbol][1]}
        return tuple(sorted(used, key=repr))

    def _flips(self, base: Any) -> bool:
        """Whether the negative reads better: 1 - p rather than p - 1."""
        return base.is_Add and any(bool(arg.is_Number and arg < 0) for arg in base.args)

    def _reading_order(self, term: Any) -> tuple[int, int, str]:
        """A positive term first, so that a difference starts without a minus; else as first met."""
        coefficient = term.as_coeff_Mul()[0]
        first = min((str(symbol) for symbol in term.free_symbols), default="")
        return (bool(coefficient < 0), bool(first), first)


def _counts(node: Product, free: Sequence[Factor]) -> tuple[list[Factor], Fraction]:
    """What makes a sum a mean, which is one thing: x - mean(x) is not brought over n."""
    summed = [node.label_sizes[label] for label in node.summed]
    named = [
        f
        for f in free
        if f.exponent == -1
        and isinstance(f.node, Leaf)
        and f.node.kind == "size"
        and f.node.name in map(str, summed)
    ]
    whole = prod(size for size in summed if isinstance(size, int))
    if isinstance(node.coef, float) or not whole:  # without elements there is no mean
        return named, Fraction(1)
    shared = Fraction(node.coef).denominator % whole == 0
    return named, Fraction(1, whole) if shared else Fraction(1)
