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
]
