"""Facts that names keep, so that a fact of a chain of names is no recursion over the chain."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar

from minigrad.index.expr import Expr, Leaf, Ref, postorder

T = TypeVar("T")


def kept_by_names(fact: Callable[[Expr], T]) -> Callable[[Expr], T]:
    """The same function of a node; of a name it is worked out once, after all names that it stands on.

    The function gets what a name stands for, never the name.
    """
    key = fact.__qualname__

    def is_known(node: Expr) -> bool:
        return isinstance(node, Ref) and (node.free or key in node.kept)

    @wraps(fact)
    def asked(node: Expr) -> T:
        if not isinstance(node, Ref):
            return fact(node)
        if node.free:
            return fact(Leaf(node.name, node.sizes))
        if key not in node.kept:
            for below in postorder(node, closed=is_known):
                if isinstance(below, Ref) and not is_known(below):
                    below.kept[key] = asked(below.node)  # which is known, where it is a name too
        found: T = node.kept[key]
        return found

    return asked
