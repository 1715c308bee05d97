"""What fingers know from NumPy, PyTorch and JAX works here as there, or says what to write."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.errors import ArgumentError, MinigradError, ShapeError
from minigrad.graph.keywords import KEYWORDS
from minigrad.graph.public import PUBLIC, TENSOR_METHODS
from minigrad.ops import habits
from minigrad.primitive import REGISTRY

A = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 7.0]])
V = np.array([0.5, 1.0, 2.0])


def _names() -> dict[str, Any]:
    return {
        "mg": mg,
        "np": np,
        "x": mg.tensor(A, name="x", requires_grad=True),
        "v": mg.tensor(V, requires_grad=True),
        "A": A,
        "V": V,
        "square": lambda x: (x * x).sum(),
    }


# What is written -> what it gives, in NumPy.
WORKS = {
    "v.exp()": "np.exp(V)",
    "v.sqrt().log().tanh().sin().abs()": "np.abs(np.sin(np.tanh(np.log(np.sqrt(V)))))",
    "v.relu()": "V",
    "v.sigmoid()": "1 / (1 + np.exp(-V))",
    "v.square()": "V**2",
    "v.pow(2)": "V**2",
    "(v / 2).acos()": "np.arccos(V / 2)",
    "v.absolute()": "V",
    "x.softmax(dim=-1).sum(-1)": "np.ones(2)",
    "x.log_softmax(-1).exp().sum(dim=-1)": "np.ones(2)",
    "x.logsumexp(dim=1)": "np.log(np.exp(A).sum(1))",
    "x.sum(dim=0, keepdim=True)": "A.sum(0, keepdims=True)",
    "x.mean(dim=(0, 1))": "A.mean()",
    "mg.sum(x, dim=0)": "A.sum(0)",
    "mg.stack([x, x], dim=1)": "np.stack([A, A], 1)",
    "mg.cat([x, x], dim=1)": "np.concatenate([A, A], 1)",
    "mg.concat([x, x])": "np.concatenate([A, A])",
    "x.cumsum(dim=1)": "A.cumsum(1)",
    "x.max(axis=1)": "A.max(1)",
    "x.argmax(dim=1)": "A.argmax(1)",
    "mg.argmax(x, dim=1)": "A.argmax(1)",
    "x.var(dim=0, correction=1)": "A.var(0, ddof=1)",
    "x.var(dim=0, unbiased=False)": "A.var(0)",
    "x.std(dim=1, unbiased=True)": "A.std(1, ddof=1)",
    "x.norm()": "np.linalg.norm(A)",
    "x.norm(dim=1)": "np.linalg.norm(A, axis=1)",
    "x.sort(axis=1)": "np.sort(A, 1)",
    "x.view(3, 2)": "A.reshape(3, 2)",
    "x.view(-1)": "A.reshape(-1)",
    "x.permute(1, 0)": "A.T",
    "mg.permute(x, (1, 0))": "A.T",
    "x.unsqueeze(0)": "A[None]",
    "mg.unsqueeze(x, dim=1)": "A[:, None]",
    "x.unsqueeze(dim=-1).squeeze(-1)": "A",
    "x.T": "A.T",
    "x.mT": "A.T",
    "x.t()": "A.T",
    "x.flatten()": "A.ravel()",
    "mg.flatten(x)": "A.ravel()",
    "x[:1].expand(4, -1)": "np.repeat(A[:1], 4, 0)",
    "x.unbind()[1]": "A[1]",
    "x.size": "6",
    "x.size()": "(2, 3)",
    "x.size(1)": "3",
    "x.shape": "(2, 3)",
    "x.dim()": "2",
    "x.numel()": "6",
    "x.clone()": "A",
    "x.float().dtype": "np.dtype(np.float32)",
    "x.double().dtype": "np.dtype(float)",
    "x.long()": "A.astype(int)",
    "x.to(mg.float32).dtype": "np.dtype(np.float32)",
    "x.to('cpu')": "A",
    "x.type(np.float32).dtype": "np.dtype(np.float32)",
    "x.detach().cpu().numpy()": "A",
    "x.contiguous().tolist()": "A.tolist()",
    "v.sum().item()": "3.5",
    "x.mm(x.T)": "A @ A.T",
    "x.matmul(v)": "A @ V",
    "x.unbind(1)[0]": "A[:, 0]",
    "x.repeat_interleave(2, dim=0)": "np.repeat(A, 2, axis=0)",
    "mg.triu(x, diagonal=1)": "np.triu(A, 1)",
    "x.nelement()": "A.size",
    "mg.bmm(x[None], x.mT[None])": "(A @ A.T)[None]",
    "x.eq(x).all()": "True",
    "v.clamp(0.7, 1.5)": "V.clip(0.7, 1.5)",
    "mg.clamp(v, min=1)": "V.clip(1)",
    "v.add(1).mul(2).sub(v).div(2)": "((V + 1) * 2 - V) / 2",
    "x.masked_fill(x > 2, 0)": "np.where(A > 2, 0, A)",
    "mg.relu(-v)": "0 * V",
    "mg.softmax(x, dim=1).sum(1)": "np.ones(2)",
    "mg.inv(mg.eye(2))": "np.eye(2)",
    "mg.allclose(x, A)": "True",
    "mg.zeros(2, 3)": "np.zeros((2, 3))",
    "mg.zeros((2, 3), dtype=int).dtype": "np.dtype(int)",
    "mg.ones(3, requires_grad=True).requires_grad": "True",
    "mg.full((2,), 7.0, name='c')": "np.full(2, 7.0)",
    "mg.arange(3)": "np.arange(3)",
    "mg.arange(1, 2, 0.25)": "np.arange(1, 2, 0.25)",
    "mg.linspace(0, 1, 3)": "np.linspace(0, 1, 3)",
    "mg.linspace(0, 1, 3).dtype": "np.linspace(0, 1, 3).dtype",
    "mg.linspace(0.5, 1, 3).dtype": "np.linspace(0.5, 1, 3).dtype",
    "mg.linspace(np.int8(0), 1, 3).dtype": "np.linspace(np.int8(0), 1, 3).dtype",
    "mg.linspace(np.float32(0), 1, 3).dtype": "np.dtype(np.float32)",
    "mg.eye(2, 3, k=1)": "np.eye(2, 3, 1)",
    "mg.zeros_like(x)": "np.zeros_like(A)",
    "mg.ones_like(x, dtype=mg.float32).dtype": "np.dtype(np.float32)",
    "mg.full_like(x, 2)": "np.full_like(A, 2)",
    "mg.rand(3, seed=1)": "np.random.default_rng(1).random(3)",
    "mg.randn(2, 2, seed=1)": "np.random.default_rng(1).standard_normal((2, 2))",
    "mg.randint(0, 5, (4,), seed=1)": "np.random.default_rng(1).integers(0, 5, 4)",
    "mg.Tensor([1.0, 2.0], requires_grad=True).requires_grad": "True",
    "mg.as_tensor([1.0])": "np.ones(1)",
    "mg.from_numpy(A)": "A",
    "mg.array(A)[..., mg.newaxis]": "A[..., None]",
    "mg.tensor([1], dtype=mg.float64) * mg.pi": "np.array([np.pi])",
    "mg.jacobian(lambda v: v * v, v)": "np.diag(2 * V)",
    "mg.jacobian(lambda v: v * v)(v)": "np.diag(2 * V)",
    "mg.jacobian(lambda a, b: a * b, (v, v))[1]": "np.diag(V)",
    "mg.hessian(square, v)": "2 * np.eye(3)",
    "mg.jvp(lambda v: v * v, v, V)[1]": "2 * V * V",
    "mg.vjp(lambda v: v * v, v)[1](V)[0]": "2 * V * V",
    "mg.grad(square)(v)": "2 * V",
    "mg.grad(square, v)": "2 * V",
    "(x > 1) ^ (x > 4)": "(A > 1) ^ (A > 4)",
    "True ^ (x > 1)": "True ^ (A > 1)",
    "np.logical_xor(A > 1, x > 4)": "(A > 1) ^ (A > 4)",
    "divmod(x, 2)[1]": "A % 2",
    "divmod(7, x)[0]": "7 // A",
    "mg.value_and_grad(square, V)[1]": "2 * V",
    "mg.vmap(square)(x)": "(A * A).sum(1)",
    "mg.vmap(lambda a, b: (a * b).sum(), in_axes=(1, None))(x, A[:, 0])": "A.T @ A[:, 0]",
    "mg.grad(lambda x: mg.vmap(square)(x).sum())(x)": "2 * A",
    "mg.vmap(lambda p: p['a'] @ p['b'])({'a': x, 'b': x})": "(A * A).sum(1)",
    "mg.vmap(lambda p: p['a'] @ p['b'], in_axes=({'a': 0, 'b': None},))({'a': x, 'b': v})": "A @ V",
    "mg.vmap(lambda p, r: r @ p['w'], in_axes=(None, 0))({'w': v}, x)": "A @ V",
    "mg.vmap(mg.grad(lambda p, r: (r @ p['w']) ** 2), in_axes=(None, 0))({'w': v}, x)['w']": "2 * (A @ V)[:, None] * A",
    "mg.vmap(lambda r: sum(r[k] ** k for k in range(3)))(x)": "(A ** np.arange(3)).sum(1)",
    "mg.vmap(lambda r: mg.stack([r, 2 * r]))(x)": "np.stack([A, 2 * A], axis=1)",
    "mg.vmap(lambda r: (r, {'b': 2 * r}), out_axes=(0, 1))(x)[1]['b']": "2 * A.T",
    "mg.vmap(lambda r: r * 2)([1.0, 2.0])": "np.array([2.0, 4.0])",
}


def _value(y: Any) -> Any:
    return y.numpy() if isinstance(y, mg.Tensor) else y


@pytest.mark.parametrize("line", WORKS)
def test_what_fingers_write_works(line: str) -> None:
    found, wanted = _value(eval(line, _names())), eval(WORKS[line], _names())
    if isinstance(wanted, np.dtype | tuple):
        assert found == wanted
    else:
        np.testing.assert_allclose(found, wanted, rtol=1e-12)
        assert np.shape(found) == np.shape(wanted)


# What is written -> what it says instead.
SAYS = {
    "x.max(dim=1)": r"write x\.max\(axis=1\) .* x\.argmax\(axis=1\)",
    "mg.sort(x, dim=0)": r"x\.argsort\(axis=0\)",
    "x.var(dim=0)": "correction=1 .*correction=0",
    "x.std(dim=0)": "correction=1 .*correction=0",
    "x.sum(axis=0, dim=0)": "write one of them",
    "x.mean(0, True)": "write keepdims=True",
    "x.max(1, True)": "write keepdims=True",
    "x.sum(input=x)": "first",
    "x.transpose(0, 1)": r"x\.swapaxes\(0, 1\)",
    "x[None].transpose(1, 2)": r"x\.swapaxes\(1, 2\)",
    "x[None].t()": r"x\.mT",
    "x.cuda()": "leave it out",
    "x.to('cuda')": "leave it out",
    "x.to(device='cpu')": "leave it out",
    "x.device": "leave it out",
    "mg.cuda.is_available()": "leave it out",
    "mg.tensor(A, device='cpu')": "leave it out",
    "mg.zeros(3, device='cpu')": "leave it out",
    "x.data": r"x\.numpy\(\).*no_grad.*assign",
    "v.add_(1)": r"x = x\.add\(\.\.\.\).*no_grad",
    "v.clamp_(0, 1)": r"x = x\.clamp\(\.\.\.\).*no_grad",
    "v.fill_(0)": r"w\.assign\(values\)",
    "exec('x.data = A')": r"assign",
    "v.zero_()": r"w\.grad = None",
    "v.zero_grad()": r"w\.grad = None",
    "v.register_hook(print)": r"retain_grad\(\)",
    "x.split(1)": r"mg\.split\(x, pieces\)",
    "x.chunk(2)": r"mg\.array_split",
    "mg.chunk(x, 2)": r"mg\.array_split",
    "x.gather(0, 0)": r"mg\.take_along_axis",
    "x.topk(1)": r"mg\.sort",
    "x.at[0].set(1)": r"mg\.index_add",
    "mg.Tensor(2, 3)": r"mg\.zeros\(2, 3\)",
    "mg.FloatTensor(A)": r"mg\.tensor\(data\)",
    "mg.grad(v.sum(), v)": r"mg\.gradients\(loss, x\)",
    "mg.autograd.grad": r"mg\.gradients\(loss, x\)",
    "mg.save(x, 'f')": r"model\.save|np\.savez",
    "mg.set_grad_enabled(False)": r"mg\.no_grad\(\)",
    "mg.inference_mode()": r"mg\.no_grad\(\)",
    "mg.is_tensor(x)": "isinstance",
    "mg.jit(square)": r"mg\.compile",
    "mg.random.normal": r"mg\.randn",
    "mg.stop_gradient(x)": r"x\.detach\(\)",
    "mg.numpy.exp": r"mg\.exp",
    "mg.Variable(A)": r"requires_grad=True",
    "mg.expp": "did you mean exp",
    "x.amax(dim=1)": r"x\.max\(axis=1\)",
    "x.tile(2)": r"write mg\.tile\(x, \.\.\.\)",
    "x.svd()": r"write mg\.linalg\.svd\(x",
    "x.mse_loss(x)": r"write mg\.nn\.functional\.mse_loss\(x",
    "x.tile_(2)": r"x = mg\.tile\(x, \.\.\.\)",
    "x.detach_()": r"write x = x\.detach\(\)",
    "x.fill_diagonal_(0)": r"mg\.where",
    "x.nbytes": r"write x\.numpy\(\)\.nbytes",
    "x.median()": r"mg\.sort",
    "mg.LSTM(3, 4)": r"write mg\.nn\.LSTM",
    "mg.MSELoss()": r"write mg\.nn\.MSELoss",
    "mg.AdamW": r"write mg\.optim\.AdamW",
    "mg.read_csv('a')": r"write mg\.data\.read_csv",
    "mg.nn.F": r"write mg\.nn\.functional",
    "mg.nn.functional.dropout(x, p=0.5)": r"rng=np\.random\.default_rng\(0\) must be given",
    "mg.zeros(2.5)": "whole number from 0",
    "mg.zeros(-1)": "whole number from 0",
    "mg.arange(0, 1, 0)": "step is 0",
    "mg.randn(2, seed='s')": "no seed",
    "mg.randint(3, 3)": "no whole number",
    "mg.vmap(square)(x, V)": "one length",
    "mg.vmap(3)": "takes a function",
    "x ^ 2": r"a power is x \*\* y",
    "2 ^ x": r"a power is x \*\* y",
    "A ^ x": r"a power is x \*\* y",
    "x << 1": r"write x \* 2\*\*k",
    "1 >> x": r"write x \* 2\*\*k",
    "x == None": "ask 'x is None'",
    "x.__delitem__(0)": r"write x\[mask\]",
    "setattr(x, 'shape', (3, 2))": r"write x = x\.reshape\(shape\)",
    "setattr(x, 'dtype', 'f4')": r"write x = x\.astype\(dtype\)",
    "setattr(x, 'name', 'w')": r"write x = x\.named",
    "mg.vmap(square, randomness='different')(x)": "takes no randomness=; leave it out",
    "mg.vmap(square, chunk_size=2)(x)": "leave it out",
    "mg.vmap(lambda r, k: r * k)(x, k=2.0)": r"mg\.vmap\(lambda x: f\(x, k=k\)\)",
    "mg.vmap(square, in_axes=({'a': 0},))({'a': x, 'b': x})": r"in_axes has \['a'\]",
    "mg.vmap(square, out_axes=None)(x)": "out_axes must be an integer",
    "mg.vmap(lambda r: r if r[0] > 1 else (r,))(x)": "return the same containers",
    "mg.vmap(lambda r: {'a': r} if r[0] > 1 else {'b': r})(x)": "return the same containers",
    "mg.vmap(square)(mg.symbols('X: n d'))": "a name and no number; write the function for all slices at once",
    "mg.zeros(2, dtype='foo')": "zeros: dtype='foo' is no element type",
    "mg.zeros(*[1] * 70)": "at most 64 axes, not 70",
    "mg.full(2, [1, 2, 3])": r"shape \(3,\) does not fill the shape \(2,\)",
    "mg.full_like(v, 'a')": "full_like: the data holds what is no float64",
    "mg.tensor([10**30], dtype=int)": "tensor: the data holds what is no int64",
    "mg.tensor('a', dtype=float)": "tensor: the data holds what is no float64",
    "v.assign('a')": "assign: the data holds what is no float64",
    "exec('v.grad = [[1], [1, 2]]')": "grad: the data is not a rectangular array",
    "exec('v.grad = [1j, 2, 3]')": "grad: dtype complex128",
    "mg.arange(np.nan)": "finite number, not nan",
    "mg.arange(0, np.inf)": "finite number, not inf",
    "mg.arange(0, 1, 1e-320)": "more than the limit",
    "mg.randint(5, 2)": "no whole number from 5 on below 2",
    "mg.randint(0, 10**30)": "64 bits",
    "mg.randint(0, 2.5)": "high must be an integer",
    "mg.randn(2, dtype=int)": r"holds no real numbers; write mg\.randint",
    "mg.jacobian(square, v, v)": r"several inputs are one tuple, jacobian\(f, \(x, y\)\)",
    "mg.hessian(square, 2.0)": r"argnums must be an integer, not 2\.0; an input is a tensor",
    "mg.grad(square, [1.0, 2.0])": r"argnums must be an integer, not 1\.0; an input is a tensor",
    "mg.jacobian(square, np.array([1, 2]))": "an input is a tensor or an array of real numbers",
    "mg.jacobian(square, 'a')": "an input is a tensor or an array of real numbers",
    "v.size(2)": "2 is no axis of a tensor with 1 axes",
    "v.size('a')": "'a' is no axis",
    "x.expand(2)": "expand: .* has more axes than the 1 sizes",
    "x.reshape(None)": "reshape: None is no size",
    "v.sum().backward(create_graph=True)": r"mg\.gradients\(loss, x, create_graph=True\)",
    "v.eq()": "equal: takes 2 arguments, 1 were given",
    "v.elu(dim=0)": r"nn\.elu: takes 1 arguments",
    "mg.vmap(square, in_axes=None)(x)": "no axis",
    "mg.vmap(square, in_axes=(0, 0))(x)": "2 axes for 1",
}


@pytest.mark.parametrize("line", SAYS)
def test_what_is_not_there_says_what_to_write(line: str) -> None:
    with pytest.raises(MinigradError, match=SAYS[line]):
        eval(line, _names())


# -- one table -------------------------------------------------------------------------------------


def _rows() -> list[Any]:
    return [row for row in REGISTRY.values() if row.builtin and row.names.public]


@pytest.mark.parametrize("row", _rows(), ids=lambda row: row.name)
def test_what_acts_by_element_or_along_axes_is_a_method(row: Any) -> None:
    """A row says so itself; nothing lists methods a second time."""
    for method in row.methods:
        assert TENSOR_METHODS[method] in PUBLIC.values()
        assert callable(getattr(mg.Tensor, method))
    if row.kind == "elementwise" and row.names.methods is None:
        assert row.name.rpartition(".")[2] in row.methods


def test_no_name_of_arrays_or_of_mg_is_answered_without_the_line_to_write() -> None:
    """What a tensor lacks of NumPy's arrays, and of the functions of mg, says so in our words."""
    x = mg.tensor([[1.0]])
    of_arrays = {name for name in dir(np.ndarray) if name[0] != "_"}
    named = {*of_arrays, *(full.rpartition(".")[2] for full in PUBLIC)}
    lacking = [name for name in sorted(named) if not hasattr(x, name)]
    assert lacking
    assert not {*lacking} & {*dir(x)}
    for name in lacking:
        with pytest.raises(MinigradError, match=f"Tensor has no '{name}'; .*"):
            getattr(x, name)


def test_an_alias_is_no_name_of_something_else() -> None:
    """One name, one thing: what an alias stands for exists, and the alias itself does not."""
    for other, own in habits.ALIASES.items():
        assert own in PUBLIC, own
        assert other not in PUBLIC
        assert other not in mg.__all__
    for told in (habits.TOLD, habits.TOLD_OF_MODULE):
        assert not told.keys() & {*habits.ALIASES, *habits.OF_MODULE}
    listed = dir(mg.tensor(1.0))
    assert not habits.TOLD.keys() & {*listed, *habits.METHODS}
    assert {"exp", "view", "sum", "assign"} <= {*listed}
    assert not hasattr(mg.tensor(1.0), "add_")
    assert not habits.TOLD_OF_MODULE.keys() & {*mg.__all__, *dir(mg)}


# Of these PyTorch's call means another thing, or its arrays are others.
_NOT_BY_DIM = ("max", "min", "sort", "var", "std", "take_along_axis")
ALONG_AXES = [
    name
    for name, function in sorted(TENSOR_METHODS.items())
    if "axis" in inspect.signature(function).parameters and name not in _NOT_BY_DIM
]


@pytest.mark.parametrize("name", ALONG_AXES)
def test_dim_is_axis_wherever_there_is_an_axis(name: str) -> None:
    """PyTorch's keywords are read in one place, for every function that has NumPy's."""
    function = TENSOR_METHODS[name]
    takes = inspect.signature(function).parameters
    others = {"repeats": 2, "shift": 1, "indices": [0], "normalized_shape": 3}
    given = {key: value for key, value in others.items() if key in takes}
    x = mg.tensor(A[None])
    theirs = {key: own for key, own in KEYWORDS.items() if own in takes and key != "unbiased"}
    values = {"axis": 0, "keepdims": True}
    found = function(x, **given, **{key: values[own] for key, own in theirs.items()})
    wanted = function(x, **given, **{own: values[own] for own in theirs.values()})
    np.testing.assert_array_equal(found.numpy(), wanted.numpy())


# -- sizes and seeds -------------------------------------------------------------------------------


def test_what_is_filled_along_names_has_the_dtype_asked_for_and_drops_no_fact() -> None:
    X = mg.symbols("X: n m")
    n = X.shape[0]
    assert {mg.zeros(n).dtype, mg.zeros_like(X).dtype, mg.full_like(X, 2).dtype} == {X.dtype}
    assert mg.ones(n, dtype=int).dtype == int
    for made in (lambda f: mg.zeros(n, **f), lambda f: mg.full_like(X, 1, **f), lambda f: mg.eye(n, **f)):
        for fact in ({"requires_grad": True}, {"name": "Z"}):
            with pytest.raises(MinigradError, match=f"has no {next(iter(fact))}="):
                made(fact)


def test_a_size_that_can_be_called_widens_nothing() -> None:
    x = mg.tensor(A, dtype=np.float32)
    assert (x.sum() / x.size).dtype == np.float32
    assert (x.numpy() / x.size).dtype == np.float32
    assert np.divide(x, x.size).dtype == np.float32
    assert type(x.size * 2) is int


def test_a_seed_determines_draws_and_weights() -> None:
    def drawn(seed: int) -> list[Any]:
        mg.manual_seed(seed)
        return [mg.randn(3).tolist(), mg.nn.Linear(3, 2).W.tolist(), mg.rand(2).tolist()]

    try:
        first = drawn(0)
        assert first == drawn(0)
        assert first != drawn(1)
        with pytest.raises(ArgumentError, match="no seed"):
            mg.manual_seed("x")
    finally:
        from minigrad.ops import creation

        creation._common.clear()
        creation._seeded.clear()


def test_shapes_of_names_are_filled_too() -> None:
    X = mg.symbols("X: m n")
    total = mg.sum((X + mg.ones_like(X) - mg.zeros(X.shape) + mg.full(X.shape, 2)) ** 2)
    np.testing.assert_allclose(mg.derive(total)["X"]({"X": A}), 2 * (A + 3))
    with pytest.raises((ShapeError, ArgumentError)):
        mg.zeros(X.shape, name="Z")


def test_dtypes_and_counts_are_those_of_numpy() -> None:
    assert mg.zeros(2, dtype=None).dtype == mg.ones(2, dtype=None).dtype == float
    assert mg.arange(np.uint8(5), np.uint8(2)).shape == (0,)
    assert mg.arange(2**62, 2**62 + 2).tolist() == [2**62, 2**62 + 1]
    assert mg.vmap(lambda a, b: a + b, in_axes=[0, None])(A, V).tolist() == (A + V).tolist()


def test_a_gradient_is_forgotten_by_del() -> None:
    w = mg.tensor([1.0, 2.0], requires_grad=True)
    (w * w).sum().backward()
    del w.grad
    assert w.grad is None
    (w * w).sum().backward()
    assert w.grad.tolist() == [2.0, 4.0]
