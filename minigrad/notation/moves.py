"""0/1 matrices read as what they do: x[1:], pad(x, (1, 0)), put[::2](x), roll(x, 1).

Rows 1: of the identity before a vector are the vector's elements 1:, and the same turned puts elements back in
their place, with zeros around:

>>> from minigrad.notation.text import text
>>> cut, x = Selection("1:", ("1", "0")), Name("x")
>>> text(moved(cut, x, vector=True)), text(moved(cut.back, x, vector=True))
('x[1:]', 'pad(x, (1, 0))')
>>> text(moved(Name("X"), Roll(2), vector=False))
'roll(X, −2, 1)'
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from minigrad.notation.building import product
from minigrad.notation.tree import IDENTITY, Call, Indexed, Move, Name, Num, Transposed, Tree

_NO_MARGINS = Call("", (Num(0), Num(0)))


@dataclass(frozen=True, slots=True)
class Selection(Move):
    """The rows ``place`` of the identity: it takes rows of what follows; turned, it puts them in their place.

    ``margins`` are the rows before and after those, or None where the rows are not next to each other.
    """

    place: str
    margins: tuple[str, str] | None
    turned: bool = False

    @property
    def plain(self) -> Tree:
        rows = Indexed(IDENTITY, (self.place, None))
        return Transposed(rows) if self.turned else rows

    @property
    def back(self) -> Tree:
        return self if self.place == "::-1" else replace(self, turned=not self.turned)

    @property
    def is_turned(self) -> bool:
        return self.turned

    def rows(self, body: Tree, vector: bool) -> Tree:
        if vector:
            if not self.turned:
                return Indexed(body, (self.place,))
            if self.margins is None:
                return Call(f"put[{self.place}]", (body,))
            return Call("pad", (body, self._own))
        match body:
            case Call("pad", (inner, Call("", (rows, columns)))) if rows == _NO_MARGINS:
                if not self.turned:
                    return _padded(Indexed(inner, (self.place, None)), rows, columns)
                if self.margins is not None:
                    return _padded(inner, self._own, columns)
            case Indexed(inner, (None, place)) if not self.turned:
                return Indexed(inner, (self.place, place))
        if not self.turned:
            return Indexed(body, (self.place, None))
        if self.margins is None:
            return Call(f"put[{self.place},:]", (body,))
        return _padded(body, self._own, _NO_MARGINS)

    def columns(self, body: Tree) -> Tree:
        match body:
            case Call("pad", (inner, Call("", (rows, columns)))) if columns == _NO_MARGINS:
                if self.turned:
                    return _padded(Indexed(inner, (None, self.place)), rows, columns)
                if self.margins is not None:
                    return _padded(inner, rows, self._own)
            case Indexed(inner, (str(place), None)) if self.turned:
                return Indexed(inner, (place, self.place))
        if self.turned:
            return Indexed(body, (None, self.place))
        if self.margins is None:
            return Call(f"put[:,{self.place}]", (body,))
        return _padded(body, _NO_MARGINS, self._own)

    @property
    def _own(self) -> Tree:
        assert self.margins is not None
        return Call("", tuple(Name(text, arithmetic=True) for text in self.margins))


@dataclass(frozen=True, slots=True)
class Roll(Move):
    """Rows of the identity moved round by ``shift``, as `numpy.roll` has it."""

    shift: int

    @property
    def plain(self) -> Tree:
        return Call("roll", (IDENTITY, Num(self.shift), Num(0)))

    @property
    def back(self) -> Tree:
        return Roll(-self.shift)

    def rows(self, body: Tree, vector: bool) -> Tree:
        return Call("roll", (body, Num(self.shift), *([] if vector else [Num(0)])))

    def columns(self, body: Tree) -> Tree:
        return Call("roll", (body, Num(-self.shift), Num(1)))


def _padded(body: Tree, rows: Tree, columns: Tree) -> Tree:
    return Call("pad", (body, Call("", (rows, columns))))


def moved(left: Tree, right: Tree, vector: bool) -> Tree:
    """A product of two, where a 0/1 matrix is written as what it does: I[1:] x is x[1:]."""
    if isinstance(left, Move) and not isinstance(right, Move):
        return left.rows(right, vector)
    if isinstance(right, Move) and not isinstance(left, Move):
        return right.columns(left)
    return product([left, right])
