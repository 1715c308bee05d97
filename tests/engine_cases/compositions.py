"""NumPy functions that are compositions of rows, as NumPy has them."""

from __future__ import annotations

import numpy as np

from engine_cases.case import SQUARE, D, M, NumPyCase, V, X, normal

N = normal(3, 4, key="n")
WEIGHTS = np.array([0.5, 1.0, 2.0, 0.25])

CASES: list[NumPyCase] = [
    ("fmax", "numbers", lambda m, x, y: m.fmax(x, y), (M, N)),
    ("fmin", "numbers", lambda m, x, y: m.fmin(x, y), (M, N)),
    ("logaddexp2", "row", lambda m, x, y: m.logaddexp2(x, y), (M, V)),
    ("round", "decimals", lambda m, x: m.round(x, 1), (M,)),
    ("round", "tens", lambda m, x: m.round(x * 40, -1), (M,)),
    ("ptp", "axis", lambda m, x: m.ptp(x, axis=1, keepdims=True), (D,)),
    ("average", "weights", lambda m, x: m.average(x, axis=1, weights=WEIGHTS), (M,)),
    ("average", "full", lambda m, x, w: m.average(x, weights=w), (M, np.abs(N) + 1)),
    ("select", "two", lambda m, x, y: m.select([M > 1, M < 0], [x, y * y], 0.5), (M, N)),
    ("linspace", "vectors", lambda m, a, b: m.linspace(a, b, 5, axis=1), (V, V + 1)),
    ("linspace", "open", lambda m, a: m.linspace(a, 3.0, 4, endpoint=False), (np.array(0.5),)),
    ("partition", "axis", lambda m, x: m.sort(m.partition(x, 1, axis=1)[:, :2], 1), (D,)),
    ("rollaxis", "to the front", lambda m, x: m.rollaxis(x, 2), (X,)),
    ("rollaxis", "further", lambda m, x: m.rollaxis(x, 0, -1), (X,)),
    ("diagflat", "offset", lambda m, x: m.diagflat(x, -1), (normal(2, 2),)),
    ("vdot", "matrices", lambda m, x, y: m.vdot(x, y), (M, N)),
    ("vecdot", "broadcast", lambda m, x, y: m.vecdot(x, y), (X, V)),
    ("matvec", "batch", lambda m, x, y: m.matvec(x, y), (X, normal(2, 4))),
    ("vecmat", "batch", lambda m, x, y: m.vecmat(x, y), (normal(2, 3), X)),
    ("unstack", "axis", lambda m, x: m.unstack(x, axis=1)[2], (X,)),
    ("cumulative_sum", "from 0", lambda m, x: m.cumulative_sum(x, include_initial=True), (V,)),
    ("cumulative_prod", "axis", lambda m, x: m.cumulative_prod(x, axis=1), (M,)),
    ("broadcast_arrays", "column", lambda m, x, y: m.broadcast_arrays(x, y)[0], (normal(3, 1), N)),
    ("linalg.trace", "batch", lambda m, x: m.linalg.trace(x, offset=1), (X,)),
    ("linalg.diagonal", "batch", lambda m, x: m.linalg.diagonal(x, offset=-1), (X,)),
    ("linalg.cross", "rows", lambda m, x, y: m.linalg.cross(x, y), (SQUARE, normal(3))),
    ("linalg.vector_norm", "all", lambda m, x: m.linalg.vector_norm(x, keepdims=True), (X,)),
    (
        "linalg.vector_norm",
        "axes",
        lambda m, x: m.linalg.vector_norm(x, axis=(0, -1), ord=3),
        (X,),
    ),
    ("linalg.matrix_norm", "nuclear", lambda m, x: m.linalg.matrix_norm(x, ord="nuc"), (X,)),
]
