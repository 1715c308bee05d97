"""Truth values beside numbers: what a mask rules out must not be met, since 0 times infinity is no 0."""

from __future__ import annotations

from fractions import Fraction

from minigrad.program.value import Value

Parts = list[tuple[Value, int | Fraction]]
_LARGE = {
    *("exp", "expm1", "exp2", "sinh", "cosh", "tan", "power", "nan_to_num"),
    *("log", "log2", "log10", "log1p"),
}
_DEPTH = 6  # how far up an argument is looked for what may overflow


def masked_parts(parts: Parts) -> tuple[Value, Parts] | None:
    """The mask among the factors and the other factors, where these may be infinite outside of it.

    A mask of single points stands for a limit that the others have there: 0 would hide it.
    """
    masks = [v for v, e in parts if v.kind == "bool" and e == 1 and not of_points(v)]
    if not masks:
        return None
    rest = [(v, e) for v, e in parts if v is not masks[0]]
    if not any(_may_overflow(v, e, _DEPTH) for v, e in rest):
        return None
    return masks[0], rest


def of_points(mask: Value) -> bool:
    return mask.op == "apply" and mask.params[0] in ("equal", "not_equal")


def _may_overflow(value: Value, exponent: int | Fraction, depth: int) -> bool:
    """Whether an element may be infinite where the arguments are not."""
    if exponent < 0 and value.ndim:
        return True
    if depth == 0:
        return False
    match value.op:
        case "apply":
            return value.params[0] in _LARGE
        case "multiply":
            return any(
                _may_overflow(arg, e, depth - 1)
                for arg, e in zip(value.args, value.params[1], strict=True)
            )
        case "add" | "permute" | "expand" | "broadcast":
            return any(_may_overflow(arg, 1, depth - 1) for arg in value.args)
    return False
