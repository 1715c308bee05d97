"""Linear algebra: inverses, determinants, solutions, Kronecker and vector products."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from fractions import Fraction

from minigrad.errors import DerivationError
from minigrad.index import affine, heads
from minigrad.index import view as v
from minigrad.index.algebra import add, permuted, scale
from minigrad.index.contract import contract, symmetric
from minigrad.index.expr import Expr, Head, MatrixFunction, Number
from minigrad.index.matrix_row import MatrixRow, matrix_row
from minigrad.index.meaning.shape import tril, triu
from minigrad.index.pointwise import apply_head
from minigrad.index.size import is_at_least
from minigrad.index.view import View


def of_matrices(row: MatrixRow, x: View, unusual: Sequence[str] = ()) -> View:
    """What a matrix function means; ``unusual`` are parameters that have not their default.

    Of a matrix that is said to be symmetric, by the row or as ``hermitian``, the symmetric part is taken.
    """
    what, is_symmetric = row.operation, row.of == "symmetric" or "hermitian" in unusual
    unknown = [] if row.of == "symmetric" else [name for name in unusual if name != "hermitian"]
    if unknown:
        raise DerivationError(
            f"{what}: a formula does not know {', '.join(f'{p}=' for p in unknown)}; "
            f"derive through {what}(x) alone"
        )
    if row.of == "square" or is_symmetric:
        v.meet(x.sizes[-2], x.sizes[-1], f"{what}: a square matrix is needed")
    if row.turned and _is_wide(x):
        x = v.permuted(x, [*range(x.ndim - 2), x.ndim - 1, x.ndim - 2])
        return of_matrices(matrix_row(row.turned), x)
    if row.single and x.axes[-2:] == (None, None):
        return _of_single(row, x)
    expr = _with_both_axes(x)
    if is_symmetric and not symmetric(expr):
        *lead, i, j = range(expr.ndim)
        expr = scale(Fraction(1, 2), add([(1, expr), (1, permuted(expr, [*lead, j, i]))]))
    return _where_they_were(MatrixFunction(row, expr), x.axes[:-2])


def _is_wide(x: View) -> bool:
    """Whether there are surely fewer rows than columns; what depends on names is taken for a tall matrix."""
    rows, columns = map(v.known_size, x.sizes[-2:])
    return rows != columns and bool(is_at_least(columns - rows, 0))


def _with_both_axes(x: View) -> Expr:
    """The node of a matrix, or a stack, with both axes of the matrix; elsewhere axes of size 1 are none."""
    labels = [k for k, axis in enumerate(x.axes) if axis is not None or k >= x.ndim - 2]
    return contract(labels, [x.operand(range(x.ndim))], 1, dict(enumerate(x.sizes)))


def _where_they_were(value: Expr, lead: Sequence[int | None]) -> View:
    """The axes of a stack in their places, and those of the matrix that are longer than 1."""
    labels, kept = list(range(value.ndim)), sum(axis is not None for axis in lead)
    single = [k for k in labels[kept:] if value.sizes[k] == 1]
    ones = [(affine.onehot(1, 0), (k,)) for k in single]
    out, places = [k for k in labels if k not in single], iter(range(kept))
    axes = [None if axis is None else next(places) for axis in lead]
    axes += [None if k in single else out.index(k) for k in labels[kept:]]
    return View(contract(out, [(value, labels), *ones]) if single else value, tuple(axes))


def _of_single(row: MatrixRow, x: View) -> View:
    """A function of one number, which has no axes in index notation."""
    head = heads.with_text(row.single) or Head(row.name, row.single)
    kept = row.sizes(*x.axes[-2:])
    return View(apply_head(head, [x.expr]), (*x.axes[:-2], *kept))


def solve(a: View, b: View) -> View:
    """A^-1 b, or A^-1 B."""
    inverse = of_matrices(matrix_row("inv"), a)
    if b.ndim == 1:
        return _contracted(inverse, b, "ij", "j", "i")
    return _contracted(inverse, b, "ij", "jk", "ik")


def solve_triangular(a: View, b: View, *, trans: int, lower: bool, unit_diagonal: bool) -> View:
    """The solution by one triangle of a; its other triangle is not read."""
    skip = 1 if unit_diagonal else 0
    triangle = tril(a, k=-skip) if lower else triu(a, k=skip)
    if unit_diagonal:
        size = a.sizes[-1]
        eye = v.broadcast_to(v.whole(affine.delta(size)), a.sizes)
        triangle = View(add([(1, triangle.expr), (1, eye.expr)]), triangle.axes)
    if trans:
        order = [*range(a.ndim - 2), a.ndim - 1, a.ndim - 2]
        triangle = v.permuted(triangle, order)
    return solve(triangle, b)


def _contracted(a: View, b: View, left: str, right: str, out: str) -> View:
    lead_a = [("lead", k) for k in range(a.ndim - len(left), 0, -1)]
    lead_b = [("lead", k) for k in range(b.ndim - len(right), 0, -1)]
    lead = max(lead_a, lead_b, key=len)
    return v.contraction(
        [*lead, *out], [(a, [*lead_a, *left]), (b, [*lead_b, *right])], what="solve"
    )


def outer(a: View, b: View) -> View:
    """All products of the elements of both, flattened."""
    left, right = (v.reshape(x, [v.count_of(x, None)]) for x in (a, b))
    return v.contraction("ij", [(left, "i"), (right, "j")], what="outer")


def kron(a: View, b: View) -> View:
    """Element (i p, j q) is a_ij b_pq."""
    ndim = max(a.ndim, b.ndim)
    a = v.with_axes(a, [*([None] * (ndim - a.ndim)), *range(a.ndim)])
    b = v.with_axes(b, [*([None] * (ndim - b.ndim)), *range(b.ndim)])
    left: list[Hashable] = [("a", k) for k in range(ndim)]
    right: list[Hashable] = [("b", k) for k in range(ndim)]
    out = [label for pair in zip(left, right, strict=True) for label in pair]
    product = v.contraction(out, [(a, left), (b, right)], what="kron")
    return v.reshape(product, [m * n for m, n in zip(a.sizes, b.sizes, strict=True)])


def cross(a: View, b: View) -> View:
    """c_i = sum e_ijk a_j b_k over three components."""
    sizes = v.broadcast_sizes([a, b], "cross")
    a, b = v.broadcast_to(a, sizes), v.broadcast_to(b, sizes)
    labels = list(range(len(sizes) - 1))
    terms: list[tuple[Number, Expr]] = []
    axes: tuple[int | None, ...] = ()
    for i, j, k, sign in (
        (0, 1, 2, 1),
        (1, 2, 0, 1),
        (2, 0, 1, 1),
        (0, 2, 1, -1),
        (1, 0, 2, -1),
        (2, 1, 0, -1),
    ):
        ones = [v.whole(affine.onehot(3, place)) for place in (i, j, k)]
        operands = [(a, [*labels, "j"]), (b, [*labels, "k"]), *zip(ones, "ijk", strict=True)]
        part = v.contraction([*labels, "i"], operands, what="cross")
        terms.append((sign, part.expr))
        axes = part.axes
    return View(add(terms), axes)
