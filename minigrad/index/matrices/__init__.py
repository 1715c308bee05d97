"""The matrix functions, one row each."""

from minigrad.index.matrices.inverses import COFACTORS, DET, INV
from minigrad.index.matrices.rules import matrix_adjoint
from minigrad.index.matrix_row import MATRIX_ROWS

__all__ = ["COFACTORS", "DET", "INV", "MATRIX_ROWS", "matrix_adjoint"]
