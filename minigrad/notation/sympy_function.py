"""Matrix functions of which SymPy has no object; this module loads SymPy and is imported where one is made."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.index.heads import sympy
from minigrad.index.matrix_row import MatrixRow, matrix_row


class FunctionOfMatrix(sympy().MatrixExpr):  # type: ignore[misc]
    """A row's function of a matrix, a column where its value is a vector: ``expm(A)``.

    ``doit()`` computes it in floats once the matrix is one of numbers, and not before.
    """

    def __new__(cls, name: Any, matrix: Any) -> Any:
        s = sympy()
        return super().__new__(cls, s.core.symbol.Str(str(name)), matrix)

    @property
    def row(self) -> MatrixRow:
        """What the function is."""
        return matrix_row(str(self.args[0]))

    @property
    def shape(self) -> Any:
        sizes = self.row.sizes(*self.args[1].shape)
        return sizes if len(sizes) == 2 else (*sizes, sympy().Integer(1))

    def doit(self, **hints: Any) -> Any:
        s = sympy()
        matrix = self.args[1].doit(**hints) if hints.get("deep", True) else self.args[1]
        if matrix.free_symbols or not all(s.sympify(size).is_Integer for size in matrix.shape):
            return self.func(self.args[0], matrix)
        numbers = np.array(matrix.as_explicit().evalf().tolist(), dtype=float)
        return s.Matrix(self.row.floats(numbers).tolist())

    def _entry(self, i: Any, j: Any, **kwargs: Any) -> Any:
        return sympy().matrices.expressions.matexpr.MatrixElement(self, i, j)

    def _sympystr(self, printer: Any) -> str:
        return f"{self.args[0]}({printer._print(self.args[1])})"

    def _latex(self, printer: Any) -> str:
        return rf"\operatorname{{{self.args[0]}}}\left({printer._print(self.args[1])}\right)"
