"""NumPy's rarer arguments, by keyword and by position."""

from __future__ import annotations

import numpy as np

from engine_cases.case import IDX, D, M, NumPyCase, V, X, away, normal

CHOSEN = X > -0.5

CASES: list[NumPyCase] = [
    ("sum", "positions", lambda m, x: m.sum(x, 0, None, None, True), (X,)),
    ("sum", "initial", lambda m, x: m.sum(x, 1, initial=2.0), (X,)),
    ("sum", "where", lambda m, x: m.sum(x, where=CHOSEN), (X,)),
    ("sum", "dtype", lambda m, x: m.sum(x, dtype=np.float64), (X,)),
    ("prod", "where", lambda m, x: m.prod(x, -1, where=CHOSEN, initial=0.5), (X,)),
    ("max", "positions", lambda m, x: m.max(x, 1, None, True), (D,)),
    ("max", "initial", lambda m, x: m.max(x, 1, initial=3.01), (D,)),
    ("max", "where", lambda m, x: m.max(x, where=D < 4, initial=0.0), (D,)),
    ("min", "where", lambda m, x: m.min(x, (0, 2), where=D > 1, initial=9.0), (D,)),
    ("mean", "where", lambda m, x: m.mean(x, 1, keepdims=True, where=CHOSEN), (X,)),
    ("mean", "dtype", lambda m, x: m.mean(x, 0, np.float64), (X,)),
    ("var", "correction", lambda m, x: m.var(x, 1, correction=1), (X,)),
    ("var", "positions", lambda m, x: m.var(x, 1, None, None, 1, True), (X,)),
    ("var", "where", lambda m, x: m.var(x, ddof=1, where=CHOSEN), (X,)),
    ("std", "where", lambda m, x: m.std(x, (0, 2), keepdims=True, where=CHOSEN), (X,)),
    ("nansum", "where", lambda m, x: m.nansum(x, 1, initial=1.0, where=CHOSEN), (X,)),
    ("nanmean", "where", lambda m, x: m.nanmean(x, 1, where=CHOSEN), (X,)),
    ("cumsum", "dtype", lambda m, x: m.cumsum(x, 1, np.float64), (X,)),
    ("sort", "stable", lambda m, x: m.sort(x, 1, kind="stable"), (D,)),
    ("take", "wrap", lambda m, x: m.take(x, IDX + 3, axis=1, mode="wrap"), (X,)),
    ("take", "clip", lambda m, x: m.take(x, IDX - 1, axis=1, mode="clip"), (X,)),
    ("reshape", "Fortran", lambda m, x: m.reshape(x, (4, -1), order="F"), (X,)),
    ("ravel", "Fortran", lambda m, x: m.ravel(x, order="F"), (X,)),
    ("vstack", "dtype", lambda m, x, y: m.vstack([x, y], dtype=np.float64), (M, V)),
    ("stack", "dtype", lambda m, x, y: m.stack([x, y], 1, dtype=np.float64), (V, away(4))),
    ("concatenate", "keyword", lambda m, x, y: m.concatenate((x, y), axis=0), (V, normal(3))),
    ("linalg.cholesky", "upper", lambda m, x: m.linalg.cholesky(x @ x.T, upper=True), (M[:, :3],)),
    ("linalg.pinv", "hermitian", lambda m, x: m.linalg.pinv(x @ x.T, hermitian=True), (M[:, :3],)),
    ("var", "part of one", lambda m, x: m.var(x, 1, ddof=0.5), (X,)),
    ("std", "part of one", lambda m, x: m.std(x, ddof=1.5), (M,)),
    ("pad", "several", lambda m, x: m.pad(x, ((1, 2), (0, 1)), constant_values=((1, 2), (3, 4))), (M,)),
    ("sort", "written", lambda m, x: m.sort(x**2, 0)[::-1] * x, (D[0],)),
    ("linalg.norm", "columns", lambda m, x: m.linalg.norm(x, 1, axis=(1, 2)), (X,)),
]

# Axes of size 1, which are no indices of a formula.
ROW, COLUMN = normal(1, 4, key="row"), normal(4, 1, key="column")
CASES += [
    (name, f"{label} {k}", lambda m, x, f=name, k=k: getattr(m, f)(x, k), (array,))
    for name in ("tril", "triu")
    for label, array in (("row", ROW), ("column", COLUMN))
    for k in (-2, 0, 1, 4)
]
CASES += [
    ("diag", f"single {k}", lambda m, x, k=k: m.diag(x, k), (normal(1, key="single"),))
    for k in (-1, 0, 2)
]
CASES += [
    ("diagonal", "row", lambda m, x: m.diagonal(x, 1), (ROW,)),
    ("trace", "column", lambda m, x: m.trace(x, -2), (COLUMN,)),
    ("linalg.svdvals", "row", lambda m, x: m.linalg.svdvals(x), (ROW,)),
    ("linalg.svdU", "column", lambda m, x: m.linalg.svd(x, full_matrices=False)[0] ** 2, (COLUMN,)),
    ("linalg.qrR", "row", lambda m, x: m.linalg.qr(x)[1] ** 2, (ROW,)),
    ("linalg.pinv", "row", lambda m, x: m.linalg.pinv(x), (ROW,)),
    ("linalg.pinv", "stack of columns", lambda m, x: m.linalg.pinv(x), (normal(2, 3, 1),)),
    ("linalg.norm", "nuclear of a row", lambda m, x: m.linalg.norm(x, "nuc"), (ROW,)),
    ("linalg.eigvalsh", "single", lambda m, x: m.linalg.eigvalsh(x), (normal(1, 1),)),
]
