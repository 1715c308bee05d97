"""What the rows mean: NumPy's operations in index notation, each with its row's own parameters.

A matrix function means what its row says, under the row's name.
"""

from collections.abc import Callable

from minigrad.index.matrices import MATRIX_ROWS
from minigrad.index.meaning.indexing import (
    getitem,
    index_add,
    scatter,
    setitem,
    take_along_axis,
)
from minigrad.index.meaning.linear import (
    cross,
    kron,
    of_matrices,
    outer,
    qr,
    solve,
    solve_triangular,
    svd,
    svdvals,
)
from minigrad.index.meaning.losses import bce_with_logits, binary_cross_entropy
from minigrad.index.meaning.reduction import (
    cumprod,
    cumsum,
    max_,
    mean,
    min_,
    nanmean,
    nansum,
    norm,
    prod,
    sort,
    std,
    sum_,
    var,
)
from minigrad.index.meaning.shape import (
    broadcast_to,
    concatenate,
    diag,
    diagonal,
    expand_dims,
    flip,
    pad,
    reshape,
    roll,
    same,
    squeeze,
    stack,
    swapaxes,
    trace,
    transpose,
    tril,
    triu,
)
from minigrad.index.meaning.smooth import (
    RATIOS,
    layer_norm,
    log_softmax,
    logsumexp,
    rms_norm,
    softmax,
)
from minigrad.index.view import View

__all__ = [
    "RATIOS",
    "bce_with_logits",
    "binary_cross_entropy",
    "broadcast_to",
    "concatenate",
    "cross",
    "cumprod",
    "cumsum",
    "diag",
    "diagonal",
    "expand_dims",
    "flip",
    "getitem",
    "index_add",
    "kron",
    "layer_norm",
    "log_softmax",
    "logsumexp",
    "max_",
    "mean",
    "min_",
    "nanmean",
    "nansum",
    "norm",
    "outer",
    "pad",
    "prod",
    "qr",
    "reshape",
    "rms_norm",
    "roll",
    "same",
    "scatter",
    "setitem",
    "softmax",
    "solve",
    "solve_triangular",
    "sort",
    "squeeze",
    "stack",
    "std",
    "sum_",
    "svd",
    "svdvals",
    "swapaxes",
    "take_along_axis",
    "trace",
    "transpose",
    "tril",
    "triu",
    "var",
]


def __getattr__(name: str) -> Callable[..., View]:
    if name in MATRIX_ROWS:
        return of_matrices(MATRIX_ROWS[name])
    raise AttributeError(f"no operation means {name!r}")
