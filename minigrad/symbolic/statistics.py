"""Names of means, variances and the like: a gradient is read more shortly without stopping at them.

With m = Σ_j X_ij and v = Σ_j (X_ij − m_i)², both are statistics; T = X − m is none:

>>> from minigrad.index.algebra import subtract
>>> from minigrad.index.contract import contract
>>> from minigrad.index.expr import Leaf
>>> X = Leaf("X", (2, 3))
>>> m = Ref("m", contract("i", [(X, "ij")]))
>>> T = Ref("T", subtract(X, contract("ij", [(m, "i")], 1, {"j": 3})))
>>> v = Ref("v", contract("i", [(T, "ij", 2)]))
>>> [ref.name for ref in statistics(contract("i", [(T, "ij"), (v, "i", -1)]))]
['m', 'v']
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from fractions import Fraction

from minigrad.index.contract import with_factors
from minigrad.index.expr import (
    Composite,
    Expr,
    Leaf,
    Map,
    Product,
    Reduction,
    Ref,
    Sum,
    is_definition,
    postorder,
    referred,
)
from minigrad.index.rebuild import transformed
from minigrad.symbolic.byname import folded_by_names, written_by


def statistics(root: Expr, kept: Collection[Expr] = ()) -> list[Ref]:
    """The named tensors below ``root`` that are reductions of one thing, or made of such elementwise.

    The thing is used beside them, too: pooled rows that alone go on are a step of their own.
    """
    found: list[Ref] = []
    for ref in referred(root):
        told = is_definition(ref) and not ref.free and ref not in kept and ref.node not in kept
        if told and _reduces(ref.node, found):
            found.append(ref)
    beside = set(postorder(root, closed=lambda node: node in found))
    return [ref for ref in found if not beside.isdisjoint(_sources(ref, found))]


def _sources(ref: Ref, found: Collection[Expr]) -> set[Expr]:
    """The variables and names that a statistic is made of, behind other statistics."""
    below = postorder(ref.node, closed=lambda node: isinstance(node, Ref) and node not in found)
    return {node for node in below if node.ndim and isinstance(node, (Leaf, Ref)) and node not in found}


def by_statistics(exprs: Sequence[Expr], refs: Sequence[Ref], told: Sequence[Ref]) -> list[Expr]:
    """The expressions with the names where what they stand for is met, also in products and under powers.

    What the user named stands for what was ``told`` of it, which speaks of these names itself.
    """
    own = {ref.name: ref for ref in told}

    def as_told(node: Expr) -> Expr:
        return own.get(node.name, node) if is_definition(node) and isinstance(node, Ref) else node

    done: dict[Expr, Expr] = {}
    result = [transformed(expr, as_told, done) for expr in exprs]
    for ref in refs:  # what one stands for is written by those before it
        named = written_by(result, [ref], lambda node: isinstance(node, Ref) and node.name in own)
        result = folded_by_names(named, [ref])
        if isinstance(ref.node, Product) and len(ref.node.factors) == 1 and not ref.node.summed:
            result = _by_root(result, ref, ref.node)
    return result


def _by_root(exprs: Sequence[Expr], ref: Ref, root: Product) -> list[Expr]:
    """The expressions with 1 / r for (v + c)^(−1/2), where r is the root of v + c."""
    (whole,) = root.factors
    if root.coef != 1 or whole.labels != tuple(range(root.ndim)):
        return list(exprs)

    def rule(node: Expr) -> Expr:
        if not isinstance(node, Product) or all(f.node != whole.node for f in node.factors):
            return node
        operands: list[tuple[Expr, Sequence[int], int | Fraction]] = []
        for f in node.factors:
            power = Fraction(f.exponent) / Fraction(whole.exponent)
            fits = f.node == whole.node and power.denominator == 1
            operands.append((ref, f.labels, int(power)) if fits else f)
        return with_factors(node, operands)

    done: dict[Expr, Expr] = {ref: ref}
    return [transformed(expr, rule, done, is_definition) for expr in exprs]


def _reduces(node: Expr, known: Collection[Expr]) -> bool:
    """Whether a reduction stands in a node that is made elementwise of reductions and numbers."""
    match node:
        case Ref():
            return node in known
        case Reduction() | Composite():
            return all(node.ndim < arg.ndim for arg in node.children())
        case Product() if node.summed:
            return sum(not _is_number(f.node) for f in node.factors) == 1
        case Sum() | Product() | Map():
            varying = [child for child in node.children() if not _is_number(child)]
            return bool(varying) and all(_reduces(child, known) for child in varying)
    return False


def _is_number(node: Expr) -> bool:
    """Whether the node is a number, a size or a scalar variable, perhaps repeated."""
    if isinstance(node, Product):
        return not node.summed and all(_is_number(f.node) for f in node.factors)
    return isinstance(node, Leaf) and not node.ndim
