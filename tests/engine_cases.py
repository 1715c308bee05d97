"""The table behind the engine's tests: for every row, calls with legal inputs."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import minigrad as mg
import minigrad.nn.functional as F  # noqa: N812  (as users write it)
from minigrad.primitive import REGISTRY, Primitive

Function = Callable[..., Any]


@dataclass(frozen=True, eq=False)
class Case:
    """One call: ``run`` takes the arrays in ``args``; ``reference`` computes it with NumPy."""

    row: str
    label: str
    run: Function
    args: tuple[Any, ...]
    reference: Function | None = None

    @property
    def id(self) -> str:
        return f"{self.row}-{self.label}"


def generator(*key: Any) -> np.random.Generator:
    """Random numbers that depend on the key alone."""
    return np.random.default_rng(abs(hash_of("/".join(map(str, key)))))


def hash_of(text: str) -> int:
    value = 0
    for character in text:
        value = (value * 131 + ord(character)) % (2**31)
    return value


def sample(domain: str, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Random numbers away from the kinks and poles that the domain word excludes."""
    return np.asarray(_sample(domain, shape, rng))


def _sample(domain: str, shape: tuple[int, ...], rng: np.random.Generator) -> Any:
    size = rng.uniform(0.2, 1.5, shape)
    sign = rng.choice([-1.0, 1.0], shape)
    match domain:
        case "real" | "nonzero":
            return size * sign
        case "positive" | "nonnegative":
            return size
        case "unit":
            return rng.uniform(0.1, 0.9, shape)
        case "(-1, 1)":
            return rng.uniform(0.1, 0.9, shape) * sign
        case "above 1":
            return size + 1.1
        case "large":
            return (size + 3.0) * sign
        case "noninteger":
            return rng.integers(-4, 4, shape) + rng.uniform(0.1, 0.9, shape)
        case "bool":
            return rng.random(shape) < 0.5
        case "symmetric" | "spd":
            a = rng.normal(size=shape)
            s = a @ np.swapaxes(a, -1, -2)
            return s + np.eye(shape[-1]) if domain == "spd" else a + np.swapaxes(a, -1, -2)
        case "invertible":
            a = rng.normal(size=shape)
            return (
                a
                + 2
                * np.eye(*shape[-2:])
                * np.sign(np.trace(a, axis1=-2, axis2=-1))[..., None, None]
            )
    raise AssertionError(f"no sampler for domain {domain!r}")


PATTERNS: dict[str, tuple[tuple[int, ...], ...]] = {
    "same": ((2, 3), (2, 3), (2, 3)),
    "row": ((2, 3), (3,), (2, 3)),
    "column": ((2, 1), (2, 3), (1, 3)),
    "outer": ((3, 1), (1, 2), (1, 1)),
    "scalar": ((), (2, 2), ()),
    "all-scalars": ((), (), ()),
    "empty": ((0, 3), (1, 3), (0, 1)),
}


def elementwise_cases() -> list[Case]:
    """Every elementwise row under every broadcasting pattern."""
    cases = []
    for row in REGISTRY.values():
        if row.kind != "elementwise" or not row.builtin or not row.differentiable:
            continue
        arity = row.arity or 0
        for pattern, shapes in PATTERNS.items():
            if arity == 1 and pattern in ("column", "outer", "scalar"):
                continue
            rng = generator(row.name, pattern)
            args = tuple(sample(d, s, rng) for d, s in zip(row.domain, shapes, strict=False))
            cases.append(Case(row.name, pattern, operation(row), args, _reference(row)))
    return cases


def operation(row: Primitive) -> Function:
    """The public function of a row."""
    path = row.name.split(".")
    home: Any = mg
    if path[0] == "nn":
        home, path = F, path[1:]
        if row.name == "nn.huber":
            from minigrad.ops.regression import huber

            return huber
    for part in path[:-1]:
        home = getattr(home, part)
    if row.name == "special.polygamma":
        return lambda x: mg.special.polygamma(1, x)
    return getattr(home, path[-1])


def _reference(row: Primitive) -> Function:
    numpy_function = getattr(np, row.name, None)
    if numpy_function is not None:
        return numpy_function
    if row.name == "special.polygamma":
        return lambda x: row.forward(x, n=1)
    return lambda *args: row.forward(*args, **row.params)


def _normal(*shape: int, key: str = "") -> np.ndarray:
    return generator("normal", shape, key).normal(size=shape)


def _away(*shape: int, key: str = "") -> np.ndarray:
    return sample("nonzero", shape, generator("away", shape, key))


def _distinct(*shape: int) -> np.ndarray:
    """Numbers without near ties, so that maxima and orders stay put under small steps."""
    rng = generator("distinct", shape)
    return rng.permutation(math.prod(shape)).reshape(shape) * 0.3 + rng.uniform(0, 0.1, shape)


X = _normal(2, 3, 4)
M = _normal(3, 4, key="m")
V = _normal(4, key="v")
D = _distinct(2, 3, 4)
SQUARE = sample("invertible", (3, 3), generator("square"))
BATCH = sample("invertible", (2, 3, 3), generator("batch"))
SPD = sample("spd", (3, 3), generator("spd"))
IDX = np.array([2, 0, 2])

# (row, label, function of a NumPy-like module and the arrays, arrays). The same function runs with
# minigrad and with NumPy, which is the reference.
NUMPY_CASES: list[tuple[str, str, Function, tuple[Any, ...]]] = [
    ("sum", "all", lambda m, x: m.sum(x), (X,)),
    ("sum", "axes", lambda m, x: m.sum(x, axis=(0, -1), keepdims=True), (X,)),
    ("sum", "no axes", lambda m, x: m.sum(x, axis=()), (X,)),
    ("sum", "0-d", lambda m, x: m.sum(x), (np.array(1.5),)),
    ("sum", "empty", lambda m, x: m.sum(x, axis=0), (np.zeros((0, 2)),)),
    ("mean", "all", lambda m, x: m.mean(x), (X,)),
    ("mean", "rows", lambda m, x: m.mean(x, axis=0), (M,)),
    ("mean", "axis", lambda m, x: m.mean(x, axis=-2), (X,)),
    ("max", "all", lambda m, x: m.max(x), (D,)),
    ("max", "axis", lambda m, x: m.max(x, axis=1, keepdims=True), (D,)),
    ("min", "axes", lambda m, x: m.min(x, axis=(0, 2)), (D,)),
    ("var", "all", lambda m, x: m.var(x), (X,)),
    ("var", "ddof", lambda m, x: m.var(x, axis=-3, ddof=1, keepdims=True), (X,)),
    ("std", "all", lambda m, x: m.std(x), (X,)),
    ("std", "axis", lambda m, x: m.std(x, axis=(0, 1), ddof=1), (X,)),
    ("nansum", "axis", lambda m, x: m.nansum(x, axis=1), (X,)),
    ("nanmean", "axis", lambda m, x: m.nanmean(x, axis=(0, -1), keepdims=True), (X,)),
    ("prod", "all", lambda m, x: m.prod(x), (_away(2, 3),)),
    ("prod", "axes", lambda m, x: m.prod(x, axis=(0, 2)), (X,)),
    ("prod", "one zero", lambda m, x: m.prod(x, axis=0), (np.array([[0.0, 1.0], [2.0, 3.0]]),)),
    ("prod", "two zeros", lambda m, x: m.prod(x), (np.array([0.0, 2.0, 0.0, 3.0]),)),
    ("prod", "0-d", lambda m, x: m.prod(x), (np.array(2.5),)),
    ("cumsum", "axis", lambda m, x: m.cumsum(x, axis=1), (X,)),
    ("cumsum", "flat", lambda m, x: m.cumsum(x), (M,)),
    ("cumprod", "axis", lambda m, x: m.cumprod(x, axis=-1), (M,)),
    ("cumprod", "zeros", lambda m, x: m.cumprod(x), (np.array([2.0, 0.0, 3.0, 0.0]),)),
    ("diff", "order", lambda m, x: m.diff(x, n=2, axis=1), (X,)),
    ("diff", "default", lambda m, x: m.diff(x), (V,)),
    ("trapezoid", "dx", lambda m, y: m.trapezoid(y, dx=0.5, axis=-2), (X,)),
    ("trapezoid", "x", lambda m, y, x: m.trapezoid(y, x, axis=1), (X, _normal(3, key="t"))),
    ("trapezoid", "x full", lambda m, y, x: m.trapezoid(y, x=x, axis=-2), (X, D)),
    ("trace", "plain", lambda m, x: m.trace(x), (M,)),
    ("trace", "axes", lambda m, x: m.trace(x, axis1=-1, axis2=0), (X,)),
    ("trace", "offset", lambda m, x: m.trace(x, offset=1), (M,)),
    ("reshape", "minus one", lambda m, x: m.reshape(x, (4, -1)), (X,)),
    ("reshape", "0-d", lambda m, x: m.reshape(x, ()), (np.ones((1, 1)),)),
    ("ravel", "plain", lambda m, x: m.ravel(x), (X,)),
    ("transpose", "default", lambda m, x: m.transpose(x), (X,)),
    ("transpose", "axes", lambda m, x: m.transpose(x, (2, 0, -2)), (X,)),
    ("swapaxes", "negative", lambda m, x: m.swapaxes(x, -1, 0), (X,)),
    ("moveaxis", "several", lambda m, x: m.moveaxis(x, [0, -1], [-1, 0]), (X,)),
    ("expand_dims", "several", lambda m, x: m.expand_dims(x, (0, -1)), (M,)),
    ("squeeze", "all", lambda m, x: m.squeeze(x), (_normal(1, 3, 1),)),
    ("squeeze", "axis", lambda m, x: m.squeeze(x, axis=-1), (_normal(1, 3, 1),)),
    ("broadcast_to", "plain", lambda m, x: m.broadcast_to(x, (2, 3, 4)), (_normal(3, 1),)),
    ("atleast_1d", "0-d", lambda m, x: m.atleast_1d(x), (np.array(2.0),)),
    ("atleast_2d", "vector", lambda m, x: m.atleast_2d(x), (V,)),
    ("atleast_3d", "matrix", lambda m, x: m.atleast_3d(x), (M,)),
    ("tile", "more axes", lambda m, x: m.tile(x, (2, 1, 3)), (M,)),
    ("tile", "integer", lambda m, x: m.tile(x, 2), (X,)),
    ("repeat", "flat", lambda m, x: m.repeat(x, 2), (M,)),
    ("repeat", "counts", lambda m, x: m.repeat(x, np.array([1, 0, 2]), axis=0), (M,)),
    ("flip", "all", lambda m, x: m.flip(x), (X,)),
    ("flip", "axes", lambda m, x: m.flip(x, (-1, 0)), (X,)),
    ("fliplr", "plain", lambda m, x: m.fliplr(x), (M,)),
    ("flipud", "plain", lambda m, x: m.flipud(x), (M,)),
    ("rot90", "one", lambda m, x: m.rot90(x), (M,)),
    ("rot90", "three", lambda m, x: m.rot90(x, 3, (1, -1)), (X,)),
    ("rot90", "two", lambda m, x: m.rot90(x, -2), (M,)),
    ("roll", "flat", lambda m, x: m.roll(x, 5), (M,)),
    ("roll", "axes", lambda m, x: m.roll(x, (1, -2), (0, -1)), (X,)),
    ("roll", "one axis twice", lambda m, x: m.roll(x, (1, 2), (0, 0)), (M,)),
    ("pad", "pairs", lambda m, x: m.pad(x, [(0, 1), (2, 0)], constant_values=2.0), (M,)),
    ("pad", "integer", lambda m, x: m.pad(x, 1), (M,)),
    ("tril", "batch", lambda m, x: m.tril(x, -1), (X,)),
    ("triu", "plain", lambda m, x: m.triu(x), (M,)),
    ("diag", "vector", lambda m, x: m.diag(x, 1), (V,)),
    ("diag", "matrix", lambda m, x: m.diag(x, -1), (M,)),
    ("diagonal", "axes", lambda m, x: m.diagonal(x, offset=1, axis1=-1, axis2=0), (X,)),
    ("diagonal", "below", lambda m, x: m.diagonal(x, offset=-2), (M,)),
    ("concatenate", "axis", lambda m, x, y: m.concatenate([x, y], axis=-1), (M, _normal(3, 2))),
    ("concatenate", "flat", lambda m, x, y: m.concatenate([x, y], axis=None), (M, V)),
    ("stack", "axis", lambda m, x, y: m.stack([x, y], axis=-1), (M, _normal(3, 4, key="s"))),
    ("hstack", "vectors", lambda m, x, y: m.hstack([x, y]), (V, _normal(2))),
    ("hstack", "matrices", lambda m, x, y: m.hstack((x, y)), (M, _normal(3, 1))),
    ("vstack", "mixed", lambda m, x, y: m.vstack([x, y]), (M, V)),
    ("dstack", "vectors", lambda m, x, y: m.dstack([x, y]), (V, _normal(4, key="d"))),
    ("column_stack", "mixed", lambda m, x, y: m.column_stack([x, y]), (M, _normal(3))),
    ("array_split", "uneven", lambda m, x: m.array_split(x, 3, axis=-1)[1], (M,)),
    ("split", "places", lambda m, x: m.split(x, [1, 3], axis=1)[1], (M,)),
    ("hsplit", "matrix", lambda m, x: m.hsplit(x, 2)[1], (M,)),
    ("vsplit", "matrix", lambda m, x: m.vsplit(x, [1])[1], (M,)),
    ("dsplit", "stack", lambda m, x: m.dsplit(x, 2)[0], (X,)),
    ("append", "flat", lambda m, x, y: m.append(x, y), (M, V)),
    ("diff", "edges", lambda m, x: m.diff(x, axis=1, prepend=0.5, append=x[:, :1]), (M,)),
    ("meshgrid", "xy", lambda m, x, y: m.meshgrid(x, y)[0], (V, _normal(3))),
    ("meshgrid", "ij", lambda m, x, y: m.meshgrid(x, y, indexing="ij")[1], (V, _normal(3))),
    ("sort", "axis", lambda m, x: m.sort(x, axis=0), (D,)),
    ("sort", "flat", lambda m, x: m.sort(x, axis=None), (D,)),
    ("take", "flat", lambda m, x: m.take(x, IDX), (M,)),
    ("take", "axis", lambda m, x: m.take(x, IDX, axis=-2), (M,)),
    (
        "take_along_axis",
        "axis",
        lambda m, x: m.take_along_axis(x, np.array([[0, 0, 2, 1], [1, 1, 1, 1]]), 0),
        (M,),
    ),
    ("astype", "half", lambda m, x: m.astype(x, np.float64), (M,)),
    ("matmul", "matrices", lambda m, x, y: m.matmul(x, y), (M, _normal(4, 2))),
    ("matmul", "vectors", lambda m, x, y: m.matmul(x, y), (V, _normal(4, key="w"))),
    ("matmul", "vector left", lambda m, x, y: m.matmul(x, y), (_normal(3), M)),
    ("matmul", "vector right", lambda m, x, y: m.matmul(x, y), (M, V)),
    ("matmul", "batch and matrix", lambda m, x, y: m.matmul(x, y), (X, _normal(4, 2))),
    ("matmul", "matrix and batch", lambda m, x, y: m.matmul(x, y), (_normal(5, 3), X)),
    ("matmul", "batch and vector", lambda m, x, y: m.matmul(x, y), (X, V)),
    ("matmul", "vector and batch", lambda m, x, y: m.matmul(x, y), (_normal(3), X)),
    (
        "matmul",
        "broadcast",
        lambda m, x, y: m.matmul(x, y),
        (_normal(2, 1, 3, 4), _normal(5, 4, 2)),
    ),
    ("matmul", "empty", lambda m, x, y: m.matmul(x, y), (np.zeros((2, 0)), np.zeros((0, 3)))),
    ("matmul", "empty batch", lambda m, x, y: m.matmul(x, y), (np.zeros((0, 2, 3)), _normal(3, 2))),
    ("dot", "matrices", lambda m, x, y: m.dot(x, y), (M, _normal(4, 2))),
    ("dot", "vectors", lambda m, x, y: m.dot(x, y), (V, _normal(4, key="w"))),
    ("dot", "scalar", lambda m, x, y: m.dot(x, y), (np.array(2.0), M)),
    ("dot", "batch vector", lambda m, x, y: m.dot(x, y), (X, V)),
    ("dot", "vector batch", lambda m, x, y: m.dot(x, y), (_normal(3), X)),
    ("dot", "batches", lambda m, x, y: m.dot(x, y), (X, _normal(5, 4, 2))),
    ("inner", "matrices", lambda m, x, y: m.inner(x, y), (M, _normal(5, 4))),
    ("inner", "scalar", lambda m, x, y: m.inner(x, y), (M, np.array(3.0))),
    ("inner", "batch", lambda m, x, y: m.inner(x, y), (X, M)),
    ("outer", "vectors", lambda m, x, y: m.outer(x, y), (V, _normal(3))),
    ("outer", "matrices", lambda m, x, y: m.outer(x, y), (M, _normal(2, 2))),
    ("tensordot", "number", lambda m, x, y: m.tensordot(x, y, 1), (X, M.T)),
    (
        "tensordot",
        "pairs",
        lambda m, x, y: m.tensordot(x, y, axes=[[0, 2], [2, 0]]),
        (X, _normal(4, 5, 2)),
    ),
    ("tensordot", "none", lambda m, x, y: m.tensordot(x, y, 0), (V, _normal(2))),
    ("einsum", "product", lambda m, x, y: m.einsum("ij,jk->ik", x, y), (M, _normal(4, 2))),
    ("einsum", "implicit", lambda m, x, y: m.einsum("ij,kj", x, y), (M, _normal(2, 4))),
    ("einsum", "ellipsis", lambda m, x: m.einsum("i...->...", x), (X,)),
    ("einsum", "trace", lambda m, x: m.einsum("ii", x), (SQUARE,)),
    ("einsum", "diagonal", lambda m, x: m.einsum("ii->i", x), (SQUARE,)),
    ("einsum", "three", lambda m, x, y, z: m.einsum("ij,jk,k->i", x, y, z), (M, M.T, _normal(3))),
    (
        "einsum",
        "batch",
        lambda m, x, y: m.einsum("...ij,...jk->...ik", x, y),
        (X, _normal(2, 4, 2)),
    ),
    (
        "einsum",
        "broadcast ellipsis",
        lambda m, x, y: m.einsum("...i,...i->...", x, y),
        (X, V),
    ),
    ("einsum", "lists", lambda m, x, y: m.einsum(x, [0, 1], y, [1, 2], [0, 2]), (M, M.T)),
    ("kron", "matrices", lambda m, x, y: m.kron(x, y), (M, _normal(2, 3))),
    ("kron", "mixed", lambda m, x, y: m.kron(x, y), (V, M)),
    ("cross", "rows", lambda m, x, y: m.cross(x, y), (_normal(4, 3), _normal(3))),
    ("cross", "axis", lambda m, x, y: m.cross(x, y, axis=0), (M, _normal(3, 4, key="c"))),
    ("linalg.inv", "one", lambda m, x: m.linalg.inv(x), (SQUARE,)),
    ("linalg.inv", "batch", lambda m, x: m.linalg.inv(x), (BATCH,)),
    ("linalg.det", "one", lambda m, x: m.linalg.det(x), (SQUARE,)),
    ("linalg.det", "batch", lambda m, x: m.linalg.det(x), (BATCH,)),
    ("linalg.slogdet", "one", lambda m, x: m.linalg.slogdet(x)[1], (SQUARE,)),
    ("linalg.cholesky", "one", lambda m, x: m.linalg.cholesky(x), (SPD,)),
    ("linalg.eigvalsh", "one", lambda m, x: m.linalg.eigvalsh(x), (SPD,)),
    ("linalg.eigenvectors", "squared", lambda m, x: m.linalg.eigh(x)[1] ** 2, (SPD,)),
    ("linalg.svdvals", "tall", lambda m, x: m.linalg.svdvals(x), (M.T,)),
    ("linalg.svdvals", "wide", lambda m, x: m.linalg.svdvals(x), (M,)),
    (
        "linalg.svd",
        "vectors",
        lambda m, x: m.linalg.svd(x, full_matrices=False)[0] ** 2,
        (M.T,),
    ),
    ("linalg.qr", "R", lambda m, x: m.linalg.qr(x)[1], (SQUARE,)),
    ("linalg.qr", "Q tall", lambda m, x: m.linalg.qr(x)[0], (M.T,)),
    ("linalg.qr", "wide", lambda m, x: m.linalg.qr(x)[1], (M,)),
    ("linalg.pinv", "tall", lambda m, x: m.linalg.pinv(x), (M.T,)),
    ("linalg.pinv", "wide", lambda m, x: m.linalg.pinv(x), (M,)),
    ("linalg.solve", "matrix", lambda m, x, y: m.linalg.solve(x, y), (SQUARE, _normal(3, 2))),
    ("linalg.solve", "vector", lambda m, x, y: m.linalg.solve(x, y), (SQUARE, _normal(3))),
    ("linalg.solve", "batch", lambda m, x, y: m.linalg.solve(x, y), (BATCH, _normal(3, 2))),
    ("linalg.solve", "batch vector", lambda m, x, y: m.linalg.solve(x, y), (BATCH, _normal(3))),
    ("linalg.matrix_power", "cube", lambda m, x: m.linalg.matrix_power(x, 3), (SQUARE,)),
    ("linalg.matrix_power", "inverse", lambda m, x: m.linalg.matrix_power(x, -2), (SQUARE,)),
    ("linalg.matrix_power", "zero", lambda m, x: m.linalg.matrix_power(x, 0), (SQUARE,)),
    (
        "linalg.multi_dot",
        "four",
        lambda m, *a: m.linalg.multi_dot(a),
        (_normal(3), M, M.T, _normal(3, key="e")),
    ),
]

for _ord in (None, 1, -1, 2, 3, 0.5, math.inf, -math.inf):
    NUMPY_CASES.append(
        (
            "linalg.norm",
            f"vector {_ord}",
            lambda m, x, o=_ord: m.linalg.norm(x, o, axis=1),
            (_away(3, 4),),
        )
    )
for _ord in (None, "fro", "nuc", 1, -1, 2, -2, math.inf, -math.inf):
    NUMPY_CASES.append(
        (
            "linalg.norm",
            f"matrix {_ord}",
            lambda m, x, o=_ord: m.linalg.norm(x, o, axis=(0, -1), keepdims=True),
            (_away(3, 2, 4),),
        )
    )

_BASIC: dict[str, Any] = {
    "integer": 1,
    "negative": (-1, 0),
    "slice": (slice(None), slice(None, None, -2)),
    "new axis": (None, Ellipsis, 0, None),
    "array": (IDX % 2,),
    "arrays": (slice(None), IDX, np.array([0, 3, 0])),
    "apart": (0, slice(None), IDX),
    "mask": (X > 0,),
    "row mask": (slice(None), np.array([True, False, True])),
    "list": ([1, 0, 1],),
    "empty": (slice(0, 0),),
}
for _label, _index in _BASIC.items():
    NUMPY_CASES.append(
        ("getitem", _label, lambda m, x, i=_index: m.getitem(x, i) if m is mg else x[i], (X,))
    )


def _set(x: Any, index: Any, value: Any) -> Any:
    y = x.copy()
    y[index] = value
    return y


for _label, _index in _BASIC.items():
    _shape = X[_index].shape
    NUMPY_CASES.append(
        (
            "setitem",
            _label,
            lambda m, x, v, i=_index: m.setitem(x, i, v) if m is mg else _set(x, i, v),
            (X, _normal(*_shape, key="set")),
        )
    )


def _added(x: Any, index: Any, value: Any) -> Any:
    y = x.copy()
    np.add.at(y, index, value)
    return y


NUMPY_CASES += [
    (
        "index_add",
        label,
        lambda m, x, v, i=index: m.index_add(x, i, v) if m is mg else _added(x, i, v),
        (M, value),
    )
    for label, index, value in (
        ("repeated", IDX, _normal(3, 4, key="add")),
        ("broadcast", (slice(None), IDX), np.array(0.5)),
    )
]
NUMPY_CASES.append(
    (
        "setitem",
        "broadcast value",
        lambda m, x, v: (
            m.setitem(x, (slice(None), 1), v) if m is mg else _set(x, (slice(None), 1), v)
        ),
        (X, V),
    )
)


def numpy_cases() -> list[Case]:
    """The table above, run by minigrad and by NumPy."""
    return [
        Case(row, label, _bound(run, mg), args, _bound(run, np))
        for row, label, run, args in NUMPY_CASES
    ]


def _bound(run: Function, module: Any) -> Function:
    return lambda *args: run(module, *args)


P = sample("unit", (3, 4), generator("p"))
T = sample("unit", (3, 4), generator("t"))
LABELS = np.array([0, 3, 1])
IMAGE = _normal(2, 2, 5, 6)
KERNEL = _normal(3, 2, 2, 3)


def _softmax(x: np.ndarray, axis: int) -> np.ndarray:
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


def _direct_conv(x: np.ndarray, w: np.ndarray, s: Any, p: Any, d: Any) -> np.ndarray:
    """Convolution from its definition, one output at a time."""
    x = np.pad(x, ((0, 0), (0, 0), (p[0], p[0]), (p[1], p[1])))
    rows = (x.shape[2] - d[0] * (w.shape[2] - 1) - 1) // s[0] + 1
    columns = (x.shape[3] - d[1] * (w.shape[3] - 1) - 1) // s[1] + 1
    y = np.zeros((x.shape[0], w.shape[0], rows, columns))
    for i in range(rows):
        for j in range(columns):
            top, left = i * s[0], j * s[1]
            window = x[
                :,
                :,
                top : top + d[0] * (w.shape[2] - 1) + 1 : d[0],
                left : left + d[1] * (w.shape[3] - 1) + 1 : d[1],
            ]
            y[:, :, i, j] = np.einsum("nckl,ockl->no", window, w)
    return y


def _layer_norm(x: np.ndarray, axes: tuple[int, ...], eps: float) -> np.ndarray:
    return (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + eps)


def _bce(p: np.ndarray, y: np.ndarray) -> np.ndarray:
    return -(y * np.log(p) + (1 - y) * np.log(1 - p))


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def _pooled(x: np.ndarray) -> np.ndarray:
    return np.stack(
        [
            np.stack([x[..., i : i + 3, 2 * j : 2 * j + 2].max((-2, -1)) for j in range(3)], -1)
            for i in (0, 2)
        ],
        -2,
    )


def _attention(q: Any, k: Any, v: Any, mask: Any) -> np.ndarray:
    s = q @ np.swapaxes(k, -1, -2) / math.sqrt(q.shape[-1])
    return _softmax(np.where(mask, s, -np.inf), -1) @ v


MASK = np.tril(np.ones((3, 3), bool))
NEURAL_CASES: list[Case] = [
    Case("nn.softmax", "last", F.softmax, (M,), lambda x: _softmax(x, -1)),
    Case("nn.softmax", "first", lambda x: F.softmax(x, axis=0), (M,), lambda x: _softmax(x, 0)),
    Case("nn.softmax", "large", F.softmax, (M * 600,), lambda x: _softmax(x, -1)),
    Case(
        "nn.log_softmax",
        "axis",
        lambda x: F.log_softmax(x, 1),
        (X,),
        lambda x: np.log(_softmax(x, 1)),
    ),
    Case(
        "special.logsumexp",
        "axes",
        lambda x: mg.special.logsumexp(x, axis=(0, -1), keepdims=True),
        (X,),
        lambda x: np.log(np.exp(x).sum((0, -1), keepdims=True)),
    ),
    Case("special.logsumexp", "all", mg.special.logsumexp, (X,), lambda x: np.log(np.exp(x).sum())),
    Case(
        "nn.softplus",
        "beta",
        lambda x: F.softplus(x, 3.0),
        (M,),
        lambda x: np.log1p(np.exp(3 * x)) / 3,
    ),
    Case(
        "nn.elu",
        "alpha",
        lambda x: F.elu(x, 0.7),
        (_away(3, 4),),
        lambda x: np.where(x > 0, x, 0.7 * np.expm1(x)),
    ),
    Case("nn.gelu", "tanh", lambda x: F.gelu(x, approximate="tanh"), (M,)),
    Case(
        "nn.glu", "axis", lambda x: F.glu(x, axis=1), (M,), lambda x: x[:, :2] * _sigmoid(x[:, 2:])
    ),
    Case("nn.mse_loss", "mean", F.mse_loss, (P, T), lambda x, y: ((x - y) ** 2).mean()),
    Case(
        "nn.l1_loss",
        "sum",
        lambda x, y: F.l1_loss(x, y, "sum"),
        (P, T + 1),
        lambda x, y: np.abs(x - y).sum(),
    ),
    Case("nn.huber_loss", "both pieces", lambda x, y: F.huber_loss(x, y, delta=0.3), (P, 2 * T)),
    Case(
        "nn.smooth_l1_loss",
        "both pieces",
        lambda x, y: F.smooth_l1_loss(x, y, beta=0.3),
        (P, 2 * T),
    ),
    Case(
        "nn.kl_div",
        "sum",
        lambda x, y: F.kl_div(x, y, reduction="sum"),
        (M, P),
        lambda x, y: (y * (np.log(y) - x)).sum(),
    ),
    Case(
        "nn.kl_div",
        "log target",
        lambda x, y: F.kl_div(x, y, log_target=True),
        (M, _normal(3, 4, key="k")),
        lambda x, y: (np.exp(y) * (y - x)).mean(),
    ),
    Case(
        "nn.binary_cross_entropy",
        "mean",
        F.binary_cross_entropy,
        (P, T),
        lambda p, y: _bce(p, y).mean(),
    ),
    Case(
        "nn.binary_cross_entropy",
        "weighted",
        lambda p, y: F.binary_cross_entropy(p, y, weight=V**2, reduction="sum"),
        (P, T),
        lambda p, y: (_bce(p, y) * V**2).sum(),
    ),
    Case(
        "nn.bce_with_logits",
        "mean",
        F.bce_with_logits,
        (M, T),
        lambda x, y: _bce(_sigmoid(x), y).mean(),
    ),
    Case(
        "nn.bce_with_logits",
        "vector",
        F.bce_with_logits,
        (V, T[0]),
        lambda x, y: _bce(_sigmoid(x), y).mean(),
    ),
    Case(
        "nn.bce_with_logits",
        "weights",
        lambda x, y: F.bce_with_logits(x, y, weight=V**2, pos_weight=V**2 + 1, reduction="none"),
        (M, T),
        lambda x, y: (
            -(V**2) * ((V**2 + 1) * y * np.log(_sigmoid(x)) + (1 - y) * np.log(_sigmoid(-x)))
        ),
    ),
    Case(
        "nn.nll_loss",
        "weighted",
        lambda x: F.nll_loss(x, LABELS, weight=V**2),
        (M,),
        lambda x: -(x[np.arange(3), LABELS] * V[LABELS] ** 2).sum() / (V[LABELS] ** 2).sum(),
    ),
    Case(
        "nn.nll_loss",
        "ignored",
        lambda x: F.nll_loss(x, LABELS, ignore_index=3, reduction="none"),
        (M,),
        lambda x: -np.where(LABELS == 3, 0, x[np.arange(3), LABELS]),
    ),
    Case(
        "nn.cross_entropy",
        "labels",
        lambda x: F.cross_entropy(x, LABELS),
        (M,),
        lambda x: -np.log(_softmax(x, 1))[np.arange(3), LABELS].mean(),
    ),
    Case(
        "nn.cross_entropy",
        "probabilities",
        F.cross_entropy,
        (M, P),
        lambda x, y: -(np.log(_softmax(x, 1)) * y).sum(1).mean(),
    ),
    Case(
        "nn.cross_entropy",
        "smoothed",
        lambda x: F.cross_entropy(x, LABELS, label_smoothing=0.2),
        (M,),
        lambda x: -(np.log(_softmax(x, 1)) * (0.8 * np.eye(4)[LABELS] + 0.05)).sum(1).mean(),
    ),
    Case(
        "nn.linear", "bias", F.linear, (X, _normal(5, 4), _normal(5)), lambda x, w, b: x @ w.T + b
    ),
    Case(
        "nn.embedding",
        "rows",
        lambda w: F.embedding(np.array([[0, 2], [2, 1]]), w),
        (M,),
        lambda w: w[[[0, 2], [2, 1]]],
    ),
    Case(
        "nn.layer_norm",
        "plain",
        lambda x: F.layer_norm(x, (4,)),
        (X,),
        lambda x: _layer_norm(x, (-1,), 1e-5),
    ),
    Case(
        "nn.layer_norm",
        "affine",
        lambda x, w, b: F.layer_norm(x, (3, 4), w, b, eps=0.5),
        (X, M, P),
        lambda x, w, b: _layer_norm(x, (-2, -1), 0.5) * w + b,
    ),
    Case(
        "nn.rms_norm",
        "scaled",
        lambda x, w: F.rms_norm(x, (4,), w, eps=0.5),
        (X, V),
        lambda x, w: x / np.sqrt((x * x).mean(-1, keepdims=True) + 0.5) * w,
    ),
    Case(
        "nn.cosine_similarity",
        "axis",
        lambda x, y: F.cosine_similarity(x, y, axis=-1),
        (M, P),
        lambda x, y: (x * y).sum(-1) / np.sqrt((x * x).sum(-1) * (y * y).sum(-1)),
    ),
    Case(
        "nn.scaled_dot_product_attention",
        "causal",
        lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True),
        (X, _normal(2, 3, 4, key="kk"), _normal(2, 3, 5)),
        lambda q, k, v: _attention(q, k, v, MASK),
    ),
    Case(
        "nn.scaled_dot_product_attention",
        "added mask",
        lambda q, k, v, m: F.scaled_dot_product_attention(q, k, v, attn_mask=m),
        (X, _normal(2, 3, 4, key="kk"), _normal(2, 3, 5), _normal(3, 3)),
    ),
    Case(
        "nn.conv2d",
        "plain",
        F.conv2d,
        (IMAGE, KERNEL),
        lambda x, w: _direct_conv(x, w, (1, 1), (0, 0), (1, 1)),
    ),
    Case(
        "nn.conv2d",
        "options",
        lambda x, w: F.conv2d(x, w, stride=(2, 1), padding=(1, 2), dilation=(2, 1)),
        (IMAGE, KERNEL),
        lambda x, w: _direct_conv(x, w, (2, 1), (1, 2), (2, 1)),
    ),
    Case(
        "nn.conv2d", "groups", lambda x, w: F.conv2d(x, w, groups=2), (IMAGE, _normal(4, 1, 2, 2))
    ),
    Case(
        "nn.conv1d",
        "options",
        lambda x, w, b: F.conv1d(x, w, b, stride=2, padding=1, dilation=2),
        (_normal(2, 3, 7), _normal(2, 3, 2), _normal(2)),
    ),
    Case(
        "nn.max_pool2d",
        "windows",
        lambda x: F.max_pool2d(x, (3, 2), stride=(2, 2)),
        (_distinct(1, 2, 5, 6),),
        _pooled,
    ),
    Case(
        "linalg.solve_triangular",
        "lower",
        lambda a, b: mg.linalg.solve_triangular(a, b, lower=True),
        (SQUARE, _normal(3, 2)),
        lambda a, b: np.linalg.solve(np.tril(a), b),
    ),
    Case(
        "linalg.solve_triangular",
        "transposed vector",
        lambda a, b: mg.linalg.solve_triangular(a, b, trans=1, unit_diagonal=True),
        (SQUARE, _normal(3)),
        lambda a, b: np.linalg.solve((np.triu(a, 1) + np.eye(3)).T, b),
    ),
    Case(
        "linalg.solve_triangular",
        "batch",
        lambda a, b: mg.linalg.solve_triangular(a, b),
        (BATCH, _normal(3, 2)),
        lambda a, b: np.linalg.solve(np.triu(a), b),
    ),
]

LIKE_NUMPY: list[Case] = elementwise_cases() + numpy_cases()
CASES: list[Case] = LIKE_NUMPY + NEURAL_CASES
