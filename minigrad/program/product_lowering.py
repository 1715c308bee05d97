"""Products: quotients in stable forms, structural factors used up, what is left contracted."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from minigrad.index import facts
from minigrad.index.affine import AffineRelation, Triangle
from minigrad.index.algebra import distributed
from minigrad.index.contract import with_factors
from minigrad.index.expr import Expr, Factor, Pick, Product, Ref, Sum
from minigrad.program import stable_forms
from minigrad.program.contraction import Contractor, Extent
from minigrad.program.determinants import by_minors
from minigrad.program.elimination import eliminate
from minigrad.program.index_maps import Affine, Extents, PlacedArray, is_plain, labels_of
from minigrad.program.pairwise import Labelled, spread
from minigrad.program.partial_contraction import (
    PartialContraction,
    StructuralFactor,
    StructuralFactors,
)
from minigrad.program.scatter import joined
from minigrad.program.triangle import masked_over
from minigrad.program.value import Value
from minigrad.program.value_builder import ValueBuilder

# A product of sums that would open into more terms than this stays closed.
_MOST_TERMS = 32
# A longer row of names, each in places of the one before, is made once in between: read through to its end
# from each of its names, a chain of n gathers would be n products of up to n factors.
_LONGEST_ROW = 8

# A node's value, labelled by those of its axes along which it varies.
Lower = Callable[[Expr], Labelled]


class ProductLowering:
    """Lowers products, each to a core and its index maps."""

    def __init__(self, lower: Lower, builder: ValueBuilder, extent: Extent) -> None:
        self.lower, self.builder = lower, builder
        self.contractor = Contractor(builder, extent)
        self.placed_arrays: dict[Expr, tuple[PlacedArray, Extents]] = {}
        self.rows: dict[Product, int] = {}

    def placed(self, node: Expr) -> tuple[PlacedArray, Extents]:
        """The node as a core and its index maps."""
        if node not in self.placed_arrays:
            self.placed_arrays[node] = self.placed_anew(node)
        return self.placed_arrays[node]

    def placed_anew(self, node: Expr) -> tuple[PlacedArray, Extents]:
        behind = self.structural_behind(node) if self.builder.stable else None
        if behind is not None and not isinstance(behind, Sum):
            return self.placed(behind)
        if isinstance(node, (AffineRelation, Pick)):
            factor = Factor(node, tuple(range(node.ndim)))
            node = Product((factor,), 1, node.sizes, node.ndim, b"")
        other = self.rewritten(node) if self.builder.stable and isinstance(node, Product) else None
        if other is not None:
            return self.placed(other)
        if isinstance(node, Product):
            return self.product(node)
        x = self.lower(node)
        extents: Extents = dict(enumerate(node.sizes))
        return PlacedArray(x, {label: Affine(label) for label in x.axes}), extents

    def rewritten(self, node: Product) -> Expr | None:
        """The product in a form that is better computed, if there is one."""
        named = [self.structural_behind(f.node) if f.exponent == 1 else None for f in node.factors]
        if any(inner is not None for inner in named):
            operands = [
                (f.node if inner is None else inner, f.labels, f.exponent)
                for f, inner in zip(node.factors, named, strict=True)
            ]
            return with_factors(node, operands)
        for form in (
            by_minors,
            stable_forms.by_cofactors,
            stable_forms.by_limits,
            stable_forms.by_bounds,
            self.opened,
        ):
            if (other := form(node)) is not None:
                return other
        return None

    def opened(self, node: Product) -> Expr | None:
        """The product distributed over a sum with 0/1 tensors, which are then used instead of made."""
        for k, f in enumerate(node.factors):
            if f.exponent != 1 or not isinstance(f.node, Sum) or len(f.node.terms) > _MOST_TERMS:
                continue
            if not any(self.repeats_a_label(term) for _, term in f.node.terms):
                continue
            return distributed(node, k)
        return None

    def repeats_a_label(self, term: Expr) -> bool:
        """Whether the term as an array is mostly zeros: two of its axes run along one label."""
        inner = term.node if isinstance(term, Ref) else term
        if not _is_structural(inner):
            return False
        placed, _ = self.placed(inner)
        labels = [
            label for index_map in placed.index_maps.values() for label in labels_of(index_map)
        ]
        return len(set(labels)) < len(labels)

    def structural_behind(self, node: Expr) -> Expr | None:
        """What a name stands for, when that is in places of its shape: then it is better not made."""
        if not isinstance(node, Ref):
            return None
        inner = node.node
        if isinstance(inner, (AffineRelation, Pick)):
            return inner
        if isinstance(inner, Sum):
            return inner if any(self.repeats_a_label(term) for _, term in inner.terms) else None
        if not isinstance(inner, Product) or not _is_structural(inner):
            return None
        if self.row(inner) == _LONGEST_ROW:
            return None
        placed, extents = self.placed(inner)
        return None if is_plain(placed, inner.sizes, extents) else inner

    def row(self, node: Product) -> int:
        """How many names in a row, with this product's own, are not made."""
        if node not in self.rows:
            behind = [self.structural_behind(f.node) for f in node.factors]
            self.rows[node] = 1 + max((self.row(x) for x in behind if isinstance(x, Product)), default=0)
        return self.rows[node]

    def product(self, node: Product) -> tuple[PlacedArray, Extents]:
        extents: Extents = dict(enumerate(node.label_sizes))
        partial = PartialContraction(self.builder, extents, {})
        scalars: list[tuple[Value, int | Fraction]] = []
        guarded = self.builder.stable and any(
            f.exponent > 0 and _may_vanish(f.node) for f in node.factors
        )
        for f in node.factors:
            self.enter(partial, scalars, f, guarded)
        carried = partial.carried()
        partial.index_maps = {k: Affine(k) for k in range(node.ndim) if k in carried}
        eliminate(partial, self.contractor.combine)
        masks = self.result_masks(partial)
        order = [lab for lab in partial.needed_in_order() if lab in partial.carried()]
        core = self.contractor.product(partial, order) or Labelled(self.builder.number(1), ())
        for structural in masks:
            core = masked_over(self.builder, core, structural, extents)
        # a summed label that nothing carries any more is counted
        ended = partial.carried() | partial.gone | partial.needed()
        scalars.extend((self.builder.size(extents[k]), 1) for k in node.summed if k not in ended)
        value = self.builder.multiply(node.coef, [(core.value, 1), *scalars])
        if node.coef == 0 or partial.zero:
            return PlacedArray(Labelled(self.builder.number(0), ()), {}), extents
        return PlacedArray(joined(partial, Labelled(value, core.labels)), partial.index_maps), extents

    def whole(self, node: Expr) -> Value:
        return spread(self.builder, self.lower(node), node.sizes)

    def result_masks(self, partial: PartialContraction) -> list[StructuralFactor]:
        """Triangles over two axes of the result, taken out: they are laid over the finished product."""
        needed = partial.needed()
        if not partial.arrays:
            return []
        masks = [r for r in partial.structurals if isinstance(r.form, Triangle) and set(r.labels) <= needed]
        partial.structurals = StructuralFactors(r for r in partial.structurals if r not in masks)
        return masks

    def enter(
        self,
        partial: PartialContraction,
        scalars: list[tuple[Value, int | Fraction]],
        f: Factor,
        guarded: bool,
    ) -> None:
        """One factor, where it belongs; ``guarded`` where others may be 0 with what it divides by."""
        if isinstance(f.node, (AffineRelation, Pick)):
            index = self.whole(f.node.index) if isinstance(f.node, Pick) else None
            partial.structurals.append(StructuralFactor(f.node, f.labels, index))
            return
        x = self.lower(f.node)
        value = x.value
        if guarded and -1 <= f.exponent < 0 and facts.sum_of_powers(f.node):
            # x / ‖x‖ is 0 at the origin, as the rows say: 0 / 0 must not be met
            value = self.builder.power(self.builder.as_number(value), -f.exponent)
            value, f = self.builder.apply("nonzero", (value,)), f._replace(exponent=-1)
        if not x.labels:
            scalars.append((value, f.exponent))
            return
        if f.exponent != 1:
            value = self.builder.power(self.builder.as_number(value), f.exponent)
        partial.add(value, [f.labels[axis] for axis in x.axes])


def _is_structural(term: Expr) -> bool:
    """Whether a 0/1 tensor is among the factors."""
    nodes = [f.node for f in term.factors] if isinstance(term, Product) else [term]
    return any(isinstance(node, (AffineRelation, Pick)) for node in nodes)


def _may_vanish(node: Expr) -> bool:
    return not isinstance(node, (AffineRelation, Pick)) and not facts.positive(node)
