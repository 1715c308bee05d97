"""Expressions written by names that exist: what a name stands for is found, also in parts of products."""

from __future__ import annotations

from collections.abc import Sequence

from minigrad.index.contract import contract, symmetric
from minigrad.index.expr import Expr, Factor, Product, Ref, postorder
from minigrad.index.matching import occurrences
from minigrad.index.numbers import exact_power, times
from minigrad.index.rebuild import rewritten, with_children


def is_quotient(node: Product) -> bool:
    """Something over something that varies (not over a size or a plain number)."""
    above = [f for f in node.factors if f.exponent > 0 and f.node.weight]
    below = [f for f in node.factors if f.exponent < 0 and f.node.weight and f.node.ndim]
    return bool(above and below) and not node.summed


def by_quotients(roots: Sequence[Expr], refs: Sequence[Ref]) -> list[Expr]:
    """The roots with R r^-3/2 written as G / r where G is the name of R / sqrt(r)."""
    if not refs:
        return list(roots)
    by_lead: dict[Expr, list[Ref]] = {}
    for ref in refs:
        by_lead.setdefault(_lead(ref).node, []).append(ref)
    rank = {ref: k for k, ref in enumerate(refs)}

    def rule(node: Expr) -> Expr | None:
        if isinstance(node, Ref) and node.of is None:
            return node
        if not isinstance(node, Product):
            return None
        fitting = {ref for f in node.factors for ref in by_lead.get(f.node, ())}
        for ref in sorted(fitting, key=rank.__getitem__):
            found = _by_quotient(node, ref)
            if found is not None:
                return found
        return None

    done: dict[Expr, Expr] = {}
    return [rewritten(root, rule, done, again=True) for root in roots]


def _lead(ref: Ref) -> Factor:
    """What stands first above the fraction bar of a quotient."""
    assert isinstance(ref.node, Product)
    return next(f for f in ref.node.factors if f.exponent > 0)


def _by_quotient(node: Product, ref: Ref) -> Expr | None:
    """The product with the quotient's factors replaced by its name, where all of them are there."""
    body = ref.node
    assert isinstance(body, Product)
    if body.coef != 1:
        return None
    lead = _lead(ref)
    for f in node.factors:
        if f.node != lead.node or f.exponent < lead.exponent or len(f.labels) != body.ndim:
            continue
        at = dict(zip(lead.labels, f.labels, strict=True))
        if len(at) != body.ndim:
            continue
        left = {(g.node, g.labels): g.exponent for g in node.factors}
        for part in body.factors:
            place = (part.node, tuple(at[lab] for lab in part.labels))
            have = left.get(place, 0)
            short = have < part.exponent if part.exponent > 0 else have > part.exponent
            if short or have * part.exponent <= 0:
                break
            left[place] = have - part.exponent
        else:
            operands = [(n, labels, e) for (n, labels), e in left.items() if e]
            operands.append((ref, tuple(at[k] for k in range(body.ndim)), 1))
            sizes = dict(enumerate(node.label_sizes))
            return contract(range(node.ndim), operands, node.coef, sizes)
    return None


def folded_by_names(roots: Sequence[Expr], refs: Sequence[Ref]) -> list[Expr]:
    """The roots with what a name stands for written by the name, also inside other definitions."""
    values: dict[Expr, Expr] = {ref.node: ref for ref in refs}
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


# -- products ----------------------------------------------------------------------------------------


def written_by(roots: Sequence[Expr], refs: Sequence[Ref]) -> list[Expr]:
    """The roots with X W written T inside longer products too, where T is the name of X W."""
    bodies = [(ref, ref.node) for ref in refs if isinstance(ref.node, Product)]
    bodies = [(ref, body) for ref, body in bodies if len(body.factors) > 1 or body.summed]
    if not bodies:
        return list(roots)

    def rule(node: Expr) -> Expr | None:
        if isinstance(node, Ref) and node.of is None:
            return node
        if not isinstance(node, Product):
            return None
        for ref, body in bodies:
            if node != body and (found := _with_product(node, ref, body)) is not None:
                return found
        return None

    done: dict[Expr, Expr] = {}
    return [rewritten(root, rule, done, again=True) for root in roots]


def _with_product(node: Product, ref: Ref, body: Product) -> Expr | None:
    """The product with the factors of the body replaced by its name, where all of them are there."""
    kept = frozenset(range(node.ndim))
    found = next(occurrences(node.factors, body, symmetric, kept=kept), None)
    upper = exact_power(body.coef, -1)
    if found is None or upper is None:
        return None
    labels = [found.at[k] for k in range(body.ndim)]
    sizes = dict(enumerate(node.label_sizes))
    return contract(range(node.ndim), [*found.rest, (ref, labels)], times(node.coef, upper), sizes)
