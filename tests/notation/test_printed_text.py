"""What is printed, read back as a reader would and evaluated, is the derivative."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from expressions import CASES, Case, as_program, draw
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from long import examples
from random_expressions import DIMS, VARIABLES, expressions

import minigrad as mg
from minigrad.errors import ArgumentError, ShapeError
from minigrad.notation.printed_text import read_back
from minigrad.notation.text import ASCII

SEEDS = range(3)


def read(
    text: str,
    name: str,
    values: dict[str, Any],
    dims: dict[str, int],
    shape: Any,
    ascii: bool = False,
) -> Any:
    return read_back(text, values, dims, {name: shape}, ascii)[name]


# -- the forty, and attention --------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.long("part")
def test_the_printed_formula_is_the_derivative(case: Case) -> None:
    derived = mg.derive(mg.parse(case.text, **case.variables), wrt=case.wrt, order=case.order)
    formula = derived[case.wrt]
    name = formula.line.name
    for seed in SEEDS:
        values = case.arrays(seed)
        right = case.by_backward(values)
        for text in (str(derived), str(formula), formula.expanded):
            back = read(text, name, values, case.dims, right.shape)
            np.testing.assert_allclose(back, right, rtol=1e-6, atol=1e-9, err_msg=text)
        for text in (derived.ascii, formula.expanded_line.text(ASCII)):
            assert text.isascii()
            back = read(text, ascii_name(name), values, case.dims, right.shape, ascii=True)
            np.testing.assert_allclose(back, right, rtol=1e-6, atol=1e-9, err_msg=text)


def ascii_name(name: str) -> str:
    return name.replace("∂²", "d2").replace("∂", "d").replace("²", "2")


ATTENTION = (
    "Q = X @ Wq; K = X @ Wk; V = X @ Wv; S = Q @ K.T / sqrt(k); A = softmax(S); H = A @ V; "
    "z = H @ w; p = sigmoid(z); binary_cross_entropy(p, y)"
)
DECLARED = {"X": "n d", "Wq": "d k", "Wk": "d k", "Wv": "d k", "w": "k", "y": "n | 0/1"}


def test_every_line_of_attention_is_read_back() -> None:
    dims = {"n": 5, "d": 4, "k": 3}
    rng = np.random.default_rng(0)
    values = {name: draw(text, dims, rng) for name, text in DECLARED.items()}
    names = ["Wq", "Wk", "Wv", "X"]
    back = read_back(str(mg.derive(mg.parse(ATTENTION, **DECLARED), wrt=names)), values, dims)
    assert [*back] == [
        *("Q", "K", "V", "S", "A", "H", "z", "p", "L"),
        *("dz", "dH", "dV", "dA", "dS", "dQ", "dK", "dWq", "dWk", "dWv", "dX"),
    ]
    leaves = {k: mg.tensor(v, name=k, requires_grad=k in names) for k, v in values.items()}
    loss = as_program(ATTENTION, leaves, dims)
    loss.backward()
    assert back["L"] == pytest.approx(loss.item())
    for name in names:
        np.testing.assert_allclose(back[f"d{name}"], leaves[name].grad.numpy(), rtol=1e-9)


# -- whatever one can write ------------------------------------------------------------------------


@settings(max_examples=examples(150), deadline=None, suppress_health_check=list(HealthCheck))
@given(text=st.one_of(expressions(), expressions(), expressions(("n",), 2)), data=st.data())
def test_random_expressions_print_their_derivative(text: str, data: st.DataObject) -> None:
    used = [name for name in VARIABLES if re.search(rf"\b{name}\b", text)]
    assume(used)
    wrt = data.draw(st.sampled_from(used))
    case = Case("random", text, {name: VARIABLES[name] for name in used}, wrt, sizes=DIMS)
    rng = np.random.default_rng(data.draw(st.integers(0, 9)))
    values = {name: draw(VARIABLES[name], DIMS, rng) for name in used}
    right = case.by_backward(values)
    assume(right.ndim <= 2 and np.isfinite(right).all() and abs(right).max() < 1e6)
    derived = mg.derive(mg.parse(text, **case.variables), wrt=wrt)
    formula = derived[wrt]
    scale = max(1.0, float(abs(right).max()))
    np.testing.assert_allclose(formula({**values, **DIMS}), right, rtol=1e-7, atol=1e-9 * scale)
    ascii = data.draw(st.booleans())
    name, said = formula.line.name, derived.ascii if ascii else str(derived)
    name = ascii_name(name) if ascii else name
    back = read(said, name, values, DIMS, right.shape, ascii)
    np.testing.assert_allclose(back, right, rtol=1e-7, atol=1e-9 * scale, err_msg=said)


# Each was once printed or read as another value.
FOUND = [
    ("sum(C * cumprod(B, axis=2))", {"B": "2 2 3", "C": "2 2 3"}, 1),
    ("sum(eigh(B @ B.T + eye(2))[1]**2 * C)", {"B": "2 2", "C": "2 2"}, 2),
    ("sum(C * sin(partition(reshape(B, (m, 4)), 0, axis=1)))", {"B": "4 m", "C": "m 4"}, 1),
    ("sum(C * sin(sort(B, axis=0)))", {"B": "3 4", "C": "3 4"}, 1),
    ("norm(tanh(B), -2)**2", {"B": "3 3"}, 1),
    ("take(B, t, axis=0) * i", {"B": "i 2", "t": "4 | index"}, 1),
    ("sum(c * x[::2]) * max(x) * sum(sort(x) * x**2)", {"x": "3", "c": "2"}, 1),
]


@pytest.mark.parametrize(("text", "variables", "order"), FOUND, ids=[text for text, *_ in FOUND])
def test_what_was_once_misread_is_read_back(
    text: str, variables: dict[str, str], order: int
) -> None:
    dims, rng = {"m": 3, "i": 4}, np.random.default_rng(3)
    values: dict[str, Any] = {"t": np.array([2, 0, 1, 2])}
    for name in variables.keys() - values.keys():
        values[name] = draw(variables[name], dims, rng)
    wrt = next(iter(variables))
    formula = mg.derive(mg.parse(text, **variables), wrt=wrt, order=order)[wrt]
    values = {name: values[name] for name in variables}
    right = formula({**values, **dims})
    for said in (str(formula), formula.expanded):
        back = read(said, formula.line.name, values, dims, np.shape(right))
        np.testing.assert_allclose(back, right, rtol=1e-7, atol=1e-9, err_msg=said)


# -- the reader itself -----------------------------------------------------------------------------

RNG = np.random.default_rng(7)
A, B, C, V, U = (RNG.normal(size=s) for s in ((3, 4), (4, 2), (3, 4), (4,), (3,)))
S = RNG.normal(size=(3, 3)) + 3 * np.eye(3)
T = RNG.normal(size=(2, 3, 4))
GIVEN = {"A": A, "B": B, "C": C, "v": V, "u": U, "S": S, "T": T, "t": np.int64(2), "a_b": V}
READINGS = [
    ("A B", A @ B),
    ("A v", A @ V),
    ("uᵀ A v", U @ A @ V),
    ("u vᵀ", np.outer(U, V)),
    ("(A B)ᵀ", (A @ B).T),
    ("A ⊙ C", A * C),
    ("A ⊙ C ⊘ (1 + C^⊙2)", A * C / (1 + C**2)),
    ("−A ⊙ C / n", -A * C / 3),
    ("2 A B", 2 * A @ B),
    ("A − rowsum(A)", A - A.sum(1, keepdims=True)),
    ("A − colmean(A)", A - A.mean(0)),
    ("S − rowsum(S)", S - S.sum(1, keepdims=True)),
    ("S − colsum(S)", S - S.sum(0)),
    ("S − rowsum(S)ᵀ", S - S.sum(1)),
    ("A + v", A + V),
    ("A + u", A + U[:, None]),
    ("S + u", S + U),
    ("𝟏 vᵀ + A", V + A),
    ("diag(u) A", U[:, None] * A),
    ("diag(S)", np.diag(S)),
    ("diag(u) − u uᵀ", np.diag(U) - np.outer(U, U)),
    ("S⁻¹ u", np.linalg.solve(S, U)),
    ("S⁻ᵀ", np.linalg.inv(S).T),
    ("‖u‖² I − S", U @ U * np.eye(3) - S),
    ("‖A‖", np.sqrt((A**2).sum())),
    ("√k A", np.sqrt(2) * A),
    ("[A > 0] ⊙ A", np.maximum(A, 0)),
    ("where([A > 0], A, −1e9)", np.where(A > 0, A, -1e9)),
    ("exp(−A)", np.exp(-A)),
    ("|u|", abs(U)),
    ("softmax(A) v", (np.exp(A) / np.exp(A).sum(1, keepdims=True)) @ V),
    ("A[:,1:3]", A[:, 1:3]),
    ("I[::-1] u", U[::-1]),
    ("e_t uᵀ S", np.outer(np.eye(3)[2], U) @ S),
    ("tr(S) / 3", np.trace(S) / 3),
    ("(Σ_i A_iᵀ B) / 2", A.sum(0) @ B / 2),
    ("S tril(𝟏)", S @ np.tri(3)),
    ("a_b + v", 2 * V),
    ("T_0 + A", T[0] + A),
    ("onehot(argmax(v)) + v", np.eye(4)[V.argmax()] + V),
    ("onehot(argmax(A))", (A.max() == A) * 1.0),
    ("onehot(rowargmax(A)) v", V[A.argmax(1)]),
    ("onehot(argsort(u)) u", np.sort(U)),
    ("Σ_i u_i [argmax(u) = i]", U.max()),
    ("Σ_ij A_ij [argmax(A) = ij]", A.max()),
]


@pytest.mark.parametrize(("text", "value"), READINGS, ids=[text for text, _ in READINGS])
def test_notation_means_what_a_reader_takes_it_for(text: str, value: Any) -> None:
    back = read(f"r = {text}", "r", GIVEN, {"n": 3, "m": 4, "k": 2}, np.shape(value))
    np.testing.assert_allclose(back, value, rtol=1e-12)


def test_a_where_list_and_remarks_belong_to_the_text() -> None:
    text = "dA = P ⊙ C   where P = softmax(A), r = rowsum(P ⊙ C)\n"
    assert [*read_back(text, GIVEN)] == ["P", "r", "dA"]
    assert [*read_back("P = exp(A)      q = P v\n\ndA = P ⊙ C        (*)", GIVEN)] == [
        "P",
        "q",
        "dA",
    ]


def test_subscripts_on_the_left_run_over_their_axes() -> None:
    back = read("R_b = T_b v uᵀ", "R", GIVEN, {}, (2, 3, 3))
    np.testing.assert_allclose(back, np.einsum("bij,j,k->bik", T, V, U))
    jacobian = read("J_ijkl = δ_ik A_ij C_kl", "J", GIVEN, {}, (3, 4, 3, 4))
    np.testing.assert_allclose(jacobian, np.einsum("ik,ij,kl->ijkl", np.eye(3), A, C))


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ("A B ⊙ C", ArgumentError, "two ways"),
        ("A ⊙ C B", ArgumentError, "two ways"),
        ("A C", ShapeError, "no product"),
        ("u v", ShapeError, "no product"),
        ("A ⊙ B", ShapeError, "do not match"),
        ("Q v", ArgumentError, "'Q' was not introduced"),
        ("frobnicate(A)", ArgumentError, "no function"),
        ("(A", ArgumentError, "missing"),
        ("A +", ArgumentError, "goes on"),
        ("A ** 2", ArgumentError, "nothing can be read"),
    ],
)
def test_what_cannot_be_read_is_an_error(text: str, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        read_back(f"r = {text}", GIVEN)


# What is said of text that is malformed in ways that Python's own errors would tell.
MALFORMED = [
    ("r = softmax(A, u)", {}, "not printed with 2 arguments"),
    ("r = pad(A)", {}, "not printed with 1 arguments"),
    ("r = reshape(A)", {}, "not printed with 1 arguments"),
    ("r = reshape(A, u)", {"r": (12,)}, "a whole number is needed"),
    ("r_i = δ[:,i]", {"r": (3,)}, "δ has indices"),
    ("r = A[:::0]", {}, "no slice"),
    ("r_ij = A_ij", {"r": (3,)}, "has 2 subscripts"),
    ("r_i = Σ_j [ij = k]", {"r": (3,)}, "range of j"),
    ("r = A[::0]", {}, "cannot be zero"),
    ("r = T[0][0][0][0]", {}, "subscripts on 0 axes"),
]
MALFORMED_ASCII = [
    ("r = inv()", {}, "cannot be read"),
    ("r = sqrt()", {}, "cannot be read"),
    ("r = norm(A=A)", {}, "cannot be read"),
    ("r = sum_i()", {}, "cannot be read"),
    ("r = hstack([])", {}, "cannot be read"),
    ("r = rowsum()", {}, "cannot be read"),
    ("r = onehot(argmax(A=A))", {}, "cannot be read"),
]


@pytest.mark.parametrize(
    ("text", "shapes", "words", "ascii"),
    [(*case, False) for case in MALFORMED] + [(*case, True) for case in MALFORMED_ASCII],
)
def test_malformed_text_is_an_error_in_words(
    text: str, shapes: dict[str, Any], words: str, ascii: bool
) -> None:
    with pytest.raises((ArgumentError, ShapeError), match=words):
        read_back(text, GIVEN, {"n": 3, "m": 4}, shapes, ascii)


def test_what_has_no_elements_is_read() -> None:
    given = {"E": np.zeros((0, 3)), "c": np.arange(3.0)}
    assert read("r_i = E_i c", "r", given, {}, (0,)).shape == (0,)
    np.testing.assert_array_equal(read("r_j = Σ_i E_ij", "r", given, {}, (3,)), np.zeros(3))
    lengths = {"E": (0, 3), "r": (2, 0)}
    assert read_back("r_ij = Σ_k [ij = k] c_k", given, {}, lengths)["r"].shape == (2, 0)


def test_what_does_not_say_a_size_is_an_error_without_the_result_s_shape() -> None:
    with pytest.raises(ArgumentError, match="how large"):
        read_back("r = 2 I", GIVEN)
    np.testing.assert_array_equal(read("r = 2 I", "r", GIVEN, {}, (4, 4)), 2 * np.eye(4))


# A misprint that a reader would not see at once must not read back as the right value.
LIES = [
    ("dWq = Xᵀ dQ", "dWq = Xᵀ dK"),
    ("rowsum(A ⊙ dA)", "colsum(A ⊙ dA)"),
    ("dS K / √k", "dS K / k"),
    ("dSᵀ Q", "dS Q"),
    ("(p − y) / n", "(y − p) / n"),
    ("A ⊙ (dA − ", "A ⊙ (dA + "),
]


@pytest.mark.parametrize(("right", "wrong"), LIES, ids=[wrong for _, wrong in LIES])
def test_a_planted_misprint_changes_the_value(right: str, wrong: str) -> None:
    dims = {"n": 5, "d": 4, "k": 3}
    rng = np.random.default_rng(0)
    values = {name: draw(text, dims, rng) for name, text in DECLARED.items()}
    text = str(mg.derive(mg.parse(ATTENTION, **DECLARED), wrt=["Wq", "Wk"]))
    assert right in text
    true = read_back(text, values, dims)
    lied = read_back(text.replace(right, wrong), values, dims)
    assert any(abs(true[name] - lied[name]).max() > 1e-6 for name in ("dWq", "dWk"))


@pytest.mark.parametrize(
    ("text", "variables", "order"),
    [
        ("logsumexp(X)", {"X": "m n"}, 1),
        ("max(X)", {"X": "m n"}, 1),
        ("sum(C * X * tanh(X))", {"C": "m n", "X": "m n"}, 2),
        ("sum(C * triu(X))", {"C": "m n", "X": "m n"}, 1),
        ("sum(C * X[:, ::-2])", {"C": "3 2", "X": "3 3"}, 1),
    ],
)
def test_what_could_be_read_in_two_ways_is_read_as_it_is_meant(
    text: str, variables: dict[str, str], order: int
) -> None:
    case = Case("", text, variables, "X", order)
    values = case.arrays(0)
    formula = mg.derive(mg.parse(text, **variables), wrt="X", order=order)["X"]
    right = case.by_backward(values)
    back = read(str(formula), formula.line.name, values, case.dims, right.shape)
    np.testing.assert_allclose(back, right, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("padding", [0, 1, 2])
@pytest.mark.parametrize("dims", ["2 c 5 | o c k", "2 2 5 | 3 2 3"])
def test_windows_are_read_back(padding: int, dims: str) -> None:
    """A convolution's gradients are products over [i = t + k − p], in each print."""
    rng, (image, kernel) = np.random.default_rng(padding), dims.split(" | ")
    values = {"X": rng.normal(size=(2, 2, 5)), "W": rng.normal(size=(3, 2, 3))}
    X, W = mg.symbols(f"X: {image}", f"W: {kernel}")
    known = {"o": 3, "c": 2, "k": 3} if "k" in kernel else {}
    y = mg.nn.functional.conv1d(X, W, padding=padding)
    C = mg.symbols(f"C: 2 o {6 + 2 * padding}-k" if known else f"C: 2 3 {3 + 2 * padding}")
    values["C"] = rng.normal(size=(2, 3, 3 + 2 * padding))
    derived = mg.derive(mg.sum(C * y), wrt=["X", "W"])
    for name, formula in derived.items():
        right = formula(values)
        for text, ascii in ((str(formula), False), (formula.index, False), (formula.ascii, True)):
            back = read(text, f"d{name}", values, known, right.shape, ascii)
            np.testing.assert_allclose(back, right, rtol=1e-9, err_msg=text)


X4 = RNG.normal(size=(2, 2, 2, 3))
MORE_READINGS = [
    ("R_ij = prod_kl(X_ijkl)", {"X": X4}, (2, 2), X4.prod((2, 3))),
    ("R_ij = Σ_m X_m [ij = m]", {"X": np.arange(6.0)}, (2, 3), np.arange(6.0).reshape(2, 3)),
    ("R = v e_1ᵀ", {"v": V}, (4, 3), np.outer(V, np.eye(3)[1])),
    ("R = onehot(t)ᵀ A", {"A": A, "t": np.array([0, 5, 1])}, (6, 4), np.eye(6)[[0, 5, 1]].T @ A),
    ("R_i = Σ_j [i = n - 1 − j] v_j", {"v": U}, (3,), U[::-1]),
    ("R = [M > 0] ⊙ A", {"A": A, "M": A > 0}, (3, 4), np.maximum(A, 0)),
]  # fmt: skip


@pytest.mark.parametrize(("text", "given", "shape", "right"), MORE_READINGS, ids=lambda x: str(x)[:30])
def test_letters_and_places_are_read(text: str, given: Any, shape: Any, right: Any) -> None:
    np.testing.assert_allclose(read(text, "R", given, {"n": 3}, shape), right, rtol=1e-12)


def test_terms_of_a_sum_in_ascii_are_repeated_together() -> None:
    given = {"y": np.array([1.0, 2, 4])}
    back = read("R = y - y @ ones.T + eye", "R", given, {}, (3, 3), ascii=True)
    y = given["y"]
    np.testing.assert_allclose(back, y - y[:, None] + np.eye(3))


def test_sums_too_large_to_be_read_term_by_term_are_refused() -> None:
    text = "H_ijkl = Σ_mpq x_m [ij = m] [kl = p] [p ≥ q] x_q"
    with pytest.raises(ArgumentError, match="have 10,240,000,000,000 terms"):
        read(text, "H", {"x": np.ones(400)}, {}, (20, 20, 20, 20))


# Left sides with names that have a subscript of their own.
LOW = [
    ("sum(W_q @ x1) + sum(W_k @ x_2)", {"W_q": "m n", "x1": "n", "W_k": "m n", "x_2": "n"}),
    ("h_t = tanh(U @ h_0 + b); o_t = V @ h_t; sum(o_t**2)", {"U": "n n", "h_0": "n", "b": "n", "V": "n n"}),
    ("z_k = X @ W_k; sum(exp(z_k) * z_k)", {"X": "m n", "W_k": "n k"}),
    ("sum(dx * x)", {"dx": "n", "x": "n"}),
    ("sigma = sigmoid(W @ x); sum(sigma * (1 - sigma))", {"W": "m n", "x": "n"}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "variables"), LOW, ids=[text for text, _ in LOW])
def test_a_name_with_a_subscript_is_a_name(text: str, variables: dict[str, str]) -> None:
    dims, rng = {"m": 3, "n": 4, "k": 5}, np.random.default_rng(3)
    values = {name: draw(declared, dims, rng) for name, declared in variables.items()}
    derived = mg.derive(mg.parse(text, **variables))
    for said, ascii in ((str(derived), False), (derived.ascii, True)):
        back = read_back(said, values, dims, ascii=ascii)
        for formula in derived.values():
            right = formula({**values, **dims})
            np.testing.assert_allclose(back[formula.line.name], right, rtol=1e-9, err_msg=said)
