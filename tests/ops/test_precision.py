"""Numbers that float16 and float32 hold are found, whatever is summed or squared on the way to them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minigrad as mg
import minigrad.nn.functional as F  # noqa: N812  (as users write it)
from minigrad import optim

SCALES = [(np.float32, 1e30), (np.float32, 1e-30), (np.float64, 1e200), (np.float64, 1e-200)]
ROWS = np.array([[1.0, 2.0, 4.0], [-3.0, 0.5, 1.0]])


def tracked(x: Any) -> mg.Tensor:
    return mg.tensor(x, requires_grad=True)


# Functions that scale with their argument (degree 1), or do not change with it (degree 0).
HOMOGENEOUS: dict[str, tuple[int, Callable[[Any], Any]]] = {
    "std": (1, lambda x: mg.std(x, axis=1)),
    "std, ddof": (1, lambda x: mg.std(x, axis=1, ddof=1, keepdims=True)),
    "norm": (1, lambda x: mg.linalg.norm(x, axis=1)),
    "norm of a matrix": (1, mg.linalg.norm),
    "norm of order 3": (1, lambda x: mg.linalg.norm(x, 3, axis=-1)),
    "vector norm": (1, lambda x: mg.linalg.vector_norm(x, ord=1.5, axis=1)),
    "hypot": (1, lambda x: mg.hypot(x[0], x[1])),
    "layer norm": (0, lambda x: F.layer_norm(x, 3, eps=0.0)),
    "rms norm": (0, lambda x: F.rms_norm(x, 3, eps=0.0)),
    "cosine": (0, lambda x: F.cosine_similarity(x[:1], x[1:], eps=0.0)),
}


@pytest.mark.parametrize("name", HOMOGENEOUS)
@pytest.mark.parametrize(("dtype", "scale"), SCALES)
def test_lengths_are_found_at_any_scale(name: str, dtype: Any, scale: float) -> None:
    """F(s x) = sᵏ F(x), its gradient is sᵏ⁻¹ ∇F(x), and the one after that sᵏ⁻² times as large."""
    degree, function = HOMOGENEOUS[name]
    found = []
    for s in (1.0, scale):
        x = tracked((ROWS * s).astype(dtype))
        y = function(x)
        weights = np.cos(np.arange(y.size)).reshape(y.shape).astype(dtype)
        g = mg.gradients((y * weights).sum(), x, create_graph=True)
        if name == "cosine":  # Made of quotients, whose second derivatives lie beyond the numbers.
            found.append([t.numpy() / dtype(p) for t, p in ((y, 1), (g, 1 / s))])
            continue
        # A degree of 0 has gradients of 1/s: their own are beyond the numbers, unless s is taken out.
        h = mg.gradients((g * ROWS.astype(dtype) * dtype(s ** (1 - degree))).sum(), x)
        powers = [s**degree, s ** (degree - 1), 1 / s]
        found.append([t.numpy() / dtype(p) for t, p in zip((y, g, h), powers, strict=True)])
    tolerance = 1e-4 if dtype is np.float32 else 1e-11
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


HALVES = np.full(3000, 30, np.float16)
MANY = np.ones((70000, 1), np.float16)
# Function, what it is given in float16, and what float64 finds.
HALF: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "mean": (mg.mean, HALVES),
    "mean over the first axis": (lambda x: mg.mean(x, axis=0), HALVES[:, None]),
    "mean of some": (lambda x: mg.mean(x, where=np.arange(3000) > 2), HALVES),
    "nanmean": (mg.nanmean, HALVES),
    "average": (lambda x: mg.average(x, weights=x), HALVES),
    "var": (mg.var, np.float16([300, -300] * 9)[:2] / 2),
    "var around": (lambda x: mg.var(x, mean=np.float16(30)), HALVES + np.float16(1)),
    "std": (mg.std, np.float16([300, 600, -900])),
    "var over the first axis": (
        lambda x: mg.var(x, axis=0),
        np.float16([[0.5], [1.5]]).repeat(9000, 0),
    ),
    "sum": (lambda x: mg.sum(x, axis=0) / 2, MANY[:5000]),
    "sum spread": (lambda x: mg.sum(x + np.zeros((5000, 1), np.float16), axis=0), np.ones(1, "f2")),
    "cumsum": (lambda x: mg.cumsum(x, 0)[-1], MANY[:5000]),
    "max": (mg.max, MANY[:, 0]),
    "min": (mg.min, MANY[:, 0]),
    "ptp": (lambda x: mg.ptp(x) + mg.max(x), MANY[:, 0]),
    "logsumexp": (mg.special.logsumexp, MANY[:, 0]),
    "softmax": (lambda x: F.softmax(x, 0)[:3] * np.float16(100), MANY[:40000, 0]),
    "log_softmax": (lambda x: F.log_softmax(x, 0)[:3], MANY[:, 0]),
    "norm": (mg.linalg.norm, np.float16([300, 400])),
    "layer norm": (lambda x: F.layer_norm(x, 3), np.float16([300, 600, -900])),
    "rms norm": (lambda x: F.rms_norm(x, 3), np.float16([300, 600, -900])),
    "cosine": (lambda x: F.cosine_similarity(x, x, axis=0), np.float16([300, 400])),
    "embedding": (lambda x: x[np.zeros(5000, int)].mean() * 3, np.ones((2, 1), np.float16)),
    "mean square": (lambda x: F.mse_loss(x, x * 0), HALVES),
    "weighted": (lambda x: F.l1_loss(x, x * 0, weight=np.abs(x.detach().numpy())), HALVES),
    "logits": (lambda x: F.bce_with_logits(x, x * 0), HALVES),
    "few logits": (lambda x: F.bce_with_logits(x, x * 0), np.full(30, 3000, "f2")),
    "dot": (lambda x: mg.vecdot(x, np.float16([1, -1] * 2)), np.float16([3e4, 3e4, 5e4, 4e4])),
}


@pytest.mark.parametrize("name", HALF)
def test_half_precision_loses_no_sum(name: str) -> None:
    function, given = HALF[name]
    results = []
    for dtype in (np.float16, np.float64):
        x = tracked(given.astype(dtype))
        y = function(x)
        assert y.dtype == dtype or dtype is np.float64
        y.backward(np.ones(y.shape, y.dtype))
        results.append((y.numpy(), x.grad.numpy()))
    for low, high in zip(*results, strict=True):
        np.testing.assert_allclose(low, high, rtol=3e-3, atol=2e-6)


SLOPES: dict[str, tuple[Callable[[Any], Any], Any, float, float]] = {
    "arcsinh": (mg.arcsinh, np.float32, 1e30, 1e-30),
    "arcsinh, wide": (mg.arcsinh, np.float64, -1e200, 1e-200),
    "arctan": (mg.arctan, np.float16, 700.0, 1 / 490001),
    "log10": (mg.log10, np.float16, 6e4, 1 / (6e4 * np.log(10))),
    "softsign": (F.softsign, np.float16, 700.0, 1 / 701**2),
    "sinc": (mg.sinc, np.float16, 6e4, 1 / 6e4),
    "gelu": (F.gelu, np.float16, 1.2e-7, 0.5),
    "gelu below 0": (F.gelu, np.float16, -3.0, -0.01194565),
    "hardswish": (F.hardswish, np.float16, 6e4, 1.0),
}


@pytest.mark.parametrize("name", SLOPES)
def test_slopes_far_out(name: str) -> None:
    function, dtype, at, slope = SLOPES[name]
    x = dtype([at])
    y = function(mg.tensor(x))
    assert np.isfinite(y.numpy()).all()
    assert y.dtype == dtype
    g = mg.grad(lambda x: function(x).sum())(x).numpy()
    np.testing.assert_allclose(g, slope, rtol=5e-3 if dtype is np.float16 else 1e-6, atol=1e-7)


@pytest.mark.parametrize("name", ["erf", "digamma", "gammaln"])
def test_special_functions_keep_half_precision(name: str) -> None:
    function = getattr(mg.special, name)
    x = np.float16([0.5, 1.5])
    y = function(x)
    assert y.dtype == np.float16
    np.testing.assert_allclose(y.numpy(), function(x.astype(float)).numpy(), rtol=1e-3)


@pytest.mark.parametrize("name", ["fmax", "fmin", "logaddexp2", "maximum", "logaddexp"])
def test_plain_numbers_widen_nothing(name: str) -> None:
    ours, theirs = getattr(mg, name), getattr(np, name)
    for dtype in (np.float16, np.float32):
        x = dtype([0.25, np.inf, 3.0])
        for pair in ((x, 0.5), (1, x)):
            assert ours(*pair).dtype == dtype
            np.testing.assert_allclose(ours(*pair).numpy(), theirs(*pair), rtol=2e-3)


# Where the result itself does not fit, or fits with few digits, its gradient is still of the order of 1.
DIRECTIONS: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "norm too long": (mg.linalg.norm, [6e4, 5e4, -3e4]),
    "rows too long": (lambda x: mg.linalg.norm(mg.stack([x, x / 4]), axis=1).sum(), [6e4, 5e4, 0.0]),
    "norm of order 3": (lambda x: mg.linalg.norm(x, 3), [6e4, 6e4, 5e4]),
    "short norm": (mg.linalg.norm, [1.2e-7, 2.4e-7, -3.6e-7]),
    "wide deviation": (lambda x: mg.std(x, ddof=1), [6e4, -6e4, 5e4]),
    "small deviation": (mg.std, [1.2e-7, 6e-7, -3.6e-7]),
    "logsumexp": (mg.special.logsumexp, [2000.0, 2001.0, 1999.0]),
}


@pytest.mark.parametrize("name", DIRECTIONS)
def test_directions_do_not_depend_on_what_the_result_can_hold(name: str) -> None:
    function, given = DIRECTIONS[name]
    x = np.float16(given)
    with np.errstate(over="ignore"):
        g, exact = (mg.grad(function)(x.astype(d)).numpy() for d in (np.float16, np.float64))
    np.testing.assert_allclose(g, exact, rtol=2e-3, atol=1e-3)


@pytest.mark.parametrize(("dtype", "size"), [(np.float32, 3e38), (np.float64, 1.7e308)])
def test_a_norm_beyond_the_numbers_has_a_direction(dtype: Any, size: float) -> None:
    x = np.full(4, size, dtype)
    with np.errstate(over="ignore"):
        np.testing.assert_allclose(mg.grad(mg.linalg.norm)(x).numpy(), 0.5, rtol=1e-6)
        assert np.abs(mg.hessian(mg.linalg.norm)(x).numpy()).max() < 1 / size


def test_shares_of_a_large_logarithm_add_up_to_one() -> None:
    x = np.float32([1e6, 1e6 + 0.3, 1e6 - 1])
    g = mg.grad(mg.special.logsumexp)(x).numpy()
    np.testing.assert_allclose(g, F.softmax(x.astype(float), 0).numpy(), rtol=1e-5)


def _used_often(x: mg.Tensor, through: str) -> mg.Tensor:
    """3,000 times x: a count that halves, which end to count one by one at 2048, still hold."""
    if through == "what is computed":
        x = x * np.float16(1)
    terms = [x.astype(np.float32) if through == "a wider type" else x * np.float16(1) for _ in range(3000)]
    while len(terms) > 1:
        terms = [sum(terms[k + 1 : k + 2], terms[k]) for k in range(0, len(terms), 2)]
    return terms[0].sum()


def _by_backward(x: mg.Tensor, y: mg.Tensor) -> mg.Tensor:
    y.backward()
    assert x.grad is not None
    return x.grad


@pytest.mark.parametrize("through", ["a leaf", "what is computed", "a wider type"])
@pytest.mark.parametrize(
    "way",
    [
        _by_backward,
        lambda x, y: mg.gradients(y, x),
        lambda x, y: mg.gradients(y, x, create_graph=True),
    ],
    ids=["backward", "gradients", "recorded"],
)
def test_cotangents_of_one_half_lose_no_sum(way: Callable[..., Any], through: str) -> None:
    x = tracked(np.ones(1, np.float16))
    found = way(x, _used_often(x, through))
    assert found.dtype == np.float16
    assert found.numpy() == [3000]


@pytest.mark.parametrize("name", ["binary_cross_entropy", "bce_with_logits", "mse_loss", "l1_loss"])
def test_a_mean_of_many_half_losses_has_gradients(name: str) -> None:
    """The count, 70000, is beyond float16; the gradients are not."""
    found = []
    for dtype in (np.float16, np.float64):
        p, y = np.full(70000, 0.75, dtype), np.full(70000, 0.125, dtype)
        w = np.full(70000, 2, dtype)
        g = mg.grad(lambda p, y, w: getattr(F, name)(p, y, weight=w), (0, 1, 2))(p, y, w)
        found.append([x.numpy()[:3] for x in g])
    for low, high in zip(*found, strict=True):
        np.testing.assert_allclose(low, high, rtol=1e-2, atol=6e-8)


def test_truth_values_widen_no_loss() -> None:
    p = np.float32([0.25, 0.75])
    assert F.binary_cross_entropy(p, np.array([True, False])).dtype == np.float32


def test_a_tie_of_many_is_counted() -> None:
    x = tracked(MANY[:, 0])
    mg.max(x).backward()
    assert x.grad.numpy()[0] == np.float16(1 / 70000)


@pytest.mark.parametrize("rule", [optim.Adam, optim.AdamW, optim.RMSprop, optim.Adagrad])
def test_small_gradients_move_half_precision(rule: Any) -> None:
    """Squares of 1e-4 are 0 in float16, so that rules remember in float32; also after loading."""
    steps = []
    for dtype in (np.float16, np.float64):
        w = tracked(np.ones(2, dtype))
        optimizer = rule([w], lr=0.05)
        for again in (False, True):
            if again:
                state = optimizer.state_dict()
                optimizer = rule([w], lr=0.05)
                optimizer.load_state_dict(state)
            w.grad = np.full(2, 1e-4, dtype)
            optimizer.step()
        assert w.dtype == dtype
        steps.append(w.numpy())
    np.testing.assert_allclose(*steps, rtol=2e-3)


@pytest.mark.parametrize(("dtype", "size"), [*SCALES, (np.float16, 6e4), (np.float16, 1e-6)])
@pytest.mark.parametrize("order", [1, 2, 3])
def test_gradients_are_clipped_at_any_scale(dtype: Any, size: float, order: int) -> None:
    w = tracked(np.zeros(4, dtype))
    w.grad = np.full(4, size, dtype)
    found = optim.clip_grad_norm([w], size / 2, order)
    assert found == pytest.approx(4 ** (1 / order) * float(dtype(size)), rel=1e-6)


@pytest.mark.parametrize("name", ["std", "norm", "norm of a matrix", "hypot", "layer norm"])
@pytest.mark.parametrize("scale", [1e30, 1e-30])
def test_formulas_hold_what_float32_holds(name: str, scale: float) -> None:
    function = HOMOGENEOUS[name][1]
    x = mg.tensor((ROWS * scale).astype(np.float32), name="x", requires_grad=True)
    y = function(x)
    loss = (y * np.cos(np.arange(y.size)).reshape(y.shape).astype(np.float32)).sum()
    expected = mg.gradients(loss, x).numpy()
    found = np.asarray(mg.derive(loss)["x"]())
    np.testing.assert_allclose(found * scale, expected.astype(float) * scale, rtol=1e-4, atol=1e-4)
