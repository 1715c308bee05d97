"""The examples of the live page: programs that people know, each with numbers and one sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def _example(
    id: str,
    title: str,
    sentence: str,
    program: str,
    variables: Mapping[str, str],
    sizes: Mapping[str, int],
    values: Mapping[str, Any],
    wrt: Sequence[str] | None = None,
    order: int = 1,
) -> dict[str, Any]:
    return {
        "id": id,
        "title": title,
        "sentence": sentence,
        "program": program,
        "variables": dict(variables),
        "sizes": dict(sizes),
        "values": dict(values),
        "wrt": wrt and list(wrt),
        "order": order,
    }


# Four tokens of three numbers, and weights for them: attention in all its forms is drawn with these.
_X = [[1.0, -0.5, 0.8], [0.2, 1.4, -1.0], [-1.2, 0.6, 0.4], [0.7, 0.9, 1.5]]
_WQ = [[1.1, -0.4], [0.3, 0.9], [-0.6, 1.2]]
_WK = [[0.8, 0.5], [-0.7, 1.3], [1.0, -0.2]]
_WV = [[0.9, -1.1], [1.2, 0.4], [-0.5, 0.7]]
_WQ2 = [[-0.5, 0.7], [1.0, 0.2], [0.4, -0.9]]
_WK2 = [[0.6, -1.0], [0.1, 0.8], [-0.3, 0.5]]
_WV2 = [[-0.7, 0.3], [0.5, 1.2], [0.9, -0.4]]

GALLERY: list[dict[str, Any]] = [
    _example(
        "attention",
        "Self-attention, BCE",
        "All that goes back through the softmax is one line, dS: in each of its rows the numbers sum to zero.",
        """Q = X @ Wq
K = X @ Wk
V = X @ Wv
S = Q @ K.T / sqrt(k)
A = softmax(S)
H = A @ V
p = sigmoid(H @ w)
L = binary_cross_entropy(p, y)""",
        {"X": "n d", "Wq": "d k", "Wk": "d k", "Wv": "d k", "w": "k", "y": "n | 0/1"},
        {"n": 4, "d": 3, "k": 2},
        {"X": _X, "Wq": _WQ, "Wk": _WK, "Wv": _WV, "w": [1.5, -0.8], "y": [1.0, 0.0, 0.0, 1.0]},
        ["Wq", "Wk", "Wv", "w", "X"],
    ),
    _example(
        "masked",
        "Causal attention",
        "The first token sees only itself, so its score changes nothing: the first row of dS is zero.",
        """Q = X @ Wq
K = X @ Wk
V = X @ Wv
S = where(M, Q @ K.T / sqrt(k), -inf)
A = softmax(S)
H = A @ V
L = mean((H - Y) ** 2)""",
        {"X": "n d", "Wq": "d k", "Wk": "d k", "Wv": "d k", "M": "n n | 0/1", "Y": "n k"},
        {"n": 4, "d": 3, "k": 2},
        {
            "X": _X,
            **{"Wq": _WQ, "Wk": _WK, "Wv": _WV},
            "M": [[1.0, 0.0, 0.0, 0.0], [1.0, 1.0, 0.0, 0.0], [1.0, 1.0, 1.0, 0.0], [1.0] * 4],
            "Y": [[0.0, -1.0], [1.0, 0.5], [0.5, 1.0], [-0.5, 0.0]],
        },
        ["Wq", "Wk", "Wv"],
    ),
    _example(
        "heads",
        "Two heads",
        "The heads meet in the last product only: each gets its own columns of dH, the rest is done twice.",
        """Q1 = X @ Wq1
K1 = X @ Wk1
V1 = X @ Wv1
Q2 = X @ Wq2
K2 = X @ Wk2
V2 = X @ Wv2
S1 = Q1 @ K1.T / sqrt(k)
S2 = Q2 @ K2.T / sqrt(k)
A1 = softmax(S1)
A2 = softmax(S2)
H = concatenate([A1 @ V1, A2 @ V2], axis=1)
Y = H @ Wo
L = sum((Y - T) ** 2) / 2""",
        {
            "X": "n d",
            **dict.fromkeys(["Wq1", "Wk1", "Wv1", "Wq2", "Wk2", "Wv2"], "d k"),
            "Wo": "2*k d",
            "T": "n d",
        },
        {"n": 4, "d": 3, "k": 2},
        {
            "X": _X,
            **{"Wq1": _WQ, "Wk1": _WK, "Wv1": _WV, "Wq2": _WQ2, "Wk2": _WK2, "Wv2": _WV2},
            "Wo": [[0.6, -0.2, 0.4], [-0.5, 0.8, 0.1], [0.3, 0.7, -0.6], [0.9, -0.4, 0.2]],
            "T": [[0.5, 0.0, -0.5], [1.0, -1.0, 0.0], [0.0, 0.5, 1.0], [-1.0, 0.5, 0.0]],
        },
        ["Wq1", "Wk1", "Wv1", "Wq2", "Wk2", "Wv2", "Wo"],
    ),
    _example(
        "mlp",
        "Multilayer perceptron",
        "Softmax and cross-entropy are hard apart and easy together: guess minus label, over n.",
        """U = X @ W1 + b1
H = relu(U)
Z = H @ W2 + b2
L = cross_entropy(Z, Y)""",
        {"X": "n d", "W1": "d h", "b1": "h", "W2": "h c", "b2": "c", "Y": "n c | onehot"},
        {"n": 4, "d": 2, "h": 3, "c": 2},
        {
            "X": [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]],
            "W1": [[1.0, -0.8, 0.6], [0.9, 1.1, -0.7]],
            "b1": [-0.4, 0.1, 0.2],
            "W2": [[0.8, -0.6], [-0.5, 0.9], [1.0, 0.3]],
            "b2": [0.1, -0.1],
            "Y": [[1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [1.0, 0.0]],
        },
        ["W1", "b1", "W2", "b2"],
    ),
    _example(
        "logistic",
        "Logistic regression, its Hessian",
        "The labels are gone from it: the loss bends by how sure the model is, not by whether it is right.",
        """z = X @ w
p = sigmoid(z)
L = binary_cross_entropy(p, y)""",
        {"X": "n d", "w": "d", "y": "n | 0/1"},
        {"n": 4, "d": 2},
        {
            "X": [[1.0, 2.0], [-1.0, 1.0], [0.5, -1.5], [-2.0, -0.5]],
            "w": [0.8, -0.4],
            "y": [1.0, 0.0, 1.0, 0.0],
        },
        ["w"],
        order=2,
    ),
    _example(
        "layer-norm",
        "Layer norm",
        "Shift or stretch a row and z stays, so each row of dx sums to zero and is at right angles to z.",
        """m = mean(x, axis=1, keepdims=True)
c = x - m
v = mean(c ** 2, axis=1, keepdims=True)
z = c / sqrt(v)
y = z * g + b
L = mean((y - t) ** 2)""",
        {"x": "n d", "g": "d", "b": "d", "t": "n d"},
        {"n": 3, "d": 4},
        {
            "x": [[1.0, 2.0, 3.0, 6.0], [0.5, -0.5, 1.5, -1.5], [4.0, 0.0, -2.0, 2.0]],
            "g": [1.0, 0.5, 2.0, 1.5],
            "b": [0.0, 0.5, -0.5, 0.0],
            "t": [[-1.0, 0.0, 0.0, 2.0], [1.0, 0.0, 2.0, -2.0], [1.5, 0.0, -2.0, 1.0]],
        },
        ["x", "g", "b"],
    ),
    _example(
        "softmax",
        "The softmax Jacobian",
        "Symmetric, and every row sums to zero: what one probability gains, the others lose.",
        "p = softmax(z)",
        {"z": "n"},
        {"n": 4},
        {"z": [2.0, 1.0, 0.0, -1.0]},
        ["z"],
    ),
    _example(
        "gaussian-process",
        "Gaussian process",
        "One line weighs fit against complexity, and length scale and noise both learn from it: dC.",
        """K = exp(-D / (2 * a**2))
C = K + s**2 * eye(n)
L = (y @ inv(C) @ y + logdet(C)) / 2""",
        {"D": "n n | symmetric", "y": "n", "a": "| positive", "s": "| positive"},
        {"n": 4},
        {
            "D": [[0, 1, 4, 9], [1, 0, 1, 4], [4, 1, 0, 1], [9, 4, 1, 0]],
            "y": [0.5, 1.0, 0.0, -1.5],
            "a": 1.0,
            "s": 0.5,
        },
        ["a", "s"],
    ),
    _example(
        "pca",
        "Principal components",
        "W stands twice in W Wᵀ, so its gradient holds dP and dPᵀ: one of them is easily forgotten.",
        """P = W @ W.T
R = X - X @ P
L = sum(R ** 2)""",
        {"X": "n d", "W": "d k"},
        {"n": 4, "d": 3, "k": 1},
        {
            "X": [[2.0, 1.0, 0.0], [-1.0, -0.5, 0.5], [1.0, 0.5, -0.5], [-2.0, -1.0, 0.0]],
            "W": [[0.6], [0.6], [0.5]],
        },
        ["W"],
    ),
    _example(
        "convolution",
        "Convolution",
        "The way back is a convolution again: of x with dz for w, of dz with w turned round for x.",
        """z = conv1d(x, w)
L = sum((z - y) ** 2) / 2""",
        {"x": "1 1 n", "w": "1 1 k", "y": "1 1 n-k+1"},
        {"n": 6, "k": 3},
        {
            "x": [[[0.0, 1.0, 2.0, -1.0, 0.5, 1.0]]],
            "w": [[[1.0, 0.0, -1.0]]],
            "y": [[[-1.0, 1.0, 1.0, -1.0]]],
        },
        ["x", "w"],
    ),
    _example(
        "lora",
        "LoRA",
        "As B begins at zero, A gets no gradient at all in the first step, and yet both learn.",
        """V = W + B @ A
R = X @ V.T - Y
L = sum(R ** 2) / 2""",
        {"X": "n d", "W": "m d", "B": "m r", "A": "r d", "Y": "n m"},
        {"n": 4, "d": 3, "m": 2, "r": 1},
        {
            "X": _X,
            "W": [[1.0, 0.0, -0.5], [0.5, -1.0, 0.0]],
            "B": [[0.0], [0.0]],
            "A": [[0.6, -0.3, 0.4]],
            "Y": [[1.0, 1.0], [0.5, -1.0], [-1.0, -1.5], [0.0, 0.5]],
        },
        ["A", "B"],
    ),
    _example(
        "contrastive",
        "Contrastive (InfoNCE)",
        "A pair pulls by what its probability lacks, every other candidate pushes by its own: (P − I) / n.",
        """S = U @ V.T / t
P = softmax(S)
L = -mean(log(diag(P)))""",
        {"U": "n d", "V": "n d", "t": "| positive"},
        {"n": 3, "d": 2},
        {
            "U": [[1.0, 0.2], [-0.4, 0.9], [-0.6, -0.8]],
            "V": [[0.8, 0.5], [-0.7, 0.6], [0.1, -1.0]],
            "t": 0.5,
        },
        ["U", "V", "t"],
    ),
    _example(
        "ridge",
        "Ridge regression",
        "Set the gradient to zero and the normal equations stand there; c keeps them solvable whatever X is.",
        """r = X @ w - y
L = sum(r ** 2) / 2 + c * sum(w ** 2) / 2""",
        {"X": "n d", "w": "d", "y": "n", "c": "| positive"},
        {"n": 4, "d": 2},
        {
            "X": [[1.0, 0.0], [1.0, 1.0], [1.0, 2.0], [1.0, 3.0]],
            "w": [0.0, 1.0],
            "y": [1.0, 1.5, 3.5, 4.0],
            "c": 0.5,
        },
        ["w"],
    ),
    _example(
        "log-determinant",
        "A log-determinant",
        "A determinant sums over all permutations, yet what its logarithm sends back is one inverse, −V⁻¹.",
        """Z = X @ W
V = Z.T @ Z / n
L = -logdet(V)""",
        {"X": "n d", "W": "d k"},
        {"n": 4, "d": 3, "k": 2},
        {"X": _X, "W": [[1.0, 0.5], [0.0, 1.0], [0.5, -0.5]]},
        ["W"],
    ),
    _example(
        "batch-norm",
        "Batch norm",
        "The statistics run down the columns, so the gradient of one example depends on all the others.",
        """m = mean(X, axis=0)
C = X - m
v = mean(C ** 2, axis=0)
Z = C / sqrt(v)
Y = g * Z + b
L = mean((Y - T) ** 2)""",
        {"X": "n d", "g": "d", "b": "d", "T": "n d"},
        {"n": 4, "d": 3},
        {
            "X": [[1.0, 10.0, -0.5], [2.0, 30.0, 0.0], [3.0, 20.0, 0.5], [6.0, 40.0, 2.0]],
            "g": [1.0, 0.5, 2.0],
            "b": [0.0, 0.5, -0.5],
            "T": [[-1.0, 0.0, -2.0], [0.0, 1.0, -1.0], [0.0, 0.5, 0.0], [2.0, 1.0, 1.0]],
        },
        ["X", "g", "b"],
    ),
    _example(
        "rnn",
        "A recurrent network",
        "W is used at every step, so dW is a sum over time; what comes from long ago has passed W each time.",
        """u1 = U @ x1
h1 = tanh(u1)
u2 = W @ h1 + U @ x2
h2 = tanh(u2)
u3 = W @ h2 + U @ x3
h3 = tanh(u3)
L = sum((h3 - y) ** 2) / 2""",
        {"U": "h d", "W": "h h", "x1": "d", "x2": "d", "x3": "d", "y": "h"},
        {"h": 3, "d": 2},
        {
            "U": [[0.8, -0.3], [0.2, 0.9], [-0.6, 0.4]],
            "W": [[0.5, -0.7, 0.2], [0.6, 0.4, -0.5], [-0.1, 0.8, 0.3]],
            "x1": [1.0, 0.0],
            "x2": [0.0, 1.0],
            "x3": [-1.0, 0.5],
            "y": [0.5, -0.5, 1.0],
        },
        ["W", "U"],
    ),
    _example(
        "policy-gradient",
        "Policy gradient",
        "An action is a label with a weight: dZ is a classifier's gradient, each row times what it earned.",
        """Z = S @ W
P = softmax(Z)
L = -mean(G * sum(A * log(P), axis=1))""",
        {"S": "n d", "W": "d c", "A": "n c | onehot", "G": "n"},
        {"n": 4, "d": 2, "c": 3},
        {
            "S": [[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [-1.0, 0.5]],
            "W": [[0.5, -0.5, 0.0], [0.0, 0.3, -0.3]],
            "A": [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]],
            "G": [2.0, -1.0, 0.5, 0.0],
        },
        ["W"],
    ),
]
