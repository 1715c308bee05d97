"""What a formula looks like, before it is text: a tree that every printer reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from minigrad.index.expr import Number
from minigrad.index.numbers import magnitude


@dataclass(frozen=True, slots=True)
class Tree:
    """A piece of a formula."""

    # counted once: formulas are compared by it, and their parts are shared
    _transposes: int = field(default=-1, init=False, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Name(Tree):
    """A symbol; ``of`` is the tensor's name when the symbol is the loss's gradient by it.

    ``repeated`` says that it is a vector beside a matrix, added to every row; ``letters`` are the indices
    that the text is made of.
    """

    text: str
    of: str | None = None
    symmetric: bool = False
    repeated: bool = False
    letters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Num(Tree):
    value: Number


@dataclass(frozen=True, slots=True)
class Call(Tree):
    """A function applied: its name in the table of `functions`, or a name to print as it is."""

    function: str
    args: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class MatMul(Tree):
    """A product of matrices and vectors, in order."""

    parts: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Hadamard(Tree):
    """An elementwise product, divided elementwise by ``down``."""

    up: tuple[Tree, ...]
    down: tuple[Tree, ...] = ()


@dataclass(frozen=True, slots=True)
class Plus(Tree):
    """A sum; each term has a sign."""

    terms: tuple[tuple[int, Tree], ...]


@dataclass(frozen=True, slots=True)
class Scaled(Tree):
    """``coef * up... * body / down...``: numbers and scalars beside a matrix (``body`` may be None)."""

    coef: Number
    up: tuple[Tree, ...]
    body: Tree | None
    down: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Transposed(Tree):
    body: Tree


@dataclass(frozen=True, slots=True)
class Inverse(Tree):
    body: Tree


@dataclass(frozen=True, slots=True)
class Power(Tree):
    """A power of a scalar, or elementwise of anything larger."""

    body: Tree
    exponent: int | Fraction
    elementwise: bool


@dataclass(frozen=True, slots=True)
class Norm(Tree):
    body: Tree


@dataclass(frozen=True, slots=True)
class Indexed(Tree):
    """A tensor with some axes fixed: a letter, a range, or None for an axis left whole."""

    body: Tree
    places: tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class BigSum(Tree):
    """A sum over the named indices."""

    letters: tuple[str, ...]
    body: Tree


@dataclass(frozen=True, slots=True)
class Relation(Tree):
    """An Iverson bracket: 1 where the relation holds, else 0."""

    sign: str
    left: Tree
    right: Tree


@dataclass(frozen=True, slots=True)
class Selection(Tree):
    """The rows ``place`` of the identity: it takes rows of what follows; turned, it puts them in their place.

    ``margins`` are the rows before and after those, or None where the rows are not next to each other.
    """

    place: str
    margins: tuple[str, str] | None
    turned: bool = False

    @property
    def plain(self) -> Tree:
        """How it is written where it stands alone."""
        rows = Indexed(IDENTITY, (self.place, None))
        return Transposed(rows) if self.turned else rows

    def rows(self, body: Tree, vector: bool) -> Tree | None:
        """What it does to the rows of what follows it."""
        if vector:
            if self.turned:
                return None if self.margins is None else Call("pad", (body, self._own))
            return Indexed(body, (self.place,))
        match body:
            case Call("pad", (inner, Call("", (rows, columns)))) if rows == _NO_MARGINS:
                if self.turned:
                    return None if self.margins is None else _padded(inner, self._own, columns)
                return _padded(Indexed(inner, (self.place, None)), rows, columns)
            case Indexed(inner, (None, place)) if not self.turned:
                return Indexed(inner, (self.place, place))
        if not self.turned:
            return Indexed(body, (self.place, None))
        return None if self.margins is None else _padded(body, self._own, _NO_MARGINS)

    def columns(self, body: Tree) -> Tree | None:
        """What it does to the columns of a matrix before it."""
        match body:
            case Call("pad", (inner, Call("", (rows, columns)))) if columns == _NO_MARGINS:
                if self.turned:
                    return _padded(Indexed(inner, (None, self.place)), rows, columns)
                return None if self.margins is None else _padded(inner, rows, self._own)
            case Indexed(inner, (str(place), None)) if self.turned:
                return Indexed(inner, (place, self.place))
        if self.turned:
            return Indexed(body, (None, self.place))
        return None if self.margins is None else _padded(body, _NO_MARGINS, self._own)

    @property
    def _own(self) -> Tree:
        assert self.margins is not None
        return Call("", tuple(map(Name, self.margins)))


def _padded(body: Tree, rows: Tree, columns: Tree) -> Tree:
    return Call("pad", (body, Call("", (rows, columns))))


_NO_MARGINS = Call("", (Num(0), Num(0)))
ONE = Name("𝟏")
IDENTITY = Name("I", symmetric=True)


def transposed(tree: Tree) -> Tree:
    """The transpose, written as short as possible: Bᵀ Aᵀ, but (A B C)ᵀ."""
    match tree:
        case Transposed(body):
            return body
        case Selection("::-1"):
            return tree
        case Selection():
            return replace(tree, turned=not tree.turned)
        case Name(repeated=True):
            return MatMul((replace(tree, repeated=False), Transposed(ONE)))
        case Name(symmetric=True) | Num():
            return tree
        case Call("diag" | "sym", _):
            return tree
        case Call("tril", (Name("𝟏"),)):
            return Call("triu", tree.args)
        case Call("triu", (Name("𝟏"),)):
            return Call("tril", tree.args)
        case Scaled(coef, up, body, down) if body is not None:
            return Scaled(coef, up, transposed(body), down)
        case Scaled():
            return tree
        case Inverse(Name(symmetric=True)):
            return tree
        case MatMul(parts):
            turned: Tree = product([transposed(part) for part in reversed(parts)])
        case Hadamard(up, down):
            turned = Hadamard(tuple(map(transposed, up)), tuple(map(transposed, down)))
        case Plus(terms):
            turned = Plus(tuple((sign, transposed(term)) for sign, term in terms))
        case Power(body, exponent, True):
            turned = Power(transposed(body), exponent, True)
        case _:
            return Transposed(tree)
    if turned == tree:
        return tree
    limit = 1 + transposes(tree)
    if isinstance(tree, MatMul) and all(map(_is_letter, tree.parts)):
        limit += 1  # Bᵀ Aᵀ, not (A B)ᵀ; it is no longer
    return turned if transposes(turned) <= limit else Transposed(tree)


def _is_letter(tree: Tree) -> bool:
    return isinstance(tree, Name) or (isinstance(tree, Transposed) and isinstance(tree.body, Name))


def parts_of(tree: Tree) -> tuple[Tree, ...]:
    """The trees that a tree is made of."""
    match tree:
        case Call(_, parts) | MatMul(parts):
            return parts
        case Hadamard(up, down):
            return up + down
        case Plus(terms):
            return tuple(term for _, term in terms)
        case Scaled(_, up, body, down):
            return up + down + (() if body is None else (body,))
        case Transposed(body) | Power(body) | Norm(body) | Inverse(body) | Indexed(body):
            return (body,)
        case BigSum(_, body):
            return (body,)
        case Relation(_, left, right):
            return (left, right)
    return ()


def transposes(tree: Tree) -> int:
    """How many transposes a reader meets."""
    if tree._transposes < 0:
        own = tree.turned if isinstance(tree, Selection) else isinstance(tree, Transposed)
        object.__setattr__(tree, "_transposes", own + sum(map(transposes, parts_of(tree))))
    return tree._transposes


def product(parts: list[Tree]) -> Tree:
    """A matrix product, nested products opened, scalars of the parts moved in front."""
    flat: list[Tree] = []
    coef: Number = 1
    up: list[Tree] = []
    down: list[Tree] = []
    for part in parts:
        if isinstance(part, Scaled) and part.body is not None:
            coef, part = coef * part.coef, _collect(part, up, down)
        flat.extend(part.parts if isinstance(part, MatMul) else (part,))
    body: Tree = flat[0] if len(flat) == 1 else MatMul(tuple(flat))
    return scaled(coef, up, body, down)


def moved(left: Tree, right: Tree, vector: bool) -> Tree:
    """A product of two, where a selection of rows is written as what it does: I[1:] x is x[1:]."""
    found: Tree | None = None
    if isinstance(left, Selection) and not isinstance(right, Selection):
        found = left.rows(right, vector)
    elif isinstance(right, Selection) and not isinstance(left, Selection):
        found = right.columns(left)
    return product([left, right]) if found is None else found


def joined(terms: Sequence[tuple[int, Tree]]) -> Tree | None:
    """Two blocks side by side, [A, B], where one is padded after and the other before."""
    if len(terms) != 2 or any(sign < 0 for sign, _ in terms):
        return None
    match terms[0][1], terms[1][1]:
        case Call("pad", (a, Call("", (zero, Call("", (Num(0) | Name("0"), _)))))), Call(
            "pad", (b, Call("", (other, Call("", (_, Num(0) | Name("0"))))))
        ) if zero == other == _NO_MARGINS:
            return Call("joined", (a, b))
    return None


def _collect(part: Scaled, up: list[Tree], down: list[Tree]) -> Tree:
    up.extend(part.up)
    down.extend(part.down)
    assert part.body is not None
    return part.body


def hadamard(up: list[Tree], down: list[Tree]) -> Tree:
    """An elementwise product, nested ones opened, scalars moved in front."""
    coef: Number = 1
    scalars: list[Tree] = []
    divisors: list[Tree] = []
    above: list[Tree] = []
    below = list(down)
    for part in up:
        if isinstance(part, Scaled) and part.body is not None:
            coef, part = coef * part.coef, _collect(part, scalars, divisors)
        if isinstance(part, Hadamard):
            above.extend(part.up)
            below.extend(part.down)
        else:
            above.append(part)
    body = above[0] if len(above) == 1 and not below else Hadamard(tuple(above), tuple(below))
    return scaled(coef, scalars, body, divisors)


def scaled(coef: Number, up: list[Tree], body: Tree | None, down: list[Tree]) -> Tree:
    """Numbers and scalars beside ``body``; nothing is wrapped where nothing scales."""
    if isinstance(body, Scaled):
        coef = coef * body.coef
        up, down, body = [*up, *body.up], [*down, *body.down], body.body
    if isinstance(body, Num):
        coef, body = coef * body.value, None
    if isinstance(coef, Fraction) and coef.denominator == 1:
        coef = int(coef)
    if isinstance(body, Hadamard) and not body.up and (up or isinstance(coef, int)):
        # n ⊘ x, not n (1 ⊘ x)
        above, sign = scaled(magnitude(coef), up, None, []), 1 if coef > 0 else -1
        if above != Num(1):
            body = Hadamard((above,), body.down)
        coef, up = sign, []
    if coef == 1 and not up and not down and body is not None:
        return body
    if not up and not down and body is None:
        return Num(coef)
    if coef == 1 and not down and body is None and len(up) == 1:
        return up[0]
    return Scaled(coef, tuple(up), body, tuple(down))
