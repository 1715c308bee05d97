"""SymPy's matrix expressions as graphs.

A matrix expression becomes a tensor of two axes; a column of one is a vector once the whole is read.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

from minigrad import ops
from minigrad.errors import DerivationError
from minigrad.graph import Tensor, apply
from minigrad.parsing import create
from minigrad.parsing.sympy_elements import Elements, unknown
from minigrad.parsing.sympy_sizes import is_matrix, kinds, size_of
from minigrad.primitive import REGISTRY


def read_sympy(expression: Any) -> Tensor:
    """The tensor of a SymPy expression; (n, 1) and (1, n) are vectors, (1, 1) is a scalar."""
    try:
        return _read(expression)
    except RecursionError:
        raise DerivationError(
            "from_sympy: the expression is nested too deeply; translate its parts, and join the tensors"
        ) from None


def _read(expression: Any) -> Tensor:
    if isinstance(expression, Tensor) or not hasattr(expression, "free_symbols"):
        raise DerivationError(
            f"from_sympy: {type(expression).__name__} is no SymPy expression; pass one built of "
            "MatrixSymbol, Symbol and their operations"
        )
    reader = _Matrices(expression)
    if kinds(expression)[0] in _ARRAY_RULES:
        return reader.array(expression)
    if not is_matrix(expression):
        return reader.scalar(expression, [])
    result = reader.matrix(expression)
    rows, columns = result.shape
    if rows == 1 or columns == 1:
        return ops.getitem(
            result, (0 if rows == 1 else slice(None), 0 if columns == 1 else slice(None))
        )
    return result


class _Matrices(Elements):
    """Reads matrices, each as a tensor of two axes."""

    def matrix(self, expression: Any) -> Tensor:
        for kind in kinds(expression):
            rule: Callable[[Any], Tensor] | None = getattr(self, _MATRIX_RULES.get(kind, ""), None)
            if rule is not None:
                return rule(expression)
        raise unknown(expression)

    def array(self, expression: Any) -> Tensor:
        """An array of any order."""
        rule = _ARRAY_RULES.get(kinds(expression)[0])
        if rule is None:
            if is_matrix(expression):
                return self.matrix(expression)
            return self.scalar(expression, [])
        return getattr(self, rule)(expression)

    def array_symbol(self, expression: Any) -> Tensor:
        return self.variable(str(expression.name), [size_of(s) for s in expression.shape])

    def tensor_product(self, expression: Any) -> Tensor:
        return reduce(lambda a, b: ops.tensordot(a, b, 0), map(self.array, expression.args))

    def array_add(self, expression: Any) -> Tensor:
        return reduce(ops.add, map(self.array, expression.args))

    def permuted(self, expression: Any) -> Tensor:
        order = expression.permutation.array_form
        return ops.transpose(self.array(expression.expr), tuple(map(int, order)))

    def contracted(self, expression: Any) -> Tensor:
        """Axes of one group share an index, which is summed."""
        tensor = self.array(expression.expr)
        letters = list("abcdefghijklmnopqrstuvwxyz"[: tensor.ndim])
        summed = set()
        for first, *others in expression.contraction_indices:
            for place in others:
                letters[int(place)] = letters[int(first)]
            summed.add(letters[int(first)])
        kept = "".join(letter for letter in letters if letter not in summed)
        return ops.einsum(f"{''.join(letters)}->{kept}", tensor)

    def comprehension(self, expression: Any) -> Tensor:
        """Given by its elements: one axis an index."""
        axes = [(index, size_of(last + 1)) for index, _, last in expression.limits]
        body = self.scalar(expression.function, axes)
        return ops.broadcast_to(body, tuple(size for _, size in axes))

    def matrix_symbol(self, expression: Any) -> Tensor:
        sizes = [size_of(s) for s in expression.shape]
        tensor = self.variable(str(expression.name), sizes)
        return ops.getitem(tensor, (slice(None), None)) if len(tensor.shape) == 1 else tensor

    def matmul(self, expression: Any) -> Tensor:
        factors = [self.matrix(a) for a in expression.args if is_matrix(a)]
        scalars = [self.scalar(a, []) for a in expression.args if not is_matrix(a)]
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

    def matrix_function(self, expression: Any) -> Tensor:
        """A matrix function of which SymPy has no object; a vector is a column."""
        row = REGISTRY[expression.row.operation]
        value = apply(row, (self.matrix(expression.args[1]),), row.params)
        return ops.getitem(value, (slice(None), None)) if expression.row.ndim == 1 else value

    def power(self, expression: Any) -> Tensor:
        base, exponent = expression.args
        if not exponent.is_Integer:
            raise DerivationError(
                f"from_sympy: {expression}: only whole powers of matrices are known"
            )
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
            ops.stack([self.scalar(expression[i, j], []) for j in range(columns)])
            for i in range(rows)
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
        body = self.scalar(
            expression.lamda.expr, list(zip(variables, (rows, columns), strict=True))
        )
        return ops.broadcast_to(body, (rows, columns))


_ARRAY_RULES = {
    "ArrayAdd": "array_add",
    "ArrayComprehension": "comprehension",
    "ArrayContraction": "contracted",
    "ArraySymbol": "array_symbol",
    "ArrayTensorProduct": "tensor_product",
    "PermuteDims": "permuted",
}
_MATRIX_RULES = {
    "MatrixSymbol": "matrix_symbol",
    "MatMul": "matmul",
    "MatAdd": "matadd",
    "HadamardProduct": "hadamard",
    "HadamardPower": "hadamard_power",
    "Transpose": "transpose",
    "Adjoint": "transpose",  # all variables are real
    "Inverse": "inverse",
    "FunctionOfMatrix": "matrix_function",
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
