"""Relations between indices: a product of them is the sum over all indices, however they were joined."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import permutations, product
from typing import Any

import long
import numpy as np
import pytest
from dense_reference import dense_value
from hypothesis import given, settings
from hypothesis import strategies as st

from minigrad.index import affine
from minigrad.index.affine import AffineRelation, Delta, OneHot, Reshape, Roll, Slice, Triangle
from minigrad.index.algebra import constant
from minigrad.index.contract import contract
from minigrad.index.expr import Expr, Leaf, Product, is_zero
from minigrad.index.size import AnySize, dim, value_of
from minigrad.program.evaluate import evaluate

SIZES = {"n": 3, "m": 2}
N, M = dim("n"), dim("m")
LENGTHS: list[AnySize] = [2, 3, N, M, N * M, 2 * N, N + 1]


def named(draw: st.DrawFn, lengths: list[AnySize]) -> AffineRelation:
    """A relation by one of its constructors, with places that lie inside."""
    a, b = draw(st.sampled_from(lengths)), draw(st.sampled_from([2, N, M]))
    whole = draw(st.sampled_from([a, a + 1, a * 2]))
    spare = value_of(whole, SIZES) - value_of(a, SIZES)
    start, back = draw(st.integers(0, spare)), draw(st.booleans())
    size = value_of(a, SIZES)
    made = (
        lambda: affine.delta(a),
        lambda: affine.slice_of(a, whole, start),
        lambda: affine.slice_of(a, a, a - 1, -1) if back else affine.slice_of(a, a * 2, 1, 2),
        lambda: affine.onehot(a, draw(st.integers(0, size - 1))),
        lambda: affine.reshape((a, b), (a * b,)) if back else affine.reshape((a * b,), (b, a)),
        lambda: affine.reshape((a, b, 2), (a, b * 2)),
        lambda: affine.triangle(a, a, draw(st.integers(-1, 1))),
        lambda: affine.roll(a, draw(st.integers(-2, 4))),
    )
    return draw(st.sampled_from(made))()


def unnamed(draw: st.DrawFn, lengths: list[AnySize]) -> AffineRelation:
    """A relation of one to three indices with any coefficients, mostly ones that tell an index."""
    sizes = draw(st.lists(st.sampled_from(lengths), min_size=1, max_size=3))
    coefs: list[AnySize] = [draw(st.sampled_from([1, -1, 1, -1, 2, -2, 3, M])) for _ in sizes]
    sign = draw(st.sampled_from("===≥≡"))
    modulus = draw(st.sampled_from([2, N, *sizes]))
    return AffineRelation(coefs, draw(st.integers(-3, 3)), sizes, sign, modulus)


@st.composite
def products(draw: st.DrawFn) -> tuple[list[str], list[tuple[Expr, list[str]]], dict[str, Any]]:
    """Relations that meet, some of their labels carried by arrays too, and what is open.

    They have lengths in common and labels where lengths fit; mostly the labels of one relation are open
    and those of two are summed, which is where relations are joined.
    """
    lengths = draw(st.lists(st.sampled_from(LENGTHS), min_size=1, max_size=2))
    factors: list[tuple[Expr, list[str]]] = []
    known: dict[str, AnySize] = {}
    for _ in range(draw(st.integers(1, 3))):
        again = [node for node, _ in factors if isinstance(node, AffineRelation)]
        how = draw(st.integers(0, 5))
        lengths = [*lengths, *dict.fromkeys(known.values())]
        node = again[-1] if again and how < 2 else (unnamed if how < 4 else named)(draw, lengths)
        labels: list[str] = []
        alone = draw(st.integers(0, 9)) > 0  # seldom one label stands twice in one relation
        for size in node.sizes:
            fitting = [label for label, s in known.items() if s == size and not (alone and label in labels)]
            label = draw(st.sampled_from([*fitting, f"new {len(known)}"]))
            known[label] = size
            labels.append(label)
        factors.append((node, labels))
    met = Counter(label for _, labels in factors for label in set(labels))
    values: dict[str, Any] = {}
    for k, label in enumerate(draw(st.lists(st.sampled_from(sorted(known)), unique=True, max_size=2))):
        leaf = Leaf(f"x{k}", (known[label],))
        values[leaf.name] = np.arange(1.0, 1 + value_of(known[label], SIZES)) ** 2
        factors.append((leaf, [label]))
    out = [label for label in known if draw(st.integers(0, 5)) > (1 if met[label] == 1 else 3)]
    return draw(st.permutations(out[:5])), factors, values


@settings(max_examples=long.examples(3300))
@given(products())
def test_a_product_of_relations_is_the_sum_over_all_indices(case: Any) -> None:
    """Both the normal form and its program, against every factor dense and one einsum."""
    out, factors, values = case
    letters = {label: k for k, label in enumerate(dict.fromkeys(lab for _, at in factors for lab in at))}
    dense = [dense_value(node, values, SIZES) for node, _ in factors]
    operands = [part for array, (_, at) in zip(dense, factors, strict=True)
                for part in (array, [letters[label] for label in at])]  # fmt: skip
    expected = np.einsum(*operands, [letters[label] for label in out], optimize="greedy")
    product = contract(out, factors)
    np.testing.assert_array_equal(dense_value(product, values, SIZES), expected)
    np.testing.assert_array_equal(evaluate(product, values, SIZES), expected)


def relations() -> list[AffineRelation]:
    """Of each kind some, at the ends of their axes and just inside, with lengths in common."""
    named = [
        *(affine.slice_of(length, whole, start, step) for length, whole, start, step in (
            (2, 3, 0, 1), (2, 3, 1, 1), (2, 4, 2, 1), (2, 4, 0, 2), (2, 4, 1, 2), (2, 6, 0, 3), (2, 6, 2, 3),
            (3, 4, 0, 1), (3, 4, 1, 1), (3, 6, 0, 2), (3, 6, 1, 2), (4, 6, 2, 1), (4, 4, 3, -1), (2, 6, 5, -3),
            (2, N, 1, 1), (N, 2 * N, 0, 1), (N, 2 * N, N, 1))),
        *(affine.onehot(size, place) for size, place in ((2, 0), (2, 1), (4, 0), (4, 3), (6, 2), (N, 0))),
        *(affine.reshape(*sizes) for sizes in (
            ((2, 3), (6,)), ((3, 2), (6,)), ((6,), (2, 3)), ((2, 2), (4,)), ((4,), (2, 2)), ((2, 3), (3, 2)),
            ((2, 6), (4, 3)), ((2, 3), (N, 2)), ((2, N), (2 * N,)), ((N, 2), (2 * N,)))),
        *(affine.triangle(rows, columns, k) for rows, columns, k in ((2, 2, 0), (4, 4, -1), (3, 4, 1), (N, N, 0))),
        *(affine.roll(size, shift) for size, shift in ((2, 1), (4, 1), (4, -1), (6, 3), (N, 1))),
        affine.delta(4), affine.delta(N),
    ]  # fmt: skip
    unnamed = [AffineRelation(coefs, constant, sizes, relation, modulus) for coefs, constant, sizes, relation, modulus in (
        ((1, -1), -1, (4, 3), "=", 0), ((1, -1), 1, (4, 4), "=", 0), ((1, 1), -3, (4, 4), "=", 0),
        ((2, 1, -1), -1, (2, 3, 4), "=", 0), ((2, 1, -1), 0, (3, 3, 6), "=", 0), ((2, 1, -1), 0, (2, 2, 4), "=", 0),
        ((2, 1, -1), 1, (2, 2, 4), "=", 0), ((3, 1, -1), 0, (2, 4, 6), "=", 0), ((2, -1), 0, (4, 6), "=", 0),
        ((1, -1), 0, (3, 4), "=", 0), ((1, 1, -1), 0, (2, 2, 3), "=", 0), ((1, -1), 0, (4, 4), "≡", 2),
        ((1, -1), 1, (4, 4), "≡", 3), ((1, -1), 0, (4, 6), "≡", 4), ((1, -1), 0, (3, 2), "≡", 3),
        ((2, -1), 1, (4, 4), "≥", 0), ((1, -1, 2), 0, (2, 4, 3), "≥", 0), ((-1, 1), -1, (4, 4), "≥", 0),
    )]  # fmt: skip
    return named + unnamed


def meetings() -> Iterator[tuple[list[tuple[AffineRelation, list[str]]], str, str]]:
    """Two relations with a common index that is summed, and perhaps another that is summed or open."""
    chosen = relations()
    for a, b in product(chosen, repeat=2):
        labels = "abcd"[: a.ndim]
        for at in permutations([*labels, *"wxyz"], b.ndim):
            met = [label for label in at if label in labels]
            fresh = [label for label in at if label not in labels]
            if not met or len(met) > 2 or fresh != list("wxyz"[: len(fresh)]):
                continue
            if any(a.sizes[labels.index(x)] != s for x, s in zip(at, b.sizes, strict=True) if x in labels):
                continue
            for summed in {*met[:1], *met[1:], "".join(met)}:
                yield [(a, [*labels]), (b, [*at])], summed, "".join(x for x in (*labels, *fresh) if x not in summed)


def test_two_relations_that_meet_are_the_sum_over_what_they_share() -> None:
    for factors, _, out in long.share([*meetings()]):
        text = f"{','.join(''.join(at) for _, at in factors)}->{out}"
        expected = np.einsum(text, *(dense_value(node, {}, SIZES) for node, _ in factors))
        got = dense_value(contract(out, factors), {}, SIZES)
        np.testing.assert_array_equal(got, expected, err_msg=text + str(factors))


R = affine
JOINED: dict[str, tuple[list[tuple[AffineRelation, str]], str, object]] = {
    "slice of a slice": ([(R.slice_of(2, 5, 1), "kj"), (R.slice_of(5, 9, 2), "ji")], "ki", Slice(3, 1)),
    "with a step": ([(R.slice_of(2, 4, 1), "kj"), (R.slice_of(4, 9, 0, 2), "ji")], "ki", Slice(2, 2)),
    "two reversals": ([(R.slice_of(N, N, N - 1, -1), "kj"), (R.slice_of(N, N, N - 1, -1), "ji")], "ki",
                      Delta()),
    "one slice twice": ([(R.slice_of(2, N, 1), "ki"), (R.slice_of(2, N, 1), "ji")], "kj", Delta()),
    "element of a slice": ([(R.onehot(4, 2), "j"), (R.slice_of(4, 9, 1, 2), "ji")], "i", OneHot(5)),
    "rolls": ([(R.roll(N, 2), "ij"), (R.roll(N, -1), "jk")], "ik", Roll(1)),
    "a roll and its reverse": ([(R.roll(N, 2), "ij"), (R.roll(N, -2), "jk")], "ik", Delta()),
    "triangle of a slice": ([(R.slice_of(2, 4, 1), "ki"), (R.triangle(4, 4), "ij")], "kj", Triangle(1)),
    "reshapes": ([(R.reshape((2, N, M), (2 * N * M,)), "ijkf"), (R.reshape((2 * N, M), (2 * N * M,)), "abf")],
                 "ijkab", None),
    "row of a matrix": ([(R.reshape((2, N), (2 * N,)), "ijf"), (R.reshape((2 * N,), (N * 2,)), "fg")],
                        "ijg", Reshape(2)),
}  # fmt: skip


@pytest.mark.parametrize("label", JOINED)
def test_two_relations_are_one(label: str) -> None:
    factors, out, form = JOINED[label]
    joined = contract(out, factors)
    if form is not None:
        node = joined.factors[0].node if isinstance(joined, Product) else joined
        assert isinstance(node, AffineRelation)
        assert node.form == form
    else:
        assert joined == contract(out, [(R.reshape((2, N), (2 * N,)), "ija"), (R.delta(M), "kb")])


def test_what_has_nothing_in_common_is_zero() -> None:
    first, second = affine.slice_of(N, N + M), affine.slice_of(M, N + M, N)
    assert is_zero(contract("jk", [(first, "ji"), (second, "ki")]))
    assert is_zero(contract("", [(affine.onehot(N, 0), "i"), (affine.onehot(N, 1), "i")]))


def test_what_may_lie_outside_is_not_put_in() -> None:
    """x[1:5][2:n] has n − 2 elements only for n up to 4: evaluation must still be able to refuse."""
    inner, outer = affine.slice_of(4, 9, 1), affine.slice_of(N - 2, 4, 2)
    product = contract("ki", [(outer, "kj"), (inner, "ji")])
    assert isinstance(product, Product)
    assert len(product.factors) == 2


def test_one_reshape_twice_keeps_what_it_says_of_open_axes() -> None:
    """Σ_p [u = j p] [v = j p] is no [u = v]: it says that both lie in row j."""
    rows = affine.reshape((4,), (2, 2))
    product = contract("juv", [(rows, "ujp"), (rows, "vjp")])
    expected = np.array([np.diag([1.0, 1, 0, 0]), np.diag([0.0, 0, 1, 1])])
    np.testing.assert_array_equal(dense_value(product, {}, {}), expected)


def test_windows_are_read_and_put_back_with_margins() -> None:
    """Windows of 3 with stride 2 on 5 places and a margin of 1, as sums by hand."""
    x, w = Leaf("x", (5,)), Leaf("w", (3,))
    over = AffineRelation((2, 1, -1), -1, (3, 3, 5))
    values = {"x": np.array([1.0, 2, 3, 4, 5]), "w": np.array([1.0, 10, 100])}
    y = contract("t", [(x, "i"), (w, "k"), (over, "tki")])
    np.testing.assert_array_equal(evaluate(y, values, {}), [210, 432, 54])
    g = contract("t", [(constant(1, (3,)), "t")])
    back = contract("i", [(g, "t"), (w, "k"), (over, "tki")])
    np.testing.assert_array_equal(evaluate(back, values, {}), [10, 101, 10, 101, 10])
