# Written from the rows by docs/make_tables.py.

from minigrad.ops.matrices import cholesky as cholesky
from minigrad.ops.array_api import cross as cross
from minigrad.ops.matrices import det as det
from minigrad.ops.array_api import diagonal as diagonal
from minigrad.ops.eigen import eigh as eigh
from minigrad.ops.eigen import eigvalsh as eigvalsh
from minigrad.ops.roots import expm as expm
from minigrad.ops.matrices import inv as inv
from minigrad.ops.contraction import matmul as matmul
from minigrad.ops.array_api import matrix_norm as matrix_norm
from minigrad.ops.products import matrix_power as matrix_power
from minigrad.ops.shape import matrix_transpose as matrix_transpose
from minigrad.ops.products import multi_dot as multi_dot
from minigrad.ops.norms import norm as norm
from minigrad.ops.contraction import outer as outer
from minigrad.ops.matrices import pinv as pinv
from minigrad.ops.decompositions import qr as qr
from minigrad.ops.matrices import slogdet as slogdet
from minigrad.ops.systems import solve as solve
from minigrad.ops.systems import solve_triangular as solve_triangular
from minigrad.ops.roots import sqrtm as sqrtm
from minigrad.ops.decompositions import svd as svd
from minigrad.ops.decompositions import svdvals as svdvals
from minigrad.ops.contraction import tensordot as tensordot
from minigrad.ops.array_api import trace as trace
from minigrad.ops.array_api import vecdot as vecdot
from minigrad.ops.array_api import vector_norm as vector_norm

__all__ = [
    "cholesky",
    "cross",
    "det",
    "diagonal",
    "eigh",
    "eigvalsh",
    "expm",
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
    "sqrtm",
    "svd",
    "svdvals",
    "tensordot",
    "trace",
    "vecdot",
    "vector_norm",
]
