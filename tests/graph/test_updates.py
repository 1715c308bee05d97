"""What people do to leaves: update them in place, read their gradients, stop and go on recording."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.errors import (
    DtypeError,
    GradientError,
    GradientWarning,
    KindError,
    ShapeError,
    StaleError,
    SymbolicError,
)


def _w(**facts: Any) -> Any:
    return mg.tensor([1.0, 2.0, 3.0], requires_grad=True, **facts)


def _tracked() -> bool:
    return bool((_w() * 2).requires_grad)


# -- updates ---------------------------------------------------------------------------------------


def test_the_update_that_everybody_writes() -> None:
    w = _w(name="w")
    leaf = w
    for _ in range(2):
        (w * w).sum().backward()
        with mg.no_grad():
            w -= 0.25 * w.grad
        w.grad = None
    assert w is leaf
    np.testing.assert_array_equal(w.numpy(), [0.25, 0.5, 0.75])
    assert (w.name, w.requires_grad, w.is_leaf) == ("w", True, True)


def test_parameters_of_a_model_are_updated_wherever_they_are_held() -> None:
    first, second = mg.nn.Linear(3, 1), mg.nn.Linear(3, 1)
    second.W = first.W
    (first(np.ones((2, 3))) * second(np.ones((2, 3)))).sum().backward()
    moved = [p.numpy() - p.grad.numpy() for p in first.parameters()]
    with mg.no_grad():
        for p in first.parameters():
            p -= p.grad
    assert second.W is first.W
    for p, value in zip(first.parameters(), moved, strict=True):
        np.testing.assert_array_equal(p.numpy(), value)


def test_a_parameter_is_not_lost_to_a_result() -> None:
    model = mg.nn.Linear(3, 1)
    model(np.ones((2, 3))).sum().backward()
    with pytest.raises(GradientError, match=r"with mg.no_grad\(\): module.W -= \.\.\."):
        model.W -= model.W.grad
    assert len(model.parameters()) == 2
    with mg.no_grad():
        model.W -= model.W.grad
    assert len(model.parameters()) == 2


def test_a_memory_that_a_loop_holds_is_updated() -> None:
    speeds = [mg.tensor(np.ones(2)), mg.tensor(np.ones(3))]
    with mg.no_grad():
        for v in speeds:
            v *= 0.5
            v += 1
    assert [v.tolist() for v in speeds] == [[1.5, 1.5], [1.5, 1.5, 1.5]]


def _change(sign: str, value: Any) -> Any:
    names = {"w": mg.tensor([[1.0, 2.0], [3.0, 5.0]], requires_grad=True), "v": value}
    with mg.no_grad():
        exec(f"w {sign} v", names)
    return names["w"]


@pytest.mark.parametrize("sign", ["+=", "-=", "*=", "/=", "**=", "@=", "%=", "//="])
def test_every_sign_changes_a_leaf_as_numpy_does(sign: str) -> None:
    value = np.array([[2.0, 3.0], [1.0, 2.0]])
    names = {"w": np.array([[1.0, 2.0], [3.0, 5.0]]), "v": value}
    exec(f"w {sign} v", names)
    changed = _change(sign, value)
    np.testing.assert_allclose(changed.numpy(), names["w"], rtol=1e-14)
    assert changed.requires_grad


def _swept(sweep: Callable[[Any, Any], Any]) -> Callable[[], None]:
    def run() -> None:
        w = _w()
        y = (w * w).sum()
        with mg.no_grad():
            w += 1
        sweep(y, w)

    return run


def _backward_of_a_retained() -> None:
    w = _w()
    h = w * w
    h.retain_grad()
    y = (h * w).sum()
    with mg.no_grad():
        w += 1
    y.backward()


def _in(w: Any, v: Any = 1) -> Callable[[], None]:
    def run() -> None:
        x = w
        with mg.no_grad():
            x += v

    return run


def _traced() -> None:
    w = _w()

    def f(x: Any) -> Any:
        v = w
        with mg.no_grad():
            v -= x
        return (x * v).sum()

    mg.compile(f)(x=np.ones(3))


WRITE = r"write a = a \+ b"
REFUSED: dict[str, tuple[Callable[[], None], type[Exception], str]] = {
    "old value wanted": (_swept(lambda y, w: y.backward()), StaleError, "before the update"),
    "wanted by gradients": (_swept(lambda y, w: mg.gradients(y, w)), StaleError, "before the update"),
    "wanted, h retained": (_backward_of_a_retained, StaleError, "before the update"),
    "a result": (_in(_w() * 2), GradientError, WRITE),
    "a view": (_in(_w()[:2]), GradientError, WRITE),
    "whole numbers": (_in(mg.tensor([1, 2]), 0.5), DtypeError, WRITE),
    "another shape": (_in(_w(), np.ones((2, 3))), ShapeError, WRITE),
    "no value": (_in(mg.symbols("x: n")), SymbolicError, WRITE),
    "in what is compiled": (_traced, SymbolicError, "symbolic"),
    "truths": (lambda: _change("&=", 1), DtypeError, "write a = a & b"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_changed_in_place_says_what_to_write(case: str) -> None:
    run, error, message = REFUSED[case]
    with pytest.raises(error, match=message):
        run()


def test_a_compiled_step_takes_what_it_is_given() -> None:
    w = _w(name="w")
    step = mg.compile((w * w).sum())
    with mg.no_grad():
        w -= 1
    assert step(w=w.numpy())[0] == 5


def test_an_update_keeps_the_dtype_and_what_was_handed_out() -> None:
    w = mg.tensor([1.0, 2.0], dtype=np.float32, requires_grad=True)
    seen, apart = w.numpy(), w.detach()
    with mg.no_grad():
        w += np.array([0.5, 0.5])
    assert w.dtype == np.float32
    assert [seen.tolist(), apart.tolist(), w.tolist()] == [[1, 2], [1, 2], [1.5, 2.5]]


def test_part_of_a_leaf_is_updated() -> None:
    w = _w()
    with mg.no_grad():
        w[:2] += 1
    assert w.tolist() == [2, 3, 3]
    assert w.is_leaf
    assert w.requires_grad


# -- gradients -------------------------------------------------------------------------------------


def test_the_gradient_of_a_result_is_asked_for_in_words() -> None:
    a = _w()
    a += 1
    (a * a).sum().backward()
    with pytest.warns(GradientWarning, match=r"add and keeps no gradient.*retain_grad.*no_grad"):
        assert a.grad is None


def test_a_result_keeps_its_gradient_where_asked() -> None:
    w = _w()
    b = w * 2
    c = b * b
    b.retain_grad()
    w.retain_grad()
    assert b.grad is None
    loss = c.sum()
    loss.retain_grad()
    loss.backward(retain_graph=True)
    loss.backward()
    np.testing.assert_array_equal(b.grad.numpy(), 2 * 2 * b.numpy())
    np.testing.assert_array_equal(w.grad.numpy(), 2 * 8 * w.numpy())
    assert loss.grad.item() == 2
    with pytest.raises(GradientError, match="requires_grad=True"):
        mg.tensor([1.0]).retain_grad()


def test_what_is_forgotten_retains_nothing() -> None:
    from minigrad.graph.leaves import RETAINED

    b = _w() * 2
    b.retain_grad()
    number = b._node.id
    assert number in RETAINED
    del b
    assert number not in RETAINED


def test_a_leaf_can_be_freed_and_frozen() -> None:
    size = 20_000  # Of large arrays only what a rule will read is kept.
    x, v = mg.tensor(np.full(size, 3.0), name="x"), mg.tensor(np.full(size, 2.0), requires_grad=True)
    before = (x * v).sum()
    assert x.requires_grad_() is x
    before.backward()
    assert x.grad is None
    assert v.grad.numpy()[0] == 3
    after = (x * v).sum()
    after.backward(retain_graph=True)
    assert x.grad.numpy()[0] == 2
    x.requires_grad = False
    assert x.grad.numpy()[0] == 2
    assert x.name == "x"
    assert not (x * 2).requires_grad
    x.assign(x.numpy() * 2)
    with pytest.raises(StaleError):
        after.backward()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: (_w() * 2).requires_grad_(False), GradientError, r"\.detach\(\)"),
        (lambda: mg.tensor([1]).requires_grad_(), DtypeError, r"\.astype\(float\)"),
        (lambda: mg.symbols("x: n").requires_grad_(), SymbolicError, "minigrad.derive"),
    ],
)
def test_what_cannot_require_a_gradient_says_so(
    call: Callable[[], Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        call()


def test_leaves_and_steps_are_told_apart() -> None:
    w = _w()
    y = w * 2
    assert [w.is_leaf, y.is_leaf, y.detach().is_leaf] == [True, False, True]
    assert w.grad_fn is None
    assert y.grad_fn.op.name == "multiply"


# -- recording -------------------------------------------------------------------------------------


@mg.no_grad
def _bare() -> bool:
    return _tracked()


@mg.no_grad()
def _called() -> bool:
    return _tracked()


@mg.no_grad
def _steps() -> Iterator[Any]:
    sent = yield _tracked()
    try:
        yield (sent, _tracked())
    except KeyError:
        yield ("thrown", _tracked())


def test_no_grad_decorates() -> None:
    assert [_bare(), _called(), _bare(), _tracked()] == [False, False, False, True]
    assert _bare.__name__ == "_bare"


def test_a_decorated_generator_leaves_its_caller_alone() -> None:
    steps: Any = _steps()
    assert [next(steps), _tracked()] == [False, True]
    assert [steps.send(5), _tracked()] == [(5, False), True]
    assert [steps.throw(KeyError()), _tracked()] == [("thrown", False), True]
    steps.close()
    assert _tracked()


def test_a_decorated_coroutine_pauses_itself_alone() -> None:
    @mg.no_grad()
    async def paused() -> list[bool]:
        await asyncio.sleep(0)
        return [_tracked()]

    async def other() -> list[bool]:
        seen = []
        for _ in range(3):
            await asyncio.sleep(0)
            seen.append(_tracked())
        return seen

    async def both() -> list[list[bool]]:
        return await asyncio.gather(paused(), other())

    assert asyncio.run(both()) == [[False], [True, True, True]]


def test_blocks_nest_and_end_with_an_error() -> None:
    block = mg.no_grad()
    seen = []

    def fails() -> None:
        with block, block:
            with mg.enable_grad():
                seen.append(_tracked())
            seen.append(_tracked())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    seen.append(_tracked())
    with mg.debug_nans(), mg.no_grad():
        seen.append(_tracked())
    assert seen == [True, False, True, False]


def test_threads_share_a_block() -> None:
    block, wrong = mg.no_grad(), []

    def run() -> None:
        for _ in range(50):
            with block:
                wrong.extend([_tracked()])
            wrong.extend([not _tracked()])

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(wrong) == 400
    assert not any(wrong)


async def _many() -> Any:
    yield 1


@pytest.mark.parametrize("what", [True, 0.1, int, _many])
def test_what_no_grad_cannot_decorate_is_refused(what: Any) -> None:
    with pytest.raises(KindError, match="no_grad"):
        mg.no_grad(what)
