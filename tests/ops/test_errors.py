"""The wording of errors: operation, shapes, cause and cure, in one table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad import errors
from minigrad.nn import functional

X = mg.tensor(np.ones((8, 16)), name="X", dims="n d")
W = mg.tensor(np.ones((12, 4)), name="W", dims="e k", requires_grad=True)
V = mg.tensor(np.ones(3), requires_grad=True)
M = mg.tensor(np.ones((2, 3)), requires_grad=True)


def _twice() -> None:
    y = (V * V).sum()
    y.backward()
    y.backward()


def _stale() -> None:
    w = mg.tensor([1.0, 2.0], name="w", requires_grad=True)
    y = (w * w).sum()
    w.assign([0.0, 0.0])
    y.backward()


def _watched(f: Callable[[], Any]) -> Callable[[], Any]:
    def run() -> None:
        with mg.debug_nans(), np.errstate(all="ignore"):
            f()

    return run


NO_GRADIENT = mg.tensor(np.ones(2), name="data")
OUT = np.zeros(3)

TABLE: dict[str, tuple[Callable[[], Any], type[Exception], tuple[str, ...]]] = {
    "matmul": (
        lambda: X @ W,
        errors.ShapeError,
        ("matmul", "16 columns", "12 rows", "X (n=8, d=16)", "W (e=12, k=4)", "transpose"),
    ),
    "elementwise": (
        lambda: X + W,
        errors.ShapeError,
        ("add", "do not broadcast", "16", "4", "axis -1", "X (n=8, d=16)", "[:, None]"),
    ),
    "numpy's name for it": (lambda: np.multiply(X, W), errors.ShapeError, ("multiply", "X (n=8")),
    "einsum sizes": (
        lambda: mg.einsum("ij,jk->ik", X, W),
        errors.ShapeError,
        ("einsum", "'j'", "'ij,jk->ik'", "16 and 12", "another letter"),
    ),
    "einsum axes": (
        lambda: mg.einsum("ijk,jk->ik", X, W),
        errors.ShapeError,
        ("einsum", "'ijk'", "names 3 axes", "operand 1 has 2", "..."),
    ),
    "einsum output": (
        lambda: mg.einsum("ij->ik", X),
        errors.ShapeError,
        ("einsum", "['k']", "no operand has"),
    ),
    "concatenate": (
        lambda: mg.concatenate([X, W]),
        errors.ShapeError,
        ("concatenate", "16 and 4", "axis 1", "only axis 0", "X (n=8, d=16)"),
    ),
    "concatenate nothing": (
        lambda: mg.concatenate([]),
        errors.ShapeError,
        ("concatenate", "at least one"),
    ),
    "stack": (lambda: mg.stack([X, W]), errors.ShapeError, ("stack", "(8, 16)", "concatenate")),
    "tensordot": (
        lambda: np.tensordot(X, W, 1),
        errors.ShapeError,
        ("tensordot", "16 and 12", "axis 1 of the left", "axis 0 of the right"),
    ),
    "inner": (lambda: mg.inner(X, W), errors.ShapeError, ("inner", "16 and 4", "last axis")),
    "linear": (
        lambda: functional.linear(X, W),
        errors.ShapeError,
        ("nn.linear", "16 and 4", "X (n=8, d=16)"),
    ),
    "attention": (
        lambda: functional.scaled_dot_product_attention(X, W, W),
        errors.ShapeError,
        ("nn.scaled_dot_product_attention", "16 and 4"),
    ),
    "embedding": (
        lambda: functional.embedding(np.array([3, 9]), W.T),
        errors.ShapeError,
        ("nn.embedding", "3 and 9", "4 rows"),
    ),
    "embedding by numbers": (
        lambda: functional.embedding(np.array([0.5]), W),
        errors.DtypeError,
        ("nn.embedding", "integers", "float64"),
    ),
    "sequence too short": (
        lambda: functional.conv1d(np.ones((1, 2, 5)), np.ones((3, 2, 9))),
        errors.ShapeError,
        ("nn.conv1d", "kernel of size 9", "5 elements"),
    ),
    "repeat": (
        lambda: mg.repeat(V, [1, 2]),
        errors.ShapeError,
        ("repeat", "2 counts", "3 elements", "axis 0"),
    ),
    "vecdot": (
        lambda: np.vecdot(X, W),
        errors.ShapeError,
        ("vecdot", "16 and 4", "X (n=8, d=16)"),
    ),
    "average": (
        lambda: mg.average(X, axis=0, weights=[1.0, 2.0]),
        errors.ShapeError,
        ("average", "(2,)", "X (n=8, d=16)"),
    ),
    "size is no integer": (lambda: X.reshape(2.0, 64), TypeError, ("reshape", "'float'")),
    "order of elements": (lambda: X.reshape(-1, order="K"), ValueError, ("reshape", "'C' or 'F'")),
    "exponent is no integer": (
        lambda: mg.linalg.matrix_power(np.eye(2), 0.5),
        TypeError,
        ("linalg.matrix_power", "integer", "0.5"),
    ),
    "eigenvalues": (
        lambda: mg.linalg.eigvalsh(M),
        errors.ShapeError,
        ("linalg.eigvalsh", "square", "2 by 3"),
    ),
    "nothing": (lambda: mg.exp(None), errors.DtypeError, ("exp", "NoneType None")),
    "nothing added": (lambda: V + None, errors.DtypeError, ("add", "(3,)", "NoneType None")),
    "dtype": (lambda: mg.sum(X, 0, True), TypeError, ("astype", "True", "no dtype")),
    "complex dtype": (lambda: V.astype(complex), errors.DtypeError, ("astype", "complex128")),
    "where without a start": (
        lambda: mg.max(V, where=[True, False, True]),
        errors.ArgumentError,
        ("max", "where=", "initial="),
    ),
    "degrees twice": (
        lambda: mg.var(V, ddof=1, correction=1),
        errors.ArgumentError,
        ("var", "ddof", "correction", "one thing"),
    ),
    "out by position": (
        lambda: mg.sum(V, 0, None, OUT),
        errors.UnsupportedError,
        ("sum", "out= is refused", "returned tensor"),
    ),
    "at": (
        lambda: np.add.at(V, [0], 1.0),
        errors.UnsupportedError,
        ("np.add.at", "write into", "mg.index_add"),
    ),
    "fill_diagonal": (
        lambda: np.fill_diagonal(M, 0.0),
        errors.UnsupportedError,
        ("np.fill_diagonal", "mg.where"),
    ),
    "mode of take": (lambda: mg.take(V, 9, mode="nearest"), ValueError, ("take", "'nearest'")),
    "conditions and choices": (
        lambda: mg.select([True], [V, V]),
        errors.ArgumentError,
        ("select", "1 conditions", "2 choices"),
    ),
    "pullback": (
        lambda: mg.vjp(mg.sin, V)[1](np.ones(2)),
        errors.ShapeError,
        ("vjp", "(2,)", "(3,)"),
    ),
    "reshape": (
        lambda: X.reshape(7, -1),
        errors.ShapeError,
        ("reshape", "X (n=8, d=16)", "128 elements", "(7, -1)", "must be 128"),
    ),
    "reshape twice unknown": (lambda: X.reshape(-1, -1), errors.ShapeError, ("only one", "-1")),
    "axis": (
        lambda: mg.sum(X, axis=2),
        errors.AxisError,
        ("sum", "axis 2", "2 dimensions", "-2 to 1", "X (n=8, d=16)"),
    ),
    "axis of a join": (lambda: mg.stack([V, V], axis=5), errors.AxisError, ("stack", "axis 5")),
    "axis twice": (lambda: mg.sum(X, axis=(0, -2)), errors.AxisError, ("sum", "twice")),
    "axis is no integer": (lambda: mg.sum(X, axis=1.5), TypeError, ("sum", "integer", "1.5")),
    "integer requires grad": (
        lambda: mg.tensor([1, 2], name="ids", requires_grad=True),
        errors.DtypeError,
        ("ids", "int64", "cannot require a gradient", "dtype=float"),
    ),
    "backward of several": (
        lambda: M.backward(),
        errors.GradientError,
        ("backward", "(2, 3)", "6 elements", ".sum()", "cotangent"),
    ),
    "backward of data": (
        lambda: X.sum().backward(),
        errors.GradientError,
        ("backward", "does not depend", "requires_grad=True", "no_grad"),
    ),
    "backward twice": (
        _twice,
        errors.FreedError,
        ("sum saved", "released", "retain_saved=True", "again"),
    ),
    "no path": (
        lambda: mg.gradients((V * 2).sum(), [V, M]),
        errors.GradientError,
        ("gradients", "no path", "input 2", "(2, 3)", "allow_unused=True"),
    ),
    "input without gradient": (
        lambda: mg.gradients((V * 2).sum(), [NO_GRADIENT]),
        errors.GradientError,
        ("gradients", "data", "does not require a gradient", "requires_grad=True"),
    ),
    "cotangent": (
        lambda: M.backward(np.ones(3)),
        errors.ShapeError,
        ("backward", "cotangent", "(3,)", "(2, 3)", "equal"),
    ),
    "asarray": (
        lambda: np.asarray(V * 2),
        errors.UnsupportedError,
        ("np.asarray", "(3,)", "gradient would be lost", ".detach().numpy()"),
    ),
    "array of tensors": (lambda: np.array([V, V]), errors.UnsupportedError, ("mg.stack",)),
    "unsupported function": (
        lambda: np.median(M),
        errors.UnsupportedError,
        ("np.median", "nearest supported", "np.mean", "t.detach().numpy()"),
    ),
    "nothing near": (
        lambda: np.save("a.npy", M),
        errors.UnsupportedError,
        ("np.save has no differentiable counterpart; pass", "t.detach().numpy()"),
    ),
    "unsupported ufunc": (lambda: np.heaviside(M, 0.5), errors.UnsupportedError, ("np.heaviside",)),
    "unsupported in a namespace": (
        lambda: np.linalg.eig(mg.tensor(np.eye(2), requires_grad=True)),
        errors.UnsupportedError,
        ("np.linalg.eig ", "np.linalg.eigh"),
    ),
    "out of a ufunc": (
        lambda: np.exp(V, out=OUT),
        errors.UnsupportedError,
        ("np.exp", "out=", "captured", "returned tensor"),
    ),
    "out of a function": (lambda: np.sum(V, out=OUT), errors.UnsupportedError, ("np.sum", "out=")),
    "where of a ufunc": (
        lambda: np.exp(V, where=np.array([True, False, True])),
        errors.UnsupportedError,
        ("np.exp", "where=", "mg.where"),
    ),
    "complex": (lambda: mg.tensor(1j), errors.DtypeError, ("complex128", "real and imaginary")),
    "complex operand": (lambda: V * 1j, errors.DtypeError, ("multiply", "complex128")),
    "objects": (lambda: mg.tensor([object()]), errors.DtypeError, ("object", "numbers")),
    "text": (lambda: mg.tensor(["a"]), errors.DtypeError, ("<U1", "numbers")),
    "text operand": (lambda: V + "a", errors.DtypeError, ("add", "<U1")),
    "ragged": (lambda: mg.tensor([[1.0], [1.0, 2.0]]), errors.ShapeError, ("rectangular",)),
    "dims": (
        lambda: mg.tensor(np.ones((2, 2)), dims="n"),
        errors.ShapeError,
        ("'n'", "1 axes", "has 2", "_"),
    ),
    "one dim, two sizes": (
        lambda: mg.tensor(np.ones((2, 3)), name="S", dims="n n"),
        errors.ShapeError,
        ("S", "'n'", "2 and 3", "different names"),
    ),
    "dim is no name": (
        lambda: mg.tensor(np.ones(2), dims="2n"),
        errors.ArgumentError,
        ("'2n'", "letter"),
    ),
    "update before backward": (
        _stale,
        errors.StaleError,
        ("w (2,)", "updated after multiply", "before the update"),
    ),
    "writing to a view": (lambda: X.numpy().__setitem__(0, 1.0), ValueError, ("read-only",)),
    "assign a shape": (
        lambda: X.assign(np.ones(3)),
        errors.ShapeError,
        ("assign", "X (n=8, d=16)", "(3,)"),
    ),
    "assign to a result": (
        lambda: (V * 2).assign(np.ones(3)),
        errors.GradientError,
        ("assign", "result of multiply", "leaf"),
    ),
    "index out of bounds": (lambda: M[5], errors.ShapeError, ("getitem", "5", "size 2", "(2, 3)")),
    "too many indices": (lambda: M[0, 0, 0], errors.ShapeError, ("getitem", "3 were indexed")),
    "index of floats": (
        lambda: M[np.array([0.5])],
        errors.DtypeError,
        ("getitem", "float64", ".astype(int)"),
    ),
    "index of text": (lambda: M["a"], errors.DtypeError, ("getitem", "'a'", "slices")),
    "not square": (
        lambda: mg.linalg.inv(M),
        errors.ShapeError,
        ("linalg.inv", "square", "2 by 3", "pinv"),
    ),
    "singular": (
        lambda: mg.linalg.inv(np.zeros((2, 2))),
        errors.ArgumentError,
        ("linalg.inv", "singular", "(2, 2)", "pinv"),
    ),
    "not positive definite": (
        lambda: mg.linalg.cholesky(-np.eye(2)),
        errors.ArgumentError,
        ("linalg.cholesky", "not positive definite"),
    ),
    "system": (
        lambda: mg.linalg.solve(np.eye(2), V),
        errors.ShapeError,
        ("linalg.solve", "2 unknowns", "not 3"),
    ),
    "an option that is a tensor": (
        lambda: mg.linalg.svd(M, mg.tensor(np.ones(2), requires_grad=True)),
        errors.GradientError,
        ("linalg.svd", "full_matrices"),
    ),
    "more shifts than axes": (
        lambda: mg.roll(M, (1, 2, 3), (0, 1)),
        errors.ArgumentError,
        ("roll", "3 shifts", "2 axes"),
    ),
    "a truth value as axis": (
        lambda: mg.sum(M, axis=True),
        errors.KindError,
        ("sum", "axis must be an integer", "True"),
    ),
    "place beyond a partition": (
        lambda: mg.partition(M, 3),
        errors.AxisError,
        ("partition", "kth=3", "axis 1"),
    ),
    "directions of unlike shapes": (
        lambda: functional.cosine_similarity(np.ones((2, 3)), np.ones((3, 2))),
        errors.ShapeError,
        ("nn.cosine_similarity", "do not broadcast", "(2, 3)", "(3, 2)"),
    ),
    "arrays of unlike shapes": (
        lambda: mg.broadcast_arrays(np.ones(3), np.ones(2)),
        errors.ShapeError,
        ("broadcast_arrays", "do not broadcast", "(3,)", "(2,)"),
    ),
    "stacked weights of a linear map": (
        lambda: functional.linear(*mg.symbols("X: m n", "W: k p n")),
        errors.ShapeError,
        ("nn.linear", "a matrix (outputs, inputs)", "W (k, p, n)"),
    ),
    "a list of numbers for an axis": (
        lambda: mg.sum(mg.tensor(1.0), mg.tensor([0, 1])),
        errors.ShapeError,
        ("(2,)", "neither true nor false", "x.any()"),
    ),
    "one number for several arrays": (
        lambda: mg.concatenate(mg.tensor(1.0)),
        errors.KindError,
        ("is one number", "a list of tensors"),
    ),
    "the length of a number": (
        lambda: len(mg.tensor(1.0)),
        errors.KindError,
        ("is one number", "no length"),
    ),
    "an index that is none": (
        lambda: [1, 2][mg.tensor(1.0)],
        errors.KindError,
        ("is no index", "a whole number"),
    ),
    "scores without classes": (
        lambda: functional.cross_entropy(0.3, 0.3, weight=np.ones(3)),
        errors.ShapeError,
        ("nn.cross_entropy", "one number has no classes"),
    ),
    "labels out of range": (
        lambda: functional.cross_entropy(M, np.array([0, 5])),
        errors.ShapeError,
        ("nn.cross_entropy", "0 and 5", "3 classes", "ignore_index"),
    ),
    "labels of another shape": (
        lambda: functional.cross_entropy(M, np.array([0, 1, 2])),
        errors.ShapeError,
        ("nn.cross_entropy", "(3,)", "(2, 3)", "expected (2,)"),
    ),
    "weights of other classes": (
        lambda: functional.cross_entropy(M, np.array([0, 1]), weight=np.ones(2)),
        errors.ShapeError,
        ("nn.cross_entropy", "one for each of the 3 classes"),
    ),
    "labels that are words": (
        lambda: functional.cross_entropy(M, "a"),
        errors.DtypeError,
        ("nn.cross_entropy", "dtype"),
    ),
    "labels by name of another shape": (
        lambda: mg.parse("cross_entropy(X, t)", X="n m", t="k | index"),
        errors.ShapeError,
        ("nn.cross_entropy", "(k,)", "(n, m)", "expected (n,)"),
    ),
    "labels by name that are no integers": (
        lambda: mg.parse("nll_loss(X, t)", X="n m", t="n"),
        errors.DtypeError,
        ("nn.nll_loss", "class labels are integers"),
    ),
    "reduction": (
        lambda: functional.mse_loss(M, M, reduction="avg"),
        errors.ArgumentError,
        ("nn.mse_loss", "'avg'", "mean", "sum", "none"),
    ),
    "loss shapes": (
        lambda: functional.bce_with_logits(M, np.ones((4, 4))),
        errors.ShapeError,
        ("nn.bce_with_logits", "different shapes", "(2, 3)", "(4, 4)"),
    ),
    "no probabilities": (
        lambda: functional.binary_cross_entropy(np.array([0.5, 1.5]), np.ones(2)),
        errors.ArgumentError,
        ("nn.binary_cross_entropy", "between 0 and 1", "0.5 and 1.5", "bce_with_logits"),
    ),
    "convolution": (
        lambda: functional.conv2d(np.ones((1, 2, 5, 5)), np.ones((1, 3, 2, 2))),
        errors.ShapeError,
        ("nn.conv2d", "2 channels", "axis 1 must have size 2"),
    ),
    "normalized shape": (
        lambda: functional.layer_norm(M, (4,)),
        errors.ShapeError,
        ("nn.layer_norm", "(4,)", "last sizes"),
    ),
    "grad of several": (
        lambda: mg.grad(lambda x: x * 2)(np.ones(2)),
        errors.GradientError,
        ("grad", "one number", "shape (2,)", "jacobian"),
    ),
    "grad of a float": (
        lambda: mg.grad(lambda x: float(x.sum()))(np.ones(2)),
        errors.GradientError,
        ("grad", "float", "no gradient"),
    ),
    "grad in integers": (
        lambda: mg.grad(lambda x: x.sum())(np.array([1, 2])),
        errors.DtypeError,
        ("grad", "int64", ".astype(float)"),
    ),
    "argnums": (
        lambda: mg.grad(lambda x: x.sum(), argnums=3)(V),
        errors.ArgumentError,
        ("argnums=3", "1 arguments"),
    ),
    "tangent": (
        lambda: mg.jvp(mg.exp, (V,), (np.ones(4),)),
        errors.ShapeError,
        ("jvp", "(4,)", "(3,)"),
    ),
    "built-in name": (
        lambda: mg.elementwise("exp", np.exp, vjps=(None,)),
        errors.NameClashError,
        ("'exp'", "built-in", "'my_exp'"),
    ),
    "item": (lambda: V.item(), errors.ShapeError, ("item", "3 elements", "exactly one")),
    "missing argument": (lambda: mg.sum(), TypeError, ("sum: a=... must be given",)),
    "gradient of another shape": (
        lambda: setattr(V, "grad", mg.tensor(np.ones(7))),
        errors.ShapeError,
        ("grad", "(3,)", "(7,)"),
    ),
    "NaN forward": (
        _watched(lambda: mg.log(mg.tensor([1.0, 0.0], name="z"))),
        errors.NonFiniteError,
        ("log made the first infinity", "test_errors.py:", "z shape (2,) in [0, 1]"),
    ),
    "NaN backward": (
        _watched(lambda: mg.sum(mg.sqrt(mg.tensor([1.0, 0.0], requires_grad=True))).backward()),
        errors.NonFiniteError,
        ("backward pass of sqrt", "test_errors.py:", "infinity", "[0, 1]"),
    ),
}


@pytest.mark.parametrize("name", TABLE)
def test_wording(name: str) -> None:
    provoke, kind, words = TABLE[name]
    with pytest.raises(kind) as caught:
        provoke()
    message = str(caught.value)
    for word in words:
        assert word in message


@pytest.mark.parametrize("name", [n for n, row in TABLE.items() if row[1].__module__ != "builtins"])
def test_errors_are_also_the_usual_ones(name: str) -> None:
    kind = TABLE[name][1]
    assert issubclass(kind, errors.MinigradError)
    assert issubclass(kind, ValueError | TypeError | RuntimeError | FloatingPointError)


def test_errors_point_at_the_line_of_the_user() -> None:
    with pytest.raises(errors.ShapeError) as caught:
        X @ W
    assert caught.traceback[0].path.name == "test_errors.py"


@pytest.mark.parametrize("name", ["argmax", "argmin", "argsort", "nonzero", "any", "all"])
def test_functions_without_a_derivative_give_plain_values(name: str) -> None:
    expected = getattr(np, name)(np.array([1.0, 3.0, 2.0]))
    t = mg.tensor([1.0, 3.0, 2.0], requires_grad=True)
    for result in (getattr(np, name)(t), getattr(t, name)()):
        assert not isinstance(result, mg.Tensor)
        np.testing.assert_array_equal(result, expected)
