"""What generated functions look like: read like the derivation by hand, and only with stable forms."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from attention_cases import SYMBOLS, WEIGHTS, attention
from source_cases import CASES, case, compiled, formula_of

import minigrad as mg
from minigrad.errors import ArgumentError
from minigrad.program.operations import BUILT_UP, OPERATIONS
from minigrad.source import arrays, contraction, elementwise
from minigrad.source.constants import constant_text
from minigrad.source.dialects import DIALECTS, NUMPY
from minigrad.source.texts import TEXTS
from minigrad.source.wrapping import wrapped

ATTENTION = '''\
import numpy as np


def gradients(X, Wq, Wk, Wv, w, y):
    """The gradients of L by Wq, Wk, Wv and X.

    Shapes: X (n, d), Wq (d, k), Wk (d, k), Wv (d, k), w (k,), y (n,).
    """

    def sigmoid(x):
        e = np.exp(-np.abs(x))
        return np.where(x < 0, e, 1) / (1 + e)

    def softmax(x, axis=-1):
        top = np.max(x, axis=axis, keepdims=True)
        e = np.exp(x - np.where(np.isneginf(top), 0, top))
        return e / np.maximum(np.sum(e, axis=axis, keepdims=True), 1)

    n = X.shape[0]
    k = Wq.shape[1]

    Q = X @ Wq
    K = X @ Wk
    V = X @ Wv
    S = Q @ K.T / k**0.5
    A = softmax(S)
    H = A @ V
    z = H @ w
    p = sigmoid(z)

    dz = (p - y) / n
    dH = np.outer(dz, w)
    dV = A.T @ dH
    dA = dH @ V.T
    dS = A * (dA - np.sum(A * dA, axis=-1, keepdims=True))
    dQ = dS @ K / k**0.5
    dK = dS.T @ Q / k**0.5
    dWq = X.T @ dQ
    dWk = X.T @ dK
    dWv = X.T @ dV
    dX = dQ @ Wq.T + dK @ Wk.T + dV @ Wv.T
    return {"Wq": dWq, "Wk": dWk, "Wv": dWv, "X": dX}
'''


def test_attention_reads_like_the_derivation_by_hand() -> None:
    derived = mg.derive(attention(*mg.symbols(*SYMBOLS)), wrt=WEIGHTS)
    assert derived.source("numpy") == ATTENTION


def test_one_formula_computes_only_what_it_needs() -> None:
    derived = mg.derive(attention(*mg.symbols(*SYMBOLS)), wrt=WEIGHTS)
    source = derived["Wv"].source()
    assert source.splitlines()[3] == "def gradient_Wv(X, Wq, Wk, Wv, w, y):"
    assert "dS" not in source
    assert source.rstrip().endswith("return X.T @ dV")


# The text after the docstring and the helpers: what people would write themselves.
LINES = [
    (case("x @ (A @ B @ C) @ v", "x: n, A: n n, B: n n, C: n n, v: n", "B"),
     "return np.outer(A.T @ x, C @ v)"),
    (case("sum((A @ x - b)**2)", "A: m n, x: n, b: m", "x"), "return 2 * (A.T @ (A @ x - b))"),
    (case("trace(A @ X @ B)", "A: m n, X: n d, B: d m", "X"), "return (B @ A).T"),
    (case("logdet(X)", "X: n n", "X"), "return np.linalg.inv(X).T"),
    (case("sum(X[1:4:2] * Y)", "X: 5 3, Y: 2 3", "X"),
     "dX = np.zeros((5, 3), dtype=dtype)\n    dX[1::2] = Y\n    return dX"),
    (case("sum(E[t] * C)", "E: v d, t: n | index, C: n d", "E"),
     "dE = np.zeros((v, d), dtype=dtype)\n    np.add.at(dE, t, C)\n    return dE"),
    (case("sum(tril(A) * C)", "A: n n, C: n n", "A"), "return np.tril(C)"),
    (case("sum(cumsum(x) * y)", "x: n, y: n", "x"), "return np.cumsum(y[::-1])[::-1]"),
    (case("softmax(x)", "x: n", "x"), "p = softmax(x)\n    return np.diag(p) - np.outer(p, p)"),
    (case("mean(X)", "X: n d", "X"), "return np.full((n, d), 1 / (d * n), dtype=dtype)"),
    (case("-sum(Y * log(softmax(X @ W, axis=1)))", "X: n d, W: d c, Y: n c | simplex", "W"),
     "return X.T @ (softmax(X @ W) - Y)"),
    (case("x @ inv(A) @ b", "x: n, A: n n, b: n", "x"), "return np.linalg.solve(A, b)"),
    (case("x @ inv(A) @ b", "x: n, A: n n, b: n", "b"), "return np.linalg.solve(A.T, x)"),
    (case("norm(X)", "X: m n", "X"), "return X / nonzero(np.linalg.norm(X))"),
    (case("norm(X @ w - y)", "X: m n, w: n, y: m", "w"), "return X.T @ r / nonzero(np.linalg.norm(r))"),
    (case("norm(x - a)", "x: n, a: n", "x", 2),
     "return np.eye(n, dtype=dtype) / np.sqrt(s) - np.outer(r, r) / s**1.5"),
]  # fmt: skip


@pytest.mark.parametrize(("chosen", "ending"), LINES, ids=lambda c: getattr(c, "text", ""))
def test_a_formula_ends_as_people_write_it(chosen: Any, ending: str) -> None:
    assert formula_of(chosen).source().rstrip().endswith(ending)


@pytest.mark.parametrize("chosen", CASES, ids=lambda c: f"{c.text[:40]} by {c.wrt} {c.order}")
def test_text_is_well_laid_out(chosen: Any) -> None:
    source = formula_of(chosen).source()
    assert all(line == line.rstrip() and len(line) <= 100 for line in source.splitlines())
    assert "\n\n\n\n" not in source
    assert source.endswith("\n")
    assert "import minigrad" not in source


def test_no_dense_delta_triangle_or_selection_is_made_for_a_product() -> None:
    """Eyes stand only where an identity is itself a term of the result."""
    for chosen in CASES:
        source = formula_of(chosen).source()
        for dense in ("np.eye", "np.tri("):
            lines = [line for line in source.splitlines() if dense in line]
            assert all(line.strip().startswith("return") for line in lines), source


def test_names_that_python_does_not_allow_are_made_safe() -> None:
    x, w = mg.symbols("lambda: n", "w: n")
    s = (x * w).named("block[0].S")
    source = mg.derive(mg.sum(s * s * w), wrt="w").source()
    assert "def gradients(lambda_, w):" in source
    assert "block_0_S = lambda_ * w" in source
    assert set(compiled(source)(lambda_=np.ones(2), w=np.ones(2))) == {"w"}


def test_arguments_dims_and_helpers_do_not_hide_each_other() -> None:
    x, softmax, np_ = mg.symbols("dtype: np", "softmax: np", "float: np")
    output = mg.sum(mg.nn.functional.softmax(x * softmax) * np_ / x.shape[0])
    source = mg.derive(output, wrt="dtype").source()
    found = compiled(source)(*(np.array([0.5, 1.0, 2.0]) * k for k in (1, 2, 3)))
    arrays = {"dtype": 1.0, "softmax": 2.0, "float": 3.0}
    given = {name: np.array([0.5, 1.0, 2.0]) * k for name, k in arrays.items()}
    expected = mg.derive(output, wrt="dtype")["dtype"](given)
    np.testing.assert_allclose(found["dtype"], expected, rtol=1e-12)


def test_every_operation_has_a_text_and_none_knows_a_library() -> None:
    forms = {op for dialect in DIALECTS.values() for op in dialect.forms}
    assert OPERATIONS.keys() == TEXTS.keys() | forms | BUILT_UP | {"variable"}
    for module in (arrays, contraction, elementwise):
        assert not re.search(r"\b(np|jnp|torch)\.", inspect.getsource(module)), module


def test_an_unknown_language_is_named() -> None:
    formula = mg.derive(mg.sum(mg.symbols("x: n")))
    with pytest.raises(ArgumentError, match="'fortran' is no language .* known are 'numpy'"):
        formula.source("fortran")


def test_a_result_is_no_view_of_an_argument() -> None:
    A, X = mg.symbols("A: n n", "X: n n")
    function = compiled(mg.derive(mg.sum(A * X), wrt="X")["X"].source())
    a = np.ones((2, 2))
    function(A=a)[0, 0] = 7
    assert a[0, 0] == 1


@pytest.mark.parametrize("seed", ["0", "1"])
@pytest.mark.long("part")
def test_text_is_the_same_in_every_process(seed: str) -> None:
    program = (
        "import minigrad as mg\n"
        "from attention_cases import SYMBOLS, WEIGHTS, attention\n"
        "print(mg.derive(attention(*mg.symbols(*SYMBOLS)), wrt=WEIGHTS).source(), end='')\n"
    )
    environment = {"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(p for p in sys.path if p)}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment
    )
    assert done.stdout == ATTENTION


@pytest.mark.parametrize(
    "line",
    [
        "return np.broadcast_to((Z @ (X.reshape(2, 2) * Z).T)[:, None, :], (2, 3, 2))[:, :, None]",
        "c = np.array([[True, False, False], [True, True, False], [True, True, True]], dtype=dtype)",
        'np.einsum("iji->ij", J[:, :, 2])[...] = ((2 * T - r) / 4 / np.sqrt(np.mean(R**2, axis=0))).T',
        "return G6 / 2 - G7 - G5 / 2 + G8 - G9 + G * p + G10 / 2 - r2 * G3 * t / 2 - G2 * dp + g",
        "J[:, 1:] += np.where(np.tri(4, 2, 0) > 0, X, -1)[:, :, None] @ np.maximum(R, 0)[:, None]",
        'return {"X": np.outer(a, b), ("X", "Y"): np.einsum("ij,jk->ik", X @ A, Y @ B), "Z": g}',
        "return 2 * X.T @ (np.tanh(X @ W + b) * (1 - H**2) - np.sum(A * B, axis=-1) + V @ W.T)",
        "out2 = (G24 - G31 - m2 * G24 - G27 - G30 + M18 - G29 + G7 + G6 - G9 - G8 - G28 + G1 - G2 + G3 - G4).at[i, j].add(g4)",
        "return f(a_first, b_second, c_third, d_fourth, e_fifth, f_sixth, g_seventh, h_eighth, i_ninth, j_tenth, k)",
        "np.add.at(out3, (D, D), 2 * G2 + 2 * G8 + 2 * G11 + 2 * G9 + 2 * M7 + 2 * M10 + 2 * G6 - G7)",
    ],
)
@pytest.mark.parametrize("width", [50, 60, 80])
def test_a_long_statement_is_the_same_over_several_lines(line: str, width: int) -> None:
    rows = wrapped(line, width)
    assert max(map(len, rows)) <= width
    bodies = ["def f():\n" + "\n".join(f"    {row}" for row in text) for text in ([line], rows)]
    assert ast.dump(ast.parse(bodies[0])) == ast.dump(ast.parse(bodies[1]))


@pytest.mark.parametrize(
    ("text", "declared", "wrt", "lines"),
    [
        ("sum(x[k:] * y)", {"x": "2*k", "y": "k"}, "x", ["k = y.shape[0]"]),
        ("sum(x[:k] * x[k:])", {"x": "2*k"}, "x", []),
        ("mean(x) * sum(y)", {"x": "2*k", "y": "n+1"}, "y",
         ["k = x.shape[0] // 2", "n = y.shape[0] - 1"]),
        ("mean(x) * sum(y * y)", {"x": "n+m", "y": "n"}, "x",
         ["n = y.shape[0]", "m = x.shape[0] - n"]),
    ],
)  # fmt: skip
def test_sizes_are_read_from_shapes(
    text: str, declared: dict[str, str], wrt: str, lines: list[str]
) -> None:
    formula = mg.derive(mg.parse(text, **declared), wrt=wrt)[wrt]
    source = formula.source()
    assert all(f"    {line}\n" in source for line in lines), source
    sizes = {"k": 3, "n": 2, "m": 4, "2*k": 6, "n+1": 3, "n+m": 6}
    rng = np.random.default_rng(0)
    arrays = {name: rng.normal(size=sizes[dims]) for name, dims in declared.items()}
    read = inspect.signature(compiled(source)).parameters
    found = compiled(source)(**{name: arrays[name] for name in read})
    np.testing.assert_allclose(found, formula(arrays), rtol=1e-12)


@pytest.mark.parametrize(
    ("array", "text"),
    [
        (np.zeros((0, 3), bool), "np.zeros((0, 3), dtype=bool)"),
        (np.tri(4, dtype=bool), "np.tri(4, dtype=bool)"),
        (np.tri(4, 5, -1), "np.tri(4, 5, k=-1, dtype=dtype)"),
        (np.eye(3), "np.eye(3, dtype=dtype)"),
        (np.full((2, 3), 0.5), "np.full((2, 3), 0.5, dtype=dtype)"),
        (np.full(2, -np.inf), "np.full((2,), -np.inf, dtype=dtype)"),
        (np.array([0.0, -np.inf]), "np.array([0.0, -np.inf], dtype=dtype)"),
        (np.arange(2, 9), "np.arange(2, 9)"),
        (np.array([2, 0, 1]), "np.array([2, 0, 1])"),
    ],
)
def test_an_array_without_a_name_is_written_as_people_make_it(array: Any, text: str) -> None:
    at: Any = SimpleNamespace(dialect=NUMPY, dtype=lambda: "dtype")
    written = constant_text(array, array.dtype == float, at)
    assert written == text
    made = eval(written, {"np": np, "dtype": np.float64})
    np.testing.assert_array_equal(made, array)
    assert made.dtype == array.dtype


def test_a_size_that_became_a_mean_is_not_read() -> None:
    X, w, y = mg.symbols("X: m n", "w: n", "y: m")
    derivation = mg.derive(mg.mean((X @ w - y) ** 2), wrt="w")
    forward = derivation.source(form="function").partition("def backward")[0]
    assert "np.mean(" in forward
    assert ".shape" not in forward


def test_a_causal_mask_is_no_argument() -> None:
    text = "sum(C * scaled_dot_product_attention(Q, K, V, is_causal=True))"
    shapes = {"Q": "9 2", "K": "9 2", "V": "9 3", "C": "9 3"}
    source = mg.derive(mg.parse(text, **shapes), wrt="Q")["Q"].source()
    assert "def gradient_Q(Q, K, V, C):" in source
    assert "= np.tri(9, dtype=bool)" in source


@pytest.mark.parametrize("size", [2, 3, 5])
@pytest.mark.parametrize("text", ["x[::-1][:2]", "x[:2][::-1]", "x[k-2:][::-1]", "x[::-1][k-2:]"])
def test_a_slice_backwards_reaches_the_first_position(text: str, size: int) -> None:
    formula = mg.derive(mg.parse(f"sum({text} ** 2 * y)", x="k", y="2"), wrt="x")["x"]
    x, y = np.arange(1.0, size + 1), np.array([3.0, 5.0])
    found = compiled(formula.source())(x=x, y=y)
    expected = np.zeros(size)
    reading = {"x[::-1][:2]": [-1, -2], "x[:2][::-1]": [1, 0]}
    places = reading.get(text, [-1, -2] if text == "x[k-2:][::-1]" else [1, 0])
    expected[places] = 2 * x[places] * y
    np.testing.assert_allclose(found, expected)
    np.testing.assert_allclose(formula(x=x, y=y), expected)
