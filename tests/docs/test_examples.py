"""Every example runs as a newcomer would run it, and says what it should."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"

# script -> (arguments, files that it leaves, lines that it prints)
RUNS = {
    "draw_graph.py": (
        [],
        ["attention_graph.svg", "attention_graph.png", "attention_graph.dot"],
        [],
    ),
    "next_character.py": (["1"], [], ["by chance the loss is 3.367"]),
    "print_gradients.py": (
        [],
        [],
        [
            "dX  = dQ Wqᵀ + dK Wkᵀ + dV Wvᵀ ",
            "∂s/∂x = diag(s) − s sᵀ ",
            "i = j:  s_i (1 − s_i)",
            "dw = Xᵀ (σ(X w) − y)",
        ],
    ),
    "softcap.py": (
        [],
        [],
        ["S = softcap(Q Kᵀ, 5)", "same as the engine: True", "verdict: pass"],
    ),
    "train_on_csv.py": (
        [],
        [],
        ["577 texts; 0 is no, 1 is yes", "liked: ['yes', 'no']"],
    ),
    "train_attention.py": (["3"], ["attention.svg"], ["verdict: pass"]),
    "train_on_a_mesh.py": (["1"], [], ["def step(mesh, P, Wq, Wk, Wv, w, images, y):"]),
}


def test_the_table_names_every_example() -> None:
    assert sorted(RUNS) == sorted(path.name for path in EXAMPLES.glob("*.py"))


@pytest.mark.parametrize("script", sorted(RUNS))
@pytest.mark.long("part")
def test_an_example_runs(script: str, tmp_path: Path) -> None:
    arguments, files, lines = RUNS[script]
    if script == "train_on_a_mesh.py":
        pytest.importorskip("jax", reason='needs pip install "minigrad[jax]"')
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / script), *arguments],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for name in files:
        assert (tmp_path / name).stat().st_size > 1000
    printed = done.stdout.splitlines()
    for line in lines:
        assert line in printed
