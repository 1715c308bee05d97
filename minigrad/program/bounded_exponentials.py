"""A choice by x > c meets no e^x of the x that it rules out: in that branch, e^x is taken of min(x, c).

``where(x > 0, x, exp(x) - 1)`` is right in each element it keeps, but computes e^800 for x = 800, and
where it is multiplied by a 0 for those it does not keep, 0 · ∞ is no number. It becomes
``where(x > 0, x, expm1(minimum(x, 0)))``: that branch is read only where x <= 0, and min(x, 0) is x there.
"""

from __future__ import annotations

from collections.abc import Sequence

from minigrad.program.functions import COMPARISONS
from minigrad.program.masks import of_points
from minigrad.program.value import Value, in_order
from minigrad.program.value_builder import ValueBuilder


def bounded(builder: ValueBuilder, results: Sequence[Value]) -> tuple[Value, ...]:
    """The results of a finished program, every choice in it with bounded exponentials."""
    known: dict[Value, Value] = {}
    for value in in_order(results):
        args = [known[arg] for arg in value.args]
        if value.op == "apply" and value.params == ("where",):
            args = _bounded_branches(builder, args)
        made = value
        if any(new is not old for new, old in zip(args, value.args, strict=True)):
            made = builder.make(value.op, args, value.params, value.sizes, value.kind)
            if value in builder.names:
                builder.names.setdefault(made, builder.names[value])
        known[value] = made
    return tuple(known[value] for value in results)


def _bounded_branches(builder: ValueBuilder, args: Sequence[Value]) -> list[Value]:
    """The condition and the branches, with e^x where x is small taken of min(x, c)."""
    branches = list(args)
    found = _upper_bound(args[0])
    if found is not None:
        x, top, side = found
        k = 1 if side else 2
        branches[k] = _of_bounded(builder, branches[k], x, top)
    return branches


def _upper_bound(mask: Value) -> tuple[Value, Value, bool] | None:
    """(x, c, side): x is at most the number c where the mask is ``side``."""
    if mask.op != "apply" or mask.params[0] not in COMPARISONS or of_points(mask):
        return None
    left, right = mask.args
    grows = mask.params[0].startswith("greater")
    if left.op == "number":
        left, right, grows = right, left, not grows
    return (left, right, not grows) if right.op == "number" else None


def _of_bounded(builder: ValueBuilder, value: Value, x: Value, top: Value) -> Value:
    """The value with every e^x in it taken of min(x, top)."""
    if value in builder.names:
        return value
    match value.op:
        case "apply" if value.params[0] in ("exp", "expm1") and value.args == (x,):
            return builder.apply(value.params[0], [builder.apply("minimum", [x, top])])
        case "multiply":
            coef, exponents = value.params
            args = [_of_bounded(builder, arg, x, top) for arg in value.args]
            return builder.multiply(coef, list(zip(args, exponents, strict=True)))
        case "add":
            args = [_of_bounded(builder, arg, x, top) for arg in value.args]
            return builder.add(list(zip(value.params[0], args, strict=True)))
    return value
