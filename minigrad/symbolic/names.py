"""Names in one graph: what the user named stays named, and every name means one thing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import count

from minigrad.errors import NameClashError
from minigrad.graph.node import Node

# Names for what the user left unnamed; constants are c1, c2, ..., other leaves x1, x2, ...


def names_in_graph(order: Sequence[Node]) -> dict[Node, str]:
    """The unique name of every leaf and every named node.

    A name used once is printed as it is. Used in several scopes it is printed with the parts of the
    scopes' paths in which they differ, and where one scope was entered repeatedly, with a number:
    ``block[3].Q``, although Q lies in ``block[3].attention.Query``.
    """
    by_name: dict[str, list[Node]] = {}
    for node in order:
        if node.name is not None:
            by_name.setdefault(node.name, []).append(node)
    result: dict[Node, str] = {}
    for name, nodes in by_name.items():
        if len(nodes) == 1:
            result[nodes[0]] = name
        else:
            result.update(zip(nodes, _qualified(name, nodes), strict=True))
    taken = set(result.values())
    if len(taken) < len(result):
        name = next(name for name, times in Counter(result.values()).items() if times > 1)
        raise NameClashError(
            f"two different tensors of one graph are called {name!r}, one of them by this very name and "
            "one by its scope and its own; rename one"
        )
    fresh = {letter: _numbered(letter, taken) for letter in "cx"}
    for node in order:
        if node.op is None and node not in result:
            constant = node.value is not None and not node.requires_grad
            result[node] = next(fresh["c" if constant else "x"])
    return result


def _qualified(name: str, nodes: Sequence[Node]) -> list[str]:
    paths = scope_paths([node.context for node in nodes])
    shared = set(paths[0]).intersection(*paths)
    short = [".".join([*(part for part in path if part not in shared), name]) for path in paths]
    if len(set(short)) == len(nodes):
        return short
    full = [".".join([*path, name]) for path in paths]
    for text, times in Counter(full).items():
        if times > 1:
            where = f"in scope {text.rpartition('.')[0]!r}" if "." in text else "outside any scope"
            raise NameClashError(
                f"the name {name!r} is given twice {where} to different tensors of one graph; "
                f"rename one, or put them in scopes: with mg.scope('first'): ..."
            )
    return full


def scope_paths(scopes: Sequence[object]) -> list[list[str]]:
    """The parts of each scope's path, in which a scope entered repeatedly carries its number."""
    chains = [_chain(scope) for scope in scopes]
    entries: dict[tuple[object, str], dict[object, int]] = {}
    for chain in chains:
        for depth, scope in enumerate(chain):
            siblings = entries.setdefault((chain[depth - 1] if depth else None, scope.label), {})  # type: ignore[attr-defined]
            siblings.setdefault(id(scope), len(siblings))
    paths = []
    for chain in chains:
        parts = []
        for depth, scope in enumerate(chain):
            siblings = entries[(chain[depth - 1] if depth else None, scope.label)]  # type: ignore[attr-defined]
            number = f"[{siblings[id(scope)]}]" if len(siblings) > 1 else ""
            if number or not scope.is_call:  # type: ignore[attr-defined]
                parts.append(f"{scope.label}{number}")  # type: ignore[attr-defined]
        paths.append(parts)
    return paths


def _chain(scope: object) -> list[object]:
    """The scopes from the outermost to this one, without the root."""
    chain: list[object] = []
    while getattr(scope, "parent", None) is not None:
        chain.append(scope)
        scope = scope.parent  # type: ignore[attr-defined]
    return chain[::-1]


def _numbered(letter: str, taken: set[str]) -> Iterator[str]:
    """The letter with every number that is not taken."""
    return (name for k in count(1) if (name := f"{letter}{k}") not in taken)
