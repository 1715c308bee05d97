"""Where no derivative exists, engine, formula and generated source give the choice of the row.

Every row that declares such a choice has a point here; one that is forgotten fails the test.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
from source_cases import compiled

import minigrad as mg
from minigrad.errors import UndefinedError
from minigrad.notation.printed_text import read_back
from minigrad.ops.matrices import cofactors
from minigrad.primitive import REGISTRY

F = mg.nn.functional
INF, NAN = np.inf, np.nan
UNLIKE = np.array([[1.0, 2], [3, 5]])


class Point(NamedTuple):
    """A function of named arrays at one place, and its gradient by the first of them."""

    row: str
    function: Callable[..., Any]
    at: dict[str, Any]
    right: Any
    formula: str = ""  # the error that says why the formula has no value here, where it has none


def _point(row: str, function: Callable[..., Any], right: Any, formula: str = "", **at: Any) -> Point:
    return Point(row, function, at, right, formula)


SINGULAR = "inv: the formula is not defined at these numbers"
POINTS = [
    _point("abs", lambda x: mg.abs(x), [0, 1], x=[0.0, 2]),
    _point("sign", lambda x: mg.sign(x) * x, [0, 1], x=[0.0, 2]),
    _point("arctan2", lambda x, y: mg.arctan2(x, y), [0, 0.16], x=[0.0, 3], y=[0.0, 4]),
    _point("arctan2", lambda y, x: mg.arctan2(x, y), [0, -0.12], y=[0.0, 4], x=[0.0, 3]),
    _point("hypot", lambda x, y: mg.hypot(x, y), [0, 0.6], x=[0.0, 3], y=[0.0, 4]),
    _point("ceil", lambda x: mg.ceil(x) * x, [1, 2], x=[1.0, 1.5]),
    _point("floor", lambda x: mg.floor(x) * x, [1, 1], x=[1.0, 1.5]),
    _point("rint", lambda x: mg.rint(x) * x, [0, 2], x=[0.5, 1.5]),
    _point("round", lambda x: mg.round(x) * x, [0, 2], x=[0.5, 1.5]),
    _point("trunc", lambda x: mg.trunc(x) * x, [-1, 1], x=[-1.0, 1.5]),
    _point("floor_divide", lambda x: mg.floor_divide(x, 2.0), [0, 0], x=[4.0, 5]),
    _point("remainder", lambda x: mg.remainder(x, 2.0), [1, 1], x=[4.0, 5]),
    _point("remainder", lambda y, x: mg.remainder(x, y), [-2, -2], y=[2.0, 2], x=[4.0, 5]),
    _point("fmod", lambda y, x: mg.fmod(x, y), [-2, -2], y=[2.0, 2], x=[4.0, 5]),
    _point("clip", lambda x: mg.clip(x, -1, 1), [1, 1, 0], x=[-1.0, 1, 2]),
    _point("copysign", lambda x, y: mg.copysign(x, y), [0, -1], x=[0.0, 2], y=[1.0, -1]),
    _point("maximum", lambda x, y: mg.maximum(x, y), [0.5, 0], x=[1.0, 1], y=[1.0, 2]),
    _point("minimum", lambda x, y: mg.minimum(x, y), [0.5, 1], x=[1.0, 1], y=[1.0, 2]),
    _point("minimum", lambda x: mg.minimum(x, mg.clip(x, -1, 1)), [1, 1, 1, 0, 1],
           x=[0.0, 1, -1, 3, -0.5]),
    _point("maximum", lambda x: mg.maximum(x, F.relu(x)), [0.5, 1, 0], x=[0.0, 1, -1]),
    _point("fmax", lambda x, y: mg.fmax(x, y), [0.5, 0], x=[1.0, 1], y=[1.0, 2]),
    _point("fmin", lambda x, y: mg.fmin(x, y), [0.5, 1], x=[1.0, 1], y=[1.0, 2]),
    _point("max", lambda x: mg.max(x), [0.5, 0.5, 0], x=[1.0, 1, 0]),
    _point("min", lambda x: mg.min(x), [0, 0.5, 0.5], x=[1.0, 0, 0]),
    _point("ptp", lambda x: mg.ptp(x), [0.5, 0.5, -1], x=[1.0, 1, 0]),
    _point("sort", lambda x: mg.sort(x) * np.array([1.0, 2, 3]), [2, 3, 1], x=[1.0, 1, 0]),
    _point("partition", lambda x: mg.partition(x, 1) * np.array([1.0, 2, 3]), [2, 3, 1],
           x=[1.0, 1, 0]),
    _point("where", lambda x: mg.where(x > 0, mg.log(x), x), [1, 1, 0.5], x=[0.0, -1, 2]),
    _point("where", lambda x: mg.where(x > 0, mg.sqrt(x), 0.0), [0, 0, 0.25], x=[0.0, -1, 4]),
    _point("sqrt", lambda x: mg.sqrt(x), [INF, 0.25], x=[0.0, 4]),
    _point("power", lambda x, y: x**y, [0, 1, 0, INF, 0], x=[0.0, 0, 0, 0, 2], y=[0.0, 1, 2, 0.5, 0]),
    _point("power", lambda y, x: x**y, [0, 0, 0, 0], y=[0.0, 1, 2, 0.5], x=[0.0, 0, 0, 0]),
    _point("power", lambda x: 0.0**x, [0, 0, 0], x=[0.0, 1, 2]),
    _point("power", lambda y, s: s**y, [0, 0, 0], y=[0.0, 1, 2], s=0.0),
    _point("power", lambda x, y: x**y, [12, -4, 0], x=[-2.0, -2, -1], y=[3.0, 2, 0]),
    _point("prod", lambda x: mg.prod(x), [6, 0, 0], x=[0.0, 2, 3]),
    _point("prod", lambda x: mg.prod(x), [0, 0, 0], x=[0.0, 0, 3]),
    _point("cumprod", lambda x: mg.cumprod(x), [9, 0, 0], x=[0.0, 2, 3]),
    _point("std", lambda x: mg.std(x), [0, 0, 0], x=[2.0, 2, 2]),
    _point("std", lambda X: mg.std(X, axis=1), [[0, 0], [-0.5, 0.5]], X=[[2.0, 2], [1, 2]]),
    _point("linalg.norm", lambda x: mg.linalg.norm(x), [0, 0], x=[0.0, 0]),
    _point("linalg.norm", lambda x: mg.linalg.norm(x, 3), [0, 0], x=[0.0, 0]),
    _point("linalg.norm", lambda x: mg.linalg.norm(x, 1), [0, 1], x=[0.0, 1]),
    _point("linalg.norm", lambda X: mg.linalg.norm(X, axis=1), [[0, 0], [0.6, 0.8]],
           X=[[0.0, 0], [3, 4]]),
    _point("linalg.norm", lambda X: mg.linalg.norm(X, axis=0), [[0, 0], [0, 1]],
           X=[[0.0, 0], [0, 4]]),
    _point("linalg.norm", lambda X: mg.linalg.norm(X), [[0, 0], [0, 0]], X=[[0.0, 0], [0, 0]]),
    _point("linalg.det", lambda X: mg.linalg.det(X), [[4, -2], [-2, 1]], X=[[1.0, 2], [2, 4]]),
    _point("linalg.cofactors", lambda X: cofactors(X), [[1, -1], [-1, 1]],
           SINGULAR, X=[[1.0, 2], [2, 4]]),
    _point("nanmean", lambda x: mg.nanmean(x), [0, 0.5, 0.5], x=[NAN, 1, 2]),
    _point("nansum", lambda x: mg.nansum(x), [0, 1, 1], x=[NAN, 1, 2]),
    _point("nan_to_num", lambda x: mg.nan_to_num(x), [0, 0, 0, 1], x=[NAN, INF, -INF, 1]),
    _point("nan_to_num", lambda x: mg.nan_to_num(x) ** 2, [0, 0, 0, 2], x=[NAN, INF, -INF, 1]),
    _point("nan_to_num", lambda x: mg.nan_to_num(mg.log(x)), [0, 0, 0.5], x=[0.0, -1, 2]),
    _point("nan_to_num", lambda y, x: y * mg.nan_to_num(x, nan=2.0, posinf=3.0, neginf=-4.0),
           [2, 3, -4, 1], y=[1.0, 1, 1, 1], x=[NAN, INF, -INF, 1]),
    _point("nan_to_num", lambda y, x: y * mg.nan_to_num(x),
           [0, np.finfo(float).max, np.finfo(float).min, 1], y=[1.0, 1, 1, 1], x=[NAN, INF, -INF, 1]),
    _point("special.xlogy", lambda x, y: mg.special.xlogy(x, y), [0, np.log(4), np.log(2)],
           x=[0.0, 4, 0], y=[0.0, 4, 2]),
    _point("special.xlogy", lambda y, x: mg.special.xlogy(x, y), [0, 1, 0], y=[0.0, 4, 2],
           x=[0.0, 4, 0]),
    _point("special.logsumexp", lambda x: mg.special.logsumexp(x), [0, 0], x=[-INF, -INF]),
    _point("special.logsumexp", lambda x: mg.special.logsumexp(x), [0, 1], x=[-INF, 1]),
    _point("logaddexp", lambda x, y: mg.logaddexp(x, y), [0, 0.5, 0, 1],
           x=[-INF, 1, -INF, 2], y=[-INF, 1, 2, -INF]),
    _point("logaddexp", lambda y, x: mg.logaddexp(x, y), [0, 0.5, 1, 0],
           y=[-INF, 1, 2, -INF], x=[-INF, 1, -INF, 2]),
    _point("logaddexp", lambda x, y: mg.logaddexp2(x, y), [0, 0.5, 0, 1],
           x=[-INF, 1, -INF, 2], y=[-INF, 1, 2, -INF]),
    _point("logaddexp", lambda x, y: mg.sum(mg.logaddexp(x, y.T) * y), [[0, 1], [0, 1]],
           x=[[-INF, 800], [-INF, 800]], y=[[1.0, 1], [1, 1]]),
    _point("nn.softmax", lambda X, M, Y: F.softmax(mg.where(M, X, -INF), 1) * Y,
           [[-0.1966119332414819, 0.1966119332414819], [0, 0]],
           X=[[1.0, 2], [1, 2]], M=[[True, True], [False, False]], Y=[[1.0, 2], [3, 5]]),
    _point("nn.binary_cross_entropy", lambda p, y: F.binary_cross_entropy(p, y), [0, 0, -2.5e11, -0.5],
           p=[0.0, 1, 0, 0.5], y=[0.0, 1, 1, 1]),
    _point("nn.binary_cross_entropy", lambda x, y: F.binary_cross_entropy(F.sigmoid(x), y), [0, 0],
           x=[-800.0, 800], y=[0.0, 1]),
    _point("nn.binary_cross_entropy", lambda y, p: F.binary_cross_entropy(p, y), [25, -25, 0, 25],
           y=[0.0, 1, 1, 1], p=[0.0, 1, 0.5, 0]),
    _point("nn.binary_cross_entropy", lambda w, p, y: F.binary_cross_entropy(p, y, weight=w),
           [0, 0, 25, np.log(2) / 4], w=[1.0, 2, 3, 4], p=[0.0, 1, 0, 0.5], y=[0.0, 1, 1, 1]),
    _point("nn.binary_cross_entropy", lambda y, x: F.binary_cross_entropy(F.sigmoid(x), y), [50, -50],
           y=[0.0, 1], x=[-800.0, 800]),
    _point("nn.bce_with_logits", lambda y, x: F.bce_with_logits(x, y), [400, -400],
           y=[0.0, 1], x=[-800.0, 800]),
    _point("nn.kl_div", lambda y, x: F.kl_div(x, y, reduction="sum"), [1, 1], y=[0.0, 1], x=[-1.0, 0]),
    _point("nn.l1_loss", lambda x, y: F.l1_loss(x, y), [0, 0.5], x=[1.0, 1], y=[1.0, 0]),
    _point("nn.huber_loss", lambda x: F.huber_loss(x, np.zeros(2)), [0.5, -0.5], x=[1.0, -1]),
    _point("log", lambda x: mg.log(x), [INF, 0.5], x=[0.0, 2]),
    _point("log1p", lambda x: mg.log1p(x), [INF, 1], x=[-1.0, 0]),
    _point("arcsin", lambda x: mg.arcsin(x), [INF, INF, 1], x=[-1.0, 1, 0]),
    _point("arccos", lambda x: mg.arccos(x), [-INF, -INF, -1], x=[-1.0, 1, 0]),
    _point("arccosh", lambda x: mg.arccosh(x), [INF, 3**-0.5], x=[1.0, 2]),
    _point("arctanh", lambda x: mg.arctanh(x), [INF, INF, 1], x=[-1.0, 1, 0]),
    _point("sinc", lambda x: mg.sinc(x), [0, -4 / np.pi], x=[0.0, 0.5]),
    _point("maximum", lambda x: mg.maximum(0, 1 - x), [-0.5, -1, 0], x=[1.0, 0, 2]),
    _point("nn.relu", lambda x: F.relu(1 - x), [0, -1, 0], x=[1.0, 0, 2]),
    _point("var", lambda x: mg.var(x), [0, 0, 0], x=[2.0, 2, 2]),
    _point("nn.layer_norm", lambda x, y: F.layer_norm(x, 3, eps=1e-4) * y, [-200, -100, 300],
           x=[2.0, 2, 2], y=[1.0, 2, 6]),
    _point("nn.rms_norm", lambda x, y: F.rms_norm(x, 3, eps=0.0) * y, [-1, -0.5, 1.5],
           x=[2.0, 2, 2], y=[1.0, 2, 6]),
    _point("nn.rms_norm", lambda x, y: F.rms_norm(x, 3, eps=1e-4) * y, [100, 200, 600],
           x=[0.0, 0, 0], y=[1.0, 2, 6]),
    _point("nn.cosine_similarity", lambda x, y: F.cosine_similarity(x, y, 0), [6e7, 8e7],
           x=[0.0, 0], y=[3.0, 4]),
    _point("nn.cosine_similarity", lambda x, y: F.cosine_similarity(x, y, 0), [0, 0],
           x=[0.0, 0], y=[0.0, 0]),
    _point("nn.relu", lambda x: F.relu(x), [0, 1], x=[0.0, 1]),
    _point("nn.relu6", lambda x: F.relu6(x), [0, 0, 1], x=[0.0, 6, 1]),
    _point("nn.leaky_relu", lambda x: F.leaky_relu(x), [0.01, 1], x=[0.0, 1]),
    _point("nn.elu", lambda x: F.elu(x, 2.0), [2, 1], x=[0.0, 1]),
    _point("nn.selu", lambda x: F.selu(x), [1.7580993408473766, 1.0507009873554805], x=[0.0, 1]),
    _point("nn.hardtanh", lambda x: F.hardtanh(x), [0, 0, 1], x=[-1.0, 1, 0]),
    _point("nn.hardswish", lambda x: F.hardswish(x), [0, 1, 5 / 6], x=[-3.0, 3, 1]),
    _point("nn.max_pool1d", lambda x: F.max_pool1d(x, 2), [[0.5, 0.5]], x=[[1.0, 1]]),
    _point("nn.max_pool2d", lambda x: F.max_pool2d(x, 2), [[[[0.5, 0.5], [0, 0]]]],
           x=[[[[1.0, 1], [0, 0]]]]),
]  # fmt: skip
# Where only a limit exists, or infinity: engine and formula may differ there, and nobody is wrong.
UNDEFINED = {
    "x√x": (lambda x: x * mg.sqrt(x), [0.0, 4]),
    "x/x": (lambda x: x / x, [0.0, 4]),
    "x log x": (lambda x: x * mg.log(x), [0.0, 4]),
    "x^(3/2) / x": (lambda x: x**1.5 / x, [0.0, 4]),
    "sin x / x": (lambda x: mg.sin(x) / x, [0.0, 4]),
    "exp(−1/x)": (lambda x: mg.exp(-1 / x), [0.0, 4]),
    "log −1": (lambda x: mg.log(-x), [1.0, 4]),
    "√−1": (lambda x: mg.sqrt(-x), [1.0, 4]),
    "∞ − ∞": (lambda x: mg.exp(1000 * x) - mg.exp(1000 * x), [1.0, 4]),
    "0/0": (lambda x: (x - x) / (x - x), [1.0, 4]),
    "1/x": (lambda x: 1 / x, [0.0, 4]),
    "√x²": (lambda x: mg.sqrt(x**2), [0.0, 4]),
    "√x² of many": (lambda x: mg.sqrt(x**2), np.zeros(100)),
    "√Σx²": (lambda x: mg.sqrt(mg.sum(x**2)), [0.0, 0]),
    "x/‖x‖": (lambda x: x / mg.linalg.norm(x) * np.array([1.0, 2]), [0.0, 0]),
    "softmax of −∞": (lambda x: F.softmax(x) * np.array([1.0, 2]), [-INF, -INF]),
    "log-softmax of −∞": (lambda x: F.log_softmax(x) * np.array([1.0, 2]), [-INF, -INF]),
    "logsumexp of ∞": (lambda x: mg.special.logsumexp(x), [INF, 1.0]),
    "log(exp + exp) of −∞": (lambda x: mg.log(mg.exp(x) + mg.exp(x - 1)), [-INF, 1.0]),
    "NaN": (lambda x: mg.exp(x), [NAN, 1.0]),
    "BCE, p ≠ y": (lambda p: F.binary_cross_entropy(p, np.array([1.0, 0])), [0.0, 1]),
    "layer_norm without eps": (lambda x: F.layer_norm(x, 2, eps=0.0)[0], [2.0, 2]),
    "rms_norm without eps": (lambda x: F.rms_norm(x, 2, eps=0.0)[0], [0.0, 0]),
}
# The whole has a derivative there, and a step on the way has none: what goes step by step may be off.
STUCK = {
    "‖x‖²": (lambda x: mg.linalg.norm(x) ** 2, [0.0, 0]),
    "√(x⁴)": (lambda x: mg.sqrt(x**4), [0.0, 4]),
    "√Σx², squared": (lambda x: mg.sqrt(mg.sum(x**2)) ** 2, [0.0, 0]),
    "relu x − relu −x": (lambda x: F.relu(x) - F.relu(-x), [0.0, 2]),
    "hypot²": (lambda x: mg.hypot(x, x) ** 2, [0.0, 2]),
    "std²": (lambda x: mg.std(x) ** 2, [1.0, 1]),
}
# Rows whose choice is no single number, each with what holds there.
DECOMPOSED = {
    "linalg.eigenvectors": (lambda x: mg.linalg.eigh(x)[1] * UNLIKE, np.eye(2), NAN),
    "linalg.svdU": (lambda x: mg.linalg.svd(x)[0] * UNLIKE, np.eye(2), NAN),
    "linalg.svdV": (lambda x: mg.linalg.svd(x)[2] * UNLIKE, np.eye(2), NAN),
    "linalg.svdvals": (lambda x: mg.linalg.svd(x, compute_uv=False), np.diag([2.0, 0]), np.eye(2)),
    "linalg.pinv": (mg.linalg.pinv, np.diag([1.0, 0]), [[-1, 1], [1, 0]]),
}


def test_every_declared_choice_has_a_point() -> None:
    declared = {row.name for row in REGISTRY.values() if row.builtin and row.kinks}
    held = {point.row for point in POINTS} | DECOMPOSED.keys()
    assert declared <= held, f"rows with kinks but no point: {sorted(declared - held)}"


@pytest.mark.parametrize("point", POINTS, ids=lambda p: f"{p.row} by {next(iter(p.at))}")
@pytest.mark.long("part")
def test_engine_formula_and_source_give_the_choice(point: Point) -> None:
    arrays = {name: np.asarray(value) for name, value in point.at.items()}
    wrt = next(iter(arrays))
    tensors = {n: mg.tensor(a, name=n, requires_grad=n == wrt) for n, a in arrays.items()}
    with np.errstate(all="ignore"):
        loss = mg.sum(point.function(**tensors))
        loss.backward()
        np.testing.assert_allclose(tensors[wrt].grad, point.right, rtol=1e-12, atol=1e-15)
        if point.formula:
            with pytest.raises(UndefinedError, match=point.formula):
                mg.derive(loss, wrt=wrt)[wrt]()
            return
        formula = mg.derive(loss, wrt=wrt)[wrt]
        np.testing.assert_allclose(formula(), point.right, rtol=1e-12, atol=1e-15)
        function = compiled(formula.source())
        given = {n: arrays.get(n, loss_value(formula, n)) for n in inspect.signature(function).parameters}
        np.testing.assert_allclose(function(**given), point.right, rtol=1e-12, atol=1e-15)


def test_choices_are_in_the_print_only_where_one_would_write_them() -> None:
    x, p, y, w = mg.symbols("x: n", "p: n", "y: n", "w: n")
    for loss, wrt, right in (
        (mg.sum(mg.nan_to_num(x) ** 2), "x", "dx = 2 ([|x| < ∞] ⊙ nan_to_num(x))"),
        (F.binary_cross_entropy(p, y), "y", "dy = (log(1 − p) − log(p)) / n"),
        (F.binary_cross_entropy(F.sigmoid(x), y), "x", "dx = (σ(x) − y) / n"),
        (F.binary_cross_entropy(p, y, weight=w), "w", "dw = −(y ⊙ log(p) + (1 − y) ⊙ log(1 − p)) / n"),
    ):
        assert str(mg.derive(loss, wrt=wrt)) == right
    back = read_back("dx = [|x| < ∞]", {"x": np.array([1.0, INF, NAN])}, {"n": 3})
    np.testing.assert_array_equal(back["dx"], [1, 0, 0])


@pytest.mark.parametrize("row", DECOMPOSED)
def test_decompositions_at_what_coincides(row: str) -> None:
    function, at, right = DECOMPOSED[row]
    x = mg.tensor(at, requires_grad=True)
    with np.errstate(all="ignore"):
        mg.sum(function(x)).backward()
    found = np.abs(x.grad) if row == "linalg.svdvals" else x.grad  # either sign is one direction
    if right is NAN:
        assert not np.all(np.isfinite(found))
    else:
        np.testing.assert_allclose(found, right, atol=1e-14)


def loss_value(formula: Any, name: str) -> Any:
    """An array of the function's own, which the source asks for by its name in the formula."""
    leaf = formula.reading.lowered.leaves.get(name)
    return None if leaf is None else leaf[0].value


def report_at(function: Callable[..., Any], at: dict[str, Any], order: int = 1) -> Any:
    """What the checker says of the derivatives by the first argument."""
    wrt = next(iter(at))
    tensors = {n: mg.tensor(a, name=n, requires_grad=n == wrt) for n, a in at.items()}
    with np.errstate(all="ignore"):
        loss = mg.sum(function(**tensors))
        return mg.check(loss, wrt=wrt) if order == 1 else mg.derive(loss, wrt=wrt, order=2).check()


@pytest.mark.parametrize("point", POINTS, ids=lambda p: f"{p.row} by {next(iter(p.at))}")
@pytest.mark.long("part")
def test_no_choice_is_called_wrong(point: Point) -> None:
    assert report_at(point.function, point.at).verdict != "fail"
    assert report_at(point.function, point.at, 2).verdict != "fail"


@pytest.mark.parametrize("what", UNDEFINED)
@pytest.mark.long("part")
def test_what_is_not_defined_is_inconclusive_in_words(what: str) -> None:
    function, at = UNDEFINED[what]
    report = report_at(lambda x: function(x), {"x": np.asarray(at)})
    assert report.verdict == "inconclusive"
    assert all(c.note for c in report.comparisons if c.verdict != "pass")
    assert report_at(lambda x: function(x), {"x": np.asarray(at)}, 2).verdict != "fail"


@pytest.mark.parametrize("what", STUCK)
def test_a_smooth_whole_of_steps_that_are_not_is_inconclusive_in_words(what: str) -> None:
    function, at = STUCK[what]
    for order in (1, 2):
        report = report_at(lambda x: function(x), {"x": np.asarray(at)}, order)
        assert report.verdict != "fail", report
        if order == 1:
            assert report.verdict == "inconclusive"
            assert "a step on the way" in str(report)


def test_a_step_that_is_stuck_excuses_no_other_element() -> None:
    rules = {"vjps": (lambda g, y, x: 3 * g * x,), "meaning": "x**2"}
    lie = mg.elementwise("lying square", lambda x: x * x, **rules)
    x = mg.tensor([0.0, 2], name="x", requires_grad=True)
    with np.errstate(all="ignore"):
        assert mg.check(mg.sum(mg.sqrt(lie(x) ** 2))).verdict == "fail"


@pytest.mark.parametrize("lie", ["inf*x", "sqrt(x - 3) + 3*x", "3*sign(x) + 1e-6"])
def test_a_kink_in_one_element_does_not_excuse_the_others(lie: str) -> None:
    x = mg.tensor([0.0, 2], name="x", requires_grad=True)
    loss = mg.sum(mg.sqrt(x**2) * 3)
    with np.errstate(all="ignore"):
        assert mg.check(loss, wrt="x", against=lie).verdict == "fail"
        assert mg.check(loss, wrt="x", against="3*sign(x)").verdict == "inconclusive"


def test_a_cross_entropy_spelled_out_or_of_a_named_sigmoid() -> None:
    """SymPy's witness draws q = 1, where the term of log 0 swallows the terms that are judged."""
    y = mg.tensor([1.0, 0, 1], name="y")
    q = mg.tensor([0.2, 0.9, 0.3], name="q", requires_grad=True)
    spelled = -mg.mean(y * mg.log(q) + (1 - y) * mg.log(1 - q))
    assert mg.check(spelled, wrt="q").verdict == "pass"
    x = mg.tensor([800.0, -800, 0], name="x", requires_grad=True)
    p = F.sigmoid(x).named("p")
    by_p = mg.derive(F.binary_cross_entropy(p, y), wrt=p)["p"]
    np.testing.assert_allclose(by_p(), [0, 0, -2 / 3], atol=1e-15)
