"""Forty derivatives that people look up or work out by hand, and how to compute each by other means."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import minigrad as mg
from minigrad import ops


@dataclass(frozen=True)
class Case:
    """A text, its variables as `mg.parse` declares them, and by what it is derived."""

    name: str
    text: str
    variables: Mapping[str, str]
    wrt: str
    order: int = 1
    sizes: Mapping[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name

    @property
    def dims(self) -> dict[str, int]:
        """A size for each dim, all different, so that a misplaced axis cannot hide."""
        names = dict.fromkeys(
            word
            for text in self.variables.values()
            for word in text.partition("|")[0].split()
            if not word.isdigit()
        )
        return {name: self.sizes.get(name, 3 + k) for k, name in enumerate(names)}

    def arrays(self, seed: int) -> dict[str, Any]:
        """Values of the variables, drawn from what is assumed of them."""
        rng = np.random.default_rng(seed)
        return {
            name: draw(text, self.dims, rng)
            for name, text in self.variables.items()
            if name not in self.dims
        }

    def by_backward(self, values: Mapping[str, Any]) -> Any:
        """The derivative from the hand VJPs, with the text run as a Python program."""
        x = mg.tensor(np.asarray(values[self.wrt], float), requires_grad=True)

        def run(argument: Any) -> Any:
            return as_program(self.text, {**values, self.wrt: argument}, self.dims)

        scalar = run(x).shape == ()
        function: Any = mg.grad(run) if scalar else mg.jacobian(run)
        for _ in range(self.order - 1):
            function = mg.jacobian(function)
        return function(x).numpy()


PROGRAM = {
    **{name: getattr(ops, name) for name in ops.__all__},
    **{name: getattr(ops.linalg, name) for name in ops.linalg.__all__},
    **{name: getattr(ops.functional, name) for name in ops.functional.__all__},
    "logsumexp": ops.special.logsumexp,
    "logdet": lambda x: ops.linalg.slogdet(x)[1],
    "eye": np.eye,
    "ones": np.ones,
    "pi": math.pi,
}


def as_program(text: str, values: Mapping[str, Any], dims: Mapping[str, int]) -> Any:
    """The text run by Python itself, statement by statement, on tensors."""
    names: dict[str, Any] = {**PROGRAM, **dims, **values}
    *assignments, last = text.split(";")
    for assignment in assignments:
        exec(assignment.strip(), names)
    return eval(last.strip(), names)


def draw(declaration: str, dims: Mapping[str, int], rng: np.random.Generator) -> Any:
    """An array for a declaration such as ``"n n | spd"``."""
    words, _, facts = declaration.partition("|")
    shape = tuple(int(w) if w.isdigit() else dims[w] for w in words.split())
    x = rng.normal(size=shape)
    match facts.strip():
        case "spd":
            return x @ x.T / len(x) + np.eye(len(x))
        case "symmetric":
            return x + x.T
        case "invertible":
            return x + 3 * np.eye(len(x))
        case "simplex":
            return np.exp(x) / np.exp(x).sum(-1, keepdims=True)
        case "0/1":
            return rng.integers(2, size=shape).astype(float)
        case "bool":
            return np.tril(np.ones(shape)).astype(bool)
        case "pm1":
            return rng.choice([-1.0, 1.0], size=shape)
        case "index":
            return np.int64(1)
        case "positive":
            return rng.uniform(0.5, 2.0, size=shape)
    return x


_BCE = "y * log(sigmoid({z})) + (1 - y) * log(1 - sigmoid({z}))"
_READOUT = "softmax(X @ Wq @ (X @ Wk).T / sqrt(k), axis=1) @ X @ Wv @ w"
_ATTENTION = {
    "X": "n d",
    "Wq": "d k",
    "Wk": "d k",
    "Wv": "d e",
    "w": "e",
    "y": "n | 0/1",
    "k": "| positive",
}
_HEADS = (
    "Q = einsum('bid,dhk->bihk', X, Wq); K = einsum('bjd,dhk->bjhk', X, Wk); "
    "P = softmax(einsum('bihk,bjhk->bhij', Q, K), axis=3); "
    "sum(C * einsum('bhij,bjhe->bihe', P, einsum('bjd,dhe->bjhe', X, Wv)))"
)

CASES = [
    # traces, determinants, inverses, norms
    Case("trace of a product", "trace(A @ X @ B)", {"A": "m n", "X": "n p", "B": "p m"}, "X"),
    Case("quadratic form", "x @ A @ x", {"x": "n", "A": "n n"}, "x"),
    Case(
        "quadratic form, Hessian",
        "(x @ A @ x) / 2 - b @ x",
        {"x": "n", "A": "n n | symmetric", "b": "n"},
        "x",
        2,
    ),
    Case(
        "trace of a quadratic form",
        "trace(X.T @ A @ X @ B)",
        {"X": "n p", "A": "n n", "B": "p p"},
        "X",
    ),
    Case("trace of a cube", "trace(X @ X @ X)", {"X": "n n"}, "X"),
    Case("determinant", "det(X)", {"X": "n n | invertible"}, "X"),
    Case("log-determinant", "logdet(X)", {"X": "n n | invertible"}, "X"),
    Case(
        "log-determinant of a Gram matrix",
        "logdet(X.T @ X)",
        {"X": "m n"},
        "X",
        sizes={"m": 5, "n": 3},
    ),
    Case(
        "bilinear form of an inverse",
        "a @ inv(X) @ b",
        {"a": "n", "X": "n n | invertible", "b": "n"},
        "X",
    ),
    Case(
        "trace of an inverse",
        "trace(inv(X.T @ C @ X) @ A)",
        {"X": "m n", "C": "m m | spd", "A": "n n"},
        "X",
        sizes={"m": 5, "n": 3},
    ),
    Case("Frobenius norm", "norm(X)", {"X": "m n"}, "X"),
    Case("distance, Hessian", "norm(x - a)", {"x": "n", "a": "n"}, "x", 2),
    Case("linear map, Jacobian", "A @ X @ B", {"A": "m n", "X": "n p", "B": "p q"}, "X"),
    Case("trace of a Kronecker product", "trace(kron(X, A))", {"X": "n n", "A": "p p"}, "X"),
    Case(
        "scaled rows and columns",
        "trace(diag(x) @ A @ diag(x) @ B)",
        {"x": "n", "A": "n n", "B": "n n"},
        "x",
    ),
    Case("Gaussian likelihood", "x @ inv(S) @ x + logdet(S)", {"x": "n", "S": "n n | spd"}, "S"),
    # statistics and losses
    Case("least squares", "sum((A @ x - b) ** 2)", {"A": "m n", "x": "n", "b": "m"}, "x"),
    Case(
        "least deviations with a ridge",
        "sum(abs(A @ x - b)) + lam * sum(x ** 2)",
        {"A": "m n", "x": "n", "b": "m", "lam": "| positive"},
        "x",
    ),
    Case(
        "logistic regression",
        f"-sum({_BCE.format(z='X @ w')})",
        {"X": "m n", "w": "n", "y": "m | 0/1"},
        "w",
    ),
    Case(
        "logistic regression, Hessian",
        "sum(softplus(X @ w)) - y @ (X @ w)",
        {"X": "m n", "w": "n", "y": "m | 0/1"},
        "w",
        2,
    ),
    Case(
        "softmax regression",
        "-sum(Y * log(softmax(X @ W, axis=1)))",
        {"X": "n d", "W": "d c", "Y": "n c | simplex"},
        "W",
    ),
    Case("log-sum-exp, Hessian", "logsumexp(A @ x, axis=0)", {"A": "m n", "x": "n"}, "x", 2),
    Case("softmax, Jacobian", "softmax(x, axis=0)", {"x": "n"}, "x"),
    Case("softmax of rows, Jacobian", "softmax(X, axis=1)", {"X": "m n"}, "X"),
    Case(
        "masked factorization, Hessian",
        "sum((M * (T - U @ V.T)) ** 2)",
        {"M": "m n | 0/1", "T": "m n", "U": "m k", "V": "n k"},
        "U",
        2,
    ),
    Case(
        "network with tanh",
        "H = tanh(X @ W1 + b1); sum((H @ W2 - Y) ** 2)",
        {"X": "n d", "W1": "d h", "b1": "h", "W2": "h c", "Y": "n c"},
        "W1",
    ),
    Case(
        "bias of a network with relu",
        "mean((relu(X @ W1 + b1) @ W2 - Y) ** 2)",
        {"X": "n d", "W1": "d h", "b1": "h", "W2": "h c", "Y": "n c"},
        "b1",
    ),
    Case(
        "support vector machine",
        "sum(maximum(0, 1 - y * (X @ w))) + lam * sum(w ** 2)",
        {"X": "m n", "w": "n", "y": "m | pm1", "lam": "| positive"},
        "w",
    ),
    Case(
        "layer norm",
        "sum(C * ((X - mean(X, axis=1, keepdims=True)) / sqrt(var(X, axis=1, keepdims=True) + eps)))",
        {"C": "n d", "X": "n d", "eps": "| positive"},
        "X",
    ),
    Case("Rayleigh quotient", "(x @ A @ x) / (x @ x)", {"x": "n", "A": "n n | symmetric"}, "x"),
    Case(
        "word vectors",
        "-log(softmax(E[t] @ W, axis=0)) @ y",
        {"E": "v d", "t": "| index", "W": "d c", "y": "c | simplex"},
        "E",
    ),
    Case(
        "contrastive loss",
        "-mean(diag(log(softmax(Z @ Z2.T / tau, axis=1))))",
        {"Z": "n d", "Z2": "n d", "tau": "| positive"},
        "Z",
    ),
    Case(
        "Gaussian process",
        "S = exp(-g * D) + K; (y @ inv(S) @ y) / 2 + logdet(S) / 2",
        {"y": "n", "g": "| positive", "D": "n n | symmetric", "K": "n n | spd"},
        "g",
    ),
    # attention
    Case("attention by queries", f"-sum({_BCE.format(z=_READOUT)})", _ATTENTION, "Wq"),
    Case("attention by keys", f"-sum({_BCE.format(z=_READOUT)})", _ATTENTION, "Wk"),
    Case("attention by values", f"-sum({_BCE.format(z=_READOUT)})", _ATTENTION, "Wv"),
    Case(
        "masked attention",
        "P = softmax(where(M, X @ Wq @ (X @ Wk).T, -1e9), axis=1); sum(C * (P @ X @ Wv))",
        {"C": "n e", "M": "n n | bool", "X": "n d", "Wq": "d k", "Wk": "d k", "Wv": "d e"},
        "Wq",
    ),
    Case(
        "attention with heads",
        _HEADS,
        {"C": "b n h e", "X": "b n d", "Wq": "d h k", "Wk": "d h k", "Wv": "d h e"},
        "Wq",
        sizes={"b": 2, "n": 3, "h": 2, "e": 4, "d": 5, "k": 2},
    ),
    # structure
    Case(
        "joined and reshaped",
        "sum(C * softmax(reshape(concatenate([X @ W1, X @ W2], axis=1), (2, 3, 8)), axis=2))",
        {"C": "2 3 8", "X": "6 5", "W1": "5 4", "W2": "5 4"},
        "W1",
    ),
    Case("largest running sum", "sum(max(cumsum(X, axis=1), axis=1))", {"X": "m n"}, "X"),
]
