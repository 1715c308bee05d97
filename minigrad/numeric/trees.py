"""Nested containers of arrays: dicts, lists and tuples as arguments of the transforms."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any


def leaves_of(tree: Any) -> Iterator[Any]:
    """The leaves, in a fixed order (a dict's in order of insertion)."""
    if isinstance(tree, dict):
        for value in tree.values():
            yield from leaves_of(value)
    elif isinstance(tree, list | tuple):
        for value in tree:
            yield from leaves_of(value)
    elif tree is not None:
        yield tree


def map_leaves(function: Callable[[Any], Any], tree: Any) -> Any:
    """The same containers with the function applied to every leaf; None stays None."""
    if isinstance(tree, dict):
        return type(tree)((key, map_leaves(function, value)) for key, value in tree.items())
    if isinstance(tree, list | tuple):
        mapped = [map_leaves(function, value) for value in tree]
        if hasattr(tree, "_fields"):
            return type(tree)(*mapped)
        return type(tree)(mapped)
    return None if tree is None else function(tree)
