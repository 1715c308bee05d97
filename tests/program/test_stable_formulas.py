"""What users spell out in exponentials is read as what it is: short, and right at any size."""

from __future__ import annotations

import inspect
from typing import Any

import mpmath
import numpy as np
import pytest
from source_cases import SIZES, case, compiled, formula_of

import minigrad as mg
from minigrad.program.arithmetic import DIGITS, DIGITS_50
from minigrad.program.binding import bound
from minigrad.program.evaluate import evaluate

ONE, TWO = "x: n, y: n", "x: n, z: n, y: n"
ROWS = "X: k n, Y: k n"
# expression, declarations, the formula that people write for its gradient by the first variable
SPELLED = [
    ("sum(y / (1 + exp(-x)))", ONE, "σ(x) ⊙ (1 − σ(x)) ⊙ y"),
    ("sum(y * exp(x) / (1 + exp(x)))", ONE, "σ(x) ⊙ (1 − σ(x)) ⊙ y"),
    ("sum(y * (1 - 1 / (1 + exp(x))))", ONE, "σ(x) ⊙ (1 − σ(x)) ⊙ y"),
    ("sum(y * exp(x) / (exp(x) + exp(z)))", TWO, None),
    ("sum(y * log(1 + exp(x)))", ONE, "σ(x) ⊙ y"),
    ("sum(y * log1p(exp(x)))", ONE, "σ(x) ⊙ y"),
    ("t = 1 + exp(x); sum(y * log(t))", ONE, "σ(x) ⊙ y"),
    ("sum(y * log(1 + 2 * exp(x)))", ONE, "σ(x + log(2)) ⊙ y"),
    ("sum(log(1 + exp(-y * x)))", ONE, "−y ⊙ σ(−y ⊙ x)"),
    ("sum(y * log(exp(x) + exp(z)))", TWO, "σ(x − z) ⊙ y"),
    ("sum(y * log(exp(x) + exp(-x)))", ONE, "tanh(x) ⊙ y"),
    ("sum(y * log(cosh(x)))", ONE, "tanh(x) ⊙ y"),
    ("sum(y * log(1 / (1 + exp(-x))))", ONE, "σ(−x) ⊙ y"),
    ("sum(y * x / (1 + exp(-x)))", ONE, None),
    ("sum(y * (exp(x) - exp(-x)) / (exp(x) + exp(-x)))", ONE, "(1 − tanh(x)^⊙2) ⊙ y"),
    ("sum(y * (1 - exp(-2 * x)) / (1 + exp(-2 * x)))", ONE, "(1 − tanh(x)^⊙2) ⊙ y"),
    ("sum(y * (2 / (1 + exp(-2 * x)) - 1))", ONE, "(1 − tanh(x)^⊙2) ⊙ y"),
    ("sum(y * expm1(2 * x) / (expm1(2 * x) + 2))", ONE, "(1 − tanh(x)^⊙2) ⊙ y"),
    ("sum(y * sinh(x) / cosh(x))", ONE, "(1 − tanh(x)^⊙2) ⊙ y"),
    ("c = x + x**3; sum(y * x * (1 + (1 - exp(-2*c)) / (1 + exp(-2*c))))", ONE, None),
    ("exp(x) / sum(exp(x))", "x: n", "diag(p) − p pᵀ   where p = softmax(x)"),
    ("e = exp(x); e / sum(e)", "x: n", "diag(p) − p pᵀ   where p = softmax(x)"),
    ("exp(x) / mean(exp(x))", "x: n", "n diag(p) − n p pᵀ   where p = softmax(x)"),
    ("log(sum(exp(x)))", "x: n", "softmax(x)"),
    ("log(mean(exp(x)))", "x: n", "softmax(x)"),
    ("m = max(x); log(sum(exp(x - m))) + m", "x: n", "softmax(x)"),
    ("log(1 + sum(exp(x)))", "x: n", "σ(logsumexp(x)) softmax(x)"),
    ("sum(y * exp(x) / (1 + sum(exp(x))))", ONE, None),
    ("sum(y * softmax(x - max(x)))", ONE, "p ⊙ (y − pᵀ y)   where p = softmax(x)"),
    ("sum(Y * exp(X) / sum(exp(X), axis=1, keepdims=True))", ROWS,
     "P ⊙ (Y − rowsum(P ⊙ Y))   where P = softmax(X)"),
    ("m = max(X, axis=1, keepdims=True); E = exp(X - m); sum(Y * E / sum(E, axis=1, keepdims=True))",
     ROWS, "P ⊙ (Y − rowsum(P ⊙ Y))   where P = softmax(X)"),
    ("sum(Y * exp(X) / mean(exp(X), axis=0))", ROWS, None),
    ("log(sum(y * exp(x)))", "x: n, y: n | positive", "p ⊙ y / (yᵀ p)   where p = softmax(x)"),
    ("sum(z * y * exp(x) / sum(y * exp(x)))", "x: n, z: n, y: n | 0/1", None),
    ("sum(y * exp(x)) / sum(exp(x))", ONE, "p ⊙ (y − pᵀ y)   where p = softmax(x)"),
    # other bases, powers, roots
    ("sum(y * log2(1 + exp(x)))", ONE, "σ(x) ⊙ y / log(2)"),
    ("sum(y * log10(sum(exp(x))))", ONE, None),
    ("sum(y * log2(1 + exp2(x)))", ONE, None),
    ("sum(y * log2(softmax(x)))", ONE, None),
    ("sum(y * 10**x / sum(10**x))", ONE, None),
    ("sum(y * 3**x / (1 + 3**x))", ONE, None),
    ("sum(y * exp(x)**2 / (1 + exp(x)**2))", ONE, None),
    ("sum(y * exp(2 * x) / (1 + exp(x))**2)", ONE, None),
    ("sum(y * exp(2 * x) / (1 + exp(x))**3)", ONE, None),
    ("sum(y * exp(x) * exp(z) / (1 + exp(x + z)))", TWO, None),
    ("sum(y * sqrt(exp(x) / (1 + exp(x))))", ONE, None),
    ("sum(y * sqrt(1 / (1 + exp(x))))", ONE, None),
    ("sum(y * sqrt(exp(x) / sum(exp(x))))", ONE, None),
    ("sum(y * sqrt(softmax(x)))", ONE, None),
]  # fmt: skip
# Quotients of exponentials that are no sigmoid: what overflows does so below the fraction bar, to 0.
OTHER_QUOTIENTS = [
    ("sum(y * exp(x) / (1 + exp(2 * x)))", ONE),
    ("sum(y * exp(x / 2) / (1 + exp(x)))", ONE),
    ("sum(y / (exp(x) + exp(-2 * x)))", ONE),
    ("sum(y * x * exp(x) / (exp(x) - 1))", ONE),
    ("sum(y * x / expm1(x))", ONE),
]
SCALES = (10, 40, 100, 800, 1e4)


def _formula(text: str, declared: str) -> Any:
    return formula_of(case(text, declared, declared.partition(":")[0]))


@pytest.mark.parametrize(("text", "declared", "printed"), SPELLED, ids=lambda p: str(p)[:60])
def test_the_formula_is_the_one_people_write(text: str, declared: str, printed: str | None) -> None:
    shown = str(_formula(text, declared))
    assert "exp(" not in shown.replace("logsumexp(", "")
    if printed is not None:
        assert shown.split(" = ", 1)[1] == printed


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize(
    ("text", "declared"), [*(row[:2] for row in SPELLED), *OTHER_QUOTIENTS], ids=lambda p: str(p)[:60]
)
@pytest.mark.long("part")
def test_value_and_source_are_right_at_any_size(text: str, declared: str, scale: float) -> None:
    formula = _formula(text, declared)
    arrays = _arrays(formula, scale)
    right = _by_differences(formula, arrays)
    function = compiled(formula.source())
    given = {name: arrays[name] for name in inspect.signature(function).parameters}
    with np.errstate(over="ignore" if (text, declared) in OTHER_QUOTIENTS else "warn"):
        for found in (formula(arrays), function(**given)):
            np.testing.assert_allclose(found, right, rtol=1e-9, atol=1e-12 * scale)


def _arrays(formula: Any, scale: float) -> dict[str, Any]:
    """The first variable at the scale in both signs, the others of ordinary size."""
    leaves = formula.reading.lowered.leaves
    result = {}
    for k, (name, (node, _)) in enumerate(leaves.items()):
        shape = tuple(SIZES[str(size)] for size in node.shape)
        rng = np.random.default_rng(k)
        if name.lower() == "x":
            result[name] = scale * rng.choice([1.0, -1.0, 0.5], size=shape)
        else:
            result[name] = rng.integers(0, 2, shape).astype(float) if "0/1" in node.assume else (
                rng.uniform(0.5, 1.5, shape)
            )  # fmt: skip
    return result


def _by_differences(formula: Any, arrays: dict[str, Any]) -> Any:
    """Central differences of the definition as recorded, in 50 digits, where exp(10,000) is a number."""
    lowered, wrt = formula.reading.lowered, next(n for n in arrays if n.lower() == "x")
    with mpmath.workdps(DIGITS):
        number = np.frompyfunc(lambda value: mpmath.mpf(float(value)), 1, 1)
        values, sizes = bound(lowered, arrays)
        exact = {name: number(array) for name, array in values.items()}
        step = mpmath.mpf(10) ** -15
        columns = []
        for place in np.ndindex(np.shape(exact[wrt])):
            ends = []
            for sign in (1, -1):
                moved = exact[wrt].copy()
                moved[place] += sign * step
                root = lowered.expr(formula.reading.node)
                ends.append(evaluate(root, {**exact, wrt: moved}, sizes, DIGITS_50))
            columns.append(np.asarray((ends[0] - ends[1]) / (2 * step), dtype=float))
    out = np.shape(columns[0])
    return np.stack(columns, axis=-1).reshape(*out, *np.shape(exact[wrt]))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize(("at", "right"), [(40.0, 1.0), (1e3, 1.0), (-1e3, 0.0)])
def test_softplus_of_a_product_in_every_dtype(dtype: Any, at: float, right: float) -> None:
    loss = mg.parse("sum(g * log(1 + exp(W @ v)))", W="m n", v="n", g="m")
    formula = mg.derive(loss, wrt="W")["W"]
    assert "exp(" not in str(formula)
    one = np.ones(1, dtype)
    arrays = {"W": np.full((1, 1), at, dtype), "v": one, "g": one}
    assert formula(arrays) == right
    assert compiled(formula.source())(**arrays) == right


def test_hessians_of_spellings_are_stable() -> None:
    hessian = mg.derive(mg.parse("log(sum(exp(x)))", x="n"), wrt="x", order=2)["x"]
    assert str(hessian) == "H = diag(p) − p pᵀ   where p = softmax(x)"
    assert np.all(np.isfinite(hessian(x=np.array([800.0, -800.0, 1e4]))))


def test_the_logarithm_of_gamma_is_real_below_0_at_50_digits() -> None:
    x = mg.tensor(np.array([-1.5, -20.3, 2.5]), name="x", requires_grad=True)
    report = mg.check(mg.sum(mg.special.gammaln(x) ** 2), wrt="x")
    assert "derived formula ~ meaning at 50 digits" in str(report)
    assert report.verdict == "pass", str(report)


@pytest.mark.parametrize("text", ["sinh(x) / (1 + exp(x))", "cosh(x) / (exp(x) + 1)"])
def test_what_two_mixtures_share_is_a_sigmoid(text: str) -> None:
    """The rest stands beside it: nothing is infinite where the exponentials are, and no digits are lost."""
    formula = mg.derive(mg.parse(f"sum({text})", x="n"), wrt="x")["x"]
    x, sign = np.array([0.5, 40.0, 800.0]), 1 if text.startswith("cosh") else -1
    with mpmath.workdps(50):
        lower = [1 + mpmath.exp(v) for v in x]
        right = [
            (mpmath.exp(v) - sign * mpmath.exp(-v)) / 2 / n
            - (mpmath.exp(v) + sign * mpmath.exp(-v)) / 2 * mpmath.exp(v) / n**2
            for v, n in zip(x, lower, strict=True)
        ]
    np.testing.assert_allclose(formula(x=x), np.array(right, float), rtol=1e-12, atol=1e-300)
