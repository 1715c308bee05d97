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
