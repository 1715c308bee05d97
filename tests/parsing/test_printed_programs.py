"""Whatever formulas print is a text that `parse` reads, with the same value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from expressions import CASES, Case, draw
from hypothesis import HealthCheck, assume, example, given, reject, settings
from hypothesis import strategies as st
from long import examples
from random_expressions import DIMS, VARIABLES, expressions, programs

import minigrad as mg
from minigrad.errors import MinigradError
from minigrad.index.size import value_of
from minigrad.program.evaluate import evaluate
from minigrad.symbolic.lower import lower


def value(tensor: mg.Tensor, values: Mapping[str, Any], dims: dict[str, int]) -> Any:
    node = tensor._node
    arrays = {name: np.asarray(array) for name, array in values.items() if name not in dims}
    array = evaluate(lower([node]).views[node].expr, arrays, dims)
    return np.asarray(array).reshape(tuple(value_of(size, dims) for size in tensor.shape))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_printed_derivation_is_a_program(case: Case) -> None:
    output = mg.parse(case.text, **case.variables)
    if output.name is None:
        output.named("L")  # ∂L/∂X tells the shape that J does not
    derived = mg.derive(output, wrt=case.wrt, order=case.order)
    values = case.arrays(0)
    right = derived[case.wrt]({**values, **case.dims})
    for text in (str(derived), str(derived[case.wrt])):
        again = mg.parse(text, **case.variables)
        back = value(again, values, case.dims)
        np.testing.assert_allclose(back, right, rtol=1e-6, atol=1e-9, err_msg=text)


# What a text alone does not tell: of which shape a Jacobian without ∂ is.
_UNTOLD = r"does not say how large|is not told by any array|the identity matrix is eye\(n\)"


@settings(max_examples=examples(40), deadline=None, suppress_health_check=list(HealthCheck))
@given(text=st.one_of(expressions(), expressions(("n",), 2), programs()))
@example(text="((A @ A) @ (A @ x))")  # the identity times a number of each index
def test_random_derivations_are_programs(text: str) -> None:
    used = [name for name in VARIABLES if re.search(rf"\b{name}\b", text)]
    assume(used)
    variables = {name: VARIABLES[name] for name in used}
    formula = mg.derive(mg.parse(text, **variables), wrt=used[0])[used[0]]
    rng = np.random.default_rng(0)
    values = {name: draw(VARIABLES[name], DIMS, rng) for name in used}
    right = formula({**values, **DIMS})
    try:
        again = mg.parse(str(formula), **variables)
    except MinigradError as error:
        if not re.search(_UNTOLD, str(error)):
            raise
        reject()  # nothing was judged, and that does not count
    np.testing.assert_allclose(value(again, values, DIMS), right, rtol=1e-7, atol=1e-9, err_msg=str(formula))


X, W, A, V, Y = (np.random.default_rng(k).normal(size=s) for k, s in enumerate([(3, 4), (4, 2), (3, 3), (3,), (4,)]))
GIVEN = {"X": ("n m", X), "W": ("m k", W), "A": ("n n", A), "v": ("n", V), "y": ("m", Y), "s": ("", 2.5)}
SIZES = {"n": 3, "m": 4, "k": 2}
READ = [
    ("X W", X @ W),
    ("vᵀ X y", V @ X @ Y),
    ("v yᵀ", np.outer(V, Y)),
    ("Xᵀv", X.T @ V),
    ("2 v", 2 * V),
    ("A − 2 I", A - 2 * np.eye(3)),
    ("A⁻¹ v", np.linalg.solve(A, V)),
    ("(A + I)⁻ᵀ", np.linalg.inv(A + np.eye(3)).T),
    ("‖X y − v‖²", ((X @ Y - V) ** 2).sum()),
    ("√s‖v‖", None),  # nothing parts the two
    ("√s ‖v‖", np.sqrt(2.5) * np.linalg.norm(V)),
    ("‖ X y − v ‖² + ‖ v ‖²", ((X @ Y - V) ** 2).sum() + V @ V),
    ("X⊙X", X * X),
    ("X ⊘ rowsum(X^⊙2)", X / (X**2).sum(1)[:, None]),
    ("X − colmean(X)", X - X.mean(0)),
    ("σ(X y)", 1 / (1 + np.exp(-X @ Y))),
    ("Σ_ij X_ij v_i", (X.T @ V).sum()),
    ("𝟏ᵀ X y", (X @ Y).sum()),
    ("Z = X W; ‖Z‖²", ((X @ W) ** 2).sum()),
    ("L = ‖Z‖²   where Z = X W", ((X @ W) ** 2).sum()),
    ("∑_i v_i", V.sum()),
    ("[X>0] ⊙ X", X * (X > 0)),
    ("B_ij = v_i X_ij", V[:, None] * X),
    ("-v", -V),
    ("A v # a remark", A @ V),
    ("tr(A) v", np.trace(A) * V),
    ("X*W²", None),  # two notations at once
    ("v y", None),
    ("v + vᵀ", None),
    ("A²", None),
    ("𝟏", None),
    ("X W ⊙ X", None),
    ("Σ_q v_i", None),
]


@pytest.mark.parametrize(("text", "right"), READ, ids=[text for text, _ in READ])
def test_the_notation_is_read(text: str, right: Any) -> None:
    declared = {name: dims for name, (dims, _) in GIVEN.items()}
    if right is None:
        with pytest.raises(MinigradError, match=r"parse"):
            mg.parse(text, **declared)
        return
    values = {name: array for name, (_, array) in GIVEN.items()}
    np.testing.assert_allclose(value(mg.parse(text, **declared), values, SIZES), right)


def test_dims_that_formulas_force_are_found() -> None:
    assert mg.parse("‖A x − b‖²", A="m n").inferred == {"x": "n", "b": "m"}


# Texts that nobody means: each is refused in words, at once.
HOSTILE = [
    *("x" + "ᵀ" * 20_000 + " x", "9" * 5_000 + " x", "1e999999999 x", "x^⊙(1/0)", "‖x‖¹ᐟ⁰", "‖x‖⁻", "‖x‖²⁻³"),
    *("√" * 5_000 + "‖x‖", "‖" * 5_000, "A x\0", "Σ_i", "δ_i", "A x =", "½ x", "[]ᵀ", "softmax()ᵀ", "reshape(x, (9**9**9, 1))ᵀ"),
]


@pytest.mark.parametrize("text", HOSTILE, ids=[ascii(text)[:12] for text in HOSTILE])
def test_what_nobody_means_is_refused_in_words(text: str) -> None:
    with pytest.raises(MinigradError, match="parse"):
        mg.parse(text, A="m n", x="n", y="n", v="m")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("‖x‖ kron(x)", "kron is not written with 1 argument"),
        ("sum(onehot(argmax(x), n) * x)", "onehot takes one place, not 2 arguments"),
        ("xᵀ tr(A, A)", "tr is not written with 2 arguments"),
        ("x^⊙(1/0)", "divided by 0"),
        ("xᵀ rowsum(A, x)", "rowsum is not written with 2 arguments"),
        ("import os; rowsum(A)", "no left side"),
        ("x @ rowsum(A)", "write xᵀ y for a number"),
    ],
)
def test_what_does_not_fit_is_said_in_words_of_the_notation(text: str, words: str) -> None:
    with pytest.raises(MinigradError, match=words):
        mg.parse(text, x="n", A="n n")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("sum(rowsum(X) * v)", V @ X.sum(1)),
        ("X / rowsum(X)", X / X.sum(1)[:, None]),
        ("S = X @ W\ncolmean(S)", (X @ W).mean(0)),
        ("tr(A.T @ A)", (A * A).sum()),
        ("v @ rowmax(X).T", np.outer(V, X.max(1))),
    ],
)
def test_what_only_the_notation_has_is_read_in_its_ascii_form(text: str, wanted: Any) -> None:
    used = {name: given for name, given in GIVEN.items() if re.search(rf"\b{name}\b", text)}
    output = mg.parse(text, **{name: dims for name, (dims, _) in used.items()})
    np.testing.assert_allclose(value(output, {n: a for n, (_, a) in used.items()}, SIZES), wanted)
