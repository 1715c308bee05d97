"""Parts of a formula as SymPy's matrices, and how vectors and ones are written out beside a matrix."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from minigrad.errors import ArgumentError
from minigrad.index import heads
from minigrad.index.expr import Leaf
from minigrad.index.matrix_row import MatrixRow
from minigrad.notation.sympy_atoms import dim_symbol, variable
from minigrad.notation.tree import Name, OwnSymbol


class NoMatrixFormError(Exception):
    """The formula has a part that is no expression in whole matrices."""


@dataclass(frozen=True)
class Piece:
    """A part of a formula: a scalar, a column, a row, a matrix, or a multiple of I.

    ``free`` says which axes of size 1 take any size (𝟏's do); ``of`` that a vector is a statistic of rows
    or of columns.
    """

    value: Any
    kind: str = "scalar"
    free: tuple[bool, bool] = (False, False)
    of: str = ""

    @property
    def is_scalar(self) -> bool:
        return self.kind == "scalar"

    @property
    def is_vector(self) -> bool:
        return self.kind in ("column", "row")

    @property
    def length(self) -> Any:
        """The size of a vector."""
        rows, columns = self.value.shape
        return rows if self.kind == "column" else columns


def atom(tree: Name, leaves: Mapping[str, Leaf]) -> Piece:
    """A variable, a dim, a constant, 𝟏 or I."""
    s = heads.sympy()
    if isinstance(tree, OwnSymbol):
        return _symbol(tree)
    leaf = leaves.get(tree.text)
    if leaf is not None:
        if leaf.kind == "size":
            return Piece(dim_symbol(leaf.name))
        if leaf.ndim > 2:
            raise NoMatrixFormError("more than two axes")
        return Piece(variable(leaf), ("scalar", "column", "matrix")[leaf.ndim])
    if tree.text == "∞":
        return Piece(s.oo)
    try:
        return Piece(s.Rational(tree.text))
    except (TypeError, ValueError):
        raise NoMatrixFormError(tree.text) from None


def _symbol(tree: OwnSymbol) -> Piece:
    """A symbol of the notation, by what it means."""
    s = heads.sympy()
    match tree.means:
        case "ones":
            return Piece(s.OneMatrix(1, 1), "column", (True, False))
        case "identity":
            return Piece(s.Integer(1), "identity")
        case "pi" | "E" as constant:
            return Piece(getattr(s, constant))
    raise NoMatrixFormError(tree.text)


def as_column(piece: Piece, size: Any) -> Any:
    s = heads.sympy()
    if piece.is_scalar:
        return product_of(piece.value, s.OneMatrix(size, 1))
    if not piece.is_vector:
        raise NoMatrixFormError("a matrix where a vector is needed")
    vector = piece.value if piece.kind == "column" else turned(piece.value)
    return _repeated(vector, size, 1) if any(piece.free) else vector


def as_matrix(piece: Piece, rows: Any, columns: Any) -> Any:
    s = heads.sympy()
    if piece.is_scalar:
        return product_of(piece.value, s.OneMatrix(rows, columns))
    if piece.kind == "identity":
        return product_of(piece.value, s.Identity(rows))
    return _beside(piece, rows, columns)


def _beside(piece: Piece, rows: Any, columns: Any) -> Any:
    """The piece as a matrix of these sizes; a vector is repeated as a reader would."""
    if not piece.is_vector:
        return _repeated(
            piece.value,
            rows if piece.free[0] else None,
            columns if piece.free[1] else None,
        )
    size = piece.length
    fits_columns = any(piece.free) or size == columns
    stands = piece.kind == "column" and (
        piece.of == "row" or (piece.of != "column" and not fits_columns)
    )
    vector = piece.value if (piece.kind == "column") == stands else turned(piece.value)
    if not any(piece.free) and size != (rows if stands else columns):
        raise NoMatrixFormError("a vector whose size fits neither side")
    free = any(piece.free)
    if stands:
        return _repeated(vector, rows if free else None, columns)
    return _repeated(vector, rows, columns if free else None)


def _repeated(value: Any, rows: Any, columns: Any) -> Any:
    """A matrix whose axes of size 1 are repeated; None leaves an axis as it is."""
    s = heads.sympy()
    if rows is not None and value.shape[0] == 1:
        value = product_of(s.OneMatrix(rows, 1), value) if rows != 1 else value
    if columns is not None and value.shape[1] == 1:
        value = product_of(value, s.OneMatrix(1, columns)) if columns != 1 else value
    return value


def product_of(*factors: Any) -> Any:
    """A product in normal form; SymPy's * would also work out every sum inside."""
    s = heads.sympy()
    flat = [
        f for factor in factors for f in (factor.args if isinstance(factor, s.MatMul) else [factor])
    ]
    matrices = [f for f in flat if getattr(f, "is_Matrix", False)]
    scalar = s.Mul(*(f for f in flat if not getattr(f, "is_Matrix", False)))
    if not matrices:
        return scalar
    kept = [] if scalar == 1 else [scalar]
    return s.MatMul(*kept, *matrices).doit(deep=False)


def turned(value: Any) -> Any:
    """The transpose, moved to the atoms; SymPy's own would work out every product on the way."""
    s = heads.sympy()
    if isinstance(value, s.MatMul):
        return product_of(*(turned(f) if f.is_Matrix else f for f in reversed(value.args)))
    if isinstance(value, s.MatAdd | s.HadamardProduct):
        return value.func(*map(turned, value.args))
    if isinstance(value, s.HadamardPower):
        return s.HadamardPower(turned(value.base), value.exp)
    if hasattr(value, "function") and hasattr(value, "expr"):  # a function of each element
        return value.func(value.function, turned(value.expr))
    return s.Transpose(value).doit(deep=False)


def indices() -> Any:
    return heads.sympy().symbols("i j", integer=True, nonnegative=True)


def trace_of(matrix: Any) -> Any:
    """The trace; by elements where SymPy would leave it unevaluated on explicit matrices."""
    s = heads.sympy()
    if not matrix.has(s.OneMatrix):
        return s.Trace(matrix)
    i, _ = indices()
    size = matrix.shape[0]
    return at(matrix, 0, 0) if size == 1 else total(at(matrix, i, i), (i, 0, size - 1))


def evaluable(matrix: Any) -> Any:
    """The matrix as SymPy inverts it: products with ones stay unevaluated, so they are written by elements."""
    s = heads.sympy()
    if not matrix.has(s.OneMatrix):
        return matrix
    i, j = indices()
    return s.FunctionMatrix(*matrix.shape, s.Lambda((i, j), at(matrix, i, j)))


def matrix_function(row: MatrixRow, matrix: Any) -> Any:
    """SymPy's object for a function of a matrix, or ours where it has none."""
    from minigrad.notation.sympy_function import FunctionOfMatrix  # loads SymPy

    if row.sympy is None:
        return FunctionOfMatrix(row.name, matrix)
    value = row.sympy(heads.sympy(), matrix)
    sizes = row.sizes(*matrix.shape)
    if hasattr(value, "shape") != bool(sizes):
        kind = "a matrix" if sizes else "a number"
        raise ArgumentError(f"{row.name}: sympy= gives {value!r}, which is not {kind} of SymPy's")
    return value


def sum_of(matrix: Any) -> Any:
    """The sum of all elements, as a trace where SymPy evaluates that."""
    s = heads.sympy()
    rows, columns = matrix.shape
    if isinstance(matrix, s.HadamardProduct) and not matrix.has(s.OneMatrix):
        first, *rest = matrix.args
        other = s.HadamardProduct(*rest) if len(rest) > 1 else rest[0]
        return s.Trace(product_of(turned(first), other))
    i, j = indices()
    bounds = [(k, 0, size - 1) for k, size in ((i, rows), (j, columns)) if size != 1]
    element = at(matrix, i if rows != 1 else 0, j if columns != 1 else 0)
    return total(element, *bounds)


def at(matrix: Any, i: Any, j: Any) -> Any:
    """An element of a matrix; that of a product is a sum, which is ours where SymPy would make one."""
    from minigrad.notation.sympy_sum import Sum  # loads SymPy

    if 0 in matrix.shape:
        raise NoMatrixFormError("an element of an array without elements")
    plain = heads.sympy().Sum
    return matrix[i, j].replace(lambda part: type(part) is plain, lambda part: Sum(*part.args))


def total(element: Any, *bounds: tuple[Any, Any, Any]) -> Any:
    """The sum of an element over indices between bounds, to be carried out when those are numbers."""
    from minigrad.notation.sympy_sum import Sum  # loads SymPy

    return Sum(element, *bounds) if bounds else element
