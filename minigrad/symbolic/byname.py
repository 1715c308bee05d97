"""Expressions written by names that exist: what a name stands for is found, also in parts of products.

With y = A x for A of 2 × 3, the sum over j in c_i A_ij x_j b_k is y_i:

>>> from minigrad.index.contract import contract
>>> from minigrad.index.expr import Leaf
>>> from minigrad.notation.matrix import index_text
>>> A, x, c, b = Leaf("A", (2, 3)), Leaf("x", (3,)), Leaf("c", (2,)), Leaf("b", (4,))
>>> y = Ref("y", contract("i", [(A, "ij"), (x, "j")]))
>>> longer = contract("ik", [(c, "i"), (A, "ij"), (x, "j"), (b, "k")])
>>> index_text(longer), index_text(written_by([longer], [y])[0])
('c_i b_j (Σ_k A_ik x_k)', 'c_i b_j y_i')
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from minigrad.index.contract import symmetric, with_factors
from minigrad.index.expr import Expr, Product, Ref, is_constant, is_definition, postorder
from minigrad.index.matching import occurrences
from minigrad.index.numbers import exact_power, times
from minigrad.index.rebuild import rewritten, with_children


def is_quotient(node: Product) -> bool:
    """Something over something that varies (not over a size or a plain number)."""
    above = [f for f in node.factors if f.exponent > 0 and f.node.weight]
    below = [f for f in node.factors if f.exponent < 0 and f.node.weight and f.node.ndim]
    return bool(above and below) and not node.summed


def folded_by_names(roots: Sequence[Expr], refs: Sequence[Ref]) -> list[Expr]:
    """The roots with what a name stands for written by the name, also inside other definitions."""
    values: dict[Expr, Expr] = {ref.node: ref for ref in refs if not is_constant(ref.node)}
    own = set(refs)
    done: dict[Expr, Expr] = {}
    for node in postorder(*roots):
        if node in own:
            done[node] = node
            continue
        children = node.children()
        new = [done[child] for child in children]
        same = all(a is b for a, b in zip(children, new, strict=True))
        built = node if same else with_children(node, new)
        done[node] = values.get(node) or values.get(built) or built
    return [done[root] for root in roots]


def written_by(
    roots: Sequence[Expr],
    refs: Sequence[Ref],
    closed: Callable[[Expr], bool] = is_definition,
) -> list[Expr]:
    """The roots with X W written T inside longer products too, where T is the name of X W.

    What is ``closed`` stays as it is: what a name stands for that is not one of the derivation's.
    """
    by_first: dict[Expr, list[tuple[int, Ref, Product]]] = {}
    for rank, ref in enumerate(refs):
        body = ref.node
        if isinstance(body, Product) and (len(body.factors) > 1 or body.summed):
            by_first.setdefault(body.factors[0].node, []).append((rank, ref, body))
    if not by_first:
        return list(roots)

    def rule(node: Expr) -> Expr | None:
        if closed(node):
            return node
        if not isinstance(node, Product):
            return None
        near = {entry for f in node.factors for entry in by_first.get(f.node, ())}
        for _, ref, body in sorted(near, key=lambda entry: entry[0]):
            if node != body and (found := with_product_named(node, ref, body)) is not None:
                return found
        return None

    done: dict[Expr, Expr] = {}
    return [rewritten(root, rule, done, again=True) for root in roots]


def with_one_name_each(roots: Sequence[Expr], given: Collection[str]) -> list[Expr]:
    """The roots with one name for each thing: of several, that of a gradient, or the first that was ``given``."""
    order = list(postorder(*roots))
    refs = [node for node in order if isinstance(node, Ref) and (node.name in given or node.of)]
    first: dict[Expr, Ref] = {}
    for ref in sorted(refs, key=lambda each: each.name in given):
        first.setdefault(_innermost(ref, given), ref)
    if len(first) == len(refs):
        return list(roots)
    own, done = set(refs), dict[Expr, Expr]()
    written: dict[Expr, Expr] = {}
    for node in order:
        if node in own:
            inner = _innermost(node, given)
            kept, body = first[inner], done[inner]
            done[node] = written.setdefault(body, Ref(kept.name, body, kept.of, kept.free))
            continue
        children = node.children()
        new = [done[child] for child in children]
        same = all(a is b for a, b in zip(children, new, strict=True))
        done[node] = node if same else with_children(node, new)
    return [done[root] for root in roots]


def _innermost(node: Expr, given: Collection[str]) -> Expr:
    """What a name stands for, behind names that only repeat others."""
    assert isinstance(node, Ref)
    while isinstance(node.node, Ref) and node.node.name in given:
        node = node.node
    return node.node


def with_product_named(node: Product, ref: Ref, body: Product) -> Expr | None:
    """The product with the factors of the body replaced by its name, where all of them are there."""
    kept = frozenset(range(node.ndim))
    found = next(occurrences(node.factors, body, symmetric, kept=kept), None)
    upper = exact_power(body.coef, -1)
    if found is None or upper is None:
        return None
    labels = [found.at[k] for k in range(body.ndim)]
    return with_factors(node, [*found.rest, (ref, labels)], times(node.coef, upper))
