"""Matrix functions under NumPy's names, public as ``mg.linalg``."""

from minigrad.ops.decompositions import eigh, eigvalsh, qr, svd, svdvals
from minigrad.ops.matrices import cholesky, det, inv, pinv, slogdet, solve, solve_triangular
from minigrad.ops.norms import norm
from minigrad.ops.products import matrix_power, multi_dot

__all__ = [
    "cholesky",
    "det",
    "eigh",
    "eigvalsh",
    "inv",
    "matrix_power",
    "multi_dot",
    "norm",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "solve_triangular",
    "svd",
    "svdvals",
]
