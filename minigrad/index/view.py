"""A tensor as the language sees it: a node, and which of its axes each tensor axis is.

Axes of size 1 carry no index, so they are no axes of the node: in a `View` they stand as None. The
functions here are what a row's ``meaning`` is written in; each is NumPy's operation of that name.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from fractions import Fraction
from typing import Any, NamedTuple

from minigrad.errors import DimsError, ShapeError
from minigrad.index import affine
from minigrad.index.algebra import add, constant
from minigrad.index.contract import contract
from minigrad.index.expr import Composite, Definition, Expr, Number, Pick
from minigrad.index.numbers import number
from minigrad.index.size import AnySize, Size, prod, quotient, value_of


class View(NamedTuple):
    """A node with its tensor's axes: ``axes[k]`` is the node's axis for tensor axis k, None for size 1."""

    expr: Expr
    axes: tuple[int | None, ...]

    @property
    def ndim(self) -> int:
        return len(self.axes)

    @property
    def sizes(self) -> tuple[AnySize, ...]:
        return tuple(1 if axis is None else self.expr.sizes[axis] for axis in self.axes)

    def operand(self, labels: Sequence[Hashable]) -> tuple[Expr, tuple[Hashable, ...]]:
        """The node with its own labels, given one label per tensor axis."""
        own: list[Hashable] = [None] * self.expr.ndim
        for axis, label in zip(self.axes, labels, strict=True):
            if axis is not None:
                own[axis] = label
        return self.expr, tuple(own)

    # A view is no sequence of its parts: its arithmetic is that of arrays.

    def __add__(self, other: Any) -> View:
        return _plus((1, self), (1, other))

    def __radd__(self, other: Any) -> View:
        return _plus((1, other), (1, self))

    def __sub__(self, other: Any) -> View:
        return _plus((1, self), (-1, other))

    def __rsub__(self, other: Any) -> View:
        return _plus((1, other), (-1, self))

    def __neg__(self) -> View:
        return _plus((-1, self))

    def __mul__(self, other: Any) -> View:
        return _times((self, 1), (other, 1))

    def __rmul__(self, other: Any) -> View:
        return _times((other, 1), (self, 1))

    def __truediv__(self, other: Any) -> View:
        return _times((self, 1), (other, -1))

    def __rtruediv__(self, other: Any) -> View:
        return _times((other, 1), (self, -1))

    def __pow__(self, exponent: int | Fraction) -> View:
        return _times((self, exponent))


# -- sizes that meet ----------------------------------------------------------------------------

# What dims measure in the graph at hand; None where they have no numbers (`mg.symbols`).
_measured: ContextVar[Mapping[str, int] | None] = ContextVar("measured", default=None)


@contextmanager
def measured(sizes: Mapping[str, int] | None) -> Iterator[None]:
    """Within: dims have these sizes, and two names of one size may meet."""
    token = _measured.set(sizes)
    try:
        yield
    finally:
        _measured.reset(token)


def meet(a: AnySize, b: AnySize, what: str) -> AnySize:
    """The size of an axis that two operands share; raises ShapeError when they cannot."""
    if a == b:
        return a
    known = _measured.get()
    if known is not None and value_of(a, known) == value_of(b, known):
        return a if isinstance(a, Size) else b
    raise DimsError(
        f"{what}: the dims {a} and {b} differ; give both axes one name, or reshape one of them",
        a,
        b,
    )


def known_size(size: AnySize) -> AnySize:
    """The size as a number where the graph at hand has numbers."""
    known = _measured.get()
    return size if known is None else value_of(size, known)


# -- making views ---------------------------------------------------------------------------------


def whole(expr: Expr) -> View:
    """The view in which every axis of the node is a tensor axis."""
    return View(expr, tuple(range(expr.ndim)))


def number_view(value: Number | Expr) -> View:
    return whole(value if isinstance(value, Expr) else constant(value))


def contraction(
    out: Sequence[Hashable],
    operands: Sequence[tuple[View, Sequence[Hashable]]],
    coef: Number = 1,
    sizes: Mapping[Hashable, AnySize] | None = None,
    what: str = "contraction",
) -> View:
    """An einsum over views; an output label that nothing carries has size 1, or its ``sizes``."""
    known: dict[Hashable, AnySize] = dict(sizes or {})
    for view, labels in operands:
        for label, size in zip(labels, view.sizes, strict=True):
            if size != 1:
                known[label] = meet(known[label], size, what) if label in known else size
    kept = [label for label in out if known.get(label, 1) != 1]
    expr = contract(
        kept,
        [view.operand(labels) for view, labels in operands],
        coef,
        {label: known[label] for label in kept},
    )
    position = {label: i for i, label in enumerate(kept)}
    return View(expr, tuple(position.get(label) for label in out))


def broadcast_sizes(views: Sequence[View], what: str) -> list[AnySize]:
    """NumPy's broadcast shape of the views."""
    ndim = max(view.ndim for view in views)
    sizes: list[AnySize] = [1] * ndim
    for view in views:
        for k, size in enumerate(view.sizes, start=ndim - view.ndim):
            if size != 1:
                sizes[k] = size if sizes[k] == 1 else meet(sizes[k], size, what)
    return sizes


def broadcast_to(view: View, sizes: Sequence[AnySize], what: str = "broadcast_to") -> View:
    labels = range(len(sizes))
    wanted: dict[Hashable, AnySize] = {
        label: s for label, s in zip(labels, sizes, strict=True) if s != 1
    }
    return contraction(labels, [(view, labels[len(sizes) - view.ndim :])], 1, wanted, what)


def elementwise(build: Callable[..., Expr], views: Sequence[View], what: str) -> View:
    """``build`` on nodes broadcast to one shape."""
    sizes = broadcast_sizes(views, what)
    spread = [broadcast_to(view, sizes) for view in views]
    return View(build(*(view.expr for view in spread)), spread[0].axes)


def _plus(*terms: tuple[int, Any]) -> View:
    """A sum of views and numbers, broadcast."""
    coefs = [coef for coef, _ in terms]
    return elementwise(
        lambda *nodes: add(list(zip(coefs, nodes, strict=True))),
        [_as_view(value) for _, value in terms],
        "sum",
    )


def _times(*factors: tuple[Any, int | Fraction]) -> View:
    """A product of powers of views and numbers, broadcast."""

    def product(*nodes: Expr) -> Expr:
        axes = range(nodes[0].ndim)
        powers = (exponent for _, exponent in factors)
        return contract(axes, [(x, axes, e) for x, e in zip(nodes, powers, strict=True)])

    return elementwise(product, [_as_view(value) for value, _ in factors], "product")


def _as_view(value: Any) -> View:
    return value if isinstance(value, View) else number_view(number(value))


# -- axes -----------------------------------------------------------------------------------------


def normal_axes(view: View, axis: int | Sequence[int] | None) -> tuple[int, ...]:
    if axis is None:
        return tuple(range(view.ndim))
    axes = (axis,) if isinstance(axis, int) else tuple(axis)
    return tuple(a % view.ndim for a in axes)


def reduce(
    view: View, axis: int | Sequence[int] | None, keepdims: bool, build: Callable[[Expr, int], Expr]
) -> View:
    """``build(node, count)`` reduces the last ``count`` axes of a node, the chosen ones moved there."""
    chosen = normal_axes(view, axis)
    kept = [k for k in range(view.ndim) if k not in chosen]
    moved = permuted(view, (*kept, *chosen))
    count = sum(view.axes[k] is not None for k in chosen)
    expr = build(moved.expr, count) if count else moved.expr
    remaining = dict(zip(kept, moved.axes, strict=False))
    if keepdims:
        return View(expr, tuple(remaining.get(k) for k in range(view.ndim)))
    return View(expr, tuple(remaining[k] for k in kept))


def sum_(view: View, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> View:
    labels = range(view.ndim)
    chosen = normal_axes(view, axis)
    out = [("one", k) if k in chosen else k for k in labels if keepdims or k not in chosen]
    return contraction(out, [(view, labels)])


def count_of(view: View, axis: int | Sequence[int] | None) -> AnySize:
    """How many elements a reduction over ``axis`` runs over."""
    return prod(view.sizes[k] for k in normal_axes(view, axis))


def permuted(view: View, axes: Sequence[int]) -> View:
    """`numpy.transpose`, with the node's axes put in the tensor's order."""
    return contraction(axes, [(view, range(view.ndim))])


def with_axes(view: View, places: Sequence[int | None]) -> View:
    """Tensor axis k of the result is tensor axis ``places[k]``, or a new one of size 1 for None."""
    return View(view.expr, tuple(None if place is None else view.axes[place] for place in places))


def reshape(view: View, sizes: Sequence[AnySize]) -> View:
    """`numpy.reshape`, row-major; ``sizes`` may hold one -1."""
    before = [(k, s) for k, s in enumerate(view.sizes) if s != 1]
    if -1 in sizes:
        rest = prod(s for s in sizes if s != -1)
        missing = quotient(prod(view.sizes), rest)
        if missing is None:
            missing = quotient(_counted(view.sizes), _counted(sizes, skip=-1))
        if missing is None:
            raise ShapeError(
                f"reshape: {_show(view.sizes)} has no axis of a whole size left for {_show(sizes)}"
            )
        sizes = [missing if s == -1 else s for s in sizes]
    after = [(k, s) for k, s in enumerate(sizes) if s != 1]
    groups = _groups([s for _, s in before], [s for _, s in after])
    if groups is None:
        raise ShapeError(
            f"reshape: {_show(view.sizes)} and {_show(sizes)} hold different numbers of elements"
        )
    operands: list[tuple[View, Sequence[Hashable]]] = [
        (view, [("in", k) for k in range(view.ndim)])
    ]
    known: dict[Hashable, AnySize] = {("out", k): s for k, s in after}
    for inside, outside in groups:
        labels = [("in", before[i][0]) for i in inside] + [("out", after[j][0]) for j in outside]
        if len(inside) == len(outside) == 1:
            node: Expr = affine.delta(before[inside[0]][1])
        else:
            node = affine.reshape([before[i][1] for i in inside], [after[j][1] for j in outside])
        operands.append((whole(node), labels))
    return contraction([("out", k) for k in range(len(sizes))], operands, 1, known, "reshape")


def _groups(
    before: list[AnySize], after: list[AnySize]
) -> list[tuple[list[int], list[int]]] | None:
    """The shortest runs of axes on both sides that hold equally many elements."""
    groups: list[tuple[list[int], list[int]]] = []
    i = j = 0
    while i < len(before) or j < len(after):
        inside: list[int] = []
        outside: list[int] = []
        left: AnySize = 1
        right: AnySize = 1
        while True:
            if inside and outside and _same(left, right):
                break
            left_first = not inside or (bool(outside) and _may_grow(left, right))
            grow_left = i < len(before) and (left_first or j >= len(after))
            if grow_left:
                left, i = left * before[i], i + 1
                inside.append(i - 1)
            elif j < len(after):
                right, j = right * after[j], j + 1
                outside.append(j - 1)
            else:
                return None
        groups.append((inside, outside))
    return groups


def _may_grow(left: AnySize, right: AnySize) -> bool:
    """Whether the left run of axes is the one that lacks elements."""
    known = _measured.get()
    if (isinstance(left, int) and isinstance(right, int)) or known is not None:
        return value_of(left, known or {}) < value_of(right, known or {})
    return quotient(right, left) is not None or quotient(left, right) is None


def _same(a: AnySize, b: AnySize) -> bool:
    known = _measured.get()
    return a == b or (known is not None and value_of(a, known) == value_of(b, known))


def _counted(sizes: Sequence[AnySize], skip: int | None = None) -> AnySize:
    known = _measured.get()
    kept = [s for s in sizes if s != skip]
    return prod(kept if known is None else [value_of(s, known) for s in kept])


def _show(sizes: Sequence[AnySize]) -> str:
    return "(" + ", ".join(map(str, sizes)) + ")"


# -- indexing and joining ---------------------------------------------------------------------------


def along(view: View, axis: int, node: Expr, size: AnySize | None) -> View:
    """Replace an axis: ``out[.., j, ..] = sum_i node[j, i] view[.., i, ..]``; ``size`` None drops j."""
    labels: list[Hashable] = list(range(view.ndim))
    out: list[Hashable] = ["new" if k == axis else k for k in labels]
    pair: tuple[Hashable, ...] = ("new", axis)
    if size is None:
        out.remove("new")
        pair = (axis,)
    known: dict[Hashable, AnySize] = {} if size is None else {"new": size}
    return contraction(out, [(view, labels), (whole(node), pair)], 1, known, "indexing")


def at(view: View, axis: int, position: int) -> View:
    """``view[.., position, ..]``: the axis is gone."""
    size = view.sizes[axis]
    if size == 1:
        return with_axes(view, [k for k in range(view.ndim) if k != axis])
    return along(view, axis, affine.onehot(size, position), None)


def slice_(view: View, axis: int, start: int | Size, step: int, length: AnySize) -> View:
    """``view[.., start : start + step * length : step, ..]``."""
    size = view.sizes[axis]
    if start == 0 and step == 1 and length == size:
        return view
    if size == 1:
        return view
    if length == 1:
        one = View(*at(view, axis, start))  # type: ignore[arg-type]
        places: list[int | None] = list(range(one.ndim))
        return with_axes(one, [*places[:axis], None, *places[axis:]])
    return along(view, axis, affine.slice_of(length, size, start, step), length)


def gather(view: View, axis: int, index: View) -> View:
    """``view[.., index, ..]``: the axis is replaced by the axes of an integer tensor."""
    size = view.sizes[axis]
    rows = [("index", k) for k in range(index.ndim)]
    labels: list[Hashable] = list(range(view.ndim))
    out = [*labels[:axis], *rows, *labels[axis + 1 :]]
    if size == 1:
        known: dict[Hashable, AnySize] = dict(zip(rows, index.sizes, strict=True))
        known = {row: length for row, length in known.items() if length != 1}
        return contraction(out, [(view, labels)], 1, known, "indexing")
    pick = Pick(index.expr, size)
    picked = View(pick, (*index.axes, pick.ndim - 1))
    return contraction(out, [(view, labels), (picked, [*rows, axis])], what="indexing")


def concatenate(views: Sequence[View], axis: int, what: str = "concatenate") -> View:
    """`numpy.concatenate`: every part put in its place of the whole, and summed."""
    (axis,) = normal_axes(views[0], axis)
    total: AnySize = 0
    for view in views:
        if view.ndim != views[0].ndim:
            raise ShapeError(f"{what}: operands of {views[0].ndim} and {view.ndim} axes")
        for k, (a, b) in enumerate(zip(views[0].sizes, view.sizes, strict=True)):
            if k != axis:
                meet(a, b, what)
        total = total + view.sizes[axis]
    terms: list[tuple[Number, Expr]] = []
    start: AnySize = 0
    axes: tuple[int | None, ...] = ()
    for view in views:
        length = view.sizes[axis]
        labels: list[Hashable] = list(range(view.ndim))
        out: list[Hashable] = ["whole" if k == axis else k for k in labels]
        place, pair = placement(start, length, total)
        part = contraction(
            out,
            [(view, labels), (whole(place), pair(axis, "whole"))],
            1,
            {"whole": total},
            "concatenate",
        )
        terms.append((1, part.expr))
        axes = part.axes
        start = start + length
    return View(add(terms), axes)


def placement(
    start: AnySize,
    length: AnySize,
    total: AnySize,
) -> tuple[affine.AffineRelation, Callable[[Hashable, Hashable], tuple[Hashable, ...]]]:
    """The 0/1 tensor that puts ``length`` elements at ``start`` of ``total``, and how to label it."""
    if length == 1:
        return affine.onehot(total, start), lambda small, large: (large,)
    return affine.slice_of(length, total, start), lambda small, large: (small, large)


def composite(
    definition: Definition,
    views: Sequence[View],
    axes: tuple[int | None, ...] | None = None,
) -> View:
    """A composite of the nodes as they are; ``axes`` are the result's (those of the first view)."""
    args = tuple(view.expr for view in views)
    sizes = definition.build(*args).sizes
    return View(Composite(definition, args, sizes), views[0].axes if axes is None else axes)
