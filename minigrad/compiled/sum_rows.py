"""Rewrites of sums: over less, in one pass, or not at all."""

from __future__ import annotations

from typing import Any

from minigrad.compiled.parts import expanded, multiplied, scaled
from minigrad.compiled.rewriting import Rewriting
from minigrad.compiled.sized import elements
from minigrad.program.value import Value, broadcast, swapped_last


def constant_out_of_sum(at: Rewriting, value: Value) -> Value | None:
    """A number, and a factor that does not vary along the summed axes, are multiplied after the sum."""
    (product,), (axes,) = value.args, value.params
    if product.op != "multiply" or not at.once(product):
        return None
    coef, parts = product.params[0], _opened(product)
    outside = [(v, e) for v, e in parts if _is_fixed(v, axes, product) and v.kind == "float"]
    inside = [part for part in parts if part not in outside]
    sizes = tuple(broadcast([v for v, _ in inside], product.ndim))
    if not (outside or coef != 1) or not inside or sizes != product.sizes:
        return None
    whole = multiplied(at, 1, inside, product)
    total = at.builder.make("sum", (whole,), (axes,), value.sizes)
    fixed = [(_without(at, v, axes, product), e) for v, e in outside]
    return multiplied(at, coef, [*fixed, (total, 1)], value)


def _opened(product: Value) -> list[tuple[Value, Any]]:
    """The factors, those of outer products among them: each has fewer elements than their product."""
    found: list[tuple[Value, Any]] = []
    for v, e in zip(product.args, product.params[1], strict=True):
        outer = v.op == "multiply" and e == 1 and v.params[0] == 1 and v.sizes == product.sizes
        if outer and all(elements(x) < elements(v) for x in v.args):
            found.extend(zip(v.args, v.params[1], strict=True))
        else:
            found.append((v, e))
    return found


def _is_fixed(value: Value, axes: tuple[int, ...], whole: Value) -> bool:
    lead = whole.ndim - value.ndim
    return all(axis < lead or value.sizes[axis - lead] == 1 for axis in axes)


def _without(at: Rewriting, value: Value, axes: tuple[int, ...], whole: Value) -> Value:
    """The value without axes of length 1 that are summed over elsewhere."""
    lead = whole.ndim - value.ndim
    gone = [axis - lead for axis in axes if axis >= lead]
    if not gone:
        return value
    if value.op == "expand" and set(gone) <= set(value.params[0]):
        left_over = [k - sum(g < k for g in gone) for k in value.params[0] if k not in gone]
        while left_over and left_over[0] == 0:  # leading ones are left to broadcasting
            left_over = [k - 1 for k in left_over[1:]]
        return expanded(at, value.args[0], tuple(left_over))
    left = [size for k, size in enumerate(value.sizes) if k not in gone]
    return at.builder.reshape(value, left)


def sum_of_products(at: Rewriting, value: Value) -> Value | None:
    """Σⱼ Aᵢⱼ Bᵢⱼ over the last axis takes one pass as the product of rows, and none for A ⊙ B."""
    (product,), (axes,) = value.args, value.params
    if product.op != "multiply" or not at.once(product) or len(product.args) != 2:
        return None
    coef, exponents = product.params
    if exponents != (1, 1) or any(
        v.kind != "float" or not v.ndim or v.sizes[-1] == 1 for v in product.args
    ):
        return None
    a, b = product.args
    if len(axes) == product.ndim and a.sizes == b.sizes:
        count = elements(a)
        flat = [at.builder.reshape(v, (count,)) for v in (a, b)]
        total = at.builder.make("matmul", flat, (), ())
        return total if coef == 1 else scaled(at, coef, total)
    if axes != (product.ndim - 1,) or product.ndim < 2:
        return None
    if elements(a) < elements(b):
        a, b = b, a
    if a.sizes != product.sizes:
        return None
    if b.ndim == 1 or (b.ndim > 1 and b.sizes[-2] == 1):
        vector = b if b.ndim == 1 else _without(at, b, (b.ndim - 2,), b)
        op = "matmul" if a.ndim == 2 and vector.ndim == 1 else "matvec"
        total = at.builder.make(op, (a, vector), (), value.sizes)
    else:
        total = at.builder.make("vecdot", (a, b), (), value.sizes)
    return total if coef == 1 else scaled(at, coef, total)


def sum_of_terms(at: Rewriting, value: Value) -> Value | None:
    """A sum over all elements of A B ± C D is that of A B and that of C D, each in one pass."""
    (total,), (axes,) = value.args, value.params
    if total.op != "add" or not at.once(total) or len(axes) != total.ndim:
        return None
    if any(
        v.op != "multiply" or not at.once(v) or v.sizes != total.sizes or len(v.args) != 2
        or v.params[1] != (1, 1) or any(x.sizes != v.sizes or x.kind != "float" for x in v.args)
        for v in total.args
    ):  # fmt: skip
        return None
    sums = [at.builder.make("sum", (v,), (axes,), value.sizes) for v in total.args]
    return at.builder.make("add", sums, total.params, value.sizes)


def sum_through_product(at: Rewriting, value: Value) -> Value | None:
    """Σ over rows of A B is (Σ over rows of A) B: the mean of (H w) is (mean of H) w."""
    (product,), (axes,) = value.args, value.params
    if product.op != "matmul" or not at.once(product):
        return None
    a, b = product.args
    if a.ndim < 2 or b.ndim != 2 or product.ndim - 1 in axes or a.ndim != product.ndim:
        return None
    total = at.builder.make(
        "sum", (a,), (axes,), [s for k, s in enumerate(a.sizes) if k not in axes]
    )
    return at.builder.make("matmul", (total, b), (), value.sizes)


def sum_at_hand(at: Rewriting, value: Value) -> Value | None:
    """The product of Σ over rows of A with B is Σ over rows of A B, where A B is made anyway."""
    total, b = value.args
    left, right, out = value.params
    if total.op != "sum":
        total, b, left, right = b, total, right, left
    if total.op != "sum" or not at.once(total) or len(set(right) - set(left)) != 1:
        return None
    (a,), (axes,) = total.args, total.params
    if axes not in ((a.ndim - 1,), (a.ndim - 2,)) or a.ndim < 3 or b.ndim != a.ndim:
        return None
    (free,) = set(right) - set(left)
    second = at.builder.permute(b, [right.index(label) for label in (*left, free)])
    first = a if axes == (a.ndim - 2,) else at.builder.permute(a, swapped_last(a.ndim))
    known = at.made("matmul", (first, second))
    if known is None or left[-1] in out:
        return None
    labels = (*left[:-1], -1, free)  # -1 is what was summed first
    gone = tuple(k for k, label in enumerate(labels) if label not in out)
    kept = [label for label in labels if label in out]
    sizes = [size for k, size in enumerate(known.sizes) if k not in gone]
    made = at.builder.make("sum", (known,), (gone,), sizes)
    return at.builder.permute(made, [kept.index(label) for label in out])
