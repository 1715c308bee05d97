"""Self-attention with BCE prints what one derives by hand, and it is right, exactly."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sympy
from attention_cases import SYMBOLS, WEIGHTS, arguments, attention

import minigrad as mg
from minigrad.nn.functional import (
    bce_with_logits,
    softmax,
)
from minigrad.program.arithmetic import EXACT
from minigrad.program.evaluate import evaluate

BY_HAND = """\
Q = X Wq      K = X Wk      V = X Wv
S = Q Kᵀ / √k      A = softmax(S)      H = A V      z = H w      p = σ(z)
L = BCE(p, y)

dz  = (p − y) / n
dH  = dz wᵀ
dV  = Aᵀ dH
dA  = dH Vᵀ
dS  = A ⊙ (dA − rowsum(A ⊙ dA))        (*)
dQ  = dS K / √k
dK  = dSᵀ Q / √k
dWq = Xᵀ dQ      dWk = Xᵀ dK      dWv = Xᵀ dV
dX  = dQ Wqᵀ + dK Wkᵀ + dV Wvᵀ"""

POOLED = """\
Q_b = X_b Wq      K_b = X_b Wk      V_b = X_b Wv
S_b = Q_b K_bᵀ / √k      A = softmax(S)      H_b = A_b V_b      h_b = colmean(H_b)
z = h w
L = BCE(σ(z), y)

dz   = (σ(z) − y) / b
dh   = dz wᵀ
dH_b = 𝟏 dh_bᵀ / n
dV_b = A_bᵀ dH_b
dA_b = dH_b V_bᵀ
dS_b = A_b ⊙ (dA_b − rowsum(A_b ⊙ dA_b))        (*)
dQ_b = dS_b K_b / √k
dK_b = dS_bᵀ Q_b / √k
dWq  = Σ_b X_bᵀ dQ_b      dWk  = Σ_b X_bᵀ dK_b      dWv  = Σ_b X_bᵀ dV_b
dX_b = dQ_b Wqᵀ + dK_b Wkᵀ + dV_b Wvᵀ"""



def test_a_run_graph_prints_the_hand_derivation() -> None:
    loss = attention(*arguments(np.random.default_rng(0)))
    assert str(mg.derive(loss, wrt=WEIGHTS)) == BY_HAND


def test_symbols_print_the_same_as_a_run_graph() -> None:
    assert str(mg.derive(attention(*mg.symbols(*SYMBOLS)), wrt=WEIGHTS)) == BY_HAND


def test_the_derivation_works_after_backward_has_freed_its_arrays() -> None:
    loss = attention(*arguments(np.random.default_rng(0)))
    loss.backward()
    assert str(mg.derive(loss, wrt=WEIGHTS)) == BY_HAND


def test_batch_and_pooling_have_their_own_lines() -> None:
    X, Wq, Wk, Wv, w, y = mg.symbols(
        "X: b n d", "Wq: d k", "Wk: d k", "Wv: d e", "w: e", "y: b | 0/1"
    )
    Q, K, V = (X @ Wq).named("Q"), (X @ Wk).named("K"), (X @ Wv).named("V")
    S = (Q @ K.swapaxes(-1, -2) / mg.sqrt(Wq.shape[1])).named("S")
    H = (softmax(S).named("A") @ V).named("H")
    z = (mg.mean(H, axis=1).named("h") @ w).named("z")
    loss = bce_with_logits(z, y).named("L")
    assert str(mg.derive(loss, wrt=WEIGHTS)) == POOLED


def test_formulas_equal_the_gradients_of_backward() -> None:
    inputs = arguments(np.random.default_rng(1))
    loss = attention(*inputs)
    derived = mg.derive(loss, wrt=[*WEIGHTS, "w"])
    loss.backward()
    for tensor in inputs[:-1]:
        np.testing.assert_allclose(derived[tensor.name](), tensor.grad.numpy(), rtol=1e-12, atol=1e-15)


def test_every_step_says_its_rule() -> None:
    every = mg.derive(attention(*mg.symbols(*SYMBOLS)), wrt=WEIGHTS).steps
    steps = [step for step in every if not step.forward]
    assert [step.line.name for step in steps] == [
        "dz", "dH", "dV", "dA", "dS", "dQ", "dK", "dWq", "dWk", "dWv", "dX",
    ]  # fmt: skip
    assert steps[-1].rule == "Through Q, K and V. The contributions of the 3 paths are added."
    assert steps[4].rule.startswith("Through A. The softmax Jacobian")


def test_partial_style_and_latex_write_out_the_derivative() -> None:
    derived = mg.derive(attention(*mg.symbols(*SYMBOLS)), wrt="Wq")
    assert "∂L/∂S  = A ⊙ (∂L/∂A − rowsum(A ⊙ ∂L/∂A))" in derived.format(style="partial")
    assert derived["Wq"].latex == (
        r"\frac{\partial L}{\partial W_{q}} = X^{\top} \, \frac{\partial L}{\partial Q}"
    )


def test_ascii_has_no_other_characters() -> None:
    assert mg.derive(attention(*mg.symbols(*SYMBOLS)), wrt=WEIGHTS).ascii.isascii()


# -- the softmax Jacobian, three ways ------------------------------------------------------------


def test_softmax_jacobian_three_ways() -> None:
    x = mg.symbols("x: n")
    jacobian = mg.derive(softmax(x).named("s"), wrt="x")["x"]
    assert str(jacobian).splitlines()[-1] == "∂s/∂x = diag(s) − s sᵀ"
    assert jacobian.index == "∂s_i/∂x_j = s_i (δ_ij − s_j)"
    assert jacobian.cases == {"i = j": "s_i (1 − s_i)", "i ≠ j": "−s_i s_j"}


def test_row_softmax_jacobian_is_block_diagonal() -> None:
    X = mg.symbols("X: m n")
    jacobian = mg.derive(softmax(X).named("P"), wrt="X")["X"]
    assert jacobian.index == "∂P_ij/∂X_kl = P_ij (δ_jl − P_il) δ_ik"


# -- exactly, on explicit 2 by 2 matrices ---------------------------------------------------------


def explicit(names: list[str]) -> dict[str, Any]:
    """Small integers everywhere, as in a computation by hand, and symbols where one differentiates."""
    integers = {
        "X": [[1, 0], [1, 1]],
        "Wq": [[1, 0], [0, 1]],
        "Wk": [[0, 1], [1, 1]],
        "Wv": [[1, 1], [0, 1]],
        "w": [1, -1],
        "y": [1, 0],
    }
    values: dict[str, Any] = {}
    for name, numbers in integers.items():
        array = np.array(numbers, dtype=object)
        for place in np.ndindex(array.shape):
            free = name in names
            suffix = "".join(map(str, place))
            array[place] = (
                sympy.Symbol(f"{name}{suffix}", real=True) if free else sympy.Integer(array[place])
            )
        values[name] = array
    return values


def loss_by_sympy(v: dict[str, Any]) -> Any:
    """The scalar loss, written out element by element."""
    S = v["X"].dot(v["Wq"]).dot(v["X"].dot(v["Wk"]).T) / sympy.sqrt(2)
    E = np.vectorize(sympy.exp, otypes=[object])(S)
    z = (E / E.sum(axis=1, keepdims=True)).dot(v["X"].dot(v["Wv"])).dot(v["w"])
    p = [1 / (1 + sympy.exp(-t)) for t in z]
    terms = [y * sympy.log(q) + (1 - y) * sympy.log(1 - q) for y, q in zip(v["y"], p, strict=True)]
    return -sum(terms) / len(terms)


@pytest.mark.parametrize("name", WEIGHTS)
@pytest.mark.long("part")
def test_gradients_equal_sympys_own_on_explicit_matrices(name: str) -> None:
    formula = mg.derive(attention(*mg.symbols(*SYMBOLS)), wrt=name)[name]
    values = explicit([name])
    gradient = evaluate(formula.expr, values, {"n": 2, "d": 2, "k": 2}, EXACT)
    loss = loss_by_sympy(values)
    for place in np.ndindex(2, 2):
        difference = gradient[place] - sympy.diff(loss, values[name][place])
        assert difference.equals(0)


def test_softmax_jacobian_equals_sympys_own() -> None:
    x = mg.symbols("x: n")
    formula = mg.derive(softmax(x), wrt="x")["x"]
    symbols = np.array(sympy.symbols("x:2", real=True), dtype=object)
    e = [sympy.exp(t) for t in symbols]
    jacobian = evaluate(formula.expr, {"x": symbols}, {"n": 2}, EXACT)
    for i, j in np.ndindex(2, 2):
        assert sympy.simplify(jacobian[i, j] - sympy.diff(e[i] / sum(e), symbols[j])) == 0


def test_a_formula_is_a_sympy_object_that_evaluates() -> None:
    A, x, b = mg.symbols("A: m n", "x: n", "b: m")
    form = mg.derive(mg.sum((A @ x - b) ** 2), wrt="x")["x"].sympy
    n, m = sympy.symbols("n m", integer=True, positive=True)
    rng = np.random.default_rng(0)
    values = {"A": rng.integers(-3, 4, (3, 2)), "x": rng.integers(-3, 4, 2), "b": rng.integers(-3, 4, 3)}
    for symbol in form.atoms(sympy.MatrixSymbol):
        array = values[symbol.name]
        form = form.subs(symbol, sympy.Matrix(array.reshape(len(array), -1).tolist()))
    column = form.subs({n: 2, m: 3}).as_explicit()
    expected = 2 * values["A"].T @ (values["A"] @ values["x"] - values["b"])
    assert [int(e) for e in column.doit()] == expected.tolist()


def test_a_named_scale_has_its_own_gradient() -> None:
    """dc = -<dS, S> / c: written by the quotient, since no index of c is summed."""
    Q, K, c, G = mg.symbols("Q: n k", "K: n k", "c:", "G: n n")
    S = (Q @ K.T / c).named("S")
    loss = mg.sum(G * mg.nn.functional.softmax(S).named("A")).named("L")
    derivation = mg.derive(loss, wrt="c")
    assert str(derivation).splitlines()[-1] == "dc = −sum(S ⊙ dS) / c"
    assert derivation.check().verdict == "pass"


def test_a_samples_numbers_do_not_saturate_what_follows() -> None:
    """Five products deep, p must not round to 0 or 1: binary cross-entropy is clamped there."""
    X, Wq, Wk, Wv, Wo, w, y = mg.symbols(
        "X: n d", "Wq: h d k", "Wk: h d k", "Wv: h d k", "Wo: h k d", "w: d", "y: n | 0/1"
    )
    O, _ = mg.nn.functional.multi_head_attention(X, Wq, Wk, Wv, Wo)  # noqa: E741
    p = mg.nn.functional.sigmoid((O @ w).named("z")).named("p")
    loss = mg.nn.functional.binary_cross_entropy(p, y).named("L")
    derivation = mg.derive(loss, wrt=["Wq", "X"])
    assert derivation.check(seed=0).verdict == "pass"


def test_a_list_of_steps_reads_as_lines() -> None:
    X, w = mg.symbols("X: m n", "w: n")
    steps = mg.derive(mg.sum(mg.exp(X @ w)), wrt="w").steps
    assert "<Step dw = Xᵀ exp(X w)    Through" in repr(steps)
