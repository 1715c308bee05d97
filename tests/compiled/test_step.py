"""What a step takes, what it returns, and who may call it when."""

from __future__ import annotations

import sys
import threading
import warnings
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.errors import (
    ArgumentError,
    DtypeError,
    MinigradError,
    MissingPackageError,
    ShapeError,
    UndefinedError,
)

F = mg.nn.functional
RNG = np.random.default_rng(3)
ARRAYS = {"X": RNG.normal(size=(6, 4)), "W": RNG.normal(size=(4, 3)), "y": RNG.normal(size=(6, 3))}


def loss_of(X: Any, W: Any, y: Any) -> Any:
    return mg.mean((mg.tanh(X @ W) - y) ** 2)


def symbolic() -> Any:
    return loss_of(*mg.symbols("X: n d", "W: d k", "y: n k"))


def expected(wrt: str, **arrays: Any) -> Any:
    return mg.grad(lambda x: loss_of(**{**arrays, wrt: x}))(arrays[wrt]).numpy()


def test_value_and_gradients_by_name() -> None:
    step = mg.compile(symbolic(), wrt=["W", "X"])
    value, gradients = step(**ARRAYS)
    assert list(gradients) == ["W", "X"]
    np.testing.assert_allclose(value, loss_of(**ARRAYS).item())
    for name in gradients:
        np.testing.assert_allclose(gradients[name], expected(name, **ARRAYS))


def test_a_function_is_traced_for_the_shapes_of_each_call() -> None:
    traces = []

    def loss(X: Any, W: Any, y: Any) -> Any:
        traces.append(X.shape)
        return loss_of(X, W, y)

    step = mg.compile(loss, wrt="W")
    with pytest.raises(ArgumentError, match="known when it has been called"):
        _ = step.source
    for n in (6, 5, 6):
        arrays = {"X": ARRAYS["X"][:n], "W": ARRAYS["W"], "y": ARRAYS["y"][:n]}
        _, gradients = step(**arrays)
        np.testing.assert_allclose(gradients["W"], expected("W", **arrays))
    assert [shape[0] for shape in traces] == [6, 5]


def test_a_function_of_a_model_has_the_gradients_of_its_parameters() -> None:
    layer = mg.nn.Linear(4, 3, rng=0)

    def loss(X: Any, y: Any, unused: Any = None, slope: Any = 2.0) -> Any:
        return mg.mean((slope * layer(X) - y) ** 2)

    step = mg.compile(loss)
    own = dict(layer.named_parameters())
    given = {name: p.numpy() for name, p in own.items()}
    loss(ARRAYS["X"], ARRAYS["y"]).backward()
    for more in ({}, {"unused": np.ones(2)}, {"slope": np.array(2.0)}):
        _, gradients = step(X=ARRAYS["X"], y=ARRAYS["y"], **given, **more)
        assert gradients.keys() == own.keys()
        for name, g in gradients.items():
            np.testing.assert_allclose(g, own[name].grad.numpy())
    with pytest.raises(ArgumentError, match="no array is given for"):
        step(X=ARRAYS["X"], y=ARRAYS["y"])


def test_a_function_may_not_look_at_numbers() -> None:
    step = mg.compile(lambda x: mg.sum(x if x[0] > 0 else -x))
    with pytest.raises(MinigradError):
        step(x=np.ones(3))


def test_all_sizes_by_one_step() -> None:
    step = mg.compile(symbolic(), wrt="W")
    for n, d, k in ((1, 1, 1), (2, 5, 1), (9, 1, 4), (6, 4, 3)):
        arrays = {"X": np.ones((n, d)), "W": np.full((d, k), 0.1), "y": np.zeros((n, k))}
        _, gradients = step(**arrays)
        np.testing.assert_allclose(gradients["W"], expected("W", **arrays))


def test_results_are_the_callers() -> None:
    """The next call writes into none of what the last one returned, nor into what was given."""
    X, W = mg.symbols("X: n n", "W: n n")
    losses = [mg.sum(mg.exp(X @ W)), mg.sum(X * W), mg.sum(X) + mg.sum(W), mg.trace(X @ W.T)]
    given = {"X": RNG.normal(size=(3, 3)), "W": RNG.normal(size=(3, 3))}
    for loss in losses:
        step = mg.compile(loss, wrt=["X", "W"])
        _, first = step(**given)
        copies = {name: g.copy() for name, g in first.items()}
        arrays = [*first.values(), *given.values()]
        for k, a in enumerate(arrays):
            assert all(not np.may_share_memory(a, b) for b in arrays[k + 1 :])
        before = {name: a.copy() for name, a in given.items()}
        for g in first.values():
            assert g.flags.writeable
        step(X=given["X"] + 1, W=given["W"] - 1)
        for name, g in first.items():
            np.testing.assert_array_equal(g, copies[name])
            np.testing.assert_array_equal(given[name], before[name])


def test_two_threads_have_buffers_of_their_own() -> None:
    n = 40
    X, W, v = mg.symbols("X: n n", "W: n n", "v: n")
    step = mg.compile(mg.sum(F.softmax(mg.tanh(X @ W) @ X.T, axis=1) @ v), wrt=["X", "W"])
    inputs = [{"X": RNG.normal(size=(n, n)), "W": RNG.normal(size=(n, n)), "v": RNG.normal(size=n)}
              for _ in range(2)]  # fmt: skip
    right = [step(**each)[1] for each in inputs]
    wrong: list[str] = []
    start = threading.Barrier(2)

    def work(k: int) -> None:
        start.wait()
        for _ in range(200):
            _, found = step(**inputs[k])
            wrong.extend(name for name in found if not np.array_equal(found[name], right[k][name]))

    threads = [threading.Thread(target=work, args=(k,)) for k in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"W": None}, ArgumentError, "no array is given for W; it takes X=, W=, y="),
        ({"w": ARRAYS["W"]}, ArgumentError, "nothing is called 'w'; did you mean W"),
        ({"W": ARRAYS["W"][0]}, ShapeError, "W: the formula needs 2 axes"),
        ({"W": ARRAYS["W"].T}, ShapeError, "dim 'd' is 3 here and 4 in another array"),
    ],
)
def test_wrong_arguments(change: dict[str, Any], error: type[Exception], words: str) -> None:
    arrays = {n: a for n, a in {**ARRAYS, **change}.items() if a is not None}
    step = mg.compile(symbolic(), wrt="W")
    for _ in range(2):  # before and after a call that was right
        with pytest.raises(error, match=words):
            step(**arrays)
        step(**ARRAYS)


def test_arrays_in_a_mapping() -> None:
    step = mg.compile(symbolic(), wrt="W")
    value, _ = step(ARRAYS)
    assert step({"X": ARRAYS["X"], "y": ARRAYS["y"]}, W=ARRAYS["W"])[0] == value == step(**ARRAYS)[0]
    with pytest.raises(ArgumentError, match=r"a step's values are given by name, step\(x=array\)"):
        step(ARRAYS["X"])
    own = mg.symbols("self: n")
    assert mg.compile(mg.sum(own**2))(self=np.ones(3))[0] == 3
    with pytest.raises(DtypeError, match="X has elements of type complex128; pass real numbers"):
        step({**ARRAYS, "X": ARRAYS["X"] + 1j})


X = ARRAYS["X"]
NO_NUMBERS = {
    "complex": X + 1j,
    "objects": X.astype(object),
    "text": X.astype(str),
    "dates": X.astype(int).astype("datetime64[s]"),
    "fields": np.zeros(X.shape, [("float", float)]),
    "rows of different length": [[1.0], [1.0, 2.0]],
    "masked": np.ma.array(X, mask=X > 0),
}
NUMBERS = {
    "list": X.tolist(),
    "matrix": X.view(np.matrix),
    "other bytes": X.astype(X.dtype.newbyteorder()),
    "turned": X[::-1, ::-1].copy()[::-1, ::-1],
    "read-only": np.frombuffer(X.tobytes()).reshape(X.shape),
    "tensor": mg.tensor(X),
}
TARGETS = ["numpy", pytest.param("jax", marks=pytest.mark.long("part")), "torch"]


def compiled_for(target: str) -> Any:
    if target != "numpy":
        pytest.importorskip(target)
    return mg.compile(symbolic(), wrt="W", target=target)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("what", NO_NUMBERS)
def test_what_is_no_real_number(target: str, what: str) -> None:
    step = compiled_for(target)
    for _ in range(2):
        with pytest.raises(DtypeError, match="X"):
            step(**{**ARRAYS, "X": NO_NUMBERS[what]})


@pytest.mark.parametrize("target", TARGETS)
def test_arrays_of_every_make(target: str) -> None:
    step = compiled_for(target)
    right = expected("W", **ARRAYS)
    for what, given in NUMBERS.items():
        _, gradients = step(**{**ARRAYS, "X": given})
        np.testing.assert_allclose(np.asarray(gradients["W"]), right, rtol=1e-6, err_msg=what)
    whole = {n: np.round(a) for n, a in ARRAYS.items()}
    for kind in (int, np.uint8, bool):
        y = np.abs(whole["y"]).astype(kind)
        _, gradients = step(**{**whole, "y": y})
        right = expected("W", **{**whole, "y": y.astype(float)})
        np.testing.assert_allclose(np.asarray(gradients["W"]), right, atol=1e-12, err_msg=str(kind))


@pytest.mark.parametrize("target", TARGETS)
def test_places_and_truths_stay_what_they_are(target: str) -> None:
    if target != "numpy":
        pytest.importorskip(target)
    E, t, b = mg.symbols("E: v d", "t: n | index", "b: n | bool")
    step = mg.compile(mg.sum(mg.where(b, mg.sum(mg.take(E, t, axis=0), axis=1), 0.0)), target=target, wrt="E")
    table, truths = np.ones((2, 3)), np.array([True, False])
    for kind in (int, np.uint8, np.int32, float, bool):
        for true in (truths, truths.astype(int), truths.astype(float)):
            _, gradients = step(E=table, t=np.array([1, 0]).astype(kind), b=true)
            assert np.asarray(gradients["E"]).tolist() == [[0, 0, 0], [1, 1, 1]]
    for bad in ({"t": np.array([0.5, 1])}, {"b": np.array([0.5, 1])}, {"b": np.array([2, 1])}):
        with pytest.raises(DtypeError, match="elements of its array are not"):
            step(**{"E": table, "t": np.array([0, 1]), "b": truths, **bad})
    if target != "jax":
        with pytest.raises(UndefinedError, match="a place is read that"):
            step(E=table, t=np.array([0, 2]), b=truths)


@pytest.mark.parametrize("target", TARGETS)
def test_a_dim_that_no_array_has_is_a_number(target: str) -> None:
    if target != "numpy":
        pytest.importorskip(target)
    step = mg.compile(mg.parse("sum(ones((q, n)) * x) / n", x="n", Z="q"), wrt="x", target=target)
    assert "def " in step.source  # before any call
    x = np.ones(2)
    for q in (3, np.int64(5), 3, np.array(4)):
        value, gradients = step(x=x, q=q)
        assert float(value) == int(q)
        assert np.asarray(gradients["x"]).tolist() == [int(q) / 2] * 2
    for bad, error in ((2.5, ArgumentError), (-1, ArgumentError), ("a", ArgumentError)):
        with pytest.raises(error, match="q"):
            step(x=x, q=bad)
    with pytest.raises(ShapeError, match="'n' is 2 here and 7"):
        step(x=x, q=3, n=7)
    with pytest.raises(ArgumentError, match="by name, step\\(x=..."):
        step(x, 3)


def test_parameters_of_a_function() -> None:
    x = np.ones(2)
    value, _ = mg.compile(lambda x, k=2.0, unread=None: mg.sum(x * k))(x=x)
    assert value == 4
    value, gradients = mg.compile(lambda x, z: mg.sum(x), wrt="x")(x=x, z=x)
    assert (value, list(gradients)) == (2, ["x"])
    for function in (lambda *x: mg.sum(x[0]), lambda x, /: mg.sum(x), lambda **x: mg.sum(x["x"]), print):
        with pytest.raises(ArgumentError, match="names each of its arguments|what its parameters are"):
            mg.compile(function)
    for dtype in ("foo", complex, int):
        with pytest.raises(DtypeError):
            mg.compile(lambda x: mg.sum(x), dtype=dtype)


def test_what_cannot_be_compiled() -> None:
    X, W = mg.symbols("X: n d", "W: d k")
    with pytest.raises(ArgumentError, match="the output has shape .*take its mean or sum.*cotangent="):
        mg.compile(X @ W, wrt="W")
    with pytest.raises(ArgumentError, match="'nunpy' is no target, .* did you mean 'numpy'"):
        mg.compile(mg.sum(X), target="nunpy")
    with pytest.raises(DtypeError, match="dtype=int64"):
        mg.compile(mg.sum(X), dtype=int)


def test_the_type_of_the_elements() -> None:
    step = mg.compile(symbolic(), wrt="W")
    single = {n: a.astype(np.float32) for n, a in ARRAYS.items()}
    for arrays, dtype in ((ARRAYS, "float64"), (single, "float32")):
        value, gradients = step(**arrays)
        assert value.dtype == gradients["W"].dtype == dtype
    value, gradients = mg.compile(symbolic(), wrt="W", dtype="float32")(**ARRAYS)
    assert value.dtype == gradients["W"].dtype == "float32"
    step(X=[[1, 2]], W=mg.tensor([[1], [2]]), y=[[1]])  # lists, tensors and whole numbers too


@pytest.mark.parametrize("target", ["jax", "torch"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_other_targets(target: str, dtype: str) -> None:
    """In arrays of the library's own, in the type of what is given, and with no name but ours in the text."""
    library = pytest.importorskip(target)
    step = mg.compile(symbolic(), wrt=["W", "X"], target=target)
    arrays = {name: a.astype(dtype) for name, a in ARRAYS.items()}
    value, gradients = step(**arrays)
    assert isinstance(value, library.Array if target == "jax" else library.Tensor)
    assert list(gradients) == ["W", "X"]
    limit = 1e-5 if dtype == "float32" else 1e-12
    for name, g in gradients.items():
        assert str(g.dtype).endswith(dtype)
        np.testing.assert_allclose(np.asarray(g), expected(name, **ARRAYS), rtol=limit, atol=limit)
    again, _ = step(**{"X": gradients["X"], "W": gradients["W"], "y": arrays["y"]})
    assert type(again) is type(value)
    with pytest.raises(ShapeError):
        step(**{**arrays, "W": gradients["X"]})


def test_pytorch_is_given_no_array_that_may_not_be_written_to() -> None:
    pytest.importorskip("torch")
    data = mg.tensor(np.arange(100.0).reshape(10, 10) / 100)  # too large to be written out
    w = mg.symbols("w: 10")
    locked = np.ones(10)
    locked.flags.writeable = False
    step = mg.compile(mg.sum(mg.tanh(data @ w)), target="torch")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        _, gradients = step(w=locked)
    assert gradients["w"].shape == (10,)


@pytest.mark.parametrize("target", ["jax", "torch"])
def test_a_missing_package_says_how_to_install_it(
    target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, target, None)
    step = mg.compile(symbolic(), wrt="W", target=target)
    assert f"import {target}" in step.source
    with pytest.raises(MissingPackageError, match=rf'pip install "minigrad\[{target}\]"'):
        step(**ARRAYS)


def test_a_tensor_with_the_gradient_that_arrives_at_it() -> None:
    X, W = mg.symbols("X: n d", "W: d k")
    step = mg.compile(mg.tanh(X @ W).named("O"), wrt=["X", "W"], cotangent="dO")
    arrays = {"X": ARRAYS["X"], "W": ARRAYS["W"]}
    value, gradients = step(**arrays, dO=ARRAYS["y"])
    output, pullback = mg.vjp(lambda X, W: mg.tanh(X @ W), *arrays.values())
    np.testing.assert_allclose(value, output.numpy())
    for found, right in zip(gradients.values(), pullback(ARRAYS["y"]), strict=True):
        np.testing.assert_allclose(found, right.numpy())


def test_the_source_alone_does_what_the_step_does() -> None:
    step = mg.compile(symbolic(), wrt=["W", "X"])
    assert "def step(X, W, y):" in step.source  # before any call, for usual sizes
    value, gradients = step(**ARRAYS)
    scope: dict[str, Any] = {}
    exec(step.source, scope)
    alone, by_name = scope["prepare"](np.dtype(float))(*ARRAYS.values())
    assert alone == value
    for name in gradients:
        np.testing.assert_array_equal(by_name[name], gradients[name])


def test_arrays_without_a_name_are_part_of_the_step() -> None:
    data = mg.tensor(np.arange(100.0).reshape(10, 10) / 100)  # too large to be written out
    small = mg.tensor(np.array([1.0, 2.0, 3.5]))
    w = mg.tensor(np.ones((10, 3)), name="w", requires_grad=True)
    loss = mg.sum(mg.tanh(data @ w) * small)
    step = mg.compile(loss)
    value, gradients = step(w=np.ones((10, 3)))
    loss.backward()
    np.testing.assert_allclose(value, loss.item())
    np.testing.assert_allclose(gradients["w"], w.grad.numpy())
    value, gradients = step(w=np.ones((10, 3), np.float32))
    assert gradients["w"].dtype == "float32"


def test_axes_of_length_one_and_numbers() -> None:
    X, b, s = mg.symbols("X: n d", "b: n 1", "s:")
    step = mg.compile(mg.sum((X * b - s) ** 2), wrt=["b", "s"])
    arrays = {"X": RNG.normal(size=(4, 3)), "b": RNG.normal(size=(4, 1)), "s": 0.5}
    _, gradients = step(**arrays)
    rest = arrays["X"] * arrays["b"] - 0.5
    np.testing.assert_allclose(gradients["b"], 2 * np.sum(rest * arrays["X"], 1, keepdims=True))
    np.testing.assert_allclose(gradients["s"], -2 * np.sum(rest))


@pytest.mark.parametrize(
    "loss",
    [
        lambda x, z: mg.std(mg.outer(x, z), axis=0)[0],
        lambda x, z: F.softmax(mg.outer(z, x), axis=0)[1, -1],
        lambda x, z: mg.exp(mg.outer(x, z))[1, 1] * mg.sum(mg.outer(x, x)) + mg.sum(x**3),
        lambda x, z: (mg.triu(mg.tanh(mg.outer(x, x)), 1) + z[0] * x)[1, -1],
    ],
)
def test_one_element_is_read_before_its_buffer_is_used_again(loss: Any) -> None:
    x, z = (RNG.uniform(0.5, 2.0, size=n) for n in (3, 2))
    value, gradients = mg.compile(loss)(x=x, z=z)
    np.testing.assert_allclose(value, loss(mg.tensor(x), mg.tensor(z)).item())
    right = {"x": mg.grad(lambda a: loss(a, mg.tensor(z)))(x), "z": mg.grad(lambda a: loss(mg.tensor(x), a))(z)}
    for name, found in gradients.items():
        np.testing.assert_allclose(found, right[name].numpy())


def test_a_function_takes_arrays_in_its_own_order_and_keeps_its_defaults() -> None:
    step = mg.compile(lambda x, w, power=2, shift=None: mg.sum((x @ w) ** power) + (0 if shift is None else mg.sum(shift)))
    x, w = np.eye(2), np.array([1.0, 3.0])
    for value, gradients in (step(x, w), step(x, w=w), step({"x": x, "w": w})):
        assert value == 10
        np.testing.assert_array_equal(gradients["w"], 2 * w)
    assert [*step(x, w, shift=w)[1]] == ["x", "w", "shift"]


WRONG_CALLS: list[tuple[Any, tuple[Any, ...], dict[str, Any], type[Exception], str]] = [
    (lambda *arrays: mg.sum(arrays[0]), (), {}, ArgumentError, r"compile: the function takes \*arrays"),
    (lambda x: mg.sum(x), (np.ones(2), np.ones(2)), {}, ArgumentError, "step: takes x, and got 2 arrays"),
    (lambda x, y: mg.sum(x * y), (np.ones(2),), {"x": np.ones(2)}, ArgumentError, "x is given twice"),
    (mg.parse("sum(x * y)", x="n", y="n"), (np.ones(2), np.ones(2)), {}, ArgumentError, "arrays are given by name"),
    (mg.parse("sum(x)", x="n"), (np.ones(2),), {}, ArgumentError, "a step's values are given by name"),
]


@pytest.mark.parametrize(("output", "given", "named", "error", "words"), WRONG_CALLS)
def test_arrays_that_no_argument_takes_are_refused_in_words(
    output: Any, given: Any, named: Any, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        mg.compile(output)(*given, **named)


def test_a_type_that_does_not_exist_is_refused_in_words() -> None:
    with pytest.raises(DtypeError, match="'flaot32' is no type that NumPy knows; did you mean 'float32'"):
        mg.compile(mg.parse("sum(x)", x="n"), dtype="flaot32")


def test_windows_need_no_array_of_places() -> None:
    x = mg.tensor(np.random.default_rng(0).normal(size=(2, 64, 64)), name="X", requires_grad=True)
    loss = mg.sum(mg.nn.functional.max_pool2d(x, 5, 3) ** 2)
    value, found = mg.compile(loss, wrt=["X"])(X=x.numpy())
    loss.backward()
    np.testing.assert_allclose(value, loss.item(), rtol=1e-12)
    np.testing.assert_allclose(found["X"], x.grad.numpy(), rtol=1e-12)


def test_even_places_are_no_array_that_the_step_reads() -> None:
    x = mg.tensor(np.arange(300.0), name="x", requires_grad=True)
    step = mg.compile(mg.sum(x[np.arange(250)] ** 2), wrt=["x"])
    np.testing.assert_array_equal(step(x=x.numpy())[1]["x"], np.where(np.arange(300) < 250, 2 * np.arange(300.0), 0))
