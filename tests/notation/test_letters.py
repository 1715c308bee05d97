"""Subscripts are letters that mean nothing else in a text: no variable, no dim that is spoken of as a number."""

from __future__ import annotations

import pytest

import minigrad as mg

# Text, dims, the variable; what is printed, and by index.
PRINTED = {
    "a dim as a number": (
        "take(B, tC, axis=0) * i", {"B": "i 2", "tC": "4 | index"}, "B",
        "J[j,:,k] = [tC_j = k] i I", "J_jklm = [tC_j = l] i δ_km",
    ),
    "a dim in a bracket": (
        "X[:, ::-1] * x[:, None, None] * n", {"X": "n m", "x": "n"}, "X",
        "J[i,j,:,k] = x_i n δ_jk I[::-1]", "J_ijklp = [p = m - 1 − k] x_i n δ_jl",
    ),
    "a dim that divides": (
        "sum(exp(-sum((X[:, None, :] - X[None, :, :]) ** 2, axis=2))) / n", {"X": "n d"}, "X",
        "dX_i = 2 (R[:,i]ᵀ E[:,i] − R_iᵀ E_i) / n   where R_i = 𝟏 X_iᵀ − X, E_i = exp(−rowsum(R_i^⊙2))",
        "dX_ij = 2 (Σ_k R_kij E_ki − Σ_k R_ikj E_ik) / n",
    ),
    "a dim that is a place": (
        "sum(x**2 * X[:, :, l - 1])", {"X": "n m l", "x": "m"}, "X",
        "dX_n = x^⊙2 e_(l - 1)ᵀ", "dX_ijk = x_j² [k = l - 1]",
    ),
    "a vector": (
        "X * i", {"X": "n m", "i": "m"}, "X", "J_jklm = i_k δ_jl δ_km", "J_jklm = i_k δ_jl δ_km",
    ),
    "a number": (
        "cumsum(x**3) * j", {"x": "i", "j": ""}, "x",
        "J = 3 j tril(𝟏) diag(x^⊙2)", "J_kl = 3 x_l² [k ≥ l] j",
    ),
    "what a line above names": (
        "i = tanh(A @ x); sum(A * i**2)", {"A": "n n", "x": "n"}, "A",
        "i = tanh(A x)\nL = sum(A i^⊙2)\n\ndi = 2 (i ⊙ colsum(A))\ndA = ((1 − i^⊙2) ⊙ di) xᵀ + 𝟏 (iᵀ)^⊙2",
        "dA_jk = x_k (1 − i_j²) di_j + i_k²",
    ),
    "what another line holds": (
        "sum(exp(-i * sum((X[:, None, :] - X[None, :, :]) ** 2, axis=2)))", {"X": "n d", "i": "n"}, "X",
        "dX_n = 2 (i_n R[:,n]ᵀ E[:,n] − R_nᵀ (i ⊙ E_n))"
        "   where R_j = 𝟏 X_jᵀ − X, E_j = exp(−i ⊙ rowsum(R_j^⊙2))",
        "dX_jk = 2 (i_j (Σ_l R_ljk E_lj) − Σ_l i_l R_jlk E_jl)",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", PRINTED)
def test_no_subscript_means_anything_else(case: str) -> None:
    text, dims, wrt, printed, index = PRINTED[case]
    derived = mg.derive(mg.parse(text, **dims), wrt=wrt)
    assert (str(derived), derived[wrt].index_line.text()) == (printed, index)


# An axis that two others leave keeps its letter in both cases, and a sum has one of its own.
CASES = {
    "of three": ("x[:, None] * Y", {"x": "n", "Y": "n k"}, "Y", ("i = k: x_i δ_jl", "i ≠ k: 0")),
    "a sum": (
        "softmax(x) * (x @ j)", {"x": "n", "j": "n"}, "x",
        ("i = k: p_i (Σ_l x_l j_l − p_i (Σ_l x_l j_l) + j_i)", "i ≠ k: p_i (j_k − p_k (Σ_l x_l j_l))"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_cases_have_the_letters_of_the_formula(case: str) -> None:
    text, dims, wrt, expected = CASES[case]
    cases = mg.derive(mg.parse(text, **dims), wrt=wrt)[wrt].cases
    assert tuple(f"{when}: {what}" for when, what in cases.items()) == expected


# Where a name means something to the user, the notation's own symbol, letter or name gives way.
GIVEN_WAY = {
    "the identity": ("trace(X) + sum(I * X)", {"X": "n n", "I": "n n"}, "X", "dX = Id + I\nId is the identity"),
    "in ASCII": ("trace(X) + sum(eye * X)", {"X": "n n", "eye": "n n"}, "X", "dX = Id + eye\nId is the identity"),
    "a unit vector": ("sum(e * x) + x[0]", {"x": "n", "e": "n"}, "x", "dx = e + onehot(0)"),
    "a sigmoid": (
        "sum(sigmoid(x) * sigma)", {"x": "n", "sigma": "n"}, "x",
        "dx = sigmoid(x) ⊙ (1 − sigmoid(x)) ⊙ sigma",
    ),
    "a Jacobian": ("J * x", {"J": "n", "x": "n"}, "x", "∂Y/∂x = diag(J)"),
    "the loss": (
        "L = sum(x**2); exp(L)", {"x": "n"}, "x",
        "L = ‖x‖²\nF = exp(L)\n\ndL = exp(L)\ndx = 2 dL x",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", GIVEN_WAY)
def test_what_the_user_named_keeps_its_name(case: str) -> None:
    text, dims, wrt, printed = GIVEN_WAY[case]
    derived = mg.derive(mg.parse(text, **dims), wrt=wrt)
    assert str(derived) == printed


def test_what_gave_way_is_a_word_on_a_page() -> None:
    """Id is no I with a subscript, and a policy pi no p with one."""
    loss = mg.parse("trace(X) + sum(I * X) * pi", X="n n", I="n n", pi="")
    assert mg.derive(loss, wrt="X").latex == r"\frac{\partial L}{\partial X} &= \mathrm{Id} + \pi \, I".join(
        ["\\begin{aligned}\n", " \\\\\n& \\mathrm{Id}\\mathrm{\\ is\\ the\\ identity}\n\\end{aligned}"]
    )


@pytest.mark.parametrize(
    ("notation", "told"),
    [
        ("text", "c1 is an array without a name, of shape (2,); .named("),
        ("latex", r"& c_{1}\mathrm{\ is\ an\ array"),
        ("mathml", "<mrow><msub><mi>c</mi><mn>1</mn></msub><mtext>\xa0is\xa0an\xa0array"),
        ("typst", '& c_(1)" is an array without a name'),
    ],
)
def test_what_nobody_named_is_told_in_every_notation(notation: str, told: str) -> None:
    x = mg.tensor([1.0, 2.0], name="x", requires_grad=True)
    derived = mg.derive(mg.sum(x * mg.tensor([3.0, 4.0])))
    assert told in derived.format(notation=notation)
    assert told in derived.differential.format(notation=notation)


def test_a_capital_dim_lends_a_small_letter() -> None:
    """Y_NO would read as a name; Y_no is an element."""
    X, W, b = mg.symbols("X: N C H W", "K: O C 3 3", "b: O")
    Y = mg.nn.functional.conv2d(X, W, b).named("Y")
    derived = mg.derive((Y * Y).sum() / 2)
    assert "Y_no = Y1_no + b_o" in str(derived)
    report = derived.check(seeds=1)
    assert report.verdict == "pass", report
    assert [row.verdict for row in report.rows if "printed" in row.second] == ["pass", "pass"]
