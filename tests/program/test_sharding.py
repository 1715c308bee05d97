"""Programs of one device: run on every block in turn, their parts added where a psum stands."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from source_cases import ATTENTION, CASES, HEADS, SIZES, Case, case, formula_of, samples

from minigrad.errors import DerivationError
from minigrad.index.matrix_row import matrix_row
from minigrad.index.size import AnySize, dim
from minigrad.program import Program, Value, in_order, program, run, sharding
from minigrad.program.binding import bound
from minigrad.program.environment import Environment
from minigrad.program.operations import OPERATIONS as OPERATION_TABLE
from minigrad.program.sharding import cut_axes, sharded
from minigrad.program.value_builder import ValueBuilder

DEVICES = 3
CUT = dict.fromkeys(SIZES, 6)


def staged(local: Program) -> tuple[list[tuple[str, Value]], list[Value]]:
    """What the devices add up, in order, and the results, with the sums as variables."""
    builder, done, stages = ValueBuilder(), dict[Value, Value](), list[tuple[str, Value]]()
    for value in in_order(local.results):
        args = [done[arg] for arg in value.args]
        if value.op == "psum":
            stages.append((f"sum {len(stages)}", args[0]))
            done[value] = builder.make("variable", (), (stages[-1][0],), value.sizes)
        elif value.op == "axis_size":
            done[value] = builder.number(DEVICES)
        else:
            done[value] = builder.make(value.op, args, value.params, value.sizes, value.kind)
    return stages, [done[value] for value in local.results]


def by_devices(local: Program, values: dict[str, Any], axes: dict[str, list[Any]], sizes: dict[str, int], cut: str) -> list[Any]:
    """The results of all devices, put together along the axes that are cut."""
    parts = [
        {name: blocks(array, axes[name])[k] for name, array in values.items()} for k in range(DEVICES)
    ]
    sizes = {**sizes, cut: sizes[cut] // DEVICES}
    stages, results = staged(local)
    for name, value in stages:
        total = sum(run([value], Environment(part, sizes))[0] for part in parts)
        for part in parts:
            part[name] = total
    found = [run(results, Environment(part, sizes)) for part in parts]
    return [
        together([each[k] for each in found], cut_axes(value.sizes, {cut: "data"}))
        for k, value in enumerate(local.results)
    ]


def blocks(array: Any, axes: list[Any]) -> list[Any]:
    cut = [k for k, over in enumerate(axes) if over]
    return np.split(array, DEVICES, axis=cut[0]) if cut else [array] * DEVICES


def together(parts: list[Any], axes: list[Any]) -> Any:
    cut = [k for k, over in enumerate(axes) if over]
    if cut:
        return np.concatenate(parts, axis=cut[0])
    for part in parts[1:]:
        np.testing.assert_array_equal(part, parts[0])
    return parts[0]


def judged(chosen: Case, name: str) -> bool:
    """Whether the formula can be cut along the dim; then the devices together have its value."""
    formula = formula_of(chosen)
    values, sizes = bound(formula.reading.lowered, samples(chosen, {**CUT, "d": 3}))
    whole = program([formula.expr], sizes)
    try:
        local = sharded(whole, {name: "data"})
    except DerivationError:
        return False
    axes: dict[str, list[Any]] = {known: [None] for known in values}
    for value in in_order(whole.results):
        if value.op == "variable":
            axes[value.params[0]] = cut_axes(value.sizes, {name: "data"})
    (found,) = by_devices(local, values, axes, sizes, name)
    (expected,) = run(whole.results, Environment(values, sizes))
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)
    return True


def dims_of(chosen: Case) -> list[str]:
    words = " ".join(text.partition("|")[0] for text in chosen.declared.values()).split()
    return sorted({word for word in words if not word.isdigit()})


BATCHES = [
    case("mean((X @ w - y)**2) + sum(w**2) / b", "X: b n, w: n, y: b", "w"),
    case("mean((X @ w - y)**2)", "X: b n, w: n, y: b", "X"),
    case("cross_entropy(X @ W + u, y)", "X: b d, W: d c, u: c, y: b | index", "W"),
    case("sum(take(reshape(X @ W, (b*n, c)), t, axis=1))", "X: b n d, W: d c, t: m | index", "W"),
    case("sum(tanh(E[t])**2)", "E: v d, t: b n | index", "E"),
    case("sum(softmax(tanh(reshape(X, (b*n, d)) @ W), axis=1)[:, 0])", "X: b n d, W: d k", "W"),
    case("sum(reshape(tanh(X), (n*b, d)) @ w)", "X: n b d, w: d", "w"),
    case("sum(C * layer_norm(X @ W, 6))", "X: b n d, W: d 6, C: b n 6", "W"),
    case("sum(sum(X, axis=0) @ W @ Y)", "X: b n, W: n k, Y: k b", "W"),
    case("sum(X[:, 1:]**2 @ W)", "X: b 4, W: 3 k", "W"),
    case("sum(sort(X, axis=1) @ w)", "X: b n, w: n", "w"),
    case("mean(X @ w)**b", "X: b n, w: n", "w"),
    case("sum(arange(b) * (X @ w))", "X: b n, w: n", "w"),
    case("sum(inv(X) @ w)", "X: b n n, w: n", "w"),
    case("sum(concatenate([X, Y], axis=0) @ w)", "X: b n, Y: b n, w: n", "w"),
    case("sum(concatenate([X, Y], axis=1) @ W)", "X: b 2, Y: b 3, W: 5 k", "W"),
    case("sum(einsum('bn,cm->nm', X, Y) * W)", "X: b n, Y: c m, W: n m", "W"),
]
ALL = [*CASES, *BATCHES]


# by text, variable and order: the dims that cannot be cut
REFUSED: dict[tuple[str, str, int], str] = {
    **{(ATTENTION, name, 1): "n" for name in ("Wq", "Wk", "Wv", "X", "w", "y")},
    **{(HEADS, name, 1): "d n" for name in ("Wq", "Wv", "X", "C")},
    ("x @ (A @ B @ C) @ v", "B", 1): "n",
    ("trace(diag(x) @ A @ diag(x))", "x", 1): "n",
    ("logsumexp(A @ x)", "x", 1): "m",
    ("-sum(Y * log(softmax(X @ W, axis=1)))", "W", 1): "c",
    ("-sum(Y * log(softmax(X, axis=0)))", "X", 1): "n",
    ("logdet(X.T @ X)", "X", 1): "d",
    ("a @ inv(A @ A.T + B) @ a", "A", 1): "d",
    ("det(A) * x @ inv(A) @ x", "A", 1): "d",
    ("sum(C * cumsum(X, axis=1)**2)", "X", 1): "n",
    ("sum(tril(X @ X.T) * C)", "X", 1): "n",
    ("sum(triu(A, 1) @ x)", "A", 1): "n",
    ("sum(tril(A, -1) @ x * y)", "x", 1): "n",
    ("sum(roll(X, 1, axis=0) * X * C)", "X", 1): "n",
    ("sum(max(X @ W, axis=1) * y)", "W", 1): "k",
    ("sum(max(cumsum(X, axis=1), axis=1))", "X", 1): "n",
    ("sum(diag(x) @ A * B)", "x", 1): "n",
    ("sum(take(E, t, axis=0) * C)", "E", 1): "v",
    ("sum(tanh(E[t] @ W) * C)", "E", 1): "v",
    ("sum((E @ W)[:, t] * C)", "W", 1): "v",
    ("-log(softmax(E[t] @ W, axis=0)) @ y", "E", 1): "c v",
    ("softmax(X, axis=1)", "X", 1): "m n",
    ("softmax(x)", "x", 1): "n",
    ("X * y", "y", 1): "n",
    ("exp(X)", "X", 1): "m n",
    ("x + 2 * x", "x", 1): "n",
    ("cumsum(x)", "x", 1): "n",
    ("x[::-1] * y", "x", 1): "n",
    ("E[t]", "E", 1): "d v",
    ("inv(A)", "A", 1): "d",
    ("roll(x, 2)", "x", 1): "n",
    ("X / norm(X)", "X", 1): "m n",
    ("norm(x - a)", "x", 2): "n",
    ("logsumexp(A @ x)", "x", 2): "m n",
    ("sum(log(1 + exp(X @ w)))", "w", 2): "n",
    ("sum((M * (T - U @ V.T))**2)", "U", 2): "k m",
    ("sum(sigmoid(X @ W)**2)", "W", 2): "d k",
    ("x @ A @ x", "x", 2): "n",
    ("sum(softmax(X, axis=1)**2)", "X", 2): "m n",
    ("sum(exp(cumsum(x)))", "x", 2): "n",
    ("cross_entropy(X @ W + u, y)", "W", 1): "c",
    ("sum(take(reshape(X @ W, (b*n, c)), t, axis=1))", "W", 1): "c",
    ("sum(tanh(E[t])**2)", "E", 1): "v",
    ("sum(softmax(tanh(reshape(X, (b*n, d)) @ W), axis=1)[:, 0])", "W", 1): "k n",
    ("sum(sort(X, axis=1) @ w)", "w", 1): "n",
    ("sum(arange(b) * (X @ w))", "w", 1): "b",
    ("sum(inv(X) @ w)", "w", 1): "n",
}


@pytest.mark.parametrize("chosen", ALL, ids=lambda c: f"{c.text[:40]} by {c.wrt} {c.order}")
def test_the_devices_together_compute_what_one_computes(chosen: Case) -> None:
    refused = [name for name in dims_of(chosen) if not judged(chosen, name)]
    assert " ".join(refused) == REFUSED.get((chosen.text, chosen.wrt, chosen.order), "")


B, N = dim("b"), dim("n")
ALONG = ("softmax", "argmax", "others", "sort", "argsort")
WHOLE = ("max", "prod", "logsumexp")
INVERSE = matrix_row("inv")
# an operation on arrays of these sizes, its parameters, the result's sizes; what is wrong with it, or None
OPERATIONS: list[tuple[str, list[tuple[AnySize, ...]], tuple[Any, ...], tuple[AnySize, ...], str | None]] = [
    *((op, [(B, N)], ((1,),), (B, N), None) for op in ALONG),
    *((op, [(B, N)], ((0,),), (B, N), "runs along it") for op in ALONG),
    *((op, [(B, N)], ((1,),), (B,), None) for op in WHOLE),
    *((op, [(B, N)], ((0,),), (N,), "runs along it") for op in WHOLE),
    ("cumsum", [(B, N)], ((1,), False), (B, N), None),
    ("cumsum", [(B, N)], ((0,), True), (B, N), "runs along it"),
    ("concatenate", [(B, N), (B, 2)], (1,), (B, N + 2), None),
    ("concatenate", [(B, N), (B, N)], (0,), (2 * B, N), "runs along it"),
    ("roll", [(B, N)], (1, 1), (B, N), None),
    ("roll", [(B, N)], (1, 0), (B, N), "runs along it"),
    ("roll", [(B, N)], (B, 1), (B, N), "moves by its length"),
    ("tril", [(B, N, N)], (0, False), (B, N, N), None),
    ("tril", [(N, B)], (0, False), (N, B), "needs the whole matrix"),
    ("tril", [(B, N, N)], (B, False), (B, N, N), "counts by its length"),
    ("matrix_function", [(B, N, N)], (INVERSE,), (B, N, N), None),
    ("matrix_function", [(N, B)], (matrix_row("pinv"),), (B, N), "needs the whole matrix"),
    ("reshape", [(B, N, 2)], ((B * N, 2),), (B * N, 2), None),
    ("reshape", [(N, B)], ((N * B,),), (N * B,), "leading index"),
    ("reshape", [(B * N,)], ((N, B),), (N, B), "leading index"),
    ("index", [(B, N)], ((None, 0),), (B,), None),
    ("index", [(B, N)], ((0, None),), (N,), "takes some places"),
    ("index", [(B, N)], (((1, 1, B), None),), (B, N), "takes some places"),
    ("index", [(B, N)], ((None, B),), (B,), "counts by its length"),
    ("take", [(N, 2), (B,)], (0,), (B, 2), None),
    ("take", [(B, 2), (3,)], (0,), (3, 2), "looks places up"),
    ("points", [(B, N), (B,)], (1,), (B,), None),
    ("points", [(N, B), (N,)], (1,), (N,), "looks places up"),
    ("embed", [(B, N)], ((("axis", 0, 0, 1, B), ("axis", 1, 1, 1, N)),), (B, N + 1), None),
    ("embed", [(B, N)], ((("axis", 0, 1, 1, B), ("axis", 1, 0, 1, N)),), (2 * B, N), "some places"),
    ("embed", [(N,)], ((("at", 0), ("axis", 0, 0, 1, N)),), (B, N), "at one place"),
    ("embed_add", [(B, N), (N,)], ((("at", 0), ("axis", 0, 0, 1, N)),), (B, N), "at one place"),
    ("pick", [(B,)], (), (B, N), None),
    ("pick", [(N,)], (), (N, B), "is a place of it"),
    ("relation", [], ((1, -1), 0, "=", 0, None), (B, 2), "tells places of it apart"),
    ("einsum", [(B, N), (N, 2)], ((0, 1), (1, 2), (0, 2)), (B, 2), None),
    ("einsum", [(B, N), (B, N)], ((0, 1), (2, 1), (2,)), (B,), "sums one index of it and keeps another"),
    ("matmul", [(B, N), (N, B)], (), (B, B), "two axes"),
    ("add", [(B + 1,)], ((1,),), (B + 1,), "no multiple of it"),
    ("arange", [], (B, (1,)), (N,), "its length where a place is meant"),
]  # fmt: skip


@pytest.mark.parametrize(("op", "args", "params", "sizes", "wrong"), OPERATIONS)
def test_an_operation_that_needs_more_of_the_axis_than_a_device_has_is_refused(
    op: str, args: Any, params: Any, sizes: Any, wrong: str | None
) -> None:
    builder = ValueBuilder()
    arrays = [builder.make("variable", (), (f"x{k}",), shape) for k, shape in enumerate(args)]
    whole = Program((builder.make(op, arrays, params, sizes),), {})
    if wrong is None:
        assert [value.op for value in in_order(sharded(whole, {"b": "data"}).results)][-1] == op
    else:
        with pytest.raises(DerivationError, match=f"b is cut over 'data', and .* {wrong}"):
            sharded(whole, {"b": "data"})


def test_every_operation_is_known_to_the_rules() -> None:
    builder = ValueBuilder()
    x = builder.make("variable", (), ("x",), (B, N))
    numbers = {"number", "constant", "size", "axis_size"}
    assert OPERATION_TABLE.keys() == sharding._LOCAL | sharding._NEEDS.keys() | numbers
    unknown = builder.make("new", [x], (), (B, N))
    with pytest.raises(DerivationError, match="new of shape .* has no rule for parts of it"):
        sharded(Program((unknown,), {}), {"b": "data"})


def test_what_a_product_sums_is_added_over_the_devices() -> None:
    builder = ValueBuilder()
    x, y = (builder.make("variable", (), (name,), sizes) for name, sizes in (("x", (N, B)), ("y", (B,))))
    product = builder.make("matvec", [x, y], (), (N,))
    (added,) = sharded(Program((product,), {}), {"b": "data"}).results
    assert (added.op, added.args[0].op, added.params) == ("psum", "matvec", ("data",))


def test_places_of_a_cut_axis_are_local_and_no_numbers() -> None:
    builder = ValueBuilder()
    places = builder.make("arange", (), (0, (1,)), (B,), "index")
    part = builder.make("variable", (), ("x",), (B,))
    into = builder.make("scatter", [part, places, builder.number(1)], (1, (B,)), (B, N))
    assert sharded(Program((into,), {}), {"b": "data"}).results[0].op == "scatter"
    for other in (
        builder.as_number(places),
        builder.make("take", [part, places], (0,), (B,)),
        builder.make("scatter", [part, builder.make("arange", (), (1, (1,)), (B,), "index")], (1, (B,)), (B,)),
    ):
        with pytest.raises(DerivationError, match="b is cut over"):
            sharded(Program((other,), {}), {"b": "data"})


def test_a_refusal_says_what_needs_the_whole_axis() -> None:
    formula = formula_of(case("-sum(Y * log(softmax(X, axis=1)))", "X: n c, Y: n c", "X"))
    told = "c is cut over 'data', and softmax of shape (n, c) runs along it; cut another dim"
    with pytest.raises(DerivationError, match=re.escape(told)):
        sharded(program([formula.expr]), {"c": "data"})


def test_several_dims_are_cut_over_axes_of_their_own() -> None:
    """Σ_b is added over "data" and Σ_k over "model"; each once."""
    formula = formula_of(case("sum(tanh(X @ W) @ v)", "X: b d, W: d k, v: k", "X"))
    local = sharded(program([formula.expr]), {"b": "data", "k": ("model", "spare")})
    sums = [value.params for value in in_order(local.results) if value.op == "psum"]
    assert sums == [(("model", "spare"),)]
