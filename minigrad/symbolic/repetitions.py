"""Names for what is read several times, where that shortens.

In c sin(a + b) + d (a + b)² the sum is read twice:

>>> from minigrad.index.algebra import add
>>> from minigrad.index.contract import contract
>>> from minigrad.notation.choose import printed_length
>>> from minigrad.notation.matrix import index_text
>>> a, b, c, d = (Leaf(name * 6, ()) for name in "abcd")
>>> total = add([(1, a), (1, b)])
>>> both = [contract("", [(c, ""), (total, "")]), contract("", [(d, ""), (total, "", 2)])]
>>> index_text(both[0])
'cccccc (aaaaaa + bbbbbb)'
>>> named = repetitions_named(both, lambda node: Ref("r", node), printed_length)
>>> [index_text(expr) for expr in named]
['cccccc r', 'dddddd r²']
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from minigrad.index.affine import AffineRelation
from minigrad.index.algebra import scale
from minigrad.index.expr import (
    Composite,
    Expr,
    Leaf,
    Map,
    MatrixFunction,
    Product,
    Ref,
    Sum,
    postorder,
)
from minigrad.index.rebuild import with_children
from minigrad.symbolic.byname import written_by

# A definition costs a reader its name, an equals sign and a separator.
_DEFINITION = 5
# So many times is looked for what repeats: what a name stands for may hold what is repeated there.
_MOST_ROUNDS = 8

Length = Callable[[Expr], int]


def repetitions_named(
    exprs: Sequence[Expr], name: Callable[[Expr], Ref], length: Length
) -> list[Expr]:
    """What is read several times gets a name, where most is saved first; -r stands for its negative."""
    result = list(exprs)
    for _ in range(_MOST_ROUNDS):
        chosen = _apart(_repeated(result, length), result)
        if not chosen:
            break
        # what a product stands for is found in longer ones, too, and others may be repeated no more
        products = (k for k, node in enumerate(chosen) if isinstance(node, Product))
        refs = {node: name(node) for node in chosen[: max(1, next(products, len(chosen)))]}
        result = _by_names(result, refs)
    return result


def _by_names(exprs: Sequence[Expr], refs: Mapping[Expr, Ref]) -> list[Expr]:
    """The expressions with nodes written by their names, also behind others, and their opposites by -r."""
    opposites = {other: node for node in refs if (other := _opposite(node)) is not None}
    done: dict[Expr, Expr] = {}
    written: dict[Expr, Ref] = {}

    def built(node: Expr) -> Expr:
        children = node.children()
        new = [done[child] for child in children]
        same = all(a is b for a, b in zip(children, new, strict=True))
        return node if same else with_children(node, new)

    for node in postorder(*exprs):
        whole = opposites.get(node, node)
        if whole not in refs:
            done[node] = built(node)
            continue
        if whole not in written:
            written[whole] = Ref(refs[whole].name, built(whole))
        done[node] = written[whole] if whole is node else scale(-1, written[whole])
    return written_by([done[expr] for expr in exprs], list(written.values()))


def _repeated(exprs: Sequence[Expr], length: Length) -> list[Expr]:
    """What is read so often that a name would save something, those that would save most first."""
    uses, roots = read_times(exprs), set(exprs)
    found: list[tuple[int, bytes, Expr]] = []
    for node in uses:
        if node in roots or not _repeatable(node):
            continue
        opposite = _opposite(node)
        turned = uses.get(opposite, 0) if opposite is not None else 0
        times = uses[node] + turned
        if times < 2 or turned > uses[node]:
            continue
        saved = saved_by_name(node, times, length)
        if saved > 0:
            found.append((saved, node.digest, node))
    return [node for *_, node in sorted(found, key=lambda each: each[:2], reverse=True)]


def _apart(nodes: Sequence[Expr], roots: Sequence[Expr]) -> list[Expr]:
    """The first of the nodes, and each further one that neither holds another one nor is held by it.

    What is read behind a name is not held by what uses the name.
    """
    above: dict[Expr, list[Expr]] = {}
    for parent in postorder(*roots):
        if not isinstance(parent, Ref):
            for child in parent.children():
                above.setdefault(child, []).append(parent)
    chosen: list[Expr] = []
    holding: set[Expr] = set()
    held: set[Expr] = set()
    for node in nodes:
        if node in holding or node in held:
            continue
        chosen.append(node)
        for each in filter(None, (node, _opposite(node))):
            _reached(each, lambda x: above.get(x, ()), holding)
            _reached(each, lambda x: () if isinstance(x, Ref) else x.children(), held)
    return chosen


def _reached(start: Expr, further: Callable[[Expr], Iterable[Expr]], seen: set[Expr]) -> None:
    """Add to what is seen the node and all that is reached from it."""
    waiting = [start]
    while waiting:
        node = waiting.pop()
        if node not in seen:
            seen.add(node)
            waiting.extend(further(node))


def _opposite(node: Expr) -> Expr | None:
    """The sum with all signs turned: a - x for x - a."""
    return Sum(tuple((-c, term) for c, term in node.terms)) if isinstance(node, Sum) else None


def _repeatable(node: Expr) -> bool:
    if isinstance(node, (Leaf, Ref, AffineRelation)) or node.weight < 2:
        return False
    return not (isinstance(node, Product) and not node.factors)


def saved_by_name(node: Expr, uses: int, length: Length) -> int:
    """How many characters a name of one letter saves."""
    inner = length(node)
    brackets = 0 if isinstance(node, (Map, Composite, MatrixFunction)) else 2
    return uses * (inner + brackets - 1) - (inner + 1 + _DEFINITION)


def read_times(exprs: Sequence[Expr]) -> Counter[Expr]:
    """How often a reader meets each node.

    A name's definition is read once, and not at all when it is one of the expressions itself.
    """
    roots = set(exprs)
    uses: Counter[Expr] = Counter(exprs)
    for node in reversed(list(postorder(*exprs))):
        if isinstance(node, Ref) and node.node in roots:
            continue
        times = 1 if isinstance(node, Ref) else uses[node]
        for child in node.children():
            uses[child] += times
    return uses
