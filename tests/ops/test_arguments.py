"""Every argument of every public function: differentiated, refused in words, or no real number.

The functions come from the modules and their arguments from the signatures: one that is new is in no
row below, and fails until somebody has decided about it.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from engine_cases.case import BATCH, IDX, SPD, SQUARE, D, M, V, X, generator, normal, sample
from engine_cases.matrix_functions import matrix_function_cases

import minigrad as mg
import minigrad.nn.functional as F  # noqa: N812  (as users write it)
from minigrad.errors import MinigradError
from minigrad.graph.public import PUBLIC
from minigrad.graph.tensor import Tensor
from minigrad.numeric.trees import leaves_of, map_leaves
from minigrad.ops import habits
from minigrad.primitive import Primitive

STEP = 1e-6

# -- arguments that hold no real number, by their names ---------------------------------------------
WHOLE = """axis axes axis1 axis2 axisa axisb axisc source destination offset k n shift start kth num reps repeats
    indices_or_sections shape pad_width indices index decimals stride padding dilation groups kernel_size
    normalized_shape ignore_index features trans"""
FLAGS = """keepdims copy sparse endpoint include_initial stable upper lower unit_diagonal hermitian full_matrices
    compute_uv return_sign is_causal causal log_target ceil_mode training where condition condlist key_mask"""
WORDS = """dtype out casting order kind mode indexing UPLO reduction approximate named options rng
    dropout"""
NO_NUMBER = frozenset(f"{WHOLE} {FLAGS} {WORDS}".split())
# Public names that compute nothing from arrays themselves: they build rows, symbols or transforms, fill
# or draw new leaves, and ``tensor`` copies data into one, as its name says.
NO_OPERATION = frozenset(
    [
        *("arange", "eye", "full", "full_like", "ones", "ones_like", "zeros", "zeros_like"),
        *("manual_seed", "rand", "randint", "randn"),
        "check",
        "compile",
        "composite",
        "debug_nans",
        "derive",
        "draw",
        "elementwise",
        "from_sympy",
        "function",
        "grad",
        "gradients",
        "hessian",
        "hvp",
        "jacobian",
        "jvp",
        "no_grad",
        "parse",
        "matrix_function",
        "primitive",
        "scope",
        "symbols",
        "tensor",
        "value_and_grad",
        "vjp",
        "vmap",
    ]
)
# Methods of a tensor that read its value, or have no derivative by their documentation.
VALUE_METHODS = frozenset(
    [
        "all",
        "any",
        "argmax",
        "argmin",
        "argsort",
        "assign",
        "backward",
        "detach",
        "item",
        "named",
        "nonzero",
        "requires_grad_",
        "retain_grad",
        "numpy",
        "tolist",
    ]
)

# What only some functions take as whole numbers.
WHOLE_IN = {"nn.embedding": {"input"}, "nn.nll_loss": {"target"}, "nn.sinusoids": {"positions"}}

# -- a call of each function: its real arguments are differentiated, unless they are refused ---------
POSITIVE = np.abs(M) + 0.5
UNIT = sample("unit", (3, 4), generator("p"))
SOFT = sample("unit", (3, 4), generator("t"))
SYMMETRIC = SPD + np.diag([0.0, 1.0, 3.0])
IMAGE, KERNEL = normal(2, 2, 5, 6), normal(3, 2, 2, 3)
HEADS = {f"W{w}": normal(2, 4, 3, key=w) for w in "qkv"}
N = normal(3, 4, key="n")
CALLS: dict[str, dict[str, Any]] = {
    **{case.row: {"x": case.args[0]} for case in matrix_function_cases() if case.row in PUBLIC},
    "append": {"arr": M, "values": V},
    "array_split": {"ary": M, "indices_or_sections": 2},
    "astype": {"x": M, "dtype": float},
    "atleast_1d": {"*arys": (M, V)},
    "atleast_2d": {"*arys": (M, V)},
    "atleast_3d": {"*arys": (M, V)},
    "average": {"a": M, "weights": POSITIVE},
    "broadcast_arrays": {"*args": (M, V)},
    "broadcast_to": {"x": V, "shape": (3, 4)},
    "clip": {"a": M, "a_min": np.array(-0.4), "a_max": np.array(0.6)},
    "clip by keyword": {"a": M, "min": np.array(-0.4), "max": np.array(0.6)},
    "column_stack": {"tup": [M, N]},
    "concatenate": {"arrays": [M, N]},
    "cross": {"a": SQUARE, "b": normal(3, 3)},
    "cumprod": {"a": M, "axis": 1},
    "cumsum": {"a": M, "axis": 0},
    "cumulative_prod": {"x": V},
    "cumulative_sum": {"x": V},
    "diag": {"v": V},
    "diagflat": {"v": V},
    "diagonal": {"a": M},
    "diff": {"a": M, "prepend": normal(3, 1), "append": normal(3, 2)},
    "dot": {"x": M, "y": V},
    "dsplit": {"ary": X, "indices_or_sections": 2},
    "dstack": {"tup": [M, N]},
    "einsum": {"*args": ("ij,kj->ik", M, N)},
    "expand_dims": {"a": M, "axis": 0},
    "flip": {"m": M},
    "fliplr": {"m": M},
    "flipud": {"m": M},
    "fmax": {"x1": M, "x2": N},
    "fmin": {"x1": M, "x2": N},
    "getitem": {"x": M, "index": IDX},
    "hsplit": {"ary": M, "indices_or_sections": 2},
    "hstack": {"tup": [M, N]},
    "index_add": {"x": M, "index": IDX, "value": normal(3, 4, key="i")},
    "inner": {"x": M, "y": V},
    "kron": {"x": M, "y": V},
    "linspace": {"start": V, "stop": V + 1, "num": 3},
    "logaddexp2": {"x1": M, "x2": N},
    "matmul": {"x": M, "y": N.T},
    "matvec": {"x1": M, "x2": V},
    "max": {"a": D, "axis": 1, "initial": np.array(1.7)},
    "max of some": {"a": D, "axis": 1, "initial": np.array(1.7), "where": D > 2},
    "mean": {"a": M, "where": M > 0},
    "meshgrid": {"*xi": (V, V + 1)},
    "min": {"a": D, "axis": 1, "initial": np.array(1.7)},
    "moveaxis": {"a": X, "source": 0, "destination": 1},
    "nan_to_num": {"x": M, "nan": 1.5, "posinf": 2.5, "neginf": 3.5},
    "nanmean": {"a": M},
    "nansum": {"a": M, "initial": np.array(0.5)},
    "outer": {"x": V, "y": V},
    "pad": {"array": M, "pad_width": 1, "constant_values": 0.5},
    "partition": {"a": D, "kth": 1},
    "prod": {"a": M, "initial": np.array(0.5)},
    "ptp": {"a": D},
    "ravel": {"a": M},
    "repeat": {"a": M, "repeats": 2},
    "reshape": {"a": M, "*shape": (4, 3)},
    "roll": {"a": M, "shift": 1},
    "rollaxis": {"a": X, "axis": 2},
    "rot90": {"m": M},
    "round": {"a": M},
    "select": {"condlist": [M > 0.5, M < 0], "choicelist": [M, N], "default": np.array(0.5)},
    "setitem": {"x": M, "index": 1, "value": V},
    "sort": {"a": D},
    "split": {"ary": M, "indices_or_sections": 2, "axis": 1},
    "squeeze": {"a": normal(1, 3)},
    "stack": {"arrays": [M, N]},
    "std": {"a": M, "ddof": 0.5},
    "std around": {"a": M, "mean": np.array(0.3), "correction": 0.5},
    "sum": {"a": M, "initial": np.array(0.5)},
    "swapaxes": {"x": M, "axis1": 0, "axis2": 1},
    "take": {"a": M, "indices": IDX},
    "take_along_axis": {"arr": M, "indices": np.array([[0], [1], [3]])},
    "tensordot": {"a": M, "b": N, "axes": 2},
    "tile": {"A": M, "reps": 2},
    "trace": {"a": M},
    "transpose": {"x": M, "*axes": ()},
    "trapezoid": {"y": M, "dx": np.array(0.5)},
    "trapezoid of points": {"y": M, "x": V},
    "tril": {"m": M},
    "triu": {"m": M},
    "unstack": {"x": M},
    "var": {"a": M, "ddof": 0.5},
    "var around": {"a": M, "mean": np.array(0.3), "correction": 0.5},
    "vdot": {"a": M, "b": N},
    "vecdot": {"x1": M, "x2": N},
    "vecmat": {"x1": V, "x2": N.T},
    "vsplit": {"ary": M, "indices_or_sections": 3},
    "vstack": {"tup": [M, N]},
    "where": {"condition": M > 0, "x": M, "y": N},
    "linalg.cholesky": {"a": SPD},
    "linalg.cross": {"x1": SQUARE, "x2": normal(3, 3)},
    "linalg.diagonal": {"x": BATCH},
    "linalg.eigh": {"a": SYMMETRIC},
    "linalg.eigvalsh": {"a": SYMMETRIC, "UPLO": "U"},
    "linalg.matrix_norm": {"x": M, "ord": 1.0},
    "linalg.matrix_power": {"a": SQUARE, "n": 3},
    "linalg.matrix_transpose": {"x": M},
    "linalg.multi_dot": {"arrays": [M, N.T, M]},
    "linalg.norm": {"x": V, "ord": 3.0},
    "linalg.pinv": {"a": M, "rcond": 1e-15, "rtol": None},
    "linalg.pinv by rtol": {"a": M, "rtol": 1e-15},
    "linalg.qr": {"a": M.T},
    "linalg.slogdet": {"a": SQUARE},
    "linalg.solve": {"x": SQUARE, "y": normal(3, 2)},
    "linalg.solve_triangular": {"a": SQUARE, "b": normal(3, 2)},
    "linalg.svd": {"a": M, "full_matrices": False, "compute_uv": False},
    "linalg.trace": {"x": BATCH},
    "linalg.vector_norm": {"x": V, "ord": 3.0},
    "special.logsumexp": {"a": M, "b": POSITIVE},
    "special.polygamma": {"n": 1.0, "x": POSITIVE},
    "nn.bce_with_logits": {"input": M, "target": SOFT, "weight": V**2, "pos_weight": V**2 + 1},
    "nn.bce_with_logits of one": {"input": M, "target": SOFT, "pos_weight": V**2 + 1},
    "nn.binary_cross_entropy": {"input": UNIT, "target": SOFT, "weight": V**2},
    "nn.conv1d": {"input": IMAGE[0], "weight": normal(3, 5, 2), "bias": normal(3)},
    "nn.conv2d": {"input": IMAGE, "weight": KERNEL, "bias": normal(3)},
    "nn.cosine_similarity": {"x1": M, "x2": N, "eps": np.array(1e-3)},
    "nn.cross_entropy": {"input": M, "target": SOFT, "weight": V**2, "label_smoothing": 0.2},
    "nn.cross_entropy of labels": {
        "input": M,
        "target": np.array([0, 3, 1]),
        "weight": V**2,
        "label_smoothing": np.array(0.0),
        "ignore_index": 3,
    },
    "nn.dropout": {"x": M, "p": 0.5},
    "nn.embedding": {"input": IDX, "weight": M},
    "nn.glu": {"input": M},
    "nn.huber_loss": {"input": M, "target": N, "delta": 0.7, "weight": V**2},
    "nn.kl_div": {"input": M, "target": SOFT},
    "nn.l1_loss": {"input": M, "target": N, "weight": V**2},
    "nn.layer_norm": {"input": M, "normalized_shape": 4, "weight": V, "bias": V, "eps": 0.1},
    "nn.linear": {"input": M, "weight": normal(2, 4), "bias": normal(2)},
    "nn.log_softmax": {"input": M},
    "nn.max_pool2d": {"input": D, "kernel_size": 2},
    "nn.max_pool1d": {"input": D, "kernel_size": 2},
    "nn.avg_pool2d": {"input": D, "kernel_size": 2},
    "nn.avg_pool1d": {"input": D, "kernel_size": 2},
    "nn.mse_loss": {"input": M, "target": N, "weight": V**2},
    "nn.multi_head_attention": {
        "query": M,
        "key": N,
        "value": 2 * N,
        **HEADS,
        "Wo": normal(2, 3, 4),
        "biases": (normal(2, 3), normal(2, 3), normal(2, 3), V),
        "mask": normal(3, 3),
    },
    "nn.nll_loss": {"input": M, "target": np.array([0, 3, 1]), "weight": V**2},
    "nn.rms_norm": {"input": M, "normalized_shape": 4, "weight": V, "eps": 0.1},
    "nn.scaled_dot_product_attention": {
        "query": M,
        "key": N,
        "value": 2 * N,
        "attn_mask": normal(3, 3),
        "scale": np.array(0.4),
        "dropout_p": 0.5,
    },
    "nn.self_attention": {
        "X": M,
        **{name: W[0] for name, W in HEADS.items()},
        "mask": normal(3, 3),
    },
    "nn.sinusoids": {"positions": 3, "features": 4},
    "nn.smooth_l1_loss": {"input": M, "target": N, "beta": 0.7},
    "nn.softmax": {"input": M},
}
REFUSED = frozenset(
    [
        "pad.constant_values",
        "nan_to_num.nan",
        "nan_to_num.posinf",
        "nan_to_num.neginf",
        "std.ddof",
        "std.correction",
        "var.ddof",
        "var.correction",
        "linalg.norm.ord",
        "linalg.vector_norm.ord",
        "linalg.matrix_norm.ord",
        "linalg.pinv.rcond",
        "linalg.pinv.rtol",
        "special.polygamma.n",
        "nn.dropout.p",
        "nn.huber_loss.delta",
        "nn.smooth_l1_loss.beta",
        "nn.layer_norm.eps",
        "nn.rms_norm.eps",
        "nn.scaled_dot_product_attention.dropout_p",
    ]
)
# What a call needs to be legal while another of its arguments is looked at.
INSTEAD = {
    "nn.scaled_dot_product_attention": {"dropout_p": 0.0},
    "nn.dropout": {"p": 0.5, "rng": 0},
    "special.polygamma": {"n": 1},
}


def public() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Every public function of arrays, once, by its full name."""
    seen = set()
    for lead, module in (("", mg), ("linalg.", mg.linalg), ("special.", mg.special), ("nn.", F)):
        for name in module.__all__:
            function = getattr(module, name)
            if callable(function) and not inspect.isclass(function) and name not in NO_OPERATION:
                if function not in seen:
                    seen.add(function)
                    yield lead + name, function


FUNCTIONS = dict(public())


def row_of(name: str) -> Primitive | None:
    return getattr(FUNCTIONS[name], "primitive", None)


def elementwise(name: str) -> bool:
    row = row_of(name)
    return row is not None and row.kind == "elementwise" and name not in CALLS


def calls() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Function, label and arguments of every call in the table, and of every elementwise row."""
    for label, arguments in CALLS.items():
        yield label.split(" ")[0], label, arguments
    for name in FUNCTIONS:
        if elementwise(name):
            row = row_of(name)
            assert row is not None
            rng = generator("arguments", name)
            arrays = tuple(np.asarray(sample(d, (2, 3), rng)) for d in row.domain)
            yield (
                name,
                name,
                {
                    "*args": arrays,
                    **{k: 0.3 for k, x in row.params.items() if isinstance(x, float)},
                },
            )


def real(x: Any) -> bool:
    return any(
        isinstance(leaf, float) or (isinstance(leaf, np.ndarray) and leaf.dtype.kind == "f")
        for leaf in leaves_of(x)
    )


CASES = [
    pytest.param(name, arguments, argument, id=f"{label}-{argument.lstrip('*')}")
    for name, label, arguments in calls()
    for argument, value in arguments.items()
    if real(value)
]


def refused(name: str, argument: str) -> bool:
    row = row_of(name)
    return f"{name}.{argument}" in REFUSED or (elementwise(name) and argument in row.params)  # type: ignore[union-attr]


def call(name: str, arguments: dict[str, Any]) -> Any:
    """The function of its arguments, those that have no keyword by their positions."""
    function, given = FUNCTIONS[name], dict(arguments)
    parameters = inspect.signature(function).parameters.values()
    lead = {p.POSITIONAL_ONLY for p in parameters}
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        lead |= {p.POSITIONAL_OR_KEYWORD for p in parameters}
    if name == "nn.dropout":
        given["rng"] = np.random.default_rng(0)
    positional = []
    for p in parameters:
        if p.kind is p.VAR_POSITIONAL:
            positional += given.pop(f"*{p.name}", ())
        elif p.kind in lead and p.name in given:
            positional.append(given.pop(p.name))
    positional += given.pop("*args", ())
    return function(*positional, **given)


def run(name: str, arguments: dict[str, Any]) -> Any:
    """The outputs with fixed weights, summed up."""
    outputs = [y for y in leaves_of(call(name, arguments)) if isinstance(y, Tensor)]
    # Of eigenvectors and singular vectors the squares are determined, signs are not.
    return sum((y * y * np.cos(np.arange(y.size)).reshape(y.shape)).sum() for y in outputs)


@pytest.mark.parametrize(("name", "arguments", "argument"), CASES)
def test_real_arguments_are_differentiated_or_refused(
    name: str, arguments: dict[str, Any], argument: str
) -> None:
    others = {**arguments, **{k: v for k, v in INSTEAD.get(name, {}).items() if k != argument}}
    others.pop("rng", None)

    def track(x: Any) -> Any:
        return mg.tensor(x, requires_grad=True) if real(x) else x

    tracked = map_leaves(track, arguments[argument])
    if refused(name, argument):
        with pytest.raises((MinigradError, TypeError), match=name.rsplit(".", 1)[-1]):
            run(name, {**others, argument: tracked})
        return
    result = run(name, {**others, argument: tracked})
    if result.requires_grad:
        result.backward()
    for leaf in (x for x in leaves_of(tracked) if isinstance(x, Tensor)):

        def value(moved: Any, leaf: Tensor = leaf) -> float:
            here = map_leaves(functools.partial(_with, leaf, moved), tracked)
            return float(run(name, {**others, argument: here}).item())

        expected = np.zeros(leaf.shape)
        for place in np.ndindex(*leaf.shape):
            sides = [value(_moved(leaf, place, step)) for step in (STEP, -STEP)]
            expected[place] = (sides[0] - sides[1]) / (2 * STEP)
        got = np.zeros(leaf.shape) if leaf.grad is None else leaf.grad.numpy()
        np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)


def _with(leaf: Tensor, moved: Any, x: Any) -> Any:
    """The moved array in place of its tensor, and others as arrays."""
    return moved if x is leaf else x.numpy() if isinstance(x, Tensor) else x


def _moved(x: Tensor, place: tuple[int, ...], step: float) -> Any:
    array = x.numpy().copy()
    array[place] += step
    return array


@pytest.mark.parametrize("name", [name for name in FUNCTIONS if not elementwise(name)])
def test_every_argument_is_decided(name: str) -> None:
    told = {
        argument.lstrip("*")
        for label, arguments in CALLS.items()
        if label.split(" ")[0] == name
        for argument, value in arguments.items()
        if real(value)
    }
    parameters = set(inspect.signature(FUNCTIONS[name]).parameters)
    undecided = parameters - told - NO_NUMBER - WHOLE_IN.get(name, set())
    assert undecided == set(), f"{name}: nobody decided about {undecided}"


def test_every_method_of_a_tensor_is_a_function_of_the_table() -> None:
    """A method is a function that is looked at above, or reads the value."""
    methods = {
        name: member
        for name, member in vars(Tensor).items()
        if callable(member) and not name.startswith("_") and name not in {*VALUE_METHODS, *habits.METHODS}
    }
    strangers = [n for n, f in methods.items() if f not in FUNCTIONS.values()]
    assert strangers == []


def test_a_row_without_a_rule_is_refused() -> None:
    """What has no derivative says so: a gradient that is left out would be taken for 0."""
    row = mg.primitive(
        "scaled_of_a_test", lambda x, s: x * s, vjps=(lambda g, y, x, s: g * s, None)
    )
    x, s = (mg.tensor([1.0, 2.0], requires_grad=True) for _ in "xs")
    row(x, s.detach()).sum().backward()
    with pytest.raises(MinigradError, match=r"scaled_of_a_test: .* by its argument 2"):
        row(x, s)


def test_numpy_functions_lose_no_gradient() -> None:
    x, s = mg.tensor([1.0, 2.0], requires_grad=True), mg.tensor(3.0, requires_grad=True)
    np.full_like(x, s).sum().backward()
    assert s.grad.item() == 2
    with pytest.raises(MinigradError, match=r"histogram: .* by its weights"):
        np.histogram(x, 2, weights=x)


# -- modules: what they are built with -----------------------------------------------------------------

MODULES = {name: c for name in mg.nn.__all__ if inspect.isclass(c := getattr(mg.nn, name))}
# What a module is built with beside real numbers and weights, so that one of these can be looked at.
BUILT = {
    "MLP": {"features": 2},
    **{key: {"features": 4} for key in ("BatchNorm", "BatchNorm1d", "BatchNorm2d")},
    "LayerNorm": {"features": 4},
    "RMSNorm": {"features": 4},
    "LearnedPositions": {"positions": 3, "features": 4},
    "MultiHeadAttention": {"features": 4, "heads": 2},
    "TransformerBlock": {"features": 4, "heads": 2},
}
WEIGHTS = V**2
# What a loss is differentiated by, where it starts, and the predictions.
LOSSES = {
    "BCELoss.weight": (WEIGHTS, UNIT),
    "BCEWithLogitsLoss.weight": (WEIGHTS, M),
    "BCEWithLogitsLoss.pos_weight": (WEIGHTS, M),
    "CrossEntropyLoss.weight": (WEIGHTS, M),
    "CrossEntropyLoss.label_smoothing": (np.array(0.2), M),
    "HuberLoss.weight": (WEIGHTS, M),
    "L1Loss.weight": (WEIGHTS, M),
    "MSELoss.weight": (WEIGHTS, M),
    "NLLLoss.weight": (WEIGHTS, np.concatenate([M, M])),
    "CosineSimilarity.eps": (np.array(9.0), M),  # beyond the lengths, so that it counts
}
LABELS = np.arange(2 * len(M)) % M.shape[1]


def built_with() -> Iterator[tuple[str, str]]:
    """The real arguments of every module: numbers with a fraction, and weights."""
    for name, module in MODULES.items():
        for p in inspect.signature(module.__init__).parameters.values():
            if isinstance(p.default, float) or p.name in ("weight", "pos_weight"):
                yield name, p.name


@pytest.mark.parametrize(("name", "argument"), list(built_with()))
def test_what_modules_are_built_with_is_differentiated_or_refused(name: str, argument: str) -> None:
    if f"{name}.{argument}" not in LOSSES:
        tracked = {argument: mg.tensor(0.5, requires_grad=True)}
        with pytest.raises(MinigradError, match=r"detach\(\)"):
            MODULES[name](**BUILT.get(name, {}), **tracked)(M)
        return
    start, predictions = LOSSES[f"{name}.{argument}"]

    def loss(x: Any) -> Any:
        return MODULES[name](**{argument: x})(predictions, LABELS if name == "NLLLoss" else SOFT).sum()

    got = mg.grad(loss)(start).numpy()
    steps = STEP * np.eye(start.size).reshape(start.size, *start.shape)
    moved = [(loss(start + s).item() - loss(start - s).item()) / (2 * STEP) for s in steps]
    assert np.abs(got).min() > 0
    np.testing.assert_allclose(got.ravel(), moved, rtol=1e-5, atol=1e-6)


# -- options: anything that is no option of a function is refused in words ---------------------------

STRANGE: dict[str, Any] = {
    "array": M,
    "truths": M > 0,
    "one element": np.array([1]),
    "text": "x",
    "surrogate": "\ud800",
    "bytes": b"x",
    "object": object(),
    "nothing": None,
    "nan": float("nan"),
    "inf": float("inf"),
    "complex": 1j,
    "negative": -7,
    "huge": 10**30,
    "half": 0.5,
    "true": True,
    "tracked": mg.tensor(M, requires_grad=True),
    "mapping": {},
    "set": {1},
    "empty": (),
    "ragged": [[1, [2]]],
}


@pytest.mark.parametrize("label", CALLS)
def test_a_strange_option_is_taken_or_refused_in_words(label: str) -> None:
    name = label.split(" ")[0]
    parameters = inspect.signature(FUNCTIONS[name]).parameters.values()
    options = NO_NUMBER | WHOLE_IN.get(name, set())
    chosen = [p for p in parameters if p.name in options and p.kind is not p.VAR_KEYWORD]
    for p in (p for p in chosen if p.kind is not p.VAR_POSITIONAL):
        for strange in STRANGE.values():
            with contextlib.suppress(MinigradError), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                call(name, {**CALLS[label], **INSTEAD.get(name, {}), p.name: strange})


@pytest.mark.parametrize("keepdims", [STRANGE["object"], "no", 2, M, None], ids=lambda x: type(x).__name__)
@pytest.mark.parametrize("name", ["sum", "mean", "max", "min", "prod", "var", "std", "ptp", "special.logsumexp"])
def test_a_flag_is_true_or_false(name: str, keepdims: Any) -> None:
    with pytest.raises(MinigradError, match=r"keepdims"):
        FUNCTIONS[name](M, keepdims=keepdims)


def test_differences_end_where_nothing_is_left() -> None:
    assert mg.diff(V, 10**30).shape == (0,)
    with pytest.raises(MinigradError, match="at most 10,000 times, not 10000"):
        mg.parse("sum(diff(x, 10**15))", x="n")
