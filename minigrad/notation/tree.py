"""What a formula looks like, before it is text: a tree that every printer reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from fractions import Fraction
from typing import Any

from minigrad.index.expr import Number


@dataclass(frozen=True, slots=True)
class Tree:
    """A piece of a formula."""

    # counted once: formulas are compared by it, and their parts are shared
    _transposes: int = field(default=-1, init=False, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Name(Tree):
    """A symbol; ``of`` is the tensor's name when the symbol is the loss's gradient by it.

    ``loss`` is then the loss's name. ``repeated`` says that it is a vector beside a matrix, added to every
    row; ``letters`` are the indices that the text is made of, and ``arithmetic`` says that it is made of dims
    and signs, n - 1.
    """

    text: str
    of: str | None = None
    symmetric: bool = False
    repeated: bool = False
    letters: tuple[str, ...] = ()
    arithmetic: bool = field(default=False, compare=False)
    loss: str = "L"


@dataclass(frozen=True, slots=True)
class OwnSymbol(Name):
    """A symbol of the notation itself, and in ASCII; no tensor's name, though one may be spelled alike.

    Where one is, ``instead`` stands there, another word or what says the same. ``means`` is the symbol however
    it is spelled.
    """

    ascii: str = ""
    instead: Tree | str = ""
    means: str = ""


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
class Kron(Tree):
    """A Kronecker product: each element of ``left`` times all of ``right``."""

    left: Tree
    right: Tree


@dataclass(frozen=True, slots=True)
class Blocks(Tree):
    """Matrices side by side, [A, B], or, as vectors always are, below each other, [A; B]."""

    parts: tuple[Tree, ...]
    below: bool


@dataclass(frozen=True, slots=True)
class Relation(Tree):
    """An Iverson bracket: 1 where the relation holds, else 0."""

    sign: str
    left: Tree
    right: Tree


@dataclass(frozen=True, slots=True)
class Move(Tree):
    """A 0/1 matrix that is written as what it does to rows and columns; `minigrad.notation.moves` has the kinds."""

    @property
    def plain(self) -> Tree:
        """How it is written where it stands alone."""
        raise NotImplementedError

    @property
    def back(self) -> Tree:
        """Its transpose, which moves what it moved back to its place."""
        raise NotImplementedError

    @property
    def is_turned(self) -> bool:
        """Whether its reader meets a transpose."""
        return False

    def rows(self, body: Tree, vector: bool) -> Tree:
        """What it does to the rows of what follows it."""
        raise NotImplementedError

    def columns(self, body: Tree) -> Tree:
        """What it does to the columns of a matrix before it."""
        raise NotImplementedError


ONE = OwnSymbol("𝟏", ascii="ones", instead="Ones", means="ones")
IDENTITY = OwnSymbol("I", symmetric=True, ascii="eye", instead="Id", means="identity")
DELTA = OwnSymbol("δ", ascii="delta", means="delta")
CONSTANTS = {
    "pi": OwnSymbol("π", ascii="pi", instead="Pi", means="pi"),
    "E": OwnSymbol("e", ascii="e", instead=Call("exp", (Num(1),)), means="E"),
}


def unit_vector(place: str, index: Tree) -> OwnSymbol:
    """The vector that is 1 at a place and 0 elsewhere."""
    return OwnSymbol(f"e_{place}", ascii=f"e_{place}", instead=Call("onehot", (index,)))


def parts_of(tree: Tree) -> tuple[Tree, ...]:
    """The trees that a tree is made of."""
    match tree:
        case Call(_, parts) | MatMul(parts) | Blocks(parts):
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
        case Relation(_, left, right) | Kron(left, right):
            return (left, right)
    return ()


def with_parts(tree: Tree, change: Callable[[Tree], Tree]) -> Tree:
    """The tree with each of the trees that it is made of changed."""
    if isinstance(tree, (Name, Num)):
        return tree
    own = {f.name: getattr(tree, f.name) for f in fields(tree) if f.init}
    new = {name: _changed(value, change) for name, value in own.items()}
    return tree if new == own else replace(tree, **new)


def _changed(value: Any, change: Callable[[Tree], Tree]) -> Any:
    if isinstance(value, Tree):
        return change(value)
    return tuple(_changed(each, change) for each in value) if isinstance(value, tuple) else value


def transposes(tree: Tree) -> int:
    """How many transposes a reader meets."""
    if tree._transposes < 0:
        own = tree.is_turned if isinstance(tree, Move) else isinstance(tree, Transposed)
        object.__setattr__(tree, "_transposes", own + sum(map(transposes, parts_of(tree))))
    return tree._transposes
