"""Second derivatives as people write them, and those of higher orders: printed, evaluated, read back."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from expressions import Case

import minigrad as mg
from minigrad.errors import ArgumentError, DerivationError
from minigrad.index.algebra import scale
from minigrad.notation.printed_text import read_back

# A text, its variables, by what, and what is printed of order 2.
SECOND = {
    "a logistic loss of labels ±1": (
        "sum(log(1+exp(-y*(X@w))))",
        {"X": "m n", "w": "n", "y": "m | pm1"},
        "w",
        "H = Xᵀ diag(σ(X w) ⊙ (1 − σ(X w))) X",
    ),
    "its mean, by softplus": (
        "mean(softplus(-y*(X@w)))",
        {"X": "m n", "w": "n", "y": "m | pm1"},
        "w",
        "H = Xᵀ diag(σ(X w) ⊙ (1 − σ(X w))) X / m",
    ),
    "with weights of any kind": (
        "sum(softplus(-(y*(X@w)))) + lam*(w@w)/2",
        {"X": "m n", "w": "n", "y": "m", "lam": ""},
        "w",
        "H = Xᵀ diag(y^⊙2 ⊙ σ(t) ⊙ (1 − σ(t))) X + lam I   where t = y ⊙ (X w)",
    ),
    "by the weights": (
        "sum(softplus(-(y*(X@w))))",
        {"X": "m n", "w": "n", "y": "m"},
        "y",
        "H = diag(σ(t) ⊙ (1 − σ(t)) ⊙ (X w)^⊙2)   where t = y ⊙ (X w)",
    ),
    "logsumexp with a ridge": (
        "logsumexp(A@x) + x@x/2",
        {"A": "m n", "x": "n"},
        "x",
        "H = Aᵀ (diag(p) − p pᵀ) A + I   where p = softmax(A x)",
    ),
    "logsumexp with a quadratic form": (
        "logsumexp(A@x)/t + x@C@x",
        {"A": "m n", "x": "n", "C": "n n", "t": "|positive"},
        "x",
        "H = Aᵀ (diag(p) − p pᵀ) A / t + C + Cᵀ   where p = softmax(A x)",
    ),
    "softmax regression by its input": (
        "-sum(y*log_softmax(W@x))",
        {"W": "c n", "x": "n", "y": "c | simplex"},
        "x",
        "H = Wᵀ (diag(p) − p pᵀ) W   where p = softmax(W x)",
    ),
    "softmax regression by its weights": (
        "cross_entropy(X@W, y)",
        {"W": "n c", "X": "m n", "y": "m | index"},
        "W",
        "H_ijkl = (Σ_p X_pi P_pj X_pk (δ_jl − P_pl)) / m   where P = softmax(X W)",
    ),
    "softsign": ("sum(x/(1+abs(x)))", {"x": "n"}, "x", "H = −2 diag(sign(x) ⊘ (1 + |x|)^⊙3)"),
}
# The same of order 3.
THIRD = {
    "cubes": ("sum(x**3)", {"x": "n"}, "∂³L/∂x³_ijk = 6 δ_ij δ_ik"),
    "exponentials": ("sum(exp(x))", {"x": "n"}, "∂³L/∂x³_ijk = exp(x_i) δ_ij δ_ik"),
    "a norm to the fourth": (
        "(x@x)**2",
        {"x": "n"},
        "∂³L/∂x³_ijk = 8 x_k δ_ij + 8 x_j δ_ik + 8 x_i δ_jk",
    ),
    "logsumexp": (
        "logsumexp(x)",
        {"x": "n"},
        "∂³L/∂x³_ijk = p_i (δ_ij δ_ik − p_j δ_jk − p_j δ_ik − p_k δ_ij + 2 p_j p_k)   "
        "where p = softmax(x)",
    ),
    "a quadratic form": ("x@A@x", {"x": "n", "A": "n n"}, "∂³L/∂x³ = 0"),
    "sines": ("sum(sin(A@x))", {"x": "n", "A": "m n"}, "∂³L/∂x³_i = −Aᵀ diag(cos(A x) ⊙ A[:,i]) A"),
}


def arrays(variables: dict[str, str], wrt: str) -> tuple[Case, dict[str, Any]]:
    case = Case("", "", variables, wrt, sizes={"m": 4, "n": 3, "c": 5})
    values = case.arrays(3)
    if variables.get("y", "").endswith("index"):
        values["y"] = np.arange(4)
    return case, values


def judged(text: str, variables: dict[str, str], wrt: str, order: int) -> mg.Derivation:
    """The derivation, its value that of the hand VJPs, its print and its source that value."""
    derived = mg.derive(mg.parse(text, **variables), wrt=wrt, order=order)
    case, values = arrays(variables, wrt)
    right = Case("", text, variables, wrt, order, sizes={"m": 4, "n": 3, "c": 5}).by_backward(values)
    np.testing.assert_allclose(derived(values)[wrt], right, rtol=1e-9, atol=1e-12)
    name = derived[wrt].line.name
    for ascii, shown in ((False, str(derived)), (True, derived.ascii)):
        called = name.replace("∂", "d").translate(str.maketrans("²³⁴", "234")) if ascii else name
        back = read_back(shown, values, case.dims, {called: right.shape}, ascii)[called]
        np.testing.assert_allclose(back, right, rtol=1e-9, atol=1e-12, err_msg=shown)
    made: dict[str, Any] = {}
    exec(source := derived.source(), made)
    function = made["hessians" if order == 2 else "derivatives"]
    arguments = source.partition("def " + function.__name__ + "(")[2].partition(")")[0].split(", ")
    found = function(*(case.dims.get(a, values.get(a)) for a in arguments if a))
    np.testing.assert_allclose(found[wrt], right, rtol=1e-9, atol=1e-12, err_msg=source)
    return derived


@pytest.mark.parametrize("name", SECOND)
def test_a_hessian_prints_as_one_writes_it(name: str) -> None:
    text, variables, wrt, printed = SECOND[name]
    assert str(judged(text, variables, wrt, 2)) == printed


@pytest.mark.parametrize("name", THIRD)
def test_a_third_derivative_prints_as_one_writes_it(name: str) -> None:
    text, variables, printed = THIRD[name]
    assert str(judged(text, variables, "x", 3)) == printed


@pytest.mark.parametrize(
    ("text", "variables", "wrt", "order"),
    [
        ("trace(inv(A))", {"A": "n n | invertible"}, "A", 3),
        ("norm(A@x)", {"A": "m n", "x": "n"}, "x", 3),
        ("sum(softmax(x)*c)", {"x": "n", "c": "n"}, "x", 3),
        ("sum(tanh(x))", {"x": "n"}, "x", 4),
        ("x", {"x": "n"}, "x", 3),
        ("A@tanh(x)", {"x": "n", "A": "m n"}, "x", 3),
    ],
)
def test_higher_derivatives_have_the_values_of_the_hand_vjps(
    text: str, variables: dict[str, str], wrt: str, order: int
) -> None:
    judged(text, variables, wrt, order)


def test_mixed_second_derivatives_are_index_forms() -> None:
    derived = mg.derive(mg.parse("x @ A @ x", A="n n", x="n"), order=2)
    assert derived["x", "A"].line.text() == "∂²L/∂x∂A_ijk = x_j δ_ik + x_k δ_ij"
    assert derived["A", "x"].line.text() == "∂²L/∂A∂x_ijk = x_j δ_ik + x_i δ_jk"
    assert "where" not in str(derived)
    third = mg.derive(mg.parse("x @ A @ x", A="n n", x="n"), order=3)
    assert third["x", "x", "A"].index == "∂³L/∂x_i∂x_j∂A_kl = δ_ik δ_jl + δ_il δ_jk"
    assert third["x", "x", "A"].latex.startswith(r"\frac{\partial^{3} L}{")


@pytest.mark.parametrize("at", [-700.0, -50.0, 50.0, 700.0])
def test_the_one_sigmoid_of_a_hessian_is_precise_where_it_is_saturated(at: float) -> None:
    """1 − σ(t) is 0 in floats from t = 37 on, and exp(−t) is not."""
    loss = mg.parse("sum(softplus(-y*x))", x="n", y="n | pm1")
    derived = mg.derive(loss, "x", order=2)
    assert str(derived) == "H = diag(σ(x) ⊙ (1 − σ(x)))"
    x = np.array([at])
    made: dict[str, Any] = {}
    exec(derived.source(), made)
    for found in (derived(x=x, y=np.ones(1))["x"], made["hessians"](x)["x"]):
        np.testing.assert_allclose(found, [[np.exp(-abs(at))]], rtol=1e-12)


def test_an_order_that_is_none_is_refused() -> None:
    x = mg.symbols("x: n")
    for order in (0, -1, 1.5, True, "2"):
        with pytest.raises(ArgumentError, match="order= counts"):
            mg.derive(mg.sum(x**2), order=order)  # type: ignore[arg-type]


def test_a_formula_of_more_axes_than_are_read_is_refused() -> None:
    loss = mg.parse("sum(tanh(X))", X="m n")
    with pytest.raises(DerivationError, match="10 axes"):
        mg.derive(loss, order=5)


@pytest.mark.parametrize(
    ("text", "variables", "wrt", "order"),
    [
        ("logsumexp(x)", {"x": "n"}, "x", 3),
        ("x @ A @ x", {"A": "n n", "x": "n"}, None, 3),
        ("trace(inv(A))", {"A": "n n"}, "A", 3),
        ("A@tanh(x)", {"x": "n", "A": "m n"}, "x", 3),
        ("sum(sin(x))", {"x": "n"}, "x", 4),
    ],
)
def test_higher_derivatives_pass(
    text: str, variables: dict[str, str], wrt: str | None, order: int
) -> None:
    report = mg.derive(mg.parse(text, **variables), wrt, order=order).check()
    assert report.verdict == "pass", str(report)
    assert "differences of the gradient" in str(report)
    assert f"hand VJPs, {order} times" in str(report)


def test_a_third_derivative_that_is_off_by_a_millionth_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    x = mg.symbols("x: n")
    derived = mg.derive(mg.sum(mg.sin(x) * mg.exp(x)), order=3)
    formula = derived["x"]
    monkeypatch.setattr(formula, "_expr", scale(1 + Fraction(1, 10**6), formula.expr))
    assert derived.check().verdict == "fail"
