"""The rewrites, each a row: arrays as small as they can be, and fewer passes over them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from minigrad.compiled.rewriting import Rewriting, Row
from minigrad.compiled.sized import elements, power, shape_of
from minigrad.index.numbers import times
from minigrad.program.value import Value, broadcast

CONTRACTIONS = frozenset({"matmul", "matvec", "vecdot", "tensordot", "einsum"})


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
    """The product c (A B) is (c A) B where A has no more elements than A B."""
    coef, exponents = value.params
    if len(value.args) != 1 or exponents != (1,) or coef in (1, -1):
        return None
    (inner,) = value.args
    if not at.once(inner) or any(arg.kind != "float" for arg in inner.args[:1]):
        return None
    if inner.op in ("permute", "reshape", "expand"):
        moved = _scaled(at, coef, inner.args[0])
        return at.builder.make(inner.op, (moved,), inner.params, inner.sizes)
    if inner.op not in CONTRACTIONS:
        return None
    k = min(range(2), key=lambda n: _reach(at, inner.args[n]))
    small = inner.args[k]
    if _reach(at, small) > elements(inner) or small.kind != "float":
        return None
    args = list(inner.args)
    args[k] = _scaled(at, coef, small)
    return at.builder.make(inner.op, args, inner.params, inner.sizes)


def _reach(at: Rewriting, value: Value) -> int:
    """How many elements a number has to be multiplied with, when it goes down from the value."""
    least = elements(value)
    while at.once(value) and value.op in ("permute", "reshape", "expand", *CONTRACTIONS):
        value = min(value.args[:2], key=elements)
        least = min(least, elements(value) if value.kind == "float" else least)
    return least


def number_on_row(at: Rewriting, value: Value) -> Value | None:
    """The product c · A · r has (c r) where r has fewer elements than the product."""
    coef, exponents = value.params
    if coef in (1, -1) or len(value.args) < 2:
        return None
    floats = [k for k, (v, e) in enumerate(zip(value.args, exponents, strict=True))
              if v.kind == "float" and e == 1]  # fmt: skip
    if not floats:
        return None
    # of two alike the later one: what is made of the earlier one without the number may be wanted too
    k = min(floats, key=lambda n: (elements(value.args[n]), -value.args[n].serial))
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


def numbers_of_terms(at: Rewriting, value: Value) -> Value | None:
    """In c A − d B the numbers belong to the terms, and the signs to the sum."""
    (coefs,) = value.params
    terms: list[tuple[object, Value]] = []
    for coef, arg in zip(coefs, value.args, strict=True):
        if arg.op == "multiply" and at.once(arg) and arg.params[0] != 1 and arg.kind == "float":
            inner, exponents = arg.params
            coef = times(coef, inner)
            arg = _product(at, 1, list(zip(arg.args, exponents, strict=True)), arg)
        if coef in (1, -1) or arg.op == "number":
            terms.append((coef, arg))
        else:
            terms.append((1 if coef > 0 else -1, _scaled(at, abs(coef), arg)))
    made = tuple(v for _, v in terms), (tuple(c for c, _ in terms),)
    if made == (value.args, value.params):
        return None
    return at.builder.make("add", *made, value.sizes, value.kind)


def one_sign(at: Rewriting, value: Value) -> Value | None:
    """A sum of which every term is subtracted is subtracted as a whole."""
    (coefs,) = value.params
    if len(coefs) < 2 or any(c != -1 for c in coefs):
        return None
    whole = at.builder.make("add", value.args, ((1,) * len(coefs),), value.sizes)
    return _scaled(at, -1, whole)


def number_into_sum(at: Rewriting, value: Value) -> Value | None:
    """The product c (A − B) P is (c A − c B) P where A and B have a factor of fewer elements."""
    coef, exponents = value.params
    if coef in (1, -1):
        return None
    for k, (v, e) in enumerate(zip(value.args, exponents, strict=True)):
        if v.op != "add" or e != 1 or not at.once(v):
            continue
        if all(_takes_number(arg, value) for arg in v.args):
            moved = [_scaled(at, coef, arg) for arg in v.args]
            total = at.builder.make("add", moved, v.params, v.sizes)
            args = [total if n == k else x for n, x in enumerate(value.args)]
            return _product(at, 1, list(zip(args, exponents, strict=True)), value)
    return None


def _takes_number(value: Value, whole: Value) -> bool:
    """Whether a number costs the value less than it costs the whole."""
    inner = value.args[0] if value.op == "expand" else value
    if elements(inner) < elements(whole):
        return inner.kind == "float" and inner.op != "variable"
    return inner.op == "multiply" and any(
        elements(v) < elements(whole) and v.kind == "float" for v in inner.args
    )


def common_factor(at: Rewriting, value: Value) -> Value | None:
    """The sum r A − r B is r (A − B)."""
    if len(value.args) < 2 or any(a.op != "multiply" or not at.once(a) for a in value.args):
        return None
    parts = [list(zip(a.args, a.params[1], strict=True)) for a in value.args]
    shared = [part for part in parts[0] if all(part in other for other in parts[1:])]
    if not shared:
        return None
    rest = [[part for part in own if part not in shared] for own in parts]
    if any(not own for own in rest):
        return None
    terms = [_product(at, a.params[0], own) for a, own in zip(value.args, rest, strict=True)]
    total = at.builder.make("add", terms, value.params, broadcast(terms))
    return _product(at, 1, [*shared, (total, 1)], value)


def expand_inside(at: Rewriting, value: Value) -> Value | None:
    """Factors are given their axes of length 1 one by one, so that they can be found in other products."""
    (inner,), (axes,) = value.args, value.params
    if inner.op == "expand":
        kept = [k for k in range(value.ndim) if k not in axes]
        own = [kept[k] for k in inner.params[0]]
        return _expanded(at, inner.args[0], tuple(sorted((*axes, *own))))
    if inner.op != "multiply" or not at.once(inner) or len(inner.args) < 2:
        return None
    kept = [k for k in range(value.ndim) if k not in axes]
    args = []
    for v in inner.args:
        first = kept[inner.ndim - v.ndim] if v.ndim else value.ndim
        args.append(_expanded(at, v, tuple(k - first for k in axes if k > first)))
    return at.builder.make("multiply", args, inner.params, value.sizes)


def _expanded(at: Rewriting, value: Value, axes: tuple[int, ...]) -> Value:
    if not axes:
        return value
    left = iter(value.sizes)
    sizes = [1 if k in axes else next(left) for k in range(value.ndim + len(axes))]
    return at.builder.make("expand", (value,), (axes,), sizes, value.kind)


def _product(
    at: Rewriting, coef: Any, parts: Sequence[tuple[Value, Any]], like: Value | None = None
) -> Value:
    """The coefficient times the powers, of the sizes of another value where these are given."""
    values = [v for v, _ in parts]
    if coef == 1 and len(parts) == 1 and parts[0][1] == 1:
        return values[0]
    sizes = broadcast(values) if like is None else like.sizes
    return at.builder.make("multiply", values, (coef, tuple(e for _, e in parts)), sizes)


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
    """A number, and a factor that does not vary along the summed axes, are multiplied after the sum."""
    (product,), (axes,) = value.args, value.params
    if product.op != "multiply" or not at.once(product):
        return None
    coef, parts = product.params[0], _opened(product)
    outside = [(v, e) for v, e in parts if _is_fixed(v, axes, product) and v.kind == "float"]
    inside = [part for part in parts if part not in outside]
    sizes = _broadcast_sizes([v for v, _ in inside], product.ndim)
    if not (outside or coef != 1) or not inside or sizes != product.sizes:
        return None
    whole = _product(at, 1, inside, product)
    total = at.builder.make("sum", (whole,), (axes,), value.sizes)
    fixed = [(_without(at, v, axes, product), e) for v, e in outside]
    return _product(at, coef, [*fixed, (total, 1)], value)


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
    if value.op == "expand" and set(gone) <= set(value.params[0]):
        left_over = [k - sum(g < k for g in gone) for k in value.params[0] if k not in gone]
        while left_over and left_over[0] == 0:  # leading ones are left to broadcasting
            left_over = [k - 1 for k in left_over[1:]]
        return _expanded(at, value.args[0], tuple(left_over))
    left = [size for k, size in enumerate(value.sizes) if k not in gone]
    return at.builder.make("reshape", (value,), (tuple(left),), left)


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
        flat = [_reshaped(at, v, (count,)) for v in (a, b)]
        total = at.builder.make("matmul", flat, (), ())
        return total if coef == 1 else _scaled(at, coef, total)
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
    return total if coef == 1 else _scaled(at, coef, total)


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
    turned = (*range(a.ndim - 2), a.ndim - 1, a.ndim - 2)
    first = a if axes == (a.ndim - 2,) else at.builder.permute(a, turned)
    known = at.made("matmul", (first, second))
    if known is None or left[-1] in out:
        return None
    labels = (*left[:-1], -1, free)  # -1 is what was summed first
    gone = tuple(k for k, label in enumerate(labels) if label not in out)
    kept = [label for label in labels if label in out]
    sizes = [size for k, size in enumerate(known.sizes) if k not in gone]
    made = at.builder.make("sum", (known,), (gone,), sizes)
    return at.builder.permute(made, [kept.index(label) for label in out])


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
        turned = x.op == "permute" and x.params[0] == (*range(x.ndim - 2), x.ndim - 1, x.ndim - 2)
        inner = x.args[0] if turned else x
        if inner.op != "multiply" or inner.ndim < 3 or other.ndim != inner.ndim:
            continue
        if not at.only_in(inner, "matmul"):
            continue
        found = _row_factor(inner)
        if found is None or elements(other) >= elements(inner) <= elements(value):
            continue
        factor, exponent, rest = found
        core = _product(at, inner.params[0], rest, inner)
        core = at.builder.permute(core, x.params[0]) if turned else core
        # rows of the array are rows of the product, or what is summed over
        summed = turned == (k == 0)
        if k == 1:
            factor = at.builder.make(
                "reshape", (factor,), ((*factor.sizes[:-2], 1, factor.sizes[-2]),),
                (*factor.sizes[:-2], 1, factor.sizes[-2]),
            )  # fmt: skip
        if summed:
            small = _product(at, 1, [(other, 1), (factor, exponent)], other)
            args = (core, small) if k == 0 else (small, core)
            return at.builder.make("matmul", args, (), value.sizes)
        args = (core, other) if k == 0 else (other, core)
        made = at.builder.make("matmul", args, (), value.sizes)
        return _product(at, 1, [(made, 1), (factor, exponent)], value)
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


ROWS: tuple[Row, ...] = (
    Row("numbers first", ("multiply",), "a factor is a number", numbers_first),
    Row("products flat", ("multiply",), "a factor is a product used only here", products_flat),
    Row("numbers of terms", ("add",), "a term has a number", numbers_of_terms),
    Row("one sign", ("add",), "every term is subtracted", one_sign),
    Row("common factor", ("add",), "every term is a product with it", common_factor),
    Row("whole place", ("embed", "embed_add"), "the part is as large as the whole", whole_place),
    Row("mask again", ("multiply",), "a factor is 0 where the mask is", mask_again),
    Row("expand inside", ("expand",), "of a product used only here", expand_inside),
    Row("constant out of a sum", ("sum",), "a factor has no summed axis", constant_out_of_sum),
    Row("sum of terms", ("sum",), "every term is a product of two arrays", sum_of_terms),
    Row("sum of products", ("sum",), "two factors, summed over the last axis or all", sum_of_products),
    Row("sum through a product", ("sum",), "the product is used only here", sum_through_product),
    Row("sum at hand", ("einsum",), "the product with the whole array is made anyway", sum_at_hand),
    Row("product at hand", ("matmul",), "the other product is made anyway", product_at_hand),
    Row("transposed at hand", ("matmul",), "the other product is made before", transposed_at_hand),
    Row("vector before matrix", ("matmul",), "the product is used only here", vector_before_matrix),
    Row("number on a row", ("multiply",), "a factor has fewer elements", number_on_row),
    Row("number into a sum", ("multiply",), "its terms have factors of fewer elements", number_into_sum),
    Row("number on the fewest", ("multiply",), "an operand, or what it is made of, has no more elements", number_on_fewest),
    Row("stack of vectors", ("einsum",), "one operand has no axis of its own", stack_of_vectors, late=True),
    Row("scaled rows", ("matmul",), "the other operand has fewer elements", scaled_rows),
    Row("matrices in memory", ("matvec",), "the vectors repeat along that axis", matrices_in_memory),
    Row("one product", ("tensordot",), "always", tensordot_as_product, late=True),
    Row("one matrix for all", ("matmul",), "the second operand is one matrix", one_matrix_for_all, late=True),
)
