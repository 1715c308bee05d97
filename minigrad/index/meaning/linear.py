"""Linear algebra: inverses, determinants, solutions, Kronecker and vector products."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from fractions import Fraction

from minigrad.errors import DerivationError
from minigrad.index import affine, heads
from minigrad.index import view as v
from minigrad.index.algebra import add, permuted, scale
from minigrad.index.contract import symmetric
from minigrad.index.expr import Expr, Head, MatrixFunction, Number
from minigrad.index.matrix_row import MatrixRow, matrix_row
from minigrad.index.meaning.shape import tril, triu
from minigrad.index.pointwise import apply_head
from minigrad.index.view import View


def of_matrices(row: MatrixRow, x: View, unusual: Sequence[str] = ()) -> View:
    """What a matrix function means; ``unusual`` are parameters that have not their default."""
    what = f"linalg.{row.name}"
    if row.of != "symmetric" and unusual:
        raise DerivationError(
            f"{what}: a formula does not know {', '.join(f'{p}=' for p in unusual)}; "
            f"derive through {row.name}(x) alone"
        )
    if row.of in ("square", "symmetric"):
        v.meet(x.sizes[-2], x.sizes[-1], f"{what}: a square matrix is needed")
    if row.turned and _is_wide(x):
        x = v.permuted(x, [*range(x.ndim - 2), x.ndim - 1, x.ndim - 2])
        return of_matrices(matrix_row(row.turned), x)
    if None in x.axes[-2:]:
        return _of_single(row, x)
    matrix = v.permuted(x, range(x.ndim))
    expr = matrix.expr
    if row.of == "symmetric" and not symmetric(expr):
        lead = range(expr.ndim - 2)
        turned = permuted(expr, [*lead, expr.ndim - 1, expr.ndim - 2])
        expr = scale(Fraction(1, 2), add([(1, expr), (1, turned)]))
    kept = row.sizes(*matrix.sizes[-2:])
    node = MatrixFunction(row, expr)
    return View(node, (*matrix.axes[:-2], *range(node.ndim - len(kept), node.ndim)))


def _is_wide(x: View) -> bool:
    """Whether there are fewer rows than columns; sizes that are only names are taken for a tall matrix."""
    rows, columns = map(v.known_size, x.sizes[-2:])
    return isinstance(rows, int) and isinstance(columns, int) and rows < columns


def _of_single(row: MatrixRow, x: View) -> View:
    """A function of one number, which has no axes in index notation."""
    if not row.single or x.axes[-2:] != (None, None):
        raise DerivationError(f"linalg.{row.name}: a formula needs both axes longer than 1")
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
