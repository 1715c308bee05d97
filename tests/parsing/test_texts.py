"""Text in, the same graph that the calls would record; what is not known is refused with its column."""

from __future__ import annotations

import contextlib
import math
import re
from typing import Any

import numpy as np
import pytest
from expressions import CASES, Case, as_program, draw
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from random_expressions import DIMS, VARIABLES, expressions

import minigrad as mg
from minigrad.checking.replay import Replay
from minigrad.errors import ArgumentError, MinigradError, NameClashError, ShapeError


def value_of(output: mg.Tensor, values: dict[str, Any], dims: dict[str, int]) -> Any:
    """The parsed graph, run on arrays by the raw forward functions."""
    program = Replay(output._node, dims)
    return program.run(
        {
            leaf: np.asarray(values[leaf.name] if leaf.name else leaf.value)
            for leaf in program.leaves
        }
    )


# -- the forty -----------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_text_is_the_program_that_it_says(case: Case) -> None:
    values = case.arrays(0)
    parsed = mg.parse(case.text, **case.variables)
    wanted = as_program(case.text, {k: mg.tensor(v) for k, v in values.items()}, case.dims)
    np.testing.assert_allclose(value_of(parsed, values, case.dims), wanted.numpy(), rtol=1e-12)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_text_derives_to_its_derivative(case: Case) -> None:
    output = mg.parse(case.text, **case.variables)
    formula = mg.derive(output, wrt=case.wrt, order=case.order)[case.wrt]
    for seed in range(3):
        values = case.arrays(seed)
        got = formula({**values, **case.dims})
        np.testing.assert_allclose(got, case.by_backward(values), rtol=1e-7, atol=1e-10)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    text=st.one_of(expressions(), expressions(("n",)), expressions(("n", "m"))),
    seed=st.integers(0, 99),
)
def test_random_texts_are_the_programs_that_they_say(text: str, seed: int) -> None:
    used = [name for name in VARIABLES if re.search(rf"\b{name}\b", text)]
    assume(used)
    rng = np.random.default_rng(seed)
    values = {name: draw(VARIABLES[name], DIMS, rng) for name in used}
    parsed = mg.parse(text, **{name: VARIABLES[name] for name in used})
    with np.errstate(all="ignore"):
        wanted = as_program(text, {k: mg.tensor(v) for k, v in values.items()}, DIMS).numpy()
    assume(np.isfinite(wanted).all())
    np.testing.assert_allclose(value_of(parsed, values, DIMS), wanted, rtol=1e-9, atol=1e-12)


# -- what a text may say ---------------------------------------------------------------------------

DECLARED = {
    "X": "n d",
    "A": "n n",
    "C": "2 6",
    "x": "n",
    "w": "d",
    "t": "b | index",
    "E": "v d",
    "z": "2*n",
}
SIZES = {"n": 3, "d": 4, "b": 5, "v": 6}
RNG = np.random.default_rng(3)
GIVEN = {name: draw(text, SIZES | {"2*n": 6}, RNG) for name, text in DECLARED.items()} | {
    "t": np.array([2, 0, 5, 2, 1])
}
X, A, C, x, w, t, E, z = (GIVEN[name] for name in DECLARED)
TEXTS = [
    ("sqrt(d) * x", 2 * x),
    ("x * n - n**2", 3 * x - 9),
    ("x / n + 1 / 3", x / 3 + 1 / 3),
    ("(4 * d // 2 + 1) * x", 9 * x),
    ("reshape(X, (n * d,))", X.ravel()),
    ("C.reshape(-1, 3)", C.reshape(-1, 3)),
    ("reshape(C, (2, 3, 2))", C.reshape(2, 3, 2)),
    ("ones(n) @ X", X.sum(0)),
    ("eye(n) + A", np.eye(3) + A),
    ("zeros((n, 2)) + x[:, None]", np.repeat(x[:, None], 2, axis=1)),
    ("arange(n) * x", np.arange(3) * x),
    ("tri(n) @ x", np.cumsum(x)),
    ("full((n, d), 2.5) * X", 2.5 * X),
    ("X[0]", X[0]),
    ("X[-1, 1:3]", X[-1, 1:3]),
    ("x[1:] - x[: n - 1]", np.diff(x)),
    ("X[:, d - 3 : d - 1] * X[:, :2]", X[:, 1:3] * X[:, :2]),
    ("E[: n] * X", E[:3] * X),
    ("E[n:] + E[:-n]", E[3:] + E[:-3]),
    ("X[n - 1, d // 1 - 2]", X[2, 2]),
    ("E[n] @ w", E[3] @ w),
    ("x[-1] * x[-n]", x[-1] * x[0]),
    ("z[::2] - z[1::2]", z[::2] - z[1::2]),
    ("z[::-2]", z[::-2]),
    ("sum(E[: v - n]) - sum(E[v - n + 1 :])", E[:3].sum() - E[4:].sum()),
    ("z[2 * n - 1] + z[n:].sum()", z[5] + z[3:].sum()),
    ("np.e ** x + math.e", np.exp(x) + math.e),
    ("C[..., ::2][1:]", C[1:, ::2]),
    ("C[::-1, 4:1:-2]", C[::-1, 4:1:-2]),
    ("X[:, None, :] - X[None]", X[:, None, :] - X[None]),
    ("E[t]", E[t]),
    ("E[[0, 2, 0]] @ w", E[[0, 2, 0]] @ w),
    ("X.T @ X", X.T @ X),
    ("X.sum(axis=-1, keepdims=True) + X", X.sum(-1, keepdims=True) + X),
    ("X.sum(dim=-1, keepdim=True) + X", X.sum(-1, keepdims=True) + X),
    ("np.sum(np.linalg.inv(A) * np.pi)", np.linalg.inv(A).sum() * math.pi),
    ("mg.nn.functional.softmax(A, axis=0)", np.exp(A) / np.exp(A).sum(0)),
    ("where((x > 0) & ~(x > 1), x, -1.5)", np.where((x > 0) & ~(x > 1), x, -1.5)),
    ("where(A >= A.T, A, 0)", np.where(A >= A.T, A, 0)),
    ("s, l = slogdet(A); s * exp(l)", np.linalg.det(A)),
    ("p, q = split(C, 2, axis=1); p * q", C[:, :3] * C[:, 3:]),
    ("r = x; r + x", 2 * x),
    ("X.shape[1] * x", 4 * x),
    ("x ** (1 / 2) * x ** 0.5", np.abs(x) * np.where(x < 0, np.nan, 1)),
    ("2 ** 0.5 * x + sqrt(2)", math.sqrt(2) * (x + 1)),
    ("concatenate([X, X], axis=0)", np.concatenate([X, X])),
    ("einsum('ij,j->i', X, w)", X @ w),
    ("σ(x)", 1 / (1 + np.exp(-x))),
    ("# a remark\nS = X @ w  # another\nS * 2", 2 * X @ w),
    ("\n    S = (X\n         @ w)\n    S\n", X @ w),
]


@pytest.mark.filterwarnings("ignore:invalid value")
@pytest.mark.parametrize(("text", "wanted"), TEXTS, ids=[text for text, _ in TEXTS])
def test_numpys_notation_means_what_it_means_in_numpy(text: str, wanted: Any) -> None:
    parsed = mg.parse(text, **DECLARED)
    np.testing.assert_allclose(value_of(parsed, GIVEN, SIZES), wanted, rtol=1e-12)
    assert parsed.inferred == {}


def test_statements_name_intermediates() -> None:
    loss = mg.parse("S = X @ W; P = softmax(S); sum(P * C)", X="n d", W="d k", C="n k")
    lines = str(mg.derive(loss, wrt="W")).splitlines()
    assert lines[:3] == ["S = X W", "P = softmax(S)", "L = sum(P ⊙ C)"]
    assert lines[-1] == "dW = Xᵀ dS"
    assert mg.parse("S = X @ w; T = S * 2", X="n d", w="d").name == "T"


def test_a_scalar_named_like_a_dim_is_its_size() -> None:
    loss = mg.parse("sum(x) / sqrt(n)", x="n", n="| positive")
    assert str(mg.derive(loss, wrt="x")) == "dx = 𝟏 / √n"


def test_exact_numbers_stay_exact() -> None:
    assert str(mg.derive(mg.parse("sum(x) * sqrt(2) / 3", x="n"), wrt="x")) == "dx = √2 𝟏 / 3"


def test_tensors_and_rows_of_ones_own() -> None:
    twice = mg.elementwise("twice_of", lambda x: 2 * x, (lambda g, y, x: 2 * g,), meaning="2*x")
    known = mg.symbols("K: n n")
    assert str(mg.derive(mg.parse("sum(twice_of(X @ K))", X="m n", K=known), wrt="X")) == (
        str(mg.derive(mg.sum(twice(mg.symbols("X: m n") @ known)), wrt="X"))
    )


# -- dims that were not declared ---------------------------------------------------------------------

INFERRED = [
    ("sum((A @ x - b) ** 2)", {"A": "m n"}, {"x": "n", "b": "m"}),
    ("trace(A @ X @ B)", {"A": "m n"}, {"X": "n d", "B": "d m"}),
    ("x @ A @ x", {}, {"x": "n", "A": "n n"}),
    ("y @ log(p)", {"y": "n"}, {"p": "n"}),
    ("norm(x - a)", {"a": "k"}, {"x": "k"}),
    ("sum(M * (T - U @ V.T))", {"U": "m k", "V": "n k"}, {"M": "m n", "T": "m n"}),
    ("einsum('bnd,dhk,bnhk->', X, Wq, C)", {"X": "b n d", "C": "b n h k"}, {"Wq": "d h k"}),
    ("sum((X @ W + b) ** 2) + lam * sum(W ** 2)", {"X": "n d", "b": "h"}, {"W": "d h", "lam": ""}),
    ("sum(X @ w)", {"X": "m 3"}, {"w": "3"}),
    ("S = Q @ K.T; sum(softmax(S) @ V)", {"Q": "n k", "V": "m e"}, {"K": "m k"}),
]


@pytest.mark.parametrize(
    ("text", "declared", "found"), INFERRED, ids=[text for text, *_ in INFERRED]
)
def test_forced_dims_are_inferred_and_told(text: str, declared: Any, found: Any) -> None:
    parsed = mg.parse(text, **declared)
    assert parsed.inferred == found
    assert all(f"{name}={dims!r}" in repr(parsed) for name, dims in found.items())
    everything = mg.parse(text, **declared, **found)
    assert str(mg.derive(parsed)) == str(mg.derive(everything))


NOT_FORCED = [
    ("sum(x)", {}, "how large 'x' is; declare it, x='n' for a vector"),
    (
        "x + y",
        {},
        "does not force the dims of 'x': a scalar or a vector would do; declare it, x=''",
    ),
    ("sum((X @ W1 + b1) ** 2)", {"X": "n d", "W1": "d h"}, "does not force the dims of 'b1'"),
    ("sum(softmax(Z @ Z.T / tau))", {"Z": "n d"}, "does not force the dims of 'tau'"),
]


@pytest.mark.parametrize(
    ("text", "declared", "words"), NOT_FORCED, ids=[text for text, *_ in NOT_FORCED]
)
def test_dims_that_are_not_forced_are_asked_for(text: str, declared: Any, words: str) -> None:
    with pytest.raises(ArgumentError, match=re.escape(words)):
        mg.parse(text, **declared)


# -- errors ----------------------------------------------------------------------------------------------

ERRORS: list[tuple[str, dict[str, Any], type[Exception], str, str]] = [
    ("sum(sofmax(X))", {"X": "n d"}, ArgumentError, "did you mean 'softmax'?", "sofmax"),
    ("sum(X.summ())", {"X": "n d"}, ArgumentError, "did you mean 'sum'?", "X.summ"),
    ("1 + X @ w", {"X": "n d", "w": "n"}, ShapeError, "the dims d and n differ", "X @ w"),
    ("A + B", {"A": "m n", "B": "n m"}, ShapeError, "got A (m, n) and B (n, m)", "A + B"),
    ("sum(x, axis=1)", {"x": "n"}, ShapeError, "axis 1 does not exist", "sum(x, axis=1)"),
    (
        "sum(x, axs=0)",
        {"x": "n"},
        ArgumentError,
        "sum: an unexpected keyword argument 'axs'",
        "sum(x, axs=0)",
    ),
    ("x ^ 2", {"x": "n"}, ArgumentError, "write **", "x ^ 2"),
    ("X' @ X", {"X": "n d"}, ArgumentError, "a transpose is written X.T", "'"),
    ("x[0][1]", {"x": "n"}, ShapeError, "has 0 axes, and 1 are indexed", "x[0][1]"),
    ("E[t]", {"E": "v d", "t": ""}, ArgumentError, "t='| index'", "t"),
    ("x.__class__", {"x": "n"}, ArgumentError, "no attribute '__class__'", "x.__class__"),
    ("__import__('os')", {}, ArgumentError, "no operation is named '__import__'", "__import__"),
    ("open('f')", {}, ArgumentError, "no operation is named 'open'", "open"),
    ("lambda: 1", {}, ArgumentError, "defines no functions", "lambda: 1"),
    ("[i for i in x]", {"x": "n"}, ArgumentError, "no loops", "[i for i in x]"),
    ("import os", {}, ArgumentError, "nothing is imported", "import os"),
    ("x if s else y", {}, ArgumentError, "where(condition, a, b)", "x if s else y"),
    ("x and y", {"x": "n", "y": "n"}, ArgumentError, "write & and |", "x and y"),
    ("0 < x < 1", {"x": "n"}, ArgumentError, "(0 < x) & (x < 1)", "0 < x < 1"),
    ("x + 'a'", {"x": "n"}, ArgumentError, "+ does not apply to 'a'", "x + 'a'"),
    ("S = x; S = x", {"x": "n"}, NameClashError, "'S' is assigned twice", "S"),
    ("x = x + 1", {"x": "n"}, NameClashError, "'x' is a variable already", "x"),
    ("n = x + 1", {"x": "n"}, NameClashError, "'n' is a dim already", "n"),
    ("sum", {}, ArgumentError, "'sum' is a function", "sum"),
    ("x(2)", {"x": "n"}, ArgumentError, "cannot be called", "x"),
    ("n // 2 * x", {"x": "n"}, ArgumentError, "n // 2 is no whole number", "n // 2"),
    ("x // 2", {"x": "n"}, ArgumentError, "write floor(a / b)", "x // 2"),
    ("10 ** 1000 * x", {"x": "n"}, ArgumentError, "out of range", "10 ** 1000"),
    ("10 ** -1000 * x", {"x": "n"}, ArgumentError, "out of range", "10 ** -1000"),
    ("0.00_1e-999 * x", {"x": "n"}, ArgumentError, "nearer to 0 than floats", "0.00_1e-999"),
    ("(x", {"x": "n"}, ArgumentError, "never closed", "("),
    ("trace(K @ Kt)", {"K": "n m"}, ArgumentError, "its transpose is written K.T", "Kt"),
    ("trace(K @ K_T)", {}, ArgumentError, "its transpose is written K.T", "K_T"),
    ("sum(A @ x) + sum(Ainv @ x)", {}, ArgumentError, "its inverse is written inv(A)", "Ainv"),
    ("x @ y.T", {"x": "n", "y": "n"}, ArgumentError, "outer(x, y)", "x @ y.T"),
    ("x @ y.T", {"x": "n", "y": "m"}, ArgumentError, "outer(x, y)", "x @ y.T"),
    ("x + ", {"x": "n"}, ArgumentError, "invalid syntax", ""),
    ("1j * x", {"x": "n"}, ArgumentError, "1j is not a real number", "1j"),
    ("Xᵀ @ X", {"X": "n d"}, ArgumentError, "a transpose is written X.T", "ᵀ"),
    ("sum x", {"x": "n"}, ArgumentError, "call it, sum(...)", "sum"),
    ("|x|", {"x": "n"}, ArgumentError, "abs(x)", "|"),
    ("lambda * x", {"x": "n"}, ArgumentError, "write lam", ""),
    ("(y := x) + y", {"x": "n"}, ArgumentError, "a statement of its own", "y := x"),
    ("{x, y}", {"x": "n", "y": "n"}, ArgumentError, "write a list", "{x, y}"),
    ("x is y", {"x": "n", "y": "n"}, ArgumentError, "write ==", "x is y"),
    ("x << 2", {"x": "n"}, ArgumentError, "no operation on tensors", "x << 2"),
    ("S[0] = x", {"x": "n"}, ArgumentError, "where or concatenate", "S[0]"),
    ("a = b = x; a", {"x": "n"}, ArgumentError, "one name is given at a time", "b"),
    ("a, *b = x; a", {"x": "n"}, ArgumentError, "one by one", "*b"),
    ("x @ s", {"x": "n", "s": ""}, ShapeError, "multiply by a number with *", "x @ s"),
    ("inv(x)", {"x": "n"}, ShapeError, "linalg.inv: a matrix is needed", "inv(x)"),
    ("softmax(A, dims=-1)", {"A": "n n"}, ArgumentError, "'axis'", "softmax(A, dims=-1)"),
    ("A.inv()", {"A": "n n"}, ArgumentError, "write inv(A)", "A.inv"),
    ("A.t()", {"A": "n n"}, ArgumentError, "a transpose is written X.T", "A.t"),
    ("sum(sum)", {"sum": "n"}, ArgumentError, "call np.sum(...)", "sum"),
    ("e ** x", {"x": "n"}, ArgumentError, "np.e", "e"),
    ("I @ x", {"x": "n"}, ArgumentError, "eye(n)", "I"),
    ("x / 0", {"x": "n"}, ArgumentError, "division by zero", "x / 0"),
    ("1e400 * x", {"x": "n"}, ArgumentError, "too large", "1e400"),
    ("C[2]", {"C": "2 6"}, IndexError, "index 2 is out of bounds", "C[2]"),
    ("x[n]", {"x": "n"}, IndexError, "index n is out of bounds", "x[n]"),
    ("x[2 * n :]", {"x": "n"}, ShapeError, "reaches outside", "x[2 * n :]"),
    ("x[::2]", {"x": "n"}, MinigradError, "x='2*k'", "x[::2]"),
    ("x[x > 0]", {"x": "n"}, ArgumentError, "where(condition, a, b)", "x > 0"),
    ("einsum('ij->ik', A)", {"A": "n n"}, ShapeError, "names ['k'], which", "einsum('ij->ik', A)"),
    ("x; x + 1", {"x": "n"}, ArgumentError, "is not used", "x"),
    ("random.normal(x)", {"x": "n"}, ArgumentError, "named 'random.normal'", "random.normal"),
    ("concatenate(x)", {"x": "n"}, MinigradError, "a name and no number", "concatenate(x)"),
    ("roll(x, n)", {"x": "n"}, MinigradError, "has only a name", "roll(x, n)"),
    ("x[::0]", {"x": "n"}, ShapeError, "step cannot be 0", "x[::0]"),
]


@pytest.mark.parametrize(
    ("text", "declared", "kind", "words", "marked"), ERRORS, ids=[e[0] for e in ERRORS]
)
def test_errors_say_what_and_where(
    text: str, declared: Any, kind: type[Exception], words: str, marked: str
) -> None:
    with pytest.raises(kind) as caught:
        mg.parse(text, **declared)
    message, line, caret = str(caught.value).rsplit("\n", 2)
    assert words in message
    start, width = caret.index("^"), caret.count("^")
    assert marked == "" or line[start : start + width] == marked
    assert caret.endswith(f"column {start - 1}")


def test_errors_in_several_lines_name_the_line() -> None:
    with pytest.raises(ArgumentError, match="line 2, column 5"):
        mg.parse("S = X @ w\nsum(frob(S))", X="n d", w="d")


def test_a_long_line_is_shown_around_the_place() -> None:
    text = " + ".join(["sum(X @ w)"] * 40) + " + nope(X)"
    with pytest.raises(ArgumentError) as caught:
        mg.parse(text, X="n d", w="d")
    _, line, caret = str(caught.value).split("\n")
    assert len(line) < 100
    assert line[caret.index("^") :].startswith("nope")


def test_columns_count_characters_not_bytes() -> None:
    with pytest.raises(ArgumentError, match="column 5"):
        mg.parse("λ * nope(λ)", λ="n")


def test_deep_texts_are_refused_in_words() -> None:
    for text in (
        "x" + " + x" * 10_000,
        "(" * 300 + "x" + ")" * 300,
        "-" * 3000 + "x",
        "x" + ".T" * 5000,
    ):
        with pytest.raises(ArgumentError, match="nested too deeply.*2,500 terms"):
            mg.parse(text, x="n")


def test_long_sums_are_read_and_derived() -> None:
    for text in (" + ".join(["x"] * 2000), " * ".join(["x"] * 40)):
        assert "x" in str(mg.derive(mg.parse(f"sum({text})", x="n"), wrt="x"))


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        ({"x": "n;d"}, "'n;d' is no size"),
        ({"x": "n | spdd"}, "did you mean 'spd'"),
        ({"x": "n | spd"}, "needs at least 2 axes"),
        ({"x": "n m | spd"}, "needs a square matrix, the shape is (n, m)"),
        ({"x": "n | 0/1 pm1"}, "exclude one another"),
        ({"x": "n n | positive and diagonal"}, "exclude one another"),
        ({"x": "n 0"}, "holds nothing"),
        ({"x": "n +1"}, "'+1' is no size"),
        ({"x": "_"}, "'_' is no size"),
        ({"x": 3}, "x=3 declares nothing"),
        ({"xᵀ": "n"}, "'ᵀ' cannot be part of a name"),
        ({"x y": "n"}, "is no variable's name"),
        ({"lambda": "n"}, "a word of Python's own"),
    ],
)
def test_declarations_are_checked(declared: Any, words: str) -> None:
    with pytest.raises(ArgumentError, match=re.escape(words)):
        mg.parse("sum(x)", **declared)


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        (("x: n;d",), "'n;d' is no size"),
        (("x: n | spdd",), "did you mean 'spd'"),
        (("x: n", "x: m"), "'x' is declared twice"),
        (("X: n k", "k: n"), "'k' is a dim and a variable with axes"),
        (("X n d",), "'X n d' is no declaration"),
        (("",), "'' is no declaration"),
        ((3,), "3 is no declaration"),
        ((), "declare at least one"),
    ],
)
def test_symbols_are_declared_by_the_same_reader(texts: Any, words: str) -> None:
    with pytest.raises(MinigradError, match=re.escape(words)):
        mg.symbols(*texts)


def test_sizes_may_be_polynomials_of_dims() -> None:
    assert [str(s) for s in mg.symbols("z: 2*k n-1").shape] == ["2*k", "n - 1"]
    loss = mg.parse("sum(z[::2] * u) + sum(z[1::2])", z="2*k", u="k")
    formula = mg.derive(loss, wrt="z")["z"]
    np.testing.assert_allclose(formula(z=np.ones(6), u=np.arange(3.0)), [0, 1, 1, 1, 2, 1])


def test_a_formula_refuses_sizes_for_which_its_slices_do_not_fit() -> None:
    middle = mg.derive(mg.parse("mean(x[2:5] ** 2)", x="n"))["x"]
    np.testing.assert_allclose(middle(x=np.ones(6)), [0, 0, 2 / 3, 2 / 3, 2 / 3, 0])
    with pytest.raises(ShapeError, match="places 2 to 4 of an axis of size n, which is 4 here"):
        middle(x=np.ones(4))
    part = mg.derive(mg.parse("x[k] ** 2", x="n", w="k"), wrt="x")["x"]
    np.testing.assert_allclose(part(x=np.ones(4), k=2), [0, 0, 2, 0])
    with pytest.raises(ShapeError, match="place 4 of an axis"):
        part(x=np.ones(4), k=4)
    with pytest.raises(ArgumentError, match="the size of 'k' is not known"):
        part(x=np.ones(4))


def test_what_cannot_be_derived_or_computed_says_so() -> None:
    loss = mg.parse("sum(x ** 2)", x="n")
    for wrt in ([], 3):
        with pytest.raises(ArgumentError, match="derive: "):
            mg.derive(loss, wrt=wrt)
    with pytest.raises(ArgumentError, match="nothing to differentiate by"):
        mg.derive(mg.parse("1 + 2"))
    with pytest.raises(ArgumentError, match="by name, formula"):
        mg.derive(loss)["x"]([1.0, 2.0])


def test_notebooks_show_latex_with_what_names_stand_for() -> None:
    derived = mg.derive(mg.parse("softmax(x)", x="n"))
    shown = derived["x"]._repr_mimebundle_()
    assert shown["text/plain"] == "J = diag(p) − p pᵀ   where p = softmax(x)"
    assert shown["text/latex"].startswith("$$\\begin{aligned}")
    assert r"p &= \operatorname{softmax}" in shown["text/latex"]
    assert derived._repr_mimebundle_()["text/latex"] == derived._repr_latex_()
    plain = mg.derive(mg.parse("x @ x", x="n"))["x"]
    assert plain._repr_latex_() == rf"$\displaystyle {plain.latex}$"


def test_python_reads_a_fancy_letter_as_the_plain_one() -> None:
    assert str(mg.derive(mg.parse("sum(𝑥 * x)", **{"𝑥": "n"}))) == "dx = 2 x"


def test_the_empty_text_is_an_error() -> None:
    for text in ("", "  \n ", "# only a remark"):
        with pytest.raises(ArgumentError, match="the text is empty"):
            mg.parse(text)


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="xXn() .,+-*/@[]:=;'12\n", max_size=30))
def test_any_text_is_a_tensor_or_an_error_of_ours(text: str) -> None:
    with contextlib.suppress(MinigradError):
        assert isinstance(mg.parse(text, x="n", X="n n"), mg.Tensor)


def test_what_runs_with_any_dims_is_asked_for() -> None:
    with pytest.raises(ArgumentError, match="does not force the dims of 'u'"):
        mg.parse("mean(logsumexp(u))")


def test_forty_names_are_not_tried_in_every_combination() -> None:
    with pytest.raises(MinigradError):
        mg.parse("sum(" + " + ".join(f"X{k} @ w{k}" for k in range(40)) + ")")


def test_a_long_text_is_not_run_again_and_again_to_find_dims() -> None:
    text = "".join(f"a{k} = x * {k}; " for k in range(3000)) + "sum(a2999)"
    with pytest.raises(ArgumentError, match=r"the dims of 'x' \(3,001 statements .* declare it, x=''"):
        mg.parse(text)
    assert mg.parse(text, x="n").shape == ()


@pytest.mark.parametrize(
    "text",
    ["S = X @ w\n        sum(S)", "\n    S = X @ w\n    sum(S)\n    ", "S = (X\n  @ w)\nsum(S)", "  S = X @ w\n  sum(S)"],
)
def test_lines_that_are_indented_alike_are_no_blocks(text: str) -> None:
    assert mg.parse(text, X="m n", w="n").shape == ()
