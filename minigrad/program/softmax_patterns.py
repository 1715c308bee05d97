"""Exponentials over their own sum, as a softmax, which does not overflow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from minigrad.index.expr import Expr, Factor, Product
from minigrad.program.functions import bare, is_call


class Normalised(NamedTuple):
    """Exp of ``arg`` over its own sum along ``axes`` (softmax), or the log of that sum."""

    arg: Expr
    axes: tuple[int, ...]


def softmax_of(node: Product) -> Normalised | None:
    """The softmax that the product is, if that is all it is."""
    found = normalised_factor(node.factors)
    if found is None or node.coef != 1 or len(node.factors) != 2 or node.summed:
        return None
    k, below, normalised = found
    if node.factors[below].exponent != -1:
        return None
    return normalised if node.factors[k].labels == tuple(range(node.ndim)) else None


def normalised_factor(factors: Sequence[Factor]) -> tuple[int, int, Normalised] | None:
    """Two of the factors, e = exp(x) and a power of 1 / sum(e), and the softmax that they make."""
    for k, total in enumerate(factors):
        body = bare(total.node)
        whole = isinstance(total.exponent, int) and total.exponent < 0
        if not whole or not isinstance(body, Product):
            continue
        for j, part in enumerate(factors):
            exponential = bare(part.node)
            if part.exponent != 1 or not is_call(exponential, "exp"):
                continue
            axes = _summed_axes(body, exponential, part.labels, total.labels)
            if axes:
                return j, k, Normalised(exponential.args[0], axes)
    return None


def summed_exponentials(node: Expr) -> Normalised | None:
    """The argument and axes when the node is a sum of exponentials over axes."""
    body = bare(node)
    if not isinstance(body, Product) or body.coef != 1 or len(body.factors) != 1:
        return None
    (f,) = body.factors
    exponential = bare(f.node)
    if f.exponent != 1 or not is_call(exponential, "exp") or len(set(f.labels)) < len(f.labels):
        return None
    axes = tuple(a for a, label in enumerate(f.labels) if label >= body.ndim)
    kept = [label for label in f.labels if label < body.ndim]
    if not axes or kept != list(range(body.ndim)):
        return None
    return Normalised(exponential.args[0], axes)


def _summed_axes(
    total: Product, exponential: Expr, at_part: Sequence[int], at_total: Sequence[int]
) -> tuple[int, ...]:
    """The axes of the exponential that ``total`` sums, the others being where ``total`` stands."""
    if len(total.factors) != 1 or total.coef != 1:
        return ()
    (f,) = total.factors
    if bare(f.node) != exponential or f.exponent != 1 or len(set(f.labels)) < len(f.labels):
        return ()
    axes = tuple(a for a, label in enumerate(f.labels) if label >= total.ndim)
    fits = all(
        at_part[a] == at_total[label] for a, label in enumerate(f.labels) if label < total.ndim
    )
    return axes if fits else ()
