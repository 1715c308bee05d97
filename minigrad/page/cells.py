"""One number of a result as what it is made of: other cells, added, multiplied, put into functions.

Arrays of cells are arrays of objects, on which NumPy does what it does on numbers: a product of two such
matrices holds, in each cell, the sum of products that it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import reduce
from operator import add, mul
from typing import Any

import numpy as np

Place = tuple[int, int]  # a piece, and the number of an element in it

RELATIONS: dict[str, Callable[[Any, Any], Any]] = {
    ">": np.greater,
    "<": np.less,
    "≥": np.greater_equal,
    "≤": np.less_equal,
    "=": np.equal,
    "≠": np.not_equal,
}


class Cell:
    """A number with how it came about.

    ``kind`` is "leaf" (``mark`` is its `Place`), "number" (``mark`` is how it is written, or None), "opaque"
    (it depends on ``parts`` in a way that is not written), or an operation on ``parts``.
    """

    __slots__ = ("kind", "mark", "parts", "value")

    def __init__(self, kind: str, parts: tuple[Cell, ...], value: Any, mark: Any = None) -> None:
        self.kind, self.parts, self.value, self.mark = kind, parts, np.float64(value), mark

    def __repr__(self) -> str:
        return f"<Cell {self.kind} {self.value}>"

    def __float__(self) -> float:
        raise TypeError("a cell is not only its value")

    def __bool__(self) -> bool:
        raise TypeError("what is chosen by a cell depends on it")

    # -- arithmetic, in the order in which arrays ask for it -------------------------------------------

    def __add__(self, other: Any) -> Cell:
        return NotImplemented if _is_array(other) else plus(self, cell(other))

    def __radd__(self, other: Any) -> Cell:
        return NotImplemented if _is_array(other) else plus(cell(other), self)

    def __sub__(self, other: Any) -> Cell:
        return NotImplemented if _is_array(other) else plus(self, -cell(other))

    def __rsub__(self, other: Any) -> Cell:
        return NotImplemented if _is_array(other) else plus(cell(other), -self)

    def __mul__(self, other: Any) -> Cell:
        return NotImplemented if _is_array(other) else times(self, cell(other))

    def __rmul__(self, other: Any) -> Cell:
        return NotImplemented if _is_array(other) else times(cell(other), self)

    def __truediv__(self, other: Any) -> Cell:
        return NotImplemented if _is_array(other) else over(self, cell(other))

    def __rtruediv__(self, other: Any) -> Cell:
        return NotImplemented if _is_array(other) else over(cell(other), self)

    def __neg__(self) -> Cell:
        if self.kind == "negative":
            return self.parts[0]
        if _is_plain(self):
            return number(-self.value)
        return made("negative", (self,))

    def __pow__(self, exponent: Any) -> Cell:
        return self.sqrt() if exponent == 0.5 else made("power", (self,), float(exponent))

    def __abs__(self) -> Cell:
        return made("abs", (self,))

    def sqrt(self) -> Cell:
        """The root, as NumPy asks an object for it."""
        return made("root", (self,))


def _is_array(value: Any) -> bool:
    """Whether it is an array with axes, which then takes each of its elements."""
    return isinstance(value, np.ndarray) and value.ndim > 0


def cell(value: Any) -> Cell:
    """A number as a cell."""
    if isinstance(value, Cell):
        return value
    if isinstance(value, np.ndarray) and value.dtype == object:
        return cell(value.item())
    return number(value)


def number(value: Any, text: str | None = None) -> Cell:
    """A number that depends on nothing; ``text`` is how it is written, √2."""
    return Cell("number", (), value, text)


def leaf(place: Place, value: Any) -> Cell:
    """An element of a piece."""
    return Cell("leaf", (), value, place)


def leaves(piece: int, array: Any) -> Any:
    """The cells of a piece as an array of the same shape."""
    result = np.empty(np.shape(array), dtype=object)
    for k, value in enumerate(np.ravel(array)):
        result.flat[k] = leaf((piece, k), value)
    return result


def made(kind: str, parts: Sequence[Cell], mark: Any = None) -> Cell:
    """An operation on cells, with its value."""
    with np.errstate(all="ignore"):
        value = worth(kind, mark, [part.value for part in parts])
    return Cell(kind, tuple(parts), value, mark)


def applied(name: str, function: Callable[..., Any], parts: Sequence[Cell]) -> Cell:
    """A function of numbers applied to cells."""
    return made("call", parts, (name, function))


def opaque(parts: Sequence[Cell], value: Any) -> Cell:
    """A number that depends on others in a way that is not written."""
    return Cell("opaque", tuple(parts), value)


def plus(a: Cell, b: Cell) -> Cell:
    """The sum, all terms side by side; nothing is added by 0."""
    if _is_plain(a) and _is_plain(b):
        return number(a.value + b.value)
    if _is(a, 0):
        return b
    if _is(b, 0):
        return a
    parts = (*(a.parts if a.kind == "sum" else (a,)), *(b.parts if b.kind == "sum" else (b,)))
    with np.errstate(all="ignore"):
        return Cell("sum", parts, a.value + b.value)


def times(a: Cell, b: Cell) -> Cell:
    """The product, all factors side by side; a 0 or 1 of the notation itself is not written."""
    if _is_plain(a) and _is_plain(b):
        return number(a.value * b.value)
    if _is(a, 0) or _is(b, 0):
        return number(0)
    for one, other in ((a, b), (b, a)):
        if _is(one, 1):
            return other
        if _is(one, -1):
            return -other
    parts = (*(a.parts if a.kind == "product" else (a,)), *(b.parts if b.kind == "product" else (b,)))
    with np.errstate(all="ignore"):
        return Cell("product", parts, a.value * b.value)


def over(a: Cell, b: Cell) -> Cell:
    """The quotient."""
    if _is_plain(a) and _is_plain(b) and b.value:
        return number(a.value / b.value)
    if _is(a, 0) and b.kind == "number":
        return number(0)
    return a if _is(b, 1) else made("quotient", (a, b))


def _is_plain(c: Cell) -> bool:
    return c.kind == "number" and c.mark is None


def _is(c: Cell, value: float) -> bool:
    return c.kind == "number" and bool(c.value == value)


# -- what an operation is worth ---------------------------------------------------------------------------


def worth(kind: str, mark: Any, values: Sequence[Any]) -> Any:
    """The value of an operation on numbers."""
    match kind:
        case "sum":
            return reduce(add, values)
        case "product":
            return reduce(mul, values)
        case "quotient":
            return np.divide(values[0], values[1])
        case "negative":
            return -values[0]
        case "power":
            return values[0] ** mark
        case "root":
            return np.sqrt(values[0])
        case "abs":
            return np.abs(values[0])
        case "relation":
            return float(RELATIONS[mark](*values))
        case "where":
            return values[1] if values[0] else values[2]
        case "entropy":  # of one probability p and one label y
            p, y = values
            told = (y and y * np.log(p)) + ((1 - y) and (1 - y) * np.log(1 - p))
            return -told
        case "call":
            return mark[1](*values)
    raise TypeError(f"no operation {kind!r}")


def worth_with(root: Cell, value_of: Callable[[Cell], float]) -> float:
    """What a cell is worth when leaves and numbers are worth something else."""
    known: dict[int, Any] = {}
    with np.errstate(all="ignore"):
        for each in _postorder(root):
            if each.kind in ("leaf", "number", "opaque"):
                known[id(each)] = np.float64(value_of(each))
            else:
                parts = [known[id(part)] for part in each.parts]
                known[id(each)] = np.float64(worth(each.kind, each.mark, parts))
    return float(known[id(root)])


def places(root: Cell) -> set[Place]:
    """The elements of pieces that a cell depends on."""
    return {each.mark for each in _postorder(root, inside=True) if each.kind == "leaf"}


def _postorder(root: Cell, inside: bool = False) -> Iterator[Cell]:
    """Every cell once, parts first; what is opaque is one, unless one looks ``inside``."""
    stack, seen = [(root, False)], set[int]()
    while stack:
        each, opened = stack.pop()
        if opened:
            yield each
        elif id(each) not in seen:
            seen.add(id(each))
            stack.append((each, True))
            if inside or each.kind != "opaque":
                stack.extend((part, False) for part in each.parts)
