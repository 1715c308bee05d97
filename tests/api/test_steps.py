"""``Derivation.steps``: every line with the rule that a teacher would name."""

from __future__ import annotations

from typing import Any

import pytest
from expressions import CASES, Case

import minigrad as mg
from minigrad.notation.lines import tree_names

# text, variables, by what, and what the last step says
RULES = [
    ("trace(A @ X @ B)", {"A": "m n", "X": "n p", "B": "p m"}, "X", "trace trick, tr(A dX B)"),
    ("x @ y", {"x": "n", "y": "n"}, "x", "dot product, d(aᵀ x) = aᵀ dx"),
    ("a @ inv(X) @ b", {"a": "n", "X": "n n", "b": "n"}, "X", "inverse, d(X⁻¹) = −X⁻¹ dX X⁻¹"),
    ("det(X)", {"X": "n n"}, "X", "Jacobi's formula"),
    ("logdet(X)", {"X": "n n"}, "X", "d log det X = tr(X⁻¹ dX)"),
    ("norm(x)", {"x": "n"}, "x", "square root, d√u = du / (2 √u)"),
    ("sum((A @ x) ** 2)", {"A": "m n", "x": "n"}, "x", "then a matrix times a vector, where y = A x"),
    ("sum(C * (X @ B))", {"C": "m k", "X": "m n", "B": "n k"}, "X", "trace trick"),
    ("sum(tanh(x))", {"x": "n"}, "x", "chain rule, element by element, tanh′ = 1 − tanh²"),
    ("softmax(x)", {"x": "n"}, "x", "softmax Jacobian, ∂pᵢ/∂xⱼ = pᵢ (δᵢⱼ − pⱼ)"),
    ("logsumexp(x)", {"x": "n"}, "x", "of which the gradient is the softmax"),
    ("1 / (x @ x)", {"x": "n"}, "x", "quotient rule"),
    ("x @ A @ x", {"x": "n", "A": "n n"}, "x", "Each of the 2 places of x gives a term"),
    ("sum(exp(X + b))", {"X": "n d", "b": "d"}, "b", "summed over the axes along which it was"),
    ("mean(x)", {"x": "n"}, "x", "A mean, where every element gets an equal share"),
    ("sum(x)", {"x": "n"}, "x", "A sum, where every element gets the gradient"),
    ("sum(x[1:3])", {"x": "n"}, "x", "A slice, where the gradient goes to the places that were read"),
    ("x[2]", {"x": "n"}, "x", "An element, where the gradient goes to the place that was read"),
    ("sum(E[t] @ w)", {"E": "v d", "t": "b | index", "w": "d"}, "E", "A lookup"),
    ("max(x)", {"x": "n"}, "x", "the gradient goes to the largest element and ties share it"),
    ("sum(maximum(x, 0))", {"x": "n"}, "x", "maximum, where the gradient goes to the argument"),
    ("sum(where(M, x, 0))", {"M": "n | bool", "x": "n"}, "x", "a choice, where each branch"),
    ("1e-300 * norm(x) + sum(x * 2.220446049250313e-16)", {"x": "n"}, "x", "square root"),
    ("S = X @ W; sum(S) + sum(exp(S))", {"X": "n d", "W": "d k"}, "W", "Y = A X gives dX = Aᵀ dY"),
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
    assert rules["S"] == "Through A. The softmax Jacobian, ∂pᵢ/∂xⱼ = pᵢ (δᵢⱼ − pⱼ)."
    assert rules["Q"] == "Through S. A matrix product, where Y = X B gives dX = dY Bᵀ."
    assert rules["K"] == "Through S. A matrix product, where Y = A Xᵀ gives dX = dYᵀ A."
    assert rules["H"].startswith("Through L and p. Binary cross-entropy")
    assert rules["X"] == "Through Q, K and V. The contributions of the 3 paths are added."


def test_a_use_in_the_output_itself_is_a_path() -> None:
    steps = mg.derive(mg.parse("S = X @ W; sum(exp(S)) + sum(X)", X="n d", W="d k"), wrt="X").steps
    assert steps[-1].rule == "Through S and L. The contributions of the 2 paths are added."


def test_second_order_tells_the_gradient_first() -> None:
    steps = mg.derive(mg.parse("logsumexp(A @ x)", A="m n", x="n"), wrt="x", order=2).steps
    assert steps[0].line.text() == "dx = Aᵀ softmax(A x)"
    assert steps[-1].heading == "dx by x"
    assert "softmax Jacobian" in steps[-1].rule


def test_the_forward_pass_and_what_stands_for_a_part_are_told() -> None:
    output = mg.parse("S = Q @ K.T / sqrt(k); P = softmax(S); O = P @ V; O", Q="n k", K="m k", V="m e")
    steps = mg.derive(output, cotangent="dO").steps
    rules = {step.line.name: step.rule for step in steps}
    assert [step.line.name for step in steps if step.forward] == ["S", "P", "O"]
    assert rules["S"] == "Matrix product. S is the product of Q and Kᵀ, over √k."
    assert rules["P"].startswith("Softmax. P is softmax of S, exponentials over")
    assert rules["dV"] == "Through O. A matrix product, where Y = A X gives dX = Aᵀ dY."
    squares = mg.derive(mg.parse("mean((X @ w - y)**2)", X="m n", w="n", y="m")).steps
    assert str(squares[0]) == "r = X w − y    Difference. r is the difference of X w and y."
    assert all(": " not in step.rule for step in (*steps, *squares))


def test_several_jacobians_have_a_step_each() -> None:
    steps = mg.derive(mg.parse("A @ x", A="m n", x="n")).steps
    assert [step.line.name for step in steps] == ["∂Y/∂A", "∂Y/∂x"]


@pytest.mark.parametrize(
    ("text", "variables", "how"),
    [
        ("z = X @ w; p = sigmoid(z); binary_cross_entropy(p, y)", {"X": "n d", "w": "d", "y": "n | 0/1"}, {"order": 2}),
        ("S = Q @ K.T; A = softmax(S); sum((A @ V)**2)", {"Q": "n k", "K": "m k", "V": "m e"}, {"order": 2, "along": "Q"}),
        ("H = relu(X @ W); z = H @ u; mean((z - y)**2)", {"X": "n d", "W": "d h", "u": "h", "y": "n"}, {"order": 2, "along": "W"}),
    ],
    ids=["logistic", "attention", "network"],
)
def test_every_symbol_of_a_second_derivative_is_told_before_it_is_used(
    text: str, variables: dict[str, str], how: dict[str, Any]
) -> None:
    derivation = mg.derive(mg.parse(text, **variables), **how)
    told = {*variables, *(tangent.name for tangent in derivation.reading.tangents)}
    names = {step.line.name for step in derivation.steps}
    for step in derivation.steps:
        assert tree_names(step.line.tree) & names <= told | {step.line.name}, step.line.text()
        told.add(step.line.name)
        used = tree_names(step.line.tree) - told
        assert not [n for n in used if n.startswith("d") and n[1:] in told], step.line.text()
