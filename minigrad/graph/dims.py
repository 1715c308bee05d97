"""Named sizes: labels as in jaxtyping, and integers that remember them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from minigrad.errors import ArgumentError, AxisError, ShapeError
from minigrad.names import checked_name

# Set by graph.operation, which lies above: takes a function's name and the operands.
_numeric: dict[str, Callable[..., Any]] = {}


class Dim(int):
    """A size that knows the name of its dimension, so that formulas print √k and not 4.0."""

    name: str

    def __new__(cls, size: int, name: str) -> Dim:
        """Label a size."""
        dim = super().__new__(cls, size)
        dim.name = name
        return dim

    def __getnewargs__(self) -> tuple[int, str]:  # type: ignore[override]
        return int(self), self.name

    def __repr__(self) -> str:
        return int.__repr__(self)

    def __pow__(self, exponent: Any, modulus: Any = None) -> Any:
        if isinstance(exponent, float) and modulus is None:
            return _numeric["power"](self, exponent)
        return pow(int(self), exponent, modulus)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        return _numeric["ufunc"](self, ufunc, method, *inputs, **kwargs)


class Count(int):
    """A number of elements, which PyTorch's ``x.size()`` and ``x.size(0)`` ask for the shape."""

    sizes: tuple[int, ...]  # not "shape", which NumPy would believe

    def __call__(self, dim: int | None = None) -> Any:
        """The shape, or one of its sizes."""
        if dim is None:
            return self.sizes
        if not hasattr(dim, "__index__") or not -len(self.sizes) <= dim < len(self.sizes):
            raise AxisError(f"size: {dim!r} is no axis of a tensor with {len(self.sizes)} axes")
        return self.sizes[dim]

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        # A plain number does not widen the arrays that it meets.
        plain = (int(x) if isinstance(x, Count) else x for x in inputs)
        return getattr(ufunc, method)(*plain, **kwargs)


def parse_dims(dims: str | Iterable[str | None], ndim: int) -> tuple[str | None, ...]:
    """Split ``"n d"`` into one label per axis; ``_`` leaves an axis unnamed.

    Raises
    ------
    ShapeError
        When the number of labels differs from the number of axes.
    ArgumentError
        When a label is not an identifier.
    """
    if not isinstance(dims, Iterable):
        raise ArgumentError(f'dims={dims!r} is no list of labels; write them as in "n d"')
    labels = dims.split() if isinstance(dims, str) else list(dims)
    if len(labels) != ndim:
        raise ShapeError(
            f"dims={dims!r} names {len(labels)} axes but the array has {ndim}; "
            "give one label per axis, with _ for an axis without a name"
        )
    for label in labels:
        if label is not None and not _is_word(checked_name(label, "dims")):
            raise ArgumentError(
                f"dims={dims!r}: {label!r} is not a name; a label is a letter followed by "
                "letters, digits or underscores"
            )
    return tuple(None if label in (None, "_") else label for label in labels)


def _is_word(label: str) -> bool:
    """Letters, digits and underscores, no digit first."""
    letters = label.replace("_", "a")
    return letters.isalnum() and not letters[0].isdecimal()


def with_labels(shape: tuple[int, ...], dims: tuple[str | None, ...]) -> tuple[int, ...]:
    """Give each size its label."""
    return tuple(
        size if label is None else Dim(size, label) for size, label in zip(shape, dims, strict=True)
    )


def check_sizes(name: str | None, shape: tuple[int, ...], dims: tuple[str | None, ...]) -> None:
    """Refuse one dim name with two sizes inside one tensor."""
    sizes: dict[str, int] = {}
    for size, label in zip(shape, dims, strict=True):
        if label is not None and sizes.setdefault(label, size) != size:
            raise ShapeError(
                f"{name or 'tensor'}: dim {label!r} has two sizes, {sizes[label]} and {size}, "
                f"in shape {shape}; give the axes different names"
            )
