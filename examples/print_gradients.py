"""Print gradient formulas: attention's weights, the softmax Jacobian three ways, a Hessian."""

from __future__ import annotations

import minigrad as mg
from minigrad.nn.functional import binary_cross_entropy, sigmoid, softmax


def attention() -> None:
    """The backward pass of self-attention, in the order of a derivation by hand."""
    X, Wq, Wk, Wv, w, y = mg.symbols(
        "X: n d", "Wq: d k", "Wk: d k", "Wv: d k", "w: k", "y: n | 0/1"
    )
    Q, K, V = (X @ Wq).named("Q"), (X @ Wk).named("K"), (X @ Wv).named("V")
    S = (Q @ K.T / mg.sqrt(Wq.shape[1])).named("S")
    H = (softmax(S).named("A") @ V).named("H")
    p = sigmoid((H @ w).named("z")).named("p")
    loss = binary_cross_entropy(p, y).named("L")

    derivation = mg.derive(loss, wrt=["Wq", "Wk", "Wv", "X"])
    print(derivation, "\n")
    for step in derivation.steps:
        print(f"{step.line.text():42} {step.rule}")
    print("\nin LaTeX:", derivation["Wq"].latex)
    print("in ASCII:", derivation["Wq"].ascii.splitlines()[-1], "\n")


def softmax_jacobian() -> None:
    """Both cases, the index form, and the matrix."""
    x = mg.symbols("x: n")
    jacobian = mg.derive(softmax(x).named("s"), wrt="x")["x"]
    for case, value in jacobian.cases.items():
        print(f"{case}:  {value}")
    print(jacobian.index)
    print(jacobian, "\n")


def logistic_regression() -> None:
    """Gradient and Hessian of a loss without any names of its own."""
    X, w, y = mg.symbols("X: m n", "w: n", "y: m | 0/1")
    z = X @ w
    loss = mg.sum(mg.nn.functional.softplus(z)) - y @ z
    print(mg.derive(loss, wrt="w"))
    print(mg.derive(loss, wrt="w", order=2))


if __name__ == "__main__":
    attention()
    softmax_jacobian()
    logistic_regression()
