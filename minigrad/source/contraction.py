"""Contractions and matrix functions as expressions of an array library."""

from __future__ import annotations

from minigrad.index.size import written
from minigrad.program import Value
from minigrad.program.value import subscripts, swapped_last
from minigrad.source.dialect import Context, Texts
from minigrad.source.pieces import (
    ATOM,
    MATMUL,
    UNARY,
    Text,
    call,
)


def _matmul(value: Value, at: Context) -> Text:
    a, b = value.args
    solved = _solve(a, b, at)
    if solved is not None:
        return solved
    left, right = at.text(a), at.text(b)
    return Text(f"{left.within(MATMUL)} @ {right.within(UNARY)}", MATMUL)


def _solve(a: Value, b: Value, at: Context) -> Text | None:
    """An inverse that is only multiplied is a system to solve."""
    found = _only_inverse(a, at)
    if found is not None:
        matrix, turned = found
        other = b
    else:
        found = _only_inverse(b, at) if a.ndim == 1 else None
        if found is None:
            return None
        (matrix, turned), other = found, a
        turned = not turned
    text = at.text(matrix)
    if turned:
        text = Text(f"{text.within(ATOM)}.{'T' if matrix.ndim == 2 else 'mT'}")
    return at.dialect.solved(text, at.text(other), matrix.ndim, other.ndim)


def _only_inverse(value: Value, at: Context) -> tuple[Value, bool] | None:
    """The matrix whose inverse the value is, and whether transposed, when nothing else uses it."""
    turned = value.op == "permute"
    if turned:
        if value.params[0] != swapped_last(value.ndim) or not at.is_inline(value):
            return None
        value = value.args[0]
    if value.op != "matrix_function" or not value.params[0].inverts or not at.is_inline(value):
        return None
    return value.args[0], turned


def _matvec(value: Value, at: Context) -> Text:
    return call(at.dialect.function("matvec"), *(at.text(arg).text for arg in value.args))


def _tensordot(value: Value, at: Context) -> Text:
    a, b = value.args
    left, right = value.params
    n = len(left)
    plain = left == tuple(range(a.ndim - n, a.ndim)) and right == tuple(range(n))
    axes = str(n) if plain else f"({written(left)}, {written(right)})"
    over = f"{at.dialect.pairs}={axes}"
    return call(at.dialect.function("tensordot"), at.text(a).text, at.text(b).text, over)


def _einsum(value: Value, at: Context) -> Text:
    a, b, out = map(subscripts, value.params)
    return call(at.dialect.function("einsum"), f'"{a},{b}->{out}"', *(at.text(arg).text for arg in value.args))


def _matrix_function(value: Value, at: Context) -> Text:
    (row,) = value.params
    argument = at.text(value.args[0]).text
    text, helper = at.dialect.matrix_function(row)
    called = text.format(argument)
    return Text(called.replace(row.name, at.helper(row.name, at.dialect), 1) if helper else called)


TEXTS: Texts = {
    "matmul": _matmul,
    "matvec": _matvec,
    "tensordot": _tensordot,
    "einsum": _einsum,
    "matrix_function": _matrix_function,
}
