"""The rewrites, each a row: arrays as small as they can be, and fewer passes over them.

The mean over tokens of H w, of 64 tokens and 16 features, is a row of what is summed before it is multiplied:

    t = np.matmul(H, w)           t = np.add.reduce(H, 0)     64 · 16 additions
    np.add.reduce(t) / 64         np.dot(t, w) / 64           16 multiplications, where there were 64 · 16
"""

from __future__ import annotations

import math

from minigrad.compiled import number_rows as numbers
from minigrad.compiled import product_rows as products
from minigrad.compiled import sum_rows as sums
from minigrad.compiled.rewriting import Rewriting, Row
from minigrad.program.value import Value


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


ROWS: tuple[Row, ...] = (
    Row("numbers first", ("multiply",), "a factor is a number", numbers.numbers_first),
    Row(
        "products flat", ("multiply",), "a factor is a product used only here",
        numbers.products_flat,
    ),
    Row("numbers of terms", ("add",), "a term has a number", numbers.numbers_of_terms),
    Row("one sign", ("add",), "every term is subtracted", numbers.one_sign),
    Row("common factor", ("add",), "every term is a product with it", numbers.common_factor),
    Row("whole place", ("embed", "embed_add"), "the part is as large as the whole", whole_place),
    Row("mask again", ("multiply",), "a factor is 0 where the mask is", mask_again),
    Row("expand inside", ("expand",), "of a product used only here", numbers.expand_inside),
    Row("constant out of a sum", ("sum",), "a factor has no summed axis", sums.constant_out_of_sum),
    Row("sum of terms", ("sum",), "every term is a product of two arrays", sums.sum_of_terms),
    Row(
        "sum of products", ("sum",), "two factors, summed over the last axis or all",
        sums.sum_of_products,
    ),
    Row(
        "sum through a product", ("sum",), "the product is used only here",
        sums.sum_through_product,
    ),
    Row(
        "sum at hand", ("einsum",), "the product with the whole array is made anyway",
        sums.sum_at_hand,
    ),
    Row(
        "product at hand", ("matmul",), "the other product is made anyway",
        products.product_at_hand,
    ),
    Row(
        "transposed at hand", ("matmul",), "the other product is made before",
        products.transposed_at_hand,
    ),
    Row(
        "vector before matrix", ("matmul",), "the product is used only here",
        products.vector_before_matrix,
    ),
    Row("number on a row", ("multiply",), "a factor has fewer elements", numbers.number_on_row),
    Row(
        "number into a sum", ("multiply",), "its terms have factors of fewer elements",
        numbers.number_into_sum,
    ),
    Row(
        "number on the fewest", ("multiply",), "an operand, or what it is made of, has no more elements",
        numbers.number_on_fewest,
    ),
    Row(
        "stack of vectors", ("einsum",), "one operand has no axis of its own",
        products.stack_of_vectors, late=True,
    ),
    Row("scaled rows", ("matmul",), "the other operand has fewer elements", products.scaled_rows),
    Row(
        "matrices in memory", ("matvec",), "the vectors repeat along that axis",
        products.matrices_in_memory,
    ),
    Row("one product", ("tensordot",), "always", products.tensordot_as_product, late=True),
    Row(
        "one matrix for all", ("matmul",), "the second operand is one matrix",
        products.one_matrix_for_all, late=True,
    ),
)
