"""The regions of a picture, from the scopes in which tensors were made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from minigrad.drawing.model import Path, Region
from minigrad.graph.context import Scope
from minigrad.graph.node import Node

Key = tuple[tuple[str, int], ...]


def regions_of(names: Mapping[Node, str]) -> dict[Node, Path]:
    """The path of regions in which each tensor lies.

    Entering a scope again continues its region, until a name comes that the region has already:
    then it is another run of the same code, and regions are numbered, ``block[0]``, ``block[1]``.
    """
    keys: dict[Node, Key] = {}
    runs: dict[tuple[Key, str], list[set[tuple[Path, str]]]] = {}
    chosen: dict[tuple[Key, Scope], Key] = {}
    contents = _contents(names)
    for node in sorted(names, key=lambda node: node.id):
        key: Key = ()
        for scope in enclosing(node.context):
            if (key, scope) not in chosen:
                entries = runs.setdefault((key, scope.label), [])
                new = contents.get(scope, set())
                if not entries or entries[-1] & new:
                    entries.append(set())
                entries[-1] |= new
                chosen[key, scope] = (*key, (scope.label, len(entries) - 1))
            key = chosen[key, scope]
        keys[node] = key
    many = {(outer, label) for (outer, label), entries in runs.items() if len(entries) > 1}
    return {node: _titles(key, many) for node, key in keys.items()}


def described(places: Mapping[Node, Path]) -> dict[Path, Region]:
    """The regions in which a module runs, with its kind."""
    found: dict[Path, Region] = {}
    for node, path in places.items():
        for depth, scope in enumerate(enclosing(node.context), start=1):
            if scope.kind:
                found[path[:depth]] = Region(kind=scope.kind)
    return found


def enclosing(scope: Scope) -> list[Scope]:
    """The scopes around a tensor, outermost first, without the root."""
    chain = []
    while scope.parent is not None:
        if not scope.is_call:
            chain.append(scope)
        scope = scope.parent
    return chain[::-1]


def _contents(nodes: Iterable[Node]) -> dict[Scope, set[tuple[Path, str]]]:
    """The names given inside each scope, with the labels of the scopes in between."""
    contents: dict[Scope, set[tuple[Path, str]]] = {}
    for node in nodes:
        if node.name is None or node.op is None:
            continue
        chain = enclosing(node.context)
        for depth, scope in enumerate(chain):
            inner = tuple(other.label for other in chain[depth + 1 :])
            contents.setdefault(scope, set()).add((inner, node.name))
    return contents


def _titles(key: Key, many: set[tuple[Key, str]]) -> Path:
    return tuple(
        f"{label}[{number}]" if (key[:depth], label) in many else label
        for depth, (label, number) in enumerate(key)
    )
