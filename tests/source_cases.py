"""Expressions whose generated functions are run: text, declarations of variables, by which, order."""

from __future__ import annotations

import inspect
import zlib
from typing import Any, NamedTuple

import numpy as np

import minigrad as mg
from minigrad.checking.replay import Replay
from minigrad.numeric import gradients

SIZES = {"n": 5, "m": 4, "d": 3, "k": 2, "e": 3, "h": 2, "b": 2, "c": 3, "v": 6}


class Case(NamedTuple):
    """``text`` over ``declared`` variables, derived ``wrt`` one of them, ``order`` times."""

    text: str
    declared: dict[str, str]
    wrt: str
    order: int = 1


def case(text: str, declared: str, wrt: str, order: int = 1) -> Case:
    """The declarations in one string: ``"X: n d, y: n | 0/1"``."""
    pairs = (part.split(":") for part in declared.split(","))
    return Case(text, {name.strip(): dims.strip() for name, dims in pairs}, wrt, order)


ATTENTION = (
    "Q = X @ Wq; K = X @ Wk; V = X @ Wv; S = Q @ K.T / sqrt(k); A = softmax(S, axis=-1);"
    "z = A @ V @ w; p = sigmoid(z); -mean(y * log(p) + (1 - y) * log(1 - p))"
)
ATTENTION_VARIABLES = "X: n d, Wq: d k, Wk: d k, Wv: d e, w: e, y: n | 0/1"
HEADS = (
    "sum(C * einsum('bhij,bjhe->bihe', softmax(einsum('bihk,bjhk->bhij', einsum('bid,dhk->bihk', X, Wq),"
    "einsum('bjd,dhk->bjhk', X, Wk)) / sqrt(k), axis=3), einsum('bjd,dhe->bjhe', X, Wv)))"
)
HEADS_VARIABLES = "C: b n h e, X: b n d, Wq: d h k, Wk: d h k, Wv: d h e"

CASES = [
    *(case(ATTENTION, ATTENTION_VARIABLES, name) for name in ("Wq", "Wk", "Wv", "X", "w", "y")),
    *(case(HEADS, HEADS_VARIABLES, name) for name in ("Wq", "Wv", "X", "C")),
    # contractions
    case("x @ (A @ B @ C) @ v", "x: n, A: n n, B: n n, C: n n, v: n", "B"),
    case("sum((A @ x - b)**2)", "A: m n, x: n, b: m", "A"),
    case("einsum('ij,ij,j->', A, B, x)", "A: m n, B: m n, x: n", "x"),
    case("sum(kron(A, B) * C)", "A: 2 3, B: 3 2, C: 6 6", "A"),
    case("sum(tensordot(A, B, axes=2) * C)", "A: m n d, B: n d k, C: m k", "B"),
    case("trace(A @ X @ B)", "A: m n, X: n d, B: d m", "X"),
    case("trace(diag(x) @ A @ diag(x))", "x: n, A: n n", "x"),
    case("sum(outer(x, y) * A)", "x: n, y: m, A: n m", "x"),
    case("norm(X @ w - y)", "X: m n, w: n, y: m", "w"),
    # elementwise functions, in forms that are stable
    case("sum(log(1 + exp(x)))", "x: n", "x"),
    case("sum(1 / (1 + exp(-x)))", "x: n", "x"),
    case("sum(exp(x) / (1 + exp(x))**2)", "x: n", "x"),
    case("sum(logaddexp(x, y))", "x: n, y: n", "x"),
    case("sum(x * tanh(log1p(exp(x))))", "x: n", "x"),
    case("sum(gelu(x) + silu(x))", "x: n", "x"),
    case("sum(where(x > y, x * y, exp(y)))", "x: n, y: n", "y"),
    case("sum(maximum(x, y) * abs(x))", "x: n, y: n", "x"),
    case("mean((sqrt(x) + x**3 + 1 / x)**2)", "x: n | positive", "x"),
    case("sum(x**y)", "x: n | positive, y: n", "y"),
    case("sum(arctan2(x, y) + sin(x) * cos(y))", "x: n, y: n", "y"),
    case("logsumexp(A @ x)", "A: m n, x: n", "x"),
    case("-sum(Y * log(softmax(X @ W, axis=1)))", "X: n d, W: d c, Y: n c | simplex", "W"),
    case("-sum(Y * log(softmax(X, axis=0)))", "X: n c, Y: n c", "X"),
    case("sum(C * (X - mean(X, axis=1, keepdims=True)) / std(X, axis=1, keepdims=True))", "C: n d, X: n d", "X"),
    # matrix functions
    case("logdet(X.T @ X)", "X: n d", "X"),
    case("a @ inv(A @ A.T + B) @ a", "a: d, A: d n, B: d d | spd", "A"),
    case("det(A) * x @ inv(A) @ x", "A: d d | spd, x: d", "A"),
    # structure
    case("sum(C * softmax(reshape(concatenate([X @ A, X @ B], axis=1), (2, 3, 8)), axis=2))",
         "C: 2 3 8, X: 6 5, A: 5 4, B: 5 4", "A"),
    case("sum(concatenate([x, y, x])**2 * z)", "x: 3, y: 2, z: 8", "x"),
    case("sum(X[1:, :2]**2 @ w)", "X: 4 3, w: 2", "X"),
    case("sum(X[::-1, 1]**3 * y)", "X: 4 3, y: 4", "X"),
    case("sum(X[1:4:2] * Y)", "X: 5 3, Y: 2 3", "X"),
    case("x[1:] @ A @ x[:-1]", "x: 5, A: 4 4", "x"),
    case("sum(C * cumsum(X, axis=1)**2)", "C: m n, X: m n", "X"),
    case("sum(cumsum(x)[1:] * y)", "x: 5, y: 4", "x"),
    case("sum(tril(X @ X.T) * C)", "X: n d, C: n n", "X"),
    case("sum(triu(A, 1) @ x)", "A: n n, x: n", "A"),
    case("sum(tril(A, -1) @ x * y)", "A: n n, x: n, y: n", "x"),
    case("sum(roll(X, 1, axis=0) * X * C)", "X: n d, C: n d", "X"),
    case("sum(pad(x, 1)**2 * y)", "x: 3, y: 5", "x"),
    case("sum(stack([x, y], axis=1) @ A)", "x: n, y: n, A: 2 d", "x"),
    case("sum(X.reshape(3, 4) @ W)", "X: 2 6, W: 4 2", "X"),
    case("sum((X.reshape(2, 3, 4) * b)[:, 1]**2)", "X: 6 4, b: 4", "b"),
    case("sum(max(X @ W, axis=1) * y)", "X: n d, W: d k, y: n", "W"),
    case("sum(max(cumsum(X, axis=1), axis=1))", "X: m n", "X"),
    case("sum(diagonal(A @ B) * x)", "A: n m, B: m n, x: n", "A"),
    case("sum(diag(x) @ A * B)", "x: n, A: n n, B: n n", "x"),
    case("sum(take(E, t, axis=0) * C)", "E: v d, t: n | index, C: n d", "E"),
    case("sum(tanh(E[t] @ W) * C)", "E: v d, t: n | index, W: d k, C: n k", "E"),
    case("sum((E @ W)[:, t] * C)", "E: n d, W: d v, t: m | index, C: n m", "W"),
    case("-log(softmax(E[t] @ W, axis=0)) @ y", "E: v d, t: | index, W: d c, y: c | simplex", "E"),
    case("mean(X) * sum(X)", "X: n d", "X"),
    case("sum(X)", "X: n d", "X"),
    case("mean(X @ ones(d))", "X: n d", "X"),
    case("sum(X * b)", "X: n d, b: n 1", "b"),
    case("sum(C * broadcast_to(x, (m, n)))", "x: n, C: m n", "x"),
    case("sum(exp(x) * (x - y)**2)", "x: n, y: m 1", "y"),
    # Jacobians
    case("softmax(X, axis=1)", "X: m n", "X"),
    case("softmax(x)", "x: n", "x"),
    case("A @ X @ B", "A: m n, X: n d, B: d k", "X"),
    case("X * y", "X: m n, y: n", "y"),
    case("exp(X)", "X: m n", "X"),
    case("x + 2 * x", "x: n", "x"),
    case("concatenate([x, y])", "x: 2, y: 3", "x"),
    case("cumsum(x)", "x: n", "x"),
    case("x[::-1] * y", "x: n, y: n", "x"),
    case("E[t]", "E: v d, t: n | index", "E"),
    case("X.reshape(6)", "X: 2 3", "X"),
    case("inv(A)", "A: d d | spd", "A"),
    case("roll(x, 2)", "x: n", "x"),
    case("X / norm(X)", "X: m n", "X"),
    # second derivatives
    case("norm(x - a)", "x: n, a: n", "x", 2),
    case("logsumexp(A @ x)", "A: m n, x: n", "x", 2),
    case("sum(log(1 + exp(X @ w)))", "X: m n, w: n", "w", 2),
    case("sum((M * (T - U @ V.T))**2)", "M: m n | 0/1, T: m n, U: m k, V: n k", "U", 2),
    case("sum(sigmoid(X @ W)**2)", "X: n d, W: d k", "W", 2),
    case("x @ A @ x", "x: n, A: n n", "x", 2),
    case("sum(x**3) + x[0] * x[1]", "x: 4", "x", 2),
    case("sum(softmax(X, axis=1)**2)", "X: m n", "X", 2),
    case("sum(exp(cumsum(x)))", "x: n", "x", 2),
    case("sum(tanh(concatenate([x, 2 * x]))**2)", "x: 3", "x", 2),
]  # fmt: skip


def sample(declared: str, rng: np.random.Generator, sizes: dict[str, int]) -> Any:
    """An array for a declaration."""
    dims, _, assume = declared.partition("|")
    shape = [int(word) if word.isdigit() else sizes[word] for word in dims.split()]
    array = rng.normal(size=shape)
    match assume.strip():
        case "spd":
            return array @ array.T + len(array) * np.eye(len(array))
        case "positive":
            return np.abs(array) + 0.5
        case "simplex":
            return np.exp(array) / np.sum(np.exp(array), axis=-1, keepdims=True)
        case "0/1":
            return (array > 0).astype(float)
        case "index":
            return rng.integers(0, 5, size=shape)
    return array


def samples(chosen: Case, sizes: dict[str, int] = SIZES) -> dict[str, Any]:
    """Arrays for all variables, the same in every process."""
    rng = np.random.default_rng(zlib.crc32(chosen.text.encode()))
    return {name: sample(text, rng, sizes) for name, text in chosen.declared.items()}


def engine_gradient(
    chosen: Case, arrays: dict[str, Any], seed: Any, sizes: dict[str, int] | None = None
) -> Any:
    """<seed, derivative> by the hand-written VJPs, twice for order 2 (the seed then being a direction)."""
    output = mg.parse(chosen.text, **chosen.declared)
    program = Replay(output._node, SIZES if sizes is None else sizes)
    leaves = {
        node: np.asarray(node.value if node.name is None else arrays[node.name])
        for node in program.leaves
    }
    (wanted,) = [node for node in leaves if node.name == chosen.wrt]
    result, tensors = program.record(leaves, {wanted})
    variable = tensors[wanted]
    if not result.requires_grad:
        return np.zeros_like(arrays[chosen.wrt])
    if chosen.order == 1:
        (found,) = gradients([result], [variable], cotangents=[mg.tensor(seed)], allow_unused=True)
    else:
        (first,) = gradients([result], [variable], create_graph=True)
        if not first.requires_grad:
            return np.zeros_like(arrays[chosen.wrt])
        (found,) = gradients([mg.sum(first * seed)], [variable], allow_unused=True)
    return np.zeros_like(arrays[chosen.wrt]) if found is None else found.numpy()


def compiled(source: str) -> Any:
    """The one function that the text defines, in a namespace of its own."""
    before: dict[str, Any] = {}
    exec(compile(source, "<source>", "exec"), before)
    functions = [value for value in before.values() if inspect.isfunction(value)]
    assert len(functions) == 1
    return functions[0]


def formula_of(chosen: Case) -> Any:
    output = mg.parse(chosen.text, **chosen.declared)
    return mg.derive(output, wrt=chosen.wrt, order=chosen.order)[chosen.wrt]


def arrays_for(text: str, shapes: dict[str, tuple[int, ...]]) -> dict[str, Any]:
    rng = np.random.default_rng(zlib.crc32(text.encode()))
    return {name: rng.uniform(0.2, 0.9, size=shape) for name, shape in shapes.items()}
