"""0/1 tensors as notation: the identity, rows of it, triangles, unit vectors, and their rules written out."""

from __future__ import annotations

from typing import cast

from minigrad.errors import DerivationError
from minigrad.index.expr import (
    Structural,
)
from minigrad.index.size import AnySize
from minigrad.notation.tree import (
    IDENTITY,
    ONE,
    Call,
    Indexed,
    Name,
    Num,
    Plus,
    Relation,
    Selection,
    Tree,
    scaled,
)

Places = tuple[str | None, ...]


class OrderError(DerivationError):
    """More than two axes are left; the caller fixes another label."""


def structural_tree(node: Structural, places: Places) -> Tree:
    """A 0/1 tensor where it is a matrix or has all its places; else the reader fixes another label."""
    if node.kind == "delta":
        if places == (None, None):
            return IDENTITY
        if None not in places:
            return Indexed(Name("δ"), places)
        raise OrderError("a delta with one index fixed is a column of the identity")
    if node.kind == "onehot" and places == (None,):
        return Name(f"e_{_place_text(node.params[0])}")
    if node.kind == "slice" and places == (None, None):
        return _selection(node)
    if node.kind == "tri" and places == (None, None):
        return Call("tril", (ONE, *(Num(p) for p in node.params if p)))  # type: ignore[arg-type]
    if all(place is not None for place in places):
        return _bracket(node, places)
    raise OrderError(f"a {node.kind} has more than two axes")


def _place_text(position: object) -> str:
    """A place as a subscript: 2, n, and (n - 1) in parentheses."""
    text = str(position)
    return f"({text})" if " " in text or "*" in text else text


def _selection(node: Structural) -> Selection:
    """The slice as NumPy reads it: a reversal is ::-1, because a stop before 0 cannot be written."""
    start, step = cast("tuple[AnySize, int]", node.params)
    length, whole = node.sizes
    stop = start + step * length
    after = whole - stop
    if step < 0:
        first = "" if start == whole - 1 and step == -1 else str(start)
        return Selection(f"{first}:{'' if isinstance(stop, int) and stop < 0 else stop}:{step}", None)
    last = "" if after == 0 else f"-{after}" if isinstance(after, int) else str(stop)
    place = f"{'' if start == 0 else start}:{last}"
    if step != 1:
        return Selection(f"{place}:{step}", None)
    return Selection(place, (str(start), str(after)))


def _bracket(node: Structural, places: Places) -> Tree:
    """Written out by its rule: [i = 2 + j] and the like."""
    i = Name(str(places[0]))
    match node.kind:
        case "onehot":
            return Relation("=", i, Name(str(node.params[0])))
        case "slice":
            start, step = node.params
            right: Tree = scaled(step, [], Name(str(places[0])), [])  # type: ignore[arg-type]
            if start != 0:
                right = Plus(((1, Name(str(start))), (1, right)))
            return Relation("=", Name(str(places[1])), right)
        case "tri":
            return Relation("≥", i, Name(str(places[1])))
        case "roll":
            return Relation("=", i, Name(f"({places[1]} + {node.params[0]}) mod {node.sizes[0]}"))
    before = int(node.params[0]) if node.params else 1  # type: ignore[call-overload]
    left = Name("".join(map(str, places[:before])))
    return Relation("=", left, Name("".join(map(str, places[before:]))))
