"""Values of printed formulas: tensors of which one knows what NumPy's shapes do not tell.

A vector is a column and may be turned into a row; a statistic of rows meets a matrix row by row; what 𝟏 is
repeated along takes the length of what it meets; subscripts that run are axes before all others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from minigrad import ops
from minigrad.errors import ShapeError
from minigrad.parsing.create import arange, eye, number, ones

ROWS, COLUMNS = "rows", "columns"
_OPEN = "the text does not say how large {} is; write ones(n) or eye(n) in NumPy's notation"


@dataclass(frozen=True)
class Value:
    """A tensor: ``letters`` are its first axes, and ``rank`` counts those that it has of its own."""

    tensor: Any  # a tensor, or a number or size of no axes
    rank: int = 0
    letters: tuple[str, ...] = ()
    turned: bool = False  # a row
    of: str = ""  # what a vector is a statistic of
    free: frozenset[int] = frozenset()  # own axes of length 1 that stand for any length
    is_identity: bool = False  # times the tensor, a number
    is_unit: bool = False  # unit vectors at the places that the tensor holds

    @property
    def sizes(self) -> tuple[Any, ...]:
        """The lengths of its own axes."""
        if not self.rank or self.is_unit:
            return ()
        return tuple(self.tensor.shape[len(self.letters) :])

    @property
    def kind(self) -> str:
        if self.is_identity or self.is_unit:
            return "the identity" if self.is_identity else "a unit vector"
        of_vector = "a row" if self.turned else "a column"
        shape = " × ".join("?" if k in self.free else str(n) for k, n in enumerate(self.sizes))
        return ("a number", f"{of_vector} of {shape}")[self.rank] if self.rank < 2 else f"{shape}"


def all_ones() -> Value:
    """𝟏, a column of any length."""
    return Value(ones(1), 1, free=frozenset({0}))


IDENTITY = Value(1, is_identity=True)


def held(tensor: Any, **known: Any) -> Value:
    return Value(tensor, getattr(tensor, "ndim", 0), **known)


def closed(value: Value) -> Value:
    """A value whose every size is known."""
    if value.is_identity or value.is_unit or value.free:
        raise ShapeError(_OPEN.format("I" if value.is_identity else "a unit vector" if value.is_unit else "𝟏"))
    return value


def mapped(function: Callable[[Any], Any], value: Value) -> Value:
    """A function of each element."""
    return replace(value, tensor=function(_tensor(value))) if not value.is_identity else closed(value)


def elementwise(function: Callable[..., Any], values: Sequence[Value]) -> Value:
    """A function of elements that meet each other."""
    values = _sized(values)
    rank = max(v.rank for v in values)
    if rank == 1 and len({v.turned for v in values if v.rank}) > 1:
        raise ShapeError("a row and a column do not meet element by element; their product is a matrix")
    letters = tuple(dict.fromkeys(p for v in values for p in v.letters))
    target = next((v.sizes for v in values if v.rank == rank and not v.free), None) or next(
        v.sizes for v in values if v.rank == rank
    )
    parts = [_spread(v, rank, target) for v in values]
    first = next(v for v in values if v.rank == rank)
    wide = [p for p in parts if p.rank == rank and rank]
    free = frozenset(k for k in range(rank) if all(k in p.free for p in wide))
    tensors = [_lettered(p, letters, rank) for p in parts]
    if not any(hasattr(t, "ndim") for t in tensors):
        tensors = [_number(t) for t in tensors]
    of = next((v.of for v in values if v.rank == rank and v.of), "")
    return Value(function(*tensors), rank, letters, first.turned, of, free)


def _sized(values: Sequence[Value]) -> Sequence[Value]:
    """Identities and unit vectors as large as what they meet."""
    if not any(v.is_identity or v.is_unit for v in values):
        return values
    whole = [v for v in values if not v.is_identity and not v.is_unit]
    return [_as_large_as(v, whole) if v.is_identity or v.is_unit else v for v in values]


def _as_large_as(value: Value, others: Sequence[Value]) -> Value:
    rank = 2 if value.is_identity else value.rank
    sizes = (n for v in others if v.rank == rank for k, n in enumerate(v.sizes) if k not in v.free)
    size = next(sizes, None) if value.is_identity else _last_size(others, rank)
    if size is None:
        return closed(value)
    if not value.is_identity:
        return of_unit(value, size)
    return held(eye(size)) if value is IDENTITY else elementwise(ops.multiply, [_factor(value), held(eye(size))])


def _factor(value: Value) -> Value:
    """The number that an identity is times of."""
    return replace(value, is_identity=False)


def of_identities(function: Callable[..., Any], *values: Value) -> Value:
    """The identity times a function of the numbers that identities are times of."""
    return replace(elementwise(function, [_factor(v) for v in values]), is_identity=True)


def _last_size(others: Sequence[Value], rank: int) -> Any:
    return next((v.sizes[-1] for v in others if v.rank == rank and rank - 1 not in v.free), None)


def of_unit(value: Value, size: Any) -> Value:
    """Unit vectors of a length, by their places."""
    places = value.tensor[..., None] if value.rank > 1 else value.tensor
    return Value(ops.where(ops.equal(places, arange(size)), 1.0, 0.0), value.rank, turned=value.turned)


def _spread(value: Value, rank: int, target: tuple[Any, ...]) -> Value:
    """A vector beside a matrix: along its rows where it is a statistic of them or only so fits, else NumPy's way."""
    if value.rank in (0, rank):
        return value
    if value.rank == 1 and rank == 2:
        (size,) = value.sizes
        is_column = value.of == ROWS or (not value.of and size not in (1, target[1]) and size == target[0])
        if 0 in value.free:
            return replace(value, tensor=_axes(value, 1), rank=2, free=frozenset({0, 1}))
        place = 1 if is_column and not value.turned else 0
        return replace(value, tensor=_axes(value, place), rank=2, turned=False, of="", free=frozenset({place}))
    if value.free:
        raise ShapeError(_OPEN.format("𝟏"))
    missing = rank - value.rank
    tensor = value.tensor[(*[slice(None)] * len(value.letters), *[None] * missing)]
    return replace(value, tensor=tensor, rank=rank, free=frozenset(range(missing)))


def _axes(value: Value, place: int) -> Any:
    """A new axis of length 1 among its own."""
    return value.tensor[(*[slice(None)] * (len(value.letters) + place), None)]


def _lettered(value: Value, letters: tuple[str, ...], rank: int) -> Any:
    """The tensor with an axis for each of the letters."""
    tensor = value.tensor
    if not letters or not value.letters:
        return tensor
    order = [value.letters.index(p) for p in letters if p in value.letters]
    own = [len(value.letters) + k for k in range(value.rank)]
    if order != sorted(order):
        tensor = ops.transpose(tensor, (*order, *own))
    places = [slice(None) if p in value.letters else None for p in letters]
    more = [None] * (rank - value.rank)
    return tensor if None not in places and not more else tensor[(*places, *more, *[slice(None)] * value.rank)]


def _tensor(value: Value) -> Any:
    return value.tensor if hasattr(value.tensor, "ndim") else _number(value.tensor)


def _number(value: Any) -> Any:
    return number(value) if isinstance(value, int | float) else ops.positive(value)


def transposed(value: Value) -> Value:
    if value.is_identity or not value.rank:
        return value
    if value.rank == 1:
        return replace(value, turned=not value.turned)
    if value.rank > 2:
        raise ShapeError(f"ᵀ is of matrices, and this is {value.kind}")
    tensor = ops.linalg.matrix_transpose(value.tensor) if value.letters else ops.transpose(value.tensor)
    return replace(value, tensor=tensor, free=frozenset(1 - k for k in value.free))


def product(a: Value, b: Value) -> Value:
    """Numbers scale; of vectors and matrices, the matrix product."""
    if a.is_identity or b.is_identity:
        one, other = (a, b) if a.is_identity else (b, a)
        if other.rank:
            return other if one is IDENTITY else elementwise(ops.multiply, [_factor(one), other])
        return of_identities(ops.multiply, one, other)
    if not a.rank or not b.rank:
        return elementwise(ops.multiply, [a, b])
    if (a.is_unit and a.rank == 1) or (b.is_unit and b.rank == 1):
        return _chosen(a, b)
    a, b = (_as_large_beside(a, b, 0), _as_large_beside(b, a, -1))
    left, right = (a.rank == 2 or a.turned), (b.rank == 2 or not b.turned)
    if a.rank > 2 or b.rank > 2 or left != right:
        raise ShapeError(
            f"{a.kind} times {b.kind} is no product of matrices; a space is a matrix product: write xᵀ y for a "
            "number, x yᵀ for a matrix, x ⊙ y element by element"
        )
    if not left:
        return _outer(a, b)
    inner_a, inner_b = a.rank - 1, 0
    if inner_a in a.free or inner_b in b.free:
        return _along_ones(a, b)
    letters = tuple(dict.fromkeys((*a.letters, *b.letters)))
    free = frozenset({0} & a.free if a.rank == 2 else ()) | frozenset(
        {a.rank - 1} if b.rank == 2 and 1 in b.free else ()
    )
    rank = a.rank + b.rank - 2
    turned = a.rank == 1 and b.rank == 2
    if not letters:
        return Value(ops.matmul(a.tensor, b.tensor), rank, (), turned, "", free)
    wide_a = a if a.rank == 2 else replace(a, tensor=_axes(a, 0), rank=2)
    wide_b = b if b.rank == 2 else replace(b, tensor=_axes(b, 1), rank=2)
    found = ops.matmul(_lettered(wide_a, letters, 2), _lettered(wide_b, letters, 2))
    whole = [slice(None)] * len(letters)
    own = (0 if a.rank == 1 else slice(None), 0 if b.rank == 1 else slice(None))
    return Value(found[(*whole, *own)], rank, letters, turned, "", free)


def _as_large_beside(value: Value, other: Value, axis: int) -> Value:
    """Rows of the identity, before a matrix with so many rows."""
    return of_unit(value, other.sizes[axis]) if value.is_unit and not other.free and axis == 0 else value


def _chosen(a: Value, b: Value) -> Value:
    """A row or a column of a matrix, by a unit vector."""
    if b.is_unit and not b.turned and not a.is_unit and (a.turned or a.rank == 2) and not a.letters:
        return held(closed(a).tensor[..., b.tensor])
    if a.is_unit and a.turned and not b.is_unit and not b.turned and not b.letters:
        return held(closed(b).tensor[a.tensor], turned=b.rank == 2)
    raise ShapeError(_OPEN.format("a unit vector"))


def _outer(a: Value, b: Value) -> Value:
    left = replace(a, tensor=_axes(a, 1), rank=2, of="", free=frozenset({*a.free, 1}))
    right = replace(
        b, tensor=_axes(b, 0), rank=2, of="", turned=False, free=frozenset({0, *(k + 1 for k in b.free)})
    )
    return elementwise(ops.multiply, [left, right])


def _along_ones(a: Value, b: Value) -> Value:
    """A product along an axis where one side is the same throughout: its number times the other's sum."""
    if a.rank - 1 in a.free and 0 in b.free:
        raise ShapeError(_OPEN.format("𝟏"))
    if 0 in b.free:
        return transposed(_along_ones(transposed(b), transposed(a)))
    # a repeats along its last axis, which b sums
    summed = replace(
        b, tensor=ops.sum(b.tensor, axis=len(b.letters)), rank=b.rank - 1, turned=b.rank == 2,
        free=frozenset(k - 1 for k in b.free), of="",
    )
    place = (*[slice(None)] * (len(a.letters) + a.rank - 1), 0)
    once = replace(a, tensor=a.tensor[place], rank=a.rank - 1, turned=False, of="", free=a.free - {a.rank - 1})
    return product(once, summed)


def total(function: Callable[..., Any], value: Value) -> Value:
    """A statistic of all own elements."""
    value = closed(value)
    axes = tuple(len(value.letters) + k for k in range(value.rank))
    tensor = _tensor(value)
    return Value(function(tensor, axis=axes) if value.letters else function(tensor), 0, value.letters)


def statistic(function: Callable[..., Any], value: Value, of: str) -> Value:
    """A number for each row, or for each column, of a matrix."""
    value = closed(value)
    if value.rank > 2 and of == ROWS:  # rows lie along the last axis
        return replace(value, tensor=function(value.tensor, axis=-1, keepdims=True), free=frozenset({value.rank - 1}))
    if value.rank != 2:
        raise ShapeError(f"a statistic of {of} is of a matrix, and this is {value.kind}")
    return Value(function(value.tensor, axis=-1 if of == ROWS else -2), 1, value.letters, of=of)


def summed(value: Value, letters: Sequence[str]) -> Value:
    """Σ over letters."""
    missing = [p for p in letters if p not in value.letters]
    if missing:
        raise ShapeError(f"nothing in the sum has the index {missing[0]}")
    axes = tuple(value.letters.index(p) for p in letters)
    return replace(
        value, tensor=ops.sum(value.tensor, axis=axes), letters=tuple(p for p in value.letters if p not in letters)
    )
