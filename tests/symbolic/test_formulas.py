"""More derivatives that people look up, as they print, and their values against the hand-written VJPs."""

from __future__ import annotations

import re

import numpy as np
import pytest
from expressions import Case

import minigrad as mg
from minigrad.errors import DerivationError
from minigrad.notation.printed_text import read_back

# name -> text, variables, by what, order, what is printed
FORMULAS = {
    "entropy": ("-sum(p * log(p))", {"p": "n | simplex"}, "p", 1, "dp = −1 − log(p)"),
    "Hessian of the entropy": (
        "-sum(p * log(p))",
        {"p": "n | simplex"},
        "p",
        2,
        "H = −diag(1 ⊘ p)",
    ),
    "entropy of a softmax": (
        "-sum(softmax(x) * log(softmax(x)))",
        {"x": "n"},
        "x",
        1,
        "dx = p ⊙ (pᵀ log(p) − log(p))   where p = softmax(x)",
    ),
    "swish H": (
        "sum(x * sigmoid(x))",
        {"x": "n"},
        "x",
        2,
        "H = diag(σ(x) ⊙ (1 − σ(x)) ⊙ (2 + x − 2 (σ(x) ⊙ x)))",
    ),
    "kl": (
        "sum(p * log(p / q))",
        {"p": "n | positive", "q": "n | positive"},
        "q",
        1,
        "dq = −p ⊘ q",
    ),
    "kl soft": (
        "sum(p * (log(p) - log(softmax(x))))",
        {"p": "n | simplex", "x": "n"},
        "x",
        1,
        "dx = softmax(x) − p",
    ),
    "ce logsm": (
        "-sum(Y * log_softmax(X @ W))",
        {"X": "n d", "W": "d c", "Y": "n c | simplex"},
        "W",
        1,
        "dW = Xᵀ (softmax(X W) − Y)",
    ),
    "gauss nll": (
        "0.5*logdet(S) + 0.5*(x-m) @ inv(S) @ (x-m)",
        {"S": "d d | spd", "x": "d", "m": "d"},
        "S",
        1,
        "dS = S⁻¹ (I − r rᵀ S⁻¹) / 2   where r = x − m",
    ),
    "gauss nll m": (
        "0.5*logdet(S) + 0.5*(x-m) @ inv(S) @ (x-m)",
        {"S": "d d | spd", "x": "d", "m": "d"},
        "m",
        1,
        "dm = S⁻¹ (m − x)",
    ),
    "ridge H": (
        "sum((A@x-b)**2) + lam*sum(x**2)",
        {"A": "m n", "x": "n", "b": "m", "lam": ""},
        "x",
        2,
        "H = 2 Aᵀ A + 2 lam I",
    ),
    "logreg": (
        "sum(log(1+exp(-y*(X@w))))",
        {"X": "m n", "w": "n", "y": "m | pm1"},
        "w",
        1,
        "dw = −Xᵀ (y ⊙ σ(−y ⊙ (X w)))",
    ),
    "logreg H": (
        "sum(log(1+exp(-y*(X@w))))",
        {"X": "m n", "w": "n", "y": "m | pm1"},
        "w",
        2,
        "H = Xᵀ diag(σ(X w) ⊙ (1 − σ(X w))) X",
    ),
    "softcap": (
        "sum(C * (softmax(c*tanh(Q@K.T/c)) @ V))",
        {"Q": "n d", "K": "n d", "V": "n e", "C": "n e", "c": ""},
        "Q",
        1,
        "dQ = ((1 − H^⊙2) ⊙ P ⊙ (C Vᵀ − rowsum(C ⊙ (P V)))) K   where H = tanh(Q Kᵀ / c), P = softmax(c H)",
    ),
    "sigmoid att": (
        "sum(C * (sigmoid(Q@K.T/sqrt(d)) @ V))",
        {"Q": "n d", "K": "n d", "V": "n e", "C": "n e"},
        "Q",
        1,
        "dQ = (P ⊙ (1 − P) ⊙ (C Vᵀ)) K / √d   where P = σ(Q Kᵀ / √d)",
    ),
    "linear att": (
        "sum(C * (Q @ (K.T @ V)))",
        {"Q": "n d", "K": "n d", "V": "n e", "C": "n e"},
        "K",
        1,
        "dK = V Cᵀ Q",
    ),
    "cross": (
        "sum(C * (softmax(X@Wq @ (Y@Wk).T/sqrt(k)) @ (Y@Wv)))",
        {"X": "n d", "Y": "m d", "Wq": "d k", "Wk": "d k", "Wv": "d e", "C": "n e"},
        "Y",
        1,
        "dY = (P ⊙ (dP − rowsum(P ⊙ dP)))ᵀ X Wq Wkᵀ / √k + Pᵀ C Wvᵀ   where P = softmax(X Wq Wkᵀ Yᵀ / √k), dP = C Wvᵀ Yᵀ",
    ),
    "alibi": (
        "sum(C * (softmax(Q@K.T/sqrt(d) + B) @ V))",
        {"Q": "n d", "K": "n d", "V": "n e", "C": "n e", "B": "n n"},
        "B",
        1,
        "dB = P ⊙ (C Vᵀ − rowsum(C ⊙ (P V)))   where P = softmax(Q Kᵀ / √d + B)",
    ),
    "causal": (
        "sum(C * (softmax(where(M, Q@K.T/sqrt(d), -1e9)) @ V))",
        {"Q": "n d", "K": "n d", "V": "n e", "C": "n e", "M": "n n | bool"},
        "K",
        1,
        "dK = (M ⊙ P ⊙ (C Vᵀ − rowsum(C ⊙ (P V))))ᵀ Q / √d   where P = softmax(where(M, Q Kᵀ / √d, −1e9))",
    ),
    "multihead": (
        "sum(C * einsum('bhij,bhjk->bhik', softmax(einsum('bhik,bhjk->bhij', Q, K)/sqrt(k)), V))",
        {"Q": "b h n k", "K": "b h n k", "V": "b h n k", "C": "b h n k"},
        "Q",
        1,
        "dQ_bh = (P_bh ⊙ (dP_bh − rowsum(P_bh ⊙ dP_bh))) K_bh / √k   where P_bh = softmax(Q_bh K_bhᵀ / √k), dP_bh = C_bh V_bhᵀ",
    ),
    "rmsnorm": (
        "sum(C * (X / sqrt(mean(X**2, axis=-1, keepdims=True) + eps)))",
        {"X": "n d", "C": "n d", "eps": "| positive"},
        "X",
        1,
        "dX = (C − X ⊙ rowmean(C ⊙ X) ⊘ r) ⊘ √r   where r = rowmean(X^⊙2) + eps",
    ),
    "layernorm": (
        "sum(C * (X - mean(X, axis=1, keepdims=True)) / sqrt(var(X, axis=1, keepdims=True) + eps))",
        {"X": "n d", "C": "n d", "eps": "| positive"},
        "X",
        1,
        "dX = (C − R ⊙ rowmean(C ⊙ R) ⊘ r − rowmean(C)) ⊘ √r   where R = X − rowmean(X), r = rowmean(R^⊙2) + eps",
    ),
    "var": ("var(x)", {"x": "n"}, "x", 1, "dx = 2 (x − mean(x)) / n"),
    "std": ("std(x)", {"x": "n"}, "x", 1, "dx = r / (n √(‖r‖² / n))   where r = x − mean(x)"),
    "var H": ("var(x)", {"x": "n"}, "x", 2, "H = 2 (I − 𝟏 𝟏ᵀ / n) / n"),
    "correlation": (
        "sum((x-mean(x))*(y-mean(y)))/sqrt(sum((x-mean(x))**2)*sum((y-mean(y))**2))",
        {"x": "n", "y": "n"},
        "x",
        1,
        "dx = (r1 − (rᵀ r1) r / ‖r‖²) / (‖r‖ ‖r1‖)   where r = x − mean(x), r1 = y − mean(y)",
    ),
    "cosine similarity": (
        "x @ y / (norm(x) * norm(y))",
        {"x": "n", "y": "n"},
        "x",
        1,
        "dx = (y − (xᵀ y) x / ‖x‖²) / (‖x‖ ‖y‖)",
    ),
    "slice": (
        "sum(x[1:]*x[:-1])",
        {"x": "n"},
        "x",
        1,
        "dx = pad(x[:-1], (1, 0)) + pad(x[1:], (0, 1))",
    ),
    "smooth": (
        "sum((x[1:]-x[:-1])**2)",
        {"x": "n"},
        "x",
        1,
        "dx = 2 (pad(r, (0, 1)) − pad(r, (1, 0)))   where r = x[:-1] − x[1:]",
    ),
    "rayleigh H": (
        "x @ A @ x / (x @ x)",
        {"x": "n", "A": "n n | symmetric"},
        "x",
        2,
        "H = (4 (2 (xᵀ A x) x / ‖x‖² − A x) xᵀ − 2 (xᵀ A x) I − 4 x xᵀ A) / ‖x‖⁴ + 2 A / ‖x‖²",
    ),
    "softmax H": (
        "y @ softmax(x)",
        {"x": "n", "y": "n"},
        "x",
        2,
        "H = diag(t) − p tᵀ − t pᵀ   where p = softmax(x), t = p ⊙ (y − pᵀ y)",
    ),
    "lse H": ("logsumexp(x)", {"x": "n"}, "x", 2, "H = diag(p) − p pᵀ   where p = softmax(x)"),
    "hinge": (
        "mean(maximum(0, 1 - y*(X@w)))",
        {"X": "m n", "w": "n", "y": "m | pm1"},
        "w",
        1,
        "dw = −Xᵀ (y ⊙ step½(1 − y ⊙ (X w))) / m",
    ),
    "nuclear": ("trace(inv(X.T @ X))", {"X": "n d"}, "X", 1, "dX = −2 X (Xᵀ X)⁻¹ (Xᵀ X)⁻¹"),
    "gram": (
        "sum(K * (X @ X.T)**2)",
        {"K": "n n", "X": "n d"},
        "X",
        1,
        "dX = 2 ((K + Kᵀ) ⊙ (X Xᵀ)) X",
    ),
    "matfac": (
        "sum(M*(U @ V.T - Y)**2)",
        {"M": "n m", "U": "n k", "V": "m k", "Y": "n m"},
        "U",
        1,
        "dU = 2 (M ⊙ (U Vᵀ − Y)) V",
    ),
    "mlp": (
        "sum((relu(X@W1)@W2 - Y)**2)",
        {"X": "n d", "W1": "d h", "W2": "h c", "Y": "n c"},
        "W1",
        1,
        "dW1 = 2 Xᵀ ([X W1 > 0] ⊙ ((relu(X W1) W2 − Y) W2ᵀ))",
    ),
    "swiglu": (
        "sum(C * ((silu(X@W) * (X@U)) @ V))",
        {"X": "n d", "W": "d h", "U": "d h", "V": "h d", "C": "n d"},
        "W",
        1,
        "dW = Xᵀ (((1 − σ(X W)) ⊙ (X W) + 1) ⊙ σ(X W) ⊙ (C Vᵀ) ⊙ (X U))",
    ),
    "poisson": (
        "sum(exp(X@w) - y*(X@w))",
        {"X": "m n", "w": "n", "y": "m"},
        "w",
        1,
        "dw = Xᵀ (exp(X w) − y)",
    ),
    "poisson H": (
        "sum(exp(X@w) - y*(X@w))",
        {"X": "m n", "w": "n", "y": "m"},
        "w",
        2,
        "H = Xᵀ diag(exp(X w)) X",
    ),
    "infonce": (
        "-mean(diag(log_softmax(Z @ Z2.T / tau)))",
        {"Z": "n d", "Z2": "n d", "tau": ""},
        "Z",
        1,
        "dZ = (softmax(Z Z2ᵀ / tau) − I) Z2 / (tau n)",
    ),
    "norm of a residual": (
        "norm(A@x - b)",
        {"A": "m n", "x": "n", "b": "m"},
        "x",
        1,
        "dx = Aᵀ r / ‖r‖   where r = A x − b",
    ),
    "Hessian of the norm of a residual": (
        "norm(A@x - b)",
        {"A": "m n", "x": "n", "b": "m"},
        "x",
        2,
        "H = Aᵀ (I − r rᵀ / ‖r‖²) A / ‖r‖   where r = A x − b",
    ),
    "trAXB": (
        "trace(A @ X @ B @ X.T @ C)",
        {"A": "n n", "X": "n m", "B": "m m", "C": "n n"},
        "X",
        1,
        "dX = Aᵀ Cᵀ X Bᵀ + C A X B",
    ),
    "quart": ("(x@x)**2", {"x": "n"}, "x", 2, "H = 4 ‖x‖² I + 8 x xᵀ"),
    "tanh J": (
        "tanh(W@x + b)",
        {"W": "m n", "x": "n", "b": "m"},
        "x",
        1,
        "J = diag(1 − tanh(W x + b)^⊙2) W",
    ),
    "softmax J": ("softmax(x)", {"x": "n"}, "x", 1, "J = diag(p) − p pᵀ   where p = softmax(x)"),
    "normalize J": ("x / norm(x)", {"x": "n"}, "x", 1, "J = I / ‖x‖ − x xᵀ / ‖x‖³"),
    "cumsum": ("sum(c*cumsum(x))", {"x": "n", "c": "n"}, "x", 1, "dx = triu(𝟏) c"),
    "noise of a Gaussian process": (
        "0.5*y @ inv(K + s*eye(n)) @ y + 0.5*logdet(K + s*eye(n))",
        {"y": "n", "K": "n n | spd", "s": ""},
        "s",
        1,
        "ds = tr(Y − Y y yᵀ Y) / 2   where Y = (K + s I)⁻¹",
    ),
    "pca": (
        "trace(inv(W.T @ W) @ W.T @ S @ W)",
        {"W": "n k", "S": "n n | symmetric"},
        "W",
        1,
        "dW = 2 (S − W (Wᵀ W)⁻¹ Wᵀ S) W (Wᵀ W)⁻¹",
    ),
    "svm": (
        "lam*sum(w**2)+sum(relu(1-y*(X@w+b)))",
        {"lam": "", "X": "m n", "w": "n", "y": "m", "b": ""},
        "b",
        1,
        "db = −(yᵀ [1 − y ⊙ (X w + b) > 0])",
    ),
    "gat": (
        "sum(C*(softmax(leaky_relu((X@a)[:,None] + (X@b)[None,:]))@X))",
        {"X": "n d", "a": "d", "b": "d", "C": "n d"},
        "a",
        1,
        (
            "da = Xᵀ rowsum(where([R > 0], 1, 0.01) ⊙ P ⊙ (C Xᵀ − rowsum(C ⊙ (P X))))   where R = X a "
            "𝟏ᵀ + 𝟏 bᵀ Xᵀ, P = softmax(leaky_relu(R))"
        ),
    ),
    "gcn": (
        "sum(C*(A@X@W))",
        {"A": "n n", "X": "n d", "W": "d k", "C": "n k"},
        "W",
        1,
        "dW = Xᵀ Aᵀ C",
    ),
    "log-cosh": (
        "sum(log(cosh(A@x-b)))",
        {"A": "m n", "x": "n", "b": "m"},
        "x",
        1,
        "dx = Aᵀ tanh(A x − b)",
    ),
    "elastic": (
        "sum((A@x-b)**2)/2 + l*sum(abs(x)) + m*sum(x**2)/2",
        {"A": "m n", "x": "n", "b": "m", "l": "", "m": ""},
        "x",
        1,
        "dx = Aᵀ (A x − b) + l sign(x) + m x",
    ),
    "powsum": ("sum(x)**3", {"x": "n"}, "x", 1, "dx = 3 sum(x)² 𝟏"),
    "fractional power": ("sum(x**1.5)", {"x": "n | positive"}, "x", 1, "dx = 3 √x / 2"),
    "largest score": ("max(X @ w)", {"X": "n d", "w": "d"}, "w", 1, "dw = Xᵀ onehot(argmax(X w))"),
    "bce logits": (
        "bce_with_logits(X@w, y)",
        {"X": "n d", "w": "d", "y": "n"},
        "w",
        1,
        "dw = Xᵀ (σ(X w) − y) / n",
    ),
    "bil": ("x @ A @ y", {"x": "n", "A": "n m", "y": "m"}, "A", 1, "dA = x yᵀ"),
    "wsum": (
        "sum(where(U, 0, 1)*X)",
        {"U": "n m | bool", "X": "n m"},
        "X",
        1,
        "dX = where(U, 0, 1)",
    ),
    "diagonal inside": (
        "sum((A @ diag(x) @ B)**2)",
        {"A": "m n", "x": "n", "B": "n p"},
        "x",
        1,
        "dx = 2 ((Aᵀ A) ⊙ (B Bᵀ)) x",
    ),
    "trace of a power": ("trace(X @ X @ X @ X)", {"X": "n n"}, "X", 1, "dX = 4 (X X X)ᵀ"),
    "skew": ("sum((X - X.T)**2)", {"X": "n n"}, "X", 1, "dX = 4 (X − Xᵀ)"),
    "batch norm": (
        "sum(C*(X - mean(X,axis=0))/sqrt(var(X,axis=0)+eps))",
        {"X": "n d", "C": "n d", "eps": "| positive"},
        "X",
        1,
        "dX = (C − R ⊙ colmean(C ⊙ R) ⊘ r − colmean(C)) ⊘ √r   where R = X − colmean(X), r = colmean(R^⊙2) + eps",
    ),
    "Hessian of attention": (
        "sum(C * (softmax(Q@K.T) @ V))",
        {"Q": "n d", "K": "n d", "V": "n e", "C": "n e"},
        "Q",
        2,
        "H[i,:,j] = δ_ij Kᵀ (diag(T_i) − P_i T_iᵀ − T_i P_iᵀ) K   where P = softmax(Q Kᵀ), T = P ⊙ (C Vᵀ − rowsum(C ⊙ (P V)))",
    ),
    "sum of logistic": ("sum(1/(1+exp(-x)))", {"x": "n"}, "x", 1, "dx = σ(x) ⊙ (1 − σ(x))"),
    "BCE in logits, written out": (
        "-sum(y*log(1/(1+exp(-z))) + (1-y)*log(1-1/(1+exp(-z))))",
        {"z": "n", "y": "n"},
        "z",
        1,
        "dz = σ(z) − y",
    ),
    "its Hessian": (
        "-sum(y*log(1/(1+exp(-z))) + (1-y)*log(1-1/(1+exp(-z))))",
        {"z": "n", "y": "n"},
        "z",
        2,
        "H = diag(σ(z) ⊙ (1 − σ(z)))",
    ),
    "softplus minus yz": (
        "sum(log(1+exp(z)) - y*z)",
        {"z": "n", "y": "n"},
        "z",
        1,
        "dz = σ(z) − y",
    ),
    "BCE of a named probability": (
        "p = sigmoid(X@w); -mean(y*log(p)+(1-y)*log(1-p))",
        {"X": "m n", "w": "n", "y": "m"},
        "w",
        1,
        "p = σ(X w)\n\ndw = Xᵀ (p − y) / m",
    ),
    "its Hessian by w": (
        "p = sigmoid(X@w); -mean(y*log(p)+(1-y)*log(1-p))",
        {"X": "m n", "w": "n", "y": "m"},
        "w",
        2,
        "p = σ(X w)\n\nH = Xᵀ diag(p ⊙ (1 − p)) X / m",
    ),
    "block of a matrix": (
        "sum(X[1:, 1:]**2)",
        {"X": "n m"},
        "X",
        1,
        "dX = 2 pad(X[1:,1:], ((1, 0), (1, 0)))",
    ),
    "reversal": ("sum(x[::-1]*y)", {"x": "n", "y": "n"}, "x", 1, "dx = y[::-1]"),
    "differences": (
        "sum(diff(x)**2)",
        {"x": "n"},
        "x",
        1,
        "dx = 2 (pad(r, (0, 1)) − pad(r, (1, 0)))   where r = x[:-1] − x[1:]",
    ),
    "rows below the last": (
        "sum(exp(X[:n-1]@w))",
        {"X": "n d", "w": "d"},
        "X",
        1,
        "dX = pad(exp(X[:-1] w), (0, 1)) wᵀ",
    ),
    "columns kept": (
        "sum(C*(X@W)[:, :2])",
        {"X": "n d", "W": "d 5", "C": "n 2"},
        "W",
        1,
        "dW = Xᵀ pad(C, ((0, 0), (0, 3)))",
    ),
}


FORMULAS |= {
    "reshape of a product": (
        "sum(C * reshape(X @ W, (2, 3, 4)))",
        {"C": "2 3 4", "X": "6 5", "W": "5 4"},
        "W",
        1,
        "dW = Xᵀ reshape(C, (6, 4))",
    ),
    "softmax of a reshape": (
        "sum(C * softmax(reshape(x, (2, 3))))",
        {"C": "2 3", "x": "6"},
        "x",
        1,
        "dx = reshape(P ⊙ (C − rowsum(P ⊙ C)), 6)   where P = softmax(reshape(x, (2, 3)))",
    ),
    "blocks side by side": (
        "sum(C * tanh(concatenate([A @ W, B], axis=1)))",
        {"A": "n d", "W": "d 2", "B": "n 3", "C": "n 5"},
        "W",
        1,
        "dW = Aᵀ ((1 − tanh([A W, B])^⊙2) ⊙ C)[:,:-3]",
    ),
    "paddings that overlap": (
        "sum(C * tanh(pad(A, ((0, 0), (0, 1))) + pad(B, ((0, 0), (1, 0)))))",
        {"A": "n 2", "B": "n 2", "C": "n 3"},
        "A",
        1,
        "dA = ((1 − tanh(pad(A, ((0, 0), (0, 1))) + pad(B, ((0, 0), (1, 0))))^⊙2) ⊙ C)[:,:-1]",
    ),
}


@pytest.mark.parametrize("name", FORMULAS)
def test_it_prints_as_one_writes_it(name: str) -> None:
    text, variables, wrt, order, printed = FORMULAS[name]
    derivation = mg.derive(mg.parse(text, **variables), wrt=wrt, order=order)
    assert str(derivation[wrt] if order == 1 else derivation[wrt, wrt]) == printed


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("name", FORMULAS)
@pytest.mark.long("part")
def test_its_value_is_that_of_the_hand_vjps(name: str, order: int) -> None:
    text, variables, wrt, *_ = FORMULAS[name]
    case = Case(name, text, variables, wrt, order, sizes={"n": 7, "d": 3, "m": 4})
    values = case.arrays(5)
    derivation = mg.derive(mg.parse(text, **variables), wrt=wrt, order=order)
    formula = derivation[wrt] if order == 1 else derivation[wrt, wrt]
    np.testing.assert_allclose(formula(values), case.by_backward(values), rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("x[1:]", (1, 4)),
        ("x[:-1][:-1]", (2, 4)),
        ("diff(x, axis=0)", (1, 4)),
        ("x[:, :, 1:]", (2, 4, 1)),
        ("diagonal(x, -1)", (1, 3)),
        ("diagonal(x, 2)", (3, 2)),
        ("diagonal(x, -5)", (3, 3)),
        ("diagonal(x, 1)", (3, 1)),
    ],
)
def test_nothing_is_read_from_what_has_no_places_left(text: str, shape: tuple[int, ...]) -> None:
    """An axis of size 1 carries no index, and may be cut to nothing as any other."""
    x = mg.tensor(np.ones(shape), name="x", requires_grad=True)
    output = mg.parse(f"sum({text}**2)", x=x)
    assert str(mg.derive(output)) == "dx = 0"
    assert mg.check(output).verdict == "pass"
    whole = mg.parse(text, x=" ".join(map(str, shape)))
    assert whole.shape == mg.parse(text, x=x).shape
    assert 0 in whole.shape


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("sum((-x)**2)", "dx = 2 x"),
        ("sum((-x)**3)", "dx = −3 x^⊙2"),
        ("min(x)**2", "dx = −2 max(−x) onehot(argmax(−x))"),
        ("sum((-x)**-2)", "dx = −2 ⊘ x^⊙3"),
    ],
)
def test_the_sign_of_a_power_is_worked_out(text: str, right: str) -> None:
    assert str(mg.derive(mg.parse(text, x="n"), wrt="x")) == right


@pytest.mark.parametrize(
    ("text", "dims", "right", "index"),
    [
        (
            "max(x) * sum(sort(x) * c)",
            {"x": "n", "c": "n"},
            "dx = (sort(x)ᵀ c) onehot(argmax(x)) + max(x) onehot(argsort(x))ᵀ c",
            "dx_i = Σ_j c_j ([argmax(x) = i] sort(x)_j + max(x) [argsort(x)_j = i])",
        ),
        ("max(x)", {"x": "n m"}, "dx = onehot(argmax(x))", "dx_ij = [argmax(x) = ij]"),
        (
            "max(x, axis=1) @ c",
            {"x": "n m", "c": "n"},
            "dx = diag(c) onehot(rowargmax(x))",
            "dx_ij = [argmax(x_i) = j] c_i",
        ),
    ],
)
def test_an_argmax_is_a_place_as_an_argsort_is(
    text: str, dims: dict[str, str], right: str, index: str
) -> None:
    formula = mg.derive(mg.parse(text, **dims), wrt="x")["x"]
    assert (str(formula), formula.index) == (right, index)


@pytest.mark.parametrize(
    ("text", "right"),
    [
        (
            "sum(c * sin(partition(reshape(B, (m, n)), 0, axis=1)))",
            "dB = reshape(Σ_i diag(cos(rowsort(T)[:,i]) ⊙ c[:,i]) onehot(rowargsort(T)[:,i]), (n, m))"
            "   where T = reshape(B, (m, n))",
        ),
        (
            "sum(c.T * sin(sort(B, axis=0)))",
            "dB_i = rowsum(cos(rowsort(Bᵀ)ᵀ)ᵀ ⊙ c ⊙ [rowargsort(Bᵀ) = i])",
        ),
    ],
)
def test_a_place_in_all_rows_is_a_column(text: str, right: str) -> None:
    """sort(T)_i is what row i of T is sorted; what stands at place i in every row is rowsort(T)[:,i]."""
    assert str(mg.derive(mg.parse(text, B="n m", c="m n"), wrt="B")) == right


@pytest.mark.parametrize(
    ("part", "dims", "right"),
    [
        ("x[::2]", "3", "J = I[::2]"),
        ("x[1::3]", "6", "J = I[1::3]"),
        ("x[:4:2]", "6", "J = I[:-2:2]"),
        ("x[1::2]", "2*h", "J = I[1::2]"),
        ("x[::2]", "2*h", "J = I[::2]"),
        ("x[:-2]", "n", "J = I[:-2]"),
    ],
)
def test_a_step_beyond_the_end_has_no_stop(part: str, dims: str, right: str) -> None:
    """x[::2] of 3 elements would stop at 4, which counted from the end is I[:--1:2]."""
    assert str(mg.derive(mg.parse(part, x=dims), wrt="x")) == right


@pytest.mark.parametrize("part", ["x[1-h:]", "x[:1-h]", "x[h:1-h:-1]", "x[:h-2:-1]"])
def test_a_bound_that_may_mean_either_end_is_refused(part: str) -> None:
    """At h = 2 NumPy reads x[1 - h:] as x[-1:], at h = 1 as all of x: one formula cannot say both."""
    with pytest.raises(DerivationError, match="from the front or from the end"):
        mg.parse(f"sum({part}**2)", x="2*h")


def test_each_variable_of_a_second_derivative_has_its_own_indices() -> None:
    loss = mg.parse("L = sum(X**2 @ b); L", X="m n", b="n")
    formula = mg.derive(loss, wrt=["X", "b"], order=2)
    assert formula["X", "X"].index == "∂²L/∂X_ij∂X_kl = 2 b_j δ_ik δ_jl"
    assert formula["b", "X"].index == "∂²L/∂b_i∂X_jk = 2 X_ji δ_ik"
    left = r"\frac{\partial^{2} L}{\partial b_{i} \, \partial X_{jk}}"
    assert formula["b", "X"].index_line.latex().startswith(left)
    assert mg.derive(loss, wrt="X")["X"].index_line.latex().startswith(
        r"\frac{\partial L}{\partial X_{ij}} &= "
    )


# A number that is repeated is one number, however it is repeated and whatever is made of it.
REPEATED = [
    ("sum(D * sin(s * ones(n)))", "s", 1, "ds = cos(s) sum(D)"),
    ("sum(D * sin(s * ones(n)))", "s", 2, "H = −sin(s) sum(D)"),
    ("sum(D * sin(s * ones(n)))", "D", 1, "dD = sin(s) 𝟏"),
    ("sum(D * y * exp(s * ones(n)))", "s", 1, "ds = exp(s) (Dᵀ y)"),
    ("sum(D * (s * ones(n) + 1))", "D", 1, "dD = (s + 1) 𝟏"),
    ("sum(D * (s * ones(n) + 1)**2)", "s", 1, "ds = 2 (s + 1) sum(D)"),
    ("sum(D * softplus(s * ones(n)))", "s", 2, "H = σ(s) (1 − σ(s)) sum(D)"),
    ("sum(sin(s * ones(n)) * D**3)", "D", 2, "H = 6 sin(s) diag(D)"),
    ("sum(X * exp(s * ones((m, n))))", "X", 1, "dX = exp(s) 𝟏 𝟏ᵀ"),
    ("sum(X * maximum(s * ones((m, n)), 0))", "s", 1, "ds = step½(s) sum(X)"),
    ("sum((X @ diag(exp(s * ones(n))))**2)", "X", 1, "dX = 2 exp(s)² X"),
    ("sum((X @ exp(s * ones(n)))**2)", "X", 1, "dX = 2 exp(s)² rowsum(X) 𝟏ᵀ"),
    ("sum((X @ sin(s * ones(n)))**2)", "s", 2, "H = 2 (cos(s)² − sin(s)²) sum(Xᵀ X)"),
    ("sum(X * exp(ones((m, 1)) * y))", "X", 1, "dX = 𝟏 exp(y)ᵀ"),
    ("sum(D) * bce_with_logits(s * ones(n), y)", "s", 1, "ds = mean(D) sum(σ(s) − y)"),
]


@pytest.mark.parametrize(("text", "wrt", "order", "right"), REPEATED)
def test_a_function_of_what_is_repeated_is_repeated(
    text: str, wrt: str, order: int, right: str
) -> None:
    names = {"D": "n", "y": "n", "s": "", "X": "m n"}
    used = {name: axes for name, axes in names.items() if re.search(rf"\b{name}\b", text)}
    formula = mg.derive(mg.parse(text, **used), wrt=wrt, order=order)[wrt]
    assert str(formula) == right
    rng, sizes = np.random.default_rng(0), {"m": 2, "n": 3}
    values = {name: rng.normal(size=[sizes[d] for d in axes.split()]) for name, axes in used.items()}
    value = formula(values)
    for shown, ascii in ((str(formula), False), (formula.index, False), (formula.ascii, True)):
        name = shown.partition(" = ")[0].partition("_")[0]
        back = read_back(shown, values, sizes, {name: value.shape}, ascii)[name]
        np.testing.assert_allclose(back, value, rtol=1e-9, err_msg=shown)
