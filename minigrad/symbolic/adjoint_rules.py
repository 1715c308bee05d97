"""How an adjoint passes through one node: a product, a function, a maximum, a sort.

``g`` is the adjoint of the node, whose first ``extra`` axes are those of the output that is derived.

For y_i = Σ_j A_ij x_j with A of 2 × 3, factor 1 gets Σ_i g_i A_ij, factor 0 gets g_i x_j:

>>> from minigrad.index.expr import Leaf
>>> from minigrad.notation.matrix import index_text
>>> A, x, g = Leaf("A", (2, 3)), Leaf("x", (3,)), Leaf("g", (2,))
>>> y = contract("i", [(A, "ij"), (x, "j")])
>>> [index_text(product_adjoint(y, k, g, 0, y)) for k in (0, 1)]
['x_j g_i', 'Σ_j A_ji g_j']
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from fractions import Fraction

from minigrad.index import heads
from minigrad.index.affine import delta
from minigrad.index.algebra import add, constant
from minigrad.index.contract import contract
from minigrad.index.expr import Expr, Map, Number, Pick, Product, Reduction
from minigrad.index.pointwise import pointwise
from minigrad.index.size import AnySize

Term = tuple[Expr, Expr]  # (which child, its contribution)


def reduction_adjoint(node: Reduction, g: Expr, extra: int) -> list[Term]:
    """A maximum passes g to the largest element; a product, g times the product of the others.

    What is sorted gets its g back at the place that it came from.
    """
    if node.kind in ("argmax", "argsort"):
        return []
    if node.kind == "sort":
        return [(node.arg, _sort_adjoint(node, g, extra))]
    if node.kind == "others":
        return [(node.arg, _others_adjoint(node, g, extra))]
    slope = Reduction("argmax" if node.kind == "max" else "others", node.arg, node.count)
    return [(node.arg, _spread(g, extra, node.ndim, slope))]


def _sort_adjoint(node: Reduction, g: Expr, extra: int) -> Expr:
    """Sum over k of g_k [argsort(x)_k = j]."""
    lead = [("o", k) for k in range(extra)]
    *batch, j = range(node.ndim)
    came_from = Pick(Reduction("argsort", node.arg, node.count), node.sizes[-1])
    operands = [(g, [*lead, *batch, "k"]), (came_from, [*batch, "k", j])]
    return contract([*lead, *batch, j], operands)


def _others_adjoint(node: Reduction, g: Expr, extra: int) -> Expr:
    """Sum over i /= j of g_i times the product of all elements but x_i and x_j.

    That is the product of the others than j once x_i is replaced by 1, so zeros do no harm.
    """
    x, kept = node.arg, node.ndim - node.count
    lead = [("o", k) for k in range(extra)]
    batch = list(range(kept))
    i = [("i", k) for k in range(node.count)]
    j = [("j", k) for k in range(node.count)]
    out = [*batch, *i, *j]
    sizes = dict(zip(out, (*x.sizes, *x.sizes[kept:]), strict=True))
    same = [(delta(s), (a, b)) for s, a, b in zip(x.sizes[kept:], i, j, strict=True)]
    there = (x, (*batch, *j))
    without = add(
        [
            (1, contract(out, [there], 1, sizes)),
            (-1, contract(out, [there, *same], 1, sizes)),
            (1, contract(out, same, 1, sizes)),
        ]
    )
    rest = Reduction("others", without, node.count)
    apart = add([(1, constant(1, rest.sizes)), (-1, contract(out, same, 1, sizes))])
    operands = [(g, [*lead, *batch, *i]), (rest, out), (apart, out)]
    return contract([*lead, *batch, *j], operands)


def _spread(g: Expr, extra: int, kept: int, other: Expr) -> Expr:
    """G over the kept axes times ``other`` over all of them."""
    lead = [("o", k) for k in range(extra)]
    own = list(range(other.ndim))
    return contract([*lead, *own], [(other, own), (g, [*lead, *own[:kept]])])


def product_adjoint(node: Product, k: int, g: Expr, extra: int, output: Expr) -> Expr:
    """d/d f_k of sum prod f^e is g times the other factors, times e f_k^(e-1).

    Below a fraction bar of a named quotient that is e (output / f_k) g, written by the quotient, if
    no index of f_k is summed.
    """
    chosen = node.factors[k]
    lead: list[Hashable] = [("o", i) for i in range(extra)]
    operands: list[tuple[Expr, Sequence[Hashable], int | Fraction]] = []
    outside = all(label < node.ndim for label in chosen.labels)
    if chosen.exponent < 0 and output is not node and outside:
        operands.append((output, range(node.ndim), 1))
        operands.append((chosen.node, chosen.labels, -1))
        coef: Number = chosen.exponent
    else:
        for j, f in enumerate(node.factors):
            exponent = f.exponent if j != k else f.exponent - 1
            if exponent:
                operands.append((f.node, f.labels, exponent))
        coef = node.coef * chosen.exponent
    operands.append((g, [*lead, *range(node.ndim)], 1))
    out = list(lead)
    sizes: dict[Hashable, AnySize] = dict(enumerate(node.label_sizes))
    for position, label in enumerate(chosen.labels):
        if label in out:  # a diagonal: both axes are this label
            twin = ("twin", position)
            size = chosen.node.sizes[position]
            operands.append((delta(size), (label, twin), 1))
            out.append(twin)
        else:
            out.append(label)
    return contract(out, operands, coef, sizes)


def map_adjoint(node: Map, k: int, g: Expr, extra: int, output: Expr) -> Expr:
    values = dict(zip(heads.symbols(), node.args, strict=False))
    values[heads.output_symbol()] = output
    slope = pointwise(heads.derivative(node.head, k), values, node.sizes)
    return _spread(g, extra, node.ndim, slope)
