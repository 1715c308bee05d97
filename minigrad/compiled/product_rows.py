"""Rewrites of contractions: matrix products in as few calls as there can be, of arrays as they stand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from minigrad.compiled.parts import multiplied
from minigrad.compiled.rewriting import Rewriting
from minigrad.compiled.sized import elements, shape_of
from minigrad.program.value import Value, broadcast, swapped_last


def one_matrix_for_all(at: Rewriting, value: Value) -> Value | None:
    """A stack of matrices times one matrix is one product: its rows are all in a row."""
    a, b = value.args
    if a.ndim < 3 or b.ndim not in (1, 2):
        return None
    rows = math.prod(shape_of(a)[:-1])
    flat = at.builder.reshape(a, (rows, a.sizes[-1]))
    made = at.builder.make("matmul", (flat, b), (), (rows, *b.sizes[1:]))
    return at.builder.reshape(made, value.sizes)


def tensordot_as_product(at: Rewriting, value: Value) -> Value | None:
    """A sum over several pairs of axes is one matrix product of arrays with these axes in a row."""
    a, b = value.args
    left, right = value.params
    free_a = [k for k in range(a.ndim) if k not in left]
    free_b = [k for k in range(b.ndim) if k not in right]
    order = sorted(range(len(left)), key=lambda n: left[n])
    order_b = sorted(range(len(left)), key=lambda n: right[n])
    order = order if elements(a) >= elements(b) else order_b
    left, right = tuple(left[n] for n in order), tuple(right[n] for n in order)
    first = _matrix(at, a, free_a, left)
    second = _matrix(at, b, right, free_b)
    if not free_a and not free_b:
        flat = [at.builder.reshape(x, (elements(x),)) for x in (first, second)]
        return at.builder.make("matmul", flat, (), ())
    made = at.builder.make("matmul", (first, second), (), (first.sizes[0], second.sizes[1]))
    return at.builder.reshape(made, value.sizes)


def _matrix(at: Rewriting, value: Value, rows: Sequence[int], columns: Sequence[int]) -> Value:
    """The array as a matrix: these axes in a row, by those; transposed, where that is how it stands."""
    n, m = (math.prod(shape_of(value)[k] for k in axes) for axes in (rows, columns))
    if columns and rows and columns[0] == 0:
        turned = at.builder.permute(value, [*columns, *rows])
        return at.builder.permute(at.builder.reshape(turned, (m, n)), (1, 0))
    return at.builder.reshape(at.builder.permute(value, [*rows, *columns]), (n, m))


def stack_of_vectors(at: Rewriting, value: Value) -> Value | None:
    """Σ over h and j of Aₕᵢⱼ Bₕⱼ is a product of each matrix with its vector, and then a sum over h."""
    a, b = value.args
    left, right, out = value.params
    if set(right) - set(left):
        a, b, left, right = b, a, right, left
    summed = [label for label in left if label not in out]
    if set(right) - set(left) or not summed or left[-1] not in summed or left[-1] not in right:
        return None
    free = [label for label in left if label not in right]
    if len(free) != 1 or len(set(left)) < len(left):
        return None
    batch = [label for label in left if label in right and label != left[-1]]
    matrix = at.builder.permute(a, [left.index(label) for label in (*batch, *free, left[-1])])
    vector = at.builder.permute(b, [right.index(label) for label in (*batch, left[-1])])
    labels = [*batch, *free]
    sizes = [a.sizes[left.index(label)] for label in labels]
    made = at.builder.make("matvec", (matrix, vector), (), sizes)
    axes = tuple(k for k, label in enumerate(labels) if label not in out)
    left_over = [label for label in labels if label in out]
    if axes:
        made = at.builder.make(
            "sum", (made,), (axes,), [s for k, s in enumerate(sizes) if k not in axes]
        )
    return at.builder.permute(made, [left_over.index(label) for label in out])


def product_at_hand(at: Rewriting, value: Value) -> Value | None:
    """The product (A Bᵀ) Cᵀ is A (C B)ᵀ where C B is made anyway."""
    first, last = value.args
    if first.op != "matmul" or first.ndim != 2 or last.ndim != 2 or last.op != "permute":
        return None
    a, turned = first.args
    if not at.once(first) or turned.op != "permute" or turned.ndim != 2 or a.ndim != 2:
        return None
    b, c = turned.args[0], last.args[0]
    known = at.made("matmul", (c, b))
    if known is None:
        return None
    return at.builder.make("matmul", (a, at.builder.permute(known, (1, 0))), (), value.sizes)


def transposed_at_hand(at: Rewriting, value: Value) -> Value | None:
    """The product Aᵀ B is (Bᵀ A)ᵀ where that is made anyway."""
    first, b = value.args
    if first.op != "permute" or first.ndim != 2 or b.ndim != 2:
        return None
    a, turned = first.args[0], at.builder.permute(b, (1, 0))
    known = at.made("matmul", (turned, a))
    if known is None or known.serial >= value.serial:
        return None
    return at.builder.permute(known, (1, 0))


def vector_before_matrix(at: Rewriting, value: Value) -> Value | None:
    """(A B) v is A (B v): what is only multiplied by a vector is not made."""
    product, vector = value.args
    if vector.ndim != 1 or product.op != "matmul" or not at.once(product):
        return None
    a, b = product.args
    if a.ndim < 2 or b.ndim < 2 or value.op != "matmul" or (b.ndim > 2 and a.ndim != b.ndim):
        return None
    inner = at.builder.make("matmul", (b, vector), (), b.sizes[:-1])
    op = "matmul" if inner.ndim == 1 else "matvec"
    return at.builder.make(op, (a, inner), (), value.sizes)


def scaled_rows(at: Rewriting, value: Value) -> Value | None:
    """The product (r A) B is r (A B), and A (r B) is (A r) B: the smaller array is scaled, not the larger."""
    for k in (0, 1):
        x, other = value.args[k], value.args[1 - k]
        turned = x.op == "permute" and x.params[0] == swapped_last(x.ndim)
        inner = x.args[0] if turned else x
        if inner.op != "multiply" or inner.ndim < 3 or other.ndim != inner.ndim:
            continue
        if not at.only_in(inner, "matmul"):
            continue
        found = _row_factor(inner)
        if found is None or elements(other) >= elements(inner) <= elements(value):
            continue
        factor, exponent, rest = found
        core = multiplied(at, inner.params[0], rest, inner)
        core = at.builder.permute(core, x.params[0]) if turned else core
        # rows of the array are rows of the product, or what is summed over
        summed = turned == (k == 0)
        if k == 1:
            factor = at.builder.reshape(factor, (*factor.sizes[:-2], 1, factor.sizes[-2]))
        if summed:
            small = multiplied(at, 1, [(other, 1), (factor, exponent)], other)
            args = (core, small) if k == 0 else (small, core)
            return at.builder.make("matmul", args, (), value.sizes)
        args = (core, other) if k == 0 else (other, core)
        made = at.builder.make("matmul", args, (), value.sizes)
        return multiplied(at, 1, [(made, 1), (factor, exponent)], value)
    return None


def _row_factor(value: Value) -> tuple[Value, Any, list[tuple[Value, Any]]] | None:
    """A factor with one element for each row, its power, and the other factors."""
    parts = list(zip(value.args, value.params[1], strict=True))
    for part in parts:
        v, _ = part
        if v.kind == "float" and v.ndim == value.ndim and v.sizes[-1] == 1 < v.sizes[-2]:
            rest = [other for other in parts if other is not part]
            if broadcast([x for x, _ in rest]) == list(value.sizes):
                return v, part[1], rest
    return None


def matrices_in_memory(at: Rewriting, value: Value) -> Value | None:
    """Of a stack of matrices times vectors, the matrices hold the axis along which memory runs."""
    stack, vector = value.args
    if stack.op != "permute" or stack.ndim < 3 or vector.ndim != stack.ndim - 1:
        return None
    axes, last = stack.params[0], stack.ndim - 1
    if last in axes[-2:]:
        return None
    k = axes.index(last)
    if vector.sizes[k] != 1:
        return None
    swapped = list(axes)
    swapped[k], swapped[-2] = swapped[-2], swapped[k]
    matrices = at.builder.permute(stack.args[0], swapped)
    sizes = list(value.sizes)
    sizes[k], sizes[-1] = sizes[-1], sizes[k]
    made = at.builder.make("matvec", (matrices, vector), (), sizes)
    order = list(range(value.ndim))
    order[k], order[-1] = order[-1], order[k]
    return at.builder.permute(made, order)
