"""From expressions in index notation to an array program.

``stable`` programs are for floats: functions have their stable forms, and sums over deltas are opened so
that no delta is met. Others follow the definitions to the letter, for exact arithmetic.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from minigrad.errors import DerivationError
from minigrad.index import heads
from minigrad.index.contract import contract, symmetric
from minigrad.index.expr import (
    Composite,
    Expr,
    Extremum,
    Factor,
    Head,
    Leaf,
    Map,
    MatrixFunction,
    Number,
    Pick,
    Product,
    Ref,
    Structural,
    Sum,
    postorder,
)
from minigrad.index.numbers import times
from minigrad.index.pointwise import pointwise
from minigrad.index.size import AnySize, Size
from minigrad.symbolic.program import stable as forms
from minigrad.symbolic.program.functions import CHOICE, LOGICAL, TRUTHS, named_function
from minigrad.symbolic.program.pairs import Labelled, aligned
from minigrad.symbolic.program.place import (
    Extents,
    Piece,
    Window,
    added_in_place,
    embedded,
    is_diagonal,
    is_plain,
    labels_of,
    span,
    standardised,
)
from minigrad.symbolic.program.product import Multiplier
from minigrad.symbolic.program.structure import Rule, Scene, eliminate, masked_over
from minigrad.symbolic.program.value import Tape, Value

# What dims without a size are taken to measure where orders of contraction are compared: as in a small
# transformer, where b sequences meet h heads of width k or e.
_TYPICAL = {"b": 32, "h": 8, "k": 32, "e": 32}
_OTHERS = 64
# A product of sums with deltas that would open into more terms than this stays closed.
_MOST_TERMS = 32


@dataclass(frozen=True)
class Program:
    """The values of some expressions, each in full shape, and what values were called."""

    results: tuple[Value, ...]
    names: dict[Value, str]


def program(
    roots: Sequence[Expr], sizes: Mapping[str, int] | None = None, stable: bool = True
) -> Program:
    """The program that computes the expressions; what they share is computed once.

    Parameters
    ----------
    roots : expressions; names in them become names of values.
    sizes : what dims measure, if that is known: it decides orders of contraction.
    stable : whether forms for floats are used in place of the definitions.
    """
    builder = _Builder(dict(sizes or {}), stable)
    results = tuple(builder.full(root) for root in roots)
    return Program(results, builder.tape.names)


class _Builder:
    def __init__(self, sizes: dict[str, int], stable: bool) -> None:
        self.sizes, self.stable = sizes, stable
        self.tape = Tape()
        self.multiplier = Multiplier(self.tape, self.extent)
        self.known: dict[Expr, Labelled] = {}
        self.pieces: dict[Expr, tuple[Piece, Extents]] = {}

    def extent(self, size: AnySize) -> float:
        if isinstance(size, int):
            return size
        known = {name: self.sizes.get(name) or _TYPICAL.get(name, _OTHERS) for name in size.names()}
        return max(size.value(known), 1)

    # -- every node once, without recursion through the graph ------------------------------------------------

    def full(self, root: Expr) -> Value:
        """The value with all axes of the expression."""
        return self.spread(self.lower(root), root.sizes)

    def spread(self, x: Labelled, sizes: Sequence[AnySize]) -> Value:
        if len(x.labels) == len(sizes):
            return aligned(self.tape, x, range(len(sizes)))
        return self.tape.broadcast_to(aligned(self.tape, x, range(len(sizes))), sizes)

    def lower(self, root: Expr) -> Labelled:
        """The node's value, labelled by those of its axes along which it varies."""
        if root not in self.known:
            for node in postorder(root):
                # a structural tensor is used up by what it multiplies
                if node not in self.known and (
                    node is root or not isinstance(node, (Structural, Pick))
                ):
                    x = self.known[node] = self.value(node)
                    if x.labels == (0, 1) and symmetric(node):
                        self.tape.symmetric.add(x.value)
        return self.known[root]

    def value(self, node: Expr) -> Labelled:
        match node:
            case Leaf():
                return self.leaf(node)
            case Ref():
                return self.ref(node)
            case Sum():
                return self.sum(node)
            case Product() | Structural() | Pick():
                piece, extents = self.piece(node)
                return embedded(self.tape, piece, node.sizes, extents)
            case Map():
                return self.map(node)
            case Composite():
                return self.lower(node.expand())
            case Extremum():
                return self.extremum(node)
            case MatrixFunction():
                return self.matrix_function(node)
        raise DerivationError(f"{type(node).__name__}: this node has no array form")

    def leaf(self, node: Leaf) -> Labelled:
        axes = tuple(range(node.ndim))
        if node.kind == "size":
            return Labelled(self.tape.size(Size({(node.name,): 1})), ())
        if node.kind == "constant":
            if node.name in ("pi", "E"):
                return Labelled(self.tape.make("constant", (), (node.name,), (), "weak"), ())
            return Labelled(self.tape.number(Fraction(node.name)), ())
        kind = "index" if "index" in node.assume else "bool" if "bool" in node.assume else "float"
        return Labelled(self.tape.make("variable", (), (node.name,), node.sizes, kind), axes)  # type: ignore[arg-type]

    def ref(self, node: Ref) -> Labelled:
        x = self.lower(node.node)
        if x.value.op not in ("variable", "number", "size", "constant"):
            self.tape.names.setdefault(x.value, node.name)
        return x

    # -- sums ------------------------------------------------------------------------------------------------

    def sum(self, node: Sum) -> Labelled:
        other = forms.stable_sum(node) if self.stable else None
        if other is not None and other != node:
            return self.lower(other)
        plain: list[tuple[Number, Labelled]] = []
        groups: dict[object, tuple[Piece, Extents, list[tuple[Number, Labelled]]]] = {}
        for coef, term in self.opened_terms(node):
            piece, extents = self.piece(term)
            if is_plain(piece, node.sizes, extents):
                plain.append((coef, embedded(self.tape, piece, node.sizes, extents)))
                continue
            piece, extents = standardised(piece, extents)
            key = (tuple(sorted(piece.places.items(), key=lambda p: p[0])), tuple(extents.items()))
            groups.setdefault(key, (piece, extents, []))[2].append((coef, piece.core))
        pieces = [
            (Piece(self.added(cores, list(extents)), piece.places), extents)
            for piece, extents, cores in groups.values()
        ]
        joined = None if plain else self.concatenated(pieces, node.sizes)
        return self.assembled(plain, pieces, node.sizes) if joined is None else joined

    def opened_terms(self, node: Sum) -> list[tuple[Number, Expr]]:
        """The terms, products over sums with deltas opened."""
        found: list[tuple[Number, Expr]] = []
        for coef, term in node.terms:
            opened = self.opened(term) if self.stable and isinstance(term, Product) else None
            if isinstance(opened, Sum):
                found.extend((times(coef, c), inner) for c, inner in opened.terms)
            else:
                found.append((coef, term if opened is None else opened))
        return found

    def added(
        self, terms: Sequence[tuple[Number, Labelled]], order: Sequence[Hashable]
    ) -> Labelled:
        labels = [label for label in order if any(label in x.labels for _, x in terms)]
        values = [(c, aligned(self.tape, x, labels)) for c, x in terms]
        return Labelled(self.tape.add(values), tuple(labels))

    def assembled(
        self,
        plain: Sequence[tuple[Number, Labelled]],
        pieces: Sequence[tuple[Piece, Extents]],
        sizes: Sequence[AnySize],
    ) -> Labelled:
        """Terms that fill their shape, and those that stand in places of it."""
        axes = range(len(sizes))
        diagonals = [(p, own) for p, own in pieces if len(sizes) == 2 and is_diagonal(p)]
        rest = [(p, own) for p, own in pieces if len(sizes) > 2 or not is_diagonal(p)]
        zero = self.tape.number(0)
        plain = [(c, x) for c, x in plain if x.value is not zero]
        if not plain and not pieces:
            return Labelled(zero, ())
        terms = [*plain, *((1, embedded(self.tape, p, sizes, own)) for p, own in diagonals)]
        if not terms:
            (first, own), *rest = rest
            terms = [(1, embedded(self.tape, first, sizes, own))]
        if not rest:
            return self.added(terms, axes)
        base = self.spread(self.added(terms, axes), sizes)
        for piece, extents in rest:
            base = added_in_place(self.tape, base, piece, sizes, extents)
        return Labelled(base, tuple(axes))

    def concatenated(
        self, pieces: Sequence[tuple[Piece, Extents]], sizes: Sequence[AnySize]
    ) -> Labelled | None:
        """Pieces that cover one axis end to end."""
        for axis, total in enumerate(sizes):
            spans = [span(piece, axis, sizes, extents) for piece, extents in pieces]
            left = [
                (found, piece) for found, (piece, _) in zip(spans, pieces, strict=True) if found
            ]
            if len(left) < len(pieces):
                continue
            position: AnySize = 0
            parts: list[Value] = []
            while left:
                k = next((k for k, (found, _) in enumerate(left) if found[0] == position), None)
                if k is None:
                    break
                (_, length), piece = left.pop(k)
                parts.append(self.part(piece, axis, length, sizes))
                position = position + length
            if not left and position == total:
                made = self.tape.concatenate(parts, axis, sizes)
                return Labelled(made, tuple(range(len(sizes))))
        return None

    def part(self, piece: Piece, axis: int, length: AnySize, sizes: Sequence[AnySize]) -> Value:
        """One part of a concatenation, in full shape."""
        labels: list[Hashable] = []
        for k in range(len(sizes)):
            place = piece.places.get(k)
            labels.append(place.label if isinstance(place, Window) else ("one", k))
        value = self.tape.as_number(aligned(self.tape, piece.core, labels))
        return self.tape.broadcast_to(
            value, [length if k == axis else size for k, size in enumerate(sizes)]
        )

    # -- products -----------------------------------------------------------------------------------------------

    def piece(self, node: Expr) -> tuple[Piece, Extents]:
        """The node as a core and its places."""
        if node not in self.pieces:
            self.pieces[node] = self.new_piece(node)
        return self.pieces[node]

    def new_piece(self, node: Expr) -> tuple[Piece, Extents]:
        behind = self.structural_behind(node) if self.stable else None
        if behind is not None and not isinstance(behind, Sum):
            return self.piece(behind)
        if isinstance(node, (Structural, Pick)):
            factor = Factor(node, tuple(range(node.ndim)))
            node = Product((factor,), 1, node.sizes, node.ndim, b"")
        other = self.rewritten(node) if self.stable and isinstance(node, Product) else None
        if other is not None:
            return self.piece(other)
        if isinstance(node, Product):
            return self.product(node)
        x = self.lower(node)
        extents: Extents = dict(enumerate(node.sizes))
        return Piece(x, {label: Window(label) for label in x.labels}), extents  # type: ignore[misc]

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
        quotient = forms.logistic(node)
        return self.opened(node) if quotient is None else quotient

    def opened(self, node: Product) -> Expr | None:
        """The product distributed over a sum with 0/1 tensors, which are then used instead of made."""
        for k, f in enumerate(node.factors):
            if f.exponent != 1 or not isinstance(f.node, Sum) or len(f.node.terms) > _MOST_TERMS:
                continue
            if not any(self.repeats_a_label(term) for _, term in f.node.terms):
                continue
            return forms.distributed(node, k)
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
        while self.stable and (found := forms.normalised_factor(factors)) is not None:
            j, k, normalised = found
            x = self.softmax(normalised)
            scene.add(x.value, [factors[j].labels[axis] for axis in x.labels])  # type: ignore[index]
            below = factors[k]._replace(exponent=factors[k].exponent + 1)
            factors = [below if n == k else f for n, f in enumerate(factors) if n != j]
            factors = [f for f in factors if f.exponent]
        for f in factors:
            self.enter(scene, scalars, f)
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

    def enter(self, scene: Scene, scalars: list[tuple[Value, int | Fraction]], f: Factor) -> None:
        """One factor, where it belongs."""
        if isinstance(f.node, (Structural, Pick)):
            index = self.full(f.node.index) if isinstance(f.node, Pick) else None
            scene.rules.append(Rule(f.node, f.labels, index))
            return
        x = self.lower(f.node)
        if not x.labels:
            scalars.append((x.value, f.exponent))
            return
        value = x.value
        if f.exponent != 1:
            value = self.tape.power(self.tape.as_number(value), f.exponent)
        scene.add(value, [f.labels[axis] for axis in x.labels])  # type: ignore[index]

    def softmax(self, found: forms.Normalised) -> Labelled:
        x = self.along_all(found.arg, found.axes)
        value = self.tape.along("softmax", x.value, [x.labels.index(axis) for axis in found.axes])
        return Labelled(value, x.labels)

    # -- functions ------------------------------------------------------------------------------------------------

    def map(self, node: Map) -> Labelled:
        if not self.stable:
            return self.applied(node.head, node.args, truth=False)
        other = forms.stable_map(node)
        if other is not None:
            return self.lower(other)
        name = named_function(node.head)
        if name == "log":
            total = forms.summed_exponentials(node.args[0])
            if total is not None:
                return self.reduced("logsumexp", total.arg, total.axes)
        if name is None:
            return self.lower(self.in_known_functions(node))
        return self.applied(name, node.args, truth=name in TRUTHS)

    def in_known_functions(self, node: Map) -> Expr:
        """A function made of several, written out."""
        expr = heads.expression(node.head)
        values = dict(zip(heads.symbols(), node.args, strict=False))
        body = pointwise(expr, values, node.sizes)
        if body == node or (isinstance(body, Map) and body.head.text == node.head.text):
            raise DerivationError(
                f"{node.head.name}: {expr} has no form in array operations; "
                "write its meaning in functions such as exp, log, tanh, erf, where"
            )
        return body

    def applied(self, function: str | Head, args: Sequence[Expr], truth: bool) -> Labelled:
        xs = [self.lower(arg) for arg in args]
        axes = sorted({label for x in xs for label in x.labels})  # type: ignore[type-var]
        values = [aligned(self.tape, x, axes) for x in xs]
        logical = len(values) if function in LOGICAL else 1 if function == CHOICE else 0
        values = [v if k < logical else self.tape.as_number(v) for k, v in enumerate(values)]
        return Labelled(self.tape.apply(function, values, truth), tuple(axes))

    def along_all(self, node: Expr, axes: Sequence[int]) -> Labelled:
        """The node's value with these axes in full."""
        x = self.lower(node)
        wanted = sorted({*x.labels, *axes})  # type: ignore[type-var]
        value = aligned(self.tape, x, wanted)
        if len(wanted) > len(x.labels):
            value = self.tape.broadcast_to(value, [node.sizes[k] for k in wanted])
        return Labelled(value, tuple(wanted))

    def reduced(self, op: str, node: Expr, axes: Sequence[int]) -> Labelled:
        x = self.along_all(node, axes)
        value = self.tape.reduce(op, x.value, [x.labels.index(axis) for axis in axes])
        kept = [label for label in range(node.ndim) if label not in axes]
        return Labelled(value, tuple(k for k, label in enumerate(kept) if label in x.labels))

    def extremum(self, node: Extremum) -> Labelled:
        axes = tuple(range(node.arg.ndim - node.count, node.arg.ndim))
        if node.kind == "max":
            return self.reduced("max", node.arg, axes)
        x = self.along_all(node.arg, axes)
        value = self.tape.along("argmax", x.value, [x.labels.index(axis) for axis in axes])
        return Labelled(value, x.labels)

    def matrix_function(self, node: MatrixFunction) -> Labelled:
        last = (node.arg.ndim - 2, node.arg.ndim - 1)
        x = self.along_all(node.arg, last)
        value = self.tape.as_number(x.value)
        if node.name == "inv":
            return Labelled(self.tape.make("inv", (value,), (), value.sizes), x.labels)
        return Labelled(self.tape.make(node.name, (value,), (), value.sizes[:-2]), x.labels[:-2])


def _is_structural(term: Expr) -> bool:
    """Whether a 0/1 tensor is among the factors."""
    nodes = [f.node for f in term.factors] if isinstance(term, Product) else [term]
    return any(isinstance(node, (Structural, Pick)) for node in nodes)
