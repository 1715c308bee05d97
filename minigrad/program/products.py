"""Products: quotients in stable forms, structural factors used up, what is left contracted."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from minigrad.index import facts
from minigrad.index.algebra import distributed
from minigrad.index.contract import contract
from minigrad.index.expr import Expr, Factor, Pick, Product, Ref, Structural, Sum
from minigrad.program import quotients, stable
from minigrad.program.pairs import Labelled
from minigrad.program.place import Extents, Piece, Window, is_plain, labels_of
from minigrad.program.product import Multiplier
from minigrad.program.scene import Rule, Scene
from minigrad.program.structure import eliminate
from minigrad.program.triangle import masked_over
from minigrad.program.value import Value

if TYPE_CHECKING:
    from minigrad.program.build import Builder

# A product of sums that would open into more terms than this stays closed.
_MOST_TERMS = 32


class Products:
    """Makes the values of products for a builder, each as a core and its places."""

    def __init__(self, owner: Builder) -> None:
        self.owner, self.tape = owner, owner.tape
        self.multiplier = Multiplier(owner.tape, owner.extent)
        self.pieces: dict[Expr, tuple[Piece, Extents]] = {}

    def piece(self, node: Expr) -> tuple[Piece, Extents]:
        """The node as a core and its places."""
        if node not in self.pieces:
            self.pieces[node] = self.new_piece(node)
        return self.pieces[node]

    def new_piece(self, node: Expr) -> tuple[Piece, Extents]:
        behind = self.structural_behind(node) if self.owner.stable else None
        if behind is not None and not isinstance(behind, Sum):
            return self.piece(behind)
        if isinstance(node, (Structural, Pick)):
            factor = Factor(node, tuple(range(node.ndim)))
            node = Product((factor,), 1, node.sizes, node.ndim, b"")
        other = self.rewritten(node) if self.owner.stable and isinstance(node, Product) else None
        if other is not None:
            return self.piece(other)
        if isinstance(node, Product):
            return self.product(node)
        x = self.owner.lower(node)
        extents: Extents = dict(enumerate(node.sizes))
        return Piece(x, {label: Window(label) for label in x.axes}), extents

    def rewritten(self, node: Product) -> Expr | None:
        """The product in a form that is better computed, if there is one."""
        named = [self.structural_behind(f.node) if f.exponent == 1 else None for f in node.factors]
        if any(inner is not None for inner in named):
            operands = [
                (f.node if inner is None else inner, f.labels, f.exponent)
                for f, inner in zip(node.factors, named, strict=True)
            ]
            sizes = dict(enumerate(node.label_sizes))
            return contract(range(node.ndim), operands, node.coef, sizes)
        for form in (stable.by_cofactors, stable.by_limits, stable.by_bounds, self.opened):
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
        piece, _ = self.piece(inner)
        labels = [label for place in piece.places.values() for label in labels_of(place)]
        return len(set(labels)) < len(labels)

    def structural_behind(self, node: Expr) -> Expr | None:
        """What a name stands for, when that is in places of its shape: then it is better not made."""
        if not isinstance(node, Ref):
            return None
        inner = node.node
        if isinstance(inner, (Structural, Pick)):
            return inner
        if isinstance(inner, Sum):
            return inner if any(self.repeats_a_label(term) for _, term in inner.terms) else None
        if not isinstance(inner, Product) or not _is_structural(inner):
            return None
        piece, extents = self.piece(inner)
        return None if is_plain(piece, inner.sizes, extents) else inner

    def product(self, node: Product) -> tuple[Piece, Extents]:
        extents: Extents = dict(enumerate(node.label_sizes))
        scene = Scene(self.tape, extents, {})
        scalars: list[tuple[Value, int | Fraction]] = []
        factors = list(node.factors)
        while self.owner.stable and (found := quotients.normalised_factor(factors)) is not None:
            j, k, normalised = found
            x = self.owner.softmax(normalised)
            scene.add(x.value, [factors[j].labels[axis] for axis in x.axes])
            below = factors[k]._replace(exponent=factors[k].exponent + 1)
            factors = [below if n == k else f for n, f in enumerate(factors) if n != j]
            factors = [f for f in factors if f.exponent]
        guarded = self.owner.stable and any(f.exponent > 0 and _may_vanish(f.node) for f in factors)
        for f in factors:
            self.enter(scene, scalars, f, guarded)
        carried = scene.carried()
        scene.places = {k: Window(k) for k in range(node.ndim) if k in carried}
        eliminate(scene, self.multiplier.combine)
        masks = self.result_masks(scene)
        order = [lab for lab in scene.needed_in_order() if lab in scene.carried()]
        core = self.multiplier.product(scene, order) or Labelled(self.tape.number(1), ())
        for rule in masks:
            core = masked_over(self.tape, core, rule, extents)
        # a summed label that nothing carries any more is counted
        ended = scene.carried() | scene.gone | scene.needed()
        scalars.extend((self.tape.size(extents[k]), 1) for k in node.summed if k not in ended)
        value = self.tape.multiply(node.coef, [(core.value, 1), *scalars])
        if node.coef == 0 or scene.zero:
            return Piece(Labelled(self.tape.number(0), ()), {}), extents
        return Piece(Labelled(value, core.labels), scene.places), extents

    def result_masks(self, scene: Scene) -> list[Rule]:
        """Triangles over two axes of the result, taken out: they are laid over the finished product."""
        needed = scene.needed()
        if not scene.arrays:
            return []
        masks = [r for r in scene.rules if r.kind == "tri" and set(r.labels) <= needed]
        scene.rules = [r for r in scene.rules if r not in masks]
        return masks

    def enter(
        self, scene: Scene, scalars: list[tuple[Value, int | Fraction]], f: Factor, guarded: bool
    ) -> None:
        """One factor, where it belongs; ``guarded`` where others may be 0 with what it divides by."""
        if isinstance(f.node, (Structural, Pick)):
            index = self.owner.full(f.node.index) if isinstance(f.node, Pick) else None
            scene.rules.append(Rule(f.node, f.labels, index))
            return
        x = self.owner.lower(f.node)
        value = x.value
        if guarded and -1 <= f.exponent < 0 and facts.sum_of_powers(f.node):
            # x / ‖x‖ is 0 at the origin, as the rows say: 0 / 0 must not be met
            value = self.tape.power(self.tape.as_number(value), -f.exponent)
            value, f = self.tape.apply("nonzero", (value,)), f._replace(exponent=-1)
        if not x.labels:
            scalars.append((value, f.exponent))
            return
        if f.exponent != 1:
            value = self.tape.power(self.tape.as_number(value), f.exponent)
        scene.add(value, [f.labels[axis] for axis in x.axes])


def _is_structural(term: Expr) -> bool:
    """Whether a 0/1 tensor is among the factors."""
    nodes = [f.node for f in term.factors] if isinstance(term, Product) else [term]
    return any(isinstance(node, (Structural, Pick)) for node in nodes)


def _may_vanish(node: Expr) -> bool:
    return not isinstance(node, (Structural, Pick)) and not facts.positive(node)
