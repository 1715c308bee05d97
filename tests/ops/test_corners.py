"""Kinks, zeros, infinities, dtypes: the corners where gradients usually go wrong."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import minigrad as mg
from minigrad.errors import ArgumentError, LimitError
from minigrad.nn import functional as functional
from minigrad.primitive import REGISTRY


def gradient(f: Any, x: Any) -> np.ndarray:
    with np.errstate(all="ignore"):
        return mg.grad(lambda t: mg.sum(f(t)))(np.asarray(x, float)).numpy()


def _tanh_third(x: float) -> float:
    t = math.tanh(x)
    return -2 * (1 - t * t) * (1 - 3 * t * t)


def _softplus_third(x: float) -> float:
    s = 1 / (1 + math.exp(-x))
    return s * (1 - s) * (1 - 2 * s)


# The published choices: function, point, gradient.
KINKS: dict[str, tuple[Any, Any, Any]] = {
    "abs at 0": (mg.abs, [0.0, -2.0], [0, -1]),
    "sign": (mg.sign, [0.0, 3.0], [0, 0]),
    "floor": (mg.floor, [1.0, 1.5], [0, 0]),
    "relu at 0": (functional.relu, [0.0, 1.0, -1.0], [0, 1, 0]),
    "relu6 at its ends": (functional.relu6, [0.0, 3.0, 6.0], [0, 1, 0]),
    "hardtanh at its ends": (functional.hardtanh, [-1.0, 0.0, 1.0], [0, 1, 0]),
    "leaky relu at 0": (functional.leaky_relu, [0.0], [0.01]),
    "elu at 0": (functional.elu, [0.0], [1.0]),
    "hardswish": (functional.hardswish, [-3.0, 3.0], [0, 1]),
    "max of ties": (mg.max, [2.0, 1.0, 2.0], [0.5, 0, 0.5]),
    "min of ties": (mg.min, [1.0, 1.0, 1.0, 5.0], [1 / 3, 1 / 3, 1 / 3, 0]),
    "maximum of equals": (lambda x: mg.maximum(x, np.array([0.0, 5.0])), [0.0, 0.0], [0.5, 0]),
    "minimum of itself": (lambda x: mg.minimum(x, x), [4.0], [1]),
    "clip at its bounds": (lambda x: mg.clip(x, -1, 1), [-1.0, 1.0, 2.0], [1, 1, 0]),
    "norm at 0": (mg.linalg.norm, [0.0, 0.0], [0, 0]),
    "3-norm at 0": (lambda x: mg.linalg.norm(x, 3), [0.0, 0.0], [0, 0]),
    "3-norm on an axis": (lambda x: mg.linalg.norm(x, 3), [0.0, -2.0], [0, -1]),
    "hypot at 0": (lambda x: mg.hypot(x, 0.0), [0.0], [0]),
    "std of equals": (mg.std, [2.0, 2.0, 2.0], [0, 0, 0]),
    "copysign at 0": (lambda x: mg.copysign(x, -1.0), [0.0, 2.0], [0, -1]),
    "product with a zero": (mg.prod, [0.0, 2.0, 3.0], [6, 0, 0]),
    "product with two zeros": (mg.prod, [0.0, 2.0, 0.0], [0, 0, 0]),
    "running product with a zero": (mg.cumprod, [2.0, 0.0, 3.0], [1, 8, 0]),
    "0 to the power 0": (lambda x: x**0, [0.0, 2.0], [0, 0]),
    "0 to the power 1": (lambda x: x**1.0, [0.0], [1]),
    "0 to the power 2": (lambda x: x**2, [0.0], [0]),
    "0 to an array of powers": (lambda x: x ** np.array([0.0, 1.0, 2.0]), [0.0] * 3, [0, 1, 0]),
    "0 as a base": (lambda x: 0.0**x, [2.0], [0]),
    "negative base": (lambda x: x**3, [-2.0], [12]),
    "sinc at 0": (mg.sinc, [0.0], [0]),
    "angle of the origin": (lambda x: mg.arctan2(x, 0.0 * x), [0.0], [0]),
    "angle far out": (lambda x: mg.arctan2(x, np.array([3e200])), [4e200], [3 / 25 * 1e-200]),
    "0 log 0": (lambda x: mg.special.xlogy(x, np.array([0.0, 1.0])), [0.0, 0.0], [0, 0]),
    "round": (lambda x: mg.round(x, 1), [0.25, 3.0], [0, 0]),
    "floor division": (lambda x: x // 2, [3.0, 4.0], [0, 0]),
    "fmax of what is no number": (
        lambda x: mg.fmax(x, np.array([math.nan, 5.0])),
        [1.0, 2.0],
        [1, 0],
    ),
    "maximum of what is no number": (lambda x: mg.max(x), [1.0, math.nan], [0, 1]),
    "square root of relu": (lambda x: mg.sqrt(functional.relu(x)), [-1.0, 4.0], [0, 0.25]),
    "square root of floor": (lambda x: mg.sqrt(mg.floor(x)), [0.5, 4.5], [0, 0]),
    "square root of the maximum": (lambda x: mg.sqrt(mg.max(x)), [4.0, -1.0], [0.25, 0]),
    "cross-entropy at 0 and 1": (
        lambda p: functional.binary_cross_entropy(p, np.array([0.0, 1.0]), reduction="sum"),
        [0.0, 1.0],
        [0, 0],
    ),
    "nan_to_num": (mg.nan_to_num, [math.nan, math.inf, 2.0], [0, 0, 1]),
    "nansum": (mg.nansum, [math.nan, 2.0], [0, 1]),
    "nanmean": (mg.nanmean, [math.nan, 2.0, 4.0], [0, 0.5, 0.5]),
    "det of a singular matrix": (mg.linalg.det, [[1.0, 2.0], [2.0, 4.0]], [[4, -2], [-2, 1]]),
    "det of zeros": (mg.linalg.det, np.zeros((3, 3)), np.zeros((3, 3))),
    "sort of ties": (lambda x: mg.sort(x) * np.array([1.0, 2.0, 3.0]), [5.0, 1.0, 5.0], [2, 1, 3]),
    "max-pool of ties": (
        lambda x: functional.max_pool2d(x, 2),
        np.ones((1, 1, 2, 2)),
        np.full((1, 1, 2, 2), 0.25),
    ),
}


@pytest.mark.parametrize("name", KINKS)
def test_published_choices(name: str) -> None:
    f, x, expected = KINKS[name]
    np.testing.assert_allclose(gradient(f, x), expected, rtol=1e-12, atol=1e-12)


# The branch that is not taken is singular where its gradient is masked by 0.
SINGULAR: dict[str, tuple[Any, float, float]] = {
    "sqrt at 0": (mg.sqrt, 0.0, 1.5),
    "sqrt of a negative number": (mg.sqrt, -1.0, 1.5),
    "log at 0": (mg.log, 0.0, 1.5),
    "log of a negative number": (mg.log, -1.0, 1.5),
    "1 / x": (lambda x: 1 / x, 0.0, 1.5),
    "x / x": (lambda x: x / x, 0.0, 1.5),
    "overflow of exp": (mg.exp, 1e4, 1.5),
    "a chain": (lambda x: mg.sqrt(mg.log(x)), 0.0, 1.5),
    "arcsin": (mg.arcsin, 2.0, 0.5),
    "arccosh": (mg.arccosh, 0.0, 1.5),
    "power": (lambda x: x**0.5, 0.0, 1.5),
    "negative power": (lambda x: x**-1.0, 0.0, 1.5),
    "product with infinity": (lambda x: mg.exp(x) * x, 1e4, 1.5),
}
MASKS: dict[str, Any] = {
    "where": lambda f, x, bad: mg.where(x == bad, 0.0, f(x)),
    "indexing": lambda f, x, bad: f(x)[1:],
    "boolean mask": lambda f, x, bad: f(x)[np.array([False, True])],
    "assignment": lambda f, x, bad: mg.setitem(f(x), 0, 0.0),
    "triangle": lambda f, x, bad: mg.triu(f(x.reshape(1, 2)), 1),
}


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("name", SINGULAR)
def test_masked_singularities_stay_masked(name: str, mask: str) -> None:
    f, bad, good = SINGULAR[name]
    got = gradient(lambda x: MASKS[mask](f, x, bad), [bad, good])
    alone = gradient(f, [good])
    np.testing.assert_allclose(got, [0.0, alone[0]], rtol=1e-12)


def test_masked_singularities_stay_masked_at_second_order() -> None:
    def f(x: Any) -> Any:
        return mg.sum(mg.where(x > 0, mg.sqrt(x), 0.0))

    with np.errstate(all="ignore"):
        h = mg.hessian(f)(np.array([0.0, 4.0])).numpy()
    np.testing.assert_allclose(h, [[0, 0], [0, -1 / 32]], atol=1e-12)


def test_the_hessian_of_a_determinant_is_exact_at_singular_matrices() -> None:
    h = mg.hessian(mg.linalg.det)(np.zeros((2, 2))).numpy()
    expected = np.zeros((2, 2, 2, 2))
    expected[0, 0, 1, 1] = expected[1, 1, 0, 0] = 1
    expected[0, 1, 1, 0] = expected[1, 0, 0, 1] = -1
    np.testing.assert_allclose(h, expected, atol=1e-14)


SMOOTH: dict[str, tuple[Any, float]] = {
    "exp": (mg.exp, math.exp(0.7)),
    "log": (mg.log, 2 / 0.7**3),
    "power": (lambda x: x**4, 24 * 0.7),
    "reciprocal": (lambda x: 1 / x, -6 / 0.7**4),
    "tanh": (mg.tanh, _tanh_third(0.7)),
    "sin": (mg.sin, -math.cos(0.7)),
    "prod": (lambda x: mg.prod(mg.stack([x, x, x])), 6.0),
    "einsum": (lambda x: mg.einsum("i,i,i->", *[mg.stack([x, x])] * 3), 12.0),
    "matmul": (lambda x: mg.stack([x, 1.0]) @ mg.stack([x * x, 1.0]), 6.0),
    "det": (lambda x: mg.linalg.det(x * np.diag([1.0, 2.0, 3.0])), 36.0),
    "inverse": (lambda x: mg.linalg.inv(x * np.eye(1))[0, 0], -6 / 0.7**4),
    "logsumexp": (lambda x: mg.special.logsumexp(mg.stack([x, 0.0])), _softplus_third(0.7)),
    "cumprod": (lambda x: mg.cumprod(mg.stack([x, x, x]))[2], 6.0),
    "norm": (lambda x: mg.linalg.norm(mg.stack([x, 1.0])), -3 * 0.7 / (0.49 + 1) ** 2.5),
}


@pytest.mark.parametrize("name", SMOOTH)
def test_third_order(name: str) -> None:
    f, expected = SMOOTH[name]
    third = mg.grad(mg.grad(mg.grad(f)))(0.7)
    assert third.item() == pytest.approx(expected, rel=1e-9)


def test_an_integer_result_has_no_gradient() -> None:
    x = mg.tensor([1.5, 2.5], requires_grad=True)
    for y in (x.astype(int), x.astype(bool), mg.astype(x, np.int32)):
        assert not y.requires_grad
    (x * x.astype(int)).sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), [1, 2])


def test_an_unmasked_singularity_shows() -> None:
    assert not np.isfinite(gradient(mg.sqrt, [0.0])).all()


def test_broadcasting_where() -> None:
    c = mg.tensor([[1.0], [2.0]], requires_grad=True)
    d = mg.tensor([1.0, 1.0, 1.0], requires_grad=True)
    mg.where(np.array([[True, False, True], [False, False, True]]), c, d).sum().backward()
    np.testing.assert_array_equal(c.grad.numpy(), [[2], [1]])
    np.testing.assert_array_equal(d.grad.numpy(), [1, 2, 0])


EXTREMES = {
    "softmax": (functional.softmax, [1000.0, 0.0, -1000.0]),
    "log_softmax": (functional.log_softmax, [1000.0, 0.0, -1000.0]),
    "logsumexp": (mg.special.logsumexp, [1000.0, 999.0]),
    "logsumexp of -inf": (mg.special.logsumexp, [-math.inf, 0.0]),
    "logsumexp of all -inf": (mg.special.logsumexp, [-math.inf, -math.inf]),
    "sigmoid": (mg.special.expit, [-1000.0, 0.0, 1000.0]),
    "softplus": (functional.softplus, [-1000.0, 0.0, 1000.0]),
    "log_sigmoid": (functional.log_sigmoid, [-1000.0, 1000.0]),
    "bce_with_logits": (lambda x: functional.bce_with_logits(x, x * 0), [-1000.0, 1000.0]),
    "silu": (functional.silu, [-1000.0, 1000.0]),
    "mish": (functional.mish, [-1000.0, 1000.0]),
    "gelu": (functional.gelu, [-1000.0, 1000.0]),
    "tanh": (mg.tanh, [-1000.0, 1000.0]),
    "logaddexp": (lambda x: mg.logaddexp(x, 0.0), [-1000.0, 1000.0]),
    "logaddexp of -inf": (lambda x: mg.logaddexp(x, -math.inf), [-math.inf]),
    "elu": (functional.elu, [-1000.0, 1000.0]),
    "masked softmax": (
        lambda x: functional.softmax(mg.where(np.array([True, False, True]), x, -math.inf)) ** 2,
        [1.0, 2.0, 3.0],
    ),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", EXTREMES)
def test_extremes_stay_finite_without_a_warning(name: str, dtype: Any) -> None:
    f, x = EXTREMES[name]
    t = mg.tensor(np.array(x, dtype), requires_grad=True)
    y = f(t)
    assert not np.isnan(y.numpy()).any()
    mg.sum(y).backward()
    assert np.isfinite(t.grad.numpy()).all()


def test_small_probabilities_keep_their_digits() -> None:
    s = mg.special.expit(mg.tensor([-40.0]))
    np.testing.assert_allclose(s.numpy(), np.exp(-40.0), rtol=1e-12)


@pytest.mark.parametrize("leaf", [np.float32, np.float64])
@pytest.mark.parametrize("other", [np.float32, np.float64, np.int64, float, int])
@pytest.mark.parametrize(
    "f", [lambda x, y: x * y, lambda x, y: y / x, lambda x, y: mg.maximum(x, y)]
)
def test_a_leafs_gradient_has_its_dtype(leaf: Any, other: Any, f: Any) -> None:
    x = mg.tensor(np.array([1.5, 2.5], leaf), requires_grad=True)
    y = other(2) if other in (int, float) else np.array([2, 3], other)
    z = f(x, y)
    assert z.dtype == f_numpy(f, x.numpy(), y).dtype
    z.sum().backward()
    assert x.grad.dtype == leaf
    assert x.grad.shape == x.shape


def f_numpy(f: Any, x: np.ndarray, y: Any) -> np.ndarray:
    """The same computation by NumPy alone."""
    return f(x, y).numpy() if isinstance(f(x, y), mg.Tensor) else f(x, y)


def test_a_size_never_widens_single_precision() -> None:
    x = mg.tensor(np.ones((2, 9), np.float32), dims="n d", requires_grad=True)
    for root in (mg.sqrt(x.shape[1]), np.sqrt(x.shape[1]), x.shape[1] ** 0.5):
        y = x / root * (1 / root)
        assert y.dtype == np.float32
        np.testing.assert_allclose(y.numpy(), np.full((2, 9), 1 / 9), rtol=1e-6)
        assert y._node.inputs[0].inputs[1].op.name in ("sqrt", "power")
        assert y._node.inputs[0].inputs[1].inputs[0].name == "d"


def test_scalars_come_out_as_arrays() -> None:
    y = mg.sum(mg.tensor([1.0, 2.0]))
    assert isinstance(y.numpy(), np.ndarray)
    assert y.numpy().shape == ()
    assert y.item() == 3.0
    assert float(y) == 3.0


def test_numbers_the_user_typed_stay_numbers() -> None:
    x = mg.tensor([1.0], requires_grad=True)
    assert (2 * x)._node.inputs[0] == 2
    assert type((2 * x)._node.inputs[0]) is int
    assert (x**3)._node.inputs[1] == 3


SHAPES = hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=3, min_side=0)


@settings(max_examples=60, deadline=None)
@given(SHAPES, st.sampled_from(["add", "subtract", "multiply", "divide", "maximum", "power"]))
def test_cotangents_return_to_the_shapes_of_broadcast_operands(shapes: Any, name: str) -> None:
    rng = np.random.default_rng(3)
    a, b = (rng.uniform(0.5, 2, s) for s in shapes.input_shapes)
    x, y = (mg.tensor(v, requires_grad=True) for v in (a, b))
    z = getattr(mg, name)(x, y)
    weights = rng.normal(size=shapes.result_shape)
    z.backward(weights)
    whole = [np.broadcast_to(v, shapes.result_shape) for v in (a, b)]
    wide = [mg.tensor(v, requires_grad=True) for v in whole]
    getattr(mg, name)(*wide).backward(weights)
    for small, large, v in zip((x, y), wide, (a, b), strict=True):
        assert small.grad.shape == v.shape
        summed = _sum_to(large.grad.numpy(), v.shape)
        np.testing.assert_allclose(small.grad.numpy(), summed, rtol=1e-12, atol=1e-12)


def _sum_to(g: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    g = g.sum(tuple(range(g.ndim - len(shape))))
    axes = tuple(i for i, s in enumerate(shape) if s == 1)
    return g.sum(axes, keepdims=True) if axes else g


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_indexing_is_numpys_and_its_gradient_counts_uses(data: Any) -> None:
    shape = data.draw(hnp.array_shapes(min_dims=1, max_dims=3, max_side=4))
    index = data.draw(
        st.one_of(
            hnp.basic_indices(shape, allow_newaxis=True),
            hnp.integer_array_indices(shape),
            hnp.arrays(bool, shape),
        )
    )
    values = np.arange(float(np.prod(shape))).reshape(shape)
    t = mg.tensor(values, requires_grad=True)
    picked = t[index]
    np.testing.assert_array_equal(picked.numpy(), values[index])
    picked.backward(np.ones(picked.shape))
    uses = np.zeros(shape)
    np.add.at(uses, index, 1)
    np.testing.assert_array_equal(t.grad.numpy(), uses)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_assignment_is_numpys(data: Any) -> None:
    shape = data.draw(hnp.array_shapes(min_dims=1, max_dims=3, max_side=3))
    index = data.draw(st.one_of(hnp.basic_indices(shape), hnp.integer_array_indices(shape)))
    base = np.zeros(shape)
    value = np.random.default_rng(0).normal(size=np.shape(base[index]))
    expected = base.copy()
    expected[index] = value
    v = mg.tensor(value, requires_grad=True)
    y = mg.setitem(base, index, v)
    np.testing.assert_array_equal(y.numpy(), expected)
    (y * y).sum().backward()
    # What was overwritten by a later write to the same element has no gradient.
    assert v.grad.shape == value.shape
    np.testing.assert_allclose(np.sum(v.grad.numpy() * value), 2 * np.sum(expected**2), atol=1e-9)


def test_every_kink_is_stated_in_words() -> None:
    for name in ("abs", "max", "min", "maximum", "nn.relu", "linalg.norm", "prod", "where", "std"):
        assert REGISTRY[name].kinks


@pytest.mark.parametrize("options", [{"stride": -1}, {"stride": 0}, {"stride": (1, -2)}, {"padding": -1}, {"dilation": 0}])
@pytest.mark.parametrize("name", ["conv1d", "conv2d", "max_pool1d", "max_pool2d"])
def test_windows_neither_stand_still_nor_walk_backwards(name: str, options: dict[str, Any]) -> None:
    function, image = getattr(mg.nn.functional, name), np.ones((1, 2, 5, 5))
    if name.endswith("1d"):
        image = image[:, :, 0]
        options = {key: value[1:] if isinstance(value, tuple) else value for key, value in options.items()}
    kernel = np.ones((2, 2, *(2,) * (image.ndim - 2))) if name.startswith("conv") else 2
    with pytest.raises(ArgumentError, match=f"nn.{name}: kernels, strides and dilations are at least 1"):
        function(image, kernel, **options)


def test_an_image_padded_beyond_the_limit_is_refused_before_it_is_made() -> None:
    with pytest.raises(LimitError, match="nn.conv2d: an array of shape"):
        mg.nn.functional.conv2d(np.ones((1, 1, 4, 4)), np.ones((1, 1, 2, 2)), padding=10**9)
