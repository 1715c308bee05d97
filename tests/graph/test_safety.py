"""Values cannot change behind the graph's back; threads, copies and large graphs behave."""

from __future__ import annotations

import asyncio
import copy
import gc
import pickle
import threading
import weakref
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.errors import ArgumentError, ShapeError, StaleError
from minigrad.graph import Node
from minigrad.nn import functional as functional


def test_a_tensor_copies_what_it_is_given() -> None:
    data = np.ones(3)
    x = mg.tensor(data, requires_grad=True)
    data[:] = 7
    np.testing.assert_array_equal(x.numpy(), np.ones(3))


def test_an_array_that_enters_a_graph_is_copied() -> None:
    factor = np.full(3, 2.0)
    x = mg.tensor(np.ones(3), requires_grad=True)
    y = (x * factor).sum()
    factor[:] = 100
    y.backward()
    np.testing.assert_array_equal(x.grad.numpy(), [2, 2, 2])


@pytest.mark.parametrize("make", [lambda x: mg.reshape(x, (3, 1)), lambda x: mg.tensor(x).T])
def test_no_result_is_a_view_of_the_callers_array(make: Any) -> None:
    data = np.arange(3.0)
    y = make(data)
    data[:] = -1
    np.testing.assert_array_equal(np.ravel(y.numpy()), [0, 1, 2])


@pytest.mark.parametrize("view", ["numpy", "asarray", "grad"])
def test_views_are_read_only(view: str) -> None:
    x = mg.tensor(np.ones(3), name="x")
    w = mg.tensor(np.ones(3), requires_grad=True)
    (w * w).sum().backward()
    array = {"numpy": x.numpy, "asarray": lambda: np.asarray(x), "grad": w.grad.numpy}[view]()
    with pytest.raises(ValueError, match="read-only"):
        array[0] = 5


@pytest.mark.parametrize("hand_out", ["numpy", "asarray", "detach", "grad"])
def test_a_view_cannot_be_made_writeable(hand_out: str) -> None:
    w = mg.tensor(np.ones(3), requires_grad=True)
    (w * w).sum().backward()
    array = {
        "numpy": w.numpy,
        "asarray": lambda: np.asarray(w.detach()),
        "detach": lambda: w.detach().numpy(),
        "grad": w.grad.numpy,
    }[hand_out]()
    with pytest.raises(ValueError, match="WRITEABLE"):
        array.flags.writeable = True


def test_an_array_given_away_is_safe_from_whoever_holds_its_base() -> None:
    base = np.ones(4)
    w = mg.tensor(np.zeros(3), requires_grad=True)
    w.assign(base[:3], copy=False)
    base[:] = 7
    np.testing.assert_array_equal(w.numpy(), [1, 1, 1])


def _in_place(array: np.ndarray) -> np.ndarray:
    return np.multiply(array, 2, out=array)


OFFENDERS: dict[str, tuple[Any, Any]] = {
    "forward writes its argument": (lambda x: _in_place(x), lambda g, y, x: 2 * g),
    "VJP writes the cotangent": (lambda x: 2 * x, lambda g, y, x: _in_place(g)),
    "VJP writes the result": (lambda x: 2 * x, lambda g, y, x: _in_place(y)),
    "VJP writes the argument": (lambda x: 2 * x, lambda g, y, x: _in_place(x)),
}


@pytest.mark.parametrize("name", OFFENDERS)
def test_a_users_row_cannot_write_into_captured_arrays(name: str) -> None:
    forward, vjp = OFFENDERS[name]
    row = mg.elementwise("offender_of_a_test", forward, vjps=(vjp,))
    x = mg.tensor([1.0, 2.0], requires_grad=True)
    captured = x * x
    with pytest.raises(ArgumentError, match="offender_of_a_test.*compute into a new array"):
        (row(x) + captured).sum().backward()
    np.testing.assert_array_equal(x.numpy(), [1, 2])


def test_a_users_row_may_return_its_own_buffer_once() -> None:
    buffer = np.empty(2)
    row = mg.elementwise(
        "buffered_of_a_test",
        lambda x: np.multiply(x, 2, out=buffer),
        vjps=(lambda g, y, x: 2 * g,),
    )
    first = row(mg.tensor([1.0, 2.0]))
    with pytest.raises(ArgumentError, match="an earlier result"):
        row(mg.tensor([5.0, 6.0]))
    np.testing.assert_array_equal(first.numpy(), [2, 4])


def test_an_error_leaves_no_reference_cycle() -> None:
    gc.collect()
    gc.disable()
    try:
        try:
            _ = mg.tensor(np.ones((2, 3)), requires_grad=True) @ np.ones((2, 3))
        except ShapeError:
            left = gc.collect()
        assert left == 0
    finally:
        gc.enable()


def test_updating_a_leaf_leaves_captured_values_alone() -> None:
    x = mg.tensor([1.0, 2.0])
    w = mg.tensor([3.0, 4.0], requires_grad=True)
    y = (w * x).sum()
    x.assign([10.0, 20.0])
    with pytest.raises(StaleError):
        _ = (w.assign([0.0, 0.0]), y.backward())
    z = (w * x).sum()
    z.backward()
    np.testing.assert_array_equal(w.grad.numpy(), [10, 20])


def test_an_update_between_steps_is_fine() -> None:
    w = mg.tensor([1.0], requires_grad=True)
    for _ in range(3):
        (w * w).sum().backward()
        w.assign(w.numpy() - 0.1 * w.grad.numpy())
        w.grad = None
    assert w.item() == pytest.approx(0.8**3)


def test_setitem_keeps_earlier_uses() -> None:
    x = mg.tensor([1.0, 2.0, 3.0], requires_grad=True)
    y = x * x
    t = x * 1
    square = t * t
    t[1] = 10.0
    np.testing.assert_array_equal(square.numpy(), [1, 4, 9])
    np.testing.assert_array_equal(t.numpy(), [1, 10, 3])
    (y.sum() + square.sum() + (t * t).sum()).backward()
    np.testing.assert_array_equal(x.grad.numpy(), [6, 8, 18])


def test_setitem_on_a_leaf_keeps_its_gradient() -> None:
    x = mg.tensor([1.0, 2.0], requires_grad=True)
    x[0] = x[1] * 3
    (x * x).sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), [0, 2 * 2 + 2 * 6 * 3])


def test_setitem_inside_a_transform() -> None:
    def f(x: Any) -> Any:
        x[0] = x[1] * 5
        return (x * x).sum()

    np.testing.assert_array_equal(mg.grad(f)(np.array([1.0, 2.0])).numpy(), [0, 4 + 100])


def test_setitem_without_gradient_updates_the_leaf() -> None:
    w = mg.tensor([1.0, 2.0], requires_grad=True)
    with mg.no_grad():
        w[0] = 5.0
    assert w.requires_grad
    (w * w).sum().backward()
    np.testing.assert_array_equal(w.grad.numpy(), [10, 4])


def test_augmented_assignment_makes_a_new_tensor() -> None:
    x = mg.tensor([1.0], requires_grad=True)
    y = x
    y += 1
    assert y is not x
    assert x.item() == 1


def _train(seed: int) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(20, 4)), rng.normal(size=20)
    w = mg.tensor(rng.normal(size=4), requires_grad=True)
    for _ in range(30):
        with mg.scope(f"thread{seed}"):
            loss = functional.mse_loss(mg.tanh(x @ w), y)
        loss.backward()
        assert loss._node is not None
        assert loss._node.scope.startswith(f"thread{seed}")
        w.assign(w.numpy() - 0.1 * w.grad.numpy())
        w.grad = None
        with mg.no_grad():
            assert not (w * 2).requires_grad
    return [w.numpy()]


def test_eight_threads_get_the_numbers_of_one() -> None:
    alone = [_train(seed) for seed in range(8)]
    together: list[Any] = [None] * 8
    failures: list[BaseException] = []

    def run(seed: int) -> None:
        try:
            together[seed] = _train(seed)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    for a, b in zip(alone, together, strict=True):
        np.testing.assert_array_equal(a, b)


def test_tasks_do_not_share_state() -> None:
    async def paused(entered: asyncio.Event, leave: asyncio.Event) -> None:
        with mg.no_grad():
            entered.set()
            await leave.wait()

    async def both() -> bool:
        entered, leave = asyncio.Event(), asyncio.Event()
        other = asyncio.create_task(paused(entered, leave))
        await entered.wait()
        tracked = (mg.tensor([1.0], requires_grad=True) * 2).requires_grad
        leave.set()
        await other
        return tracked

    assert asyncio.run(both())


@pytest.mark.parametrize(
    "clone", [copy.copy, copy.deepcopy, lambda t: pickle.loads(pickle.dumps(t))]
)
def test_copies_are_leaves_of_their_own(clone: Any) -> None:
    w = mg.tensor([[1.0, 2.0]], name="W", dims="n d", requires_grad=True, assume="positive")
    twin = clone(w)
    assert (twin.name, twin.dims, twin.requires_grad) == ("W", ("n", "d"), True)
    assert twin._node.assume == {"positive"}
    w.assign([[5.0, 6.0]])
    np.testing.assert_array_equal(twin.numpy(), [[1, 2]])
    result = clone((w * 2).named("y"))
    assert result.name == "y"
    assert not result.requires_grad


def test_a_dim_survives_pickling() -> None:
    dim = mg.tensor(np.ones((2, 3)), dims="n d").shape[1]
    twin = pickle.loads(pickle.dumps(dim))
    assert (twin, twin.name) == (3, "d")


def test_a_chain_of_a_hundred_thousand_steps() -> None:
    x = mg.tensor(1.0, requires_grad=True)
    y = x
    for _ in range(100_000):
        y = y * 1.00001
    y.backward()
    assert x.grad.item() == pytest.approx(1.00001**100_000)
    (g,) = mg.gradients(_chain(x, 100_000), [x], create_graph=True)
    assert g.item() == pytest.approx(1.00001**100_000)
    del y, g
    gc.collect()


def _chain(x: Any, length: int) -> Any:
    for _ in range(length):
        x = x * 1.00001
    return x


def test_ten_thousand_inputs_to_one_node() -> None:
    parts = [mg.tensor([float(i)], requires_grad=True) for i in range(10_000)]
    (mg.concatenate(parts) * np.arange(10_000.0)).sum().backward()
    assert [part.grad.item() for part in parts[:3]] == [0, 1, 2]
    assert parts[-1].grad.item() == 9_999


def test_ten_thousand_uses_of_one_tensor() -> None:
    x = mg.tensor(2.0, requires_grad=True)
    total = mg.stack([x] * 10_000).sum()
    total.backward()
    assert x.grad.item() == 10_000


def test_a_graph_has_no_reference_cycle() -> None:
    gc.collect()
    gc.disable()
    try:
        w = mg.tensor(np.ones((3, 3)), requires_grad=True)
        y = functional.softmax(w @ w).sum(axis=0).named("y")
        loss = (y * y).sum()
        loss.backward()
        (g,) = mg.gradients((w * w * w).sum(), [w], create_graph=True)
        (g * g).sum().backward()
        watch = [weakref.ref(t._node) for t in (y, loss, g)]
        del y, loss, g
        assert [ref() for ref in watch] == [None] * 3
    finally:
        gc.enable()


def test_backward_releases_arrays_as_it_goes() -> None:
    x = mg.tensor(np.ones(4), requires_grad=True)
    y = mg.exp(mg.sin(x))
    middle = weakref.ref(y._node.inputs[0])
    saved = weakref.ref(y._node.saved[0])
    loss = y.sum()
    del y
    loss.backward()
    assert saved() is None
    node = middle()
    assert isinstance(node, Node)
    assert node.saved is None
    assert node.op.name == "sin"


def test_structure_survives_backward() -> None:
    x = mg.tensor(np.ones((2, 3)), name="x", requires_grad=True)
    loss = mg.exp(x).sum()
    loss.backward()
    node = loss._node
    assert (node.op.name, node.inputs[0].op.name, node.inputs[0].inputs[0].name) == (
        "sum",
        "exp",
        "x",
    )
    assert node.inputs[0].shape == (2, 3)


def test_retained_arrays_allow_a_second_backward() -> None:
    x = mg.tensor([3.0], requires_grad=True)
    loss = (x * x).sum()
    loss.backward(retain_saved=True)
    loss.backward()
    assert x.grad.item() == 12


def test_a_failed_backward_leaves_gradients_alone() -> None:
    def broken(g: Any, y: Any, x: Any) -> Any:
        raise RuntimeError("broken")

    faulty = mg.elementwise("faulty_for_a_test", np.exp, vjps=(broken,))
    x = mg.tensor([1.0], requires_grad=True)
    w = mg.tensor([2.0], requires_grad=True)
    loss = (faulty(x) * w).sum()
    with pytest.raises(RuntimeError, match="broken"):
        loss.backward()
    assert x.grad is None
    assert w.grad is None
