"""0/1 tensors as notation: the identity, rows of it, triangles, unit vectors, and their rules written out."""

from __future__ import annotations

from minigrad.errors import DerivationError
from minigrad.index.affine import (
    AffineRelation,
    Delta,
    OneHot,
    Reshape,
    Roll,
    Side,
    Slice,
    Triangle,
    sides,
)
from minigrad.index.size import AnySize, is_at_least
from minigrad.notation.building import scaled
from minigrad.notation.moves import Roll as RollMove
from minigrad.notation.moves import Selection
from minigrad.notation.places import letters_of
from minigrad.notation.tree import (
    DELTA,
    IDENTITY,
    ONE,
    Call,
    Indexed,
    Name,
    Num,
    Plus,
    Relation,
    Tree,
    unit_vector,
)

Places = tuple[str | None, ...]


class OrderError(DerivationError):
    """More than two axes are left; the caller fixes another label."""


def structural_tree(node: AffineRelation, places: Places) -> Tree:
    """A 0/1 tensor where it is a matrix or has all its places; else the reader fixes another label."""
    whole = set(places) == {None}
    match node.form:
        case Delta():
            if whole:
                return IDENTITY
            if None not in places:
                return Indexed(DELTA, places)
            raise OrderError("a delta with one index fixed is a column of the identity")
        case OneHot(place) if whole:
            return unit_vector(_place_text(place), _number(place))
        case Slice(start, step) if whole:
            return _selection(node, start, step)
        case Roll(shift) if whole and isinstance(shift, int):
            return RollMove(shift)
        case Triangle(k) if whole and isinstance(k, int):
            return Call("tril", (ONE, *([Num(k)] if k else [])))
    if None in places:
        raise OrderError("a relation of indices is written with all of them")
    return _bracket(node, places)


def index_name(*places: str | None) -> Name:
    """Indices as numbers, one or several read together."""
    letters = tuple(letter for place in places for letter in letters_of(str(place) if place is None else place))
    return Name("".join(map(str, places)), letters=letters, arithmetic=not letters)  # or 0 alone


def _place_text(position: object) -> str:
    """A place as a subscript: 2, n, and (n - 1) in parentheses."""
    text = str(position)
    return f"({text})" if " " in text or "*" in text else text


def _number(position: AnySize) -> Tree:
    return Num(position) if isinstance(position, int) else Name(str(position), arithmetic=True)


def _selection(node: AffineRelation, start: AnySize, step: int) -> Selection:
    """The slice as NumPy reads it: a reversal is ::-1, because a stop before 0 cannot be written."""
    length, whole = node.sizes
    stop = start + step * length
    after = whole - stop
    if step < 0:
        first = "" if start == whole - 1 and step == -1 else str(start)
        return Selection(f"{first}:{'' if isinstance(stop, int) and stop < 0 else stop}:{step}", None)
    last = str(stop) if not isinstance(after, int) else f"-{after}" if after > 0 else ""
    place = f"{'' if start == 0 else start}:{last}"
    if step != 1:
        return Selection(f"{place}:{step}", None)
    return Selection(place, (str(start), str(after)))


def _bracket(node: AffineRelation, places: Places) -> Tree:
    """Written out by its rule: [i = 2 + j] and the like."""
    match node.form:
        case Roll(shift):
            text = f"({places[1]} + {shift}) % {_place_text(node.sizes[0])}"
            return Relation("=", index_name(places[0]), Name(text, letters=(str(places[1]),)))
        case Reshape(before):
            return Relation("=", index_name(*places[:before]), index_name(*places[before:]))
        case Triangle(-1):
            return Relation(">", index_name(places[0]), index_name(places[1]))
    left, right = (_combination(side, places) for side in sides(node))
    if node.relation == "≥" and isinstance(right, Num):
        return Relation("≤", left, right)
    if node.relation == "≥":
        return Relation("≥", right, left)
    if node.relation == "≡":
        raise OrderError(f"a relation modulo {node.modulus} has no notation")
    return Relation("=", left, right)


def _combination(side: Side, places: Places) -> Tree:
    """2 + j, or 2 t + k − 1."""
    terms: list[tuple[int, Tree]] = []
    for axis, coef in side.items():
        sign = -1 if is_at_least(coef, 0) is False else 1
        body = None if axis is None else index_name(places[axis])
        terms.append((sign, _multiple(coef * sign, body)))
    if terms[0][0] < 0:
        first = next((k for k, (sign, _) in enumerate(terms) if sign > 0), 0)
        terms = terms[first:] + terms[:first]
    return terms[0][1] if len(terms) == 1 and terms[0][0] > 0 else Plus(tuple(terms))


def _multiple(coef: AnySize, body: Tree | None) -> Tree:
    if isinstance(coef, int):
        return scaled(coef, [], body, [])
    text = str(coef)
    name = Name(f"({text})" if " " in text and body is not None else text, arithmetic=True)
    return name if body is None else scaled(1, [name], body, [])
