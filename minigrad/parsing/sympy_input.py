"""SymPy's matrix and scalar expressions as graphs.

A matrix expression becomes a tensor of two axes; a column of one is a vector once the whole is read. An
index of a sum is an axis of its own while the body is read, so that ``Sum(X[i, j] w[j], ...)`` becomes
elementwise products, reduced at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from math import pi
from typing import Any

from minigrad import ops
from minigrad.errors import DerivationError
from minigrad.graph import Tensor
from minigrad.index.size import AnySize, Size, dim, prod
from minigrad.parsing import create, table
from minigrad.parsing.variables import Declared, symbol

Axes = list[tuple[Any, AnySize]]  # the index symbols in force, each with its range, outermost first

# SymPy's names where they are not NumPy's.
_FUNCTIONS = {
    "Abs": "abs",
    "acos": "arccos",
    "acosh": "arccosh",
    "asin": "arcsin",
    "asinh": "arcsinh",
    "atan": "arctan",
    "atan2": "arctan2",
    "atanh": "arctanh",
    "ceiling": "ceil",
    "erf": "special.erf",
    "loggamma": "special.gammaln",
}
_RELATIONS = {
    "StrictGreaterThan": ops.greater,
    "GreaterThan": ops.greater_equal,
    "StrictLessThan": ops.less,
    "LessThan": ops.less_equal,
    "Equality": ops.equal,
    "Unequality": ops.not_equal,
    "And": ops.logical_and,
    "Or": ops.logical_or,
}


def read_sympy(expression: Any) -> Tensor:
    """The tensor of a SymPy expression; (n, 1) and (1, n) are vectors, (1, 1) is a scalar."""
    if isinstance(expression, Tensor) or not hasattr(expression, "free_symbols"):
        raise DerivationError(
            f"from_sympy: {type(expression).__name__} is no SymPy expression; pass one built of "
            "MatrixSymbol, Symbol and their operations"
        )
    reader = _Reader(expression)
    if not _is_matrix(expression):
        return reader.scalar(expression, [])
    result = reader.matrix(expression)
    rows, columns = result.shape
    if rows == 1 or columns == 1:
        return ops.getitem(result, (0 if rows == 1 else slice(None), 0 if columns == 1 else slice(None)))
    return result


def _is_matrix(expression: Any) -> bool:
    return bool(getattr(expression, "is_Matrix", False) or getattr(expression, "is_MatrixExpr", False))


def _kinds(expression: Any) -> list[str]:
    return [cls.__name__ for cls in type(expression).__mro__]


class _Reader:
    """Reads one expression; a variable met twice is one tensor."""

    def __init__(self, root: Any) -> None:
        self.variables: dict[str, Tensor] = {}
        self.sizes = {
            name for part in _walk(root) for size in _sizes_in(part) for name in _names(size)
        }

    # -- variables ---------------------------------------------------------------------------------

    def variable(self, name: str, sizes: Sequence[AnySize], positive: bool = False) -> Tensor:
        """The tensor of a name: a vector where its second size is 1."""
        kept = tuple(sizes[:1] if len(sizes) == 2 and sizes[1] == 1 else sizes)
        known = self.variables.get(name)
        if known is None:
            assume = frozenset({"positive"} if positive else ())
            known = self.variables[name] = symbol(name, Declared(kept, assume))
        if tuple(known.shape) != kept:
            raise DerivationError(
                f"from_sympy: {name!r} has two shapes, {_shown(known.shape)} and {_shown(kept)}; rename one"
            )
        return known

    # -- matrices: tensors of two axes ---------------------------------------------------------------

    def matrix(self, expression: Any) -> Tensor:
        for kind in _kinds(expression):
            rule: Callable[[Any], Tensor] | None = getattr(self, _MATRIX_RULES.get(kind, ""), None)
            if rule is not None:
                return rule(expression)
        raise _unknown(expression)

    def matrix_symbol(self, expression: Any) -> Tensor:
        sizes = [size_of(s) for s in expression.shape]
        tensor = self.variable(str(expression.name), sizes)
        return ops.getitem(tensor, (slice(None), None)) if len(tensor.shape) == 1 else tensor

    def matmul(self, expression: Any) -> Tensor:
        factors = [self.matrix(a) for a in expression.args if _is_matrix(a)]
        scalars = [self.scalar(a, []) for a in expression.args if not _is_matrix(a)]
        product = reduce(ops.matmul, factors)
        return reduce(lambda total, scalar: ops.multiply(scalar, total), scalars, product)

    def matadd(self, expression: Any) -> Tensor:
        return reduce(ops.add, map(self.matrix, expression.args))

    def hadamard(self, expression: Any) -> Tensor:
        return reduce(ops.multiply, map(self.matrix, expression.args))

    def hadamard_power(self, expression: Any) -> Tensor:
        return self.power_of(self.matrix(expression.args[0]), expression.args[1], [])

    def transpose(self, expression: Any) -> Tensor:
        return ops.transpose(self.matrix(expression.args[0]))

    def inverse(self, expression: Any) -> Tensor:
        inverted: Tensor = ops.linalg.inv(self.matrix(expression.args[0]))
        return inverted

    def power(self, expression: Any) -> Tensor:
        base, exponent = expression.args
        if not exponent.is_Integer:
            raise DerivationError(f"from_sympy: {expression}: only whole powers of matrices are known")
        n = int(exponent)
        matrix = self.matrix(base)
        if n == 0:
            return create.eye(matrix.shape[0])
        factor = ops.linalg.inv(matrix) if n < 0 else matrix
        return reduce(ops.matmul, [factor] * abs(n))

    def apply_function(self, expression: Any) -> Tensor:
        function, argument = expression.function, self.matrix(expression.expr)
        (variable,) = function.variables
        return self.scalar(function.expr, [], {variable: argument})

    def identity(self, expression: Any) -> Tensor:
        return create.eye(size_of(expression.shape[0]))

    def zero(self, expression: Any) -> Tensor:
        return create.zeros(tuple(map(size_of, expression.shape)))

    def one(self, expression: Any) -> Tensor:
        return create.ones(tuple(map(size_of, expression.shape)))

    def diag_matrix(self, expression: Any) -> Tensor:
        column = self.matrix(expression.args[0])
        flat = 0 if column.shape[1] == 1 else slice(None)
        return ops.diag(ops.getitem(column, (slice(None), flat) if flat == 0 else (0, slice(None))))

    def diagonal_of(self, expression: Any) -> Tensor:
        return ops.getitem(ops.diag(self.matrix(expression.args[0])), (slice(None), None))

    def kronecker(self, expression: Any) -> Tensor:
        return reduce(ops.kron, map(self.matrix, expression.args))

    def explicit(self, expression: Any) -> Tensor:
        rows, columns = expression.shape
        lines = [
            ops.stack([self.scalar(expression[i, j], []) for j in range(columns)]) for i in range(rows)
        ]
        return ops.stack(lines)

    def blocks(self, expression: Any) -> Tensor:
        grid = expression.blocks
        rows, columns = grid.shape
        lines = [
            ops.concatenate([self.matrix(grid[i, j]) for j in range(columns)], axis=1)
            for i in range(rows)
        ]
        return ops.concatenate(lines, axis=0)

    def function_matrix(self, expression: Any) -> Tensor:
        rows, columns = map(size_of, expression.shape)
        variables = expression.lamda.variables
        body = self.scalar(expression.lamda.expr, list(zip(variables, (rows, columns), strict=True)))
        return ops.broadcast_to(body, (rows, columns))

    # -- scalars: tensors with an axis for every index in force, or none ---------------------------

    def scalar(self, e: Any, axes: Axes, given: dict[Any, Tensor] | None = None) -> Tensor:
        """One element, for all values of the indices at once."""
        if given and e in given:
            return given[e]
        kinds = _kinds(e)
        if "Symbol" in kinds:
            return self.scalar_symbol(e, axes)
        if e.is_Number or e.is_NumberSymbol:
            return _number(e)
        for kind in kinds:
            rule: Callable[[Any, Axes], Tensor] | None = getattr(self, _SCALAR_RULES.get(kind, ""), None)
            if rule is not None:
                return rule(e, axes)
        if e.is_Add:
            return reduce(ops.add, (self.scalar(a, axes, given) for a in e.as_ordered_terms()))
        if e.is_Mul:
            return reduce(ops.multiply, (self.scalar(a, axes, given) for a in e.as_ordered_factors()))
        if e.is_Pow:
            return self.power_of(self.scalar(e.base, axes, given), e.exp, axes, given)
        return self.function(e, axes, given)

    def scalar_symbol(self, e: Any, axes: Axes) -> Tensor:
        for place, (index, size) in enumerate(axes):
            if e == index:
                return _placed(create.arange(size), [place], len(axes))
        if e.name in self.sizes:
            return ops.positive(dim(e.name))
        return self.variable(e.name, (), bool(e.is_positive))

    def power_of(
        self, base: Tensor, exponent: Any, axes: Axes, given: dict[Any, Tensor] | None = None
    ) -> Tensor:
        if exponent.is_Integer:
            return ops.power(base, int(exponent))
        if exponent.is_Rational and exponent == type(exponent)(1, 2):
            return ops.sqrt(base)
        return ops.power(base, self.scalar(exponent, axes, given))

    def function(self, e: Any, axes: Axes, given: dict[Any, Tensor] | None) -> Tensor:
        name = type(e).__name__
        if name == "Piecewise":
            return self.piecewise(e, axes, given)
        args = [self.scalar(a, axes, given) for a in e.args]
        if name in _RELATIONS:
            return reduce(_RELATIONS[name], args)
        if name in ("Max", "Min"):
            return reduce(ops.maximum if name == "Max" else ops.minimum, args)
        if name == "Not":
            return ops.logical_not(*args)
        if name == "Heaviside":
            return ops.where(ops.greater(args[0], 0), 1.0, 0.0)
        operation = table.function(_FUNCTIONS.get(name, name)) if e.is_Function and e.args else None
        if operation is None:
            raise _unknown(e)
        result: Tensor = operation(*args)
        return result

    def piecewise(self, e: Any, axes: Axes, given: dict[Any, Tensor] | None) -> Tensor:
        *pieces, (last, condition) = e.args
        if condition != True:  # noqa: E712 (SymPy's true is not Python's)
            raise DerivationError(f"from_sympy: {e}: the last piece must hold otherwise, (value, True)")
        result = self.scalar(last, axes, given)
        for value, holds in reversed(pieces):
            result = ops.where(
                self.scalar(holds, axes, given), self.scalar(value, axes, given), result
            )
        return result

    def trace(self, e: Any, axes: Axes) -> Tensor:
        return ops.trace(self.matrix(e.args[0]))

    def determinant(self, e: Any, axes: Axes) -> Tensor:
        determinant: Tensor = ops.linalg.det(self.matrix(e.args[0]))
        return determinant

    def sum(self, e: Any, axes: Axes) -> Tensor:
        bounds: Axes = []
        for index, first, last in e.limits:
            if first != 0:
                raise DerivationError(f"from_sympy: {e}: sums run from 0 to a size minus 1")
            bounds.append((index, size_of(last + 1)))
        inner = [*axes, *bounds]
        body = self.scalar(e.function, inner)
        whole = ops.broadcast_to(body, tuple(size for _, size in inner))
        return ops.sum(whole, axis=tuple(range(len(axes), len(inner))))

    def element(self, e: Any, axes: Axes) -> Tensor:
        parent, *places = e.args
        if _kinds(parent)[0] == "MatrixSymbol" and parent.shape[1] == 1:
            tensor, places = self.variable(str(parent.name), [size_of(s) for s in parent.shape]), places[:1]
        else:
            tensor = self.matrix(parent)
        return self.at(tensor, places, axes, e)

    def indexed(self, e: Any, axes: Axes) -> Tensor:
        base, *places = e.args
        ranges = dict(axes)
        if base.shape is None and any(p not in ranges for p in places):
            raise DerivationError(f"from_sympy: {e}: give {base} a shape, IndexedBase(name, shape=(n,))")
        shape = base.shape or [ranges[p] for p in places]
        sizes = [s if isinstance(s, int | Size) else size_of(s) for s in shape]
        name = str(base.label)
        tensor = self.variables.setdefault(name, symbol(name, Declared(tuple(sizes))))
        return self.at(tensor, places, axes, e)

    def delta(self, e: Any, axes: Axes) -> Tensor:
        ranges = dict(axes)
        i, j = e.args
        if i not in ranges or j not in ranges:
            raise _unknown(e)
        return self.at(create.eye(ranges[i]), [i, j], axes, e)

    def at(self, tensor: Tensor, places: Sequence[Any], axes: Axes, e: Any) -> Tensor:
        """Elements of a tensor, with every index in force as an axis in its place."""
        order = [index for index, _ in axes]
        if any(p not in order and not p.is_Integer for p in places):
            raise DerivationError(
                f"from_sympy: {e}: an index is a number or the index of a sum; write a shift as a slice"
            )
        fixed = tuple(int(p) if p.is_Integer and p not in order else slice(None) for p in places)
        if any(isinstance(f, int) for f in fixed):
            tensor = ops.getitem(tensor, fixed)
        letters = [order.index(p) for p in places if p in order]
        if len(set(letters)) < len(letters):
            (label,) = set(letters)
            tensor, letters = ops.einsum("ii->i", tensor), [label]
        return _placed(tensor, letters, len(axes))


def _placed(tensor: Tensor, places: Sequence[int], count: int) -> Tensor:
    """The tensor's axes at ``places`` of ``count``, size 1 elsewhere."""
    ordered = sorted(places)
    if list(places) != ordered:
        tensor = ops.transpose(tensor, tuple(places.index(p) for p in ordered))
    if not places:
        return tensor
    return ops.getitem(tensor, tuple(slice(None) if k in places else None for k in range(count)))


_MATRIX_RULES = {
    "MatrixSymbol": "matrix_symbol",
    "MatMul": "matmul",
    "MatAdd": "matadd",
    "HadamardProduct": "hadamard",
    "HadamardPower": "hadamard_power",
    "Transpose": "transpose",
    "Adjoint": "transpose",  # all variables are real
    "Inverse": "inverse",
    "MatPow": "power",
    "ElementwiseApplyFunction": "apply_function",
    "Identity": "identity",
    "ZeroMatrix": "zero",
    "OneMatrix": "one",
    "DiagMatrix": "diag_matrix",
    "DiagonalOf": "diagonal_of",
    "KroneckerProduct": "kronecker",
    "BlockMatrix": "blocks",
    "FunctionMatrix": "function_matrix",
    "MatrixBase": "explicit",
}
_SCALAR_RULES = {
    "Trace": "trace",
    "Determinant": "determinant",
    "Sum": "sum",
    "MatrixElement": "element",
    "Indexed": "indexed",
    "KroneckerDelta": "delta",
}


def size_of(expression: Any) -> AnySize:
    """A size: a number, or a polynomial in symbols with whole coefficients."""
    if isinstance(expression, int | Size):
        return expression
    if expression.is_Integer:
        return int(expression)
    if expression.is_Symbol:
        return dim(str(expression.name))
    if expression.is_Add:
        return reduce(lambda a, b: a + b, map(size_of, expression.args))
    if expression.is_Mul:
        return prod(map(size_of, expression.args))
    if expression.is_Pow and expression.exp.is_Integer and expression.exp > 0:
        return prod([size_of(expression.base)] * int(expression.exp))
    raise DerivationError(f"from_sympy: {expression} is no size; sizes are numbers, symbols, and products")


def _walk(root: Any) -> list[Any]:
    found, stack = [], [root]
    while stack:
        part = stack.pop()
        found.append(part)
        stack.extend(getattr(part, "args", ()))
    return found


def _sizes_in(part: Any) -> list[AnySize]:
    kind = _kinds(part)[0]
    if _is_matrix(part) and hasattr(part, "shape"):
        return [size_of(s) for s in part.shape]
    if kind == "IndexedBase" and part.shape:
        return [size_of(s) for s in part.shape]
    if kind == "Sum":
        return [size_of(limit[2] + 1) for limit in part.limits if len(limit) == 3]
    return []


def _names(size: AnySize) -> set[str]:
    return size.names() if isinstance(size, Size) else set()


def _number(e: Any) -> Tensor:
    if e.is_Integer:
        return create.number(int(e))
    if e.is_Rational:
        return ops.divide(create.number(int(e.p)), int(e.q))
    return create.number(pi if str(e) == "pi" else float(e))


def _shown(shape: Sequence[AnySize]) -> str:
    return "(" + ", ".join(map(str, shape)) + ")"


def _unknown(expression: Any) -> DerivationError:
    return DerivationError(
        f"from_sympy: {type(expression).__name__} has no counterpart here ({str(expression)[:80]}); rewrite "
        "it with matrix symbols, products, sums, inverses, traces and elementwise functions"
    )
