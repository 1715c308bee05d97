"""Which letters a formula may use for its indices: none that already means something in it.

With X of m × n and m spoken of as a number, m is no index; with no m to be read, rows of X are X_m:

>>> from minigrad.notation.text import text
>>> from minigrad.notation.tree import Indexed, Name, Scaled
>>> row = Indexed(Name("X"), ("m", None))
>>> sorted(indices(row) & spoken(row)), sorted(indices(row) & spoken(Scaled(1, (Name("m"),), row, ())))
([], ['m'])
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from minigrad.index.expr import Expr, Leaf, Product, Ref, is_name, postorder
from minigrad.index.size import Size
from minigrad.notation.structural import Places
from minigrad.notation.tree import BigSum, Call, Indexed, Name, Relation, Selection, Tree, parts_of

_WORD = re.compile(r"[^\W\d]\w*")
Form = tuple[Places, Tree]


def kept_apart(
    node: Expr, read: Callable[[frozenset[str]], Sequence[Form]], taken: Iterable[str] = ()
) -> Sequence[Form]:
    """The forms that ``read`` makes of the node without the letters that mean something else in them.

    Dims may lend their names to indices, but not where they are spoken of as numbers, nor in a bracket,
    where [n = i + m] could be about either. Variables lend theirs to nobody, and ``taken`` are not used.
    """
    names, dims = _meanings(node)
    avoided = frozenset(taken) | names
    while True:
        forms = read(avoided)
        clash = set().union(*(_clashes(form, dims) for form in forms))
        if clash <= avoided:
            return forms
        avoided |= clash


def _clashes(form: Form, dims: set[str]) -> set[str]:
    places, tree = form
    own = indices(tree).union(place for place in places if place is not None)
    return (own & spoken(tree)) | (_in_brackets(tree) & dims)


def _meanings(node: Expr) -> tuple[frozenset[str], set[str]]:
    """The names of variables in an expression, and of its dims."""
    names: set[str] = set()
    dims: set[str] = set()
    for part in postorder(node, closed=is_name):
        if isinstance(part, Ref) or (isinstance(part, Leaf) and part.kind != "size"):
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
            own.update(place for place in places if place is not None and ":" not in place)
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
            own.update(word for p in places if p is not None and ":" in p for word in _WORD.findall(p))
        case Selection(place):
            own.update(_WORD.findall(place))
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
    """The indices that are compared in brackets."""
    if isinstance(tree, Relation):
        return {letter for side in parts_of(tree) for letter in _compared(side)}
    return set().union(*map(_in_brackets, parts_of(tree)))


def _compared(tree: Tree) -> set[str]:
    own = set(tree.letters) if isinstance(tree, Name) else set()
    return own.union(*map(_compared, parts_of(tree)))
