"""NumPy's functions, Python's operators and Tensor's methods mean the same rows."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.errors import ArgumentError
from minigrad.graph import protocols
from minigrad.primitive import REGISTRY

X = np.array([[0.5, -1.0, 2.0], [1.5, 0.25, -0.75]])
SQUARE = np.array([[2.0, 0.5], [0.25, 1.0]])


def tracked(value: np.ndarray = X) -> mg.Tensor:
    return mg.tensor(value, requires_grad=True)


NUMPY_CALLS: dict[str, Any] = {
    "ufunc": lambda x: np.exp(x),
    "ufunc on the left": lambda x: np.ones((2, 3)) * x,
    "array minus tensor": lambda x: np.ones(3) - x,
    "array matmul tensor": lambda x: np.ones((4, 2)) @ x,
    "scalar on the left": lambda x: np.float64(2.0) / x,
    "reduce": lambda x: np.add.reduce(x),
    "reduce over all": lambda x: np.add.reduce(x, axis=None, keepdims=True),
    "multiply reduce": lambda x: np.multiply.reduce(x, axis=1),
    "maximum reduce": lambda x: np.maximum.reduce(x, axis=0),
    "accumulate": lambda x: np.add.accumulate(x, axis=1),
    "outer": lambda x: np.multiply.outer(x, np.array([1.0, 2.0])),
    "sum": lambda x: np.sum(x, axis=0, keepdims=True),
    "mean": lambda x: np.mean(x, -1),
    "amax": lambda x: np.amax(x, axis=1),
    "where": lambda x: np.where(X > 0, x, -x),
    "einsum": lambda x: np.einsum("ij,kj->ik", x, x),
    "concatenate": lambda x: np.concatenate([x, np.ones((1, 3))], axis=0),
    "stack": lambda x: np.stack([x, x], axis=-1),
    "norm": lambda x: np.linalg.norm(x, axis=1),
    "transpose": lambda x: np.transpose(x),
    "reshape": lambda x: np.reshape(x, (3, 2)),
    "expand_dims": lambda x: np.expand_dims(x, 0),
    "clip": lambda x: np.clip(x, -0.5, 1.0),
    "tensordot": lambda x: np.tensordot(x, np.ones((3, 2)), 1),
    "var": lambda x: np.var(x, axis=0, ddof=1),
    "cumsum": lambda x: np.cumsum(x),
    "roll": lambda x: np.roll(x, 1, axis=0),
    "pad": lambda x: np.pad(x, 1),
    "sort": lambda x: np.sort(x, axis=0),
    "diff": lambda x: np.diff(x),
    "logaddexp": lambda x: np.logaddexp(x, 1.0),
    "first argument by name": lambda x: np.sum(a=x, axis=1),
    "all arguments by name": lambda x: np.broadcast_to(array=x, shape=(2, 2, 3)),
    "matrix by name": lambda x: np.linalg.pinv(a=x),
    "reduce with a mask": lambda x: np.add.reduce(x, axis=1, where=X > 0, initial=1.0),
    "reduce by position": lambda x: np.add.reduce(x, 0, None, None, True),
    "maximum reduce from a start": lambda x: np.maximum.reduce(x, axis=1, initial=1.0),
    "logaddexp reduce": lambda x: np.logaddexp.reduce(x, axis=1),
    "outer of hypot": lambda x: np.hypot.outer(x, np.ones(2)),
    "fix": lambda x: np.fix(x) + x,
    "concat": lambda x: np.concat([x, X]),
    "vecdot": lambda x: np.vecdot(x, X),
    "matvec": lambda x: np.matvec(x, np.ones(3)),
    "linalg trace": lambda x: np.linalg.trace(x),
    "linalg matmul": lambda x: np.linalg.matmul(x, X.T),
    "row by row": lambda x: np.average(x, axis=1, weights=[1.0, 2.0, 3.0]),
}
METHOD_CALLS: dict[str, Any] = {
    "add": lambda x: x + 1,
    "radd": lambda x: 1 + x,
    "sub": lambda x: x - 2.0,
    "rsub": lambda x: 2.0 - x,
    "mul": lambda x: x * x,
    "truediv": lambda x: 1 / (x + 5),
    "pow": lambda x: (x + 3) ** 2.5,
    "rpow": lambda x: 2.0**x,
    "matmul": lambda x: x @ x.T,
    "mod": lambda x: x % 0.7,
    "neg": lambda x: -x,
    "pos": lambda x: +x,
    "abs": lambda x: abs(x),
    "T": lambda x: x.T,
    "sum": lambda x: x.sum(axis=1),
    "mean": lambda x: x.mean(),
    "max": lambda x: x.max(0),
    "min": lambda x: x.min(axis=-1, keepdims=True),
    "var": lambda x: x.var(axis=0),
    "std": lambda x: x.std(),
    "prod": lambda x: x.prod(axis=1),
    "cumsum": lambda x: x.cumsum(axis=0),
    "reshape": lambda x: x.reshape(3, -1),
    "transpose": lambda x: x.transpose(1, 0),
    "swapaxes": lambda x: x.swapaxes(0, 1),
    "ravel": lambda x: x.ravel(),
    "flatten": lambda x: x.flatten(),
    "squeeze": lambda x: x[None].squeeze(0),
    "repeat": lambda x: x.repeat(2, axis=0),
    "take": lambda x: x.take([0, 0], axis=1),
    "dot": lambda x: x.dot(np.ones(3)),
    "clip": lambda x: x.clip(-0.5, 1.0),
    "diagonal": lambda x: x.diagonal(),
    "trace": lambda x: x.trace(),
    "astype": lambda x: x.astype(np.float32),
    "getitem": lambda x: x[..., 1:],
    "round": lambda x: x.round(1) + x,
    "floordiv": lambda x: x // 0.7 + x,
    "rfloordiv": lambda x: 2.0 // (x + 5) + x,
    "sum by position": lambda x: x.sum(0, None, None, True),
    "ravel of columns": lambda x: x.ravel("F"),
}


@pytest.mark.parametrize("call", [*NUMPY_CALLS.values(), *METHOD_CALLS.values()])
def test_the_same_call_on_arrays_and_tensors(call: Any) -> None:
    x = tracked()
    y = call(x)
    assert isinstance(y, mg.Tensor)
    assert y.requires_grad
    expected = np.asarray(call(X))
    assert y.shape == expected.shape
    assert y.dtype == expected.dtype
    np.testing.assert_allclose(y.numpy(), expected, rtol=1e-6)
    y.sum().backward()
    assert x.grad.shape == X.shape


LISTS: dict[str, Any] = {
    "mean": lambda a, b: mg.mean([a, b]),
    "var": lambda a, b: mg.var([a, b], axis=0, ddof=1),
    "norm": lambda a, b: mg.linalg.norm([a, b]),
    "exp": lambda a, b: mg.exp([a, b]),
    "add": lambda a, b: mg.add([a, b], 1.0),
    "append": lambda a, b: np.append(a, [b, 2.0], axis=None),
    "nested": lambda a, b: mg.sum([[a, 1.0], [b, a]], axis=0),
}


@pytest.mark.parametrize("name", LISTS)
def test_a_list_of_tensors_is_their_stack(name: str) -> None:
    a, b = (mg.tensor(v, requires_grad=True) for v in (0.5, -1.5))
    y = LISTS[name](a, b)
    plain = LISTS[name](a.detach(), b.detach())
    np.testing.assert_allclose(y.numpy(), plain.numpy())
    y.sum().backward()
    assert a.grad is not None
    assert b.grad is not None


def test_where_with_a_condition_alone_gives_places() -> None:
    rows, columns = np.where(tracked() > 1)
    np.testing.assert_array_equal((rows, columns), np.where(X > 1))


def test_signatures_say_what_comes_back() -> None:
    assert str(inspect.signature(mg.sum)).startswith("(a: 'Any', axis: 'Any' = None, dtype:")
    assert list(inspect.signature(mg.var).parameters) == list(inspect.signature(np.var).parameters)


@pytest.mark.parametrize("name", ["inv", "det", "pinv", "svdvals", "eigvalsh", "cholesky"])
def test_linalg(name: str) -> None:
    spd = SQUARE @ SQUARE.T + np.eye(2)
    y = getattr(np.linalg, name)(tracked(spd))
    np.testing.assert_allclose(y.numpy(), getattr(np.linalg, name)(spd), rtol=1e-10)
    assert y.requires_grad


def test_slogdet_and_qr_have_numpys_fields() -> None:
    result = np.linalg.slogdet(tracked(SQUARE))
    assert result.sign.item() == 1
    assert result.logabsdet.requires_grad
    q, r = np.linalg.qr(tracked(SQUARE))
    np.testing.assert_allclose((q @ r).numpy(), SQUARE, atol=1e-12)


def test_comparisons_are_recorded_but_have_no_gradient() -> None:
    x = tracked()
    mask = x > 0
    assert mask.dtype == bool
    assert not mask.requires_grad
    assert mask._node.op.name == "greater"
    np.testing.assert_array_equal(np.asarray(mask), X > 0)
    np.testing.assert_array_equal((~mask & (x < 1)).numpy(), ~(X > 0) & (X < 1))
    assert bool(x.sum() > 0)


def test_comparison_with_the_data_itself() -> None:
    assert (mg.tensor(1.0) == 1.0).item()
    assert len({tracked(), tracked()}) == 2  # hashed by identity


def test_every_numpy_name_of_the_registry_answers_on_tensors() -> None:
    """A name that NumPy shares must reach the row, not an error."""
    own = {"getitem", "setitem", "index_add", "scatter"}
    table = {**protocols.UFUNCS, **protocols.FUNCTIONS}
    ours = {name: row for name, row in REGISTRY.items() if row.builtin and name not in own}
    shared = {
        name: getattr(np.linalg if name.startswith("linalg.") else np, name.rpartition(".")[2], None)
        for name in ours
        if not name.startswith(("nn.", "special."))
    }
    shared = {name: function for name, function in shared.items() if function is not None}
    assert len(shared) > 100
    for name, function in shared.items():
        assert function in table, name
        assert getattr(table[function], "primitive", None) is ours[name], name


@pytest.mark.parametrize("name", ["sum", "mean", "max", "var", "concatenate", "reshape", "argmax"])
def test_untracked_tensors_pass_through_numpy_functions(name: str) -> None:
    argument: Any = [mg.tensor(X)] if name == "concatenate" else mg.tensor(X)
    extra = ((6,),) if name == "reshape" else ()
    raw: Any = [X] if name == "concatenate" else X
    np.testing.assert_array_equal(
        np.asarray(getattr(np, name)(argument, *extra)), getattr(np, name)(raw, *extra)
    )


def test_iteration_and_length() -> None:
    x = tracked()
    assert len(x) == 2
    rows = list(x)
    (rows[0] * rows[1]).sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), X[::-1])


def test_repr_shows_what_matters() -> None:
    assert repr(mg.tensor([1.0, 2.0], name="x", dims="n", requires_grad=True)) == (
        "tensor([1., 2.], name='x', dims='n', requires_grad=True)"
    )
    assert "float32" in repr(mg.tensor([1.0], dtype=np.float32))
    assert f"{mg.tensor(0.123456):.2f}" == "0.12"


def test_a_row_of_the_users_own() -> None:
    softcap = mg.elementwise(
        "softcap_of_a_test",
        lambda x, *, cap=30.0: cap * np.tanh(x / cap),
        vjps=(lambda g, y, x, *, cap: g * (1 - (y / cap) ** 2),),
        meaning="cap*tanh(x/cap)",
    )
    x = tracked()
    y = softcap(x, cap=2.0)
    assert y._node.params == {"cap": 2.0}
    np.testing.assert_allclose(y.numpy(), 2 * np.tanh(X / 2))
    y.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), 1 - np.tanh(X / 2) ** 2)
    h = mg.hessian(lambda t: softcap(t))(0.5)
    assert h.shape == ()
    replaced = mg.elementwise("softcap_of_a_test", np.sin, vjps=(lambda g, y, x: g * np.cos(x),))
    np.testing.assert_allclose(replaced(X).numpy(), np.sin(X))


@pytest.mark.parametrize("rule", ["vjp", "vjp_all"])
def test_a_row_of_any_number_of_arrays(rule: str) -> None:
    rules = {
        "vjp": lambda i, g, y, *xs: g * 2 * xs[i],
        "vjp_all": lambda places, g, y, *xs: [g * 2 * xs[i] for i in places],
    }
    squares = mg.primitive(
        "squares_of_a_test", lambda *xs: sum(x * x for x in xs), **{rule: rules[rule]}
    )
    parts = [mg.tensor([float(i)], requires_grad=i != 1) for i in range(4)]
    (g,) = mg.gradients(squares(*parts), [parts[3]], create_graph=True)
    assert mg.gradients(g, parts[3]).item() == 2
    squares(*parts).backward()
    assert [None if p.grad is None else p.grad.item() for p in parts] == [0, None, 4, 6]
    with pytest.raises(ArgumentError, match="either vjps"):
        mg.primitive("two_rules_of_a_test", np.exp, vjp=rules["vjp"], vjp_all=rules["vjp_all"])


def test_a_general_row_of_the_users_own() -> None:
    gram = mg.primitive("gram_of_a_test", lambda x: x.T @ x, vjps=(lambda g, y, x: x @ (g + g.T),))
    x = tracked()
    gram(x).sum().backward()
    ones = np.ones((3, 3))
    np.testing.assert_allclose(x.grad.numpy(), X @ (2 * ones))
