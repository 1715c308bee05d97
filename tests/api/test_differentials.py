"""Total differentials: printed as people write them, read back, evaluated and judged."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad as mg
from minigrad.errors import ArgumentError, NameClashError
from minigrad.index.size import value_of
from minigrad.notation.printed_text import read_back

SIZES = {"m": 4, "n": 3, "p": 2, "k": 2, "e": 5}
PRINTED: list[tuple[str, dict[str, str], str]] = [
    ("inv(A)", {"A": "n n"}, "dY = −A⁻¹ dA A⁻¹"),
    ("det(A)", {"A": "n n"}, "dL = det(A) tr(A⁻¹ dA)"),
    ("logdet(A)", {"A": "n n"}, "dL = tr(A⁻¹ dA)"),
    ("softmax(x)", {"x": "n"}, "dY = p ⊙ (dx − pᵀ dx)   where p = softmax(x)"),
    ("A @ x", {"A": "m n", "x": "n"}, "dY = dA x + A dx"),
    ("A @ A.T", {"A": "m n"}, "dY = dA Aᵀ + A dAᵀ"),
    ("sum(X**2)", {"X": "m n"}, "dL = 2 tr(Xᵀ dX)"),
    ("trace(A @ X)", {"A": "n m", "X": "m n"}, "dL = tr(X dA) + tr(dX A)"),
    ("logsumexp(x)", {"x": "n"}, "dL = softmax(x)ᵀ dx"),
    ("x * 2", {"x": ""}, "dL = 2 dx"),
    ("X @ X.T", {"X": "n n | orthogonal"}, "dY = dX Xᵀ + X dXᵀ"),
    (
        "S = Q @ K.T / sqrt(k); P = softmax(S); O = P @ V; O",
        {"Q": "n k", "K": "m k", "V": "m e"},
        "dS = (dQ Kᵀ + Q dKᵀ) / √k\ndP = P ⊙ (dS − rowsum(P ⊙ dS))\ndO = P dV + dP V",
    ),
    (
        "z = X @ w; p = sigmoid(z); sum(p**2)",
        {"X": "m n", "w": "n"},
        "dL = 2 (p^⊙2 ⊙ (1 − p))ᵀ (dX w + X dw)",
    ),
    ("mean((X @ w - y)**2)", {"X": "m n", "w": "n", "y": "m"}, ""),
    ("x / norm(x)", {"x": "n"}, ""),
]


@pytest.mark.parametrize(("text", "variables", "printed"), PRINTED)
def test_printed_read_back_and_judged(text: str, variables: dict[str, str], printed: str) -> None:
    output = mg.parse(text, **variables)
    found = mg.derive(output).differential
    assert not printed or str(found).endswith(printed)
    rng = np.random.default_rng(2)
    known = {n: [value_of(s, SIZES) for s in found.reading.lowered.views[node].sizes]
             for n, node in found._variables.items()}  # fmt: skip
    arrays = {name: np.asarray(rng.standard_normal(shape)) for name, shape in known.items()}
    changes = {found.changes[n]: np.asarray(rng.standard_normal(s)) for n, s in known.items()}
    value = found(arrays, **changes)
    assert value.shape == tuple(value_of(s, SIZES) for s in output.shape)
    # the same along the Jacobians
    jacobians = mg.derive(output)
    slope = sum(
        np.tensordot(jacobians[name](arrays), changes[found.changes[name]], len(shape))
        for name, shape in known.items()
    )
    if "orthogonal" not in str(variables):  # its formulas hold at orthogonal matrices alone
        np.testing.assert_allclose(value, slope, atol=1e-10)
    for ascii in (False, True):
        read = read_back(
            found.format(ascii),
            {**arrays, **changes},
            sizes=SIZES,
            shapes={found.line.name: value.shape},
            ascii=ascii,
        )
        np.testing.assert_allclose(read[found.line.name], value, atol=1e-10)
    assert found.check().verdict == "pass"
    assert r"\mathrm{d}" in found.latex
    assert "mathvariant" in found.mathml


def test_a_change_that_is_not_given_is_none() -> None:
    found = mg.derive(mg.parse("A @ x", A="m n", x="n")).differential
    A, x = np.arange(6.0).reshape(2, 3), np.ones(3)
    np.testing.assert_allclose(found(A=A, x=x, dx=x), A @ x)


def test_a_wrong_differential_is_found() -> None:
    found = mg.derive(mg.parse("inv(A)", A="n n")).differential
    other = mg.derive(mg.parse("inv(A) @ inv(A)", A="n n")).differential
    found.expr = other.expr
    assert found.check().verdict == "fail"


def test_what_has_none_is_refused() -> None:
    loss = mg.parse("sum(X @ w)", X="m n", w="n")
    with pytest.raises(ArgumentError, match="order 2"):
        _ = mg.derive(loss, order=2).differential
    with pytest.raises(ArgumentError, match="pullback"):
        _ = mg.derive(mg.parse("X @ w", X="m n", w="n"), cotangent="dz").differential
    with pytest.raises(NameClashError, match="dw"):
        _ = mg.derive(mg.parse("sum(X @ w) + dw", X="m n", w="n", dw="")).differential


def test_of_data() -> None:
    A = mg.tensor([[2.0, 1.0], [0.0, 1.0]], name="A", dims="n n", requires_grad=True)
    found = mg.derive(mg.linalg.inv(A)).differential
    inverse = np.linalg.inv(A.numpy())
    np.testing.assert_allclose(found(dA=np.eye(2)), -inverse @ inverse)
