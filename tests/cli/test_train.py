"""``minigrad train`` and ``minigrad predict``: what they say, write, learn, and how they end."""

from __future__ import annotations

import json
import os
import random
import re
import shlex
import shutil
import signal
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from rich.console import Console

from minigrad.cli import main
from minigrad.cli.interruption import Interruption
from minigrad.cli.train.progress import Bar, Clock
from minigrad.training import Session, Settings, Trainer
from minigrad.training.loop import Epoch
from minigrad.training.task import load_task

FILES = ("checkpoint.safetensors", "metrics.jsonl", "loss.svg")
QUICK = ("--dim", "8", "--heads", "2", "--batch-size", "256", "--epochs", "2")


def run(*arguments: str | Path, columns: int | None = None, stdin: str | None = None) -> Result:
    environment = {"COLUMNS": str(columns)} if columns else {"COLUMNS": None}
    return CliRunner().invoke(main, [str(a) for a in arguments], env=environment, input=stdin)


def lines_of(folder: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


# -- what is learnt -------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [(), ("--causal",)], ids=["plain", "causal"])
@pytest.mark.long("part")
def test_digits_with_4_heads(options: tuple[str, ...], tmp_path: Path) -> None:
    result = run("train", "--heads", "4", *options, "--epochs", "8", "--json", "--out", tmp_path)
    assert result.exit_code == 0
    facts = json.loads(result.stdout)
    assert facts["parts"]["test"]["accuracy"] >= 0.95
    assert facts["labels"] == ["even", "odd"]
    assert facts["parts"]["test"]["examples"] == 359


@pytest.mark.long
def test_five_seeds_learn_the_digits(tmp_path: Path) -> None:
    accuracies = []
    for seed in range(5):
        session = Session(Settings(heads=4, seed=seed, epochs=5), tmp_path)
        list(session.trainer.run(5))
        accuracies.append(session.result()["parts"]["test"]["accuracy"])
    assert statistics.median(accuracies) >= 0.95
    assert min(accuracies) >= 0.93


@pytest.fixture(scope="module")
def reviews(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A CSV file of texts, and the folder of a model that has learnt it."""
    folder = tmp_path_factory.mktemp("reviews")
    rng = random.Random(0)
    rows = ["review,liked"]
    for _ in range(160):
        word, label = rng.choice(
            [("superb", "yes"), ("lovely", "yes"), ("dull", "no"), ("poor", "no")]
        )
        about = rng.choice(["film", "plot", "end"]), rng.choice(["too", "again", "then"])
        rows.append(f'"The {about[0]}, {about[1]}, was {word}!",{label}')
    data = folder / "reviews.csv"
    data.write_text("\n".join(rows), encoding="utf-8")
    command = ("train", "--data", data, "--text", "review", "--label", "liked")
    result = run(*command, "--epochs", "6", "--out", folder / "run", "--json")
    assert json.loads(result.stdout)["parts"]["test"]["accuracy"] == 1
    return data, folder / "run"


def test_texts_are_learnt_and_the_words_that_matter_attended(reviews: tuple[Path, Path]) -> None:
    _, folder = reviews
    result = run("predict", folder, "The plot was superb", "A dull zebra", "--json")
    assert result.exit_code == 0
    facts = json.loads(result.stdout)
    assert facts["labels"] == ["no", "yes"]
    good, bad = facts["predictions"]
    assert (good["label"], bad["label"]) == ("yes", "no")
    assert good["probabilities"]["yes"] == good["probability"] > 0.9
    assert [pair["token"] for pair in good["attended"]] == ["the", "plot", "was", "superb"]
    assert max(good["attended"], key=lambda pair: pair["weight"])["token"] == "superb"
    told = run("predict", folder, "The plot was superb").stdout
    assert "yes  (probability 0." in told
    bars = {line.split()[0]: line.count("█") for line in told.splitlines() if "█" in line}
    assert max(bars, key=lambda word: bars[word]) == "superb"


def test_a_file_is_predicted_row_by_row(reviews: tuple[Path, Path]) -> None:
    data, folder = reviews
    facts = json.loads(run("predict", folder / FILES[0], "--data", data, "--json").stdout)
    assert len(facts["predictions"]) == 160
    assert facts["accuracy"] == 1
    assert all(row["truth"] == row["label"] for row in facts["predictions"])
    told = run("predict", folder, "--data", data, columns=60).stdout
    assert max(map(len, told.splitlines())) <= 60
    assert told.splitlines()[-1] == "160 of 160 right: accuracy 1.000"


def test_texts_come_from_stdin_as_well(reviews: tuple[Path, Path]) -> None:
    facts = json.loads(run("predict", reviews[1], "-", "--json", stdin="dull\n\nlovely\n").stdout)
    assert [row["label"] for row in facts["predictions"]] == ["no", "yes"]


def test_numbers_are_learnt_and_digits_predicted(tmp_path: Path) -> None:
    rng = random.Random(0)
    points = [(rng.gauss(50, 10), rng.gauss(0, 0.1)) for _ in range(120)]
    rows = [f"{x:.2f};{y:.3f};{'high' if (x - 50) / 10 + y * 10 > 0 else 'low'}" for x, y in points]
    data = tmp_path / "points.csv"
    data.write_text("\n".join(["x;y;class", *rows]), encoding="latin-1")
    read = ("--data", data, "--delimiter", ";", "--label", "class", "--positive", "high")
    result = run("train", *read, "--encoding", "latin-1", "--out", tmp_path / "run", "--json")
    assert json.loads(result.stdout)["labels"] == ["low", "high"]
    assert json.loads(result.stdout)["parts"]["test"]["accuracy"] > 0.85
    facts = json.loads(run("predict", tmp_path / "run", "--data", data, "--json").stdout)
    assert facts["accuracy"] > 0.9
    assert [pair["token"] for pair in facts["predictions"][0]["attended"]] == ["x", "y"]


def table(kind: str) -> str:
    """Points, each with one of three labels or with an amount that can be told from it."""
    rng = random.Random(0)
    points = [(rng.gauss(0, 1), rng.gauss(0, 1)) for _ in range(150)]
    said = {
        "classes": lambda x, y: "left" if x < -0.4 else "right" if x > 0.4 else "middle",
        "numbers": lambda x, y: f"{100 + 5 * x - 3 * y:.2f}",
    }[kind]
    return "\n".join(["x,y,what", *(f"{x:.3f},{y:.3f},{said(x, y)}" for x, y in points)])


@pytest.mark.parametrize(
    ("kind", "measure", "guess"), [("classes", "accuracy", "always right"), ("numbers", "error", "always ")]
)
def test_several_classes_and_numbers_are_learnt(
    kind: str, measure: str, guess: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("table.csv").write_text(table(kind), encoding="utf-8")
    command = ("train", "--data", "table.csv", "--label", "what", "--out", "run", "--epochs", "8")
    facts = json.loads(run(*command, "--json").stdout)
    assert facts["task"] == kind
    assert facts["labels"] == (["left", "middle", "right"] if kind == "classes" else [])
    assert facts["baseline"]["says"].startswith(guess)
    test, plain = facts["parts"]["test"][measure], facts["baseline"][measure]
    assert test > plain + 0.3 if kind == "classes" else test < plain / 2
    assert Path("run", "loss.svg").read_text("utf-8").startswith("<svg")
    told = json.loads(run("predict", "run", "--data", "table.csv", "--json").stdout)
    assert told["accuracy"] > 0.8 if kind == "classes" else told["error"] < plain / 2
    first = told["predictions"][0]
    if kind == "classes":
        assert sum(first["probabilities"].values()) == pytest.approx(1)
        assert first["probability"] == max(first["probabilities"].values())
        assert set(first["probabilities"]) == {"left", "middle", "right"}
    else:
        assert abs(first["value"] - float(first["truth"])) < 5 * plain
    before = Path("run", FILES[0]).read_bytes()
    refused = run(*command)
    assert (refused.exit_code, "holds a finished run, 8 epochs long" in refused.stderr) == (2, True)
    assert Path("run", FILES[0]).read_bytes() == before
    longer = run("train", "--resume", "--epochs", "9", "--out", "run", "--json")
    assert json.loads(longer.stdout)["epochs"] == 9
    anew = run(*command, "--overwrite", "--epochs", "1", "--json")
    assert json.loads(anew.stdout)["epochs"] == 1


AMOUNTS = [
    ("whole numbers, few", [0, 1, 2] * 4, "classes"),
    ("whole numbers, many", list(range(12)), "numbers"),
    ("fractions", [0.5, 1.5, 2.5] * 4, "numbers"),
    ("two fractions", [0.5, 1.5] * 6, "classes"),
    ("words", ["a", "b", "c"] * 4, "classes"),
]


@pytest.mark.parametrize(("what", "cells", "kind"), AMOUNTS, ids=[row[0] for row in AMOUNTS])
def test_the_column_says_what_is_learnt(what: str, cells: list[object], kind: str, tmp_path: Path) -> None:
    file = tmp_path / "table.csv"
    file.write_text("\n".join(["x,what", *(f"{k},{cell}" for k, cell in enumerate(cells))]))
    assert load_task(Settings(data=str(file), label="what")).target.kind == kind


def test_words_that_were_never_seen_are_told(reviews: tuple[Path, Path]) -> None:
    _, folder = reviews
    told = run("predict", folder, "A dull zebra, a zebra", "qwerty", "the film").stdout
    seen = [line.strip() for line in told.splitlines() if "never saw" in line or "knows" in line]
    assert seen == [
        "never saw: a, zebra",
        "knows 2 of 6 words",
        "never saw: qwerty",
        "knows no word of this: take it for a guess (in training no 0.46, yes 0.54)",
    ]
    assert told.splitlines()[-1].startswith("on rows that it did not learn from, it was right ")
    facts = json.loads(run("predict", folder, "qwerty", "dull", "--json").stdout)["predictions"]
    assert facts[0]["unknown"] == ["qwerty"]
    assert facts[0]["probability"] < 0.75 < facts[1]["probability"]


def test_the_how_to_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = Path(__file__).parents[2]
    shutil.copytree(root / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    page = (root / "docs" / "how-to" / "train-on-a-csv.md").read_text(encoding="utf-8")
    commands = re.findall(r"^```sh\nminigrad (.*?)\n```$", page, flags=re.MULTILINE)
    assert [command.split()[0] for command in commands] == ["train", "predict", "train"]
    said = [run(*shlex.split(command)) for command in commands]
    assert [result.exit_code for result in said] == [0, 0, 0]
    assert [line for line in said[1].stdout.splitlines() if "probability" in line] == [
        line for line in said[1].stdout.splitlines() if line.startswith(("  yes", "  no"))
    ]
    for k, result in ((2, said[0]), (3, said[1])):  # the words; digits are those of one machine
        shown, told = (re.sub(r"[\d█][\d.█ ]*", "#", text) for text in (page.split("```text\n")[k], result.stdout))
        assert shown.split("```")[0] in told
    assert len(lines_of(Path("reviews"))) == 12  # no validation loss was lower after epoch 2


# -- what it says and writes ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Result, Path]:
    out = tmp_path_factory.mktemp("run")
    return run("train", *QUICK, "--out", out), out


def test_progress_goes_to_stderr_and_a_summary_to_stdout(done: tuple[Result, Path]) -> None:
    result, out = done
    assert result.exit_code == 0
    data, labels, *epochs = result.stderr.splitlines()
    assert data == "digits: 1,258 + 180 + 359 examples to train, validate and test"
    assert labels == "label 0 is even, 1 is odd"
    assert [line.split("  ")[0] for line in epochs] == ["epoch 1/2", "epoch 2/2"]
    assert all("examples/s" in line and "validation" in line for line in epochs)
    assert epochs[-1].endswith("0:00 left")
    assert result.stdout.startswith("\nSummary\ntest accuracy")
    assert {path.name for path in out.iterdir()} == set(FILES)


def test_json_stands_alone_on_stdout(done: tuple[Result, Path], tmp_path: Path) -> None:
    result = run("train", *QUICK, "--json", "--out", tmp_path)
    facts = json.loads(result.stdout)
    assert facts["status"] == "finished"
    assert facts["files"] == [str(tmp_path / name) for name in FILES]
    for name in FILES:
        assert (tmp_path / name).read_bytes() == (done[1] / name).read_bytes()


@pytest.mark.parametrize("columns", [60, 100])
def test_live_progress_fits_the_terminal(columns: int, tmp_path: Path) -> None:
    session = Session(Settings(epochs=30), tmp_path)
    session.trainer.history = [Epoch(k, 0.1, 0.9, 0.2, 0.8, 0.01) for k in range(1, 13)]
    session.trainer.best_epoch = 11
    bar = Bar(session, Clock(session))
    console = Console(width=columns, record=True, file=open(os.devnull, "w"))  # noqa: SIM115
    console.print(bar.drawn())
    lines = console.export_text().splitlines()
    assert len(lines) == 3
    assert lines[0].startswith("epoch 13/30")
    assert max(map(len, lines)) <= columns
    console.file.close()


def test_the_digits_of_the_test_part_are_predicted(done: tuple[Result, Path]) -> None:
    facts = json.loads(run("predict", done[1], "--json").stdout)
    trained = [line for line in done[0].stdout.splitlines() if line.startswith("test accuracy")]
    assert f"{facts['accuracy']:.4g} on {len(facts['predictions'])} " in trained[0]


# -- stopped and gone on with ---------------------------------------------------------------------


def test_resume_ends_in_the_same_files(done: tuple[Result, Path], tmp_path: Path) -> None:
    run("train", *QUICK, "--epochs", "1", "--out", tmp_path)
    result = run("train", "--resume", "--epochs", "2", "--out", tmp_path)
    assert result.exit_code == 0
    assert result.stdout.replace(str(tmp_path), "") == done[0].stdout.replace(str(done[1]), "")
    for name in FILES:
        assert (tmp_path / name).read_bytes() == (done[1] / name).read_bytes()
    again = run("train", "--resume", "--out", tmp_path)
    assert "all 2 epochs were over; a larger --epochs lets it go on" in again.stderr
    assert again.stdout == result.stdout


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize(
    ("number", "first"), [(signal.SIGINT, "digits: 1,258"), (signal.SIGTERM, "epoch   1/500")]
)
@pytest.mark.long("part")
def test_a_signal_saves_and_says_how_to_go_on(
    number: signal.Signals, first: str, tmp_path: Path
) -> None:
    stopped, whole = tmp_path / "a folder", tmp_path / "whole"
    # Small batches make epochs long enough to be met in the middle.
    options = ["--dim", "8", "--heads", "2", "--batch-size", "16"]
    command = [sys.executable, "-m", "minigrad", "train", *options, "--epochs", "500"]
    with subprocess.Popen(
        [*command, "--out", str(stopped)], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        assert process.stdout is not None
        while not process.stderr.readline().startswith(first):
            assert process.poll() is None
        process.send_signal(number)
        told = process.stderr.read()
        assert process.wait() == 130
        assert not process.stdout.read()
    assert "interrupted in epoch" in told
    assert f"go on with: minigrad train --resume --out '{stopped}'" in told
    left = {path.name for path in stopped.iterdir()}
    assert set(FILES[:2]) <= left <= set(FILES)  # before the first epoch there is no curve
    epochs = len(lines_of(stopped)) + 1
    run("train", "--resume", "--epochs", str(epochs), "--out", stopped)
    run("train", *options, "--epochs", str(epochs), "--out", whole)
    for name in FILES:
        assert (stopped / name).read_bytes() == (whole / name).read_bytes()


def test_the_second_signal_does_not_wait() -> None:
    before = signal.getsignal(signal.SIGINT)
    with Interruption() as interruption:
        assert not interruption.wished
        signal.raise_signal(signal.SIGINT)
        assert interruption.wished
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_interrupted_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(self: Trainer) -> None:
        original(self)
        signal.raise_signal(signal.SIGINT)

    original = Trainer._batch
    monkeypatch.setattr(Trainer, "_batch", interrupted)
    result = run("train", *QUICK, "--json", "--out", tmp_path)
    assert result.exit_code == 130
    assert json.loads(result.stdout)["status"] == "interrupted"
    assert json.loads(result.stdout)["examples_of_next_epoch"] == 256
    assert lines_of(tmp_path) == []


def test_early_stopping_is_told(tmp_path: Path) -> None:
    command = ("train", *QUICK, "--epochs", "30", "--lr", "1", "--patience", "1", "--clip", "0")
    result = run(*command, "--json", "--out", tmp_path)
    facts = json.loads(result.stdout)
    assert facts["status"] == "stopped early"
    assert facts["epochs"] == facts["best_epoch"] + 1 < 30
    again = run("train", "--resume", "--out", tmp_path)
    assert "a larger --patience lets it go on" in again.stderr


# -- how it ends ----------------------------------------------------------------------------------


def never(*_: object, **__: object) -> Iterator[Epoch]:
    raise AssertionError("training began")
    yield


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "--heads", "0"], "0 is not in the range"),
        (["train", "--heads", "5", "--dim", "32"], "5 heads need a multiple of 5"),
        (["train", "--optimizer", "magic"], "'magic' is not one of"),
        (["train", "--data", "absent.csv"], "absent.csv: cannot be read"),
        (["train", "--text", "a"], "--data digits has no columns"),
        (["train", "--resume", "--overwrite"], "give one"),
        (["train", "--resume", "--out", "nowhere"], "to go on from"),
        (["train", "--features", ","], "name at least one column"),
        (["train", "extra"], "unexpected extra argument"),
        (["predict"], "missing argument 'CHECKPOINT'"),
        (["predict", "absent"], "absent: cannot be read"),
        (["predict", "absent", "text", "--data", "x.csv"], "not both"),
    ],
)
def test_bad_usage_ends_with_2(
    arguments: list[str], message: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(Trainer, "run", never)
    monkeypatch.chdir(tmp_path)
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert not result.stdout
    assert list(tmp_path.iterdir()) == []


def test_predictions_that_cannot_be_made(
    done: tuple[Result, Path], reviews: tuple[Path, Path]
) -> None:
    for arguments, message in [
        ([done[1], "a text"], "reads no texts"),
        ([done[1], "--data", reviews[0]], "reads no table"),
        ([reviews[1]], "nothing to predict; this model reads texts in a column 'review'"),
        ([reviews[1], "--data", "digits"], "not digits"),
        ([reviews[1], "x", "--head", "4"], "the model has 4 heads"),
        ([reviews[1], "-"], "no line of stdin holds a text"),
    ]:
        result = run("predict", *arguments)
        assert result.exit_code == 2
        assert message in result.stderr


def test_a_folder_that_cannot_be_written_is_found_before_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Trainer, "run", never)
    (tmp_path / "file").write_text("in the way")
    result = run("train", "--out", tmp_path / "file" / "below")
    assert result.exit_code == 2
    assert "cannot make the folder" in result.stderr
