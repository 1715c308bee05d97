"""Slips told by the right formula: which term or factor of it is missing, turned over or one too many.

The right formula is altered in one place at a time, and each alteration is computed. Of
``dw = Xᵀ (X w − y) / m + λ w`` with X of 3 × 2, the answer Xᵀ X w / 3 + λ w is what the formula gives where y is
left out of ``X w − y``: the slip is "the term y is missing in X w − y". An answer that no single alteration
gives is laid out along the formula's own terms: (2 dw₁ + 0 dw₂) is "2 Xᵀ (X w − y) / m, and λ w is missing".
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from typing import Any

import numpy as np

from minigrad.checking.alterations import altered_paths, altered_rules, lost_parts
from minigrad.checking.sample import Sample
from minigrad.checking.slip_names import GraphNames
from minigrad.checking.slips import digits_of, left_over
from minigrad.checking.sweep import Sweep
from minigrad.errors import MinigradError
from minigrad.index.algebra import add, distributed, ones_like, subtract
from minigrad.index.contract import (
    repeated_axes,
    size_as_number,
    transpose,
    with_factors,
    without_axes,
)
from minigrad.index.expr import Expr, Factor, Leaf, Map, Product, Ref, Sum, is_constant, postorder
from minigrad.index.rebuild import substituted
from minigrad.notation.matrix import matrix_form
from minigrad.notation.text import text
from minigrad.notation.tree import Power
from minigrad.program.evaluate import evaluate
from minigrad.symbolic.lower import Lowered

_MOST = 400  # alterations tried
_LONG = 48  # what is longer is spoken of by the name of the line in which it stands
_INDICATORS = ("step", "greater", "greater_equal", "equal")

Variant = tuple[str, Expr]


@dataclass(frozen=True)
class Right:
    """A right derivative: what its line is called, its whole text, and its formula where one was derived.

    ``seed`` is the variable of the formula that stands for the gradient by the output, "" where the output
    is a number.
    """

    called: str
    text: str = ""
    formula: Expr | None = None
    lowered: Lowered | None = None
    seed: str = ""

    def sizes(self) -> set[str]:
        """The sizes that stand in the formula as numbers."""
        nodes = () if self.formula is None else postorder(self.formula)
        return {node.name for node in nodes if isinstance(node, Leaf) and node.kind == "size"}

    def value(self, formula: Expr, sample: Sample, shape: Sequence[int]) -> Any:
        """What a formula in its place gives on a sample, in the variable's shape; None where it has no value."""
        values = sample.leaf_values()
        if self.seed and self.lowered is not None:
            values[self.seed] = self.lowered.leaf_array(self.seed, sample.c)
        try:
            with np.errstate(all="ignore"):
                array = np.asarray(evaluate(formula, values, sample.sizes), dtype=float)
        except (MinigradError, ArithmeticError, ValueError, IndexError, np.linalg.LinAlgError):
            return None  # an alteration need not be a formula
        return array.reshape(shape) if array.size == np.prod(shape, dtype=int) else array

    def candidates(
        self,
        sweep: Sweep | None,
        names: GraphNames,
        sample: Sample,
        shape: Sequence[int],
        used: Collection[str] = (),
    ) -> Iterator[tuple[str, Any]]:
        """Slips in words with what each of them gives, the likelier first: of the sweep, and of the formula.

        Behind a name that the claim has ``used`` there is nothing to alter: dS is right in whatever is made of it.
        """
        if sweep is not None:
            yield from lost_parts(sweep, names)
        yield from self._valued(lost_terms, sample, shape, used)
        if sweep is not None:
            yield from altered_paths(sweep, names)
        yield from self._valued(altered_parts, sample, shape, used)
        yield from self._valued(lost_axes, sample, shape, used)
        if sweep is not None:
            yield from altered_rules(sweep, names)

    def _valued(
        self,
        kind: Callable[[Expr, str, Collection[str]], Iterator[Variant]],
        sample: Sample,
        shape: Sequence[int],
        used: Collection[str],
    ) -> Iterator[tuple[str, Any]]:
        if self.formula is None or sample.subject.lowered is None:
            return
        for words, changed in islice(kind(self.formula, self.called, used), _MOST):
            value = self.value(changed, sample, shape)
            if value is not None and np.isfinite(value).all():
                yield words, value

    def by_terms(self, claim: Any, right: Any, sample: Sample) -> str:
        """How much of each of the formula's terms the claim has; "" where it is not made of them."""
        total = None if self.formula is None else _opened(self.formula)
        if not isinstance(total, Sum) or sample.subject.lowered is None:
            return ""
        terms = total.terms
        values = [self.value(add([term]), sample, claim.shape) for term in terms]
        if any(v is None or v.shape != claim.shape or not np.isfinite(v).all() for v in values):
            return ""
        columns = np.stack([v.ravel() for v in values], axis=1)
        found, _, rank, _ = np.linalg.lstsq(columns, claim.ravel(), rcond=None)
        gap = float(np.abs(columns @ found - claim.ravel()).max(initial=0.0))
        if not len(terms) == rank < claim.size or gap > left_over(claim, right):
            return ""
        told = [_share(float(c), _term(term)) for c, term in zip(found, terms, strict=True)]
        return f"term by term: {', '.join(told)}" if any(not t.endswith("right") for t in told) else ""


# -- one alteration at a time -------------------------------------------------------------------------


def lost_terms(formula: Expr, called: str, used: Collection[str] = ()) -> Iterator[Variant]:
    """Each term of each sum left out."""
    for node, line in _parts(formula, called, used):
        if isinstance(node, Sum):
            for k, term in enumerate(node.terms):
                rest = add([other for j, other in enumerate(node.terms) if j != k])
                if is_constant(rest, 1):
                    continue  # p (1 − p) without p is p: the factor is missing
                words = f"the term {_term(term)} is missing in {_where(node, line)}"
                yield _told(words, formula, node, rest)


def altered_parts(formula: Expr, called: str, used: Collection[str] = ()) -> Iterator[Variant]:
    """Every other alteration of one term, factor, power or condition, the likelier first."""
    parts = list(_parts(formula, called, used))
    for kind in (_lost_factors, _signs, _powers, _means, _conditions, _doubled, _turned):
        for node, line in parts:
            for words, changed in kind(node, _where(node, line)):
                yield _told(words, formula, node, changed)


def _lost_factors(node: Expr, where: str) -> Iterator[Variant]:
    if not isinstance(node, Product):
        return
    if node.coef not in (1, -1):
        yield (
            f"the factor {_number(node.coef)} is missing in {where}",
            with_factors(node, node.factors, 1),
        )
    for k, f in enumerate(node.factors):
        rest = [g for j, g in enumerate(node.factors) if j != k]
        what = "the factor" if f.exponent > 0 else "the division by"
        yield f"{what} {_factor(f)} is missing in {where}", with_factors(node, rest)


def _signs(node: Expr, where: str) -> Iterator[Variant]:
    if isinstance(node, Sum):
        for k, (c, term) in enumerate(node.terms):
            terms = [*node.terms]
            terms[k] = (-c, term)
            yield f"the sign of the term {_term((c, term))} is wrong in {where}", add(terms)


def _powers(node: Expr, where: str) -> Iterator[Variant]:
    if not isinstance(node, Product):
        return
    for k, f in enumerate(node.factors):
        name = _text(f.node)
        e = f.exponent
        powers: dict[int | Fraction, str] = {1 if e > 0 else -1: "without its power"}
        if abs(e) == 1:
            turned = "as a divisor" if e > 0 else "as a factor, not a divisor"
            powers = {2 * e: "squared", -e: turned}
        for exponent, how in powers.items():
            factors = [*node.factors]
            factors[k] = f._replace(exponent=exponent)
            yield f"{name} stands {how} in {where}", with_factors(node, factors)


def _means(node: Expr, where: str) -> Iterator[Variant]:
    """A mean where a sum is meant."""
    if isinstance(node, Product):
        for label in node.summed:
            size = node.label_sizes[label]
            count = [] if isinstance(size, int) else [Factor(size_as_number(size), (), -1)]
            coef = node.coef * (Fraction(1, size) if isinstance(size, int) and size else 1)
            yield (
                f"a mean over {size} stands where a sum is meant in {where}",
                with_factors(node, [*node.factors, *count], coef),
            )


def _conditions(node: Expr, where: str) -> Iterator[Variant]:
    """A mask or a condition turned into its opposite."""
    mask = isinstance(node, Leaf) and bool(node.assume & {"0/1", "bool"})
    if mask or (isinstance(node, Map) and node.head.name in _INDICATORS):
        yield f"{_text(node)} is inverted", subtract(ones_like(node), node)


def _doubled(node: Expr, where: str) -> Iterator[Variant]:
    if isinstance(node, Sum):
        for k, (c, term) in enumerate(node.terms):
            for factor, words in ((2, "twice"), (Fraction(1, 2), "half")):
                terms = [*node.terms]
                terms[k] = (c * factor, term)
                yield f"the term {_term((c, term))} is there {words} in {where}", add(terms)


def _turned(node: Expr, where: str) -> Iterator[Variant]:
    if not isinstance(node, Product):
        return
    for k, f in enumerate(node.factors):
        if len(f.labels) == 2 and f.node.sizes[0] == f.node.sizes[1] and f.labels[0] != f.labels[1]:
            factors = [*node.factors]
            factors[k] = f._replace(labels=f.labels[::-1])
            yield f"{_text(f.node)} is transposed in {where}", with_factors(node, factors)


# -- a factor that took an axis with it ---------------------------------------------------------------


def lost_axes(formula: Expr, called: str, used: Collection[str] = ()) -> Iterator[Variant]:
    """Each factor of the whole left out with the axes that no other has: a vector forgotten."""
    if not isinstance(formula, Product):
        return
    for k, f in enumerate(formula.factors):
        rest = [g for j, g in enumerate(formula.factors) if j != k]
        carried = {label for g in rest for label in g.labels}
        kept = [label for label in range(formula.ndim) if label in carried]
        if len(kept) < formula.ndim:
            yield (
                f"the factor {_factor(f)} is missing in {called}",
                with_factors(formula, rest, out=kept),
            )


# -- term by term ---------------------------------------------------------------------------------------


def _opened(formula: Expr) -> Expr:
    """2 (A + B) as 2 A + 2 B."""
    if isinstance(formula, Product):
        for k, f in enumerate(formula.factors):
            if isinstance(f.node, Sum) and f.exponent == 1:
                return distributed(formula, k)
    return formula


def _share(c: float, term: str) -> str:
    if abs(c) < 1e-7:
        return f"{term} is missing"
    if abs(c - 1) < 1e-9:
        return f"{term} is right"
    return f"{term} is there {c:.{digits_of(c)}g} times"


def extra_term(difference: Any, known: Mapping[str, Any], plain: bool) -> str:
    """A tensor of the derivation's own that a claim has too much; ``plain`` asks for a short factor."""
    for name, value in known.items():
        array = np.asarray(value)
        for shown, candidate in ((name, array), (f"{name}ᵀ", array.T)):
            if candidate.shape != difference.shape or candidate.dtype.kind not in "biuf":
                continue
            norm = float(np.sum(candidate.astype(float) ** 2))
            if not norm or not np.isfinite(norm):
                continue
            c = float(np.sum(difference * candidate)) / norm
            if _close(c * candidate, difference) and (
                not plain or abs(float(f"{c:.2g}") - c) <= 1e-6 * abs(c)
            ):
                factor = "" if abs(abs(c) - 1) < 1e-6 else f"{abs(c):.6g} "
                return f"a term {'−' if c < 0 else ''}{factor}{shown} is there that does not belong"
    return ""


def _close(a: Any, b: Any) -> bool:
    return float(np.abs(a - b).max(initial=0.0)) <= 1e-7 * float(np.abs(b).max(initial=0.0))


# -- pieces -----------------------------------------------------------------------------------------------


def _parts(root: Expr, called: str, used: Collection[str]) -> list[tuple[Expr, str]]:
    """Every node of a formula, also behind names of gradients not used, with the line in which it stands."""
    found: list[tuple[Expr, str]] = []
    seen: set[Expr] = set()
    stack = [(root, called)]
    while stack and len(found) < _MOST:
        node, line = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        found.append((node, line))
        if isinstance(node, Ref):
            if node.name in used:
                continue
            line = node.name
        stack.extend((child, line) for child in reversed(node.children()))
    return found


def _put(root: Expr, node: Expr, changed: Expr) -> Expr:
    return substituted(root, {node: changed})


def _told(words: str, formula: Expr, node: Expr, changed: Expr) -> Variant:
    """The alteration; in B + Bᵀ, which reads the same turned over, terms have no names of their own."""
    whole = _put(formula, node, changed)
    sides = isinstance(node, Sum) and node.ndim == 2 and node.sizes[0] == node.sizes[1]
    if sides and formula is not node and transpose(node) == node:
        words = f"{_text(whole)} stands where {_text(formula)} is meant"
    return words, whole


def _where(node: Expr, line: str) -> str:
    shown = _text(node)
    return line if len(shown) > _LONG else shown


def _text(node: Expr) -> str:
    if isinstance(node, Product):  # a row that is only repeated is shown once
        node = without_axes(node, repeated_axes(node))
    return text(matrix_form(node)[1])


def _term(term: tuple[Any, Expr]) -> str:
    return _text(add([term])).lstrip("−")


def _factor(f: Factor) -> str:
    size = f.exponent if f.exponent > 0 else -f.exponent
    return _text(f.node) if size == 1 else text(Power(matrix_form(f.node)[1], size, False))


def _number(value: Any) -> str:
    return str(abs(value))
