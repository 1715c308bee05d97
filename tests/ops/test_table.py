"""Every row: value against NumPy, first and second order against differences, both dtypes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from engine_cases import CASES, LIKE_NUMPY, MET, Case

import minigrad as mg
from minigrad.graph import Tensor, fast, operation
from minigrad.primitive import REGISTRY

STEP = 1e-5


def _all(cases: list[Case]) -> Any:
    return pytest.mark.parametrize("case", cases, ids=[case.id for case in cases])


def _leaves(args: tuple[Any, ...], dtype: Any = np.float64) -> list[Any]:
    return [
        mg.tensor(a, requires_grad=True, dtype=dtype) if a.dtype.kind == "f" else a for a in args
    ]


def _differences(f: Any, args: tuple[Any, ...], position: int) -> np.ndarray:
    """Central differences of a function with one value, in one argument."""
    base = args[position]
    slope = np.zeros(base.shape)
    for place in np.ndindex(base.shape):
        values = []
        for step in (STEP, -STEP):
            moved = base.copy()
            moved[place] += step
            values.append(f(*args[:position], moved, *args[position + 1 :]))
        slope[place] = (values[0] - values[1]) / (2 * STEP)
    return slope


def _weights(shape: tuple[int, ...]) -> np.ndarray:
    return np.random.default_rng(7).normal(size=shape)


def test_every_row_has_a_case() -> None:
    covered = {case.row for case in CASES}
    needed = {
        name
        for name, row in REGISTRY.items()
        if row.builtin and (row.kind == "composite" or row.differentiable)
    }
    assert needed - covered == MET


@_all(CASES)
def test_value_equals_numpy(case: Case) -> None:
    value = case.run(*case.args)
    assert isinstance(value, Tensor)
    assert case.reference is not None, "nobody says what the value is"
    expected = np.asarray(case.reference(*case.args))
    assert value.shape == expected.shape
    assert value.dtype == expected.dtype
    np.testing.assert_allclose(value.numpy(), expected, rtol=1e-10, atol=1e-12)


@_all(CASES)
def test_first_order(case: Case) -> None:
    leaves = _leaves(case.args)
    y = case.run(*leaves)
    weights = _weights(y.shape)
    if not y.requires_grad:
        pytest.fail("the result does not require a gradient")
    y.backward(weights)
    for position, leaf in enumerate(leaves):
        if not isinstance(leaf, Tensor):
            continue

        def value(*args: Any) -> float:
            return float((case.run(*args).numpy() * weights).sum())

        expected = _differences(value, case.args, position)
        got = np.zeros(leaf.shape) if leaf.grad is None else leaf.grad.numpy()
        assert got.shape == leaf.shape
        np.testing.assert_allclose(got, expected, rtol=2e-6, atol=2e-7)


@_all(CASES)
@pytest.mark.long("part")
def test_second_order(case: Case) -> None:
    floats = [i for i, a in enumerate(case.args) if a.dtype.kind == "f"]
    inner = [_weights(case.args[i].shape) for i in floats]

    def slope(*args: Any) -> Any:
        """The gradient along fixed directions, a function with one value."""
        leaves = [
            a if isinstance(a, Tensor) else mg.tensor(a, requires_grad=i in floats)
            for i, a in enumerate(args)
        ]
        y = case.run(*leaves)
        if not y.size:
            return mg.sum(y)
        total = mg.sum(y * _weights(y.shape)) + mg.sum(y * y)
        grads = mg.gradients(
            total, [leaves[i] for i in floats], create_graph=True, allow_unused=True
        )
        return sum(
            (mg.sum(g * w) for g, w in zip(grads, inner, strict=True) if g is not None),
            mg.tensor(0.0),
        )

    leaves = _leaves(case.args)
    result = slope(*leaves)
    if result.requires_grad:
        result.backward()
    for position in floats:

        def value(*args: Any) -> float:
            return slope(*args).item()

        expected = _differences(value, case.args, position)
        grad = leaves[position].grad
        got = np.zeros(leaves[position].shape) if grad is None else grad.numpy()
        np.testing.assert_allclose(got, expected, rtol=5e-5, atol=5e-6)


@_all(CASES)
def test_single_precision(case: Case) -> None:
    single = tuple(a.astype(np.float32) if a.dtype.kind == "f" else a for a in case.args)
    leaves = _leaves(single, dtype=np.float32)
    y = case.run(*leaves)
    if case in LIKE_NUMPY and case.reference is not None:
        assert y.dtype == np.asarray(case.reference(*single)).dtype
    else:  # weights of a loss are constants in double precision, and count like any operand
        assert y.dtype == (np.float64 if "weight" in case.label else np.float32)
    y.backward(np.ones(y.shape, y.dtype))
    double = _leaves(case.args)
    z = case.run(*double)
    z.backward(np.ones(z.shape))
    for low, high in zip(leaves, double, strict=True):
        if not isinstance(low, Tensor):
            continue
        assert (low.grad is None) == (high.grad is None)
        if low.grad is not None:
            assert low.grad.dtype == np.float32
            assert low.grad.shape == low.shape
            np.testing.assert_allclose(low.grad.numpy(), high.grad.numpy(), rtol=3e-3, atol=3e-3)


@_all([case for case in CASES if case.args[0].ndim > 1])
def test_layout_does_not_matter(case: Case) -> None:
    """Transposed, strided and reversed memory gives the same values and gradients."""
    straight, odd = _leaves(case.args), _leaves(case.args)
    for leaf in odd:
        if isinstance(leaf, Tensor):
            leaf._array = np.flip(np.flip(leaf._array).copy(order="F"))
    results = []
    for leaves in (straight, odd):
        y = case.run(*leaves)
        y.backward(_weights(y.shape))
        results.append(
            [
                y.numpy(),
                *(x.grad.numpy() for x in leaves if isinstance(x, Tensor) and x.grad is not None),
            ]
        )
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-10)


def _two_orders(case: Case) -> list[np.ndarray]:
    leaves = _leaves(case.args)
    floats = [x for x in leaves if isinstance(x, Tensor)]
    y = case.run(*leaves)
    total = mg.sum(y * _weights(y.shape)) + mg.sum(y * y)
    grads = mg.gradients(total, floats, create_graph=True, allow_unused=True)
    slopes = [mg.sum(g * g) for g in grads if g is not None and g.requires_grad]
    if slopes:
        sum(slopes[1:], slopes[0]).backward()
    found = [g.numpy() for g in grads if g is not None]
    return found + [x.grad.numpy() for x in floats if x.grad is not None]


@_all(CASES)
def test_rules_read_only_what_their_row_says(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """Values that no rule claims to read are forgotten, and nothing changes."""
    expected = _two_orders(case)
    for module in (operation, fast):
        monkeypatch.setattr(module, "LARGE", -1)
    for a, b in zip(_two_orders(case), expected, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_wrong_claim_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (operation, fast):
        monkeypatch.setattr(module, "LARGE", -1)
    liar = mg.elementwise(
        "liar_of_a_test", np.sin, vjps=(lambda g, y, x: g * np.cos(x),), reads=("",)
    )
    x = mg.tensor([1.0], requires_grad=True)
    mg.sum(liar(x)).backward()
    assert x.grad.item() != pytest.approx(np.cos(1.0))
