"""Indices that others tell: Σ_j [i = 2 + j] x_j is x[i - 2], where x is 0 outside of its places.

A relation tells an index that is summed, by what else is in it; the index is put in where it stands, and neither
the relation nor a sum over it is written. With windows i = t + k of a convolution:

>>> from minigrad.index.contract import contract
>>> from minigrad.notation.matrix import index_text
>>> Y, w = Leaf("Y", (4,)), Leaf("w", (3,))
>>> window = AffineRelation((1, 1, -1), 0, (4, 3, 6))
>>> index_text(contract("i", [(Y, "t"), (w, "k"), (window, "tki")]))
'Σ_j Y[i - j] w_j'
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from minigrad.index.affine import (
    AffineRelation,
    Form,
    Reshape,
    Roll,
    Slice,
    are_places,
    range_of,
    strides,
)
from minigrad.index.expr import Factor, Leaf, Map, Product, Ref
from minigrad.index.relations import Equation, Placed, equation
from minigrad.index.size import AnySize, is_at_least
from minigrad.notation.places import Place, words_of


class Told(NamedTuple):
    """A label as others tell it: a sum of multiples, divided, and what is left of it by a modulus."""

    coefs: Mapping[int, AnySize]
    constant: AnySize
    divisor: AnySize = 1
    modulus: AnySize = 0

    def place(self, letters: Mapping[int, str]) -> Place:
        """The label's place, where all that tell it have letters."""
        terms = [(c, letters[label]) for label, c in self.coefs.items()]
        return Place.of([*terms, (self.constant, "")], self.divisor, self.modulus)

    def slice(self, letters: Mapping[int, str], sizes: Sequence[AnySize], size: AnySize) -> Place | None:
        """The places of an axis of this size that it runs over with the one label that has no letter."""
        (running,) = self.coefs.keys() - letters.keys()
        step = self.coefs[running]
        reach = range_of([*self.coefs.values()], self.constant, [sizes[k] for k in self.coefs])
        if self.divisor != 1 or self.modulus != 0 or not is_at_least(step, 1) or not are_places(reach, size):
            return None
        terms = [(c, letters[k]) for k, c in self.coefs.items() if k != running]
        start = Place.of([*terms, (self.constant, "")])
        behind = self.constant + step * sizes[running]
        stop = "" if behind == size else Place.of([*terms, (behind, "")])
        place = Place(f"{start}:{stop}" + (f":{step}" if step != 1 else ""))
        place.letters = start.letters
        place.words = start.words.union(words_of(f"{behind if stop else ''}:{step}"))
        return place


class Written(NamedTuple):
    """Places of labels; some are slices, which run with another label."""

    places: dict[int, str]
    running: dict[int, int]


class Telling(NamedTuple):
    """A product without some of its relations, and the labels that these tell."""

    node: Product
    labels: dict[int, Told]
    nameless: bool  # whether one of the relations has no other notation

    @property
    def needed(self) -> set[int]:
        """The labels by which the others are told."""
        return {k for told in self.labels.values() for k in told.coefs}

    @property
    def lone(self) -> set[int]:
        """The summed labels that only tell others: how far they run, no array tells."""
        carried = {label for f in self.node.factors for label in f.labels}
        return {k for k in self.needed if k >= self.node.ndim and k not in carried}

    def written(self, letters: Mapping[int, str], full: bool) -> Written | None:
        """How the others are written where some labels have letters, or None where that takes more of them.

        Unless ``full``, a letter stands alone in some array too, which tells how far it runs.
        """
        places, running = dict[int, str](), dict[int, int]()
        arrays = [f for f in self.node.factors if not isinstance(f.node, AffineRelation)]
        alone = {label for f in arrays for label in f.labels}.union(range(self.node.ndim))
        if not full and any(k in letters and k not in alone for k in self.needed):
            return None
        for label, told in self.labels.items():
            open_ = [k for k in told.coefs if k not in letters]
            if not open_:
                places[label] = told.place(letters)
                continue
            carriers = [f for f in self.node.factors if label in f.labels]
            size = self.node.label_sizes[label]
            cut = told.slice(letters, self.node.label_sizes, size) if len(open_) == 1 else None
            if cut is None or not all(map(_is_cut, carriers)):
                return None
            places[label], running[label] = cut, open_[0]
        return Written(places, running)


def _is_cut(f: Factor) -> bool:
    """Whether a factor is written with a slice among its places: an array, or a function of its elements."""
    arrays = f.node.args if isinstance(f.node, Map) else (f.node,)
    return all(isinstance(node, Leaf | Ref) for node in arrays)


class _Choice(NamedTuple):
    """Labels that one of the relations tells; the least choice reads best."""

    outside: bool
    length: int
    turned: bool
    at: int
    told: dict[int, Told]


def telling(node: Product, fixed: Collection[int], full: bool) -> Telling | None:
    """What the relations of a product tell; ``full`` where every label is written.

    Where it is not, slices have notation of their own.
    """
    kinds: tuple[type[Form], ...] = (Reshape, Roll, Slice) if full else (Reshape, Roll)
    waiting: list[tuple[Equation, Factor]] = []
    others: list[Factor] = []
    for f in node.factors:
        tells = isinstance(f.node, AffineRelation) and f.node.relation != "≥"
        if tells and (f.node.form is None or isinstance(f.node.form, kinds)):  # type: ignore[attr-defined]
            assert isinstance(f.node, AffineRelation)
            waiting.append((equation(Placed(f.node, f.labels)), f))
        else:
            others.append(f)
    nameless = any(f.node.form is None for _, f in waiting)  # type: ignore[attr-defined]
    found: dict[int, Told] = {}
    known_sizes = dict(enumerate(node.label_sizes))
    open_ = {label for label in node.summed if label not in fixed}
    while choices := [
        choice
        for choice in _choices(waiting, others, open_)
        if all(_told_by(known, choice.told) is not None for known in found.values())
    ]:
        best = min(choices, key=lambda choice: choice[:4])
        del waiting[best.at]
        for label, told in best.told.items():
            waiting = [_put_into(e, f, label, told, known_sizes) for e, f in waiting]
        found = {k: _told_by(known, best.told) or known for k, known in found.items()} | best.told
        open_ -= best.told.keys()
    if not found:
        return None
    kept = (*others, *(f for _, f in waiting))
    return Telling(Product(kept, node.coef, node.label_sizes, node.ndim, b""), found, nameless)


def _choices(
    waiting: Sequence[tuple[Equation, Factor]], others: Sequence[Factor], open_: set[int]
) -> Iterator[_Choice]:
    for at, (e, f) in enumerate(waiting):
        elsewhere = {k for other, g in waiting if g is not f for k in other.coefs}
        for label, c in e.coefs.items():
            if label not in open_ or c not in (1, -1):
                continue
            told = _solved(e, label)
            inside = told.modulus != 0 or _inside(e, told, label)
            if not inside and told.constant == 0 and [*told.coefs.values()] == [1]:
                continue  # a letter alone runs over the places of its axis
            if _may_tell(label, others, inside) and not (told.modulus != 0 and label in elsewhere):
                yield _Choice(not inside, len(e.coefs), c == 1, at, {label: told})
        for split in _splits(e, f):
            if not open_.issuperset(split) or elsewhere.intersection(split):
                continue
            carriers = [g for g in others if not {*split}.isdisjoint(g.labels)]
            if carriers and not any(isinstance(g.node, AffineRelation) for g in carriers):
                yield _Choice(False, len(e.coefs), True, at, split)


def untold(node: Product, fixed: Collection[int]) -> list[Factor]:
    """Brackets for summed letters of which no array and no other bracket tells how far they run.

    With i and j among 3 and q among 2, Σ_q [i = q] [j = q] is not δ_ij: it needs [1 ≥ q].
    """
    found = []
    for label in node.summed:
        carriers = [f.node for f in node.factors if label in f.labels]
        relations = [
            (equation(Placed(f.node, f.labels)), f.node.form)
            for f in node.factors
            if label in f.labels and isinstance(f.node, AffineRelation) and f.node.relation == "="
        ]
        if label not in fixed or not relations or len(relations) < len(carriers):
            continue
        if not any(isinstance(form, Reshape | Roll) or _ends(e, label) for e, form in relations):
            found.append(reach(node, label))
    return [*found, *(reach(node, label) for label in _open_digits(node, fixed))]


def _open_digits(node: Product, fixed: Collection[int]) -> list[int]:
    """Letters of row-major indices of which nothing tells how far they run: l of Σ_lq [ml = q] [i = q]."""
    sides_ = [
        (f.labels[: f.node.form.before], f.labels[f.node.form.before :])
        for f in node.factors
        if isinstance(f.node, AffineRelation) and isinstance(f.node.form, Reshape)
    ]
    told = {k for f in node.factors if not isinstance(f.node, AffineRelation) for k in f.labels}
    told.update(range(node.ndim))
    while True:
        new = {k for a, b in sides_ for k in {*a, *b} - told if {*a, *b} - told == {k}}
        if not new:
            break
        told |= new
    return sorted({k for pair in sides_ for side in pair for k in side[1:] if k in fixed} - told)


def reach(node: Product, label: int) -> Factor:
    """How far a letter runs, as a bracket: [2 ≥ j]."""
    size = node.label_sizes[label]
    return Factor(AffineRelation((-1,), size - 1, (size,), "≥"), (label,))


def _ends(e: Equation, label: int) -> bool:
    """Whether an equation holds for no place of a label that is too large for its axis."""
    if e.coefs[label] not in (1, -1):
        return True  # a multiple of it is told, and no more
    told = _solved(e, label)
    reach = range_of([*told.coefs.values()], told.constant, [e.sizes[k] for k in told.coefs])
    return reach is not None and bool(is_at_least(e.sizes[label] - 1 - reach[1], 0))


def _solved(e: Equation, label: int) -> Told:
    sign = -e.coefs[label]
    coefs = {k: sign * c for k, c in e.coefs.items() if k != label}
    return Told(coefs, sign * e.constant, 1, e.modulus)  # type: ignore[arg-type]


def _inside(e: Equation, told: Told, label: int) -> bool:
    """Whether what tells a label is one of its places always."""
    return are_places(e._replace(coefs=told.coefs, constant=told.constant).reach(), e.sizes[label])  # type: ignore[arg-type]


def _may_tell(label: int, others: Sequence[Factor], inside: bool) -> bool:
    """Whether a label may stand as others tell it: outside of its places an array is 0, a function of one is not."""
    carriers = [f for f in others if label in f.labels]
    if not carriers or any(isinstance(f.node, AffineRelation) for f in carriers):
        return False
    return inside or all(isinstance(f.node, Leaf | Ref) and f.exponent > 0 for f in carriers)


def _splits(e: Equation, f: Factor) -> Iterator[dict[int, Told]]:
    """The labels on one side of a reshape, as the position on the other side tells them: i // n and i % n."""
    assert isinstance(f.node, AffineRelation)
    if e != equation(Placed(f.node, f.labels)):
        return
    if not isinstance(f.node.form, Reshape) or len({*f.labels}) < len(f.labels):
        return
    before = f.node.form.before
    sides = [(f.labels[:before], f.node.sizes[:before]), (f.labels[before:], f.node.sizes[before:])]
    for (known, sizes), (split, parts) in (sides, sides[::-1]):
        position = dict(zip(known, strides(sizes), strict=True))
        steps = zip(split, strides(parts), parts, strict=True)
        yield {
            label: Told(position, 0, step, size if k else 0)
            for k, (label, step, size) in enumerate(steps)
        }


def _put_into(
    e: Equation, f: Factor, label: int, told: Told, label_sizes: Mapping[Any, AnySize]
) -> tuple[Equation, Factor]:
    """An equation with a label as it is told; its factor is what it says then."""
    if label not in e.coefs:
        return e, f
    coefs, constant = _without_label(e, label, told)
    coefs = {k: c for k, c in coefs.items() if c != 0}
    sizes = {k: label_sizes[k] for k in coefs}  # a label that told it may be new here
    new = e._replace(coefs=coefs, constant=constant, sizes=sizes)
    node = AffineRelation(
        [*coefs.values()], new.constant, [*sizes.values()], new.relation, new.modulus
    )
    return new, Factor(node, tuple(new.coefs))  # type: ignore[arg-type]


def _told_by(known: Told, told: Mapping[int, Told]) -> Told | None:
    """What is known of a label, by what tells others; None where i // n or i % n would be in a sum.

    Both in one sum, as n (i // n) + i % n, are i again.
    """
    if known.coefs.keys().isdisjoint(told):
        return known
    *_, (last, position) = told.items()
    by = known.coefs.get(last, 0)
    if any(known.coefs.get(k, 0) != by * each.divisor for k, each in told.items()):
        return None
    if len(told) == 1 and position.modulus != 0:
        return None
    coefs, constant = _without_label(known, last, position)
    return known._replace(coefs={k: c for k, c in coefs.items() if k not in told}, constant=constant)


def _without_label(sum_: Equation | Told, label: int, told: Told) -> tuple[dict[Any, AnySize], AnySize]:
    """The coefficients and the constant of a sum with a label written as it is told."""
    by = sum_.coefs[label]
    coefs = {k: c for k, c in sum_.coefs.items() if k != label}
    for k, c in told.coefs.items():
        coefs[k] = coefs.get(k, 0) + by * c
    return coefs, sum_.constant + by * told.constant
