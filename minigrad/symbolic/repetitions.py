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
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from minigrad.index.affine import AffineRelation
from minigrad.index.algebra import add, scale
from minigrad.index.blocks import chains
from minigrad.index.expr import (
    Composite,
    Expr,
    Leaf,
    Map,
    MatrixFunction,
    Product,
    Ref,
    Sum,
    is_definition,
    postorder,
)
from minigrad.index.rebuild import transformed, with_children
from minigrad.symbolic.budget import ask_for_time
from minigrad.symbolic.byname import written_by
from minigrad.symbolic.expand import has_delta
from minigrad.symbolic.orientation import opposite

# A definition costs a reader its name, an equals sign and a separator.
_DEFINITION = 5
# With no more to read than this, a product with a delta is written out.
_SHORT = 4
# So many times is looked for what repeats: what a name stands for may hold what is repeated there.
_MOST_ROUNDS = 8

Length = Callable[[Expr], int]


def repetitions_named(
    exprs: Sequence[Expr], name: Callable[[Expr], Ref], length: Length
) -> list[Expr]:
    """What is read several times gets a name, where most is saved first; -r stands for its negative."""
    result = list(exprs)
    own: set[str] = set()
    for _ in range(_MOST_ROUNDS):
        chosen = _apart(_repeated(result, length), result)
        if not chosen:
            break
        # what a product stands for is found in longer ones, too, and others may be repeated no more
        products = (k for k, node in enumerate(chosen) if isinstance(node, Product))
        # what another definition repeats has a name already
        known = {node.node: node for node in postorder(*result) if isinstance(node, Ref)}
        chosen = chosen[: max(1, next(products, len(chosen)))]
        refs = {node: known.get(node) or name(node) for node in chosen}
        result = _by_names(result, refs, own)
        own |= {ref.name for node, ref in refs.items() if node not in known}
    return result


def _by_names(exprs: Sequence[Expr], refs: Mapping[Expr, Ref], own: Collection[str]) -> list[Expr]:
    """The expressions with nodes written by their names, also behind others, and their opposites by -r.

    What one of our ``own`` names stands for is written by later ones, too.
    """
    opposites = {other: node for node in refs if (other := opposite(node)) is not None}
    done: dict[Expr, Expr] = {}
    written: dict[Expr, Ref] = {}

    def built(node: Expr) -> Expr:
        children = node.children()
        new = [done[child] for child in children]
        same = all(a is b for a, b in zip(children, new, strict=True))
        return node if same else with_children(node, new)

    for node in postorder(*exprs):
        if isinstance(node, Ref) and refs.get(node.node) == node:
            done[node] = written[node.node]
            continue
        whole = opposites.get(node, node)
        if whole not in refs:
            done[node] = built(node)
            continue
        if whole not in written:
            ref = refs[whole]
            written[whole] = Ref(ref.name, built(whole), ref.of, ref.free)
        done[node] = written[whole] if whole is node else scale(-1, written[whole])
    names = list(written.values())
    new_names = {ref.name for ref in names}

    def is_closed(node: Expr) -> bool:
        if not isinstance(node, Ref) or node.of is not None:
            return False
        return node.name in new_names or node.name not in own

    result = written_by([done[expr] for expr in exprs], names, is_closed)
    return _with_sums_named(result, names)


def _with_sums_named(exprs: Sequence[Expr], refs: Sequence[Ref]) -> list[Expr]:
    """The expressions with r + c for a − b + c, where r is a − b; -r stands for its negative."""
    totals = [(ref, ref.node.terms) for ref in refs if isinstance(ref.node, Sum)]

    def rule(node: Expr) -> Expr:
        if isinstance(node, Sum):
            for ref, terms in totals:
                for sign in (1, -1):
                    part = {(sign * c, term) for c, term in terms}
                    if part < {*node.terms}:
                        rest = [each for each in node.terms if each not in part]
                        return add([(sign, ref), *rest])
        return node

    done: dict[Expr, Expr] = {ref: ref for ref in refs}
    return [transformed(expr, rule, done, is_definition) for expr in exprs] if totals else list(exprs)


def _repeated(exprs: Sequence[Expr], length: Length) -> list[Expr]:
    """What is read so often that a name would save something, those that would save most first."""
    uses, roots = read_times(exprs), set(exprs)
    blocks = _in_blocks(uses)
    found: list[tuple[int, bytes, Expr]] = []
    for node in uses:
        if node in roots or node in blocks or not _repeatable(node):
            continue
        turned_over = opposite(node)
        turned = uses.get(turned_over, 0) if turned_over is not None else 0
        times = uses[node] + turned
        if times < 2 or turned > uses[node]:
            continue
        saved = saved_by_name(node, times, length)
        if saved > 0:
            found.append((saved, node.digest, node))
    return [node for *_, node in sorted(found, key=lambda each: each[:2], reverse=True)]


def _in_blocks(nodes: Iterable[Expr]) -> set[Expr]:
    """What is read as a block, and so not as it stands: pad(x, (0, m)) in [x; y]."""
    sums = [node for node in nodes if isinstance(node, Sum)]
    found = ((s, span.at) for s in sums for k in range(s.ndim) for c in chains(s, k) for span in c)
    return {node.terms[at][1] for node, at in found}


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
        for each in filter(None, (node, opposite(node))):
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


def _repeatable(node: Expr) -> bool:
    if isinstance(node, (Leaf, Ref, AffineRelation)) or node.weight < 2:
        return False
    if node.ndim > 2 and node.weight <= _SHORT and has_delta(node):
        return False  # x_i δ_jk is read at a glance, and no matrix
    if _is_squared_norm(node):
        return False  # ‖x‖² is read at a glance, and its root is ‖x‖
    if node.ndim and _is_one_number(node):
        return False  # in x^(g − 1) the exponent is read as a number, and no vector
    return not (isinstance(node, Product) and not node.factors)


def _is_squared_norm(node: Expr) -> bool:
    """Whether the node is ‖x‖² of something with a name."""
    if not isinstance(node, Product) or node.ndim or node.coef != 1 or len(node.factors) != 1:
        return False
    (f,) = node.factors
    return isinstance(f.node, (Leaf, Ref)) and f.exponent == 2 and len({*f.labels}) == f.node.ndim > 0


def _is_one_number(node: Expr) -> bool:
    """Whether the node is a number repeated along its axes."""
    if isinstance(node, Sum):
        return all(_is_one_number(term) for _, term in node.terms)
    return isinstance(node, Product) and not any(f.labels for f in node.factors)


def saved_by_name(node: Expr, uses: int, length: Length) -> int:
    """How many characters a name of one letter saves."""
    ask_for_time()
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
