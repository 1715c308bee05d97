"""0/1 tensors that say which places belong together: affine relations between indices.

A delta, a slice, a unit vector, a reshape, a triangle, a roll and the windows of a convolution are one
notion, the bracket of ``c₀ + Σ c_k i_k = 0`` (or ≥ 0, or ≡ 0 mod m). What is special about each is its
name: a constructor makes it, and `AffineRelation.form` knows it again. As an example, x[2:8:3] of x with 9
elements is ``Σ_i [2 + 3 j − i = 0] x_i`` with j = 0, 1: the 2 × 9 bracket has ones at (0, 2) and (1, 5).
`relations` tells what two of them come to.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from minigrad.index.expr import Expr, Factor, Product, Sum, digest_of
from minigrad.index.size import AnySize, is_at_least, prod

# -- the names of relations ------------------------------------------------------------------------


class Delta(NamedTuple):
    """[i = j]."""


class Slice(NamedTuple):
    """[i = start + step j], axes (j, i): the whole is read at places that lie inside."""

    start: AnySize
    step: int


class OneHot(NamedTuple):
    """[i = place]."""

    place: AnySize


class Reshape(NamedTuple):
    """The row-major positions of the first ``before`` axes and of the others are equal."""

    before: int


class Triangle(NamedTuple):
    """[j ≤ i + k]."""

    k: AnySize


class Roll(NamedTuple):
    """[i = (j + shift) mod size]."""

    shift: AnySize


Reach = tuple[AnySize, AnySize] | None  # from the least to the greatest value, where that is known
Form = Delta | Slice | OneHot | Reshape | Triangle | Roll


# -- the node ---------------------------------------------------------------------------------------


class AffineRelation(Expr):
    """``[constant + Σ_k coefs[k] i_k ~ 0]`` for its indices, ~ being "=", "≥", or "≡" modulo ``modulus``.

    Except for "≥" the sign is chosen so that the last coefficient is negative. ``form`` is the name that
    the relation has, or None. A name says that places lie inside; where that depends on dims, only who
    makes the relation can know, and gives it.
    """

    __slots__ = ("coefs", "constant", "form", "modulus", "relation")

    def __init__(
        self,
        coefs: Sequence[AnySize],
        constant: AnySize,
        sizes: Sequence[AnySize],
        relation: str = "=",
        modulus: AnySize = 0,
        form: Form | None = None,
    ) -> None:
        if relation != "≥" and coefs and is_at_least(coefs[-1], 1):
            coefs, constant = [-c for c in coefs], -constant
        self.coefs, self.constant, self.sizes = tuple(coefs), constant, tuple(sizes)
        self.relation, self.modulus = relation, modulus
        self.weight, self.height = 1, 0
        self.form = next((f for known in _FORMS if (f := known(self)) is not None), form)
        # digests order terms, so what they are made of is seen in prints
        said = self.form if self.form is not None else (relation, modulus, constant, *self.coefs)
        name = type(self.form).__name__.lower()
        self.digest = digest_of("structural", name, [*map(str, self.sizes)], [*map(str, said)])


def is_a(node: Expr, form: type[Form]) -> bool:
    """Whether a node is a relation that has this name."""
    return isinstance(node, AffineRelation) and isinstance(node.form, form)


def told_axes(node: AffineRelation) -> list[range]:
    """Axes whose one place is told by all of the others: both sides of a reshape, the whole of a slice."""
    match node.form:
        case Reshape(before):
            return [range(before), range(before, node.ndim)]
        case Delta() | Roll():
            return [range(1), range(1, 2)]
        case Slice() | OneHot():
            return [range(node.ndim - 1, node.ndim)]
    return []


def delta(size: AnySize) -> AffineRelation:
    """[i = j]."""
    return AffineRelation((1, -1), 0, (size, size))


def slice_of(length: AnySize, size: AnySize, start: AnySize = 0, step: int = 1) -> AffineRelation:
    """[i = start + step j] for ``length`` places j inside an axis of ``size``."""
    return AffineRelation((step, -1), start, (length, size), form=Slice(start, step))


def onehot(size: AnySize, place: AnySize) -> AffineRelation:
    """[i = place]."""
    return AffineRelation((-1,), place, (size,), form=OneHot(place))


def reshape(before: Sequence[AnySize], after: Sequence[AnySize]) -> AffineRelation:
    """The row-major positions in axes ``before`` and in axes ``after`` are equal."""
    coefs = (*strides(before), *(-c for c in strides(after)))
    return AffineRelation(coefs, 0, (*before, *after), form=Reshape(len(before)))


def triangle(rows: AnySize, columns: AnySize, k: int = 0) -> AffineRelation:
    """[j ≤ i + k]."""
    return AffineRelation((1, -1), k, (rows, columns), "≥")


def roll(size: AnySize, shift: int) -> AffineRelation:
    """[i = (j + shift) mod size]."""
    return AffineRelation((1, -1), -shift, (size, size), "≡", size)


def has_windows(node: Expr) -> bool:
    """Whether a product, or a term of a sum, sums over windows or blocks of an array."""
    parts = [term for _, term in node.terms] if isinstance(node, Sum) else [node]
    products = [part for part in parts if isinstance(part, Product)]
    return any(_is_window(f, product) for product in products for f in product.factors)


def is_open_window(f: Factor) -> bool:
    """Whether a factor is a relation that has no name."""
    return isinstance(f.node, AffineRelation) and f.node.form is None and f.node.relation == "="


def _is_window(f: Factor, product: Product) -> bool:
    summed = {label for label in f.labels if label >= product.ndim}
    if is_a(f.node, Reshape):
        others = [g for g in product.factors if g is not f]
        carried = {label for g in others for label in g.labels}
        # rowsum(reshape(X, (b, m, 4))) is read as it stands
        whole = product.ndim <= 2 and not any(is_a(g.node, Reshape) for g in others)
        return not whole and not summed <= carried
    return is_open_window(f) and len(summed) > 1  # one of them is the place in the array


def has_maps(node: Product) -> bool:
    """Whether two of the factors are reshapes, or relations without a name."""
    nodes = [f.node for f in node.factors]
    maps = [x for x in nodes if isinstance(x, AffineRelation) and isinstance(x.form, Reshape | None)]
    return len(maps) > 1


Side = dict[int | None, AnySize]


def sides(node: AffineRelation) -> tuple[Side, Side]:
    """The two sides of a relation as it is read, axis by axis; None stands for the constant.

    The last index is told by the others: [i = 2 t + k − 1]. A reshape has its axes after on the left.
    """
    axes, last = range(node.ndim), node.ndim - 1
    if isinstance(node.form, Reshape):
        last = node.form.before
    left: Side = {k: -node.coefs[k] for k in axes if k >= last}
    right: Side = {k: node.coefs[k] for k in axes if k < last}
    return left, right if node.constant == 0 and right else {None: node.constant, **right}


def strides(sizes: Sequence[AnySize]) -> list[AnySize]:
    """How far the row-major position moves with each index."""
    return [prod(sizes[k + 1 :]) for k in range(len(sizes))]


# -- which relation has which name --------------------------------------------------------------------


def _onehot(node: AffineRelation) -> Form | None:
    known = node.relation == "=" and node.coefs == (-1,) and _is_inside(node)
    return OneHot(node.constant) if known else None


def _delta_or_slice(node: AffineRelation) -> Form | None:
    if node.relation != "=" or len(node.coefs) != 2 or node.coefs[1] != -1:
        return None
    step, start = node.coefs[0], node.constant
    if (step, start) == (1, 0) and node.sizes[0] == node.sizes[1]:
        return Delta()
    return Slice(start, step) if isinstance(step, int) and _is_inside(node) else None


def _reshape(node: AffineRelation) -> Form | None:
    before = row_major(node)
    if before is None or prod(node.sizes[:before]) != prod(node.sizes[before:]):
        return None
    return Reshape(before)


def row_major(node: AffineRelation) -> int | None:
    """How many of the axes come first, where two row-major positions are said to be equal."""
    if node.relation != "=" or node.constant != 0 or len(node.coefs) < 3:
        return None
    for before in range(1, len(node.coefs)):
        first, last = strides(node.sizes[:before]), strides(node.sizes[before:])
        if node.coefs == (*first, *(-c for c in last)):
            return before
    return None


def _triangle(node: AffineRelation) -> Form | None:
    return Triangle(node.constant) if (node.relation, node.coefs) == ("≥", (1, -1)) else None


def _roll(node: AffineRelation) -> Form | None:
    if node.relation != "≡" or node.coefs != (1, -1):
        return None
    return Roll(-node.constant) if {*node.sizes} == {node.modulus} else None


_FORMS: tuple[Callable[[AffineRelation], Form | None], ...] = (
    _onehot, _delta_or_slice, _reshape, _triangle, _roll,
)  # fmt: skip


def _is_inside(node: AffineRelation) -> bool:
    """Whether the place that the last index is read at lies inside for all of the others."""
    return are_places(range_of(node.coefs[:-1], node.constant, node.sizes[:-1]), node.sizes[-1])


def are_places(reach: Reach, size: AnySize) -> bool:
    """Whether all values between two are places of an axis."""
    if reach is None:
        return False
    return is_at_least(reach[0], 0) is True and is_at_least(size - reach[1], 1) is True


def range_of(coefs: Sequence[AnySize], constant: AnySize, sizes: Sequence[AnySize]) -> Reach:
    """The least and the greatest value; None where the sign of a coefficient depends on dims."""
    low = high = constant
    for c, size in zip(coefs, sizes, strict=True):
        if is_at_least(c, 0):
            high = high + c * (size - 1)
        elif is_at_least(-c, 0):
            low = low + c * (size - 1)
        else:
            return None
    return low, high
