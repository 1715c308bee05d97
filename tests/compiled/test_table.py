"""Every row and every expression of the tables through a compiled step, against the engine."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from engine_cases import CASES as CALLS
from engine_cases import Case as Call
from source_cases import CASES, SIZES, Case, samples

import minigrad as mg
from minigrad.checking.replay import Replay

TOLERANCE = {"float64": 1e-9, "float32": 2e-4}
EXPRESSIONS = list({(case.text, case.wrt): case for case in CASES}.values())


def one_number(output: Any) -> Any:
    """A loss in which every element of the output counts, each by a weight of its own."""
    if not output.shape:
        return output
    weights = np.random.default_rng(1).normal(size=np.shape(output)) + 0.1
    return mg.sum(output * mg.tensor(weights.astype(output.dtype), name="weights"))


def agree(found: Any, expected: Any, dtype: str) -> None:
    assert found.dtype == dtype
    assert found.shape == expected.shape
    scale = np.max(np.abs(expected), initial=0.0, where=np.isfinite(expected))
    limit = TOLERANCE[dtype]
    np.testing.assert_allclose(found, expected, rtol=limit, atol=limit * (1 + scale))


def compared(loss: Any, variables: dict[str, Any], dtype: str) -> None:
    """The step of the loss against the backward pass that has run, at the graph's own data."""
    step = mg.compile(loss, wrt=list(variables))
    lowered = mg.derive(loss, wrt=list(variables)).reading.lowered
    arrays = {n: node.value for n, (node, _) in lowered.leaves.items() if node.name is not None}
    value, gradients = step(**arrays)
    agree(np.asarray(value), np.asarray(loss.numpy()), dtype)
    assert list(gradients) == list(variables)
    for name, variable in variables.items():
        agree(gradients[name], variable.grad.numpy(), dtype)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("call", CALLS, ids=[call.id for call in CALLS])
@pytest.mark.long("part")
def test_every_row(call: Call, dtype: str) -> None:
    arguments = [
        mg.tensor(a.astype(dtype), name=f"t{k}", requires_grad=True)
        if isinstance(a, np.ndarray) and a.dtype.kind == "f"
        else a
        for k, a in enumerate(call.args)
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        output = call.run(*arguments)
    several = output if isinstance(output, tuple | list) else [output]
    output = next(o for o in several if getattr(o, "requires_grad", False))
    if output.dtype != dtype:
        pytest.skip(f"the call computes in {output.dtype}")
    loss = one_number(output)
    loss.backward()
    used = {a.name: a for a in arguments if isinstance(a, mg.Tensor) and a.grad is not None}
    compared(loss, used, dtype)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("chosen", EXPRESSIONS, ids=[f"{c.text} by {c.wrt}" for c in EXPRESSIONS])
def test_every_expression(chosen: Case, dtype: str) -> None:
    """With sizes that are names; the engine runs the same graph on the same arrays."""
    output = mg.parse(chosen.text, **chosen.declared)
    loss = mg.sum(mg.sin(output)) if output.shape else output
    arrays: dict[str, Any] = samples(chosen)
    arrays = {n: a.astype(dtype) if a.dtype.kind == "f" else a for n, a in arrays.items()}
    replay = Replay(loss._node, SIZES)
    leaves = {x: x.value if x.name is None else arrays[x.name] for x in replay.leaves}
    (wanted,) = [x for x in replay.leaves if x.name == chosen.wrt]
    expected, tensors = replay.record(leaves, {wanted})
    expected.backward()
    value, gradients = mg.compile(loss, wrt=chosen.wrt)(**arrays)
    agree(np.asarray(value), np.asarray(expected.numpy()), dtype)
    slope = tensors[wanted].grad
    agree(gradients[chosen.wrt], np.zeros_like(arrays[chosen.wrt]) if slope is None else slope.numpy(), dtype)


# A text, and the engine's own words for it where what is written out overflows.
LARGE = [
    "sum(sigmoid(x) * c)",
    "sum(softplus(x) * c)",
    ("sum(log(1 + exp(x)) * c)", "sum(softplus(x) * c)"),
    "sum(logaddexp(x, c) * c)",
    "sum(tanh(x) * c)",
    "sum(gelu(x) * c)",
    "sum(silu(x) * c)",
    "sum(erf(x) * c)",
    "logsumexp(x * c)",
    "sum(softmax(x) * c)",
    ("-sum(c * log(softmax(x)))", "sum(c) * logsumexp(x) - sum(c * x)"),
    ("-mean(c * log(sigmoid(x)) + (1 - c) * log(1 - sigmoid(x)))", "mean(c * softplus(-x) + (1 - c) * softplus(x))"),
]


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("texts", LARGE, ids=str)
def test_arguments_of_all_magnitudes(texts: Any, dtype: str) -> None:
    """At ±1, ±40 and ±700."""
    text, stable = (texts, texts) if isinstance(texts, str) else texts
    x = mg.tensor(np.array([1, -1, 40, -40, 700, -700], dtype), name="x", requires_grad=True)
    c = mg.tensor(np.array([0.3, 1, 0.7, 0.2, 1, 0.4], dtype), name="c")
    expected = mg.parse(stable, x=x, c=c)
    expected.backward()
    declared = {"x": "n", "c": "n"}
    value, gradients = mg.compile(mg.parse(text, **declared), wrt="x")(x=x, c=c)
    agree(np.asarray(value), np.asarray(expected.numpy()), dtype)
    agree(gradients["x"], x.grad.numpy(), dtype)


def test_a_row_that_is_masked_as_a_whole() -> None:
    """Its softmax is 0, as in formulas, and so is its gradient."""
    n = 5
    S, M = mg.symbols("S: b n n", "M: n n")
    live = np.tri(n, k=-1) > 0
    scores = np.random.default_rng(0).normal(size=(2, n, n))
    for masked, mask in ((S + M, np.where(live, 0.0, -np.inf)), (mg.where(M > 0, S, -np.inf), live * 1.0)):
        loss = mg.sum(mg.nn.functional.softmax(masked) ** 2)
        value, gradients = mg.compile(loss, wrt="S")(S=scores, M=mask)
        assert value > 0
        agree(gradients["S"], mg.derive(loss, wrt="S")["S"](S=scores, M=mask), "float64")
        assert not gradients["S"][:, 0].any()
