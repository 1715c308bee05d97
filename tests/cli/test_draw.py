"""``minigrad draw``: what it writes, how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from minigrad.cli import main
from minigrad.drawing.drawing import Drawing
from minigrad.errors import RenderError

SOFTMAX = ("S = X @ W; sum(softmax(S) * C)", "X:n,d", "W:d,k", "C:n,k")


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["draw", *map(str, arguments)])


@pytest.mark.parametrize(
    ("extension", "begins"),
    [("svg", b"<?xml"), ("dot", b"digraph"), ("png", b"\x89PNG"), ("pdf", b"%PDF")],
)
def test_the_extension_says_what_is_written(extension: str, begins: bytes, tmp_path: Path) -> None:
    file = tmp_path / f"graph.{extension}"
    result = run(*SOFTMAX, "-o", file)
    assert (result.exit_code, result.stdout) == (0, f"{file}  5 cards, 4 edges\n")
    assert file.read_bytes().lstrip().startswith((begins, b"<svg"))
    assert [path.name for path in tmp_path.iterdir()] == [file.name]


def test_a_dash_prints_dot() -> None:
    forward = run(*SOFTMAX, "-o", "-", "--forward").stdout
    both = run(*SOFTMAX, "-o", "-", "--wrt", "W").stdout
    assert forward.startswith("digraph")
    assert "dS" not in forward
    assert len(both) > len(forward)


def test_json_is_alone_on_stdout(tmp_path: Path) -> None:
    facts = json.loads(run(*SOFTMAX, "-o", tmp_path / "g.dot", "--json").stdout)
    assert facts == {"file": str(tmp_path / "g.dot"), "cards": 5, "edges": 4}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((*SOFTMAX, "-o", "graph.xyz"), "use one of .svg, .png, .pdf, .dot, .gv"),
        ((*SOFTMAX, "-o", "no/such/folder/g.dot"), "name a file in a folder that exists"),
        ((*SOFTMAX, "-o", "-", "--json"), "name a file"),
        ((*SOFTMAX, "--wrt", "Q"), "no tensor of this graph is named 'Q'"),
        (("sum(sofmax(X))", "X:n,d"), "did you mean 'softmax'"),
        ((*SOFTMAX, "--depth", "-1"), "-1"),
        ((), "TEXT"),
    ],
)
def test_bad_usage_exits_2_in_words(arguments: tuple[str, ...], words: str) -> None:
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert words in result.stderr
    assert "Traceback" not in result.stderr


def test_without_graphviz_the_source_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent(drawing: Drawing) -> str:
        raise RenderError("Graphviz was not found")

    monkeypatch.setattr(Drawing, "svg", property(absent))
    result = run(*SOFTMAX, "-o", tmp_path / "g.svg")
    assert result.exit_code == 2
    assert "The DOT source was written to" in result.stderr
    assert (tmp_path / "g.dot").read_text(encoding="utf-8").startswith("digraph")


def test_the_examples_in_the_help_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    lines = [line.strip() for line in run("--help").stdout.splitlines()]
    examples = [line for line in lines if line.startswith("minigrad draw")]
    assert len(examples) == 2
    for example in examples:
        _, text, rest = example.split('"')
        assert run(text, *rest.split()).exit_code == 0
