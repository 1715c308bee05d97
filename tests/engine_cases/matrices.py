"""Products, Einstein sums and linear algebra, as NumPy has them."""

from __future__ import annotations

import math

import numpy as np

from engine_cases.case import BATCH, SQUARE, M, NumPyCase, V, X, away, normal

CASES: list[NumPyCase] = [
    ("matmul", "matrices", lambda m, x, y: m.matmul(x, y), (M, normal(4, 2))),
    ("matmul", "vectors", lambda m, x, y: m.matmul(x, y), (V, normal(4, key="w"))),
    ("matmul", "vector left", lambda m, x, y: m.matmul(x, y), (normal(3), M)),
    ("matmul", "vector right", lambda m, x, y: m.matmul(x, y), (M, V)),
    ("matmul", "batch and matrix", lambda m, x, y: m.matmul(x, y), (X, normal(4, 2))),
    ("matmul", "matrix and batch", lambda m, x, y: m.matmul(x, y), (normal(5, 3), X)),
    ("matmul", "batch and vector", lambda m, x, y: m.matmul(x, y), (X, V)),
    ("matmul", "vector and batch", lambda m, x, y: m.matmul(x, y), (normal(3), X)),
    (
        "matmul",
        "broadcast",
        lambda m, x, y: m.matmul(x, y),
        (normal(2, 1, 3, 4), normal(5, 4, 2)),
    ),
    ("matmul", "empty", lambda m, x, y: m.matmul(x, y), (np.zeros((2, 0)), np.zeros((0, 3)))),
    ("matmul", "empty batch", lambda m, x, y: m.matmul(x, y), (np.zeros((0, 2, 3)), normal(3, 2))),
    ("dot", "matrices", lambda m, x, y: m.dot(x, y), (M, normal(4, 2))),
    ("dot", "vectors", lambda m, x, y: m.dot(x, y), (V, normal(4, key="w"))),
    ("dot", "scalar", lambda m, x, y: m.dot(x, y), (np.array(2.0), M)),
    ("dot", "batch vector", lambda m, x, y: m.dot(x, y), (X, V)),
    ("dot", "vector batch", lambda m, x, y: m.dot(x, y), (normal(3), X)),
    ("dot", "batches", lambda m, x, y: m.dot(x, y), (X, normal(5, 4, 2))),
    ("inner", "matrices", lambda m, x, y: m.inner(x, y), (M, normal(5, 4))),
    ("inner", "scalar", lambda m, x, y: m.inner(x, y), (M, np.array(3.0))),
    ("inner", "batch", lambda m, x, y: m.inner(x, y), (X, M)),
    ("outer", "vectors", lambda m, x, y: m.outer(x, y), (V, normal(3))),
    ("outer", "matrices", lambda m, x, y: m.outer(x, y), (M, normal(2, 2))),
    ("tensordot", "number", lambda m, x, y: m.tensordot(x, y, 1), (X, M.T)),
    (
        "tensordot",
        "pairs",
        lambda m, x, y: m.tensordot(x, y, axes=[[0, 2], [2, 0]]),
        (X, normal(4, 5, 2)),
    ),
    ("tensordot", "none", lambda m, x, y: m.tensordot(x, y, 0), (V, normal(2))),
    ("einsum", "product", lambda m, x, y: m.einsum("ij,jk->ik", x, y), (M, normal(4, 2))),
    ("einsum", "implicit", lambda m, x, y: m.einsum("ij,kj", x, y), (M, normal(2, 4))),
    ("einsum", "ellipsis", lambda m, x: m.einsum("i...->...", x), (X,)),
    ("einsum", "trace", lambda m, x: m.einsum("ii", x), (SQUARE,)),
    ("einsum", "diagonal", lambda m, x: m.einsum("ii->i", x), (SQUARE,)),
    ("einsum", "three", lambda m, x, y, z: m.einsum("ij,jk,k->i", x, y, z), (M, M.T, normal(3))),
    (
        "einsum",
        "batch",
        lambda m, x, y: m.einsum("...ij,...jk->...ik", x, y),
        (X, normal(2, 4, 2)),
    ),
    (
        "einsum",
        "broadcast ellipsis",
        lambda m, x, y: m.einsum("...i,...i->...", x, y),
        (X, V),
    ),
    ("einsum", "lists", lambda m, x, y: m.einsum(x, [0, 1], y, [1, 2], [0, 2]), (M, M.T)),
    ("kron", "matrices", lambda m, x, y: m.kron(x, y), (M, normal(2, 3))),
    ("kron", "mixed", lambda m, x, y: m.kron(x, y), (V, M)),
    ("cross", "rows", lambda m, x, y: m.cross(x, y), (normal(4, 3), normal(3))),
    ("cross", "axis", lambda m, x, y: m.cross(x, y, axis=0), (M, normal(3, 4, key="c"))),
    ("linalg.inv", "batch", lambda m, x: m.linalg.inv(x), (BATCH,)),
    ("linalg.det", "batch", lambda m, x: m.linalg.det(x), (BATCH,)),
    (
        "linalg.det",
        "singular",
        lambda m, x: m.linalg.det(x),
        (np.outer([1.0, 2, 3], [3.0, -1, 2]),),
    ),
    ("linalg.det", "singular pair", lambda m, x: m.linalg.det(x), (np.array([[1.0, 2], [2, 4]]),)),
    ("linalg.svdvals", "wide", lambda m, x: m.linalg.svdvals(x), (M,)),
    ("linalg.qrR", "wide", lambda m, x: m.linalg.qr(x)[1], (M,)),
    ("linalg.pinv", "wide", lambda m, x: m.linalg.pinv(x), (M,)),
    ("linalg.solve", "matrix", lambda m, x, y: m.linalg.solve(x, y), (SQUARE, normal(3, 2))),
    ("linalg.solve", "vector", lambda m, x, y: m.linalg.solve(x, y), (SQUARE, normal(3))),
    ("linalg.solve", "batch", lambda m, x, y: m.linalg.solve(x, y), (BATCH, normal(3, 2))),
    ("linalg.solve", "batch vector", lambda m, x, y: m.linalg.solve(x, y), (BATCH, normal(3))),
    ("linalg.matrix_power", "cube", lambda m, x: m.linalg.matrix_power(x, 3), (SQUARE,)),
    ("linalg.matrix_power", "inverse", lambda m, x: m.linalg.matrix_power(x, -2), (SQUARE,)),
    ("linalg.matrix_power", "zero", lambda m, x: m.linalg.matrix_power(x, 0), (SQUARE,)),
    (
        "linalg.multi_dot",
        "four",
        lambda m, *a: m.linalg.multi_dot(a),
        (normal(3), M, M.T, normal(3, key="e")),
    ),
]


for _ord in (None, 1, -1, 2, 3, 0.5, math.inf, -math.inf):
    CASES.append(
        (
            "linalg.norm",
            f"vector {_ord}",
            lambda m, x, o=_ord: m.linalg.norm(x, o, axis=1),
            (away(3, 4),),
        )
    )
for _ord in (None, "fro", "nuc", 1, -1, 2, -2, math.inf, -math.inf):
    CASES.append(
        (
            "linalg.norm",
            f"matrix {_ord}",
            lambda m, x, o=_ord: m.linalg.norm(x, o, axis=(0, -1), keepdims=True),
            (away(3, 2, 4),),
        )
    )
