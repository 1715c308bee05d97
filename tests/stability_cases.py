"""Losses at arguments where exponentials overflow or vanish."""

from __future__ import annotations

import numpy as np
from source_cases import case

EXTREME = {
    "x": np.array([-1e4, -40.0, -1e-3, 0.0, 1e-3, 40.0, 1e4]),
    "y": np.array([0.0, 1.0, 1.0, 0.0, 0.0, 1.0, 1.0]),
    "X": np.array([[1e4, -1e4, 0.0], [-1e3, -1e3, -1e3], [500.0, 0.0, -800.0]]),
    "Y": np.eye(3),
}
CASES = [
    case("p = sigmoid(x); L = -sum(y * log(p) + (1 - y) * log(1 - p)); L", "x: n, y: n", "y"),
    case("-sum(y * log(sigmoid(x)) + (1 - y) * log(1 - sigmoid(x)))", "x: n, y: n", "x"),
    case("-sum(y * log(1 / (1 + exp(-x))))", "x: n, y: n", "y"),
    case("-sum(y * log(1 - 1 / (1 + exp(-x))))", "x: n, y: n", "y"),
    case("sum(y * log(1 + exp(x)))", "x: n, y: n", "y"),
    case("sum(log(1 + exp(x)))", "x: n, y: n", "x"),
    case("sum(softplus(x) * y)", "x: n, y: n", "x"),
    case("sum(exp(x) / (1 + exp(x)))", "x: n", "x"),
    case("sum(exp(x) / (1 + exp(x))**2)", "x: n", "x"),
    case("sum(logaddexp(x, y))", "x: n, y: n", "x"),
    case("sum(x * sigmoid(x))", "x: n", "x"),
    case("sum(tanh(x) * y)", "x: n, y: n", "x"),
    case("sum(sigmoid(x))", "x: n", "x", 2),
    case("logsumexp(x)", "x: n", "x", 2),
    case("log(sum(exp(x)))", "x: n", "x"),
    case("sum(softmax(X, axis=1) * Y)", "X: n c, Y: n c", "X"),
    case("sum(exp(X) / sum(exp(X), axis=1, keepdims=True) * Y)", "X: n c, Y: n c", "X"),
    case("E = exp(X); sum(E / sum(E, axis=0) * Y)", "X: n c, Y: n c", "X"),
    case("-sum(Y * log(softmax(X, axis=1)))", "X: n c, Y: n c", "Y"),
    case("-sum(Y * log(softmax(X, axis=1)))", "X: n c, Y: n c | simplex", "X"),
    case("softmax(x)", "x: n", "x"),
    case("sum(log(cosh(x)))", "x: n", "x"),
    case("sum(log(cosh(x)))", "x: n", "x", 2),
    case("sum(log(exp(x) + exp(-x)))", "x: n", "x"),
    case("sum(y * log(exp(x) + exp(-x)))", "x: n, y: n", "y"),
    case("sum((exp(x) - exp(-x)) / (exp(x) + exp(-x)))", "x: n", "x"),
    case("sum(elu(x))", "x: n", "x"),
    case("sum(elu(x))", "x: n", "x", 2),
    case("sum(selu(x))", "x: n", "x"),
    case("sum(where(x > 0, 1, exp(x)) * y)", "x: n, y: n", "x"),
    case("sum(bce_with_logits(x, y))", "x: n, y: n", "x", 2),
    case("sum(log_softmax(X, axis=1) * Y)", "X: n c, Y: n c", "X"),
    case("sum(silu(x) + mish(x))", "x: n", "x"),
]
