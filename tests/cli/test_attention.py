"""The command line: what it prints, what it writes, how it ends."""

from __future__ import annotations

import json
import re
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np
import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad import __version__
from minigrad.checking import Report
from minigrad.checking.report import Comparison, Verdict
from minigrad.cli import main
from minigrad.cli.attention import study as study_module
from minigrad.cli.attention.study import Study
from minigrad.cli.folder import OutputFolder
from minigrad.cli.group import COMMANDS
from minigrad.cli.terminal import wrapped
from minigrad.drawing.drawing import Drawing
from minigrad.errors import ArgumentError, RenderError
from minigrad.nn import SelfAttentionClassifier
from minigrad.training import Epoch, accuracy

FILES = {"attention.svg", "report.html", "formulas.tex", "weights.npz", "metrics.json"}


def run(*arguments: str | Path, columns: int | None = None) -> Result:
    environment = {"COLUMNS": str(columns)} if columns else {"COLUMNS": None}
    return CliRunner().invoke(main, [str(a) for a in arguments], env=environment)


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Result, Path]:
    """A short run, for people."""
    out = tmp_path_factory.mktemp("run")
    return run("attention", "--epochs", "3", "--out", out), out


# -- the main job ---------------------------------------------------------------------------------


def test_attention_tells_the_derivation_the_proof_and_a_summary(done: tuple[Result, Path]) -> None:
    result, _ = done
    assert result.exit_code == 0
    lines = [line.strip() for line in result.stdout.splitlines()]
    for line in [
        "dS_b = A_b ⊙ (dA_b − rowsum(A_b ⊙ dA_b))        (*)",
        "dWq  = Σ_b X_bᵀ dQ_b      dWk  = Σ_b X_bᵀ dK_b      dWv  = Σ_b X_bᵀ dV_b",
        "dX_b = dQ_b Wqᵀ + dK_b Wkᵀ + dV_b Wvᵀ",
        "∂s/∂x = diag(s) − s sᵀ",
        "∂s_i/∂x_j = s_i (δ_ij − s_j)",
        "i = j:  s_i (1 − s_i)",
        "i ≠ j:  −s_i s_j",
    ]:
        assert line in lines
    summary = lines[lines.index("Summary") :]
    assert summary[1].startswith("test accuracy")
    assert "proof           pass" in summary
    assert any(line.startswith("hand VJPs ~ derived formula") and "✓" in line for line in lines)
    assert "✗" not in result.stdout
    assert "training" in result.stderr


def test_attention_writes_whole_files_and_nothing_else(done: tuple[Result, Path]) -> None:
    _, out = done
    assert {path.name for path in out.iterdir()} == FILES
    assert (out / "attention.svg").read_text(encoding="utf-8").rstrip().endswith("</svg>")
    tex = (out / "formulas.tex").read_text(encoding="utf-8")
    assert tex.rstrip().endswith(r"\end{document}")
    assert r"\operatorname{diag}" in tex
    assert not re.search(r"_\{[^{}]*\}_", tex), "LaTeX refuses a double subscript"
    metrics = json.loads((out / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["epochs"] == 3 == len(metrics["history"])
    assert set(metrics["formulas"]) == {"Wq", "Wk", "Wv", "X"}


def test_the_weights_are_the_trained_models(done: tuple[Result, Path]) -> None:
    _, out = done
    metrics = json.loads((out / "metrics.json").read_text(encoding="utf-8"))
    study = Study(metrics["seed"])
    with np.load(out / "weights.npz", allow_pickle=False) as weights:
        study.model.load_state_dict(dict(weights))
    assert accuracy(study.model, *study.test) == metrics["test_accuracy"]


def test_predict_says_how_to_have_the_model_back(done: tuple[Result, Path]) -> None:
    _, out = done
    said = run("predict", out).stderr
    line = re.search(r"mg\.nn\.[^;]*\)", said)
    assert line is not None
    model = eval(line[0], {"mg": mg})
    metrics = json.loads((out / "metrics.json").read_text(encoding="utf-8"))
    assert accuracy(model, *Study(metrics["seed"]).test) == metrics["test_accuracy"]


def test_a_seed_decides_every_bit(done: tuple[Result, Path], tmp_path: Path) -> None:
    _, first = done
    assert run("attention", "--epochs", "3", "--out", tmp_path / "again").exit_code == 0
    for name in FILES:
        assert (tmp_path / "again" / name).read_bytes() == (first / name).read_bytes()
    assert run("attention", "--epochs", "3", "--seed", "1", "--out", tmp_path).exit_code == 0
    assert (tmp_path / "weights.npz").read_bytes() != (first / "weights.npz").read_bytes()


def test_json_stands_alone_on_stdout(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "minigrad", "attention", "--json", "--epochs", "2"]
    done = subprocess.run(
        [*command, "--out", str(tmp_path)], capture_output=True, check=True, encoding="utf-8"
    )
    metrics = json.loads(done.stdout)
    assert 0.5 < metrics["test_accuracy"] <= 1
    assert metrics["verdict"] == "pass"
    assert {Path(path).name for path in metrics["files"]} == FILES
    assert "loss" in done.stderr


@pytest.mark.long
def test_five_seeds_learn() -> None:
    accuracies = []
    for seed in range(5):
        study = Study(seed)
        for _ in study.train(60):
            pass
        assert study.verdict == "pass"
        accuracies.append(study.metrics()["test_accuracy"])
    assert statistics.median(accuracies) >= 0.93


@pytest.mark.parametrize("columns", [60, 100])
def test_nothing_is_wider_than_the_terminal(columns: int, tmp_path: Path) -> None:
    result = run("attention", "--epochs", "1", "--out", tmp_path / "o", columns=columns)
    body, _, _ = result.stdout.partition("Summary")
    assert max(map(len, body.splitlines())) <= columns


# -- how it ends ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verdicts", "worst", "code"),
    [
        (["pass", "pass"], "pass", 0),
        (["pass", "fail"], "fail", 1),
        (["fail", "inconclusive"], "fail", 1),
        (["inconclusive", "pass"], "inconclusive", 3),
    ],
)
def test_exit_codes_tell_the_verdict(
    verdicts: list[Verdict],
    worst: str,
    code: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reports = {
        f"L{i}": Report([Comparison("hand VJPs", "formula", "Wq", 0.1, 1e-9, verdict=verdict)])
        for i, verdict in enumerate(verdicts)
    }
    monkeypatch.setattr(Study, "reports", reports)
    command = ["attention", "--epochs", "1", "--overwrite", "--out", tmp_path]
    as_json, for_people = run(*command, "--json"), run(*command)
    assert as_json.exit_code == for_people.exit_code == code
    assert json.loads(as_json.stdout)["verdict"] == worst
    assert f"proof           {worst}" in for_people.stdout


def never(*_: object, **__: object) -> Iterator[Epoch]:
    raise AssertionError("training began")
    yield


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["attention", "--bogus"], "there is no option '--bogus'"),
        (["attention", "--epochs", "0"], "0 is not in the range"),
        (["attention", "--seed", "one"], "'one' is not a valid integer"),
        (["bogus"], "there is no command 'bogus'"),
        (["--bogus"], "there is no option '--bogus'"),
    ],
)
def test_bad_usage_ends_with_2(
    arguments: list[str], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(study_module, "fit", never)
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert not result.stdout


@pytest.mark.parametrize("below", ["", "deeper/still"])
def test_an_unwritable_folder_is_found_before_training(
    below: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(study_module, "fit", never)
    (tmp_path / "file").write_text("in the way")
    out = tmp_path / "file" / below
    result = run("attention", "--out", out)
    assert result.exit_code == 2
    assert f"--out: cannot write to {str(out)!r}" in result.stderr
    assert "name a folder" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_interruption_leaves_what_was_there(
    done: tuple[Result, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> Iterator[Epoch]:
        yield Epoch(1, 0.5, 0.5)
        raise KeyboardInterrupt

    monkeypatch.setattr(study_module, "fit", interrupted)
    (tmp_path / "weights.npz").write_bytes(b"older")
    for out in (tmp_path, tmp_path / "new" / "folder"):
        result = run("attention", "--overwrite", "--out", out)
        assert result.exit_code == 130
        assert "interrupted" in result.stderr
        assert not result.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["weights.npz"]
    assert (tmp_path / "weights.npz").read_bytes() == b"older"


def test_without_graphviz_the_source_takes_the_pictures_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(self: Drawing) -> str:
        raise RenderError("draw: there is no Graphviz to lay the graph out")

    monkeypatch.setattr(Drawing, "svg", property(fails))
    result = run("attention", "--epochs", "1", "--out", tmp_path)
    assert result.exit_code == 0
    assert "attention.dot was written in place of attention.svg" in result.stderr
    assert (tmp_path / "attention.dot").read_text(encoding="utf-8").startswith("digraph")
    assert not (tmp_path / "attention.svg").exists()


# -- help -----------------------------------------------------------------------------------------


def test_alone_it_shows_help() -> None:
    result = run()
    assert result.exit_code == 0
    assert result.stdout == run("--help").stdout
    for command in COMMANDS:
        assert f"  {command.name}" in result.stdout


@pytest.mark.parametrize("command", COMMANDS, ids=lambda c: str(c.name))
def test_every_command_and_option_has_its_help(command: object) -> None:
    result = run(command.name, "--help")  # type: ignore[attr-defined]
    assert result.exit_code == 0
    assert command.help  # type: ignore[attr-defined]
    for parameter in command.params:  # type: ignore[attr-defined]
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{parameter.name} has no help"
            assert parameter.opts[0] in result.stdout
    if command.name not in ("help", "version"):  # type: ignore[attr-defined]
        assert "--json" in result.stdout


def test_version() -> None:
    assert run("--version").stdout == f"minigrad {__version__}\n"


# -- folding --------------------------------------------------------------------------------------

LONG = "dX = dQ Wqᵀ + dK Wkᵀ + dV Wvᵀ"


def test_formulas_fold_before_operators_and_hang_under_the_right_side() -> None:
    assert wrapped(LONG, 29) == LONG
    assert wrapped(LONG, 28) == "dX = dQ Wqᵀ + dK Wkᵀ\n     + dV Wvᵀ"
    assert wrapped(LONG, None) == LONG


def test_formulas_side_by_side_are_parted_first() -> None:
    assert wrapped("Q = X Wq      K = X Wk", 20) == "Q = X Wq\nK = X Wk"
    assert wrapped("dS = A ⊙ dA        (*)", 30) == "dS = A ⊙ dA        (*)"


@given(st.lists(st.sampled_from(["A", "+", "⊙", "Wqᵀ", "−", "dS"]), min_size=1, max_size=40))
def test_folding_loses_nothing(words: list[str]) -> None:
    text = "dX = " + " ".join(words)
    folded = wrapped(text, 20)
    assert folded.split() == text.split()
    assert max(map(len, folded.splitlines())) <= 20


# -- output folder --------------------------------------------------------------------------------


def test_files_appear_together_and_replace_older_ones(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")
    with OutputFolder(tmp_path) as folder:
        folder.add("a", b"new")
        folder.add("b", b"new")
        assert (tmp_path / "a").read_bytes() == b"old"
        assert not (tmp_path / "b").exists()
        assert folder.publish() == [tmp_path / "a", tmp_path / "b"]
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
        "a": b"new",
        "b": b"new",
    }


def test_a_folder_in_a_files_place_stops_all_files(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    with OutputFolder(tmp_path) as folder:
        folder.add("a", b"new")
        with pytest.raises(ArgumentError, match="b': it is a folder; name a file"):
            folder.add("b", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["b"]


def test_a_model_of_another_shape_refuses_the_weights(done: tuple[Result, Path]) -> None:
    _, out = done
    other = SelfAttentionClassifier(8, 8, 4, np.random.default_rng(0))
    with (
        np.load(out / "weights.npz", allow_pickle=False) as weights,
        pytest.raises(ArgumentError, match=r"mismatched: attention.Wk has shape \(8, 8\)"),
    ):
        other.load_state_dict(dict(weights))
