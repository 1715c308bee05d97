"""Inputs at the edge: nothing, one element, numbers, truth values, singular matrices, unlike shapes."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest

import minigrad as mg
import minigrad.nn.functional as F  # noqa: N812  (as users write it)
from minigrad import nn
from minigrad.errors import ArgumentError, GradientError, MinigradError, ShapeError
from minigrad.program.arithmetic import DIGITS_50
from minigrad.program.evaluate import evaluate

INPUTS: dict[str, Any] = {
    "no rows": np.zeros((0, 3)),
    "no columns": np.zeros((3, 0)),
    "one element": np.array([2.0]),
    "one by one": np.array([[2.0]]),
    "one row": np.array([[1.0, 2.0, 3.0]]),
    "0-d": np.array(0.5),
    "a number": 0.5,
    "a whole number": 2,
    "a NumPy number": np.float32(0.5),
    "a list": [1.0, 2.0],
    "truth values": np.array([True, False]),
    "whole numbers": np.array([3, 1, 2]),
    "not a number": np.array([np.nan, 1.0]),
    "singular": np.ones((2, 2)),
    "not symmetric": np.array([[2.0, -1.0], [0.5, 3.0]]),
}
# NumPy refuses an axis of a 0-d array in some reductions and takes it in others; here it is taken.
AXIS_OF_A_NUMBER = {"average", "mean", "nanmean", "std", "var", "squeeze"}
NUMBERS = {"0-d", "a number", "a whole number", "a NumPy number"}
ONE_NUMBER = ("one element", "one by one", *sorted(NUMBERS))
DIFFERENT = {
    ("average", "no rows"): "NumPy divides numbers by 0",
    ("average", "no columns"): "NumPy divides numbers by 0",
    ("rollaxis", "a list"): "NumPy asks the list for its axes",
    ("unstack", "a list"): "NumPy asks the list for its axes",
    ("diff", "truth values"): "subtraction is refused, as NumPy's own - does",
    **{("reshape", label): "no sizes are those of a 0-d array" for label in ONE_NUMBER},
    ("linalg.multi_dot", "a list"): "numbers are no factors",
    ("linalg.multi_dot", "truth values"): "numbers are no factors",
    ("linalg.multi_dot", "not a number"): "numbers are no factors",
    ("linalg.svd", "no rows"): "the extra columns have no derivative",
    ("linalg.svd", "no columns"): "the extra columns have no derivative",
    ("linalg.svd", "one row"): "the extra columns have no derivative",
}


def shared() -> dict[str, tuple[Callable[..., Any], Callable[..., Any]]]:
    """What has NumPy's name, and NumPy's function of that name."""
    found = {}
    for lead, ours, theirs in (("", mg, np), ("linalg.", mg.linalg, np.linalg)):
        for name in ours.__all__:
            function = getattr(ours, name)
            if hasattr(theirs, name) and callable(function) and not inspect.isclass(function):
                found[lead + name] = function, getattr(theirs, name)
    return found


SHARED = shared()


def outcome(run: Callable[[], Any]) -> tuple[Any, set[type]]:
    """The results as a list, or the error; and the kinds of warnings."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        try:
            y = run()
            result: Any = list(y) if isinstance(y, tuple | list) else [y]
        except Exception as error:
            result = error
    return result, {w.category for w in told}


def options_of(name: str) -> list[dict[str, Any]]:
    axes = "axis" in inspect.signature(SHARED[name][0]).parameters and name != "expand_dims"
    return [{}, {"axis": 0}, {"axis": -1}] if axes else [{}]


def compare(name: str, label: str, options: dict[str, Any]) -> None:
    """Values, dtypes and warnings are NumPy's, and so is a refusal."""
    (ours, theirs), x = SHARED[name], INPUTS[label]
    expected, warned = outcome(lambda: theirs(x, **options))
    found, told = outcome(lambda: ours(x, **options))
    where = f"{name} of {label} {options}"
    if isinstance(expected, Exception):
        assert isinstance(found, MinigradError | TypeError), where
        return
    assert not isinstance(found, Exception), f"{where}: {found!r}"
    assert told == warned, where
    for y, z in zip(found, expected, strict=True):
        value = y.numpy() if isinstance(y, mg.Tensor) else y
        np.testing.assert_allclose(value, z, rtol=1e-6, err_msg=where)
        assert np.asarray(value).dtype == np.asarray(z).dtype, where
    _check_gradient(where, ours, x, options)


def compare_all(name: str, label: str) -> None:
    for options in options_of(name):
        if not (options and label in NUMBERS and name in AXIS_OF_A_NUMBER):
            compare(name, label, options)


@pytest.mark.parametrize("name", SHARED)
def test_values_and_warnings_are_those_of_numpy(name: str) -> None:
    for label in INPUTS:
        if (name, label) not in DIFFERENT:
            compare_all(name, label)


@pytest.mark.parametrize(("name", "label"), DIFFERENT)
def test_what_is_told_to_differ_differs(name: str, label: str) -> None:
    with pytest.raises(AssertionError):
        compare_all(name, label)


@pytest.mark.parametrize("name", sorted(AXIS_OF_A_NUMBER))
def test_an_axis_of_a_number_is_refused_by_numpy(name: str) -> None:
    with pytest.raises(AssertionError):
        compare(name, "a whole number", {"axis": 0})


def test_what_differs_is_counted() -> None:
    assert (len(DIFFERENT), len(AXIS_OF_A_NUMBER)) == (17, 6)


# What these are given says how many elements there are, and has no derivative.
SIZED = {"arange", "ones", "zeros"}


def _check_gradient(where: str, ours: Any, x: Any, options: dict[str, Any]) -> None:
    """A gradient of the right shape, or an error in words."""
    if np.asarray(x).dtype.kind != "f":
        return
    leaf = mg.tensor(x, requires_grad=True)
    outputs, _ = outcome(lambda: ours(leaf, **options))
    if ours.__name__ in SIZED:
        assert isinstance(outputs, GradientError), where
        return
    assert not isinstance(outputs, Exception), f"{where}: {outputs!r}"
    reached = [y for y in outputs if isinstance(y, mg.Tensor) and y.requires_grad]
    if reached:
        error, _ = outcome(lambda: sum(y.sum() for y in reached).backward())  # type: ignore[union-attr]
        assert not isinstance(error, Exception) or isinstance(error, MinigradError), where
        assert isinstance(error, Exception) or leaf.grad.shape == leaf.shape, where


def test_statistics_of_nothing_and_of_one() -> None:
    for run, shape in (
        (lambda x: mg.logaddexp(F.softmax(x, 0), 0).sum(), (0, 3)),
        (lambda x: F.layer_norm(x, 3).sum(), (0, 3)),
        (lambda x: mg.linalg.norm(x, axis=0).sum(), (0, 3)),
        (lambda x: F.log_softmax(x, 1).sum(), (3, 0)),
    ):
        x = mg.tensor(np.zeros(shape), requires_grad=True)
        run(x).backward()
        assert x.grad.shape == shape
    assert np.isneginf(mg.special.logsumexp(np.zeros((0, 3)), axis=0).numpy()).all()
    x = mg.tensor([2.0], requires_grad=True)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        y = mg.std(x, ddof=1)
    assert any("Degrees of freedom" in str(w.message) for w in told)
    y.backward()
    assert np.isnan(y.item())
    assert np.isnan(x.grad.item())


def test_numbers_as_arguments() -> None:
    z = mg.tensor(np.float32([1.0, 2.0]), requires_grad=True)
    loss = F.bce_with_logits(z, 0.5)
    assert loss.dtype == np.float32
    loss.backward()
    np.testing.assert_allclose(z.grad.numpy(), (1 / (1 + np.exp([-1.0, -2.0])) - 0.5) / 2, 1e-6)
    s = mg.tensor([1.0, 2.0], requires_grad=True)
    mg.kron(s, 3).sum().backward()
    np.testing.assert_array_equal(s.grad.numpy(), [3, 3])
    p = mg.tensor(0.25, requires_grad=True)
    F.binary_cross_entropy(p, 1).backward()
    assert p.grad.item() == pytest.approx(-4)


def test_singular_matrices_are_told() -> None:
    x = mg.tensor(np.ones((2, 2)), requires_grad=True)
    with pytest.raises(ArgumentError, match=r"slogdet: the matrix is singular"):
        mg.linalg.slogdet(x)[1].backward()


def test_matrices_that_are_none() -> None:
    lost = np.array([[[np.nan, 1.0], [1.0, 2.0]], [[1.0, 2.0], [3.0, 4.0]]])
    with np.errstate(invalid="ignore"):
        g = mg.grad(lambda a: mg.linalg.det(a).sum())(lost).numpy()
    assert np.isnan(g[0]).any()
    np.testing.assert_allclose(g[1], [[4, -3], [-2, 1]])
    for n in (0, 1, 2, 3):
        for shape in ((), (3,), (2, 3)):
            with pytest.raises(ShapeError, match=r"linalg.matrix_power: (a|the) matrix"):
                mg.linalg.matrix_power(np.ones(shape), n)
    with pytest.raises(ShapeError, match="right-hand side is a vector or a matrix"):
        mg.linalg.solve(np.eye(2), 1.0)


NO_OPTION: dict[str, Callable[[Any], Any]] = {
    "axis": lambda o: mg.sum(np.eye(2), axis=o),
    "roll": lambda o: mg.roll(np.eye(2), o),
    "roll axis": lambda o: mg.roll(np.eye(2), o, 0),
    "tril": lambda o: mg.tril(np.eye(2), o),
    "diag": lambda o: mg.diag(np.ones(2), o),
    "trace": lambda o: mg.trace(np.eye(2), o),
    "diff": lambda o: mg.diff(np.eye(2), o),
    "split": lambda o: mg.split(np.eye(2), o),
    "split at": lambda o: mg.split(np.eye(2), [o]),
    "partition": lambda o: mg.partition(np.eye(2), o),
    "tensordot": lambda o: mg.tensordot(np.eye(2), np.eye(2), o),
    "round": lambda o: mg.round(np.eye(2), o),
    "pad": lambda o: mg.pad(np.eye(2), o),
    "linspace": lambda o: mg.linspace(0, 1, o),
    "matrix_power": lambda o: mg.linalg.matrix_power(np.eye(2), o),
    "dropout": lambda o: F.dropout(np.eye(2), [o], rng=0),
    "Dropout": lambda o: nn.Dropout([o]),
    "LayerNorm": lambda o: nn.LayerNorm(2, eps=[o]),
    "layer_norm": lambda o: F.layer_norm(np.eye(2), 2, eps=[o]),
    "rms_norm": lambda o: F.rms_norm(np.eye(2), 2, eps=[o]),
    "huber_loss": lambda o: F.huber_loss(np.eye(2), np.eye(2), delta=[o]),
    "HuberLoss": lambda o: nn.HuberLoss(delta=[o]),
    "smooth_l1_loss": lambda o: F.smooth_l1_loss(np.eye(2), np.eye(2), beta=[o]),
    "cross_entropy": lambda o: F.cross_entropy(np.eye(2), [0, 1], label_smoothing=[o]),
    "CrossEntropyLoss": lambda o: nn.CrossEntropyLoss(label_smoothing=[o]),
    "reduction": lambda o: F.mse_loss(np.eye(2), np.eye(2), reduction=np.array(o)),
}


@pytest.mark.parametrize("name", NO_OPTION)
@pytest.mark.parametrize("value", ["1", 1.5, np.nan])
def test_options_of_another_kind_are_refused(name: str, value: Any) -> None:
    with pytest.raises(MinigradError, match="must be|is a|are|lies|one of|no probability|pieces"):
        NO_OPTION[name](value)


def test_rare_inputs_of_losses_and_layers() -> None:
    none = np.zeros((0, 3))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert all(
            np.isnan(F.cross_entropy(none, y).item()) for y in (np.zeros(0, int), np.zeros((0, 3)))
        )
    with np.errstate(divide="ignore"):
        assert np.isneginf(mg.special.logsumexp(np.zeros(0), b=np.zeros(0)).numpy())
    with pytest.raises(ShapeError, match="2 unknowns need 2 rows"):
        mg.linalg.solve_triangular(np.zeros((0, 2, 2)), np.zeros((0, 2)))
    y = F.dropout(np.arange(1, 50), 0.3, rng=0).numpy()
    np.testing.assert_allclose(y[y > 0] / np.arange(1, 50)[y > 0], 1 / 0.7)


def test_options_that_are_arrays() -> None:
    for argnums in (np.int64(1), mg.tensor(1), np.array(1), [1]):
        g = mg.grad(lambda a, b: a * b, argnums)(2.0, 3.0)
        assert np.asarray(g).item() == 2
    with pytest.raises(ArgumentError, match="grad: argnums must be an integer"):
        mg.grad(lambda a, b: a * b, 0.5)(2.0, 3.0)
    assert mg.sum(mg.tensor(np.eye(2)), 0, keepdims=np.array(1)).shape == (1, 2)
    assert F.dropout(np.ones(8), 0.5, rng=3).shape == (8,)
    with pytest.raises(ArgumentError, match="label_smoothing=-0.5 does not lie between"):
        F.cross_entropy(np.eye(2), np.array([0, 1]), label_smoothing=-0.5)
    s, none = mg.tensor(0.5, requires_grad=True), np.zeros(0)
    F.bce_with_logits(s, none, weight=np.ones(1), reduction="sum").backward()
    assert s.grad.item() == 0


@pytest.mark.parametrize("uplo", ["L", "U"])
def test_one_triangle_is_read(uplo: str) -> None:
    a = np.array([[2.0, -1.0, 0.3], [0.5, 3.0, 0.2], [-0.4, 1.1, -1.0]])
    x = mg.tensor(a, requires_grad=True)
    values, vectors = mg.linalg.eigh(x, uplo)
    for ours, theirs in zip((values, vectors), np.linalg.eigh(a, uplo), strict=True):
        np.testing.assert_allclose(ours.numpy(), theirs, rtol=1e-12)
    (values.sum() + (vectors**4).sum()).backward()
    np.testing.assert_array_equal(x.grad.numpy(), x.grad.numpy().T)
    np.testing.assert_allclose(mg.linalg.eigvalsh(a, uplo).numpy(), np.linalg.eigvalsh(a, uplo))


TRIANGULAR: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "cholesky": (mg.linalg.cholesky, np.linalg.cholesky),
    "cholesky, upper": (
        lambda a: mg.linalg.cholesky(a, upper=True),
        lambda a: np.linalg.cholesky(a).T,
    ),
    "pinv": (
        lambda a: mg.linalg.pinv(a, hermitian=True),
        lambda a: np.linalg.pinv(a, hermitian=True),
    ),
    "eigenvectors": (lambda a: mg.linalg.eigh(a)[1] ** 2, lambda a: np.linalg.eigh(a)[1] ** 2),
    "eigenvalues, U": (
        lambda a: mg.linalg.eigvalsh(a, "u"),
        lambda a: np.linalg.eigvalsh(a, "u"),
    ),
}


@pytest.mark.parametrize("name", TRIANGULAR)
def test_the_gradient_is_that_of_symmetric_changes(name: str) -> None:
    ours, theirs = TRIANGULAR[name]
    a = np.array([[4.0, -1.0, 0.3], [0.5, 3.0, 0.2], [-0.4, 1.1, 2.0]])
    weights = np.cos(np.arange(theirs(a).size)).reshape(theirs(a).shape)
    single = 1e-6 * np.eye(9).reshape(9, 3, 3)
    step = (single + single.swapaxes(1, 2)) / 2
    expected = [((theirs(a + s) - theirs(a - s)) * weights).sum() / 2e-6 for s in step]
    g = mg.grad(lambda a: (ours(a) * weights).sum())(a)
    np.testing.assert_allclose(g.numpy().ravel(), expected, atol=1e-8)


# What reads one triangle, and the same of the whole matrix.
SYMMETRIC: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "pinv": (lambda a: mg.linalg.pinv(a, hermitian=True), mg.linalg.pinv),
    "eigenvalues": (lambda a: (mg.linalg.eigvalsh(a) ** 3).sum(), lambda a: mg.trace(a @ a @ a)),
    "eigenvalues, U": (
        lambda a: (mg.linalg.eigvalsh(a, "U") ** 3).sum(),
        lambda a: mg.trace(a @ a @ a),
    ),
    "eigenvectors": (lambda a: (v := mg.linalg.eigh(a))[1] * v[0] @ v[1].T, lambda a: a),
    "cholesky": (lambda a: (c := mg.linalg.cholesky(a)) @ c.T, lambda a: a),
}


@pytest.mark.parametrize("name", SYMMETRIC)
def test_of_a_symmetric_part_the_gradient_is_the_symmetric_one(name: str) -> None:
    a = np.array([[4.0, -1.0, 0.3], [0.5, 3.0, 0.2], [-0.4, 1.1, 2.0]])
    weights = np.cos(np.arange(9)).reshape(3, 3)

    def loss(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
        return lambda a: (f((a + a.T) / 2) * weights).sum()

    triangle, whole = (loss(f) for f in SYMMETRIC[name])
    g = mg.grad(triangle)(a).numpy()
    np.testing.assert_allclose(g, mg.grad(whole)(a).numpy(), rtol=1e-9, atol=1e-12)
    ours, theirs = (mg.hessian(f)(a).numpy() for f in (triangle, whole))
    np.testing.assert_allclose(ours, theirs, rtol=1e-7, atol=1e-10)


def test_a_symmetric_matrix_has_the_symmetric_gradient_also_beside_one_that_is_not() -> None:
    """Of v₀ᵀ A v₀ = λ₀ it is v₀ v₀ᵀ; what is not read may be NaN."""
    s = np.array([[4.0, -1.0, 0.3], [-1.0, 3.0, 0.2], [0.3, 0.2, 2.0]])
    v = np.linalg.eigh(s)[1][:, :1]
    least = mg.grad(lambda a: mg.linalg.eigvalsh(a)[..., 0].sum())
    np.testing.assert_allclose(least(s).numpy(), v @ v.T, rtol=1e-12)
    half = np.where(np.tri(3) == 0, np.nan, s)
    both = least(np.stack([s, half])).numpy()
    np.testing.assert_allclose(both[0], v @ v.T, rtol=1e-12)
    np.testing.assert_allclose(both[1], v @ v.T, rtol=1e-12)


# -- losses ------------------------------------------------------------------------------------------

PAIRED: dict[str, Callable[[Any, Any], Any]] = {
    "binary_cross_entropy": lambda x, y: F.binary_cross_entropy(x, y),
    "bce_with_logits": lambda x, y: F.bce_with_logits(x, y),
    "mse_loss": F.mse_loss,
    "l1_loss": F.l1_loss,
    "huber_loss": F.huber_loss,
    "smooth_l1_loss": F.smooth_l1_loss,
    "kl_div": F.kl_div,
    "BCELoss": nn.BCELoss(),
    "BCEWithLogitsLoss": nn.BCEWithLogitsLoss(),
    "MSELoss": nn.MSELoss(),
    "HuberLoss": nn.HuberLoss(),
    "KLDivLoss": nn.KLDivLoss(),
}


@pytest.mark.parametrize("name", PAIRED)
def test_losses_refuse_shapes_that_broadcast(name: str) -> None:
    loss = PAIRED[name]
    for shapes, cure in {
        ((3, 1), (3,)): "squeeze the last axis of the predictions",
        ((3,), (3, 1)): "squeeze the last axis of the targets",
        ((1, 3), (3,)): "squeeze the first axis of the predictions",
        ((2, 3), (3, 2)): "transpose",
        ((3,), (1,)): "a target of its own",
    }.items():
        x, y = (np.full(shape, 0.5) for shape in shapes)
        with pytest.raises(ShapeError, match=cure) as caught:
            loss(mg.tensor(x, name="p", requires_grad=True), y)
        assert all(str(shape) in str(caught.value) for shape in shapes)
    for text in ("p: n 1", "y: n"), ("p: n", "y: n 1"):
        p, y = mg.symbols(*text)
        with pytest.raises(ShapeError, match=r"\(n, 1\).*squeeze the last axis|squeeze the last"):
            loss(p, y)
    assert np.isfinite(loss(mg.tensor([0.2, 0.4]), 0.5).item())


@pytest.mark.parametrize("name", ["binary_cross_entropy", "bce_with_logits", "mse_loss", "l1_loss"])
def test_weights_never_widen_a_loss(name: str) -> None:
    p = np.full(3, 0.5)
    with pytest.raises(ShapeError, match=r"weights \(3, 1\) do not broadcast"):
        getattr(F, name)(p, p, weight=np.ones((3, 1)))
    with pytest.raises(ShapeError, match="one for each of the 4 classes"):
        F.cross_entropy(np.ones((3, 4)), np.array([0, 1, 2]), weight=np.ones(3))


def test_weights_have_gradients() -> None:
    p, y, w = np.array([0.3, 0.6]), np.array([0.0, 1.0]), np.array([1.0, 2.0])
    g = mg.grad(lambda w: F.binary_cross_entropy(p, y, weight=w))(w)
    np.testing.assert_allclose(g.numpy(), -np.log([0.7, 0.6]) / 2)
    Z, w = (
        mg.tensor(x, name=n, requires_grad=True)
        for x, n in ((np.eye(3), "Z"), (p[0] + np.arange(3.0), "w"))
    )
    assert mg.check(F.cross_entropy(Z, np.array([0, 2, 1]), weight=w)).verdict == "pass"
    z = mg.tensor([0.3, -0.6, 1.0], name="z", requires_grad=True)
    loss = F.bce_with_logits(z, np.array([0.0, 1.0, 0.5]), weight=w, pos_weight=w * w)
    assert mg.check(loss).verdict == "pass"


NUMBERS_AMONG_VARIABLES = {
    "bce_with_logits(u, 0.5)": "(σ(u) − 1 / 2) / n",
    "bce_with_logits(0.5, u)": "(log(1 − σ(1 / 2)) − log(σ(1 / 2))) 𝟏 / n",
    "bce_with_logits(u, y, pos_weight=2)": "(σ(u) ⊙ (1 − y) − 2 (σ(−u) ⊙ y)) / n",
    "binary_cross_entropy(0.5, u)": "0",
    "mse_loss(1, u)": "2 (u − 1) / n",
    "l1_loss(u, 0)": "sign(u) / n",
    "kl_div(u, 0.5)": "−𝟏 / (2 n)",
    "sum(kron(u, 3))": "3 𝟏",
    "sum(outer(3, u))": "3 𝟏",
    "cross_entropy(u, 1)": "softmax(u) − e_c1",
}


@pytest.mark.parametrize("text", NUMBERS_AMONG_VARIABLES)
def test_a_number_in_place_of_a_tensor_is_derived_and_judged(text: str) -> None:
    """What a rule asks of its operands, a plain number has, too: in check as in a run."""
    names = {"u": "n"} | ({"y": "n"} if ", y" in text else {})
    loss = mg.parse(text, **names)
    assert str(mg.derive(loss, wrt="u")) == f"du = {NUMBERS_AMONG_VARIABLES[text]}"
    report = mg.check(loss, wrt="u", seed=1)
    assert report.verdict == "pass", report


@pytest.mark.parametrize("order", [0, 1, 2, 3])
def test_polygamma_left_of_the_axis(order: int) -> None:
    """At once however far left, in the engine, in values of formulas, at 50 digits and in source."""
    x = np.array([-0.3, -7.5, -99.3, -1234.56, 0.2, 30.0])
    expected = [float(mpmath.polygamma(order + 1, v)) for v in x]
    loss = mg.parse(f"sum(polygamma({order}, x))", x="n")
    formula = mg.derive(loss)["x"]
    space: dict[str, Any] = {}
    exec(str(formula.source()), space)
    engine = mg.grad(lambda x: mg.special.polygamma(order, x).sum())(x).numpy()
    for found in (engine, formula(x=x), space["gradient_x"](x)):
        np.testing.assert_allclose(found, expected, rtol=1e-9)  # SciPy's own sums cancel
    far = np.array([-1e12 + 0.25])
    assert np.isfinite(mg.special.polygamma(order, far).numpy()).all()
    values = {"x": np.array([DIGITS_50.number(far[0])])}
    exact = evaluate(formula.expr, values, {"n": 1}, DIGITS_50)
    np.testing.assert_allclose(formula(x=far), np.asarray(exact, float), rtol=1e-12)


def test_what_random_programs_have_met() -> None:
    formula = mg.derive(mg.parse("hypot(v, -inf)", v=""))["v"]
    with np.errstate(all="ignore"):
        assert formula(v=2.0) == 0 or np.isnan(formula(v=2.0))
    for name in ("sqrtm", "expm"):
        loss = mg.parse(f"sum({name}(K))", K="k k")
        assert mg.derive(loss)["K"]({"K": np.zeros((0, 0))}).shape == (0, 0)
    with pytest.raises(ArgumentError, match="the forward raised numpy boolean subtract"):
        mg.check(mg.parse("sum(ptp(y) * x)", y="k | bool", x="n"), wrt="x")


@pytest.mark.parametrize("x", [mg.ones(2), mg.symbols("x: n")], ids=["data", "symbol"])
def test_none_is_no_operand(x: mg.Tensor) -> None:
    for operation in (mg.add, mg.arctan2, mg.maximum):
        with pytest.raises(mg.errors.DtypeError, match="NoneType None .leave"):
            operation(x, None)
    assert mg.clip(x, None, 0.5).shape == x.shape  # a bound may lack
