"""First derivatives as short as a person writes them, and true as they are printed, also at ties."""

from __future__ import annotations

import numpy as np
import pytest
from expressions import Case

import minigrad as mg
from minigrad.notation.printed_text import read_back

# text, variables, by what, what is printed
SHORT = [
    (  # a softmax with one more class, whose logit is 0
        "s = exp(x) / (1 + sum(exp(x))); -sum(y * log(s))",
        {"x": "n", "y": "n | simplex"},
        "x",
        "s = σ(logsumexp(x)) softmax(x)\nL = −(yᵀ log(s))\n\ndx = s − y",
    ),
    (
        "s = exp(x) / (1 + sum(exp(x))); -sum(y * log(s))",
        {"x": "n", "y": "n"},
        "x",
        "s = σ(logsumexp(x)) softmax(x)\nL = −(yᵀ log(s))\n\ndx = sum(y) s − y",
    ),
    (
        "-sum(((1 - e) * y + e / k) * log_softmax(z))",
        {"z": "k", "y": "k | simplex", "e": ""},
        "z",
        "dz = softmax(z) − (1 − e) y − e / k",
    ),
    (
        "mean(exp(X @ w + b) - y * (X @ w + b))",
        {"X": "n d", "w": "d", "y": "n", "b": ""},
        "w b",
        "dw = Xᵀ r / n      db = mean(r)   where r = exp(X w + b) − y",
    ),
    (
        "-mean(diag(log_softmax(A @ B.T / t, axis=1)))",
        {"A": "n d", "B": "n d", "t": ""},
        "A",
        "dA = (softmax(A Bᵀ / t) B − B) / (t n)",
    ),
    (
        "h1 = tanh(U @ h0 + b); h2 = tanh(U @ h1 + b); sum(h2)",
        {"U": "n n", "h0": "n", "b": "n"},
        "U b",
        "h1 = tanh(U h0 + b)\nh2 = tanh(U h1 + b)\nL = sum(h2)\n\n"
        "r1  = 1 − h2^⊙2\ndh1 = Uᵀ r1\nr   = 1 − h1^⊙2\ndU  = (r ⊙ dh1) h0ᵀ + r1 h1ᵀ\ndb  = r1 + r ⊙ dh1",
    ),
    (
        "-log(softmax(W @ x)[3])",
        {"W": "5 n", "x": "n"},
        "W x",
        "dW = r xᵀ      dx = Wᵀ r   where r = softmax(W x) − e_3",
    ),
    (
        "-sum(y * log(softmax(W @ x)))",
        {"W": "m n", "x": "n", "y": "m"},
        "W",
        "dW = (sum(y) softmax(W x) − y) xᵀ",
    ),
    (
        "(sum(a) / sum(b)) / (sum(c) / sum(b))",
        {"a": "n", "b": "n", "c": "n"},
        "a b",
        "da = 𝟏 / sum(c)      db = 0",
    ),
    (  # what is added to all keys changes no weight
        "sum(C * (softmax(Q @ (K + k).T / sqrt(d)) @ V))",
        {"Q": "n d", "K": "m d", "k": "d", "V": "m e", "C": "n e"},
        "k",
        "dk = 0",
    ),
    (
        "S = Q @ (K + k).T / sqrt(d); sum(C * (softmax(S) @ V))",
        {"Q": "n d", "K": "m d", "k": "d", "V": "m e", "C": "n e"},
        "k",
        "S = Q (K + k)ᵀ / √d\nL = sum(C ⊙ (softmax(S) V))\n\ndk = 0",
    ),
    (
        "m = mean(X, axis=1, keepdims=True); v = mean((X - m)**2, axis=1, keepdims=True); "
        "sum(((X - m) / sqrt(v + 1e-5)) * G)",
        {"X": "n d", "G": "n d"},
        "X",
        "m = rowmean(X)\nv = rowmean((X − m)^⊙2)\nL = sum(rowsum((X − m) ⊙ G) ⊘ √(v + 1e-05))\n\n"
        "R  = X − m\nr  = v + 1e-05\ndX = (G − R ⊙ rowmean(R ⊙ G) ⊘ r − rowmean(G)) ⊘ √r",
    ),
    (
        "m = mean(X, axis=0); V = (X - m).T @ (X - m) / n; logdet(V)",
        {"X": "n d"},
        "X",
        "m = colmean(X)\nV = (X − m)ᵀ (X − m) / n\nL = logdet(V)\n\ndV = V⁻¹\nR  = X − m\ndX = 2 R dV / n",
    ),
    (  # a mean that alone goes on is a step of its own
        "h = mean(H, axis=0); sum(exp(h @ W))",
        {"H": "n d", "W": "d k"},
        "H",
        "h = colmean(H)\nL = sum(exp(Wᵀ h))\n\ndh = W exp(Wᵀ h)\ndH = 𝟏 dhᵀ / n",
    ),
    (
        "r = sqrt(mean(x * x) + 1e-6); sum(x / r * g)",
        {"x": "n", "g": "n"},
        "x",
        "r = √(‖x‖² / n + 1e-06)\nL = (xᵀ g) / r\n\ndx = (g − (xᵀ g) x / (r² n)) / r",
    ),
    ("0.005 * x @ x", {"x": "n"}, "x", "dx = x / 100"),
    ("0.05 * x @ x + 0.01 * sum(x)", {"x": "n"}, "x", "dx = 0.1 x + 0.01"),
    ("1e-5 * sum(x)", {"x": "n"}, "x", "dx = 1e-05 𝟏"),
    (
        "sum(log(x + 2.220446049250313e-16))",
        {"x": "n | positive"},
        "x",
        "dx = 1 ⊘ (x + eps)   where eps = 2.220446049250313e-16",
    ),
    (
        "sum(log(x + 1.1920929e-07)) * eps",
        {"x": "n | positive", "eps": ""},
        "x",
        "dx = eps ⊘ (x + eps1)   where eps1 = 1.1920929e-07",
    ),
    (
        "trace((A.T - B.T) @ (A - B)) + trace(A)",
        {"A": "n n", "B": "n n"},
        "A",
        "dA = 2 (A − B) + I",
    ),
    ("x[0]**2 + x[1]", {"x": "n"}, "x", "dx = 2 x_0 e_0 + e_1"),
    ("x[0]**2 * A[1, n - 1]", {"x": "n", "A": "n n"}, "x", "dx = 2 x_0 A[1,n - 1] e_0"),
    (
        "mean(log(1 + exp(X @ w)) - y * (X @ w)) + r/2 * w @ w",
        {"X": "m n", "w": "n", "y": "m", "r": ""},
        "w",
        "dw = Xᵀ (σ(X w) − y) / m + r w",
    ),
    ("sum(maximum(x, y))", {"x": "n", "y": "n"}, "x", "dx = step½(x − y)"),
    ("sum(minimum(X, b) * G)", {"X": "m n", "b": "n", "G": "m n"}, "b", "db = colsum(step½(X − b) ⊙ G)"),
    (
        "sum(minimum(x, clip(x, -1, 1)))",
        {"x": "n"},
        "x",
        "dx = [x ≥ −1] ⊙ [x ≤ 1] ⊙ step½(x − u) + step½(u − x)   where u = clip(x, −1, 1)",
    ),
    (  # softsign: sign(z) z is |z|
        "sum(c * ((W @ x) / (1 + abs(W @ x))))",
        {"W": "m n", "x": "n", "c": "m"},
        "W x",
        "dW = (c ⊘ r^⊙2) xᵀ      dx = Wᵀ (c ⊘ r^⊙2)   where r = 1 + |W x|",
    ),
    (
        "z = W @ x; s = z / (1 + abs(z)); sum((s - y)**2)",
        {"W": "m n", "x": "n", "y": "m"},
        "x",
        "z = W x\ns = z ⊘ (1 + |z|)\nL = ‖s − y‖²\n\n"
        "ds = 2 (s − y)\nr  = 1 + |z|\ndz = ds ⊘ r^⊙2\ndx = Wᵀ dz",
    ),
    (
        "mean(maximum(1 - y * (X @ w), 0)**2)",
        {"X": "n d", "w": "d", "y": "n"},
        "w",
        "dw = −2 Xᵀ (y ⊙ maximum(1 − y ⊙ (X w), 0)) / n",
    ),
    ("sum(relu(X @ w)**2)", {"X": "n d", "w": "d"}, "w", "dw = 2 Xᵀ relu(X w)"),
    ("sum(abs(X @ w) * (X @ w))", {"X": "n d", "w": "d"}, "w", "dw = 2 Xᵀ |X w|"),
    (
        "sqrt(sum((A @ x - b)**2))",
        {"A": "m n", "x": "n", "b": "m"},
        "A x b",
        "dA = r xᵀ / ‖r‖      dx = Aᵀ r / ‖r‖      db = −r / ‖r‖   where r = A x − b",
    ),
    (
        "a @ b / (norm(a) * norm(b))",
        {"a": "n", "b": "n"},
        "a b",
        "da = (b − (aᵀ b) a / ‖a‖²) / (‖a‖ ‖b‖)      db = (a − (aᵀ b) b / ‖b‖²) / (‖a‖ ‖b‖)",
    ),
    (
        "m = mean(X, axis=0); v = mean((X - m)**2, axis=0); Y = g * (X - m) / sqrt(v + e) + b; sum(C * Y)",
        {"X": "n d", "g": "d", "b": "d", "C": "n d", "e": " | positive"},
        "X g b",
        "m = colmean(X)\nv = colmean((X − m)^⊙2)      Y = (X − m) diag(g ⊘ √(v + e)) + b\n"
        "L = sum(C ⊙ Y)\n\ndY = C\nR  = X − m\nr  = v + e\n"
        "dX = (dY − (R ⊙ colmean(R ⊙ dY)) diag(1 ⊘ r) − colmean(dY)) diag(g ⊘ √r)\n"
        "dg = colsum(R ⊙ dY) ⊘ √r      db = colsum(dY)",
    ),
    (  # a SwiGLU; what a name stands for is written by the others
        "sum(c * (V @ (silu(W @ x) * (U @ x))))",
        {"W": "m n", "U": "m n", "V": "k m", "x": "n", "c": "k"},
        "x",
        "dx = Wᵀ (((1 − σ(t)) ⊙ t + 1) ⊙ σ(t) ⊙ (Vᵀ c) ⊙ (U x)) + Uᵀ (silu(t) ⊙ (Vᵀ c))   where t = W x",
    ),
    (
        "sum(C * (X / sqrt(mean(X**2, axis=1, keepdims=True)) * g))",
        {"X": "n d", "g": "d", "C": "n d"},
        "g",
        "dg = (C ⊙ X)ᵀ (1 ⊘ √rowmean(X^⊙2))",
    ),
    (
        "sum(a * b) / sqrt(sum(a**2) * sum(b**2))",
        {"a": "n", "b": "n"},
        "a",
        "da = (b − (aᵀ b) a / ‖a‖²) / (‖a‖ ‖b‖)",
    ),
    (
        "sum(stack([a, b, a * b])**2)",
        {"a": "n", "b": "n"},
        "a b",
        "da = 2 (a ⊙ (1 + b^⊙2))      db = 2 (b ⊙ (1 + a^⊙2))",
    ),
    (
        "sum(1 / (1 + stack([a, b])**2))",
        {"a": "n", "b": "n"},
        "a",
        "da = −2 (a ⊘ (1 + a^⊙2)^⊙2)",
    ),
]

SHORT += [
    (  # what holds where another does not: quantile regression
        "mean(maximum(t * (y - X @ w), (t - 1) * (y - X @ w)))",
        {"X": "n d", "w": "d", "y": "n", "t": ""},
        "w",
        "dw = Xᵀ (step½(X w − y) − t) / n",
    ),
    (
        "r = y - q; mean(maximum(t * r, (t - 1) * r))",
        {"y": "n", "q": "n", "t": ""},
        "q",
        "r = y − q\nL = mean(maximum(t r, (t − 1) r))\n\ndr = (t − step½(−r)) / n\ndq = −dr",
    ),
    (
        "sum(where(x > y, t * x, (t - 1) * x))",
        {"x": "n", "y": "n", "t": ""},
        "x",
        "dx = t − [y ≥ x]",
    ),
    (  # a multiple of a named tensor has no name: the responsibilities of a mixture
        "sum(logsumexp(log(w) - (x[:, None] - m)**2 / (2 * s**2) - log(s), axis=1))",
        {"x": "n", "w": "k | positive", "m": "k", "s": "k | positive"},
        "m s w",
        "dm = colsum(R ⊙ P) ⊘ s^⊙2      ds = colsum(P ⊙ (G − 1)) ⊘ s      dw = colsum(P) ⊘ w   "
        "where R = x 𝟏ᵀ − 𝟏 mᵀ, G = R^⊙2 diag(1 ⊘ s^⊙2), P = softmax(𝟏 log(w)ᵀ − G / 2 − 𝟏 log(s)ᵀ)",
    ),
    (  # fractions within fractions: Student's t
        "sum((v + 1) / 2 * log(1 + ((y - X @ w) / s)**2 / v)) + n * log(s)",
        {"X": "n d", "w": "d", "y": "n", "v": " | positive", "s": " | positive"},
        "w s",
        "dw = −r1 Xᵀ (r ⊘ r2)      ds = (n − r1 sum(r^⊙2 ⊘ r2)) / s   "
        "where r = y − X w, r2 = r^⊙2 + v s², r1 = v + 1",
    ),
    (
        "p = sigmoid(t * z); -mean((1 - p)**g * log(p))",
        {"z": "n", "t": "n | pm1", "g": ""},
        "z",
        "p = σ(t ⊙ z)\nL = −(power(1 − p, g)ᵀ log(p)) / n\n\ndz = t ⊙ (p − 1 + g (p ⊙ log(p))) ⊙ power(1 − p, g) / n",
    ),
    (
        "p = sigmoid(z); -mean((1 - p)**2 * log(p))",
        {"z": "n"},
        "z",
        "p = σ(z)\nL = −sum((1 − p)^⊙2 ⊙ log(p)) / n\n\ndz = (1 − p)^⊙2 ⊙ (p − 1 + 2 (p ⊙ log(p))) / n",
    ),
    (
        "p = softmax(z); -sum(y * (1 - p)**g * log(p))",
        {"z": "n", "y": "n | onehot", "g": ""},
        "z",
        "p = softmax(z)\nL = −sum(y ⊙ power(1 − p, g) ⊙ log(p))\n\n"
        "u2 = power(1 − p, g − 1)\nr  = p ⊙ (1 + g log(p)) − 1\ndz = y ⊙ u2 ⊙ r − sum(y ⊙ u2 ⊙ r) p",
    ),
    (
        "sum(x**(a + 1) / x)",
        {"x": "n | positive", "a": ""},
        "x a",
        "dx = a power(x, a − 1)      da = log(x)ᵀ power(x, a)",
    ),
    (
        "sum(x**a + x**b)",
        {"x": "n | positive", "a": "", "b": ""},
        "x",
        "dx = a power(x, a − 1) + b power(x, b − 1)",
    ),
    (
        "q = sum(y * softmax(z)); -(1 - q)**g * log(q)",
        {"z": "n", "y": "n | onehot", "g": ""},
        "z",
        "p = softmax(z)\nq = yᵀ p\nL = −power(1 − q, g) log(q)\n\n"
        "r  = 1 − q\ndp = (power(r, g − 1) g log(q) − power(r, g) / q) y\ndz = p ⊙ (dp − pᵀ dp)",
    ),
]


@pytest.mark.parametrize(("text", "variables", "wrt", "printed"), SHORT)
def test_it_prints_as_short_as_one_writes_it(
    text: str, variables: dict[str, str], wrt: str, printed: str
) -> None:
    derivation = mg.derive(mg.parse(text, **variables), wrt.split())
    assert str(derivation) == printed


@pytest.mark.parametrize(("text", "variables", "wrt", "printed"), SHORT)
def test_what_is_printed_has_the_value_of_the_hand_vjps(
    text: str, variables: dict[str, str], wrt: str, printed: str
) -> None:
    derivation = mg.derive(mg.parse(text, **variables), wrt.split())
    for name in wrt.split():
        case = Case(text, text, variables, name, sizes={"n": 7})
        values = case.arrays(3)
        right = case.by_backward(values)
        np.testing.assert_allclose(derivation[name](values), right, rtol=1e-9, atol=1e-11)
        for ascii in (False, True):
            read = read_back(derivation.format(ascii=ascii), values, case.dims, ascii=ascii)
            np.testing.assert_allclose(read[f"d{name}"], right, rtol=1e-9, atol=1e-11)


TIES = [
    ("sum(maximum(x, y))", {"x": [1.0, 2.0, 3.0], "y": [2.0, 2.0, 2.0]}, [0, 0.5, 1]),
    ("sum(minimum(x, clip(x, -1, 1)))", {"x": [-2.0, -0.5, 0.0, 1.0, 3.0]}, [1, 1, 1, 1, 0]),
    ("sum(maximum(x, relu(x)))", {"x": [-1.0, 0.0, 2.0]}, [0, 0.5, 1]),
    ("sum(maximum(0, 1 - x))", {"x": [0.0, 1.0, 2.0]}, [-1, -0.5, 0]),
    ("sum(maximum(x / 4, -3 * x / 4))", {"x": [-1.0, 0.0, 2.0]}, [-0.75, -0.25, 0.25]),
    ("sum(relu(x))", {"x": [-1.0, 0.0, 2.0]}, [0, 0, 1]),
    ("sum(maximum(1 - x, 0)**2)", {"x": [0.0, 1.0, 2.0]}, [-2, 0, 0]),
    ("sum(relu(x)**2)", {"x": [-1.0, 0.0, 1e100]}, [0, 0, 2e100]),
    ("sum(abs(x) * x)", {"x": [-3.0, 0.0, 1e100]}, [6, 0, 2e100]),
    ("sum(x / (1 + abs(x)))", {"x": [-1.0, 0.0, 3.0]}, [0.25, 1, 0.0625]),
]


@pytest.mark.parametrize(("text", "values", "right"), TIES)
@pytest.mark.parametrize("ascii", [False, True])
def test_what_is_printed_is_the_value_at_ties(
    text: str, values: dict[str, list[float]], right: list[float], ascii: bool
) -> None:
    arrays = {name: np.array(value) for name, value in values.items()}
    dims = {"n": len(right)}
    loss = mg.parse(text, **dict.fromkeys(values, "n"))
    printed = mg.derive(loss, "x").format(ascii=ascii)
    by_hand = Case(text, text, dict.fromkeys(values, "n"), "x").by_backward(arrays)
    np.testing.assert_array_equal(by_hand, right)
    np.testing.assert_array_equal(read_back(printed, arrays, dims, ascii=ascii)["dx"], right)


def test_a_power_is_not_divided_by_its_base_which_may_be_0() -> None:
    loss = mg.parse("sum(x**a + x**b)", x="n", a="", b="")
    derivative = mg.derive(loss, "x")["x"]
    assert str(derivative) == "dx = a power(x, a − 1) + b power(x, b − 1)"
    np.testing.assert_array_equal(derivative({"x": [0.0, 1.0, 2.0], "a": 2.0, "b": 3.0}), [0, 5, 16])


def test_blocks_by_several_variables_have_one_name_for_each_thing() -> None:
    text = "S = Q @ K.T; P = softmax(S); sum(C * (P @ V))"
    loss = mg.parse(text, Q="n d", K="m d", V="m e", C="n e")
    lines = str(mg.derive(loss, order=2, wrt=["Q", "K", "V"])).splitlines()
    named = [line.split(" = ")[0].strip() for line in lines if line and "∂" not in line]
    assert named == ["S", "P", "L", "dP", "dS"]


def test_names_in_blocks_are_counted_from_the_first() -> None:
    text = "mean((W2 @ tanh(W1 @ x + b) - y)**2)"
    loss = mg.parse(text, W1="h n", W2="m h", x="n", b="h", y="m")
    printed = str(mg.derive(loss, order=2, wrt=["W1", "b", "W2"]))
    assert "where h1 = tanh(W1 x + b), r = 1 − h1^⊙2, r1 = W2 h1 − y, R = " in printed
