"""Two labelled arrays into one: as a matrix product where it is one, else the plainest form there is.

Which form it is, the groups of labels say; for A and B of two rows and three columns, say:

    Σⱼ Aᵢⱼ Bₖⱼ     left i, right k, summed j     A @ B.T
    Σⱼ Aᵢⱼ Bᵢⱼ     both i, summed j              sum(A * B, axis=1)
    Σᵢⱼ Aᵢⱼ Bᵢⱼ    summed i and j                sum(A * B)
    Aᵢⱼ vⱼ         both j, left i                A * v
    Σⱼ Pᵦᵢⱼ Qᵦⱼₖ   both β, left i, right k, summed j    P @ Q, a stack of products
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import NamedTuple, cast

from minigrad.index.size import AnySize
from minigrad.program.value import Kind, Value
from minigrad.program.value_builder import ValueBuilder

Label = Hashable


class Labelled(NamedTuple):
    """A value with a label for each of its axes, all different."""

    value: Value
    labels: tuple[Label, ...]

    @property
    def axes(self) -> tuple[int, ...]:
        """The labels of a node's own value: the axes along which it varies."""
        return cast("tuple[int, ...]", self.labels)


class Groups(NamedTuple):
    """The labels of a pair by their part in its product; each in the order of the result."""

    both: tuple[Label, ...]
    left: tuple[Label, ...]
    right: tuple[Label, ...]
    summed: tuple[Label, ...]


def grouped(
    left: frozenset[Label],
    right: frozenset[Label],
    result: frozenset[Label],
    order: Sequence[Label],
) -> Groups:
    """Which labels are shared, free or summed; ``order`` ranks every label."""
    rank = {label: k for k, label in enumerate(order)}

    def ranked(labels: frozenset[Label]) -> tuple[Label, ...]:
        return tuple(sorted(labels, key=lambda label: (rank.get(label, len(rank)), repr(label))))

    return Groups(
        ranked(left & right & result),
        ranked((left - right) & result),
        ranked((right - left) & result),
        ranked((left | right) - result),
    )


def wanted_orders(groups: Groups) -> tuple[tuple[Label, ...], tuple[Label, ...]]:
    """The axis orders in which the two operands of a contraction need no transposition."""
    both, left, right, summed = groups
    if not left:
        return both + summed, both + right + summed
    if not right:
        return both + left + summed, both + summed
    return both + left + summed, both + summed + right


def aligned(builder: ValueBuilder, operand: Labelled, order: Sequence[Label]) -> Value:
    """The operand's value with its axes in ``order``; axes that it lacks have length 1."""
    present = [label for label in order if label in operand.labels]
    value = builder.permute(operand.value, [operand.labels.index(label) for label in present])
    return builder.expand(
        value, [k for k, label in enumerate(order) if label not in operand.labels]
    )


def spread(builder: ValueBuilder, x: Labelled, sizes: Sequence[AnySize]) -> Value:
    """The node's value with all of its axes, whose sizes are given."""
    value = aligned(builder, x, range(len(sizes)))
    return value if len(x.labels) == len(sizes) else builder.broadcast_to(value, sizes)


def filled(
    builder: ValueBuilder, x: Labelled, sizes: Sequence[AnySize], axes: Sequence[int]
) -> Labelled:
    """The node's value with these of its axes in full."""
    wanted = sorted({*x.axes, *axes})
    value = aligned(builder, x, wanted)
    if len(wanted) > len(x.labels):
        value = builder.broadcast_to(value, [sizes[k] for k in wanted])
    return Labelled(value, tuple(wanted))


def along(
    builder: ValueBuilder, op: str, x: Labelled, axes: Sequence[int], kind: Kind = "float"
) -> Labelled:
    """An operation along axes that the value has, which keeps its shape."""
    own = [x.labels.index(axis) for axis in axes]
    return Labelled(builder.along(op, x.value, own, kind=kind), x.labels)


def contracted(builder: ValueBuilder, a: Labelled, b: Labelled, groups: Groups) -> Labelled:
    """The sum over ``groups.summed`` of a times b."""
    both, left, right, summed = groups
    a, b = (Labelled(builder.as_number(x.value), x.labels) for x in (a, b))
    if not left and not right:
        return _inner(builder, a, b, groups)
    if not both:
        return _unbatched(builder, a, b, groups)
    if len(summed) > 1:
        return _einsum(builder, a, b, both + left + right)
    if not right:
        return _matvec(builder, a, b, both, left, summed)
    if not left:
        return _matvec(builder, b, a, both, right, summed)
    # the last free label of each side is the matrix axis, the others broadcast
    order_a = (*both, *left[:-1], *_blank(right[:-1]), left[-1], *summed)
    order_b = (*both, *_blank(left[:-1]), *right[:-1], *summed, right[-1])
    out = (*both, *left[:-1], *right[:-1], left[-1], right[-1])
    return _made(
        builder, "matmul", aligned(builder, a, order_a), aligned(builder, b, order_b), out, a, b
    )


def _inner(builder: ValueBuilder, a: Labelled, b: Labelled, groups: Groups) -> Labelled:
    both, _, _, summed = groups
    if not both and len(summed) == 1:
        return _made(builder, "matmul", a.value, b.value, (), a, b)
    order = a.labels if set(a.labels) == {*both, *summed} else both + summed
    product = builder.multiply(
        1, [(aligned(builder, a, order), 1), (aligned(builder, b, order), 1)]
    )
    total = builder.reduce("sum", product, [k for k, lab in enumerate(order) if lab in summed])
    return Labelled(total, tuple(lab for lab in order if lab not in summed))


def _unbatched(builder: ValueBuilder, a: Labelled, b: Labelled, groups: Groups) -> Labelled:
    _, left, right, summed = groups
    if len(summed) == 1 and not left and b.labels[-1] in summed:
        free = tuple(lab for lab in b.labels if lab in right)
        return _made(builder, "matmul", b.value, a.value, free, b, a)
    if len(summed) == 1 and len(right) <= 1:
        left = tuple(lab for lab in a.labels if lab in left) if a.labels[-1] in summed else left
        if len(left) <= 1 or a.labels[-1] in summed:
            first, second = aligned(builder, a, left + summed), aligned(builder, b, summed + right)
            return _made(builder, "matmul", first, second, left + right, a, b)
    return _tensordot(builder, a, b, summed)


def _tensordot(
    builder: ValueBuilder, a: Labelled, b: Labelled, summed: tuple[Label, ...]
) -> Labelled:
    summed = tuple(lab for lab in a.labels if lab in summed)
    axes = tuple(tuple(x.labels.index(lab) for lab in summed) for x in (a, b))
    out = tuple(lab for x in (a, b) for lab in x.labels if lab not in summed)
    known = _sizes(a, b)
    value = builder.make("tensordot", (a.value, b.value), axes, [known[lab] for lab in out])
    return Labelled(value, out)


def _matvec(
    builder: ValueBuilder, matrix: Labelled, vector: Labelled,
    both: tuple[Label, ...], free: tuple[Label, ...], summed: tuple[Label, ...],
) -> Labelled:  # fmt: skip
    order = (*both, *_blank(free[:-1]), *summed)
    out = both + free
    operands = (aligned(builder, matrix, out + summed), aligned(builder, vector, order))
    return _made(builder, "matvec", *operands, out, matrix, vector)


def _einsum(builder: ValueBuilder, a: Labelled, b: Labelled, out: tuple[Label, ...]) -> Labelled:
    number = {lab: k for k, lab in enumerate(dict.fromkeys((*a.labels, *b.labels)))}
    params = tuple(tuple(number[lab] for lab in labels) for labels in (a.labels, b.labels, out))
    known = _sizes(a, b)
    return Labelled(
        builder.make("einsum", (a.value, b.value), params, [known[lab] for lab in out]), out
    )


def _made(
    builder: ValueBuilder,
    op: str,
    first: Value,
    second: Value,
    out: tuple[Label, ...],
    a: Labelled,
    b: Labelled,
) -> Labelled:
    known = _sizes(a, b)
    if op == "matmul" and first.ndim == second.ndim == 2 and first.op == second.op == "permute":
        first, second, out = second.args[0], first.args[0], out[::-1]
    return Labelled(builder.make(op, (first, second), (), [known[lab] for lab in out]), out)


def _sizes(a: Labelled, b: Labelled) -> dict[Label, AnySize]:
    return {lab: size for x in (a, b) for lab, size in zip(x.labels, x.value.sizes, strict=True)}


def _blank(labels: Sequence[Label]) -> tuple[Label, ...]:
    """Labels that no operand carries, for axes of length 1."""
    return tuple(("blank", k, label) for k, label in enumerate(labels))
