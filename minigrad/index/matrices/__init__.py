"""The matrix functions, one row each."""

from minigrad.index.matrices.decompositions import ORTHOGONAL
from minigrad.index.matrices.inverses import COFACTORS, DET, INV
from minigrad.index.matrices.parts import READ as MATRIX_PARTS
from minigrad.index.matrices.roots import EXPM
from minigrad.index.matrices.rules import matrix_adjoint
from minigrad.index.matrix_row import MATRIX_ROWS

__all__ = ["COFACTORS", "DET", "EXPM", "INV", "MATRIX_PARTS", "MATRIX_ROWS", "ORTHOGONAL", "matrix_adjoint"]
