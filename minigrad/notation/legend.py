"""The legend below formulas: what is meant by arrays without a name, and by symbols that gave way to a user's.

>>> from minigrad.notation.tree import IDENTITY, Plus
>>> from minigrad.notation.letters import given_way
>>> [str(note) for note in legend([given_way(Plus(((1, IDENTITY), (1, Name("I")))), frozenset("I"))], {})]
['Id is the identity']
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from minigrad.notation.boxes import Box, Glyph, Row
from minigrad.notation.layout import PAGE, Layout
from minigrad.notation.tree import Name, OwnSymbol, Tree, parts_of

_MEANS = {"identity": "the identity", "ones": "a vector of ones", "pi": "the ratio of a circle to its diameter"}
_KINDS = {"b": "a mask", "i": "an array of whole numbers", "u": "an array of whole numbers"}

_ONE = "is a number without a name"


class Unnamed(NamedTuple):
    """An array that nobody named: its kind as NumPy tells it, "f" or "i", and the shape in which formulas have it."""

    kind: str
    shape: tuple[str, ...]


class Note(NamedTuple):
    """A line of a legend."""

    symbol: Name
    words: str

    def __str__(self) -> str:
        return f"{self.symbol.text} {self.words}"

    @property
    def box(self) -> Box:
        """The line as it is laid out on a page."""
        return Row((Layout(PAGE).inside(self.symbol), Glyph(f" {self.words}", "text")))


def legend(trees: Iterable[Tree], unnamed: Mapping[str, Unnamed]) -> list[Note]:
    """A line for each array that nobody named and for each symbol that gave way, in the order of the formulas."""
    found: dict[str, Note] = {}
    for name in (name for tree in trees for name in _names(tree)):
        if isinstance(name, OwnSymbol):
            if _gave_way(name):
                found[name.text] = Note(name, f"is {_MEANS[name.means]}")
        elif name.text in unnamed:
            found[name.text] = Note(name, _of_array(unnamed[name.text]))
    return [*found.values()]


def _gave_way(symbol: OwnSymbol) -> bool:
    word = symbol.instead
    return symbol.means in _MEANS and isinstance(word, str) and symbol.text.rstrip("0123456789") == word


def _of_array(array: Unnamed) -> str:
    """How large an array is and what is in it; places may be those of a step, which are named by nobody."""
    shape = f"({', '.join(array.shape)}{',' if len(array.shape) == 1 else ''})"
    what = f"is {_KINDS.get(array.kind, 'an array')} without a name, of shape {shape}" if array.shape else _ONE
    return f'{what}; .named("A") names it' if array.kind == "f" else what


def _names(tree: Tree) -> Iterator[Name]:
    if isinstance(tree, Name):
        yield tree
    for part in parts_of(tree):
        yield from _names(part)
