"""Formulas as SymPy's matrix expressions: 2*A.T*(A*x - b), Hadamard products, diagonal matrices.

The tree that the printers read is built up from SymPy's objects. What a printed formula leaves to its
reader (how far a vector is repeated beside a matrix, how large 𝟏 and I are) is written out with matrices
of ones, as SymPy has no broadcasting. What has no such form is refused, and written by elements instead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import reduce
from typing import Any

from minigrad.index import heads
from minigrad.index.expr import Head, Leaf
from minigrad.index.matrix_row import MATRIX_ROWS, MatrixRow
from minigrad.notation.sympy_atoms import head_value
from minigrad.notation.sympy_piece import (
    NoMatrixFormError,
    Piece,
    as_column,
    as_matrix,
    at,
    atom,
    evaluable,
    indices,
    matrix_function,
    product_of,
    sum_of,
    trace_of,
    turned,
)
from minigrad.notation.tree import (
    BigSum,
    Call,
    Hadamard,
    Indexed,
    Inverse,
    MatMul,
    Name,
    Norm,
    Num,
    Plus,
    Power,
    Relation,
    Scaled,
    Transposed,
    Tree,
)

_RELATIONS = {">": "greater", "≥": "greater_equal", "=": "equal"}


def matrix_expression(tree: Tree, leaves: Mapping[str, Leaf], sizes: Sequence[Any]) -> Any:
    """The SymPy object of a formula whose value has these sizes (two at most).

    Raises
    ------
    NoMatrixFormError
        When a part has subscripts or another form that SymPy's matrices lack.
    """
    piece = _Builder(leaves).build(tree)
    if not sizes:
        if not piece.is_scalar:
            raise NoMatrixFormError("a matrix where a scalar is needed")
        return piece.value
    if len(sizes) == 1:
        return as_column(piece, sizes[0])
    return as_matrix(piece, *sizes)


class _Builder:
    """Builds one formula from its tree."""

    def __init__(self, leaves: Mapping[str, Leaf]) -> None:
        self.leaves = leaves
        self.s = heads.sympy()

    def build(self, tree: Tree) -> Piece:
        match tree:
            case Name():
                return atom(tree, self.leaves)
            case Num(value):
                return Piece(heads.exactly(value))
            case Call(function, args):
                return self.call(function, [self.build(arg) for arg in args])
            case MatMul(parts):
                return reduce(self.times, map(self.build, parts))
            case Hadamard(up, down):
                below = [self.power(self.build(part), -1) for part in down]
                return self.hadamard([*map(self.build, up), *below])
            case Plus(terms):
                return self.plus([self.scaled(sign, self.build(term)) for sign, term in terms])
            case Scaled(coef, up, body, down):
                scalars = [self.scalar(t) for t in up] + [1 / self.scalar(t) for t in down]
                factor = reduce(lambda a, b: a * b, scalars, heads.exactly(coef))
                return Piece(factor) if body is None else self.scaled(factor, self.build(body))
            case Transposed(body):
                return self.transpose(self.build(body))
            case Inverse(body):
                return Piece(self.s.Inverse(evaluable(self.square(self.build(body)))), "matrix")
            case Power(body, exponent, _):
                return self.power(self.build(body), exponent)
            case Norm(body):
                return self.norm(self.build(body))
            case Relation(sign, left, right) if sign in _RELATIONS:
                head = _HEADS[_RELATIONS[sign]]
                return self.applied(head, [self.build(side) for side in (left, right)])
            case Indexed() | BigSum() | Relation():
                raise NoMatrixFormError("subscripts")
        raise NoMatrixFormError(type(tree).__name__)

    # -- atoms -------------------------------------------------------------------------------------

    def scalar(self, tree: Tree) -> Any:
        piece = self.build(tree)
        if not piece.is_scalar:
            raise NoMatrixFormError("a scalar is needed here")
        return piece.value

    def square(self, piece: Piece) -> Any:
        if piece.kind != "matrix" or any(piece.free):
            raise NoMatrixFormError("a matrix of known sizes is needed here")
        return piece.value

    # -- algebra -----------------------------------------------------------------------------------

    def scaled(self, factor: Any, piece: Piece) -> Piece:
        return replace(piece, value=product_of(factor, piece.value))

    def transpose(self, piece: Piece) -> Piece:
        if piece.kind in ("scalar", "identity"):
            return piece
        kind = {"column": "row", "row": "column", "matrix": "matrix"}[piece.kind]
        return replace(piece, value=turned(piece.value), kind=kind, free=piece.free[::-1])

    def times(self, a: Piece, b: Piece) -> Piece:
        """The matrix product; scalars and multiples of I scale."""
        for one, other in ((a, b), (b, a)):
            if one.kind in ("scalar", "identity"):
                return self.scaled(one.value, other)
        left, right = a.value, b.value
        if a.free[1] and b.free[0]:
            raise NoMatrixFormError("the size of 𝟏 is not known here")
        if a.free[1]:
            left = product_of(left, self.s.OneMatrix(1, right.shape[0]))
        elif b.free[0]:
            right = product_of(self.s.OneMatrix(left.shape[1], 1), right)
        if left.shape[1] != right.shape[0]:
            raise NoMatrixFormError("sizes that SymPy takes for different")
        if a.kind == "row" and b.kind == "column":
            return Piece(trace_of(product_of(left, right)))
        kind = "row" if a.kind == "row" else "column" if b.kind == "column" else "matrix"
        if (a.kind, b.kind) == ("column", "row"):
            kind = "matrix"
        return Piece(product_of(left, right), kind, (a.free[0], b.free[1]))

    def plus(self, pieces: Sequence[Piece]) -> Piece:
        if all(p.is_scalar for p in pieces):
            return Piece(self.s.Add(*(p.value for p in pieces)))
        if all(p.kind == "identity" for p in pieces):
            return Piece(self.s.Add(*(p.value for p in pieces)), "identity")
        return self.together(pieces, self.s.MatAdd)

    def hadamard(self, pieces: Sequence[Piece]) -> Piece:
        scalars = [p.value for p in pieces if p.is_scalar]
        others = [p for p in pieces if not p.is_scalar]
        factor = self.s.Mul(*scalars)
        if not others:
            return Piece(factor)
        if len(others) == 1:
            return self.scaled(factor, others[0])
        return self.scaled(factor, self.together(others, self.s.HadamardProduct))

    def power(self, piece: Piece, exponent: int | Fraction) -> Piece:
        if piece.is_scalar:
            return Piece(piece.value ** heads.exactly(exponent))
        if piece.kind == "identity":
            raise NoMatrixFormError("an elementwise power of I")
        return replace(piece, value=self.s.HadamardPower(piece.value, heads.exactly(exponent)))

    def norm(self, piece: Piece) -> Piece:
        """The Frobenius norm, as the root of a trace."""
        if piece.is_scalar:
            return Piece(self.s.Abs(piece.value))
        if piece.kind == "identity" or any(piece.free):
            raise NoMatrixFormError("the size is not known here")
        value = piece.value if piece.kind != "row" else turned(piece.value)
        return Piece(self.s.sqrt(trace_of(product_of(turned(value), value))))

    # -- elementwise -------------------------------------------------------------------------------

    def together(self, pieces: Sequence[Piece], join: Callable[..., Any]) -> Piece:
        """Pieces of one shape joined; scalars, vectors and I are written out beside matrices."""
        blocks = [p for p in pieces if p.kind not in ("scalar", "identity")]
        has_identity = any(p.kind == "identity" for p in pieces)
        if blocks and not has_identity and len({p.kind for p in blocks}) == 1:
            if blocks[0].is_vector:
                return self.vectors(pieces, blocks, join)
        told = [p for p in blocks if not p.is_vector] or blocks
        rows = {p.value.shape[0] for p in told if p.kind != "row" and not p.free[0]}
        columns = {p.value.shape[1] for p in told if p.kind != "column" and not p.free[1]}
        if has_identity:
            rows = columns = rows | columns
        if len(rows) != 1 or len(columns) != 1:
            raise NoMatrixFormError("a size is not known here, or not one")
        shape = (*rows, *columns)
        return Piece(join(*(as_matrix(p, *shape) for p in pieces)), "matrix")

    def vectors(
        self, pieces: Sequence[Piece], blocks: Sequence[Piece], join: Callable[..., Any]
    ) -> Piece:
        lengths = {p.length for p in blocks if not any(p.free)}
        if len(lengths) != 1:
            raise NoMatrixFormError("a vector's size is not known here, or not one")
        (length,) = lengths
        tags = {p.of for p in blocks} - {""}
        column = blocks[0].kind == "column"
        joined = join(*(as_column(p, length) for p in pieces))
        return Piece(
            joined if column else turned(joined),
            blocks[0].kind,
            of=tags.pop() if len(tags) == 1 else "",
        )

    def applied(self, head: Head, args: Sequence[Piece]) -> Piece:
        return self.elementwise(lambda *values: head_value(head, values), args)

    def elementwise(self, function: Callable[..., Any], args: Sequence[Piece]) -> Piece:
        """A function of elements: applied to one matrix, or written by the elements of several."""
        if all(arg.is_scalar for arg in args):
            return Piece(function(*(arg.value for arg in args)))
        others = [arg for arg in args if not arg.is_scalar]
        s = self.s
        if len(others) == 1 and others[0].kind != "identity":
            x = s.Symbol("x", real=True)
            value = function(*(arg.value if arg.is_scalar else x for arg in args))
            return replace(others[0], value=others[0].value.applyfunc(s.Lambda(x, value)))

        def join(*matrices: Any) -> Any:
            i, j = indices()
            elements = [at(matrix, i, j) for matrix in matrices]
            return s.FunctionMatrix(*matrices[0].shape, s.Lambda((i, j), function(*elements)))

        return self.together(args, join)

    # -- functions -----------------------------------------------------------------------------------

    def call(self, function: str, args: Sequence[Piece]) -> Piece:
        rule = getattr(self, _CALLS.get(function, ""), None)
        if rule is not None:
            return rule(function, *args)
        if function in MATRIX_ROWS:
            return self.matrix_function(MATRIX_ROWS[function], *args)
        head = heads.KNOWN.get(function) or _HEADS.get(function)
        if head is None:
            raise NoMatrixFormError(function)
        return self.applied(head, args)

    def diag(self, function: str, piece: Piece) -> Piece:
        """A diagonal matrix of a vector, or the diagonal of a matrix."""
        if piece.is_vector:
            if any(piece.free):
                raise NoMatrixFormError("the size is not known here")
            value = piece.value if piece.kind == "column" else turned(piece.value)
            return Piece(self.s.DiagMatrix(value), "matrix")
        return Piece(self.s.DiagonalOf(self.square(piece)), "column")

    def trace(self, function: str, piece: Piece) -> Piece:
        return Piece(trace_of(self.square(piece)))

    def matrix_function(self, row: MatrixRow, piece: Piece) -> Piece:
        value = matrix_function(row, evaluable(self.square(piece)))
        return Piece(value, ("scalar", "column", "matrix")[row.ndim])

    def statistic(self, function: str, piece: Piece) -> Piece:
        """A sum or mean of every row or column."""
        matrix = self.square(piece)
        along_rows = function.startswith("row")
        matrix = matrix if along_rows else turned(matrix)
        count = matrix.shape[1]
        factor = 1 / count if function.endswith("mean") else 1
        total = product_of(factor, matrix, self.s.OneMatrix(count, 1))
        return Piece(total, "column", of="row" if along_rows else "column")

    def total(self, function: str, piece: Piece) -> Piece:
        """The sum or mean of all elements."""
        if piece.is_scalar:
            return piece
        if piece.kind == "identity" or any(piece.free):
            raise NoMatrixFormError("the size is not known here")
        value = piece.value if piece.kind != "row" else turned(piece.value)
        rows, columns = value.shape
        return Piece(sum_of(value) / (rows * columns) if function == "mean" else sum_of(value))

    # -- functions of rows ---------------------------------------------------------------------------

    def softmax(self, function: str, piece: Piece) -> Piece:
        """exp(x) over its sum, along rows; of a vector as a whole."""
        exps = self.exponentials(piece)
        if piece.is_vector:
            return self.scaled(1 / sum_of(exps.value), exps)
        sums = self.statistic("rowsum", exps)
        return self.hadamard([exps, self.power(sums, -1)])

    def log_sum_exp(self, function: str, piece: Piece) -> Piece:
        exps = self.exponentials(piece)
        if piece.is_vector:
            return Piece(self.s.log(sum_of(exps.value)))
        x = self.s.Symbol("x", real=True)
        sums = self.statistic("rowsum", exps)
        return replace(sums, value=sums.value.applyfunc(self.s.Lambda(x, self.s.log(x))))

    def exponentials(self, piece: Piece) -> Piece:
        if piece.kind not in ("matrix", "column", "row") or any(piece.free):
            raise NoMatrixFormError("a matrix or vector of known sizes is needed here")
        x = self.s.Symbol("x", real=True)
        return replace(piece, value=piece.value.applyfunc(self.s.Lambda(x, self.s.exp(x))))


# functions that have a form of their own here; other names are opened
FUNCTIONS_OF_ROWS = {"nn.softmax": "softmax", "special.logsumexp": "log_sum_exp"}


_HEADS = {
    "step": Head("step", "Heaviside(x, Rational(1, 2))"),
    "greater": heads.GREATER,
    "greater_equal": heads.GREATER_EQUAL,
    "equal": heads.EQUAL,
    "where": heads.WHERE,
}
_CALLS = {
    **FUNCTIONS_OF_ROWS,
    "diag": "diag",
    "diagonal": "diag",
    "tr": "trace",
    **dict.fromkeys(("rowsum", "colsum", "rowmean", "colmean"), "statistic"),
    **dict.fromkeys(("sum", "mean"), "total"),
}
