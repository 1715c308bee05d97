"""``minigrad derive``: what it prints, how it ends."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

import minigrad as mg
from minigrad.cli import main
from minigrad.cli.variables import declared_variables
from minigrad.errors import ArgumentError


def run(*arguments: str, columns: int | None = None) -> Result:
    environment = {"COLUMNS": str(columns) if columns else None}
    return CliRunner().invoke(main, ["derive", *arguments], env=environment)


LEAST_SQUARES = ("sum((A @ x - b)**2)", "A:m,n", "x:n", "b:m", "--wrt", "x")


def test_a_formula_is_printed() -> None:
    result = run(*LEAST_SQUARES)
    assert (result.stdout, result.stderr, result.exit_code) == ("dx = 2 Aᵀ (A x − b)\n", "", 0)


def test_what_was_inferred_is_told() -> None:
    result = run("sum((A @ x - b)**2)", "A:m,n", "--wrt", "x")
    assert result.stdout == "inferred  x: n, b: m\n\ndx = 2 Aᵀ (A x − b)\n"
    for programs in ("latex", "sympy"):
        result = run("sum((A @ x - b)**2)", "A:m,n", "--wrt", "x", "--format", programs)
        assert "inferred" not in result.stdout
        assert result.stderr == "inferred  x: n, b: m\n\n"


def test_an_expression_may_begin_with_a_minus() -> None:
    text = "-sum(y * log(sigmoid(X @ w)) + (1 - y) * log(1 - sigmoid(X @ w)))"
    result = run(text, "X:m,n", "w:n", "y:m:0/1", "--wrt", "w")
    assert (result.stdout, result.exit_code) == ("dw = Xᵀ (σ(X w) − y)\n", 0)
    assert run("-exp(h)", "h:", "--wrt", "h").stdout == "dh = −exp(h)\n"


def test_several_variables_and_named_steps() -> None:
    result = run("S = X @ W; sum(exp(S))", "X:n,d", "W:d,k", "--wrt", "X, W")
    assert result.stdout.splitlines()[0] == "S = X W"
    assert "dX" in result.stdout
    assert "dW" in result.stdout


def test_second_order() -> None:
    result = run("x @ A @ x / 2", "x:n", "A:n,n:symmetric", "--wrt", "x", "--order", "2")
    assert result.stdout == "H = A\n"


FORMATS: list[tuple[str, Any]] = [
    ("unicode", lambda d: str(d)),
    ("ascii", lambda d: d.ascii),
    ("latex", lambda d: d.latex),
    ("index", lambda d: d["x"].index),
    ("sympy", lambda d: str(d["x"].sympy)),
]


@pytest.mark.parametrize(("style", "said"), FORMATS, ids=[style for style, _ in FORMATS])
def test_every_format_is_what_the_library_gives(style: str, said: Any) -> None:
    parsed = mg.parse("sum((A @ x - b)**2)", A="m n", x="n", b="m")
    result = run(*LEAST_SQUARES, "--format", style)
    assert result.stdout.rstrip("\n") == said(mg.derive(parsed, wrt="x"))
    assert result.exit_code == 0


def test_steps_have_their_rules() -> None:
    result = run("S = X @ W; sum(exp(S))", "X:n,d", "W:d,k", "--wrt", "W", "--format", "steps")
    lines = result.stdout.splitlines()
    assert lines[0].startswith("1. ")
    assert any("chain rule" in line or "through" in line for line in lines)


def test_expanded_writes_names_out() -> None:
    plain = run("S = X @ w; sum(exp(S)**2)", "X:n,d", "w:d", "--wrt", "w", "--expanded").stdout
    assert plain == "dw = 2 Xᵀ exp(X w)^⊙2\n"
    latex = run("S = X @ w; sum(exp(S))", "X:n,d", "w:d", "--expanded", "--format", "latex").stdout
    assert r"X \, w" in latex or r"X^{\top}" in latex
    refused = run(*LEAST_SQUARES, "--expanded", "--format", "numpy")
    assert (refused.exit_code, "not as numpy" in refused.stderr) == (2, True)


def test_json_is_alone_on_stdout() -> None:
    by_flag = run("sum((A @ x - b)**2)", "A:m,n", "--wrt", "x", "--json")
    facts = json.loads(by_flag.stdout)
    assert facts["inferred"] == {"x": "n", "b": "m"}
    assert facts["formulas"]["x"]["unicode"] == "dx = 2 Aᵀ (A x − b)"
    assert facts["formulas"]["x"]["dims"] == ["n"]
    assert "verdict" not in facts


def test_a_check_is_printed_and_decides_the_exit_code() -> None:
    result = run(*LEAST_SQUARES, "--check")
    assert result.exit_code == 0
    assert "✓" in result.stdout
    facts = json.loads(run(*LEAST_SQUARES, "--check", "--json").stdout)
    assert facts["verdict"] == "pass"


def test_a_failed_check_exits_1() -> None:
    mg.elementwise("cube_lied", lambda x: x**3, (lambda g, y, x: 2 * g * x**2,), meaning="x**3")
    result = run("sum(cube_lied(x))", "x:n", "--wrt", "x", "--check")
    assert result.exit_code == 1
    assert "cube_lied" in result.stdout


def test_long_lines_fold_at_the_terminals_width_only() -> None:
    arguments = (
        "sum(softmax(X @ W + b, axis=1) * C)",
        "X:n,d",
        "W:d,k",
        "b:k",
        "C:n,k",
        "--wrt",
        "W",
    )
    assert max(map(len, run(*arguments, columns=40).stdout.splitlines())) <= 40
    formulas = run(*arguments).stdout
    assert max(map(len, formulas.splitlines())) > 40
    latex = run(*arguments, "--format", "latex")
    assert latex.stdout == run(*arguments, "--format", "latex", columns=40).stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("sum(sofmax(X))", "X:n,d"), "did you mean 'softmax'"),
        (("X @ w", "X:n,d", "w:n"), "the dims d and n differ"),
        (("x + y",), "does not force"),
        (("sum(x)", "x;n"), "declares no variable"),
        (("sum(x)", "x:n", "x:m"), "declared twice"),
        (("sum(S)", "S:n,n:spdd"), "did you mean 'spd'"),
        (("sum(x)", "x:n", "--wrt", "z"), "no tensor of this graph is named 'z'"),
        (("sum(x)", "x:n", "--order", "0"), "0"),
        (("sum(x)", "x:n", "--format", "word"), "word"),
        (("sum(x)", "x:n", "--format", "latex", "--json"), "leave one"),
        (("sum(x)", "x=n"), "declares no variable"),
        (("sum(x)", "x::positive,0/1"), "exclude one another"),
        (("sum(x)", "lambda:n"), "a word of Python's own"),
        (("1 + 1",), "nothing to differentiate by"),
        (("",), "the text is empty"),
        ((), "TEXT"),
    ],
)
def test_bad_usage_exits_2_in_words(arguments: tuple[str, ...], words: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert words in result.stderr
    assert result.stdout == ""
    assert "Traceback" not in result.stderr


def test_an_error_points_into_the_text() -> None:
    assert run("sum(sofmax(X))", "X:n,d").stderr.splitlines()[1:] == [
        "  sum(sofmax(X))",
        "      ^^^^^^ column 5",
    ]


def test_help_tells_options_and_exit_codes() -> None:
    result = run("--help")
    assert result.exit_code == 0
    for word in (
        "--wrt",
        "--order",
        "--format",
        "--expanded",
        "--check",
        "--json",
        "Exit codes",
        "S:n,n:spd",
    ):
        assert word in result.stdout


def test_the_examples_in_the_help_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    lines = [line.strip() for line in run("--help").stdout.splitlines()]
    examples = [line for line in lines if line.startswith("minigrad derive")]
    assert len(examples) == 6
    for example in examples:
        _, text, rest = example.split('"')
        assert run(text, *rest.split()).exit_code == 0


def test_variables_on_the_command_line() -> None:
    words = ["X:n,d", "S:n,n:spd", "lam", "a:", "g::positive", "P:n,k:simplex,positive", "C:2,3"]
    assert declared_variables(words) == {
        "X": "n d",
        "S": "n n | spd",
        "lam": "",
        "a": "",
        "g": " | positive",
        "P": "n k | simplex positive",
        "C": "2 3",
    }
    for wrong in (":n", "1x:n", "x:n:spd:more"):
        with pytest.raises(ArgumentError, match="declares no variable"):
            declared_variables([wrong])


def test_the_numpy_source_runs() -> None:
    text = run(*LEAST_SQUARES, "--format", "numpy").stdout
    names: dict[str, Any] = {}
    exec(text, names)
    function = next(f for name, f in names.items() if callable(f) and not name.startswith("_"))
    rng = np.random.default_rng(0)
    A, x, b = rng.normal(size=(3, 2)), rng.normal(size=2), rng.normal(size=3)
    result = function(A=A, x=x, b=b)
    result = result["x"] if isinstance(result, dict) else result
    np.testing.assert_allclose(result, 2 * A.T @ (A @ x - b))


def test_names_in_an_index_formula_are_told() -> None:
    said = run("softmax(x)", "x:n", "--format", "index").stdout
    assert said == "J_ij = p_i (δ_ij − p_j)\nwhere p_i = softmax(x)_i\n"


def test_wrt_may_be_given_several_times() -> None:
    arguments = ("x @ A @ y", "x:m", "A:m,n", "y:n")
    apart = run(*arguments, "--wrt", "x", "--wrt", "y").stdout
    assert apart == run(*arguments, "--wrt", "x,y").stdout == "dx = A y      dy = Aᵀ x\n"
    for wrong, words in ((("x,", "x,x"), ("an empty name", "'x' is given twice")),):
        for word, said in zip(wrong, words, strict=True):
            result = run(*arguments, "--wrt", word)
            assert (result.exit_code, said in result.stderr) == (2, True)


def test_every_block_of_several_has_a_name() -> None:
    blocks = run("x @ A @ y", "x:m", "A:m,n", "y:n", "--wrt", "x,y", "--order", "2").stdout
    assert blocks.split() == [
        "∂²L/∂x²",
        "=",
        "0",
        "∂²L/∂x∂y",
        "=",
        "A",
        "∂²L/∂y∂x",
        "=",
        "Aᵀ",
        "∂²L/∂y²",
        "=",
        "0",
    ]
    assert run("concatenate([x, y])", "x:n", "y:m").stdout.startswith("∂Y/∂x = ")


@pytest.mark.parametrize("columns", [40, 80, 120])
@pytest.mark.parametrize("style", ["unicode", "ascii", "index", "steps"])
def test_nothing_for_people_is_wider_than_the_terminal(columns: int, style: str) -> None:
    text = "A = softmax(X @ Wq @ (X @ Wk).T / sqrt(k)); sum(C * (A @ X @ Wv))"
    variables = ("X:n,d", "Wq:d,k", "Wk:d,k", "Wv:d,e", "C:n,e")
    result = run(text, *variables, "--wrt", "Wq,Wv", "--format", style, columns=columns)
    assert result.exit_code == 0
    assert max(map(len, result.stdout.splitlines())) <= columns


@pytest.mark.long
def test_the_text_is_the_same_in_every_process() -> None:
    command = [sys.executable, "-m", "minigrad", "derive", "--json", "--wrt", "Wq,X"]
    command += ["A = softmax(X @ Wq @ X.T); sum(C * tanh(A @ X) + C * exp(A @ X))"]
    command += ["X:n,d", "Wq:d,d", "C:n,d"]
    said = {
        subprocess.run(
            command,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "12345")
    }
    assert len(said) == 1


def test_a_pullback_and_the_function_that_it_makes() -> None:
    text = ("P = softmax(Q @ K.T); O = P @ V", "Q:n,k", "K:m,k", "V:m,e", "--cotangent", "dO")
    shown = run(*text, "--short-sums").stdout
    assert "R  = dP − rowsum(dO ⊙ O)" in shown.splitlines()
    source = run(*text, "--format", "torch", "--form", "function").stdout
    assert "class Function(torch.autograd.Function):" in source.splitlines()
    refused = run(*text, "--form", "function")
    assert refused.exit_code == 2
    assert "in the language of --format numpy, jax, torch; not unicode" in refused.stderr


BEGINS = {
    ".txt": "dx = 2 Aᵀ (A x − b)",
    ".md": "    sum((A @ x - b)**2)\n\n$$\n\\begin{aligned}",
    ".tex": "% sum((A @ x - b)**2)\n\\documentclass{article}",
    ".typ": "// sum((A @ x - b)**2)\n$ ",
    ".py": "import numpy as np",
    ".svg": "<svg xmlns=",
    ".html": "<!DOCTYPE html>",
    ".json": '{\n  "text": "sum((A @ x - b)**2)"',
}


@pytest.mark.parametrize("ending", BEGINS)
def test_the_ending_says_what_is_written(
    ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = Path(f"-dx{ending}")  # an option's value, whatever it begins with
    result = run(*LEAST_SQUARES, "-o", str(file))
    assert (result.exit_code, result.stdout, result.stderr) == (0, f"{file}  1 derivative\n", "")
    assert file.read_text("utf-8").startswith(BEGINS[ending])
    assert [path.name for path in tmp_path.iterdir()] == [file.name]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("-o", "dx.doc"), "ends in '.doc'; known are .txt, .md, .tex, .typ, .html, .svg, .py, .json"),
        (("-o", "dx"), "'dx' has no ending"),
        (("-o", ""), "'' has no ending"),
        (("-o", "-"), "'-' has no ending"),
        (("-o", "no/dx.tex"), "name a file in a folder that exists"),
        (("-o", "dx.tex", "--format", "jax"), "the file 'dx.tex' holds latex"),
        (("-o", "dx.svg", "--format", "latex"), "has a form of its own"),
        (("-o", "dx.svg", "--expanded"), "not as svg"),
        (("-o", "dx.svg", "--order", "2"), "a picture shows first derivatives"),
        (("-o", "dx.tex", "--form", "function"), "not latex"),
    ],
)
def test_a_file_that_is_refused_is_not_there(
    arguments: tuple[str, ...], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run(*LEAST_SQUARES, *arguments)
    assert (result.exit_code, result.stdout, words in result.stderr) == (2, "", True), result.stderr
    assert not list(tmp_path.iterdir())


def test_a_files_notation_may_be_chosen_where_it_holds_several(tmp_path: Path) -> None:
    file = tmp_path / "dx.py"
    assert run(*LEAST_SQUARES, "-o", str(file), "--format", "jax").exit_code == 0
    assert "import jax.numpy" in file.read_text("utf-8")


PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "derive-at-the-terminal.md"


def test_the_page_prints_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"^```console\n(.*?)^```$", PAGE.read_text("utf-8"), re.DOTALL | re.M)
    assert blocks
    for block in blocks:
        for command, output in re.findall(r"^\$ ((?:.*\\\n)*.*)\n((?:(?!\$ ).*\n)*)", block, re.M):
            words = shlex.split(command.replace("\\\n", " "))
            result = CliRunner().invoke(main, words[1:], env={"COLUMNS": None})
            assert result.stdout + result.stderr == output
