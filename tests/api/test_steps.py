"""``Derivation.steps``: every line with the rule that a teacher would name."""

from __future__ import annotations

import pytest
from expressions import CASES, Case

import minigrad as mg

# text, variables, by what, and what the last step says
RULES = [
    ("trace(A @ X @ B)", {"A": "m n", "X": "n p", "B": "p m"}, "X", "trace trick, tr(A dX B)"),
    ("x @ y", {"x": "n", "y": "n"}, "x", "dot product, d(aᵀ x) = aᵀ dx"),
    ("a @ inv(X) @ b", {"a": "n", "X": "n n", "b": "n"}, "X", "inverse, d(X⁻¹) = −X⁻¹ dX X⁻¹"),
    ("det(X)", {"X": "n n"}, "X", "Jacobi's formula"),
    ("logdet(X)", {"X": "n n"}, "X", "d log det X = tr(X⁻¹ dX)"),
    ("norm(x)", {"x": "n"}, "x", "square root, d√u = du / (2 √u)"),
    ("sum((A @ x) ** 2)", {"A": "m n", "x": "n"}, "x", "then matrix times vector, y = A x"),
    ("sum(C * (X @ B))", {"C": "m k", "X": "m n", "B": "n k"}, "X", "trace trick"),
    ("sum(tanh(x))", {"x": "n"}, "x", "chain rule, element by element, tanh′ = 1 − tanh²"),
    ("softmax(x)", {"x": "n"}, "x", "softmax Jacobian, ∂pᵢ/∂xⱼ = pᵢ (δᵢⱼ − pⱼ)"),
    ("logsumexp(x)", {"x": "n"}, "x", "its gradient is the softmax"),
    ("1 / (x @ x)", {"x": "n"}, "x", "quotient rule"),
    ("x @ A @ x", {"x": "n", "A": "n n"}, "x", "x occurs 2 times, one term each"),
    ("sum(exp(X + b))", {"X": "n d", "b": "d"}, "b", "summed over the axes along which it was"),
    ("mean(x)", {"x": "n"}, "x", "mean: every element gets an equal share"),
    ("sum(x)", {"x": "n"}, "x", "sum: every element gets the gradient"),
    ("sum(x[1:3])", {"x": "n"}, "x", "slice: the gradient goes to the places that were read"),
    ("x[2]", {"x": "n"}, "x", "element: the gradient goes to the place that was read"),
    ("sum(E[t] @ w)", {"E": "v d", "t": "b | index", "w": "d"}, "E", "lookup"),
    ("max(x)", {"x": "n"}, "x", "the gradient goes to the largest element, ties share it"),
    ("sum(maximum(x, 0))", {"x": "n"}, "x", "maximum: the gradient goes to the argument"),
    ("sum(where(M, x, 0))", {"M": "n | bool", "x": "n"}, "x", "where: each branch"),
    ("S = X @ W; sum(S) + sum(exp(S))", {"X": "n d", "W": "d k"}, "W", "Y = A X: dX = Aᵀ dY"),
]


@pytest.mark.parametrize(("text", "variables", "wrt", "words"), RULES)
def test_a_step_names_its_rule(text: str, variables: dict[str, str], wrt: str, words: str) -> None:
    last = mg.derive(mg.parse(text, **variables), wrt=wrt).steps[-1]
    assert words in last.rule
    assert last.line.text() in str(last)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_formula_has_a_step(case: Case) -> None:
    derived = mg.derive(mg.parse(case.text, **case.variables), wrt=case.wrt, order=case.order)
    steps = derived.steps
    assert steps[-1].line == derived[case.wrt].line
    assert all(step.rule and "does not depend" not in step.rule for step in steps)


def test_attention_is_told_rule_by_rule() -> None:
    loss = mg.parse(
        "Q = X @ Wq; K = X @ Wk; V = X @ Wv; S = Q @ K.T / sqrt(k); A = softmax(S); H = A @ V; "
        "p = sigmoid(H @ w); binary_cross_entropy(p, y)",
        **{"X": "n d", "Wq": "d k", "Wk": "d k", "Wv": "d k", "w": "k", "y": "n | 0/1"},
    )
    rules = {s.line.of: s.rule for s in mg.derive(loss, wrt=["Wq", "Wk", "X"]).steps}
    assert rules["S"] == "through A: softmax Jacobian, ∂pᵢ/∂xⱼ = pᵢ (δᵢⱼ − pⱼ)"
    assert rules["Q"] == "through S: matrix product, Y = X B: dX = dY Bᵀ"
    assert rules["K"] == "through S: matrix product, Y = A Xᵀ: dX = dYᵀ A"
    assert rules["H"].startswith("through L and p: BCE")
    assert rules["X"] == "X is used in Q, K and V: the contributions of 3 paths are added"


def test_a_use_in_the_output_itself_is_a_path() -> None:
    steps = mg.derive(mg.parse("S = X @ W; sum(exp(S)) + sum(X)", X="n d", W="d k"), wrt="X").steps
    assert steps[-1].rule == "X is used in S and L: the contributions of 2 paths are added"


def test_second_order_tells_the_gradient_first() -> None:
    steps = mg.derive(mg.parse("logsumexp(A @ x)", A="m n", x="n"), wrt="x", order=2).steps
    assert steps[0].line.text() == "dx = Aᵀ softmax(A x)"
    assert steps[-1].rule.startswith("dx is differentiated by x again")
    assert "softmax Jacobian" in steps[-1].rule
