"""Expressions as SymPy objects, element by element, so that SymPy can evaluate and simplify them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minigrad.errors import DerivationError
from minigrad.index import heads
from minigrad.index.expr import (
    Composite,
    Expr,
    Extremum,
    Leaf,
    Map,
    MatrixFunction,
    Number,
    Pick,
    Product,
    Ref,
    Structural,
    Sum,
)
from minigrad.index.size import AnySize


def sympy_form(expr: Expr) -> Any:
    """A scalar expression, a matrix (a vector is a column), or an array of higher order.

    Variables become matrix symbols of their dims, vectors columns; a sum over an index is SymPy's
    ``Sum``, which ``doit()`` carries out once its bounds are numbers.
    """
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
    bounds = [(name, 0, size - 1) for name, size in zip(names, sizes, strict=True)]
    return s.tensor.array.ArrayComprehension(body, *bounds)


def size_symbol(size: AnySize) -> Any:
    """A size in SymPy: a number, or a polynomial in positive integer symbols."""
    s = heads.sympy()
    if isinstance(size, int):
        return s.Integer(size)
    terms = [
        coefficient * s.Mul(*(dim_symbol(name) for name in names))
        for names, coefficient in size.terms.items()
    ]
    return s.Add(*terms)


def dim_symbol(name: str) -> Any:
    """The symbol of a dim."""
    return heads.sympy().Symbol(name, integer=True, positive=True)


def variable(leaf: Leaf) -> Any:
    """The SymPy object for a variable: a symbol, a matrix symbol, or an indexed base."""
    s = heads.sympy()
    if leaf.ndim == 0:
        return s.Symbol(leaf.name, real=True, positive=True if "positive" in leaf.assume else None)
    if leaf.ndim > 2:
        return s.IndexedBase(leaf.name, shape=tuple(map(size_symbol, leaf.sizes)))
    columns = size_symbol(leaf.sizes[1]) if leaf.ndim == 2 else 1
    return s.MatrixSymbol(leaf.name, size_symbol(leaf.sizes[0]), columns)


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
                return s.Add(*(_number(c) * self.element(term, at) for c, term in node.terms))
            case Product():
                return self.product(node, at)
            case Map():
                symbols = heads.symbols()
                values = {
                    symbol: self.element(arg, at)
                    for symbol, arg in zip(symbols, node.args, strict=False)
                }
                return heads.expression(node.head).subs(values, simultaneous=True)
            case Composite():
                return self.element(node.expand(), at)
            case Structural():
                return structural_element(node, at)
            case Pick():
                return s.KroneckerDelta(self.element(node.index, at[:-1]), at[-1])
            case MatrixFunction():
                return self.matrix_function(node, at)
            case Extremum():
                return self.extremum(node, at)
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
        return symbol[(*at, 0)] if node.ndim == 1 else symbol[tuple(at)]

    def index(self) -> Any:
        self.fresh += 1
        return heads.sympy().Symbol(f"k_{self.fresh}", integer=True, nonnegative=True)

    def product(self, node: Product, at: Sequence[Any]) -> Any:
        s = heads.sympy()
        indices = [*at, *(self.index() for _ in node.summed)]
        result = _number(node.coef)
        for f in node.factors:
            exponent = s.Rational(f.exponent.numerator, f.exponent.denominator)
            result *= self.element(f.node, [indices[label] for label in f.labels]) ** exponent
        bounds = [
            (indices[label], 0, size_symbol(node.label_sizes[label]) - 1) for label in node.summed
        ]
        return s.Sum(result, *bounds) if bounds else result

    def matrix_function(self, node: MatrixFunction, at: Sequence[Any]) -> Any:
        s = heads.sympy()
        lead = list(at[: node.arg.ndim - 2])
        i, j = self.index(), self.index()
        rows, columns = map(size_symbol, node.arg.sizes[-2:])
        body = s.Lambda((i, j), self.element(node.arg, [*lead, i, j]))
        matrix = s.FunctionMatrix(rows, columns, body)
        if node.name == "inv":
            return s.Inverse(matrix)[at[-2], at[-1]]
        determinant = s.Determinant(matrix)
        return determinant if node.name == "det" else s.log(determinant)

    def extremum(self, node: Extremum, at: Sequence[Any]) -> Any:
        s = heads.sympy()
        lengths = node.arg.sizes[node.arg.ndim - node.count :]
        if node.kind in ("prod", "others"):
            kept = at[: node.arg.ndim - node.count]
            inner = [self.index() for _ in lengths]
            bounds = [(k, 0, size_symbol(n) - 1) for k, n in zip(inner, lengths, strict=True)]
            product = s.Product(self.element(node.arg, [*kept, *inner]), *bounds)
            return product if node.kind == "prod" else product / self.element(node.arg, at)
        if node.kind == "argmax" or node.count != 1 or not isinstance(lengths[0], int):
            raise DerivationError(
                f"{node.kind}: SymPy has no form for it over an axis of symbolic size; "
                "give the axis a number, as in 'X: m 3'"
            )
        if node.kind == "others":
            elements = {k: self.element(node.arg, [*at[:-1], k]) for k in range(lengths[0])}
            return s.Piecewise(
                *(
                    (s.Mul(*(e for j, e in elements.items() if j != k)), s.Eq(at[-1], k))
                    for k in elements
                )
            )
        join = s.Max if node.kind == "max" else s.Mul
        return join(*(self.element(node.arg, [*at, k]) for k in range(lengths[0])))


def structural_element(node: Structural, at: Sequence[Any]) -> Any:
    """A structural 0/1 tensor as a Kronecker delta or a case."""
    s = heads.sympy()
    if node.kind == "delta":
        return s.KroneckerDelta(at[0], at[1])
    if node.kind == "onehot":
        return s.KroneckerDelta(at[0], _place(node.params[0]))
    if node.kind == "slice":
        start, step = node.params
        return s.KroneckerDelta(at[1], _place(start) + step * at[0])
    if node.kind == "tri":
        return s.Piecewise((1, at[1] <= at[0] + node.params[0]), (0, True))
    if node.kind == "roll":
        return s.KroneckerDelta(at[0], s.Mod(at[1] + node.params[0], size_symbol(node.sizes[0])))
    before = int(str(node.params[0]))
    sizes = [size_symbol(size) for size in node.sizes]
    return s.KroneckerDelta(
        _position(at[:before], sizes[:before]), _position(at[before:], sizes[before:])
    )


def _place(position: Any) -> Any:
    return size_symbol(position)


def _position(at: Sequence[Any], sizes: Sequence[Any]) -> Any:
    total: Any = 0
    for index, size in zip(at, sizes, strict=True):
        total = total * size + index
    return total


def _number(value: Number) -> Any:
    s = heads.sympy()
    if isinstance(value, float):
        return s.Float(value)
    return s.Rational(value.numerator, value.denominator)
