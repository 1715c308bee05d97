"""The rewrites, each a row: arrays as small as they can be, and fewer passes over them."""

from __future__ import annotations

import math
from collections.abc import Sequence

from minigrad.compiled.rewriting import Rewriting, Row
from minigrad.compiled.sized import elements, power, shape_of
from minigrad.index.numbers import times
from minigrad.program.value import Value

# -- numbers -----------------------------------------------------------------------------------------------


def numbers_first(at: Rewriting, value: Value) -> Value | None:
    """X · 2 · √3 has one coefficient; the numbers among factors join it."""
    coef, exponents = value.params
    parts = list(zip(value.args, exponents, strict=True))
    numbers = [(v, e) for v, e in parts if v.op == "number"]
    arrays = [(v, e) for v, e in parts if v.op != "number"]
    if not numbers or not any(v.kind == "float" for v, _ in arrays):
        return None
    for v, e in numbers:
        coef = times(coef, power(v.params[0], e))
    if not math.isfinite(coef):
        return None
    sizes, kind = value.sizes, value.kind
    made = tuple(v for v, _ in arrays), (coef, tuple(e for _, e in arrays))
    return at.builder.make("multiply", *made, sizes, kind)


def products_flat(at: Rewriting, value: Value) -> Value | None:
    """(c · A · B) · C is one product, where the inner one is used only here and has all the axes."""
    coef, exponents = value.params
    parts = list(zip(value.args, exponents, strict=True))
    for k, (v, e) in enumerate(parts):
        if v.op == "multiply" and e == 1 and at.once(v) and v.sizes == value.sizes and len(parts) > 1:
            inner, powers = v.params
            inside = list(zip(v.args, powers, strict=True))
            both = [*parts[:k], *inside, *parts[k + 1 :]]
            made = tuple(x for x, _ in both), (times(coef, inner), tuple(x for _, x in both))
            return at.builder.make("multiply", *made, value.sizes, value.kind)
        if v.op == "multiply" and len(parts) == 1 and v.params[1] != () and e == 1 and at.once(v):
            inner, powers = v.params
            return at.builder.make("multiply", v.args, (times(coef, inner), powers), value.sizes)
    return None


def _scaled(at: Rewriting, coef: object, value: Value) -> Value:
    return at.builder.make("multiply", (value,), (coef, (1,)), value.sizes)


def number_on_fewest(at: Rewriting, value: Value) -> Value | None:
    """The product c (A B) is (c A) B where A has fewer elements than A B."""
    coef, exponents = value.params
    (inner,) = value.args if len(value.args) == 1 else (None,)
    if inner is None or exponents != (1,) or coef == 1 or not at.once(inner):
        return None
    if inner.op in ("permute", "reshape", "expand") and inner.args[0].kind == "float":
        if not at.once(inner.args[0]):
            return None
        moved = _scaled(at, coef, inner.args[0])
        return at.builder.make(inner.op, (moved,), inner.params, inner.sizes)
    if inner.op not in ("matmul", "tensordot", "einsum", "matvec"):
        return None
    k = min(range(2), key=lambda n: elements(inner.args[n]))
    small = inner.args[k]
    if elements(small) >= elements(inner) or small.kind != "float":
        return None
    args = list(inner.args)
    args[k] = _scaled(at, coef, small)
    return at.builder.make(inner.op, args, inner.params, inner.sizes)


def number_on_row(at: Rewriting, value: Value) -> Value | None:
    """The product c · A · r has (c r) where r has fewer elements than the product."""
    coef, exponents = value.params
    if coef in (1, -1) or len(value.args) < 2:
        return None
    floats = [k for k, (v, e) in enumerate(zip(value.args, exponents, strict=True))
              if v.kind == "float" and e == 1]  # fmt: skip
    if not floats:
        return None
    k = min(floats, key=lambda n: elements(value.args[n]))
    small = value.args[k]
    if elements(small) >= elements(value):
        return None
    if small.op == "expand":
        made = _scaled(at, coef, small.args[0])
        made = at.builder.make("expand", (made,), small.params, small.sizes)
    else:
        made = _scaled(at, coef, small)
    args = [made if n == k else v for n, v in enumerate(value.args)]
    return at.builder.make("multiply", args, (1, exponents), value.sizes)


# -- places ------------------------------------------------------------------------------------------------


def _is_whole(maps: tuple[tuple[object, ...], ...], sizes: tuple[object, ...]) -> bool:
    return all(
        each == ("axis", k, 0, 1, size) for k, (each, size) in enumerate(zip(maps, sizes, strict=True))
    )


def whole_place(at: Rewriting, value: Value) -> Value | None:
    """What stands in zeros of its own size is itself, and added in its own size a sum."""
    if not _is_whole(value.params[0], value.sizes) or value.args[-1].sizes != value.sizes:
        return None
    if value.op == "embed":
        return value.args[0]
    return at.builder.make("add", value.args, ((1, 1),), value.sizes)


def same_size(at: Rewriting, value: Value) -> Value | None:
    """Repeated to the size that it has, or in one row as it was, an array is itself."""
    return value.args[0] if value.args[0].sizes == value.sizes else None


def mask_again(at: Rewriting, value: Value) -> Value | None:
    """A · M is A where M is 0 only where the softmax A of a masked argument is 0 already."""
    coef, exponents = value.params
    parts = list(zip(value.args, exponents, strict=True))
    masks = {v.args[0].args[0] for v, e in parts if e == 1 and _is_masked(v)}
    left = [(v, e) for v, e in parts if v not in masks]
    if len(left) == len(parts) or not left:
        return None
    made = tuple(v for v, _ in left), (coef, tuple(e for _, e in left))
    return at.builder.make("multiply", *made, value.sizes)


def _is_masked(value: Value) -> bool:
    if value.op != "softmax" or value.args[0].op != "apply" or value.args[0].params != ("where",):
        return False
    mask, _, other = value.args[0].args
    return mask.kind == "bool" and other.op == "number" and other.params[0] == -math.inf


# -- sums --------------------------------------------------------------------------------------------------


def constant_out_of_sum(at: Rewriting, value: Value) -> Value | None:
    """A factor that does not vary along the summed axes is multiplied after the sum."""
    (product,), (axes,) = value.args, value.params
    if product.op != "multiply" or not at.once(product) or len(product.args) < 2:
        return None
    coef, exponents = product.params
    parts = list(zip(product.args, exponents, strict=True))
    outside = [(v, e) for v, e in parts if _is_fixed(v, axes, product) and v.kind == "float"]
    inside = [part for part in parts if part not in outside]
    sizes = _broadcast_sizes([v for v, _ in inside], product.ndim)
    if not outside or not inside or sizes != product.sizes:
        return None
    args, powers = tuple(v for v, _ in inside), tuple(e for _, e in inside)
    whole = at.builder.make("multiply", args, (1, powers), product.sizes)
    total = at.builder.make("sum", (whole if powers != (1,) else args[0],), (axes,), value.sizes)
    fixed = [(_without(at, v, axes, product), e) for v, e in outside]
    args = (*(v for v, _ in fixed), total)
    return at.builder.make("multiply", args, (coef, (*(e for _, e in fixed), 1)), value.sizes)


def _broadcast_sizes(values: list[Value], ndim: int) -> tuple[object, ...]:
    sizes: list[object] = [1] * ndim
    for v in values:
        for k, size in enumerate(v.sizes, start=ndim - v.ndim):
            sizes[k] = size if size != 1 else sizes[k]
    return tuple(sizes)


def _is_fixed(value: Value, axes: tuple[int, ...], whole: Value) -> bool:
    lead = whole.ndim - value.ndim
    return all(axis < lead or value.sizes[axis - lead] == 1 for axis in axes)


def _without(at: Rewriting, value: Value, axes: tuple[int, ...], whole: Value) -> Value:
    """The value without axes of length 1 that are summed over elsewhere."""
    lead = whole.ndim - value.ndim
    gone = [axis - lead for axis in axes if axis >= lead]
    if not gone:
        return value
    left = [size for k, size in enumerate(value.sizes) if k not in gone]
    return at.builder.make("reshape", (value,), (tuple(left),), left)


def sum_of_products(at: Rewriting, value: Value) -> Value | None:
    """Σⱼ Aᵢⱼ Bᵢⱼ over the last axis takes one pass as the product of rows, and none for A ⊙ B."""
    (product,), (axes,) = value.args, value.params
    if product.op != "multiply" or not at.once(product) or axes != (product.ndim - 1,):
        return None
    coef, exponents = product.params
    if len(product.args) != 2 or exponents != (1, 1) or product.ndim < 2:
        return None
    if any(v.kind != "float" or not v.ndim or v.sizes[-1] == 1 for v in product.args):
        return None
    a, b = product.args
    if elements(a) < elements(b):
        a, b = b, a
    if a.sizes != product.sizes:
        return None
    if b.ndim == 1 or (b.ndim > 1 and b.sizes[-2] == 1):
        vector = b
        if b.ndim > 1:
            left = (*b.sizes[:-2], b.sizes[-1])
            vector = at.builder.make("reshape", (b,), (left,), left)
        op = "matmul" if a.ndim == 2 and vector.ndim == 1 else "matvec"
        total = at.builder.make(op, (a, vector), (), value.sizes)
    else:
        total = at.builder.make("vecdot", (a, b), (), value.sizes)
    return total if coef == 1 else _scaled(at, coef, total)


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


# -- contractions ------------------------------------------------------------------------------------------


def one_matrix_for_all(at: Rewriting, value: Value) -> Value | None:
    """A stack of matrices times one matrix is one product: its rows are all in a row."""
    a, b = value.args
    if a.ndim < 3 or b.ndim not in (1, 2):
        return None
    rows = math.prod(shape_of(a)[:-1])
    flat = at.builder.make("reshape", (a,), ((rows, a.sizes[-1]),), (rows, a.sizes[-1]))
    made = at.builder.make("matmul", (flat, b), (), (rows, *b.sizes[1:]))
    return at.builder.make("reshape", (made,), (value.sizes,), value.sizes)


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
        flat = [at.builder.make("reshape", (x,), ((s,),), (s,))
                for x in (first, second) for s in [elements(x)]]  # fmt: skip
        return at.builder.make("matmul", flat, (), ())
    made = at.builder.make("matmul", (first, second), (), (first.sizes[0], second.sizes[1]))
    return _reshaped(at, made, shape_of(value))


def _reshaped(at: Rewriting, value: Value, sizes: tuple[int, ...]) -> Value:
    if value.sizes == sizes:
        return value
    return at.builder.make("reshape", (value,), (sizes,), sizes)


def _matrix(at: Rewriting, value: Value, rows: Sequence[int], columns: Sequence[int]) -> Value:
    """The array as a matrix: these axes in a row, by those; transposed, where that is how it stands."""
    n, m = (math.prod(shape_of(value)[k] for k in axes) for axes in (rows, columns))
    if columns and rows and columns[0] == 0:
        turned = at.builder.permute(value, [*columns, *rows])
        return at.builder.permute(_reshaped(at, turned, (m, n)), (1, 0))
    return _reshaped(at, at.builder.permute(value, [*rows, *columns]), (n, m))


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


ROWS: tuple[Row, ...] = (
    Row("numbers first", ("multiply",), "a factor is a number", numbers_first),
    Row("products flat", ("multiply",), "a factor is a product used only here", products_flat),
    Row("whole place", ("embed", "embed_add"), "the part is as large as the whole", whole_place),
    Row("same size", ("broadcast", "reshape"), "the sizes are the same", same_size),
    Row("mask again", ("multiply",), "a factor is 0 where the mask is", mask_again),
    Row("constant out of a sum", ("sum",), "a factor has no summed axis", constant_out_of_sum),
    Row("sum of products", ("sum",), "two factors, summed over the last axis", sum_of_products),
    Row("sum through a product", ("sum",), "the product is used only here", sum_through_product),
    Row("vector before matrix", ("matmul",), "the product is used only here", vector_before_matrix),
    Row("number on a row", ("multiply",), "a factor has fewer elements", number_on_row),
    Row("number on the fewest", ("multiply",), "an operand has fewer elements", number_on_fewest),
    Row("one product", ("tensordot",), "always", tensordot_as_product),
    Row("one matrix for all", ("matmul",), "the second operand is one matrix", one_matrix_for_all),
)
