"""Steps for a mesh of devices: what runs on eight virtual ones, what is refused, and how it reads."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import minigrad as mg
from minigrad.errors import ArgumentError, DerivationError

HERE = Path(__file__).parent


def test_eight_devices_have_the_value_and_the_gradients_of_the_engine() -> None:
    pytest.importorskip("jax", reason='needs pip install "minigrad[jax]"')
    paths = os.pathsep.join([str(HERE.parent), os.environ.get("PYTHONPATH", "")])
    run = subprocess.run(
        [sys.executable, str(HERE / "on_a_mesh.py")],
        env={**os.environ, "PYTHONPATH": paths}, capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr[-3000:]
    assert len(run.stdout.splitlines()) == 12


def derivation() -> mg.Derivation:
    return mg.derive(mg.parse("mean((X @ w - y)**2)", X="b n", w="n", y="b"), wrt=["w", "X"])


def test_what_is_summed_over_the_devices_is_added_up_and_what_is_kept_stays() -> None:
    text = derivation().source("jax", shard={"b": "data"})
    for line in (
        "def step(mesh, X, w, y):",
        "The output and its gradients by w and X.",
        "On the mesh b is cut over data: each device holds a block of every such axis,",
        'jax.lax.psum(jnp.sum(r**2), "data")',
        'in_specs=(spec("data"), spec(), spec("data")),',
        'out_specs=(spec(), {"w": spec(), "X": spec("data")}),',
    ):
        assert line in text, text


WRONG: list[tuple[Any, str, str]] = [
    ({"b": "data"}, "numpy", 'shard= is for language "jax"'),
    ({}, "jax", "says no dim"),
    ("b", "jax", "write shard={'b': 'data'}"),
    ({"m": "data"}, "jax", "cuts 'm', which is no dim of a variable; dims are b, n"),
    ({"b": 3}, "jax", "give the name of an axis of the mesh"),
    ({"b": ()}, "jax", "give the name of an axis of the mesh"),
    ({"b": "data", "n": "data"}, "jax", "each needs an axis of its own"),
]


@pytest.mark.parametrize(("shard", "language", "words"), WRONG)
def test_a_wrong_shard_is_refused_in_words(shard: Any, language: str, words: str) -> None:
    with pytest.raises(ArgumentError, match=words):
        derivation().source(language, shard=shard)


def test_what_needs_the_whole_axis_is_refused_in_words() -> None:
    derived = mg.derive(mg.parse("sum(softmax(X, axis=0) * C)", X="b n", C="b n"), wrt="X")
    with pytest.raises(DerivationError, match="b is cut over 'data', and softmax of shape .* runs along it"):
        derived.source("jax", shard={"b": "data"})


def test_names_of_a_step_are_made_by_us() -> None:
    """Variables called like the step's own names, and mesh axes of any text."""
    loss = mg.parse("mean((mesh @ spec)**2)", mesh="b n", spec="n")
    text = mg.derive(loss, wrt="spec").source("jax", shard={"b": 'a"); import os; ("'})
    assert "def step(mesh2, mesh, spec):" in text
    assert 'spec2("a\\"); import os; (\\"")' in text
    compile(text, "step", "exec")


def test_gradients_of_a_cotangent_have_no_value() -> None:
    output = mg.parse("tanh(X @ W)", X="b n", W="n k")
    text = mg.derive(output, wrt=["W"], cotangent="dO").source("jax", shard={"b": "data"})
    assert "def gradients(mesh, X, W, dO):" in text
    assert 'out_specs={"W": spec()}' in text
