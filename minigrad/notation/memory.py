"""What a reader of nodes keeps in mind: which letters are subscripts, and what it has read."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, count
from string import ascii_letters

from minigrad.index.expr import Expr
from minigrad.index.size import Size
from minigrad.notation.structural import OrderError, Places
from minigrad.notation.tree import Tree

_INDEX_LETTERS = "ijklmpqrstuvw"


@dataclass(frozen=True, slots=True)
class _Reading:
    """What reading a node came to, or why there is none.

    ``asked`` are the letters that mattered, ``taken`` those of them that were used, ``letters`` its own.
    """

    tree: Tree | str
    asked: frozenset[str]
    taken: frozenset[str]
    letters: frozenset[str]


class Memory(ABC):
    """Subscripts that are not taken, and readings of nodes that hold again.

    ``full`` fixes every label; dims lend their names to labels where it does not, or ``by_dims``.
    """

    def __init__(
        self, full: bool = False, taken: Iterable[str] = (), by_dims: bool = False
    ) -> None:
        self.full, self.by_dims = full, by_dims or not full
        self.used = set(taken)
        self.asked: set[str] = set()  # the letters of which it mattered whether they are used

    # -- letters ---------------------------------------------------------------------------------

    def letter(self, size: object, own_name: bool = True) -> str:
        """A subscript: the dim's own letter when its name is one, n for n and for N, else i, j, k, ..."""
        own = size.name if isinstance(size, Size) and own_name and self.by_dims else None
        first = [own.lower()] if own and len(own) == 1 and own in ascii_letters else []
        for letter in chain(first, _INDEX_LETTERS, (f"i{k}" for k in count())):
            self.asked.add(letter)
            if letter not in self.used:
                break
        self.used.add(letter)
        return letter

    def name_axes(self, node: Expr, axes: Sequence[int]) -> Places:
        return tuple(
            self.letter(size, node.sizes.count(size) == 1) if k in axes else None
            for k, size in enumerate(node.sizes)
        )

    def read(self, node: Expr, places: Places) -> Tree:
        """The tree of a node some of whose axes are fixed.

        Every choice of subscripts around a node reads it again, and so do nested products and the search
        for names: what was read is remembered with the node, for whenever the letters that mattered are
        used or free as they were.
        """
        before, asked = frozenset(self.used), self.asked
        if not hasattr(node, "readings"):
            node.readings = {}
        known: list[_Reading] = node.readings.setdefault(
            (self.full, self.by_dims, places), []
        )
        found = next((r for r in known if r.asked & before == r.taken), None)
        if found is None:
            self.asked = set()
            try:
                tree: Tree | str = self.read_anew(node, places)
            except OrderError as error:
                tree = str(error)
            mattered = frozenset(self.asked)
            found = _Reading(tree, mattered, mattered & before, frozenset(self.used - before))
            known.append(found)
        self.asked = asked | found.asked
        self.used = set(before | found.letters)
        if isinstance(found.tree, str):
            raise OrderError(found.tree)
        return found.tree

    @abstractmethod
    def read_anew(self, node: Expr, places: Places) -> Tree:
        """The tree of a node that was not read before with these letters."""
