"""Forty derivatives from cookbooks, statistics and attention: printed as one writes them, and right."""

from __future__ import annotations

import pytest

import minigrad as mg

WITNESSES = ("hand VJPs", "derived formula", "NumPy source", "finite differences")


# name: (program, declarations, variable, order, printed)
IDENTITIES: dict[str, tuple[str, dict[str, str], str, int, str]] = {
    "trace_axb": (
        "trace(A @ X @ B)",
        {"A": "m n", "X": "n p", "B": "p m"},
        "X",
        1,
        "dX = Aᵀ Bᵀ",
    ),
    "quad": (
        "x @ A @ x",
        {"x": "n", "A": "n n"},
        "x",
        1,
        "dx = (A + Aᵀ) x",
    ),
    "quad_hess": (
        "0.5 * (x @ A @ x) - b @ x",
        {"x": "n", "A": "n n | symmetric", "b": "n"},
        "x",
        2,
        "H = A",
    ),
    "trace_xtaxb": (
        "trace(X.T @ A @ X @ B)",
        {"X": "n p", "A": "n n", "B": "p p"},
        "X",
        1,
        "dX = A X B + Aᵀ X Bᵀ",
    ),
    "trace_cube": (
        "trace(X @ X @ X)",
        {"X": "n n"},
        "X",
        1,
        "dX = 3 Xᵀ Xᵀ",
    ),
    "det": (
        "det(X)",
        {"X": "n n | invertible"},
        "X",
        1,
        "dX = det(X) X⁻ᵀ",
    ),
    "logdet": (
        "logdet(X)",
        {"X": "n n | invertible"},
        "X",
        1,
        "dX = X⁻ᵀ",
    ),
    "logdet_gram": (
        "logdet(X.T @ X)",
        {"X": "4 3"},
        "X",
        1,
        "dX = 2 X (Xᵀ X)⁻¹",
    ),
    "inv_bilinear": (
        "a @ inv(X) @ b",
        {"a": "n", "X": "n n | invertible", "b": "n"},
        "X",
        1,
        "dX = −X⁻ᵀ a (X⁻¹ b)ᵀ",
    ),
    "trace_inv_quad": (
        "trace(inv(X.T @ C @ X) @ A)",
        {"X": "4 3", "C": "4 4 | spd", "A": "3 3"},
        "X",
        1,
        "dX = −C X Y (Aᵀ + A) Y   where Y = (Xᵀ C X)⁻¹",
    ),
    "fro": (
        "norm(X)",
        {"X": "m n | nonzero"},
        "X",
        1,
        "dX = X / ‖X‖",
    ),
    "norm_hess": (
        "norm(x - a)",
        {"x": "n", "a": "n"},
        "x",
        2,
        "H = I / ‖r‖ − r rᵀ / ‖r‖³   where r = x − a",
    ),
    "jac_axb": (
        "A @ X @ B",
        {"A": "m n", "X": "n p", "B": "p q"},
        "X",
        1,
        "J_ijkl = A_ik B_lj",
    ),
    "kron": (
        "trace(kron(X, A))",
        {"X": "n n", "A": "p p"},
        "X",
        1,
        "dX = tr(A) I",
    ),
    "diag": (
        "trace(diag(x) @ A @ diag(x) @ B)",
        {"x": "n", "A": "n n", "B": "n n"},
        "x",
        1,
        "dx = (A ⊙ Bᵀ + Aᵀ ⊙ B) x",
    ),
    "gauss_nll_sym": (
        "x @ inv(S) @ x + logdet(S)",
        {"x": "n", "S": "n n | spd"},
        "S",
        1,
        "dS = S⁻¹ − S⁻¹ x xᵀ S⁻¹",
    ),
    "lsq": (
        "sum((A @ x - b)**2)",
        {"A": "m n", "x": "n", "b": "m"},
        "x",
        1,
        "dx = 2 Aᵀ (A x − b)",
    ),
    "l1_ridge": (
        "sum(abs(A @ x - b)) + lam * sum(x**2)",
        {"A": "m n", "x": "n", "b": "m", "lam": "| positive"},
        "x",
        1,
        "dx = Aᵀ sign(A x − b) + 2 lam x",
    ),
    "bce": (
        "-sum(y * log(sigmoid(X @ w)) + (1 - y) * log(1 - sigmoid(X @ w)))",
        {"X": "m n", "w": "n", "y": "m | 0/1"},
        "w",
        1,
        "dw = Xᵀ (σ(X w) − y)",
    ),
    "logistic_hess": (
        "sum(softplus(X @ w)) - y @ (X @ w)",
        {"X": "m n", "w": "n", "y": "m | 0/1"},
        "w",
        2,
        "H = Xᵀ diag(σ(X w) ⊙ (1 − σ(X w))) X",
    ),
    "softmax_ce": (
        "-sum(Y * log(softmax(X @ W, axis=1)))",
        {"X": "n d", "W": "d c", "Y": "n c | simplex"},
        "W",
        1,
        "dW = Xᵀ (softmax(X W) − Y)",
    ),
    "lse_hess": (
        "logsumexp(A @ x, axis=0)",
        {"A": "m n", "x": "n"},
        "x",
        2,
        "H = Aᵀ (diag(p) − p pᵀ) A   where p = softmax(A x)",
    ),
    "softmax_jac": (
        "softmax(x, axis=0)",
        {"x": "n"},
        "x",
        1,
        "J = diag(p) − p pᵀ   where p = softmax(x)",
    ),
    "row_softmax_jac": (
        "softmax(X, axis=1)",
        {"X": "m n"},
        "X",
        1,
        "J_ijkl = P_ij (δ_jl − P_il) δ_ik   where P = softmax(X)",
    ),
    "mf_hess": (
        "sum((M * (T - U @ V.T))**2)",
        {"M": "m n | 0/1", "T": "m n", "U": "m k", "V": "n k"},
        "U",
        2,
        "H[i,:,j] = 2 δ_ij Vᵀ diag(M_i) V",
    ),
    "mlp_tanh": (
        "sum((tanh(X @ W1 + b1) @ W2 - Y)**2)",
        {"X": "n d", "W1": "d h", "b1": "h", "W2": "h c", "Y": "n c"},
        "W1",
        1,
        "dW1 = 2 Xᵀ ((1 − H^⊙2) ⊙ ((H W2 − Y) W2ᵀ))   where H = tanh(X W1 + b1)",
    ),
    "mlp_relu_bias": (
        "mean((relu(X @ W1 + b1) @ W2 - Y)**2)",
        {"X": "n d", "W1": "d h", "b1": "h", "W2": "h c", "Y": "n c"},
        "b1",
        1,
        "db1 = 2 colmean([R > 0] ⊙ ((relu(R) W2 − Y) W2ᵀ)) / c   where R = X W1 + b1",
    ),
    "hinge": (
        "sum(maximum(0, 1 - y * (X @ w))) + lam * sum(w**2)",
        {"X": "m n", "w": "n", "y": "m | pm1", "lam": "| positive"},
        "w",
        1,
        "dw = 2 lam w − Xᵀ (y ⊙ step½(1 − y ⊙ (X w)))",
    ),
    "layernorm": (
        (
            "sum(C * ((X - mean(X, axis=1, keepdims=True)) / sqrt(var(X, axis=1, "
            "keepdims=True) + eps)))"
        ),
        {"C": "n d", "X": "n d", "eps": "| positive"},
        "X",
        1,
        (
            "dX = (C − R ⊙ rowmean(C ⊙ R) ⊘ r − rowmean(C)) ⊘ √r   where R = X − rowmean(X), r = "
            "rowmean(R^⊙2) + eps"
        ),
    ),
    "rayleigh": (
        "(x @ A @ x) / (x @ x)",
        {"x": "n | nonzero", "A": "n n | symmetric"},
        "x",
        1,
        "dx = 2 (A x − (xᵀ A x) x / ‖x‖²) / ‖x‖²",
    ),
    "index_ce": (
        "-log(softmax(E[t] @ W, axis=0)) @ y",
        {"E": "v d", "t": "| index", "W": "d c", "y": "c | simplex"},
        "E",
        1,
        "dE = e_t (W (softmax(Wᵀ Eᵀ e_t) − y))ᵀ",
    ),
    "infonce": (
        "-mean(diag(log(softmax(Z @ Z2.T / tau, axis=1))))",
        {"Z": "n d", "Z2": "n d", "tau": "| positive"},
        "Z",
        1,
        "dZ = (softmax(Z Z2ᵀ / tau) − I) Z2 / (tau n)",
    ),
    "gp_nll": (
        "0.5 * (y @ inv(exp(-g * D) + K) @ y) + 0.5 * logdet(exp(-g * D) + K)",
        {"y": "n", "g": "| positive", "D": "n n | symmetric", "K": "n n | spd"},
        "g",
        1,
        "dg = sum(D ⊙ E ⊙ (Y y yᵀ Y − Y)) / 2   where E = exp(−g D), Y = (E + K)⁻¹",
    ),
    "bce_wq": (
        (
            "-sum(y * log(sigmoid(softmax(X @ Wq @ (X @ Wk).T / sqrt(k), axis=1) @ X @ Wv @ "
            "w)) + (1 - y) * log(1 - sigmoid(softmax(X @ Wq @ (X @ Wk).T / sqrt(k), axis=1) @"
            " X @ Wv @ w)))"
        ),
        {"X": "n d", "Wq": "d k", "Wk": "d k", "Wv": "d e", "w": "e", "y": "n | 0/1"},
        "Wq",
        1,
        (
            "dWq = Xᵀ (P ⊙ (dP − rowsum(P ⊙ dP))) X Wk / √k   where P = softmax(X Wq Wkᵀ Xᵀ / "
            "√k), dP = (σ(P X Wv w) − y) (X Wv w)ᵀ"
        ),
    ),
    "bce_wk": (
        (
            "-sum(y * log(sigmoid(softmax(X @ Wq @ (X @ Wk).T / sqrt(k), axis=1) @ X @ Wv @ "
            "w)) + (1 - y) * log(1 - sigmoid(softmax(X @ Wq @ (X @ Wk).T / sqrt(k), axis=1) @"
            " X @ Wv @ w)))"
        ),
        {"X": "n d", "Wq": "d k", "Wk": "d k", "Wv": "d e", "w": "e", "y": "n | 0/1"},
        "Wk",
        1,
        (
            "dWk = ((P ⊙ (dP − rowsum(P ⊙ dP))) X)ᵀ X Wq / √k   where P = softmax(X Wq Wkᵀ Xᵀ / "
            "√k), dP = (σ(P X Wv w) − y) (X Wv w)ᵀ"
        ),
    ),
    "bce_wv": (
        (
            "-sum(y * log(sigmoid(softmax(X @ Wq @ (X @ Wk).T / sqrt(k), axis=1) @ X @ Wv @ "
            "w)) + (1 - y) * log(1 - sigmoid(softmax(X @ Wq @ (X @ Wk).T / sqrt(k), axis=1) @"
            " X @ Wv @ w)))"
        ),
        {"X": "n d", "Wq": "d k", "Wk": "d k", "Wv": "d e", "w": "e", "y": "n | 0/1"},
        "Wv",
        1,
        "dWv = Xᵀ Pᵀ (σ(P X Wv w) − y) wᵀ   where P = softmax(X Wq Wkᵀ Xᵀ / √k)",
    ),
    "causal_mask": (
        "sum(C * (softmax(where(M, X @ Wq @ (X @ Wk).T, -1e9), axis=1) @ X @ Wv))",
        {"C": "n e", "M": "n n | 0/1", "X": "n d", "Wq": "d k", "Wk": "d k", "Wv": "d e"},
        "Wq",
        1,
        (
            "dWq = Xᵀ (M ⊙ P ⊙ (dP − rowsum(P ⊙ dP))) X Wk   where P = softmax(where(M, X Wq Wkᵀ "
            "Xᵀ, −1e9)), dP = C Wvᵀ Xᵀ"
        ),
    ),
    "multihead_einsum": (
        (
            "sum(C * einsum('bhij,bjhe->bihe', softmax(einsum('bihk,bjhk->bhij', "
            "einsum('bid,dhk->bihk', X, Wq), einsum('bjd,dhk->bjhk', X, Wk)), axis=3), "
            "einsum('bjd,dhe->bjhe', X, Wv)))"
        ),
        {"C": "b n h e", "X": "b n d", "Wq": "d h k", "Wk": "d h k", "Wv": "d h e"},
        "Wq",
        1,
        (
            "dWq[:,h] = Σ_b X_bᵀ (P_bh ⊙ (dP_bh − rowsum(P_bh ⊙ dP_bh))) X_b Wk[:,h]   where P_bh"
            " = softmax(X_b Wq[:,h] (X_b Wk[:,h])ᵀ), dP_bhi = X_b Wv[:,h] C_bih"
        ),
    ),
    "concat_reshape": (
        "sum(C * softmax(reshape(concatenate([X @ W1, X @ W2], axis=1), (2, 3, 8)), axis=2))",
        {"C": "2 3 8", "X": "6 5", "W1": "5 4", "W2": "5 4"},
        "W1",
        1,
        (
            "dW1 = Xᵀ reshape(P ⊙ (C − rowsum(P ⊙ C)), (6, 8))[:,:-4]   where P = softmax("
            "reshape([X W1, X W2], (2, 3, 8)))"
        ),
    ),
    "cumsum_max": (
        "sum(max(cumsum(X, axis=1), axis=1))",
        {"X": "m n"},
        "X",
        1,
        "dX = onehot(rowargmax(X triu(𝟏))) tril(𝟏)",
    ),
}


@pytest.mark.parametrize("name", IDENTITIES)
def test_it_prints_as_one_writes_it(name: str) -> None:
    program, variables, wrt, order, printed = IDENTITIES[name]
    assert str(mg.derive(mg.parse(program, **variables), wrt=wrt, order=order)) == printed


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", [name for name, row in IDENTITIES.items() if row[3] == 1])
@pytest.mark.long("part")
def test_its_value_is_right(name: str, seed: int) -> None:
    program, variables, wrt, order, _ = IDENTITIES[name]
    report = mg.check(
        mg.parse(program, **variables), wrt=wrt, order=order, seed=seed, witnesses=WITNESSES
    )
    assert report.verdict == "pass", str(report)
