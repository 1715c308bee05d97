"""A derivation by hand is right, or wrong for a reason that is recognised."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sympy
from attention_cases import SYMBOLS, arguments, attention

import minigrad as mg
from minigrad.checking import Finding, Report
from minigrad.errors import ArgumentError, MinigradError, ShapeError

DS = "A * (dA - sum(A * dA, axis=1, keepdims=True))"


def the_loss(on: str = "data") -> Any:
    if on == "symbols":
        return attention(*mg.symbols(*SYMBOLS))
    return attention(*arguments(np.random.default_rng(0), n=5, d=4, k=3))


def finding(report: Report, quantity: str) -> Finding:
    (found,) = [f for f in report.findings if f.quantity == quantity]
    return found


RIGHT = {
    "Wq": ["X.T @ dS @ K / sqrt(k)", "X.T @ dQ", "X.T @ dS @ X @ Wk / k**0.5"],
    "Wk": ["X.T @ dS.T @ Q / sqrt(k)", "(Q.T @ dS @ X).T / sqrt(k)"],
    "Wv": ["X.T @ A.T @ outer(p - y, w) / n", "X.T @ dV"],
    "X": ["dQ @ Wq.T + dK @ Wk.T + dV @ Wv.T"],
    "S": [DS, "A * dA - A * sum(H * dH, axis=1, keepdims=True)"],
    "z": ["(p - y) / n"],
}


@pytest.mark.parametrize("on", ["data", "symbols"])
@pytest.mark.parametrize(
    ("wrt", "text"), [(wrt, text) for wrt, texts in RIGHT.items() for text in texts]
)
def test_a_right_derivation_passes(on: str, wrt: str, text: str) -> None:
    report = mg.check(the_loss(on), wrt=wrt, against=text)
    assert report.verdict == "pass"
    assert finding(report, f"d{wrt}").verdict == "pass"


# the variable, what was written, and the slip that is recognised
SLIPS = [
    ("Wq", "X.T @ dS @ K", "off by a factor √k: 1/√k is missing"),
    ("Wq", "X.T @ dS @ K / k", "off by a factor 1/√k"),
    ("Wq", "-X.T @ dS @ K / sqrt(k)", "the sign is wrong"),
    ("Wq", "(X.T @ dS @ K / sqrt(k)).T", "it is transposed"),
    ("Wq", "X.T @ dS.T @ K / sqrt(k)", "dS is transposed in dQ"),
    ("Wq", "X.T @ (A * dA) @ K / sqrt(k)", "the rowsum term rowsum(A ⊙ dA) is missing in dS"),
    ("Wk", "X.T @ dS @ Q / sqrt(k)", "dS is transposed in dK"),
    ("Wv", "X.T @ A @ outer(p - y, w) / n", "A is transposed in dV"),
    ("Wv", "X.T @ A.T @ outer(p - y, w)", "off by a factor n: 1/n is missing"),
    ("X", "dQ @ Wq.T + dK @ Wk.T", "the path of X through V is missing"),
    ("X", "dQ @ Wq.T + dK @ Wk.T - dV @ Wv.T", "the sign of the path of X through V is wrong"),
    ("S", "A * dA", "the rowsum term rowsum(A ⊙ dA) is missing"),
    ("S", "A * (dA + sum(A * dA, axis=1, keepdims=True))", "the sign of the rowsum term"),
    ("S", "A * (dA - sum(A * dA, axis=0, keepdims=True))", "sums over the wrong axis: colsum"),
    ("S", "A * dA - sum(A * dA, axis=1, keepdims=True)", "is not multiplied by A"),
    ("S", "dA", "the derivative of softmax is missing"),
    ("z", "p - y", "off by a factor n: 1/n is missing"),
    ("z", "(y - p) / n", "the sign is wrong"),
    ("z", "dp", "the derivative of σ is missing"),
    ("z", "(p - y) * p * (1 - p) / n", "the derivative of σ is there twice"),
    ("Wq", "zeros_like(Wq)", "it is zero"),
]


@pytest.mark.parametrize("on", ["data", "symbols"])
@pytest.mark.parametrize(("wrt", "text", "slip"), SLIPS)
@pytest.mark.long("part")
def test_a_usual_slip_is_recognised(on: str, wrt: str, text: str, slip: str) -> None:
    report = mg.check(the_loss(on), wrt=wrt, against=text)
    assert report.verdict == "fail"
    found = finding(report, f"d{wrt}")
    assert slip in found.slip
    assert found.right.startswith(f"d{wrt}")
    assert not report.suspects


def test_the_worst_element_has_both_values() -> None:
    loss = the_loss()
    found = finding(mg.check(loss, wrt="Wq", against="X.T @ dS @ K"), "dWq")
    right = mg.derive(loss, wrt="Wq")["Wq"]()
    assert found.worst is not None
    assert found.worst.second == pytest.approx(right[found.worst.index])
    assert found.worst.first == pytest.approx(found.worst.second * 3**0.5)
    assert found.ratio == pytest.approx(3**0.5)
    assert f"{found.worst.first:.6g} in yours" in str(found)


def test_an_answer_that_no_slip_explains_is_wrong_all_the_same() -> None:
    report = mg.check(the_loss(), wrt="Wq", against="X.T @ dS @ K / sqrt(k) + 0.001 * exp(Wq)")
    assert report.verdict == "fail"
    assert finding(report, "dWq").slip == ""


RIDGE = ("sum((X @ w - y)**2) / m + r * (w @ w)", {"X": "m n", "w": "n", "y": "m", "r": ""}, "w")
STD = ("s = sqrt(sum(x**2)); sum(x * g) / s", {"x": "n", "g": "n"}, "x")
ATTENTION = (
    "A = softmax(Q @ K.T / sqrt(d)); sum((A @ V) * G)",
    {"Q": "n d", "K": "m d", "V": "m e", "G": "n e"},
    "Q",
)
RELU = ("sum(relu(W @ x) * g)", {"W": "m n", "x": "n", "g": "m"}, "x")
LINEAR = ("z = W @ x; sum(z * g)", {"W": "m n", "x": "n", "g": "m"}, "W")
CLASSES = (
    "P = softmax(X @ W); -sum(Y * log(P))",
    {"X": "n d", "W": "d c", "Y": "n c | onehot"},
    "W",
)
MASKED = ("sum(M * (X @ w))", {"X": "n d", "w": "d", "M": "n | 0/1"}, "w")
DA = "(G @ V.T)"

# What was written, and what of the right formula it lacks or has too much.
IN_THE_FORMULA = [
    (RIDGE, "2*X.T@(X@w)/m + 2*r*w", "the term y is missing in X w − y"),
    (RIDGE, "2*X.T@(X@w-y)/m", "the term r w is missing"),
    (RIDGE, "2*X.T@(X@w-y)/m + r*w", "the term r w is there half"),
    (RIDGE, "2*X.T@(X@w-y)/m - 2*r*w", "the sign of the term r w is wrong"),
    (RIDGE, "2*X.T@(X@w-y) + 2*r*w", "the division by m is missing in Xᵀ (X w − y) / m"),
    (RIDGE, "2*X.T@(X@w-y)/m + 2*r**2*w", "r stands squared in r w"),
    (RIDGE, "2*X.T@(X@w-y)/m + 2*r*w + 0.001*w", "a term 0.001 w is there that does not belong"),
    (RIDGE, "1.000001*(2*X.T@(X@w-y)/m + 2*r*w)", "it is 1.000001 times the right one"),
    (RIDGE, "3*X.T@(X@w-y)/m + 1.4*r*w", "term by term: 2 Xᵀ (X w − y) / m is there 1.5 times"),
    (
        RIDGE,
        "2*X.T@(X@w-y)/m + 2.000002*r*w",
        "2 Xᵀ (X w − y) / m is right, 2 r w is there 1.000001 times",
    ),
    (
        ATTENTION,
        f"(A*{DA} - A*mean(A*{DA}, axis=1, keepdims=True)) @ K / sqrt(d)",
        "a mean over m stands where a sum is meant in rowsum(A ⊙ dA)",
    ),
    (
        ATTENTION,
        f"(A*({DA} - sum({DA}, axis=1, keepdims=True))) @ K / sqrt(d)",
        "the factor A is missing in rowsum(A ⊙ dA)",
    ),
    (RELU, "W.T @ ((W@x < 0) * g)", "[W x > 0] is inverted"),
    (RELU, "W.T @ (W@x > 0)", "the factor g is missing"),
    (STD, "g/s - x*sum(x*g)/s**2", "s stands without its power in (xᵀ g) x / s²"),
    (STD, "g/s - x*sum(x*g)/s", "the division by s² is missing in (xᵀ g) x / s²"),
    (LINEAR, "g", "the factor x is missing in dW"),
    (CLASSES, "X.T @ P", "the term Y is missing in P − Y"),
    (MASKED, "X.T @ (1 - M)", "M is inverted"),
    (MASKED, "sum(X, axis=0)", "the factor M is missing"),
]


@pytest.mark.parametrize(("program", "text", "slip"), IN_THE_FORMULA)
def test_what_the_right_formula_has_and_the_answer_lacks_is_said(
    program: Any, text: str, slip: str
) -> None:
    source, variables, wrt = program
    report = mg.check(mg.parse(source, **variables), wrt=wrt, against=text)
    assert report.verdict == "fail"
    assert slip in finding(report, f"d{wrt}").slip


def test_an_error_of_one_in_a_million_is_seen() -> None:
    report = mg.check(the_loss(), wrt="Wq", against="1.000001 * X.T @ dS @ K / sqrt(k)")
    assert report.verdict == "fail"


# -- pieces ------------------------------------------------------------------------------------------


def test_pieces_are_judged_and_the_wrong_one_is_named() -> None:
    pieces = {"dS": "A * dA", "dA": "dH @ V.T"}
    report = mg.check(the_loss(), wrt="Wq", against="X.T @ dS @ K / sqrt(k)", given=pieces)
    assert report.verdict == "fail"
    assert finding(report, "dA").verdict == "pass"
    assert "rowsum" in finding(report, "dS").slip
    assert finding(report, "dWq").slip == "only because of dS: from the right one this line follows"


def test_right_pieces_pass_in_any_order_and_with_helpers() -> None:
    pieces = {"dS": "A * (dA - D)", "D": "sum(dH * H, axis=1, keepdims=True)", "dH": "outer(dz, w)"}
    report = mg.check(the_loss(), wrt="Wq", against="X.T @ dS @ K / sqrt(k)", given=pieces)
    assert report.verdict == "pass"
    assert [f.quantity for f in report.findings] == ["dS", "dH", "dWq"]


def test_pieces_in_a_circle_are_refused() -> None:
    with pytest.raises(ArgumentError, match="dS → dA → dS|dA → dS → dA"):
        mg.check(the_loss(), wrt="Wq", against="X.T @ dS", given={"dS": "A * dA", "dA": "dS"})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("X.T @ dR @ K", "no variable is named 'dR'"),
        ("X.T @@ dS", "invalid syntax"),
        ("X @ dS", r"against|dWq"),
        ("__import__('os')", "no operation is named"),
    ],
)
def test_what_cannot_be_read_is_an_error(text: str, message: str) -> None:
    with pytest.raises(MinigradError, match=message):
        mg.check(the_loss(), wrt="Wq", against=text)


# -- other forms -------------------------------------------------------------------------------------


def test_a_python_function_of_named_tensors() -> None:
    right = mg.check(the_loss(), wrt="Wq", against=lambda X, dS, K, k: X.T @ dS @ K / np.sqrt(k))
    wrong = mg.check(the_loss(), wrt="Wq", against=lambda X, dS, K: X.T @ dS @ K)
    assert (right.verdict, wrong.verdict) == ("pass", "fail")
    assert "√k" in finding(wrong, "dWq").slip


def test_an_array() -> None:
    loss = the_loss()
    right = mg.derive(loss, wrt="Wq")["Wq"]()
    assert mg.check(loss, wrt="Wq", against=right).verdict == "pass"
    assert "sign" in finding(mg.check(loss, wrt="Wq", against=-right), "dWq").slip


def test_a_sympy_expression() -> None:
    m, n = sympy.symbols("m n", integer=True, positive=True)
    A, x, b = (
        sympy.MatrixSymbol("A", m, n),
        sympy.MatrixSymbol("x", n, 1),
        sympy.MatrixSymbol("b", m, 1),
    )
    At, xt, bt = mg.symbols("A: m n", "x: n", "b: m")
    loss = mg.sum((At @ xt - bt) ** 2)
    assert mg.check(loss, wrt="x", against=2 * A.T * (A * x - b)).verdict == "pass"
    wrong = mg.check(loss, wrt="x", against=A.T * (A * x - b))
    assert "factor 1/2" in finding(wrong, "dx").slip


def test_several_variables_at_once() -> None:
    report = mg.check(the_loss(), wrt=["Wq", "Wv"], against={"Wq": "X.T @ dQ", "Wv": "-X.T @ dV"})
    assert finding(report, "dWq").verdict == "pass"
    assert finding(report, "dWv").verdict == "fail"
    with pytest.raises(ArgumentError, match="one derivation is given for 2 variables"):
        mg.check(the_loss(), wrt=["Wq", "Wv"], against="X.T @ dQ")


def test_a_jacobian_of_a_tensor_output() -> None:
    x = mg.symbols("x: n")
    s = mg.nn.functional.softmax(x).named("s")
    assert mg.check(s, wrt="x", against="diag(s) - outer(s, s)").verdict == "pass"
    assert mg.check(s, wrt="x", against="diag(s) + outer(s, s)").verdict == "fail"
    assert mg.check(s, wrt="x", against="s * (ds - sum(s * ds))").verdict == "pass"


def test_broadcasting_that_is_not_summed() -> None:
    rng = np.random.default_rng(0)
    X = mg.tensor(rng.normal(size=(4, 3)), name="X", dims="n k")
    b = mg.tensor(rng.normal(size=3), name="b", dims="k", requires_grad=True)
    loss = mg.sum(mg.tanh(X + b)).named("L")
    assert mg.check(loss, wrt="b", against="sum(1 - tanh(X + b)**2, axis=0)").verdict == "pass"
    wrong = mg.check(loss, wrt="b", against="1 - tanh(X + b)**2")
    assert "what was broadcast is not summed" in finding(wrong, "db").slip


# -- Hessians, pullbacks, differentials ----------------------------------------------------------------

LOGISTIC = ("sum(softplus(X @ w))", {"X": "m n", "w": "n"})
HESSIANS = [
    ("X.T @ diag(sigmoid(X@w) * (1 - sigmoid(X@w))) @ X", "pass", ""),
    ("X.T @ diag(sigmoid(X@w)) @ X", "fail", "the factor 1 − σ(X w) is missing"),
    ("2 * X.T @ diag(sigmoid(X@w) * (1 - sigmoid(X@w))) @ X", "fail", "off by a factor 2"),
    ("-X.T @ diag(sigmoid(X@w) * (1 - sigmoid(X@w))) @ X", "fail", "the sign is wrong"),
]


@pytest.mark.parametrize(("text", "verdict", "slip"), HESSIANS)
def test_a_hessian_by_hand(text: str, verdict: str, slip: str) -> None:
    source, variables = LOGISTIC
    report = mg.check(mg.parse(source, **variables), "w", order=2, against=text)
    assert report.verdict == verdict
    assert slip in finding(report, "H").slip


def test_mixed_hessians_by_hand() -> None:
    claims = {
        ("x", "x"): "A + A.T",
        ("x", "A"): "eye(n)[:, :, None] * x + eye(n)[:, None, :] * x[None, :, None]",
        ("A", "x"): "zeros((n, n, n))",
        ("A", "A"): "zeros((n, n, n, n))",
    }
    product = mg.parse("x @ A @ x", A="n n", x="n")
    report = mg.check(product, ["x", "A"], order=2, against=claims)
    assert [f.verdict for f in report.findings] == ["pass", "pass", "fail", "pass"]
    assert finding(report, "∂²L/∂A∂x").slip == "it is zero"


@pytest.mark.parametrize(
    ("text", "verdict", "slip"),
    [
        ("A.T @ dO", "pass", ""),
        ("2 * A.T @ dO", "fail", "factor 2"),
        ("dO.T @ A", "fail", "transposed"),
    ],
)
def test_a_pullback_by_hand(text: str, verdict: str, slip: str) -> None:
    output = mg.parse("A @ V", A="n m", V="m e").named("O")
    report = mg.check(output, "V", cotangent="dO", against=text)
    assert report.verdict == verdict
    assert slip in finding(report, "dV").slip


SOFTMAX = ("softmax(W @ x)", {"W": "n m", "x": "m"}, "P")
INVERSE = ("inv(A)", {"A": "n n"}, "Y")
CHANGE = "W @ dx + dW @ x"


@pytest.mark.parametrize(
    ("program", "text", "verdict", "slip"),
    [
        (INVERSE, "-inv(A) @ dA @ inv(A)", "pass", ""),
        (INVERSE, "-Y @ dA @ Y", "pass", ""),
        (INVERSE, "inv(A) @ dA @ inv(A)", "fail", "the sign is wrong"),
        (INVERSE, "-inv(A) @ dA.T @ inv(A)", "fail", "dA is transposed"),
        (INVERSE, "-inv(A) @ (dA * dA) @ inv(A)", "fail", ""),
        (SOFTMAX, f"P * ({CHANGE} - sum(P * ({CHANGE})))", "pass", ""),
        (SOFTMAX, "P * (W @ dx - sum(P * (W @ dx)))", "fail", "the part of dW is missing"),
    ],
)
def test_a_differential_by_hand(program: Any, text: str, verdict: str, slip: str) -> None:
    source, variables, name = program
    output = mg.parse(source, **variables).named(name)
    report = mg.check(output, differential=text)
    assert report.verdict == verdict
    (found,) = report.findings
    assert (found.quantity, found.verdict) == (f"d{name}", verdict)
    assert slip in found.slip


@pytest.mark.parametrize("apart", [1e-3, 1e-6])
def test_rounding_in_what_is_written_is_no_failure_of_a_differential(apart: float) -> None:
    A = mg.tensor([[1.0, 1.0], [1.0, 1.0 + apart]], name="A", requires_grad=True)
    text = "trace(inv(A @ A) @ A @ A @ dA)"
    for seed in range(3):
        report = mg.check(mg.trace(A), differential=text, seed=seed)
        assert report.verdict != "fail", str(report)
    assert mg.check(mg.trace(A), differential=f"1.1 * {text}").verdict == "fail"


def test_a_differential_of_another_shape_is_refused() -> None:
    with pytest.raises(ShapeError, match="change of the output"):
        mg.check(mg.parse("inv(A)", A="n n"), differential="trace(dA)")


def test_sizes_are_chosen_that_tell_factors_apart() -> None:
    """Of a dim of length 2 nobody could say whether the 2 or the dim is too much."""
    product = mg.parse("sum((A @ V) * G)", A="n m", V="m e", G="n e")
    for answer, slip in (("2 * G @ V.T", "a 2 is there"), ("e * G @ V.T", "off by a factor e")):
        assert slip in finding(mg.check(product, "A", against=answer), "dA").slip


@pytest.mark.parametrize(
    "claim",
    [
        "2 Xᵀ (X w − y)",
        "dw = 2 Xᵀ (X w − y)",
        "2 Xᵀ r   where r = X w − y",
        "dw = 2 * X.T @ r   where r = X @ w - y",
        "2 Xᵀ r\nwhere r = X w − y",
        "2 * X.T @ (X @ w - y)",
        "2 * colsum(diag(X @ w - y) @ X)",
    ],
)
def test_a_formula_is_judged_as_it_is_printed(claim: str) -> None:
    X, w, y = mg.symbols("X: m n", "w: n", "y: m")
    loss = mg.sum((X @ w - y) ** 2)
    assert mg.check(loss, "w", against=claim).verdict == "pass"
    sign = ("+", "-") if claim.isascii() else ("+", "−")
    assert mg.check(loss, "w", against=claim.replace(*sign[::-1])).verdict == "fail"


@pytest.mark.parametrize("ascii", [False, True], ids=["Unicode", "ASCII"])
def test_a_whole_derivation_is_judged_as_it_is_printed(ascii: bool) -> None:
    X, W, Y = mg.symbols("X: m n", "W: n k", "Y: m k")
    loss = mg.sum((mg.nn.functional.softmax(X @ W).named("P") - Y) ** 2)
    text = mg.derive(loss, ["W", "X"]).format(ascii=ascii)
    report = mg.check(loss, ["W", "X"], against={"W": text, "X": text})
    assert report.verdict == "pass"
    wrong = text.replace("dP = 2", "dP = 3")
    assert mg.check(loss, ["W", "X"], against={"W": wrong, "X": wrong}).verdict == "fail"


def test_what_cannot_be_read_is_marked_in_the_printed_text() -> None:
    X, w = mg.symbols("X: m n", "w: n")
    with pytest.raises(ArgumentError, match=r"(?s)'\)' is missing.*\^"):
        mg.check(mg.sum((X @ w) ** 2), "w", against="2 Xᵀ (X w")


PASTED = {
    "sum(f(A@x))": {"A": "m n", "x": "n", "f": "function"},
    "sum(relu(A@x)*c)": {"A": "m n", "x": "n", "c": "m"},
    "sum(x)": {"x": "n"},
    "x@x": {"x": "n"},
    "trace(X)": {"X": "n n"},
    "sum(X)": {"X": "n d"},
    "x[0]**2 + x[1]": {"x": "n"},
    "sum(floor(x))": {"x": "n"},
    "sum(roll(x, 1)*x)": {"x": "n"},
    "sum(x[1::2]**2)": {"x": "2*h"},
    "sum(var(X, axis=0))": {"X": "n d"},
}


@pytest.mark.parametrize("text", PASTED)
@pytest.mark.parametrize("order", [1, 2])
def test_every_printed_line_is_understood(text: str, order: int) -> None:
    """Also 0, 𝟏 and I, which do not say how large they are, conditions in ASCII, and f′."""
    loss = mg.parse(text, **PASTED[text])
    name = next(n for n in PASTED[text] if n not in ("A", "f"))
    for ascii in (False, True):
        printed = mg.derive(loss, name, order=order).format(ascii=ascii)
        report = mg.check(loss, name, order=order, against=printed)
        assert report.verdict == "pass", (printed, report)


@pytest.mark.parametrize(
    "text",
    [
        "Aᵀ p where p = softmax(A x)",
        "dx = Aᵀ p   where p = softmax(A x)",
        "A.T @ p where p = softmax(A @ x)",
        "dx = Aᵀ p\nwhere\n  p = softmax(A x)",
        "Aᵀ p\nwhere\np = softmax(A x)",
    ],
)
def test_a_where_list_stands_in_the_line_or_below_it(text: str) -> None:
    loss = mg.parse("log(sum(exp(A @ x)))", A="m n", x="n")
    assert mg.check(loss, "x", against=text).verdict == "pass"


@pytest.mark.parametrize(
    ("text", "variables", "wrt", "against", "slip"),
    [
        (
            "trace(A@B@A.T)",
            {"A": "m n", "B": "n n"},
            "A",
            "A@B",
            "A B stands where A (B + Bᵀ) is meant",
        ),
        (
            "trace(A@B@A.T)",
            {"A": "m n", "B": "n n"},
            "A",
            "A@B - A@B.T",
            "A (B − Bᵀ) stands where A (B + Bᵀ) is meant",
        ),
        (
            "sqrt(sum(x**2) + eps)",
            {"x": "n", "eps": ""},
            "x",
            "x/sqrt(sum(x**2))",
            "the term eps is missing in ‖x‖² + eps",
        ),
        (
            "log(sum(exp(A@x)))",
            {"A": "m n", "x": "n"},
            "x",
            "A.T@exp(A@x)",
            "the derivative of log is missing in dx",
        ),
    ],
)
def test_a_slip_is_told_as_it_is(
    text: str, variables: dict[str, str], wrt: str, against: str, slip: str
) -> None:
    (finding,) = mg.check(mg.parse(text, **variables), wrt, against=against).findings
    assert finding.slip == slip


@pytest.mark.parametrize("against", ["g", "dX = g"])
def test_a_vector_is_no_matrix_that_repeats_it(against: str) -> None:
    report = mg.check(mg.parse("sum(X @ g)", X="m n", g="n"), "X", against=against)
    assert report.verdict == "fail", report


@pytest.mark.parametrize(
    ("text", "variables", "wrt", "order"),
    [
        ("sum((A @ x)**3)", {"A": "m n", "x": "n"}, "x", 3),
        ("sum((A @ x)**3)", {"A": "m n", "x": "n"}, "A", 2),
        ("softmax(x)", {"x": "n"}, "x", 1),
        ("softmax(x)", {"x": "n"}, "x", 2),
        ("P = softmax(X); P", {"X": "m n"}, "X", 1),
    ],
)
def test_a_formula_with_every_index_written_is_understood(
    text: str, variables: dict[str, str], wrt: str, order: int
) -> None:
    output = mg.parse(text, **variables)
    index = mg.derive(output, wrt, order=order)[wrt].index
    assert mg.check(output, wrt, order=order, against=index).verdict == "pass"
    wrong = index.replace(" = ", " = 2 ", 1) if " = −" not in index else index.replace("−", "", 1)
    assert mg.check(output, wrt, order=order, against=wrong).verdict == "fail"


def test_a_half_is_no_root_of_a_size_that_nothing_computes_with() -> None:
    W = mg.tensor(np.arange(1.0, 13.0).reshape(4, 3), name="W", dims="n d", requires_grad=True)
    (finding,) = mg.check((W**2).sum(), wrt="W", against="W").findings
    assert finding.slip == "you are off by a factor 1/2: a 2 is missing"
    mean = (W**2).sum() / mg.sqrt(W.shape[0])
    (finding,) = mg.check(mean, wrt="W", against="2 * W / n").findings
    assert finding.slip == "you are off by a factor 1/√n: 1/√n is there that does not belong"


@pytest.mark.parametrize(
    ("answer", "slip"),
    [
        ("X.T @ (X @ w - y)", "you are off by a factor m/2: 2/m is missing"),
        ("4 * X.T @ (X @ w - y) / m**2", "you are off by a factor 2/m: m/2 is missing"),
        ("4 * X.T @ (X @ w - y)", "you are off by a factor 2 m: 1/(2 m) is missing"),
        ("-X.T @ (X @ w - y)", "the sign is wrong and you are off by a factor m/2: 2/m is missing"),
        ("3 * X.T @ (X @ w - y) / m", "it is 1.5 times the right one"),
    ],
)
def test_a_factor_that_grows_with_a_size_is_no_number(answer: str, slip: str) -> None:
    loss = mg.parse("mean((X @ w - y)**2)", X="m n", y="m")
    (found,) = mg.check(loss, wrt="w", against=answer).findings
    assert found.slip == slip


def test_a_claim_of_another_shape_is_told_in_dims() -> None:
    loss = mg.parse("sum((A @ X - B)**2)", A="m n", X="n k", B="m k")
    with pytest.raises(MinigradError, match=r"n columns on the left meet m rows.*\(m, n\)"):
        mg.check(loss, "X", against="2 * A @ (A @ X - B)")
    (finding,) = mg.check(loss, "X", against="2 * (A @ X - B)").findings
    assert "its shape is (m, k), the variable's is (n, k)" in str(finding)


@pytest.mark.parametrize(("text", "verdict"), [("dx_i = Σ_k [i = 2 k] G_k", "pass"), ("dx_i = Σ_k [i = 2 k + 1] G_k", "fail")])
def test_the_letters_of_a_gradient_run_over_its_variable(text: str, verdict: str) -> None:
    loss = mg.parse("sum(x[::2][:2] * G)", x="5", G="2")
    assert mg.check(loss, wrt="x", against=text).verdict == verdict
