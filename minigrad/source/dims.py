"""Dims from the shapes of arguments: ``n, d = X.shape``, and ``k = x.shape[0] // 2`` for an axis of 2k."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from minigrad.index.size import AnySize, Size
from minigrad.source.pieces import MULTIPLY, size_text

Shapes = Mapping[str, Sequence[AnySize]]  # by argument


def dim_lines(needed: set[str], shapes: Shapes, names: Mapping[str, str]) -> list[str]:
    """Assignments of the dims that are needed, as far as the shapes say them; ``names`` by dim."""
    missing = needed | _helping(needed, shapes)
    lines: list[str] = []
    for argument, sizes in shapes.items():
        fresh = [d for d in dict.fromkeys(map(_plain, sizes)) if d in missing]
        if len(sizes) > 1 and len(fresh) == len(sizes):
            lines.append(f"{', '.join(names[d] for d in fresh if d)} = {argument}.shape")
        else:
            for d in fresh:
                axis = next(k for k, size in enumerate(sizes) if _plain(size) == d)
                lines.append(f"{names[str(d)]} = {argument}.shape[{axis}]")
        missing -= {d for d in fresh if d}
    for d in sorted(missing):
        solved = _solved(d, shapes, names)
        if solved is not None:
            lines.append(f"{names[d]} = {solved}")
    return lines


def said_by(sizes: Sequence[AnySize], plain: set[str]) -> set[str]:
    """The dims that a shape says, given those that are plain axes of some array."""
    return {
        d
        for size in sizes
        if isinstance(size, Size)
        for d in size.names()
        if _slope(size, d) and size.names() - {d} <= plain
    }


def plain_dims(shapes: Iterable[Sequence[AnySize]]) -> set[str]:
    """The dims that are axes by themselves."""
    found = {_plain(size) for sizes in shapes for size in sizes}
    return {d for d in found if d is not None}


def _plain(size: AnySize) -> str | None:
    return size.name if isinstance(size, Size) else None


def _helping(needed: set[str], shapes: Shapes) -> set[str]:
    """Dims that must be known for others to be solved for."""
    found: set[str] = set()
    for d in needed - plain_dims(shapes.values()):
        telling = _telling(d, shapes)
        if telling is not None:
            found |= telling[2].names() - {d}
    return found


def _telling(dim: str, shapes: Shapes) -> tuple[str, int, Size] | None:
    """An argument, an axis and its size, which is linear in the dim and else in plain dims."""
    plain = plain_dims(shapes.values())
    for argument, sizes in shapes.items():
        for axis, size in enumerate(sizes):
            if isinstance(size, Size) and dim in said_by([size], plain):
                return argument, axis, size
    return None


def _slope(size: Size, dim: str) -> int:
    """How often the dim is in the size; 0 where it is not, or is multiplied by others."""
    alone = all(monomial == (dim,) for monomial in size.terms if dim in monomial)
    return max(size.terms.get((dim,), 0), 0) if alone else 0


def _solved(dim: str, shapes: Shapes, names: Mapping[str, str]) -> str | None:
    found = _telling(dim, shapes)
    if found is None:
        return None
    argument, axis, size = found
    slope = _slope(size, dim)
    rest = size - Size({(dim,): slope})
    text = f"{argument}.shape[{axis}]"
    if rest != 0:
        plain = isinstance(rest, int) and rest < 0
        text += f" + {-rest}" if plain else f" - {size_text(rest, names).within(MULTIPLY)}"
        text = text if slope == 1 else f"({text})"
    return text if slope == 1 else f"{text} // {slope}"
