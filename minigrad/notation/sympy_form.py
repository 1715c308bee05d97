"""Expressions as SymPy objects, in matrices or element by element, for SymPy to evaluate and simplify."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from itertools import product
from typing import Any

from minigrad.errors import DerivationError
from minigrad.index import heads
from minigrad.index.affine import AffineRelation, Roll, sides
from minigrad.index.expr import (
    Composite,
    Expr,
    Leaf,
    Map,
    MatrixFunction,
    Pick,
    Product,
    Reduction,
    Ref,
    Sum,
    postorder,
)
from minigrad.index.rebuild import transformed
from minigrad.index.size import AnySize
from minigrad.notation.choose import shortest
from minigrad.notation.matrix import matrix_form
from minigrad.notation.sympy_atoms import dim_symbol, head_value, size_symbol, variable
from minigrad.notation.sympy_matrix import FUNCTIONS_OF_ROWS, matrix_expression
from minigrad.notation.sympy_piece import NoMatrixFormError, matrix_function, total

# SymPy takes seconds for an expression of so many parts.
_MOST_PARTS = 10_000


def sympy_form(expr: Expr) -> Any:
    """A scalar expression, a matrix expression (a vector is a column), or an array of higher order.

    Variables become matrix symbols of their dims, vectors columns. What cannot be written in whole
    matrices is written by its elements: a sum over an index is SymPy's ``Sum``, which ``doit()`` carries out
    once its bounds are numbers.

    Raises
    ------
    DerivationError
        When SymPy has no form for it, or when it is larger than SymPy builds in reasonable time.
    """
    _bounded(expr)
    if expr.ndim <= 2:
        with suppress(NoMatrixFormError, DerivationError):
            return _by_matrices(expr)
    return _by_elements(expr)


def _bounded(expr: Expr) -> None:
    """Refuse what grows beyond bounds once every definition is written out, as nested softmaxes do."""
    opened = expr
    while any(isinstance(node, Composite) for node in postorder(opened)):
        opened = transformed(
            opened, lambda node: node.expand() if isinstance(node, Composite) else node
        )
        if opened.weight > _MOST_PARTS:
            raise DerivationError(
                f"sympy: with its definitions written out the formula has more than {_MOST_PARTS:,} parts; "
                "name intermediate tensors and take the formulas between them"
            )


def _by_matrices(expr: Expr) -> Any:
    plain = expr
    while any(_is_opened(node) for node in postorder(plain)):
        plain = transformed(plain, _without_definitions)
    places, tree = matrix_form(shortest(plain))
    if any(places):
        raise NoMatrixFormError("subscripts")
    leaves = {node.name: node for node in postorder(plain) if isinstance(node, Leaf)}
    return matrix_expression(tree, leaves, [size_symbol(size) for size in expr.sizes])


def _is_opened(node: Expr) -> bool:
    return isinstance(node, Composite) and node.definition.name not in FUNCTIONS_OF_ROWS


def _without_definitions(node: Expr) -> Expr:
    return node.expand() if isinstance(node, Composite) and _is_opened(node) else node


def _by_elements(expr: Expr) -> Any:
    s = heads.sympy()
    form = _Elements()
    if expr.ndim == 0:
        return form.element(expr, ())
    names = [s.Symbol(f"i_{k}", integer=True, nonnegative=True) for k in range(expr.ndim)]
    body = form.element(expr, names)
    sizes = [size_symbol(size) for size in expr.sizes]
    if expr.ndim <= 2:
        rows, columns = sizes[0], sizes[1] if expr.ndim == 2 else 1
        second = names[1] if expr.ndim == 2 else s.Symbol("i_1", integer=True, nonnegative=True)
        return s.FunctionMatrix(rows, columns, s.Lambda((names[0], second), body))
    if 0 in sizes:  # SymPy's comprehension takes no empty range
        return heads.zero_array(sizes)
    bounds = [(name, 0, size - 1) for name, size in zip(names, sizes, strict=True)]
    return s.tensor.array.ArrayComprehension(body, *bounds)


class _Elements:
    """One element of an expression, at given indices."""

    def __init__(self) -> None:
        self.fresh = 0

    def element(self, node: Expr, at: Sequence[Any]) -> Any:
        s = heads.sympy()
        match node:
            case Leaf():
                return self.leaf(node, at)
            case Ref():
                return self.element(node.node, at)
            case Sum():
                return s.Add(*(heads.exactly(c) * self.element(term, at) for c, term in node.terms))
            case Product():
                return self.contraction(node, at)
            case Map():
                return head_value(node.head, [self.element(arg, at) for arg in node.args])
            case Composite():
                return self.element(node.expand(), at)
            case AffineRelation():
                return structural_element(node, at)
            case Pick(index=Reduction(kind="argsort") as order):
                *batch, k, place = at
                return _is_zero(self.rank(order.arg, [*batch, place]) - k)
            case Pick():
                return s.KroneckerDelta(self.element(node.index, at[:-1]), at[-1])
            case MatrixFunction():
                return self.matrix_function(node, at)
            case Reduction():
                return self.reduction(node, at)
        raise DerivationError(f"{type(node).__name__}: this node has no SymPy form")

    def leaf(self, node: Leaf, at: Sequence[Any]) -> Any:
        s = heads.sympy()
        if node.kind == "size":
            return dim_symbol(node.name)
        if node.kind == "constant":
            return s.sympify(node.name)
        symbol = variable(node)
        if node.ndim == 0:
            return symbol
        if 0 in node.sizes:
            raise DerivationError(f"{node.name}: an array without elements has no element in SymPy")
        return symbol[(*at, 0)] if node.ndim == 1 else symbol[tuple(at)]

    def index(self) -> Any:
        self.fresh += 1
        return heads.sympy().Symbol(f"k_{self.fresh}", integer=True, nonnegative=True)

    def contraction(self, node: Product, at: Sequence[Any]) -> Any:
        s = heads.sympy()
        indices = [*at, *(self.index() for _ in node.summed)]
        result = heads.exactly(node.coef)
        for f in node.factors:
            exponent = s.Rational(f.exponent.numerator, f.exponent.denominator)
            result *= self.element(f.node, [indices[label] for label in f.labels]) ** exponent
        bounds = [
            (indices[label], 0, size_symbol(node.label_sizes[label]) - 1) for label in node.summed
        ]
        return total(result, *bounds)

    def matrix_function(self, node: MatrixFunction, at: Sequence[Any]) -> Any:
        s = heads.sympy()
        lead = list(at[: node.arg.ndim - 2])
        i, j = self.index(), self.index()
        rows, columns = map(size_symbol, node.arg.sizes[-2:])
        body = s.Lambda((i, j), self.element(node.arg, [*lead, i, j]))
        matrix = s.FunctionMatrix(rows, columns, body)
        value = matrix_function(node.row, matrix)
        if not node.row.ndim:
            return value
        # as it stands: indexing would invert a matrix of numbers of rows by its letters
        own = at[-2:] if node.row.ndim == 2 else (at[-1], 0)
        return s.matrices.expressions.matexpr.MatrixElement(value, *own)

    def reduction(self, node: Reduction, at: Sequence[Any]) -> Any:
        s = heads.sympy()
        kept = list(at[: node.arg.ndim - node.count])
        lengths = node.arg.sizes[node.arg.ndim - node.count :]
        if node.kind in ("prod", "others"):
            return self.over_axes(node, at, kept, lengths)
        if node.kind in ("sort", "argsort"):
            return self.in_order(node, at)
        if not all(isinstance(length, int) for length in lengths):
            raise DerivationError(
                f"{node.kind}: SymPy has no form for it over an axis of symbolic size; "
                "give the axis a number, as in 'X: m 3'"
            )
        every = product(*(range(int(str(length))) for length in lengths))
        elements = [self.element(node.arg, [*kept, *place]) for place in every]
        largest = s.Max(*elements)
        if node.kind == "max":
            return largest
        own = s.KroneckerDelta(self.element(node.arg, at) - largest, 0)
        return own / s.Add(*(s.KroneckerDelta(e - largest, 0) for e in elements))

    def in_order(self, node: Reduction, at: Sequence[Any]) -> Any:
        """What has rank k among the elements: one of them, or its place."""
        *batch, k = at
        j = self.index()
        wanted = self.element(node.arg, [*batch, j]) if node.kind == "sort" else j
        own = _is_zero(self.rank(node.arg, [*batch, j]) - k)
        return total(wanted * own, (j, 0, size_symbol(node.sizes[-1]) - 1))

    def rank(self, node: Expr, at: Sequence[Any]) -> Any:
        """How many elements of a row come before this one: smaller ones, and equal ones on its left."""
        s = heads.sympy()
        *batch, j = at
        i = self.index()
        other, own = self.element(node, [*batch, i]), self.element(node, at)
        counted = s.Heaviside(own - other, 0) + _is_zero(own - other) * s.Heaviside(j - i, 0)
        return total(counted, (i, 0, size_symbol(node.sizes[-1]) - 1))

    def over_axes(
        self, node: Reduction, at: Sequence[Any], kept: list[Any], lengths: Sequence[AnySize]
    ) -> Any:
        """A product of all elements, or of all others; right also where elements are 0."""
        s = heads.sympy()
        places = [self.index() for _ in lengths]
        bounds = [(k, 0, size_symbol(n) - 1) for k, n in zip(places, lengths, strict=True)]
        element = self.element(node.arg, [*kept, *places])
        if node.kind == "others":
            own = s.Mul(
                *(s.KroneckerDelta(k, i) for k, i in zip(places, at[len(kept) :], strict=True))
            )
            element = own + (1 - own) * element
        return s.Product(element, *bounds)


def _is_zero(x: Any) -> Any:
    """1 where x is 0, else 0; a delta of a sum SymPy would solve for an index, in floats."""
    s = heads.sympy()
    return 1 - s.Abs(s.sign(x))


def structural_element(node: AffineRelation, at: Sequence[Any]) -> Any:
    """A 0/1 tensor as a Kronecker delta, its last index told by the others, or a case."""
    s = heads.sympy()
    if isinstance(node.form, Roll):
        shift, size = node.form.shift, size_symbol(node.sizes[0])
        return s.KroneckerDelta(at[0], s.Mod(at[1] + shift, size))
    told, by = (
        s.Add(*(size_symbol(c) * (1 if k is None else at[k]) for k, c in side.items()))
        for side in sides(node)
    )
    if node.relation == "=":
        return s.KroneckerDelta(told, by)
    if node.relation == "≥":
        # a factor, and no Piecewise: SymPy would multiply those out, and move them out of sums
        return s.Heaviside(by - told, 1)
    return s.KroneckerDelta(s.Mod(by - told, size_symbol(node.modulus)), 0)
