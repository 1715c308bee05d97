"""Matrix functions under NumPy's names, public as ``mg.linalg``."""

from minigrad.ops.array_api import cross, diagonal, matrix_norm, trace, vecdot, vector_norm
from minigrad.ops.contraction import matmul, outer, tensordot
from minigrad.ops.decompositions import eigh, eigvalsh, qr, svd, svdvals
from minigrad.ops.matrices import cholesky, det, inv, pinv, slogdet, solve, solve_triangular
from minigrad.ops.norms import norm
from minigrad.ops.products import matrix_power, multi_dot
from minigrad.ops.shape import matrix_transpose

__all__ = [
    "cholesky",
    "cross",
    "det",
    "diagonal",
    "eigh",
    "eigvalsh",
    "inv",
    "matmul",
    "matrix_norm",
    "matrix_power",
    "matrix_transpose",
    "multi_dot",
    "norm",
    "outer",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "solve_triangular",
    "svd",
    "svdvals",
    "tensordot",
    "trace",
    "vecdot",
    "vector_norm",
]
