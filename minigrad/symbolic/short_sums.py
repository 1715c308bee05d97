"""Sums over what a product has summed already: rowsum(P ⊙ dP) is rowsum(O ⊙ dO) where O is P V.

The gradient that a product O = P V sends to P is dP = dO Vᵀ, so Σ_j P_ij dP_ij is Σ_jk P_ij dO_ik V_jk, in
which P_ij V_jk summed over j is O_ik. That is no rule about softmax: a sum is looked at in which a tensor meets
its gradient, the gradient is opened, and where a named product is met among the factors its name is written.

>>> from minigrad.index.contract import contract
>>> from minigrad.index.expr import Leaf
>>> from minigrad.notation.matrix import index_text
>>> P, V, dO = Leaf("P", (2, 3)), Leaf("V", (3, 4)), Leaf("dO", (2, 4))
>>> O = Ref("O", contract("ik", [(P, "ij"), (V, "jk")]))
>>> dP = Ref("dP", contract("ij", [(dO, "ik"), (V, "jk")]), of="P")
>>> total = contract("i", [(P, "ij"), (dP, "ij")])
>>> index_text(total), index_text(with_short_sums([total], [O])[0])
('Σ_j P_ij dP_ij', 'Σ_j dO_ij O_ij')
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from minigrad.errors import DerivationError
from minigrad.index.contract import with_factors
from minigrad.index.expr import Expr, Factor, Product, Ref
from minigrad.index.rebuild import rewritten
from minigrad.symbolic.byname import with_product_named


def with_short_sums(roots: Sequence[Expr], definitions: Sequence[Ref]) -> list[Expr]:
    """The roots with sums over a tensor and its gradient taken over the products that it goes into.

    Raises
    ------
    DerivationError
        When there are no such sums.
    """
    into: dict[Expr, list[tuple[Ref, Product]]] = {}
    for ref in definitions:
        if isinstance(ref.node, Product) and ref.node.summed:
            for node in dict.fromkeys(f.node for f in ref.node.factors):
                into.setdefault(node, []).append((ref, ref.node))

    def rule(node: Expr) -> Expr | None:
        if isinstance(node, Ref) and node.of is None:
            return node
        return next(_shorter(node, into), None) if isinstance(node, Product) else None

    done: dict[Expr, Expr] = {}
    found = [rewritten(root, rule, done, again=True) for root in roots]
    if found == list(roots):
        raise DerivationError(
            "derive: short_sums=True, and no sum over a tensor and its gradient, as rowsum(P ⊙ dP), is that of a "
            'named product and its gradient; name the product: O = (P @ V).named("O")'
        )
    return found


def _shorter(node: Product, into: Mapping[Expr, Sequence[tuple[Ref, Product]]]) -> Iterator[Expr]:
    """The product by the name of one that is met in it, or in a gradient in it, without more factors."""
    for gradient in node.factors if node.summed else ():
        opened = _opened(node, gradient)
        if opened is None:
            continue
        for ref, body in (entry for f in node.factors if f is not gradient for entry in into.get(f.node, ())):
            found = with_product_named(opened, ref, body)
            if isinstance(found, Product) and len(found.factors) <= len(node.factors):
                yield found


def _opened(node: Product, f: Factor) -> Product | None:
    """The product with a gradient in it by what it is; as it is for what is no gradient."""
    gradient = f.node
    if not isinstance(gradient, Ref) or gradient.of is None or f.exponent != 1:
        return node
    factors = [Factor(gradient.node, f.labels) if g is f else g for g in node.factors]
    opened = with_factors(node, factors)
    return opened if isinstance(opened, Product) else None
