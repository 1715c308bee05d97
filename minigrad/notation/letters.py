"""What a formula's letters and symbols may be: nothing that already means something in it.

With X of m × n and m spoken of as a number, m is no index; with no m to be read, rows of X are X_m:

>>> from minigrad.notation.text import text
>>> from minigrad.notation.tree import IDENTITY, Indexed, Name, Plus, Scaled
>>> row = Indexed(Name("X"), ("m", None))
>>> sorted(indices(row) & spoken(row)), sorted(indices(row) & spoken(Scaled(1, (Name("m"),), row, ())))
([], ['m'])

Beside a tensor called I the identity is Id:

>>> text(given_way(Plus(((1, IDENTITY), (1, Name("I")))), frozenset("I")))
'Id + I'
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import count

from minigrad.index.expr import Expr, Leaf, Product, Ref, is_name, postorder
from minigrad.index.size import Size
from minigrad.notation.functions import Written, written
from minigrad.notation.greek import GREEK
from minigrad.notation.moves import Selection
from minigrad.notation.places import Place, letters_of, words_of
from minigrad.notation.structural import Places, index_name
from minigrad.notation.tree import (
    DELTA,
    BigSum,
    Call,
    Indexed,
    Move,
    Name,
    OwnSymbol,
    Relation,
    Tree,
    parts_of,
    with_parts,
)
from minigrad.symbolic.freenames import FreeNames

_WORD = re.compile(r"[^\W\d]\w*")
Form = tuple[Places, Tree]


def kept_apart(
    node: Expr, read: Callable[[frozenset[str]], Sequence[Form]], names: FreeNames | None = None
) -> Sequence[Form]:
    """The forms that ``read`` makes of the node without letters and symbols that mean something else in them.

    Dims may lend their names to indices, but not where they are spoken of as numbers, nor in a bracket,
    where [n = i + m] could be about either. Variables lend theirs to nobody, and no more do any ``names`` of
    the derivation.
    """
    own, dims = _meanings(node)
    names = names or FreeNames()
    avoided = names.words | own
    while True:
        forms = read(avoided)
        clash = set().union(*(_clashes(form, dims) for form in forms))
        if clash <= avoided:
            break
        avoided |= clash
    taken = names.own.union(names.given, own, dims)
    return [(places, given_way(_of_loss(tree, names.loss), taken)) for places, tree in forms]


def given_way(tree: Tree, taken: frozenset[str]) -> Tree:
    """The tree in which no symbol of the notation is spelled like a name that is ``taken``."""
    symbols = taken.union(GREEK.get(name, name) for name in taken)

    def change(part: Tree) -> Tree:
        match part:
            case Indexed(OwnSymbol("δ"), places) if _clash(DELTA, taken):
                return Relation("=", *map(index_name, places))
            case OwnSymbol(instead=str(word)) if word and _clash(part, taken):
                word = free_word(word, taken)
                return replace(part, text=word, ascii=word)
            case OwnSymbol(instead=Tree() as other) if _clash(part, taken):
                return change(other)
            case Move() if (plain := change(part.plain)) != part.plain:
                return plain
            case Call(function, args) if _is_taken(written(function), symbols):
                return Call(written(function).ascii, tuple(map(change, args)))
            case BigSum(letters, body) if "Σ" in taken:
                return Call(f"sum_{''.join(letters)}", (change(body),))
        return with_parts(part, change)

    return change(tree)


def free_word(word: str, taken: frozenset[str]) -> str:
    """The word, or where it is taken with a number."""
    return next(each for k in count() if (each := f"{word}{k or ''}") not in taken)


def _is_taken(name: Written, symbols: frozenset[str]) -> bool:
    """Whether a function's sign, σ, is a tensor's, so that its own name is what remains."""
    return name.text in symbols and name.text != name.ascii


def _clash(symbol: OwnSymbol, taken: frozenset[str]) -> bool:
    return any({text, text.partition("_")[0]} & taken for text in (symbol.text, symbol.ascii))


def _of_loss(tree: Tree, loss: str) -> Tree:
    """The tree in which gradients know whose they are."""
    if isinstance(tree, Name):
        return replace(tree, loss=loss) if tree.of else tree
    return tree if loss == "L" else with_parts(tree, lambda part: _of_loss(part, loss))


def _clashes(form: Form, dims: set[str]) -> set[str]:
    places, tree = form
    own = indices(tree).union(place for place in places if place is not None)
    return (own & spoken(tree)) | (_in_brackets(tree) & dims)


def _meanings(node: Expr) -> tuple[frozenset[str], set[str]]:
    """The names of variables in an expression, and of its dims."""
    names: set[str] = set()
    dims: set[str] = set()
    for part in postorder(node, closed=is_name):
        if isinstance(part, Ref) or (isinstance(part, Leaf) and part.kind == "data"):
            names.add(part.name)
        for size in part.label_sizes if isinstance(part, Product) else part.sizes:
            if isinstance(size, Size):
                dims |= size.names()
    return frozenset(names), dims


def indices(tree: Tree) -> set[str]:
    """The letters that are indices in a tree."""
    own: set[str] = set()
    match tree:
        case Name():
            own.update(tree.letters)
        case Indexed(_, places):
            own.update(letter for place in places if place is not None for letter in letters_of(place))
        case BigSum(letters, _):
            own.update(letters)
        case Call(function) if "_" in function:
            own.update(function.rpartition("_")[2])
    return own.union(*map(indices, parts_of(tree)))


def spoken(tree: Tree) -> set[str]:
    """What else a tree speaks of: variables, and sizes that are written as numbers."""
    own: set[str] = set()
    match tree:
        case Name():
            own = _words_of(tree)
        case Indexed(_, places):
            own.update(word for p in places if p is not None for word in words_of(p))
        case Selection(place) | Call(place) if "[" in place or isinstance(tree, Selection):
            own.update(_WORD.findall(place.removeprefix("put")))
    return own.union(*map(spoken, parts_of(tree)))


def _words_of(name: Name) -> set[str]:
    if "".join(name.letters) == name.text:
        return set()
    words = _WORD.findall(name.text.removeprefix("e_"))
    for letter in name.letters:
        if letter in words:
            words.remove(letter)
    return {name.text, *words}


def _in_brackets(tree: Tree) -> set[str]:
    """The indices that are compared in brackets, or told by others: [n = i + m], x[n - i]."""
    if isinstance(tree, Relation):
        return {letter for side in parts_of(tree) for letter in _compared(side)}
    own: set[str] = set()
    if isinstance(tree, Indexed):
        own.update(letter for p in tree.places if isinstance(p, Place) for letter in p.letters)
    return own.union(*map(_in_brackets, parts_of(tree)))


def _compared(tree: Tree) -> set[str]:
    own = set(tree.letters) if isinstance(tree, Name) else set()
    return own.union(*map(_compared, parts_of(tree)))
