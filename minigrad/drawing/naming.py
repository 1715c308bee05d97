"""Which tensors of a graph have a card, and what the card is called."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from minigrad.drawing.regions import enclosing
from minigrad.graph.context import Scope
from minigrad.graph.node import Node
from minigrad.index.size import Size
from minigrad.symbolic.names import names_in_graph, scope_paths

# A constant with more elements than this is data, and data has a card.
_LARGE = 16
# As many operations as a formula of a line or two has.
_MOST_ABSORBED = 12


def card_names(roots: Sequence[Node]) -> dict[Node, str]:
    """The tensors that have a card, oldest first, each by a name that no other has.

    These are leaves, named tensors, outputs, what is used in several places, and what a scope hands out
    or takes in, so that each layer of a model has a card; and parts of what would be too long for one. A
    tensor that nobody named is called after the scope that hands it out, a number that is derived L, and
    others v1, v2, ...
    """
    order = creation_order(roots)
    users = users_of(order)
    varies: set[Node] = set()
    for node in order:
        if varies.intersection(parents_of(node)) or _is_variable(node):
            varies.add(node)
    named = names_in_graph(order)
    carded = [
        node
        for node in order
        if node in roots
        or node.name is not None
        or (_leaf_has_card(node, users[node]) if node.op is None else len(users[node]) > 1)
        or (node in varies and _crosses(node, users[node]))
    ]
    carded = _short_enough(order, varies, set(carded))
    taken = {*named.values(), *_dims(order)}
    unnamed = [node for node in carded if node not in named]
    wanted = _wanted(unnamed, users, roots)
    for node in unnamed:
        named[node] = _free(wanted[node], taken)
        taken.add(named[node])
    return {node: named[node] for node in carded}


def users_of(order: Sequence[Node]) -> Mapping[Node, list[Node]]:
    """Who reads each tensor."""
    users: dict[Node, list[Node]] = defaultdict(list)
    for node in order:
        for parent in dict.fromkeys(parents_of(node)):
            users[parent].append(node)
    return users


def parents_of(node: Node) -> Iterator[Node]:
    """The tensors that a node is computed from."""
    return (parent for parent in node.inputs if isinstance(parent, Node))


def creation_order(roots: Sequence[Node]) -> list[Node]:
    """Every node that the roots need, inputs first."""
    found: dict[Node, None] = {}
    waiting = list(roots)
    while waiting:
        node = waiting.pop()
        if node not in found:
            found[node] = None
            waiting.extend(parents_of(node))
    return sorted(found, key=lambda node: node.id)


def turns_only(node: Node) -> bool:
    """Whether an operation permutes axes: it reads no value and keeps all sizes but 1."""
    parents = list(parents_of(node))
    if node.op is None or node.op.kind != "general" or len(parents) != 1:
        return False
    before, after = ([str(s) for s in shape if s != 1] for shape in (parents[0].shape, node.shape))
    return node.op.reads == ("",) and sorted(before) == sorted(after)


def _is_variable(node: Node) -> bool:
    """Whether this is a leaf, but no number written into the program."""
    told = node.name is not None or node.requires_grad or np.ndim(node.value) > 0
    return node.op is None and told


def _leaf_has_card(node: Node, users: Sequence[Node]) -> bool:
    if node.requires_grad or node.value is None or np.size(node.value) > _LARGE:
        return True
    return len(users) > 1 and np.ndim(node.value) > 0


def _short_enough(order: Sequence[Node], varies: set[Node], carded: set[Node]) -> list[Node]:
    """The cards, with more of them where one would stand for more operations than its formula can show."""
    absorbed: dict[Node, int] = {}
    for node in order:
        if node.op is None:
            continue
        inner = [p for p in dict.fromkeys(parents_of(node)) if p in varies and p in absorbed]
        inner = sorted((p for p in inner if p not in carded), key=lambda p: absorbed[p])
        while sum(absorbed[p] for p in inner) >= _MOST_ABSORBED:
            carded.add(inner.pop())
        absorbed[node] = 1 + sum(absorbed[p] for p in inner)
    return [node for node in order if node in carded]


def _crosses(node: Node, users: Sequence[Node]) -> bool:
    """Whether a computed tensor goes from one scope to another."""
    if node.op is None or turns_only(node):
        return False
    own = enclosing(node.context)
    return any(enclosing(user.context) != own for user in users)


def _wanted(
    nodes: Sequence[Node], users: Mapping[Node, list[Node]], roots: Sequence[Node]
) -> dict[Node, Sequence[str]]:
    """The names that each tensor would like, the best first."""
    paths = scope_paths([node.context for node in nodes])
    leaves = [_left(node, users[node], node in roots) for node in nodes]
    handed = Counter(path[-1] for path, left in zip(paths, leaves, strict=True) if left and path)
    wanted: dict[Node, Sequence[str]] = {}
    for node, path, left in zip(nodes, paths, leaves, strict=True):
        if node in roots and not node.shape:
            wanted[node] = ("L",)
        elif left and path:
            wanted[node] = (path[-1], ".".join(path)) if handed[path[-1]] == 1 else (".".join(path),)
        else:
            wanted[node] = ()
    return wanted


def _left(node: Node, users: Sequence[Node], is_root: bool) -> Scope | None:
    """The innermost scope that hands a tensor out."""
    around = enclosing(node.context)
    if not around:
        return None
    left = is_root or any(around[-1] not in enclosing(user.context) for user in users)
    return around[-1] if left else None


def _free(wanted: Sequence[str], taken: set[str]) -> str:
    for name in wanted:
        if name not in taken:
            return name
    stem, first = (f"{wanted[-1]}_", 2) if wanted else ("v", 1)
    number = first
    while f"{stem}{number}" in taken:
        number += 1
    return f"{stem}{number}"


def _dims(order: Sequence[Node]) -> set[str]:
    """The names of sizes: a tensor is not called like one."""
    labels = {label for node in order for label in node.dims or () if label is not None}
    sizes = [size for node in order for size in node.shape if isinstance(size, Size)]
    return labels.union(*(size.names() for size in sizes))
