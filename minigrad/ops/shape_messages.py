"""Why operands do not fit an operation, in its own words: ``(shapes, **params) -> text or None``."""

from __future__ import annotations

from typing import Any

from minigrad.index.size import unpaired, unspread

Shapes = list[tuple[int, ...]]


def products(shapes: Shapes) -> str | None:
    """Matrix products: the inner sizes must be equal."""
    left, right = shapes
    if not left or not right:
        return "a matrix product needs operands of at least one axis; multiply by a number with *"
    told = dotted(shapes)
    if told is not None:
        return told
    for a, b in zip(left[-3::-1], right[-3::-1], strict=False):
        if a != b and 1 not in (a, b):
            return f"leading sizes {a} and {b} do not broadcast; they must be equal or 1"
    return None


def dotted(shapes: Shapes) -> str | None:
    """NumPy's dot: the inner sizes must be equal, where both have axes."""
    left, right = shapes
    rows = right[-2:][0] if right else None
    if left and right and left[-1] != rows:
        return (
            f"the inner sizes differ, {left[-1]} columns on the left meet {rows} rows on the "
            "right; transpose an operand or change its size"
        )
    return None


def inner(shapes: Shapes) -> str | None:
    """Inner products: the last sizes must be equal."""
    left, right = shapes
    if left and right and left[-1] != right[-1]:
        return (
            f"the last sizes differ, {left[-1]} and {right[-1]}; inner sums over the last axis of "
            "both operands"
        )
    return None


def paired(shapes: Shapes, *, axes: Any) -> str | None:
    """Tensor products: axes that are summed together have equal sizes."""
    left, right = shapes
    for i, j in zip(*axes, strict=True):
        if left[i] != right[j]:
            return (
                f"sizes {left[i]} and {right[j]} differ, on axis {i} of the left and axis {j} of "
                "the right operand, which are summed together"
            )
    return None


def subscripts(shapes: Shapes, *, subscripts: str) -> str | None:
    """Einstein sums: one letter has one size, and the output names letters of the inputs."""
    inputs, _, output = subscripts.partition("->")
    sizes: dict[str, int] = {}
    for part, shape in zip(inputs.split(","), shapes, strict=True):
        before, dots, after = part.partition("...")
        count = len(after) if dots else 0
        pairs = [*zip(before, shape, strict=False)]
        pairs += zip(after, shape[len(shape) - count :], strict=True)
        for letter, size in pairs:
            if size != 1 and sizes.setdefault(letter, size) != size:
                return (
                    f"index {letter!r} of {subscripts!r} has two sizes, {sizes[letter]} and "
                    f"{size}; use another letter or change a size"
                )
    unknown = set(output.replace(".", "")) - set(inputs)
    if unknown:
        return f"the output of {subscripts!r} names {sorted(unknown)}, which no operand has"
    return None


def joined(shapes: Shapes, *, axis: int) -> str | None:
    """Concatenation: all sizes but those along the axis must be equal."""
    first = shapes[0]
    for shape in shapes[1:]:
        if len(shape) != len(first):
            return f"operands of {len(first)} and {len(shape)} axes cannot be joined; reshape one"
        for i, (a, b) in enumerate(zip(first, shape, strict=True)):
            if i != axis and a != b:
                return (
                    f"sizes {a} and {b} differ on axis {i}; only axis {axis}, along which the "
                    "operands are joined, may differ"
                )
    return None


def stacked(shapes: Shapes, *, axis: int) -> str | None:
    """Stacking: all shapes must be equal."""
    different = next((shape for shape in shapes if shape != shapes[0]), None)
    if different is None:
        return None
    return (
        f"shapes {shapes[0]} and {different} differ; stack needs equal shapes, concatenate joins "
        "along an existing axis"
    )


def systems(shapes: Shapes, **params: Any) -> str | None:
    """Linear systems: a square matrix, and as many right-hand rows."""
    a, b = shapes
    square = squares([a])
    if square is not None:
        return square
    if not b:
        return "the right-hand side is a vector or a matrix, not a number"
    rows = b[0] if len(b) == 1 else b[-2]
    if a[-1] != rows:
        return f"{a[-1]} unknowns need {a[-1]} rows on the right-hand side, not {rows}"
    return None


def squares(shapes: Shapes, **params: Any) -> str | None:
    """Square matrices."""
    shape = shapes[0]
    if len(shape) < 2:
        return "a matrix is needed, the operand has fewer than two axes"
    if shape[-1] != shape[-2]:
        return (
            f"the matrix must be square, not {shape[-2]} by {shape[-1]}; linalg.pinv and "
            "linalg.svd take any shape"
        )
    return None


def losses(shapes: Shapes, **params: Any) -> str | None:
    """Losses: predictions and targets of one shape, and weights that broadcast to it."""
    predictions, targets, *weights = shapes
    told = unpaired(predictions, targets)
    shape = predictions or targets
    return told or next((t for t in (unspread(w, shape) for w in weights) if t), None)
