"""The normal form: one node for every way of writing the same contraction, and its value is right."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigrad.index import facts
from minigrad.index.affine import delta, reshape
from minigrad.index.algebra import add, constant, subtract
from minigrad.index.contract import contract, symmetric, transpose
from minigrad.index.expr import (
    Expr,
    Leaf,
    MatrixFunction,
    Product,
    Ref,
    is_constant,
)
from minigrad.index.matrix_row import matrix_row
from minigrad.index.numbers import exact_power, number
from minigrad.index.size import dim, quotient
from minigrad.program.evaluate import evaluate

SIZES = {"m": 2, "n": 3, "p": 4}
M, N, P = (dim(name) for name in SIZES)
A, B, C = Leaf("A", (M, N)), Leaf("B", (N, P)), Leaf("C", (P, M))
S = Leaf("S", (N, N), frozenset({"symmetric"}))
x, y = Leaf("x", (N,)), Leaf("y", (N,))
LABELS = {"A": "mn", "B": "np", "C": "pm", "S": "nN", "x": "n", "y": "n"}


def arrays(seed: int = 0) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    values = {
        leaf.name: rng.uniform(0.5, 1.5, [SIZES[str(s)] for s in leaf.sizes])
        for leaf in (A, B, C, S, x, y)
    }
    values["S"] = values["S"] + values["S"].T
    return values


def value(expr: Expr) -> Any:
    return evaluate(expr, arrays(), SIZES)


@st.composite
def products(draw: st.DrawFn) -> tuple[str, list[tuple[Leaf, str]]]:
    """A random einsum over the leaves, with labels of fitting sizes."""
    pool = {"m": "ab", "n": "cd", "p": "ef"}
    factors = []
    for leaf in draw(st.lists(st.sampled_from([A, B, C, S, x, y]), min_size=1, max_size=4)):
        labels = "".join(draw(st.sampled_from(pool[str(size)])) for size in leaf.sizes)
        factors.append((leaf, labels))
    carried = sorted({c for _, labels in factors for c in labels})
    out = draw(st.lists(st.sampled_from(carried), unique=True, max_size=3))
    return "".join(out), factors


@given(products())
def test_a_product_is_its_einsum(case: tuple[str, list[tuple[Leaf, str]]]) -> None:
    out, factors = case
    expected = np.einsum(
        ",".join(labels for _, labels in factors) + "->" + out,
        *(arrays()[leaf.name] for leaf, _ in factors),
    )
    np.testing.assert_allclose(value(contract(out, factors)), expected, rtol=1e-12)


@given(products(), st.randoms(use_true_random=False))
def test_the_order_and_the_letters_do_not_matter(
    case: tuple[str, list[tuple[Leaf, str]]], random: Any
) -> None:
    out, factors = case
    letters = dict(zip("abcdef", random.sample("abcdef", 6), strict=True))
    shuffled = random.sample(factors, len(factors))
    renamed = [(leaf, [letters[c] for c in labels]) for leaf, labels in shuffled]
    assert contract([letters[c] for c in out], renamed) == contract(out, factors)


def test_a_contraction_in_steps_is_the_contraction_at_once() -> None:
    inner = contract("mp", [(A, "mn"), (B, "np")])
    assert contract("mM", [(inner, "mp"), (C, "pM")]) == contract(
        "mM", [(A, "mn"), (B, "np"), (C, "pM")]
    )


def test_cyclic_traces_are_equal() -> None:
    traces = [
        contract("", [(A, "mn"), (B, "np"), (C, "pm")]),
        contract("", [(B, "np"), (C, "pm"), (A, "mn")]),
    ]
    assert traces[0] == traces[1]


def test_like_terms_merge_and_opposite_ones_vanish() -> None:
    twice = add([(1, x), (1, x)])
    assert isinstance(twice, Product)
    assert twice.coef == 2
    assert is_constant(subtract(twice, add([(2, x)])), 0)


def test_powers_merge_and_cancel() -> None:
    assert contract("n", [(x, "n"), (x, "n", Fraction(1, 2)), (x, "n", Fraction(-1, 2))]) == x
    assert is_constant(contract("n", [(x, "n", 2), (x, "n", -2)], sizes={"n": N}), 1)


def test_the_root_of_a_square_is_the_absolute_value() -> None:
    square = contract("n", [(x, "n", 2)])
    root = contract("n", [(square, "n", Fraction(1, 2))])
    values = {**arrays(), "x": np.array([-1.0, 2.0, -3.0])}
    np.testing.assert_allclose(evaluate(root, values, SIZES), [1, 2, 3])


def test_deltas_go_away() -> None:
    assert contract("mp", [(A, "mn"), (delta(N), "nk"), (B, "kp")]) == contract(
        "mp", [(A, "mn"), (B, "np")]
    )


def test_the_sum_of_ones_is_the_size() -> None:
    total = contract("", [(constant(1, (N, N)), "ij")])
    assert value(total) == SIZES["n"] ** 2


def test_symmetry_by_assumption_and_by_structure() -> None:
    gram = contract("nk", [(A, "mn"), (A, "mk")])
    assert symmetric(S)
    assert symmetric(gram)
    assert symmetric(contract("nk", [(x, "n"), (x, "k")]))
    assert not symmetric(contract("nk", [(x, "n"), (y, "k")]))
    assert transpose(S) == S


@pytest.mark.parametrize(
    ("written", "exact"),
    [(0.5, Fraction(1, 2)), (0.1, Fraction(1, 10)), (2.0, 2), (1.702, Fraction(851, 500)), (-3, -3)],
)
def test_a_number_is_what_was_typed(written: float, exact: object) -> None:
    assert number(written) == exact
    assert not isinstance(number(written), float)


def test_exact_powers_only() -> None:
    assert exact_power(4, Fraction(1, 2)) == 2
    assert exact_power(2, Fraction(1, 2)) is None
    assert exact_power(Fraction(2, 3), -2) == Fraction(9, 4)


def test_sizes_are_polynomials() -> None:
    assert str(N * M + 2 * N) == "m*n + 2*n"
    assert quotient(N * M, N) == M
    assert quotient(N, M) is None
    assert (N + 1) - N == 1


def test_what_cancels_leaves_no_size_behind() -> None:
    """A label used up by a cancelled pair is not an empty label: X against its inverse is I, not n I."""
    X = Leaf("X", (N, N))
    inverse = MatrixFunction(matrix_row("inv"), X)
    assert contract("ik", [(X, "ij"), (inverse, "jk")]) == delta(N)
    Q = Leaf("Q", (N, N), frozenset({"orthogonal"}))
    assert contract("ik", [(Q, "ji"), (Q, "jk")]) == delta(N)
    there = reshape((N, P), (N * P,))
    assert contract("ijkl", [(there, "ijf"), (there, "klf")]) == contract(
        "ijkl", [(delta(N), "ik"), (delta(P), "jl")]
    )


def test_a_sum_beside_its_negative_is_one_base() -> None:
    """(y - x) / (x - y) is -1, also where a sign is taken into one of them."""
    forward, back = subtract(x, y), subtract(y, x)
    assert is_constant(contract("n", [(forward, "n", -1), (back, "n")], sizes={"n": N}), -1)
    whole = contract("n", [(x, "n"), (forward, "n", -1), (back, "n")], -1)
    assert whole == x
    assert contract("n", [(forward, "n", 2), (back, "n")]) == contract("n", [(forward, "n", 3)], -1)


def test_what_is_known_of_a_node_is_known_of_a_name_of_its_name() -> None:
    x = Leaf("x", (dim("n"),), frozenset({"positive"}))
    assert facts.positive(Ref("b", Ref("a", x)))
